"""Who is looked at: a checkpoint, how it is asked about the rows of a dataset, and the tokens it reads."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from synth.base.files import read_facts
from synth.data.manifest import no_split, open_manifest
from synth.data.names import RUN
from synth.data.reading import read
from synth.errors import FolderError, UsageError
from synth.evaluating.local import begun, chats, prompt_of
from synth.evaluating.options import is_url
from synth.evaluating.prompts import Asking, asking_for
from synth.models.codes import codes_of
from synth.models.generate import Checkpoint, Decoding, Output, batches
from synth.models.load import load
from synth.models.tokens import behind
from synth.probing.options import Probe
from synth.questions.prompts import continued
from synth.record import Record
from synth.training.encoding import broken
from synth.validating.checker import Checker, reader_of, settings_of

WEIGHTS = "give RUN the folder of the model or its name on the Hub"


@dataclass(frozen=True)
class Start:
    """The tokens that a row begins with.

    read: of a decoder all that stands before its text; of an encoder-decoder what the encoder reads.
    written: of an encoder-decoder what its decoder begins with; empty for a decoder.
    """

    read: list[int]
    written: list[int]


@dataclass(frozen=True)
class Subject:
    """A checkpoint and the rows that it is looked at over."""

    name: str
    checkpoint: Checkpoint
    asking: Asking
    manifest: Mapping[str, Any]
    records: Sequence[Record]
    run: Mapping[str, Any] | None  # synth-run.json; None for a model that synth train did not make

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What readers and step checkers have to know of the folder."""
        return settings_of(self.manifest)

    @property
    def target(self) -> str | None:
        """What the model learned to write: rationale, answer or blank; None if that is not known."""
        return None if self.run is None else str(self.run.get("target", "rationale"))

    @property
    def chats(self) -> bool:
        return chats(self.checkpoint, self.asking)

    @property
    def line_break(self) -> str:
        """What the model writes for a line break."""
        given = self.asking.line_break if self.asking.trained else None
        return "\n" if given is None else given

    def reader(self, record: Record) -> Checker:
        return reader_of(record.task, self.asking.task)

    def starts(self, records: Sequence[Record]) -> list[Start]:
        """What stands before all that the model writes about each row."""
        return [Start(*tokens) for tokens in begun(self.checkpoint, self.asking, records)]

    def prompt(self, record: Record) -> str:
        """The text that is read about a row."""
        return prompt_of(self.checkpoint, self.asking, record)

    def follows(self, record: Record, text: str) -> str:
        """A text in the row's own form as the model writes it behind the prompt: with its line breaks."""
        own = broken(text, self.asking.line_break) if self.asking.trained else text
        if self.chats:
            return own.lstrip()
        return continued(self.prompt(record), own) if self.checkpoint.decoder else own

    def encode(self, record: Record, text: str) -> tuple[list[int], list[int]]:
        """The tokens of what is written about a row, as training has them, and where in the text each one ends.

        No end token stands behind them.
        """
        if not self.checkpoint.decoder:
            return self._spans(text, True)
        prompt = self.prompt(record)
        asked = self.checkpoint.encode([prompt], self.chats)[0]
        ids, ends = self._spans(prompt + text, not self.chats)
        if ids[: len(asked)] != asked:
            return self._spans(text, False)
        return ids[len(asked) :], [max(0, end - len(prompt)) for end in ends[len(asked) :]]

    def alone(self, text: str) -> tuple[list[int], list[int]]:
        """The same of a text by itself, with nothing that the tokenizer adds."""
        return self._spans(text, False)

    def _spans(self, text: str, special: bool) -> tuple[list[int], list[int]]:
        tokenizer = self.checkpoint.tokenizer
        fast = {"return_offsets_mapping": True} if tokenizer.is_fast else {}
        found = tokenizer(text, add_special_tokens=special, verbose=False, **fast)
        ids = list(found["input_ids"])
        kept = len(ids) - (behind(tokenizer) if special else 0)
        if not fast:
            return ids[:kept], [len(tokenizer.decode(ids[: k + 1], skip_special_tokens=True)) for k in range(kept)]
        return ids[:kept], [end for _, end in found["offset_mapping"][:kept]]

    def behind(self, start: Start, ids: Sequence[int]) -> Start:
        """A start with tokens of the text that stand there already."""
        if self.checkpoint.decoder:
            return Start([*start.read, *ids], [])
        return Start(start.read, [*start.written, *ids])

    def write(self, starts: Sequence[Start], names: Sequence[str], decoding: Decoding) -> list[list[Output]]:
        """What the model writes behind each start; several samples of one are in one list.

        An output is in the model's own line breaks: `asking.restored` brings the row's back.
        """
        found: list[list[Output]] = [[] for _ in starts]
        for rows, heads in self.batched(starts, decoding):
            outputs = self.checkpoint.write(
                [starts[row].read for row in rows], [names[row] for row in rows], decoding, heads=heads
            )
            for row, of in zip(rows, outputs, strict=True):
                found[row] = of
        return found

    def batched(
        self, starts: Sequence[Start], decoding: Decoding
    ) -> Iterator[tuple[list[int], list[list[int]] | None]]:
        """The rows that can be written about, in batches, with what the decoder of an encoder-decoder begins with."""
        lengths = [len(start.read) + len(start.written) for start in starts]
        fit = [at for at, length in enumerate(lengths) if self.checkpoint.room(length, decoding) > 0]
        of_one: dict[int, list[int]] = {}  # rows of a batch have as many tokens before what their decoder writes
        for at in fit:
            of_one.setdefault(len(starts[at].written), []).append(at)
        for group in of_one.values():
            for batch in batches([lengths[at] for at in group], decoding, most=self.checkpoint.batch_tokens):
                rows = [group[place] for place in batch]
                yield rows, None if self.checkpoint.decoder else [starts[row].written[1:] for row in rows]


def subject(run: str, asked: Probe) -> Subject:
    """The checkpoint of a run and the rows of a split.

    Raises UsageError for a server, FolderError and SourceError for what is not there, MissingExtraError without torch.
    """
    if is_url(run):
        raise UsageError(f"{run} is a server, and a probe needs the weights: {WEIGHTS}")
    manifest = open_manifest(asked.data)
    if asked.split not in manifest["splits"]:
        raise FolderError(f"{no_split(asked.data, asked.split, manifest['splits'])}; name one with --split")
    records = list(islice(read(asked.data, asked.split, typed=True), asked.limit))
    if not records:
        raise FolderError(f"the split {asked.split} of {asked.data} has no rows: give another --split")
    facts = read_facts(Path(run) / RUN, "what synth train writes", "train the model again")
    if facts is not None and (facts.get("config") or {}).get("form"):
        raise UsageError(f"{run} was trained with --form and writes labels alone: a probe needs a model that answers")
    asking = asking_for(facts, "rationale", manifest, codes=codes_of(facts, None))
    return Subject(run, load(run, WEIGHTS), asking, manifest, records, facts)
