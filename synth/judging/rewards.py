"""Has a reward score rows: `synth judge FOLDER --judge reward:NAME`, or `reward:FILE.py:FUNCTION`.

Scored is the completion of a row, as what a model would have written to its prompt.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from synth.data import verdict
from synth.data.verdict import REWARD, SCORED, Judge, Scoring, Verdict
from synth.data.verdicts import digest
from synth.record import Record
from synth.rewarding.columns import settings_text
from synth.rewarding.reward import Reward
from synth.rewarding.reward import find as find_reward
from synth.rewarding.scoring import decided_by, score

AT_ONCE = 64  # rows that a reward is given together, and that are lost at most if a run is killed
NO_COMPLETION = "the row has no completion"
T = TypeVar("T")


def find(name: str) -> Judge:
    """The judge of a name, of a user's own file, or the one that a reward is.

    Raises UnknownNameError, which lists the names, UsageError for a file without one, SourceError for a reward whose
    model is not there.
    """
    if not name.startswith(REWARD):
        return verdict.find(name)
    reward = find_reward(name.removeprefix(REWARD))
    if reward.ready is not None:
        reward.ready()
    return Judge(f"{REWARD}{reward.name}", (SCORED,), Scoring(partial(_scores, reward), decided_by(reward)))


def known_as(name: str, judge: Judge) -> str:
    """What is kept of the name of a judge, as folders of this machine stay private: of a file its own name alone, of a
    reward the name that it calls itself."""
    if not name.startswith(REWARD):
        return Path(name).name
    path, own, function = name.removeprefix(REWARD).partition(".py")
    return f"{REWARD}{Path(path).name}{own}{function}" if own else judge.name


def _scores(reward: Reward, records: Sequence[Record], manifest: Mapping[str, Any]) -> list[float | None]:
    written = [record for record in records if record.completion.strip()]
    if not written:
        return [None] * len(records)
    values = iter(score([reward], written, [record.completion for record in written], manifest)[reward.name])
    return [next(values) if record.completion.strip() else None for record in records]


def asked(by: Scoring, record: Record, manifest: Mapping[str, Any]) -> str:
    """A hash of all that decides the score of a row, but the texts of the row."""
    return digest([by.decides, settings_text(manifest), manifest.get("task"), dict(record.meta)])


def verdict_of(judge: Judge, record: Record, value: float | None) -> Verdict:
    """What is kept of a score."""
    if value is not None:
        return Verdict(judge.name, SCORED, number=value)
    why = f"{judge.name} does not apply to it" if record.completion.strip() else NO_COMPLETION
    return Verdict(judge.name, None, "", why)


def score_all(
    by: Scoring, rows: Iterator[tuple[T, Record]], manifest: Mapping[str, Any],
    settled: Callable[[T, Record, float | None], None],
) -> None:  # fmt: skip
    """Have rows scored in their order, AT_ONCE together; `settled` hears each score."""
    while batch := list(islice(rows, AT_ONCE)):
        values = by.scores([record for _, record in batch], manifest)
        for (place, record), value in zip(batch, values, strict=True):
            settled(place, record, value)
