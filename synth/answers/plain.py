r"""One spelling for what people, models and LaTeX write in many ways, before anything is read out of it.

"**$\frac{3}{4}$**" -> "$3/4$"        "1{,}234" -> "1,234"        "10\u00b2" -> "10^2"        "`18`" -> "18"
"""

import re
import unicodedata

# Dashes, slashes, quotes and the Arabic separators, as on a typewriter.
_ALIKE = str.maketrans(
    "\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d\u2044\u2215\u2018\u2019\u201c\u201d\u066b\u066c", "-------//''\"\".,"
)
_HARD_SPACE = re.compile(r"(?<=\d)[\u00a0\u2002-\u200a\u202f\u205f](?=\d{3}(?!\d))")
_SUPERSCRIPTS = re.compile("[\u207b\u207a]?[\u2070\u00b9\u00b2\u00b3\u2074-\u2079]{1,40}")  # one power: 10 to the -12

# Macros whose argument is what they show.
_MACRO = (
    r"\\(?:text(?:bf|it|rm|sf|tt|sc|up|md|normal)?|math(?:rm|bf|it|sf|tt|bb|cal|normal)"
    r"|operatorname|[mhf]box|boxed|emph|bm)"
)

# What LaTeX and markup say, in the order in which it is rewritten. No pattern repeats without a bound.
_PART = r"(?:\{\s{0,3}(-?[\d,]{1,40})\s{0,3}\}|(\d))"  # {12} or 1
_REWRITE = (
    # 1{,}234   1\,234   1,\!234   14 {, }916   1~234
    (r"(?<=\d)\s?(?:\{\s?(?:,|\\,)\s?\}|,?\\[,;:! ]|~|\\(?:thin|med|thick)space(?![A-Za-z]))\s?(?=\d{3}(?!\d))", ","),
    (r"(?<=\d)\{,\}(?=\d{1,2}(?!\d))", "."),  # 3{,}5, a decimal comma in any language
    (r"\\!", ""),
    (r"\\(?:left|right|[bB]igg?[lr]?)(?![A-Za-z])(?:\s?\.(?!\d))?", ""),
    (r"\\(?:display|text|script)style(?![A-Za-z])|\\(?:[lL]arge|LARGE|[hH]uge|bf|rm|it)(?![A-Za-z])", ""),
    (r"\\(?:text)?color\s?\{[^{}]{0,30}\}", ""),
    (r"\\textdollar(?:\{\})?(?![A-Za-z])", "$"),
    (r"\\(?:text)?euro(?:\{\})?(?![A-Za-z])", "€"),
    (r"\\pounds(?:\{\})?(?![A-Za-z])", "£"),
    (rf"\\(?:[dtcs]|nice)?frac\s{{0,3}}{_PART}\s{{0,3}}{_PART}", r" \1\2/\3\4 "),
    (r"\{\s?(-?\d{1,40})\s?\\over\s?(\d{1,40})\s?\}", r" \1/\2 "),
    (r"\\(?:SI|qty)\s?\{([^{}]{0,60})\}\s?\{([^{}]{0,60})\}", r"\1 \2"),
    # a space behind it, unless an exponent follows: \text{cm}^2
    (rf"{_MACRO}\s{{0,3}}\{{([^{{}}]{{0,300}})\}}(?=\s?\^)", r" \1"),
    (rf"{_MACRO}\s{{0,3}}\{{([^{{}}]{{0,300}})\}}", r" \1 "),
    (r"\^\{?\\circ\}?|\\degree", "° "),
    (r"\\(?:times|cdot)(?![A-Za-z])", "\u00d7"),
    (r"\\(?:approx|simeq|thickapprox|doteq)(?![A-Za-z])", "≈"),
    (r"\\([%$#&])", r"\1"),
    (r"\\[,;: ]|\\q?quad(?![A-Za-z])|\\[()\[\]]|~", " "),
    (r"</?(?:b|i|u|p|br|em|strong|code|answer)\s?/?>", " "),
    (r"\*\*|__|`", " "),  # a space, so that 2**3 does not become 23
)
_REWRITES = tuple((re.compile(pattern, re.IGNORECASE), to) for pattern, to in _REWRITE)
_DRESS = re.compile(r"[\\~<*_`{]")  # each pattern above needs one of these; most texts have none
_SIGN = re.compile(r"([-+])\s?(?=(?:\$\s?)?\\(?:[dtcs]|nice)?frac)")  # -\frac{1}{2}: the sign belongs to the number
_IN_DOLLARS = re.compile(r"^[\s*_]{0,9}\${1,2}((?:[^$\\]|\\[^\n]){1,300})\${1,2}[\s*_.]{0,9}$")
STOPS = "\u3002\uff61\u0964\u06d4\u1362"  # full stops of other scripts
_WRAPPED = (
    " \t\r\n\"'\u00ab\u00bb*_|\u2705\u2713\u2714" + "\u300c\u300d\u300e\u300f\u3008\u3009\u300a\u300b\u3010\u3011"
)


def plain(text: str) -> str:
    """The words of an answer without their dress; a second time it changes nothing."""
    text = _IN_DOLLARS.sub(r"\1", _characters(text))
    signs = _SIGN.sub(r"\1\1", text)
    for pattern, to in _REWRITES if _DRESS.search(signs) else ():
        signs = pattern.sub(to, signs)
    text = re.sub(r"([-+])\1\s(?=\d)", r"\1", signs)
    return " ".join(text.split()).strip(_WRAPPED)


def words(text: str) -> str | None:
    """A text for comparison: without dress, case, punctuation, leading articles and doubled spaces; or None.

    Marks that tell answers apart stay: 3.5 is not 35, -5 is not 5, C++ is not C.
    """
    bare = _bare(text)
    for _ in range(5):  # what one pass uncovers, another may read: a text that has not settled by then is no answer
        again = _bare(bare)
        if again == bare:
            return bare or None
        bare = again
    return None


def _bare(text: str) -> str:
    text = plain(text)
    for _ in range(2):  # folding can bring forth characters that fold again
        text = unicodedata.normalize("NFKC", text.casefold())
    text = re.sub(r"(?<!\d)\.|\.(?!\d)|'", "", text.replace("...", " "))
    text = re.sub(r"[\"\u00ab\u00bb\u201e`(){}\[\],;:!?¿¡*_\u2014]|(?<!\S)-(?!\d)|(?<=\S)-", " ", text)
    words = text.split()
    while len(words) > 1 and words[0] in ("a", "an", "the"):
        words = words[1:]
    return " ".join(words)


def unwrap(text: str) -> str:
    """Without the brackets, dollar signs of mathematics, quotes and full stops that stand around the whole."""
    text = plain(text).strip(_WRAPPED + "()[]{},;:!").rstrip(_WRAPPED + "()[]{}.,;:!" + STOPS)
    return text if re.match(r"\.\d", text) else text.lstrip(_WRAPPED + ".")


def _characters(text: str) -> str:
    """NFKC, but with the traps taken out: one and a half must not become 11/2, nor a superscript a digit."""
    if text.isascii():
        return text
    text = _SUPERSCRIPTS.sub(lambda raised: "^" + unicodedata.normalize("NFKC", raised[0]).translate(_ALIKE), text)
    return "".join(map(_character, _HARD_SPACE.sub(",", text.translate(_ALIKE))))


def _character(char: str) -> str:
    if char.isascii():
        return char
    category = unicodedata.category(char)
    if category in ("Cf", "Sc"):  # zero-width and direction marks; signs of money stay what they are
        return char if category == "Sc" else ""
    if (digit := unicodedata.decimal(char, None)) is not None:
        return str(digit)
    new = unicodedata.normalize("NFKC", char).translate(_ALIKE)
    if not any(c.isdigit() or c == "-" for c in new):
        return new
    tag = unicodedata.decomposition(char).partition(" ")[0]
    return "^" + new if tag == "<super>" else "_" + new if tag == "<sub>" else f" {new} "
