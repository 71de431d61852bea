"""Countries and their adjectives: when two of them are the same."""

from functools import lru_cache

from synth.builders.twowiki.names import BRACKETED, bare, fold

# Countries whose names and adjectives do not share a stem, one country a line
COUNTRIES = tuple(
    frozenset(line.split(", "))
    for line in """\

afghanistan, afghan
america, american, united states, united states of america, usa, us, u.s.
bahamas, bahamian
barbados, barbadian
bosnia, bosnian, bosnia and herzegovina
botswana, motswana
britain, british, united kingdom, uk, u.k., great britain
burkina faso, burkinabe
byzantium, byzantine, byzantine empire
china, chinese, people's republic of china
congo, congolese, democratic republic of the congo
cyprus, cypriot
czech, czech republic, czechia
czechoslovakia, czechoslovak
denmark, danish, kingdom of denmark
east germany, east german, german democratic republic
el salvador, salvadoran
finland, finnish
france, french
germany, german
greece, greek
honduras, honduran
iran, iranian, persia, persian
ireland, irish, republic of ireland
ivory coast, ivorian
kazakhstan, kazakh
kosovo, kosovar
kyrgyzstan, kyrgyz
laos, laotian
macedonia, macedonian, north macedonia
madagascar, malagasy
maldives, maldivian
monaco, monegasque
montenegro, montenegrin
mozambique, mozambican
myanmar, burma, burmese
netherlands, the netherlands, dutch, holland, kingdom of the netherlands
new zealand, new zealander
norway, norwegian
ottoman, ottoman empire
panama, panamanian
philippines, philippine, filipino
poland, polish
portugal, portuguese
saudi arabia, saudi, saudi arabian
scotland, scottish
slovakia, slovak
south korea, south korean, korea, korean
soviet, soviet union, ussr
spain, spanish
sweden, swedish
switzerland, swiss
tajikistan, tajik
thailand, thai, siam
togo, togolese
trinidad, trinidadian, trinidad and tobago
turkey, turkish
turkmenistan, turkmen
uzbekistan, uzbek
wales, welsh
west germany, west german
yugoslavia, yugoslav, yugoslavian""".splitlines()
)
COUNTRY_ENDS = ("", "a", "ia", "y", "e", "o", "um", "on", "and", "us")
ADJECTIVE_ENDS = ("an", "ian", "n", "ean", "ese", "i", "ish", "ic", "e", "vian")


PEOPLES = {
    "spain": "spaniard",
    "denmark": "dane",
    "sweden": "swede",
    "finland": "finn",
    "poland": "pole",
    "turkey": "turk",
    "britain": "briton",
    "scotland": "scot scotsman scots",
    "iceland": "icelander",
    "new zealand": "zealander",
}  # besides the adjective and what is made of it, `Frenchman`


@lru_cache(maxsize=1 << 10)
def peoples(value: str) -> frozenset[str]:
    """The letters of all names of a country and its people, by one of them."""
    own = {name for line in COUNTRIES for name in line if value_of(value) in line} | {fold(value)}
    own |= {other for name in set(own) for other in _derived(name)}
    own |= {word for country, line in PEOPLES.items() if country in own for word in line.split()}
    return frozenset(bare(name) for each in own for name in (each, f"{each}man", f"{each}woman", f"{each}men"))


def value_of(value: str) -> str:
    return fold(BRACKETED.sub("", value).strip())


def _derived(name: str) -> set[str]:
    """What may be the adjective of a country, and the country of an adjective."""
    stems = {name.removesuffix(end) for end in COUNTRY_ENDS if name.endswith(end)}
    roots = {name.removesuffix(end) for end in ADJECTIVE_ENDS if name.endswith(end) and len(name) - len(end) >= 3}
    return {stem + end for stem in stems for end in ADJECTIVE_ENDS if len(stem) >= 3} | {
        root + end for root in roots for end in COUNTRY_ENDS
    }


def same_value(one: str, other: str) -> bool:
    """Whether two countries (or other things that are not persons) are the same: `Italian` and `Italy`."""
    if bare(one) == bare(other):
        return True
    first, second = fold(one), fold(other)
    return (
        any({first, second} <= names for names in COUNTRIES) or _adjective(first, second) or _adjective(second, first)
    )


def _adjective(country: str, adjective: str) -> bool:
    """Whether both are one stem with the ends of a country and of its adjective: `Hungar-y`, `Hungar-ian`."""
    stems = {country.removesuffix(end) for end in COUNTRY_ENDS if country.endswith(end)}
    return any(
        len(adjective) - len(end) >= 3 and adjective[: -len(end)] in stems
        for end in ADJECTIVE_ENDS
        if adjective.endswith(end)
    )
