"""What a report says of confidence: two kinds of bins, figures, and accuracy over coverage, for each setting."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from synth.reporting.read import Evaluation
from synth.reporting.settings import Group
from synth.statistics.equal_mass import bins
from synth.statistics.intervals import mean_ends
from synth.statistics.reliability import FIGURES, reliability
from synth.statistics.tallies import tally

KNOWN = ("ece", "brier")
# Beside `answer`, which is what counts where several kinds were measured.
KINDS = {"votes": "votes", "answer_raw": "probability as it is", "answer_token": "mean of a token"}


def diagrams(grouped: Sequence[Group]) -> list[dict[str, Any]]:
    """A diagram for each setting and split that has confidences."""
    return [diagram for group in grouped if (diagram := _diagram(group))]


def _diagram(group: Group) -> dict[str, Any] | None:
    """Bins of all seeds together; figures and coverages are means of the seeds' own."""
    members = [member for member in group.members if member.facts.get("calibration")]
    if not members:
        return None
    known = [member.facts["calibration"] for member in members]
    more = [found for member in members if (found := _more(member))]
    score = {name: fmean(table[name] for table in known) for name in KNOWN}
    figures = {name: mean_ends([member.metric(name) for member in members]) for name in KNOWN}
    figures |= {name: mean_ends([one["figures"].get(name) for one in more]) for name in FIGURES}
    kinds = [member.facts.get("confidences") or {} for member in members]
    return {
        "label": group.label, "data": group.data, "seeds": len(known), **score,
        "bins": list(_bins([table["bins"] for table in known])), "equal_mass": _equal_mass(members),
        "figures": {name: figure for name, figure in figures.items() if figure},
        "kinds": {name: own for name in KINDS if (own := _kind([one.get(name) for one in kinds]))},
        "coverage": _coverage([one["selective"] for one in more if one["selective"]]),
    }  # fmt: skip


def _kind(seeds: Sequence[Any]) -> dict[str, Any]:
    """The figures of one kind of confidence, means over seeds; {} if it is that of no seed."""
    known = [one for one in seeds if isinstance(one, dict)]
    found = {name: mean_ends([one.get(name) for one in known]) for name in (*KNOWN, *FIGURES)}
    return {name: figure for name, figure in found.items() if figure}


def _more(member: Evaluation) -> dict[str, Any] | None:
    """What metrics.json says of it; of an evaluation that was made before it said so, out of its rows."""
    facts = member.facts
    if all(member.metric(name) for name in FIGURES) and isinstance(facts.get("selective"), dict):
        return {"figures": facts["metrics"], "selective": facts["selective"]}
    return reliability(*_pairs([member]))


def _pairs(members: Sequence[Evaluation]) -> tuple[list[float], list[float]]:
    """Confidence and outcome of all rows that have a confidence."""
    rows = [
        (sure, float(right))
        for member in members
        for sure, right in zip(member.rows.confidence, member.rows.correct, strict=True)
        if sure is not None
    ]
    return [sure for sure, _ in rows], [right for _, right in rows]


def _equal_mass(members: Sequence[Evaluation]) -> list[dict[str, float]]:
    sure, right = _pairs(members)
    return bins(tally(sure, right)) if sure else []


def _bins(tables: Sequence[Sequence[Mapping[str, Any]]]) -> Iterator[dict[str, Any]]:
    for same in zip(*tables, strict=False):
        count = sum(part["count"] for part in same)
        means = {
            name: sum(part["count"] * (part[name] or 0) for part in same) / count if count else None
            for name in ("confidence", "accuracy")
        }
        yield {"low": same[0]["low"], "high": same[0]["high"], "count": count, **means}


def _coverage(curves: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """`[{"coverage", "value", "low", "high"}]`: the mean over seeds of accuracy at each coverage."""
    points = []
    for same in zip(*(curve["coverage"] for curve in curves), strict=False):
        found = mean_ends([point["accuracy"] for point in same])
        if found:
            points.append({"coverage": same[0]["coverage"], **{end: found[end] for end in ("value", "low", "high")}})
    return points
