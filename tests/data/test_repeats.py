"""Repeats in many files are found as a record of all that was taken finds them, for any size of the slices."""

from pathlib import Path

import numpy as np
from hypothesis import given
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


@given(st.lists(VALUES, max_size=30))
def test_a_run_comes_back_from_its_file(tmp_path_factory: object, values: list[int]) -> None:
    path = Path(str(tmp_path_factory.mktemp("run"))) / "prints"  # type: ignore[attr-defined]
    run = in_order(array(values))
    keep_run(path, run)
    back = kept_run(path)
    assert (back.prints.tolist(), back.offsets.tolist()) == (run.prints.tolist(), run.offsets.tolist())
    assert run.prints.tolist() == sorted(values)
    assert [values[at] for at in run.offsets] == run.prints.tolist()
