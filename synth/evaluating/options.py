"""The options of `synth eval`."""

from typing import Literal

from synth.base.config import AnyPath, AnyText, MaybePath, Texts, option, settings, switch
from synth.shots.options import ShotOptions
from synth.teachers.given import Limits

SERVER_ONLY = (
    "model_name", "run", "budget", "price", "cache", "extra_body", "leave_out", "max_tokens_field", "wait_longest",
    "base_url",
)  # fmt: skip

ATTEMPTS_MODEL = "attempts"  # a word for --model


def is_url(model: str) -> bool:
    return model.startswith(("http://", "https://"))


@settings
class Evaluate(Limits, ShotOptions):
    """Which model, on which rows, asked how."""

    model: AnyText = option(
        "a checkpoint's folder, a name on the Hub, the URL of a server, or attempts: what the data's teacher wrote"
    )
    data: AnyPath = option("a dataset folder", store=True)
    split: str = option("which of its splits", default="test")
    limit: int | None = option("the first so many rows  [default: all]", default=None, least=1)
    prompting: Literal["rationale", "direct", "both"] = option(
        "step by step, the answer alone, or one after the other", default="rationale"
    )
    samples: int = option("outputs a row; of several the majority answers", default=1, least=1)
    confidence: Literal["votes", "answer"] = option(
        "of a row: the majority's share of --samples, or the probability of the answer's tokens", default="votes"
    )
    temperature: float | None = option(
        "0 is greedy  [default: 0, and 0.8 with --samples]", default=None, least=0, most=10
    )
    max_new_tokens: int = option("longest output", default=512, least=1)
    batch_size: int = option("rows in a batch at most, for a checkpoint", default=256, least=1)
    seed: int = option("another seed, other samples, for a checkpoint", default=0)
    out: MaybePath = option("folder to write to  [default: MODEL/eval/DATA-SPLIT]", default=None, again=False)
    codes: str | None = option(
        "of a model with control tokens: best, worst, random, none, or plausibility=0,diversity=3  [best]",
        default=None,
    )
    stop: Texts = option(
        "text at which an output ends, \\n is a line break; may be given again  [default: the next question]",
        default=(),
    )
    plain: bool = option("ask with the prompts as they stand in the data", default=False)
    run: MaybePath = option("run folder (synth train) of a model that is served  [default: none]", default=None)
    model_name: str | None = option("the model's name at the server  [needed for a server]", default=None)
    base_url: Texts = option(
        "beside --model http://..., a further server that has the model; may be given again  [default: none]",
        default=(), again=False,
    )  # fmt: skip
    concurrency: int = option("requests in flight at most", default=64, least=1, again=False)
    reward: Texts = option(
        "a reward beside the metrics: diversity, mine.py:brief; may be given again  [default: none]", default=(),
        complete="rewards",
    )  # fmt: skip
    rewards: bool = option("the rewards that the run was trained with, else all that need no model", default=False)
    overwrite: bool = option("replace another evaluation in the folder", default=False, again=False)
    quiet: bool = option("print nothing but errors", default=False, again=False)

    def conflicts(self) -> list[str]:
        """What a server needs, and what only a server has."""
        wrong = [*super().conflicts(), *ShotOptions.conflicts(self)]
        if not all(self.stop):
            wrong.append("--stop: give a text, such as '\\n\\nQ:'")
        if is_url(self.model) and not self.model_name:
            return [*wrong, f"--model {self.model}: add --model-name, the name that the model has at that server"]
        written = self.model == ATTEMPTS_MODEL
        if written and (self.prompting != "rationale" or self.shots is not None or self.plain):
            wrong.append("--model attempts asks nobody: leave out --prompting, --shots and --plain")
        if written and self.confidence == "answer":
            wrong.append("--model attempts asks nobody how probable an answer is: leave out --confidence answer")
        idle = [name for name in SERVER_ONLY if not (written and name == "model_name")]
        given = [switch(name) for name in idle if getattr(self, name) not in (None, ())]
        if given and not is_url(self.model):
            wrong.append(f"{', '.join(given)}: only for a server, --model http://...")
        return wrong
