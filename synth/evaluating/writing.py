"""Has a model write the outputs that are not there yet: a checkpoint here, or a server."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from synth.base import loops
from synth.base.terminal import Report, Say
from synth.evaluating.job import Job, StoppedError
from synth.evaluating.local import write_locally
from synth.evaluating.outputs import Partial
from synth.evaluating.prompts import Asking
from synth.models.load import load
from synth.record import Record


def write(
    job: Job, asking: Asking, records: Sequence[Record], partial: Partial, say: Say, report: Report
) -> dict[int, str]:
    """Write outputs of all rows that have none; returns the rows that get none, and why.

    Raises StoppedError if asking a server was given up; what came is kept in `partial`.
    """
    if not job.is_url:
        return write_locally(job, load(job.model), asking, records, partial, report)
    from synth.evaluating.server import ask_server

    return loops.run(ask_server(job, asking, records, partial, say, report))


@contextmanager
def kept(partial: Partial, rows: int) -> Iterator[None]:
    """After Ctrl-C, say what became of the outputs."""
    try:
        yield
    except KeyboardInterrupt as error:
        said = f"the outputs of {len(partial):,} of {rows:,} rows are kept; the same command resumes from here"
        raise StoppedError(f"interrupted: {said if len(partial) else 'no output was written yet'}", 130) from error
