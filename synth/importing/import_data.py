"""Takes in rationales that exist, or questions and answers alone, without asking anybody: `synth import`."""

from synth.base.config import verb
from synth.base.terminal import progress
from synth.importing.options import Import
from synth.importing.run import Outcome, carry_out
from synth.importing.splits import add


def run(asked: Import) -> Outcome:
    """Make a dataset folder of rationales that somebody wrote before, kept if their answers are right.

    With `no_rationale` of questions and answers alone, also as a further split of a dataset of the same task. Returns
    what came of each question. Raises UsageError for a task that there is not, SourceError for rows that cannot be
    read, FolderError for a folder that holds something else.
    """
    with progress(asked.quiet) as report:
        return add(asked, report) if asked.no_rationale else carry_out(asked, report)


# `import` is a word of Python itself.
import_data = verb("import_data", Import, run)
