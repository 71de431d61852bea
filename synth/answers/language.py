"""Whether the language of a text has a decimal comma, and its numbers in the English notation.

"Das macht 2.500 Euro."  ->  "Das macht 2500 Euro."        "Il reste 3,5 km."  ->  "Il reste 3.5 km."
"""

import re

# Small words that are in nearly every text of a language whose decimal mark is the comma (CLDR), and English ones.
_COMMA_WORDS = """
    der die das ist und nicht ein eine wir sind also mit für les est une des donc nous sur dans soit el los las
    es por que son respuesta lo il della sono che quindi è uma não então são resposta para het een zijn dus van
    wij niet jest się więc nie są odpowiedź det är och inte att er og ikke jeg på ja on että vastaus je jsou
    není tedy bir ve bu cevap için adalah yang jadi dengan là và vậy este sunt deci și nu az egy és nem tehát
"""
_ENGLISH_WORDS = "the is are of and so that this we answer which there in to it has have be for each with"
_COMMA = frozenset(_COMMA_WORDS.split())
_ENGLISH = frozenset(_ENGLISH_WORDS.split())
_WORD = re.compile(r"[^\W\d_]+")
_OTHER_ALPHABET = re.compile(r"[\u0370-\u03ff]{3}|[\u0400-\u052f]{3}")  # Greek and Cyrillic
_ASIDE = re.compile(r"\\[a-zA-Z]+|\$[^$\n]{0,200}\$")
_NUMBER = re.compile(r"(?<![\w.,])\d[\d.,]*(?: \d{3}(?!\d)[\d.,]*)*(?<![.,])(?![\d])")
_GROUPS = re.compile(r"\d{1,3}(?:[. ]\d{3})+(?:,\d+)?")
_ENGLISH_GROUPS = re.compile(r"[1-9]\d{0,2},\d{3}")
_LONGEST = 20_000  # characters that are looked at


def decimal_comma(text: str) -> bool:
    """Whether a text is in a language that writes 3,5 for three and a half; False if that is not plain."""
    text = _ASIDE.sub(" ", text[-_LONGEST:])
    words = [word.casefold() for word in _WORD.findall(text)]
    foreign = sum(word in _COMMA for word in words) + len(_OTHER_ALPHABET.findall(text))
    return foreign > 2 * sum(word in _ENGLISH for word in words)


def with_point(text: str) -> str:
    """The numbers of a text that has a decimal comma in the English notation.

    1,234 stays and is read as none: a decimal in the notation of the language, a thousand in the one that models mix
    with it; so do numbers that are English beyond doubt (1,234,567 and 1,234.5).
    """
    return _NUMBER.sub(lambda found: _pointed(found[0]), text)


def _pointed(number: str) -> str:
    if _GROUPS.fullmatch(number):
        return re.sub("[. ]", "", number).replace(",", ".")
    if number.count(",") == 1 and "." not in number:
        return number.replace(",", "?") if _ENGLISH_GROUPS.fullmatch(number) else number.replace(",", ".")
    return number
