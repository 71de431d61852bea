"""A user's own suite: a Python file with `expectations(manifest)`, which returns Great Expectations' expectations."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from synth.errors import UsageError


def read_suite(path: Path, manifest: Mapping[str, Any]) -> list[Any]:
    """The expectations of a file.

    Raises UsageError, with the line, for a file that cannot be run or does not return expectations.
    """
    from great_expectations.expectations.expectation import Expectation

    if not path.is_file() or path.suffix != ".py":
        raise UsageError(f"--suite {path} is no Python file: give one with a function expectations(manifest)")
    try:
        spec = importlib.util.spec_from_file_location(f"synth_suite_{path.stem}", path)
        if spec is None or spec.loader is None:
            raise UsageError(f"--suite {path} cannot be imported")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        if not hasattr(module, "expectations"):
            raise UsageError(f"--suite {path} has no function expectations(manifest), which returns a list")
        found = module.expectations(manifest)
    except UsageError:
        raise
    except Exception as error:
        # Whatever goes wrong in somebody else's file is said in one line.
        raise UsageError(f"--suite {path}: {_where(error, path)}{type(error).__name__}: {error}") from error
    wrong = [each for each in found if not isinstance(each, Expectation)] if isinstance(found, list) else [found]
    if wrong:
        said = repr(wrong[0])[:60]
        raise UsageError(f"--suite {path}: expectations(manifest) has to return a list of expectations, not {said}")
    return list(found)


def _where(error: Exception, path: Path) -> str:
    """The last line of the file that the error came through."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        line = trace.tb_lineno if trace.tb_frame.f_code.co_filename == str(path) else line
        trace = trace.tb_next
    return f"line {line}: " if line else ""
