"""`synth train NAME`: one command for each file in trainers/, imported only when it is named."""

from dataclasses import asdict
from typing import Any

import typer

from synth import registry
from synth.base.config import option, settings
from synth.commands.options import Named, command_from, print_json
from synth.training.options import Train


@settings
class Printing:
    """What is printed in place of a run."""

    print_config: bool = option("print every setting and end", default=False)
    print_launch: bool = option("print the command for several processes and end", default=False)


class Trainers(Named):
    """One command for each file in trainers/; its options are the fields of its Config."""

    folder, heading = "trainers", "Models"

    def single(self, name: str) -> Any:
        from synth.training.trainer import find

        trainer = find(name)

        def run(config: Any, asked: Train, printing: Printing) -> None:
            from synth.training.train import start

            if printing.print_config:
                print_json(asdict(trainer.settled(config)))
            else:
                start(trainer, config, asked, printing.print_launch)

        help = registry.summary("trainers", name)
        return command_from(name, run, trainer.config, Train, Printing, help=help)


app = typer.Typer(cls=Trainers, no_args_is_help=True, rich_markup_mode=None, add_completion=False)


@app.callback()
def train() -> None:
    """Fine-tune a model on a dataset: synth train NAME --data FOLDER.

    synth train NAME --help lists the options of a trainer.
    """


command = typer.main.get_command(app)
