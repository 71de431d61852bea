"""What kinds of errors rationales led to, as `synth judge --judge attribution` left it beside an evaluation.

RAFT's table 1 (Zhu et al. 2025): wrong with a rationale, right without. Seeds of a setting are counted together.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from synth.base.files import read_facts
from synth.data.names import ATTRIBUTION, PREDICTIONS
from synth.errors import FolderError
from synth.judges.attribution import PUBLISHED
from synth.reporting.read import Evaluation
from synth.reporting.settings import Group
from synth.statistics.intervals import interval

Facts = dict[str, Any]


def told(groups: Sequence[Group], notes: list[str]) -> list[Facts]:
    """Each setting whose errors were sorted, by each judge: `{"label", "data", "judge", "against", "kinds": {kind:
    {"rows", "share", "published"}}, "examples", ...}`. What cannot be shown is named in `notes`."""
    found: list[Facts] = []
    for group in groups:
        sorted_by: dict[tuple[str, str], list[Facts]] = {}
        for member in group.members:
            if (facts := _facts(member, notes)) is not None:
                sorted_by.setdefault((str(facts["judge"]), str(facts["model"])), []).append(facts)
        found += [_together(group, judge, model, each) for (judge, model), each in sorted_by.items()]
    return found


def _facts(evaluation: Evaluation, notes: list[str]) -> Facts | None:
    """attribution.json of an evaluation; None if there is none, or if it is of other predictions."""
    path = evaluation.folder / ATTRIBUTION
    if not path.is_file():
        return None
    try:
        facts = read_facts(path, "what synth judge writes", "run it again", _is_whole)
        now = hashlib.sha256((evaluation.folder / PREDICTIONS).read_bytes()).hexdigest()
    except (FolderError, OSError) as error:
        notes.append(f"{evaluation.name}: {ATTRIBUTION} is left out: {error}")
        return None
    if facts is None or facts["predictions"][0] == now:
        return facts
    notes.append(f"{evaluation.name}: its predictions are others than those whose errors were sorted; judge them again")
    return None


def _is_whole(facts: Facts) -> bool:
    """Whether it has the parts that are shown, as they should be."""
    listed = bool(facts.get("predictions")) and all(
        isinstance(facts.get(name), list) for name in ("predictions", "verdicts")
    )
    tables = all(isinstance(facts.get(name), dict) for name in ("kinds", "examples"))
    counts = all(isinstance(facts.get(name), int) for name in ("shared", "errors", "sampled", "judged"))
    return listed and tables and counts and isinstance(facts.get("against"), str)


def _together(group: Group, judge: str, model: str, each: Sequence[Facts]) -> Facts:
    verdicts = [verdict for facts in each for verdict in facts["verdicts"]]
    scored = [verdict for verdict in verdicts if verdict is not None]
    kinds = dict.fromkeys(kind for facts in each for kind in facts["kinds"])
    return {
        "label": group.label, "data": group.data, "judge": judge, "model": model, "seeds": len(each),
        "against": ", ".join(dict.fromkeys(facts["against"] for facts in each)),
        **{name: sum(facts[name] for facts in each) for name in ("shared", "errors", "sampled", "judged")},
        "unscored": len(verdicts) - len(scored),
        "kinds": {
            kind: {"rows": scored.count(kind), "share": interval([float(verdict == kind) for verdict in scored]),
                   "published": PUBLISHED[kind] / 100 if kind in PUBLISHED else None} for kind in kinds
        },
        "examples": {
            kind: next(facts["examples"][kind] for facts in each if kind in facts["examples"])
            for kind in kinds if any(kind in facts["examples"] for facts in each)
        },
    }  # fmt: skip
