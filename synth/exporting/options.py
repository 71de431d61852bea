"""The options of `synth export`."""

from typing import Literal

from synth.base.config import AnyPath, argument, option, settings
from synth.exporting.forms import TAKES_SYSTEM, Form


@settings
class Export:
    """Which rows, in which form, to where."""

    folder: AnyPath = argument("a dataset folder, or one that holds several", kw_only=False)
    to: Form = option("the form of the rows")
    out: AnyPath = option("folder to write to, or a .jsonl or .parquet file for one split", again=False)
    system: str | None = option("system message of every row  [default: none]", default=None)
    split: str | None = option("only this split  [default: all]", default=None)
    format: Literal["jsonl", "parquet"] = option("how files in a folder are written", default="jsonl")
    pairs: int | None = option("dpo: pairs of a distilled row at most  [default: all]", default=None, least=1)
    workers: int | None = option("dpo: processes  [default: the cores]", default=None, least=1, again=False)
    overwrite: bool = option("replace another export", default=False, again=False)
    quiet: bool = option("print nothing but errors", default=False, again=False)

    def conflicts(self) -> list[str]:
        """Options that only some forms have a place for."""
        wrong = []
        if self.system is not None and self.to not in TAKES_SYSTEM:
            wrong.append(f"--system has no place in {self.to}: it goes with --to {', '.join(TAKES_SYSTEM)}")
        if self.pairs is not None and self.to != "dpo":
            wrong.append(f"--pairs goes with --to dpo, not with {self.to}")
        return wrong
