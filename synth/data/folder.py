"""Dataset folders: written whole or not at all, read as a stream.

    out/
    ├── train.jsonl  validation.jsonl  ...     or data/<split>-00000-of-0000N.parquet
    ├── rejected.jsonl                         dropped rows, each with its reason
    ├── synth.json                             what made the folder, counts, sha256 of each file
    └── README.md                              names the splits, so that `datasets.load_dataset("out")` reads them all

New files are written to `.synth-partial/` inside the folder. When all are complete that folder is renamed to
`.synth-ready/`, which is the moment the new dataset exists, and its files are moved into place. A run that dies before
leaves the old dataset as it was; one that dies while moving is finished by the next command that writes to the folder,
and until then its files are read where they are (manifest.py).
"""

import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from synth.base.files import as_json, facts_if_whole, file_facts, hold
from synth.data.frontmatter import split_configs, with_configs
from synth.data.manifest import is_manifest
from synth.data.names import CARD, MANIFEST, PARTIAL, READY
from synth.errors import FolderError


class FolderWriter:
    """Collects the files of a new dataset and puts them into place at the end.

        with FolderWriter(out) as writer:
            path = writer.path("train.jsonl")
            ...
            writer.commit(manifest)

    Left without `commit`, for whatever reason, everything in the folder is as it was before.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._partial = folder / PARTIAL
        self._lock = ExitStack()

    def __enter__(self) -> "FolderWriter":
        try:
            self._made = not self.folder.exists()
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock.enter_context(hold(self.folder))
            _put_into_place(self.folder)
            shutil.rmtree(self._partial, ignore_errors=True)  # left by a run that was killed
            self._partial.mkdir()
        except OSError as error:
            self._lock.close()
            raise FolderError.from_os(error, f"cannot write to {self.folder}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            shutil.rmtree(self._partial, ignore_errors=True)
            if self._made and not any(self.folder.iterdir()):
                self.folder.rmdir()

    def path(self, name: str) -> Path:
        """Where to write the file that will be `name` in the folder."""
        path = self._partial / name
        path.parent.mkdir(exist_ok=True)
        return path

    def commit(self, manifest: dict[str, Any], card_facts: Mapping[str, Any] | None = None) -> None:
        """Add sizes and hashes of the files to the manifest, write it and the card, and put all of it into place.

        card_facts: what the manifest of a release says of its card, which is written anew and is no part of the data:
        a manifest that comes back is the one that was validated.
        """
        card = self.folder / CARD
        theirs = card.read_text(encoding="utf-8") if card.exists() else ""
        self.path(CARD).write_text(with_configs(theirs, split_configs(manifest)), encoding="utf-8")
        files = sorted(path for path in self._partial.rglob("*") if path.is_file())
        manifest["files"] = {path.relative_to(self._partial).as_posix(): file_facts(path) for path in files}
        manifest["files"][CARD] = dict(card_facts or manifest["files"][CARD])
        self.path(MANIFEST).write_bytes(as_json(manifest))
        self._partial.rename(self.folder / READY)
        _put_into_place(self.folder)


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
