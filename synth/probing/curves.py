"""The figures of `synth probe answer`: the mean curve over a rationale, and where the answer turns likely."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from synth.statistics.intervals import interval

BINS = 20  # of equal width, from no rationale to all of it
RISES = 0.1  # a rise of the probability from first to last cut that is worth to be taken apart
GROUPS = ("all", "right", "wrong")
Row = Mapping[str, Any]


def rise(row: Row, steps: Sequence[int]) -> dict[str, Any]:
    """The largest rise of the gold answer's probability between two cuts of a row.

    steps: tokens that are kept at the end of each step. cut: the cut behind the rise. at: its place, 0 to 1. step: the
    step, from 0, in which it is; steps: how many there are. size: the rise. whole: the rise from the first cut to the
    last. part: how much of that the one rise is; None if the whole is less than RISES. It may be above 1, if the
    probability falls elsewhere.
    """
    values, cuts = row["probability"], row["cuts"]
    sizes = [after - before for before, after in pairwise(values)]
    size = max(sizes, default=0.0)
    cut = sizes.index(size) + 1 if sizes else 0
    whole = values[-1] - values[0]
    step = next((at for at, end in enumerate(steps) if cuts[cut] <= end), max(len(steps) - 1, 0))
    return {
        "cut": cut, "at": cuts[cut] / max(cuts[-1], 1), "step": step, "steps": len(steps),
        "text": "".join(row["texts"][cuts[cut - 1] if cut else 0 : cuts[cut]]), "size": size, "whole": whole,
        "part": size / whole if whole >= RISES else None,
    }  # fmt: skip


def figures(rows: Sequence[Row]) -> dict[str, Any]:
    """The figures over all rows, and over those that the model itself answers right and wrong."""
    chosen = {"all": rows, "right": [r for r in rows if r["correct"]], "wrong": [r for r in rows if not r["correct"]]}
    found = {name: _of(chosen[name]) for name in GROUPS if chosen[name]}
    return {**found, "sampled": _sampled(rows)}


def _of(rows: Sequence[Row]) -> dict[str, Any]:
    rises = [row["rise"] for row in rows]
    turned = [one for one in rises if one["part"] is not None]
    return {
        "rows": len(rows),
        "probability": _curve(rows, "probability"),
        "share": _curve(rows, "share"),
        "rise": {
            "rows": len(turned),
            "whole": interval([one["whole"] for one in rises]),
            "largest": interval([one["size"] for one in turned]),
            "part": interval([min(one["part"], 1.0) for one in turned]),
            "at": interval([one["at"] for one in turned]),
            "in_last_step": interval([float(one["step"] == one["steps"] - 1) for one in turned]),
        },
    }


def _curve(rows: Sequence[Row], name: str) -> list[dict[str, Any]]:
    """The mean at each end of a bin, `{"at", "value", "low", "high", "n"}`."""
    places = [at / BINS for at in range(BINS + 1)]
    return [{"at": at, **(interval([value_at(row, name, at) for row in rows]) or {})} for at in places]


def value_at(row: Row, name: str, at: float) -> float:
    """What a row's curve says at a place from 0 to 1: the value at the last cut before it."""
    cuts, last = row["cuts"], 0
    for place, cut in enumerate(cuts):
        if cut <= at * cuts[-1] + 1e-9:
            last = place
    return float(row[name][last])


def _sampled(rows: Sequence[Row]) -> dict[str, Any] | None:
    """How far drawn answers are from the exact probabilities: the mean of the differences; None if none were drawn."""
    pairs = [pair for row in rows if row["sampled"] for pair in zip(row["probability"], row["sampled"], strict=True)]
    return interval([abs(exact - drawn) for exact, drawn in pairs]) if pairs else None
