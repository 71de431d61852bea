"""Work spread over processes, from wherever a user starts it."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
from synth.workers.local import ordered, pool

print("once")
with pool(2) as executor:
    print(list(ordered(executor, abs, range(-5, 0), 2)))
"""


@pytest.mark.parametrize("way", ["script", "standard input", "-c"])
def test_a_script_without_a_guard_runs_once(way: str, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    words = {"script": ["script.py"], "standard input": ["-"], "-c": ["-c", SCRIPT]}[way]
    command = [sys.executable, *words]
    done = subprocess.run(command, input=SCRIPT, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "once\n[5, 4, 3, 2, 1]\n", done.stderr
