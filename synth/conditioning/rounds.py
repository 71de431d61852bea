"""Rounds of Quark (Lu et al. 2022, algorithm 1) over several rewards, as MaRio has them (Ramnath et al. 2023).

the model writes about the questions, under the best tokens; the start model writes without any
every reward scores every text; scores are cut into bins over the whole pool, anew in each round
the model learns all texts of the pool behind the tokens of their bins, and stays near the reference
"""

import math
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from synth.base.files import facts_if_whole
from synth.bootstrapping import figures, weights
from synth.bootstrapping.folder import write_facts, write_rows
from synth.bootstrapping.loop import Clock
from synth.bootstrapping.stages import Stages
from synth.bootstrapping.write import Writer, clear
from synth.conditioning import bins, health
from synth.conditioning.folder import DATA, LEFT_OUT, MEASURED, TRAINED, Line, of_round, pool, read_lines, write_lines
from synth.conditioning.options import BARE, Conditioned
from synth.conditioning.questions import Questions
from synth.conditioning.samples import Reader, row_of
from synth.data.names import LOG, METRICS, RUN
from synth.models.codes import Codes, codes_of
from synth.models.generate import Decoding
from synth.record import Record
from synth.rewarding.reward import Reward
from synth.training.settings import LAST_SEED

WRITTEN, STEERED = "written", "steered"  # folders of outputs that are under way


@dataclass
class Rounds:
    """The rounds of a run in its folder. Each stage writes what it made, and is not done again if it is there."""

    run: Path
    config: Conditioned
    questions: Questions
    stages: Stages
    writer: Writer
    reader: Reader
    start: Path  # the model that the first round begins with
    paid: Sequence[Reward]
    audit: Sequence[Reward]

    def teachers(self) -> None:
        """Round 0: the teacher's rows, scored."""
        place = of_round(self.run, 0)
        if facts_if_whole(place / METRICS):
            return
        lines = self.reader.teachers(self.questions.teacher)
        write_lines(place, lines)
        write_facts(place / METRICS, {"round": 0, "sampled": health.texts(lines, len(lines))})

    def round(self, number: int) -> dict[str, Any]:
        """One round, from what is written to the model and its figures."""
        place = of_round(self.run, number)
        if there := facts_if_whole(place / METRICS):
            return there
        clock, before = Clock(), self.model(number - 1)
        lines = self._written(number, place, before)
        clock.lap("sampling and scoring")
        told = self._sorted(number, place)
        trained = self._train(number, place, before)
        clock.lap("training")
        held = figures.held(self.stages.measure(place / TRAINED, place / MEASURED))
        steering = self._steering(number, place)
        clock.lap("measuring")
        kept = facts_if_whole(place / LEFT_OUT)
        found: dict[str, Any] = {
            "round": number, "sampled": {**health.texts(lines, sum(kept.values()) + len(lines)), "left_out": kept},
            **told, "paid": [reward.name for reward in self.paid], "audit": [reward.name for reward in self.audit],
            "trained": trained, "held": held, "steering": steering,
        }  # fmt: skip
        for name in (WRITTEN, STEERED):
            clear(place / name)
        found["seconds"] = clock.laps
        write_facts(place / METRICS, found)
        return found

    def model(self, number: int) -> Path:
        """The model after a round; that of round 0 is the start."""
        return of_round(self.run, number) / TRAINED if number else self.start

    def forget(self, best: int, last: int) -> None:
        """Give the space back of models that no later round needs: neither the best so far nor the last."""
        if self.config.keep_weights == "best":
            for number in set(range(1, last)) - {best}:
                weights.remove_weights(self.model(number))

    def _written(self, number: int, place: Path, model: Path) -> list[Line]:
        """What the model writes about the questions of a round, scored. With `sft` nothing is written."""
        if (there := read_lines(place)) is not None:
            return there
        if self.config.layout == "sft":
            return []
        records = self.questions.drawn(number, self.config.per_round, self.config.seed)
        _score_anew()
        lines, left_out = self._ask(number, place / WRITTEN, model, records, self._codes(model))
        write_facts(place / LEFT_OUT, left_out)
        write_lines(place, lines)
        return lines

    def _codes(self, model: Path, how: str = "best") -> Codes | None:
        """The tokens that a model is asked with: those that it was trained with; none for one without."""
        facts = facts_if_whole(model / RUN)
        return codes_of(facts, how) if facts.get("codes") else None

    def _ask(
        self, number: int, folder: Path, model: Path, records: Sequence[Record], codes: Codes | None
    ) -> tuple[list[Line], dict[str, int]]:
        """The texts of a model, read and scored, and how many of them came to nothing, by reason."""
        asking = replace(self.reader.asking, codes=codes)
        decoding = Decoding(
            samples=self.config.samples, temperature=self.config.temperature, top_p=self.config.top_p,
            max_new_tokens=self.config.max_new_tokens, seed=self.config.seed * 1_000_003 + number,
        )  # fmt: skip
        name = f"{folder.name}-{codes.how}" if codes else folder.name
        recipe = {"round": number, "what": name, "rows": len(records)}
        outputs = self.writer.use(model).write(asking, records, decoding, folder, name, recipe)
        self.writer.release()
        lines, left_out = self.reader.own(number, records, outputs)
        return self.reader.scored(lines, {record.id: record for record in records}), left_out

    def _sorted(self, number: int, place: Path) -> dict[str, Any]:
        """Write the pool as rows with their tokens; what is told of pool and bins."""
        lines = pool(self.run, number, self.config.pool_limit)
        scores = bins.scores_of(self.config, self.paid, [line.scores for line in lines])
        counts = bins.counts(self.config, scores)
        if number > 1:  # what was two-valued in the first round stays so
            counts = {name: of["bins"] for name, of in self._first()["scores"].items()}
        found = {name: bins.bins(values, counts[name], self.config.ties) for name, values in scores.items()}
        used = bins.in_use(self.config, list(scores), number)
        kept = bins.kept(self.config, self.paid, [line.scores for line in lines])
        rows = {record.id: record for record in (*self.questions.teacher, *self.questions.asked)}
        learned = [
            row_of(rows[line.question], line, bins.codes(used, found, at)) for at, line in enumerate(lines) if kept[at]
        ]
        facts = {"codes": {name: counts[name] for name in used}} if used else {}
        write_rows(place / DATA, learned, self.questions.like, "train", mario=self._for_card(number, learned), **facts)
        told = {
            name: {"bins": counts[name], "edges": bins.edges(values, found[name], counts[name])}
            for name, values in scores.items()
        }
        spread = {reward.name: _spread([line.scores[reward.name] for line in lines]) for reward in self.paid}
        return {
            "pool": {"rows": len(learned), "teacher": sum(not line.round for line in lines), "spread": spread},
            "scores": told, "bins": {name: told[name] for name in used},
        }  # fmt: skip

    def _for_card(self, number: int, learned: Sequence[Record]) -> dict[str, Any]:
        """What the manifest of a pool tells of it."""
        own = sum(bool((row.provenance or {}).get("round")) for row in learned)
        rewards, audit = ([reward.name for reward in some] for some in (self.paid, self.audit))
        return {"round": number, "layout": self.config.layout, "rewards": rewards, "audit": audit,
                "teacher": len(learned) - own, "own": own, "seed": self.config.seed}  # fmt: skip

    def _first(self) -> dict[str, Any]:
        return facts_if_whole(of_round(self.run, 1) / METRICS)

    def _train(self, number: int, place: Path, before: Path) -> dict[str, Any]:
        done = (number - 1) * self.config.sample_every
        steps = min(self.config.sample_every, self.config.max_steps - done)
        bare = self.config.layout in BARE
        is_last = done + steps == self.config.max_steps
        trained = self.stages.train(
            place / TRAINED, [str(place / DATA)], steps, model=str(before),
            schedule=self.config.schedule if is_last else "constant",
            lr=self.config.lr * share(self.config, done, 0 if is_last else steps), warmup=self._warmup(number, steps),
            codes=None if bare else self.config.codes, seed=(self.config.seed + number) % LAST_SEED,
            **({"reference": None, "kl": None, "entropy": None} if self.config.layout == "sft" else {}),
        )  # fmt: skip
        kept = {name: trained.get(name) for name in ("steps", "examples_seen", "tokens_seen", "loss")}
        return {**kept, **_means(place / TRAINED / LOG)}

    def _warmup(self, number: int, steps: int) -> float:
        """The share of a round's steps in which the rate rises: none but in the first."""
        if number > 1:
            return 0.0
        rise = self.config.warmup_steps
        return min(1.0, (rise if rise is not None else self.config.warmup * self.config.max_steps) / steps)

    def _steering(self, number: int, place: Path) -> dict[str, Any]:
        """What each kind of token makes of held rows; nothing for a model without."""
        records = self.questions.held[: self.config.steer_rows]
        if self._codes(place / TRAINED) is None or not records:
            return {}
        told = {}
        _score_anew()
        for way in health.WAYS:
            codes = self._codes(place / TRAINED, way)
            lines, left_out = self._ask(number, place / STEERED / way, place / TRAINED, records, codes)
            told[way] = health.texts(lines, len(lines) + sum(left_out.values()))
        shutil.rmtree(place / STEERED)
        return health.steering(told)


def _score_anew() -> None:
    """Scores of a stage do not hang on what the process has scored before, so that a resumed run has the same ones."""
    from synth.rewarding import labels  # needs torch

    labels.forget()


def share(config: Conditioned, done: int, steps: int) -> float:
    """The share of the learning rate that a round has: that of the schedule over all steps, at the round's middle.

    Rates fall from round to round, so that each round is a training by itself. In the last one they fall from step to
    step, from where it begins (`steps` is 0) to nothing: what is sampled from a model is sharper after small steps.
    """
    rise = config.warmup_steps if config.warmup_steps is not None else config.warmup * config.max_steps
    middle = done + steps / 2
    if config.schedule == "constant" or middle <= rise:
        return 1.0
    past = (middle - rise) / max(1.0, config.max_steps - rise)
    return 1 - past if config.schedule == "linear" else (1 + math.cos(math.pi * past)) / 2


def _spread(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return max(known) - min(known) if known else None


def _means(log: Path) -> dict[str, float]:
    """KL divergence and entropy of a round: those of the last line of its log that has them."""
    for text in reversed(log.read_bytes().splitlines()):
        line = orjson.loads(text)
        if "kl" in line:
            return {"kl": line["kl"], "entropy": line["entropy"]}
    return {}


def quality(found: Mapping[str, Any]) -> float:
    """How good the model of a round is: the mean of what is paid for, under the best tokens, else its accuracy."""
    steered = [of["best"] for name, of in found["steering"].items() if name in found["paid"] and of["best"] is not None]
    if steered:
        return float(sum(steered) / len(steered))
    held = found["held"]["accuracy"]
    return float(held["value"]) if held else 0.0
