"""One table of rows, written in every format, encoding and compression, reads as the same questions."""

import bz2
import csv
import gzip
import io
import json
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from task_rows import lines, message

from synth.errors import SourceError
from synth.questions.files import rows as entries
from synth.questions.layouts import Layout, Reader
from synth.questions.loading import load
from synth.questions.task import Question, Task

Table = list[dict[str, str]]
LAYOUTS = (Layout("own", "question", "label", id="id"),)
TASK = Task("t", "own", "", "Answer.", "text", Reader(*LAYOUTS))
NAMES = ("id", "question", "label")


def jsonl(rows: Table, end: str = "\n") -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + end for row in rows)


def table(rows: Table, separator: str, head: str = "", end: str = "\r\n") -> str:
    file = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if end == "\r" else csv.QUOTE_MINIMAL  # which leaves a LF unquoted if a CR ends lines
    writer = csv.DictWriter(file, NAMES, delimiter=separator, lineterminator=end, quoting=quoting)
    writer.writeheader()
    writer.writerows(rows)
    return head + file.getvalue()


def arrow(rows: Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, pa.Table.from_pylist(rows).schema) as writer:
        writer.write_table(pa.Table.from_pylist(rows))
    return bytes(sink.getvalue())


def feather(rows: Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, pa.Table.from_pylist(rows).schema) as writer:
        writer.write_table(pa.Table.from_pylist(rows))
    return bytes(sink.getvalue())


def parquet(rows: Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return bytes(sink.getvalue())


TEXTS: dict[str, Callable[[Table], str]] = {
    "x.jsonl": jsonl,
    "crlf.jsonl": lambda rows: jsonl(rows, "\r\n"),
    "cr.jsonl": lambda rows: jsonl(rows, "\r"),
    "lines.json": jsonl,
    "array.json": lambda rows: json.dumps(rows, indent=1),
    "ascii.json": json.dumps,
    "data.json": lambda rows: json.dumps({"version": "1.0", "data": rows, "authors": ["me"]}),
    "keys.jsonl": lambda rows: json.dumps({str(at): row for at, row in enumerate(rows)}),
    "comma.csv": lambda rows: table(rows, ","),
    "cr.csv": lambda rows: table(rows, ",", end="\r"),
    "semicolon.csv": lambda rows: table(rows, ";"),
    "tab.csv": lambda rows: table(rows, "\t"),
    "bar.csv": lambda rows: table(rows, "|"),
    "excel.csv": lambda rows: table(rows, ";", "sep=;\r\n"),
    "pandas.tsv": lambda rows: table(rows, "\t", end="\n"),
}
BYTES: dict[str, Callable[[Table], bytes]] = {"x.parquet": parquet, "x.arrow": arrow, "feather.arrow": feather}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")


def zipped(content: bytes, name: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"__MACOSX/._{name}", b"\0")
        archive.writestr(f"data/{name}", content)
    return file.getvalue()


def zstd(content: bytes) -> bytes:
    half = len(content) // 2
    parts = (pa.compress(part, "zstd", asbytes=True) for part in (content[:half], content[half:]))
    return b"".join(parts)  # pzstd writes several frames


PACKED: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": zstd,
}  # fmt: skip

# Line breaks and tabs inside of a cell are right in every format; signs that only look like an end of line too.
CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1, max_size=12).filter(
    lambda cell: bool(cell.strip()) and cell == cell.strip()
)
ROWS = st.lists(st.fixed_dictionaries({"question": CELL, "label": CELL}), min_size=1, max_size=4)


def with_ids(rows: Table) -> Table:
    return [{"id": f"q{at}", **row} for at, row in enumerate(rows)]


@given(ROWS, st.sampled_from(ENCODINGS), st.sampled_from(["", *PACKED, ".zip"]))
@example([{"question": 'He said "2\tand\n2",\u2028then?', "label": "007"}], "utf-16", ".gz")
@example([{"question": '"', "label": '""'}, {"question": "a", "label": '"x"'}], "utf-8", "")
def test_every_format_reads_the_same(
    tmp_path_factory: pytest.TempPathFactory, rows: Table, encoding: str, packing: str
) -> None:
    folder, rows = tmp_path_factory.mktemp("formats"), with_ids(rows)
    contents = {name: write(rows).encode(encoding) for name, write in TEXTS.items()}
    contents |= {name: write(rows) for name, write in BYTES.items()}
    for name, content in contents.items():
        path = folder / (name + packing if packing != ".zip" else f"{name}.zip")
        path.write_bytes(zipped(content, name) if packing == ".zip" else PACKED.get(packing, bytes)(content))
        assert [dict(entry.row) for entry in entries(path, None, LAYOUTS)] == rows, path


def one(tmp_path: Path, name: str, content: str | bytes) -> list[Question]:
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(load(TASK, str(tmp_path / name)))


def test_what_separates_cells_is_taken_only_if_the_names_then_fit(tmp_path: Path) -> None:
    assert one(tmp_path, "a.csv", "id, question, label\na, One; two?, 4\n") == [Question("a", "One; two?", (), "4")]
    with pytest.raises(SourceError, match="lacks question, label; it has nr;text;right"):
        one(tmp_path, "b.csv", "nr;text;right\n1;One?;4\n")
    assert one(tmp_path, "c.csv", 'SEP=|\nid|question|label\na|"One|two?"|4\n')[0].text == "One|two?"
    assert one(tmp_path, "d.csv", "question,label\nWhat; then?,4\n")[0].text == "What; then?"


def test_a_name_that_stands_over_two_columns_is_refused(tmp_path: Path) -> None:
    for name, separator in (("x.csv", ","), ("x.tsv", "\t")):
        with pytest.raises(SourceError, match="line 1 has two columns 'question'"):
            one(tmp_path, name, separator.join(["id", "question", "question", "label"]) + "\n")


# Without quotes, as MaRio writes its questions.
def test_a_record_over_several_lines(tmp_path: Path) -> None:
    content = "question\trationale\tlabel\nA cat has \n\n(A) no (B) one\tdummy\t(A)\nWhat?\tdummy\tthis\n"
    assert [(q.text, q.gold) for q in one(tmp_path, "x.tsv", content)] == [
        ("A cat has \n\n(A) no (B) one", "a"), ("What?", "this"),
    ]  # fmt: skip
    quoted = 'id\tquestion\tlabel\na\t"He said\nthen?"\t4\nb\t"Tab\there"\t5\n'
    assert [q.text for q in one(tmp_path, "y.tsv", quoted)] == ["He said\nthen?", "Tab\there"]
    plain = 'id\tquestion\tlabel\na\t"He said\t4\nb\t then?"\t5\n'
    assert [q.text for q in one(tmp_path, "z.tsv", plain)] == ['"He said', 'then?"']


SHORT = {
    "both lack the last cell": "id\tquestion\tlabel\na\tOne?\nb\tTwo?\nc\tThree?\t3\n",
    "only an id": "id\tquestion\tlabel\na\nb\tTwo?\t2\n",
    "too many": "id\tquestion\tlabel\na\tOne?\t1\t2\n",
    "the last one": "id\tquestion\tlabel\na\tOne?\n",
}


@pytest.mark.parametrize("case", SHORT)
def test_lines_that_may_be_several_records_are_refused(tmp_path: Path, case: str) -> None:
    with pytest.raises(SourceError, match=r"x\.tsv line 2 has \d columns, the others have 3") as error:
        one(tmp_path, "x.tsv", SHORT[case])
    message(error)


def test_a_list_in_an_object(tmp_path: Path) -> None:
    row = {"id": "a", "question": "What?", "label": "4"}
    splits = {"train": [row], "test": [{**row, "id": "b"}, {**row, "id": "c"}]}
    (tmp_path / "x.json").write_text(json.dumps(splits))
    source = str(tmp_path / "x.json")
    assert [q.id for q in load(TASK, source)] == ["a"]
    assert [q.id for q in load(TASK, source, "test")] == ["b", "c"]
    with pytest.raises(SourceError, match="no list named for the split 'dev': it has train, test; name one with --sp"):
        list(load(TASK, source, "dev"))
    (tmp_path / "y.json").write_text(json.dumps({"a": [row], "b": [row]}))
    with pytest.raises(SourceError, match="has 2 lists: a, b; name one with --split"):
        list(load(TASK, str(tmp_path / "y.json")))
    whole = {**row, "facts": [{"text": "It is."}]}
    (tmp_path / "z.json").write_text(json.dumps(whole))
    assert [q.id for q in load(TASK, str(tmp_path / "z.json"))] == ["a"]


BROKEN: dict[str, tuple[bytes, str]] = {
    "x.jsonl.gz": (b"plain", "Not a gzipped file"),
    "cut.jsonl.gz": (gzip.compress(jsonl(with_ids([{"question": "W", "label": "1"}])).encode())[:-9], "cannot be read"),
    "x.jsonl.zst": (b"plain", "ZSTD"),
    "x.jsonl.xz": (b"plain", "Input format not supported"),
    "x.zip": (b"plain", "File is not a zip file"),
    "empty.zip": (zipped(b"", "x.docx"), "holds no file that can be read"),
    "x.tar.gz": (gzip.compress(b"x"), "cannot be read by its name"),
    "latin.csv": ("question,label\nOne?,1\nZo\xeb?,2\n".encode("latin-1"), "line 3 is not UTF-8 text"),
    "latin.jsonl": (
        '{"question": "Zo\xeb?", "label": "2"}\n'.encode("latin-1"),
        "line 1 cannot be read: str is not val",
    ),
    "half.jsonl": ("\ufeffx".encode("utf-16-le")[:3], "is not UTF-16-LE text"),
    "x.arrow": (b"plain", "cannot be read"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_opened_is_one_line(tmp_path: Path, name: str) -> None:
    content, said = BROKEN[name]
    with pytest.raises(SourceError, match=said) as error:
        one(tmp_path, name, content)
    assert message(error).startswith(str(tmp_path / name))


def test_a_zip_of_several_asks_for_one(tmp_path: Path) -> None:
    row = {"question": "What?", "label": "4"}
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name in ("raw/train.jsonl", "teacher/train.jsonl", "raw/test.jsonl"):
            archive.writestr(name, json.dumps(row))
    with pytest.raises(SourceError, match=r"x\.zip has 2 files named for the split 'train': raw/train.jsonl, teacher/"):
        list(load(TASK, str(tmp_path / "x.zip")))
    assert len(list(load(TASK, str(tmp_path / "x.zip"), "test"))) == 1


def test_a_folder_that_holds_more_than_one_asks_for_one(tmp_path: Path) -> None:
    row = {"question": "What?", "label": "4"}
    for name in ("raw/train.jsonl", "gpt3/train_responses.jsonl"):
        (tmp_path / name).parent.mkdir()
        lines(tmp_path / name, row)
    with pytest.raises(
        SourceError, match=r"2 files.*: gpt3/train_responses\.jsonl, raw/train\.jsonl; give one"
    ) as error:
        list(load(TASK, str(tmp_path)))
    message(error)
    assert len(list(load(TASK, str(tmp_path), config="raw"))) == 1
    with pytest.raises(SourceError, match="has no folder 'main': it has gpt3, raw"):
        list(load(TASK, str(tmp_path), config="main"))


def test_numbered_parts_of_one_file_are_read_together(tmp_path: Path) -> None:
    for at in range(3):
        lines(tmp_path / f"train-0000{at}-of-00003.jsonl", {"id": f"q{at}", "question": "What?", "label": "4"})
    assert [q.id for q in load(TASK, str(tmp_path))] == ["q0", "q1", "q2"]
    (tmp_path / "train-00001-of-00003.jsonl").unlink()
    with pytest.raises(SourceError, match="is one of 3 parts, of which only 2 are here"):
        list(load(TASK, str(tmp_path)))


def test_parquet_that_is_built_by_windows_is_read_together(tmp_path: Path) -> None:
    for at in range(3):
        table = pa.table({"id": [f"q{at}"], "question": ["What?"], "label": ["4"]})
        pq.write_table(table, tmp_path / f"train-0000{at}.parquet")
    assert [q.id for q in load(TASK, str(tmp_path))] == ["q0", "q1", "q2"]
    (tmp_path / "train-00001.parquet").unlink()
    with pytest.raises(SourceError, match="is one of several parts, and part 00001 is not here"):
        list(load(TASK, str(tmp_path)))
