"""One judging of one dataset: which rows, by whom, and what came of them."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from synth.base import loops
from synth.base.terminal import progress, sayer
from synth.data.agreements import Pair, all_splits
from synth.data.manifest import open_manifest
from synth.data.names import CACHE
from synth.data.notes import read_notes
from synth.data.reading import read
from synth.data.verdict import SCORED, Asking, Judge, Noted, Scoring, Verdict
from synth.data.verdicts import Kept, Line, VerdictFile, hash_of, label, latest, line_of, read_verdicts
from synth.errors import FolderError, UsageError
from synth.judging.afar import look
from synth.judging.asking import Panel, ask_all, told
from synth.judging.estimate import Estimate, estimate
from synth.judging.judged import Judged, Place
from synth.judging.options import Judging
from synth.judging.rewards import asked as decided
from synth.judging.rewards import score_all, verdict_of
from synth.record import Record
from synth.shots.draw import Shots
from synth.teachers.asker import Asker
from synth.teachers.given import teacher_from
from synth.validating.checker import settings_of
from synth.workers.local import ordered
from synth.workers.places import workers_on


class Work:
    """One judging: which rows, by whom, and what came of them."""

    def __init__(
        self, asked: Judging, folder: Path, judge: Judge, manifest: dict[str, Any], shots: Shots | None
    ) -> None:
        self.asked, self.folder, self.judge, self.manifest = asked, folder, judge, manifest
        self.verdicts: dict[Place, Verdict] = {}
        self.tasks: dict[Place, str] = {}  # of the rows that have been judged
        self.spent, self.stopped = 0.0, ""  # dollars, and why asking stopped early
        self.unscored: dict[Place, tuple[str, str]] = {}  # id and reason
        self.lines: list[Line] = []  # of this judge, and those that the file of verdicts has of others
        self.chosen = self._sample()
        self.panel: Panel | None = None
        if isinstance(judge.by, Asking):
            teacher = teacher_from(asked.teacher or "", asked)
            self.panel = Panel(judge, judge.by, teacher, asked.votes, asked.max_tokens, shots)
        self.cache = asked.cache or (asked.out or folder) / CACHE

    @property
    def model(self) -> str | None:
        return None if self.panel is None else self.panel.teacher.name

    def judged(self, verdicts: dict[Place, Verdict] | None = None, **found: Any) -> Judged:
        splits = tuple(self.manifest["splits"])
        tasks = {place: self.tasks[place] for place in verdicts or {}}
        more: dict[str, Any] = {"rows": len(self.chosen), "tasks": tasks, "spent": self.spent, "stopped": self.stopped}
        return Judged(self.judge.menu, splits, verdicts or {}, self.asked.out, **more, **found)

    def go(self, spent: float = 0.0) -> None:
        """Have all chosen rows judged that were not judged before; spent: dollars of the budget that are gone."""
        with VerdictFile(self.asked.verdicts) if self.asked.verdicts else nullcontext() as file:
            if self.panel is not None:
                loops.run(self._ask(self.panel, file, spent))
            elif isinstance(self.judge.by, Scoring):
                self._score(self.judge.by, file)
            elif isinstance(self.judge.by, Noted):
                self._noted(self.judge.by, file)
            elif not isinstance(self.judge.by, Asking):
                if self.asked.on == "ray":
                    self._afar(file)
                else:
                    known = settings_of(self.manifest)
                    for place, record in self._rows():
                        self._take(place, record, self.judge.by(record, **known), file)
            self.lines += file.lines() if file is not None else []

    def estimate(self) -> Estimate:
        """What `go` would cost."""
        if self.panel is None:
            return Estimate(self.judge.name, None, len(self.chosen))
        path = self.asked.verdicts
        kept = latest(read_verdicts(path)) if path is not None and path.is_file() else {}
        panel = self.panel
        left = (record for place, record in self._rows() if not self._before(place, record, kept, panel.asked))
        return loops.run(estimate(panel, len(self.chosen), left, self.cache))

    def agreements(self) -> Sequence[Pair]:
        """How far this judge and the others of these rows agree."""
        names = {
            label(self.judge.name, self.model),
            *(each.label for each in self.lines if each.judge == self.judge.name),
        }
        pairs = all_splits(self.folder, self.manifest, self.lines, {self.judge.name: self.judge.menu})
        return [pair for pair in pairs if names & {pair.first, pair.second}]

    def in_order(self) -> tuple[tuple[str, str], ...]:
        """Id and reason of the rows that were not scored, in the order of the rows."""
        splits = list(self.manifest["splits"])
        return tuple(
            self.unscored[place] for place in sorted(self.unscored, key=lambda at: (splits.index(at[0]), at[1]))
        )

    def _sample(self) -> set[Place]:
        splits, size = self.manifest["splits"], self.asked.sample
        places = [(split, number) for split, facts in splits.items() for number in range(facts["rows"])]
        if size is None:
            return set(places)
        return set(Random(f"judge/{self.asked.seed}").sample(places, min(size, len(places))))

    def _rows(self) -> Iterator[tuple[Place, Record]]:
        for split in self.manifest["splits"]:
            for number, record in enumerate(read(self.folder, split, typed=True)):
                if (split, number) in self.chosen:
                    self.tasks[split, number] = record.task
                    yield (split, number), record

    def _afar(self, file: VerdictFile | None) -> None:
        """On the machines of a cluster, a file of the dataset at a time."""
        work = partial(look, self.asked.judge, self.folder, settings_of(self.manifest))
        wanted = {split: {number for of, number in self.chosen if of == split} for split in self.manifest["splits"]}
        files = [(split, name) for split, facts in self.manifest["splits"].items() for name in facts["files"]]
        with workers_on("ray", 1, None, self.asked.out or self.folder, by_files=True) as (executor, workers):
            begins: Counter[str] = Counter()
            for (split, _), found in zip(files, ordered(executor, work, files, workers), strict=True):
                for number, one in enumerate(found, begins[split]):
                    if number in wanted[split]:
                        self.tasks[split, number] = one.task
                        self._note((split, number), one.id, one.verdict, one.line, file)
                begins[split] += len(found)
        if open_manifest(self.folder) != self.manifest:
            raise FolderError(f"{self.folder} was written anew meanwhile: judge it again")

    def _before(self, place: Place, record: Record, kept: Kept, asked: Callable[[Record], str]) -> Verdict | None:
        """The verdict of an earlier run, by the same model, asked the same; rows that were not scored are judged again,
        and so are those with a verdict, edited by hand, that is not on the menu."""
        line = kept.get(((place[0], record.id, hash_of(record)), label(self.judge.name, self.model)))
        scored = line is not None and line.verdict in self.judge.menu and line.asked == asked(record)
        verdict = line.as_verdict() if line is not None and scored else None
        return None if verdict is None or (verdict.verdict == SCORED and verdict.number is None) else verdict

    def _noted(self, by: Noted, file: VerdictFile | None) -> None:
        """What people said of each row, in all files of notes."""
        paths = [path for path in (self.folder / by.file, *self.asked.notes) if path.is_file()]
        if not paths:
            raise UsageError(
                f"{self.folder} has no {by.file}: label rows with synth view {self.folder}, or add --notes"
            )
        found = [read_notes(path) for path in paths]
        for place, record in self._rows():
            at = (place[0], record.id, hash_of(record))
            said = {person: line for notes in found for person, line in notes.get(at, {}).items()}
            self._take(place, record, _together(self.judge.name, said), file)
            self.lines += said.values()

    def _score(self, by: Scoring, file: VerdictFile | None) -> None:
        """By a reward, many rows at once. What is scored before it fails is in the file of verdicts."""
        asked = partial(decided, by, manifest=self.manifest)
        left = self._left({} if file is None else file.kept, asked)
        with progress(self.asked.quiet) as report:

            def settled(place: Place, record: Record, value: float | None) -> None:
                self._take(place, record, verdict_of(self.judge, record, value), file, asked(record))
                report(self.judge.name, len(self.verdicts), len(self.chosen))

            score_all(by, left, self.manifest, settled)

    async def _ask(self, panel: Panel, file: VerdictFile | None, spent: float) -> None:
        """In the order of the rows, as many at a time as requests may be in flight."""
        say = sayer(self.asked.quiet, "synth: ")
        left = self._left({} if file is None else file.kept, panel.asked)

        def settled(place: Place, record: Record, verdict: Verdict) -> None:
            self._take(place, record, verdict, file, panel.asked(record))

        async with Asker(panel.teacher, self.cache, self.asked, say, spent) as asker:
            await ask_all(asker, panel, left, len(self.chosen), settled)
            told(asker, say)
            self.spent, self.stopped = asker.meter.dollars or 0.0, asker.why

    def _left(self, kept: Kept, asked: Callable[[Record], str]) -> Iterator[tuple[Place, Record]]:
        for place, record in self._rows():
            before = self._before(place, record, kept, asked)
            if before is None:
                yield place, record
            else:
                self.verdicts[place] = before

    def _take(
        self, place: Place, record: Record, verdict: Verdict, file: VerdictFile | None, asked: str | None = None
    ) -> None:
        due = file is not None or "judged" in self.manifest
        said = replace(verdict, judge=self.judge.name)
        line = line_of(place[0], record, said, self.model, asked) if due else None
        self._note(place, record.id, verdict, line, file)

    def _note(self, place: Place, row_id: str, verdict: Verdict, line: Line | None, file: VerdictFile | None) -> None:
        self.verdicts[place] = verdict
        if verdict.verdict is None:
            self.unscored[place] = row_id, verdict.in_words()
        if line is not None and file is not None:
            file.add(line)
        elif line is not None and "judged" in self.manifest:
            self.lines.append(line)


def _together(judge: str, said: Mapping[str, Line]) -> Verdict:
    """What some people said of one row, as one verdict."""
    found = {str(line.verdict) for line in said.values()}
    if not found:
        return Verdict(judge, None, why="nobody noted anything")
    texts = [
        f"{person}: {line.verdict}{' ' + line.reason if line.reason else ''}" for person, line in sorted(said.items())
    ]
    if len(found) == 1:
        return Verdict(judge, found.pop(), "; ".join(line.reason for line in said.values() if line.reason))
    return Verdict(judge, "unsure", "; ".join(texts))
