"""The command line: one short function per verb. What is slow to import is imported inside them."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
import typer.core

from synth import registry
from synth.commands.card import card
from synth.commands.evaluate import evaluate
from synth.commands.export import export
from synth.commands.hub import pull, push
from synth.commands.report import estimate, report
from synth.commands.train import train_app
from synth.commands.validate import validate
from synth.errors import FolderError, SynthError

if TYPE_CHECKING:
    from synth.building.build import Options, Result


app = typer.Typer(
    name="synth",
    help="Training data with reasoning in it: build it, look at it, measure it.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Builders(typer.core.TyperGroup):
    """`synth build NAME`: one command for each file in builders/, imported only when it is named."""

    def list_commands(self, ctx: Any) -> list[str]:
        return registry.names("builders")

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        from synth.commands.build import command_for
        from synth.data.builder import find

        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        run = command_for(
            find(cmd_name).config, lambda *given: _build(cmd_name, *given), registry.summary("builders", cmd_name)
        )
        single.command(name=cmd_name)(run)
        return typer.main.get_command(single)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Datasets"):
            formatter.write_dl([(name, registry.summary("builders", name)) for name in self.list_commands(ctx)])


build_app = typer.Typer(cls=Builders, no_args_is_help=True, rich_markup_mode=None)


@build_app.callback()
def _builders() -> None:
    """Build a dataset by program: synth build NAME --out FOLDER.

    synth build NAME --help lists the options of a dataset.
    """


app.add_typer(build_app, name="build")


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"rationale-synth {version('rationale-synth')}")
        raise typer.Exit


Folder = Annotated[Path, typer.Argument(help="a dataset folder")]


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", callback=_version)] = False,
) -> None:
    """Training data with reasoning in it: build it, distil it, look at it, measure it."""


@app.command()
def show(
    folder: Folder,
    n: Annotated[int, typer.Option("--n", help="rows to print", min=1)] = 3,
    split: Annotated[str | None, typer.Option(help="split to read  [default: the first]")] = None,
    id: Annotated[str | None, typer.Option("--id", help="print the row with this id")] = None,
) -> None:
    """Print rows readably: prompt, steps, answer."""
    from synth.data.show import show_rows

    show_rows(folder, n, split, id)


@app.command()
def stats(folder: Folder) -> None:
    """Print figures: rows, lengths, answers, what rows have.

    A table of rows a split and the share of the commonest answer, one of lengths, and one of each column that has few
    values, such as operators, relations or digits.
    """
    from synth.data.stats import show_stats

    show_stats(folder)


@app.command()
def row(id: Annotated[str, typer.Argument(help="the id of a built row")]) -> None:
    """Make a row again from its id, as JSON."""
    import orjson

    from synth.building.build import remake

    typer.echo(orjson.dumps(remake(id)).decode())


tasks_app = typer.Typer(invoke_without_command=True, rich_markup_mode=None)


@tasks_app.callback()
def _tasks(ctx: typer.Context) -> None:
    """List the tasks that teachers can be asked."""
    if ctx.invoked_subcommand is None:
        from synth.questions.show import show_tasks

        show_tasks()


@tasks_app.command("show")
def _tasks_show(
    task: Annotated[str, typer.Argument(help="a task's name, or a .toml or .py file")],
    source: Annotated[str | None, typer.Option(help="file, folder, hub, or org/name; else a made-up question")] = None,
    split: Annotated[str | None, typer.Option(help="split of a folder or on the Hub  [default: train]")] = None,
    length: Annotated[str, typer.Option(help="thorough, detailed, steps, brief or shortest")] = "steps",
    hint: Annotated[bool, typer.Option("--hint", help="give the answer away")] = False,
) -> None:
    """Print the very prompt of a task."""
    from synth.questions.show import show_task

    show_task(task, source, split, length, hint)


app.add_typer(tasks_app, name="tasks")


@app.command()
def distill(
    task: Annotated[str, typer.Option(help="a task's name (synth tasks), or a .toml or .py file of your own")],
    source: Annotated[str, typer.Option(help="its questions: a file, a folder, or hub")],
    out: Annotated[Path, typer.Option(help="folder to write the dataset to")],
    teacher: Annotated[str, typer.Option(help="gpt-4o-mini, llama-3.1-70b, ..., or any model with --base-url")],
    base_url: Annotated[str | None, typer.Option(help="an OpenAI-compatible server  [default: OpenAI's]")] = None,
    model: Annotated[str | None, typer.Option(help="the model's name at that server, where it is another")] = None,
    max_attempts: Annotated[int, typer.Option(help="times a question is asked until its answer is right", min=1)] = 10,
    keep: Annotated[Literal["first", "shortest", "all"], typer.Option(help="which right rationales")] = "first",
    per_question: Annotated[int, typer.Option(help="distinct rationales of a question", min=1)] = 1,
    target_rows: Annotated[int | None, typer.Option(help="stop when there are so many", min=1)] = None,
    rationalize: Annotated[bool, typer.Option("--rationalize", help="ask once more with the answer as a hint")] = False,
    vote: Annotated[int, typer.Option(help="samples to vote on, where there are no gold answers", min=0)] = 0,
    temperature: Annotated[str, typer.Option(help="of the first attempt, the second, ...: 0.7 or 0.2,0.7,1")] = "0.7",
    top_p: Annotated[float | None, typer.Option(help="nucleus sampling", min=0, max=1)] = None,
    max_tokens: Annotated[int, typer.Option(help="longest reply", min=1)] = 1024,
    length: Annotated[
        Literal["thorough", "detailed", "steps", "brief", "shortest"], typer.Option(help="how long a rationale")
    ] = "steps",
    limit: Annotated[int | None, typer.Option(help="questions to take from the source", min=1)] = None,
    budget: Annotated[float | None, typer.Option(help="dollars not to be passed", min=0)] = None,
    price: Annotated[str | None, typer.Option(help="dollars a million prompt, completion tokens: 0.15,0.6")] = None,
    concurrency: Annotated[int, typer.Option(help="requests in flight at most", min=1)] = 512,
    rpm: Annotated[float | None, typer.Option(help="requests a minute  [default: as the server says]", min=1)] = None,
    tpm: Annotated[float | None, typer.Option(help="tokens a minute  [default: as the server says]", min=1)] = None,
    timeout: Annotated[float, typer.Option(help="seconds to wait for a reply", min=1)] = 600,
    cache: Annotated[Path | None, typer.Option(help="the request store  [default: in the output folder]")] = None,
    batch: Annotated[
        bool, typer.Option("--batch", help="hand requests in at half the price; run again to collect")
    ] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="with --batch: cancel what was handed in")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what it will cost, ask nothing")] = False,
    format: Annotated[Literal["jsonl", "parquet"], typer.Option(help="how rows are written")] = "jsonl",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace another dataset in the folder")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="print nothing but errors")] = False,
) -> None:
    """Ask a teacher for rationales until answers are right."""
    options = dict(locals())
    from synth.commands.distill import job_from, run

    run(job_from(options), dry_run, quiet)


@app.command()
def judge(
    folder: Folder,
    judge: Annotated[str, typer.Option(help="rubric, answer, steps or equations")],
    out: Annotated[Path | None, typer.Option(help="folder for the rows with their verdicts; else only a table")] = None,
    drop: Annotated[str | None, typer.Option(help="leave out rows with this verdict: unhelpful, wrong")] = None,
    sample: Annotated[int | None, typer.Option(help="rows to judge, drawn at random  [default: all]", min=1)] = None,
    seed: Annotated[int, typer.Option(help="another seed, another sample")] = 0,
    votes: Annotated[int, typer.Option(help="times a model is asked; the majority decides", min=1)] = 1,
    teacher: Annotated[str | None, typer.Option(help="the model that judges, for rubric: gpt-4o")] = None,
    base_url: Annotated[str | None, typer.Option(help="an OpenAI-compatible server")] = None,
    model: Annotated[str | None, typer.Option(help="the model's name at that server, where it is another")] = None,
    max_tokens: Annotated[int, typer.Option(help="longest reply", min=1)] = 512,
    budget: Annotated[float | None, typer.Option(help="dollars not to be passed", min=0)] = None,
    price: Annotated[str | None, typer.Option(help="dollars a million prompt, completion tokens: 0.15,0.6")] = None,
    concurrency: Annotated[int, typer.Option(help="requests in flight at most", min=1)] = 512,
    rpm: Annotated[float | None, typer.Option(help="requests a minute  [default: as the server says]", min=1)] = None,
    tpm: Annotated[float | None, typer.Option(help="tokens a minute  [default: as the server says]", min=1)] = None,
    timeout: Annotated[float, typer.Option(help="seconds to wait for a reply", min=1)] = 600,
    cache: Annotated[Path | None, typer.Option(help="the request store  [default: in --out or the folder]")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace another dataset in --out")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="print nothing but errors")] = False,
) -> None:
    """Have rows judged: by a model, or by working them out."""
    options = dict(locals())
    from synth.judging.judge import run_judge

    run_judge(options)


@app.command()
def teachers() -> None:
    """List the teachers of the catalogue."""
    from synth.teachers.show import show_teachers

    show_teachers()


@app.command()
def doctor(
    teacher: Annotated[str, typer.Option(help="a teacher of the catalogue, or any model with --base-url")],
    base_url: Annotated[str | None, typer.Option(help="an OpenAI-compatible server  [default: OpenAI's]")] = None,
    model: Annotated[str | None, typer.Option(help="the model's name at that server, where it is another")] = None,
) -> None:
    """Find out what a teacher's server can do."""
    from synth.teachers.doctor import run_doctor

    run_doctor(teacher, base_url, model)


@app.command(name="teacher-demo")
def teacher_demo(
    task: Annotated[str, typer.Option(help="a task's name")],
    source: Annotated[str, typer.Option(help="the questions it is to know the answers of")],
    port: Annotated[int, typer.Option(help="port on this machine")] = 8000,
    right: Annotated[float, typer.Option(help="share of its replies that are right", min=0, max=1)] = 0.5,
    latency: Annotated[float, typer.Option(help="seconds it takes for a reply", min=0)] = 0.2,
) -> None:
    """Serve a stand-in for a teacher, to try things on."""
    from synth.teachers.standin import serve

    serve(port, task, source, right, latency)


app.command()(validate)
app.command()(card)
app.command()(push)
app.command()(pull)
app.command()(export)
app.add_typer(train_app, name="train")
app.command(name="eval")(evaluate)
app.command()(report)
app.command()(estimate)


def _build(name: str, config: Any, options: "Options", quiet: bool) -> None:
    from synth.base.terminal import progress
    from synth.building.build import build

    with progress(quiet) as report:
        results = build(name, config, options, report)
    for result in [] if quiet else results:
        state = "is there already" if result.already_there else "written"
        rows = ", ".join(f"{count:,} {split}" for split, count in result.rows.items())
        drops = ", ".join(f"{count:,} {reason}" for reason, count in result.rejected.items())
        typer.echo(f"{result.folder}: {rows} {state}" + (f"; left out: {drops}" if drops else ""))
        if not any(result.rows.values()):
            typer.echo(f"no row is left: {result.folder / 'rejected.jsonl'} says why of each" + _advice(name, result))


def _advice(name: str, result: "Result") -> str:
    """What the builder suggests against the commonest reason of rejection."""
    from synth.data.builder import find

    advice = find(name).advice
    commonest = max(result.rejected, key=lambda reason: result.rejected[reason], default="")
    return f"; {advice[commonest]}" if commonest in advice else ""


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
