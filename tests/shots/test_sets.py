"""The demonstrations of the program: in their task's form, right, and enough for mixed-task prompts."""

from collections import Counter
from typing import Any

import pytest

from synth.answers.reply import canonical
from synth.data.verdict import find as find_judge
from synth.errors import UsageError
from synth.questions.find import find_task, task_names
from synth.record import Record
from synth.shots.draw import Shots
from synth.shots.load import load_shots, own_sets
from synth.shots.options import ShotOptions
from synth.shots.rows import of_worked
from synth.validating.checker import reader_of

ALL = [(name, of_worked(find_task(name), each)) for name in task_names() for each in find_task(name).demonstrations]


def loaded(name: str, **options: Any) -> Shots:
    found = load_shots(ShotOptions(**options), name)
    assert found is not None
    return found


@pytest.mark.parametrize(("name", "size"), [("gsm8k", 6), ("commonsenseqa", 7)])
def test_a_set_is_shown_whole_in_its_order(name: str, size: int) -> None:
    found = loaded(name, shots=name)
    assert (found.n, found.source, len(found.rows)) == (size, name, size)
    asked = Record(f"{name}/1", name, "Question: Is it so?\nAnswer:", "", "1", "1", {})
    assert found.of(asked) == list(found.rows)
    assert len(loaded(name, shots=name, n_shots=2).of(asked)) == 2


def test_the_sets_are_those_that_are_told_of() -> None:
    assert own_sets() == ["commonsenseqa", "gsm8k"]


@pytest.mark.parametrize(("name", "row"), ALL, ids=[row.id for _, row in ALL])
def test_every_demonstration_closes_as_its_task_does_and_is_right(name: str, row: Record) -> None:
    task, reader = find_task(name), reader_of(name)
    if task.kind == "math":
        pytest.importorskip("math_verify")
    assert row.rationale.strip() == row.rationale != ""
    assert row.completion == f" {row.rationale}\n{task.closed(row.answer)}"
    assert canonical(row.answer, task.kind, reader.options_of(row)) is not None
    assert reader.right(row, reader.read_output(row, row.completion).answer)


def test_the_equations_of_word_problems_hold() -> None:
    judge = find_judge("equations")
    assert callable(judge.by)
    numbers = [row for name, row in ALL if find_task(name).family == "math"]
    verdicts = Counter(judge.by(row).verdict for row in numbers)
    assert set(verdicts) == {judge.menu[0]}
    assert len(numbers) == 9


def test_the_options_of_a_set_are_no_hint() -> None:
    rows = [row for name, row in ALL if name == "commonsenseqa"]
    assert {row.answer for row in rows} == set("ABCDE")
    assert all(len(set(row.meta["options"])) == 5 for row in rows)  # type: ignore[arg-type]


def test_every_task_can_be_shown_to_another() -> None:
    assert {name for name, _ in ALL} == set(task_names())
    found = loaded("gsm8k", shots="other-tasks")
    assert (found.n, found.mixed) == (3, True)
    asked = Record("gsm8k/1", "gsm8k", "Question: How many?\nAnswer:", "", "1", "1", {})
    shown = found.of(asked)
    assert len({row.task for row in shown} - {"gsm8k"}) == 3
    assert loaded("arithmetic", shots="other-tasks", n_shots=5).n == 5
    with pytest.raises(UsageError, match=r"--n-shots 99: other-tasks has \d\d other tasks"):
        loaded("gsm8k", shots="other-tasks", n_shots=99)


def test_a_set_of_another_task_is_refused() -> None:
    with pytest.raises(UsageError, match="--shots gsm8k holds demonstrations of gsm8k, and the rows are of svamp"):
        loaded("svamp", shots="gsm8k")
