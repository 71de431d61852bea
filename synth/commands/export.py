"""`synth export`."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def export(
    folder: Annotated[Path, typer.Argument(help="a dataset folder, or one that holds several")],
    to: Annotated[
        Literal["messages", "prompt-completion", "alpaca", "sharegpt", "dpo"],
        typer.Option(help="the form of the rows"),
    ],
    out: Annotated[Path, typer.Option(help="folder to write to, or a .jsonl or .parquet file for one split")],
    system: Annotated[str | None, typer.Option(help="system message of every row")] = None,
    split: Annotated[str | None, typer.Option(help="only this split")] = None,
    format: Annotated[Literal["jsonl", "parquet"], typer.Option(help="how files in a folder are written")] = "jsonl",
    pairs: Annotated[
        int | None, typer.Option(help="dpo: pairs of a distilled row at most  [default: all]", min=1)
    ] = None,
    workers: Annotated[int | None, typer.Option(help="dpo: processes  [default: the cores]", min=1)] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace another export")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="print nothing but errors")] = False,
) -> None:
    """Write a dataset in the form another library reads.

    For TRL, axolotl and LLaMA-Factory. dpo pairs each row with a wrong completion of its prompt: a wrong attempt of the
    teacher, or for built datasets one made by program that the step checker objects to.
    """
    from synth.exporting.export import Options
    from synth.exporting.export import export as write

    done = write(Options(folder, to, out, system, split, format, pairs, overwrite, workers))
    if quiet:
        return
    for name, counts in done.rows.items():
        rows = ", ".join(f"{count:,} {split}" for split, count in counts.items())
        typer.echo(f"{out if len(done.rows) == 1 else out / name}: {rows} rows of {to} written")
    if done.left_out:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in done.left_out.items())
        typer.echo(f"rows that gave no pair: {reasons}")
