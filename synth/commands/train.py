"""`synth train NAME`: one command for each file in trainers/, imported only when it is named."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
import typer.core

from synth import registry

if TYPE_CHECKING:
    from synth.training.trainer import Trainer


class Trainers(typer.core.TyperGroup):
    """One command for each file in trainers/; its options are the fields of its Config."""

    def list_commands(self, ctx: Any) -> list[str]:
        return registry.names("trainers")

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        from synth.commands.options import command_from
        from synth.training.trainer import find

        trainer = find(cmd_name)
        single = typer.Typer(add_completion=False, rich_markup_mode=None)
        run = command_from(
            trainer.config,
            _job_options(),
            lambda *given: _train(trainer, *given),
            registry.summary("trainers", cmd_name),
        )
        single.command(name=cmd_name)(run)
        return typer.main.get_command(single)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Models"):
            formatter.write_dl([(name, registry.summary("trainers", name)) for name in self.list_commands(ctx)])


def _job_options() -> dict[str, tuple[Any, Any, str]]:
    return {
        "out": (Path | None, None, "folder of the run"),
        "resume": (bool, False, "go on from the last checkpoint"),
        "overwrite": (bool, False, "replace another run in the folder"),
        "push": (str | None, None, "release the model on the Hub as org/name"),
        "print_config": (bool, False, "print every setting and end"),
        "print_launch": (bool, False, "print the command for several processes and end"),
        "quiet": (bool, False, "print nothing but errors"),
    }


train_app = typer.Typer(cls=Trainers, no_args_is_help=True, rich_markup_mode=None)


@train_app.callback()
def _trainers() -> None:
    """Fine-tune a model on a dataset: synth train NAME --data FOLDER.

    synth train NAME --help lists the options of a trainer.
    """


def _train(trainer: "Trainer", config: Any, values: dict[str, Any]) -> None:
    from synth.training.folder import Job
    from synth.training.launch import launched

    settled = trainer.settled(config)
    if values.pop("print_config"):
        _print_config(settled)
        return
    show, out = values.pop("print_launch"), _out(values["out"])
    if not launched(settled, sys.argv[1:], show, values["quiet"]):
        trainer.train(trainer, config, Job(**{**values, "out": out}))


def _out(out: Path | None) -> Path:
    from synth.errors import UsageError

    if out is None:
        raise UsageError("give --out FOLDER, where the run is to be written")
    return out


def _print_config(config: Any) -> None:
    import json
    from dataclasses import asdict

    typer.echo(json.dumps(asdict(config), indent=2, ensure_ascii=False))
