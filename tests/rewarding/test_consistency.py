"""Consistency: the two runs that one command makes each, their inputs, and label scores against a sum written out."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from training import dataset, facts, trained
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM, AutoTokenizer

from synth.data.names import RUN
from synth.errors import UsageError
from synth.record import Record
from synth.rewarding import kept, labels
from synth.rewarding.reward import find
from synth.training.forms import closed, label_of, labels_of, with_form
from synth.validating.checker import reader_of


def colour(number: int) -> Record:
    """A question whose answer only its rationale tells."""
    said = ("yes", "no")[number % 2]
    reason = f"Box {number} is {('red', 'blue')[number % 2]}."
    prompt = f"Question: Is box {number} red?\nAnswer:"
    return Record(f"c/{number}", "strategyqa", prompt, reason, said, f" {reason}\nSo the answer is {said}.", {})


ROWS = [colour(number) for number in range(24)]
FEW: dict[str, Any] = {"max_steps": 60, "batch_size": 8}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """runs/ir2o and runs/i2o, each by its preset."""
    folder = tmp_path_factory.mktemp("consistency")
    data = dataset(folder / "data", {"train": ROWS[:16], "validation": ROWS[16:]})
    for preset in ("ir2o", "i2o"):
        trained("t5", folder / "runs" / preset, [data], preset=f"mario-{preset}", **FEW)
    return folder / "runs"


def columns(rows: Sequence[Record]) -> dict[str, Any]:
    return {name: [getattr(row, key) for row in rows] for name, key in
            (("prompts", "prompt"), ("answer", "answer"), ("task", "task"))}  # fmt: skip


def gold(run: Path, prompt: str, answer: str, all_labels: Sequence[str], decoder: bool = False) -> float:
    """The probability of a label, one after the other, with nothing of the program but the model's files."""
    kind: Any = AutoModelForCausalLM if decoder else AutoModelForSeq2SeqLM
    model, tokenizer = kind.from_pretrained(run).eval(), AutoTokenizer.from_pretrained(run)
    means = []
    for label in all_labels:
        with torch.no_grad():
            if decoder:
                read = tokenizer(prompt)["input_ids"]
                said = [*tokenizer(f"\n{label}")["input_ids"], tokenizer.eos_token_id]
                logits = model(input_ids=torch.tensor([read + said])).logits[0, len(read) - 1 : -1]
            else:
                said = tokenizer(label)["input_ids"]
                read = tokenizer(prompt, return_tensors="pt")
                logits = model(**read, labels=torch.tensor([said])).logits[0]
        logs = logits.log_softmax(-1)
        means.append(sum(logs[at, token].item() for at, token in enumerate(said)) / len(said))
    return torch.tensor(means).softmax(0)[list(all_labels).index(answer)].item()


def test_presets_say_what_they_are(runs: Path) -> None:
    first, second = facts(runs / "ir2o"), facts(runs / "i2o")
    assert (first["target"], first["labels"], first["model"]) == ("label", ["no", "yes"], "from-scratch tiny")
    assert (first["config"]["form"], second["config"]["form"]) == ("question+rationale", "question")
    assert first["config"]["lr"] == 3e-3
    assert "explain Is box 0 red?: choice: no choice: yes" in (runs / "i2o" / "README.md").read_text()
    assert "Is box 0 red?: choice: no choice: yes explanation: Box 0 is red." in (runs / "ir2o/README.md").read_text()


def test_consistency_is_a_difference_of_label_probabilities(runs: Path) -> None:
    reward = find(f"consistency:{runs}/ir2o,{runs}/i2o")
    assert (reward.name, reward.least, reward.most) == ("consistency", -1.0, 1.0)
    assert reward.ready is not None
    reward.ready()
    rows = ROWS[16:]
    found = reward([row.completion for row in rows], **columns(rows))
    due = []
    for row in rows:
        asked = f"{row.prompt[10:-8]}: choice: no choice: yes"
        due.append(
            gold(runs / "ir2o", f"{asked} explanation: {row.rationale}", row.answer, ["no", "yes"])
            - gold(runs / "i2o", f"explain {asked}", row.answer, ["no", "yes"])
        )
    assert found == pytest.approx(due, abs=1e-5)
    wrong = [row.completion.replace("red.", "blue#").replace("blue.", "red.").replace("#", ".") for row in rows]
    lost = reward(wrong, **columns(rows))
    assert all(a > b for a, b in zip(found, lost, strict=True) if a is not None and b is not None)


def test_what_has_no_consistency(runs: Path) -> None:
    reward = find(f"consistency:{runs}/ir2o,{runs}/i2o")
    rows = [ROWS[0]] * 4
    said = [ROWS[0].completion, "So the answer is yes.", "", ROWS[0].completion]
    given = {**columns(rows), "answer": ["yes", "yes", "yes", None]}
    first, *none = reward(said, **given)
    assert first is not None
    assert none == [None] * 3
    other = {"prompts": ["How many?"], "answer": ["7"], "task": ["mine"], "kind": ["number"]}
    assert reward(["Some seven. The answer is 7."], **other) == [None]


def test_batches_and_memory_change_nothing(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reward = find(f"consistency:{runs}/ir2o,{runs}/i2o")
    long = [row.completion if at % 2 else f"{row.rationale * at} {row.completion}" for at, row in enumerate(ROWS)]
    found = reward(long, **columns(ROWS))
    kept.release(forget=True)
    monkeypatch.setattr(labels, "BATCH_TOKENS", 40)
    assert reward(long, **columns(ROWS)) == pytest.approx(found, abs=1e-5)
    alone = [reward([text], **columns([row]))[0] for text, row in zip(long, ROWS, strict=True)]
    assert alone == pytest.approx(found, abs=1e-5)


def test_decoders_learn_labels_too(tmp_path: Path) -> None:
    data = dataset(tmp_path / "data", {"train": ROWS})
    for name, form in (("a", "question+rationale"), ("b", "question")):
        trained("llama", tmp_path / name, [data], form=form, max_steps=20)
    reward = find(f"consistency:{tmp_path}/a,{tmp_path}/b")
    assert reward.name == "consistency-a-b"
    row = ROWS[3]
    asked = f"{row.prompt[10:-8]}: choice: no choice: yes"
    due = gold(tmp_path / "a", f"{asked} explanation: {row.rationale}", "no", ["no", "yes"], decoder=True) - gold(
        tmp_path / "b", f"explain {asked}", "no", ["no", "yes"], decoder=True
    )
    rows = [row, *ROWS[:5]]
    assert reward([row.completion for row in rows], **columns(rows))[0] == pytest.approx(due, abs=1e-5)


OPTIONS = {"options": ["water", "oil"]}


@pytest.mark.parametrize(
    ("task", "prompt", "answer", "meta", "asked", "label", "all_labels"),
    [
        ("strategyqa", "Question: Is ice cold?\nAnswer:", "yes", {}, "Is ice cold?: choice: no choice: yes", "yes",
         ("no", "yes")),
        ("quarel", "Question: Which burns?\nOptions: (A) water (B) oil\nAnswer:", "B", OPTIONS,
         "Which burns? choice: (A) water choice: (B) oil", "(B)", ("(A)", "(B)")),
        ("openbookqa", "Question: Which burns?\nOptions: (A) water (B) oil\nAnswer:", "B", {},
         "Which burns? choice: (A) water choice: (B) oil", "(B)", ("(A)", "(B)")),
        ("gsm8k", "Question: What is 2 + 2?\nAnswer:", "4", {}, "What is 2 + 2?", "4", ()),
        ("listops", "[MAX 3 4 ]", "4", {}, "[MAX 3 4 ]", "4", ()),
    ],
)  # fmt: skip
def test_forms_of_rows(
    task: str, prompt: str, answer: str, meta: Any, asked: str, label: str, all_labels: tuple[str, ...]
) -> None:
    record, reader = Record("1", task, prompt, "So it is.", answer, "", meta), reader_of(task, None)
    first = with_form(record, "question", reader, "")
    second = with_form(record, "question+rationale", reader, "So it is.")
    assert (first.prompt, first.completion, first.rationale) == (f"explain {asked}", label, "")
    assert (second.prompt, second.completion) == (f"{asked} explanation: So it is.", label)
    assert label_of(answer, record, reader) == label
    assert labels_of(record, reader) == all_labels


def test_numbers_as_words_are_twelve_options() -> None:
    record = Record("1", "numersense", "Sentence: A bird has <mask> legs.\nOptions: (A) no (B) zero\nAnswer:", "", "D",
                    "", {})  # fmt: skip
    reader = reader_of("numersense", None)
    assert len(labels_of(record, reader)) == 12
    asked = with_form(record, "question", reader, "")
    assert asked.prompt.startswith("explain A bird has <mask> legs. choice: (A) no choice: (B) zero choice: (C) one")
    assert asked.completion == "(D)"


def test_few_answers_are_a_set_of_labels(tmp_path: Path) -> None:
    rows = [Record(str(at), "mine", f"{at}?", "", str(at % 10), str(at % 10), {}) for at in range(40)]
    assert closed(rows) == [str(at) for at in range(10)]
    assert closed(rows[:20]) == closed(rows)
    assert closed(rows[:19]) is None
    many = [Record("", "", "", "", "", str(at), {}) for at in range(51)]
    assert closed(many * 4) is None
    assert len(closed(many[:50] * 4) or ()) == 50
    for name, form in (("a", "question+rationale"), ("b", "question")):
        told = [replace(row, rationale="So.", completion=f"So. The answer is {row.answer}.") for row in rows]
        data = dataset(tmp_path / f"data-{name}", {"train": told})
        trained("t5", tmp_path / name, [data], form=form, max_steps=2)
    given = {"prompts": ["3?"] * 2, "answer": ["3", "11"], "task": ["mine"] * 2, "kind": ["text"] * 2}
    known, unknown = find(f"consistency:{tmp_path}/a,{tmp_path}/b")(["So. The answer is 3."] * 2, **given)
    assert unknown is None
    due = [gold(tmp_path / name, prompt, "3", closed(rows) or ()) for name, prompt in
           (("a", "3? explanation: So."), ("b", "explain 3?"))]  # fmt: skip
    assert known == pytest.approx(due[0] - due[1], abs=1e-5)


def test_runs_that_cannot_be_taken_are_one_line(runs: Path, tmp_path: Path) -> None:
    plain = trained("t5", tmp_path / "plain", [dataset(tmp_path / "data", {"train": ROWS})], max_steps=1)
    (tmp_path / "half").mkdir()
    half = (runs / "i2o" / RUN).read_text().replace('"complete": true', '"complete": false')
    (tmp_path / "half" / RUN).write_text(half)
    wrong = {
        f"consistency:{tmp_path}/a,{tmp_path}/b": f"there is no run in {tmp_path}/a and {tmp_path}/b: make it with "
        f"synth train t5 --preset mario-ir2o --data FOLDER --out {tmp_path}/a and synth train t5 --preset mario-i2o",
        f"consistency:{runs}/i2o,{runs}/ir2o": f"{runs}/i2o learned with --form question: the first run of consist",
        f"consistency:{runs}/ir2o,{plain}": f"{plain} did not learn labels: the second run of consistency:IR2O,I2O",
        f"consistency:{runs}/ir2o,{tmp_path}/half": f"the training of {tmp_path}/half did not end: --resume",
    }
    for name, told in wrong.items():
        ready = find(name).ready
        assert ready is not None
        with pytest.raises(UsageError, match=re.escape(told)) as error:
            ready()
        assert "\n" not in str(error.value)
        with pytest.raises(UsageError, match=re.escape(told)):
            find(name)([ROWS[0].completion], **columns(ROWS[:1]))
    with pytest.raises(UsageError, match="give two run folders with a comma between, consistency:runs/ir2o,runs/i2o"):
        find("consistency:runs/ir2o")
