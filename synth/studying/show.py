"""What `synth study --dry-run` prints: the stages, what those to be done take, and what is missing before a run."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import typer

from synth.base.terminal import show_table
from synth.studying.assumed import TOLD
from synth.studying.cost import Cost
from synth.studying.folder import Made
from synth.studying.plan import Plan, Stage

LISTED = 60  # stages that are listed one by one; of more, how many of each verb a block has


def show(plan: Plan, made: Mapping[str, Made], cost: Cost, needed: Sequence[str]) -> None:
    """Print a dry run."""
    stages = plan.stages
    if len(stages) <= LISTED:
        show_table(("stage", "verb", "state"), ((one.folder, one.verb, _state(made, one)) for one in stages), left=3)
    else:
        show_table(("block", "cells", "stages", "done", "to do"), _blocks(plan, made), left=1)
        show_table(("verb", "stages", "done", "to do"), _verbs(stages, made), left=1)
    todo = sum(made[one.folder].state != "done" for one in stages)
    typer.echo(f"{len(plan.cells):,} cells, {len(stages):,} stages, {todo:,} to do")
    for line in (*totals(cost), *(f"note: {note}" for note in cost.notes)):
        typer.echo(line)
    typer.echo("missing: nothing" if not needed else "missing before a run:")
    for line in needed:
        typer.echo(f"  {line}")


def totals(cost: Cost) -> Iterator[str]:
    """What the stages that are to be done take, and on what assumptions, as far as they play a part."""
    if cost.prompt_tokens:
        tokens = (
            f"{cost.prompt_tokens / 1e6:,.1f} + {cost.completion_tokens / 1e6:,.1f} million tokens (prompts, replies)"
        )
        yield f"teachers   {tokens}, probably ${cost.dollars:,.2f}"
    if cost.gpu_hours:
        yield f"GPUs       {cost.gpu_hours:,.1f} hours of one A100"
    if cost.core_hours:
        yield f"cores      {cost.core_hours:,.2f} hours of one core"
    yield f"disk       {cost.disk / 1e9:,.2f} GB"
    assumed = [TOLD["teachers"]] * bool(cost.prompt_tokens) + [TOLD["GPUs"]] * bool(cost.gpu_hours)
    yield from (f"assumed    {line}" for line in [*assumed, *[TOLD["cores"]] * bool(cost.core_hours)])


def _state(made: Mapping[str, Made], stage: Stage) -> str:
    return "done" if made[stage.folder].state == "done" else "to do"


def _blocks(plan: Plan, made: Mapping[str, Made]) -> Iterator[list[str]]:
    """Of each block its cells and stages; one that several blocks share counts in the first."""
    seen: set[str] = set()
    for name in dict.fromkeys(cell.block for cell in plan.cells):
        cells = [cell for cell in plan.cells if cell.block == name]
        own = {stage.folder: stage for cell in cells for stage in cell.stages if stage.folder not in seen}
        seen |= own.keys()
        states = Counter(_state(made, stage) for stage in own.values())
        yield [name, f"{len(cells):,}", f"{len(own):,}", f"{states['done']:,}", f"{states['to do']:,}"]


def _verbs(stages: Sequence[Stage], made: Mapping[str, Made]) -> Iterator[list[str]]:
    for verb in dict.fromkeys(stage.verb for stage in stages):
        states = Counter(_state(made, stage) for stage in stages if stage.verb == verb)
        yield [verb, f"{states.total():,}", f"{states['done']:,}", f"{states['to do']:,}"]
