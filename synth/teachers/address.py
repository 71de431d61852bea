"""The address of a server, as people paste it, and as requests need it.

A base URL ends where `/chat/completions` follows. Spaces, a slash at the end and a pasted endpoint, as
`/chat/completions`, are taken off; a query (`?api-version=preview`, Azure) stays, and stands behind the path of each
request; a server on this machine may go without http://.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from synth.errors import UsageError

ENDPOINTS = (
    "/chat/completions", "/completions", "/models", "/responses", "/embeddings", "/batches", "/files",
    "/messages", "/api/chat", "/api/generate", "/api/tags",  # beside it: Anthropic's own interface, and Ollama's
)  # fmt: skip
_HERE = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|0\.0\.0\.0|\[[\da-f:]+\])(?::\d{1,5})?(?:[/?]|$)", re.IGNORECASE)
_LOGIN = re.compile(r"^(?:[a-z][a-z\d+.-]*:)?(?://)?([^/?#]*@)", re.IGNORECASE)
_VERSION = re.compile(r"/v\d\w*(?:/|$)")


@dataclass(frozen=True)
class Address:
    """A base URL, and the query of each request below it."""

    base: str  # no slash at its end
    query: str = ""

    @property
    def parameters(self) -> dict[str, object]:
        """The query, as openai's client takes it for every request."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def versioned(self) -> "Address | None":
        """The same server's /v1, if the address names no version."""
        return None if _VERSION.search(urlsplit(self.base).path) else Address(f"{self.base}/v1", self.query)

    @property
    def azure(self) -> bool:
        """Azure's servers take the key of an account in a header of their own, beside `Authorization`."""
        return "api-version=" in self.query

    def __str__(self) -> str:
        return self.base + (f"?{self.query}" if self.query else "")


def tidy(url: str, option: str = "--base-url") -> str:
    """A base URL as it is meant.

    Raises UsageError for what is none, and for one with a name and a password in it, which are said by nobody.
    """
    text = url.strip().strip("\"'").strip()
    if (login := _LOGIN.search(text)) is not None:
        bare = text[: login.start(1)] + text[login.end() :]
        raise UsageError(
            f"{option} {bare}: a name and a password in an address are not sent; type instead export "
            'OPENAI_API_KEY="Basic $(printf %s NAME:PASSWORD | base64)", and the address without them'
        )
    if _HERE.match(text):
        text = f"http://{text}"
    example = "http://localhost:8000/v1"
    if not re.match(r"https?://", text, re.IGNORECASE):
        host = re.match(r"[\w-]+(?:\.[\w-]+)*(:\d+(?:/|$))?", text)  # with a port it is one of the user's own
        own = host is not None and host[1] is not None
        guess = f"http{'' if own else 's'}://{text}" if host is not None and (own or "." in host[0]) else example
        raise UsageError(f"{option} {url}: an address begins with http:// or https://, as {guess}")
    try:
        parts = urlsplit(text)
        sound = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        sound = False
    if not sound or re.search(r"\s", text):
        raise UsageError(f"{option} {url}: this is no address; give one as {example}")
    path = parts.path.rstrip("/")
    ending = next((each for each in ENDPOINTS if path.endswith(each)), "")
    path = path.removesuffix(ending).rstrip("/")
    return urlunsplit((parts.scheme.lower(), parts.netloc, path, parts.query, ""))


def address_of(base_url: str) -> Address:
    """The two parts of a base URL that `tidy` has made."""
    base, _, query = base_url.partition("?")
    return Address(base.rstrip("/"), query)
