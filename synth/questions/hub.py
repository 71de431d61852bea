"""Files of a dataset on the Hugging Face Hub.

The Hub keeps a Parquet copy of every public dataset in its branch `refs/convert/parquet`, as CONFIG/SPLIT/0000.parquet;
so one way of reading does for all of them, and none of their loading scripts has to run.
"""

import re
import sys
from pathlib import Path

from synth.base import hf
from synth.errors import SourceError
from synth.questions.task import Hub

BRANCH = "refs/convert/parquet"
NAME = re.compile(r"[\w.-]+/[\w.-]+(/[\w.-]+)?")


class NoCopyError(SourceError):
    """The Hub keeps no Parquet copy of a dataset."""


def place(source: str, hub: Hub | None) -> Hub:
    """Where `hub`, `org/name` or `org/name/config` is.

    Raises SourceError for `hub` if the task names no place there.
    """
    if hub and source in ("hub", hub.id):
        return hub
    if source == "hub":
        raise SourceError("this task names no dataset on the Hub: give a local file, or org/name")
    org, name, *config = source.split("/")
    return Hub(f"{org}/{name}", config[0] if config else None, {})


def download(hub: Hub, split: str | None) -> tuple[list[Path], str]:
    """The Parquet files of a split, fetched once and then kept in the Hub client's own cache, and their commit.

    Raises SourceError if the Hub cannot be reached, or has no such dataset, config or split.
    """
    wanted = split or "train"
    patterns = [f"{hub.config or 'default'}/{name}/*.parquet" for name in hub.splits.get(wanted, wanted).split("+")]
    hf.quiet(bars=sys.stderr.isatty())
    try:
        folder = hf.fetch(hub.id, patterns, _otherwise(hub), kind="dataset", revision=BRANCH)
    except SourceError as error:
        if _no_branch(error):
            raise NoCopyError(str(error)) from error
        raise
    files = [path for pattern in patterns for path in sorted(folder.glob(pattern))]
    if not files:
        raise SourceError(f"{hub.id} has no {' or '.join(patterns)} on the Hub; {_there(hub)}{_otherwise(hub)}")
    return files, folder.name  # the cache keeps each commit in a folder of its name


def _no_branch(error: BaseException | None) -> bool:
    from huggingface_hub.errors import RevisionNotFoundError

    while error is not None and not isinstance(error, RevisionNotFoundError):
        error = error.__cause__
    return error is not None


def _there(hub: Hub) -> str:
    """What there is instead, if the Hub can be asked."""
    configs = sorted({file.rsplit("/", 1)[0] for file in hf.listing(hub.id, BRANCH) if file.endswith(".parquet")})
    return f"it has {', '.join(configs[:20])}; " if configs else ""


def _otherwise(hub: Hub) -> str:
    return f"download it from https://huggingface.co/datasets/{hub.id} and give the file or folder instead"
