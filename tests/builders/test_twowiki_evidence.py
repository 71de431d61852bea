"""2WikiMultiHopQA: chains of evidence, what is saved of a record and what is left out."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from twowiki_rows import chain, dropped, kept, make, one, record, written

from synth.builders.twowiki import names
from synth.builders.twowiki.evidence import Drop, Source, Step, check
from synth.builders.twowiki.relations import question_word
from synth.builders.twowiki.tidy import read as read_record
from synth.record import Rejected
from synth.validators import twowiki as checker


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
        "Heat Wave": 3,
        "Heat": 6,
    }
    assert names.positions(["First", "Which"], "Which came first, First or Which?") == {"First": 3, "Which": 5}


def test_of_two_persons_with_a_name_in_common_the_right_one_is_meant() -> None:
    persons = [["Goodnight, Calloway", "director", "John A. Vane"], ["Marigold Summer", "director", "John Mahesan"]]
    deaths = [["John Vane", "date of death", "June 14, 1963"], ["John Mahesan", "date of death", "2 April 2019"]]
    facts = tuple((title, f"{title}: directed by {a}, died {b}") for title, _, a in persons for _, _, b in deaths)
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


def test_the_yield_of_real_records(shared_data: Path) -> None:
    """Left out are pointers past the end of a paragraph and what no fact says; the limits leave about what the
    paper's left."""
    source = str(shared_data / "2wiki" / "dev_sample.json")
    reasons = Counter(dropped(source=source, max_prompt_tokens=0).values())
    assert reasons == {"fact_out_of_range": 2, "not_in_facts": 20}
    for style in ("direct", "self-ask"):
        assert 0.6 < len(kept(source=source, style=style)) / 251 < 0.75
