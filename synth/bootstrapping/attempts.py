"""Reads attempts: which are right, by their answer and by their steps, and which of them are kept.

A line of outputs.jsonl is one attempt:

    {"id", "hinted", "sample", "outcome", "kept", "answer", "steps_right", "rationale", "text", "tokens"}

outcome: right, wrong, no_answer, truncated (the longest output was reached), empty (no rationale), gives_away (it
speaks of the hint, or says the number that it was told and works nothing out), wrong_steps (with --filter steps),
no_majority (with --vote).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from synth.attempts.hints import gives_away
from synth.bootstrapping.options import Looped
from synth.evaluating.metrics import StepVerdict, judge_steps
from synth.evaluating.prompts import Asking
from synth.models.generate import Output
from synth.questions.task import Task
from synth.record import Record
from synth.validating.checker import Checker, as_reply, reader_of
from synth.validating.ends import ended

RIGHT = "right"
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
# Signs and words by which something is worked out; rather too many of them, so that what is dropped is sure.
_WORKS = re.compile(
    r"[=+*/%\u00d7\u00f7]|\s[-\u2212]\s|\b(?:plus|minus|times|divid\w+|multipl\w+|add\w*|subtract\w*|sums?|totals?"
    r"|product|difference|twice|thrice|doubl\w+|tripl\w+|hal(?:f|ves)|quarter|altogether|together|remain\w*|left"
    r"|makes?|more|less|fewer|percent|average|count\w*)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One output, read."""

    id: str
    hinted: bool
    sample: int  # from 1
    outcome: str
    answer: str | None
    rationale: str
    text: str
    tokens: int
    steps_right: bool | None = None  # None: nobody can tell
    kept: bool = False


def says_only(rationale: str, number: str) -> bool:
    """Whether a rationale says a number and works nothing out that could come to it.

    Small models take a number that they are told for one of the question ("He buys 72 boxes." of 6 boxes with 12 in
    each). What comes to a number has a sign or a word of calculation, or two other numbers at least.
    """
    said = [found.replace(",", "").strip(".") for found in _NUMBER.findall(rationale)]
    told = number.replace(",", "").strip()
    return told in said and sum(one != told for one in said) < 2 and not _WORKS.search(rationale)


@dataclass(frozen=True)
class Reading:
    """How the attempts of a loop are read."""

    asking: Asking
    task: Task | None
    config: Looped
    known: Mapping[str, Any]  # what checkers have to know of the data

    def read(self, record: Record, outputs: Sequence[Output], hinted: bool) -> list[Attempt]:
        """The attempts at a question, judged by its gold answer, or by the majority's if there is none to go by."""
        found = [self._one(record, output, hinted, n) for n, output in enumerate(outputs, start=1)]
        return self._voted(record, found) if self.config.vote else found

    def _reader(self, record: Record) -> Checker:
        return reader_of(record.task, self.task)

    def _one(self, record: Record, output: Output, hinted: bool, sample: int) -> Attempt:
        reader = self._reader(record)
        text = self.asking.restored(record, output.text)
        end = ended(replace(output, text=text), record, reader, shots=self.asking.of(record)).output
        found = reader.read_output(record, end.text, end.cut_off)
        verdict = self._steps(record, end.text) if found.answer is not None else None
        outcome = self._outcome(record, found.answer, found.rationale, end, hinted, verdict)
        steps = None if verdict is None else verdict.right
        return Attempt(
            record.id, hinted, sample, outcome, found.answer, found.rationale, end.text, output.tokens, steps
        )

    def _steps(self, record: Record, text: str) -> StepVerdict | None:
        """What the dataset's checker says of the steps; equations for those of a task."""
        due = record if record.rationale else replace(record, rationale=text)  # a row without one has nothing to judge
        return judge_steps([due], [text], self.known)[0]

    def _says_only(self, record: Record, rationale: str) -> bool:
        return self.task is not None and self.task.kind == "number" and says_only(rationale, record.answer)

    def _outcome(
        self, record: Record, answer: str | None, rationale: str, end: Output, hinted: bool, verdict: StepVerdict | None
    ) -> str:
        if answer is None:
            return "truncated" if end.cut_off else "no_answer"
        if not rationale.strip():
            return "empty"
        if hinted and (gives_away(rationale, record.prompt) or self._says_only(record, rationale)):
            return "gives_away"
        if not self.config.vote and not self._reader(record).right(record, answer):
            return "wrong"
        if self.config.filter == "steps" and verdict is not None and not verdict.right:
            return "wrong_steps"
        return RIGHT

    def _voted(self, record: Record, attempts: list[Attempt]) -> list[Attempt]:
        """Right is what most say, if at least two do."""
        reader = self._reader(record)
        options = reader.options_of(record)
        answer, share = reader.majority([one.answer for one in attempts], options)
        if answer is None or share * len(attempts) < 2:
            return [replace(one, outcome="no_majority") if one.outcome == RIGHT else one for one in attempts]
        agrees = [reader.agree(one.answer, answer, options) for one in attempts]
        return [
            one if one.outcome != RIGHT or agreed else replace(one, outcome="wrong")
            for one, agreed in zip(attempts, agrees, strict=True)
        ]

    def row(self, record: Record, attempt: Attempt, place: int, provenance: Mapping[str, Any]) -> Record:
        """A kept attempt as a row: the prompt without the hint, the rationale as the model wrote it."""
        reader = self._reader(record)
        row_id = record.id if place == 1 else f"{record.id}/{place}"
        answer = record.answer if not self.config.vote else reader.as_stored(attempt.answer) or ""
        completion = completion_of(reader, record, attempt.text, answer)
        meta = {**record.meta, **({"words": len(attempt.rationale.split())} if "words" in record.meta else {})}
        return replace(record, id=row_id, rationale=attempt.rationale, answer=answer, completion=completion,
                       meta=meta, provenance=provenance)  # fmt: skip


def completion_of(reader: Checker, record: Record, text: str, answer: str) -> str:
    """What a model wrote about a row, as a completion that ends in an answer; one of a dataset's own form as it is."""
    found = reader.read_output(record, text)
    if reader.reads is as_reply:
        gap = "\n" if found.rationale else ""
        return f" {found.rationale}{gap}{reader.closing.replace('{answer}', answer)}"
    return reader.record_of(record, text, found).completion


def kept(attempts: Sequence[Attempt], most: int) -> list[Attempt]:
    """The attempts with those marked that are kept: right ones whose rationales differ, the first ones."""
    seen: set[str] = set()
    marked = []
    for attempt in attempts:
        said = " ".join(attempt.rationale.split()).casefold()
        chosen = attempt.outcome == RIGHT and said not in seen and len(seen) < most
        if chosen:
            seen.add(said)
        marked.append(replace(attempt, kept=chosen))
    return marked


def lines(attempts: Sequence[Attempt]) -> Iterator[dict[str, Any]]:
    yield from (asdict(attempt) for attempt in attempts)
