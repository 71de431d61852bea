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

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import jsonlines
import orjson

from synth.columns import read_notes, restored
from synth.errors import FolderError
from synth.record import FIELDS, Record

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

MANIFEST = "synth.json"
CARD = "README.md"
REJECTED = "rejected.jsonl"
PARTIAL = ".synth-partial"
READY = ".synth-ready"
ELSEWHERE = "wait for it, or give another --out"


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """What made the folder, or None where nothing of ours is in it. Finishes a move that was cut short.

    Raises FolderError where synth.json cannot be read as what it should be.
    """
    path = folder / MANIFEST
    try:
        _finish_move(folder)
        manifest = orjson.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except orjson.JSONDecodeError as error:
        raise FolderError(f"{path} is not JSON ({error}): build the folder again with --overwrite") from error
    except OSError as error:
        raise FolderError.from_os(error, str(path)) from error
    if not is_manifest(manifest):
        raise FolderError(f"{path} is not a manifest of a dataset folder: build the folder again with --overwrite")
    return cast(dict[str, Any], manifest)


def is_manifest(found: Any) -> bool:
    """Whether it has the parts that are relied on, and names no file outside its folder."""
    if not isinstance(found, dict) or not all(isinstance(found.get(k), dict) for k in ("splits", "files", "rejected")):
        return False
    splits = found["splits"].values()
    names = [*found["files"], *(name for split in splits if isinstance(split, dict) for name in split.get("files", []))]
    return all(
        isinstance(split, dict) and isinstance(split.get("rows"), int) and isinstance(split.get("rejected"), dict)
        for split in splits
    ) and all(isinstance(n, str) and not Path(n).is_absolute() and ".." not in Path(n).parts for n in names)


def damage(folder: Path, manifest: Mapping[str, Any]) -> str | None:
    """The first file that is not as its manifest says, told by its size; None where all are."""
    for name, facts in manifest["files"].items():
        path = folder / name
        if name != CARD and (not path.is_file() or path.stat().st_size != facts["bytes"]):
            return str(name)
    return None


def open_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a folder that has to be a dataset folder.

    Raises FolderError, which names the dataset folders below where there are any.
    """
    manifest = read_manifest(folder)
    if manifest is not None:
        return manifest
    below = sorted(path.parent.name for path in folder.glob(f"*/{MANIFEST}")) if folder.is_dir() else []
    if below:
        raise FolderError(f"{folder} holds several datasets: give one of {', '.join(str(folder / b) for b in below)}")
    if folder.is_dir() and any((folder / name).exists() for name in (PARTIAL, "requests.sqlite")):
        raise FolderError(
            f"{folder} holds a run that did not get to its end: the command that began it goes on with it"
        )
    raise FolderError(f"{folder} is not a dataset folder (it has no {MANIFEST}): make one with synth build or distill")


def members(folder: Path) -> dict[str, Path]:
    """The datasets of a folder by the names of their configurations: itself as `default`, or those that lie in it.

    Raises FolderError where it holds none.
    """
    below = {path.parent.name: path.parent for path in sorted(folder.glob(f"*/{MANIFEST}"))}
    if below and read_manifest(folder) is None:
        return below
    open_manifest(folder)
    return {"default": folder}


def split_files(folder: Path, manifest: Mapping[str, Any], split: str) -> list[Path]:
    return [folder / name for name in manifest["splits"][split]["files"]]


def read(folder: Path, split: str) -> Iterator[Record]:
    """The rows of a split in order, one at a time, in constant memory.

    Raises FolderError for a split that is not there, and with file and line for a row that cannot be read.
    """
    manifest = open_manifest(folder)
    if split not in manifest["splits"]:
        raise FolderError(f"{folder} has no split {split!r}: it has {', '.join(manifest['splits'])}")
    for path in split_files(folder, manifest, split):
        try:
            yield from _read_parquet(path) if path.suffix == ".parquet" else _read_jsonl(path)
        except OSError as error:
            raise FolderError.from_os(error, str(path)) from error


def _read_jsonl(path: Path) -> Iterator[Record]:
    with path.open("rb") as file, jsonlines.Reader(file, loads=orjson.loads) as lines:
        try:
            for number, row in enumerate(lines.iter(type=dict), start=1):
                yield _record(row, f"{path} line {number}")
        except jsonlines.InvalidLineError as error:
            raise FolderError(f"{path} line {error.lineno} cannot be read: {error}") from error


def _read_parquet(path: Path) -> Iterator[Record]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        notes = read_notes(file.schema_arrow)
        for batch in file.iter_batches(batch_size=4096):
            for row in restored(batch.to_pylist(), notes):
                yield _record(row, str(path))
    except pa.ArrowInvalid as error:
        raise FolderError(f"{path} cannot be read: {error}") from error


def _record(row: Mapping[str, Any], where: str) -> Record:
    if missing := [name for name in FIELDS if name not in row]:
        raise FolderError(f"{where} has no {', '.join(missing)}: a row has {', '.join(FIELDS)}")
    return Record(**{name: row[name] for name in FIELDS})


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


def split_configs(manifest: Mapping[str, Any]) -> list[str]:
    """The few lines that make `datasets.load_dataset` see every split; it guesses wrong for names like test_longer."""
    lines = ["configs:", "- config_name: default", "  data_files:"]
    for split, facts in with_rows(manifest).items():
        lines += [f"  - split: {split}", "    path:", *(f"    - {name}" for name in facts["files"])]
    return lines


def with_rows(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The splits that have rows (`datasets` opens no dataset of which one split has none); all where none has."""
    splits: dict[str, Any] = manifest["splits"]
    return {name: facts for name, facts in splits.items() if facts["rows"]} or splits


def folder_card(folder: Path, datasets: list[str]) -> None:
    """A card that makes each dataset below a folder one configuration, `load_dataset(folder, name)`."""
    lines = ["configs:"]
    for name in datasets:
        lines += [f"- config_name: {name}", "  data_files:"]
        for split, facts in with_rows(open_manifest(folder / name)).items():
            lines += [f"  - split: {split}", "    path:", *(f"    - {name}/{file}" for file in facts["files"])]
    path = folder / CARD
    theirs = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(with_configs(theirs, lines), encoding="utf-8")


def with_configs(card: str, configs: list[str]) -> str:
    """A card whose front matter names these files; everything else that stands in it stays as a person wrote it.

    `dataset_info` (columns and rows of what was here before) goes: `datasets` refuses data that is not like it.
    """
    front, body = "", card
    if card.startswith("---\n") and "\n---\n" in card[3:]:
        front, body = card[4:].split("\n---\n", 1) if not card[4:].startswith("---\n") else ("", card[8:])
    kept: list[str] = []
    ours = False
    for line in front.splitlines():
        ours = line.startswith(("configs:", "dataset_info:")) or (ours and line[:1] in (" ", "-"))
        kept += [] if ours else [line]
    return "\n".join(["---", *kept, *configs, "---", ""]) + body


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


def _finish_move(folder: Path) -> None:
    ready = folder / READY
    if not (ready / MANIFEST).exists():
        shutil.rmtree(ready, ignore_errors=True)
        return
    new = orjson.loads((ready / MANIFEST).read_bytes())
    for name in _old_files(folder) - set(new["files"]) - {CARD}:
        (folder / name).unlink(missing_ok=True)
    for path in sorted(ready.rglob("*")):
        if path.is_file() and path.name != MANIFEST:
            target = folder / path.relative_to(ready)
            target.parent.mkdir(exist_ok=True)
            path.replace(target)
    (ready / MANIFEST).replace(folder / MANIFEST)
    shutil.rmtree(ready)


def _old_files(folder: Path) -> set[str]:
    """The files of the dataset that is replaced; none where its manifest is broken."""
    try:
        old = orjson.loads((folder / MANIFEST).read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return set()
    return set(old["files"]) if is_manifest(old) else set()
