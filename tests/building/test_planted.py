"""A mistake that is planted into a step is named by the place of that step, in the rows of every builder."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from card_folders import make

from synth import registry
from synth.data.manifest import open_manifest
from synth.data.reading import read
from synth.record import Record
from synth.validating.checker import Checker, find, settings_of
from synth.validating.faults import first_other

SMALL = {
    "listops": {"validation": 0, "test": 0, "test_longer": 0, "test_larger": 0, "train": 25},
    "arithmetic": {"validation": 0, "test": 0, "test_beyond": 0, "train": 25},
}
MORE = {"listops": [{"explain": explain} for explain in ("short", "medium", "long")]}
CASES = [(name, more) for name in registry.names("builders") for more in MORE.get(name, [{}])]
ELSEWHERE = ("missing_step", "answer_not_from_last_step")  # all steps that are there may hold


def planted(record: Record, checker: Checker, draw: Random) -> Iterator[tuple[str, Record, int | None]]:
    """What was done, the row with it, and the place of the first step that is another than before."""
    steps = checker.steps(record.rationale)
    joints = {"; ": record.rationale.count("; "), "\n": record.rationale.count("\n")}
    joint = "; " if joints["; "] >= len(steps) - 1 > 0 and not joints["\n"] else "\n"
    at = draw.randrange(len(steps))
    words = steps[at].split(" ")
    words[draw.randrange(len(words))] = "zebra"
    changes = {
        "a word": [*steps[:at], " ".join(words), *steps[at + 1 :]],
        "another step": [*steps[:at], "it is clear", *steps[at + 1 :]],
        "half of it": [*steps[:at], steps[at][: len(steps[at]) // 2].strip(), *steps[at + 1 :]],
        "twice": [*steps[: at + 1], *steps[at:]],
        "left out": [*steps[:at], *steps[at + 1 :]],
    }
    if at + 1 < len(steps) and steps[at] != steps[at + 1]:
        changes["swapped"] = [*steps[:at], steps[at + 1], steps[at], *steps[at + 2 :]]
    for name, changed in changes.items():
        if changed:
            rationale = joint.join(changed)
            completion = record.completion.replace(record.rationale, rationale)
            row = dataclasses.replace(record, rationale=rationale, completion=completion)
            yield name, row, first_other(checker.steps(rationale), steps)


@pytest.mark.parametrize(("name", "more"), CASES)
def test_the_step_that_is_planted_is_the_step_that_is_named(name: str, more: dict[str, Any], tmp_path: Path) -> None:
    folder = make(name, tmp_path / "data", **SMALL.get(name, {}), **more)
    manifest, checker, draw = open_manifest(folder), find(name), Random(7)
    assert checker is not None
    assert checker.check is not None
    known, seen = settings_of(manifest), 0
    for record in read(folder, "train"):
        for what, row, place in planted(record, checker, draw) if record.rationale else ():
            if place is None:
                continue  # what was left out stood last
            fault = checker.check(row, **known)
            if what == "a word" and name not in SMALL and fault is None:
                continue  # part of a title, which may be called otherwise
            assert fault is not None, (what, row)
            seen += 1
            if fault.step is None:
                assert fault.reason in ELSEWHERE, (what, row, fault)
            elif what not in ("left out", "swapped") or manifest["builder"] in SMALL:
                assert fault.step == place, (what, row, fault)
    assert seen >= 50
