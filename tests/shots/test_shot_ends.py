"""Outputs of base models that go on with another demonstration: read up to there, for every task and dataset."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shown_rows import built_rows

from synth.models.generate import Output
from synth.questions.find import find_task, task_names
from synth.record import Record
from synth.registry import names
from synth.shots.forms import BETWEEN, block
from synth.shots.rows import row_of
from synth.validating.checker import reader_of
from synth.validating.ends import ended

BUILT = built_rows()


def goes_on(asked: Record, shots: list[Record], following: list[Record], cut_off: bool, between: str = BETWEEN) -> None:
    text = between.join([asked.completion, *map(block, following)])
    reader = reader_of(asked.task)
    found = ended(Output(text, 99, cut_off), asked, reader, shots=shots)
    assert found.output == Output(asked.completion.rstrip(), 99, False)
    assert found.beyond
    assert reader.right(asked, reader.read_output(asked, found.output.text).answer)


@pytest.mark.parametrize("cut_off", [True, False])
@pytest.mark.parametrize("between", [BETWEEN, "\n"])
@pytest.mark.parametrize("name", BUILT)
def test_rows_of_built_datasets(name: str, between: str, cut_off: bool) -> None:
    rows = BUILT[name]
    for at in range(3, len(rows) - 2):
        goes_on(rows[at], rows[:3], rows[at + 1 : at + 3], cut_off, between)


@pytest.mark.parametrize("name", BUILT)
def test_an_output_without_an_answer_gets_none_of_the_next_row(name: str) -> None:
    rows = BUILT[name]
    for at in range(3, len(rows) - 1):
        record, text = rows[at], f" I see nothing here\n\n{block(rows[at + 1])}"
        found = ended(Output(text, 99, False), record, reader_of(record.task), shots=rows[:3])
        assert found.output.text == " I see nothing here"


@pytest.mark.parametrize("name", BUILT)
def test_an_output_that_ends_is_read_whole(name: str) -> None:
    rows = BUILT[name]
    for record in rows[3:]:
        output = Output(record.completion, 99, False)
        assert ended(output, record, reader_of(record.task), shots=rows[:3]).output == output


EXAMPLES = [name for name in task_names() if (e := find_task(name).example) is not None and e.gold is not None]
REASONS = "There are reasons for it.\nOne is this one."


def examples(name: str) -> Record:
    task = find_task(name)
    assert task.example is not None
    return row_of(task, task.example, REASONS)


@pytest.mark.parametrize("cut_off", [True, False])
@pytest.mark.parametrize("name", EXAMPLES)
def test_rows_of_every_task(name: str, cut_off: bool) -> None:
    record = examples(name)
    if find_task(name).kind == "math":
        pytest.importorskip("math_verify")
    other = replace(record, prompt=record.prompt.replace(": ", ": Once upon a time, ", 1), completion=" Who knows")
    goes_on(record, [other], [other, other], cut_off)


@given(st.permutations(EXAMPLES), st.booleans())
def test_demonstrations_of_other_tasks_end_an_output(order: list[str], cut_off: bool) -> None:
    first, *others = (examples(name) for name in order[:4])
    if "math" in {find_task(row.task).kind for row in (first, *others)}:
        pytest.importorskip("math_verify")
    goes_on(first, others, [others[0], first], cut_off)
    without = replace(first, completion=" I do not know")
    text = BETWEEN.join([without.completion, *map(block, others)])
    if not others[0].prompt.startswith(first.prompt.partition(":")[0]):
        found = ended(Output(text, 99, False), first, reader_of(first.task), shots=others)
        assert found.output.text == without.completion


def test_all_datasets_are_there() -> None:
    assert {name.partition(" ")[0] for name in BUILT} == set(names("builders"))
    assert {len(rows) for rows in BUILT.values()} == {10}
