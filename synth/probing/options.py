"""The options of `synth probe`: what all kinds share, and what each has of its own."""

import re
from typing import Literal

from synth.base.config import AnyPath, AnyText, MaybePath, Texts, argument, option, settings

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


@settings
class Attention(Probe):
    """Whose attention is looked at, of which layers, and which rows are drawn."""

    run: AnyText = argument(RUN_HELP, metavar="RUN", kw_only=True)
    limit: int = option("the first so many rows", default=50, least=1)
    max_new_tokens: int = option("longest output", default=256, least=1)
    row: Texts = option(
        "the id of a row that is drawn; may be given again  [default: a right one, and one that loops or is wrong]",
        default=(),
    )
    target: Literal["own", "gold"] = option("what is written: by the model, greedily, or the data's", default="own")
    layer: int | None = option("of one layer, the first is 0  [default: the mean of all]", default=None, least=0)
    head: int | None = option("of one head, the first is 0  [default: the mean of all]", default=None, least=0)
    memory: str = option("most that the weights of a layer may take: 500MB, 2GB", default="2GB")

    def conflicts(self) -> list[str]:
        """A size that is none."""
        wrong = f"--memory {self.memory!r} is no size: give it as 500MB or 2GB"
        return [] if size_of(self.memory) else [wrong]


def size_of(text: str) -> int:
    """Bytes of 500MB or 2GB; 0 if it is no such size."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([MG])i?B?", text.strip(), re.IGNORECASE)
    return 0 if found is None else int(float(found[1]) * {"M": 10**6, "G": 10**9}[found[2].upper()])


@settings
class Faithful(Probe):
    """Whose rationales are changed. Several runs stand side by side."""

    runs: Texts = argument("run folders, checkpoints' folders or names on the Hub", metavar="RUN", kw_only=True)
    rationale: Literal["gold", "own"] = option("whose rationale: the data's, or the model's own", default="gold")
