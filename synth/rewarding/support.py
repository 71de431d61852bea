"""The two models of the reward consistency: whether they can be taken, and by how much rationales support answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synth.base.files import read_facts
from synth.data.names import RUN
from synth.errors import UsageError
from synth.rewarding.batch import Written
from synth.training.forms import Form, label_of, labels_of, with_form

PRESETS: dict[Form, str] = {"question+rationale": "mario-ir2o", "question": "mario-i2o"}


@dataclass(frozen=True)
class Learned:
    """A run that learned labels."""

    folder: Path
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Pair:
    """The run that read rationales, and the one that read none."""

    ir2o: Learned
    i2o: Learned

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the training data, if they are few."""
        return tuple(self.i2o.facts.get("labels") or ())


def pair(ir2o: Path, i2o: Path) -> Pair:
    """Two runs. Raises UsageError for runs that are not there, not done, or learned something else."""
    runs: tuple[tuple[Path, Form], ...] = ((ir2o, "question+rationale"), (i2o, "question"))
    if missing := [(folder, form) for folder, form in runs if not (folder / RUN).is_file()]:
        named = " and ".join(str(folder) for folder, _ in missing)
        made = " and ".join(
            f"synth train t5 --preset {PRESETS[form]} --data FOLDER --out {folder}" for folder, form in missing
        )
        raise UsageError(f"reward consistency: there is no run in {named}: make it with {made}, or give {_GIVE}")
    found = Pair(*(_learned(folder, form) for folder, form in runs))
    if found.ir2o.facts.get("labels") != found.i2o.facts.get("labels"):
        raise UsageError(f"reward consistency: {ir2o} and {i2o} learned other labels: train both on the same data")
    return found


_GIVE = "consistency:IR2O,I2O"


def _learned(folder: Path, form: Form) -> Learned:
    facts = read_facts(folder / RUN, "what synth train writes", "train the model again") or {}
    known = (facts.get("config") or {}).get("form")
    if known != form:
        what = f"learned with --form {known}" if known else "did not learn labels"
        place = "first" if form == "question+rationale" else "second"
        raise UsageError(
            f"reward consistency: {folder} {what}: the {place} run of {_GIVE} is one of synth train t5 --preset "
            f"{PRESETS[form]}"
        )
    if not facts.get("complete"):
        raise UsageError(f"reward consistency: the training of {folder} did not end: --resume continues it")
    return Learned(folder, facts)


def support(models: Pair, rows: Sequence[Written | None]) -> list[float | None]:
    """p(gold | question, rationale) - p(gold | question) of each row; None where it has no answer of a few labels, or
    no rationale."""
    cases = [None if row is None else _case(row, models.labels) for row in rows]
    there = [case for case in cases if case is not None]
    with_it = iter(_gold(models.ir2o, there, "question+rationale"))
    without = iter(_gold(models.i2o, there, "question"))
    return [None if case is None else next(with_it) - next(without) for case in cases]


@dataclass(frozen=True)
class _Case:
    """A row that can be scored."""

    row: Written
    labels: tuple[str, ...]
    gold: int  # its place among the labels


def _case(row: Written, learned: tuple[str, ...]) -> _Case | None:
    labels = labels_of(row.record, row.reader) or learned
    gold = label_of(row.record.answer, row.record, row.reader)
    if not row.found.rationale.strip() or gold not in labels:
        return None
    return _Case(row, labels, labels.index(gold))


def _gold(run: Learned, cases: Sequence[_Case], form: Form) -> list[float]:
    """The probability of the gold label. What reads no rationale is asked about a question once in a process."""
    if not cases:
        return []
    from synth.rewarding.labels import labeller

    asked = [
        (with_form(case.row.record, form, case.row.reader, case.row.found.rationale).prompt, case.labels)
        for case in cases
    ]
    found = labeller(run.folder, run.facts).probabilities(asked, remember=form == "question")
    return [own[case.gold] for own, case in zip(found, cases, strict=True)]
