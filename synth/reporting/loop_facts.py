"""What runs of STaR came to, for report.json: a setting each, with the seeds of one setting put together."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from synth.data.survey import KINDS
from synth.reporting.loops import Loop
from synth.reporting.seeds import grouped, mean, of_seeds, part, together
from synth.statistics.ranges import in_order, in_ranges

Figures = Mapping[str, Any]
FEW = 7  # values that a column has, to be shown by if there is none of KINDS
WRITTEN = ("own", "hinted")


def told(loops: Sequence[Loop]) -> list[dict[str, Any]]:
    """A setting each, for report.json: title, seeds, iterations, controls. Figures of seeds are means."""
    return [_setting(title, members) for title, members in grouped(loops).items()]


def _setting(title: str, members: Sequence[Loop]) -> dict[str, Any]:
    column = _column([one for loop in members for one in loop.iterations])
    _in_ranges(members, column)
    longest = max(len(loop.iterations) for loop in members)
    iterations = [
        _iteration([loop.iterations[n] for loop in members if n < len(loop.iterations)], n, column)
        for n in range(longest)
    ]
    names = dict.fromkeys(name for loop in members for name in loop.controls)
    controls = [
        {"name": name, **_held([loop.controls[name] for loop in members if name in loop.controls], column),
         "steps": mean([loop.controls[name] for loop in members if name in loop.controls],
                        lambda one: one["trained"]["steps"])}
        for name in names
    ]  # fmt: skip
    found = {
        "title": title, "runs": [loop.name for loop in members], "seeds": [loop.facts.get("seed") for loop in members],
        "complete": all(loop.facts.get("complete") for loop in members), "column": column,
        "iterations": iterations, "controls": controls, "best": _best(iterations),
    }  # fmt: skip
    return {**found, "said": said(found)}


def _column(figures: Sequence[Figures]) -> str | None:
    """The column of the held-out rows that accuracy is shown by."""
    by: dict[str, Any] = figures[0]["held"]["by"]
    several = {name: table for name, table in by.items() if isinstance(table, dict) and len(table) > 1}
    few = [name for name, table in several.items() if len(table) <= FEW]
    return next((name for name in (*KINDS, *few) if name in several), None)


def _in_ranges(members: Sequence[Loop], column: str | None) -> None:
    """Put a column with many numbers together into ranges, the same in all iterations."""
    every = [one["held"]["by"] for loop in members for one in (*loop.iterations, *loop.controls.values())]
    if column is None or max(len(by.get(column) or {}) for by in every) <= FEW:
        return
    tables = [{label: {"accuracy": figure} for label, figure in (by.get(column) or {}).items()} for by in every]
    for by, table in zip(every, in_ranges(tables), strict=True):
        by[column] = {label: cell["accuracy"] for label, cell in table.items() if "accuracy" in cell}


def _iteration(seeds: Sequence[Figures], number: int, column: str | None) -> dict[str, Any]:
    """The figures of an iteration, means over the seeds that have it; None for what was not measured."""
    rows = {name: mean(seeds, lambda one, name=name: one["kept"][name]) for name in ("rows", *WRITTEN, "questions")}  # type: ignore[misc]
    return {
        "number": number, "seeds": len(seeds), **_held(seeds, column),
        "asked": _accuracy(seeds, lambda one: one["asked"]["accuracy"]),
        "hinted": _accuracy(seeds, lambda one: one["hinted"]["accuracy"]),
        "kept": rows,
        "used": {name: mean(seeds, lambda one, name=name: one["kept"]["used"][name]) for name in WRITTEN},  # type: ignore[misc]
        "wrong_steps": {"own": mean(seeds, lambda one: _wrong(one["asked"])),
                        "hinted": mean(seeds, lambda one: _wrong(one["hinted"]))},
        "steps": mean(seeds, lambda one: one["trained"]["steps"]),
        "loss": mean(seeds, lambda one: one["trained"]["loss"]),
        "tokens_written": mean(seeds, _tokens), "tokens_seen": mean(seeds, lambda one: one["trained"]["tokens_seen"]),
        "words": mean(seeds, lambda one: one["drift"]["words"]),
        "words_of_shots": mean(seeds, lambda one: one["drift"]["words_of_shots"]),
        "new_word_pairs": mean(seeds, lambda one: one["drift"]["new_word_pairs"]),
        "seconds": mean(seeds, lambda one: sum(one["seconds"].values())),
    }  # fmt: skip


def _wrong(part: Figures) -> float | None:
    """Of right answers whose steps somebody can tell, the share with wrong ones."""
    found = part["right_by_wrong_steps"]
    return found["wrong"] / found["n"] if found["n"] else None


def _tokens(figures: Figures) -> int:
    return int(figures["asked"]["tokens"] + (figures.get("hinted") or {"tokens": 0})["tokens"])


def _held(seeds: Sequence[Figures], column: str | None) -> dict[str, Any]:
    """Accuracy on held-out rows, in all and by a column: the mean of values and of the ends of intervals."""
    tables = [one["held"]["by"].get(column) or {} for one in seeds]
    labels = sorted({label for table in tables for label in table}, key=in_order)
    by = {label: together([table.get(label) for table in tables]) for label in labels}
    return {"accuracy": together([one["held"]["accuracy"] for one in seeds]),
            "by": {label: figure for label, figure in by.items() if figure}}  # fmt: skip


def _accuracy(seeds: Sequence[Figures], of: Callable[[Figures], Any]) -> dict[str, Any] | None:
    return together([part(one, of) for one in seeds])


def _best(iterations: Sequence[Figures]) -> int | None:
    done = [one for one in iterations[1:] if one["accuracy"]]
    return max(done, key=lambda one: one["accuracy"]["value"])["number"] if done else None


def said(setting: Figures) -> list[str]:
    """What it came to, in sentences."""
    base, best = setting["iterations"][0]["accuracy"], setting["best"]
    if best is None:
        return [f"{setting['title']}: the base has {base['value']:.1%}; no iteration is done."]
    top = setting["iterations"][best]["accuracy"]
    sentences = [
        f"{setting['title']}: {base['value']:.1%} of held-out rows before, {top['value']:.1%} after iteration {best} "
        f"(95% interval {top['low']:.1%} to {top['high']:.1%}; {of_seeds(len(top['values']))})."
    ]
    for control in setting["controls"]:
        value = control["accuracy"]
        same = control["name"] == "few-shot-only" and value["high"] >= top["low"] and top["value"] > base["value"]
        warned = " That cannot be told from the loop: the base had not converged." if same else ""
        sentences.append(
            f"{setting['title']}, control {control['name']}: {value['value']:.1%} ({value['low']:.1%} to "
            f"{value['high']:.1%}).{warned}"
        )
    return sentences
