"""Finds builders, validators, trainers, judges, tasks and rewards by name; nothing is imported before it is asked for.

    names("builders")                        ['2wiki', 'arithmetic', 'listops']
    load("builders", "listops")              the module synth.builders.listops
    contract("builders", "listops", Builder) what the module says it is: its BUILDER

A file in synth.builders (.validators, ...) is registered by its name, or by the one that it declares if that is no
Python name: twowiki has the line NAME = "2wiki". Other packages declare theirs as entry points, name -> module:

    [project.entry-points."synth.builders"]
    roman = "my_package.roman"
"""

import ast
import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from synth.base.own import foreign
from synth.errors import SynthError, UnknownNameError, UsageError

T = TypeVar("T")
_NAME = re.compile(r"^NAME\s*=\s*(['\"])(.+?)\1", re.MULTILINE)


@dataclass(frozen=True)
class Place:
    """Where a registered module is found."""

    module: str
    source: Path | None = None  # its file, if it lies in a folder of ours
    package: str = ""  # the distribution whose entry point it is; "" for what lies in a folder of ours

    def __str__(self) -> str:
        return f"{self.module} of the package {self.package}" if self.package else str(self.source)


def names(kind: str) -> list[str]:
    """The names registered in `builders`, `validators`, ..., sorted."""
    return sorted([*ours(kind), *others(kind)])


def ours(kind: str) -> list[str]:
    """The names of the files and folders in our own folder, such as builders/."""
    return sorted(_ours(kind))


def others(kind: str) -> list[str]:
    """The names that other packages declare. A name of ours wins over theirs, which is said once."""
    ours, theirs = _ours(kind), _others(kind)
    for name in sorted(ours.keys() & theirs.keys()):
        notice(f"{_one(kind)} {name!r} is that of this program, not {theirs[name]}: rename the other one")
    return sorted(theirs.keys() - ours.keys())


def has(kind: str, name: object) -> bool:
    """Whether a name is registered."""
    return name in _ours(kind) or name in _others(kind)


def load(kind: str, name: str) -> ModuleType:
    """The module registered under a name.

    Raises UnknownNameError, which lists the names and the closest one, and UsageError for a module of another package
    that cannot be imported.
    """
    place = _place(kind, name)
    if not place.package:
        return importlib.import_module(place.module)
    said = f"{_one(kind)} {name!r} cannot be imported from {place}"
    with foreign(lambda error: f"{said} ({type(error).__name__}: {error}): repair or uninstall {place.package}"):
        return importlib.import_module(place.module)


def contract(kind: str, name: str, type_: type[T]) -> T:
    """What a registered module says it is: the value of BUILDER, of the type Builder, or of another such pair.

    Raises what `load` does, and UsageError for a module without one.
    """
    return said(load(kind, name), type_, where(kind, name))


def said(module: ModuleType, type_: type[T], where: str) -> T:
    """The value that a module holds under the name of a type in capitals: BUILDER, of the type Builder.

    Raises UsageError for a module without one; `where` names it.
    """
    name = type_.__name__
    value = vars(module).get(name.upper())
    if isinstance(value, type_):
        return value
    wrong = "has no" if value is None else f"says {value!r:.60} is its"
    raise UsageError(f"{where} {wrong} {name.upper()}: end it with {name.upper()} = {name}(...) of {type_.__module__}")


def where(kind: str, name: str) -> str:
    """For a message: the file of a registered module, or the module and the package that declares it."""
    return str(_place(kind, name))


def summary(kind: str, name: str) -> str:
    """First line of a module's docstring, read without importing the module if its source can be found."""
    place = _place(kind, name)
    source = place.source or _source(place.module)
    if source is not None:
        return _first_line(ast.get_docstring(ast.parse(source.read_bytes())))
    try:
        return _first_line(load(kind, name).__doc__)
    except SynthError as error:
        return str(error)


@cache
def notice(line: str) -> None:
    """Say a line to the user, once in a process."""
    print(f"synth: {line}", file=sys.stderr)


def _place(kind: str, name: str) -> Place:
    place = _ours(kind).get(name) or _others(kind).get(name)
    if place is None:
        raise UnknownNameError(_one(kind), name, names(kind))
    return place


def _one(kind: str) -> str:
    return kind.removesuffix("s")


def _ours(kind: str) -> dict[str, Place]:
    """The modules in the folders of synth.KIND, those that were added to its `__path__` too."""
    folders = map(Path, importlib.import_module(f"synth.{kind}").__path__)
    return _listed(f"synth.{kind}", tuple((folder, folder.stat().st_mtime_ns) for folder in folders if folder.is_dir()))


@cache
def _listed(package: str, folders: tuple[tuple[Path, int], ...]) -> dict[str, Place]:
    """The modules in some folders, each folder given with the time at which a file was last added or removed."""
    return dict(place for folder, _ in reversed(folders) for place in _in_folder(package, folder))


def _in_folder(package: str, folder: Path) -> Iterator[tuple[str, Place]]:
    for module in pkgutil.iter_modules([str(folder)]):
        if not module.name.startswith("_"):
            source = folder / module.name / "__init__.py" if module.ispkg else folder / f"{module.name}.py"
            yield _declared_name(source) or module.name, Place(f"{package}.{module.name}", source)


def _declared_name(source: Path) -> str:
    """The NAME that a file gives itself; "" if it gives none."""
    declared = _NAME.search(source.read_text(encoding="utf-8"))
    return declared[2] if declared else ""


def _others(kind: str) -> dict[str, Place]:
    """The entry points that other packages declare."""
    return _entry_points(kind, tuple(sys.path))


@cache
def _entry_points(kind: str, path: tuple[str, ...]) -> dict[str, Place]:
    """Name and module of the entry points that packages on a path declare; of two of one name the first package's."""
    from importlib.metadata import entry_points

    places: dict[str, Place] = {}
    declared = [(point, point.dist.name if point.dist else "?") for point in entry_points(group=f"synth.{kind}")]
    for point, package in sorted(declared, key=lambda pair: pair[1]):
        place = Place(point.value.partition(":")[0].strip(), package=package)
        if places.setdefault(point.name, place) is not place:
            notice(f"{_one(kind)} {point.name!r} is {places[point.name]}, not {place}: uninstall one of them")
    return places


def _source(module: str) -> Path | None:
    """The file of a module, found without importing it or the packages it is in; None if it is no file of Python."""
    spec = _spec(module)
    path = Path(spec.origin) if spec is not None and spec.origin is not None else None
    return path if path is not None and path.suffix == ".py" and path.is_file() else None


def _spec(module: str) -> ModuleSpec | None:
    folders = None
    if parent := module.rpartition(".")[0]:
        spec = _spec(parent)
        folders = spec.submodule_search_locations if spec is not None else None
        if folders is None:
            return None
    return next((spec for finder in sys.meta_path if (spec := finder.find_spec(module, folders))), None)


def _first_line(text: str | None) -> str:
    return (text or "").split("\n", 1)[0]
