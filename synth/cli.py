"""The command line: `synth VERB`. A verb's file in synth/commands/ is imported only when the verb is named."""

import importlib
import os
import sys
from typing import Annotated, Any

import typer
import typer.core

from synth.errors import FolderError, SynthError, UnknownNameError

# The verbs along the way of the data: what each does in one line, and where its command is.
VERBS: dict[str, dict[str, tuple[str, str]]] = {
    "Make data": {
        "build": ("Build a dataset by program.", "build:command"),
        "distill": ("Ask a teacher for rationales until answers are right.", "distill:command"),
        "merge": ("Put the shards of a distillation together.", "merge:command"),
        "import": ("Take in rationales that exist, or questions and answers alone.", "import_:command"),
        "judge": ("Have rows judged: by a model, or by working them out.", "judge:command"),
    },
    "Check and release": {
        "validate": ("Hold a dataset to its expectations.", "validate:command"),
        "card": ("Write the dataset card.", "card:command"),
        "push": ("Release dataset folders on the Hugging Face Hub.", "hub:push"),
        "pull": ("Bring a release back as a dataset folder.", "hub:pull"),
        "export": ("Write a dataset in the form another library reads.", "export:command"),
    },
    "Train and measure": {
        "train": ("Fine-tune a model on a dataset.", "train:command"),
        "eval": ("Measure a model on a dataset.", "evaluate:command"),
        "probe": (
            "Look inside a model: how likely its answer is on the way, whether it follows the rationale.",
            "probe:command",
        ),
        "difficulty": ("Measure how hard a task is to a base model.", "difficulty:command"),
        "study": ("Carry out a matrix of conditions out of one file.", "study:command"),
        "report": ("Compare runs in tables and pictures.", "report:report"),
        "estimate": ("Say what rationales may be worth, before money is spent.", "report:estimate"),
    },
    "Look": {
        "view": ("Look at rows, attempts and runs on a page in the browser.", "view:command"),
        "show": ("Print rows readably: prompt, steps, answer.", "look:show"),
        "stats": ("Print figures: rows, lengths, answers, what rows have.", "look:stats"),
        "row": ("Make a row again from its id, as JSON.", "look:row"),
        "tasks": ("List the tasks that teachers can be asked.", "tasks:command"),
        "teachers": ("List the teachers of the catalogue.", "teachers:teachers"),
        "doctor": ("Find out what a teacher's server can do.", "teachers:doctor"),
        "teacher-demo": ("Serve a stand-in for a teacher, to try things on.", "teachers:teacher_demo"),
    },
}
PLACES = {name: place for verbs in VERBS.values() for name, (_, place) in verbs.items()}


class Verbs(typer.core.TyperGroup):
    """All verbs, in the order of VERBS."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(PLACES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in PLACES:
            raise UnknownNameError("verb", cmd_name, list(PLACES))
        file, _, name = PLACES[cmd_name].partition(":")
        return getattr(importlib.import_module(f"synth.commands.{file}"), name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        for heading, verbs in VERBS.items():
            with formatter.section(heading):
                formatter.write_dl([(name, summary) for name, (summary, _) in verbs.items()])


app = typer.Typer(
    name="synth",
    cls=Verbs,
    help="Training data with reasoning in it: build it, look at it, measure it.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"rationale-synth {version('rationale-synth')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", callback=_version)] = False,
) -> None:
    """Training data with reasoning in it: build it, distil it, look at it, measure it."""


def main() -> None:
    """Entry point: a user's mistake ends as one line on stderr, exit code 2 for usage and 1 for the rest."""
    try:
        code = app(prog_name="synth", standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        if error.format_message().startswith("Usage: "):  # a command without any words: its help
            print(error.format_message())
            sys.exit(error.exit_code)
        command = getattr(getattr(error, "ctx", None), "command_path", "synth")
        _fail(f"{error.format_message()} (see {command} --help)", error.exit_code)
    except SynthError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:  # a path that is too long, standard output on a full disk
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left in its buffer has nowhere to go
        _fail(str(FolderError.from_os(error, str(error.filename or "cannot write to standard output"))), 1)
    if code == 130:
        _fail("interrupted; the output folder is as it was", 130)
    sys.exit(code)


def _fail(message: str, code: int) -> None:
    line = " ".join(message.split())
    print(f"synth: {line}", file=sys.stderr)
    sys.exit(code)
