"""An object store on this machine for tests: moto's S3, real HTTP, whose requests are seen and can be turned away.

with serving_store() as store:
    store.use(monkeypatch)         # the environment of who uses it
    store.objects("bucket")        # name: bytes
    store.seen                     # ["PUT /bucket/data/train-....jsonl", ...]
    store.refuse = lambda method, path: 403 if method == "PUT" else None
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

BUCKET = "bucket"
FORBIDDEN = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"


@dataclass
class LoopbackStore:
    url: str
    app: Any
    seen: list[str] = field(default_factory=list)
    refuse: Callable[[str, str], int | None] = lambda method, path: None

    def __call__(self, environ: dict[str, Any], start: Any) -> Any:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self.seen.append(f"{method} {path}")
        if "HTTP_AUTHORIZATION" not in environ or (status := self.refuse(method, path)) is not None:
            status = 403 if "HTTP_AUTHORIZATION" not in environ else status
            start(f"{status} No", [("Content-Type", "application/xml")])
            return [FORBIDDEN]
        return self.app(environ, start)

    def environment(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "somebody",
            "AWS_SECRET_ACCESS_KEY": "a-secret",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def use(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"):
            monkeypatch.delenv(name, raising=False)
        for name, value in self.environment().items():
            monkeypatch.setenv(name, value)

    def clear(self) -> None:
        """Empty the bucket, forget what was seen, refuse nothing."""
        for name in list(self._backend().buckets[BUCKET].keys):
            self._backend().delete_object(BUCKET, name)
        self.seen.clear()
        self.refuse = lambda method, path: None

    def objects(self, below: str = "") -> dict[str, bytes]:
        """Every object of the bucket whose name begins so, by the rest of its name; but not the empty ones that stand
        for folders, which pyarrow leaves where it deleted something."""
        keys = self._backend().buckets[BUCKET].keys
        return {
            name.removeprefix(below): keys[name].value
            for name in list(keys)
            if name.startswith(below) and name[-1] != "/"
        }

    def put(self, name: str, content: bytes) -> None:
        self._backend().put_object(BUCKET, name, content)

    def _backend(self) -> Any:
        from moto.s3.models import s3_backends

        return s3_backends["123456789012"]["aws"]


@contextmanager
def serving_store() -> Iterator[LoopbackStore]:
    """A store with one empty bucket."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from moto.s3.models import s3_backends
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_request(self, *_: Any) -> None: ...

    s3_backends["123456789012"]["aws"].create_bucket(BUCKET, "us-east-1")
    store = LoopbackStore("", DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, store, threaded=True, request_handler=Quiet)
    store.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        thread.join()
        store.clear()
        s3_backends["123456789012"]["aws"].delete_bucket(BUCKET)  # the next store of this process has its own
