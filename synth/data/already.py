"""Looks at a folder before it is written to: empty, the same dataset, another one, or somebody else's files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from synth.base.stores import is_stored
from synth.data import mirror
from synth.data.manifest import damage, read_manifest
from synth.data.names import MANIFEST, OURS, READY
from synth.errors import FolderError


def look(folder: Path, recipe: dict[str, Any], overwrite: bool, later: Sequence[str] = ()) -> dict[str, Any] | None:
    """The manifest if the folder holds this very dataset, whole; None if it may be written.

    `recipe` is what decides the bytes of a dataset. A dataset that was stopped before it was complete may be resumed.
    `later` are parts of it that folders of earlier versions do not name: `task`, `distilled.source.files`.
    Raises FolderError if the folder holds something else.
    """
    try:
        manifest = read_manifest(folder)
    except FolderError:
        if overwrite and any((folder / name).is_file() for name in (MANIFEST, f"{READY}/{MANIFEST}")):
            return None  # a broken manifest is replaced
        raise
    if manifest is None:
        refuse_foreign_files(folder)
        return None
    wanted = orjson.loads(orjson.dumps(recipe))
    for name in later:
        _forget(name.split("."), wanted, manifest)
    held = {key: manifest.get(key) for key in wanted}
    if held == wanted:
        hurt = damage(folder, manifest)
        if hurt is None:
            return manifest if manifest.get("complete", True) else None
        if not overwrite:
            raise FolderError(f"{folder / hurt} is missing or was changed: add --overwrite to make the dataset again")
    elif not overwrite:
        differs = difference(held, wanted)
        said = "it was made by another version" if differs is None else "{} is {}, asked for {}".format(*differs)
        raise FolderError(f"{folder} holds another dataset ({said}): add --overwrite to replace it")
    return None


def _forget(path: Sequence[str], wanted: dict[str, Any], held: Any) -> None:
    """Take a part out of what is wanted if what is held does not name it."""
    key, *rest = path
    if not isinstance(held, dict) or key not in wanted:
        return
    if key not in held:
        del wanted[key]
    elif rest and isinstance(wanted[key], dict):
        _forget(rest, wanted[key], held[key])


def refuse_foreign_files(folder: Path) -> None:
    """Raises FolderError for a folder that is no dataset folder and has files in it."""
    if is_stored(folder) or folder.is_dir():
        here = () if is_stored(folder) else (path.name for path in folder.iterdir())
        foreign = sorted(name for name in here if not name.startswith(OURS)) or mirror.foreign_files(folder)
        if foreign:
            raise FolderError(
                f"{folder} holds {foreign[0]!r} and is no dataset folder: give --out a new or an empty folder"
            )
    elif folder.exists():
        raise FolderError(f"{folder} is a file: give --out a folder")


def difference(held: Mapping[str, Any], wanted: Mapping[str, Any], inside: str = "its") -> tuple[str, str, str] | None:
    """The first thing in which two recipes differ, and what each says of it, for a person."""
    for key in dict.fromkeys([*wanted, *held]):
        old, new = held.get(key), wanted.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            if (inner := difference(old, new, key)) is not None:
                return inner
        elif old != new:
            return f"{inside} {key}", _said(old), _said(new)
    return None


def _said(value: Any) -> str:
    return "not given" if value is None else str(value) if value not in ("", []) else "empty"
