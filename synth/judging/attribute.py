"""Sorts errors: what one evaluation got wrong and another right, by a judge of errors, with the counts of each kind.

    EVAL/attribution.json     the counts with intervals, an example of each kind, against what, by whom
    EVAL/attribution.jsonl    the verdicts, a line each; a run that was stopped goes on behind them

`synth report` shows the first of them as long as the predictions are those that were judged.
"""

from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from random import Random
from typing import Any

from synth.base import loops
from synth.base.files import as_json, write_whole
from synth.base.terminal import sayer
from synth.data.names import ATTRIBUTED, ATTRIBUTION, CACHE, EVALUATIONS
from synth.data.verdict import Asking, Judge, Verdict
from synth.data.verdicts import Kept, VerdictFile, hash_of, label, latest, line_of, read_verdicts
from synth.errors import FolderError, UsageError
from synth.judging.asking import Panel, ask_all, told
from synth.judging.errors import Errors, errors_of
from synth.judging.estimate import estimate
from synth.judging.judged import Judged, Place
from synth.judging.options import Judging
from synth.record import Record
from synth.statistics.intervals import interval
from synth.teachers.asker import Asker
from synth.teachers.given import teacher_from

LONGEST = 1_200  # characters of a text in an example


def attribute(asked: Judging, judge: Judge) -> Judged:
    """Have the errors of an evaluation sorted.

    Raises UsageError for evaluations that cannot be compared, FolderError for folders that are none.
    """
    if len(asked.folder) != 1 or asked.against is None:
        raise UsageError(f"--judge {asked.judge} takes one evaluation, and one --against it")
    if not isinstance(judge.by, Asking):
        raise UsageError(f"--judge {asked.judge}: a judge of errors asks a model")
    errors = errors_of(asked.folder[0], asked.against)
    panel = Panel(judge, judge.by, teacher_from(asked.teacher or "", asked), asked.votes, asked.max_tokens)
    return _Sorting(asked, errors, panel).go()


class _Sorting:
    """The errors of one evaluation on their way to the judge."""

    def __init__(self, asked: Judging, errors: Errors, panel: Panel) -> None:
        self.asked, self.errors, self.panel = asked, errors, panel
        size, count = len(errors.records), asked.sample
        drawn = Random(f"judge/{asked.seed}").sample(range(size), min(size, size if count is None else count))
        self.rows = {(errors.split, number): errors.records[number] for number in sorted(drawn)}
        self.verdicts: dict[Place, Verdict] = {}
        self.file = asked.verdicts or errors.folder / ATTRIBUTED
        self.cache = asked.cache or errors.folder / CACHE

    def go(self) -> Judged:
        judge, splits = self.panel.judge, (self.errors.split,)
        if self.asked.dry_run:
            kept = latest(read_verdicts(self.file)) if self.file.is_file() else {}
            left = (record for _, record in self.left(kept))
            cost = loops.run(estimate(self.panel, len(self.rows), left, self.cache))
            return Judged(judge.menu, splits, {}, estimate=cost, rows=len(self.rows))
        with VerdictFile(self.file) as file:
            spent, stopped = loops.run(self.ask(file))
        facts = self.facts()
        try:
            write_whole(self.errors.folder / ATTRIBUTION, as_json(facts))
        except OSError as error:
            raise FolderError.from_os(error, f"cannot write to {self.errors.folder}") from error
        unscored = [(self.rows[at].id, said.in_words()) for at, said in self.verdicts.items() if said.verdict is None]
        return Judged(
            judge.menu, splits, self.verdicts, unscored=tuple(unscored), rows=len(self.rows), spent=spent,
            stopped=stopped, errors=facts,
        )  # fmt: skip

    async def ask(self, file: VerdictFile) -> tuple[float, str]:
        """Ask about what has no verdict yet; dollars, and why it stopped early."""
        say, panel = sayer(self.asked.quiet, "synth: "), self.panel
        model = panel.teacher.name

        def settled(place: Place, record: Record, verdict: Verdict) -> None:
            self.verdicts[place] = verdict
            file.add(line_of(place[0], record, verdict, model, panel.asked(record)))

        async with Asker(panel.teacher, self.cache, self.asked, say) as asker:
            await ask_all(asker, panel, self.left(file.kept), len(self.rows), settled)
            told(asker, say)
        return asker.meter.dollars or 0.0, asker.why

    def left(self, kept: Kept) -> Iterator[tuple[Place, Record]]:
        """What has no verdict of this judge on this text, asked the same."""
        name = label(self.panel.judge.name, self.panel.teacher.name)
        for place, record in self.rows.items():
            line = kept.get(((place[0], record.id, hash_of(record)), name))
            if line is None or line.verdict not in self.panel.judge.menu or line.asked != self.panel.asked(record):
                yield place, record
            else:
                self.verdicts[place] = line.as_verdict()

    def facts(self) -> dict[str, Any]:
        """What attribution.json says."""
        errors, menu = self.errors, self.panel.judge.menu
        scored = [said.verdict for _, said in sorted(self.verdicts.items()) if said.verdict is not None]
        kinds = {
            kind: {"rows": scored.count(kind), "share": interval([float(said == kind) for said in scored])}
            for kind in menu
        }
        run = self.asked.against
        return {
            "made_by": f"rationale-synth {version('rationale-synth')}",
            "judge": self.panel.judge.name, "model": self.panel.teacher.name, "against": _name(run),
            "data": errors.facts.get("data"), "predictions": errors.digests,
            "shared": errors.shared, "errors": len(errors.records), "without_answer": errors.silent,
            "sampled": len(self.rows), "judged": len(scored), "unscored": len(self.verdicts) - len(scored),
            "verdicts": [said.verdict for _, said in sorted(self.verdicts.items())],
            "kinds": kinds, "examples": {kind: self.example(kind) for kind in menu if kinds[kind]["rows"]},
        }  # fmt: skip

    def example(self, kind: str) -> dict[str, str]:
        """The first error of a kind: what was asked, written and right, and what the judge says of it."""
        place = next(place for place in sorted(self.verdicts) if self.verdicts[place].verdict == kind)
        record, said = self.rows[place], self.verdicts[place]
        texts = {
            "id": record.id, "prompt": record.prompt, "output": record.completion.strip(), "gold": record.answer,
            "answer": self.errors.answers[place[1]], "said": said.detail,
        }  # fmt: skip
        return {name: text if len(text) <= LONGEST else f"{text[:LONGEST]} ..." for name, text in texts.items()}


def _name(against: Path | None) -> str:
    """What the other side is called: the run, of an evaluation that lies in one."""
    place = (against or Path()).resolve()
    return place.parent.parent.name if place.parent.name == EVALUATIONS else place.name
