"""The options of `synth export`."""

from typing import Literal, get_args

from synth.base.config import AnyPath, argument, option, settings
from synth.exporting.forms import TAKES_SYSTEM, Asked, Form, Prompts


@settings
class Export:
    """Which rows, in which form, to where."""

    folder: AnyPath = argument("a dataset folder, or one that holds several", kw_only=False, store=True)
    to: Form = option("the form of the rows")
    out: AnyPath = option("folder to write to, or a .jsonl or .parquet file for one split", again=False)
    system: str | None = option("system message of every row  [default: none]", default=None)
    split: str | None = option("only this split  [default: all]", default=None)
    format: Literal["jsonl", "parquet"] | None = option(
        "how files in a folder are written  [default: jsonl, of verl parquet]", default=None
    )
    pairs: int | None = option(
        "dpo, kto: wrong completions of a distilled row at most  [default: all]", default=None, least=1
    )
    prompts: Prompts | None = option(
        "grpo, verl: the prompt as it stands, as a chat, or as a chat that says how to answer"
        "  [default: plain, of verl instructed]",
        default=None,
    )
    reward: str = option(
        "grpo, verl: the reward that rows name, such as accuracy or steps", default="accuracy", complete="rewards"
    )
    workers: int | None = option(
        "dpo, kto, stepwise, prm: processes  [default: the cores]", default=None, least=1, again=False
    )
    overwrite: bool = option("replace another export", default=False, again=False)
    quiet: bool = option("print nothing but errors", default=False, again=False)

    def conflicts(self) -> list[str]:
        """Options that only some forms have a place for."""
        wrong = []
        asks = self.to in get_args(Asked)
        if self.system is not None and not (self.to in TAKES_SYSTEM or (asks and self.way != "plain")):
            more = " with --prompts chat" if asks else ""
            wrong.append(
                f"--system has no place in {self.to}: it goes with --to {', '.join(TAKES_SYSTEM)}"
                + (f", and {self.to}{more}" if asks else "")
            )
        if self.pairs is not None and self.to not in ("dpo", "kto"):
            wrong.append(f"--pairs goes with --to dpo or kto, not with {self.to}")
        if not asks and (self.prompts is not None or self.reward != "accuracy"):
            name = "--reward" if self.prompts is None else "--prompts"
            wrong.append(f"{name} goes with --to {' or '.join(get_args(Asked))}, not with {self.to}")
        if self.to == "verl" and self.prompts == "plain":
            wrong.append("verl reads chats alone: --prompts chat or instructed, not plain")
        return wrong

    @property
    def way(self) -> Prompts:
        """How a question is asked."""
        return self.prompts or ("instructed" if self.to == "verl" else "plain")

    @property
    def files(self) -> Literal["jsonl", "parquet"]:
        """How files in a folder are written."""
        return self.format or ("parquet" if self.to == "verl" else "jsonl")
