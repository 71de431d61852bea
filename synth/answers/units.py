"""The words and signs behind a number: whether they are its unit, and what they multiply it by.

Scripts are told apart by Unicode's own categories and names, not by a list of units: any word may be one, unless it
is known to say something else (_NO_UNIT). Signs are those of money (Sc) and pictures (So), per cent and degrees.
"""

import re
import unicodedata

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
WORDS = {word: i for i, word in enumerate(f"{_ONES} eighteen nineteen".split())}
WORDS |= {ten: 10 * i for i, ten in enumerate(_TENS.split(), start=2)}
WORDS |= {f"{ten}-{one}": WORDS[ten] + WORDS[one] for ten in _TENS.split() for one in _ONES.split()[1:10]}
_SCALES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}

# A number with one of these words behind it is not all that was said: other numbers, other answers, variables.
_NO_UNIT = """
    or nor to plus minus divided multiplied modulo mod squared cubed power root factorial negative positive point than
    dozen dozens half halves third thirds quarter quarters fourth fourths fifth fifths sixth eighth tenth tenths
    hundredth hundredths hundreds thousands millions couple few several am pm bc is was are were isn't wasn't aren't be
    not no but if unless except maybe perhaps possibly either wrong incorrect remainder modulus base nd rd th st
    least most bit change something bce ish
    when because since so
"""
_FUNCTIONS = "sqrt sin cos tan cot sec csc sinh cosh tanh log ln exp lim max min gcd lcm det"
_GREEK = """
    alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi
    psi omega
"""
# Thousands and millions, "and", "or" and "not" in the languages that models are asked in most.
_ELSEWHERE = """
    lakh lakhs crore crores k mn bn mio mrd tsd tausend million millionen milliarde milliarden hundert dutzend
    mille millier milliers millions milliard milliards cent douzaine mil miles millon millones millón billones
    docena docenas cientos milhão milhões bilhão bilhões dúzia mila milione milioni miliardo miliardi duizend
    miljoen miljard tysiąc tysiące tysięcy milion miliony milionów tusen miljon miljoner miljarder bin milyon
    milyar ribu juta miliar nghìn triệu tỷ тысяч тысяча тысячи тыс миллион миллиона миллионов млн миллиард
    миллиарда миллиардов млрд тис сотен сотни дюжина हज़ार हजार लाख करोड़ करोड सौ ألف آلاف مليون ملايين مليار مئة
    אלף אלפים מיליון 천 만 억 백 พัน หมื่น แสน ล้าน und oder nicht halb et ou pas demi y o u e non mezzo medio media
    ni и или не нет i lub nie en of niet och eller inte ve veya değil अथवा या और नहीं أو ليس או לא 또는 หรือ 或 或者
    不 不是 和 半 または
    tusind þúsund mijë mii mie ezer elfu laki libo libu ngàn rb jt ming мянга мың ҳазор ili abo vagy nebo sau ose
    albo tai või vai arba yoki یا ya அல்லது లేదా ಅಥವಾ അല്ലെങ്കിൽ અથવા ਜਾਂ বা
    \u0430\u0431\u043e कोटी লাখ কোটি கோடி వేల వేలు కోట్లు ಕೋಟಿ കോടി લાખ ਲੱਖ ሺህ ሺ
"""
# Beginnings of such words where they are inflected, or where the next word follows without a space.
_STEMS = """
    million milioan milión millón millió milion miljon miljoon milyon milyar miljard milhõ bilion
    bilión biljoon tisíc tisuć tisoč tysi hiljad tuhat tuhan tūkst тысяч тисяч хиляд хиљад илјад тыщ
    миллион мильйон милион милијун миллиард мільярд мілья мільйон половин χιλιάδ εκατομμ δισεκ हज़ार
    लक्ष करोड मिलियन হাজার লক্ষ মিলিয়ন ஆயிரம் லட்ச మిలియ లక్ష ಸಾವಿರ ಲಕ್ಷ ആയിര ലക്ഷ હજાર કરોડ મિલિયન
    ਹਜ਼ਾਰ ਕਰੋੜ ହଜାର ଲକ୍ଷ දහස ලක්ෂ هزار میلیون میلیارد ہزار لاکھ کروڑ ملین ألف الف مليون מיליון
    מיליארד ათას მილიონ հազար միլիոն ሚሊዮን ร้อย พัน หมื่น แสน ล้าน ພັນ ໝື່ນ ແສນ ລ້ານ ពាន់ ម៉ឺន សែន
    លាន ထောင် သောင်း သိန်း သန်း
"""
# Of Chinese, Japanese and Korean, whose words are not parted: at least, at most, more, less, and a half.
_OR_MORE = re.compile("以上|以下|以内|以內|不到|未満|未满|未滿|以外|[半多余餘強弱]$|이상|이하|미만|초과")
_OF_UNITS = frozenset({"of", "en", "u", "et", "cent", "miles", "media", "non", "bin", "e", "o", "y", "i"})


def _bare(word: str) -> str:
    """Letters without the marks above and below them that are characters of their own."""
    return "".join(c for c in word if unicodedata.category(c)[0] != "M")


_NO_UNITS = frozenset(
    form
    for word in [*_NO_UNIT.split(), *_FUNCTIONS.split(), *_GREEK.split(), *WORDS, *_SCALES]
    + [word for word in _ELSEWHERE.split() if word not in _OF_UNITS]
    for form in (_bare(word), _bare(unicodedata.normalize("NFD", word)))
)
_BEGINS_NO_UNIT = tuple({_bare(unicodedata.normalize("NFKC", stem)) for stem in _STEMS.split()})
VARIABLES = frozenset(_GREEK.split()) - {"pi"}
FUNCTIONS = frozenset([*_FUNCTIONS.split(), "frac", "dfrac", "tfrac", "sum", "int", "prod", "binom"])
# Units of one letter, and those that may be glued to the number. 5k, 5M, 5x, 5th are not among them, on purpose.
_SHORT = frozenset("gtmlshdWVAJNLCFK")
_GLUED = """
    g m l s h W V L C F kg mg lb lbs oz km cm mm mi ft in yd hr hrs min mins sec secs ms ml mL mph kph kWh kW Hz GB MB
    KB TB cents usd USD eur EUR gbp GBP p ct pts pct kcal cal dm nm ha kB kN kJ kPa kHz MHz GHz mol rpm kmh dl cl bps
"""
GLUED_UNITS = frozenset(_GLUED.split())

MONEY = re.escape("".join(c for c in map(chr, range(0x10000)) if unicodedata.category(c) == "Sc"))
_LETTER = r"[^\W\d_]"
_POWER = r"\s?\^\s?[({]?-?[1-9][)}]?(?!\w)|[23](?!\w)"
_TOKEN = re.compile(
    rf"\s*(?P<sign>[%°\u2032\u2033])|(?:\s*(?P<join>[/\u00d7\u00b7])\s*|(?P<hyphen>-)|\s*)"
    rf"(?P<word>{_LETTER}(?:{_LETTER}|['.-](?={_LETTER}))*)\.?(?P<power>{_POWER})?"
)
_NO_CENTS = re.compile(r"\A(?:/|[.,])-{1,2}")  # 18/-   18,- €   18.-
_THOUSAND_GRAMS = re.compile("千(?=[克米瓦卡帕焦])")  # the prefix kilo, no thousand


def scale(tail: str, most_words: int) -> int | None:
    """What the words behind a number multiply it by: 1 for "eggs", a million for "million dollars"; None if they are
    no unit. `tail` begins right behind the last digit."""
    tail = _NO_CENTS.sub("", tail)
    if not tail or tail.isspace():
        return 1
    tail = _plain_signs(tail).rstrip(" .,!")
    words: list[str] = []
    factor, at = 1, 0
    while at < len(tail):
        token = _TOKEN.match(tail, at)
        if token is None:
            return None
        word, join, begins = token["word"], token["join"] or token["hyphen"], at == 0
        at = token.end()
        if word is None:
            continue
        if not words and (join or (begins and not tail[0].isspace())) and not _may_be_glued(word, join):
            return None
        if begins and not join and tail[0].isspace() and word.casefold() in _SCALES:
            factor = _SCALES[word.casefold()]
        elif _may_be_a_unit(word, power=bool(token["power"]), first=not words):
            words.append(word)
        else:
            return None
    return factor if len(words) <= most_words else None


def _plain_signs(tail: str) -> str:
    """Each sign of money and each picture as %, and letters without the marks that stand above and below them."""
    if tail.isascii():
        return tail.replace("$", "%")
    return "".join(
        "%" if c in "‰٪" or (unicodedata.category(c) in ("Sc", "So") and c != "°") else c for c in _bare(tail)
    )


def _may_be_glued(word: str, join: str | None) -> bool:
    """18kg, 18元, 18eggs, 18/hour, 18-mile; not 5k, 5x, 3ab, 2pi."""
    if join in ("\u00d7", "\u00b7"):
        return False
    if not word.isascii() or word in GLUED_UNITS:
        return True
    return len(word) > (2 if join else 3) and bool(re.search("[aeiou]", word.casefold()))


def _may_be_a_unit(word: str, *, power: bool, first: bool) -> bool:
    bare = word.casefold()
    if re.fullmatch(r"[ap]\.m", bare) or bare in _NO_UNITS or bare.startswith(_BEGINS_NO_UNIT) or _OR_MORE.search(bare):
        return False
    if bare.isascii():
        if len(bare) > 1 or bare == "a":
            return True
        return word in _SHORT and (not power or word == "m" or not first)
    if any(unicodedata.numeric(c, None) is not None for c in _THOUSAND_GRAMS.sub("", bare)):
        return False  # ten thousands, in Chinese and Japanese
    if bare[0] in "\uc2ed\ubc31\ucc9c\ub9cc\uc5b5\uc870":
        return False  # ten to a billion, in Korean
    name = unicodedata.name(bare[0], "")
    return len(bare) > 1 or not (name.startswith(("LATIN", "GREEK")) or bare in "хуаиоя") or word == "Ω"
