"""Two runs with --batch on one request store: the second says who is there, and one that died holds nothing."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from distillations import Synth, right, words
from loopback import serving

from synth.errors import FolderError
from synth.teachers.batch_lock import alone_at

HOLD = "import sys, pathlib; from synth.teachers.batch_lock import alone_at\n"
HOLD += "with alone_at(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"


@contextmanager
def held(store: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", HOLD, str(store)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        yield other
        other.kill()


def test_the_second_run_names_the_first_and_does_nothing(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str]
) -> None:
    with serving(right) as teacher, held(tmp_path / "out" / "requests.sqlite") as other:
        command = words(teacher, questions(3), "--batch")
        done = synth(*command)
        assert done.returncode == 1
        assert f"another run with --batch (process {other.pid}, since " in done.stderr
        assert "works on out/requests.sqlite: wait for it, or give another --cache" in done.stderr
        assert done.stderr.count("\n") == 1
        assert not teacher.seen
        assert synth(*command, "--cache", "mine.sqlite").returncode == 3
        other.kill()
        other.wait()
        assert synth(*command).returncode == 3


def test_a_direct_run_is_not_held_up(synth: Synth, tmp_path: Path, questions: Callable[[int], str]) -> None:
    with serving(right) as teacher, held(tmp_path / "out" / "requests.sqlite"):
        assert synth(*words(teacher, questions(3))).returncode == 0


def test_it_can_be_taken_again(tmp_path: Path) -> None:
    store = tmp_path / "new" / "store.sqlite"
    for _ in range(2):
        with alone_at(store), pytest.raises(FolderError, match=f"process {os.getpid()}"), alone_at(store):
            pass


def test_another_file_in_its_place_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "store.sqlite-batch").write_bytes(b"this is no lock " * 100)
    with pytest.raises(FolderError, match="is no lock of ours"), alone_at(tmp_path / "store.sqlite"):
        pass


def test_a_place_that_cannot_be_written_to_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FolderError, match="give another --cache"), alone_at(tmp_path / "file" / "store.sqlite"):
        pass
