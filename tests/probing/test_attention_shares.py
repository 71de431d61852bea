"""Parts of prompts, steps of outputs, and shares of attention, against numbers worked out by hand."""

import pytest

torch = pytest.importorskip("torch")

from synth.probing import parts, shares  # noqa: E402
from synth.probing.parts import Written  # noqa: E402
from synth.record import Record  # noqa: E402
from synth.validating.checker import UNKNOWN, Checker, Part, find, reader_of  # noqa: E402


def test_other_prompts_are_a_question_all_through() -> None:
    for checker in (UNKNOWN, reader_of("gsm8k"), find("2wiki")):
        assert checker is not None
        assert list(checker.parts_of("How many?")) == [Part("question", 0, 9)]
    moved = parts.shifted(UNKNOWN, ["not there", "How many?"], "Do it.\n\nHow many?\n\nSteps.")
    assert moved == [Part("question", 8, 17)]
    assert parts.shifted(UNKNOWN, ["nowhere"], "abc") == [Part("question", 0, 3)]


def test_steps_are_found_whatever_stands_for_a_line_break() -> None:
    text = " Yes. Follow up: a? Intermediate answer: b Follow up: c? Intermediate answer: b So: b"
    steps = ["Follow up: a?\nIntermediate answer: b", "Follow up: c?\nIntermediate answer: b"]
    starts, close = parts.places(text, steps)
    assert [text[at : at + 12] for at in starts] == ["Follow up: a", "Follow up: c"]
    assert text[close:] == " So: b"
    assert parts.places("42", []) == ([], 0)
    assert parts.places("42", ["not there"]) == ([], 0)


ROW = Record("1", "sums", "1 + 2", "a;b", "3", "a;b=3", {})


class Letters:
    """A tokenizer whose tokens are letters; 0 and 1 stand for no text."""

    is_fast = False

    def decode(self, ids: list[int], **_: object) -> str:
        return "".join(chr(token) for token in ids if token > 1)

    def batch_decode(self, lists: list[list[int]], **_: object) -> list[str]:
        return [self.decode(ids) for ids in lists]


def test_each_token_of_a_prompt_has_its_part() -> None:
    ids = [0, *map(ord, "abcd"), 1]
    named = parts.of_prompt(Letters(), ids, "abcd", [Part("facts", 0, 2), Part("question", 3, 4)], special=True)
    assert named == ["first token", "facts", "facts", "rest", "question", "special tokens"]


def test_each_token_of_an_output_has_its_step() -> None:
    checker = Checker(kind="number", closing="={answer}", step_break=";")
    text = "-a;b=3"
    written = parts.of_output(Letters(), [*map(ord, text), 1], checker, ROW, text)
    assert written == Written([0, 0, 0, 1, 2, 2, 2], 2)
    assert parts.of_output(Letters(), [ord("3"), 1], checker, ROW, "3") == Written([0, 0], 0)


def test_shares_of_a_decoder_by_hand() -> None:
    # read: first token, a token of the facts; written: two tokens of step 1, one of step 2, one that closes
    columns = shares.Columns(["first token", "facts"], Written([0, 0, 1, 2], 2))
    weights = torch.tensor([[
        [0.5, 0.5, 0.0, 0.0, 0.0],
        [0.2, 0.3, 0.5, 0.0, 0.0],
        [0.1, 0.2, 0.3, 0.4, 0.0],
        [0.1, 0.1, 0.2, 0.2, 0.4],
    ]])  # fmt: skip
    found = columns.shares(weights)
    assert columns.parts == ["first token", "facts", "earlier steps", "this step", "closing"]
    wanted = torch.tensor([[[0.5, 0.5, 0, 0, 0], [0.2, 0.3, 0, 0.5, 0], [0.1, 0.2, 0.7, 0, 0], [0.1, 0.1, 0.8, 0, 0]]])
    assert torch.allclose(found, wanted)
    assert torch.allclose(found.sum(dim=-1), torch.ones(1, 4))
    uniform = columns.shares(columns.uniform())[0]
    assert torch.allclose(uniform[0], torch.tensor([1 / 2, 1 / 2, 0, 0, 0]))
    assert torch.allclose(uniform[3], torch.tensor([1 / 5, 1 / 5, 3 / 5, 0, 0]))
    steps = shares.by_step(found[0], columns.written)
    assert [None if step is None else [round(x, 6) for x in step] for step in steps] == [
        [0.35, 0.4, 0, 0.25, 0], [0.1, 0.2, 0.7, 0, 0], [0.1, 0.1, 0.8, 0, 0],
    ]  # fmt: skip


def test_what_closes_reads_its_own_closing_and_a_step_without_tokens_has_no_share() -> None:
    columns = shares.Columns(["first token"], Written([0, 2, 2], 2))
    found = columns.shares(torch.tensor([[[1.0, 0, 0], [0.4, 0.6, 0], [0.2, 0.3, 0.5]]]))
    assert torch.allclose(found[0, 2], torch.tensor([0.2, 0.3, 0.0, 0.5]))
    assert shares.by_step(found[0], columns.written)[1] is None


def test_cross_attention_has_the_parts_of_the_prompt_alone() -> None:
    columns = shares.Columns(["first token", "facts", "facts", "question"], Written([0, 0], 0), own=False)
    found = columns.shares(
        torch.tensor([[[0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]], [[1.0, 0, 0, 0], [0, 0, 0, 1.0]]])
    )
    assert columns.parts == ["first token", "facts", "question"]
    assert torch.allclose(found[0], torch.tensor([[0.1, 0.5, 0.4], [0.4, 0.5, 0.1]]))
    assert torch.allclose(columns.shares(columns.uniform())[0, 0], torch.tensor([0.25, 0.5, 0.25]))
