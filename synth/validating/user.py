"""A user's own suite: a Python file with `expectations(manifest)`, which returns Great Expectations' expectations."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from synth.base.own import foreign, line_of, run_file
from synth.errors import UsageError


@runtime_checkable
class Suite(Protocol):
    """What the file is as a module."""

    def expectations(self, manifest: Mapping[str, Any]) -> list[Any]:
        """Great Expectations' expectations of a dataset with this synth.json."""


def read_suite(path: Path, manifest: Mapping[str, Any]) -> list[Any]:
    """The expectations of a file.

    Raises UsageError, with the line, for a file that cannot be run or does not return expectations.
    """
    from great_expectations.expectations.expectation import Expectation

    suite = run_file(path)
    if not isinstance(suite, Suite):
        raise UsageError(f"--suite {path} has no function expectations(manifest), which returns a list")
    with foreign(lambda error: f"--suite {path}: {line_of(error, path)}{type(error).__name__}: {error}"):
        given = suite.expectations(manifest)
    wrong = [one for one in given if not isinstance(one, Expectation)] if isinstance(given, list) else [given]
    if wrong:
        said = repr(wrong[0])[:60]
        raise UsageError(f"--suite {path}: expectations(manifest) has to return a list of expectations, not {said}")
    return list(given)
