"""The settings that all trainers have, and which of them do not go together."""

from collections.abc import Collection
from importlib.util import find_spec
from typing import Any, ClassVar, Literal

from synth.base.config import option, settings
from synth.errors import UsageError

# What papers leave open; a trainer's presets start from these. The help below shows them in brackets.
BASE: dict[str, Any] = {
    "epochs": 3.0, "lr": 3e-4, "schedule": "linear", "warmup": 0.0, "weight_decay": 0.0,
    "batch_size": 32, "accumulate": 1, "gradient_checkpointing": False, "bf16": None,
    "launch": "none", "processes": 1, "warmup_steps": None, "clip": None, "beta2": None,
}  # fmt: skip
# What a new small model needs that a trained one does not: a higher learning rate, with a short rise. Found by trying
# on ListOps: small models want many steps of few rows.
SCRATCH: dict[str, dict[str, Any]] = {
    "tiny": {"lr": 3e-3, "warmup": 0.02, "batch_size": 8},
    "small": {"lr": 1e-3, "warmup": 0.05},
    "base": {"lr": 1e-3, "warmup": 0.05},
}
LAST_SEED = 2**32 - 1  # of numpy, which draws the order of the rows


@settings
class Settings:
    """What every trainer's Config has; a Config adds the limits of lengths, and names its presets."""

    # presets that say which model to start from, if none is given
    naming_models: ClassVar[Collection[str]] = ()

    data: list[str] = option(
        "a dataset folder, FOLDER:WEIGHT, or full:, polarity-gain:, polarity-harm:FOLDER of tasks  [repeatable]",
        store=True,
    )
    model: str | None = option("a folder or a model on the Hub  [default: --from-scratch]", default=None)
    from_scratch: Literal["tiny", "small", "base"] | None = option(
        "a new model and a tokenizer made from the data  [default: --model]", default=None
    )
    preset: str = option("what the settings start from", default="none")
    target: Literal["rationale", "answer", "blank"] = option(
        "what is learned; blank: meaningless tokens", default="rationale"
    )
    blank_tokens: int | None = option(
        "with --target blank: how many tokens stand for each rationale  [default: the mean length of the rationales]",
        default=None,
        least=1,
    )
    form: Literal["question", "question+rationale"] | None = option(
        "read this and learn the label of the answer alone, for the reward consistency  [default: rows as they are]",
        default=None,
    )
    no_input: bool = option(
        "with --target answer: learn answers without questions, for the V-information of synth difficulty",
        default=False,
    )
    split: str = option("split to learn from", default="train")
    validation_split: str = option("split to evaluate on, if there is one", default="validation")
    line_break: str | None = option(
        "replaces line breaks, for tokenizers without: ' ; '  [default: they stay]", default=None
    )
    lossy: bool = option("train though the tokenizer loses signs of the targets", default=False)
    drop_long: bool = option("leave out rows whose prompt or answer a length limit would cut off", default=False)
    limit: int | None = option("rows to take of each dataset  [default: all]", default=None, least=1)
    epochs: float | None = option("times the data are gone through  [3]", default=None)
    max_steps: int | None = option("steps, in place of epochs  [default: by the epochs]", default=None, least=1)
    max_tokens: int | None = option(
        "tokens to go through (padding not counted), in place of epochs  [default: by the epochs]",
        default=None,
        least=1,
    )
    max_seconds: float | None = option("stop after so many seconds of training  [default: never]", default=None)
    lr: float | None = option("learning rate  [0.0003; from scratch 0.003 (tiny) or 0.001]", default=None)
    schedule: Literal["linear", "cosine", "constant"] | None = option(
        "how the learning rate falls  [linear]", default=None
    )
    warmup: float | None = option(
        "share of the steps in which it rises  [0; from scratch 0.02 (tiny) or 0.05]", default=None, least=0, most=1
    )
    warmup_steps: int | None = option("steps in which it rises, in place of --warmup  [none]", default=None, least=0)
    weight_decay: float | None = option("weight decay of AdamW  [0]", default=None)
    beta2: float | None = option("its memory of squared gradients  [0.999]", default=None, least=0, most=1)
    clip: float | None = option("largest norm of a step's gradient  [1]", default=None, least=0)
    batch_size: int | None = option(
        "rows of a batch, in each process  [32; from scratch tiny 8]", default=None, least=1
    )
    accumulate: int | None = option("batches of a step, in each process  [1]", default=None, least=1)
    group: bool = option("put rows of like length into one batch", default=True)
    bf16: bool | None = option("compute in bfloat16  [default: where a GPU has it]", default=None)
    gradient_checkpointing: bool | None = option("less memory, more time  [off]", default=None)
    lora: int | None = option(
        "train low-rank updates of this rank only  [default: the whole model]", default=None, least=1
    )
    qlora: bool = option("LoRA over a model in four bits", default=False)
    codes: Literal["decoder", "prompt"] | None = option(
        "control tokens of the rows (codes in meta) stand before what is written, or before the prompt  "
        "[default: they are left out]",
        default=None,
    )
    reference: str | None = option("a model that training stays near: a folder or the Hub  [default: none]",
                                   default=None)  # fmt: skip
    kl: float | None = option("how near: weight of the KL divergence to --reference  [0.1]", default=None, least=0)
    entropy: float | None = option("weight of the entropy of what is written, which is rewarded  [0]", default=None,
                                   least=0)  # fmt: skip
    log_steps: int = option("steps between two lines of the log", default=10, least=1)
    eval_steps: int | None = option("steps between two evaluations  [default: only at the end]", default=None, least=1)
    eval_rows: int | None = option("rows to evaluate on  [default: all]", default=None, least=1)
    save_steps: int = option("steps between two checkpoints", default=500, least=1)
    keep_checkpoints: int = option("checkpoints to keep", default=2, least=1)
    seed: int = option("another seed, another start and order", default=0, least=0, most=LAST_SEED)
    launch: Literal["none", "ddp", "fsdp"] | None = option("several processes, through torchrun  [none]", default=None)
    processes: int | None = option("how many, on each machine: one for each GPU  [1]", default=None, least=1)
    machines: int | None = option(
        "machines that train together, each started with this same command  [default: this one]", default=None, least=1
    )
    report_to: Literal["none", "tensorboard", "wandb"] = option("where else to log", default="none")

    def conflicts(self) -> list[str]:
        """What does not go together, whatever a preset says."""
        wrong = []
        given = (self.model is not None) + (self.from_scratch is not None)
        if given == 2 or (given == 0 and self.preset not in self.naming_models):
            wrong.append("give --model NAME, or --from-scratch tiny, small or base")
        if self.max_steps and self.max_tokens:
            wrong.append("give --max-steps or --max-tokens, not both")
        if self.form is not None and self.target != "rationale":
            wrong.append(f"--form {self.form} learns the label of the answer: leave out --target {self.target}")
        if self.blank_tokens is not None and self.target != "blank":
            wrong.append(f"--blank-tokens {self.blank_tokens} stand for rationales: add --target blank")
        if self.no_input and (self.target != "answer" or self.form is not None):
            wrong.append("--no-input learns answers alone: add --target answer, and leave out --form")
        if self.qlora and not self.lora:
            wrong.append("--qlora needs a rank: --lora 16")
        if self.from_scratch and self.lora:
            wrong.append("--lora needs a --model: nothing is learned by updates of random weights")
        if (self.kl is not None or self.entropy is not None) and self.reference is None:
            wrong.append("--kl and --entropy go with a model to stay near: add --reference MODEL")
        rates = {"lr": self.lr, "epochs": self.epochs}
        return wrong + [f"--{name} is above 0" for name, rate in rates.items() if rate is not None and rate <= 0]


class Settled(Settings):
    """Settings after `Trainer.settled`: what a preset sets is not None any more. For type checkers; none is made."""

    epochs: float
    lr: float
    schedule: Literal["linear", "cosine", "constant"]
    warmup: float
    weight_decay: float
    batch_size: int
    accumulate: int
    gradient_checkpointing: bool
    launch: Literal["none", "ddp", "fsdp"]
    processes: int


def check_settings(config: Settled) -> None:
    """Raises UsageError for settings that do not go together once a preset has filled them in."""
    wrong = []
    if config.report_to != "none" and find_spec(config.report_to) is None:
        wrong.append(f"--report-to {config.report_to} needs: pip install {config.report_to}")
    if config.launch == "none" and config.processes > 1:
        wrong.append(f"--processes {config.processes} needs a way to launch them: add --launch ddp or --launch fsdp")
    if config.launch == "none" and (config.machines or 1) > 1:
        wrong.append(f"--machines {config.machines} needs a way to launch processes: add --launch ddp or --launch fsdp")
    if wrong:
        raise UsageError("; ".join(wrong))
