"""Writes docs/options.md, the options of all commands, out of the commands themselves: `python docs/options.py`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from synth.cli import VERBS, app

PAGE = Path(__file__).with_name("options.md")
HEAD = """# Options of every command

<!-- Written by `python docs/options.py` out of the commands: change those, and run it again. -->

As `synth VERB --help` prints them. In Python they are the keywords of the function: `--max-attempts` is `max_attempts`.
"""
DEFAULT = re.compile(r"\s+\[(default: )?([^\[\]]*)\]$")


def page() -> str:
    """The whole page."""
    verbs, parts = get_command(app), [HEAD]
    for heading, names in VERBS.items():
        parts.append(f"## {heading}\n")
        for name, (summary, _) in names.items():
            for words, command in commands(f"synth {name}", verbs.get_command(None, name)):
                parts.append(f"### {words}\n\n{(command.help or summary).splitlines()[0]}\n\n{table(command)}")
    return "\n".join(parts)


def commands(words: str, command: Any) -> Iterator[tuple[str, Any]]:
    """A command, or all that stand under its name: `synth build NAME`."""
    if command.params or not hasattr(command, "list_commands"):
        yield words, command
    for name in command.list_commands(None) if hasattr(command, "list_commands") else []:
        yield f"{words} {name}", command.get_command(None, name)


def table(command: Any) -> str:
    """A row each argument and option."""
    rows = ["| option | what | default |", "|---|---|---|"]
    rows += [f"| {' | '.join(row(each))} |" for each in command.params]
    return "\n".join(rows) + "\n"


def row(parameter: Any) -> list[str]:
    """What it is called, what it is, and what it is if it is not given."""
    argument = parameter.param_type_name == "argument"
    name = parameter.metavar or parameter.name.upper() if argument else parameter.opts[0]
    help, default = parameter.help or "", ""
    if found := DEFAULT.search(help):
        help, default = help[: found.start()], found[2]
    elif parameter.required:
        default = "needed"
    elif parameter.default is False:
        default = "off"
    return [f"`{name}`", _cell(help + _choices(parameter)), _cell(default)]


def _choices(parameter: Any) -> str:
    shown = parameter.metavar or ""
    return f": {', '.join(shown[1:-1].split('|'))}" if shown.startswith("[") else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
