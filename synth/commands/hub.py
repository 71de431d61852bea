"""The commands `synth push` and `synth pull`."""

from typing import TYPE_CHECKING

import typer

from synth.commands.options import command_from
from synth.releasing.options import Pull, Push

if TYPE_CHECKING:
    from synth.releasing.pull import Pulled
    from synth.releasing.push import Pushed


def run_push(asked: Push) -> None:
    """Release dataset folders on the Hugging Face Hub.

    Parquet files, the card and what made the data, in one commit. One folder becomes the dataset of the repository;
    several, or a folder of several, its configurations. Configurations that are not pushed stay. The same command
    resumes where it was interrupted. Secrets, folders of this machine and names of its users do not go out.
    """
    from synth.releasing import push

    pushed = push.run(asked)
    if not asked.quiet:
        _show_push(pushed, asked)


def run_pull(asked: Pull) -> None:
    """Bring a release back as a dataset folder.

    Several configurations become datasets in the folder. The folder is written whole or not at all. The card comes
    along, but not over what a person wrote there.
    """
    from synth.releasing import pull

    for pulled in pull.run(asked):
        if not asked.quiet:
            typer.echo(_line(pulled))


def _show_push(pushed: "Pushed", asked: Push) -> None:
    """The files with bytes and rows, then what became of them."""
    change, branch = pushed.change, f" (branch {asked.revision})" if asked.revision else ""
    if pushed.dry_run and pushed.new:
        for path, (_, size) in change.shards.items():
            typer.echo(f"{size:>14,}  {path}")
        for path, text in change.texts.items():
            typer.echo(f"{len(text):>14,}  {path}")
        for path in change.gone:
            typer.echo(f"{'removed':>14}  {path}")
    for config, splits in change.rows.items():
        typer.echo(f"{config}: " + ", ".join(f"{rows:,} {split}" for split, rows in splits.items()))
    new, gone = change.card_lines
    typer.echo(f"card: {new} lines new, {gone} gone" if new or gone else "card: as it was")
    if change.kept:
        typer.echo(f"in the card left as somebody edited them: {', '.join(change.kept)}")
    if change.note:
        typer.echo(change.note)
    typer.echo(_outcome(pushed, branch) + _tag(pushed, asked.tag))


def _outcome(pushed: "Pushed", branch: str) -> str:
    """What was pushed to where, or would be."""
    place = f"{pushed.url}{branch}"
    if not pushed.new:
        return f"nothing to do: {place} has all of it already" if pushed.dry_run else f"{place}: has all of it already"
    if pushed.dry_run:
        return f"nothing was pushed: this would go to {place}{', which would be made' if pushed.made else ''}"
    return f"{place}: pushed in commit {(pushed.commit or '')[:8]}"


def _tag(pushed: "Pushed", tag: str | None) -> str:
    if tag is None:
        return ""
    return f", tag {tag} is there already" if pushed.tag_there else f", tag {tag}"


def _line(pulled: "Pulled") -> str:
    """What was pulled to where, and whether it has to be validated again."""
    rows = ", ".join(f"{count:,} {split}" for split, count in pulled.rows.items())
    state = "is there already" if pulled.already_there else "written"
    same = ", byte for byte what was pushed" if pulled.same_bytes else ""
    why = pulled.validate_again
    again = f"; before a push type synth validate {pulled.folder}: {why}" if why else ""
    return f"{pulled.folder}: {rows} {state}{same}{again}"


push = command_from("push", run_push, Push)
pull = command_from("pull", run_pull, Pull)
