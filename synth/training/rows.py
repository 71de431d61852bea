"""Rows as the model sees them, and all that is looked at before the first step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

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
from synth.training.stored import stored
from synth.training.trainer import Architecture, find
from synth.training.view import View

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True)
class Prepared:
    """The data as the model will see them."""

    tokenizer: Any
    new_tokens: range  # ids that the tokenizer got for this run
    blank_tokens: int
    parts: Sequence[Part]
    records: Sequence[Record]
    rows: Sequence[Encoded]  # one for each record, as the limits leave it
    sizes: "npt.NDArray[np.int64]"  # their lengths in tokens, (rows, limits)
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
    looked = checks.Looked(view)
    rows = stored(looked.through(records), Encoded)
    for line in looked.check():
        say(line)
    if config.drop_long and not all(looked.whole):
        parts = without_long(parts, looked.whole)
        records, rows = records_of(parts), stored(compress(rows, looked.whole), Encoded)
    held_rows = stored((view.cut(view.whole(record)) for record in held), Encoded)
    sizes = looked.sizes()
    checks.check_room(view, int(sizes.max()), room)
    say(checks.preview(tokenizer, rows[0]))
    new_tokens = range(known, len(tokenizer))
    return Prepared(tokenizer, new_tokens, blanks, parts, records, rows, sizes, held_rows, view.texts(records[0]))


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


def without_long(parts: Sequence[Part], whole: Sequence[int]) -> list[Part]:
    """Leave out the rows whose prompt or target a limit would cut. whole: of each row, whether that is not so.

    Raises UsageError if no row of a dataset is left.
    """
    kept, start = [], 0
    for part in parts:
        flags = whole[start : start + len(part.records)]
        if not any(flags):
            raise UsageError(f"--drop-long leaves no row of {part.folder}: give longer length limits")
        kept.append(replace(part, records=stored(compress(part.records, flags), Record)))
        start += len(part.records)
    return kept
