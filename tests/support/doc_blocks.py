"""The blocks of code in a Markdown file, and the script that runs them. CONTRIBUTING.md says what a block means."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

RUN, SHOWN = ("sh", "python"), ("console", "toml", "yaml")
REASONS = ("needs a network", "needs a GPU", "needs a browser", "takes half an hour")
BLOCK = re.compile(r"^(?:<!-- not run: (.*) -->\n)?^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
FILE = re.compile(r"# ([\w./-]+\.(?:py|toml))\n")
COMMAND = re.compile(r"^(?: {4,}|\$ ?)?(?:synth|python3?|pip|make|hf|bash) ", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A block, the line of the document that its text begins at, and why it is not run, if it says so."""

    language: str
    text: str
    line: int
    reason: str | None

    @property
    def file(self) -> str | None:
        """The name of the file that it is, if its first line is a comment with one."""
        found = FILE.match(self.text)
        return found[1] if found else None

    @property
    def fault(self) -> str | None:
        """What the block does not say of itself."""
        if self.language not in RUN + SHOWN:
            return f"its language is {self.language or 'not said'}: say one of {', '.join(RUN + SHOWN)}"
        if self.reason is not None and self.reason not in REASONS:
            return f"{self.reason!r} is no reason not to run: {', '.join(REASONS)} are"
        if self.language == "console" and COMMAND.search(self.text):
            return "it is said to be output and has a command in it: make it sh"
        return None


def blocks(text: str) -> list[Block]:
    return [Block(f[2], f[3], text.count("\n", 0, f.start(3)) + 1, f[1]) for f in BLOCK.finditer(text)]


def stray_commands(text: str) -> list[str]:
    """Commands on lines of their own that stand in no block."""
    return COMMAND.findall(BLOCK.sub("", text))


def script(document: str, found: Sequence[Block], folder: Path) -> str:
    """What runs the blocks of a document, in their order, as one script of bash; its Python is written to `folder`.

    Blocks of Python with no shell between them are one program, whose lines have the numbers of the document.
    """
    lines = ["set -e", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT"]
    run = [block for block in found if block.reason is None and (block.file or block.language in RUN)]
    for number, (kind, several) in enumerate(groupby(run, key=lambda block: block.file or block.language)):
        lines += _lines(kind, list(several), folder / f"{document}-{number}.py")
    return "\n".join(lines) + "\n"


def _lines(kind: str, several: list[Block], program: Path) -> Iterator[str]:
    if kind == "sh":
        yield from (block.text for block in several)
        return
    text = ""
    for block in several:
        text += "\n" * (block.line - 1 - text.count("\n")) + block.text
    program.write_text(text, encoding="utf-8")
    if kind == "python":
        yield f"python '{program}'"
    else:
        yield f"mkdir -p \"$(dirname '{kind}')\"; cp '{program}' '{kind}'"
