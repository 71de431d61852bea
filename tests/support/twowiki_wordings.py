"""Made-up records of 2WikiMultiHopQA in the wordings that Ho et al. (2020) describe: questions of all four types from
templates, with facts that say what the evidences say. Random, and every one of them sound.

Some facts have the faults of the source: sentences run together, brackets without what stood in them, nobody named.
"""

from collections.abc import Iterator
from random import Random
from typing import Any

from twowiki_draws import AWARDS, CAUSES, NATIONS, PLACES, SCHOOLS, asked, born, date, day, lived, person, title
from twowiki_templates import (
    BRIDGED,
    ENDS,
    INFERRED,
    MADE,
    ORDERS,
    PICKS,
    ROLE,
    SAME,
    SAME_BRIDGED,
    SAYS,
    WORKS,
)

Triple = tuple[str, str, str]
Page = tuple[str, list[str]]  # title and sentences


def records(seed: int, count: int) -> Iterator[dict[str, Any]]:
    """Records in the official layout."""
    for number in range(count):
        rng = Random(f"wordings/{seed}/{number}")
        kind = rng.choice(
            (_compositional, _compositional, _inference, _pick, _pick, _bridge, _same, _same_bridged, _ordered)
        )
        type, question, answer, triples, pages = kind(rng)
        yield _record(rng, f"made-{seed}-{number}", type, question, answer, triples, pages)


def _record(
    rng: Random, id: str, type: str, question: str, answer: str, triples: list[Triple], pages: list[Page]
) -> dict[str, Any]:
    facts = [[name, 0] for name, _ in pages]
    other = _different(rng, person, *(name for name, _ in pages))
    context = [[name, said] for name, said in pages] + [[other, [f"{other} is a village.", "It has a mill."]]]
    rng.shuffle(context)
    return {
        "_id": id, "type": type, "question": question, "answer": answer, "context": context,
        "supporting_facts": facts, "evidences": [list(each) for each in triples], "evidences_id": [], "answer_id": None,
    }  # fmt: skip


def _different(rng: Random, draw: Any, *others: str) -> str:
    """A name that shares no letters' run with the others."""
    while True:
        name = str(draw(rng))
        if all(_letters(name) not in _letters(other) and _letters(other) not in _letters(name) for other in others):
            return name


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name.partition(" (")[0].casefold())) or name


def _bare(name: str) -> str:
    return name.partition(" (")[0] or name


def _made(rng: Random, relation: str, thing: str, person: str, other: str) -> str:
    return rng.choice(MADE[relation]).format(t=_bare(thing), p=_bare(person), o=_bare(other))


def _of(rng: Random, role: str, name: str, kind: str) -> str:
    if kind:
        return rng.choice((f"the {role} of {kind} {name}", f"the {role} of {name}", f"{name}'s {role}"))
    return rng.choice((f"the {role} of {name}", f"{name}'s {role}"))


def _value(rng: Random, relation: str, who: str, other: str) -> tuple[str, str]:
    """A value, and a sentence that says that it is the person's."""
    name = _bare(who)
    if relation in ("date of birth", "date of death"):
        first, then = day(rng, 1700, 1900), day(rng, 1910, 2010)
        dates = date(rng, first), date(rng, then)
        value = dates[relation == "date of death"]
        said = rng.choice((name, name, f"{name.split()[0]} Ottokar {name}")) + " " + lived(rng, *dates)
        if relation == "date of birth" and rng.random() < 0.3:
            said = f"{name} {born(rng, value)}"
        run_on = rng.choice((f"{said} was a poet.", f"He was born on {dates[0]}and died on {dates[1]}He wrote."))
        return value, run_on if rng.random() < 0.15 else f"{said} is a poet."
    if relation == "country of citizenship":
        return _nation(rng, name)
    if relation in MADE:
        value = _different(rng, person, who, other)
        return value, _made(rng, relation, who, value, person(rng))
    pools = {"educated at": SCHOOLS, "employer": SCHOOLS, "award received": AWARDS, "cause of death": CAUSES}
    value = rng.choice(pools.get(relation, PLACES))
    return value, rng.choice(SAYS[relation]).format(p=name, v=value)


def _nation(rng: Random, name: str) -> tuple[str, str]:
    country = rng.choice(list(NATIONS))
    value = rng.choice((country, NATIONS[country]))
    forms = (f"{name} is a {NATIONS[country]} poet.", f"{name} (born 1950) was a poet from {country}.")
    return value, rng.choice(forms)


def _compositional(rng: Random) -> tuple[str, str, str, list[Triple], list[Page]]:
    if rng.random() < 0.6:
        kind = rng.choice(list(WORKS))
        thing, first = title(rng), rng.choice(WORKS[kind])
    else:
        kind, thing, first = "", person(rng), rng.choice(("father", "mother", "spouse", "child", "sibling"))
    middle = _different(rng, person, thing)
    second = rng.choice([relation for relation in ENDS if kind or relation not in MADE])
    value, said = _value(rng, second, middle, thing)
    who = _of(rng, rng.choice(ROLE[first]), asked(rng, thing), kind)
    question = rng.choice(ENDS[second]).format(w=who)
    triples = [(thing, first, _bare(middle)), (middle, second, value)]
    pages = [(thing, [_made(rng, first, thing, middle, person(rng))]), (middle, [said])]
    return "compositional", question, value, triples, pages


def _inference(rng: Random) -> tuple[str, str, str, list[Triple], list[Page]]:
    word, (first, second) = rng.choice(list(INFERRED.items()))
    start = person(rng)
    middle = _different(rng, person, start)
    value, said = _value(rng, second, middle, start)
    question = rng.choice(("Who is {n}'s {w}?", "Who is the {w} of {n}?", "Who was the {w} of {n}?"))
    triples = [(start, first, _bare(middle)), (middle, second, value)]
    pages = [(start, [_made(rng, first, start, middle, person(rng))]), (middle, [said])]
    return "inference", question.format(n=asked(rng, start), w=word), value, triples, pages


def _wording(rng: Random, forms: tuple[str, ...], a: str, b: str, **more: str) -> str:
    both = rng.choice((f"{a} and {b}",))
    return rng.choice(forms).format(x=f"{a} or {b}", both=both, a=a, b=b, **more)


def _two(rng: Random, draw: Any) -> tuple[str, str]:
    one = draw(rng)
    return one, _different(rng, draw, one)


def _dates(rng: Random, relation: str, who: str, years: tuple[int, int]) -> tuple[list[Triple], str, int]:
    """The evidences of a date or a life of somebody or something, a sentence that says it, and what to compare by."""
    name, first = _bare(who), day(rng, *years)
    if relation in ("publication date", "inception"):
        value = rng.choice((f"{first[0]}", date(rng, first)))
        forms = (f"{name} is a {value} film.", f"It came out in {value}.", f"{name} was founded in {value}.")
        said = rng.choice(forms[:2] if relation == "publication date" else forms[2:])
        return [(who, relation, value)], said, first[0]
    then = (first[0] + rng.randint(20, 40) + 50 * (years[0] % 2), *day(rng)[1:])
    born_on, died_on = date(rng, first), date(rng, then)
    said = f"{name} {lived(rng, born_on, died_on)} was a poet."
    if rng.random() < 0.1:
        said = f"He was born on {born_on}and died on {died_on}Later he was praised."
    both = [(who, "date of birth", born_on), (who, "date of death", died_on)]
    chosen = {"date of birth": both[:1], "date of death": both[1:], "life": both}[relation]
    return chosen, said, {"date of birth": first[0], "date of death": then[0], "life": then[0] - first[0]}[relation]


def _years(rng: Random) -> list[tuple[int, int]]:
    """Two spans far apart, in either order; the odd one starts the longer lives."""
    spans = [(1500, 1640), (1751, 1900)]
    rng.shuffle(spans)
    return spans


def _compared(
    rng: Random, relation: str, whos: tuple[str, str]
) -> tuple[list[list[Triple]], list[str], dict[str, str], bool]:
    """The evidences and sentences of two, the words that ask for one of them, and whether it is the first."""
    parts = [_dates(rng, relation, who, years) for who, years in zip(whos, _years(rng), strict=True)]
    up = rng.random() < 0.5
    new = ("newer", "more recent") if relation in ("publication date", "inception") else ("younger",)
    words = {
        "d": rng.choice(("later", "last", "more recently") if up else ("first", "earlier", "earliest")),
        "o": rng.choice(new if up else ("older",)),
        "l": rng.choice(("longer", "longest") if up else ("shorter",)),
    }
    first = (parts[0][2] > parts[1][2]) == up
    return [part[0] for part in parts], [part[1] for part in parts], words, first


def _pick(rng: Random) -> tuple[str, str, str, list[Triple], list[Page]]:
    relation = rng.choice(list(PICKS))
    one, other = _two(rng, title if relation in ("publication date", "inception") else person)
    found, said, words, first = _compared(rng, relation, (one, other))
    a, b = asked(rng, one), asked(rng, other)
    kind = rng.choice(("film", "song", "movie") if relation == "publication date" else ("magazine", "company", "band"))
    question = _wording(rng, PICKS[relation], a, b, k=kind, **words)
    pages = [(one, [said[0]]), (other, [said[1]])]
    return "comparison", question, a if first else b, [*found[0], *found[1]], pages


def _ordered(rng: Random) -> tuple[str, str, str, list[Triple], list[Page]]:
    relation = rng.choice(list(ORDERS))
    one, other = _two(rng, title if relation == "publication date" else person)
    found, said, words, first = _compared(rng, relation, (one, other))
    up = words["d"] in ("later", "last", "more recently")
    words["t"] = rng.choice(("later than", "after") if up else ("earlier than", "before"))
    words |= {"ot": f"{words['o']} than", "l": "longer" if up else "shorter"}
    question = _wording(rng, ORDERS[relation], asked(rng, one), asked(rng, other), **words)
    pages = [(one, [said[0]]), (other, [said[1]])]
    return "comparison", question, "yes" if first else "no", [*found[0], *found[1]], pages


def _bridge(rng: Random) -> tuple[str, str, str, list[Triple], list[Page]]:
    relation, role = (
        rng.choice(list(BRIDGED)),
        rng.choice(("director", "director", "director", "composer", "performer")),
    )
    kind = "song" if role == "performer" else "film"
    (one, other), whos = _two(rng, title), _two(rng, person)
    found, said, words, first = _compared(rng, relation, whos)
    a, b = asked(rng, one), asked(rng, other)
    question = _wording(rng, BRIDGED[relation], a, b, k=kind, r=role, **words)
    firsts = [(thing, role, _bare(who)) for thing, who in zip((one, other), whos, strict=True)]
    pages = [(thing, [_made(rng, role, thing, who, "Ida Aal")]) for thing, who in zip((one, other), whos, strict=True)]
    pages += [(who, [text]) for who, text in zip(whos, said, strict=True)]
    return "bridge_comparison", question, a if first else b, [*firsts, *found[0], *found[1]], pages


def _nations(rng: Random, whos: tuple[str, str], relation: str) -> tuple[list[Triple], list[str], str]:
    drawn = [_nation(rng, _bare(who)) for who in whos]
    if rng.random() < 0.4:
        country = rng.choice(list(NATIONS))
        drawn = [
            (rng.choice((country, NATIONS[country])), f"{_bare(who)} is a {NATIONS[country]} thing in {country}.")
            for who in whos
        ]
    nations = [next(c for c, adjective in NATIONS.items() if value in (c, adjective)) for value, _ in drawn]
    triples = [(who, relation, value) for who, (value, _) in zip(whos, drawn, strict=True)]
    return triples, [said for _, said in drawn], "yes" if nations[0] == nations[1] else "no"


def _same(rng: Random) -> tuple[str, str, str, list[Triple], list[Page]]:
    relation = rng.choice(list(SAME))
    one, other = _two(rng, person if relation == "country of citizenship" else title)
    triples, said, answer = _nations(rng, (one, other), relation)
    question = _wording(rng, SAME[relation], asked(rng, one), asked(rng, other))
    return "comparison", question, answer, triples, [(one, [said[0]]), (other, [said[1]])]


def _same_bridged(rng: Random) -> tuple[str, str, str, list[Triple], list[Page]]:
    (one, other), whos = _two(rng, title), _two(rng, person)
    triples, said, answer = _nations(rng, whos, "country of citizenship")
    question = _wording(rng, SAME_BRIDGED, asked(rng, one), asked(rng, other), r="director")
    firsts = [(thing, "director", _bare(who)) for thing, who in zip((one, other), whos, strict=True)]
    pages = [
        (thing, [_made(rng, "director", thing, who, "Ida Aal")]) for thing, who in zip((one, other), whos, strict=True)
    ]
    pages += [(who, [text]) for who, text in zip(whos, said, strict=True)]
    return "bridge_comparison", question, answer, [*firsts, *triples], pages
