"""How probable a model that `synth train --form` made finds each label that an answer can have.

The score of a label is the mean log-likelihood of its tokens, the end token among them, and the probabilities are the
softmax over the labels: MaRio (Ramnath et al. 2023, arXiv 2311.02805), its released code. A row is encoded as it was
in the training, cut where that cut.

Imports torch; to be imported inside the functions that score.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, cast

import torch

from synth.models import load
from synth.models.faults import gpu_may_fail
from synth.models.generate import Decoding, batches
from synth.record import Record
from synth.rewarding.kept import asked, kept
from synth.training.encoding import IGNORED, Encoded
from synth.training.settings import Settled
from synth.training.trainer import Architecture, find
from synth.training.view import View

BATCH_TOKENS = 8_192  # of a batch of what an encoder reads, padding included
DECODER_TOKENS = 2_048  # of a decoder, which makes logits of the whole vocabulary at each of them
BATCH_LABELS = 256  # at once
Row = tuple[str, tuple[str, ...]]  # prompt in its form, labels


@dataclass(frozen=True)
class Labeller:
    """A model that learned labels, with what its training was told."""

    architecture: Architecture
    view: View
    model: Any
    known: dict[Row, list[float]] = field(default_factory=dict)  # what was asked to be remembered

    def probabilities(self, rows: Sequence[Row], remember: bool = False) -> list[list[float]]:
        """The probability of each label of each row.

        remember: keep them, for prompts that come again in later calls. Raises TrainingError for a GPU that fails.
        """
        found = {row: self.known[row] for row in rows if row in self.known}
        left = [row for row in dict.fromkeys(rows) if row not in found]
        with gpu_may_fail("nothing was scored; free its memory"):
            found.update(zip(left, self._asked(left), strict=True))
        if remember:
            self.known.update((row, found[row]) for row in left)
        return [found[row] for row in rows]

    @torch.inference_mode()
    def _asked(self, rows: Sequence[Row]) -> list[list[float]]:
        encoded = [[self._encoded(prompt, label) for label in labels] for prompt, labels in rows]
        lengths = [max(len(row.input_ids) for row in each) * self._copies(len(each)) for each in encoded]
        most = BATCH_TOKENS if self.architecture.encoder_decoder else DECODER_TOKENS
        many = max((len(each) for each in encoded), default=1)
        at_once = Decoding(max_new_tokens=0, batch_size=max(1, BATCH_LABELS // many))
        found: list[list[float]] = [[] for _ in rows]
        for places in batches(lengths, at_once, most=most):
            scores = self._scores([encoded[at] for at in places])
            parted = torch.split(scores, [len(encoded[at]) for at in places])
            for at, own in zip(places, parted, strict=True):
                found[at] = own.softmax(dim=0).tolist()
        return found

    def _copies(self, labels: int) -> int:
        """How often a prompt is read: by an encoder once, by a decoder before each label."""
        return 1 if self.architecture.encoder_decoder else labels

    def _encoded(self, prompt: str, label: str) -> Encoded:
        return self.view.cut(self.view.whole(Record("", "", prompt, "", label, label, {})))

    def _scores(self, rows: Sequence[Sequence[Encoded]]) -> torch.Tensor:
        """The mean log-likelihood of each label, those of one row after those of another."""
        flat = [encoded for row in rows for encoded in row]
        collate = self.architecture.collate(self.view.tokenizer, self.model)
        batch = {name: ids.to(self.model.device) for name, ids in collate(flat).items()}
        labels = batch.pop("labels")
        if self.architecture.encoder_decoder:
            batch = self._read_once(rows, batch)
        logits = self.model(**batch).logits.float()
        if self.architecture.shift:
            logits, labels = logits[:, :-1], labels[:, 1:]
        learned = labels != IGNORED
        own = logits.log_softmax(dim=-1).gather(2, labels.clamp(min=0)[..., None]).squeeze(2)
        means: torch.Tensor = (own * learned).sum(dim=1) / learned.sum(dim=1)
        return means

    def _read_once(self, rows: Sequence[Sequence[Encoded]], batch: dict[str, Any]) -> dict[str, Any]:
        """The batch with each prompt read once by the encoder, whatever the number of its labels."""
        counts = torch.tensor([len(row) for row in rows], device=self.model.device)
        firsts = counts.cumsum(0) - counts
        read = self.model.get_encoder()(
            input_ids=batch["input_ids"][firsts], attention_mask=batch["attention_mask"][firsts]
        )
        read.last_hidden_state = read.last_hidden_state.repeat_interleave(counts, dim=0)
        return {**{name: ids for name, ids in batch.items() if name != "input_ids"}, "encoder_outputs": read}


def labeller(folder: Path, facts: Mapping[str, Any]) -> Labeller:
    """The model of a run, loaded once in a process. facts: what its synth-run.json says.

    Raises SourceError for a model that cannot be loaded.
    """
    return kept("labels", str(folder), lambda: _loaded(folder, facts), lambda each: each.model)


def forget() -> None:
    """Forget what was remembered of prompts. The last digits of a score hang on what else was in its batch, so a loop
    that has to come out the same after a restart begins each stage without what earlier ones remembered."""
    for each in asked():
        if isinstance(each, Labeller):
            each.known.clear()


def _loaded(folder: Path, facts: Mapping[str, Any]) -> Labeller:
    trainer = find(facts["trainer"])
    architecture, given = trainer.student(), facts["config"]
    names = {f.name for f in fields(trainer.config)} & given.keys()
    config = trainer.config(**{name: given[name] for name in names})
    load.quiet_libraries()
    tokenizer = load.load_tokenizer(folder, not architecture.encoder_decoder)
    model = load.load_model(folder, architecture.classes().model).eval()
    return Labeller(architecture, View(architecture, cast(Settled, config), tokenizer, 0), model)
