"""The shares of all rows put together: means with their intervals, right and wrong apart, by part, step and layer."""

from collections.abc import Sequence
from typing import Any

from synth.probing.looked import Looked
from synth.probing.maps import Bars
from synth.probing.shares import Kind
from synth.statistics.intervals import interval

KINDS: tuple[Kind, ...] = ("cross", "self", "encoder")
DIGITS = 6
LEAST = 2  # rows that a step needs to be told of, so that its interval is one


def summed(rows: Sequence[Looked]) -> dict[str, Any]:
    """`figures`, `steps` and `layers` of probe.json.

    figures   kind -> all, right, wrong -> part -> {"value", "low", "high", "n", "uniform"}
    steps     kind -> all, right, wrong -> [{"step", "n", "parts": part -> the same}]
    layers    kind -> part -> layer -> head -> mean share over all rows
    """
    kinds = [kind for kind in KINDS if any(kind in row.shares for row in rows)]
    return {
        "figures": {kind: {name: _means(of, kind) for name, of in groups(rows).items()} for kind in kinds},
        "steps": {
            kind: {name: _steps(of, kind) for name, of in groups(rows).items()} for kind in kinds if kind != "encoder"
        },
        "layers": {kind: _layers(rows, kind) for kind in kinds},
    }  # fmt: skip


def groups(rows: Sequence[Looked]) -> dict[str, list[Looked]]:
    """All rows; those that are right and those that are wrong, as far as there are any. Loops are wrong ones."""
    right = [row for row in rows if row.told.outcome == "right"]
    wrong = [row for row in rows if row.told.outcome != "right"]
    return {"all": list(rows), **{name: of for name, of in (("right", right), ("wrong", wrong)) if of}}


def _means(rows: Sequence[Looked], kind: Kind) -> dict[str, Any]:
    known = [row.shares[kind] for row in rows if kind in row.shares]
    return _interval([(one.parts, one.mean, one.uniform) for one in known])


def _interval(shares: Sequence[tuple[Sequence[str], Sequence[float], Sequence[float]]]) -> dict[str, Any]:
    """Of each part the mean share over the rows that have it, and what uniform attention gives it there."""
    found: dict[str, Any] = {}
    for part in dict.fromkeys(part for parts, _, _ in shares for part in parts):
        own = [(mean[at], alike[at]) for parts, mean, alike in shares for at, name in enumerate(parts) if name == part]
        figure = interval([value for value, _ in own]) or {}
        if not any(value or alike for value, alike in own):  # no row has any of it: steps of answers alone
            continue
        found[part] = {**figure, "uniform": sum(alike for _, alike in own) / len(own)}
    return found


def _steps(rows: Sequence[Looked], kind: Kind) -> list[dict[str, Any]]:
    """By the number of a step, and at last the closing; steps that fewer than LEAST rows come to are left out."""
    by_step: dict[str, list[Any]] = {}
    for row in rows:
        if kind not in row.shares:
            continue
        one = row.shares[kind]
        for at, (mean, alike) in enumerate(zip(one.steps, one.uniform_steps, strict=True)):
            name = "closing" if at == len(one.steps) - 1 else str(at + 1)
            if mean is not None and alike is not None:
                by_step.setdefault(name, []).append((one.parts, mean, alike))
    order = sorted(by_step, key=lambda name: (name == "closing", 0 if name == "closing" else int(name)))
    kept = [name for name in order if len(by_step[name]) >= min(LEAST, len(rows))]
    return [{"step": name, "n": len(by_step[name]), "parts": _interval(by_step[name])} for name in kept]


def _layers(rows: Sequence[Looked], kind: Kind) -> dict[str, list[list[float]]]:
    import numpy as np

    found: dict[str, list[Any]] = {}
    for row in rows:
        if kind in row.shares:
            heads = np.array(row.shares[kind].heads)
            for at, part in enumerate(row.shares[kind].parts):
                found.setdefault(part, []).append(heads[..., at])
    return {part: np.mean(of, axis=0).round(DIGITS).tolist() for part, of in found.items()}


def line_of(row: Looked) -> dict[str, Any]:
    """The line of a row in rows.jsonl."""
    line, told = row.told.line, row.told
    return {
        "id": told.record.id, "correct": line["correct"], "loop": line["loop"], "output": line["output"],
        "answer": line["answer"], "gold": line["gold"],
        "tokens": {"prompt": len(told.start.read), "written": len(told.ids)},
        "steps": next(iter(row.columns.values())).written.steps,
        "shares": {kind: _named(one.parts, one.mean) for kind, one in row.shares.items()},
        "uniform": {kind: _named(one.parts, one.uniform) for kind, one in row.shares.items()},
        "by_step": {
            kind: [None if step is None else _named(one.parts, step) for step in one.steps]
            for kind, one in row.shares.items() if kind != "encoder"
        },
    }  # fmt: skip


def _named(parts: Sequence[str], values: Sequence[float]) -> dict[str, float]:
    return {part: round(value, DIGITS) for part, value in zip(parts, values, strict=True)}


def bars_of(facts: dict[str, Any]) -> list[Bars]:
    """What is drawn of the figures: right and wrong, or all rows if they are all the one or the other."""
    found = []
    for kind, by_group in facts["figures"].items():
        apart = {name: of for name, of in by_group.items() if name != "all"}
        steps = {name: of for name, of in (facts["steps"].get(kind) or {}).items() if name in apart}
        found.append(Bars(kind, list(by_group["all"]), apart, steps))  # the encoder has no steps
    return found
