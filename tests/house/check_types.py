"""Run the type checkers that are named (mypy if none is), and fail if one of them did not look at every file.

mypy reads the tree as it stands and finds the wings through `typings/`. ty reads a copy in which every folder is
where it is installed, so that names like `synth.builders.listops` resolve as they do for a user.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from mypy import api

ROOT = Path(__file__).parents[2]
WINGS = ("builders", "validators", "trainers", "cards", "studies")
FILES = sum(1 for folder in ("synth", *WINGS) for _ in (ROOT / folder).rglob("*.py"))


def mypy() -> int:
    report, errors, code = api.run([])
    print(report, errors, sep="", end="")
    return _complete("mypy", r"(\d+) source files", report) or code


def ty() -> int:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("synth", *WINGS):
            place = Path(folder, name) if name == "synth" else Path(folder, "synth", name)
            shutil.copytree(ROOT / name, place, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", folder)
        command = [Path(sys.executable).parent / "ty", "check", "-v", "--no-progress", "--output-format=concise"]
        done = subprocess.run(
            [*command, f"--python={sys.prefix}"], cwd=folder, capture_output=True, text=True, check=False
        )
    print(done.stdout, end="")
    return _complete("ty", r"Indexed (\d+) file", done.stderr) or done.returncode


def _complete(tool: str, pattern: str, report: str) -> int:
    seen = re.search(pattern, report)
    if seen is not None and int(seen[1]) == FILES:
        return 0
    print(f"{tool} looked at {seen[1] if seen else 'none'} of {FILES} files", report, sep="\n")
    return 1


if __name__ == "__main__":
    checkers = {"mypy": mypy, "ty": ty}
    sys.exit(max(checkers[name]() for name in sys.argv[1:] or ["mypy"]))
