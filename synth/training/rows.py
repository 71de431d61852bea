"""Rows as the model sees them, and all that is looked at before the first step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from synth import registry
from synth.base.terminal import Say
from synth.errors import UsageError
from synth.models import load, scratch
from synth.models.codes import tokens
from synth.models.generate import places
from synth.record import Record
from synth.training import checks, encoding, targets
from synth.training.encoding import Encoded
from synth.training.mixture import Part, bins_of, check_codes, records_of
from synth.training.settings import Settled
from synth.training.trainer import Architecture, find
from synth.training.view import View


@dataclass(frozen=True)
class Prepared:
    """The data as the model will see them."""

    tokenizer: Any
    new_tokens: range  # ids that the tokenizer got for this run
    blank_tokens: int
    parts: Sequence[Part]
    records: Sequence[Record]
    rows: Sequence[Encoded]  # one for each record, as the limits leave it
    held: Sequence[Encoded]  # of the validation split
    example: tuple[str, str]  # a prompt and its target


def prepare(
    architecture: Architecture, config: Settled, parts: Sequence[Part], held: Sequence[Record], say: Say
) -> Prepared:
    """Tokenizer and rows of a run, after all that is looked at before the first step.

    parts: what is learned from. held: what the loss is evaluated on, if anything. Raises UsageError if answers would be
    cut off or targets do not survive the tokenizer, SourceError for a model that cannot be had.
    """
    records = records_of(parts)
    decoder = not architecture.encoder_decoder
    if config.model:
        base = load.fetch(config.model)
        room = longest_text(base, architecture)
        tokenizer = load.load_tokenizer(base, decoder)
    else:
        room = None  # a new model is made for the texts there are
        tokenizer = scratch.make_tokenizer(records, cast(scratch.Size, config.from_scratch), decoder)
    known = len(tokenizer)
    blanks = count_blanks(tokenizer, records, config)
    add_blanks(tokenizer, targets.blank_tokens(blanks))
    if config.codes:
        check_codes(parts)
        add_codes(tokenizer, tokens(bins_of(parts)))
    if config.reference:
        its = load.load_tokenizer(load.fetch(config.reference), decoder)
        checks.vocabulary(tokenizer, its)
    view = View(architecture, config, tokenizer, blanks)

    checks.check_longest(view, records, room)
    rows = [view.whole(record) for record in records]
    if not config.lossy:
        checks.check_round_trip(tokenizer, rows, [view.texts(record)[1] for record in records], records)
    if notice := checks.special_prompts(tokenizer, [view.texts(record)[0] for record in records], records):
        say(notice)
    say(checks.check_lengths(view, rows))
    if config.drop_long:
        parts, rows = without_long(parts, rows, view.cut)
        records = records_of(parts)
    rows = [view.cut(row) for row in rows]
    held_rows = [view.cut(view.whole(record)) for record in held]
    checks.check_room(view, rows, room)
    say(checks.preview(tokenizer, rows[0]))
    new_tokens = range(known, len(tokenizer))
    return Prepared(tokenizer, new_tokens, blanks, parts, records, rows, held_rows, view.texts(records[0]))


def longest_text(base: Path, architecture: Architecture) -> int | None:
    """The longest text that the model of a folder takes, in tokens; None if it has no limit.

    Raises UsageError for a model of another architecture, SourceError if its configuration cannot be read.
    """
    shape = load.shape(base)
    if bool(shape.is_encoder_decoder) is not architecture.encoder_decoder:
        words = "an encoder-decoder" if shape.is_encoder_decoder else "a decoder"
        other = not architecture.encoder_decoder
        known = {name: find(name).architecture for name in registry.names("trainers")}
        names = [name for name, kind in known.items() if kind is not None and kind.encoder_decoder is other]
        raise UsageError(f"{base.name} is {words}: train it with synth train {' or '.join(names)}")
    return places(shape)


def add_blanks(tokenizer: Any, tokens: Sequence[str]) -> None:
    """Make each blank one token of its own; they are plain text otherwise, so that they are seen in outputs."""
    from tokenizers import AddedToken

    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in tokens])


def add_codes(tokenizer: Any, names: Sequence[str]) -> None:
    """Make each control token one token, which is not seen in outputs."""
    from tokenizers import AddedToken

    tokenizer.add_tokens([AddedToken(name, normalized=False, special=True) for name in names], special_tokens=True)


def count_blanks(tokenizer: Any, records: Sequence[Record], config: Settled) -> int:
    """How many blank tokens stand for a rationale: as many as are asked for, or its mean length in this tokenizer's
    tokens; 0 for other targets.

    Raises UsageError if no row has a rationale.
    """
    if config.target != "blank":
        return 0
    steps = [parts.steps for parts in map(targets.parts, records) if parts.steps]
    if not steps:
        raise UsageError("--target blank: the rows have no rationales that blanks could stand for")
    if config.blank_tokens is not None:
        return config.blank_tokens
    texts = (encoding.broken(text, config.line_break) for text in steps)
    return targets.mean_length(len(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in texts)


def without_long(
    parts: Sequence[Part], rows: Sequence[Encoded], cut: Callable[[Encoded], Encoded]
) -> tuple[list[Part], list[Encoded]]:
    """Leave out the rows whose prompt or target a limit would cut.

    Raises UsageError if no row of a dataset is left.
    """
    kept_parts, kept_rows, start = [], [], 0
    for part in parts:
        pairs = zip(part.records, rows[start : start + len(part.records)], strict=True)
        kept = [(record, row) for record, row in pairs if cut(row) == row]
        if not kept:
            raise UsageError(f"--drop-long leaves no row of {part.folder}: give longer length limits")
        kept_parts.append(replace(part, records=[record for record, _ in kept]))
        kept_rows += [row for _, row in kept]
        start += len(part.records)
    return kept_parts, kept_rows
