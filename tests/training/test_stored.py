"""Rows of a training that lie in a file, and are the rows that were put there."""

import errno
import gc
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from training import RECORDS

from synth.errors import FolderError
from synth.record import Record
from synth.training import stored as module
from synth.training.encoding import IGNORED, Encoded
from synth.training.stored import Joined, stored

NUMBERS = st.lists(st.integers(IGNORED, 2**31), max_size=9)
ENCODED = st.builds(Encoded, NUMBERS, NUMBERS, codes=NUMBERS, at=st.none() | st.integers(0, 9))


@settings(max_examples=25)
@given(st.lists(ENCODED, max_size=9), st.integers(1, 60))
def test_rows_come_back_as_they_were_in_their_order(rows: list[Encoded], block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)  # several blocks, whose ends lie anywhere
        kept = stored(iter(rows), Encoded)
    assert list(kept) == list(kept) == rows
    assert [kept[index] for index in range(len(rows))] == rows
    assert kept[1:3] == rows[1:3]
    assert rows == [] or kept[-1] == rows[-1]
    with pytest.raises(IndexError):
        kept[len(rows)]


def test_a_record_keeps_all_that_it_has() -> None:
    odd = Record(
        "a/é\n",
        "t",
        "\0 \u2028 \U0001f600",
        "",
        "1.50",
        '"\\',
        {"n": None, "x": 1.5, "of": ["b", ""]},
        {"at": {"k": 1}},
    )
    rows = [odd, *RECORDS, replace(odd, meta={}, provenance=None)]
    assert list(stored(rows, Record)) == rows


@settings(max_examples=25)
@given(st.lists(st.lists(st.integers(), max_size=4), max_size=5))
def test_several_sequences_are_read_as_one(parts: list[list[int]]) -> None:
    whole = [number for part in parts for number in part]
    joined = Joined(parts)
    assert (list(joined), len(joined), joined[:]) == (whole, len(whole), whole)
    assert [joined[index] for index in range(-len(whole), len(whole))] == whole + whole
    with pytest.raises(IndexError):
        joined[len(whole)]


def test_nothing_is_left_on_the_disk_and_nothing_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    kept = stored(({"number": number} for number in ()), dict)
    rows = stored((Encoded([number], []) for number in range(1000)), Encoded)
    assert list(tmp_path.iterdir()) == []
    assert (len(kept), len(rows), rows[999].input_ids) == (0, 1000, [999])
    gc.collect()
    assert not [found for found in gc.get_objects() if type(found) is Encoded and found.labels == []]


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module, "_write", full)
        with pytest.raises(FolderError, match=r"do not get into .*TMPDIR=FOLDER.*: No space left on device; free some"):
            stored(RECORDS, Record)
    with pytest.raises(ZeroDivisionError):
        stored((RECORDS[1 // number] for number in (1, 0)), Record)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(FolderError, match="TMPDIR=FOLDER names another folder"):
        stored(RECORDS, Record)
