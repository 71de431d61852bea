"""synth.json: what made a folder, read and checked; the datasets of a folder; a move that was cut short finished"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import orjson

from synth.data.names import CARD, MANIFEST, PARTIAL, READY
from synth.errors import FolderError


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """What made the folder, or None where nothing of ours is in it. Finishes a move that was cut short.

    Raises FolderError where synth.json cannot be read as what it should be.
    """
    path = folder / MANIFEST
    try:
        _finish_move(folder)
        manifest = orjson.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except orjson.JSONDecodeError as error:
        raise FolderError(f"{path} is not JSON ({error}): build the folder again with --overwrite") from error
    except OSError as error:
        raise FolderError.from_os(error, str(path)) from error
    if not is_manifest(manifest):
        raise FolderError(f"{path} is not a manifest of a dataset folder: build the folder again with --overwrite")
    return cast(dict[str, Any], manifest)


def is_manifest(found: Any) -> bool:
    """Whether it has the parts that are relied on, and names no file outside its folder."""
    if not isinstance(found, dict) or not all(isinstance(found.get(k), dict) for k in ("splits", "files", "rejected")):
        return False
    splits = found["splits"].values()
    names = [*found["files"], *(name for split in splits if isinstance(split, dict) for name in split.get("files", []))]
    return all(
        isinstance(split, dict) and isinstance(split.get("rows"), int) and isinstance(split.get("rejected"), dict)
        for split in splits
    ) and all(isinstance(n, str) and not Path(n).is_absolute() and ".." not in Path(n).parts for n in names)


def damage(folder: Path, manifest: Mapping[str, Any]) -> str | None:
    """The first file that is not as its manifest says, told by its size; None where all are."""
    for name, facts in manifest["files"].items():
        path = folder / name
        if name != CARD and (not path.is_file() or path.stat().st_size != facts["bytes"]):
            return str(name)
    return None


def open_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder that has to be a dataset folder.

    Raises FolderError, which names the dataset folders below where there are any.
    """
    manifest = read_manifest(folder)
    if manifest is not None:
        return manifest
    below = sorted(path.parent.name for path in folder.glob(f"*/{MANIFEST}")) if folder.is_dir() else []
    if below:
        raise FolderError(f"{folder} holds several datasets: give one of {', '.join(str(folder / b) for b in below)}")
    if folder.is_dir() and any((folder / name).exists() for name in (PARTIAL, "requests.sqlite")):
        raise FolderError(
            f"{folder} holds a run that did not get to its end: the command that began it goes on with it"
        )
    raise FolderError(f"{folder} is not a dataset folder (it has no {MANIFEST}): make one with synth build or distill")


def members(folder: Path) -> dict[str, Path]:
    """The datasets of a folder by the names of their configurations: itself as `default`, or those that lie in it.

    Raises FolderError where it holds none.
    """
    below = {path.parent.name: path.parent for path in sorted(folder.glob(f"*/{MANIFEST}"))}
    if below and read_manifest(folder) is None:
        return below
    open_manifest(folder)
    return {"default": folder}


def split_files(folder: Path, manifest: Mapping[str, Any], split: str) -> list[Path]:
    return [folder / name for name in manifest["splits"][split]["files"]]


def with_rows(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The splits that have rows (`datasets` opens no dataset of which one split has none); all where none has."""
    splits: dict[str, Any] = manifest["splits"]
    return {name: facts for name, facts in splits.items() if facts["rows"]} or splits


def _finish_move(folder: Path) -> None:
    ready = folder / READY
    if not (ready / MANIFEST).exists():
        shutil.rmtree(ready, ignore_errors=True)
        return
    new = orjson.loads((ready / MANIFEST).read_bytes())
    for name in _old_files(folder) - set(new["files"]) - {CARD}:
        (folder / name).unlink(missing_ok=True)
    for path in sorted(ready.rglob("*")):
        if path.is_file() and path.name != MANIFEST:
            target = folder / path.relative_to(ready)
            target.parent.mkdir(exist_ok=True)
            path.replace(target)
    (ready / MANIFEST).replace(folder / MANIFEST)
    shutil.rmtree(ready)


def _old_files(folder: Path) -> set[str]:
    """The files of the dataset that is replaced; none where its manifest is broken."""
    try:
        old = orjson.loads((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return set()
    return set(old["files"]) if is_manifest(old) else set()
