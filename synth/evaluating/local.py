"""A local checkpoint writes the outputs of an evaluation, batch by batch."""

from collections.abc import Sequence

from synth.base.terminal import Report
from synth.evaluating.job import Job
from synth.evaluating.outputs import Partial
from synth.evaluating.prompts import Asking
from synth.models.generate import Checkpoint, batches
from synth.record import Record

TOO_LONG = "prompt_too_long"
AT_ONCE, TOKENISED = 256, 4096  # rows judged together, prompts tokenised together


def write_locally(
    job: Job, checkpoint: Checkpoint, asking: Asking, records: Sequence[Record], partial: Partial, report: Report
) -> dict[int, str]:
    """Write the outputs of all rows that have none yet; returns the rows that were not asked, and why."""
    chat = not asking.trained and bool(checkpoint.tokenizer.chat_template)
    prompts = [_prompt(checkpoint, asking, record, chat) for record in records]
    starts = range(0, len(prompts), TOKENISED)
    lengths = [len(ids) for at in starts for ids in checkpoint.encode(prompts[at : at + TOKENISED], chat)]
    asked = [at for at, length in enumerate(lengths) if checkpoint.room(length, job.decoding) > 0]
    report(job.split, len(partial), len(asked))
    for batch in batches([lengths[at] for at in asked], job.decoding):
        rows = [asked[place] for place in batch]
        if all(row in partial for row in rows):
            continue
        ids = checkpoint.encode([prompts[row] for row in rows], chat)
        written = checkpoint.write(ids, [records[row].id for row in rows], job.decoding)
        partial.add(dict(zip(rows, written, strict=True)))
        report(job.split, len(partial), len(asked))
    return dict.fromkeys(set(range(len(records))) - set(asked), TOO_LONG)


def _prompt(checkpoint: Checkpoint, asking: Asking, record: Record, chat: bool) -> str:
    if not chat:
        return asking.text(record)
    text: str = checkpoint.tokenizer.apply_chat_template(
        asking.messages(record), tokenize=False, add_generation_prompt=True
    )
    return text
