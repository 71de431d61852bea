"""Which file of a source tree imports which other one, read from the text: nothing is run.

Imports inside functions and under `TYPE_CHECKING` count as those at the head of a file do, and so does
`importlib.import_module` of a name that is written out.
"""

import ast
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

WINGS = ("builders", "validators", "trainers", "cards", "studies")
FOLDERS = ("synth", *WINGS)


class Import(NamedTuple):
    """One import of one name: `from synth.base import files` in line 7 of synth/data/folder.py."""

    file: str
    line: int
    words: str  # as it is written, in one line
    module: str  # the module that imports
    target: str  # the module that is imported
    name: str  # the name taken from the target, "" for a module as a whole

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.words}"


def modules_of(root: Path) -> dict[str, Path]:
    """The modules of a tree by the names under which they are imported: builders/x.py is synth.builders.x."""
    modules = {}
    for top in FOLDERS:
        for path in sorted((root / top).rglob("*.py")):
            parts = list(path.relative_to(root).with_suffix("").parts)
            parts = ["synth", *parts] if top in WINGS else parts
            modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return modules


def imports_of(root: Path, path: Path, module: str, modules: Mapping[str, Path]) -> list[Import]:
    """The imports of one file that lead to one of `modules`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = []
    for node in ast.walk(tree):
        for target, name in _targets(node, module, path, modules):
            if target in modules and target != module:
                file = str(path.relative_to(root))
                found.append(Import(file, node.lineno, ast.unparse(node), module, target, name))
    return found


def _targets(node: ast.AST, module: str, path: Path, modules: Mapping[str, Path]) -> Iterator[tuple[str, str]]:
    """Module and name of everything that a node imports."""
    if isinstance(node, ast.Import):
        yield from ((alias.name, "") for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        source = _absolute(node, module, path)
        for alias in node.names:
            inner = f"{source}.{alias.name}"
            yield (inner, alias.name) if inner in modules else (source, alias.name)
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
        yield from ((str(word.value), "") for word in node.args if isinstance(word, ast.Constant))


def _absolute(node: ast.ImportFrom, module: str, path: Path) -> str:
    if not node.level:
        return node.module or ""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    parents = package[: len(package) - node.level + 1]
    return ".".join([*parents, node.module] if node.module else parents)


def tree_imports(root: Path) -> list[Import]:
    """Every import inside a tree, in the order of its files and lines."""
    modules = modules_of(root)
    return [found for module, path in modules.items() for found in imports_of(root, path, module, modules)]


def circle(edges: Mapping[str, Mapping[str, Import]]) -> list[Import]:
    """The imports of one circle, in their order, or none if there is no circle."""
    finished: set[str] = set()

    def walk(node: str, way: list[str]) -> list[Import]:
        if node in way:
            around = [*way[way.index(node) :], node]
            return [edges[a][b] for a, b in pairwise(around)]
        if node not in finished:
            for following in edges.get(node, {}):
                if closed := walk(following, [*way, node]):
                    return closed
            finished.add(node)
        return []

    return next((closed for node in edges if (closed := walk(node, []))), [])
