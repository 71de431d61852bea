"""The data of a folder as Arrow batches, and its columns as `datasets` writes them into a card's YAML.

The schema of Parquet files is read from them. JSON lines have none: their rows are read with the types that their
builder declares (writing.py), so that a string that looks like a date stays a string. Rows that do not fit, and those
of which nobody knows what they should be, are all looked at and kept as `synth push` keeps them (columns.py).
"""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from synth.data.builder import builder_of
from synth.data.columns import Plan
from synth.data.manifest import split_files
from synth.data.reading import TEXTS, chunks
from synth.data.writing import schema
from synth.errors import FolderError

Schema: TypeAlias = Any  # a pyarrow.Schema
Batch: TypeAlias = Any  # a pyarrow.Table of some rows
Manifest: TypeAlias = Mapping[str, Any]

BLOCK = 8 << 20  # bytes of JSON lines that are parsed at a time
ROWS = 8192  # rows of Parquet at a time


class OtherRowsError(Exception):
    """Rows do not have the types that their maker declared: look at all of them."""


def declared_plan(folder: Path, manifest: Manifest) -> Plan:
    """The columns as the files, or who made them, say they are.

    Raises OtherRowsError if nothing is known of them, or it cannot be. FolderError if files cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = [path for split in manifest["splits"] for path in split_files(folder, manifest, split)]
    try:
        if files and files[0].suffix == ".parquet":
            return _as_it_is(pa.unify_schemas([pq.read_schema(path).remove_metadata() for path in files]))
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise OtherRowsError from error
    except OSError as error:
        raise FolderError.from_os(error, str(folder)) from error
    declared = _declared(manifest)
    if declared is None or "judged" in manifest:  # judges add their verdicts, and not to every row
        raise OtherRowsError
    return _as_it_is(declared)


def _as_it_is(arrow_schema: Schema) -> Plan:
    return Plan(arrow_schema, {"optional": [], "json": []})


def _declared(manifest: Manifest) -> Schema | None:
    """The types that the maker of a folder says its rows have; None if it is not known."""
    from synth.data.survey import PROVENANCE, meta_of

    if (builder := builder_of(manifest)) is not None:
        return schema(builder.columns(manifest.get("config") or {}))
    return schema(meta_of(manifest), PROVENANCE) if "distilled" in manifest else None


def declared_batches(folder: Path, manifest: Manifest, split: str, wanted: Schema) -> Iterator[Batch]:
    """The rows of a split in order, some at a time, read as `wanted` says.

    Raises OtherRowsError if they are not so, FolderError if a file cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    for path in split_files(folder, manifest, split):
        try:
            if path.suffix == ".parquet":
                for batch in pq.ParquetFile(path).iter_batches(batch_size=ROWS):
                    yield pa.Table.from_batches([batch])
                continue
            with path.open("rb") as file:
                while lines := file.readlines(BLOCK):
                    yield _parse(lines, wanted)
        except OSError as error:
            raise FolderError.from_os(error, str(path)) from error
        except pa.ArrowInvalid as error:
            if path.suffix == ".parquet":
                raise FolderError(f"{path} cannot be read: {_line(error)}") from error
            raise OtherRowsError from error


def _parse(lines: list[bytes], wanted: Schema) -> Batch:
    import pyarrow.json as pj

    if not any(line.strip() for line in lines):
        return wanted.empty_table()
    parse = pj.ParseOptions(explicit_schema=wanted, unexpected_field_behavior="error")
    longest = max(map(len, lines)) + 2  # a line has to fit into a block
    read = pj.ReadOptions(block_size=max(1 << 20, longest))
    table = pj.read_json(io.BytesIO(b"".join(lines)), read_options=read, parse_options=parse)
    if any(table[name].null_count for name in TEXTS):
        raise OtherRowsError
    return table


def surveyed_batches(folder: Path, manifest: Manifest, split: str, plan: Plan) -> Iterator[Batch]:
    """The rows of a split in order, some at a time, as `synth push` keeps them (synth/releasing/shards.py, survey).

    Raises FolderError with file and line for a row that cannot be read.
    """
    import pyarrow as pa

    for rows, _ in chunks(folder, manifest, split):
        yield pa.Table.from_pylist(plan.encode(rows), schema=plan.schema)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
