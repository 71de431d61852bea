"""`synth card`."""

from pathlib import Path
from typing import Annotated

import typer


def card(
    folder: Annotated[Path, typer.Argument(help="a dataset folder, or one that holds several")],
    license: Annotated[
        str | None, typer.Option(help="identifier of the Hub: cc-by-4.0  [default: that of the card or the source]")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="write anew also what a person changed in it")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="print nothing but errors")] = False,
) -> None:
    """Write the dataset card.

    README.md and plots/ in the folder: what the data is, a row, the fields, statistics, how it was made, what was
    checked. A card that is there is merged: text and keys that a person added stay, and so does a part that a person
    edited.
    """
    from synth.cards.dataset import write_card

    written = write_card(folder, license, overwrite)
    for name in written.broken:
        typer.echo(
            f"part {name}: its comments <!-- synth:{name} ... --> and <!-- /synth:{name} --> are not one pair, "
            "so that old text stays in the card: delete what is too much",
            err=True,
        )
    if quiet:
        return
    count = len(written.pictures)
    pictures = f", with {count} picture{'s' if count > 1 else ''}" if count else ""
    typer.echo(f"{folder / 'README.md'}: written{pictures}")
    if written.kept:
        typer.echo(
            f"left as they are, for somebody edited them: {', '.join(written.kept)} (--overwrite writes them anew)"
        )
