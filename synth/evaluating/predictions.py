"""Turns outputs into the lines of predictions.jsonl, and these into the figures of metrics.json."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from synth.answers.reply import read_reply
from synth.evaluating import metrics
from synth.evaluating.confidence import KINDS, Answered, Sureness
from synth.evaluating.prompts import Asking
from synth.models.generate import Output
from synth.record import Record
from synth.statistics.calibration import brier, calibration, ece_interval
from synth.statistics.intervals import interval
from synth.statistics.ranges import grouped
from synth.statistics.reliability import reliability
from synth.validating.checker import Checker, as_reply, reader_of
from synth.validating.ends import Ended, ended

REFUSAL = "refusal"
MEANS = (
    "accuracy", "contained", "last_character", "answer_f1", "rationale_f1_1", "rationale_f1_2", "steps_right", "loops",
    "words", "tokens", "diversity", "confidence", "brier",
)  # fmt: skip


@dataclass(frozen=True)
class Judge:
    """Turns rows and their outputs into predictions."""

    asking: Asking
    known: Mapping[str, Any]  # what readers have to know of the dataset
    reasons: bool  # the model writes rationales: they are compared with the gold ones, their steps are checked
    sampled: bool  # several outputs a row: the majority is the answer
    stops: Sequence[str] = ()  # texts at which an output ends
    sure: bool = True  # the share of the majority is a confidence
    sureness: Sureness | None = None  # of the answers' tokens, if that is the confidence

    def predictions(
        self, records: Sequence[Record], outputs: Sequence[Sequence[Output]], faults: Sequence[str | None]
    ) -> list[dict[str, Any]]:
        """The lines of some rows. A row with a fault (prompt_too_long, unanswered) has no outputs and is wrong."""
        ends = [self._ends(record, of) for record, of in zip(records, outputs, strict=True)]
        first = [of[0].output.text if of else "" for of in ends]
        cut = [bool(of) and of[0].output.cut_off for of in ends]
        targets = [record.completion if record.rationale and self.reasons else None for record in records]
        golds = [record.answer for record in records]
        verdicts = [self._steps(record, text) for record, text in zip(records, first, strict=True)]
        rows = [self._answered(record, [end.output for end in of]) for record, of in zip(records, ends, strict=True)]
        chances = [None] * len(rows) if self.sureness is None else self.sureness(rows)
        lists = {
            "contained": metrics.contained(first, golds),
            "last_character": metrics.last_character(first, golds),
            "f1_1": metrics.overlap_f1(first, targets, 1),
            "f1_2": metrics.overlap_f1(first, targets, 2),
            "loop": metrics.looping(first, cut),
            "words": metrics.words(first),
        }
        return [
            self._line(
                row, ends[at], verdicts[at], faults[at], {k: v[at] for k, v in lists.items()},
                self._confidence(row, chances[at]),
            )
            for at, row in enumerate(rows)
        ]  # fmt: skip

    def _answered(self, record: Record, outputs: Sequence[Output]) -> Answered:
        reader = self._reader(record)
        readings = [reader.read_output(record, o.text, o.cut_off or o.refused) for o in outputs]
        answers = [reading.answer for reading in readings]
        answer, share = reader.majority(answers, reader.options_of(record))
        rationale = readings[0].rationale if readings and self.reasons else ""
        return Answered(record, reader, outputs, answers, answer, share, rationale)

    def _confidence(self, row: Answered, chances: Mapping[str, float] | None) -> dict[str, Any]:
        """`confidence`, and all kinds of it if the probability of answers is asked for."""
        votes = row.share if self.sampled and self.sure else None
        if self.sureness is None:
            return {"confidence": votes}
        known = {**({} if votes is None else {"votes": votes}), **(chances or {})}
        return {"confidence": known.get("answer"), "confidences": known}

    def _ends(self, record: Record, outputs: Sequence[Output]) -> list[Ended]:
        """The outputs in the row's own form, up to where they go on to another question."""
        texts = [replace(output, text=self.asking.restored(record, output.text)) for output in outputs]
        shots, reader = self.asking.of(record) if texts else (), self._reader(record)
        return [ended(output, record, reader, self.stops, shots) for output in texts]

    def _reader(self, record: Record) -> Checker:
        return reader_of(record.task, self.asking.task)

    def _steps(self, record: Record, output: str) -> metrics.StepVerdict | None:
        """Only a model that knows the steps of a built dataset can write them; equations anyone can."""
        if not self.reasons or (self._reader(record).check is not None and not self.asking.in_own_form):
            return None
        return metrics.judge_steps([record], [output], self.known)[0]

    def _line(
        self,
        row: Answered,
        ends: Sequence[Ended],
        verdict: metrics.StepVerdict | None,
        fault: str | None,
        values: Mapping[str, float | None],
        sure: Mapping[str, Any],
    ) -> dict[str, Any]:
        record, reader, outputs, answer = row.record, row.reader, row.outputs, row.answer
        texts = [output.text for output in outputs]
        diverse = metrics.diversity([row.rationale])[0] if row.rationale else None
        return {
            "id": record.id, "prompt": record.prompt, "output": texts[0] if texts else "",
            "outputs": texts if self.sampled else [], "answer": reader.as_stored(answer),
            "gold": record.answer, "correct": reader.right(record, answer),
            "contained": bool(values["contained"]),
            "last_character": bool(values["last_character"]) if "last_character" in reader.scores else None,
            "answer_f1": metrics.answer_f1([answer], [record.answer])[0] if "answer_f1" in reader.scores else None,
            "f1_1": values["f1_1"], "f1_2": values["f1_2"],
            "steps_right": None if verdict is None else verdict.right,
            "first_wrong_step": None if verdict is None else verdict.first_wrong,
            "fault": fault or self._refusal(record, outputs, answer) or (None if verdict is None else verdict.fault),
            "cut_off": any(output.cut_off for output in outputs), "beyond": ends[0].beyond if ends else "",
            "loop": bool(values["loop"]), "words": int(values["words"] or 0),
            "tokens": outputs[0].tokens if outputs else 0, "prompt_tokens": outputs[0].read if outputs else None,
            "diversity": diverse,
            **sure, "meta": dict(record.meta),
        }  # fmt: skip

    def _refusal(self, record: Record, outputs: Sequence[Output], answer: str | None) -> str | None:
        """`refusal` if no output answers and the first one refuses to."""
        if answer is not None or not outputs or not (outputs[0].refused or self._reader(record).reads is as_reply):
            return None
        refused = outputs[0].refused or read_reply(outputs[0].text, "text").outcome == "refusal"
        return REFUSAL if refused else None


@dataclass
class Figures:
    """What the figures of metrics.json are worked out from: a number a row and metric, and what the rows are like."""

    values: dict[str, list[float | None]] = field(default_factory=lambda: {name: [] for name in MEANS})
    meta: list[Mapping[str, Any]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)  # rows that are cut off, that went on, of each fault
    kinds: list[Mapping[str, float]] = field(default_factory=list)  # of a row's confidence, if there are several

    def add(self, line: Mapping[str, Any]) -> None:
        names = {"accuracy": "correct", "rationale_f1_1": "f1_1", "rationale_f1_2": "f1_2", "loops": "loop"}
        for name, values in self.values.items():
            value = line.get(names.get(name, name))
            values.append(None if value is None else float(value))
        sure = line["confidence"]
        self.values["brier"][-1] = None if sure is None else brier([sure], [float(line["correct"])])[0]
        self.meta.append(line["meta"])
        self.kinds.append(line.get("confidences") or {})
        self.counts["cut_off"] += bool(line.get("cut_off"))
        self.counts["went_on"] += bool(line.get("beyond"))
        self.counts[str(line["fault"])] += 1

    def metrics(self, rows: Sequence[int] | None = None) -> dict[str, dict[str, Any]]:
        """Each metric that applies, with its interval; of all rows or of some."""
        chosen = {name: values if rows is None else [values[at] for at in rows] for name, values in self.values.items()}
        figures = {name: interval(values) for name, values in chosen.items()}
        sure, right = self._sure(chosen)
        figures["ece"] = ece_interval(sure, right) if sure else None
        return {name: figure for name, figure in figures.items() if figure is not None}

    def calibration(self) -> dict[str, Any] | None:
        sure, right = self._sure(self.values)
        return calibration(sure, right) if sure else None

    def reliability(self) -> dict[str, Any] | None:
        """What metrics.json says of all rows' confidence beside `metrics` and `calibration`; None without one."""
        return reliability(*self._sure(self.values))

    def confidences(self) -> dict[str, dict[str, Any]]:
        """ECE and the other figures of each kind of confidence, over the rows that have it."""
        found: dict[str, dict[str, Any]] = {}
        for kind in KINDS:
            pairs = [(of[kind], right or 0.0) for of, right in zip(self.kinds, self.values["accuracy"], strict=True)
                     if kind in of]  # fmt: skip
            sure, right = [one for one, _ in pairs], [one for _, one in pairs]
            if more := reliability(sure, right):
                found[kind] = {
                    "ece": ece_interval(sure, right),
                    "brier": interval(brier(sure, right)),
                    **more["figures"],
                }
        return found

    def by(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The metrics of each group of rows: by the values of the columns of meta that have few, numbers in ranges."""
        columns = dict.fromkeys(name for meta in self.meta for name in meta)
        tables = {}
        for column in columns:
            groups = grouped([meta.get(column) for meta in self.meta])
            if len(groups) > 1:
                tables[column] = {label: self.metrics(rows) for label, rows in groups.items()}
        return tables

    def _sure(self, chosen: Mapping[str, Sequence[float | None]]) -> tuple[list[float], list[float]]:
        pairs = [
            (sure, right)
            for sure, right in zip(chosen["confidence"], chosen["accuracy"], strict=True)
            if sure is not None and right is not None
        ]
        return [sure for sure, _ in pairs], [right for _, right in pairs]
