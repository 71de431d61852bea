"""Where requests to the Hugging Face Hub are tried again: 408, 425, 429, 5xx, broken connections.

A 429 is waited out as long as the server says, in `Retry-After` or in the `ratelimit` header of the IETF draft that the
Hub sends ("api";r=0;t=55).

What is tried again is a request of the HTTP client below huggingface_hub, not a call of huggingface_hub: the library
tries uploads again by itself, five times in 23 seconds or as long as any `Retry-After` asks, says nothing of it, and
cannot be told otherwise. Here it gets a response or a HubError, and its own tries never begin.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import tenacity

from synth.base.terminal import Say
from synth.errors import HubError

if TYPE_CHECKING:
    import httpx2

TRIES = 8  # of one request
BY_ITSELF = tenacity.wait_exponential(multiplier=1, max=60)  # seconds between two tries if the server names no time
PATIENCE = 900.0  # seconds; the Hub counts requests in windows of five minutes
TRY_AGAIN = {408, 425, 429, 500, 502, 503, 504}
CONNECT_TIMEOUT, TIMEOUT = 30.0, 300.0


@contextmanager
def patience(say: Say) -> Iterator[None]:
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
    return asked if asked is not None else BY_ITSELF(state)


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
    raise HubError(f"{why}: the same command resumes later")
