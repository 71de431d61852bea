"""`synth report` and `synth estimate`."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    runs: Annotated[list[Path], typer.Argument(help="folders that synth train or synth eval wrote")],
    out: Annotated[Path, typer.Option(help="folder to write the page and the pictures to")] = Path("report"),
    quiet: Annotated[bool, typer.Option("--quiet", help="print nothing but errors")] = False,
) -> None:
    """Compare runs in tables and pictures.

    A run brings its evaluations along. Runs that differ in their seed alone are put together; those with and without
    rationales are compared question by question.
    """
    from synth.reporting.report import make, show

    found = make(runs, out)
    if not quiet:
        show(found, out)


def estimate(
    task: Annotated[str, typer.Option(help="what the figures are of: gsm8k, winogrande, or a name of your own")],
    length: Annotated[
        float | None, typer.Option(help="mean length in characters of a base model's rationales", min=0)
    ] = None,
    data: Annotated[Path | None, typer.Option(help="a dataset folder whose rationales are measured instead")] = None,
    split: Annotated[str | None, typer.Option(help="split of --data  [default: the first]")] = None,
    accuracy: Annotated[
        float | None, typer.Option(help="accuracy, 0 to 1, of a model trained on answers alone")
    ] = None,
    eval: Annotated[Path | None, typer.Option("--eval", help="an evaluation of such a model instead")] = None,
) -> None:
    """Say what rationales may be worth, before money is spent.

    From the lines that one paper fitted over 18 data sets (Zhu et al. 2025), with how far they can be wrong.
    """
    from synth.reporting.estimate import estimate as work_out
    from synth.reporting.estimate import show

    show(work_out(task, length, data, split, accuracy, eval))
