"""Repeats in many files are found as a record of all that was taken finds them, for any size of the slices."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.data.fingerprints import Prints, Seen
from synth.data.repeats import Run, in_order, keep_run, kept_run, repeats

# Few values, so that they repeat, spread over all slices, and their neighbours; the smallest and the largest print.
VALUES = st.sampled_from([*(at << 60 for at in range(16)), *((at << 60) + 1 for at in range(16)), 2**64 - 1])
FILES = st.lists(st.lists(VALUES, max_size=30), max_size=8)


def array(values: list[int]) -> Prints:
    return np.array(values, dtype=np.uint64)


@given(FILES, st.integers(1, 40))
def test_repeats_are_those_of_the_record_of_what_was_taken(files: list[list[int]], most: int) -> None:
    seen = Seen(spill=4)
    wanted = [np.flatnonzero(~seen.take(array(values))).tolist() for values in files]
    seen.close()
    assert [found.tolist() for found in repeats([in_order(array(values)) for values in files], most)] == wanted


@given(FILES, st.integers(1, 40), st.data())
@settings(max_examples=60)
def test_rows_that_do_not_count_take_nothing(files: list[list[int]], most: int, data: st.DataObject) -> None:
    runs, wanted, seen = [], [], Seen()
    for values in files:
        gone = data.draw(st.sets(st.integers(0, 30)))
        until = data.draw(st.none() | st.integers(0, 30))
        run = in_order(array(values))
        runs.append(Run(run.prints, run.offsets, np.array(sorted(gone), dtype=np.uint32), until))
        places = [at for at in range(len(values)) if at not in gone and (until is None or at < until)]
        taken = seen.take(array([values[at] for at in places]))
        wanted.append([at for at, first in zip(places, taken, strict=True) if not first])
    seen.close()
    assert [found.tolist() for found in repeats(runs, most)] == wanted


@pytest.mark.parametrize("values", [[], [2**64 - 1], [7, 2**63, 7, 0]])
def test_a_run_comes_back_from_its_file(tmp_path: Path, values: list[int]) -> None:
    run = in_order(array(values))
    keep_run(tmp_path / "prints", run)
    back = kept_run(tmp_path / "prints")
    assert (len(back.prints), len(back.offsets)) == (len(values), len(values))
    for start in range(len(values) + 1):
        assert [part.tolist() for part in back.part(start, start + 2)] == [
            part.tolist() for part in run.part(start, start + 2)
        ]
    assert run.prints.tolist() == sorted(values)
    assert [values[at] for at in run.offsets] == run.prints.tolist()


def test_runs_in_files_keep_none_of_them_open(tmp_path: Path) -> None:
    for at in range(20):
        keep_run(tmp_path / str(at), in_order(array([at, 3, at])))
    before = len(os.listdir("/dev/fd"))
    runs = [kept_run(tmp_path / str(at)) for at in range(20)]
    assert [found.tolist() for found in repeats(runs)] == [[2], *[[1, 2]] * 2, [0, 1, 2], *[[1, 2]] * 16]
    assert len(os.listdir("/dev/fd")) == before
