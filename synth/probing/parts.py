"""Which part of a prompt, and which step of an output, each token stands in.

The parts of a prompt are those that the checker of its dataset names (facts, question, exemplars), and

    first token     what a row begins with, whatever it is: models rest there when they look at nothing (Xiao et al.
                    2024, "Efficient Streaming Language Models with Attention Sinks")
    special tokens  others that stand for no text: the end token of an encoder's prompt, control tokens
    rest            text of the prompt that is none of the named parts: Question:, an instruction

A token stands where its last character does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from synth.record import Record
from synth.training import targets
from synth.validating.checker import Checker, Part

FIRST, SPECIAL, REST = "first token", "special tokens", "rest"
Offsets = list[tuple[int, int] | None]  # characters of each token; None: it stands for no text


@dataclass(frozen=True)
class Written:
    """The steps of an output: `at[i]` is that of token i, from 0; `steps` is the closing behind the last of them."""

    at: list[int]
    steps: int


def of_prompt(tokenizer: Any, ids: Sequence[int], text: str, parts: Sequence[Part], special: bool) -> list[str]:
    """The part that each token of a prompt stands in. special: whether the tokenizer adds its own tokens to it."""
    named = []
    for place in offsets(tokenizer, ids, text, special):
        if place is None:
            named.append(SPECIAL)
        else:
            last = place[1] - 1
            named.append(next((part.name for part in parts if part.start <= last < part.end), REST))
    return [FIRST, *named[1:]]


def shifted(checker: Checker, shown: Sequence[str], text: str) -> list[Part]:
    """The parts of a row's prompt within all that a model reads about it.

    shown: the prompt as it may stand there, of which the first that does is taken; if none does, the parts of the text.
    """
    for prompt in shown:
        if prompt and (at := text.rfind(prompt)) >= 0:
            return [Part(part.name, part.start + at, part.end + at) for part in checker.parts_of(prompt)]
    return list(checker.parts_of(text))


def offsets(tokenizer: Any, ids: Sequence[int], text: str, special: bool) -> Offsets:
    """The characters of the text that each token stands for; ids may have more than the text: control tokens."""
    if not tokenizer.is_fast:
        ends = lengths(tokenizer, ids)
        return [None if a == b else (a, b) for a, b in zip([0, *ends], ends, strict=False)]
    coded = tokenizer(text, add_special_tokens=special, return_offsets_mapping=True, verbose=False)
    found: Offsets = []
    at = 0
    for token in ids:
        if at < len(coded["input_ids"]) and coded["input_ids"][at] == token:
            low, high = coded["offset_mapping"][at]
            found.append((low, high) if low < high else None)
            at += 1
        else:
            found.append(None)
    return found


def lengths(tokenizer: Any, ids: Sequence[int]) -> list[int]:
    """How many characters the text has behind each token."""
    heads = [list(ids[: at + 1]) for at in range(len(ids))]
    texts = tokenizer.batch_decode(heads, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return [len(text) for text in texts]


def of_output(tokenizer: Any, ids: Sequence[int], checker: Checker, record: Record, restored: str) -> Written:
    """The step that each token of an output stands in. restored: the output in the line breaks of the row.

    What stands before the first step counts to it; without any step all is the closing.
    """
    ends = lengths(tokenizer, ids)
    text = tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    found = checker.read_output(record, restored)
    starts, close = places(text, checker.steps(found.rationale))
    if starts and not text[close:].strip():
        close = _within(text, checker.record_of(record, restored, found), close)
    at = []
    for before, end in zip([0, *ends], ends, strict=False):
        last = end - 1 if end > before else end
        at.append(len(starts) if last >= close else max(0, sum(start <= last for start in starts) - 1))
    return Written(at, len(starts))


def _within(text: str, written: Record, close: int) -> int:
    """Where the closing form begins that the rationale itself ends with: `SUM, add [5 7], sum is 12, answer is 2`."""
    closing = targets.parts(written).closing.split("\n")[0]
    at = text.rfind(closing) if closing and written.answer else -1
    return at if 0 < at < close else close


def places(text: str, steps: Sequence[str]) -> tuple[list[int], int]:
    """Where each step starts in a text, and where the closing does behind the last one.

    Steps are looked for line by line: the text may have other line breaks.
    """
    starts, end = [], 0
    for step in steps:
        lines = [line.strip() for line in step.split("\n") if line.strip()]
        if not lines or (at := text.find(lines[0], end)) < 0:
            continue
        starts.append(at)
        for line in lines:
            found = text.find(line, end)
            end = found + len(line) if found >= 0 else end
    return starts, end
