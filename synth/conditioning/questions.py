"""The teacher's rows, the questions they are about, and the rows that are measured on."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from synth.base.draws import generator
from synth.bootstrapping.questions import SET_ASIDE, described, held_rows
from synth.conditioning.options import Conditioned
from synth.data.manifest import open_manifest
from synth.errors import UsageError
from synth.questions.reading import task_of
from synth.questions.task import Task
from synth.record import Record
from synth.shots.draw import question
from synth.training import mixture


@dataclass(frozen=True)
class Questions:
    """What a run is about."""

    like: Mapping[str, Any]  # what manifests say of how rows are read
    task: Task | None
    teacher: Sequence[Record]  # rows with rationales, which are learned from
    asked: Sequence[Record]  # a row of each question
    held: Sequence[Record]

    def drawn(self, number: int, count: int | None, seed: int) -> Sequence[Record]:
        """The questions of a round, in an order of their own."""
        if count is None or count >= len(self.asked):
            return self.asked
        return generator(f"mario/{seed}", number).sample(self.asked, count)


def gather(config: Conditioned) -> Questions:
    """Everything that is asked, learned from and measured on.

    Raises FolderError and UsageError for what is not there or has no rationales.
    """
    rows = mixture.records_of(mixture.load(config.data, config.split, config.limit))
    manifest = open_manifest(mixture.expanded(config.data)[0][0])
    names = sorted({record.task for record in rows})
    if len(names) > 1:
        raise UsageError(f"the rows are of several tasks ({', '.join(names)}): a run has one; give its --data alone")
    if twice := [name for name, count in Counter(record.id for record in rows).items() if count > 1]:
        raise UsageError(f"two rows of --data are called {twice[0]}: give datasets whose rows have ids of their own")
    held = _held(config, rows)
    if config.held is not None and (others := sorted({record.task for record in held} - set(names))):
        raise UsageError(
            f"--held {config.held}: its rows are of {', '.join(others)}, those of --data of {names[0]}: give rows of "
            "the same task"
        )
    kept = {question(record) for record in held}
    rows = [record for record in rows if question(record) not in kept]
    teacher = [record for record in rows if record.rationale.strip()]
    if not teacher:
        raise UsageError(
            f"no row of {', '.join(config.data)} has a rationale: give rows that a teacher explained (synth import, "
            "synth distill)"
        )
    asked = {question(record): record for record in reversed(rows)}
    return Questions(described(manifest), task_of(manifest), teacher, list(asked.values())[::-1], held)


def _held(config: Conditioned, rows: Sequence[Record]) -> list[Record]:
    """Rows to measure on: of --held, of a split of the data, or some questions with all their rows, set aside."""
    split = config.validation_split
    if config.held is not None:
        return held_rows(config.held, split, config.eval_rows)
    there = mixture.load_where_there(config.data, split, config.eval_rows)
    if there:
        return _once(mixture.records_of(there))
    different = _once(rows)
    count = min(config.eval_rows or SET_ASIDE, max(1, len(different) // 4))
    return generator("mario/held", config.seed).sample(different, count)


def _once(rows: Sequence[Record]) -> list[Record]:
    """A row of each question: a teacher may have explained it several times."""
    return list({question(record): record for record in reversed(rows)}.values())[::-1]


def source_name(config: Conditioned) -> str:
    return "+".join(folder.resolve().name for folder, _, _ in mixture.expanded(config.data))
