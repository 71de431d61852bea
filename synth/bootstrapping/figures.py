"""The figures of an iteration: what was right, what was kept, how far it has come."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from synth.bootstrapping.attempts import RIGHT, Attempt
from synth.questions.task import Task
from synth.record import Record
from synth.shots.draw import stratum
from synth.statistics.intervals import interval
from synth.validating.checker import reader_of

ENOUGH = 50  # rows from which on the share of the commonest answer says something


def asked(records: Mapping[str, Record], attempts: Sequence[Attempt]) -> dict[str, Any] | None:
    """Accuracy of the attempts at a set of questions, by stratum too; None if there are none."""
    if not attempts:
        return None
    right = [float(_answered_right(attempt)) for attempt in attempts]
    by: dict[str, list[float]] = {}
    for attempt, value in zip(attempts, right, strict=True):
        if name := stratum(records[attempt.id]):
            by.setdefault(name, []).append(value)
    checked = [a for a in attempts if _answered_right(a) and a.steps_right is not None]
    return {
        "attempts": len(attempts),
        "questions": len({attempt.id for attempt in attempts}),
        "accuracy": interval(right),
        "by": {name: interval(values) for name, values in sorted(by.items())},
        "outcomes": dict(sorted(Counter(attempt.outcome for attempt in attempts).items())),
        "right_by_wrong_steps": {"n": len(checked), "wrong": sum(not a.steps_right for a in checked)},
        "tokens": sum(attempt.tokens for attempt in attempts),
    }


def _answered_right(attempt: Attempt) -> bool:
    return attempt.outcome in (RIGHT, "wrong_steps")


def rows(records: Mapping[str, Record], attempts: Sequence[Attempt], pool: int) -> dict[str, Any]:
    """What was kept: rows, of how many different questions, and their share of all that were asked; of each stratum how
    many questions were asked, and how many have a row."""
    chosen = [attempt for attempt in attempts if attempt.kept]
    own = {attempt.id for attempt in chosen if not attempt.hinted}
    hinted = {attempt.id for attempt in chosen if attempt.hinted} - own
    questions = {attempt.id for attempt in attempts}
    all_of, kept_of = (_of_strata(records, names) for names in (questions, own | hinted))
    return {
        "rows": len(chosen), "own": sum(not a.hinted for a in chosen), "hinted": sum(a.hinted for a in chosen),
        "questions": len(own | hinted), "asked": len(questions), "pool": pool,
        "used": {"own": len(own) / len(questions), "hinted": len(hinted) / len(questions)},
        "by": {name: {"asked": count, "questions": kept_of[name]} for name, count in sorted(all_of.items())},
    }  # fmt: skip


def _of_strata(records: Mapping[str, Record], names: Iterable[str]) -> Counter[str]:
    """How many of these rows each stratum has."""
    return Counter(found for name in names if (found := stratum(records[name])))


def drift(attempts: Sequence[Attempt], shots: Sequence[Record]) -> dict[str, Any] | None:
    """How far the kept rationales are from the demonstrations: their length, and how many of their word pairs stand in
    no demonstration. None without demonstrations."""
    kept = [attempt.rationale for attempt in attempts if attempt.kept]
    if not kept or not shots:
        return None
    known = {pair for record in shots for pair in _pairs(record.rationale)}
    new = [sum(pair not in known for pair in pairs) / len(pairs) for text in kept if (pairs := _pairs(text))]
    length = sum(len(text.split()) for text in kept) / len(kept)
    shown = sum(len(record.rationale.split()) for record in shots) / len(shots)
    return {"words": length, "words_of_shots": shown, "new_word_pairs": sum(new) / len(new) if new else 0.0}


def _pairs(text: str) -> list[tuple[str, str]]:
    words = text.split()
    return list(pairwise(words))


def held(measured: Mapping[str, Any]) -> dict[str, Any]:
    """Of metrics.json: accuracy of the rows that are measured on, and by what they have."""
    metrics = measured["metrics"]
    return {
        "accuracy": metrics["accuracy"],
        **({"steps_right": metrics["steps_right"]} if "steps_right" in metrics else {}),
        "by": {
            column: {label: table["accuracy"] for label, table in groups.items() if "accuracy" in table}
            for column, groups in measured["by"].items()
        },
    }


def accuracy(figures: Mapping[str, Any]) -> float:
    """The accuracy on held rows in the figures of an iteration."""
    return float(figures["held"]["accuracy"]["value"])


def chance(records: Sequence[Record], task: Task | None) -> dict[str, Any] | None:
    """How much is right by guessing: `{"value", "options", "commonest"}`, the larger of one over the options and of the
    share of the commonest answer. options: in the mean; None if questions have none. None if no answer is known."""
    answers = Counter(record.answer for record in records if record.answer)
    if not answers:
        return None
    counts = [len(reader_of(record.task, task).options_of(record)) for record in records]
    known = [count for count in counts if count]
    guess = sum(1 / count for count in known) / len(counts)
    answer, most = answers.most_common(1)[0]
    share = most / len(records) if len(records) >= ENOUGH else 0.0
    options = sum(known) / len(known) if known else None
    return {"value": max(guess, share), "options": options, "commonest": answer}
