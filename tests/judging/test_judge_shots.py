"""`synth judge --judge rubric --shots`: what the model is shown, where verdicts come from, one line for mistakes."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from loopback import Answer, serving
from tiny_models import write_dataset

from synth.judges import rubric
from synth.questions.find import find_task
from synth.questions.task import Question
from synth.record import Record
from synth.shots.rows import row_of

Synth = Callable[..., Any]
HELPFUL, UNHELPFUL = "All steps are needed.\nHelpful", "The second step is beside the point.\n\nUnhelpful"


def row(number: int) -> Record:
    question = Question(str(number), f"What is {number} and {number}?", gold=str(2 * number))
    return row_of(find_task("gsm8k"), question, f"{number} + {number} = {2 * number}.")


def judged(number: int, verdict: str | None, reply: str) -> Record:
    kept = [{"judge": "rubric", "verdict": verdict, "detail": reply, "model": "m"}]
    return replace(row(number), provenance={"verdicts": kept})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "rows", {"train": [row(number) for number in range(3)]})


@pytest.fixture
def shown(tmp_path: Path) -> Path:
    rows = [judged(50, "helpful", HELPFUL), judged(51, "unhelpful", UNHELPFUL), judged(52, "helpful", "")]
    return write_dataset(tmp_path / "shown", {"train": rows})


def helpful(request: dict[str, Any], times: int) -> Answer:
    return Answer("It leads there.\nHelpful")


def judge(synth: Synth, url: str, data: Path, *more: object) -> Any:
    return synth("judge", data, "--judge", "rubric", "--teacher", "m", "--base-url", url, "--max-tokens", 9, *more)


def user(record: Record) -> str:
    return str(rubric.messages(record)[1]["content"])


def test_a_judged_folder_shows_its_replies_as_turns(synth: Synth, data: Path, shown: Path) -> None:
    with serving(helpful) as server:
        done = judge(synth, server.url, data, "--shots", shown)
        assert done.returncode == 0, done.stderr
        bodies = server.bodies
    assert len(bodies) == 3
    by_row = {body["messages"][-1]["content"]: body["messages"] for body in bodies}
    for number in range(3):
        system, *turns = by_row[user(row(number))]
        assert system == {"role": "system", "content": rubric.SYSTEM}
        assert [turn["content"] for turn in turns] == [
            user(row(50)), HELPFUL, user(row(51)), UNHELPFUL, user(row(52)), "Helpful", user(row(number)),
        ]  # fmt: skip
        assert [turn["role"] for turn in turns] == ["user", "assistant"] * 3 + ["user"]


def test_lines_with_verdicts_as_text(synth: Synth, data: Path, tmp_path: Path) -> None:
    line = {"question": "What is 9 and 9?", "rationale": "9 + 9 = 18.", "answer": "18"}
    lines = [{**line, "verdict": "Unhelpful", "analysis": "It repeats the question."}, {**line, "question": "And 9?"}]
    (tmp_path / "shots.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))
    with serving(helpful) as server:
        done = judge(synth, server.url, data, "--shots", "shots.jsonl", "--shots-as", "text", "--sample", 1)
        assert done.returncode == 0, done.stderr
        ((_, message),) = (body["messages"] for body in server.bodies)
    assert "synth: shots.jsonl: demonstrations without a verdict, each is shown as helpful: 1\n" in done.stderr
    first, second = message["content"].index("It repeats the question.\nUnhelpful"), message["content"].index("And 9?")
    assert first < second < message["content"].index("\n\nHelpful\n\n<question>")


OWN_JUDGE = """from synth.data.verdict import Asking, Judge

JUDGE = Judge("mine", {menu}, Asking(lambda record: [{{"role": "user", "content": record.prompt}}]))
"""


@pytest.mark.parametrize(
    ("menu", "kept", "shown"),
    [
        (("Good", "Bad"), ("Bad", "It repeats the question.\n\nBad"), "It repeats the question.\n\nBad"),
        (("Good", "Bad"), ("bad", "It repeats the question."), "It repeats the question.\nBad"),
        (("OK", "not OK"), ("not OK", ""), "Not OK"),
        (("OK", "not OK"), (None, "the reply was cut off (length): It seems"), "OK"),
        (("5", "4", "1"), ("4", "Step 2 is long.\nScore: 4"), "Step 2 is long.\nScore: 4"),
        (("5", "4", "1"), (4, "Step 2 is long."), "Step 2 is long.\n4"),
    ],
)
def test_a_judge_of_ones_own_whose_replies_are_read_by_their_end(
    menu: tuple[str, ...], kept: tuple[Any, str], shown: str, synth: Synth, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(OWN_JUDGE.format(menu=menu))
    said = {"judge": "mine", "verdict": kept[0], "detail": kept[1], "model": "m"}
    write_dataset(tmp_path / "before", {"train": [replace(row(50), provenance={"verdicts": [said]})]})
    with serving(lambda request, times: Answer(menu[0])) as server:
        done = synth("judge", data, "--judge", "mine.py", "--teacher", "m", "--base-url", server.url, "--sample", 1,
                     "--shots", tmp_path / "before")  # fmt: skip
        assert done.returncode == 0, done.stderr
        ((_, reply, _),) = (body["messages"] for body in server.bodies)
    assert reply == {"role": "assistant", "content": shown}


def test_the_hash_is_in_the_folder_and_other_demonstrations_ask_again(
    synth: Synth, data: Path, shown: Path, tmp_path: Path
) -> None:
    words = ("--out", tmp_path / "out", "--shots", shown, "--n-shots")
    with serving(helpful) as server:
        assert judge(synth, server.url, data, *words, 2).returncode == 0
        assert judge(synth, server.url, data, *words, 2).returncode == 0
        assert len(server.bodies) == 3
        other = judge(synth, server.url, data, *words, 1)
        assert other.returncode == 1
        assert "--overwrite" in other.stderr
    facts = json.loads((tmp_path / "out" / "synth.json").read_text())["judged"]["shots"]
    assert (facts["source"], facts["n"], len(facts["sha256"])) == ("shown", 2, 64)


def test_verdicts_beside_the_folder_are_not_taken_for_those_with_demonstrations(
    synth: Synth, data: Path, shown: Path, tmp_path: Path
) -> None:
    words = ("--verdicts", tmp_path / "verdicts.jsonl")
    with serving(helpful) as server:
        for count, more in ((3, ()), (6, ("--shots", shown)), (6, ("--shots", shown)), (6, ())):
            assert judge(synth, server.url, data, *words, *more).returncode == 0
            assert len(server.bodies) == count


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--judge", "answer", "--shots", "shown"), "--shots: --judge answer asks no model"),
        (("--judge", "rubric", "--teacher", "m", "--shots", "odd.jsonl"), "--shots odd.jsonl: its verdicts are fine, "),
        (("--judge", "rubric", "--teacher", "m", "--shots", "shown", "--n-shots", 9), "--n-shots 9: shown has 3 "),
        (("--judge", "rubric", "--teacher", "m", "--shots", "commonsenseqa"), "--shots commonsenseqa holds "),
    ],
)
def test_mistakes_are_one_line_and_nothing_is_asked(
    words: tuple[Any, ...], line: str, synth: Synth, data: Path, shown: Path, tmp_path: Path
) -> None:
    odd = {"question": "What is 9 and 9?", "rationale": "9 + 9 = 18.", "answer": "18", "verdict": "Fine"}
    (tmp_path / "odd.jsonl").write_text(json.dumps(odd))
    with serving(helpful) as server:
        done = synth("judge", data, *words, *(("--base-url", server.url) if "--teacher" in words else ()))
        assert not server.bodies
    assert done.returncode == 2
    assert done.stderr.startswith(f"synth: {line}")
    assert done.stderr.count("\n") == 1
