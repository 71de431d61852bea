"""Asks a teacher for rationales until answers are right, and writes those that are: `synth distill`."""

from synth.base.config import verb
from synth.distilling.estimate import estimate
from synth.distilling.job import job_from
from synth.distilling.options import Distill
from synth.distilling.run import Outcome, carry_out
from synth.distilling.summary import line
from synth.errors import UsageError


def run(asked: Distill) -> Outcome:
    """Ask a teacher for the rationale of each question, again until its answer is right.

    Every reply is kept in a request store: the same call resumes, and pays for nothing twice. Returns how the run
    ended; `complete` says whether all of it is there, `used` what was used, or with `dry_run`
    what would be. Raises UsageError for what cannot be asked so, SourceError for questions that cannot be read,
    FolderError for a folder that holds something else.
    """
    if asked.out is None and not asked.dry_run:
        raise UsageError("give --out FOLDER, where the dataset is to be written")
    job = job_from(asked)
    if asked.dry_run:
        return Outcome(job.out, why="a dry run asks nothing", used=estimate(job))
    with line(asked.quiet) as (say, report):
        return carry_out(job, say, report)


distill = verb("distill", Distill, run)
