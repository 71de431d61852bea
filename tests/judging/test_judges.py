"""What every judge has, and the judges that compare: `steps` and `answer`."""

import dataclasses
import re
from pathlib import Path

import pytest
from judged_rows import row

from synth import registry
from synth.building.build import carry_out as build
from synth.building.options import Options
from synth.data.manifest import open_manifest
from synth.data.reading import read
from synth.data.verdict import Asking, Verdict, find
from synth.judges import answer, equations, steps
from synth.record import Record

JUDGES = registry.names("judges")


@pytest.mark.parametrize("name", JUDGES)
def test_what_every_judge_has(name: str) -> None:
    judge = find(name)
    assert registry.summary("judges", name).startswith("Judges ")
    assert 20 < len(registry.summary("judges", name)) < 120
    assert judge.name == name
    assert len(judge.menu) == len(set(judge.menu)) == (4 if judge.of == "errors" else 3 if name == "notes" else 2)
    assert isinstance(judge.by, Asking) == (name in ("rubric", "attribution"))


def test_the_judges_there_are() -> None:
    assert JUDGES == ["answer", "attribution", "equations", "notes", "rubric", "steps"]


# steps


@pytest.mark.parametrize("name", registry.names("builders"))
def test_steps_runs_the_checker_of_the_task(name: str, tmp_path: Path) -> None:
    builder, checker = registry.load("builders", name), registry.load("validators", name)
    rows = {f.name: 3 for f in dataclasses.fields(builder.Config) if not f.metadata["recipe"] and "int" in str(f.type)}
    folder = build(name, builder.Config(**rows), Options(tmp_path / "data", workers=1))[0].folder
    known = checker.settings(open_manifest(folder)["config"]) if hasattr(checker, "settings") else {}
    record = next(read(folder, "train"))
    assert steps.judge(record, **known) == Verdict("steps", "right")
    assert answer.judge(record, **known).verdict == "right"
    assert equations.judge(record, **known).verdict != "wrong"
    broken = steps.judge(dataclasses.replace(record, rationale=record.rationale + "\n?"), **known)
    assert broken.verdict == "wrong"
    assert re.match(r"[a-z_]+: .", broken.detail)
    other = dataclasses.replace(record, completion=record.completion + "1")
    assert answer.judge(other, **known).verdict == "wrong"


def test_steps_does_not_apply_to_a_task_without_a_checker() -> None:
    assert steps.judge(row("3 + 4 = 7")) == Verdict("steps", None, "no checker for gsm8k")


# answer


@pytest.mark.parametrize(
    ("completion", "verdict"),
    [
        (" 3 * 3 = 9\nThe answer is 9.", "right"),
        (" 3 * 3 = 9\nThe answer is $9.00.", "right"),
        (" 3 * 3 = 9\nThe answer is 8.", "wrong"),
        (" 3 * 3 is a lot.", "wrong"),
        ("", None),
    ],
)
def test_answer_of_a_number(completion: str, verdict: str | None) -> None:
    assert answer.judge(row("3 * 3 = 9", completion=completion)).verdict == verdict


def test_answer_of_an_option_knows_the_options_of_the_prompt() -> None:
    prompt = "Question: Where do fish live?\nOptions: (A) in trees (B) in water (C) on the moon\nAnswer:"
    record = Record("commonsenseqa/1", "commonsenseqa", prompt, "Fish swim.", "B", "", {})
    for said, verdict in {"B": "right", "(B) in water": "right", "in water": "right", "(A)": "wrong"}.items():
        completion = f" Fish swim.\nThe answer is {said}."
        assert answer.judge(dataclasses.replace(record, completion=completion)).verdict == verdict, said


@pytest.mark.parametrize(
    ("completion", "gold", "verdict"),
    [
        ("So the final answer is: New York", "New York", "right"),
        ("So the final answer is: New York", "York", "wrong"),
        ("sum is 13, answer is 3", "3", "right"),
        ("sum is 13, answer is 13", "3", "wrong"),
        ("</scratch>\n1 6", "1 6", "right"),
        ("</scratch>\n1 6", "6", "wrong"),
        (" 6", "6", "right"),
    ],
)
def test_answer_of_a_task_that_is_not_known_is_read_as_text(completion: str, gold: str, verdict: str) -> None:
    assert answer.judge(row("", answer=gold, task="my.toml", completion=completion)).verdict == verdict
