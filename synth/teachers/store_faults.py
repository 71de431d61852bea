"""Why the request store cannot be used, in one line: who keeps it locked, and what to do.

Linux lists the locks of all processes in /proc/locks (proc(5)): their kind, process and the file's inode. Nothing is
opened to find out: to close a file that SQLite has open as well would give up SQLite's own locks (fcntl(2)).
"""

import os
import sqlite3
from pathlib import Path

from synth.errors import FolderError

LOCKS = Path("/proc/locks")
MOST = 100  # letters of a command


def complaint(path: Path, error: sqlite3.Error, waited: float, writing: bool = False) -> FolderError:
    """What to tell the user of an error of SQLite, in opening a store or in writing to it; `waited`: seconds that a
    lock was waited for."""
    if "locked" in str(error):
        return FolderError(
            f"{holder(path)} has kept the request store {path} locked for {waited:.0f} s: wait until that is done, or "
            "end it, or give another --cache"
        )
    if writing:
        return FolderError(f"cannot write to {path}: {error}; free some space or give another --cache")
    return FolderError(f"{path} cannot be used as a request store ({error}): give another --cache")


def holder(path: Path) -> str:
    """`process 4242 (synth distill ...)`; `another process` if it is not known which."""
    inodes = {str(each.stat().st_ino) for each in (path, Path(f"{path}-shm"), Path(f"{path}-wal")) if each.exists()}
    try:
        locks = [line.split() for line in LOCKS.read_text().splitlines()]
    except OSError:
        return "another process"
    # 7: POSIX ADVISORY WRITE 4242 08:02:131091 120 120
    writes = [words for words in locks if len(words) == 8 and words[3] == "WRITE"]
    writing = {words[4] for words in writes if words[5].split(":")[-1] in inodes}
    named = sorted(writing - {str(os.getpid()), "0", "-1"}, key=int)
    return " and ".join(f"process {each}{_command(each)}" for each in named) or "another process"


def _command(process: str) -> str:
    try:
        words = (Path("/proc") / process / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return ""
    command = " ".join(" ".join(words).split())
    return f" ({command[:MOST]}{'...' * (len(command) > MOST)})" if command else ""
