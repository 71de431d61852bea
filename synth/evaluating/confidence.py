"""How sure a model is of its answer, by the probability that it gives to the answer's tokens: `--confidence answer`.

The probability of the answer of a row, behind the question and the rationale that the model wrote itself, up to where
its answer stands (Kadavath et al. 2022, "Language Models (Mostly) Know What They Know", section 3, on options by their
letters; Guo et al. 2017 on the softmax as a confidence):

    answer_raw      the product of the probabilities of the tokens of the answer
    answer          the same, of questions with options and of yes and no divided by the sum over all options
                    (a softmax over their log-probabilities, without a correction for their length)
    answer_token    the geometric mean of the probabilities of the tokens

Only the answer's own tokens count, not what ends it. Of several samples these are means over all of them, each behind
its own rationale: the rationale is summed out. A sample without an answer counts 0, and so do rows without any; a
sample whose answer is read but whose words are not found is left out of the mean.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from synth.evaluating.local import begun, chats, prompt_of
from synth.evaluating.places import Said, place_of, rivals
from synth.evaluating.prompts import Asking
from synth.models.generate import Checkpoint, Output
from synth.record import Record
from synth.training.encoding import broken
from synth.validating.checker import Checker

if TYPE_CHECKING:
    from synth.models.scoring import Place

KINDS = ("votes", "answer", "answer_raw", "answer_token")  # what `confidences` of a prediction may have
NONE = dict.fromkeys(KINDS[1:], 0.0)  # of a row without an answer
Chances = dict[str, float]


@dataclass(frozen=True)
class Answered:
    """A row, what was written about it, and the answers in that."""

    record: Record
    reader: Checker
    outputs: Sequence[Output]
    answers: Sequence[str | None]  # of each output
    answer: str | None  # the one that counts
    share: float = 1.0  # of the outputs that give it
    rationale: str = ""  # of the first output, if it is one

    def agrees(self, answer: str | None) -> bool:
        """Whether an answer is the one that counts."""
        options = self.reader.options_of(self.record)
        return self.answer is not None and self.reader.agree(answer, self.answer, options)

    def said(self) -> list[Said | None]:
        """Where each output says its own answer."""
        return [
            None if answer is None else place_of(self.reader, self.record, output.text, answer)
            for output, answer in zip(self.outputs, self.answers, strict=True)
        ]


class Sureness(Protocol):
    """Says how sure a model is of the answers of some rows; None where that cannot be told."""

    def __call__(self, rows: Sequence[Answered]) -> list[Chances | None]: ...


def chances_of(logs: Sequence[float], sums: Sequence[float] | None = None) -> Chances:
    """logs: logarithms of the probability of each token of the answer. sums: those of all options, this one too."""
    raw = math.exp(sum(logs))
    weighed = raw if sums is None else raw / math.fsum(map(math.exp, sums))
    return {"answer": min(weighed, 1.0), "answer_raw": raw, "answer_token": math.exp(sum(logs) / max(len(logs), 1))}


def mean(samples: Sequence[Chances]) -> Chances | None:
    """Of each figure the mean over the samples."""
    if not samples:
        return None
    return {name: math.fsum(each[name] for each in samples) / len(samples) for name in NONE}


@dataclass(frozen=True)
class _Case:
    """A sample whose answer is scored: the texts that are weighed, and which is the answer."""

    row: int
    before: str  # of the output, up to the answer
    texts: list[str]
    own: int
    weighed: bool  # the texts are all answers that there are


@dataclass(frozen=True)
class Local:
    """The sureness of a checkpoint, by forced decoding of its outputs' texts, tokenised again."""

    checkpoint: Checkpoint
    asking: Asking

    def __call__(self, rows: Sequence[Answered]) -> list[Chances | None]:
        cases = [case for at, row in enumerate(rows) for case in _cases(at, row)]
        scored = self._scored(rows, [case for case in cases if case.texts])
        found: list[list[Chances]] = [[] for _ in rows]
        for case in cases:
            found[case.row].append(next(scored) if case.texts else NONE)
        return [NONE if row.answer is None else mean(of) for row, of in zip(rows, found, strict=True)]

    def _scored(self, rows: Sequence[Answered], cases: Sequence[_Case]) -> Iterator[Chances]:
        from synth.models.scoring import log_probabilities

        starts = self._starts([rows[case.row].record for case in cases])
        pieces = [
            self._piece(start, rows[case.row].record, case.before, text)
            for case, start in zip(cases, starts, strict=True)
            for text in case.texts
        ]
        logs = iter(log_probabilities(self.checkpoint, [place for place, _ in pieces], [ids for _, ids in pieces]))
        for case in cases:
            own = [next(logs) for _ in case.texts]
            yield chances_of(own[case.own], [sum(each) for each in own] if case.weighed else None)

    def _starts(self, records: Sequence[Record]) -> "list[Place]":
        """What stands before all that the model writes about each row."""
        from synth.models.scoring import Place

        return [Place(tuple(read), tuple(written)) for read, written in begun(self.checkpoint, self.asking, records)]

    def _piece(self, start: "Place", record: Record, before: str, text: str) -> "tuple[Place, list[int]]":
        """Where the tokens of a text begin behind the start of its row and its own output, and which they are.

        A token that has a part of what stands before the text is one of them, as the ` B` of ` (B` is.
        """
        from synth.models.scoring import Place

        ids, without = (self._tokens(record, said) for said in (before + text, before.rstrip()))
        kept = 0
        while kept < min(len(ids) - 1, len(without)) and ids[kept] == without[kept]:
            kept += 1
        if self.checkpoint.decoder:
            return Place((*start.read, *ids[:kept])), ids[kept:]
        return Place(start.read, (*start.written, *ids[:kept])), ids[kept:]

    def _tokens(self, record: Record, text: str) -> list[int]:
        """The tokens of the text of an output as the model writes it, which begins with a token of its own."""
        own = broken(text, self.asking.line_break) if self.asking.trained else text
        tokenizer = self.checkpoint.tokenizer
        alone: list[int] = list(tokenizer(own, add_special_tokens=False, verbose=False)["input_ids"])
        if not (self.checkpoint.decoder and own[:1].isspace()):
            return alone
        # SentencePiece begins a text with a space of its own, but not behind another text.
        prompt = prompt_of(self.checkpoint, self.asking, record)
        asked, whole = self.checkpoint.encode([prompt, prompt + own], chats(self.checkpoint, self.asking))
        return whole[len(asked) :] if whole[: len(asked)] == asked else alone


def _cases(at: int, row: Answered) -> Iterator[_Case]:
    """A case for each sample of a row; one without texts stands for a sample that has no answer."""
    places = row.said()
    words = next(
        (
            place.words
            for place, answer in zip(places, row.answers, strict=True)
            if place is not None and row.agrees(answer)
        ),
        None,
    )
    for output, answer, place in zip(row.outputs, row.answers, places, strict=True):
        if answer is None:
            yield _Case(at, "", [], 0, False)
        elif place is not None and words is not None and row.answer is not None:
            before, own = output.text[: place.start], row.agrees(answer)
            known = rivals(row.reader, row.record, place.words, row.answer)
            if known is not None:
                texts, index = known
                if own:
                    texts = [place.words if spot == index else text for spot, text in enumerate(texts)]
                yield _Case(at, before, texts, index, True)
            else:
                yield _Case(at, before, [place.words if own else words], 0, False)


@dataclass(frozen=True)
class Told:
    """The sureness of a served model, by what its server told of the tokens of each output (logprobs.py)."""

    def __call__(self, rows: Sequence[Answered]) -> list[Chances | None]:
        return [mean(list(self._samples(row))) for row in rows]

    def _samples(self, row: Answered) -> Iterator[Chances]:
        """What a server would give the row's answer behind the rationale of another one is known of options alone."""
        for answer, output in zip(row.answers, row.outputs, strict=True):
            one: Any = output.told
            if one is None:  # the server tells nothing
                continue
            if answer is None or (one and not row.agrees(answer) and not one["options"]):
                yield NONE
            elif one:
                yield self._of(row, answer, one)

    def _of(self, row: Answered, answer: str, one: dict[str, Any]) -> Chances:
        shares = one["options"]
        if row.agrees(answer):
            found = chances_of(one["logs"])
            return {**found, "answer": min(1.0, shares["own"] / shares["all"])} if shares else found
        known = rivals(row.reader, row.record, one["words"], str(row.answer))
        raw = 0.0 if known is None else float(shares["words"][known[1]])
        return {"answer": raw / shares["all"], "answer_raw": raw, "answer_token": raw}
