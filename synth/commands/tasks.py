"""The commands `synth tasks` and `synth tasks show`."""

from typing import Any, Literal

import typer
import typer.core

from synth.base.config import argument, option, settings
from synth.commands.options import command_from, print_json
from synth.errors import UnknownNameError, UsageError

HELP = "List the tasks that teachers can be asked."


@settings
class ShowTask:
    task: str = argument("a task's name, or a .toml or .py file", complete="tasks", kw_only=False)
    source: str | None = option("file, folder, hub, or org/name  [default: a made-up question]", default=None)
    split: str | None = option("split of a folder or on the Hub  [default: train]", default=None)
    length: Literal["thorough", "detailed", "steps", "brief", "shortest"] = option(
        "how long a rationale is asked for", default="steps"
    )
    annotator: Literal["A", "B", "C"] = option("whose prompt", default="A")
    hint: bool = option("give the answer away", default=False)


def run_show(asked: ShowTask) -> None:
    """Print the exact prompt of a task."""
    from synth.questions.show import show_task

    show_task(asked.task, asked.source, asked.split, asked.length, asked.annotator, asked.hint)


class Tasks(typer.core.TyperGroup):
    """`synth tasks` alone is the list."""

    def list_commands(self, ctx: Any) -> list[str]:
        return ["show"]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name != "show":
            raise UnknownNameError("command of synth tasks", cmd_name, ["show"])
        return command_from("show", run_show, ShowTask)


app = typer.Typer(cls=Tasks, invoke_without_command=True, rich_markup_mode=None, add_completion=False)


@app.callback(help=HELP)
def tasks(ctx: typer.Context, json: bool = typer.Option(False, "--json", help="print the list as JSON")) -> None:
    from synth.questions.show import show_tasks, tasks_listed

    if json and ctx.invoked_subcommand is not None:
        raise UsageError("--json is for the list: leave out show, or --json")
    if ctx.invoked_subcommand is None:
        print_json(tasks_listed()) if json else show_tasks()


command = typer.main.get_command(app)
