"""Every task: its prompt, its label order, the rows of its own release and of the Hub, the plain layout, bad input."""

import hashlib
import json
import os
import re
import string
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from synth.errors import SourceError, SynthError, UnknownNameError, UsageError
from synth.questions.find import find_task, task_names
from synth.questions.loading import load
from synth.questions.prompts import LENGTHS, messages, options_line, prompt
from synth.questions.task import Question, Task

RAFT = {
    "math": ["gsm8k", "svamp", "asdiv", "multiarith"],
    "common sense": ["arc_easy", "arc_challenge", "commonsenseqa", "creak"],
    "sentiment": ["cr", "sst2"],
    "topic": ["trec", "agnews"],
    "paraphrase": ["paws", "qqp"],
    "inference": ["commitmentbank", "anli"],
    "word sense": ["wic"],
    "coreference": ["winogrande"],
    "fit check": ["subj", "coin_flip"],
}
FAMILIES = {**RAFT, "MaRio": ["strategyqa", "quarel", "openbookqa", "numersense", "qasc"]}
PAPERS = [name for names in FAMILIES.values() for name in names]

# What each number of the Hub's label column stands for, as their dataset cards say (nyu-mll/glue, CogComp/trec,
# fancyzhx/ag_news, google-research-datasets/paws, aps/super_glue), TensorFlow's catalog for facebook/anli, and users of
# SetFit/SentEval-CR and SetFit/subj. Wrong data comes from here more often than from anywhere else.
LABEL_ORDER = {
    "sst2": ("label", ["negative", "positive"]),
    "cr": ("label", ["negative", "positive"]),
    "trec": (
        "coarse_label",
        ["Abbreviation", "Entity", "Description and abstract concept", "Human being", "Location", "Numeric value"],
    ),
    "agnews": ("label", ["World", "Sports", "Business", "Science and Technology"]),
    "paws": ("label", ["Different", "Same"]),
    "qqp": ("label", ["Different", "Same"]),
    "commitmentbank": ("label", ["Entailment", "Contradiction", "Neutral"]),
    "anli": ("label", ["Entailment", "Neutral", "Contradiction"]),
    "wic": ("label", ["Different", "Same"]),
    "subj": ("label", ["Objective", "Subjective"]),
    "quarel": ("answer_index", ["this", "that"]),
}

CHOICES = [{"label": "A", "text": "ash"}, {"label": "B", "text": "oak"}]
STEM = {"id": "x7", "question": {"stem": "Which?", "choices": CHOICES}, "answerKey": "B"}
COLUMNS = {"label": ["A", "B"], "text": ["ash", "oak"]}
HUB_CHOICES = {"id": "x7", "question": "Which?", "choices": COLUMNS, "answerKey": "B"}
PAIR = {"sentence1": "One.", "sentence2": "Two."}
ASKED = {"question1": "One?", "question2": "Two?"}

# Rows in the shape of each release and of the Hub, all made up: what the question and the right answer must become.
ROWS: list[tuple[str, dict[str, Any], str, str | None]] = [
    ("gsm8k", {"question": "How many?", "answer": "6 * 180 = <<6*180=1080>>1,080\n#### 1,080"}, "How many?", "1080"),
    ("gsm8k", {"question": "How many?", "answer": "#### -3"}, "How many?", "-3"),
    ("svamp", {"ID": "c-1", "Body": "Two cats.", "Question": "Legs?", "Answer": 8.0}, "Two cats. Legs?", "8"),
    ("asdiv", {"ID": "n1", "Body": "A pie.", "Question": "Price?", "Answer": "9 (dollars)"}, "A pie. Price?", "9"),
    ("asdiv", {"body": "A pie.", "question": "Price?", "answer": "2.5 (dollars)"}, "A pie. Price?", "2.5"),
    ("asdiv", {"id": "n1", "question": "Price?", "result": "9"}, "Price?", "9"),
    ("multiarith", {"iIndex": 3, "sQuestion": " Sum? ", "lEquations": [], "lSolutions": [12.0]}, "Sum?", "12"),
    ("multiarith", {"question": " Sum? ", "final_ans": "12"}, "Sum?", "12"),
    ("arc_easy", STEM, "Which?", "B"),
    ("arc_easy", HUB_CHOICES, "Which?", "B"),
    ("arc_challenge", {**STEM, "answerKey": "A"}, "Which?", "A"),
    (
        "arc_challenge",
        {**HUB_CHOICES, "choices": {"label": ["1", "2"], "text": ["ash", "oak"]}, "answerKey": "2"},
        "Which?",
        "B",
    ),
    ("commonsenseqa", STEM, "Which?", "B"),
    ("commonsenseqa", {**HUB_CHOICES, "answerKey": ""}, "Which?", None),
    ("creak", {"ex_id": "t1", "sentence": "Ice is hot.", "label": "false"}, "Ice is hot.", "A"),
    ("creak", {"sentence": "Ice is cold.", "label": "true"}, "Ice is cold.", "B"),
    ("sst2", {"sentence": "dull", "label": "0", "idx": 1}, "dull", "B"),
    ("sst2", {"sentence": "kept back", "label": -1, "idx": 1}, "kept back", None),
    ("cr", {"line": "it broke", "file": "custrev.neg"}, "it broke", "B"),
    ("cr", {"text": "works well", "label": 1, "label_text": "positive"}, "works well", "A"),
    ("trec", {"line": "LOC:city Where ?", "file": "train_5500.label"}, "Where ?", "E"),
    ("trec", {"text": "Where ?", "coarse_label": 4, "fine_label": 32}, "Where ?", "E"),
    ("agnews", {"class": "4", "title": "New chip.", "description": "It is small."}, "New chip. It is small.", "D"),
    ("agnews", {"text": "New chip. It is small.", "label": 3}, "New chip. It is small.", "D"),
    ("paws", {"id": "1", **PAIR, "label": "1"}, "One.\nSentence2: Two.", "B"),
    ("qqp", {"id": "1", "qid1": "2", "qid2": "3", **ASKED, "is_duplicate": "1"}, "One?\nSentence2: Two?", "B"),
    ("qqp", {**ASKED, "label": 0, "idx": 5}, "One?\nSentence2: Two?", "A"),
    (
        "commitmentbank",
        {"premise": "P.", "hypothesis": "H", "label": "contradiction", "idx": 3},
        "P.\nHypothesis: H",
        "B",
    ),
    ("anli", {"uid": "u", "context": "C.", "hypothesis": "H.", "label": "n"}, "C.\nHypothesis: H.", "C"),
    ("anli", {"uid": "u", "premise": "C.", "hypothesis": "H.", "label": 2}, "C.\nHypothesis: H.", "B"),
    ("wic", {"word": "bat", **PAIR, "label": True, "idx": 0}, "bat\nSentence1: One.\nSentence2: Two.", "B"),
    (
        "winogrande",
        {"qID": "q-1", "sentence": "The _ fell.", "option1": "ash", "option2": "oak", "answer": "2"},
        "The _ fell.",
        "B",
    ),
    ("subj", {"line": "i liked it .", "file": "quote.tok.gt9.5000"}, "i liked it .", "B"),
    ("subj", {"line": "he leaves town .", "file": "plot.tok.gt9.5000"}, "he leaves town .", "A"),
    ("subj", {"text": "he leaves town .", "label": 0, "label_text": "objective"}, "he leaves town .", "A"),
    ("coin_flip", {"question": "Heads up?", "answer": "no"}, "Heads up?", "no"),
    ("coin_flip", {"inputs": "Heads up?", "targets": "yes"}, "Heads up?", "yes"),
    ("strategyqa", {"qid": "q", "question": "Is ice hot?", "answer": False, "facts": []}, "Is ice hot?", "no"),
    ("strategyqa", {"question": "Is ice hot?", "rationale": "It is cold.", "answer": "no"}, "Is ice hot?", "no"),
    ("quarel", {"id": "Q", "question": "Which? (A) this or (B) that.", "answer_index": 1}, "Which?", "B"),
    ("quarel", {"question": "Which? (A) this (B) that", "gold_label": "(b)", "predicted_label": ""}, "Which?", "B"),
    ("openbookqa", STEM, "Which?", "B"),
    ("openbookqa", {"id": "7", "question_stem": "Which?", "choices": COLUMNS, "answerKey": "A"}, "Which?", "A"),
    ("openbookqa", {"question": "Which? (A) this (B) that", "rationale": "", "answer": "(A)"}, "Which?", "A"),
    ("numersense", {"sentence": "Cats have <mask> legs.", "target": "four"}, "Cats have <mask> legs.", "F"),
    ("numersense", {"sentence": "Cats have <mask> legs.", "target": ""}, "Cats have <mask> legs.", None),
    ("qasc", STEM, "Which?", "B"),
    ("qasc", HUB_CHOICES, "Which?", "B"),
]


def lines(path: Path, *rows: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def read(name: str, path: Path, *rows: dict[str, Any]) -> list[Question]:
    return list(load(find_task(name), lines(path, *rows)))


def message(error: "pytest.ExceptionInfo[SynthError]") -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


@pytest.fixture(params=PAPERS)
def task(request: pytest.FixtureRequest) -> Task:
    return find_task(request.param)


def test_all_tasks_of_both_papers_are_there() -> None:
    families: dict[str, list[str]] = {}
    for name in task_names():
        families.setdefault(find_task(name).family, []).append(name)
    assert families == FAMILIES
    assert (sum(map(len, RAFT.values())), len(PAPERS)) == (20, 25)


def test_prompt_is_instruction_closing_form_question_options_and_trigger(task: Task) -> None:
    question = task.example
    assert question is not None
    text = prompt(task, question)
    closing = "So the answer is X." if task.family == "MaRio" else "The answer is x."
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


@pytest.mark.parametrize(("name", "row", "text", "gold"), ROWS)
def test_release_row(name: str, row: dict[str, Any], text: str, gold: str | None, tmp_path: Path) -> None:
    (question,) = read(name, tmp_path / "x.jsonl", row)
    assert (question.text, question.gold) == (text, gold)


def test_every_task_has_a_release_row() -> None:
    assert {name for name, *_ in ROWS} == set(PAPERS)


@pytest.mark.parametrize("name", LABEL_ORDER)
def test_label_order(name: str, tmp_path: Path) -> None:
    column, names = LABEL_ORDER[name]
    texts = ["text", "sentence", "question1", "question2", "sentence1", "sentence2", "premise", "hypothesis", "word"]
    row = {**dict.fromkeys(texts, "x"), "question": "Which? (A) this (B) that"}
    for number, expected in enumerate(names):
        (question,) = read(name, tmp_path / "x.jsonl", {**row, column: number})
        assert question.options["ABCDEF".index(str(question.gold))] == expected


def test_ids_come_from_the_source_and_repeated_ones_get_a_number(tmp_path: Path) -> None:
    rows = [{"id": name, "question": "Sum?", "label": "1"} for name in ("a", "a", "a-2", "a", "b")]
    assert [q.id for q in read("gsm8k", tmp_path / "x.jsonl", *rows)] == ["a", "a-2", "a-2-2", "a-3", "b"]


def test_asdiv_leaves_out_answers_that_are_not_one_number(tmp_path: Path) -> None:
    answers = ["9 (pies)", "3:2", "8 (red); 4 (blue)", "7:30 PM", "1,200 (km)"]
    rows = [{"body": "B.", "question": "Q?", "answer": answer} for answer in answers]
    assert [q.gold for q in read("asdiv", tmp_path / "x.jsonl", *rows)] == ["9", "1200"]


FILES = {
    "x.json": '[{"id": "1", "question": "Sum?", "label": 7}, {"id": "2", "question": "Sum?", "label": 8}]',
    "pretty.json": '[\n{"id": "1",\n"question": "Sum?", "label": 7},\n{"id": "2", "question": "Sum?", "label": 8}\n]',
    "keys.jsonl": '{"1": {"question": "Sum?", "label": 7}, "2": {"question": "Sum?", "label": 8}}',
    "examples.json": '{"examples": [{"id": "1", "question": "Sum?", "label": 7}, {"question": "Sum?", "label": 8}]}',
    "lines.json": '\ufeff{"id": "1", "question": "Sum?", "label": 7}\n\n{"id": "2", "question": "Sum?", "label": 8}\n',
    "x.tsv": 'id\tquestion\tlabel\n1\tSum?\t7\n2\t"Sum\t8\n',
    "x.csv": 'id,question,label\n1,"Sum, say?",7\n2,Sum?,8\n',
}


@pytest.mark.parametrize("file", FILES)
def test_formats_by_the_name_of_the_file(file: str, tmp_path: Path) -> None:
    path = tmp_path / file
    path.write_text(FILES[file], encoding="utf-8")
    questions = list(load(find_task("gsm8k"), str(path)))
    assert [(q.id, q.gold) for q in questions] == [("1", "7"), ("2", "8")]


def test_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist([HUB_CHOICES]), tmp_path / "x.parquet")
    (question,) = load(find_task("qasc"), str(tmp_path / "x.parquet"))
    assert question == Question("x7", "Which?", ("ash", "oak"), "B")


def test_files_without_a_line_of_names(tmp_path: Path) -> None:
    (tmp_path / "n.tsv").write_text("Cats have <mask> legs.\tfour\n", encoding="utf-8")
    (tmp_path / "a.csv").write_text('"2","Late ""goal""","A win, at last."\n', encoding="utf-8")
    assert [q.gold for q in load(find_task("numersense"), str(tmp_path / "n.tsv"))] == ["F"]
    (news,) = load(find_task("agnews"), str(tmp_path / "a.csv"))
    assert (news.text, news.gold) == ('Late "goal" A win, at last.', "B")


def test_releases_in_plain_text_and_xml(tmp_path: Path) -> None:
    (tmp_path / "train_5500.label").write_bytes("ENTY:food What is br\xfbl\xe9e ?\nNUM:date When ?\n".encode("latin-1"))
    assert [q.text for q in load(find_task("trec"), str(tmp_path))] == ["What is br\xfbl\xe9e ?", "When ?"]
    films = tmp_path / "films"
    films.mkdir()
    (films / "quote.tok.gt9.5000").write_text("i liked it .\n", encoding="utf-8")
    (films / "plot.tok.gt9.5000").write_text("he leaves .\n", encoding="utf-8")
    (films / "README").write_text("about\n", encoding="utf-8")
    assert [(q.id, q.gold) for q in load(find_task("subj"), str(films))] == [("1", "A"), ("1-2", "B")]
    problem = (
        '<Problem ID="n1" Grade="1"><Body>A pie.</Body><Question>Price?</Question><Answer>9 (cents)</Answer></Problem>'
    )
    (tmp_path / "ASDiv.xml").write_text(f"<Machine><ProblemSet>{problem}</ProblemSet></Machine>", encoding="utf-8")
    assert list(load(find_task("asdiv"), str(tmp_path / "ASDiv.xml"))) == [Question("n1", "A pie. Price?", (), "9")]


def test_splits_of_a_folder(tmp_path: Path) -> None:
    for name, label in (("R1/train", 1), ("R2/train", 2), ("R1/dev", 3), ("R1/test", 4)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        lines(tmp_path / f"{name}.jsonl", {"question": "Sum?", "label": label})
    gsm8k = find_task("gsm8k")
    assert [q.gold for q in load(gsm8k, str(tmp_path))] == ["1", "2"]
    assert [q.gold for q in load(gsm8k, str(tmp_path), "validation")] == ["3"]
    assert [q.gold for q in load(gsm8k, str(tmp_path), "test")] == ["4"]
    with pytest.raises(SourceError, match="no file named for the split 'extra': it has R1") as error:
        list(load(gsm8k, str(tmp_path), "extra"))
    message(error)


REAL = {
    "gsm8k/dev_rand_split.jsonl": ("gsm8k", 1319),
    "gsm8k/train_rand_split.first2000.jsonl": ("gsm8k", 2000),
    "commonsenseqa/dev_rand_split.jsonl": ("commonsenseqa", 1221),
    "commonsenseqa/train_rand_split.first2000.jsonl": ("commonsenseqa", 2000),
    "mario/strategyqa/gpt3/train_gpt3_responses.jsonl": ("strategyqa", 8240),
    "mario/strategyqa/gpt3/test_gpt3_responses.jsonl": ("strategyqa", 458),
    "mario/strategyqa/flant5/test_flant5large_responses.jsonl": ("strategyqa", 458),
    "mario/strategyqa/flant5/test_flant5xxl_responses.jsonl": ("strategyqa", 458),
    "mario/strategyqa/llama/llama-7b_strategyqa_test_output.jsonl": ("strategyqa", 458),
    "mario/strategyqa/llama/llama-65b_strategyqa_test_output.jsonl": ("strategyqa", 458),
    "mario/strategyqa/raw/train.jsonl": ("strategyqa", 5492),
    "mario/strategyqa/raw/dev.jsonl": ("strategyqa", 184),
    "mario/strategyqa/raw/test.jsonl": ("strategyqa", 458),
    "mario/quarel/gpt3/train_gpt3_responses.first6955.jsonl": ("quarel", 6955),
    "mario/quarel/gpt3/test_gpt3_responses.jsonl": ("quarel", 552),
    "mario/quarel/flant5/test_flant5large_responses.jsonl": ("quarel", 552),
    "mario/quarel/flant5/test_flant5xxl_responses.jsonl": ("quarel", 552),
    "mario/quarel/llama/llama-65b_quarel_test_output.jsonl": ("quarel", 552),
    "mario/quarel/raw/train.first7669.jsonl": ("quarel", 7669),
    "mario/quarel/raw/dev.jsonl": ("quarel", 278),
    "mario/quarel/raw/test.jsonl": ("quarel", 552),
}
GOLD = {"number": r"-?\d+(\.\d+)?", "option": "[A-E]", "yes_no": "yes|no"}


@pytest.mark.parametrize("file", REAL)
def test_real_files(shared_data: Path, file: str) -> None:
    name, count = REAL[file]
    task = find_task(name)
    questions = list(load(task, str(shared_data / file)))
    assert len(questions) == len({q.id for q in questions}) == count
    assert all(re.fullmatch(GOLD[task.kind], str(q.gold)) for q in questions)
    assert all(q.text and all(q.options) and "(A)" not in q.text for q in questions)
    assert {len(q.options) for q in questions} == {{"commonsenseqa": 5, "quarel": 2}.get(name, 0)}


def test_real_answers_are_the_source_s(shared_data: Path) -> None:
    path = shared_data / "mario/quarel/raw/test.jsonl"
    rows = json.loads(path.read_text(encoding="utf-8"))
    golds = {q.id: q.gold for q in load(find_task("quarel"), str(path))}
    assert golds == {key: row["answer"].strip("()") for key, row in rows.items()}
    path = shared_data / "commonsenseqa/dev_rand_split.jsonl"
    keys = Counter(json.loads(line)["answerKey"] for line in path.read_text(encoding="utf-8").splitlines())
    assert Counter(q.gold for q in load(find_task("commonsenseqa"), str(path))) == keys


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
    "none.py": ("x = 1", "holds no task"),
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
    "shape": ("qasc", json.dumps({**HUB_CHOICES, "choices": 3}), "line 1 is not a row that qasc reads"),
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


def test_options_line_and_its_hint() -> None:
    assert options_line(("Yes", "No")) == "(A) Yes (B) No"
    assert options_line(("Yes", "No"), "B") == "(A) Yes (B) No (CORRECT)"


class LoopbackHub(BaseHTTPRequestHandler):
    """As much of the Hub as a download asks for: the Parquet copies of one dataset with three splits."""

    files: dict[str, bytes] = {}  # noqa: RUF012

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        status, content = 404, b"{}"
        names = [name for name in self.files if self.path.endswith(f"/{name}")]
        if "/me/sums" in self.path and "/revision/" in self.path:
            siblings = [{"rfilename": name} for name in self.files]
            status, content = 200, json.dumps({"id": "me/sums", "sha": "a" * 40, "siblings": siblings}).encode()
        elif "/me/sums" in self.path and "/tree/" in self.path:
            tree = [{"type": "file", "path": n, "oid": "b" * 40, "size": len(c)} for n, c in self.files.items()]
            status, content = 200, json.dumps(tree).encode()
        elif names:
            status, content = 200, self.files[names[0]]
        self.send_response(status)
        self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", "a" * 40)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for number, split in enumerate(("train_r1", "train_r2", "test"), start=1):
        path = tmp_path / "x.parquet"
        pq.write_table(pa.table({"question": ["Sum?"], "label": [str(number)]}), path)
        LoopbackHub.files[f"plain/{split}/0000.parquet"] = path.read_bytes()
    server = ThreadingHTTPServer(("127.0.0.1", 0), LoopbackHub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


FROM_HUB = """
import sys
from synth.errors import SourceError
from synth.questions import load
from synth.questions.task import Hub, Task
from synth.questions.layouts import PLAIN, Reader

there = Hub("me/sums", "plain", {"train": "train_r1+train_r2", "test": "test"})
task = Task("sums", "own", "", "Add.", "number", Reader(PLAIN), hub=there)
try:
    print(*(f"{question.id} {question.gold}" for question in load(task, sys.argv[1], sys.argv[2] or None)), sep=", ")
except SourceError as error:
    print(error)
"""


def from_hub(endpoint: str, home: Path, source: str, split: str, **more: str) -> str:
    env = {**os.environ, "HF_ENDPOINT": endpoint, "HF_HOME": str(home), **more}
    command = [sys.executable, "-c", FROM_HUB, source, split]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=True)
    assert done.stderr == ""
    return done.stdout.strip()


def test_questions_from_the_hub(hub: str, tmp_path: Path) -> None:
    assert from_hub(hub, tmp_path, "hub", "") == "1 1, 1-2 2"
    assert from_hub(hub, tmp_path, "me/sums/plain", "test") == "1 3"
    assert from_hub(hub, tmp_path, "hub", "", HF_HUB_OFFLINE="1") == "1 1, 1-2 2"
    missing = from_hub(hub, tmp_path, "me/sums", "dev")
    assert missing.startswith("me/sums has no plain/dev/*.parquet on the Hub; it has plain/test, plain/train_r1, ")
    assert from_hub(hub, tmp_path, "no/such", "").startswith("no/such cannot be had from the Hub: download it from")


def test_without_a_network_one_line_says_how_to_give_a_file(tmp_path: Path) -> None:
    said = from_hub("http://127.0.0.1:9", tmp_path, "hub", "")
    assert "give the file or folder instead" in said
    assert "\n" not in said
