"""2WikiMultiHopQA: how names, dates, countries and question words are read and compared."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twowiki_rows import kept, one

from synth.builders.twowiki import names
from synth.builders.twowiki.countries import same_value
from synth.builders.twowiki.relations import QUESTION_WORDS, question_word
from synth.builders.twowiki.text import clean, clean_name
from synth.validators import twowiki as checker
from synth.validators.twowiki import countries, meaning


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
    assert same_value(one, other) is same
    assert countries.same_country(one, other) in (same, None)
