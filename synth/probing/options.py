"""The options of `synth probe`: what all kinds share, and what each has of its own."""

from typing import Literal

from synth.base.config import AnyPath, AnyText, MaybePath, argument, option, settings

RUN_HELP = "a run folder, a checkpoint's folder or a name on the Hub"


@settings
class Probe:
    """Which rows are looked at, and where the results go."""

    data: AnyPath = argument("a dataset folder", metavar="DATA", kw_only=True)
    split: str = option("which of its splits", default="test")
    limit: int = option("the first so many rows", default=200, least=1)
    max_new_tokens: int = option("longest output", default=512, least=1)
    seed: int = option("another seed, other draws", default=0)
    out: MaybePath = option("folder to write to  [default: RUN/probes/KIND-DATA-SPLIT]", default=None, again=False)
    overwrite: bool = option("replace another probe in the folder", default=False, again=False)
    quiet: bool = option("print nothing but errors", default=False, again=False)


@settings
class Answer(Probe):
    """How far a rationale is read before each answer is weighed."""

    run: AnyText = argument(RUN_HELP, metavar="RUN", kw_only=True)
    rationale: Literal["gold", "own"] = option("whose rationale: the data's, or the model's own", default="gold")
    at: Literal["tokens", "steps"] = option("where it is cut: after tokens, or after steps", default="tokens")
    stride: int = option("a cut after every so many of them", default=1, least=1)
    options: int = option("answers that are weighed, of an open question", default=10, least=2)
    sampled_rows: int = option("rows whose answers are drawn as well", default=0, least=0)
    draws: int = option("answers that are drawn at each cut of such a row", default=100, least=1)
    pictured: int = option("rows that get a picture of their own", default=3, least=0)
