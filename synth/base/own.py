"""A user's own Python file, run as a module: a task, a suite of expectations, a judge."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from synth.errors import SynthError, UsageError


def run_file(path: Path) -> ModuleType:
    """The module that a file is.

    Raises UsageError, with the line, for what is no Python file or cannot be run.
    """
    spec = importlib.util.spec_from_file_location(f"synth_own_{path.stem}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise UsageError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except SynthError:
        raise
    except Exception as error:  # somebody else's file: any error in it becomes one line
        raise UsageError(f"{path} does not run: {line_of(error, path)}{type(error).__name__}: {error}") from error
    return module


def line_of(error: Exception, path: Path) -> str:
    """`line 3: `, the last line of a file that an error came through; "" if it came through none."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        line = trace.tb_lineno if trace.tb_frame.f_code.co_filename == str(path) else line
        trace = trace.tb_next
    return f"line {line}: " if line else ""
