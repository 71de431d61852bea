"""Code that is not ours: a user's own file, run as a module (a task, a suite, a judge), and packages of others."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

from synth.errors import SynthError, UsageError

OWN = "synth_own_"  # what the name of a module begins with that is a user's own file


class _Loader(SourceFileLoader):
    """Reads the file itself: bytecode that is kept is taken for that of a file of the same second and size."""

    def get_code(self, fullname: str) -> CodeType | None:
        return self.source_to_code(self.get_data(self.path), self.path)


def run_file(path: Path) -> ModuleType:
    """The module that a file is.

    Raises UsageError, with the line, for what is no Python file or cannot be run.
    """
    spec = importlib.util.spec_from_file_location(
        f"{OWN}{path.stem}", path, loader=_Loader(f"{OWN}{path.stem}", str(path))
    )
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    if path.suffix != ".py" or spec is None or spec.loader is None:
        raise UsageError(f"{path} is no Python file: give one that ends in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up there
    with foreign(lambda error: f"{path} does not run: {line_of(error, path)}{type(error).__name__}: {error}"):
        spec.loader.exec_module(module)
    return module


@contextmanager
def foreign(said: Callable[[Exception], str], kind: type[UsageError] = UsageError) -> Iterator[None]:
    """Inside runs code of somebody else: any error in it, but those of ours, becomes a UsageError of one line."""
    try:
        yield
    except SynthError:
        raise
    except Exception as error:  # nobody knows what it may raise
        raise kind(said(error)) from error


def line_of(error: Exception, path: Path) -> str:
    """`line 3: `, the last line of a file that an error came through; "" if it came through none."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        line = trace.tb_lineno if trace.tb_frame.f_code.co_filename == str(path) else line
        trace = trace.tb_next
    return f"line {line}: " if line else ""
