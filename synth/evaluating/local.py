"""A local checkpoint writes the outputs of an evaluation, batch by batch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from synth.base.terminal import Report
from synth.errors import UsageError
from synth.evaluating.job import Job
from synth.evaluating.outputs import Partial
from synth.evaluating.prompts import Asking
from synth.models.codes import Codes, behind_start, ids_of
from synth.models.generate import Checkpoint, Output, batches
from synth.record import Record
from synth.shots.forms import block
from synth.validating.checker import reader_of
from synth.validating.ends import ended

TOO_LONG = "prompt_too_long"
SURE = 200  # characters of another question from which it is known that it is another
AT_ONCE, TOKENISED = 256, 4096  # rows judged together, prompts tokenised together


def write_locally(
    job: Job, checkpoint: Checkpoint, asking: Asking, records: Sequence[Record], partial: Partial, report: Report
) -> dict[int, str]:
    """Write the outputs of all rows that have none yet; returns the rows that were not asked, and why."""
    chat = chats(checkpoint, asking)
    prompts = [prompt_of(checkpoint, asking, record) for record in records]
    starts = range(0, len(prompts), TOKENISED)
    coded = Coded(checkpoint, asking.codes)
    more = coded.read(records)
    lengths = [len(ids) + more for at in starts for ids in checkpoint.encode(prompts[at : at + TOKENISED], chat)]
    if asking.shots is not None:
        _check_room(checkpoint, asking, records, lengths, job)
    asked = [at for at, length in enumerate(lengths) if checkpoint.room(length, job.decoding) > 0]
    report(job.split, len(partial), len(asked))
    for batch in batches([lengths[at] for at in asked], job.decoding, most=checkpoint.batch_tokens):
        rows = [asked[place] for place in batch]
        if all(row in partial for row in rows):
            continue
        ids = checkpoint.encode([prompts[row] for row in rows], chat)
        done = None if asking.shots is None else _went_on(job, asking, [records[row] for row in rows])
        asked_rows = [records[row] for row in rows]
        ids, heads = coded.placed(ids, asked_rows)
        written = checkpoint.write(ids, [record.id for record in asked_rows], job.decoding, done, heads)
        read = [[replace(one, read=len(own)) for one in outputs] for own, outputs in zip(ids, written, strict=True)]
        partial.add(dict(zip(rows, read, strict=True)))
        report(job.split, len(partial), len(asked))
    return dict.fromkeys(set(range(len(records))) - set(asked), TOO_LONG)


@dataclass(frozen=True)
class Coded:
    """Puts control tokens where a model learned to read them."""

    checkpoint: Checkpoint
    codes: Codes | None

    def ids(self, record: Record) -> list[int]:
        return [] if self.codes is None else ids_of(self.checkpoint.tokenizer, self.codes.of(record.id))

    def read(self, records: Sequence[Record]) -> int:
        """How many tokens the prompts have more, which is the same for all."""
        apart = self.codes is None or (self.codes.place == "decoder" and not self.checkpoint.decoder)
        return 0 if apart or not records else len(self.ids(records[0]))

    def placed(
        self, prompts: Sequence[list[int]], records: Sequence[Record]
    ) -> tuple[list[list[int]], list[list[int]] | None]:
        """The prompts with the codes that stand there, and those that stand before what a decoder writes."""
        if self.codes is None:
            return [*prompts], None
        codes = [self.ids(record) for record in records]
        if self.codes.place == "prompt":
            start = self.checkpoint.tokenizer.bos_token_id
            return [behind_start(ids, own, start) for ids, own in zip(prompts, codes, strict=True)], None
        if self.checkpoint.decoder:
            return [[*ids, *own] for ids, own in zip(prompts, codes, strict=True)], None
        return [*prompts], codes


def _went_on(job: Job, asking: Asking, records: Sequence[Record]) -> Callable[[int, str], bool]:
    """Whether an output about one of the rows has gone on to the next demonstration, far enough to be sure of it."""
    shots = [asking.of(record) for record in records]

    def done(row: int, text: str) -> bool:
        record = records[row]
        output = Output(asking.restored(record, text), 0, cut_off=False)
        found = ended(output, record, reader_of(record.task, asking.task), job.stop, shots[row])
        return len(found.beyond) >= SURE

    return done


def chats(checkpoint: Checkpoint, asking: Asking) -> bool:
    """Whether a model is asked through its chat template."""
    return not asking.trained and bool(checkpoint.tokenizer.chat_template)


def prompt_of(checkpoint: Checkpoint, asking: Asking, record: Record) -> str:
    """The text that is read about a row."""
    if not chats(checkpoint, asking):
        return asking.text(record)
    text: str = checkpoint.tokenizer.apply_chat_template(
        asking.messages(record), tokenize=False, add_generation_prompt=True
    )
    return text


def begun(checkpoint: Checkpoint, asking: Asking, records: Sequence[Record]) -> list[tuple[list[int], list[int]]]:
    """What stands before all that a model writes about each row: the tokens that it reads, and of an encoder-decoder
    those that its decoder begins with."""
    if not records:
        return []
    prompts = [prompt_of(checkpoint, asking, record) for record in records]
    asked = checkpoint.encode(prompts, chats(checkpoint, asking))
    ids, heads = Coded(checkpoint, asking.codes).placed(asked, records)
    return list(zip(ids, checkpoint.starts(len(records), heads) or [[] for _ in records], strict=True))


def _check_room(
    checkpoint: Checkpoint, asking: Asking, records: Sequence[Record], lengths: Sequence[int], job: Job
) -> None:
    """Raises UsageError if prompts with their demonstrations leave no room for a reply like those of these."""
    if checkpoint.limit is None or asking.shots is None:
        return
    at = max(range(len(records)), key=lambda row: lengths[row])
    shown = asking.of(records[at])
    replies = checkpoint.encode([shot.completion for shot in shown], chat=False)
    reply = min(job.decoding.max_new_tokens, max(map(len, replies), default=1))
    if checkpoint.room(lengths[at], job.decoding) >= (reply if checkpoint.decoder else 1):
        return
    alone = len(checkpoint.encode([replace(asking, shots=None).text(records[at])], chat=False)[0])
    each = 2 + max(map(len, checkpoint.encode([block(shot) for shot in shown], chat=False)), default=1)
    fit = max(0, checkpoint.limit - alone - (reply if checkpoint.decoder else 0)) // each
    way = f"give --n-shots {fit}" if 0 < fit < asking.shots.n else "leave out --shots"
    raise UsageError(
        f"the longest prompt has {lengths[at]:,} tokens with its {len(shown)} demonstrations, a reply about {reply:,}, "
        f"and the model takes {checkpoint.limit:,}: {way}, or take a model with more room"
    )
