"""Demonstrations of a loop: those that are given, the program's own, or rows of the data, which are then not asked."""

from collections.abc import Sequence
from dataclasses import replace

from synth.base.draws import generator
from synth.bootstrapping.options import Looped
from synth.errors import UsageError
from synth.questions.task import Task
from synth.record import Record
from synth.shots.draw import Shots, stratum
from synth.shots.load import USUAL, digest, load_shots, own_sets


def demonstrations(config: Looped, records: Sequence[Record], task: Task | None) -> Shots | None:
    """The demonstrations of a loop over these rows; None if there are none.

    A new model needs some, to learn the form from; another one gets them in its prompts. Raises UsageError if there are
    none to be had.
    """
    name = records[0].task
    if config.shots is not None:
        return load_shots(config, name, task)
    if not (config.from_scratch or config.n_shots):
        return None
    able = [record for record in records if record.rationale]
    if able:
        rows = _of_each(able, config.base_rows, config.seed)
        return Shots(tuple(rows), min(config.n_shots or USUAL, len(rows)), config.shots_seed, digest(rows), "the data")
    if name in own_sets():
        return load_shots(replace(config, shots=name), name, task)
    raise UsageError(
        "the questions have no rationales that could be shown: give demonstrations with --shots FILE, or a --model "
        "that needs none, without --n-shots"
    )


def _of_each(records: Sequence[Record], count: int, seed: int) -> list[Record]:
    """So many rows of each stratum, in random order, but never more than three quarters of what it has."""
    strata: dict[str, list[Record]] = {}
    for record in records:
        strata.setdefault(stratum(record) or "", []).append(record)
    return [
        record
        for name, rows in sorted(strata.items())
        for record in generator(f"star/{seed}/shots", name).sample(rows, min(count, max(1, len(rows) * 3 // 4)))
    ]
