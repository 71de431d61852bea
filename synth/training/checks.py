"""What is looked at before the first step: one row as the model will see it, what limits cut, what the tokenizer loses.

A target that is cut off at the length limit ends before its answer, and a model then learns never to give one; a sign
that the tokenizer does not know is learned as nothing. Both stop a run here, with what to do about it.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from synth.errors import UsageError
from synth.models.codes import is_token
from synth.models.roundtrip import SPACES, lost
from synth.models.tokens import special_texts
from synth.record import Record
from synth.training.encoding import IGNORED, Encoded, label_text
from synth.training.view import View

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SHOWN = 60  # tokens of a text at either end in the preview


class Looked:
    """What one pass over the rows of a run finds; nothing of a row is kept but its lengths.

    Rows are looked at as they are, and passed on as the limits leave them.
    """

    def __init__(self, view: View) -> None:
        self.view = view
        self.whole = bytearray()  # of each row, whether no limit cuts it
        self._sizes = array("q")  # of each row that is passed on, one for each limit
        self._longest = view.architecture.longest(view.config)
        self._over = [array("q") for _ in self._longest]  # the lengths that each limit would cut
        self._trip = RoundTrip(view.tokenizer)
        self._special = SpecialPrompts(view.tokenizer)

    def through(self, records: Iterable[Record]) -> Iterator[Encoded]:
        for record in records:
            row = self.view.whole(record)
            prompt, target = self.view.texts(record)
            if not self.view.config.lossy:
                self._trip.add(row, target, record)
            self._special.add(prompt, record)
            for over, size, most in zip(self._over, self.view.architecture.sizes(row), self._longest, strict=True):
                if size > most:
                    over.append(size)
            cut = self.view.cut(row)
            self.whole.append(cut == row)
            self._sizes.extend(self.view.architecture.sizes(cut))
            yield cut

    def sizes(self) -> "npt.NDArray[np.int64]":
        """The lengths in tokens, (rows, limits): of those that no limit cuts, if the others are left out."""
        import numpy as np

        found = np.frombuffer(self._sizes, np.int64).reshape(len(self.whole), -1)
        return found[np.frombuffer(self.whole, bool)] if self.view.config.drop_long else found

    def check(self) -> Iterator[str]:
        """Lines for the user: prompts that hold special tokens, and what the limits do.

        Raises UsageError if targets do not survive the tokenizer or, with the length that is needed, if prompts or
        answers would be cut off, unless such rows are left out.
        """
        self._trip.check()
        if notice := self._special.notice():
            yield notice
        yield self._lengths()

    def _lengths(self) -> str:
        rows, limits = len(self.whole), self.view.architecture.limits
        for limit, lengths, tokens in zip(limits, self._over, self._longest, strict=True):
            if lengths and not self.view.config.drop_long:
                raise UsageError(
                    f"{limit.option} {tokens} cuts off the {limit.cuts} of {len(lengths):,} of {rows:,} rows: "
                    f"give {limit.option} {max(lengths)}, or --drop-long to leave those rows out"
                )
        cut = self.whole.count(False) / rows
        gone = sum(len(lengths) for limit, lengths in zip(limits, self._over, strict=True) if limit.cuts == "answer")
        return f"{rows:,} rows, {cut:.1%} cut by the length limit, the answer survives in {1 - gone / rows:.1%}"


def check_room(view: View, needed: int, room: int | None) -> None:
    """Raises UsageError if the longest row has more tokens than the model can take; `room` is None without a limit."""
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
        check_room(view, max(view.architecture.sizes(view.cut(row))), room)


class RoundTrip:
    """Whether the tokenizer gives targets back as they were."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer, self._special = tokenizer, special_texts(tokenizer)
        self._rows = self._failed = 0
        self._first = ""

    def add(self, row: Encoded, target: str, record: Record) -> None:
        self._rows += 1
        wanted, back = _folded(target), _folded(label_text(self._tokenizer, row))
        if wanted != back:
            self._failed += 1
            self._first = self._first or f"{', '.join(lost(wanted, back, self._special)[:4])} in {record.id}"

    def check(self) -> None:
        """Raises UsageError, with what is lost and in which row, if some were not."""
        if self._failed:
            hint = "--line-break ' ; ' replaces line breaks, " if "newline" in self._first else ""
            raise UsageError(
                f"the tokenizer does not give back {self._failed:,} of {self._rows:,} targets; lost: {self._first}: "
                f"{hint}--lossy trains on them all the same, or give another model"
            )


class SpecialPrompts:
    """Prompts that hold letters which the tokenizer reads as a special token, as a chat's marks are."""

    def __init__(self, tokenizer: Any) -> None:
        self._special = special_texts(tokenizer)
        self._rows = self._found = 0
        self._first = ""

    def add(self, prompt: str, record: Record) -> None:
        self._rows += 1
        if tokens := [token for token in self._special if token in prompt]:
            self._found += 1
            self._first = self._first or f"{', '.join(map(repr, tokens[:4]))} in {record.id}"

    def notice(self) -> str:
        """A line for the user, or "": a target is refused for it, but a prompt in the form of a chat may mean it."""
        if not self._found:
            return ""
        return f"{self._found:,} of {self._rows:,} prompts hold letters that are read as a special token: {self._first}"


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
