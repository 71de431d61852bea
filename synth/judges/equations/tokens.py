r"""The pieces that a calculation in running text is made of: numbers, operators, brackets, words.

    "5 eggs * $2 = **$10**" -> number 5, word eggs, op *, currency $, number 2, eq =, currency $, number 10

What only dresses the text is left out: spaces, markdown, LaTeX's spacing, the calculator marks of GSM8K. Every pattern
repeats within bounds or over one class of characters, so that no text takes more than linear time.
"""

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

_PATTERNS = (
    ("skip", r"<<[^<>\n]{0,200}>>"),  # <<16-3-4=9>> is judged by itself, the text is read without it
    ("odd", r"\d{1,40}(?::\d{1,40})+|\b0\d{3}\b(?![.,]\d)"),  # 2:30, 1:2, 0730
    ("odd", r"\b\d{1,2}/\d{1,2}/(?:19|20)\d\d\b|\b\d{4}-\d\d-\d\d\b"),  # dates
    (
        "number",
        r"(?:\d{1,3}(?:(?:,|\{,\})\d{3}){1,12}|\d{1,40})(?:\.\d{1,40})?(?:[eE][-+]?\d{1,2})?(?![.,]?\d)|(?<![\w.])\.\d{1,40}(?!\d)",
    ),
    ("number", r"[¼-¾⅐-⅞]"),
    ("odd", r"\d[\d.,]*"),  # 1.2.3 or 3,5, and what is longer than anyone writes: numbers that are not read
    ("op", r"[xX](?<![^\W\d_].)(?=[ \t]{0,2}(?:\\?\$|[(€£]|(?<=[ \t])-)?[ \t]?\.?\d)"),  # 4 x 5, but not 4x = 20, 4x-5
    ("word", r"\\(?:text|mathrm|mathbf|textbf)[ \t]{0,2}\{[^{}\n]{0,60}\}"),
    ("skip", r"\\boxed[ \t]{0,2}\{|\\(?:left|right|displaystyle|quad)(?![A-Za-z])|\\[,;!: ]|[&`\u200b]"),
    ("frac", r"\\[dtc]?frac(?![A-Za-z])"),
    ("op", r"\\(?:times|cdot|div)(?![A-Za-z])"),
    ("percent", r"\\?%|\b(?:percent|per cent)\b"),
    ("currency", r"\\?\$|[€£¥₹]|\b(?:USD|EUR|GBP|Rs\.?)(?=[ \t]?\d)"),
    ("pow", r"(?<=[\d)])\*\*(?=[\d(.-])|(?<=\s)\*\*(?=\s)|\^|[²³]"),
    ("skip", r"\*\*|[ \t\r\xa0\u2009\u202f]+"),
    ("op", r"\b(?:plus|minus|times|divided by|multiplied by)\b(?=[ \t]{1,2}\\?[$(€£-]?\.?\d)"),
    ("eq", r"(?<![<>!=:~≈])==?(?![=>~]|<(?!<))|\b(?:is equal to|equals)\b"),
    ("word", r"(?:(?<=\d)-(?=[^\W\d_]{2})|(?<=[\w)])/(?=[^\W\d_]{2}))?[^\W\d_]\w*(?:['’/-][^\W\d_]\w*)*"),
    ("op", r"[-+−–*×·⋅∙/÷∕⁄]|(?<=[ \t]):(?=[ \t])"),
    ("open", r"(?<!\\)[(\[{]"),
    ("close", r"(?<!\\)[)\]}]"),
    ("line", r"\n|\\\\|\\[\[\]()]|</?[a-z]{1,8}[ ]?/?>"),
    ("stop", r"[.,;:?!|\"'“”‘’#—→•≈\\]"),
    ("odd", r"(?s:.)"),  # √ < _: what stands beside them is not understood
)
_TOKEN = re.compile("|".join(f"(?P<{kind}_{i}>{pattern})" for i, (kind, pattern) in enumerate(_PATTERNS)))
_SIGNS = {
    "+": ("+", "plus"),
    "-": ("-", "−", "–", "minus"),
    "*": ("x", "X", "*", "×", "·", "⋅", "∙", "\\times", "\\cdot", "times", "multiplied by"),
    "/": ("/", "÷", "∕", "⁄", "\\div", "divided by"),
    ":": (":",),  # divides, or stands behind a number that counts items
}
_SIGN = {written: sign for sign, ways in _SIGNS.items() for written in ways}
_CLOSES = {"(": ")", "[": "]", "{": "}"}


class Token(NamedTuple):
    kind: str
    text: str  # an operator in its plain form: + - * / :
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Amount:
    """A number as it was written."""

    value: Fraction
    step: Fraction  # one in the last digit shown: 1/100 for 3.33


def tokens(text: str) -> list[Token]:
    """All pieces of a text in order. A bracket without its other half is no bracket."""
    pieces: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind = (match.lastgroup or "").partition("_")[0]
        if kind == "word" and any(map(str.isdigit, match[0])):
            kind = "odd"  # x2, because20
        if kind != "skip":
            word = _SIGN[match[0]] if kind == "op" else match[0]
            pieces.append(Token(kind, word, match.start(), match.end()))
    return _paired(pieces)


def _paired(pieces: list[Token]) -> list[Token]:
    opened: list[int] = []
    alone: set[int] = set()
    for i, token in enumerate(pieces):
        if token.kind == "open":
            opened.append(i)
        elif token.kind == "line":
            alone.update(opened)
            opened.clear()
        elif token.kind == "close":
            if opened and _CLOSES[pieces[opened[-1]].text] == token.text:
                opened.pop()
            else:
                alone.add(i)
    alone.update(opened)
    return [token._replace(kind="stop") if i in alone else token for i, token in enumerate(pieces)]


def amount(text: str) -> Amount:
    """Reads a number token."""
    if text.isnumeric() and not text.isdecimal():
        half = Fraction(unicodedata.numeric(text)).limit_denominator(100)
        return Amount(half, Fraction(0))
    digits, _, power = text.lower().replace("{,}", "").replace(",", "").partition("e")
    scale = Fraction(10) ** int(power or 0)
    return Amount(Fraction(digits) * scale, scale / 10 ** len(digits.partition(".")[2]))
