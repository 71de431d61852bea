"""The Hugging Face Hub as `synth push` and `synth pull` need it: one dataset repository, through huggingface_hub.

What is tried again (408, 425, 429, 5xx, broken connections) is tried again here and nowhere else: the client below it
gets an answer or this module's error. A 429 is waited out as long as the server says, in `Retry-After` or in the
`ratelimit` header of the IETF draft that the Hub sends ("api";r=0;t=55). Every error leaves as one line (HubError)
without the token.
"""

import logging
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tenacity

from synth.base import hf
from synth.base.terminal import Say
from synth.errors import HubError, UsageError

if TYPE_CHECKING:
    import httpx2


TRIES = 8  # of one request
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds between two tries where the server names no time
PATIENCE = 900.0  # seconds; the Hub counts requests in windows of five minutes
TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}
CONNECT_TIMEOUT, TIMEOUT = 30.0, 300.0
CONFLICT = 409  # of what is there already
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

    Raises HubError where one is needed and there is none.
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
        """The repository now; None where it, or the revision of it, is not there (or not to be seen)."""
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
        files = {each.rfilename: each.lfs.sha256 if each.lfs else each.blob_id for each in info.siblings or []}
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
        """Fetch one file to `folder/path`; what was fetched before of it is gone on with."""
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
        """Tag a commit; that it has this tag already is as good: the answer to an earlier try may have been lost."""
        from huggingface_hub.errors import HfHubHTTPError

        with self._speaking("get a tag"):
            try:
                self.api.create_tag(self.name, tag=tag, revision=commit, repo_type="dataset")
            except HfHubHTTPError as error:
                if error.response.status_code != CONFLICT or self.tags().get(tag) != commit:
                    raise

    def commit(self, operations: Sequence[Any], message: str, parent: str, branch: str) -> str:
        """Upload what the Hub does not have yet, make one commit of it all, and answer which commit is the head now.

        Raises LostRaceError where `parent` is not the head any more.
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
        """Errors of the client as one line of ours."""
        import httpx2
        from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

        try:
            with _patience(self._say):
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


@contextmanager
def _patience(say: Say) -> Iterator[None]:
    """Have huggingface_hub wait and try again while it works for us; others in this process get their client back."""
    from huggingface_hub import set_client_factory
    from huggingface_hub.utils import _http  # what was set cannot be asked for elsewhere

    before = _http._GLOBAL_CLIENT_FACTORY
    set_client_factory(lambda: _client(say))
    try:
        yield
    finally:
        set_client_factory(before)


def _client(say: Say) -> "httpx2.Client":
    """The HTTP client for huggingface_hub, which waits and tries again."""
    import httpx2
    from huggingface_hub.utils._http import hf_request_event_hook  # what its own clients are given

    class Patient(httpx2.Client):
        answered = False

        def request(self, method: str, url: Any, **options: Any) -> httpx2.Response:
            body: Any = options.get("data")
            if hasattr(body, "seek"):  # a file: read again for every try
                start = body.tell()
                options["content"] = options.pop("data")  # as httpx2 wants it by now
                options["extensions"] = {**(options.get("extensions") or {}), "rewind": lambda: body.seek(start)}
            return super().request(method, url, **options)

        def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
            def once() -> httpx2.Response:
                request.extensions.get("rewind", lambda: None)()
                response = super(Patient, self).send(request, **options)
                Patient.answered = True
                if response.status_code in TRY_AGAIN and options.get("stream"):
                    response.read()  # else its connection stays taken
                return response

            retrying = tenacity.Retrying(
                retry=tenacity.retry_if_result(lambda response: response.status_code in TRY_AGAIN)
                | tenacity.retry_if_exception(self._broken),
                stop=_enough,
                wait=_wait,
                before_sleep=lambda state: say(_why(state)),
                retry_error_callback=_give_up,
            )
            try:
                return retrying(once)
            except httpx2.TransportError as error:
                raise HubError(f"{request.url.host} cannot be reached ({error}): is there a network?") from error

        def _broken(self, error: BaseException) -> bool:
            """A connection that breaks is made again, one that never was is not waited for."""
            return isinstance(error, httpx2.TransportError) and (Patient.answered or not _unreachable(error))

    def _unreachable(error: httpx2.TransportError) -> bool:
        return isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.UnsupportedProtocol)

    return Patient(
        event_hooks={"request": [hf_request_event_hook]},
        follow_redirects=True,
        timeout=httpx2.Timeout(TIMEOUT, connect=CONNECT_TIMEOUT, pool=None),
    )


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait, or None."""
    value = headers.get("retry-after", "")
    if value.strip().isdigit():
        return float(value)
    spent = re.search(r"r=0;\s*t=(\d+)", headers.get("ratelimit", ""))
    return float(spent[1]) if spent else None


def _asked(state: tenacity.RetryCallState) -> float | None:
    outcome = state.outcome
    return None if outcome is None or outcome.failed else asked_wait(outcome.result().headers)


def _enough(state: tenacity.RetryCallState) -> bool:
    return state.attempt_number >= TRIES or (_asked(state) or 0.0) > PATIENCE


def _wait(state: tenacity.RetryCallState) -> float:
    asked = _asked(state)
    return asked if asked is not None else min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (state.attempt_number - 1))


def _why(state: tenacity.RetryCallState) -> str:
    outcome, action = state.outcome, state.next_action
    said = "the connection broke" if outcome is None or outcome.failed else _status(outcome.result().status_code)
    return f"{said}; trying again in {action.sleep if action else 0:.0f} s ({state.attempt_number} of {TRIES})"


def _status(status: int) -> str:
    return "the Hub asks for patience (429)" if status == 429 else f"the Hub is in trouble ({status})"


def _give_up(state: tenacity.RetryCallState) -> Any:
    outcome, asked = state.outcome, _asked(state)
    if outcome is None or outcome.failed:
        why = f"the connection to the Hub broke {state.attempt_number} times"
    elif asked is not None and asked > PATIENCE:
        why = f"{_status(outcome.result().status_code)}, {asked:.0f} seconds of it"
    else:
        why = f"{_status(outcome.result().status_code)}, {state.attempt_number} times in a row"
    raise HubError(f"{why}: the same command goes on later")
