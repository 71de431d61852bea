"""What is looked at before the first step: one row as the model will see it, what limits cut, what the tokenizer loses.

A target that is cut off at the length limit ends before its answer, and a model then learns never to give one; a sign
that the tokenizer does not know is learned as nothing. Both stop a run here, with what to do about it.
"""

from collections.abc import Sequence
from typing import Any

from synth.errors import UsageError
from synth.models.codes import is_token
from synth.models.roundtrip import SPACES, lost
from synth.models.tokens import special_texts
from synth.record import Record
from synth.training.encoding import IGNORED, Encoded, label_text
from synth.training.view import View

SHOWN = 60  # tokens of a text at either end in the preview


def check_lengths(view: View, rows: Sequence[Encoded]) -> str:
    """What the limits do to the rows, as a line for the user.

    Raises UsageError, with the length that is needed, if prompts or answers would be cut off, unless such rows are
    left out.
    """
    over = {limit: _over(view, rows, place) for place, limit in enumerate(view.architecture.limits)}
    longest = view.architecture.longest(view.config)
    for (limit, lengths), tokens in zip(over.items(), longest, strict=True):
        if lengths and not view.config.drop_long:
            raise UsageError(
                f"{limit.option} {tokens} cuts off the {limit.cuts} of {len(lengths):,} of {len(rows):,} rows: "
                f"give {limit.option} {max(lengths)}, or --drop-long to leave those rows out"
            )
    cut = sum(view.cut(row) != row for row in rows) / len(rows)
    survive = 1 - sum(len(lengths) for limit, lengths in over.items() if limit.cuts == "answer") / len(rows)
    return f"{len(rows):,} rows, {cut:.1%} cut by the length limit, the answer survives in {survive:.1%}"


def _over(view: View, rows: Sequence[Encoded], place: int) -> list[int]:
    """The lengths that one of the limits would cut."""
    most = view.architecture.longest(view.config)[place]
    return [length for row in rows if (length := view.architecture.sizes(row)[place]) > most]


def check_room(view: View, rows: Sequence[Encoded], room: int | None) -> None:
    """Raises UsageError if rows are longer than the model can take; `room` is None if it has no limit."""
    needed = max(max(view.architecture.sizes(row)) for row in rows)
    if room is not None and needed > room:
        limits = " ".join(f"{limit.option} {room}" for limit in view.architecture.limits)
        raise UsageError(
            f"a row has {needed:,} tokens and {view.config.model} takes {room:,} at most: "
            f"give {limits} --drop-long, or a model that takes more"
        )


def check_longest(view: View, records: Sequence[Record], room: int | None) -> None:
    """Look at the row with the longest texts before all others are encoded, which takes minutes for many rows.

    Raises UsageError if it is longer than the model can take.
    """
    if room is None:
        return
    row = view.whole(max(records, key=lambda record: len(record.prompt) + len(record.completion)))
    if not view.config.drop_long or view.cut(row) == row:
        check_room(view, [view.cut(row)], room)


def check_round_trip(
    tokenizer: Any, rows: Sequence[Encoded], targets: Sequence[str], records: Sequence[Record]
) -> None:
    """Raises UsageError, with what is lost and in which row, if the tokenizer does not give targets back."""
    special = special_texts(tokenizer)
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


def special_prompts(tokenizer: Any, prompts: Sequence[str], records: Sequence[Record]) -> str:
    """A line for the user if prompts hold letters that the tokenizer reads as a special token, as a chat's marks are.

    "" if none does: a target is refused for it, but a prompt in the form of a chat may mean it.
    """
    special = special_texts(tokenizer)
    found = [
        (record.id, [token for token in special if token in prompt])
        for record, prompt in zip(records, prompts, strict=True)
    ]
    found = [(row, tokens) for row, tokens in found if tokens]
    if not found:
        return ""
    row, tokens = found[0]
    named = ", ".join(map(repr, tokens[:4]))
    return f"{len(found):,} of {len(records):,} prompts hold letters that are read as a special token: {named} in {row}"


def _folded(text: str) -> str:
    """Spaces folded as SentencePiece does; line breaks at the ends part prompt and target and are no loss."""
    return SPACES.sub(" ", text).strip(" \n")


def preview(tokenizer: Any, row: Encoded) -> str:
    """One row in three lines: what is read, what is written, and how many tokens the loss is taken over."""
    prompt_end = next((i for i, label in enumerate(row.labels) if label != IGNORED), len(row.labels))
    read = row.input_ids[:prompt_end] if prompt_end else row.input_ids
    written = row.learned
    codes = [f"codes   {_shown(tokenizer, row.codes)}, of which nothing is learned"] if row.codes else []
    return "\n".join(
        [
            *codes,
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


def vocabulary(tokenizer: Any, reference: Any) -> int:
    """How many tokens, from the first on, both know.

    Raises UsageError for a reference whose tokens are others.
    """
    own, its = tokenizer.get_vocab(), reference.get_vocab()
    shared = {text: number for text, number in its.items() if not is_token(text)}
    if any(own.get(text) != number for text, number in shared.items()):
        raise UsageError(
            f"--reference: it has other tokens ({len(shared):,}, the model {len(own):,}): give a model with the same "
            "tokenizer, such as the one that training starts from"
        )
    return 1 + max(int(number) for number in shared.values())
