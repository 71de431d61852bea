"""The options of `synth validate`."""

from typing import Literal, get_args

from synth.base.config import AnyPath, MaybePath, Paths, Texts, argument, option, settings
from synth.workers.places import HELP, On

Reason = Literal["contaminated", "twins", "near-duplicates"]


@settings
class Validate:
    """What a dataset is held to."""

    folder: AnyPath = argument("a dataset folder, or one that holds several", kw_only=False, store=True)
    suite: Paths = option("a Python file with expectations of your own  [repeatable]", default=())
    docs: bool = option("write Great Expectations' Data Docs to validation/", default=False)
    steps: bool = option("work the steps of every row out again", default=True)
    sample: int | None = option("work out the steps of about so many rows  [default: all]", default=None, least=1)
    tokenizer: str | None = option(
        "see that completions survive it: a folder or a model id on the Hub  [default: none]", default=None
    )
    limit: int | None = option("with --tokenizer: tokens a text may have  [default: any]", default=None, least=1)
    against: Texts = option(
        "a benchmark to look for in the prompts: a file, or a dataset on the Hub  [repeatable]", default=()
    )
    ngram: int = option("with --against: words in a row that count as an overlap", default=13, least=1)
    drop: str | None = option(
        "with --out: which rows go: contaminated, twins, near-duplicates, with commas  [default: none]",
        default=None,
    )
    out: MaybePath = option("with --drop: folder for the rows that stay  [default: none]", default=None, again=False)
    workers: int | None = option("processes  [default: the cores]", default=None, least=1, again=False)
    on: On = option(HELP, default="local", again=False)
    quiet: bool = option("print nothing but errors", default=False, again=False)

    def conflicts(self) -> list[str]:
        """Options that need others."""
        wrong = ["--limit counts tokens: add --tokenizer NAME"] if self.limit is not None and not self.tokenizer else []
        known = ", ".join(get_args(Reason))
        wrong += [f"--drop {name!r}: give {known}" for name in self.dropped() if name not in get_args(Reason)]
        if "contaminated" in self.dropped() and not self.against:
            wrong.append("--drop contaminated: add --against FILE, a benchmark to compare with")
        if (self.drop is None) != (self.out is None):
            wrong.append("--drop and --out go together: --drop twins --out FOLDER")
        return wrong

    def dropped(self) -> list[str]:
        """The reasons that are named."""
        return [name.strip() for name in self.drop.split(",")] if self.drop is not None else []
