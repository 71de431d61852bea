"""written whole or not at all; facts read with one line of complaint; sha256; locks"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from synth.errors import FolderError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]
ELSEWHERE = "wait for it, or give another --out"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader, or a run that is killed, never finds half of it."""
    partial = path.with_name(f"{path.name}.part")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def file_facts(path: Path) -> dict[str, Any]:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return {"bytes": path.stat().st_size, "sha256": digest.hexdigest()}


@contextmanager
def hold(folder: Path, advice: str = ELSEWHERE) -> Iterator[None]:
    """Keep others from writing to a folder for a while; `advice` is for who finds it taken.

    Raises FolderError where one is writing already.
    """
    held = _lock(folder, advice)
    try:
        yield
    finally:
        if held is not None:
            os.close(held)


def _lock(folder: Path, advice: str = ELSEWHERE) -> int | None:
    """Hold a folder for as long as something is written to it; the system lets go of it when a process dies.

    Raises FolderError where another process holds it. Systems without such locks (Windows) do without.
    """
    if fcntl is None:
        return None
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(held)
        raise FolderError(f"another process is writing to {folder}: {advice}") from error
    return held
