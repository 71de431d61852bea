"""STaR, the loop of Zelikman et al. 2022: "STaR: Bootstrapping Reasoning With Reasoning" (arXiv 2203.14465), figure 1.

the model attempts the questions; what comes to the right answer is kept
what failed is attempted with the answer as a hint; what then comes to it is kept without the hint
the base model is trained on what was kept, and the loop begins again with the model that comes of it
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from synth.base.draws import generator
from synth.base.files import facts_if_whole
from synth.bootstrapping import figures, folder, provenance
from synth.bootstrapping.attempts import RIGHT, Attempt, Reading, kept, lines
from synth.bootstrapping.folder import ATTEMPTED, DATA, MEASURED, SHOWN, TRAINED
from synth.bootstrapping.options import Looped
from synth.bootstrapping.questions import Questions, hinted
from synth.bootstrapping.stages import Stages, steps_of
from synth.bootstrapping.write import Writer, clear
from synth.data.names import METRICS
from synth.data.reading import read
from synth.data.survey import PROVENANCE
from synth.errors import TrainingError
from synth.evaluating.prompts import Asking
from synth.models.generate import Decoding
from synth.record import Record
from synth.shots.forms import in_front
from synth.shots.options import ShotOptions

ASKED, HINTED = "asked", "hinted"  # folders of outputs that are under way


@dataclass
class Loop:
    """One loop in its folder. Each stage writes what it made, and is not done again if it is there."""

    run: Path
    config: Looped
    questions: Questions
    stages: Stages
    writer: Writer
    reading: Reading
    base: Path  # the model that every training begins with
    mixed: Sequence[str]  # dataset folders that are learned from in every iteration
    new: bool  # the base is a new model
    begun: Mapping[str, Any] = field(default_factory=dict)  # of synth-run.json: the command, the model by its name

    def measure_base(self) -> dict[str, Any]:
        """Iteration 0: the base as it is, with the demonstrations that the first questions are asked with."""
        place = folder.of_iteration(self.run, 0)
        if there := facts_if_whole(place / METRICS):
            return there
        began = time.monotonic()
        measured = self.stages.measure(self.base, place / MEASURED, self._shown if self.shows(1) else None)
        found = {
            "iteration": 0, "held": figures.held(measured),
            "chance": figures.chance(self.questions.held, self.questions.task),
            "seconds": {"measuring": time.monotonic() - began},
        }  # fmt: skip
        folder.write_facts(place / METRICS, found)
        return found

    def iterate(self, number: int) -> dict[str, Any]:
        """One iteration, from the questions to the model and its figures."""
        place = folder.of_iteration(self.run, number)
        if there := facts_if_whole(place / METRICS):
            return there
        clock = Clock()
        before = folder.model_of(self.run, number - 1, self.base)
        records = self.questions.drawn(number, self.config.per_iteration, self.config.seed)
        attempts = self._attempts(number, place, before, records)
        clock.lap("generating")
        self._keep(number, place, before, records, attempts)
        steps = steps_of(self.config, number)
        clock.lap("keeping")
        trained = self._train(number, place, steps)
        clock.lap("training")
        measured = self.measure(place / TRAINED, place / MEASURED)
        clock.lap("measuring")
        found = {**self._figures(number, records, attempts, trained, measured), "seconds": clock.laps}
        for name in (ASKED, HINTED):
            clear(place / name)
        folder.write_facts(place / METRICS, found)
        return found

    def _attempts(self, number: int, place: Path, model: Path, records: Sequence[Record]) -> list[Attempt]:
        """All attempts of an iteration, read; those with a hint behind those without."""
        if (there := _read(place / ATTEMPTED)) is not None:
            return there
        self.writer.use(model)
        plain = self._ask(number, place, ASKED, records)
        failed = self._failed(number, records, plain) if self.config.rationalize else []
        told = self._ask(number, place, HINTED, failed)
        self.writer.release()
        marked = [one for each in (*plain, *told) for one in kept(each, self.config.keep_per_question)]
        folder.write_facts(place / ATTEMPTED, (orjson.dumps(line) + b"\n" for line in lines(marked)))
        return marked

    def _ask(self, number: int, place: Path, what: str, records: Sequence[Record]) -> list[list[Attempt]]:
        """The attempts at each question."""
        if not records:
            return []
        usual = 0.7 if self.config.samples > 1 else 0.0
        decoding = Decoding(
            samples=self.config.samples,
            temperature=usual if self.config.temperature is None else self.config.temperature,
            max_new_tokens=self.config.max_new_tokens, seed=self.config.seed * 1_000_003 + number,
        )  # fmt: skip
        recipe = {"iteration": number, "what": what, "rows": len(records)}
        asking, prompts = self._asking(number, records, hint=what == HINTED)
        outputs = self.writer.write(asking, prompts, decoding, place / what, f"iteration {number} {what}", recipe)
        reading, pairs = replace(self.reading, asking=asking), zip(records, outputs, strict=True)
        return [reading.read(record, written, hinted=what == HINTED) for record, written in pairs]

    def _asking(self, number: int, records: Sequence[Record], hint: bool) -> tuple[Asking, list[Record]]:
        """How the questions of an iteration are asked, and the rows with the prompts that are read.

        With hints, those of the demonstrations are given as well. Trained models have seen no prompt with a hint, so
        that demonstrations show what one is for, also behind --shots-until; with --shots-until 0 there are none.
        """
        shots = self.questions.shots if self.shows(min(number, 1) if hint else number) else None
        if not hint:
            return replace(self.reading.asking, shots=shots), list(records)
        told = shots and replace(shots, rows=tuple(self._told(row) for row in shots.rows))
        return replace(self.reading.asking, shots=told), [self._told(record) for record in records]

    def _told(self, record: Record) -> Record:
        return replace(record, prompt=hinted(record, self.questions.task) or "")

    def shows(self, number: int) -> bool:
        """Whether demonstrations stand before the questions of an iteration. A new model has learned from them."""
        until = self.config.shots_until
        return self.questions.shots is not None and not self.new and (until is None or number <= until)

    def _failed(self, number: int, records: Sequence[Record], attempts: Sequence[Sequence[Attempt]]) -> list[Record]:
        """The questions that no attempt came to the answer of, or a share of them."""
        failed = [r for r, of in zip(records, attempts, strict=True) if all(one.outcome != RIGHT for one in of)]
        if self.config.rationalize_share == 1.0:
            return failed
        chosen = generator(f"star/{self.config.seed}/hinted", number)
        return [record for record in failed if chosen.random() < self.config.rationalize_share]

    def _keep(
        self, number: int, place: Path, model: Path, records: Sequence[Record], attempts: Sequence[Attempt]
    ) -> None:
        """Write what is kept as a dataset folder."""
        chosen = [attempt for attempt in attempts if attempt.kept]
        if not chosen:
            raise TrainingError(self._nothing(attempts))
        by_id = {record.id: record for record in records}
        weights = folder.fingerprint(model)
        rows = list(self._rows(number, weights, by_id, chosen))
        asked = {attempt.id for attempt in attempts}
        facts = provenance.of_rows(number, weights, self.config, self.questions.like, self.begun, len(asked), chosen)
        every = provenance.all_attempts(by_id, attempts)
        folder.write_rows(place / DATA, rows, self.questions.like, "train", every, **facts)

    def _rows(
        self, number: int, weights: str, by_id: Mapping[str, Record], chosen: Sequence[Attempt]
    ) -> Iterator[Record]:
        places: dict[str, int] = {}
        for attempt in chosen:
            places[attempt.id] = places.get(attempt.id, 0) + 1
            known = {
                "teacher": "itself", "model": weights, "attempt": attempt.sample, "attempts": self.config.samples,
                "hinted": attempt.hinted, "completion_tokens": attempt.tokens,
            }  # fmt: skip
            origin = {**dict.fromkeys(PROVENANCE), **known, "iteration": number, "seed": self.config.seed}
            yield self.reading.row(by_id[attempt.id], attempt, places[attempt.id], origin)

    def _nothing(self, attempts: Sequence[Attempt]) -> str:
        """Why there is nothing to learn from, and what to do."""
        outcomes = ", ".join(sorted({attempt.outcome for attempt in attempts}))
        more = "" if self.config.rationalize else "add --rationalize, "
        return (
            f"no attempt at {len({a.id for a in attempts}):,} questions came to the right answer ({outcomes}), so "
            f"there is nothing to learn from: {more}give demonstrations (--shots, --n-shots), easier questions, or a "
            "better --model"
        )

    def _train(self, number: int, place: Path, steps: int) -> dict[str, Any]:
        earlier = [folder.of_iteration(self.run, n) for n in range(max(1, number - self.config.carry), number)]
        data = [str(self._rows_of(each)) for each in (place, *earlier)] + [*self.mixed]
        start = self.base if self.config.from_ == "base" else folder.model_of(self.run, number - 1, self.base)
        return self.stages.train(place / TRAINED, data, steps, model=str(start), from_scratch=None)

    def _rows_of(self, place: Path) -> Path:
        """The rows of an iteration as they are learned from: with demonstrations in front if that is asked for."""
        shots = self.questions.shots
        if not self.config.shots_in_training or shots is None:
            return place / DATA
        rows = [in_front(record, shots) for record in read(place / DATA, "train")]
        return folder.write_rows(place / SHOWN, rows, self.questions.like, "train")

    def measure(self, model: Path, out: Path) -> dict[str, Any]:
        """Measure a trained model: behind demonstrations only if it learned to read them."""
        return self.stages.measure(model, out, self._shown if self.config.shots_in_training else None)

    @property
    def _shown(self) -> ShotOptions | None:
        """The demonstrations as an evaluation is given them."""
        if (shots := self.questions.shots) is None:
            return None
        given = self.config.shots if shots.mixed else str(self.run / folder.SHOTS / folder.PLAIN)
        return ShotOptions(shots=given, n_shots=shots.n, shots_as=shots.how, shots_seed=shots.seed)

    def _figures(
        self, number: int, records: Sequence[Record], attempts: Sequence[Attempt], trained: Mapping[str, Any],
        measured: Mapping[str, Any],
    ) -> dict[str, Any]:  # fmt: skip
        by_id = {record.id: record for record in records}
        plain = [attempt for attempt in attempts if not attempt.hinted]
        told = [attempt for attempt in attempts if attempt.hinted]
        return {
            "iteration": number,
            "asked": figures.asked(by_id, plain),
            "hinted": figures.asked(by_id, told),
            "kept": figures.rows(by_id, attempts, len(self.questions.pool(number))),
            "drift": figures.drift(attempts, self.questions.shots.rows if self.questions.shots else ()),
            "trained": {name: trained.get(name) for name in ("steps", "examples_seen", "tokens_seen", "loss")},
            "held": figures.held(measured),
        }


class Clock:
    """Seconds of each stage."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        now = time.monotonic()
        self.laps[name] = round(now - self._last, 3)
        self._last = now


def _read(path: Path) -> list[Attempt] | None:
    """The attempts that were read before; None if they were not."""
    if not path.is_file():
        return None
    return [Attempt(**orjson.loads(line)) for line in path.read_bytes().splitlines()]
