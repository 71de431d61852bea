"""What is carried over as it is when a dataset folder is written anew, or out of another one."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from synth.data.folder import FolderWriter
from synth.data.manifest import place, read_manifest
from synth.data.names import REJECTED

ANSWERS = "answers_only"  # in synth.json: splits of questions and answers alone, and where each comes from


def carry(writer: FolderWriter, folder: Path, names: Iterable[str]) -> None:
    """Put files of the folder's present dataset into the one that is being written."""
    for name in names:
        source, target = place(folder, name), writer.path(name)
        try:
            os.link(source, target)
        except OSError:  # a file system without links
            shutil.copyfile(source, target)


@contextmanager
def rejects_after(folder: Path, writer: FolderWriter) -> Iterator[IO[bytes]]:
    """The rejected.jsonl that is being written, behind what was left out of a folder before; none if it stays empty."""
    before, path = place(folder, REJECTED), writer.path(REJECTED)
    with path.open("wb") as file:
        if before.is_file() and (earlier := before.read_bytes()):
            file.write(earlier if earlier.endswith(b"\n") else earlier + b"\n")
        yield file
    if not path.stat().st_size:
        path.unlink()


def carried_with(writer: FolderWriter, manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest of what is being written, with the splits of questions and answers alone that the folder has."""
    old = read_manifest(writer.folder)
    beside = {n: facts for n, facts in answers_only(old, manifest["task"]).items() if n not in manifest["splits"]}
    if old is None or not beside or old.get("format") != manifest["format"]:
        return manifest
    kept = {name: old["splits"][name] for name in beside}
    carry(writer, writer.folder, [file for facts in kept.values() for file in facts["files"]])
    return {**manifest, ANSWERS: beside, "splits": {**manifest["splits"], **kept}}


def answers_only(manifest: Mapping[str, Any] | None, task: Any) -> dict[str, Any]:
    """The splits of questions and answers alone that a folder has, by name, if they are of this very task."""
    kept = (manifest or {}).get(ANSWERS) or {}
    return dict(kept) if manifest is not None and manifest.get("task") == task else {}
