"""Rewards beside the metrics: `synth eval --reward diversity`, or `--rewards` for those of the run.

What a reward pays for an output stands in predictions.jsonl (`rewards`), its mean with the others in metrics.json
(`reward:NAME`), over all rows and by what rows have. As with the other metrics the first of several outputs counts; a
row without any is scored as an empty text. Rewards decide nothing of what a model writes: they are measured when an
evaluation is whole, and one that is there gets those that it lacks out of its own outputs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from synth import registry
from synth.base.files import as_json, write_whole
from synth.data.names import METRICS, PREDICTIONS
from synth.errors import FolderError
from synth.evaluating.job import Job
from synth.record import Record
from synth.rewarding.reward import Reward, find_all
from synth.rewarding.reward import find as find_reward
from synth.rewarding.scoring import decided_by, score
from synth.statistics.intervals import interval
from synth.statistics.names import REWARD
from synth.statistics.ranges import grouped

AT_ONCE = 256  # rows that a reward is given together

Line = dict[str, Any]  # of predictions.jsonl


def rewards_of(job: Job, run: Mapping[str, Any] | None) -> list[Reward]:
    """The rewards of an evaluation, those of its run first. Raises what `find_all` does."""
    own = _of_run(run) if job.rewards else []
    names = [*own, *(name for name in job.reward if name not in own)]
    if len(set(job.reward)) < len(job.reward):
        names = list(job.reward)  # one of them is given twice, which is said of it
    return find_all(names)


def _of_run(run: Mapping[str, Any] | None) -> list[str]:
    """The rewards that a run was trained with, and those that it measured; of a run without any all that need no
    model."""
    named = [(run or {}).get(name) for name in ("rewards", "audit")]
    if found := [str(name) for names in named if isinstance(names, list) for name in names]:
        return list(dict.fromkeys(found))
    return [name for name in registry.names("rewards") if find_reward(name).ready is None]


@dataclass(frozen=True)
class Scorer:
    """Scores outputs beside their rows."""

    rewards: Sequence[Reward]
    manifest: Mapping[str, Any]

    @property
    def names(self) -> list[str]:
        return [reward.name for reward in self.rewards]

    def decides(self) -> dict[str, str]:
        """What decides the values, by name: metrics.json has it as `rewards`."""
        return {reward.name: decided_by(reward) for reward in self.rewards}

    def lacks(self, done: Mapping[str, Any]) -> bool:
        """Whether an evaluation that is there lacks any of the rewards, or was scored by another function."""
        there = done.get("rewards")
        known = there if isinstance(there, dict) else {}
        return any(known.get(name) != code for name, code in self.decides().items())

    def check(self) -> None:
        """Raises SynthError for a reward that cannot score, as it lacks a model."""
        for reward in self.rewards:
            if reward.ready is not None:
                reward.ready()

    def add(self, records: Sequence[Record], lines: Sequence[Line]) -> None:
        """Write what the rewards pay into the lines of some rows. Raises UsageError for a reward that cannot be
        taken, with its name and the row."""
        found = score(self.rewards, records, [line["output"] for line in lines], self.manifest)
        for at, line in enumerate(lines):
            line["rewards"] = {**(line.get("rewards") or {}), **{name: values[at] for name, values in found.items()}}


def measure(job: Job, done: Mapping[str, Any], records: Sequence[Record], scorer: Scorer) -> dict[str, Any]:
    """Score the outputs of a whole evaluation and write what comes of it; returns its metrics.json.

    Raises UsageError for a reward that cannot be taken, FolderError for outputs that are not those of the rows.
    """
    path = job.out / PREDICTIONS
    lines = list(_lines(path))
    if [line.get("id") for line in lines] != [record.id for record in records] or not _have_outputs(lines):
        raise FolderError(
            f"{path} has not the outputs of these {len(records):,} rows, so no reward can be measured: add --overwrite "
            "to make the evaluation again"
        )
    for start in range(0, len(lines), AT_ONCE):
        scorer.add(records[start : start + AT_ONCE], lines[start : start + AT_ONCE])
    measured = with_rewards(done, lines, scorer)
    try:
        write_whole(path, (orjson.dumps(line) + b"\n" for line in lines))
        write_whole(job.out / METRICS, as_json(measured))
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write to {job.out}") from error
    return measured


def _have_outputs(lines: Sequence[Line]) -> bool:
    return all(isinstance(line.get("output"), str) for line in lines)


def _lines(path: Path) -> Iterator[Line]:
    try:
        with path.open("rb") as file:
            for line in file:
                found = orjson.loads(line)
                yield found if isinstance(found, dict) else {}
    except orjson.JSONDecodeError:
        return
    except OSError as error:
        raise FolderError.from_os(error, str(path)) from error


def figures(lines: Sequence[Line], names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The mean of each reward that applies to any row, with its interval."""
    values = {name: [(line.get("rewards") or {}).get(name) for line in lines] for name in names}
    means = {f"{REWARD}{name}": interval(of_rows) for name, of_rows in values.items()}
    return {name: mean for name, mean in means.items() if mean is not None}


def with_rewards(done: Mapping[str, Any], lines: Sequence[Line], scorer: Scorer) -> dict[str, Any]:
    """The facts of an evaluation, metrics.json, with the means of rewards: over all rows, and in its own groups."""
    metas = [line.get("meta") or {} for line in lines]
    by = {column: {label: dict(group) for label, group in groups.items()} for column, groups in done["by"].items()}
    for column, groups in by.items():
        for label, rows in grouped([meta.get(column) for meta in metas]).items():
            groups.setdefault(label, {}).update(figures([lines[at] for at in rows], scorer.names))
    metrics = {**done["metrics"], **figures(lines, scorer.names)}
    return {**done, "metrics": metrics, "by": by, "rewards": {**(done.get("rewards") or {}), **scorer.decides()}}
