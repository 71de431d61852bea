"""What is known of one dataset lives with that dataset: no other code names it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from synth import registry

ROOT = Path(__file__).parents[2]
FOLDERS = ("synth", "trainers", "cards")
NAMES = registry.names("builders")
MODULES = {registry.load("builders", name).__name__.rsplit(".", 1)[1] for name in NAMES}
# By itself: `explained-listops` is the recipe of a paper, and somebody's repository.
NAMED = re.compile(rf"(?<![\w-])({'|'.join(NAMES)})(?![\w-])")


def docstrings(tree: ast.AST) -> set[ast.AST]:
    """The texts that stand alone as a statement, as docstrings do."""
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def naming(source: str) -> Iterator[str]:
    """Each text and each import that names a dataset, with its line."""
    tree = ast.parse(source)
    free = docstrings(tree)
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) and node not in free else None
        if isinstance(text, str) and (found := NAMED.search(text)):
            yield f"{node.lineno}: the text {text[:60]!r} names {found[0]}"
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        modules += [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        if named := MODULES.intersection(part for module in modules for part in module.split(".")):
            yield f"{node.lineno}: imports from {', '.join(named)}"


def test_no_other_code_names_a_dataset() -> None:
    paths = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    assert len(paths) > 100
    told = [f"{path.relative_to(ROOT)}:{line}" for path in paths for line in naming(path.read_text(encoding="utf-8"))]
    assert not told, "\n" + "\n".join(told) + "\nwhat is known of one dataset goes into builders/ or validators/"


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ('if task == "listops":\n    pass\n', 1),
        ('"""Reads listops."""\ndef f():\n    """Of 2wiki."""\n    # arithmetic\n', 0),
        ('x = f"data/{name} of 2wiki"\n', 1),
        ("from synth.validators.twowiki.outputs import FINAL\n", 1),
        ("from synth.validators import arithmetic\nimport synth.builders.listops\n", 2),
        ('x = "ada/explained-listops", "Arithmetic"\n', 0),
    ],
)
def test_what_counts_as_naming(source: str, lines: int) -> None:
    assert len(list(naming(source))) == lines
