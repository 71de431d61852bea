"""The options of `synth train mario`: those of every trainer, and those of the rounds around it."""

from typing import Any, Literal

from synth.base.config import MaybePath, Texts, option, settings
from synth.errors import UsageError
from synth.rewarding.reward import Reward, find_all
from synth.training.settings import BASE, Settings

Layout = Literal["classic", "additive-left", "additive-right", "product", "filter", "sft"]
STAGED = ("additive-left", "additive-right")
BARE = ("filter", "sft")  # layouts without control tokens
# What a preset may set. Where papers say nothing, as for small models, the values are ours.
ROUNDS: dict[str, Any] = {
    "max_steps": 2_000, "sample_every": 400, "bins": 5, "ties": "share", "layout": "classic", "top_p": 0.7,
    "max_new_tokens": 256, "warmup_steps": None, "kl": 0.1, "entropy": None, "codes": None,
}  # fmt: skip
NONE: dict[str, Any] = {**{name: value for name, value in BASE.items() if name != "epochs"}, **ROUNDS}


@settings
class Mario(Settings):
    """The start, the rewards, how they are told to the model, and for how long it goes on."""

    start: str | None = option(
        "the fine-tuned model that it starts from and stays near: a run folder  [or --model]", default=None
    )
    reward: Texts = option(
        "what is paid for: a name (consistency, diversity), or file.py:function; in the order of the tokens  "
        "[repeatable]",
        default=(),
        complete="rewards",
    )
    audit: Texts = option(
        "a reward that is measured and never learned from; may be repeated  [default: none]",
        default=(),
        complete="rewards",
    )
    layout: Layout | None = option(
        "classic: a token for each reward; additive-left, -right: one more each stage; product: one for all; filter: "
        "right rows alone, no tokens; sft: the teacher's rows alone  [classic]",
        default=None,
    )
    stage_steps: int | None = option(
        "of additive layouts: steps before the next token  [default: as many for each]", default=None, least=1
    )
    bins: int | None = option("shares that the scores of a reward are cut into; two of one that is 0 or 1  [5]",
                              default=None, least=2, most=100)  # fmt: skip
    ties: Literal["share", "split"] | None = option(
        "equal scores share a bin, or are split by age as in the release  [share]", default=None
    )

    max_steps: int | None = option("steps of all rounds together  [2000]", default=None, least=1)
    sample_every: int | None = option("steps of a round: after each the model writes anew  [400]",
                                      default=None, least=1)  # fmt: skip
    samples: int = option("texts of a question in each round", default=1, least=1)
    per_round: int | None = option("questions drawn anew each round  [all]", default=None, least=1)
    temperature: float = option("of what is written to learn from", default=1.0, least=0.01)
    top_p: float | None = option("the likeliest tokens that together have this probability  [0.7]",
                                 default=None, least=0.01, most=1)  # fmt: skip
    max_new_tokens: int | None = option("longest text, in tokens  [256]", default=None, least=1)
    pool_limit: int | None = option(
        "texts of its own that it learns from, the newest; the teacher's rows stay  [all]", default=None, least=1
    )

    keep_weights: Literal["best", "all"] = option(
        "best: the weights of a round go once it is neither the best nor the last; all: each keeps its own",
        default="best",
    )
    held: MaybePath = option("a dataset folder to measure on  [default: a split of the data]", default=None)
    steer_rows: int = option(
        "rows that are written under the best, random and worst tokens each round; 0: none", default=100, least=0
    )
    trainer: str | None = option("whose runs the rounds are: llama, t5  [default: by the model]", default=None)
    max_length: int | None = option("of a decoder: tokens of prompt and target together  [1024]", default=None)
    max_source_length: int | None = option("of an encoder-decoder: tokens of a prompt  [512]", default=None)
    max_target_length: int | None = option("of an encoder-decoder: tokens of a target  [512]", default=None)

    def conflicts(self) -> list[str]:
        """What does not go together, whatever a preset says."""
        wrong = []
        given = [f"--{name.replace('_', '-')}" for name in ("epochs", "max_tokens") if getattr(self, name) is not None]
        if given:
            wrong.append(f"{', '.join(given)}: how long it takes is said by --max-steps and --sample-every")
        if self.target != "rationale":
            wrong.append(f"--target {self.target}: rewards are for rationales: leave it out")
        if self.no_input:
            wrong.append("--no-input: rewards are for what is written to a question: leave it out")
        if self.stage_steps is not None and self.layout not in STAGED:
            wrong.append("--stage-steps is for --layout additive-left or additive-right")
        return wrong


def check(config: Mario) -> None:
    """Raises UsageError, with all that is wrong at once, for what cannot be."""
    wrong = []
    if config.from_scratch is not None:
        wrong.append(
            "--from-scratch: it starts from a model that writes rationales; train one with synth train t5 or llama and "
            "give it as --start"
        )
    elif config.start is None and config.model is None:
        wrong.append("give --start RUN, a model that synth train t5 or llama made of the teacher's rows")
    if not config.reward:
        wrong.append("give what is paid for: --reward accuracy --reward diversity")
    if wrong:
        raise UsageError("; ".join(wrong))


class Conditioned(Mario):
    """Settings after a preset has filled them in. For type checkers; none is made."""

    layout: Layout
    bins: int
    ties: Literal["share", "split"]
    max_steps: int
    sample_every: int
    top_p: float
    max_new_tokens: int
    lr: float
    warmup: float
    batch_size: int
    processes: int
    schedule: Literal["linear", "cosine", "constant"]


def rounds_of(config: Conditioned) -> int:
    """How many rounds there are; the last one may be shorter."""
    return -(-config.max_steps // config.sample_every)


def rewards_of(config: Mario) -> tuple[list[Reward], list[Reward]]:
    """The rewards that are learned from, and those that are only measured, each able to score.

    Raises UsageError for one that is not there, or two of one name, and what a reward raises that lacks a model.
    """
    found = find_all([*config.reward, *config.audit])
    for reward in found:
        if reward.ready is not None:
            reward.ready()
    return found[: len(config.reward)], found[len(config.reward) :]
