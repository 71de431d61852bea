"""Dataset folders: written whole or not at all, read as a stream.

    out/
    ├── train.jsonl  validation.jsonl  ...     or data/<split>-00000-of-0000N.parquet
    ├── rejected.jsonl                         dropped rows, each with its reason
    ├── synth.json                             what made the folder, counts, sha256 of each file
    └── README.md                              names the splits, so that `datasets.load_dataset("out")` reads them all

New files are written to `.synth-partial/` inside the folder. When all are complete that folder is renamed to
`.synth-ready/`, which is the moment the new dataset exists, and its files are moved into place. A run that dies before
leaves the old dataset as it was; one that dies while moving is finished by whoever opens the folder next.
"""

import json
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import Any

from synth.base.files import _lock, file_facts
from synth.data.frontmatter import split_configs, with_configs
from synth.data.manifest import _finish_move
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

    def __enter__(self) -> "FolderWriter":
        try:
            self._made = not self.folder.exists()
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(self.folder)
            shutil.rmtree(self._partial, ignore_errors=True)  # of a run that was killed
            self._partial.mkdir()
        except OSError as error:
            raise FolderError.from_os(error, f"cannot write to {self.folder}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._partial, ignore_errors=True)
        if self._made and not any(self.folder.iterdir()):
            self.folder.rmdir()
        if self._lock is not None:
            os.close(self._lock)

    def path(self, name: str) -> Path:
        """Where to write the file that will be `name` in the folder."""
        path = self._partial / name
        path.parent.mkdir(exist_ok=True)
        return path

    def commit(self, manifest: dict[str, Any]) -> None:
        """Add sizes and hashes of the files to the manifest, write it and the card, and put all of it into place."""
        card = self.folder / CARD
        theirs = card.read_text(encoding="utf-8") if card.exists() else ""
        self.path(CARD).write_text(with_configs(theirs, split_configs(manifest)), encoding="utf-8")
        files = sorted(path for path in self._partial.rglob("*") if path.is_file())
        manifest["files"] = {path.relative_to(self._partial).as_posix(): file_facts(path) for path in files}
        self.path(MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        self._partial.rename(self.folder / READY)
        _finish_move(self.folder)
