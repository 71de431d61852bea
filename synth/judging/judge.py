"""Has the rows of a dataset folder judged, and writes them with their verdicts into a new one: `synth judge`.

What a judge is stands in synth/data/verdict.py: one works rows out, or asks a model.
"""

import asyncio
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from pathlib import Path
from random import Random
from typing import Any

import orjson
import typer

from synth.base.terminal import sayer, show_table
from synth.data.already import look
from synth.data.folder import FolderWriter, finish_move
from synth.data.manifest import open_manifest
from synth.data.names import ATTEMPTS, CACHE, REJECTED
from synth.data.reading import read
from synth.data.verdict import Asking, Judge, Verdict, find, majority
from synth.errors import UsageError
from synth.record import Record, Rejected
from synth.teachers.asker import Asker, StopAskingError
from synth.teachers.client import UnanswerableError
from synth.teachers.exchange import Request
from synth.teachers.given import Limits, teacher_from
from synth.validating.checker import settings_of

Judged = dict[tuple[str, int], Verdict]  # split and number of the row


def run_judge(options: dict[str, Any]) -> None:
    """Judge, print a table, write the rows where --out is given.

    Raises UsageError for options that do not go together.
    """
    folder, out, name = options["folder"], options["out"], options["judge"]
    judge = find(name)
    manifest = open_manifest(folder)
    _check(options, judge)
    recipe = _recipe(options, manifest)
    if out is not None:
        finish_move(out)
    if out is not None and look(out, recipe, options["overwrite"]) is not None:
        typer.echo(f"{out}: is there already")
        return
    chosen = _sample(manifest, options["sample"], options["seed"])
    if isinstance(judge.by, Asking):
        verdicts = asyncio.run(_ask(options, judge.name, judge.by, chosen))
    else:
        known = settings_of(manifest)
        verdicts = {place: judge.by(record, **known) for place, record in _rows(folder, manifest, chosen)}
    if not options["quiet"]:
        _show(judge, verdicts, manifest)
    if out is not None:
        told = _write(folder, out, manifest, recipe, verdicts, options["drop"])
        if not options["quiet"]:
            typer.echo(told)


def _check(options: dict[str, Any], judge: Judge) -> None:
    asks, wrong = isinstance(judge.by, Asking), []
    if asks and options["teacher"] is None:
        wrong.append(f"--judge {options['judge']} asks a model: add --teacher gpt-4o")
    if not asks and (options["teacher"] is not None or options["votes"] > 1):
        wrong.append(f"--judge {options['judge']} asks no model: leave out --teacher and --votes")
    if options["drop"] is not None and options["drop"] not in judge.menu:
        wrong.append(f"--drop {options['drop']}: the verdicts of {options['judge']} are {', '.join(judge.menu)}")
    if options["drop"] is not None and options["out"] is None:
        wrong.append("--drop writes a new folder: add --out")
    if options["out"] is not None and options["out"].resolve() == options["folder"].resolve():
        wrong.append("--out is the folder itself: give it a new one")
    if wrong:
        raise UsageError("; ".join(wrong))


def _recipe(options: dict[str, Any], manifest: dict[str, Any]) -> dict[str, Any]:
    asked = {name: options[name] for name in ("judge", "drop", "sample", "seed", "votes", "teacher", "max_tokens")}
    asked["judge"] = Path(asked["judge"]).name  # of a user's own file no folder gets out
    return {"judged": {"files": manifest["files"], **asked}}


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


async def _ask(options: dict[str, Any], judge: str, by: Asking, chosen: set[tuple[str, int]]) -> Judged:
    """The verdicts of a model: rows in order, as many at a time as requests may be in flight."""
    teacher = teacher_from(options)
    limits = Limits(**{f.name: options[f.name] for f in fields(Limits)})
    cache = options["cache"] or (options["out"] or options["folder"]) / CACHE
    say = sayer(options["quiet"], "synth: ")
    verdicts: Judged = {}
    rows = _rows(options["folder"], open_manifest(options["folder"]), chosen)

    async def work(asker: Asker) -> None:
        for place, record in rows:
            requests = [_request(teacher, by, record, vote, options["max_tokens"]) for vote in range(options["votes"])]
            try:
                verdicts[place] = majority(judge, [await _one(asker, judge, by, request) for request in requests])
            except StopAskingError:
                return

    async with Asker(teacher, cache, limits, say) as asker:
        await asyncio.gather(*(work(asker) for _ in range(min(limits.concurrency, len(chosen)))))
        say(asker.meter.line() + (f"; stopped early: {asker.why}" if asker.stopping else ""))
    return verdicts


def _request(teacher: Any, by: Asking, record: Record, vote: int, max_tokens: int) -> Request:
    sampling: dict[str, Any] = {teacher.max_tokens_field(): max_tokens}
    if teacher.takes_temperature:
        sampling["temperature"] = 0.7 if vote else 0.0  # further votes have to be able to differ
    return Request(teacher.model, tuple(dict(message) for message in by.messages(record)), sampling, vote + 1)


async def _one(asker: Asker, judge: str, by: Asking, request: Request) -> Verdict:
    try:
        reply = await asker.ask(request)
    except UnanswerableError as error:
        return Verdict(judge, None, str(error))
    return by.parse(reply.text or "")


def _write(
    folder: Path, out: Path, manifest: dict[str, Any], recipe: dict[str, Any], verdicts: Judged, drop: str | None
) -> str:
    """All rows with their verdicts, but those that are dropped; answers what to tell the user.

    What lay beside the rows goes along: what was rejected before, and all attempts of a distillation, also at rows that
    are dropped now.
    """
    splits: dict[str, Any] = {}
    gone: Counter[str] = Counter()  # by verdict
    with FolderWriter(out) as writer, writer.path(REJECTED).open("wb") as rejects:
        if (folder / REJECTED).is_file():  # what was left out before the judge came
            there = (folder / REJECTED).read_bytes()
            rejects.write(there if there.endswith(b"\n") else there + b"\n")
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


def _show(judge: Judge, verdicts: Judged, manifest: dict[str, Any]) -> None:
    rows = []
    for split in manifest["splits"]:
        counts = Counter(verdict.verdict for (where, _), verdict in verdicts.items() if where == split)
        rows.append([split, f"{counts.total():,}", *(f"{counts[verdict]:,}" for verdict in (*judge.menu, None))])
    show_table(("split", "judged", *judge.menu, "unscored"), rows)
    bad = [verdict for verdict in verdicts.values() if verdict.verdict == judge.menu[-1]]
    for verdict in bad[:3]:
        typer.echo(f"  {verdict.verdict}: {' '.join(verdict.detail.split())[:300]}")
