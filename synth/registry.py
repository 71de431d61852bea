"""Finds builders and checkers by the names of their files; nothing is imported before it is asked for.

    names("builders")               ['2wiki', 'arithmetic', 'listops']
    load("builders", "listops")     the module synth.builders.listops

A file whose name starts with an underscore is private to its neighbours. Dataset names that are no Python names
(2wiki) stand in files spelled out (twowiki); `SPELLED` is the one place that knows.
"""

import ast
import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

from synth.errors import UnknownNameError

SPELLED = {"twowiki": "2wiki"}


def names(folder: str) -> list[str]:
    """The names registered in a folder (`builders`, `validators`, ...), sorted."""
    found = (module.name for module in pkgutil.iter_modules(_package(folder).__path__))
    return sorted(SPELLED.get(name, name) for name in found if not name.startswith("_"))


def load(folder: str, name: str) -> ModuleType:
    """The module registered under a name.

    Raises UnknownNameError, which lists the names and the closest one.
    """
    if name not in names(folder):
        raise UnknownNameError(folder.removesuffix("s"), name, names(folder))
    return importlib.import_module(f"synth.{folder}.{_file(name)}")


def summary(folder: str, name: str) -> str:
    """First line of a module's docstring, read without importing the module."""
    place = Path(_package(folder).__path__[0], _file(name))
    path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    source = path.read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").split("\n", 1)[0]


def _package(folder: str) -> ModuleType:
    return importlib.import_module(f"synth.{folder}")


def _file(name: str) -> str:
    return {spelled: file for file, spelled in SPELLED.items()}.get(name, name)
