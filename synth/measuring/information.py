"""V-usable information: how much easier an answer is to a family of models that reads the question.

Ethayarajh, Choi & Swayamdipta 2022, "Understanding Dataset Difficulty with V-Usable Information" (arXiv 2110.08420,
definitions 2 to 4 and algorithm 1), after Xu et al. 2020. Two models of a family V are fine-tuned alike, g on questions
with their answers, g0 on a constant in the place of every question:

    H_V(Y)   = mean of -log2 g0(y)      H_V(Y|X) = mean of -log2 g(y | x)
    I_V(X->Y) = H_V(Y) - H_V(Y|X)       PVI(x -> y) = log2 g(y | x) - log2 g0(y)

so that the V-information is the mean of the pointwise one, over rows that neither has learned from. It is below 0 where
reading the question misleads. An answer is its closing form with the end token, as the models learned it: its fixed
words are certain to both.

    OUT/pvi.jsonl    {"id", "answer", "pvi", "given", "null"}: a row, in bits; the last two are -log2 of g and of g0
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, cast

import orjson

from synth.base.files import read_facts, write_whole
from synth.base.terminal import Say
from synth.data.names import PVI, RUN
from synth.errors import FolderError, SourceError, UsageError
from synth.evaluating.outputs import digest
from synth.measuring.questions import Questions
from synth.record import Record
from synth.statistics.intervals import interval
from synth.training.settings import Settled
from synth.training.trainer import find
from synth.training.view import View

NOT_FOR_BOTH = {"no_input", "seed"}  # settings in which the two runs may differ, or must


@dataclass(frozen=True)
class Learned:
    """A run that learned answers."""

    folder: Path
    facts: Mapping[str, Any]  # synth-run.json

    @property
    def config(self) -> Mapping[str, Any]:
        return self.facts.get("config") or {}

    def bits(self, records: Sequence[Record]) -> list[float | None]:
        """-log2 of the probability of each row's answer; None for a row that the run's limits would cut."""
        from synth.measuring.scoring import bits
        from synth.models.load import load

        trainer, checkpoint = find(self.facts["trainer"]), load(str(self.folder))
        known = {f.name for f in fields(trainer.config)} & self.config.keys()
        config = trainer.config(**{name: self.config[name] for name in known})
        view = View(trainer.student(), cast(Settled, config), checkpoint.tokenizer, 0)
        rows = [view.whole(record) for record in records]
        whole = [at for at, row in enumerate(rows) if view.cut(row) == row]
        found: list[float | None] = [None] * len(rows)
        for at, value in zip(whole, bits(view, checkpoint.model, [rows[at] for at in whole]), strict=True):
            found[at] = value
        return found


def v_information(
    informed: Path, null: Path, questions: Questions, out: Path, earlier: Mapping[str, Any] | None, say: Say
) -> dict[str, Any]:
    """`{"value", "low", "high", "n"}` in bits over the rows of a split, with both entropies; PVI has the rows.

    earlier: what was measured before, which stands if the runs and the rows are the same. Raises UsageError for two
    runs that do not go together, SourceError for what is no run.
    """
    runs = learned(informed, no_input=False), learned(null, no_input=True)
    recipe = digest({"rows": questions.facts, "runs": [_identity(run) for run in runs]})
    if earlier and earlier.get("recipe") == recipe and (out / PVI).is_file():
        return dict(earlier)
    for note in _notes(*runs, questions):
        say(note)
    given, bare = (run.bits(questions.rows) for run in runs)
    lines: list[dict[str, Any]] = [
        {"id": row.id, "answer": row.answer, "pvi": without - with_, "given": with_, "null": without}
        for row, with_, without in zip(questions.rows, given, bare, strict=True)
        if with_ is not None and without is not None
    ]
    if not lines:
        raise UsageError(f"all rows of {questions.where} are longer than {informed} takes: train with longer limits")
    if left := len(questions.rows) - len(lines):
        say(f"{left:,} of {len(questions.rows):,} rows are longer than the runs take, and are left out")
    _write(out / PVI, lines)
    means = {name: interval([line[name] for line in lines]) for name in ("pvi", "null", "given")}
    return {
        **(means["pvi"] or {}), "entropy": means["null"], "entropy_given_question": means["given"],
        "with": informed.resolve().name, "null": null.resolve().name, "left_out": left, "recipe": recipe,
    }  # fmt: skip


def learned(folder: Path, no_input: bool) -> Learned:
    """Raises SourceError for what is no run that ended, UsageError for one that learned something else."""
    facts = read_facts(folder / RUN, "what synth train writes", "train the model again")
    option = "--null" if no_input else "--with"
    if facts is None:
        raise SourceError(f"{option} {folder} is no run folder (it has no {RUN}): give what synth train --out wrote")
    run = Learned(folder, facts)
    how = f"synth train {facts.get('trainer')} ... --target answer{' --no-input' * no_input}"
    if facts.get("target") != "answer":
        raise UsageError(f"{option} {folder} learned to write {facts.get('target')}: give a run of {how}")
    if bool(run.config.get("no_input")) is not no_input:
        read = "read the questions" if no_input else "read no questions"
        raise UsageError(f"{option} {folder} {read}: give a run of {how}")
    return run


def _notes(informed: Learned, null: Learned, questions: Questions) -> list[str]:
    """What has to be known of the two. Raises UsageError if they are of two families."""
    for name in ("trainer", "model"):
        one, other = informed.facts.get(name), null.facts.get(name)
        if one != other:
            raise UsageError(f"--with has the {name} {one}, --null {other}: V-information is of one family of models")
    differ = [
        f"{name} {null.config.get(name)}, not {value}"
        for name, value in informed.config.items()
        if name not in NOT_FOR_BOTH and null.config.get(name) != value
    ]
    notes = [f"--null was trained otherwise than --with: {', '.join(differ)}"] if differ else []
    rows = {part.get("sha256") for part in informed.facts.get("data") or [] if isinstance(part, dict)}
    if questions.facts.get("sha256") in rows:
        notes.append(f"--with was trained on {questions.where}: what it knows by heart counts as information")
    return notes


def _identity(run: Learned) -> Any:
    weights = sorted(run.folder.glob("*.safetensors"))
    return [run.facts, [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in weights]]


def _write(path: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, b"".join(orjson.dumps(line) + b"\n" for line in lines))
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write {path}") from error
