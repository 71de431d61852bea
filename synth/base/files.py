"""Files on disk: written whole or not at all, facts read with one line of complaint, sha256, locks."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from synth.errors import FolderError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]
ELSEWHERE = "wait for it, or give another --out"


def write_whole(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Write a file so that a reader, or a run that is killed, never finds half of it; parts are written as they come.

    Raises OSError.
    """
    partial = path.with_name(f".{path.name}.part")  # one that a killed run left is written over
    try:
        with partial.open("wb") as file:
            file.writelines([content] if isinstance(content, bytes) else content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def as_json(facts: Mapping[str, Any]) -> bytes:
    """Facts as every file of ours has them: JSON for people to read, the same bytes every time."""
    return f"{json.dumps(facts, indent=2, ensure_ascii=False)}\n".encode()


def read_facts(
    path: Path, what: str, way_out: str, holds: Callable[[dict[str, Any]], bool] = lambda facts: True
) -> dict[str, Any] | None:
    """The JSON object in a file; None if there is no such file.

    what: what the file should be (`a manifest of a dataset folder`), which `holds` tells of an object. way_out: what to
    type if it is not. Raises FolderError with one line.
    """
    try:
        facts = orjson.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except orjson.JSONDecodeError as error:
        raise FolderError(f"{path} is not JSON ({error}): {way_out}") from error
    except OSError as error:
        raise FolderError.from_os(error, f"{path}") from error
    if not isinstance(facts, dict) or not holds(facts):
        raise FolderError(f"{path} is not {what}: {way_out}")
    return facts


def facts_if_whole(path: Path) -> dict[str, Any]:
    """The JSON object in a file; {} if there is none to be read, for files that are only a help."""
    try:
        facts = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return facts if isinstance(facts, dict) else {}


def file_facts(path: Path) -> dict[str, Any]:
    """`{"bytes", "sha256"}` of a file. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return {"bytes": path.stat().st_size, "sha256": digest.hexdigest()}


def replace_folder(new: Path, folder: Path) -> None:
    """Put a folder that is complete, and lies beside `folder`, into its place. Raises OSError."""
    old = _old(folder)
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def finish_replacing(folder: Path) -> None:
    """Give a folder back that a run took away and died before it put the new one into place. Raises OSError."""
    if _old(folder).is_dir() and not folder.exists():
        _old(folder).rename(folder)


def _old(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


@contextmanager
def hold(folder: Path, advice: str = ELSEWHERE) -> Iterator[None]:
    """Keep others from writing to a folder for a while; the system lets go of it when a process dies.

    advice: for who finds it taken. Systems without such locks (Windows) do without. Raises FolderError if somebody is
    writing already.
    """
    if fcntl is None:
        yield
        return
    held = os.open(folder, os.O_RDONLY)
    try:
        if not take(held):
            raise FolderError(f"another process is writing to {folder}: {advice}")
        yield
    finally:
        os.close(held)


def take(descriptor: int) -> bool:
    """Whether an open file is ours now, and that of the processes that inherit it: until all of them have ended.

    Systems without such locks (Windows) give everything to everybody.
    """
    if fcntl is None:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
