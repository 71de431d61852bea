"""2WikiMultiHopQA: a row is kept only if its facts say what its steps say, and may take in a sentence that does."""

from pathlib import Path

import pytest
from twowiki_rows import kept, record

from synth.builders.twowiki.evidence import Drop, check, links
from synth.builders.twowiki.repair import repaired
from synth.builders.twowiki.said import says
from synth.builders.twowiki.tidy import paragraphs, read
from synth.validators import twowiki as checker

BORN, DIED, SCHOOL, NATION = "place of birth", "place of death", "educated at", "country of citizenship"
SHE = "Ida Aal"


@pytest.mark.parametrize(
    ("relation", "object", "fact", "said"),
    [
        # whole names
        (SCHOOL, "House", "He sat in the House of Commons.", False),
        (SCHOOL, "House", "He was educated at House.", True),
        (SCHOOL, "Harvard", "She studied at Harvard Medical School.", True),
        (SCHOOL, "Larkhill Abbey School", "Educated at Larkhill Abbey School in Devon.", True),
        (BORN, "Hollis", "He was born in Holliston.", False),
        (BORN, "Hollis", "He was born in Hollis.", True),
        (BORN, "York", "He was born in New York.", False),
        (BORN, "Mexico", "She was born in New Mexico.", False),
        (BORN, "Medford, Ohio", "She was born in Medford.", True),
        (BORN, "Altenau", "(4 August 1825 at Altenau Castle \u2013 1901 in Aix) was a prince.", True),
        (BORN, "Paris", "She was born to Paris Hylton.", False),
        # what the place is
        (BORN, "London", "He died in London.", False),
        (DIED, "London", "He was born in London.", False),
        (DIED, "London", "He was born in Aix and died in London.", True),
        (BORN, "London", "He was born in Aix and later moved to London.", False),
        (BORN, "London", "Born and raised in London, she sang.", True),
        (BORN, "Aix", "Ida Aal (1 May 1900 in Aix \u2013 2 June 1950 in Rome) sang.", True),
        (BORN, "Rome", "Ida Aal (1 May 1900 in Aix \u2013 2 June 1950 in Rome) sang.", False),
        (DIED, "Rome", "Ida Aal (1 May 1900, Aix - 2 June 1950, Rome) sang.", True),
        (DIED, "Hollywood", "Gerswick moved to Hollywood and composed.", False),
        # countries and their people
        (NATION, "America", "She is an American poet.", True),
        (NATION, "American", "She was born in the United States.", True),
        (NATION, "Spain", "Two Spaniards met.", True),
        (NATION, "Guinea", "He comes from Papua New Guinea.", False),
        (NATION, "French", "She was the first woman to direct a film.", False),
        (NATION, "Polish", "Let us polish it.", False),
        # persons by another name, and what they are to the subject
        ("director", "J. Fife Symond Jr.", "It was directed by John Fife Symond Jr.", True),
        ("director", "Robert Day", "Directed by Rob Day, it stars May Day.", True),
        ("director", "Ray Nazarro", "It stars Ray Nazarro.", False),
        ("father", "Gustav Adolph of Thale", "He was the son of Gustav Adolf of Thale.", True),
        ("father", "Karl Aal", "Aal was the son of an actor.", False),  # her own family name
        ("spouse", "Grete Bibra", "In 1921 he married his fellow analyst Grete L. Bibra.", True),
        ("spouse", "Grete Bibra", "He met Grete Bibra in 1921.", False),
        ("date of death", "12 May 1901", "(3 June 1850\u201312 May 19011964 ...", True),
        ("date of death", "12 May 1901", "(3 June 1850\u201312 May 1902)", False),
        ("father", "Frederick", "Aal was, as Christian Frederick, king from 1808 to 1814.", False),
        ("father", "James Duff", "He was born in Eden in 1829 to the historian James Duff.", True),
        (BORN, "New Orleans", "An early settler of St. Louis from New Orleans", False),
        ("cause of death", "Pneumonia", "He died of pneumonia.", True),
        ("member of", "The Owls", "They joined The Owls.", True),  # a relation that no words are known for
    ],
)
def test_what_a_fact_says(relation: str, object: str, fact: str, said: bool) -> None:
    assert says(relation, SHE, (object,), fact) is said


def lacking() -> dict[str, object]:
    """A made-up record whose second fact does not say where she was born, while the sentence beside it does."""
    found = record("made-up-dev-01")
    beside = [
        [title, ["She moved to Aix in 1960.", *said] if title == "Amparo Li\u00f1\u00e1n" else said]
        for title, said in found["context"]
    ]
    return {**found, "context": beside, "supporting_facts": [["The Brass Meridian", 0], ["Amparo Li\u00f1\u00e1n", 0]]}


def test_a_sentence_beside_the_cited_one_is_taken_in() -> None:
    source = read(lacking())
    with pytest.raises(Drop, match="not_in_facts"):
        check(source)
    whole = repaired(source, links(source), paragraphs(lacking()))
    assert whole.facts[:2] == source.facts
    assert whole.facts[2] == ("Amparo Li\u00f1\u00e1n", "She was born in Villarreja de la Sierra.")
    assert check(whole) == links(source)


def test_what_no_sentence_says_stays_left_out() -> None:
    found = {
        **lacking(),
        "context": [
            ["The Brass Meridian", ["A film by Amparo Li\u00f1\u00e1n."]],
            ["Amparo Li\u00f1\u00e1n", ["She sang."]],
        ],
    }
    source = read(found)
    with pytest.raises(Drop, match="no sentence tells that the place of birth of Amparo"):
        repaired(source, links(source), paragraphs(found))


def test_the_repair_of_real_records(shared_data: Path) -> None:
    """Of 20 real records whose facts do not say it the paragraphs of a few do; other rows stay as they are."""
    source = str(shared_data / "2wiki" / "dev_sample.json")
    plain = {row.id: row for row in kept(source=source, max_prompt_tokens=0)}
    more = {row.id: row for row in kept(source=source, max_prompt_tokens=0, repair_facts=True)}
    added = {id: row for id, row in more.items() if row.meta["facts_added"]}
    assert (len(plain), len(more)) == (229, 229 + len(added))
    assert {id: row for id, row in more.items() if id not in added} == plain
    assert len(added) == 1
    assert [fault for row in added.values() if (fault := checker.check(row))] == []
