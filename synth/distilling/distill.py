"""Asks a teacher for rationales until answers are right, and writes those that are: `synth distill`."""

from pathlib import Path

from synth.base.config import verb
from synth.distilling.estimate import estimate
from synth.distilling.options import Distill
from synth.distilling.outcome import Outcome
from synth.distilling.several import carry_out, jobs_from
from synth.distilling.summary import line
from synth.errors import UsageError


def run(asked: Distill) -> Outcome:
    """Ask a teacher for the rationale of each question, again until its answer is right.

    Of several lengths or annotators each is a dataset of its own in the folder, a configuration. Every reply is kept in
    a request store: the same call resumes, and pays for nothing twice. Returns how the run ended; `complete` says
    whether all of it is there, `used` what was used, or with `dry_run` what would be. Raises UsageError for what cannot
    be asked so, SourceError for questions that cannot be read, FolderError for a folder that holds something else.
    """
    if asked.out is None and not asked.dry_run:
        raise UsageError("give --out FOLDER, where the dataset is to be written")
    jobs, out = jobs_from(asked), asked.out or Path()
    if asked.dry_run:
        return Outcome(out, why="a dry run asks nothing", used=estimate(jobs))
    with line(asked.quiet) as (say, report):
        return carry_out(jobs, out, say, report)


distill = verb("distill", Distill, run)
