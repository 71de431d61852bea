"""The command `synth study`."""

import sys

from synth.commands.options import command_from
from synth.studying.options import Study


def run(asked: Study) -> None:
    """Carry out a study: conditions by conditions, out of one file, with the other verbs.

    A file in TOML says which tasks, teachers, lengths, targets, models and seeds; every combination is built or
    distilled, trained, measured and reported. Stages that conditions share run once; what is done is not done again.
    """
    from synth.studying import study
    from synth.studying.show import show

    done = study.run(asked)
    if done.plan is not None and done.cost is not None:
        show(done.plan, done.stages, done.cost, done.missing)
    if done.failed:
        sys.exit(1)


command = command_from("study", run, Study)
