"""`synth validate`."""

from pathlib import Path
from typing import Annotated

import typer


def validate(
    folder: Annotated[Path, typer.Argument(help="a dataset folder, or one that holds several")],
    suite: Annotated[list[Path] | None, typer.Option(help="a Python file with expectations of your own")] = None,
    docs: Annotated[bool, typer.Option("--docs", help="write Great Expectations' Data Docs to validation/")] = False,
    steps: Annotated[bool, typer.Option("--steps/--no-steps", help="work the steps of every row out again")] = True,
    sample: Annotated[
        int | None, typer.Option(help="work out the steps of about so many rows  [default: all]", min=1)
    ] = None,
    tokenizer: Annotated[
        str | None, typer.Option(help="see that completions survive it: a folder or a model id on the Hub")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="with --tokenizer: tokens a text may have", min=1)] = None,
    against: Annotated[
        list[str] | None, typer.Option(help="a benchmark to look for in the prompts: a file, or a dataset on the Hub")
    ] = None,
    ngram: Annotated[int, typer.Option(help="with --against: words in a row that count as an overlap", min=1)] = 13,
    workers: Annotated[int | None, typer.Option(help="processes  [default: the cores]", min=1)] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="print nothing but errors")] = False,
) -> None:
    """Hold a dataset to its expectations.

    Prints what was expected, of how many rows, and which failed; writes validation.json into the folder. The exit code
    is 1 where something critical fails.
    """
    from synth.base.terminal import progress
    from synth.validating.validate import Options
    from synth.validating.validate import validate as run

    options = Options(tuple(suite or ()), docs, steps, sample, workers, tokenizer, limit, tuple(against or ()), ngram)
    with progress(quiet) as report:
        results = run(folder, options, report)
    if not quiet:
        from synth.validating.show import show

        for result in results:
            show(result, several=len(results) > 1)
    if not all(result.success for result in results):
        raise typer.Exit(1)
