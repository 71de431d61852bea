"""`synth distill --shots`: what the teacher is sent, what is kept of it, resuming, and one line for mistakes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from distillations import Synth, answer, asked, distill, lines
from loopback import Answer, serving

from synth.questions.find import find_task
from synth.questions.prompts import told

GSM8K = find_task("gsm8k")
Questions = Callable[[int], str]


def right(request: dict[str, Any], times: int) -> Answer:
    return Answer(f"It is so. The answer is {asked(request)}.")


def contents(body: dict[str, Any]) -> list[str]:
    return [message["content"] for message in body["messages"]]


def test_the_programs_own_set_as_turns(synth: Synth, tmp_path: Path, questions: Questions) -> None:
    with serving(right) as teacher:
        done = distill(synth, teacher, questions(3), "--shots", "gsm8k")
        assert done.returncode == 0, done.stderr
        bodies = teacher.bodies
    cue = "Answer: Let's think step by step."
    shots = []
    for worked in GSM8K.worked:
        shots += [f"Question: {worked.question.text}\n{cue}"]
        shots += [f"{worked.rationale}\nThe answer is {worked.question.gold}."]
    shots[0] = f"{told(GSM8K)}\n\n{shots[0]}"
    assert sorted(map(contents, bodies)) == [[*shots, f"Question: Which number is {i}?\n{cue}"] for i in range(3)]
    assert [message["role"] for message in bodies[0]["messages"]] == ["user", "assistant"] * 6 + ["user"]
    row = lines(tmp_path / "out" / "train.jsonl")[0]
    assert (row["prompt"], row["rationale"]) == ("Question: Which number is 0?\nAnswer:", "It is so.")
    manifest = json.loads((tmp_path / "out" / "synth.json").read_text())
    assert {**manifest["shots"], "sha256": ""} == {
        "source": "gsm8k", "sha256": "", "rows": 6, "n": 6, "seed": 0, "as": "turns",
    }  # fmt: skip
    assert "--shots gsm8k" in manifest["command"]
    assert synth("card", "out").returncode == 0
    card = (tmp_path / "out" / "README.md").read_text()
    assert f"Before each question stood 6 demonstrations of gsm8k (sha256 `{manifest['shots']['sha256'][:16]}`)" in card


def test_text_in_one_message(synth: Synth, questions: Questions) -> None:
    with serving(right) as teacher:
        distill(synth, teacher, questions(2), "--shots", "gsm8k", "--shots-as", "text", "--n-shots", 2)
        bodies = teacher.bodies
    for body in bodies:
        (text,) = contents(body)
        head, first, second, last = text.split("\n\n")
        assert head == told(GSM8K)
        assert all(block.splitlines()[-1].startswith("The answer is ") for block in (first, second))
        assert last.startswith("Question: Which number is ")


def test_other_tasks_have_their_own_instructions(synth: Synth, questions: Questions) -> None:
    with serving(right) as teacher:
        done = distill(synth, teacher, questions(8), "--shots", "other-tasks")
        assert done.returncode == 0, done.stderr
        bodies = teacher.bodies
    assert {len(body["messages"]) for body in bodies} == {7}
    assert all(contents(body)[-1].startswith(told(GSM8K)) for body in bodies)
    assert len({tuple(contents(body)[:-1]) for body in bodies}) > 4


def test_a_hint_is_given_in_the_demonstrations_too(synth: Synth, questions: Questions) -> None:
    with serving(lambda request, times: Answer("I do not know.")) as teacher:
        distill(synth, teacher, questions(1), "--shots", "gsm8k", "--max-attempts", 1, "--rationalize")
        plain, hinted = map(contents, teacher.bodies)
    assert hinted[-1].startswith("Question: Which number is 0? (0)\n")
    assert [text.split("\n")[0].endswith(")") for text in plain[2::2]] == [False] * 6
    assert [
        f" ({worked.question.gold})\n" in text for worked, text in zip(GSM8K.worked, hinted[::2], strict=False)
    ] == [True] * 6


def test_a_question_is_never_its_own_demonstration(synth: Synth, tmp_path: Path, questions: Questions) -> None:
    """Told by its text: these lines have no ids."""
    shown = [
        {"question": f"Which number is {i}?", "rationale": f"It is {i}.", "answer": str(i)} for i in range(12)
    ]  # fmt: skip
    (tmp_path / "shots.jsonl").write_text("".join(json.dumps(line) + "\n" for line in shown))
    with serving(right) as teacher:
        distill(synth, teacher, questions(12), "--shots", "shots.jsonl")
        bodies = teacher.bodies
    assert len(bodies) == 12
    for body in bodies:
        *turns, last = contents(body)
        assert len(turns) == 20
        assert not any(last in turn for turn in turns)


def test_it_resumes_and_other_demonstrations_are_another_dataset(
    synth: Synth, tmp_path: Path, questions: Questions
) -> None:
    shots = tmp_path / "shots.jsonl"
    line = {"question": "Which number is forty?", "rationale": "It is written so.", "answer": "40"}
    shots.write_text(json.dumps(line) + "\n")
    with serving(answer) as teacher:
        assert distill(synth, teacher, questions(4), "--shots", "shots.jsonl").returncode == 0
        count = len(teacher.bodies)
        again = distill(synth, teacher, questions(4), "--shots", "shots.jsonl")
        assert (again.returncode, len(teacher.bodies)) == (0, count)
        shots.write_text(json.dumps(line | {"rationale": "It says so."}) + "\n")
        other = distill(synth, teacher, questions(4), "--shots", "shots.jsonl")
        assert other.returncode != 0
        assert "--overwrite" in other.stderr
        assert len(teacher.bodies) == count


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--shots", "commonsenseqa"), "--shots commonsenseqa holds demonstrations of commonsenseqa, and the rows are"),
        (("--shots", "gsm8k", "--n-shots", 7), "--n-shots 7: gsm8k has 6 demonstrations"),
        (("--shots", "gsm9k"), "--shots gsm9k: no such file or folder"),
        (("--shots", "questions.jsonl"), "--shots questions.jsonl has no rationales"),
        (("--shots-as", "text"), "--shots-as: add --shots FILE"),
    ],
)
@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_mistakes_are_one_line_and_nothing_is_asked(
    options: tuple[Any, ...], line: str, dry: tuple[str, ...], synth: Synth, questions: Questions, tmp_path: Path
) -> None:
    with serving(right) as teacher:
        done = distill(synth, teacher, questions(2), *options, *dry)
        assert not teacher.bodies
    assert done.returncode == 2
    assert done.stderr.startswith(f"synth: {line}")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "out" / "train.jsonl").exists()


def test_a_folder_that_synth_built_is_shown_its_own_rows(synth: Synth, tmp_path: Path) -> None:
    """Of as many digits, never the question itself, without the cue that a teacher does not see, with its closing."""
    few = ("--validation", 0, "--test", 0, "--test-beyond", 0, "--quiet")
    assert synth("build", "arithmetic", "--digits", "2-3", "--train", 20, "--out", "sums", *few).returncode == 0
    rows = {row["prompt"].removesuffix("\nTarget:"): row for row in lines(tmp_path / "sums" / "train.jsonl")}

    def answers(request: dict[str, Any], times: int) -> Answer:
        question = contents(request)[-1].partition("\n\n")[0]
        return Answer(f"So it is. The answer is {rows[question]['answer'].replace(' ', '')}.")

    with serving(answers) as teacher:
        words = ("--teacher", "m-1", "--base-url", teacher.url, "--out", "out", "--shots", "sums", "--n-shots", 3)
        done = synth("distill", "--source", "sums", *words)
        assert done.returncode == 0, done.stderr
        bodies = teacher.bodies
    assert len(bodies) == 20
    for body in bodies:
        *turns, last = contents(body)
        turns[0] = turns[0].partition("\n\n")[2]
        asked_rows = [rows[text.partition("\n\n")[0]] for text in (*turns[::2], last)]
        assert len({row["id"] for row in asked_rows}) == 4
        assert len({row["meta"]["digits"] for row in asked_rows}) == 1
        for row, said in zip(asked_rows, turns[1::2], strict=False):
            assert said == f"{row['rationale']}\nThe answer is {row['answer'].replace(' ', '')}"
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 20
