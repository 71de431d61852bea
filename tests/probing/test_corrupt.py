"""Wrong steps whose consequences are known, of every dataset that is built here, and where rationales are cut."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import synth
from synth.evaluating.prompts import Asking
from synth.probing.closing import form_of
from synth.probing.corrupt import Case, mistake, row_of
from synth.probing.subject import Subject
from synth.record import Record

BUILT: dict[str, dict[str, Any]] = {
    "2wiki": {"test": 18, "train": 1},
    "arithmetic": {"digits": "2-3", "train": 1, "validation": 0, "test": 9, "test_beyond": 0},
    "listops": {"explain": "long", "train": 1, "validation": 0, "test": 9, "test_longer": 0, "test_larger": 0,
                "min_length": 9, "max_length": 20},
}  # fmt: skip


def subject_of(name: str, folder: Path) -> Subject:
    data = synth.build(name, out=folder / name, quiet=True, workers=1, **BUILT[name])
    model: Any = None  # nothing is written here
    return Subject("none", model, Asking(trained=True), data.manifest, data["test"], {})


def tried(subject: Subject, record: Record) -> list[Case]:
    row = row_of(subject, record)
    assert row is not None
    return list(mistake(subject, row, 0))


@pytest.mark.parametrize("name", BUILT)
def test_a_wrong_step_is_carried_on_to_another_answer(name: str, tmp_path: Path) -> None:
    subject = subject_of(name, tmp_path)
    known = {record.id: cases for record in subject.records if (cases := tried(subject, record))}
    assert len(known) >= 0.8 * len(subject.records)
    for record in subject.records:
        if record.id not in known:
            continue
        whole, wrong, right = known[record.id]
        reader = subject.reader(record)
        assert not reader.agree(whole.expected, record.answer)
        assert wrong.body == whole.body[: len(wrong.body)] != right.body
        said = whole.form.closed(str(whole.expected))
        assert reader.read_output(record, said).answer == reader.key(str(whole.expected)) or name == "2wiki"
        assert reader.right(record, reader.read_output(record, right.form.closed(record.answer)).answer)


def test_what_follows_of_2wiki_is_what_its_comparison_comes_to(tmp_path: Path) -> None:
    subject = subject_of("2wiki", tmp_path)
    (record,) = [r for r in subject.records if "Who lived longer, Gerhard Voss or" in r.prompt]
    (case, *_) = tried(subject, record)
    dates = [int(year) for year in re.findall(r"Intermediate answer: .*(\d{4})", case.body)]
    longer = "Gerhard Voss" if dates[1] - dates[0] > dates[3] - dates[2] else "Lucía Ferreiro"
    assert (case.expected, record.answer) == (longer, "Gerhard Voss")


@pytest.mark.parametrize(
    ("name", "ends", "bare"),
    [
        ("arithmetic", "\n</scratch>\n{answer}", "{answer}"),
        ("listops", ", answer is {answer}", "answer is {answer}"),
        ("2wiki", "\nSo the final answer is: {answer}", "So the final answer is: {answer}"),
    ],
)
def test_a_completion_closes_in_its_own_form(name: str, ends: str, bare: str, tmp_path: Path) -> None:
    subject = subject_of(name, tmp_path)
    record = subject.records[0]
    form = form_of(subject, record)
    assert form is not None
    assert form.closed(record.answer) == record.completion
    assert form.closed(record.answer, "x").endswith("x" + ends.format(answer=record.answer))
    assert form.closed("7", "") == bare.format(answer="7")
    told = form_of(replace(subject, asking=Asking()), record)  # one that was told how to close
    assert told is not None
    assert told.closed(record.answer, "x") == f"x\nThe answer is {subject.reader(record).key(record.answer)}"
