"""Which option was meant: by its letter, by its text, or by both, which then must agree. And yes or no."""

import re
from collections.abc import Iterable, Sequence
from string import ascii_uppercase

from synth.answers.plain import plain, unwrap, words

_LETTER = re.compile(
    r"(?:(?:the\s)?(?:answer\s)?(?:option|choice|letter|answer)\s)?"
    r"(?P<open>[(\[{])?\s?(?P<letter>[A-Za-z])(?P<close>\s?[)\]}])?(?P<mark>\s?(?:[.:,=]|-(?=\s)|—))?(?![\w'])\s?(?P<rest>.*)",
    re.IGNORECASE,
)
_YES_NO = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}


def yes_no(text: str) -> str | None:
    """True and false are yes and no."""
    return _YES_NO.get(unwrap(text).casefold())


def option(text: str, options: Sequence[str]) -> str | None:
    """The letter of the option that the whole text names, and nothing else."""
    return choose([text], options)


def choose(pieces: Sequence[str], options: Sequence[str], explained: "re.Pattern[str] | None" = None) -> str | None:
    """The letter of the option that was named. `pieces` are the words and shorter cuts of them, the longest first.

    A letter may be followed by an explanation that begins as `explained` says, and by nothing else but its own text.
    """
    pieces = [unwrap(piece) for piece in pieces]
    named = _first(_by_text(piece, options) for piece in pieces)
    match = _LETTER.fullmatch(pieces[0])
    if not match or match["letter"].upper() not in ascii_uppercase[: len(options) or 26]:
        return _only(named)
    letter, rest = match["letter"].upper(), match["rest"]
    if not rest:
        return letter if letter in (named or letter) else None
    own = _first(_by_text(piece.removeprefix(pieces[0][: -len(rest)]), options) for piece in pieces)
    marked = bool(match["open"] or match["close"] or match["mark"])
    if named and not (marked and own):  # "a good dog" is a text, "A, good dog" a letter with a text
        return _only(named)
    if own:
        return letter if letter in own else None
    return letter if explained and _explains(match, explained) else None


def _explains(match: "re.Match[str]", explained: "re.Pattern[str]") -> bool:
    """Whether what follows a letter is talk: "B because ...", or "B. It is ...", a sentence of its own."""
    mark, rest = match["mark"] or "", match["rest"]
    if explained.match(mark.strip() + " " + rest) or explained.match(rest):
        return True
    sentence = mark.strip() == "." and len(rest.split()) > 2 and rest[0].isupper()
    return sentence and not re.match(r"\W*(?:or|and|[A-Z](?![\w'])(?<![AI]))", rest)


def _by_text(text: str, options: Sequence[str]) -> set[str]:
    """The options that have this text; two if the question has the same option twice."""
    exact = {c for c, o in zip(ascii_uppercase, options, strict=False) if plain(o).casefold() == text.casefold()}
    said = words(text)
    near = {c for c, o in zip(ascii_uppercase, options, strict=False) if said and words(o) == said}
    return exact or near


def _first(sets: Iterable[set[str]]) -> set[str]:
    return next((letters for letters in sets if letters), set())


def _only(letters: set[str]) -> str | None:
    return next(iter(letters)) if len(letters) == 1 else None
