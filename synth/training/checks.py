"""What is looked at before the first step: one row as the model will see it, what limits cut, what the tokenizer loses.

A target that is cut off at the length limit ends before its answer, and a model then learns never to give one; a sign
that the tokenizer does not know is learned as nothing. Both stop a run here, with what to do about it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from synth.errors import UsageError
from synth.models.roundtrip import SPACES, lost
from synth.record import Record
from synth.training.encoding import IGNORED, Encoded, label_text

SHOWN = 60  # tokens of a text at either end in the preview


@dataclass(frozen=True)
class Lengths:
    """What the limits do to the rows: counts of rows, and lengths in tokens."""

    rows: int
    cut: int
    answers_cut: int
    needed: int  # the limit at which no answer is cut
    prompts_cut: int = 0  # of encoder-decoders, whose prompts have a limit of their own
    prompt_needed: int = 0

    def line(self) -> str:
        cut, survive = self.cut / self.rows, 1 - self.answers_cut / self.rows
        return f"{self.rows:,} rows, {cut:.1%} cut by the length limit, the answer survives in {survive:.1%}"


def lengths(whole: Sequence[Encoded], cut: Sequence[Encoded], joined: bool) -> Lengths:
    """Compare rows with what the limits leave of them. `joined`: prompt and target share one limit (decoders)."""
    changed = [before for before, after in zip(whole, cut, strict=True) if before != after]
    ends = [before for before, after in zip(whole, cut, strict=True) if before.learned != after.learned]
    needed = max((len(row.labels) for row in ends), default=0) if not joined else _longest(ends)
    asked = [] if joined else [b for b, a in zip(whole, cut, strict=True) if b.input_ids != a.input_ids]
    return Lengths(len(whole), len(changed), len(ends), needed, len(asked), _longest(asked))


def _longest(rows: Sequence[Encoded]) -> int:
    return max((len(row.input_ids) for row in rows), default=0)


def check_lengths(found: Lengths, option: str, limit: int) -> None:
    """Raises UsageError, with the length that is needed, where answers would be cut off."""
    if found.answers_cut:
        raise UsageError(
            f"{option} {limit} cuts off the answer of {found.answers_cut:,} of {found.rows:,} rows: "
            f"give {option} {found.needed}, or --drop-long to leave those rows out"
        )


def check_prompts(found: Lengths, option: str, limit: int) -> None:
    """Raises UsageError, with the length that is needed, where prompts would be cut off."""
    if found.prompts_cut:
        raise UsageError(
            f"{option} {limit} cuts off the prompt of {found.prompts_cut:,} of {found.rows:,} rows: "
            f"give {option} {found.prompt_needed}, or --drop-long to leave those rows out"
        )


def check_room(model: str | None, rows: Sequence[Encoded], room: int | None, limits: str) -> None:
    """Raises UsageError where rows are longer than the model can take; `room` is None where it has no limit.

    limits: the options that keep rows within it.
    """
    needed = max(max(len(row.input_ids), len(row.labels)) for row in rows)
    if room is not None and needed > room:
        raise UsageError(
            f"a row has {needed:,} tokens and {model} takes {room:,} at most: "
            f"give {limits} --drop-long, or a model that takes more"
        )


def check_longest(
    records: Sequence[Record],
    encoded: Callable[[Record], Encoded],
    cut: Callable[[Encoded], Encoded],
    config: Any,
    room: int | None,
    limits: str,
) -> None:
    """Look at the row with the longest texts before all others are encoded, which takes minutes for many rows.

    Raises UsageError where it is longer than the model can take.
    """
    if room is None:
        return
    row = encoded(max(records, key=lambda record: len(record.prompt) + len(record.completion)))
    if not config.drop_long or cut(row) == row:
        check_room(config.model, [cut(row)], room, limits)


def check_round_trip(
    tokenizer: Any, rows: Sequence[Encoded], targets: Sequence[str], records: Sequence[Record]
) -> None:
    """Raises UsageError, with what is lost and in which row, where the tokenizer does not give targets back."""
    special = [str(token) for token in tokenizer.all_special_tokens]
    failed = 0
    first = ""
    for row, target, record in zip(rows, targets, records, strict=True):
        wanted, back = _folded(target), _folded(label_text(tokenizer, row))
        if wanted != back:
            failed += 1
            first = first or f"{', '.join(lost(wanted, back, special)[:4])} in {record.id}"
    if failed:
        hint = "--line-break ' ; ' replaces line breaks, " if "newline" in first else ""
        raise UsageError(
            f"the tokenizer does not give back {failed:,} of {len(rows):,} targets; lost: {first}: "
            f"{hint}--lossy trains on them all the same, or give another model"
        )


def _folded(text: str) -> str:
    """Spaces folded as SentencePiece does; line breaks at the ends part prompt and target and are no loss."""
    return SPACES.sub(" ", text).strip(" \n")


def preview(tokenizer: Any, row: Encoded) -> str:
    """One row in three lines: what is read, what is written, and how many tokens the loss is taken over."""
    prompt_end = next((i for i, label in enumerate(row.labels) if label != IGNORED), len(row.labels))
    read = row.input_ids[:prompt_end] if prompt_end else row.input_ids
    written = row.learned
    return "\n".join(
        [
            f"reads   {_shown(tokenizer, read)}",
            f"writes  {_shown(tokenizer, written)}",
            f"loss    over {len(written)} tokens, the end token included; over none of the {len(read)} that are read",
        ]
    )


def _shown(tokenizer: Any, ids: Sequence[int]) -> str:
    """The text of some tokens on one line; the middle of a long one is left out."""
    if len(ids) <= 2 * SHOWN:
        return repr(tokenizer.decode(ids))
    left_out = len(ids) - 2 * SHOWN
    return f"{tokenizer.decode(ids[:SHOWN])!r} [{left_out} tokens] {tokenizer.decode(ids[-SHOWN:])!r}"


Say = Callable[[str], None]
