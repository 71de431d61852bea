"""Runs that are seeds of one setting, put together: which they are, what they are called, means over them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from synth.reporting.loops import Loop, is_interval
from synth.reporting.settings import run_key

Figures = Mapping[str, Any]


def grouped(loops: Sequence[Loop]) -> dict[str, list[Loop]]:
    """The runs of each setting, by its title, in their order."""
    found: dict[str, list[Loop]] = {}
    for loop in loops:
        found.setdefault(_key(loop.facts), []).append(loop)
    return dict(zip(_titles(list(found.values())), found.values(), strict=True))


def _key(facts: Figures) -> str:
    """What seeds have in common. Another seed sets other rows aside, and asks or learns those that are left."""
    data = [{**part, "sha256": None} for part in facts.get("data") or []]
    return run_key({**facts, "data": data, "blank_tokens": None, "line_break": None})


def _titles(groups: Sequence[Sequence[Loop]]) -> list[str]:
    """The name of a run; of several seeds what their names begin or end with, if that tells them from the others."""
    begins = [_begin([loop.name for loop in group]) for group in groups]
    names = [loop.name for group in groups for loop in group]
    return [
        begin if begin and begins.count(begin) == 1 and (len(group) == 1 or names.count(begin) == 0)
        else " + ".join(loop.name for loop in group)
        for begin, group in zip(begins, groups, strict=True)
    ]  # fmt: skip


def _begin(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    if len(ends := {name.rpartition("/")[2] for name in names}) == 1:
        return ends.pop()  # seed-0/with, seed-1/with
    same = "".join(_same(names))
    return same.rstrip("0123456789").rstrip("-_/. ").removesuffix("seed").rstrip("-_/. ")


def _same(names: Sequence[str]) -> Iterator[str]:
    """The characters that all names begin with."""
    for letters in zip(*names, strict=False):
        if len(set(letters)) > 1:
            return
        yield letters[0]


def together(figures: Sequence[Any]) -> dict[str, Any] | None:
    """`{"value", "low", "high", "n", "values", "sd"}`: means over seeds, the seeds' values, and their spread."""
    known = [figure for figure in figures if is_interval(figure)]
    if not known:
        return None
    values = [figure["value"] for figure in known]
    means = {name: fmean(figure[name] for figure in known) for name in ("value", "low", "high")}
    return {**means, "n": known[0].get("n"), "values": values, "sd": stdev(values) if len(values) > 1 else None}


def mean(seeds: Sequence[Figures], of: Callable[[Figures], Any]) -> float | None:
    known = [value for one in seeds if isinstance(value := part(one, of), int | float)]
    return fmean(known) if known else None


def part(figures: Figures, of: Callable[[Figures], Any]) -> Any:
    """A part of the figures; None if it, or what it lies in, is not there."""
    try:
        return of(figures)
    except (KeyError, TypeError, AttributeError):
        return None


def of_seeds(count: int) -> str:
    return "one seed, so other seeds may differ" if count == 1 else f"mean of {count} seeds"
