"""Puts the shards of a distillation together, as one run would have written them: `synth merge`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from synth.base.config import verb
from synth.base.terminal import Say, sayer
from synth.data.already import look
from synth.data.folder import finish_move
from synth.data.manifest import read_manifest
from synth.data.names import CACHE
from synth.distilling.job import recipe_in, work_of
from synth.distilling.outcome import Outcome, together
from synth.distilling.several import list_configurations
from synth.errors import FolderError, UsageError
from synth.merging.joined import write_joined
from synth.merging.options import Merge
from synth.merging.shards import Part, shards_of
from synth.teachers.store_copies import copy_into


def run(asked: Merge) -> Outcome:
    """Put the shards of one distillation together: the dataset, byte for byte, that one run would have written.

    Rows, attempts and rejected questions stand in the order of the source, what was paid is summed up, and the request
    stores are put into one, so that the command of the shards goes on there without --shard. Raises FolderError for
    folders that are no shards of one run, or a folder that holds something else, UsageError if a shard is missing.
    """
    shards, out = shards_of(asked.shards), asked.out
    if out.resolve() in {folder.resolve() for folder in asked.shards}:
        raise UsageError(f"--out {out} is one of the shards: give another folder")
    alone = "" in shards
    if not alone and read_manifest(out) is not None:
        raise FolderError(f"{out} is a dataset folder, several do not fit into it: give another --out")
    found = {
        name: _there(parts, out / name, asked.overwrite) for name, parts in shards.items()
    }  # before any is written
    if not all(found.values()):
        _copy_stores(asked.shards, out / CACHE, _works(shards), sayer(asked.quiet, "synth: "))
    each = {name: found[name] or _merged(parts, out / name) for name, parts in shards.items()}
    if alone:
        return each[""]
    list_configurations(out)
    return together(out, each)


merge = verb("merge", Merge, run)


def _there(parts: Sequence[Part], out: Path, overwrite: bool) -> Outcome | None:
    """What the folder holds, if it is this very dataset and no question of it ended in an error; None if it may be
    written. Raises FolderError if it holds something else."""
    finish_move(out)
    existing = look(out, parts[0].recipe, overwrite)
    if existing is None or existing["rejected"].get("error"):
        return None
    rows = {name: facts["rows"] for name, facts in existing["splits"].items()}
    return Outcome(out, sum(rows.values()), Counter(existing["rejected"]), True, already_there=True, splits=rows)


def _merged(parts: Sequence[Part], out: Path) -> Outcome:
    joined = write_joined(parts, out)
    rows = {name: facts["rows"] for name, facts in joined.splits.items()}
    return Outcome(out, sum(rows.values()), joined.rejected, True, splits=rows)


def _works(shards: Mapping[str, Sequence[Part]]) -> dict[str, str]:
    """What the replies of each shard were paid for -> the dataset that it is a part of."""
    return {work_of(recipe_in(part.manifest)): work_of(part.recipe) for parts in shards.values() for part in parts}


def _copy_stores(folders: Sequence[Path], store: Path, works: Mapping[str, str], say: Say) -> None:
    """Put the request stores of the shards into one."""
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write to {store}") from error
    for folder in folders:
        if (own := _store_of(folder)) is not None:
            copy_into(store, own, works)
        else:
            say(f"{folder} has no {CACHE}: the replies of this shard are not carried over")


def _store_of(folder: Path) -> Path | None:
    """The request store of a shard; of one configuration of several, the one they share."""
    folder = folder.resolve()
    shared = [] if read_manifest(folder) is None or read_manifest(folder.parent) is not None else [folder.parent]
    return next((place / CACHE for place in (folder, *shared) if (place / CACHE).is_file()), None)
