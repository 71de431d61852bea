"""Dataset folders: written whole or not at all, read as a stream.

    out/
    ├── train.jsonl  validation.jsonl  ...     or data/<split>-0000i.parquet
    ├── rejected.jsonl                         dropped rows, each with its reason
    ├── synth.json                             what made the folder, counts, sha256 of each file
    └── README.md                              names the splits, so that `datasets.load_dataset("out")` reads them all

New files are written to `.synth-partial/` inside the folder. When all are complete that folder is renamed to
`.synth-ready/`, which is the moment the new dataset exists, and its files are moved into place. A run that dies before
leaves the old dataset as it was; one that dies while moving is finished by the next command that writes to the folder,
and until then its files are read where they are (manifest.py). The files of a folder in an object store are sent there
instead (mirror.py).
"""

import shutil
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from synth.base.files import as_json, facts_if_whole, file_facts, hold, write_whole
from synth.base.stores import is_stored
from synth.data import mirror
from synth.data.frontmatter import split_configs, with_configs
from synth.data.manifest import is_manifest
from synth.data.names import CARD, MANIFEST, PARTIAL, READY, SHARDS
from synth.errors import FolderError, LostWorkerError, StoreError, SynthError

RECIPE = "recipe.json"  # in SHARDS: of which dataset they are


class FolderWriter:
    """Collects the files of a new dataset and puts them into place at the end.

        with FolderWriter(out) as writer:
            path = writer.path("train.jsonl")
            ...
            writer.commit(manifest)

    Left without `commit`, for whatever reason, everything in the folder is as it was before. resumes: what is to be
    written, told so that another is told apart; what was written stays beside it then, if something lies in `shards`,
    and the next writer of the same finds it there.
    """

    def __init__(self, folder: Path, resumes: Mapping[str, Any] | None = None) -> None:
        self.folder = folder
        self.shards = folder / SHARDS  # for whoever resumes: what is known of the files that are done
        self._partial = folder / PARTIAL
        self._resumes = resumes
        self._lock = ExitStack()

    def __enter__(self) -> "FolderWriter":
        self._before = mirror.manifest_now(self.folder)
        try:
            self._made = not self.folder.exists()
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock.enter_context(hold(self.folder))
            _put_into_place(self.folder)
            if self._resumes is None or facts_if_whole(self.shards / RECIPE) != orjson.loads(as_json(self._resumes)):
                self._clear()  # of what a run left that was killed
            self._partial.mkdir(exist_ok=True)
            if self._resumes is not None:
                self.shards.mkdir(exist_ok=True)
                write_whole(self.shards / RECIPE, as_json(self._resumes))
        except OSError as error:
            self._lock.close()
            raise FolderError.from_os(error, f"cannot write to {self.folder}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            if not self._goes_on(error):
                self._clear()
            if self._made and not any(self.folder.iterdir()):
                self.folder.rmdir()

    def _goes_on(self, error: BaseException | None) -> bool:
        """Whether what was written is worth keeping: it was stopped, and is not done or wrong."""
        stopped = isinstance(error, LostWorkerError | StoreError) or not isinstance(error, SynthError | None)
        return stopped and any(path.name != RECIPE for path in self.shards.glob("*"))

    def _clear(self) -> None:
        """Remove all that was written and is not in place."""
        for left in (self._partial, self.shards):
            shutil.rmtree(left, ignore_errors=True)

    def path(self, name: str) -> Path:
        """Where to write the file that will be `name` in the folder."""
        path = self._partial / name
        path.parent.mkdir(exist_ok=True)
        return path

    def commit(
        self,
        manifest: dict[str, Any],
        card_facts: Mapping[str, Any] | None = None,
        files: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        """Add sizes and hashes of the files to the manifest, write it and the card, and put all of it into place.

        card_facts: what the manifest of a release says of its card, which is written anew and is no part of the data:
        a manifest that comes back is the one that was validated. files: size and hash of files of which they are known.
        """
        card = self.folder / CARD
        theirs = card.read_text(encoding="utf-8") if card.exists() else ""
        self.path(CARD).write_text(with_configs(theirs, split_configs(manifest)), encoding="utf-8")
        known = files or {}  # in an object store some are there already, and no longer here
        names = {path.relative_to(self._partial).as_posix() for path in self._partial.rglob("*") if path.is_file()}
        manifest["files"] = {
            name: known.get(name) or file_facts(self._partial / name) for name in _in_order(names | set(known))
        }
        manifest["files"][CARD] = dict(card_facts or manifest["files"][CARD])
        self.path(MANIFEST).write_bytes(as_json(manifest))
        if is_stored(self.folder):
            mirror.publish(self.folder, self._partial, self._before)
            return
        self._partial.rename(self.folder / READY)
        _put_into_place(self.folder)


def _in_order(names: Iterable[str]) -> list[str]:
    """Names of files as paths are sorted: by folder and file."""
    return sorted(names, key=lambda name: name.split("/"))


def finish_move(folder: Path) -> None:
    """Put the files of a dataset into place that a run which died left beside it; whatever writes there begins so.

    Raises FolderError if another process is writing to the folder, or the files cannot be moved.
    """
    if not (folder / READY).is_dir():
        return
    try:
        with hold(folder):
            _put_into_place(folder)
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write to {folder}") from error


def _put_into_place(folder: Path) -> None:
    """Move what is in `.synth-ready/`, the manifest last; only by who holds the folder."""
    ready = folder / READY
    new = facts_if_whole(ready / MANIFEST)
    if new:
        shutil.rmtree(folder / SHARDS, ignore_errors=True)  # of the dataset that is complete now
        for name in _old_files(folder) - set(new["files"]) - {CARD}:
            (folder / name).unlink(missing_ok=True)
        for path in sorted(ready.rglob("*")):
            if path.is_file() and path.name != MANIFEST:
                target = folder / path.relative_to(ready)
                target.parent.mkdir(exist_ok=True)
                path.replace(target)
        (ready / MANIFEST).replace(folder / MANIFEST)
    shutil.rmtree(ready, ignore_errors=True)


def _old_files(folder: Path) -> set[str]:
    """The files of the dataset that is replaced; none if its manifest is broken."""
    old = facts_if_whole(folder / MANIFEST)
    return set(old["files"]) if is_manifest(old) else set()
