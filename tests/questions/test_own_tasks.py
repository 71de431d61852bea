"""A user's own task, from a TOML or a Python file."""

from pathlib import Path

import pytest
from task_rows import lines, message

from synth.errors import SourceError, UsageError
from synth.questions.find import find_task
from synth.questions.loading import load
from synth.questions.prompts import prompt
from synth.questions.task import Question

TOML = """
name = "riddles"
instruction = "Solve the riddle below."
kind = "option"
options = ["candle", "river"]
closing = "Hence: {answer}"
label = "Riddle"

[columns]
question = "{riddle.text} ({riddle.by})"
answer = "solution"

[labels]
0 = "A"
1 = "B"

[example]
question = "What gets shorter as it works?"
answer = "A"
"""


def test_own_task_in_toml(tmp_path: Path) -> None:
    path = tmp_path / "riddles.toml"
    path.write_text(TOML, encoding="utf-8")
    task = find_task(str(path))
    rows = [{"riddle": {"text": "What runs?", "by": "me"}, "solution": 1}]
    (question,) = load(task, lines(tmp_path / "x.jsonl", *rows))
    assert question == Question("1", "What runs? (me)", ("candle", "river"), "B")
    assert prompt(task, question).splitlines() == [
        'Solve the riddle below. Close with a line "Hence: x", where x is the letter of an option.',
        "",
        "Riddle: What runs? (me)",
        "Options: (A) candle (B) river",
        "Answer: Let's think step by step.",
    ]
    assert task.example == Question("example", "What gets shorter as it works?", (), "A")


def test_own_task_with_the_least_in_it(tmp_path: Path) -> None:
    path = tmp_path / "sums.toml"
    path.write_text('name = "sums"\ninstruction = "Add."\nkind = "number"\n', encoding="utf-8")
    rows = [{"id": "s1", "question": "1 + 1?", "label": "2"}]
    assert list(load(find_task(str(path)), lines(tmp_path / "x.jsonl", *rows))) == [Question("s1", "1 + 1?", (), "2")]


PYTHON = """
from synth.questions.task import Question, Task


def read(row, number):
    return Question(number, row["q"], gold=row["a"]) if row["q"] else None


TASK = Task("mine", "own", "", "Answer.", "yes_no", read)
"""


def test_own_task_in_python(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(PYTHON, encoding="utf-8")
    source = lines(tmp_path / "x.jsonl", {"q": "Is ice cold?", "a": "Yes"}, {"q": "", "a": "no"})
    assert list(load(find_task(str(path)), source)) == [Question("1", "Is ice cold?", (), "yes")]
    with pytest.raises(SourceError, match="line 1 is not a row that mine reads: KeyError 'q'") as error:
        list(load(find_task(str(path)), lines(tmp_path / "y.jsonl", {"text": "Is ice cold?"})))
    message(error)


BAD_FILES = {
    "empty.toml": ("", "name is missing; instruction is missing; kind is missing"),
    "typo.toml": (TOML.replace("label =", "lable ="), "there is no lable: there are name, instruction"),
    "kind.toml": (TOML.replace('"option"', '"choice"'), "kind is 'choice': it can be number, option, yes_no, date"),
    "closing.toml": (TOML.replace("{answer}", "x"), "closing has to show where the answer stands"),
    "column.toml": (TOML.replace("answer = ", "anser = ", 1), r"\[columns\] has no anser"),
    "syntax.toml": ("name = ", "is not TOML"),
    "syntax.py": ("TASK = (", "does not run: SyntaxError"),
    "none.py": ("x = 1", r"has no TASK: end it with TASK = Task\("),
    "missing.toml": (None, "No such file"),
}


@pytest.mark.parametrize("file", BAD_FILES)
def test_own_task_that_cannot_be_read(file: str, tmp_path: Path) -> None:
    text, expected = BAD_FILES[file]
    if text is not None:
        (tmp_path / file).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=expected) as error:
        find_task(str(tmp_path / file))
    assert file in message(error)
