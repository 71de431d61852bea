"""Turns a record of a file, in the official layout or in that of a mirror, into the tidy form that evidence.py checks.

Official (Ho et al. 2020): `context` [[title, [sentence, ...]], ...], `supporting_facts` [[title, index], ...],
`evidences` [[subject, relation, object], ...], `evidences_id` the same with Wikidata's ids, often empty. Mirrors write
any of these as a JSON string, as a list of objects, or as an object of columns ({"title": [...], "sent_id": [...]}).
"""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from synth.builders.twowiki.evidence import Drop, Source, Step
from synth.builders.twowiki.text import clean, clean_name

NEEDED = ("question", "answer", "type", "context", "supporting_facts", "evidences")
Fields = dict[str, Any]
Paragraphs = list[Sequence[Any]]  # title and sentences


def missing(record: Any) -> list[str]:
    """The fields that a record should have and has not."""
    fields = record if isinstance(record, dict) else {}
    has_id = "_id" in fields or "id" in fields
    return [*([] if has_id else ["_id"]), *(name for name in NEEDED if fields.get(name) is None)]


def row_id(record: Any) -> str:
    fields = record if isinstance(record, dict) else {}
    return f"2wiki/{fields.get('_id', fields.get('id', '?'))}"


def paragraphs(record: Fields) -> Paragraphs:
    """Raises Drop for a context in no layout that is known."""
    return _rows(record, "context", 2)


def read(record: Fields) -> Source:
    """Raises Drop for a record whose facts or evidences cannot be found in it."""
    context = paragraphs(record)
    triples = _rows(record, "evidences", 3)
    if not triples:
        raise Drop("no_evidence", "the record has no evidences")
    ids = _rows(record, "evidences_id", 3) if record.get("evidences_id") else []
    if len(ids) != len(triples):
        ids = [("", "", "")] * len(triples)
    steps = tuple(_step(triple, own) for triple, own in zip(triples, ids, strict=True))
    if not all(step.subject and step.relation and step.object for step in steps):
        raise Drop("empty_evidence", f"an evidence has an empty part: {triples}")
    question, answer = clean(str(record["question"])), clean_name(str(record["answer"]))
    if not question or not answer:
        raise Drop("no_answer", "the question or the answer is empty")
    kind = str(record["type"]).strip().lower().replace("-", "_").replace(" ", "_")
    answer_id = str(record.get("answer_id") or "")
    return Source(row_id(record), kind, question, answer, answer_id, _facts(record, context), steps)


def _facts(record: Fields, context: Paragraphs) -> tuple[tuple[str, str], ...]:
    """The supporting sentences in their order, each once."""
    pointers = dict.fromkeys((str(title), index) for title, index in _rows(record, "supporting_facts", 2))
    if not pointers:
        raise Drop("no_facts", "the record has no supporting facts")
    return tuple((clean_name(title), _sentence(title, index, context)) for title, index in pointers)


def _sentence(title: str, index: Any, context: Paragraphs) -> str:
    """The sentence that a pointer means; of paragraphs of one title the first that has it."""
    own = [said for name, said in context if name == title] or [said for name, said in context if _same(name, title)]
    if not own:
        raise Drop("fact_without_paragraph", f"no paragraph is called {title!r}")
    if not isinstance(index, int) or not (sentences := [said[index] for said in own if 0 <= index < len(said)]):
        raise Drop("fact_out_of_range", f"sentence {index} of {title!r}, which has {max(map(len, own))}")
    sentence = clean(str(sentences[0]))
    if not any(letter.isalnum() for letter in sentence):
        raise Drop("empty_fact", f"sentence {index} of {title!r} is empty")
    return sentence


def _same(one: str, other: str) -> bool:
    return clean_name(str(one)).casefold() == clean_name(str(other)).casefold()


def _step(triple: Iterable[Any], ids: Iterable[Any]) -> Step:
    subject, relation, object = map(clean_name, map(str, triple))
    subject_id, _, object_id = map(str, ids)
    return Step(subject, relation, object, subject_id, object_id if object_id.startswith("Q") else "")


def _rows(record: Fields, field: str, width: int) -> list[Sequence[Any]]:
    """A list of lists, whatever the layout."""
    value = record[field]
    if isinstance(value, str | bytes):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise Drop("unreadable_field", f"{field} is text and not JSON") from error
    if isinstance(value, dict):
        columns = [list(column) for column in value.values() if isinstance(column, list | tuple)]
        value = list(zip(*columns, strict=False))
    rows = [tuple(row.values()) if isinstance(row, dict) else row for row in value or ()]
    if not set(map(len, rows)) <= {width}:
        raise Drop("unreadable_field", f"{field} should be a list of lists of {width}")
    return rows
