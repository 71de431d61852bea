"""Handles for Python: a dataset, a training run, an evaluation. Each stands for its folder and reads it when asked.

A handle is a path as well: `synth.validate(dataset)`, `synth.evaluate(model=run, data=dataset)`.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from synth.base.files import read_facts
from synth.base.stores import located
from synth.data.frontmatter import COLUMNS
from synth.data.manifest import members, no_split, open_manifest, split_files
from synth.data.names import EVALUATIONS, LOG, METRICS, PREDICTIONS, RUN
from synth.data.reading import read
from synth.errors import FolderError, UsageError
from synth.record import Record

if TYPE_CHECKING:
    import datasets
    import pandas as pd


class Folder:
    """A folder that a verb wrote."""

    def __init__(self, folder: "str | os.PathLike[str]") -> None:
        self.folder = located(folder)

    def __fspath__(self) -> str:
        return str(self.folder)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self.folder)!r})"

    def _json(self, name: str, maker: str) -> dict[str, Any]:
        facts = read_facts(self.folder / name, f"what {maker} writes", f"run {maker} again with --overwrite")
        if facts is None:
            raise FolderError(f"{self.folder} has no {name}: {maker} writes it")
        return facts

    def _lines(self, name: str) -> Iterator[dict[str, Any]]:
        """The objects of a file of lines; the half of a last line that is being written is left out."""
        try:
            with (self.folder / name).open("rb") as file:
                for line in file:
                    try:
                        yield orjson.loads(line)
                    except orjson.JSONDecodeError as error:
                        if line.endswith(b"\n"):
                            raise FolderError(f"{self.folder / name} has a line that is not JSON ({error})") from error
        except OSError as error:
            raise FolderError.from_os(error, str(self.folder / name)) from error


class Dataset(Folder):
    """A dataset folder, or one that holds several (`members`)."""

    def __repr__(self) -> str:
        if self.members.keys() != {"default"}:
            return f"Dataset({str(self.folder)!r}, members: {', '.join(self.members)})"
        return f"Dataset({str(self.folder)!r}, {', '.join(f'{rows:,} {split}' for split, rows in self.splits.items())})"

    @property
    def members(self) -> dict[str, "Dataset"]:
        """Name -> dataset, of a folder that holds several; `default` is this one."""
        return {name: Dataset(folder) for name, folder in members(self.folder).items()}

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What made it: command, settings, counts, hashes of the files.

        Raises UsageError for a folder of several, FolderError for what is no dataset folder.
        """
        if self.members.keys() != {"default"}:
            names = ", ".join(self.members)
            raise UsageError(f"{self.folder} holds several datasets: take one of .members, which are {names}")
        return open_manifest(self.folder)

    @property
    def splits(self) -> dict[str, int]:
        """Split -> rows."""
        return {name: facts["rows"] for name, facts in self.manifest["splits"].items()}

    def rows(self, split: str | None = None) -> Iterator[Record]:
        """The rows of a split, one at a time; of the first split if none is named."""
        return read(self.folder, split or self._first())

    def __getitem__(self, split: str) -> list[Record]:
        """All rows of a split."""
        return list(self.rows(split))

    def to_datasets(self, split: str | None = None) -> "datasets.Dataset | datasets.DatasetDict":
        """As Hugging Face `datasets` loads it: all splits, or one, in the columns that every dataset has.

        Raises UsageError without that package or with an old one, FolderError for a split that there is not.
        """
        try:
            import datasets
        except ImportError as error:
            raise UsageError("to_datasets needs a package that is not installed: pip install datasets") from error
        files = {name: [str(path) for path in self._files(name)] for name in self.splits if split in (None, name)}
        if not files:
            raise FolderError(no_split(self.folder, str(split), self.splits))
        kind = "parquet" if next(iter(files.values()))[0].endswith(".parquet") else "json"
        if not hasattr(datasets, "Json"):
            raise UsageError(f"to_datasets needs datasets 4.7, this is {datasets.__version__}: pip install -U datasets")
        kinds = {"string": datasets.Value("string"), "json": datasets.Json()}
        features = datasets.Features({name: kinds[dtype] for name, dtype in COLUMNS.items()})
        loaded = datasets.load_dataset(kind, data_files=files, features=features)
        return loaded if split is None else loaded[split]

    def to_pandas(self, split: str | None = None) -> "pd.DataFrame":
        """The rows of a split as a frame; the columns of `meta` are columns of their own: meta.digits."""
        try:
            import pandas as pd
        except ImportError as error:
            raise UsageError("to_pandas needs a package that is not installed: pip install pandas") from error
        names = ("id", "task", "prompt", "rationale", "answer", "completion")

        def flat(row: Record) -> dict[str, Any]:
            return {name: getattr(row, name) for name in names} | {f"meta.{key}": row.meta[key] for key in row.meta}

        return pd.DataFrame(map(flat, self.rows(split)))

    def _first(self) -> str:
        return next(iter(self.splits))

    def _files(self, split: str) -> list[Path]:
        return list(split_files(self.folder, open_manifest(self.folder), split))


class Run(Folder):
    """A training run: the model and what made it."""

    @property
    def facts(self) -> dict[str, Any]:
        """Command, settings, data, seed, versions, steps, loss."""
        return self._json(RUN, "synth train")

    @property
    def log(self) -> list[dict[str, Any]]:
        """One object for each logged step and each validation."""
        return list(self._lines(LOG))

    @property
    def evaluations(self) -> list["Evaluation"]:
        """What `evaluate` wrote beside the model."""
        return [Evaluation(path.parent) for path in sorted((self.folder / EVALUATIONS).glob(f"*/{METRICS}"))]


class Evaluation(Folder):
    """A model measured on a split."""

    @property
    def metrics(self) -> dict[str, Any]:
        """Name -> `{"value", "low", "high", "n"}`, of all rows."""
        metrics: dict[str, Any] = self.facts["metrics"]
        return metrics

    @property
    def facts(self) -> dict[str, Any]:
        """All of metrics.json: model, data, figures over all rows and by what rows have."""
        return self._json(METRICS, "synth eval")

    def predictions(self) -> Iterator[dict[str, Any]]:
        """One object for each row: what the model wrote, and how it was counted."""
        return self._lines(PREDICTIONS)

    def __repr__(self) -> str:
        accuracy = self.metrics.get("accuracy")
        said = f", accuracy {accuracy['value']:.1%}" if accuracy else ""
        return f"Evaluation({str(self.folder)!r}{said})"


def load(folder: "str | os.PathLike[str]", name: str | None = None) -> Dataset:
    """A dataset folder, or one of those that lie in it.

    Raises FolderError for what is no dataset folder, UsageError for a name that is not there.
    """
    dataset = Dataset(folder)
    if name is None:
        dataset.members  # noqa: B018 - says now if it is no dataset
        return dataset
    if name not in dataset.members:
        raise UsageError(f"{folder} has no dataset {name!r}: there are {', '.join(dataset.members)}")
    return dataset.members[name]
