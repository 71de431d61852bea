"""`synth train NAME`: one command for each file in trainers/, imported only when it is named."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import typer

from synth import registry
from synth.commands.options import Named, command_from, print_json
from synth.training.options import Train

if TYPE_CHECKING:
    from synth.training.trainer import Trainer


class Trainers(Named):
    """One command for each file in trainers/; its options are the fields of its Config."""

    folder, heading = "trainers", "Models"

    def single(self, name: str) -> Any:
        from synth.training.trainer import find

        trainer = find(name)

        def run(config: Any, asked: Train) -> None:
            _train(trainer, config, asked)

        return command_from(name, run, trainer.config, Train, help=registry.summary("trainers", name))


app = typer.Typer(cls=Trainers, no_args_is_help=True, rich_markup_mode=None, add_completion=False)


@app.callback()
def train() -> None:
    """Fine-tune a model on a dataset: synth train NAME --data FOLDER.

    synth train NAME --help lists the options of a trainer.
    """


def _train(trainer: "Trainer", config: Any, asked: Train) -> None:
    from synth.training.launch import launched
    from synth.training.train import job_from

    settled = trainer.settled(config)
    if asked.print_config:
        print_json(asdict(settled))
        return
    job = job_from(asked)
    if not launched(settled, sys.argv[1:], asked.print_launch, asked.quiet):
        trainer.train(trainer, config, job)


command = typer.main.get_command(app)
