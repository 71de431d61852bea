"""The options of `synth train star`: those of every trainer, and those of the loop around it."""

from typing import Any, Literal, cast
from urllib.parse import urlsplit

from synth.base.config import MaybePath, MaybeText, Texts, option, settings, switch
from synth.errors import UsageError
from synth.evaluating.options import is_url
from synth.shots.options import ShotOptions
from synth.training.settings import BASE, Settings

# What a preset of the loop may set. The first values are ours; steps of 40 x 1.2 are the paper's (section 4).
LOOP: dict[str, Any] = {
    "iterations": 16, "patience": 3, "per_iteration": None, "start_steps": 40, "grow": 1.2, "add": 0,
    "cap_steps": None, "warmup_steps": None, "n_shots": None, "shots_until": None, "max_new_tokens": 512,
}  # fmt: skip
# What a new model needs: it knows nothing, so it learns the form from demonstrations first, and then takes more steps.
NEW_MODEL: dict[str, Any] = {
    "start_steps": 1000, "grow": 1.0, "add": 0, "n_shots": None, "warmup_steps": None, "accumulate": 1,
    "batch_size": 32, "group": False,
}  # fmt: skip
NONE: dict[str, Any] = {**BASE, **LOOP, "group": True}


@settings
class Star(ShotOptions, Settings):
    """The model, the questions, what is kept, and for how long it goes on."""

    data: list[str] = option(
        "a dataset folder with the questions  [repeatable; default: --source]", default=cast("list[str]", ())
    )
    source: str | None = option("questions: a file, a folder, hub, or org/name on the Hub  [or --data]", default=None)
    task: str | None = option(
        "the task of --source: a name (synth tasks) or a file of your own  [or --data]", default=None
    )
    held: MaybePath = option("a dataset folder to measure on  [default: a split of the data]", default=None)
    trainer: str | None = option("whose runs the iterations are: llama, t5  [default: by the model]", default=None)
    max_length: int | None = option("of a decoder: tokens of prompt and target together  [1024]", default=None)
    max_source_length: int | None = option("of an encoder-decoder: tokens of a prompt  [512]", default=None)
    max_target_length: int | None = option("of an encoder-decoder: tokens of a target  [512]", default=None)

    iterations: int | None = option("iterations at most  [16]", default=None, least=1)
    patience: int | None = option("iterations without a better accuracy before it ends  [3]", default=None, least=1)
    per_iteration: int | None = option("questions drawn anew each iteration  [all]", default=None, least=1)
    samples: int = option("attempts at a question", default=1, least=1)
    temperature: float | None = option("0 is greedy  [default: 0, and 0.7 with --samples]", default=None, least=0)
    max_new_tokens: int | None = option("longest attempt, in tokens  [512]", default=None, least=1)

    rationalize: bool = option("ask what failed again with the answer as a hint", default=False)
    rationalize_share: float = option("share of the failures that is asked again", default=1.0, least=0, most=1)
    filter: Literal["answer", "steps"] = option("what has to be right: the answer, or every step too", default="answer")
    keep_per_question: int = option("different right attempts to keep of a question", default=1, least=1)
    vote: bool = option("no gold answers: the answer of most samples is taken for right", default=False)

    from_: Literal["base", "previous"] = option("the model that each training begins with", default="base")
    group: bool | None = option(  # type: ignore[assignment]  # ty: ignore[incompatible-attribute-override]
        "put rows of like length into one batch  [on; from scratch off]", default=None
    )
    batch_size: int | None = option("rows of a batch, in each process  [32]", default=None, least=1)
    start_steps: int | None = option("steps of the first training  [40; from scratch 1000]", default=None, least=1)
    grow: float | None = option("each has so many times the steps of the one before  [1.2; from scratch 1]",
                                default=None, least=1)  # fmt: skip
    add: int | None = option("and so many more  [0]", default=None, least=0)
    cap_steps: int | None = option("steps of one training at most  [no limit]", default=None, least=1)
    warmup_steps: int | None = option(
        "steps in which the learning rate rises, in place of --warmup  [none]", default=None, least=0
    )
    carry: int = option("earlier iterations whose rows are learned from as well", default=0, least=0)
    keep: Texts = option(
        "a dataset folder, or FOLDER:WEIGHT, mixed into each training; may be repeated  [default: none]", default=()
    )
    add_data: Texts = option(
        "FOLDER@20: more questions from iteration 20 on; may be repeated  [default: none]", default=()
    )

    shots_until: int | None = option(
        "the last iteration that asks with demonstrations; with hints all do, but for 0  [all]", default=None, least=0
    )
    shots_in_training: bool = option("demonstrations stand in front of the rows of a training, too", default=False)
    base_rows: int = option(
        "from scratch: rows of each stratum that the base learns the form from", default=160, least=1
    )
    base_steps: int = option("from scratch: steps of the base", default=3000, least=1)

    keep_weights: Literal["best", "all"] = option(
        "best: of the base, the best iteration and the last; all: of each, with checkpoints", default="best", again=True
    )
    control: Texts = option("few-shot-only or direct, trained beside; may be repeated  [default: none]", default=())
    engine: str = option("what writes: transformers, vllm, or the URL of a server", default="transformers", again=True)
    base_url: Texts = option(
        "with --engine URL: a further server that writes; may be repeated  [default: none]", default=()
    )
    model_name: MaybeText = option(
        "the model's name at that server  [default: the folder of each iteration's model]", default=None
    )
    reload_url: str | None = option(
        "where that server is told to load each model: http://.../update_weights_from_disk; further ones at the same "
        "path  [default: it is not told]",
        default=None,
    )
    reload_body: str | None = option(
        "what it is sent, with {model} for the folder  [default: as SGLang or vLLM want it]", default=None
    )

    def conflicts(self) -> list[str]:
        """What does not go together, whatever a preset says."""
        wrong = Settings.conflicts(self)  # demonstrations may be rows of the data: --n-shots alone is enough
        if self.vote and self.samples < 2:
            wrong.append("--vote needs several attempts: add --samples 10")
        if self.vote and self.rationalize:
            wrong.append("--vote needs no gold answers and --rationalize gives them away: choose one")
        if self.samples > 1 and self.temperature == 0:
            wrong.append(f"--samples {self.samples} --temperature 0: all would be the same; give one above 0")
        if self.shots_in_training and self.from_scratch:
            wrong.append(
                "--shots-in-training: a new model is shown no demonstrations, it learns from them: leave it out"
            )
        if self.form is not None:
            wrong.append(f"--form {self.form}: the loop learns rationales: leave it out")
        if self.no_input:
            wrong.append("--no-input: the loop answers questions: leave it out")
        if self.target != "rationale":
            wrong.append(f"--target {self.target}: the loop learns rationales; for the answers alone --control direct")
        return wrong


CONTROLS = ("few-shot-only", "direct")
OF_SERVERS = ("base_url", "model_name", "reload_url", "reload_body")
ENGINES = ("transformers", "vllm")


def check(config: Star) -> None:
    """Raises UsageError, with all that is wrong at once, for what cannot be."""
    wrong = []
    if bool(config.data) == (config.source is not None):
        wrong.append("give --data FOLDER, or --source with --task")
    if (config.source is None) != (config.task is None):
        wrong.append("--source and --task go together: --task gsm8k --source train.jsonl")
    wrong += [f"--control {name}: one of {', '.join(CONTROLS)}" for name in config.control if name not in CONTROLS]
    wrong += [
        f"--add-data {text}: give FOLDER@20, the iteration from which on"
        for text in config.add_data
        if "@" not in text or not text.rpartition("@")[2].isdigit()
    ]
    if config.engine not in ENGINES and not is_url(config.engine):
        wrong.append(f"--engine {config.engine}: give {', '.join(ENGINES)} or the URL of a server")
    served = [switch(name) for name in OF_SERVERS if getattr(config, name) not in (None, ())]
    if served and not is_url(config.engine):
        wrong.append(f"{', '.join(served)}: for a server only, --engine http://...")
    if config.reload_url is not None and not (
        is_url(config.reload_url) and "@" not in urlsplit(config.reload_url).netloc
    ):
        bare = config.reload_url.rpartition("@")[2]
        wrong.append(f"--reload-url {bare}: give the whole address, http://..., without a name and a password")
    elif config.reload_url is not None and config.base_url and not _same_host(config.reload_url, config.engine):
        wrong.append(
            f"--reload-url {config.reload_url}: with --base-url each server is told at its own address, so this "
            "one has to be at that of --engine"
        )
    given = [switch(name) for name in ("epochs", "max_steps", "max_tokens") if getattr(config, name) is not None]
    if given:
        wrong.append(f"{', '.join(given)}: how long a training takes is said by --start-steps, --grow and --add")
    if wrong:
        raise UsageError("; ".join(wrong))


def _same_host(one: str, other: str) -> bool:
    return urlsplit(one).netloc == urlsplit(other).netloc


class Looped(Star):
    """Settings after a preset has filled them in. For type checkers; none is made."""

    iterations: int
    patience: int
    start_steps: int
    grow: float
    add: int
    max_new_tokens: int
    epochs: float
    lr: float
    batch_size: int
    processes: int
