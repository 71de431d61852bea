"""2WikiMultiHopQA: every kind of file, split and source that records are read from."""

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest import mock

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from golden import GOLDEN
from hypothesis import given, settings
from hypothesis import strategies as st
from twowiki_rows import SAMPLES, kept, make, record

from synth.builders import twowiki
from synth.builders.twowiki import source as twowiki_source
from synth.builders.twowiki.source import File, pieces
from synth.builders.twowiki.tidy import read as read_record
from synth.building.build import carry_out as build
from synth.building.options import Options
from synth.data.manifest import open_manifest
from synth.errors import SourceError
from synth.record import Rejected


def test_rows_are_those_of_0_1_0_but_for_the_new_column() -> None:
    for split in ("train", "test"):
        old = [orjson.loads(line) for line in (GOLDEN / "2wiki" / f"{split}.jsonl").read_bytes().splitlines()]
        new = [orjson.loads(orjson.dumps(row)) for row in kept(split)[: len(old)]]
        assert [row["meta"].pop("facts_added") for row in new] == [0] * len(old)
        assert new == old


def test_every_layout_reads_alike() -> None:
    official = record("made-up-dev-03")
    text = {key: json.dumps(value) if isinstance(value, list) else value for key, value in official.items()}
    columns = {
        **official,
        "context": {"title": [t for t, _ in official["context"]], "sentences": [s for _, s in official["context"]]},
        "supporting_facts": {
            "title": [t for t, _ in official["supporting_facts"]],
            "sent_id": [i for _, i in official["supporting_facts"]],
        },
        "evidences": [{"fact": s, "relation": r, "entity": o} for s, r, o in official["evidences"]],
    }
    assert read_record(text) == read_record(columns) == read_record(official)


AWKWARD = st.text(alphabet='"{}[],: _id\\\n\u00e9x', max_size=30) | st.just('"}, {"_id": "') | st.just('}, {"_id":')
INDENT = st.sampled_from([None, 1])


@given(texts=st.lists(st.tuples(AWKWARD, AWKWARD), min_size=1, max_size=6), indent=INDENT, size=st.integers(16, 90))
@settings(max_examples=60)
def test_a_file_cut_into_pieces_has_all_its_records(
    texts: list[tuple[str, str]], indent: int | None, size: int
) -> None:
    """Records with anything in their texts, cut at any width, come out as they went in."""
    wanted = [{"_id": f"{n}", "question": a, "context": [[b, [a, b]]]} for n, (a, b) in enumerate(texts)]
    array = json.dumps(wanted, indent=indent, ensure_ascii=False).encode()
    lines = b"\n".join(orjson.dumps(record) for record in wanted) + b"\n"
    for raw in (array, lines):
        with (
            mock.patch.object(twowiki_source, "PIECE", size),
            mock.patch.object(File, "open", return_value=BytesIO(raw)),
        ):
            cut = [piece.records() for piece in pieces(File(Path("dev.json")))]
        assert [record for piece in cut for record in piece] == wanted


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the made-up records in it."""
    for name, split in (("train", "train"), ("dev", "test")):
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / f"{name}.json").write_bytes(orjson.dumps(SAMPLES[split]))
    return tmp_path / "data"


def as_lines(records: list[Any]) -> bytes:
    return b"\n".join(map(orjson.dumps, records))


def as_parquet(records: list[Any]) -> bytes:
    rows = [{k: json.dumps(v) if isinstance(v, list) else v for k, v in record.items()} for record in records]
    out = BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


def as_zip(records: list[Any]) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("data/dev.json", orjson.dumps(records))
        archive.writestr("data/test.json", "[]")
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("dev.jsonl", as_lines),
        ("validation-00000-of-00001.parquet", as_parquet),
        ("data.zip", as_zip),
        ("dev.json", lambda records: orjson.dumps({"data": records})),
        ("dev.json", lambda records: orjson.dumps({record["_id"]: record for record in records})),
        ("records.json", lambda records: b"\xef\xbb\xbf" + orjson.dumps(records, option=orjson.OPT_INDENT_2)),
    ],
)
def test_every_kind_of_file_gives_the_same_rows(name: str, write: Callable[[list[Any]], bytes], tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(write(SAMPLES["test"]))
    rows = [replace(row, meta={}) for row in kept(source=str(tmp_path / name), exemplars=0)]
    assert rows == [replace(row, meta={}) for row in kept(exemplars=0)]


def test_the_split_of_a_file_follows_its_name_or_what_is_said(folder: Path) -> None:
    assert set(twowiki.splits(twowiki.Config(source=str(folder)))) == {"train", "test"}
    assert set(twowiki.splits(twowiki.Config(source=str(folder), source_split="train"))) == {"train"}
    assert set(twowiki.splits(twowiki.Config(source=str(folder / "train.json")))) == {"train"}
    (folder / "dev.json").rename(folder / "mine.json")
    assert set(twowiki.splits(twowiki.Config(source=str(folder / "mine.json")))) == {"test"}
    assert set(twowiki.splits(twowiki.Config(source=str(folder / "mine.json"), source_split="train"))) == {"train"}


LACKING = {key: value for key, value in SAMPLES["test"][0].items() if key not in ("context", "question")}
BAD: dict[str, tuple[bytes, str]] = {
    "truncated": (orjson.dumps(SAMPLES["test"])[:-500], "in the middle of a record: download it again"),
    "cut at a bracket": (b'[{"_id": "a", "evidences": [["a", "b", "c"]]', "not JSON"),
    "no evidences": (orjson.dumps([{**SAMPLES["test"][0], "evidences": None}]), "without evidences"),
    "test split": (
        orjson.dumps([{**SAMPLES["test"][0], "evidences": [], "answer": ""}]),
        "test split .* has no answers",
    ),
    "fields": (orjson.dumps([LACKING]), "has no question, context"),
    "text": (b"hello", "not JSON"),
    "empty": (b"", "not JSON"),
    "no records": (b"[]", "holds no records"),
    "numbers": (b"[1, 2]", "holds no records"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_file_that_cannot_be_used_is_explained_in_one_line(what: str, tmp_path: Path) -> None:
    raw, message = BAD[what]
    (tmp_path / "dev.json").write_bytes(raw)
    with pytest.raises(SourceError, match=message) as error:
        build("2wiki", twowiki.Config(source=str(tmp_path / "dev.json")), Options(tmp_path / "out", workers=1))
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("nothing.json", None, "is no file or folder"),
        ("a.zip", b"no zip", "is no zip that can be read"),
        ("dev.parquet", b"no parquet", "is no Parquet file"),
        ("", None, r"has no train.json or dev.json, only other files"),
    ],
)
def test_a_source_that_is_not_there_is_explained(name: str, raw: bytes | None, message: str, tmp_path: Path) -> None:
    if raw is not None:
        (tmp_path / name).write_bytes(raw)
    with pytest.raises(SourceError, match=message):
        kept(source=str(tmp_path / name))


def test_a_folder_with_the_test_split_alone(tmp_path: Path) -> None:
    (tmp_path / "test.json").write_text("[]")
    with pytest.raises(SourceError, match=r"test.json has no answers"):
        kept(source=str(tmp_path))


def test_a_dataset_on_the_hub_without_a_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub

    def refuse(*_: Any, **__: Any) -> str:
        raise OSError("no network")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(SourceError, match=r"fetched \(no network\): give --source a folder, .* dev.json"):
        kept(source="nobody/nothing")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: str(tmp_path))
    (tmp_path / "dev.json").write_bytes(orjson.dumps(SAMPLES["test"]))
    assert kept(source="somebody/something", exemplars=0) == kept(exemplars=0)


def test_a_record_that_lacks_something_among_others_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "dev.json").write_bytes(orjson.dumps([SAMPLES["test"][0], LACKING, {}, 7]))
    drops = [row for row in make(source=str(tmp_path / "dev.json")) if isinstance(row, Rejected)]
    assert [drop.reason for drop in drops] == ["missing_field"] * 3
    assert drops[0].detail.endswith("has no question, context")


def test_the_manifest_knows_its_source(folder: Path, tmp_path: Path) -> None:
    config = twowiki.Config(source=str(folder), train=3)
    (result,) = build("2wiki", config, Options(tmp_path / "out", workers=1))
    manifest = open_manifest(result.folder)
    assert set(manifest["source"]) == {"train.json", "dev.json"}
    assert all(len(digest) == 64 for digest in manifest["source"].values())
    assert manifest["splits"]["train"]["rows"] == 3
    assert build("2wiki", config, Options(tmp_path / "out", workers=1))[0].already_there
