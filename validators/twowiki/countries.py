"""Countries as 2WikiMultiHopQA spells them: which one a value means, and which ones a fact names.

Written apart from the builder. What is not in the table is no country that is known here, and nothing is said of it.
"""

import re
from functools import lru_cache
from itertools import takewhile

from synth.validators.twowiki.meaning import spoken_of
from synth.validators.twowiki.words import WORD, plain

# One country a line: its names and its people's
TABLE = """\
afghanistan, afghan
albania, albanian
algeria, algerian
angola, angolan
argentina, argentine, argentinian, argentinean
armenia, armenian
australia, australian
austria, austrian
azerbaijan, azerbaijani
bahamas, bahamian
bahrain, bahraini
bangladesh, bangladeshi
barbados, barbadian
belarus, belarusian
belgium, belgian
benin, beninese
bohemia, bohemian
bolivia, bolivian
bosnia, bosnian, bosnia and herzegovina
botswana, motswana
brazil, brazilian
britain, british, great britain, uk, u.k., united kingdom
bulgaria, bulgarian
burkina faso, burkinabe
burma, burmese, myanmar
burundi, burundian
byzantium, byzantine, byzantine empire
cambodia, cambodian
cameroon, cameroonian
canada, canadian
cape verde, cape verdean
chile, chilean
china, chinese, people's republic of china
colombia, colombian
congo, congolese, democratic republic of the congo
costa rica, costa rican
croatia, croatian
cuba, cuban
cyprus, cypriot
czech, czechia, czech republic
czechoslovakia, czechoslovak
denmark, danish, kingdom of denmark
dominican republic
dutch, holland, the netherlands, netherlands, kingdom of the netherlands
east germany, east german, german democratic republic
ecuador, ecuadorian
egypt, egyptian
el salvador, salvadoran
england, english
eritrea, eritrean
estonia, estonian
ethiopia, ethiopian
fiji, fijian
filipino, philippine, philippines
finland, finnish
france, french
gabon, gabonese
gambia, gambian
germany, german
ghana, ghanaian
greece, greek
guatemala, guatemalan
guinea, guinean
guyana, guyanese
haiti, haitian
honduras, honduran
hong kong
hungary, hungarian
iceland, icelandic
india, indian
indonesia, indonesian
iran, iranian, persia, persian
iraq, iraqi
ireland, irish, republic of ireland
israel, israeli
italy, italian
ivory coast, ivorian
jamaica, jamaican
japan, japanese
kazakhstan, kazakhstani, kazakh
kenya, kenyan
korea, korean, south korea, south korean
kosovo, kosovar
kuwait, kuwaiti
kyrgyzstan, kyrgyz
laos, laotian
latvia, latvian
lebanon, lebanese
liberia, liberian
libya, libyan
liechtenstein
lithuania, lithuanian
luxembourg
macedonia, macedonian, north macedonia
madagascar, malagasy
malawi, malawian
malaysia, malaysian
maldives, maldivian
mali, malian
malta, maltese
mauritius, mauritian
mexico, mexican
moldova, moldovan
monaco, monegasque
mongolia, mongolian
montenegro, montenegrin
morocco, moroccan
mozambique, mozambican
namibia, namibian
nepal, nepalese, nepali
new zealand, new zealander
nicaragua, nicaraguan
nigeria, nigerian
north korea, north korean
norway, norwegian
oman, omani
ottoman, ottoman empire
pakistan, pakistani
palestine, palestinian
panama, panamanian
papua new guinea
paraguay, paraguayan
peru, peruvian
poland, polish
portugal, portuguese
prussia, prussian
puerto rico, puerto rican
qatar, qatari
romania, romanian
russia, russian
rwanda, rwandan
samoa, samoan
saudi arabia, saudi, saudi arabian
scotland, scottish
senegal, senegalese
serbia, serbian
siam, thai, thailand
sierra leone, sierra leonean
singapore, singaporean
slovak, slovakia
slovenia, slovene, slovenian
somalia, somali
south africa, south african
soviet, soviet union, ussr
spain, spanish
sri lanka, sri lankan
sudan, sudanese
suriname, surinamese
sweden, swedish
switzerland, swiss
syria, syrian
taiwan, taiwanese
tajikistan, tajik
tanzania, tanzanian
togo, togolese
tonga, tongan
trinidad, trinidadian, trinidad and tobago
tunisia, tunisian
turkey, turkish
turkmenistan, turkmen
uganda, ugandan
ukraine, ukrainian
united states, united states of america, america, american, usa, us, u.s.
uruguay, uruguayan
uzbekistan, uzbek
venezuela, venezuelan
vietnam, vietnamese
wales, welsh
west germany, west german
yemen, yemeni
yugoslavia, yugoslav, yugoslavian
zambia, zambian
zimbabwe, zimbabwean"""
# Of these one is often named where another one is meant: one inside the other, or before and after
KIN = """\
britain, england, scotland, wales, ireland, hong kong
germany, east germany, west germany, prussia, austria, bohemia, poland
austria, hungary, bohemia, czech, slovak, czechoslovakia, croatia, slovenia
yugoslavia, serbia, croatia, slovenia, bosnia, macedonia, montenegro
soviet, russia, ukraine, belarus, armenia, azerbaijan, estonia, latvia, lithuania, moldova, kazakhstan, uzbekistan
russia, poland, finland
ottoman, turkey, greece, egypt, syria, byzantium, armenia
china, taiwan, hong kong
india, pakistan, bangladesh
israel, palestine
united states, puerto rico
korea, north korea
denmark, norway, iceland, sweden"""
STATES = re.compile(r"\b(kingdom|empire|republic|state|states|duchy|dynasty|union|federation|principality)\b")
# `Tamil-language`, `(German: Bergkristall)`, `English title`: a language
LANGUAGE = re.compile(r"[A-Z]\w+(?=:|[- ](?:language|title|name|for)\b)|New (?=Mexico|England)")
COUNTRY_ENDS, ADJECTIVE_ENDS = ("a", "ia", "y", "o", "e", "um"), ("an", "ian", "n", "ese", "i", "ish")


def _words(text: str) -> str:
    return " ".join(WORD.findall(plain(text)))


LINES = tuple(tuple(line.split(", ")) for line in TABLE.splitlines())
KNOWN = {_words(name): names[0] for names in LINES for name in names}  # every spelling: the first one of its line
FAMILIES = tuple(frozenset(line.split(", ")) for line in KIN.splitlines())
LONGEST = max(len(name.split()) for name in KNOWN)


def same_country(one: str, other: str) -> bool | None:
    """Whether two values are of the same country: True or False if it is plain, None if it may be."""
    first, second = _words(one), _words(other)
    if first.replace(" ", "") == second.replace(" ", ""):
        return True
    if first in KNOWN and KNOWN[first] == KNOWN.get(second):
        return True
    if any(_stems(a, COUNTRY_ENDS) & _stems(b, ADJECTIVE_ENDS) for a, b in ((first, second), (second, first))):
        return True
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))
    return None if alike >= 2 else False


def told(value: str, text: str) -> bool:
    """Whether a text may name a country: by any name of its line, or a word that begins like it."""
    wanted = _words(value)
    line = next((names for names in LINES if names[0] == KNOWN.get(wanted)), ())
    if any(spoken_of(name, text) for name in (value, *line)):
        return True
    return any(same_country(wanted, word) is not False for word in _words(text).split() if word[:3] == wanted[:3])


def contradicted(value: str, text: str) -> bool:
    """Whether a text names countries, and none that a value may mean."""
    named, wanted = _named(text), _words(value)
    meant = KNOWN.get(wanted, "")
    if not named or (not meant and STATES.search(wanted)):
        return False
    if spoken_of(value, text) or any(same_country(wanted, word) for word in _words(text).split()):
        return False
    return not any(meant == name or {meant, name} <= family for name in named for family in FAMILIES)


@lru_cache(maxsize=64)
def _named(text: str) -> frozenset[str]:
    """The countries that a text speaks of with a capital, each by the first name of its line."""
    words = WORD.findall(LANGUAGE.sub(" ", text))
    starts = [at for at, word in enumerate(words) if word[0].isupper()]
    names = (_words(" ".join(words[at : at + width])) for at in starts for width in range(1, LONGEST + 1))
    return frozenset(KNOWN[name] for name in names if name in KNOWN)


def _stems(word: str, ends: tuple[str, ...]) -> set[str]:
    return {word[: len(word) - len(end)] for end in ends if word.endswith(end) and len(word) - len(end) > 3}
