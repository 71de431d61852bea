"""The folders at the top are installed under one import name, and nothing heavy is imported before it is needed."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

tomllib = pytest.importorskip("tomllib")  # Python 3.11

ROOT = Path(__file__).parents[2]
MAPPED = ("builders", "cards", "studies", "trainers", "validators")
PACKAGES = ("synth", *MAPPED)
HEAVY = ("torch", "transformers", "datasets", "pandas", "great_expectations", "numpy", "pyarrow", "huggingface_hub")


def setuptools_table() -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    return table


def test_the_listed_packages_are_the_folders_that_hold_code() -> None:
    table = setuptools_table()
    folders = {
        str(path.parent.relative_to(ROOT))
        for top in PACKAGES
        for path in (ROOT / top).rglob("*.py")
        if "__pycache__" not in path.parts
    }
    assert set(table["packages"]) == {
        "synth" if folder == "synth" else f"synth.{folder.removeprefix('synth/').replace('/', '.')}"
        for folder in folders
    }
    assert table["package-dir"] == {"synth": "synth", **{f"synth.{name}": name for name in MAPPED}}


def test_nothing_is_installed_under_a_bare_name() -> None:
    distribution = importlib.metadata.distribution("rationale-synth")
    assert (distribution.read_text("top_level.txt") or "").split() == ["synth"]


def test_type_checkers_find_the_mapped_folders() -> None:
    links = {path.name: os.readlink(path) for path in (ROOT / "typings" / "synth").iterdir()}
    assert links == {name: f"../../{name}" for name in MAPPED}


def test_a_wheel_holds_every_file_of_the_packages(tmp_path: Path) -> None:
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    source = tmp_path / "source"
    for name in files:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_file():
            shutil.copy(ROOT / name, source / name, follow_symlinks=False)
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        held = set(wheel.namelist())
    packages = [name for name in files if name.split("/")[0] in PACKAGES]
    packaged = {name if name.startswith("synth/") else f"synth/{name}" for name in packages}
    assert packaged <= held
    assert not [name for name in held if name.split("/")[0] in MAPPED]


@pytest.mark.parametrize("words", [["--help"], ["build", "--help"], ["show", "--help"]])
def test_help_imports_nothing_heavy(words: list[str]) -> None:
    code = (
        "import sys, synth.cli\n"
        "try:\n    synth.cli.main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        f"loaded = [name for name in {HEAVY} if name in sys.modules]\n"
        "builders = [name for name in sys.modules if name.startswith('synth.builders.')]\n"
        "sys.exit(f'imported: {loaded + builders}' if loaded or builders else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Usage: " in done.stdout
