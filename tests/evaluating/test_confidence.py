"""The probability of an answer's tokens as a confidence: where answers stand, what is weighed, checkpoints."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import listops, make

from synth.evaluating.confidence import NONE, Answered, Local, chances_of, mean
from synth.evaluating.places import place_of, rivals
from synth.evaluating.prompts import Asking
from synth.models.generate import Checkpoint, Output
from synth.models.load import load
from synth.record import Record
from synth.validating.checker import Checker, as_reply, reader_of

COLOURS = ("red", "green", "blue")
OPTION = Checker(kind="option", options=COLOURS, reads=as_reply)
YES = Checker(kind="yes_no", reads=as_reply)
NUMBER = Checker(kind="number", reads=as_reply)


def row(answer: str = "B", prompt: str = "Which one?") -> Record:
    return Record("mine/1", "mine", prompt, "", answer, answer, {})


@pytest.mark.parametrize(
    ("reader", "text", "answer", "before", "words"),
    [
        (NUMBER, "16 - 3 - 4 = 9, and 9 * 2 = 18. The answer is $18.", "18", "The answer is $", "18"),
        (NUMBER, "The answer is 18. For 18 is 9 * 2.", "18", "The answer is ", "18"),
        (NUMBER, "The answer is 1,800.", "1800", "The answer is ", "1,800"),
        (NUMBER, "18", "18", "", "18"),
        (NUMBER, "5 pens. The answer is 5? No: 2 * 5 = 10. The answer is 10.", "10", "The answer is ", "10"),
        (NUMBER, "So it is \\boxed{18}.", "18", "So it is \\boxed{", "18"),
        (NUMBER, "The answer is eighteen.", "18", "The answer is ", "eighteen"),
        (OPTION, "A is not it. The answer is (B).", "B", "The answer is (", "B"),
        (OPTION, "Answer: b", "B", "Answer: ", "b"),
        (OPTION, "The answer is (A) red.", "A", "The answer is (", "A"),
        (OPTION, "A green one grows. The answer is green.", "B", "The answer is ", "green"),
        (YES, "Yes, at first. The answer is no.", "no", "The answer is ", "no"),
        (YES, "So the answer is True.", "yes", "So the answer is ", "True"),
        (reader_of("listops"), "MIN, compare [2 7], smallest is 2, answer is 2", "2", ", answer is ", "2"),
        (reader_of("2wiki"), "X was born in Rome. So the final answer is: Rome", "Rome", "final answer is: ", "Rome"),
    ],
)  # fmt: skip
def test_where_an_answer_stands(reader: Checker, text: str, answer: str, before: str, words: str) -> None:
    found = reader.read_output(row(), text).answer
    assert reader.agree(found, answer, reader.options_of(row()))
    said = place_of(reader, row(), text, str(found))
    assert said is not None
    assert said.words == words == text[said.start : said.end]
    assert text[: said.start].endswith(before)


@given(st.integers(-9999, 9999), st.sampled_from(["", "We have 3 * 4 = 12. ", "It is 7 or 8.\n"]))
def test_a_number_is_found_behind_its_closing_form(number: int, rationale: str) -> None:
    text = f"{rationale}The answer is {number}."
    said = place_of(NUMBER, row(), text, str(number))
    assert said is not None
    assert (said.words, said.start) == (str(number), len(text) - len(str(number)) - 1)


def test_answers_are_weighed_in_the_manner_in_which_they_were_said() -> None:
    assert rivals(OPTION, row(), "B", "B") == (["A", "B", "C"], 1)
    assert rivals(OPTION, row(), "b", "B") == (["a", "b", "c"], 1)
    assert rivals(OPTION, row(), "Green", "B") == (["red", "green", "blue"], 1)
    assert rivals(YES, row(), "No", "no") == (["Yes", "No"], 1)
    assert rivals(YES, row(), "TRUE", "yes") == (["TRUE", "FALSE"], 0)
    assert rivals(NUMBER, row(), "18", "18") is None
    labels = Checker(kind="text", options=("good", "bad"), reads=as_reply)
    assert rivals(labels, row(), "bad", "bad") == (["good", "bad"], 1)


def test_the_three_figures_by_hand() -> None:
    logs = [math.log(0.5), math.log(0.25)]
    assert chances_of(logs) == pytest.approx({"answer": 0.125, "answer_raw": 0.125, "answer_token": math.sqrt(0.125)})
    weighed = chances_of([math.log(0.3)], [math.log(0.1), math.log(0.3)])
    assert weighed == pytest.approx({"answer": 0.75, "answer_raw": 0.3, "answer_token": 0.3})
    assert mean([weighed, NONE]) == pytest.approx({"answer": 0.375, "answer_raw": 0.15, "answer_token": 0.15})
    assert mean([]) is None


@pytest.fixture(scope="module", params=["decoder", "encoder-decoder"])
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    pytest.importorskip("torch")
    folder = tmp_path_factory.mktemp("model") / "run"
    rows = [listops(1), row("B", "Which of (A) red (B) green (C) blue? Yes or no? The answer is 12, 345.")]
    return load(str(make(folder, rows, request.param == "decoder", steps=3)))


def by_itself(checkpoint: Checkpoint, prompt: str, before: str, text: str) -> list[float]:
    """The logarithms of the tokens of a text, of this one sequence without padding."""
    import torch

    def tokens(said: str) -> list[int]:
        return list(checkpoint.tokenizer(said, add_special_tokens=False)["input_ids"])

    whole, head = tokens(before + text), tokens(before.rstrip())
    assert whole[: len(head)] == head
    read = checkpoint.encode([prompt], chat=False)[0]
    if checkpoint.decoder:
        given: dict[str, Any] = {"input_ids": torch.tensor([read + whole])}
        at = len(read) - 1
    else:
        start = checkpoint.starts(1, None)
        assert start is not None
        given = {"input_ids": torch.tensor([read]), "decoder_input_ids": torch.tensor([start[0] + whole])}
        at = 0
    with torch.inference_mode():
        logits = checkpoint.model(**given).logits[0].double().log_softmax(dim=-1)
    return [float(logits[at + place, whole[place]]) for place in range(len(head), len(whole))]


def answered(reader: Checker, texts: list[str], prompt: str = "Which one?") -> Answered:
    record = row(prompt=prompt)
    outputs = [Output(text, 9, False) for text in texts]
    answers = [reader.read_output(record, text).answer for text in texts]
    answer, share = reader.majority(answers, reader.options_of(record))
    return Answered(record, reader, outputs, answers, answer, share)


def test_options_are_weighed_behind_the_models_own_rationale(checkpoint: Checkpoint) -> None:
    own = "So it is the green one, and not the red one. The answer is B."
    rows = [answered(OPTION, [own]), answered(OPTION, ["The answer is green."], "Which of these?")]
    found = Local(checkpoint, Asking(trained=True))(rows)
    for each, prompt, before, words in [
        (found[0], "Which one?", own.removesuffix("B."), ["A", "B", "C"]),
        (found[1], "Which of these?", "The answer is ", [*COLOURS]),
    ]:
        logs = [by_itself(checkpoint, prompt, before, word) for word in words]
        shares = [math.exp(sum(of)) for of in logs]
        assert each == pytest.approx(
            {
                "answer": shares[1] / sum(shares), "answer_raw": shares[1],
                "answer_token": math.exp(sum(logs[1]) / len(logs[1])),
            },
            rel=1e-4,
        )  # fmt: skip


def test_samples_are_put_together_behind_their_own_rationales(checkpoint: Checkpoint) -> None:
    texts = ["1 and 11. The answer is 12.", "No idea.", "It is 345. The answer is 345.", "The answer is 12."]
    (found,) = Local(checkpoint, Asking(trained=True))([answered(NUMBER, texts)])
    behind = [texts[0].removesuffix("12."), texts[2].removesuffix("345."), texts[3].removesuffix("12.")]
    logs = [by_itself(checkpoint, "Which one?", before, "12") for before in behind]
    assert found is not None
    assert found["answer"] == found["answer_raw"] == pytest.approx(sum(math.exp(sum(of)) for of in logs) / 4, rel=1e-4)
    assert found["answer_token"] == pytest.approx(sum(math.exp(sum(of) / len(of)) for of in logs) / 4, rel=1e-4)


def test_no_answer_is_no_confidence_at_all(checkpoint: Checkpoint) -> None:
    sure = Local(checkpoint, Asking(trained=True))
    assert sure([answered(NUMBER, ["No idea."]), answered(NUMBER, [])]) == [NONE, NONE]
    assert sure([]) == []


def test_batches_change_nothing(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    from synth.models import scoring

    rows = [
        answered(OPTION, [f"{'So it goes. ' * n}The answer is {'ABC'[n % 3]}."], "Which? " * (n + 1)) for n in range(7)
    ]
    sure = Local(checkpoint, Asking(trained=True))
    whole = sure(rows)
    for name in ("DECODER_TOKENS", "WRITTEN_TOKENS"):
        monkeypatch.setattr(scoring, name, 40)
    assert [each and each["answer"] for each in sure(rows)] == pytest.approx(
        [each and each["answer"] for each in whole]
    )
