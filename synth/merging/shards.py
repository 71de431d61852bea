"""The shards that are put together: read, and refused if they are not those of one distillation, each of them once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synth.data.already import difference
from synth.data.manifest import damage, members, open_manifest
from synth.data.names import PLACES
from synth.distilling.job import recipe_in
from synth.distilling.shard import Shard, shard_in
from synth.errors import FolderError, UsageError

ALONE = "default"  # what `members` calls a folder's only dataset


@dataclass(frozen=True)
class Part:
    """One shard of a dataset, as its folder has it."""

    folder: Path
    manifest: dict[str, Any]
    shard: Shard

    @property
    def recipe(self) -> dict[str, Any]:
        """What decides the rows of all shards together."""
        recipe = recipe_in(self.manifest)
        return {**recipe, "distilled": {key: said for key, said in recipe["distilled"].items() if key != "shard"}}


def shards_of(folders: Sequence[Path]) -> dict[str, list[Part]]:
    """The shards of each configuration, in their order; of a dataset alone those of "".

    Raises UsageError for a folder that is given twice and for shards that are missing, FolderError for folders that
    are none, or not of one run.
    """
    if twice := [folder for place, folder in enumerate(folders) if folder.resolve() in _resolved(folders[:place])]:
        raise UsageError(f"{twice[0]} is given twice: give each shard once")
    found = [_parts_in(folder) for folder in folders]
    for folder, parts in zip(folders, found, strict=True):
        names = found[0].keys() ^ parts.keys()
        if names:
            raise FolderError(
                f"{folder} and {folders[0]} do not hold the same configurations ({', '.join(sorted(names))}): "
                "the command that began the one that lacks some resumes it"
            )
    return {"" if name == ALONE else name: _one_run([parts[name] for parts in found]) for name in found[0]}


def _resolved(folders: Iterable[Path]) -> set[Path]:
    return {folder.resolve() for folder in folders}


def _parts_in(folder: Path) -> dict[str, Part]:
    return {name: _part(path, open_manifest(path)) for name, path in members(folder).items()}


def _part(folder: Path, manifest: dict[str, Any]) -> Part:
    """Raises FolderError for a dataset that is no shard, an unfinished one, and one that was changed since."""
    said = (manifest.get("distilled") or {}).get("shard")
    shard = shard_in(said) if isinstance(said, str) else None
    if shard is None:
        raise FolderError(f"{folder} is no shard of a distillation: synth distill --shard k/n makes one")
    if not manifest.get("complete"):
        raise FolderError(f"{folder} is not finished: the command that began it resumes it")
    if PLACES not in manifest["files"]:
        raise FolderError(f"{folder} was changed after it was distilled: merge shards first, then judge or clean them")
    if (hurt := damage(folder, manifest)) is not None:
        raise FolderError(f"{folder / hurt} is missing or was changed: make the shard again with --overwrite")
    return Part(folder, manifest, shard)


def _one_run(parts: list[Part]) -> list[Part]:
    """Shards of one dataset in their order. Raises FolderError and UsageError."""
    first, *others = parts
    for part in others:
        if (differs := difference(_compared(part), _compared(first))) is not None:
            name, here, there = differs
            raise FolderError(
                f"{part.folder} and {first.folder} are shards of different runs ({name} is {here} and {there})"
            )
    held: dict[int, Path] = {}
    for part in parts:
        other = held.setdefault(part.shard.number, part.folder)
        if other != part.folder:
            raise FolderError(f"{part.folder} and {other} are both shard {part.shard}: leave out one")
    if missing := [Shard(n, first.shard.of) for n in range(1, first.shard.of + 1) if n not in held]:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise UsageError(
            f"shard {missing[0]}{more} is missing: the command of {first.folder} with "
            f"{missing[0].flag} makes it, give its folder too"
        )
    return sorted(parts, key=lambda part: part.shard.number)


def _compared(part: Part) -> Mapping[str, Any]:
    """What shards of one run agree in: the recipe, the number of shards, what was read of the source."""
    return {**part.recipe, "shards": part.shard.of, "read": part.manifest.get("read")}
