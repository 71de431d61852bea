"""The attention of one row: one forced pass over what was written, its shares, and its weights for a picture."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from synth.errors import UsageError
from synth.probing import parts
from synth.probing.maps import Map
from synth.probing.shares import Columns, Kind, Shares, by_step, of_read
from synth.probing.subject import Subject
from synth.probing.told import Told, output_of


@dataclass(frozen=True)
class Chosen:
    """Which layer and head, from 0; None: the mean over all."""

    layer: int | None = None
    head: int | None = None

    @property
    def words(self) -> str:
        said = [f"{name} {number}" for name, number in vars(self).items() if number is not None]
        return ", ".join(said) or "mean of all layers and heads"


@dataclass
class Looked:
    """The attention of a row by its kind."""

    told: Told
    columns: dict[Kind, Columns]
    chosen: Chosen
    shares: dict[Kind, Shares] = field(default_factory=dict)
    weights: dict[Kind, Any] = field(default_factory=dict)  # (lines, columns), if a picture is wanted


def columns_of(subject: Subject, told: Told) -> dict[Kind, Columns]:
    """What the columns are of each kind of attention that the model has."""
    checkpoint, record = subject.checkpoint, told.record
    text, shown = subject.prompt(record), subject.follows(record, record.prompt).strip()
    reader = subject.reader(record)
    named = parts.of_prompt(
        checkpoint.tokenizer, told.start.read, text,
        parts.shifted(reader, (shown, record.prompt, reader.without_cue(record.prompt)), text), not subject.chats,
    )  # fmt: skip
    restored = subject.asking.restored(record, output_of(subject, told).text)
    written = parts.of_output(checkpoint.tokenizer, told.ids, reader, record, restored)
    if checkpoint.decoder:
        return {"self": Columns(named, written)}
    whole = parts.Written([0] * len(named), 0)
    return {
        "cross": Columns(named, written, own=False),
        "self": Columns(of_read(told.start.written), written),
        "encoder": Columns(named, whole, own=False),
    }


def look(subject: Subject, told: Told, chosen: Chosen, picture: bool) -> Looked:
    """Run the model over what was written about a row.

    Raises UsageError for a layer or a head that the model has not, and for a model whose weights cannot be read.
    """
    from synth.probing import weights

    columns = columns_of(subject, told)
    found = Looked(told, columns, chosen)
    sums = {kind: Sums(of, chosen, picture) for kind, of in columns.items()}

    def take(kind: Kind, layer: int, given: Any) -> None:
        if kind in sums:
            sums[kind].add(layer, given)

    counts = weights.weigh(subject.checkpoint.model, batch_of(subject, told), take)
    if chosen.layer is not None and chosen.layer >= counts["self"]:
        raise UsageError(f"--layer {chosen.layer}: the model has layers 0 to {counts['self'] - 1}")
    for kind, summed in sums.items():
        if summed.count:
            found.shares[kind] = summed.shares()
            if picture:
                found.weights[kind] = (summed.map / summed.count).cpu().numpy()
    return found


def batch_of(subject: Subject, told: Told) -> dict[str, Any]:
    """What the model reads in one pass: all but the last token that was written, which nothing reads."""
    import torch

    place = subject.checkpoint.model.device
    read, written = told.start.read, [*told.start.written, *told.ids[:-1]]
    if subject.checkpoint.decoder:
        return {"input_ids": torch.tensor([[*read, *written]], device=place)}
    ids = torch.tensor([read], device=place)
    begun = torch.tensor([written], device=place)
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "decoder_input_ids": begun}


class Sums:
    """The layers of one kind of attention as they come: nothing of a layer is kept but its shares."""

    def __init__(self, columns: Columns, chosen: Chosen, picture: bool) -> None:
        self._columns, self._chosen, self._picture = columns, chosen, picture
        self._heads: list[list[list[float]]] = []
        self._tokens: Any = 0.0  # (lines, parts)
        self.map: Any = 0.0
        self.count = 0

    def add(self, layer: int, given: Any) -> None:
        """given: (heads, rows, columns) of the whole pass. Raises UsageError for a head that is not there."""
        head = self._chosen.head
        if head is not None and head >= len(given):
            raise UsageError(f"--head {head}: a layer has heads 0 to {len(given) - 1}")
        lines = given[:, self._columns.rows if self._columns.own else slice(-len(self._columns.written.at), None)]
        shares = self._columns.shares(lines)
        self._heads.append(shares.mean(dim=1).tolist())
        if self._chosen.layer in (None, layer):
            self._tokens = self._tokens + (shares.mean(dim=0) if head is None else shares[head])
            if self._picture:
                self.map = self.map + (lines.mean(dim=0) if head is None else lines[head])
            self.count += 1

    def shares(self) -> Shares:
        uniform = self._columns.shares(self._columns.uniform())[0]
        written = self._columns.written
        tokens = (self._tokens / self.count).cpu()
        return Shares(
            self._columns.parts, self._heads, tokens.mean(dim=0).tolist(), uniform.mean(dim=0).tolist(),
            by_step(tokens, written), by_step(uniform, written),
        )  # fmt: skip


def maps_of(subject: Subject, looked: Looked, title: str, kinds: Sequence[Kind]) -> list[Map]:
    """The weights of a row, ready to be drawn."""
    named, told = Names(subject.checkpoint.tokenizer), looked.told
    read, own = named(told.start.read), named(told.ids)
    begun = named(told.start.written)
    found = []
    for kind in kinds:
        if kind not in looked.weights:
            continue
        columns = looked.columns[kind]
        steps = [f"step {at + 1}" if at < columns.written.steps else "closing" for at in columns.written.at]
        before = begun if kind == "self" and not subject.checkpoint.decoder else read
        lines, line_parts = (read, columns.before) if kind == "encoder" else (own, steps)
        own_columns, own_parts = (own[:-1], steps[:-1]) if columns.own else ([], [])
        found.append(
            Map(kind, title, looked.weights[kind], lines, [*before, *own_columns], line_parts,
                [*columns.before, *own_parts])
        )  # fmt: skip
    return found


class Names:
    """Tokens as people read them."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def __call__(self, ids: Sequence[int]) -> list[str]:
        return [self._name(token) for token in ids]

    def _name(self, token: int) -> str:
        text = str(self._tokenizer.decode([token], clean_up_tokenization_spaces=False))
        if text.strip():
            return text.strip()
        return "\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS}" if "\n" in text else "\N{OPEN BOX}"
