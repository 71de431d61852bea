"""`synth push` and `synth pull`."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from synth.releasing.pull import Pulled
    from synth.releasing.push import Pushed


def push(
    what: Annotated[list[str], typer.Argument(metavar="FOLDER... ORG/NAME", help="dataset folders, and where to")],
    config: Annotated[str | None, typer.Option(help="name of the configuration, of one folder")] = None,
    private: Annotated[bool, typer.Option("--private", help="make the repository private")] = False,
    revision: Annotated[str | None, typer.Option(help="branch to push to  [default: main]")] = None,
    tag: Annotated[str | None, typer.Option(help="tag for the release: v1.0")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would go where, write nothing")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="what was not validated, or failed; beside foreign files")
    ] = False,
    message: Annotated[str | None, typer.Option(help="of the commit")] = None,
    allow: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="looks private, may go out: /home/user  [repeatable]")
    ] = None,
    card: Annotated[
        Literal["here", "hub"] | None, typer.Option(help="whose text of the card stands  [default: who changed it]")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="print nothing but errors")] = False,
) -> None:
    """Release dataset folders on the Hugging Face Hub.

    Parquet files, the card and what made the data, in one commit. One folder becomes the dataset of the repository;
    several, or a folder of several, its configurations. Configurations that are not pushed stay. The same command
    goes on where it was interrupted. Secrets, folders of this machine and names of its users do not go out.
    """
    from synth.errors import UsageError
    from synth.releasing.push import Options
    from synth.releasing.push import push as run

    if len(what) < 2:
        raise UsageError("synth push needs a dataset folder and where to push it: synth push data org/name")
    folders = [Path(folder) for folder in what[:-1]]
    options = Options(
        folders, what[-1], config, private, revision, tag, dry_run, force, message, tuple(allow or ()), card
    )
    pushed = run(options, _say(quiet))
    if not quiet:
        _show_push(pushed, options.revision, tag)


def pull(
    name: Annotated[str, typer.Argument(metavar="ORG/NAME", help="a release on the Hub")],
    out: Annotated[Path, typer.Argument(help="folder to write it to")],
    config: Annotated[str | None, typer.Option(help="one configuration  [default: all]")] = None,
    revision: Annotated[str | None, typer.Option(help="branch, tag or commit  [default: main]")] = None,
    format: Annotated[
        Literal["jsonl", "parquet"] | None, typer.Option(help="how rows are written  [default: as they were built]")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace another dataset in the folder")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="print nothing but errors")] = False,
) -> None:
    """Bring a release back as a dataset folder.

    Several configurations become datasets in the folder. The folder is written whole or not at all. The card comes
    along, but not over what a person wrote there.
    """
    from synth.releasing.pull import Options
    from synth.releasing.pull import pull as run

    results = run(Options(name, out, config, revision, overwrite, format), _say(quiet))
    for each in [] if quiet else results:
        typer.echo(_line(each))


def _say(quiet: bool) -> Callable[[str], None]:
    """Where it is said what is waited for; the Hub client's progress bars are as quiet."""
    if quiet:
        os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    return lambda line: None if quiet else typer.echo(f"synth: {line}", err=True)


def _show_push(pushed: "Pushed", revision: str | None, tag: str | None) -> None:
    """The files with bytes and rows, then what became of them."""
    change, branch = pushed.change, f" (branch {revision})" if revision else ""
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
    typer.echo(_outcome(pushed, branch) + _tag(pushed, tag))


def _outcome(pushed: "Pushed", branch: str) -> str:
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
    rows = ", ".join(f"{count:,} {split}" for split, count in pulled.rows.items())
    state = "is there already" if pulled.already_there else "written"
    same = ", byte for byte what was pushed" if pulled.same_bytes else ""
    why = pulled.validate_again
    again = f"; before a push type synth validate {pulled.folder}: {why}" if why else ""
    return f"{pulled.folder}: {rows} {state}{same}{again}"
