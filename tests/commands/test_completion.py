"""What completes on Tab, asked as bash asks."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("synth va", ["validate"]),
        ("synth build l", ["listops"]),
        ("synth train ", ["llama", "mario", "star", "t5"]),
        ("synth tasks show comm", ["commonsenseqa", "commitmentbank"]),
        ("synth distill --task gs", ["gsm8k"]),
        ("synth distill --teacher gpt-4o-m", ["gpt-4o-mini"]),
        ("synth judge data --judge eq", ["equations"]),
        ("synth export data --to me", ["messages"]),
        ("synth estimate --task wino", ["winogrande"]),
    ],
)
def test_names_complete(line: str, expected: list[str]) -> None:
    words = line.split(" ")
    environment = {
        **os.environ,
        "_SYNTH_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    code = "import sys; sys.argv = ['synth']; from synth.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert sorted(done.stdout.split()) == sorted(expected), done.stderr
