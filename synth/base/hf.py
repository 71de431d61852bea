"""The one way to the Hugging Face Hub's files: quiet libraries, files fetched once, one line of what went wrong."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from synth.errors import SourceError, first_line

Kind = Literal["model", "tokenizer", "dataset"]
SWITCHES = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_VERBOSITY": "error",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
}
NO_BARS = {"HF_HUB_DISABLE_PROGRESS_BARS": "1"}


def quiet(bars: bool = False) -> None:
    """No telemetry and no advice of huggingface_hub and transformers; to be called before they are imported.

    bars: leave the bars of what is fetched. What the environment says of these switches counts more.
    """
    for name, value in (SWITCHES if bars else SWITCHES | NO_BARS).items():
        os.environ.setdefault(name, value)
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)


def fetch(
    name: str, patterns: Sequence[str], otherwise: str, *, kind: Kind = "model", revision: str | None = None
) -> Path:
    """The folder with these files of a repository, which are fetched once; of models only files at the top.

    otherwise: what the user can give instead. Without a network this fails at once; transformers and datasets, asked
    for what is not here, try again for most of a minute. Raises SourceError for a repository that is not there, needs a
    login, or cannot be fetched.
    """
    import httpx2
    from huggingface_hub import snapshot_download

    dataset = kind == "dataset"
    try:
        return Path(
            snapshot_download(
                name, repo_type="dataset" if dataset else "model", revision=revision, endpoint=endpoint(),
                allow_patterns=list(patterns), ignore_patterns=None if dataset else "*/*",
            )
        )  # fmt: skip
    except (httpx2.HTTPError, OSError, ValueError) as error:  # the client's own errors are all one of them
        raise SourceError(_why(name, kind, error, otherwise)) from error


def listing(name: str, revision: str) -> list[str]:
    """The files of a dataset repository; none if the Hub cannot be asked."""
    import httpx2
    from huggingface_hub import HfApi

    try:
        return HfApi(endpoint=endpoint()).list_repo_files(name, repo_type="dataset", revision=revision)
    except (httpx2.HTTPError, OSError, ValueError):
        return []


def commit(name: str) -> str | None:
    """The commit that a dataset repository is at; None if the Hub does not say."""
    import httpx2
    from huggingface_hub import HfApi

    try:
        return HfApi(endpoint=endpoint()).dataset_info(name).sha
    except (httpx2.HTTPError, OSError, ValueError):
        return None


def endpoint() -> str | None:
    """The Hub that the environment names; None for the public one. huggingface_hub reads it once, on import."""
    return os.environ.get("HF_ENDPOINT") or None


def _why(name: str, kind: Kind, error: Exception, otherwise: str) -> str:
    """One line: what went wrong when files were fetched, and the way out."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )

    if isinstance(error, GatedRepoError):
        page = f"https://huggingface.co/{'datasets/' if kind == 'dataset' else ''}{name}"
        return f"the {kind} {name!r} needs a login: accept its terms at {page}, then type hf auth login"
    if isinstance(error, RepositoryNotFoundError):
        return f"there is no {kind} {name!r}: {otherwise} (a private one needs hf auth login first)"
    if isinstance(error, HFValidationError):
        return f"there is no folder {name!r}: {otherwise}"
    if isinstance(error.__cause__, HfHubHTTPError):  # the Hub could be reached, and did not give it
        error = error.__cause__
    if isinstance(error, LocalEntryNotFoundError | OfflineModeIsEnabled):
        return f"the {kind} {name!r} is not on this machine and the Hub cannot be reached: {otherwise}"
    return f"the {kind} {name!r} cannot be fetched ({first_line(error)[:200]}): {otherwise}"
