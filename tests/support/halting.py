"""Runs of `synth` that stand still at a chosen point, so that a test can kill or interrupt them exactly there.

The test reads from a pipe until the run says that it has got there. Nothing is polled and nothing waits by the clock.
"""

import importlib
import itertools
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import Any

HERE = "here\n"


@contextmanager
def halted(
    words: Sequence[object], at: str, times: int = 1, folder: Path | None = None, **options: Any
) -> Iterator["subprocess.Popen[str]"]:
    """`synth WORDS` in a process that stands still when it has called `at` (module:name) so many times."""
    command = [sys.executable, __file__, at, str(times), *map(str, words)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=folder, text=True, **pipes, **options) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        if HERE not in iter(process.stdout.readline, ""):
            raise AssertionError(f"it ended before it got to {at}: {process.stderr.read()}")
        try:
            yield process
        finally:
            process.kill()


def main() -> None:
    """In the process: wrap the function, then run the command line."""
    from synth.cli import main as synth

    at, times, *words = sys.argv[1:]
    module, _, name = at.partition(":")
    *outer, last = name.split(".")
    owner = reduce(getattr, outer, importlib.import_module(module))
    original, calls = getattr(owner, last), itertools.count(1)

    def then_halt(*given: Any, **named: Any) -> Any:
        result = original(*given, **named)
        if next(calls) == int(times):
            print(HERE, end="", flush=True)
            sys.stdin.read()
        return result

    setattr(owner, last, then_halt)
    sys.argv = ["synth", *words]
    synth()


if __name__ == "__main__":
    main()
