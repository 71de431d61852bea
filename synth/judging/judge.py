"""Has the rows of a dataset folder judged: a table, a file of verdicts beside it, or a new folder: `synth judge`.

What a judge is, synth/data/verdict.py says: it works rows out itself, asks a model, or is a reward.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from synth.base import loops
from synth.base.config import verb
from synth.base.terminal import progress, sayer
from synth.data.agreements import Pair, all_splits
from synth.data.already import look
from synth.data.folder import finish_move
from synth.data.handles import Dataset
from synth.data.manifest import open_manifest
from synth.data.names import CACHE
from synth.data.reading import read
from synth.data.verdict import SCORED, Asking, Judge, Scoring, Verdict
from synth.data.verdicts import Kept, Line, VerdictFile, hash_of, label, latest, line_of, read_verdicts
from synth.errors import UsageError
from synth.judging.asking import Panel, ask_all, told
from synth.judging.estimate import Estimate, estimate
from synth.judging.options import Judging
from synth.judging.rewards import asked as decided
from synth.judging.rewards import find, known_as, score_all, verdict_of
from synth.judging.shown import shots_for
from synth.judging.writing import write
from synth.questions.reading import task_of
from synth.record import Record
from synth.shots.draw import Shots
from synth.teachers.asker import Asker
from synth.teachers.given import teacher_from
from synth.validating.checker import settings_of

Place = tuple[str, int]  # split and number of the row


@dataclass(frozen=True)
class Judged:
    """What was judged, and how."""

    menu: tuple[str, ...]  # the verdicts that this judge can give
    splits: tuple[str, ...]
    verdicts: dict[Place, Verdict] = field(repr=False)
    out: Path | None = None  # the folder that was written
    written: str = ""  # a line for the user about that folder
    already_there: bool = False
    unscored: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # id and reason of rows without a verdict
    agreements: tuple[Pair, ...] = ()  # with the other judges of these rows
    estimate: Estimate | None = None  # of a dry run
    rows: int = 0  # that were to be judged

    @property
    def dataset(self) -> Dataset | None:
        """The rows with their verdicts, if `out` was given."""
        return None if self.out is None else Dataset(self.out)


def run(asked: Judging) -> Judged:
    """Have the rows of a dataset judged by a model, by working them out, or by a reward.

    They are written with their verdicts if `out` is given, the verdicts alone if `verdicts` is. With `dry_run` nothing
    is asked, and `estimate` says what it will cost. Returns the verdicts by split and number of the row. Raises
    UsageError for options that do not go together, FolderError for folders that cannot be read or written.
    """
    judge = find(asked.judge)
    manifest = open_manifest(asked.folder)
    _check(asked, judge)
    shots = _shots(asked, judge, manifest)
    work = _Work(asked, judge, manifest, shots)
    if asked.dry_run:
        return work.judged(estimate=work.estimate())
    recipe = _recipe(asked, judge, manifest, shots)
    if asked.out is not None:
        finish_move(asked.out)
        if look(asked.out, recipe, asked.overwrite) is not None:
            return work.judged(already_there=True)
    work.go()
    found = {"unscored": work.in_order(), "agreements": tuple(work.agreements())}
    if asked.out is None:
        return work.judged(work.verdicts, **found)
    written = write(asked.folder, asked.out, manifest, recipe, work.verdicts, _leaves_out(asked))
    return work.judged(work.verdicts, written=written, **found)


def _check(asked: Judging, judge: Judge) -> None:
    asks, wrong = isinstance(judge.by, Asking), []
    if asks and asked.teacher is None:
        wrong.append(f"--judge {asked.judge} asks a model: add --teacher gpt-6-luna")
    if not asks and (asked.teacher is not None or asked.votes > 1):
        wrong.append(f"--judge {asked.judge} asks no model: leave out --teacher and --votes")
    if isinstance(judge.by, Scoring) and asked.drop is not None:
        wrong.append(f"--drop {asked.drop}: {asked.judge} gives numbers, leave rows out with --below 0.5")
    elif asked.drop is not None and asked.drop not in judge.menu:
        wrong.append(f"--drop {asked.drop}: the verdicts of {asked.judge} are {', '.join(judge.menu)}")
    if asked.below is not None and not isinstance(judge.by, Scoring):
        wrong.append(f"--below {asked.below:g}: {asked.judge} gives words, leave rows out with --drop {judge.menu[-1]}")
    if wrong:
        raise UsageError("; ".join(wrong))


def _leaves_out(asked: Judging) -> Callable[[Verdict], str | None]:
    """Why a row is left out for a verdict; None if it is kept, as all are that have none."""
    if asked.below is None:
        return lambda verdict: verdict.verdict if verdict.verdict == asked.drop else None
    below = asked.below
    return lambda verdict: f"below {below:g}" if verdict.score is not None and verdict.score < below else None


def _shots(asked: Judging, judge: Judge, manifest: dict[str, Any]) -> Shots | None:
    """The demonstrations of judging, read before anything is asked."""
    if asked.shots is None:
        return None
    tasks = {record.task for split in manifest["splits"] for record in read(asked.folder, split)}
    return shots_for(asked, judge, sorted(tasks), task_of(manifest), sayer(asked.quiet, "synth: "))


def _recipe(asked: Judging, judge: Judge, manifest: dict[str, Any], shots: Shots | None) -> dict[str, Any]:
    names = ("judge", "drop", "sample", "seed", "votes", "teacher", "max_tokens")
    kept = {name: getattr(asked, name) for name in names}
    kept |= {"extra_body": asked.extra} if asked.extra else {}
    kept |= {} if shots is None else {"shots": shots.facts()}
    kept |= {} if asked.below is None else {"below": asked.below}
    kept |= {"decides": judge.by.decides} if isinstance(judge.by, Scoring) else {}
    kept["judge"] = known_as(asked.judge, judge)
    return {"judged": {"files": manifest["files"], **kept}}


class _Work:
    """One judging: which rows, by whom, and what came of them."""

    def __init__(self, asked: Judging, judge: Judge, manifest: dict[str, Any], shots: Shots | None) -> None:
        self.asked, self.judge, self.manifest = asked, judge, manifest
        self.verdicts: dict[Place, Verdict] = {}
        self.unscored: dict[Place, tuple[str, str]] = {}  # id and reason
        self.lines: list[Line] = []  # of this judge, and those that the file of verdicts has of others
        self.chosen = self._sample()
        self.panel: Panel | None = None
        if isinstance(judge.by, Asking):
            teacher = teacher_from(asked.teacher or "", asked)
            self.panel = Panel(judge, judge.by, teacher, asked.votes, asked.max_tokens, shots)
        self.cache = asked.cache or (asked.out or asked.folder) / CACHE

    @property
    def model(self) -> str | None:
        return None if self.panel is None else self.panel.teacher.name

    def judged(self, verdicts: dict[Place, Verdict] | None = None, **found: Any) -> Judged:
        splits = tuple(self.manifest["splits"])
        return Judged(self.judge.menu, splits, verdicts or {}, self.asked.out, rows=len(self.chosen), **found)

    def go(self) -> None:
        """Have all chosen rows judged that were not judged before."""
        with VerdictFile(self.asked.verdicts) if self.asked.verdicts else nullcontext() as file:
            if self.panel is not None:
                loops.run(self._ask(self.panel, file))
            elif isinstance(self.judge.by, Scoring):
                self._score(self.judge.by, file)
            elif not isinstance(self.judge.by, Asking):
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
        name = label(self.judge.name, self.model)
        pairs = all_splits(self.asked.folder, self.manifest, self.lines, {self.judge.name: self.judge.menu})
        return [pair for pair in pairs if name in (pair.first, pair.second)]

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
            for number, record in enumerate(read(self.asked.folder, split, typed=True)):
                if (split, number) in self.chosen:
                    yield (split, number), record

    def _before(self, place: Place, record: Record, kept: Kept, asked: Callable[[Record], str]) -> Verdict | None:
        """The verdict of an earlier run, by the same model, asked the same; rows that were not scored are judged again,
        and so are those with a verdict, edited by hand, that is not on the menu."""
        line = kept.get(((place[0], record.id, hash_of(record)), label(self.judge.name, self.model)))
        scored = line is not None and line.verdict in self.judge.menu and line.asked == asked(record)
        verdict = line.as_verdict() if line is not None and scored else None
        return None if verdict is None or (verdict.verdict == SCORED and verdict.number is None) else verdict

    def _score(self, by: Scoring, file: VerdictFile | None) -> None:
        """By a reward, many rows at once. What is scored before it fails is in the file of verdicts."""
        asked = partial(decided, by, manifest=self.manifest)
        left = self._left({} if file is None else file.kept, asked)
        with progress(self.asked.quiet) as report:

            def settled(place: Place, record: Record, value: float | None) -> None:
                self._take(place, record, verdict_of(self.judge, record, value), file, asked(record))
                report(self.judge.name, len(self.verdicts), len(self.chosen))

            score_all(by, left, self.manifest, settled)

    async def _ask(self, panel: Panel, file: VerdictFile | None) -> None:
        """In the order of the rows, as many at a time as requests may be in flight."""
        say = sayer(self.asked.quiet, "synth: ")
        left = self._left({} if file is None else file.kept, panel.asked)

        def settled(place: Place, record: Record, verdict: Verdict) -> None:
            self._take(place, record, verdict, file, panel.asked(record))

        async with Asker(panel.teacher, self.cache, self.asked, say) as asker:
            await ask_all(asker, panel, left, min(self.asked.concurrency, len(self.chosen)), settled)
            told(asker, say)

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
        self.verdicts[place] = verdict
        if verdict.verdict is None:
            self.unscored[place] = record.id, verdict.in_words()
        if file is None and "judged" not in self.manifest:
            return
        line = line_of(place[0], record, replace(verdict, judge=self.judge.name), self.model, asked)
        if file is None:
            self.lines.append(line)
        else:
            file.add(line)


judge = verb("judge", Judging, run)
