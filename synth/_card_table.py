"""The data of a folder as Arrow batches, and its columns as `datasets` writes them into a card's YAML.

The schema of Parquet files is read from them. JSON lines have none: their rows are read with the types that their
builder declares (synth/tables.py), so that a string that looks like a date stays one; where rows do not fit, all of
them are looked at for their types.
"""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import orjson

from synth import registry
from synth.errors import FolderError
from synth.record import FIELDS
from synth.store import split_files
from synth.tables import schema

Schema: TypeAlias = Any  # a pyarrow.Schema
Batch: TypeAlias = Any  # a pyarrow.Table of some rows
Manifest: TypeAlias = Mapping[str, Any]

BLOCK = 8 << 20  # bytes of JSON lines that are parsed at a time
ROWS = 8192  # rows of Parquet at a time
NAMES = {
    "double": "float64",
    "float": "float32",
    "halffloat": "float16",
}  # Arrow's names that `datasets` has others for


def find_schema(folder: Path, manifest: Manifest) -> Schema:
    """The Arrow schema of all splits of a dataset folder.

    Raises FolderError where a file cannot be read, or where splits differ in what no type can hold.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = [path for split in manifest["splits"] for path in split_files(folder, manifest, split)]
    try:
        if files and files[0].suffix == ".parquet":
            return pa.unify_schemas([pq.read_schema(path).remove_metadata() for path in files])
        declared = _declared(manifest)
        if "judged" not in manifest and declared is not None and all(_fits(path, declared) for path in files):
            return declared
        return _told_from_rows(files, declared)  # judges add their verdicts, and not to every row
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise FolderError(f"{folder}: its splits do not have the same columns ({_line(error)})") from error
    except OSError as error:
        raise FolderError.from_os(error, str(folder)) from error


def _declared(manifest: Manifest) -> Schema | None:
    """The types that the maker of a folder says its rows have; None where it is not known."""
    from synth.distill import META, PROVENANCE

    if manifest.get("builder") in registry.names("builders"):
        return schema(registry.load("builders", manifest["builder"]).META)
    return schema(META, PROVENANCE) if "distilled" in manifest else None


def _fits(path: Path, wanted: Schema) -> bool:
    """Whether the first rows of a file are as declared; `batches` finds out about the others."""
    with path.open("rb") as file:
        lines = file.readlines(BLOCK // 8)
    try:
        return all(set(orjson.loads(line)) == set(FIELDS) for line in lines[:8]) and _parse(lines, wanted) is not None
    except (FolderError, ValueError, TypeError):
        return False


def _told_from_rows(files: list[Path], declared: Schema | None) -> Schema:
    """One pass over all rows that remembers the types seen: memory does not grow with the rows.

    A column that holds nothing but null has its declared type.
    """
    import pyarrow as pa

    seen: Any = pa.struct([(name, pa.null()) for name in FIELDS])
    for path in files:
        with path.open("rb") as file:
            while lines := file.readlines(BLOCK):
                rows = [_loaded(line, path) for line in lines if line.strip()]
                found = pa.schema(list(pa.infer_type(rows))) if rows else pa.schema([])
                seen = pa.struct(pa.unify_schemas([pa.schema(list(seen)), found], promote_options="permissive"))
    known = declared or schema({})
    return pa.schema([(field.name, _known(field.type, _type_of(known, field.name))) for field in seen])


def _known(seen: Any, declared: Any) -> Any:
    """The type seen, with the declared one wherever nothing but null was seen."""
    import pyarrow as pa

    if pa.types.is_null(seen):
        return declared
    if pa.types.is_struct(seen):
        return pa.struct([(field.name, _known(field.type, _type_of(declared, field.name))) for field in seen])
    return seen


def _type_of(fields: Any, name: str) -> Any:
    """The type of a field of a schema or a struct; null where it has none of this name."""
    import pyarrow as pa

    names = [field.name for field in fields] if isinstance(fields, pa.Schema) or pa.types.is_struct(fields) else []
    return fields.field(name).type if name in names else pa.null()


def _loaded(line: bytes, path: Path) -> dict[str, Any]:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise FolderError(f"{path} has a line that is not JSON ({error}): build the folder again") from error
    if not isinstance(row, dict):
        raise FolderError(f"{path} has a line that is no row: build the folder again")
    return row


def batches(folder: Path, manifest: Manifest, split: str, wanted: Schema) -> Iterator[Batch]:
    """The rows of a split in order, some at a time.

    Raises FolderError where rows are not as `wanted` says.
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
            raise FolderError(f"{path} cannot be read: {_line(error)}") from error


def _parse(lines: list[bytes], wanted: Schema) -> Batch:
    import pyarrow as pa
    import pyarrow.json as pj

    if not any(line.strip() for line in lines):
        return wanted.empty_table()
    data = b"".join(lines)
    parse = pj.ParseOptions(explicit_schema=wanted, unexpected_field_behavior="error")
    longest = max(map(len, lines)) + 2  # a line has to fit into a block
    read = pj.ReadOptions(block_size=max(1 << 20, longest))
    try:
        return pj.read_json(io.BytesIO(data), read_options=read, parse_options=parse)
    except pa.ArrowInvalid as error:
        raise FolderError(f"rows are not as their dataset says ({_line(error)}): build the folder again") from error


def features(arrow_schema: Schema) -> list[dict[str, Any]]:
    """Columns in the form of a card's `dataset_info`, as `datasets.Features` writes and reads it."""
    return [_feature(field) for field in arrow_schema]


def _feature(field: Any) -> dict[str, Any]:
    return {"name": field.name, **_type(field.type)}


def _type(kind: Any) -> dict[str, Any]:
    """Of one type: `dtype: string`, `struct: [...]` or `list: ...` (datasets/features/features.py, _to_yaml_list)."""
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return {"struct": [_feature(field) for field in kind]}
    if pa.types.is_list(kind):
        inner = _type(kind.value_type)
        return {"list": inner.get("dtype") or inner["struct"] if "list" not in inner else inner}
    return {"dtype": NAMES.get(str(kind), str(kind))}


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
