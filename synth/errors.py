"""Every exception of this project.

    SynthError                      exit code 1: something the user can mend went wrong
    ├── UsageError                  exit code 2: an option or an argument cannot be as it was given
    │   └── UnknownNameError        no builder (checker, ...) of that name
    ├── FolderError                 a dataset folder cannot be read or written
    │   └── StoreError              an object store cannot be reached, or refuses: what is done stays
    ├── SourceError                 input data is missing or not in the format it should be in
    ├── HubError                    the Hugging Face Hub cannot be reached, or refuses
    ├── LostWorkerError             a process that worked was killed: what is done stays
    │   └── ClusterError            machines of a cluster cannot work on it together: what is done stays
    ├── TrainingError               a training run cannot be set up or continued
    └── MissingExtraError           a verb needs packages that are not installed

Each message is one line: what was given, what is allowed, what to type next. Exceptions of other libraries are
wrapped where they enter; the command line catches `SynthError` and nothing else.
"""

import difflib
import errno
from collections.abc import Iterable, Sequence
from typing import Any


class SynthError(Exception):
    """Root of the tree; the command line prints its message as one line and exits with `exit_code`."""

    exit_code = 1

    def __reduce__(self) -> tuple[Any, ...]:
        """From one process to another it goes as its message, whatever it was made of."""
        return _again, (type(self), self.args, vars(self))


def _again(kind: type[SynthError], args: tuple[Any, ...], facts: dict[str, Any]) -> SynthError:
    error = kind.__new__(kind, *args)
    vars(error).update(facts)
    return error


def closest(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'messages'?`, or nothing if no name is like it."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.4)
    return f"; did you mean {close[0]!r}?" if close else ""


class UsageError(SynthError):
    exit_code = 2


class UnknownNameError(UsageError):
    """No such name: the message lists the names that exist and the one closest to what was typed."""

    def __init__(self, kind: str, name: str, known: Sequence[str]) -> None:
        super().__init__(f"no {kind} is called {name!r}: there are {', '.join(known)}{closest(name, known)}")


class FolderError(SynthError):
    @classmethod
    def from_os(cls, error: OSError, what: str) -> "FolderError":
        """One line for what the operating system said about `what`, with the way out if one is known."""
        hint = {
            errno.ENOSPC: "; free some space, or use a folder on another disk",
            errno.EACCES: "; you may not read or write there: change that, or use another folder",
            errno.EROFS: "; use a folder that can be written to",
        }.get(error.errno or 0, "")
        return cls(f"{what}: {error.strerror or error}{hint}")


class StoreError(FolderError):
    pass


class SourceError(SynthError):
    pass


class HubError(SynthError):
    pass


class LostWorkerError(SynthError):
    pass


class ClusterError(LostWorkerError):
    pass


class TrainingError(SynthError):
    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class MissingExtraError(SynthError):
    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs packages that are not installed: pip install 'rationale-synth[{extra}]'")


def first_line(error: BaseException) -> str:
    """The first line of what an exception of another library says."""
    return str(error).strip().split("\n", 1)[0]
