"""Every task reads the rows of its own release and of the Hub: questions, answers, and the order of labels."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from task_rows import ASKED, COLUMNS, HUB_CHOICES, PAIR, PAPERS, STEM, read

from synth.questions.find import find_task
from synth.questions.loading import load

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

SOLVED = r"First $\boxed{2}$, and then $x \in \boxed{[0, 1)}$."
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
    ("math", {"problem": "Where?", "level": "Level 2", "type": "Algebra", "solution": SOLVED}, "Where?", "[0, 1)"),
    ("math", {"problem": "Where?", "solution": r"So $x = \boxed 7$."}, "Where?", "7"),
    (
        "math",
        {"problem": "Where?", "solution": "...", "answer": r"\frac{6}{4}", "unique_id": "test/1"},
        "Where?",
        "3/2",
    ),
    ("aime", {"id": 60, "problem": "How many?", "solution": "...", "answer": "025", "year": "2024"}, "How many?", "25"),
    ("aime", {"ID": "2024-I-4", "Problem": "How many?", "Solution": "...", "Answer": 25}, "How many?", "25"),
    ("aime", {"ID": "1983-1", "Year": 1983, "Question": "How many?", "Answer": "60", "Part": None}, "How many?", "60"),
    (
        "numina",
        {"problem": "Where?", "solution": "...", "answer": r"$(1, 2)$", "source": "olympiads"},
        "Where?",
        "(1, 2)",
    ),
    ("numina", {"source": "olympiads", "problem": "Where?", "solution": SOLVED, "messages": []}, "Where?", "[0, 1)"),
]


def test_rows_that_cannot_be_compared_are_left_out(tmp_path: Path) -> None:
    rows = [
        {"problem": "Show it.", "solution": "...", "answer": "proof", "question_type": "proof"},
        {"problem": "Why?", "solution": "...", "answer": "Because all of them are there."},
        {"problem": "Which?", "solution": "...", "answer": "A", "question_type": "MCQ"},
        {"problem": "Faulty.", "solution": "...", "answer": "7", "problem_is_valid": "Incomplete"},
        {"problem": "Unsolved.", "solution": "...", "answer": "notfound"},
        {"problem": "Good.", "solution": "...", "answer": "7", "problem_is_valid": "Yes", "solution_is_valid": "Yes"},
    ]
    assert [question.text for question in read("numina", tmp_path / "x.jsonl", *rows)] == ["Good."]
    unsolved = [{"problem": "Open.", "solution": "Nobody knows."}, {"problem": "Where?", "solution": SOLVED}]
    assert [question.text for question in read("math", tmp_path / "y.jsonl", *unsolved)] == ["Where?"]


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
