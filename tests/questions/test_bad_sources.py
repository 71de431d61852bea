"""One line for every task, row and source that cannot be read."""

import json
from pathlib import Path

import pytest
from task_rows import HUB_CHOICES, STEM, message

from synth.errors import SourceError, UnknownNameError, UsageError
from synth.questions.find import find_task
from synth.questions.loading import load
from synth.questions.prompts import prompt
from synth.questions.task import Question, Task


def test_unknown_task_names_the_closest() -> None:
    with pytest.raises(UnknownNameError, match=r"no task is called 'gsm8': .*did you mean 'gsm8k'") as error:
        find_task("gsm8")
    message(error)
    with pytest.raises(UnknownNameError, match="no length is called 'long'"):
        prompt(find_task("gsm8k"), Question("1", "Sum?"), length="long")
    with pytest.raises(UsageError, match="question 1 of gsm8k has no known answer"):
        prompt(find_task("gsm8k"), Question("1", "Sum?"), hint=True)


BAD_ROWS = {
    "columns": ("gsm8k", '{"id": "1", "question": "Sum?", "solution": 3}\n', "x.jsonl line 1 lacks answer; it has id"),
    "both": ("sst2", '{"id": "1"}\n', "line 1 lacks sentence, label; it has id"),
    "line": ("gsm8k", '{"question": "Sum?", "answer": "3"}\n{"question": \n', "x.jsonl line 2 cannot be read"),
    "first": ("gsm8k", '{"question"\n{"question": "Sum?", "answer": "3"}\n', "x.jsonl line 1 cannot be read"),
    "row": ("gsm8k", '{"question": "Sum?", "answer": "3"}\n[1, 2]\n', "line 2 is not an object with columns"),
    "option": (
        "anli",
        '{"id": "q9", "question": "P", "label": "maybe"}\n',
        r"question q9 is 'maybe', not \(A\) Entailment \(B\) Contradiction \(C\) Neutral",
    ),
    "letter": ("arc_easy", json.dumps({**STEM, "answerKey": "E"}), r"question x7 is 'E', not \(A\) ash \(B\) oak"),
    "number": ("gsm8k", '{"question": "Sum?", "answer": "#### many"}\n', "question 1 is 'many', not a number"),
    "yes_no": ("coin_flip", '{"question": "Heads?", "answer": "perhaps"}\n', "'perhaps', not yes or no"),
    "no options": ("qasc", '{"id": "3", "question": "Which?", "label": "A"}\n', "question 3 has no options"),
    "shape": (
        "qasc",
        json.dumps({**HUB_CHOICES, "choices": 3}),
        "line 1 has '3' in its column 'choices': options are a list",
    ),
    "empty": ("gsm8k", "", "holds no question of gsm8k"),
}


@pytest.mark.parametrize("case", BAD_ROWS)
def test_bad_rows_are_one_line_that_says_where(case: str, tmp_path: Path) -> None:
    name, content, expected = BAD_ROWS[case]
    path = tmp_path / "x.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SourceError, match=expected) as error:
        list(load(find_task(name), str(path)))
    assert message(error).startswith(str(path))


BAD_SOURCES = {
    "x.tsv": ("id\tquestion\tlabel\n1\tSum?\n", "x.tsv line 2 has 2 columns, the others have 3"),
    "x.csv": ('id,question,label\n1,"Sum?,3\n', "x.csv line 2 cannot be read"),
    "x.json": ('[\n{"question": "Sum?", "label": 3},\n{"question" 3}\n]', "x.json line 3 cannot be read"),
    "x.parquet": ("PAR2", "x.parquet cannot be read"),
    "x.xml": ("<a><b></a>", "x.xml line 1 cannot be read"),
    "x.docx": ("", "x.docx cannot be read by its name: there can be .jsonl, .json"),
}


@pytest.mark.parametrize("file", BAD_SOURCES)
def test_bad_sources(file: str, tmp_path: Path) -> None:
    content, expected = BAD_SOURCES[file]
    (tmp_path / file).write_text(content, encoding="utf-8")
    with pytest.raises(SourceError, match=expected) as error:
        list(load(find_task("gsm8k"), str(tmp_path / file)))
    message(error)


def test_source_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is not there: give a file, a folder, hub, or org/name"):
        list(load(find_task("gsm8k"), str(tmp_path / "none.jsonl")))
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="holds no file that can be read"):
        list(load(find_task("gsm8k"), str(tmp_path / "empty")))
    own = Task("t", "own", "", "Do it.", "text", lambda row, number: None)
    with pytest.raises(SourceError, match="names no dataset on the Hub"):
        list(load(own, "hub"))
