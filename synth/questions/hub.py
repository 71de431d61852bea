"""Files of a dataset on the Hugging Face Hub.

The Hub keeps a Parquet copy of every public dataset in its branch `refs/convert/parquet`, as CONFIG/SPLIT/0000.parquet;
so one way of reading does for all of them, and none of their loading scripts has to run.
"""

import logging
import os
import re
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from synth.errors import SourceError
from synth.questions.task import Hub

BRANCH = "refs/convert/parquet"
NAME = re.compile(r"[\w.-]+/[\w.-]+(/[\w.-]+)?")


def place(source: str, hub: Hub | None) -> Hub:
    """Where `hub`, `org/name` or `org/name/config` is.

    Raises SourceError for `hub` where the task names no place there.
    """
    if hub and source in ("hub", hub.id):
        return hub
    if source == "hub":
        raise SourceError("this task names no dataset on the Hub: give a local file, or org/name")
    org, name, *config = source.split("/")
    return Hub(f"{org}/{name}", config[0] if config else None, {})


def download(hub: Hub, split: str | None) -> list[Path]:
    """The Parquet files of a split, fetched once and then kept in the Hub client's own cache.

    Raises SourceError where the Hub cannot be reached, or has no such dataset, config or split.
    """
    wanted = split or "train"
    patterns = [f"{hub.config or 'default'}/{name}/*.parquet" for name in hub.splits.get(wanted, wanted).split("+")]
    try:
        folder, there = _fetch(hub.id, patterns)
    except (OSError, ValueError) as error:  # the client's errors are all one or the other
        reason = textwrap.shorten(str(error), 120)
        raise SourceError(f"{hub.id} cannot be had from the Hub: {_otherwise(hub)}; the reason: {reason}") from error
    files = [path for pattern in patterns for path in sorted(folder.glob(pattern))]
    if not files:
        raise SourceError(f"{hub.id} has no {' or '.join(patterns)} on the Hub; {there}{_otherwise(hub)}")
    return files


def _fetch(name: str, patterns: Sequence[str]) -> tuple[Path, str]:
    """Where the files now are; where there are none, what there is instead."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    if not sys.stderr.isatty():
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    from huggingface_hub import HfApi, constants, snapshot_download

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    folder = Path(snapshot_download(name, repo_type="dataset", revision=BRANCH, allow_patterns=list(patterns)))
    if constants.HF_HUB_OFFLINE or any(any(folder.glob(pattern)) for pattern in patterns):
        return folder, ""
    files = HfApi().list_repo_files(name, repo_type="dataset", revision=BRANCH)
    there = sorted({file.rsplit("/", 1)[0] for file in files if file.endswith(".parquet")})
    return folder, f"it has {', '.join(there[:20])}; "


def _otherwise(hub: Hub) -> str:
    return f"download it from https://huggingface.co/datasets/{hub.id} and give the file or folder instead"
