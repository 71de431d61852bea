"""The letters and words of names and questions, whatever their case, accents and punctuation."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

WORD = re.compile(r"\w+")
BRACKETS = re.compile(r"\s*\([^()]*\)")


@lru_cache(maxsize=1 << 12)
def plain(text: str) -> str:
    return " ".join(_without_marks(text.casefold()).split())


def _without_marks(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def run(text: str) -> str:
    """Letters and digits one after another."""
    return "".join(WORD.findall(plain(text)))


def core(name: str) -> str:
    """A name without what stands in brackets behind it."""
    return BRACKETS.sub("", name).strip() or name


def mentions(text: str, name: str) -> bool:
    """Whether a text has the whole name, with or without its brackets."""
    return run(name) in run(text) or run(core(name)) in run(text)


def places(name: str, text: str, other: str = "") -> list[int]:
    """Which words of a text a thing begins at, with or without its brackets, but not inside the name of another one.

    A title has a capital, which tells `First` from `first` and, but for the first word of all, `Which` from `Which`.
    """
    written = WORD.findall(_without_marks(text))
    words: list[str] = [word.casefold() for word in written]
    for longer in (other, core(other)):
        for at in _runs(longer, words) if len(plain(longer)) > len(plain(core(name))) else ():
            words[at : at + len(_split(longer))] = [""] * len(_split(longer))
    found = _runs(name, words) or _runs(core(name), words)
    capital = [at for at in found if not written[at][0].islower()]
    return [at for at in capital if at > 0] or capital or found


def _runs(name: str, words: list[str]) -> list[int]:
    own = _split(name)
    return [at for at in range(len(words)) if words[at : at + len(own)] == own] if own else []


def _folded(text: str) -> list[str]:
    """The words of a text as they stand in it, one for one: `8½` is one."""
    return ["".join(_split(word)) for word in WORD.findall(text)]


def _split(name: str) -> list[str]:
    return WORD.findall(plain(name))


def as_written(name: str, text: str) -> str:
    """A name as a text writes it, capitals and all: `Murray'S Magazine`; the name itself if the text has it not."""
    found = list(WORD.finditer(text))
    words = _folded(text)
    for own in (name, core(name)):
        wanted = _folded(own)
        places = [at for at in range(len(words)) if wanted and words[at : at + len(wanted)] == wanted]
        if places := [at for at in places if not found[at][0][0].islower()] or places:
            of_name = list(WORD.finditer(own))
            start, end = found[places[-1]].start(), found[places[-1] + len(wanted) - 1].end()
            # with the signs that the name begins and ends with
            return f"{own[: of_name[0].start()]}{text[start:end]}{own[of_name[-1].end() :]}"
    return name


def without(text: str, names: Iterable[str]) -> str:
    """The words of a text without one place for each of the names, the last: `Which came first, First or Last?` has
    its `first` then still. What stands in brackets goes, too."""
    words = re.sub(r"\([^()]*\)", " ", plain(text))
    rest = " ".join(["", *re.findall(r"\w+|[,:;?]", words), ""])
    for name in sorted(set(names), key=len, reverse=True):
        for own in (name, core(name)):
            pattern = r" [,:;? ]*".join(map(re.escape, WORD.findall(plain(re.sub(r"\([^()]*\)", " ", own)))))
            if pattern and (found := list(re.finditer(f"(?<= ){pattern}(?= )", rest))):
                rest = f"{rest[: found[-1].start()]}_{rest[found[-1].end() :]}"
                break
    return rest
