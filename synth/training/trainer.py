"""What a trainer is: a file in trainers/ that ends with TRAINER = Trainer(...).

    TRAINER = Trainer(
        name="llama", config=Config, presets=PRESETS,  # what it is called, its options, and settings of papers
        architecture=ARCHITECTURE,                     # what its models are to a training run
        train=fine_tune,                               # the run itself
    )

All that trainers have in common is in this room, and can be called piece by piece: `prepare` (rows.py) makes token ids
of rows, `starting_model` (model.py) the model, `fit` and `save` (fit.py) train and write it; `fine_tune` (train.py) is
these four, once, over dataset folders.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast

from synth import registry
from synth.errors import UsageError
from synth.models.scratch import Size
from synth.training.encoding import Encoded, batches
from synth.training.folder import Job
from synth.training.settings import SCRATCH, Settings, Settled, check_settings


@dataclass(frozen=True)
class Limit:
    """An option that limits a length in tokens, and what it takes off of a row that is longer."""

    field: str  # of the trainer's Config: max_length
    cuts: Literal["prompt", "answer"]

    @property
    def option(self) -> str:
        return f"--{self.field.replace('_', '-')}"


@dataclass(frozen=True)
class Classes:
    """What a run takes from transformers."""

    model: Any  # AutoModelForCausalLM, whose name the model card shows as well
    trainer: Any  # Trainer
    arguments: Any  # TrainingArguments


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """What a kind of model is to a training run: how a row becomes tokens, a batch and a loss."""

    words: str  # of the model card: A decoder
    encoder_decoder: bool  # as transformers tells the two kinds of models apart
    classes: Callable[[], Classes]  # imports transformers, which takes seconds
    make: Callable[[Any, Size, int], Any]  # (tokenizer, size, longest row in tokens) -> a model with random weights

    follow: Callable[[str, str], str]  # (prompt, target) -> the target as it stands after its prompt
    encode: Callable[[Any, str, str], Encoded]  # (tokenizer, prompt, target) -> the row
    limits: tuple[Limit, ...]  # of the lengths of a row
    sizes: Callable[[Encoded], tuple[int, ...]]  # the lengths of a row in tokens, one for each limit
    cut: Callable[[Encoded, Sequence[int]], Encoded]  # the row as the limits leave it
    shift: bool  # whether logits at a place are for the token at the next one
    collate: Callable[[Any, Any], Callable[[Sequence[Encoded]], dict[str, Any]]] = batches  # (tokenizer, model)

    def longest(self, config: Settings) -> list[int]:
        """What the limits are in these settings, in tokens."""
        given = vars(config)
        return [given[limit.field] for limit in self.limits]


@dataclass(frozen=True, kw_only=True)
class Trainer:
    """A recipe that fine-tunes a student: what `synth train NAME` needs of it."""

    name: str  # that of its file
    config: type[Settings]  # its fields, made with `option`, are the options of `synth train NAME`
    presets: Mapping[str, Mapping[str, Any]]  # preset -> what it sets; "none" has every setting that a preset may set
    architecture: Architecture | None  # of its models; None: a loop over runs of other trainers
    train: "Callable[[Trainer, Settings, Job], Path]"  # carries a run out and returns its folder
    settle: "Callable[[Trainer, Settings], Settings] | None" = None  # of a loop, which has settings of its own

    def student(self) -> Architecture:
        """The architecture of its models. Raises UsageError for a loop, which has none of its own."""
        if self.architecture is None:
            raise UsageError(f"synth train {self.name} is a loop over runs of other trainers: name one with --trainer")
        return self.architecture

    def settled(self, config: Settings) -> Settled:
        """The settings with the preset's values written out.

        Raises UsageError, with all that is wrong at once, for settings that do not go together.
        """
        if self.settle is not None:
            return cast(Settled, self.settle(self, config))
        typed = asdict(config)
        given = {name: typed[name] for name in self.presets["none"] if typed[name] is not None}
        preset, new = self.presets[config.preset], config.from_scratch
        # what is for new models comes before a preset for a model that was trained before
        own = new if new and (config.preset == "none" or preset.get("model")) else None
        start = {"model": None, "schedule": "linear", "warmup_steps": None, **SCRATCH[own]} if own else {}
        alone = {"processes": 1} if config.launch == "none" else {}  # though a preset has several
        done = cast(Settled, replace(config, **{**preset, **start, **alone, **given}))
        check_settings(done)
        return done


def find(name: str) -> Trainer:
    """The trainer of a name.

    Raises UnknownNameError, which lists the names, and UsageError for a file without TRAINER.
    """
    trainer = registry.contract("trainers", name, Trainer)
    if trainer.name != name:
        raise UsageError(f"the file of the trainer {name!r} says name={trainer.name!r}: write name={name!r}")
    return trainer
