"""`synth probe KIND`: one command for each kind of probe."""

from typing import Any

import typer

from synth.commands.options import AsJson, Named, command_from, print_json
from synth.probing.probe import KINDS, carry_out, settings_of


class Kinds(Named):
    """One command for each kind; its options are those of its settings."""

    heading = "Kinds"

    def list_commands(self, ctx: Any) -> list[str]:
        return list(KINDS)

    def single(self, name: str) -> Any:
        settings = settings_of(name)

        def run(asked: Any, printing: AsJson) -> None:
            results = carry_out(name, asked)
            if printing.json:
                facts = [result.facts for result in results]
                print_json(facts if len(facts) > 1 else facts[0])
            elif not asked.quiet:
                from synth.probing.show import show

                show(results)

        return command_from(name, run, settings, AsJson, help=KINDS[name][1])

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section(self.heading):
            formatter.write_dl([(name, summary) for name, (_, summary) in KINDS.items()])


app = typer.Typer(cls=Kinds, no_args_is_help=True, rich_markup_mode=None, add_completion=False)


@app.callback()
def probe() -> None:
    """Look inside a model: synth probe KIND RUN DATA.

    synth probe KIND --help lists the options of a kind.
    """


command = typer.main.get_command(app)
