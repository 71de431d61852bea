r"""Answers that are no single number: sets, intervals, tuples, expressions, equations, matrices, single words.

    "The answer is $x \in [0, 1)$."  ->  x \in [0, 1)        "\boxed{1,2} and \boxed{3}"  ->  1,2, 3

Here they are taken out of their dress; whether two are the same is for math-verify (extra `math`) to say, which reads
LaTeX into sympy. That may take for ever, so it is done in a process of its own, with a time limit. What cannot be read
in time is no answer, and never right.
"""

import logging
import re
from functools import lru_cache
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

from synth.answers.forms import braced
from synth.answers.numbers import is_a_quantity, number
from synth.answers.units import FUNCTIONS
from synth.errors import MissingExtraError
from synth.workers.limited import Limited

SECONDS = 10.0  # for reading two answers and comparing them
_MEMORY = 4 * 2**30  # bytes that the process may take: a power of powers wants more than there is

_SPAN = re.compile(r"\$\$(.+?)\$\$|\$(.+?)(?<!\\)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]", re.DOTALL)
_JOINED = re.compile(r"[\s,;.]*(?:(?:and|or)[\s,]*)?")  # between two parts of one answer
_NO_CLAIM = re.compile(
    r"\b(?:not|never|nor|neither|either|or|if|unless|may|might|could|perhaps|maybe|between|than)\b|n't\b"
)
_BOXES = re.compile(r"\\(?:boxed|fbox)\s{0,4}\{")
_BETWEEN_BOXES = re.compile(  # \boxed{1} papers and \boxed{2}
    r"(?![^\n]*\bor\b)(?:[^\n\w]{0,20}|[^\n]{0,40}\band\b[^\n]{0,20})(?:\w{1,3}\s?=\s?)?"
)
_QUAD = re.compile(r"\\q?quad|\\text\w{0,4}|\\[()\[\],;]|[${}]")
_DRESS = re.compile(r"\\(?:displaystyle|textstyle|left\s?(?=[^\w\s<])|right\s?(?=[^\w\s>]))|\*\*|`")
_TEXT = re.compile(r"\\(?:text\w{0,6}|mathrm|operatorname|mbox|begin|end)\s{0,3}\{[^{}]{0,300}\}|\\[A-Za-z]+")
_WORD = re.compile(r"[^\W\d_]{3,}")
_ENDS = " \t\r\n.,;:*_\u3002"
_FACTORIAL = re.compile(r"(?:(?<![^\W\d_])[^\W_]|\d|[)}\]])\s?!")  # 5!, n! and (n+1)!, but not "Monday!"
_BASE = re.compile(r"\d_\{?(\d{1,3})")
_TUPLE = re.compile(r"[(\[{]\s*[^\s,][^,]*,|\\\{")
_AROUND = 6  # words that may stand around a part between delimiters
_LONGEST_PROSE = 2  # words of three letters or more outside \text{...}; more of them are a sentence


def expression(text: str) -> str | None:
    """An answer in canonical form, as LaTeX without delimiters; None for prose. A number as a number.

    Raises MissingExtraError without math-verify, which has to compare it.
    """
    require()
    if not _FACTORIAL.search(text):
        text = text.replace("!", " ")  # of somebody who is glad
    value = None if "!" in text or _TUPLE.search(text) else number(text)
    return value or _bare(text)


def require() -> None:
    """Raises MissingExtraError without math-verify."""
    if not _installed():
        raise MissingExtraError("answers of kind math", "math")


@lru_cache(maxsize=1)
def _installed() -> bool:
    return find_spec("math_verify") is not None


def _bare(text: str) -> str | None:
    """An expression without what stands around it."""
    for _ in range(5):
        stripped = _inside(" ".join(_DRESS.sub("", text).split()).strip(_ENDS))
        if stripped is None or stripped == text:
            text = stripped or ""
            break
        text = stripped
    words = _WORD.findall(_TEXT.sub(" ", text))
    if not re.search(r"\w|\\", text) or len([word for word in words if word not in FUNCTIONS]) > _LONGEST_PROSE:
        return None
    if re.fullmatch(r"[^\W\d_]{4,}(?:[ -][^\W\d_]+)?", text):
        return rf"\text{{{text.casefold()}}}"  # a word, no product of its letters
    return text


def _inside(text: str) -> str | None:
    """What the delimiters of mathematics hold: of one part in a sentence that part, of several the list of them."""
    if _BOXES.search(text):
        return _boxed(text)
    spans = list(_SPAN.finditer(text))
    if not spans:
        return text
    between = [text[a.end() : b.start()] for a, b in pairwise(spans)]
    around = f"{text[: spans[0].start()]} {text[spans[-1].end() :]}"
    if len(spans) > 1 and (around.strip(_ENDS) or not all(map(_JOINED.fullmatch, between))):
        return None
    if _NO_CLAIM.search(around.casefold()) or re.search(r"\d", around) or len(around.split()) > _AROUND:
        return None
    return ", ".join(next(part for part in span.groups() if part is not None).strip(_ENDS) for span in spans)


def joined(between: str) -> bool:
    """Whether two boxes with this between them are parts of one answer."""
    return _BETWEEN_BOXES.fullmatch(_QUAD.sub(" ", between)) is not None


def _boxed(text: str) -> str | None:
    """What the boxes of a text hold, as a list; None if they do not belong together."""
    parts, last = [], None
    for box in _BOXES.finditer(text):
        if last is not None and box.start() < last:
            continue  # a box in a box
        if last is not None and not joined(text[last : box.start()]):
            return None
        content = braced(text, box.end())
        parts.append(content)
        last = box.end() + len(content) + 1
    return ", ".join(parts)


@lru_cache(maxsize=20_000)
def understood(answer: str) -> bool:
    """Whether an answer in canonical form can be read into mathematics, in time."""
    return number(answer) is not None or bool(_elsewhere((answer,)))


@lru_cache(maxsize=20_000)
def equal(answer: str, gold: str) -> bool:
    """Whether two answers in canonical form say the same; False if one of them cannot be read in time.

    An equation in something unknown is not what stands behind its sign: 2x + z = 1 is no 1. Of two that name the base
    of a number it has to be the same one.
    """
    if not understood(answer) or not understood(gold):
        return False
    if "=" in answer and "=" not in gold and not is_a_quantity(answer.partition("=")[0]):
        return False
    if len({tuple(_BASE.findall(said)) for said in (answer, gold)} - {()}) > 1:
        return False
    return answer == gold or bool(_elsewhere((gold, answer)))


def _prepare() -> None:
    """In the other process: load what takes long to load."""
    logging.disable(logging.CRITICAL)  # its warnings would come out in the middle of a person's run
    try:
        import resource
    except ImportError:  # Windows
        pass
    else:
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    _parsed(r"\frac{1}{2}")


def _compare(answers: tuple[str, ...]) -> bool:
    """In the other process: whether one answer can be read, or two are the same."""
    from math_verify import verify

    parsed = [_parsed(answer) for answer in answers]
    if not all(any(not isinstance(part, str) for part in parts) for parts in parsed):
        return False
    return len(parsed) == 1 or (verify(*parsed, timeout_seconds=None) and not _far_apart(*parsed))


def _far_apart(gold: Any, answer: Any) -> bool:
    """Whether two numbers are not the same: math-verify rounds to six places, which makes 1/2004! a zero."""
    one, other = gold[0], answer[0]
    if not (getattr(one, "is_number", False) and getattr(other, "is_number", False)):
        return False
    apart, size = (one - other).evalf(30), other.evalf(30)
    return bool(apart.is_finite and size.is_finite and abs(apart) > 1e-5 * abs(size))


@lru_cache(maxsize=2_000)
def _parsed(answer: str) -> Any:
    from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse

    ways = (LatexExtractionConfig(boxed_match_priority=0), ExprExtractionConfig())
    return parse(f"${answer}$", ways, parsing_timeout=None)


_elsewhere = Limited(_compare, _prepare, SECONDS)
