"""The chain of reasoning of a record: its evidence triples in order, checked, and repaired if they can be.

A triple says (subject, relation, object). The hops of a row hold together if

- in a chain (compositional, inference) each later subject is the object before it and the last object is the answer;
- in a comparison the two things compared are named in the question, each with the values asked for (in a bridge
  comparison of the person found in the first hop), and the comparison made over again picks the answer.

Names link when they are the same but for case, accents and brackets, when one is an alias of the other (a part of it,
initials, another spelling, or the text of its own page says so), or when Wikidata says that they are one.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from synth.builders.twowiki import names
from synth.builders.twowiki.countries import same_value
from synth.builders.twowiki.relations import question_word
from synth.builders.twowiki.said import says

CHAINS = ("compositional", "inference")
COMPARISONS = ("comparison", "bridge_comparison")
DATES = ("date of birth", "date of death", "publication date", "inception")
EARLIER = re.compile(r"\b(first|earlier|earliest|older|oldest|before)\b")
LATER = re.compile(r"\b(later|latest|last|younger|youngest|recent|recently|newer|newest|after)\b")
LONGER = re.compile(r"\b(longer|longest)\b")
SHORTER = re.compile(r"\b(shorter|shortest)\b")
ORDER = re.compile("|".join(pattern.pattern for pattern in (EARLIER, LATER, LONGER, SHORTER)))
YES_NO = ("yes", "no")
Span = tuple[float, float]
Fact = tuple[str, str]  # title of the paragraph, sentence


class Drop(Exception):  # noqa: N818
    """Why a row is not kept: a short identifier, and the matter in words. No error: the row goes to rejected.jsonl."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


class Step(NamedTuple):
    """One triple, with Wikidata's ids of its ends where they are given ("" if not)."""

    subject: str
    relation: str
    object: str
    subject_id: str = ""
    object_id: str = ""


class Source(NamedTuple):
    """What a record says, tidied: `facts` are (title of the paragraph, sentence)."""

    id: str
    type: str
    question: str
    answer: str
    answer_id: str
    facts: tuple[Fact, ...]
    steps: tuple[Step, ...]


def check(source: Source) -> tuple[Step, ...]:
    """The steps of the rationale, in the order in which it gives them.

    Raises Drop for a record whose chain does not hold, or whose facts do not say what its steps say.
    """
    steps = links(source)
    for step in steps:
        if not said(step, source, source.facts):
            raise Drop("not_in_facts", f"no fact tells that the {step.relation} of {step.subject} is {step.object}")
    return steps


def links(source: Source) -> tuple[Step, ...]:
    """The steps, whatever the facts say. Raises Drop for a record whose chain does not hold."""
    if source.type not in CHAINS + COMPARISONS:
        raise Drop("unknown_type", f"type {source.type!r} is none of {', '.join(CHAINS + COMPARISONS)}")
    steps = _chain(source) if source.type in CHAINS else _comparison(source)
    for step in steps:
        if question_word(step.relation) == "When":
            _date(step)
    return steps


def said(step: Step, source: Source, facts: Iterable[Fact]) -> bool:
    """Whether one of the facts says what a step says, by any name that the record has for its object."""
    known = [step.object]
    for own in source.steps:
        if own.relation == step.relation and own.object_id and own.object_id in (step.object_id, source.answer_id):
            known.append(own.object)
        if names.fold(own.object) == names.fold(step.object):
            known += [s.subject for s in source.steps if s != own and (_is_same(own, s) or _is_alias(own, s, source))]
    return any(says(step.relation, step.subject, tuple(dict.fromkeys(known)), fact) for _, fact in facts)


def hops(type: str, steps: Sequence[Step]) -> int:
    """How many facts a reader has to join one after another: a comparison is one hop, over a bridge two."""
    return len(steps) if type in CHAINS else 1 if type == "comparison" else 2


def _chain(source: Source) -> tuple[Step, ...]:
    steps = source.steps
    if len(steps) < 2:
        raise Drop("too_few_hops", f"{len(steps)} evidence, a {source.type} question needs two")
    for before, step in pairwise(steps):
        if not (_is_same(before, step) or _is_alias(before, step, source)):
            raise Drop("broken_chain", f"{before.object!r} is not {step.subject!r}")
    shown = [_named_in_question(steps[0], source)]
    shown += [_named_after(before, step) for before, step in pairwise(steps)]
    shown[-1] = _with_answer(shown[-1], source)
    return tuple(shown)


def _with_answer(last: Step, source: Source) -> Step:
    """The last step, with the answer as its object if only Wikidata's id says that its object is the answer."""
    if names.same_thing(last.object, source.answer):
        return last
    if last.object_id.startswith("Q") and last.object_id == source.answer_id:
        return last._replace(object=source.answer)
    raise Drop("answer_not_in_evidence", f"the last hop comes to {last.object!r}")


def _comparison(source: Source) -> tuple[Step, ...]:
    """Both things in the order of the question: all first hops, then what was asked about each."""
    bridges, asked = _halves(source)
    things = list({names.fold(step.subject): step.subject for step in bridges or asked}.values())
    if len(things) != 2:
        raise Drop("broken_chain", f"the question compares two things, the evidence tells of {len(things)}")
    shown = {thing: _named_in_question(Step(thing, "", ""), source).subject for thing in things}
    things.sort(key=names.positions([shown[thing] for thing in things], source.question).__getitem__)
    values = {thing: _asked_about(thing, bridges, asked, source) for thing in things}
    named = {shown[thing]: found for thing, found in values.items()}
    if not _closed(source, things, asked):
        _check_pick(source, named)
    elif ORDER.search(names.without(list(named), source.question)):
        _check_order(source, named)
    else:
        one, other = things
        values[other] = _check_equality(source, values[one], values[other])
    first = [step._replace(subject=shown[thing]) for thing in things for step in bridges if step.subject == thing]
    second = [step if bridges else step._replace(subject=shown[thing]) for thing in things for step in values[thing]]
    return tuple(dict.fromkeys([*first, *second]))


def _closed(source: Source, things: list[str], asked: list[Step]) -> bool:
    """Whether a comparison asks for yes or no: these are titles, too."""
    titled = source.answer not in YES_NO and source.answer.lower() in map(names.fold, things)
    dated = all(step.relation in DATES for step in asked)
    return source.answer.lower() in YES_NO and not (dated and titled)


def _halves(source: Source) -> tuple[list[Step], list[Step]]:
    """The triples that lead from the films to their directors (none in a plain comparison), and the others."""
    steps = source.steps
    if source.type == "comparison":
        return [], list(steps)
    bridge = steps[0].relation
    return [step for step in steps if step.relation == bridge], [step for step in steps if step.relation != bridge]


def _asked_about(thing: str, bridges: list[Step], asked: list[Step], source: Source) -> list[Step]:
    """The triples with the values that are compared, of one of the two things."""
    if not bridges:
        return [step for step in asked if names.fold(step.subject) == names.fold(thing)]
    own = [step for step in bridges if step.subject == thing]
    pairs = [(bridge, step) for step in asked for bridge in _bridges(step, bridges, asked, source) if bridge in own]
    named = [_named_after(bridge, step) for bridge, step in pairs]
    if not named:
        raise Drop("broken_chain", f"nothing is said about {' and '.join(bridge.object for bridge in own)}")
    return named


def _bridges(step: Step, bridges: list[Step], asked: list[Step], source: Source) -> list[Step]:
    """The first hops that lead to the subject of a triple: those that surely do, otherwise those that may and lead
    to no other triple."""
    sure = [bridge for bridge in bridges if names.bare(bridge.object) == names.bare(step.subject)]
    if sure := sure or [bridge for bridge in bridges if _is_same(bridge, step)]:
        return sure
    near = [bridge for bridge in bridges if _is_alias(bridge, step, source)]
    return [bridge for bridge in near if not any(_is_same(bridge, other) for other in asked)] or near


def _check_equality(source: Source, one: list[Step], other: list[Step]) -> list[Step]:
    """The second thing's triples, its value spelled like the first one's if only Wikidata knows that they are one."""
    pairs = [(first, second) for first in one for second in other if first.relation == second.relation]
    by_text = any(same_value(first.object, second.object) for first, second in pairs)
    by_id = {second: first for first, second in pairs if first.object_id and first.object_id == second.object_id}
    same = by_text or bool(by_id)
    if same != (source.answer.lower() == "yes"):
        said = f"{_said(one)} and {_said(other)} are {'the same' if same else 'different'}"
        raise Drop("wrong_comparison", f"{said}, the answer is {source.answer}")
    return other if by_text else [s._replace(object=by_id[s].object) if s in by_id else s for s in other]


def _said(steps: list[Step]) -> str:
    return ", ".join(step.object for step in steps)


def _check_pick(source: Source, values: dict[str, list[Step]]) -> None:
    """Makes the comparison over again; the answer must be the thing it picks."""
    one, other = values
    picked = one if _is_first(source, values) else other
    if not names.same_thing(picked, source.answer):
        raise Drop("wrong_comparison", f"the evidence picks {picked!r}, the answer is {source.answer!r}")


def _check_order(source: Source, values: dict[str, list[Step]]) -> None:
    """Whether the first thing comes before the second, as in `Was A born before B?`."""
    says = "yes" if _is_first(source, values) else "no"
    if says != source.answer.lower():
        raise Drop("wrong_comparison", f"the evidence says {says}, the answer is {source.answer}")


def _is_first(source: Source, values: dict[str, list[Step]]) -> bool:
    """Whether of two things the first is the one that is earlier, later, longer or shorter, as asked for."""
    one, other = values
    first, second, largest = _measures(values[one], values[other], names.without(list(values), source.question))
    order = names.earlier(first, second)
    if order is None:
        raise Drop("undecided_comparison", f"{' and '.join(map(_said, values.values()))} cannot be told apart")
    return order != largest


def _measures(one: list[Step], other: list[Step], asked: str) -> tuple[Span, Span, bool]:
    """What is compared as two spans of days, and whether the larger one is asked for."""
    for steps in (one, other):  # birth before death
        steps.sort(key=lambda step: DATES.index(step.relation) if step.relation in DATES else len(DATES))
    relations = [tuple(step.relation for step in steps) for steps in (one, other)]
    if relations[0] != relations[1] or not set(relations[0]) <= set(DATES):
        raise Drop("unknown_comparison", f"{relations[0]} and {relations[1]} cannot be compared")
    dates = [[_date(step) for step in steps] for steps in (one, other)]
    if len(dates[0]) == 2 and relations[0] == ("date of birth", "date of death"):
        lives = [(death[0] - birth[1], death[1] - birth[0]) for birth, death in dates]
        return lives[0], lives[1], _direction(asked, LONGER, SHORTER)
    if len(dates[0]) == 1:
        return dates[0][0], dates[1][0], _direction(asked, LATER, EARLIER)
    raise Drop("unknown_comparison", f"{len(dates[0])} values of one thing cannot be compared")


def _direction(asked: str, larger: "re.Pattern[str]", smaller: "re.Pattern[str]") -> bool:
    up, down = larger.search(asked), smaller.search(asked)
    if bool(up) == bool(down):
        raise Drop("unknown_comparison", "the question does not say which of the two is wanted")
    return bool(up)


def _date(step: Step) -> Span:
    date = names.date(step.object)
    if date is None:
        raise Drop("unreadable_date", f"{step.object!r} is no date")
    return date


def _is_same(before: Step, step: Step) -> bool:
    """Whether the object of one triple is the subject of another, by Wikidata's id or by the letters."""
    by_id = before.object_id and before.object_id == step.subject_id
    return bool(by_id) or names.bare(before.object) == names.bare(step.subject)


def _is_alias(before: Step, step: Step, source: Source) -> bool:
    """Whether the object of one triple is another name of the subject of the next."""
    if names.same_name(before.object, step.subject):
        return True
    # the page of the subject says that this is its other name: `J. Alexander, known professionally as Mahendran`
    page = " ".join(sentence for title, sentence in source.facts if names.bare(title) == names.bare(step.subject))
    return names.named(before.object, page)


def _named_in_question(step: Step, source: Source) -> Step:
    """The step with a subject that the question names: the evidence's own name, or the title of its page."""
    if names.named(step.subject, source.question):
        return step
    titles = list(dict.fromkeys(title for title, _ in source.facts if names.named(title, source.question)))
    near = [title for title in titles if names.same_name(title, step.subject)]
    if source.type in CHAINS:
        if names.shares_word(step.subject, source.question):
            return step
        near = near or titles[:1]
    if not near:
        raise Drop("subject_not_in_question", f"the question does not name {step.subject!r}")
    return step._replace(subject=near[0])


def _named_after(before: Step, step: Step) -> Step:
    """The step as its own evidence names the subject, or as the hop before did if nobody would see the link."""
    known, own = names.fold(before.object), names.fold(step.subject)
    if known == own:
        return step
    misleading = own == names.fold(before.subject) or known == names.fold(step.object)
    if misleading or not names.shares_word(known, own) or not names.numbers_agree(known, own):
        return step._replace(subject=before.object)
    return step
