"""Closing forms of a task of somebody's own: filled letter for letter, and refused if they do not read back."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from task_rows import PAPERS, message

from synth.answers.kinds import Kind
from synth.errors import UsageError
from synth.questions.closed import closing_fault
from synth.questions.find import find_task
from synth.record import Record
from synth.validating.checker import reader_of

OPTIONS = ("ash", "oak", "both (A) and (B)")
ANSWERS: dict[Kind, list[str]] = {
    "number": ["0", "4", "-7", "1080", "-0.5", "22/7", "123456789012345678901"],
    "option": ["A", "B", "C"],
    "yes_no": ["yes", "no"],
    "date": ["1776-07-04", "2024-02-29"],
    "math": ["[0, 1)", "x^2 + 1", "1/2", r"\frac{\pi}{2}", r"\{1, 2\}"],
    "text": ["blue whale", "42", "x", "3.5 miles", "new york city"],
}
KINDS = st.sampled_from(list(ANSWERS))
SIGNS = st.text(st.sampled_from(" {}[]()<>$\\\"'`*_#=:.,|/-x7q"), max_size=6)
WORDS = st.sampled_from(
    ["", "Hence", "The answer is", "So the answer:", "Result =>", "My choice", r"\boxed", "####", "Réponse :", "答案是",
     "Ответ:", "boxed", "{answer", "Final", '"answer"', "not", "Perhaps"]
)  # fmt: skip
FORMS = st.builds("{}{}{}{{answer}}{}{}".format, WORDS, SIGNS, st.sampled_from(["", " "]), SIGNS, WORDS)


@given(KINDS, FORMS, st.data())
@example("number", r"So the answer is $\boxed{{answer}}$.", None)
@example("text", '{"answer": "{answer}"}', None)
@example("option", "<answer>{answer}</answer>", None)
def test_a_form_that_is_taken_reads_back(kind: Kind, closing: str, data: "st.DataObject | None") -> None:
    task = replace(find_task("gsm8k"), name="mine", kind=kind, closing=closing, example=None)
    if data is None:
        assert closing_fault(task) == ""
    assume(closing_fault(task) == "")
    meta = {"options": list(OPTIONS)} if kind == "option" else {}
    for answer in ANSWERS[kind] if data is None else [data.draw(st.sampled_from(ANSWERS[kind]))]:
        said = f" First this, then that.\n{closing.replace('{answer}', answer)}"
        row = Record("mine/1", "mine", "Question: Which?\nAnswer:", "First this, then that.", answer, said, meta)
        reader = reader_of("mine", task)
        assert reader.agree(reader.read_output(row, said).answer, answer, reader.options_of(row)), said


@pytest.mark.parametrize("name", PAPERS)
def test_the_forms_of_our_tasks_read_back(name: str) -> None:
    assert closing_fault(find_task(name)) == ""


BAD = {
    "The answer is x.": r"closing has to show where the answer stands: The answer is {answer}\.",
    "{answer}": "closing does not read back: in '4' the answer 4 is not found",
    "The answer is not {answer}.": "closing does not read back: in 'The answer is not 4.'",
    "The answer is {answer} or 5.": "closing does not read back",
    '{{"answer": "{answer}"}}': 'braces are written once: \'{"answer": "{answer}"}\'',
    r"\boxed{{{answer}}}": r"braces are written once: '\\\\boxed{{answer}}'",
}


@pytest.mark.parametrize("closing", BAD)
def test_a_form_that_does_not_read_back_is_refused_when_the_task_is_loaded(tmp_path: Path, closing: str) -> None:
    path = tmp_path / "t.toml"
    path.write_text(f"name = 't'\ninstruction = 'Add.'\nkind = 'number'\nclosing = '{closing}'\n", encoding="utf-8")
    with pytest.raises(UsageError, match=BAD[closing]) as error:
        find_task(str(path))
    assert "t.toml" in message(error)
