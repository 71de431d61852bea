"""One builder file and one validator file are a dataset, all the way from `synth build` to `synth pull`.

The files lie in tests/house/fourth/: sums of Roman numerals, with steps. Nothing in the program knows of them.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hub_use import connected
from loopback import Answer, serving
from loopback_hub import Hub

import synth.builders
import synth.judges
import synth.validators
from synth.data.reading import read
from synth.record import Record
from synth.validating.checker import find

Synth = Callable[..., "subprocess.CompletedProcess[str]"]
FOURTH = Path(__file__).parent / "fourth"
PACKAGES = (synth.builders, synth.validators, synth.judges)
ROWS = ("--train", 24, "--test", 8)
# What a process of its own runs first: the two files are found in it as they are here.
ELSEWHERE = "import synth.{0}; synth.{0}.__path__.append({1!r})\n"


@pytest.fixture
def romans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synth: Synth) -> Iterator[Path]:
    """The dataset, built; its two files (and a judge) are in folders that are part of the program's packages."""
    scratch = tmp_path / "scratch"
    start = []
    for package in PACKAGES:
        name = package.__name__.rpartition(".")[2]
        folder = shutil.copytree(FOURTH / name, scratch / name)
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
        start.append(ELSEWHERE.format(name, str(folder)))
    (scratch / "sitecustomize.py").write_text("".join(start))
    monkeypatch.setenv("PYTHONPATH", str(scratch))
    _forget()
    run(synth, "build", "roman", "--out", "romans", *ROWS)
    yield tmp_path / "romans"
    _forget()


def _forget() -> None:
    """What was remembered of names and modules."""
    find.cache_clear()
    for package in PACKAGES:
        for name in ("roman", "brief"):
            sys.modules.pop(f"{package.__name__}.{name}", None)
            vars(package).pop(name, None)


def run(synth: Synth, *words: object) -> str:
    """What a command prints; it has to end well."""
    done = synth(*words)
    assert done.returncode == 0, f"{words}\n{done.stdout}{done.stderr}"
    return done.stdout


def facts(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_it_is_built_shown_counted_and_made_again(synth: Synth, romans: Path) -> None:
    assert "roman" in run(synth, "build", "--help")
    first = next(read(romans, "train"))
    assert first.id == "roman/terms=3/train/0/0"
    assert first.prompt in run(synth, "show", "romans")
    assert "24" in run(synth, "stats", "romans")
    assert json.loads(run(synth, "row", first.id))["completion"] == first.completion


@pytest.mark.parametrize("workers", [1, 2])
def test_it_is_validated_with_a_suite_of_ones_own(synth: Synth, romans: Path, workers: int) -> None:
    shown = run(synth, "validate", "romans", "--suite", FOURTH / "suite.py", "--workers", workers)
    found = {each["name"]: each for each in facts(romans / "validation.json")["expectations"]}
    assert "every step holds when it is worked out again" in shown
    assert (found["steps"]["rows"], found["steps"]["failures"]) == (32, 0)
    assert {each["suite"] for each in found.values()} == {"dataset", "roman", "suite.py"}
    assert all(each["success"] for each in found.values())


def test_a_wrong_step_fails_the_validation(synth: Synth, romans: Path) -> None:
    text = (romans / "test.jsonl").read_text()
    first = next(read(romans, "test")).rationale
    (romans / "test.jsonl").write_text(text.replace(first, first.replace(" = ", " = I", 1)))
    done = synth("validate", "romans")
    assert done.returncode == 1
    assert "wrong_step: step 1 is" in json.dumps(facts(romans / "validation.json"))


def test_its_card_says_what_the_builder_says(synth: Synth, romans: Path) -> None:
    run(synth, "validate", "romans")
    run(synth, "card", "romans")
    text = (romans / "README.md").read_text(encoding="utf-8")
    assert "Sums of Roman numerals." in text
    assert "license: apache-2.0" in text
    assert any(row.prompt in text for row in read(romans, "train"))


@pytest.mark.parametrize("form", ["messages", "prompt-completion", "alpaca", "sharegpt"])
def test_it_is_exported(synth: Synth, romans: Path, form: str) -> None:
    run(synth, "export", "romans", "--to", form, "--out", "out")
    assert [len(lines(romans.parent / "out" / f"{split}.jsonl")) for split in ("train", "test")] == [24, 8]


@pytest.mark.parametrize("workers", [1, 2])
def test_its_mistakes_make_preference_pairs(synth: Synth, romans: Path, workers: int) -> None:
    run(synth, "export", "romans", "--to", "dpo", "--out", "pairs", "--workers", workers)
    rows = list(read(romans, "train"))
    pairs = lines(romans.parent / "pairs" / "train.jsonl")
    assert [pair["chosen"] for pair in pairs] == [row.completion for row in rows]
    checker = find("roman")
    assert checker is not None
    assert checker.check is not None
    for row, pair in zip(rows, pairs, strict=True):
        found = checker.read_output(row, pair["rejected"])
        fault = checker.check(checker.record_of(row, pair["rejected"], found))
        assert fault is not None
        assert fault.reason == "wrong_step"
        assert fault.step == _first_difference(checker.steps(found.rationale), checker.steps(row.rationale))
        assert not checker.agree(found.answer, row.answer)


def _first_difference(steps: list[str], others: list[str]) -> int:
    return next(place for place, pair in enumerate(zip(steps, others, strict=True)) if pair[0] != pair[1])


def test_it_is_trained_on_evaluated_and_reported(synth: Synth, romans: Path) -> None:
    base = ("--from-scratch", "tiny", "--max-steps", 2, "--quiet")
    run(synth, "train", "llama", "--data", "romans", "--out", "run", *base)
    rows = list(read(romans, "test"))
    gold = evaluated(synth, romans, {row.prompt: row.completion for row in rows})
    assert (gold["accuracy"]["value"], gold["steps_right"]["value"]) == (1.0, 1.0)
    assert (gold["accuracy"]["n"], gold["steps_right"]["n"]) == (8, 8)
    predictions = lines(romans.parent / "run" / "eval" / "gold" / "predictions.jsonl")
    assert [line["answer"] for line in predictions] == [row.answer for row in rows]
    run(synth, "report", "run", "--out", "report")
    assert "romans" in (romans.parent / "report" / "index.html").read_text(encoding="utf-8")


def test_what_a_model_gets_wrong_is_found(synth: Synth, romans: Path) -> None:
    base = ("--from-scratch", "tiny", "--max-steps", 1, "--quiet")
    run(synth, "train", "t5", "--data", "romans", "--out", "run", *base)
    rows = list(read(romans, "test"))
    said = {row.prompt: row.completion for row in rows}
    said[rows[0].prompt] = rows[0].completion.replace(" = ", " = I", 1)  # a wrong step, and the right answer
    said[rows[1].prompt] = rows[1].rationale  # no answer
    said[rows[2].prompt] = "The sum is I"
    found = evaluated(synth, romans, said)
    assert (found["accuracy"]["value"], found["steps_right"]["value"]) == (6 / 8, 5 / 8)
    predictions = lines(romans.parent / "run" / "eval" / "gold" / "predictions.jsonl")
    assert [(line["fault"], line["first_wrong_step"], line["answer"]) for line in predictions[:4]] == [
        ("wrong_step", 0, rows[0].answer), ("answer_not_from_last_step", None, None), ("missing_step", None, "I"),
        (None, None, rows[3].answer),
    ]  # fmt: skip


def evaluated(synth: Synth, data: Path, said: dict[str, str]) -> dict[str, Any]:
    """The metrics of a model that says this to each prompt; it is asked as the run in `run` is."""

    def script(request: dict[str, Any], times: int) -> Answer:
        return Answer(said[request["messages"][-1]["content"]])

    out = data.parent / "run" / "eval" / "gold"
    with serving(script) as server:
        run(synth, "eval", "--model", server.url, "--model-name", "m", "--run", "run", "--data", data, "--out", out)
    metrics: dict[str, Any] = facts(out / "metrics.json")["metrics"]
    return metrics


def test_a_model_that_was_not_trained_on_it_is_told_how_to_answer(synth: Synth, romans: Path) -> None:
    answers = {row.prompt: row.answer for row in read(romans, "test")}

    def script(request: dict[str, Any], times: int) -> Answer:
        text = request["messages"][-1]["content"]
        assert 'Close with a line "The answer is x"' in text
        return Answer(f"I add them up.\nThe answer is {next(answers[each] for each in answers if each in text)}.")

    with serving(script) as server:
        run(synth, "eval", "--model", server.url, "--model-name", "m", "--data", "romans", "--out", "eval")
    metrics = facts(romans.parent / "eval" / "metrics.json")["metrics"]
    assert metrics["accuracy"]["value"] == 1.0
    assert "steps_right" not in metrics


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    yield from connected(monkeypatch)


def test_it_goes_to_the_hub_and_comes_back(synth: Synth, romans: Path, hub: Hub) -> None:
    run(synth, "validate", "romans")
    run(synth, "push", "romans", "ada/romans")
    assert {"README.md", "synth.json"} <= set(hub.files("ada/romans"))
    run(synth, "pull", "ada/romans", "back")
    for split in ("train", "test"):
        assert (romans.parent / "back" / f"{split}.jsonl").read_bytes() == (romans / f"{split}.jsonl").read_bytes()


@pytest.mark.parametrize("judge", ["brief", "judges/brief.py", "steps", "answer"])
def test_it_is_judged(synth: Synth, romans: Path, judge: str) -> None:
    name = str(romans.parent / "scratch" / judge) if judge.endswith(".py") else judge
    run(synth, "judge", "romans", "--judge", name, "--out", "judged")
    verdicts = {each["verdict"] for row in read(romans.parent / "judged", "train") for each in _verdicts(row)}
    assert verdicts == ({"brief", "lengthy"} if "brief" in judge else {"right"})


def _verdicts(row: Record) -> list[dict[str, Any]]:
    assert row.provenance is not None
    found: list[dict[str, Any]] = row.provenance["verdicts"]
    return found


def test_its_questions_are_a_task_of_ones_own(synth: Synth, romans: Path) -> None:
    answers = {row.prompt: row.answer for row in read(romans, "train")}

    def script(request: dict[str, Any], times: int) -> Answer:
        text = request["messages"][-1]["content"]
        return Answer(f"They are added up. The sum is {next(answers[each] for each in answers if each in text)}.")

    with serving(script) as server:
        teacher = ("--teacher", "m-1", "--base-url", server.url)
        task = FOURTH / "roman_questions.toml"
        run(synth, "distill", "--task", task, "--source", "romans/train.jsonl", *teacher, "--out", "taught")
    rows = list(read(romans.parent / "taught", "train"))
    assert [row.answer for row in rows] == [answer.casefold() for answer in answers.values()]
    run(synth, "validate", "taught")


def test_a_process_of_its_own_finds_it(romans: Path, synth_process: Synth) -> None:
    done = synth_process("build", "roman", "--out", "again", *ROWS, "--workers", 2, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    again = romans.parent / "again"
    assert (again / "train.jsonl").read_bytes() == (romans / "train.jsonl").read_bytes()
