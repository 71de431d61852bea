"""The options of `synth push` and `synth pull`."""

from typing import Literal

from synth.base.config import AnyPath, Paths, Texts, argument, option, settings
from synth.data.names import ALONG


@settings
class Push:
    """Which folders go to which repository, under which conditions."""

    folders: Paths = argument("dataset folders", default=(), metavar="FOLDER", kw_only=False, store=True)
    name: str = argument("where to, on the Hub", default="", metavar="ORG/NAME", kw_only=False)
    config: str | None = option("name of the configuration, of one folder  [default: the folder's]", default=None)
    with_: Texts = option(
        "what goes out beside the rows: attempts, rejected, notes  [repeatable]",
        default=(),
        metavar="attempts|rejected|notes",
    )
    private: bool = option("make the repository private", default=False)
    revision: str | None = option("branch to push to  [default: main]", default=None)
    tag: str | None = option("tag for the release: v1.0  [default: none]", default=None)
    dry_run: bool = option("say what would go where, write nothing", default=False, again=False)
    force: bool = option("what was not validated, or failed; beside foreign files", default=False)
    message: str | None = option("of the commit  [default: says what is pushed]", default=None)
    allow: Texts = option(
        "looks private, may go out: /home/user  [repeatable]", default=(), metavar="TEXT", again=False
    )
    card: Literal["here", "hub"] | None = option(
        "whose text of the card stands  [default: who changed it]", default=None
    )
    workers: int | None = option(
        "processes that search files of Parquet  [default: the cores]", default=None, least=1, again=False
    )
    quiet: bool = option("print nothing but errors", default=False, again=False)

    def conflicts(self) -> list[str]:
        """Both folders and a name are needed, which one word alone cannot say; only two files can go along."""
        needs = "synth push needs a dataset folder and where to push it: synth push data org/name"
        wrong = [] if self.folders and self.name else [needs]
        known = " or ".join(ALONG)
        return wrong + [f"--with {name!r}: give {known}" for name in self.with_ if name not in ALONG]


@settings
class Pull:
    """Which release goes to which folder."""

    name: str = argument("a release on the Hub", metavar="ORG/NAME", kw_only=False)
    out: AnyPath = argument("folder to write it to", kw_only=False)
    config: str | None = option("one configuration  [default: all]", default=None)
    revision: str | None = option("branch, tag or commit  [default: main]", default=None)
    format: Literal["jsonl", "parquet"] | None = option(
        "how rows are written  [default: as they were built]", default=None
    )
    overwrite: bool = option("replace another dataset in the folder", default=False, again=False)
    quiet: bool = option("print nothing but errors", default=False, again=False)
