"""The answers that are weighed against each other: the options of a question, or answers that occur in the data."""

from collections import Counter
from collections.abc import Sequence
from random import Random

from synth.probing.subject import Subject
from synth.questions.cells import LETTERS
from synth.record import Record

YES_NO = ("yes", "no")


def candidates(subject: Subject, record: Record, pool: Sequence[str], most: int, seed: int) -> list[str]:
    """The gold answer first, then those that it is weighed against, as rows of the data store them.

    pool: the different answers of the data, the commonest first. If there are more than `most`, the others are drawn,
    by the id of the row alone.
    """
    gold, reader = record.answer, subject.reader(record)
    if options := reader.options_of(record):
        known = list(LETTERS[: len(options)]) if gold in LETTERS[: len(options)] else list(options)
    elif gold.casefold() in YES_NO:
        known = [word.capitalize() if gold[:1].isupper() else word for word in YES_NO]
    else:
        others = [answer for answer in pool if not reader.agree(answer, gold)]
        drawn = others if len(others) < most else Random(f"options/{seed}/{record.id}").sample(others, most - 1)
        known = [gold, *drawn]
    return [gold, *(answer for answer in known if answer != gold)]


def pool_of(records: Sequence[Record]) -> list[str]:
    """The different answers of some rows, the commonest first."""
    return [answer for answer, _ in Counter(record.answer for record in records).most_common() if answer.strip()]
