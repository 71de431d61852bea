"""2WikiMultiHopQA: the words of a row, what is saved and what is left out, reading files, and the step checker."""

import json
import os
import random
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from itertools import combinations
from pathlib import Path
from typing import Any
from unittest import mock

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.builders import twowiki
from synth.builders.twowiki import names
from synth.builders.twowiki import source as _twowiki_source
from synth.builders.twowiki.evidence import Drop, Source, Step, check
from synth.builders.twowiki.perturb import PERTURBATIONS
from synth.builders.twowiki.relations import QUESTION_WORDS, question_word
from synth.builders.twowiki.source import File, locate, pieces
from synth.builders.twowiki.text import clean, clean_name
from synth.builders.twowiki.tidy import read as read_record
from synth.building.build import Options, build
from synth.data.manifest import open_manifest
from synth.data.reading import read
from synth.errors import SourceError, UsageError
from synth.models.tokens import counter, estimate
from synth.record import Record, Rejected
from synth.validators import twowiki as checker
from synth.validators.twowiki import countries, meaning

SAMPLES = {split: orjson.loads(locate("sample", "auto")[split][0].path.read_bytes()) for split in ("train", "test")}
Rows = list[Record | Rejected]


def make(split: str = "test", **options: Any) -> Rows:
    """The rows and drops of a split of the made-up records (or of another source)."""
    config = twowiki.Config(**options)
    twowiki.check(config)
    return [row for item in twowiki.items(config, split) for row in twowiki.records(config, split, 0, item)]


def kept(split: str = "test", **options: Any) -> list[Record]:
    return [row for row in make(split, **options) if isinstance(row, Record)]


def dropped(split: str = "test", **options: Any) -> dict[str, str]:
    """Reason by id."""
    return {row.id: row.reason for row in make(split, **options) if isinstance(row, Rejected)}


def one(rows: list[Record], id: str) -> Record:
    return next(row for row in rows if row.id == f"2wiki/{id}")


def record(id: str, **changes: Any) -> dict[str, Any]:
    """A made-up record with some fields changed."""
    found = next(each for split in SAMPLES.values() for each in split if each["_id"] == id)
    return {**found, **changes}


def chain(id: str, **changes: Any) -> tuple[Step, ...]:
    return check(read_record(record(id, **changes)))


def test_a_compositional_row_to_the_letter() -> None:
    row = one(kept(exemplars=0), "made-up-dev-01")
    assert row.prompt == (
        "Facts:\n"
        "Fact #0: The Brass Meridian is a 1958 Spanish film by Amparo Liñán.\n"
        "Fact #1: She was born in Villarreja de la Sierra.\n"
        "Question: Where was the director of film The Brass Meridian born?\n"
        "Are follow up questions needed here:"
    )
    assert row.completion == (
        " Yes.\n"
        "Follow up: Who is the director of The Brass Meridian?\n"
        "Intermediate answer: Amparo Liñán\n"
        "Follow up: Where is the place of birth of Amparo Liñán?\n"
        "Intermediate answer: Villarreja de la Sierra\n"
        "So the final answer is: Villarreja de la Sierra"
    )
    assert row.answer == "Villarreja de la Sierra"
    assert row.completion == f" Yes.\n{row.rationale}\nSo the final answer is: {row.answer}"
    assert dict(row.meta) == {
        "type": "compositional",
        "style": "self-ask",
        "hops": 2,
        "relations": "director; place of birth",
        "facts": 2,
        "prompt_tokens": 61,
        "exemplars": "",
        "perturb": "none",
        "source_id": "2wiki/made-up-dev-01",
    }


@pytest.mark.parametrize(
    ("id", "steps", "answer"),
    [
        (
            "made-up-dev-08",  # inference, an alias in the second hop
            "Follow up: Who is the father of Étienne III, Duke of Corvaille?\n"
            "Intermediate answer: Guillaume II of Corvaille\n"
            "Follow up: Who is the mother of Guillaume II?\n"
            "Intermediate answer: Blanche of Ysoude",
            "Blanche of Ysoude",
        ),
        (
            "made-up-dev-12",  # comparison of two lives
            "Follow up: When is the date of birth of Gerhard Voss?\n"
            "Intermediate answer: 3 March 1902\n"
            "Follow up: When is the date of death of Gerhard Voss?\n"
            "Intermediate answer: 12 December 1980\n"
            "Follow up: When is the date of birth of Lucía Ferreiro?\n"
            "Intermediate answer: 28 August 1921\n"
            "Follow up: When is the date of death of Lucía Ferreiro?\n"
            "Intermediate answer: 4 October 1990",
            "Gerhard Voss",
        ),
        (
            "made-up-dev-14",  # yes, of an adjective and a country
            "Follow up: What is the country of citizenship of Cassia Dorn?\n"
            "Intermediate answer: American\n"
            "Follow up: What is the country of citizenship of Miles Tarrant?\n"
            "Intermediate answer: United States",
            "yes",
        ),
        (
            "made-up-dev-16",  # bridge comparison, an alias that only the text of its page tells
            "Follow up: Who is the director of Goodnight, Calloway?\n"
            "Intermediate answer: Chester Vane\n"
            "Follow up: Who is the director of Marigold Summer?\n"
            "Intermediate answer: Mahesan\n"
            "Follow up: When is the date of death of Chester Vane?\n"
            "Intermediate answer: June 14, 1963\n"
            "Follow up: When is the date of death of Mahesan?\n"
            "Intermediate answer: 2 April 2019",
            "Goodnight, Calloway",
        ),
    ],
)
def test_a_row_of_each_other_type(id: str, steps: str, answer: str) -> None:
    row = one(kept(exemplars=0), id)
    assert (row.rationale, row.answer) == (steps, answer)


def test_a_direct_row_has_no_steps() -> None:
    row = one(kept(style="direct"), "made-up-dev-17")
    assert row.prompt == (
        "Facts:\n"
        "Fact #0: Ember Street is a 1974 British film by Philippa Rook.\n"
        "Fact #1: Cloud Machine is a 1999 Japanese film by Keiko Arimura.\n"
        "Fact #2: Philippa Anne Rook (born 19 January 1940) is a British film director.\n"
        "Fact #3: Keiko Arimura (born 9 May 1961) is a Japanese animator.\n"
        "Question: Which film whose director was born first, Ember Street (1974 Film) or Cloud Machine?\n"
        "Answer:"
    )
    assert (row.rationale, row.completion) == ("", " Ember Street (1974 Film)")


def test_titles_and_line_breaks() -> None:
    row = one(kept(style="direct", fact_titles=True, line_break=" ; "), "made-up-dev-01")
    assert row.prompt == (
        "Facts: ; Fact #0: The Brass Meridian: The Brass Meridian is a 1958 Spanish film by Amparo Liñán. ; "
        "Fact #1: Amparo Liñán: She was born in Villarreja de la Sierra. ; "
        "Question: Where was the director of film The Brass Meridian born? ; Answer:"
    )
    for replaced in kept(line_break=" ; "):
        assert "\n" not in replaced.prompt + replaced.completion + replaced.rationale
        assert checker.check(replaced) is None


@pytest.mark.parametrize(
    ("source", "cleaned"),
    [
        ("Jan( born 1950) is a poet.", "Jan (born 1950) is a poet."),
        ("( Maria; 1701 – 1756) was Empress.", "(Maria; 1701 – 1756) was Empress."),
        ("the ministry( in Hauts- de- Seine )", "the ministry (in Hauts-de-Seine)"),
        ("his film(s) and (b) all", "his film(s) and (b) all"),
        ('the song" Ride On"( 1998)," Go" and" Stay".', 'the song "Ride On" (1998), "Go" and "Stay".'),
        ('" Rain" is a song', '"Rain" is a song'),
        ('known as "Jim" or "Jay".', 'known as "Jim" or "Jay".'),
        ('from 1922(" The Boy") to 1959', 'from 1922 ("The Boy") to 1959'),
        ('the song" Ride On is old', 'the song" Ride On is old'),  # a quote without its partner stays
        ("18 September 1675 – 16 October 1692", "18 September 1675 – 16 October 1692"),
        ("( 1904- 1990)", "(1904- 1990)"),
        ("( 1903- date of death unknown)", "(1903- date of death unknown)"),
        ("February 1978- June 2009", "February 1978- June 2009"),
        ("from 3- May to 4- June", "from 3- May to 4- June"),
        ("a 12- hour push", "a 12-hour push"),
        ("pre- and post-war years", "pre- and post-war years"),
        ("a drama -comedy film", "a drama-comedy film"),
        ("a pause - and on", "a pause - and on"),
        ("earl,[ who was] the father", "earl, [who was] the father"),
        ("it grossed$ 49.4 million", "it grossed $49.4 million"),
        ("Danny& the Juniors, a writer/ director", "Danny & the Juniors, a writer/director"),
        ("Marie d' Albret and Maddalena de' Medici", "Marie d'Albret and Maddalena de' Medici"),
        ("Meghan O' Leary", "Meghan O'Leary"),
        ("Guinn' Big Boy' Williams, Jr.", "Guinn 'Big Boy' Williams, Jr."),
        ("the Girls' High School' Magazine' Prize", "the Girls' High School 'Magazine' Prize"),
        ("Robert Gilliatt' No' says", "Robert Gilliatt' No' says"),
        ("Ladies' Home Girls' School", "Ladies' Home Girls' School"),
        ("Lorenzo de' Medici and Girolamo de' Medici", "Lorenzo de' Medici and Girolamo de' Medici"),
        ("James ’s work was n't long", "James’s work wasn't long"),
        ("(pronounced , ; 2 May 1360)", "(pronounced; 2 May 1360)"),
        ("Kamul, , is a village , and so on", "Kamul, is a village, and so on"),
        ("Two  spaces\nand a line", "Two spaces and a line"),
        ("wait ... and see", "wait ... and see"),
    ],
)
def test_spaces_are_put_where_they_belong(source: str, cleaned: str) -> None:
    assert clean(source) == cleaned
    assert clean(cleaned) == cleaned


def test_a_name_loses_a_lonely_quote() -> None:
    assert clean_name('"Step Into The Light') == "Step Into The Light"
    assert clean_name(' The "True North" trilogy') == 'The "True North" trilogy'


@given(st.text(alphabet="ab ()[]\"'-,.;/$&19\n", max_size=40))
def test_cleaning_changes_spaces_only(text: str) -> None:
    def without_spaces(each: str) -> str:
        return re.sub(r"[\s,;]", "", each)  # of commas left by a removed pronunciation the last goes

    assert without_spaces(clean(text)) == without_spaces(text)


@pytest.mark.parametrize(
    ("word", "relations"),
    [
        ("Who", "director, mother, father, spouse, child, sibling, performer, composer, producer, editor, presenter"),
        ("Who", "creator, founded by, doctoral advisor, student of"),
        ("When", "date of birth, date of death, publication date, inception"),
        ("Where", "place of birth, place of death, place of burial, place of detention"),
        ("What", "country, country of citizenship, country of origin, educated at, employer, cause of death, religion"),
        ("What", "award received, publisher, manufacturer, occupation, languages spoken, has part, original language"),
        ("What", "a relation that nobody knows"),
    ],
)
def test_the_question_word_follows_the_relation(word: str, relations: str) -> None:
    assert {question_word(relation) for relation in relations.split(", ")} == {word}


def test_builder_and_checker_ask_with_the_same_words() -> None:
    """Two tables, written apart, that have to agree."""
    assert {r: w for r, w in QUESTION_WORDS.items() if w != "What"} == meaning.WORD_FOR


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("27 November 1995", "28 November 1995"),
        ("August 15, 1966", "September 1966"),
        ("953", "c. 1200"),
        ("44 BC", "12 AD"),
        ("March 44 BC", "May 44 BC"),
        ("1475 or 1476", "1477"),
        ("1899", "January 1, 1900"),
    ],
)
def test_dates_are_compared(first: str, second: str) -> None:
    one, other = names.date(first), names.date(second)
    assert one is not None
    assert other is not None
    assert names.earlier(one, other) is True
    assert names.earlier(other, one) is False


@pytest.mark.parametrize(("first", "second"), [("1844", "5 May 1844"), ("May 1900", "1900"), ("1900", "1900")])
def test_some_dates_cannot_be_told_apart(first: str, second: str) -> None:
    assert names.earlier(names.date(first), names.date(second)) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["May", "12 May", "unknown", ""])
def test_some_texts_are_no_dates(text: str) -> None:
    assert names.date(text) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Charles Saunders", "Charles Saunders (director)"),
        ("Amparo Linan", "Amparo Liñán"),
        ("Jean Pierre Roy", "Jean-Pierre Roy"),
        ("David Nevins, Jr.", "David Nevins Jr."),
        ("Augustus Roy", "Augustus Roy, 7th Duke of Marn"),
        ("H. S. Rawl", "Harnam Singh Rawl"),
        ("Bahram Bayzo", "Bahram Beyzo"),
        ("André de Toth", "Andre DeToth"),
    ],
)
def test_aliases_are_one_name(one: str, other: str) -> None:
    assert names.same_name(one, other)
    assert meaning.may_be(one, other) or names.bare(one) == names.bare(other)


@pytest.mark.parametrize(("one", "other"), [("Konrad Uhl", "Amparo Liñán"), ("Prince Otto", "Prince Karl"), ("A", "B")])
def test_other_names_are_not(one: str, other: str) -> None:
    assert not names.same_name(one, other)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Italian", "Italy", True),
        ("American", "United States", True),
        ("Hungary", "Hungarian", True),
        ("Dutch", "Netherlands", True),
        ("Austria", "Australian", False),
        ("Niger", "Nigeria", False),
        ("Slovak", "Slovenia", False),
        ("Iran", "Iraq", False),
        ("Canada", "United Kingdom", False),
    ],
)
def test_countries_and_their_adjectives(one: str, other: str, same: bool) -> None:
    assert names.same_value(one, other) is same
    assert countries.same_country(one, other) in (same, None)


def test_letter_case_and_brackets_do_not_break_a_chain() -> None:
    assert chain("made-up-dev-03", answer="larkhill ABBEY school")[-1].object == "Larkhill Abbey School"
    assert chain("made-up-dev-03")[1].subject == "Philippa Rook (director)"


def test_wikidata_links_what_no_string_does_and_the_text_stays_readable() -> None:
    ids = [["Q1", "director", "Q2"], ["Q2", "date of death", "date_information"]]
    triples = [["Marigold Summer", "director", "Mahesan"], ["Bela Lugo", "date of death", "2 April 2019"]]
    with pytest.raises(Drop, match="broken_chain"):
        chain("made-up-dev-05", evidences=triples, evidences_id=[])
    assert chain("made-up-dev-05", evidences=triples, evidences_id=ids)[1].subject == "Mahesan"


def test_an_answer_that_wikidata_knows_by_another_name_is_the_last_object() -> None:
    steps = chain("made-up-dev-01", answer="Villarreja", answer_id=record("made-up-dev-01")["evidences_id"][1][2])
    assert steps[-1].object == "Villarreja"


def test_countries_that_wikidata_knows_to_be_one_are_spelled_alike() -> None:
    triples = [["Brackwater Ferry", "country", "Albion"], ["Tollan Reach", "country", "United Kingdom"]]
    ids = [["Q1", "country", "Q145"], ["Q2", "country", "Q145"]]
    steps = chain("made-up-dev-13", answer="yes", evidences=triples, evidences_id=ids)
    assert [step.object for step in steps] == ["Albion", "Albion"]
    with pytest.raises(Drop, match="wrong_comparison"):
        chain("made-up-dev-13", answer="yes", evidences=triples, evidences_id=[])


def test_steps_stand_in_the_order_of_the_question() -> None:
    shuffled = record("made-up-dev-16")["evidences"][::-1]
    turned = [shuffled[3], shuffled[2], shuffled[1], shuffled[0]]
    assert chain("made-up-dev-16", evidences=[turned[1], turned[0], turned[3], turned[2]]) == chain("made-up-dev-16")


def test_no_name_is_seen_inside_another() -> None:
    assert names.positions(["Heat", "Heat Wave"], "Which came first, Heat Wave or Heat?") == {
        "Heat Wave": 17,
        "Heat": 30,
    }


def test_of_two_persons_with_a_name_in_common_the_right_one_is_meant() -> None:
    persons = [["Goodnight, Calloway", "director", "John A. Vane"], ["Marigold Summer", "director", "John Mahesan"]]
    deaths = [["John Vane", "date of death", "June 14, 1963"], ["John Mahesan", "date of death", "2 April 2019"]]
    facts = tuple((title, f"{title}: {a} {b}") for title, _, a in persons for _, _, b in deaths)
    steps = tuple(Step(*triple) for triple in persons + deaths)
    asked = "Which film has the director who died earlier, Goodnight, Calloway or Marigold Summer?"
    found = check(Source("x", "bridge_comparison", asked, "Goodnight, Calloway", "", facts, steps))
    assert found == steps
    row = one(kept(exemplars=0), "made-up-dev-16")
    prompt = re.sub(
        r"Facts:.*\nQ", "Facts:\nFact #0: " + " ".join(map(str, facts)) + "\nQ", row.prompt, flags=re.DOTALL
    )
    assert (
        checker.check(replace(written(row, [(question_word(r), r, s, o) for s, r, o, *_ in found]), prompt=prompt))
        is None
    )


def test_a_title_with_a_telling_word_does_not_turn_the_question() -> None:
    evidence = [["The Last Day", "publication date", "1958"], ["First Light", "publication date", "1999"]]
    facts = (("The Last Day", "The Last Day is of 1958."), ("First Light", "First Light is of 1999."))
    source = Source("x", "comparison", "Which film is older, First Light or The Last Day?", "", "", facts, ())
    steps = tuple(Step(*triple) for triple in evidence)
    question = "Which film came out later, First Light or The Last Day?"
    assert check(source._replace(question=question, answer="First Light", steps=steps))[0].subject == "First Light"
    with pytest.raises(Drop, match="wrong_comparison"):
        check(source._replace(question=question, answer="The Last Day", steps=steps))


BROKEN = {
    "made-up-dev-20": "fact_out_of_range",
    "made-up-dev-21": "broken_chain",
    "made-up-dev-22": "answer_not_in_evidence",
    "made-up-dev-23": "wrong_comparison",
    "made-up-dev-24": "undecided_comparison",
    "made-up-dev-25": "unknown_comparison",
    "made-up-dev-26": "fact_without_paragraph",
    "made-up-dev-27": "prompt_too_long",
    "made-up-dev-28": "no_evidence",
    "made-up-dev-29": "too_few_hops",
}


def test_each_broken_record_says_why() -> None:
    assert dropped(exemplars=0, max_prompt_tokens=240) == {f"2wiki/{id}": reason for id, reason in BROKEN.items()}
    drop = next(row for row in make() if isinstance(row, Rejected) and row.reason == "broken_chain")
    assert drop.detail == "'Konrad Uhl' is not 'Amparo Liñán'"
    assert drop.group == "compositional"
    assert drop.question
    assert drop.answer


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"type": "riddle"}, "unknown_type"),
        ({"context": "[broken"}, "unreadable_field"),
        ({"evidences": [["one", "two"]]}, "unreadable_field"),
        ({"evidences": [["", "director", "x"], ["x", "y", "z"]]}, "empty_evidence"),
        ({"supporting_facts": []}, "no_facts"),
        ({"answer": ""}, "no_answer"),
        ({"context": [["The Brass Meridian", [" . "]], ["Amparo Liñán", ["a", "b"]]]}, "empty_fact"),
        ({"question": "Where was it?"}, "subject_not_in_question"),
        ({"context": [["The Brass Meridian", ["A film."]], ["Amparo Liñán", ["", "Born in a town."]]]}, "not_in_facts"),
    ],
)  # fmt: skip
def test_other_damage_is_told_too(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Drop) as dropped:
        chain("made-up-dev-01", **changes)
    assert dropped.value.reason == reason


def test_a_repeated_paragraph_is_read_where_it_has_the_sentence() -> None:
    twice = record("made-up-train-12")
    assert [title for title, _ in twice["context"]].count("Declan Moyle") == 2
    assert read_record(twice).facts[1] == ("Declan Moyle", "He was born in Ballyfenner.")


def test_every_layout_reads_alike() -> None:
    official = record("made-up-dev-03")
    text = {key: json.dumps(value) if isinstance(value, list) else value for key, value in official.items()}
    columns = {
        **official,
        "context": {"title": [t for t, _ in official["context"]], "sentences": [s for _, s in official["context"]]},
        "supporting_facts": {
            "title": [t for t, _ in official["supporting_facts"]],
            "sent_id": [i for _, i in official["supporting_facts"]],
        },
        "evidences": [{"fact": s, "relation": r, "entity": o} for s, r, o in official["evidences"]],
    }
    assert read_record(text) == read_record(columns) == read_record(official)


def test_examples_come_from_the_training_split_and_share_nothing_with_the_row() -> None:
    rows = {split: kept(split) for split in ("train", "test")}
    reserved = {id for id, reason in dropped("train").items() if reason == "used_as_exemplar"}
    assert reserved
    assert reserved.isdisjoint(row.id for row in rows["train"])
    for row in rows["train"] + rows["test"]:
        drawn = str(row.meta["exemplars"]).split("; ")
        assert len(drawn) == 2
        assert set(drawn) <= reserved
        examples, _, _ = row.prompt.partition("END\nFacts:")
        assert examples.count("START\n") == 2
        for name in re.findall(r"(?:Intermediate answer: |final answer is: )(.+)", examples):
            mine = [line.split(": ", 1)[-1].lower() for line in row.completion.split("\n")]
            assert name in ("yes", "no") or name.lower() not in mine


def test_one_example_or_none() -> None:
    assert {row.prompt.count("START\n") for row in kept(exemplars=1, max_prompt_tokens=0)} == {1}
    assert {row.prompt.count("START\n") for row in kept(exemplars=0)} == {0}
    assert not [reason for reason in dropped("train", exemplars=0).values() if reason == "used_as_exemplar"]
    direct = kept(style="direct", exemplars=2, max_prompt_tokens=0)[0]
    assert re.match(r"START\nQuestion: .+\nAnswer: .+\nEND\nSTART\n", direct.prompt)


def test_a_source_without_a_training_split_borrows_examples(tmp_path: Path) -> None:
    path = tmp_path / "dev.json"
    path.write_bytes(orjson.dumps(SAMPLES["test"]))
    config = twowiki.Config(source=str(path))
    assert "made-up records" in twowiki.notes(config)["exemplars"]
    assert twowiki.splits(config) == {"test": None}
    assert {str(row.meta["exemplars"])[:20] for row in kept(source=str(path))} == {"2wiki/made-up-train-"}


def test_two_rows_that_differ_in_examples_alone_are_one_question() -> None:
    few, none = (one(kept(exemplars=count), "made-up-dev-01") for count in (2, 0))
    assert few.prompt != none.prompt
    assert twowiki.question(few) == twowiki.question(none) == none.prompt


@pytest.mark.parametrize(("style", "limit"), [("direct", 130), ("self-ask", 300)])
def test_no_prompt_is_longer_than_the_limit(style: str, limit: int) -> None:
    rows = kept(style=style)
    assert all(row.meta["prompt_tokens"] == estimate(row.prompt) <= limit for row in rows)
    assert (
        len(kept(style=style, max_prompt_tokens=0)) > len(rows) > len(kept(style=style, max_prompt_tokens=limit // 2))
    )


def facts_of(row: Record) -> list[str]:
    return re.findall(r"Fact #\d+: (.+)", row.prompt)


def same_rows(source: str, style: str, how: str) -> bool:
    changed, plain = kept(source=source, style=style, perturb=how), kept(source=source, style=style)
    assert all(row.meta["prompt_tokens"] == estimate(row.prompt) for row in changed)
    return [row.meta["source_id"] for row in changed] == [row.id for row in plain]


@pytest.mark.parametrize("style", ["direct", "self-ask"])
@pytest.mark.parametrize("how", PERTURBATIONS)
def test_a_perturbed_set_has_every_row_of_the_plain_one(style: str, how: str) -> None:
    assert same_rows("sample", style, how)


@pytest.mark.parametrize("style", ["direct", "self-ask"])
@pytest.mark.parametrize("how", PERTURBATIONS)
def test_a_perturbed_set_has_every_real_row(style: str, how: str, shared_data: Path) -> None:
    assert same_rows(str(shared_data / "2wiki" / "dev_sample.json"), style, how)


def test_a_name_with_a_question_mark_ends_its_follow_up() -> None:
    asked = [line for row in kept("train", exemplars=0) for line in row.rationale.split("\n") if "Pilot?" in line]
    assert asked
    assert set(asked) == {"Follow up: Who is the director of Who's Your Pilot?"}


def test_facts_in_another_order() -> None:
    before = {row.id: facts_of(row) for row in kept()}
    for row in kept(perturb="reorder"):
        assert row.id == f"{row.meta['source_id']}/reorder"
        own = before[str(row.meta["source_id"])]
        assert facts_of(row) != own
        assert sorted(facts_of(row)) == sorted(own)


@pytest.mark.parametrize("how", ["distract", "corrupt-irrelevant"])
def test_an_irrelevant_fact_is_put_in(how: str) -> None:
    rows, before = kept(perturb=how), {row.id: facts_of(row) for row in kept()}
    assert rows
    for row in rows:
        added = facts_of(row)
        for fact in before[str(row.meta["source_id"])]:
            added.remove(fact)
        (foreign,) = added
        record = next(each for each in SAMPLES["test"] if f"2wiki/{each['_id']}" == row.meta["source_id"])
        sentences = [clean(each) for _, said in record["context"] for each in said]
        assert (foreign in sentences) is (how == "distract")
        assert any(sorted(foreign) == sorted(each) for each in sentences)


def test_a_typo_in_a_fact_that_is_needed() -> None:
    before = {row.id: row for row in kept()}
    for row in kept(perturb="corrupt-relevant"):
        source = before[str(row.meta["source_id"])]
        (pair,) = [(a, b) for a, b in zip(facts_of(source), facts_of(row), strict=True) if a != b]
        changed = [(a, b) for a, b in zip(pair[0].split(), pair[1].split(), strict=True) if a != b]
        ((right, wrong),) = changed
        assert sorted(right) == sorted(wrong)
        assert clean_name(right).strip(".,()'\"").lower() in f"{source.rationale}{source.answer}".lower()
        assert (row.rationale, row.completion) == (source.rationale, source.completion)


def test_what_cannot_be_perturbed_is_left_out() -> None:
    alone = record("made-up-dev-01", supporting_facts=[["Amparo Liñán", 0]])
    alone["context"] = [["Amparo Liñán", ["Amparo Liñán of Villarreja de la Sierra made The Brass Meridian."]]]
    item = twowiki.Item(piece=next(pieces(File(locate("sample", "auto")["test"][0].path))), pool=None)
    for how, reason in (("reorder", "single_fact"), ("distract", "no_irrelevant_fact")):
        config = twowiki.Config(perturb=how, exemplars=0)  # type: ignore[arg-type]
        lonely = replace(item, piece=replace(item.piece, json=orjson.dumps([alone])))
        (drop,) = twowiki.records(config, "test", 0, lonely)
        assert isinstance(drop, Rejected)
        assert drop.reason == reason
    with pytest.raises(UsageError, match="test split"):
        twowiki.splits(twowiki.Config(perturb="reorder", source_split="train"))


def test_perturbations_follow_the_seed() -> None:
    config = twowiki.Config(perturb="distract")
    (item,) = twowiki.items(config, "test")
    first, again, other = (list(twowiki.records(config, "test", seed, item)) for seed in (0, 0, 1))
    assert first == again != other


AWKWARD = st.text(alphabet='"{}[],: _id\\\n\u00e9x', max_size=30) | st.just('"}, {"_id": "') | st.just('}, {"_id":')
INDENT = st.sampled_from([None, 1])


@given(texts=st.lists(st.tuples(AWKWARD, AWKWARD), min_size=1, max_size=6), indent=INDENT, size=st.integers(16, 90))
@settings(max_examples=60)
def test_a_file_cut_into_pieces_has_all_its_records(
    texts: list[tuple[str, str]], indent: int | None, size: int
) -> None:
    """Records with anything in their texts, cut at any width, come out as they went in."""
    wanted = [{"_id": f"{n}", "question": a, "context": [[b, [a, b]]]} for n, (a, b) in enumerate(texts)]
    array = json.dumps(wanted, indent=indent, ensure_ascii=False).encode()
    lines = b"\n".join(orjson.dumps(record) for record in wanted) + b"\n"
    for raw in (array, lines):
        with (
            mock.patch.object(_twowiki_source, "PIECE", size),
            mock.patch.object(File, "open", return_value=BytesIO(raw)),
        ):
            cut = [piece.records() for piece in pieces(File(Path("dev.json")))]
        assert [record for piece in cut for record in piece] == wanted


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the made-up records in it."""
    for name, split in (("train", "train"), ("dev", "test")):
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / f"{name}.json").write_bytes(orjson.dumps(SAMPLES[split]))
    return tmp_path / "data"


def as_lines(records: list[Any]) -> bytes:
    return b"\n".join(map(orjson.dumps, records))


def as_parquet(records: list[Any]) -> bytes:
    rows = [{k: json.dumps(v) if isinstance(v, list) else v for k, v in record.items()} for record in records]
    out = BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


def as_zip(records: list[Any]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("data/dev.json", orjson.dumps(records))
        archive.writestr("data/test.json", "[]")
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("dev.jsonl", as_lines),
        ("validation-00000-of-00001.parquet", as_parquet),
        ("data.zip", as_zip),
        ("dev.json", lambda records: orjson.dumps({"data": records})),
        ("dev.json", lambda records: orjson.dumps({record["_id"]: record for record in records})),
        ("records.json", lambda records: b"\xef\xbb\xbf" + orjson.dumps(records, option=orjson.OPT_INDENT_2)),
    ],
)
def test_every_kind_of_file_gives_the_same_rows(name: str, write: Callable[[list[Any]], bytes], tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(write(SAMPLES["test"]))
    rows = [replace(row, meta={}) for row in kept(source=str(tmp_path / name), exemplars=0)]
    assert rows == [replace(row, meta={}) for row in kept(exemplars=0)]


def test_the_split_of_a_file_follows_its_name_or_what_is_said(folder: Path) -> None:
    assert set(twowiki.splits(twowiki.Config(source=str(folder)))) == {"train", "test"}
    assert set(twowiki.splits(twowiki.Config(source=str(folder), source_split="train"))) == {"train"}
    assert set(twowiki.splits(twowiki.Config(source=str(folder / "train.json")))) == {"train"}
    (folder / "dev.json").rename(folder / "mine.json")
    assert set(twowiki.splits(twowiki.Config(source=str(folder / "mine.json")))) == {"test"}
    assert set(twowiki.splits(twowiki.Config(source=str(folder / "mine.json"), source_split="train"))) == {"train"}


LACKING = {key: value for key, value in SAMPLES["test"][0].items() if key not in ("context", "question")}
BAD: dict[str, tuple[bytes, str]] = {
    "truncated": (orjson.dumps(SAMPLES["test"])[:-500], "in the middle of a record: download it again"),
    "cut at a bracket": (b'[{"_id": "a", "evidences": [["a", "b", "c"]]', "not JSON"),
    "no evidences": (orjson.dumps([{**SAMPLES["test"][0], "evidences": None}]), "without evidences"),
    "test split": (
        orjson.dumps([{**SAMPLES["test"][0], "evidences": [], "answer": ""}]),
        "test split .* has no answers",
    ),
    "fields": (orjson.dumps([LACKING]), "has no question, context"),
    "text": (b"hello", "not JSON"),
    "empty": (b"", "not JSON"),
    "no records": (b"[]", "holds no records"),
    "numbers": (b"[1, 2]", "holds no records"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_file_that_cannot_be_used_is_explained_in_one_line(what: str, tmp_path: Path) -> None:
    raw, message = BAD[what]
    (tmp_path / "dev.json").write_bytes(raw)
    with pytest.raises(SourceError, match=message) as error:
        build("2wiki", twowiki.Config(source=str(tmp_path / "dev.json")), Options(tmp_path / "out", workers=1))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("nothing.json", None, "is no file or folder"),
        ("a.zip", b"no zip", "is no zip that can be read"),
        ("dev.parquet", b"no parquet", "is no Parquet file"),
        ("", None, r"has no train.json or dev.json, only other files"),
    ],
)
def test_a_source_that_is_not_there_is_explained(name: str, raw: bytes | None, message: str, tmp_path: Path) -> None:
    if raw is not None:
        (tmp_path / name).write_bytes(raw)
    with pytest.raises(SourceError, match=message):
        kept(source=str(tmp_path / name))


def test_a_folder_with_the_test_split_alone(tmp_path: Path) -> None:
    (tmp_path / "test.json").write_text("[]")
    with pytest.raises(SourceError, match=r"test.json has no answers"):
        kept(source=str(tmp_path))


def test_a_dataset_on_the_hub_without_a_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub

    def refuse(*_: Any, **__: Any) -> str:
        raise OSError("no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(SourceError, match=r"the Hub did not give it .* folder with train.json and dev.json"):
        kept(source="nobody/nothing")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(tmp_path))
    (tmp_path / "dev.json").write_bytes(orjson.dumps(SAMPLES["test"]))
    assert kept(source="somebody/something", exemplars=0) == kept(exemplars=0)


def test_a_record_that_lacks_something_among_others_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "dev.json").write_bytes(orjson.dumps([SAMPLES["test"][0], LACKING, {}, 7]))
    drops = [row for row in make(source=str(tmp_path / "dev.json")) if isinstance(row, Rejected)]
    assert [drop.reason for drop in drops] == ["missing_field"] * 3
    assert drops[0].detail.endswith("has no question, context")


def test_options_that_cannot_be_are_told_together() -> None:
    with pytest.raises(UsageError, match=r"--exemplars is 3.*--max-prompt-tokens is -1.*--train is -2.*--line-break"):
        twowiki.check(twowiki.Config(exemplars=3, max_prompt_tokens=-1, train=-2, line_break=""))


def test_the_manifest_knows_its_source(folder: Path, tmp_path: Path) -> None:
    config = twowiki.Config(source=str(folder), train=3)
    (result,) = build("2wiki", config, Options(tmp_path / "out", workers=1))
    manifest = open_manifest(result.folder)
    assert set(manifest["source"]) == {"train.json", "dev.json"}
    assert all(len(digest) == 64 for digest in manifest["source"].values())
    assert manifest["splits"]["train"]["rows"] == 3
    assert build("2wiki", config, Options(tmp_path / "out", workers=1))[0].already_there


def test_an_estimate_of_tokens() -> None:
    assert estimate("") == 0
    assert estimate("Facts:\nFact #0: a") == 7
    assert estimate("born in 1950, unbelievably") == 6
    assert counter(None) is estimate


def test_any_tokenizer_counts(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    tiny = Tokenizer(models.WordLevel({"[UNK]": 0, "Facts": 1}, unk_token="[UNK]"))
    tiny.pre_tokenizer = pre_tokenizers.Whitespace()  # type: ignore[assignment]
    PreTrainedTokenizerFast(tokenizer_object=tiny, unk_token="[UNK]").save_pretrained(tmp_path / "tiny")
    count = counter(str(tmp_path / "tiny"))
    assert count("Facts: one two") == 4
    rows = kept(tokenizer=str(tmp_path / "tiny"), max_prompt_tokens=70, exemplars=0)
    assert rows
    assert all(row.meta["prompt_tokens"] == count(row.prompt) <= 70 for row in rows)


def test_a_tokenizer_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(SourceError, match="no tokenizer could be loaded"):
        counter(str(tmp_path))
    with pytest.raises(SourceError, match="leave it out for the estimate"):
        counter(str(tmp_path / "missing"))


@pytest.mark.parametrize("style", ["direct", "self-ask"])
@pytest.mark.parametrize("how", PERTURBATIONS)
def test_every_row_passes_the_checker(style: str, how: str) -> None:
    rows = kept(style=style, perturb=how, max_prompt_tokens=0)
    assert len(rows) == 20
    assert [(row.id, fault) for row in rows if (fault := checker.check(row))] == []


@pytest.mark.parametrize("style", ["direct", "self-ask"])
@pytest.mark.parametrize("how", PERTURBATIONS)
def test_every_real_row_passes_the_checker(style: str, how: str, shared_data: Path) -> None:
    source = str(shared_data / "2wiki" / "dev_sample.json")
    rows = kept(source=source, style=style, perturb=how, max_prompt_tokens=0)
    assert len(rows) >= 245
    assert [(row.id, fault) for row in rows if (fault := checker.check(row))] == []


def test_the_yield_of_real_records(shared_data: Path) -> None:
    """Everything but a pointer past the end of its paragraph is saved; the limits leave what the paper's left."""
    source = str(shared_data / "2wiki" / "dev_sample.json")
    assert list(dropped(source=source, max_prompt_tokens=0).values()) == ["fact_out_of_range"] * 2
    for style in ("direct", "self-ask"):
        assert 0.6 < len(kept(source=source, style=style)) / 251 < 0.75


ALL = kept(exemplars=0, max_prompt_tokens=0) + kept("train", exemplars=0, max_prompt_tokens=0)
Parsed = list[tuple[str, str, str, str]]  # question word, relation, subject, object
RELATIONS = sorted({r for row in ALL for r in str(row.meta["relations"]).split("; ")}, key=len, reverse=True)


def parsed(row: Record) -> Parsed:
    lines = row.rationale.split("\n")
    found = []
    for asked, answer in zip(lines[::2], lines[1::2], strict=True):
        word, rest = asked.removeprefix("Follow up: ").removesuffix("?").split(" is the ", 1)
        relation = next(each for each in RELATIONS if rest.startswith(f"{each} of "))
        found.append((word, relation, rest[len(relation) + 4 :], answer.removeprefix("Intermediate answer: ")))
    return found


def written(row: Record, steps: Parsed, answer: str | None = None) -> Record:
    lines = [f"Follow up: {w} is the {r} of {s}?\nIntermediate answer: {o}" for w, r, s, o in steps]
    return rewritten(row, lines, answer)


def rewritten(row: Record, lines: list[str], answer: str | None = None) -> Record:
    rationale, final = "\n".join(lines), row.answer if answer is None else answer
    closing = f" Yes.\n{rationale}\nSo the final answer is: {final}"
    return replace(row, rationale=rationale, answer=final, completion=closing)


def line_mutants(row: Record) -> Iterator[tuple[str, Record]]:
    """Lines of a rationale lost or written twice."""
    lines = row.rationale.split("\n")
    for at in range(len(lines)):
        yield "unanswered", rewritten(row, lines[:at] + lines[at + 1 :])
        yield "unanswered", rewritten(row, lines[: at + 1] + lines[at:])


def pair_mutants(row: Record, steps: Parsed) -> Iterator[tuple[str, Record]]:
    """Two steps, or their answers alone, in each other's place."""
    for first, second in combinations(range(len(steps)), 2):
        swapped, exchanged = list(steps), list(steps)
        swapped[first], swapped[second] = steps[second], steps[first]
        yield "swapped", written(row, swapped)
        one, other = steps[first][3], steps[second][3]
        exchanged[first], exchanged[second] = (*steps[first][:3], other), (*steps[second][:3], one)
        if countries.same_country(one, other) is not True:
            yield "exchanged", written(row, exchanged)


def mutants(row: Record, rng: random.Random) -> Iterator[tuple[str, Record]]:
    """Every way to change what a rationale says that the row's text can give away."""
    steps = parsed(row)
    yield from line_mutants(row)
    yield from pair_mutants(row, steps)
    foreign = [step for other in ALL if other.meta["relations"] != row.meta["relations"] for step in parsed(other)]
    for at, (word, relation, subject, object) in enumerate(steps):
        before, after = steps[:at], steps[at + 1 :]
        yield "dropped", written(row, before + after)
        twice = [f"{part} of {subject}" for part in (relation, relation.split(" of ")[-1])]
        for part in twice if " of " in relation else twice[:1]:
            yield "twice", written(row, [*before, (word, relation, part, object), *after])
        yield "invented", written(row, [*before, (word, relation, subject, "Zorbo Quux"), *after])
        yield "doubled", written(row, [*before, steps[at], steps[at], *after])
        wrong = rng.choice([each for each in ("Who", "When", "Where", "What") if each != word])
        yield "word", written(row, [*before, (wrong, relation, subject, object), *after])
        for other in RELATIONS:
            if question_word(other) != word:
                yield "relation", written(row, [*before, (word, other, subject, object), *after])
        if relation in ("date of birth", "date of death"):
            other = "date of death" if relation == "date of birth" else "date of birth"
            yield "relation", written(row, [*before, (word, other, subject, object), *after])
        stranger = rng.choice([each for each in foreign if not meaning.may_be(each[2], f"{subject} {row.prompt}")])
        yield "subject", written(row, [*before, (word, relation, stranger[2], object), *after])
        if word in ("Who", "When"):
            told = meaning.spoken_of if word == "Who" else meaning.has_numbers
            known = [each[3] for each in foreign if each[0] == word and not told(each[3], row.prompt)]
            yield "object", written(row, [*before, (word, relation, subject, rng.choice(known)), *after])
        for number in re.finditer(r"\d{4}", object):
            year = f"{int(number[0]) + rng.choice((-7, -1, 1, 11))}"
            changed = object[: number.start()] + year + object[number.end() :]
            yield "number", written(row, [*before, (word, relation, subject, changed), *after])
    answers = {each.answer for each in ALL} | {name for step in steps for name in step[2:]}
    for answer in sorted(answers):
        if not meaning.surely(answer, row.answer):
            yield "answer", written(row, steps, answer)
    yield "completion", replace(row, completion=row.completion + ".")
    yield "completion", replace(row, completion=row.completion.replace(" Yes.", " No."))
    yield "prompt", replace(row, prompt=row.prompt.replace("Fact #1: ", "Fact #2: "))
    yield "prompt", replace(row, prompt=row.prompt.replace("Question: ", "Q: "))


@given(st.sampled_from(ALL), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_the_checker_finds_every_change_of_meaning(row: Record, rng: random.Random) -> None:
    assert checker.check(written(row, parsed(row))) is None
    for kind, mutant in mutants(row, rng):
        assert checker.check(mutant) is not None, (kind, mutant.rationale, mutant.answer)


NATIONS = ("Brackwater Ferry lies in Devon, England.", "Mother Tongue is an English-language film of New Zealand.")


@pytest.mark.parametrize(
    ("value", "facts", "contradicted"),
    [
        ("United Kingdom", NATIONS[0], False),  # close to it
        ("English", NATIONS[0], False),
        ("New Zealand", NATIONS[0], True),
        ("Nowhereland", NATIONS[0], True),
        ("Kingdom of Sardinia", NATIONS[0], False),  # not in the table, and it may be
        ("French", NATIONS[1], True),
        ("English", NATIONS[1], False),  # perhaps it is meant
        ("Scottish", NATIONS[1], True),
        ("New Zealander", NATIONS[1], False),
        ("Iran", "She was born in a village.", False),
    ],
)
def test_a_country_is_held_against_the_facts(value: str, facts: str, contradicted: bool) -> None:
    assert countries.contradicted(value, facts) is contradicted


def test_the_tables_of_countries_go_together() -> None:
    assert {name for family in countries.FAMILIES for name in family} <= set(countries.KNOWN.values())
    assert len(countries.KNOWN) == sum(map(len, countries.LINES))  # none in two lines


@pytest.mark.parametrize(
    ("kind", "reasons"),
    [
        ("dropped", {"missing_step", "wrong_step", "answer_not_from_last_step"}),
        ("doubled", {"extra_step"}),
        ("word", {"wrong_step"}),
        ("swapped", {"steps_out_of_order", "wrong_step", "answer_not_from_last_step"}),
        ("answer", {"answer_not_from_last_step", "wrong_step"}),
        ("unanswered", {"unreadable_step"}),
        ("twice", {"unreadable_step"}),
        ("exchanged", {"wrong_step", "answer_not_from_last_step", "steps_out_of_order"}),
        ("invented", {"wrong_step", "answer_not_from_last_step"}),
        ("completion", {"wrong_completion"}),
        ("prompt", {"unreadable_prompt"}),
    ],
)
def test_a_fault_has_the_reason_of_its_kind(kind: str, reasons: set[str]) -> None:
    rng = random.Random(3)
    found = {f.reason for row in ALL for k, mutant in mutants(row, rng) if k == kind and (f := checker.check(mutant))}
    assert found <= reasons
    assert found


@pytest.mark.parametrize("changed", ["", "yes", "The Wrong Film", "3 March 1900"])
def test_a_direct_answer_that_cannot_be_one(changed: str) -> None:
    rows = kept(style="direct")
    for id in ("made-up-dev-02", "made-up-dev-10", "made-up-dev-11", "made-up-dev-17"):
        row = one(rows, id)
        fault = checker.check(replace(row, answer=changed, completion=f" {changed}"))
        assert fault is not None, (row, changed)
        assert fault.reason == "wrong_answer"
    yes_no = one(rows, "made-up-dev-13")
    assert checker.check(replace(yes_no, answer="Canada", completion=" Canada")) is not None


def test_the_command_line_says_it_in_one_line(synth: Callable[..., Any]) -> None:
    for words in (["--source", "nothing.json"], ["--exemplars", "7"], ["--tokenizer", "nowhere"]):
        done = synth("build", "2wiki", "--out", "out", *words, env={**os.environ, "HF_HUB_OFFLINE": "1"})
        assert done.returncode in (1, 2)
        assert done.stderr.startswith("synth: ")
        assert done.stderr.count("\n") == 1


def test_a_build_writes_what_the_records_say(tmp_path: Path) -> None:
    (result,) = build("2wiki", twowiki.Config(), Options(tmp_path / "out", workers=1))
    assert [row.id for row in read(result.folder, "test")] == [row.id for row in kept()]
