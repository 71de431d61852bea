"""Runs a builder: makes rows in parallel, drops repeated questions in index order, writes a dataset folder.

What a builder is, synth/data/builder.py says. Which rows are kept depends on their order alone, so any number of
workers writes the same bytes.
"""

import platform
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from itertools import chain, compress, islice
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import orjson

from synth.base.config import command, made, shown
from synth.base.terminal import Report, progress
from synth.building.ids import read_id
from synth.building.options import Options
from synth.building.vanishing import Limits
from synth.data.already import look
from synth.data.builder import Builder, find
from synth.data.fingerprints import Prints, Seen, prints
from synth.data.folder import FolderWriter, finish_move
from synth.data.frontmatter import folder_card
from synth.data.handles import Dataset
from synth.data.manifest import read_manifest
from synth.data.names import REJECTED
from synth.data.writing import SplitWriter, encode, rows_at, split_writer
from synth.errors import FolderError, SynthError, UsageError
from synth.record import Record, Rejected
from synth.workers.local import cores, ordered, pool

REPEATED, REPEATED_ID = "repeated_question", "repeated_id"  # reasons of rejection
WHY = {REPEATED: "the same question as an earlier row", REPEATED_ID: "the same id as an earlier row"}
PATIENCE = 200_000  # draws without a new question before a build gives up
ROWS_WORTH_A_WORKER = 20_000  # fewer are made sooner than a process starts

Repeated = dict[str, "npt.NDArray[np.intp]"]  # reason: which rows of a chunk


@dataclass(frozen=True)
class Result:
    """What a build left in a folder."""

    folder: Path
    rows: dict[str, int]
    rejected: dict[str, int]
    already_there: bool = False
    warnings: tuple[str, ...] = ()  # of rows that nearly vanish behind a limit


@dataclass(frozen=True)
class Chunk:
    """The rows of one work item on their way from a worker."""

    rows: Any  # as `encode` of synth/data/writing.py returns them
    prints: Prints  # the fingerprint of each row's question
    ids: Prints  # of each row's id; empty if rows are drawn, whose ids are told apart by their index
    rejected: list[Rejected]
    groups: list[str]  # of the rows; empty if the builder has no group


def build(name: str, **given: Any) -> Dataset:
    """Build a dataset by program: `build("listops", explain="medium", train=1000, out="data/listops")`.

    given: the options of `synth build NAME`: those of the builder, and `out`, `seed`, `format`, `workers`, `overwrite`,
    `quiet`. Returns the dataset, or the folder of several that one call writes. Raises UsageError for options that
    cannot be, FolderError if a folder cannot be written or holds something else, SourceError for input data.
    """
    config, options = made(f"synth.build({name!r})", given, find(name).config, Options)
    with progress(options.quiet) as report:
        carry_out(name, config, options, report)
    return Dataset(options.out)


def carry_out(name: str, config: Any, options: Options, report: Report = lambda *_: None) -> list[Result]:
    """Build every variant of a dataset into its folder.

    Raises UsageError for a configuration that cannot be, FolderError if a folder cannot be written or holds
    something else, SourceError for input data.
    """
    builder = find(name)
    builder.check(config)
    variants = builder.variants(config)
    if "" not in variants and read_manifest(options.out) is not None:
        raise FolderError(f"{options.out} is a dataset folder, several do not fit into it: give another --out")
    datasets = [Build(name, builder, variant, options.out / folder, options) for folder, variant in variants.items()]
    already = [dataset.already_there() for dataset in datasets]  # refuse before anything is written
    results = [done or dataset.run(report) for dataset, done in zip(datasets, already, strict=True)]
    if "" not in variants:
        folder_card(options.out, list(variants))
    return results


def remake(row_id: str) -> Record:
    """A drawn row made again from its id alone.

    Raises UsageError for an id that names no such row.
    """
    name = row_id.split("/", 1)[0]
    builder = find(name)
    if not builder.drawn:
        raise UsageError(f"{row_id!r}: rows of {name} are read from a source and cannot be made from their id")
    config, split, seed, index = read_id(row_id, builder.config)
    if builder.record is not None:
        return builder.record(config, split, seed, index)
    drawn = builder.records(config, split, seed, range(index, index + 1)) if split in builder.splits(config) else ()
    row = next((row for row in drawn if isinstance(row, Record)), None)
    if row is None:
        raise UsageError(f"{row_id!r}: {name} has no such row")
    return row


class Build:
    """One dataset on its way into one folder."""

    def __init__(self, name: str, builder: Builder[Any], config: Any, folder: Path, options: Options) -> None:
        self.name, self.builder, self.config, self.folder = name, builder, config, folder
        self.options = options
        self.seed, self.format, self.overwrite = options.seed, options.format, options.overwrite
        self.splits = builder.splits(config)
        self.may_repeat, self.chunk = builder.repeats(config), builder.chunk(config)
        self.workers = self._workers(options.workers)
        self.meta = builder.columns(shown(builder.settled(config)))
        self.limits = Limits(builder)
        self.yields: dict[str, dict[str, Counter[str]]] = {}  # split, group, outcome: rows

    def already_there(self) -> Result | None:
        """What the folder holds, if it is this very dataset; None if it may be written.

        Raises FolderError if it holds something else.
        """
        finish_move(self.folder)
        manifest = look(self.folder, self._recipe(), self.overwrite)
        if manifest is None:
            return None
        rows = {split: facts["rows"] for split, facts in manifest["splits"].items()}
        return Result(self.folder, rows, manifest["rejected"], True, tuple(manifest.get("warnings", ())))

    def run(self, report: Report) -> Result:
        """Make the rows and put the folder into place, whole or not at all."""
        facts: dict[str, dict[str, Any]] = {}
        seen, self.seen_ids = Seen(), Seen()
        try:
            with FolderWriter(self.folder) as writer, pool(self.workers) as executor:
                with writer.path(REJECTED).open("wb") as drops:
                    for split in self.splits:
                        with split_writer(writer, split, self.format, self.meta) as out:
                            rejected = self._fill(split, out, drops, seen, executor, report)
                        facts[split] = {"rows": out.rows, "rejected": dict(rejected), "files": out.names()}
                if not writer.path(REJECTED).stat().st_size:
                    writer.path(REJECTED).unlink()
                manifest = self._manifest(facts)
                writer.commit(manifest)
        except OSError as error:
            raise FolderError.from_os(error, f"cannot write to {self.folder}") from error
        finally:
            seen.close()
            self.seen_ids.close()
        rows = {split: fact["rows"] for split, fact in facts.items()}
        return Result(self.folder, rows, manifest["rejected"], warnings=tuple(manifest.get("warnings", ())))

    def _fill(
        self,
        split: str,
        out: SplitWriter,
        drops: IO[bytes],
        seen: Seen,
        executor: ProcessPoolExecutor | None,
        report: Report,
    ) -> Counter[str]:
        """Write one split; returns how many rows were dropped for which reason."""
        wanted = self.splits[split]
        rejected: Counter[str] = Counter()
        for chunk in self._chunks(split, out, executor):
            own_id = self._own_ids(chunk)
            keep = self._choose(chunk, own_id, seen, None if wanted is None else wanted - out.rows)
            out.write(chunk.rows, keep)
            full = out.rows == wanted
            looked_at = int(np.flatnonzero(keep)[-1]) + 1 if full and keep.any() else len(keep)
            repeated = {
                REPEATED: np.flatnonzero(own_id[:looked_at] & ~keep[:looked_at]),
                REPEATED_ID: np.flatnonzero(~own_id[:looked_at]),
            }
            drops.writelines(self._drop_lines(chunk, repeated))
            rejected.update(drop.reason for drop in chunk.rejected)
            rejected.update({reason: len(rows) for reason, rows in repeated.items() if len(rows)})
            self._count_groups(split, chunk, keep, repeated)
            report(split, out.rows, wanted)
            if full:
                break
        return rejected

    def _count_groups(self, split: str, chunk: Chunk, keep: npt.NDArray[np.bool_], repeated: Repeated) -> None:
        """Yield by group: rows that are kept, and rows that are left out by reason."""
        if not self.builder.group:
            return
        outcomes = [(group, "kept") for group in compress(chunk.groups, keep)]
        outcomes += [(chunk.groups[index], reason) for reason, rows in repeated.items() for index in rows]
        outcomes += [(drop.group, drop.reason) for drop in chunk.rejected]
        for drop in chunk.rejected:
            self.limits.add(split, drop)
        for group, outcome in outcomes:
            self.yields.setdefault(split, {}).setdefault(group, Counter())[outcome] += 1

    def _chunks(self, split: str, out: SplitWriter, executor: ProcessPoolExecutor | None) -> Iterator[Chunk]:
        """The rows of a split, as many as are needed: every row of a source; of a drawn dataset as many as are
        missing, and again as many as are missing then, if rows were left out."""
        work = partial(_make, self.name, self.config, split, self.seed, self.format, self.meta)
        if self.builder.items is not None:
            items = self.builder.items(self.config, split)
            first = list(islice(items, 2))  # a worker costs more to start than a single item to work on
            yield from ordered(executor if len(first) > 1 else None, work, chain(first, items), self.workers)
            return
        wanted, drawn, last_new = self.splits[split] or 0, 0, 0
        while out.rows < wanted:
            before = out.rows
            until = drawn + max(wanted - before, drawn // 16, 64)
            ranges = (range(at, min(at + self.chunk, until)) for at in range(drawn, until, self.chunk))
            yield from ordered(executor if until - drawn > self.chunk else None, work, ranges, self.workers)
            drawn = until
            last_new = drawn if out.rows > before else last_new
            if drawn - last_new > PATIENCE:
                raise SynthError(
                    f"{split}: {out.rows:,} different questions turned up and no more in {PATIENCE:,} further draws, "
                    f"{wanted:,} are wanted: ask for fewer rows or widen the options"
                )

    def _own_ids(self, chunk: Chunk) -> npt.NDArray[np.bool_]:
        """Which rows have an id that no row before them has."""
        return np.ones(len(chunk.prints), dtype=bool) if self.builder.drawn else self.seen_ids.take(chunk.ids)

    def _choose(
        self, chunk: Chunk, own_id: npt.NDArray[np.bool_], seen: Seen, most: int | None
    ) -> npt.NDArray[np.bool_]:
        """Which rows to keep: the first `most` whose question no row before them asks."""
        if not self.may_repeat:
            keep = np.zeros(len(own_id), dtype=bool)
            keep[own_id] = seen.take(chunk.prints[own_id], most)
            return keep
        rows = np.arange(len(chunk.prints))
        return rows < (len(rows) if most is None else most)

    def _drop_lines(self, chunk: Chunk, repeated: Repeated) -> Iterator[bytes]:
        """Lines for rejected.jsonl. A drawn row that repeats a question is only counted: its twin is in the data."""
        for reason, places in () if self.builder.drawn else repeated.items():
            for row in rows_at(chunk.rows, places):
                drop = Rejected(row["id"], reason, WHY[reason], row["prompt"], row["answer"])
                yield orjson.dumps(drop) + b"\n"
        for drop in chunk.rejected:
            yield orjson.dumps(drop) + b"\n"

    def _workers(self, asked: int | None) -> int:
        """Processes to use: as many as asked for, or one for each core if there is enough work for them."""
        if asked is not None or not self.builder.drawn:
            return asked or cores()
        rows = sum(wanted or 0 for wanted in self.splits.values())
        return min(cores(), 1 + rows // ROWS_WORTH_A_WORKER)

    def _recipe(self) -> dict[str, Any]:
        """What decides the bytes of a folder, and so what a folder is told apart by."""
        made_by = f"rationale-synth {version('rationale-synth')}"
        recipe = {
            "made_by": made_by,
            "builder": self.name,
            # Several of nothing is left out: options that came later are not in folders that are older.
            "config": {k: value for k, value in shown(self.builder.settled(self.config)).items() if value != ()},
            "seed": self.seed,
            "format": self.format,
        }
        if self.builder.source_facts is not None and (source := self.builder.source_facts(self.config)):
            recipe["source"] = source
        return recipe

    def _manifest(self, facts: dict[str, dict[str, Any]]) -> dict[str, Any]:
        packages = {name: version(name) for name in ("rationale-synth", "numpy", "orjson", "pyarrow")}
        rejected: Counter[str] = Counter()
        for fact in facts.values():
            rejected.update(fact["rejected"])
        return {
            "command": command(f"synth build {self.name}", self.config, self.options),
            **self._recipe(),
            "notes": self.builder.notes(self.config),
            "splits": facts,
            "rejected": dict(rejected),
            **({"yield": self.yields} if self.yields else {}),
            **({"warnings": warnings} if (warnings := self.limits.told(self.yields)) else {}),
            "versions": {"python": platform.python_version(), **packages},
        }


def _make(name: str, config: Any, split: str, seed: int, format: str, meta: Mapping[str, type], item: Any) -> Chunk:
    """One work item, in a worker."""
    builder = find(name)
    made = list(builder.records(config, split, seed, item))
    rows = [row for row in made if isinstance(row, Record)]
    rejected = [row for row in made if isinstance(row, Rejected)]
    groups = [str(row.meta[builder.group]) for row in rows] if builder.group else []
    ids = prints(()) if builder.drawn else prints(row.id for row in rows)
    return Chunk(encode(rows, format, meta), prints(map(builder.question, rows)), ids, rejected, groups)
