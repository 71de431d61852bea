"""Outputs on disk as they come, so that an evaluation that was killed resumes where it was.

`outputs.partial.jsonl` in the evaluation's folder: a first line with the recipe, then a line for each row, in the order
in which batches or replies came. Whole lines count; what a kill left of a last one is cut off. It goes away when
predictions.jsonl is written.
"""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from types import TracebackType
from typing import Any

import orjson

from synth.data.names import OUTPUTS
from synth.errors import FolderError
from synth.evaluating.job import Job, asked, difference
from synth.models.generate import Output


class Partial:
    """The outputs of an evaluation that is under way; use as a context manager.

    Raises FolderError if the folder holds another evaluation or cannot be written.
    """

    def __init__(self, job: Job, recipe: Mapping[str, Any]) -> None:
        self.path = job.out / OUTPUTS
        self._job = job
        self._head = orjson.dumps({"recipe": digest(recipe), "asked": asked(job)}) + b"\n"
        self._at: dict[int, int] = {}  # where the line of a row begins

    def __enter__(self) -> "Partial":
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a+b")
        except OSError as error:
            raise FolderError.from_os(error, f"cannot write to {self.path.parent}") from error
        self._file.seek(0)
        head = self._file.readline()
        if head and head != self._head and head.endswith(b"\n"):
            self._file.close()
            raise FolderError(
                f"{self.path.parent} holds part of another evaluation ({self._other(head)}): add --overwrite to replace"
                " it, or give another --out"
            )
        self._find_rows(whole=head == self._head)
        return self

    def _other(self, head: bytes) -> str:
        try:
            first = orjson.loads(head)
        except orjson.JSONDecodeError:
            first = None
        return difference(first.get("asked") if isinstance(first, dict) else None, self._job)

    def _find_rows(self, whole: bool) -> None:
        end = len(self._head) if whole else 0
        for line in self._file if whole else []:
            if not line.endswith(b"\n"):
                break
            self._at[orjson.loads(line)["row"]] = end
            end += len(line)
        self._file.truncate(end)
        if not whole:
            self._file.write(self._head)
            self._file.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError) if error is not None else nullcontext():  # a full disk is said already
            self._file.close()
        if not self._at:  # nothing came of it: a model that is not there, a server that does not answer
            self.path.unlink()
            if not any(self.path.parent.iterdir()):
                self.path.parent.rmdir()

    def __contains__(self, row: int) -> bool:
        return row in self._at

    def __len__(self) -> int:
        return len(self._at)

    def add(self, rows: Mapping[int, Sequence[Output]]) -> None:
        """Append the outputs of some rows to the file; of a row that is added twice the later outputs count."""
        self._file.seek(0, 2)
        end = self._file.tell()
        for row, outputs in rows.items():
            line = orjson.dumps({"row": row, "outputs": [_fields(output) for output in outputs]}) + b"\n"
            self._write(line)
            self._at[row] = end
            end += len(line)
        self._write(b"")

    def _write(self, line: bytes) -> None:
        """Raises FolderError if the disk is full; whole lines count, and one that is cut off does not."""
        try:
            self._file.write(line)
            if not line:
                self._file.flush()
        except OSError as error:
            raise FolderError.from_os(error, f"cannot write {self.path}") from error

    def outputs(self, row: int) -> list[Output]:
        self._file.seek(self._at[row])
        return [Output(*output) for output in orjson.loads(self._file.readline())["outputs"]]


def _fields(output: Output) -> list[Any]:
    return [output.text, output.tokens, output.cut_off, output.refused, output.told, output.read]


def digest(recipe: Mapping[str, Any]) -> str:
    """32 hexadecimal digits of everything that decides what comes out."""
    return hashlib.sha256(orjson.dumps(recipe, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]
