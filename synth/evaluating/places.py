"""Where in an output its answer stands, and with which words it could have stood there as well.

Let's see. 16 - 3 - 4 = 9, at $2 each. The answer is $18.       18, the first that commits the output to its answer
... The answer is (B).                                          B, which is weighed against A, C and D
... So the answer is Yes.                                       Yes, against No
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from synth.answers.closing import last_closing
from synth.answers.forms import closing_forms, typewriter
from synth.answers.sought import Sought, canonical
from synth.questions.cells import LETTERS
from synth.record import Record
from synth.validating.checker import Checker

_NUMBER = re.compile(r"[-+]?\d(?:[\d,]*\d)?(?:\.\d+)?(?:\s?/\s?\d+)?")
_PAIRS = (("yes", "no"), ("true", "false"))


@dataclass(frozen=True)
class Said:
    """The words of an answer in an output: text[start:end]."""

    start: int
    end: int
    words: str


def place_of(reader: Checker, record: Record, text: str, answer: str) -> Said | None:
    """Where an output says the answer that was read out of it; None if its words cannot be found.

    That is the first place, from the last closing form on, at which the output, cut behind the answer, commits to it;
    else the words behind the dataset's own closing form.
    """
    options = reader.options_of(record)
    last = last_closing(typewriter(text), closing_forms(reader.closing), Sought(reader.kind, options))
    begin = 0 if last is None else last.start
    spans = sorted({span for span in _spans(reader, record, text, answer) if span[0] >= begin})
    kept = None
    for start, end in reversed(spans):
        said = reader.read_output(record, text[:end]).answer
        if reader.agree(said, answer, options):
            kept = Said(start, end, text[start:end])
        elif kept is not None:
            break
    return kept or _behind_closing(reader, text, spans)


def _spans(reader: Checker, record: Record, text: str, answer: str) -> Iterator[tuple[int, int]]:
    """Everywhere in the text where the words of the answer stand."""
    options = reader.options_of(record)
    named = [answer]
    if reader.kind == "option" and answer in LETTERS[: len(options)]:
        named.append(options[LETTERS.index(answer)])
    named += [pair[place] for pair in _PAIRS for place in (0, 1) if answer == _PAIRS[0][place]]
    for words in dict.fromkeys(filter(None, map(str.strip, named))):
        for found in re.finditer(rf"(?<!\w){re.escape(words)}(?!\w)", text, re.IGNORECASE):
            yield found.span()
    if reader.kind == "number":
        for found in _NUMBER.finditer(text):
            if canonical(found[0], "number") == answer:
                yield found.span()


def _behind_closing(reader: Checker, text: str, spans: Sequence[tuple[int, int]]) -> Said | None:
    """The answer's words behind the last closing form, or all words of its line."""
    head = reader.closing.partition("{answer}")[0].strip()
    at = text.casefold().rfind(head.casefold()) if head else -1
    if at < 0:
        return Said(*spans[-1], text[slice(*spans[-1])]) if spans else None
    begin = at + len(head)
    inside = [span for span in spans if span[0] >= begin]
    if inside:
        return Said(*inside[0], text[slice(*inside[0])])
    line = text[begin:].lstrip(" :\t").partition("\n")[0].rstrip(" .\t")
    start = text.find(line, begin)
    return Said(start, start + len(line), line) if line else None


def rivals(reader: Checker, record: Record, said: str, answer: str) -> tuple[list[str], int] | None:
    """The words of all answers that there are, in the manner of `said`, and the place of `answer` among them.

    Letters if a letter was said, texts of options if one of these was, yes and no. None for an answer of which there
    are any number.
    """
    options = list(reader.options_of(record))
    if reader.kind == "yes_no" and answer in _PAIRS[0]:
        pair = next((pair for pair in _PAIRS if said.casefold() in pair), _PAIRS[0])
        return [_like(said, word) for word in pair], _PAIRS[0].index(answer)
    if len(options) < 2:
        return None
    if reader.kind == "option":
        letters = list(LETTERS[: len(options)])
        if answer not in letters:
            return None
        if said.upper() not in letters:
            return options, letters.index(answer)
        return [letter.lower() if said.islower() else letter for letter in letters], letters.index(answer)
    place = next((at for at, option in enumerate(options) if reader.agree(option, answer, options)), None)
    return None if place is None else (options, place)


def _like(said: str, word: str) -> str:
    """A word with the capitals of another one."""
    if said[:1].isupper():
        return word.upper() if len(said) > 1 and said.isupper() else word.capitalize()
    return word
