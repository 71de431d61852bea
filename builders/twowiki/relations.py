"""Which question word a relation takes.

The relations are those of Wikidata that occur in 2WikiMultiHopQA (Ho et al. 2020, "Constructing A Multi-hop QA Dataset
for Comprehensive Evaluation of Reasoning Steps", COLING, section 3, and the evidences of its files), with some that are
close to them. What asks for a person takes Who, for a date When, for a place Where, and everything else What.
"""

RELATIONS = {
    "Who": (
        "author, cast member, child, composer, creator, director, doctoral advisor, doctoral student, editor, father, "
        "founded by, lyrics by, mother, performer, presenter, producer, relative, screenwriter, sibling, spouse, "
        "stepparent, student, student of"
    ),
    "When": "date of birth, date of burial, date of death, inception, point in time, publication date",
    "Where": (
        "filming location, headquarters location, location, location of formation, narrative location, place of birth, "
        "place of burial, place of death, place of detention, residence, work location"
    ),
    "What": (
        "award received, cause of death, country, country of citizenship, country of origin, distributor, educated at, "
        "employer, ethnic group, field of work, genre, has part, instrument, language of work or name, "
        "languages spoken, manner of death, manufacturer, member of, member of political party, native language, "
        "noble title, occupation, original language, owned by, position held, production company, publisher, "
        "record label, religion"
    ),
}
QUESTION_WORDS = {relation: word for word, line in RELATIONS.items() for relation in line.split(", ")}


def question_word(relation: str) -> str:
    return QUESTION_WORDS.get(relation.lower(), "What")
