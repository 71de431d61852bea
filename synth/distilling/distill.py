"""Asks a teacher for rationales until answers are right, and writes those that are: `synth distill`."""

from synth.base.config import verb
from synth.distilling.job import job_from
from synth.distilling.options import Distill
from synth.distilling.run import Outcome, carry_out
from synth.distilling.summary import line


def run(asked: Distill) -> Outcome:
    """Ask a teacher for the rationale of each question, again until its answer is right.

    Every reply is kept in a request store: the same call resumes, and pays for nothing twice. Returns how the run
    ended; `complete` says whether all of it is there. Raises UsageError for what cannot be asked so, SourceError for
    questions that cannot be read, FolderError for a folder that holds something else.
    """
    with line(asked.quiet) as (say, report):
        return carry_out(job_from(asked), say, report)


distill = verb("distill", Distill, run)
