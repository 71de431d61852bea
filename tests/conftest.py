"""What the tests share."""

import gc
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import settings

from synth.cli import main

# The workers of pytest-xdist share the cores, so no library starts threads of its own in them or in their children.
os.environ |= {"OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}

# Clients trust one authority, which nobody is: they speak to this machine, and to read all 140 takes longer than that.
os.environ["SSL_CERT_FILE"] = str(Path(__file__).parent / "support" / "authority.pem")

# Nothing is timed here, and a run in CI tries the same examples every time; elsewhere each run tries others.
settings.register_profile("here", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("here")

Synth = Callable[..., "subprocess.CompletedProcess[str]"]


TOGETHER = ("bootstrapping", "conditioning", "probing")  # folders whose files share models that they train


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file is run by one worker, for the sake of what its tests share; so are some folders."""
    from xdist.scheduler import LoadFileScheduling

    class Rooms(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            folder = file.rpartition("/")[0]
            return folder if folder.rpartition("/")[2] in TOGETHER else file

    return Rooms(config, log) if config.getoption("dist") == "loadfile" else None


FROZEN = {"modules": 0}


def pytest_runtest_logfinish() -> None:
    """What libraries made when they were imported is no garbage: every training would look through it again."""
    if len(sys.modules) > FROZEN["modules"] + 200:
        gc.collect()
        gc.freeze()
        FROZEN["modules"] = len(sys.modules)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real records for trying things on, which are not part of the project."""
    folder = Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder with real data is not here")
    return folder


@pytest.fixture
def synth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Synth:
    """Run the command line in an empty folder: `synth("build", "listops", ...)`.

    It runs in this process, because starting Python takes most of the time of a short run. Words, folder and
    environment are put back afterwards.
    """

    def run(*words: object) -> "subprocess.CompletedProcess[str]":
        capfd.readouterr()
        with mock.patch.dict(os.environ), monkeypatch.context() as inside:
            inside.chdir(tmp_path)
            inside.setattr(sys, "argv", ["synth", *map(str, words)])
            with pytest.raises(SystemExit) as ended:
                main()
        code = ended.value.code or 0
        return subprocess.CompletedProcess(words, int(code), *capfd.readouterr())

    return run


@pytest.fixture
def synth_process(tmp_path: Path) -> Synth:
    """Run the command line as a user does, in a process of its own: for what needs its own environment or signals."""

    def run(*words: object, **options: object) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "synth", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False, **options)

    return run
