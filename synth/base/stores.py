"""Object stores, s3:// gs:// az://, through pyarrow.fs alone: what a URL is, and what goes to and fro.

A folder in a store has a folder of this machine in its place, `~/.cache/rationale-synth/stores/s3/BUCKET/FOLDER`, or
below the folder that SYNTH_STORES names: settings make the one of the other (`as_path`), and every verb works on that
one. What is brought and what is sent, synth/data/mirror.py says. Keys are those that the clients of the stores find by
themselves, and stand neither in a URL nor in a file.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from synth.errors import StoreError, UsageError, first_line

SCHEMES = ("s3", "gs", "az")
URL = re.compile(r"(?P<scheme>s3|gs|az):/+(?P<rest>[^/].*|)", re.DOTALL)  # a Path has one slash less
PATIENCE = 10  # seconds without a byte until a request is tried again, 3 times in all
CONNECT = 5  # seconds
NO_BUCKET = re.compile("NO_SUCH_BUCKET|NoSuchBucket|ContainerNotFound|bucket does not exist")
NO_KEYS = re.compile(
    r"ACCESS_DENIED|HTTP status 40[13]|INVALID_ACCESS_KEY|InvalidAccessKey|SIGNATURE|PERMISSION|OAuth2|Credential"
)
NO_NETWORK = re.compile("NETWORK_CONNECTION|UNAVAILABLE|onnect|resolve")
VARIABLES = ("AWS_", "AZURE_STORAGE_", "GOOGLE_")  # how the names begin
KEYS = {
    "s3": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
    "gs": "set GOOGLE_APPLICATION_CREDENTIALS, or type gcloud auth application-default login",
    "az": "set AZURE_STORAGE_KEY, or type az login",
}


if TYPE_CHECKING:
    OwnPath = Path
else:
    OwnPath = type(Path())  # that of this system: until Python 3.12 no other can have subclasses


class StorePath(OwnPath):
    """The place on this machine of something in a store; in a sentence it is the URL."""

    def __format__(self, spec: str) -> str:
        return format(url_of(self) or str(self), spec)


@dataclass(frozen=True)
class Seen:
    """An object of a store."""

    bytes: int
    changed: int  # nanoseconds since 1970


def home() -> Path:
    """Where folders of stores have their places on this machine."""
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.path.abspath(os.environ.get("SYNTH_STORES") or Path(caches) / "rationale-synth" / "stores"))


def environment() -> tuple[tuple[str, str], ...]:
    """The variables by which stores, their keys and their places on this machine are found: for workers elsewhere.

    Secrets are among them: they go into no file.
    """
    found = {name: value for name, value in os.environ.items() if name.startswith(VARIABLES)}
    return tuple(sorted({**found, "SYNTH_STORES": str(home())}.items()))


def is_url(value: Any) -> bool:
    """Whether it is the address of something in an object store."""
    return isinstance(value, str | Path) and URL.fullmatch(os.fspath(value)) is not None


def without_keys(text: str) -> str:
    """A text for a message: what stands in a URL before an @ or around a colon, or behind a ?, may be a key."""
    text = re.sub(r"\b(s3|gs|az):/+", r"\1://", text)  # a Path has one slash
    text = re.sub(r"\b(s3|gs|az|https?)://[^\s'\",]*@", r"\1://...@", text)
    return re.sub(r"\b(s3|gs|az)://([^/\s]*:[^/\s]*|[^?\s]*\?\S*)", r"\1://...", text)


def as_path(value: "str | os.PathLike[str]") -> Path:
    """The path that a text is: of something in a store its place on this machine.

    Raises ValueError for a URL that cannot be.
    """
    text = os.fspath(value)
    url = URL.fullmatch(text)
    if url is None:
        return StorePath(text) if is_stored(Path(text)) else Path(text)
    scheme, parts = url["scheme"], url["rest"].rstrip("/").split("/")
    if "@" in text or ":" in parts[0]:
        raise ValueError("no keys in a URL: they are taken from the environment, or from where aws, gcloud and az keep")
    if len(parts) < 2 or any(part in ("", ".", "..") for part in parts) or re.search(r"[?#\s\\]", text):
        raise ValueError(f"give a bucket and a folder in it, such as {scheme}://my-bucket/my-data")
    return StorePath(home(), scheme, *parts)


def located(value: "str | os.PathLike[str]") -> Path:
    """The same for a call from Python. Raises UsageError for a URL that cannot be."""
    try:
        return as_path(value)
    except ValueError as error:
        raise UsageError(f"{without_keys(os.fspath(value))}: {error}") from error


def placed(value: Any, store: bool) -> Any:
    """The value, and in place of the URL of a folder in an object store the folder's place on this machine.

    Raises ValueError for a URL that cannot be, or where a folder of this machine is due.
    """
    if isinstance(value, list | tuple):
        return type(value)(placed(item, store) for item in value)
    if store and is_url(value):
        return as_path(value)
    if is_url(value):
        raise ValueError("it is in an object store, and what is given here has to be on this machine")
    return value


def is_stored(path: Path) -> bool:
    """Whether it is the place of something in a store."""
    return url_of(path) is not None


def url_of(path: Path) -> str | None:
    """The URL whose place on this machine a path is; None for any other."""
    if not path.is_absolute() or not path.is_relative_to(home()):
        return None
    scheme, *rest = path.relative_to(home()).parts or ("",)
    return f"{scheme}://{'/'.join(rest)}" if scheme in SCHEMES and len(rest) > 1 else None


class Store:
    """The objects below one URL, by their names from there on."""

    def __init__(self, url: str) -> None:
        """Raises UsageError for an environment that cannot be, StoreError if there is no client for the store."""
        self.url = url
        scheme, _, self._base = url.partition("://")
        self._bucket = self._base.partition("/")[0]
        with self._said("cannot be opened"):
            self._client = {"s3": _s3, "gs": _gs, "az": _az}[scheme](self._bucket)

    def list(self) -> dict[str, Seen]:
        """Every object. Raises StoreError if it cannot be asked, or there is no such bucket."""
        from pyarrow.fs import FileSelector, FileType

        with self._said("cannot be listed"):
            infos = self._client.get_file_info(FileSelector(self._base, recursive=True, allow_not_found=True))
            if not infos and self._client.get_file_info(self._bucket).type == FileType.NotFound:
                raise OSError("NO_SUCH_BUCKET")
        start = len(self._base) + 1
        return {info.path[start:]: _seen(info) for info in infos if info.type == FileType.File}

    def read(self, name: str) -> bytes | None:
        """What an object holds; None if it is not there."""
        with self._said(f"cannot be read ({name})"):
            try:
                with self._client.open_input_stream(self._at(name)) as stream:
                    return bytes(stream.read())
            except FileNotFoundError:
                return None

    def fetch(self, name: str, target: Path) -> None:
        """Write an object to a file of this machine. Raises StoreError, also if it is not there."""
        with (
            self._said(f"cannot be read ({name})"),
            self._client.open_input_stream(self._at(name)) as stream,
            target.open("wb") as file,
        ):
            while block := stream.read(1 << 24):
                file.write(block)

    def send(self, source: Path, name: str) -> Seen:
        """Make an object of a file, whole or not at all. Raises StoreError."""
        import pyarrow as pa

        with self._said(f"cannot be written to ({name})"):
            empty = not source.stat().st_size
            content = pa.py_buffer(b"") if empty else pa.memory_map(str(source)).read_buffer()
            stream = self._client.open_output_stream(self._at(name))
            try:
                stream.write(content)  # all of it in one call, which nothing on this machine interrupts
                stream.close()
            except BaseException:
                with suppress(OSError):
                    stream.close()
                    self._client.delete_file(self._at(name))
                raise
            seen = _seen(self._client.get_file_info(self._at(name)))
            if seen.bytes != content.size:
                raise OSError(f"{seen.bytes} bytes arrived of {content.size}")
        return seen

    def delete(self, name: str) -> None:
        """Raises StoreError; an object that is gone already is no mistake."""
        with self._said(f"cannot be written to ({name})"), suppress(FileNotFoundError):
            self._client.delete_file(self._at(name))

    def _at(self, name: str) -> str:
        return f"{self._base}/{name}"

    @contextmanager
    def _said(self, what: str) -> Iterator[None]:
        """Inside the client is asked: what it complains of becomes a StoreError of one line."""
        import pyarrow as pa

        try:
            yield
        except (OSError, pa.ArrowException) as error:
            raise StoreError(f"{self.url} {what}: {self._way_out(first_line(error))}") from error

    def _way_out(self, told: str) -> str:
        """What a client said, with what to do about it."""
        if NO_BUCKET.search(told):
            return f"there is no bucket {self._bucket!r}: make it first, or mend the name"
        if NO_KEYS.search(told):
            scheme = self.url.partition(":")[0]
            return f"keys are missing, or may not do that: {KEYS[scheme]} ({told[:200]})"
        if NO_NETWORK.search(told):
            where = "the network and AWS_ENDPOINT_URL" if self.url.startswith("s3:") else "the network"
            return f"it cannot be reached: look at {where} ({told[-160:]})"
        return told[:300]


def _seen(info: Any) -> Seen:
    return Seen(max(int(info.size or 0), 0), int(info.mtime_ns or 0))


def _s3(bucket: str) -> Any:
    """The client for S3 and what speaks its language: AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL says where.

    pyarrow reads that variable for URLs only, so it is handed over here.
    """
    from pyarrow import fs

    given = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    endpoint = urlsplit(given)
    more: dict[str, Any] = {}
    if given:
        if endpoint.scheme not in ("http", "https") or not endpoint.hostname or "@" in endpoint.netloc:
            raise UsageError(f"AWS_ENDPOINT_URL {without_keys(given)!r}: give one such as http://127.0.0.1:9000")
        more = {"scheme": endpoint.scheme, "endpoint_override": endpoint.netloc}
    elif not (os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")):
        with suppress(OSError):  # the request itself says better what is wrong
            more = {"region": fs.resolve_s3_region(bucket)}
    return fs.S3FileSystem(connect_timeout=CONNECT, request_timeout=PATIENCE, allow_delayed_open=True, **more)


def _gs(bucket: str) -> Any:
    from pyarrow import fs

    return fs.GcsFileSystem(retry_time_limit=timedelta(seconds=PATIENCE))


def _az(bucket: str) -> Any:
    """The client for Azure: the variables are those of its command `az`."""
    from pyarrow import fs

    account = os.environ.get("AZURE_STORAGE_ACCOUNT")
    if not account:
        raise UsageError("az:// needs the name of the storage account: set AZURE_STORAGE_ACCOUNT")
    keys = {
        "account_key": os.environ.get("AZURE_STORAGE_KEY"),
        "sas_token": os.environ.get("AZURE_STORAGE_SAS_TOKEN"),
    }
    return fs.AzureFileSystem(account, **{name: key for name, key in keys.items() if key})
