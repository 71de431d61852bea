"""Reads what `datasets` reads best: folders that it saved, and the first rows of a dataset on the Hub.

It is no part of the base installation, and is imported only for these two.
"""

import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson

from synth.base import hf
from synth.errors import SourceError, UsageError, first_line
from synth.questions.entry import Entry
from synth.questions.splits import of_split
from synth.questions.task import Hub

SPLITS_FILE = "dataset_dict.json"
NAMES = ("state.json", "dataset_info.json")


def is_saved(folder: Path, several: bool = False) -> bool:
    """Whether `save_to_disk` of `datasets` wrote a folder; several: one that holds splits."""
    return (folder / SPLITS_FILE).is_file() or (not several and all((folder / name).is_file() for name in NAMES))


def saved_part(folder: Path, split: str | None) -> Path:
    """The folder of a split, or the folder itself if it holds a single dataset. Raises SourceError."""
    if not (folder / SPLITS_FILE).is_file():
        return folder
    names = orjson.loads((folder / SPLITS_FILE).read_bytes())["splits"]
    (name,) = of_split(names, split, str(folder), what="split")
    return folder / name


def saved_rows(folder: Path, split: str | None) -> Iterator[Entry]:
    """The rows of a folder that `save_to_disk` wrote. Raises SourceError, UsageError without `datasets`."""
    part = saved_part(folder, split)
    library = _datasets(f"{folder} was saved by datasets")
    try:
        rows = library.load_from_disk(str(part))
    except (OSError, ValueError, KeyError) as error:
        raise SourceError(f"{part} cannot be read: {first_line(error)}") from error
    for number, row in enumerate(rows, start=1):
        yield Entry(row, str(number), f"{part} row {number}")


def can_stream() -> bool:
    """Whether rows of the Hub can be read as they arrive: without a network `datasets` would try for a minute."""
    hf.quiet(bars=sys.stderr.isatty())
    import httpx2
    from huggingface_hub.constants import is_offline_mode

    if find_spec("datasets") is None or is_offline_mode():
        return False
    try:
        httpx2.head(hf.endpoint() or "https://huggingface.co", timeout=5)
    except httpx2.HTTPError:
        return False
    return True


def streamed(hub: Hub, split: str | None) -> Iterator[Entry]:
    """The rows of a dataset on the Hub as they arrive. Raises SourceError."""
    wanted, number = split or "train", 0
    library, revision = _datasets(f"{hub.id} is read row by row"), hf.commit(hub.id)
    for name in hub.splits.get(wanted, wanted).split("+"):
        try:
            for row in library.load_dataset(hub.id, hub.config, split=name, revision=revision, streaming=True):
                number += 1
                yield Entry(row, str(number), f"{hub.id} {name} row {number}", revision=revision or "")
        except (OSError, ValueError) as error:
            raise SourceError(f"{hub.id} cannot be read from the Hub: {first_line(error)[:200]}") from error


def _datasets(what: str) -> Any:
    hf.quiet(bars=sys.stderr.isatty())
    try:
        import datasets
    except ImportError as error:
        raise UsageError(f"{what}: pip install datasets") from error
    datasets.disable_progress_bars()
    return datasets
