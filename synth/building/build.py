"""Runs a builder: makes rows in parallel, drops repeated questions in index order, writes a dataset folder.

What a builder is, synth/data/builder.py says. Which rows are kept depends on their order alone, so any number of
workers writes the same bytes. Lines of JSON are one file, which one process writes (lines.py); Parquet is many, which
the workers write by themselves (shards.py).
"""

import platform
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from synth.base.config import command, made, shown
from synth.base.terminal import Report, progress
from synth.building.ids import read_id
from synth.building.job import Job, Tally
from synth.building.lines import Lines
from synth.building.options import Options
from synth.building.pieces import Sizes
from synth.building.shards import Shards
from synth.data.already import look
from synth.data.builder import Builder, find
from synth.data.folder import FolderWriter, finish_move
from synth.data.frontmatter import folder_card
from synth.data.handles import Dataset
from synth.data.manifest import read_manifest
from synth.data.names import REJECTED
from synth.errors import FolderError, UsageError
from synth.record import Record
from synth.workers.local import cores
from synth.workers.places import workers_on

ROWS_WORTH_A_WORKER = 20_000  # fewer are made sooner than a process starts


@dataclass(frozen=True)
class Result:
    """What a build left in a folder."""

    folder: Path
    rows: dict[str, int]
    rejected: dict[str, int]
    already_there: bool = False
    warnings: tuple[str, ...] = ()  # of rows that nearly vanish behind a limit


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
        self.options, self.overwrite = options, options.overwrite
        self.seed, self.format = options.seed, options.format
        self.splits = builder.splits(config)
        self.chunk, self.sizes = builder.chunk(config), Sizes()

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
        try:
            with FolderWriter(self.folder, self._resumes()) as writer:
                with writer.path(REJECTED).open("wb") as drops:
                    tally = Tally(self.builder, drops)
                    splits, files = self._fill(writer, tally, report)
                if not writer.path(REJECTED).stat().st_size:
                    writer.path(REJECTED).unlink()
                manifest = self._manifest(splits, tally)
                writer.commit(manifest, files=files)
        except OSError as error:
            raise FolderError.from_os(error, f"cannot write to {self.folder}") from error
        rows = {split: facts["rows"] for split, facts in splits.items()}
        return Result(self.folder, rows, manifest["rejected"], warnings=tuple(manifest.get("warnings", ())))

    def _fill(self, writer: FolderWriter, tally: Tally, report: Report) -> tuple[dict[str, Any], dict[str, Any]]:
        """Write every split; returns the facts of each, and size and hash of those files of which they are known."""
        splits: dict[str, Any] = {}
        asked = self.options.workers
        with ExitStack() as stack:
            where = workers_on(self.options.on, self._workers(asked), asked, writer.shards)
            executor, workers = stack.enter_context(where)
            job = self._job(workers)
            if self.format == "jsonl":
                lines = Lines(job, writer, tally, executor, report)
                stack.callback(lines.close)
                fill, files = lines.fill, dict[str, Any]()
            else:
                shards = Shards(job, self.sizes, writer, tally, executor, report)
                fill, files = shards.fill, shards.files
            for split in self.splits:
                rows, names = fill(split)
                splits[split] = {"rows": rows, "rejected": dict(tally.rejected.get(split, {})), "files": names}
        return splits, files

    def _job(self, workers: int) -> Job:
        builder = self.builder
        return Job(
            self.name,
            builder,
            self.config,
            self.seed,
            self.format,
            builder.columns(shown(builder.settled(self.config))),
            self.splits,
            builder.repeats(self.config),
            self.chunk,
            workers,
            self.options.on == "local",
        )

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

    def _resumes(self) -> dict[str, Any] | None:
        """What decides the bytes of files that a run which was stopped left; None if none are left."""
        if self.format == "jsonl":
            return None
        sizes = {"chunk": self.chunk, **asdict(self.sizes)}
        return {**self._recipe(), "rows": dict(self.splits), "sizes": sizes}

    def _manifest(self, splits: dict[str, Any], tally: Tally) -> dict[str, Any]:
        packages = {name: version(name) for name in ("rationale-synth", "numpy", "orjson", "pyarrow")}
        rejected: Counter[str] = Counter()
        for facts in splits.values():
            rejected.update(facts["rejected"])
        return {
            "command": command(f"synth build {self.name}", self.config, self.options),
            **self._recipe(),
            "notes": self.builder.notes(self.config),
            "splits": splits,
            "rejected": dict(rejected),
            **({"yield": tally.yields} if tally.yields else {}),
            **({"warnings": warnings} if (warnings := tally.told()) else {}),
            "versions": {"python": platform.python_version(), **packages},
        }
