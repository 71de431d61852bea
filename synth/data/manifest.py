"""synth.json: what made a folder, read and checked; where its files lie; the datasets of a folder.

Nothing here writes. While a new dataset is put into place (folder.py), the manifest in `.synth-ready/` is the one that
counts, and a file that is still in there is read from there: a reader sees all of the old dataset or all of the new.
Of a folder in an object store the dataset is brought here first (mirror.py).
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from synth.base.files import read_facts
from synth.base.stores import is_stored
from synth.data import mirror
from synth.data.names import CACHE, CARD, MANIFEST, PARTIAL, READY, is_inside
from synth.errors import FolderError, closest

# Parts that only some folders have, and that are objects, or null, where they are there.
OBJECTS = ("config", "distilled", "dropped", "judged", "paid", "plan", "task", "teacher", "yield")


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """What made the folder, or None if nothing of ours is in it.

    Raises FolderError if synth.json cannot be read as what it should be.
    """
    mirror.sync(folder)
    what = "a manifest of a dataset folder"
    way_out = "build the folder again with --overwrite, or read it with the version that wrote it"
    # The one in .synth-ready is put into place by a single rename, after all other files: one of the two is there.
    new = read_facts(folder / READY / MANIFEST, what, way_out, is_manifest)
    return new if new is not None else read_facts(folder / MANIFEST, what, way_out, is_manifest)


def is_manifest(facts: Any) -> bool:
    """Whether it has the parts that are relied on, as they should be, and names no file outside its folder."""
    if not isinstance(facts, dict) or not all(isinstance(facts.get(k), dict) for k in ("splits", "files", "rejected")):
        return False
    if not all(isinstance(facts.get(name), dict | None) for name in OBJECTS):
        return False
    splits = facts["splits"].values()
    names = [*facts["files"], *(name for split in splits if isinstance(split, dict) for name in split.get("files", []))]
    return all(
        isinstance(split, dict) and isinstance(split.get("rows"), int) and isinstance(split.get("rejected"), dict)
        for split in splits
    ) and all(isinstance(name, str) and is_inside(name) for name in names)


def place(folder: Path, name: str) -> Path:
    """Where a file of the dataset lies now: in `.synth-ready/` until it is put into place."""
    mirror.bring(folder, [name])
    ready = folder / READY / name
    return ready if ready.exists() else folder / name


def damage(folder: Path, manifest: Mapping[str, Any]) -> str | None:
    """The first file that is not as its manifest says, told by its size; None if all are."""
    if is_stored(folder):
        return mirror.damage(folder, manifest)
    for name, facts in manifest["files"].items():
        path = place(folder, name)
        if name != CARD and (not path.is_file() or path.stat().st_size != facts["bytes"]):
            return str(name)
    return None


def open_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder that has to be a dataset folder.

    Raises FolderError, which names the dataset folders below it if there are any.
    """
    manifest = read_manifest(folder)
    if manifest is not None:
        mirror.bring(folder)
        return manifest
    if below := _below(folder):
        raise FolderError(f"{folder} holds several datasets: give one of {', '.join(map(str, below.values()))}")
    if any((folder / name).exists() for name in (PARTIAL, CACHE)) or mirror.is_begun(folder):
        raise FolderError(f"{folder} holds a run that did not get to its end: the command that began it resumes it")
    raise FolderError(
        f"{folder} is not a dataset folder (it has no {MANIFEST}): make one with synth build, distill or import"
    )


def members(folder: Path) -> dict[str, Path]:
    """The datasets of a folder by the names of their configurations: itself as `default`, or those that lie in it.

    Raises FolderError if it holds none.
    """
    below = _below(folder)
    if below and read_manifest(folder) is None:
        return below
    open_manifest(folder)
    return {"default": folder}


def _below(folder: Path) -> dict[str, Path]:
    """The dataset folders in a folder, by name; those of which the first dataset is being put into place too."""
    mirror.sync_below(folder)
    folders = {path.parent for path in folder.glob(f"*/{MANIFEST}") if path.parent.name != READY}
    folders |= {path.parent.parent for path in folder.glob(f"*/{READY}/{MANIFEST}")}
    return {path.name: path for path in sorted(folders)}


def no_split(folder: Path, split: str, splits: Iterable[str]) -> str:
    """The line about a split that a dataset has not: which ones it has, and the closest."""
    names = list(splits)
    return f"{folder} has no split {split!r}: it has {', '.join(names) or 'none'}{closest(split, names)}"


def split_files(folder: Path, manifest: Mapping[str, Any], split: str) -> list[Path]:
    return [place(folder, name) for name in manifest["splits"][split]["files"]]


def with_rows(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The splits that have rows (`datasets` opens no dataset of which one split has none); all if none has."""
    splits: dict[str, Any] = manifest["splits"]
    return {name: facts for name, facts in splits.items() if facts["rows"]} or splits
