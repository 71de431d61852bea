"""Attempts, left-out rows and labels as further configurations of a release: `synth push --with attempts`, and back.

    attempts/train-0000i-of-0000N.parquet           attempts.jsonl of the dataset `default`, as `attempts`
    <config>/rejected/train-0000i-of-0000N.parquet  rejected.jsonl of a named one, as `<config>-rejected`
    notes/train-0000i-of-0000N.parquet              notes.jsonl, as `notes`

Each file is one split, in shards like those of rows (shards.py). `synth pull` writes the files again, byte for byte if
it was `synth` that wrote them. Configurations that a push does not name stay if they are of the same file as the one
that lies in the folder, and go if they are of another: attempts at other rows give wrong pairs. Labels are no part of
the manifest, so nobody can tell whether they are the same: they go if labels lie here and are not sent.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from synth.base.files import file_facts
from synth.base.terminal import Say
from synth.data.columns import Column, Place, plan
from synth.data.manifest import open_manifest, place
from synth.data.names import ALONG, MANIFEST
from synth.data.reading import BLOCK, parquet_rows
from synth.errors import FolderError, UsageError
from synth.releasing.forms import SHARD, Split
from synth.releasing.hub import Hub, State
from synth.releasing.leaks import Guard
from synth.releasing.shards import ShardWriter, Staged

SPLIT = "train"
# Types of columns that may hold nothing but null; all other texts are never null.
KNOWN: Mapping[Place, type] = {("attempt",): int, ("hinted",): bool, ("kept",): bool}


def config_of(config: str, name: str) -> str:
    """What the configuration of a file beside a dataset is called."""
    return name if config == "default" else f"{config}-{name}"


def prefix_of(config: str) -> str:
    """Where in a repository the manifest of a configuration lies, with a slash at the end; "" for the top."""
    return "" if config == "default" else f"{config}/"


def folder_of(config: str, name: str) -> str:
    """Where the shards of a file beside its rows lie, with a slash at the end."""
    return f"{prefix_of(config)}{name}/"


def _file(folder: Path, name: str) -> Path | None:
    """The file in a dataset folder; None if there is none, or nothing in it."""
    path = place(folder, ALONG[name])
    return path if path.is_file() and path.stat().st_size else None


def shards_of(files: Sequence[str] | Mapping[str, Any], config: str, name: str) -> list[str]:
    """Its shards among the files of a repository, in order."""
    into = folder_of(config, name)
    return sorted(
        path for path in files if path.startswith(into) and SHARD.fullmatch(path.removeprefix(into)) is not None
    )


def found(folder: Path, names: Sequence[str], say: Say) -> dict[str, Path]:
    """Which of the files that are asked for a dataset folder has; `say` is told of those that it has not."""
    along = {name: path for name in dict.fromkeys(names) if (path := _file(folder, name)) is not None}
    for name in dict.fromkeys(names):
        if name not in along:
            say(f"{folder} has no {ALONG[name]}, so none goes out")
    return along


def check(names: Sequence[str], along: Mapping[str, Mapping[str, Path]]) -> None:
    """Raises FolderError if attempts are asked for and no folder has them, UsageError for names that are taken.

    along: configuration -> name -> file.
    """
    if "attempts" in names and not any("attempts" in each for each in along.values()):
        raise FolderError(
            f"--with attempts: there is no {ALONG['attempts']}; only what synth distill or synth import wrote has them"
        )
    for config, each in along.items():
        for name in each:
            if (called := config_of(config, name)) in along:
                raise UsageError(f"--with {name}: {called!r} is a folder that is pushed too: rename it")


def outdated(hub: Hub, state: State, config: str, folder: Path, sent: Mapping[str, Path]) -> list[str]:
    """What of a dataset lies in a repository and is not sent now, though it is of other rows or attempts."""
    lying = [name for name in ALONG if name not in sent and shards_of(state.files, config, name)]
    path = prefix_of(config) + MANIFEST
    if not lying or path not in state.files:
        return lying
    return [name for name in lying if not _same(folder, name, hub.text(path, state.commit))]


def _same(folder: Path, name: str, theirs: str) -> bool:
    """Whether the file in a folder is that of a release, by its manifest; without a file here, whether the rows are."""
    ours = open_manifest(folder)
    try:
        other = orjson.loads(theirs)
        if (path := _file(folder, name)) is not None:
            return bool(file_facts(path)["sha256"] == other["files"][ALONG[name]]["sha256"])
        data = [file for split in ours["splits"].values() for file in split["files"]]
        return all(ours["files"][file]["sha256"] == other["files"][file]["sha256"] for file in data)
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return False


def entries_of(config: str, staged: Staged) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """What the front matter of a card says of each: its entries of `configs` and of `dataset_info`."""
    for name, split in staged.beside.items():
        called, into = config_of(config, name), folder_of(config, name)
        files = [into + shard.name for shard in split.shards]
        splits: list[dict[str, Any]] = [{"name": SPLIT, "num_bytes": split.memory, "num_examples": split.rows}]
        columns = features(staged.schema_beside(name))
        info: dict[str, Any] = {"config_name": called, **({"features": columns} if columns else {}), "splits": splits}
        info |= {"download_size": sum(shard.bytes for shard in split.shards), "dataset_size": split.memory}
        yield {"config_name": called, "data_files": [{"split": SPLIT, "path": files}]}, info


def stage_beside(path: Path, into: Path, guard: Guard) -> Split:
    """Make the shards of a file of JSON lines. Two passes: one that looks at every line, one that writes.

    Raises FolderError for a line that cannot be read or must not go out.
    """
    into.mkdir()
    seen = Column()
    for number, rows in _lines(path):
        guard.check_rows(rows, f"{path.name} from line {number}")
        for row in rows:
            seen.see(row)
    with ShardWriter(into, SPLIT, plan(seen, KNOWN)) as writer:
        for _, rows in _lines(path):
            writer.write(rows)
    return writer.split()


def _lines(path: Path) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """The objects of a file, some megabytes at a time, and the number of the first line of these."""
    number = 0
    with path.open("rb") as file:
        while lines := file.readlines(BLOCK):
            first, rows = number + 1, []
            for line in lines:
                number += 1
                if line.strip():
                    rows.append(_object(path, number, line))
            yield first, rows


def _object(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise FolderError(f"{path} line {number} cannot be read: {error}") from error
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        raise FolderError(f"{path} line {number} cannot be read: it is no object with an id")
    return row


def features(schema: Any) -> list[dict[str, str]] | None:
    """The columns in the form of `dataset_info`; None if some are lists or objects, which their Parquet tells."""
    import pyarrow as pa

    names = {"string": "string", "int64": "int64", "bool": "bool", "double": "float64"}
    if any(str(column.type) not in names or pa.types.is_nested(column.type) for column in schema):
        return None
    return [{"name": column.name, "dtype": names[str(column.type)]} for column in schema]


def fetch_beside(fetch: Callable[[str], Path], shards: Sequence[str], path: Path) -> None:
    """Write the JSON lines of a file again from its shards; `fetch` brings one of them here."""
    with path.open("wb") as file:
        for shard in shards:
            for rows in parquet_rows(fetch(shard)):
                file.write(b"".join(orjson.dumps(row) + b"\n" for row in rows))
