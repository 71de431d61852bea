"""`synth eval`."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer


def evaluate(
    model: Annotated[str, typer.Option(help="a checkpoint's folder, a name on the Hub, or the URL of a server")],
    data: Annotated[Path, typer.Option(help="a dataset folder")],
    split: Annotated[str, typer.Option(help="which of its splits")] = "test",
    limit: Annotated[int | None, typer.Option(help="the first so many rows", min=1)] = None,
    prompting: Annotated[
        Literal["rationale", "direct", "both"],
        typer.Option(help="step by step, the answer alone, or one after the other"),
    ] = "rationale",
    samples: Annotated[int, typer.Option(help="outputs a row; of several the majority answers", min=1)] = 1,
    temperature: Annotated[
        float | None, typer.Option(help="0 is greedy  [default: 0, and 0.8 with --samples]", min=0, max=10)
    ] = None,
    max_new_tokens: Annotated[int, typer.Option(help="longest output", min=1)] = 512,
    batch_size: Annotated[int, typer.Option(help="rows in a batch at most, for a checkpoint", min=1)] = 64,
    seed: Annotated[int, typer.Option(help="another seed, other samples, for a checkpoint")] = 0,
    out: Annotated[Path | None, typer.Option(help="folder to write to  [default: MODEL/eval/DATA-SPLIT]")] = None,
    plain: Annotated[bool, typer.Option("--plain", help="ask with the prompts as they stand in the data")] = False,
    run: Annotated[Path | None, typer.Option(help="run folder (synth train) of a model that is served")] = None,
    model_name: Annotated[str | None, typer.Option(help="the model's name at the server")] = None,
    concurrency: Annotated[int, typer.Option(help="requests in flight at most", min=1)] = 64,
    timeout: Annotated[float, typer.Option(help="seconds to wait for a reply", min=1)] = 600,
    budget: Annotated[float | None, typer.Option(help="dollars not to be passed", min=0)] = None,
    price: Annotated[str | None, typer.Option(help="dollars a million prompt, completion tokens: 0.15,0.6")] = None,
    cache: Annotated[Path | None, typer.Option(help="the request store  [default: in the output folder]")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace another evaluation in the folder")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="print nothing but errors")] = False,
) -> None:
    """Measure a model on a dataset.

    A checkpoint writes in batches here; a server is asked through the engine of synth distill. What was written is kept
    as it comes: the same command goes on with an evaluation that was stopped.
    """
    options: dict[str, Any] = dict(locals())
    from synth.evaluating.jobs import run_evaluations

    run_evaluations(options)
