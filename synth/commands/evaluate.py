"""The command `synth eval`."""

from synth.commands.options import AsJson, command_from, print_json
from synth.evaluating.options import Evaluate


def run(asked: Evaluate, printing: AsJson) -> None:
    """Measure a model on a dataset.

    A checkpoint writes in batches here; a server is asked through the engine of synth distill. What was written is kept
    as it comes: the same command resumes an evaluation that was stopped.
    """
    from synth.evaluating import evaluate
    from synth.evaluating.show import show

    results = evaluate.run(asked)
    if printing.json:
        figures = [result.metrics for result in results]
        print_json(figures if len(figures) > 1 else figures[0])
    elif not asked.quiet:
        for result in results:
            show(result)


command = command_from("eval", run, Evaluate, AsJson)
