"""The command `synth card`."""

import typer

from synth.cards.options import Card
from synth.commands.options import command_from


def run(asked: Card) -> None:
    """Write the dataset card.

    README.md and plots/ in the folder: what the data is, a row, the fields, statistics, how it was made, what was
    checked. A card that is there is merged: text and keys that a person added stay, and so does a part that a person
    edited.
    """
    from synth.cards import dataset

    written = dataset.run(asked)
    for name in written.broken:
        typer.echo(
            f"part {name}: its comments <!-- synth:{name} ... --> and <!-- /synth:{name} --> are not one pair, "
            "so that old text stays in the card: delete what is too much",
            err=True,
        )
    if asked.quiet:
        return
    count = len(written.pictures)
    pictures = f", with {count} picture{'s' if count > 1 else ''}" if count else ""
    typer.echo(f"{asked.folder / 'README.md'}: written{pictures}")
    if written.kept:
        typer.echo(
            f"left as they are, because somebody edited them: {', '.join(written.kept)} (--overwrite writes them anew)"
        )


command = command_from("card", run, Card)
