"""Has the rows of a dataset folder judged, and writes them with their verdicts into a new one: `synth judge`.

What a judge is, synth/data/verdict.py says: it works rows out itself, or asks a model.
"""

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import orjson
import typer

from synth.base import loops
from synth.base.config import verb
from synth.base.terminal import sayer, show_table
from synth.data.already import look
from synth.data.folder import FolderWriter, finish_move
from synth.data.handles import Dataset
from synth.data.manifest import open_manifest
from synth.data.names import ATTEMPTS, CACHE, REJECTED
from synth.data.reading import read
from synth.data.verdict import Asking, Judge, Verdict, find, majority
from synth.errors import UsageError
from synth.judging.options import Judging
from synth.record import Record, Rejected
from synth.teachers.asker import Asker, StopAskingError
from synth.teachers.client import UnanswerableError
from synth.teachers.exchange import Request
from synth.teachers.given import teacher_from
from synth.validating.checker import settings_of

Verdicts = dict[tuple[str, int], Verdict]  # split and number of the row


@dataclass(frozen=True)
class Judged:
    """What was judged, and how."""

    menu: tuple[str, ...]  # the verdicts that this judge can give
    splits: tuple[str, ...]
    verdicts: Verdicts = field(repr=False)
    out: Path | None = None  # the folder that was written
    written: str = ""  # a line for the user about that folder
    already_there: bool = False

    @property
    def dataset(self) -> Dataset | None:
        """The rows with their verdicts, if `out` was given."""
        return None if self.out is None else Dataset(self.out)


def run(asked: Judging) -> Judged:
    """Have the rows of a dataset judged by a model, or by working them out; write them with verdicts if `out` is given.

    Returns the verdicts by split and number of the row. Raises UsageError for options that do not go together,
    FolderError for folders that cannot be read or written.
    """
    folder, out = asked.folder, asked.out
    judge = find(asked.judge)
    manifest = open_manifest(folder)
    splits = tuple(manifest["splits"])
    _check(asked, judge)
    recipe = _recipe(asked, manifest)
    if out is not None:
        finish_move(out)
        if look(out, recipe, asked.overwrite) is not None:
            return Judged(judge.menu, splits, {}, out, already_there=True)
    chosen = _sample(manifest, asked.sample, asked.seed)
    if isinstance(judge.by, Asking):
        verdicts = loops.run(_ask(asked, judge.name, judge.by, chosen))
    else:
        known = settings_of(manifest)
        verdicts = {place: judge.by(record, **known) for place, record in _rows(folder, manifest, chosen)}
    if out is None:
        return Judged(judge.menu, splits, verdicts)
    return Judged(judge.menu, splits, verdicts, out, _write(folder, out, manifest, recipe, verdicts, asked.drop))


def _check(asked: Judging, judge: Judge) -> None:
    asks, wrong = isinstance(judge.by, Asking), []
    if asks and asked.teacher is None:
        wrong.append(f"--judge {asked.judge} asks a model: add --teacher gpt-6-luna")
    if not asks and (asked.teacher is not None or asked.votes > 1):
        wrong.append(f"--judge {asked.judge} asks no model: leave out --teacher and --votes")
    if asked.drop is not None and asked.drop not in judge.menu:
        wrong.append(f"--drop {asked.drop}: the verdicts of {asked.judge} are {', '.join(judge.menu)}")
    if wrong:
        raise UsageError("; ".join(wrong))


def _recipe(asked: Judging, manifest: dict[str, Any]) -> dict[str, Any]:
    names = ("judge", "drop", "sample", "seed", "votes", "teacher", "max_tokens")
    kept = {name: getattr(asked, name) for name in names}
    kept |= {"extra_body": asked.extra} if asked.extra else {}
    kept["judge"] = Path(asked.judge).name  # a user's own file by its name alone: folders of this machine stay private
    return {"judged": {"files": manifest["files"], **kept}}


def _sample(manifest: dict[str, Any], size: int | None, seed: int) -> set[tuple[str, int]]:
    places = [(split, number) for split, facts in manifest["splits"].items() for number in range(facts["rows"])]
    return set(places if size is None else Random(f"judge/{seed}").sample(places, min(size, len(places))))


def _rows(
    folder: Path, manifest: dict[str, Any], chosen: set[tuple[str, int]] | None = None
) -> Iterator[tuple[tuple[str, int], Record]]:
    for split in manifest["splits"]:
        for number, record in enumerate(read(folder, split)):
            if chosen is None or (split, number) in chosen:
                yield (split, number), record


async def _ask(asked: Judging, judge: str, by: Asking, chosen: set[tuple[str, int]]) -> Verdicts:
    """The verdicts of a model: rows in order, as many at a time as requests may be in flight."""
    teacher = teacher_from(asked.teacher or "", asked)
    cache = asked.cache or (asked.out or asked.folder) / CACHE
    say = sayer(asked.quiet, "synth: ")
    verdicts: Verdicts = {}
    rows = _rows(asked.folder, open_manifest(asked.folder), chosen)

    async def work(asker: Asker) -> None:
        for place, record in rows:
            requests = [_request(teacher, by, record, vote, asked.max_tokens) for vote in range(asked.votes)]
            try:
                verdicts[place] = majority(judge, [await _one(asker, judge, by, request) for request in requests])
            except StopAskingError:
                return

    async with Asker(teacher, cache, asked, say) as asker:
        await asyncio.gather(*(work(asker) for _ in range(min(asked.concurrency, len(chosen)))))
        say(asker.meter.line() + (f"; stopped early: {asker.why}" if asker.stopping else ""))
    return verdicts


def _request(teacher: Any, by: Asking, record: Record, vote: int, max_tokens: int) -> Request:
    sampling = teacher.sampling(max_tokens, 0.7 if vote else 0.0)  # further votes have to be able to differ
    return Request(teacher.model, tuple(dict(message) for message in by.messages(record)), sampling, vote + 1)


async def _one(asker: Asker, judge: str, by: Asking, request: Request) -> Verdict:
    try:
        reply = await asker.ask(request)
    except UnanswerableError as error:
        return Verdict(judge, None, str(error))
    return by.parse(reply.text or "")


def _write(
    folder: Path, out: Path, manifest: dict[str, Any], recipe: dict[str, Any], verdicts: Verdicts, drop: str | None
) -> str:
    """All rows with their verdicts, but those that are dropped; returns what to tell the user.

    What lay beside the rows is copied: what was rejected before, and all attempts of a distillation, also at rows that
    are dropped now.
    """
    splits: dict[str, Any] = {}
    gone: Counter[str] = Counter()  # by verdict
    with FolderWriter(out) as writer, writer.path(REJECTED).open("wb") as rejects:
        if (folder / REJECTED).is_file():  # what was left out before the judge came
            earlier = (folder / REJECTED).read_bytes()
            rejects.write(earlier if earlier.endswith(b"\n") else earlier + b"\n")
        for split in manifest["splits"]:
            rows, before, part = 0, Counter[str](manifest["splits"][split]["rejected"]), Counter[str]()
            with writer.path(f"{split}.jsonl").open("wb") as file:
                for number, record in enumerate(read(folder, split)):
                    verdict = verdicts.get((split, number))
                    if verdict is not None and drop is not None and verdict.verdict == drop:
                        rejects.write(_drop(record, verdict) + b"\n")
                        part[drop] += 1
                        continue
                    file.write(orjson.dumps(_with(record, verdict)) + b"\n")
                    rows += 1
            gone += part
            splits[split] = {"rows": rows, "rejected": dict(before + part), "files": [f"{split}.jsonl"]}
        rejects.flush()
        if not rejects.tell():
            writer.path(REJECTED).unlink()
        if (folder / ATTEMPTS).is_file():
            shutil.copyfile(folder / ATTEMPTS, writer.path(ATTEMPTS))
        writer.commit(_manifest(manifest, recipe, splits, gone))
    rows = sum(facts["rows"] for facts in splits.values())
    unjudged = rows + gone.total() - len(verdicts)
    return f"{out}: {rows:,} rows written, {gone.total():,} dropped, {unjudged:,} of all not judged"


def _manifest(
    manifest: dict[str, Any], recipe: dict[str, Any], splits: dict[str, Any], gone: Counter[str]
) -> dict[str, Any]:
    """That of the folder that was judged, with what the judge added and took out."""
    kept = {name: manifest[name] for name in manifest if name != "files"}
    if "judged" in kept:
        kept["judged_before"] = [*kept.get("judged_before", []), kept["judged"]]
    if gone:
        judge = recipe["judged"]["judge"]
        dropped = Counter(kept.get("dropped") or {}) + Counter({f"{judge}: {drop}": n for drop, n in gone.items()})
        kept["dropped"] = dict(dropped)
    kept |= {"format": "jsonl"} if "format" in kept else {}
    return {**kept, **recipe, "splits": splits, "rejected": dict(Counter(manifest["rejected"]) + gone)}


def _with(record: Record, verdict: Verdict | None) -> Record:
    if verdict is None:
        return record
    provenance = dict(record.provenance or {})
    provenance["verdicts"] = [*(provenance.get("verdicts") or []), asdict(verdict)]
    return replace(record, provenance=provenance)


def _drop(record: Record, verdict: Verdict) -> bytes:
    return orjson.dumps(Rejected(record.id, verdict.verdict or "", verdict.detail, record.prompt, record.answer))


def table(judged: Judged) -> dict[str, dict[str, int]]:
    """Split -> verdict, or `unscored` -> rows."""
    rows = {}
    for split in judged.splits:
        counts = Counter(verdict.verdict for (where, _), verdict in judged.verdicts.items() if where == split)
        rows[split] = {verdict or "unscored": counts[verdict] for verdict in (*judged.menu, None)}
    return rows


def show(judged: Judged) -> None:
    """Print how many rows have which verdict, and the first bad ones."""
    rows = [
        [split, *(f"{rows:,}" for rows in (sum(counts.values()), *counts.values()))]
        for split, counts in table(judged).items()
    ]
    show_table(("split", "judged", *judged.menu, "unscored"), rows)
    bad = [verdict for verdict in judged.verdicts.values() if verdict.verdict == judged.menu[-1]]
    for verdict in bad[:3]:
        typer.echo(f"  {verdict.verdict}: {' '.join(verdict.detail.split())[:300]}")


judge = verb("judge", Judging, run)
