"""What a teacher reads for every task: instruction, closing form, question, options, hint, length."""

import re
import string
from pathlib import Path

import pytest
from task_rows import FAMILIES, PAPERS, RAFT, read

from synth.questions.find import find_task, task_names
from synth.questions.prompts import LENGTHS, messages, options_line, prompt
from synth.questions.task import Question, Task


@pytest.fixture(params=PAPERS)
def task(request: pytest.FixtureRequest) -> Task:
    return find_task(request.param)


def test_all_tasks_of_both_papers_are_there() -> None:
    families: dict[str, list[str]] = {}
    for name in task_names():
        families.setdefault(find_task(name).family, []).append(name)
    assert families == FAMILIES
    assert (sum(map(len, RAFT.values())), len(PAPERS)) == (20, 28)


def test_prompt_is_instruction_closing_form_question_options_and_trigger(task: Task) -> None:
    question = task.example
    assert question is not None
    text = prompt(task, question)
    closings = {"MaRio": "So the answer is X.", "competition": r"The answer is $\boxed{x}$."}
    closing = closings.get(task.family, "The answer is x.")
    assert text.startswith(task.instruction)
    assert f'"{closing}"' in text
    assert f"\n{task.label}: {question.text}\n" in text
    assert text.endswith("Answer: Let's think step by step.")
    line = re.search(r"\nOptions: ((\([A-Z]\) [^()]+ ?)+)\n", text)
    assert (line is not None) == (task.kind == "option")


def test_made_up_question_has_a_canonical_answer(task: Task, tmp_path: Path) -> None:
    question = task.example
    assert question is not None
    row = {"id": "e", "question": question.text, "label": question.gold, "options": question.options}
    (read_back,) = read(task.name, tmp_path / "x.jsonl", row)
    assert read_back.gold == question.gold
    assert read_back.options == (question.options or task.options)


def test_hint_gives_the_answer_away_and_nothing_else(task: Task) -> None:
    question = task.example
    assert question is not None
    plain, hinted = (prompt(task, question, hint=hint) for hint in (False, True))
    if task.kind == "option":
        options = question.options or task.options
        letter = str(question.gold)
        right = f"({letter}) {options[string.ascii_uppercase.index(letter)]}"
        assert hinted == plain.replace(right, f"{right} (CORRECT)")
    else:
        assert hinted == plain.replace(question.text, f"{question.text} ({question.gold})")


@pytest.mark.parametrize("length", LENGTHS)
def test_length_changes_the_last_line_alone(task: Task, length: str) -> None:
    assert task.example is not None
    text = prompt(task, task.example, length=length)
    assert text.rsplit("\n", 1)[0] == prompt(task, task.example).rsplit("\n", 1)[0]
    assert text.endswith(f"\nAnswer: {LENGTHS[length]}")


def test_every_task_has_its_facts(task: Task) -> None:
    assert task.hub is not None
    assert re.fullmatch(r"[\w.-]+/[\w.-]+", task.hub.id)
    assert task.summary
    assert task.licence
    assert task.source.startswith("https://")
    assert "train" in task.hub.splits


def test_messages_have_a_system_message_only_where_the_task_has_one() -> None:
    task = Task("t", "own", "", "Do it.", "text", lambda row, number: None, system="Be kind.")
    question = Question("1", "What?")
    assert messages(task, question) == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": prompt(task, question)},
    ]
    assert [m["role"] for m in messages(find_task("gsm8k"), question)] == ["user"]


def test_the_very_prompt() -> None:
    question = Question("1", "Ice melts.\nHypothesis: Ice is warm.", gold="C")
    assert prompt(find_task("anli"), question).splitlines()[2:] == [
        "Premise: Ice melts.",
        "Hypothesis: Ice is warm.",
        "Options: (A) Entailment (B) Contradiction (C) Neutral",
        "Answer: Let's think step by step.",
    ]


def test_options_line_and_its_hint() -> None:
    assert options_line(("Yes", "No")) == "(A) Yes (B) No"
    assert options_line(("Yes", "No"), "B") == "(A) Yes (B) No (CORRECT)"
