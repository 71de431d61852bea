"""What a drawn row was made from, spelled out in its id: <dataset>/<variant>/<split>/<seed>/<index>.

The variant lists, in the order of the builder's Config, the fields that decide the text of a row: those marked
`named` always, the others where they are not the default. Numbers of rows are no part of it.

    listops/preset=explained-30,explain=medium/train/0/17
"""

import shlex
from dataclasses import MISSING, field, fields
from pathlib import Path
from typing import Any


def option(help: str, *, default: Any = MISSING, named: bool = False, recipe: bool = True, **more: Any) -> Any:
    """A field of a builder's Config, which is an option of its command.

    named: stands in the id even when it is the default. recipe: decides the text of a row (numbers of rows do not).
    """
    metadata = {"help": help, "named": named, "recipe": recipe, **more}
    return field(default=default, metadata=metadata)


def shown(config: Any) -> dict[str, Any]:
    """The configuration as synth.json keeps it: of a path the last part, so that no machine's folders get out."""
    values = {f.name: getattr(config, f.name) for f in fields(config)}
    return {name: Path(value).name if _is_path(value) else value for name, value in values.items()}


def command(dataset: str, config: Any, seed: int, format: str) -> str:
    """The command that makes the dataset again, but for --out."""
    words = ["synth", "build", dataset]
    for f in fields(config):
        value = shown(config)[f.name]
        if value != f.default:
            name = f.name.replace("_", "-")
            words += (
                [f"--{name}"] if value is True else [f"--no-{name}"] if value is False else [f"--{name}", f"{value}"]
            )
    words += ["--seed", str(seed)] if seed else []
    words += ["--format", format] if format != "jsonl" else []
    return shlex.join(words)


def _is_path(value: Any) -> bool:
    return isinstance(value, Path) or (isinstance(value, str) and "/" in value and Path(value).exists())
