"""Packages of somebody else's, installed in a folder as pip leaves them; and the files of docs/extend.md."""

import re
from collections.abc import Mapping
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs" / "extend.md"


def from_docs(name: str) -> str:
    """The block of docs/extend.md that is a file of this name."""
    (text,) = re.findall(rf"^```python\n# {re.escape(name)}\n(.*?)^```$", DOCS.read_text(), re.MULTILINE | re.DOTALL)
    return str(text)


DOUBLES, CHECKER, SHORT = map(from_docs, ("far_away/doubles.py", "far_away/checker.py", "short.py"))


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def install(folder: Path, package: str, points: Mapping[str, Mapping[str, str]], files: Mapping[str, str]) -> None:
    """A distribution in a folder of `sys.path`: its modules, and its entry points as {kind: {name: module}}."""
    sections = [
        "\n".join([f"[synth.{kind}]", *(f"{name} = {module}" for name, module in found.items())])
        for kind, found in points.items()
    ]
    info = f"{package.replace('-', '_')}-1.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
    write(folder, {**files, f"{info}/METADATA": metadata, f"{info}/entry_points.txt": "\n\n".join(sections) + "\n"})
