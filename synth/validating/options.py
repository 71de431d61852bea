"""The options of `synth validate`."""

from synth.base.config import AnyPath, Paths, Texts, argument, option, settings


@settings
class Validate:
    """What a dataset is held to."""

    folder: AnyPath = argument("a dataset folder, or one that holds several", kw_only=False)
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
    workers: int | None = option("processes  [default: the cores]", default=None, least=1, again=False)
    quiet: bool = option("print nothing but errors", default=False, again=False)

    def conflicts(self) -> list[str]:
        """A limit without what it counts."""
        needs = self.limit is not None and self.tokenizer is None
        return ["--limit counts tokens: add --tokenizer NAME"] if needs else []
