"""The file of verdicts that lies beside a dataset (`synth judge --verdicts FILE`), a line for each row and judge:

    {"split": "train", "id": "gsm8k/7", "judge": "rubric", "model": "gpt-4o", "verdict": "helpful", "score": null,
     "reason": "The steps lead there. ...", "row": "9f86...", "asked": "2c26..."}

verdict    null: not scored, and `reason` says why; what the model said is in `reply`
score      the number of a row that is "scored", as rewards do it; the verdict of a scale as a number
row        a hash of the row's texts: what was said of other texts is not said of these
asked      of a model, a hash of what it was asked; of a reward, of what decides its score; null for judges that work
           rows out

Lines are appended as verdicts come, so that a run that is killed goes on behind the last whole line. A later line of a
row and a judge takes the place of an earlier one. Several judges may have their lines in one file.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import orjson

from synth.base.files import hold
from synth.data.verdict import REWARD, Verdict
from synth.errors import FolderError
from synth.record import Record

Place = tuple[str, str, str]  # split, id and hash of a row
Kept = Mapping[tuple[Place, str], "Line"]  # row and judge, with its model


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file."""

    split: str
    id: str
    judge: str
    model: str | None
    verdict: str | None
    score: float | None
    reason: str
    row: str
    asked: str | None = None
    reply: str = ""

    @property
    def label(self) -> str:
        return label(self.judge, self.model)

    @property
    def place(self) -> Place:
        return self.split, self.id, self.row

    def as_verdict(self) -> Verdict:
        if self.verdict is None:
            return Verdict(self.judge, None, self.reply, self.reason)
        return Verdict(
            self.judge, self.verdict, self.reason, number=self.score if self.judge.startswith(REWARD) else None
        )


def label(judge: str, model: str | None) -> str:
    """What a judge is called beside others: the same rubric may be put to two models."""
    return f"{judge} ({model})" if model else judge


def line_of(split: str, record: Record, verdict: Verdict, model: str | None, asked: str | None) -> Line:
    """What is written of one verdict."""
    why = verdict.why if verdict.verdict is None else ""
    said = verdict.detail
    return Line(
        split, record.id, verdict.judge, model, verdict.verdict, verdict.score, why or said, hash_of(record), asked,
        said if why else "",
    )  # fmt: skip


def hash_of(record: Record) -> str:
    """32 hexadecimal digits of the texts of a row."""
    return digest([record.prompt, record.rationale, record.answer, record.completion])


def digest(parts: Any) -> str:
    """32 hexadecimal digits, the same for the same values on every machine."""
    return hashlib.blake2b(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()


def read_verdicts(path: Path) -> Iterator[Line]:
    """The lines of a file; what a killed run left of its last one is passed over.

    Raises FolderError for a file that cannot be read, or is none of verdicts.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip() and (line.endswith(b"\n") or _is_whole(line)):
                    yield read_line(path, number, line)
    except OSError as error:
        raise FolderError.from_os(error, str(path)) from error


def read_line(path: Path, number: int, line: bytes) -> Line:
    """A line of a file. Raises FolderError for one that is no verdict."""
    try:
        found = orjson.loads(line)
        texts = [found[name] for name in ("split", "id", "judge", "reason", "row")]
        maybe = [found[name] for name in ("model", "verdict", "asked")]
        if not all(isinstance(text, str) for text in texts) or not all(isinstance(text, str | None) for text in maybe):
            raise TypeError
        return Line(**{name: found[name] for name in Line.__slots__ if name in found})
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise FolderError(
            f"{path} line {number} is no verdict: give --verdicts a file that synth judge wrote"
        ) from error


def _is_whole(line: bytes) -> bool:
    """Whether a line without its end, as some editors leave the last one, is one: half an object is no JSON."""
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True


def latest(lines: Iterable[Line]) -> dict[tuple[Place, str], Line]:
    """The last line of each row and judge."""
    return {(line.place, line.label): line for line in lines}


class VerdictFile:
    """The file, open to take more. Use as a context manager; nobody else writes to it meanwhile.

    Raises FolderError for a file that cannot be written, holds something else, or is being written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kept: dict[tuple[Place, str], Line] = {}
        self._open = ExitStack()

    def __enter__(self) -> "VerdictFile":
        with ExitStack() as opened:  # what is open is closed again if the file is none of verdicts
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self.path.touch()
                self._file = opened.enter_context(self.path.open("r+b"))
            except OSError as error:
                raise FolderError.from_os(error, f"cannot write to {self.path}") from error
            opened.enter_context(hold(self.path, "wait for it, or give another --verdicts"))
            self.kept = latest(read_verdicts(self.path))
            drop_half_a_line(self._file, self.path)
            self._open = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def add(self, line: Line) -> bool:
        """Write a line, unless the file says the same already; returns whether it was written."""
        if self.kept.get((line.place, line.label)) == line:
            return False
        self.kept[line.place, line.label] = line
        self._file.write(as_written(line))
        self._file.flush()
        return True

    def lines(self) -> Sequence[Line]:
        """The last line of each row and judge."""
        return list(self.kept.values())


def as_written(line: Line) -> bytes:
    """A line as it stands in the file."""
    values = {name: getattr(line, name) for name in Line.__slots__}
    return orjson.dumps({name: value for name, value in values.items() if name != "reply" or value}) + b"\n"


def drop_half_a_line(file: BinaryIO, path: Path) -> None:
    """Go from the start of a line to the end of the last whole one, and cut off what a killed run left behind it.

    Raises FolderError if that is no part of a verdict.
    """
    start, content = file.tell(), file.read()
    end = content.rfind(b"\n") + 1
    half = content[end:]
    if _is_whole(half):
        file.write(b"\n")
        return
    if half[:8] != b'{"split"'[: len(half)]:
        raise FolderError(
            f"{path} is no file of verdicts: give --verdicts a file that synth judge wrote, or a new name"
        )
    file.seek(start + end)
    file.truncate()
