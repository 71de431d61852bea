"""Run mypy, and fail when it did not look at every file: a mapped folder that it silently misses is not checked."""

import re
import sys
from pathlib import Path

from mypy import api

ROOT = Path(__file__).parents[2]
FOLDERS = ("synth", "builders", "validators", "trainers", "cards")


def main() -> None:
    report, errors, code = api.run([])
    print(report, errors, sep="", end="")
    files = sum(1 for folder in FOLDERS for _ in (ROOT / folder).rglob("*.py"))
    seen = re.search(r"(\d+) source files", report)
    if seen is None or int(seen[1]) != files:
        sys.exit(f"mypy looked at {seen[1] if seen else 'none'} of {files} files")
    sys.exit(code)


main()
