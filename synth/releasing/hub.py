"""The Hugging Face Hub as `synth push` and `synth pull` need it: one dataset repository, through huggingface_hub.

What goes wrong for a while is waited out (retry.py). Every error leaves as one line (HubError) without the token.
"""

import logging
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synth.base import hf
from synth.base.terminal import Say
from synth.errors import HubError, UsageError
from synth.releasing.retry import patience

CONFLICT = 409  # the status of a request to make what exists
LOST_RACE = 412  # the status of a commit whose parent is not the head any more
NAME = re.compile(r"(?!.*(?:--|\.\.))[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]{0,95}(?<![.-])(?<!\.git)", re.ASCII)
LOGIN = "type `hf auth login`, or set HF_TOKEN to a token with write permission"


class LostRaceError(Exception):
    """Somebody else's commit came first: read the repository again."""


@dataclass(frozen=True)
class State:
    """A repository at one commit."""

    commit: str
    private: bool
    files: Mapping[str, str | None]  # path: what the Hub knows it by, the sha256 of LFS or the name of a git blob


def checked_name(name: str) -> str:
    """`org/name`, as the Hub spells the names of repositories.

    Raises UsageError.
    """
    if not NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no repository on the Hub: give org/name, such as ada/explained-listops")
    return name


def login(needed: bool) -> str | None:
    """The token of the environment (HF_TOKEN) or of the Hub's own login.

    Raises HubError if one is needed and there is none.
    """
    hf.quiet(bars=True)
    from huggingface_hub import get_token

    token = get_token()
    if token is None and needed:
        raise HubError(f"no token for the Hugging Face Hub: {LOGIN}")
    if token is not None and not (token.isascii() and token.isprintable()):
        raise HubError(f"the Hub's token has letters in it that no token has: {LOGIN}")
    return token


class Hub:
    """One dataset repository. `say` is told what is waited for."""

    def __init__(self, name: str, token: str | None, say: Say = lambda line: None) -> None:
        from huggingface_hub import HfApi
        from huggingface_hub.utils.tqdm import disable_progress_bars

        if not sys.stderr.isatty():
            disable_progress_bars()
        logging.getLogger("huggingface_hub").setLevel(logging.CRITICAL)
        self.name, self._token, self._say = checked_name(name), token, say
        self.api = HfApi(endpoint=hf.endpoint(), token=token or False)

    @property
    def url(self) -> str:
        return f"{self.api.endpoint}/datasets/{self.name}"

    def user(self) -> str:
        """Whose token it is."""
        with self._speaking("be pushed to"):
            return str(self.api.whoami()["name"])

    def state(self, revision: str | None = None) -> State | None:
        """The repository now; None if it or its revision does not exist or may not be seen."""
        from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

        with self._speaking("be read"):
            try:
                info = self.api.dataset_info(self.name, revision=revision, files_metadata=True)
            except GatedRepoError:
                raise
            except (RepositoryNotFoundError, RevisionNotFoundError) as error:
                if error.response.status_code == 401 and self._token is not None:
                    raise HubError(f"the Hub does not accept the token: {LOGIN}") from error
                return None
        files = {file.rfilename: file.lfs.sha256 if file.lfs else file.blob_id for file in info.siblings or []}
        return State(str(info.sha), bool(info.private), files)

    def tags(self) -> dict[str, str]:
        """The commit of each tag."""
        with self._speaking("be read"):
            return {tag.name: tag.target_commit for tag in self.api.list_repo_refs(self.name, repo_type="dataset").tags}

    def text(self, path: str, commit: str) -> str:
        with tempfile.TemporaryDirectory() as folder:
            file = self.download(path, commit, Path(folder))
            try:
                return file.read_text(encoding="utf-8")
            except UnicodeDecodeError as error:
                raise HubError(f"{path} of {self.name} is not UTF-8 text: mend it on the Hub") from error

    def download(self, path: str, commit: str, folder: Path) -> Path:
        """Fetch one file to `folder/path`; a download that was cut short is resumed."""
        with self._speaking("be read"):
            return Path(
                self.api.hf_hub_download(self.name, path, repo_type="dataset", revision=commit, local_dir=folder)
            )

    def create(self, private: bool) -> None:
        with self._speaking("be made"):
            self.api.create_repo(self.name, repo_type="dataset", private=private or None, exist_ok=True)

    def create_branch(self, branch: str) -> None:
        with self._speaking("get a branch"):
            self.api.create_branch(self.name, branch=branch, repo_type="dataset", exist_ok=True)

    def create_tag(self, tag: str, commit: str) -> None:
        """Tag a commit. No error if it has the tag already: the reply to an earlier try may have been lost."""
        from huggingface_hub.errors import HfHubHTTPError

        with self._speaking("get a tag"):
            try:
                self.api.create_tag(self.name, tag=tag, revision=commit, repo_type="dataset")
            except HfHubHTTPError as error:
                if error.response.status_code != CONFLICT or self.tags().get(tag) != commit:
                    raise

    def commit(self, operations: Sequence[Any], message: str, parent: str, branch: str) -> str:
        """Upload what the Hub does not have yet, and make one commit of it all; returns the id of the new head.

        Raises LostRaceError if `parent` is not the head any more.
        """
        from huggingface_hub.errors import HfHubHTTPError

        with self._speaking("take the commit"):
            try:
                made = self.api.create_commit(
                    self.name,
                    operations,
                    commit_message=message,
                    parent_commit=parent,
                    revision=branch,
                    repo_type="dataset",
                )
            except HfHubHTTPError as error:
                if error.response.status_code == LOST_RACE:
                    raise LostRaceError from error
                raise
        return str(made.oid)

    @contextmanager
    def _speaking(self, doing: str) -> Iterator[None]:
        """Turn errors of the client into a HubError of one line; `doing` completes 'org/name cannot ...'."""
        import httpx2
        from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

        try:
            with patience(self._say):
                yield
        except (HfHubHTTPError, httpx2.HTTPError, OfflineModeIsEnabled, ValueError, RuntimeError) as error:
            cause: BaseException = error
            # Uploads run in threads of the client, which wraps what stopped them.
            while isinstance(cause, RuntimeError) and cause.__cause__ is not None:
                cause = cause.__cause__
            if isinstance(cause, HubError):
                raise cause from error
            raise HubError(self._clean(self._line(cause, doing))) from error

    def _line(self, error: BaseException, doing: str) -> str:
        from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, OfflineModeIsEnabled

        if isinstance(error, OfflineModeIsEnabled):
            return f"{self.name} is on the Hub, and HF_HUB_OFFLINE is set: unset it"
        if not isinstance(error, HfHubHTTPError):
            return f"{self.name} cannot {doing}: {error}"
        if isinstance(error, GatedRepoError):
            return f"{self.name} is gated: ask for access at {self.url}, then try again"
        status, said = error.response.status_code, error.server_message or error.response.reason_phrase
        may_not = f"{self.name} cannot {doing}: the token may not write there; give a repository of yours, or {LOGIN}"
        lines = {
            401: f"the Hub does not accept the token: {LOGIN}",
            403: may_not,
            404: f"{self.name} is not on the Hub, or is private and the token may not see it: {self.url}",
        }
        return lines.get(status, f"{self.name} cannot {doing}: the Hub says {status} {said}")

    def _clean(self, line: str) -> str:
        return line.replace(self._token, "***") if self._token else line
