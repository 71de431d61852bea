"""A `synth view` that is open, and dataset folders for it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import orjson
from starlette.testclient import TestClient

from synth.base import loops
from synth.teachers.exchange import Request
from synth.teachers.store import RequestStore
from synth.viewing.guard import Guard
from synth.viewing.index import Store
from synth.viewing.query import Query, View
from synth.viewing.server import application
from synth.viewing.sources import sources

PORT = 8377
ORIGIN = f"http://127.0.0.1:{PORT}"


def row(number: int, **fields: Any) -> dict[str, Any]:
    """A row of arithmetic that nobody built."""
    texts = {"prompt": f"{number} + 1 =", "rationale": f"{number} + 1 = {number + 1}", "answer": str(number + 1)}
    own = {"id": f"x/{number}", "task": "x", **texts, "completion": f"The answer is {number + 1}.", "meta": {}}
    return {**own, "provenance": None, **fields}


def folder(path: Path, lines: Sequence[bytes], name: str = "train.jsonl", split: str = "train") -> Path:
    """A dataset folder whose only split has these lines."""
    path.mkdir(parents=True, exist_ok=True)
    (path / name).write_bytes(b"".join(line + b"\n" for line in lines))
    facts = {"rows": len(lines), "rejected": {}, "files": [name]}
    manifest = {"splits": {split: facts}, "files": {}, "rejected": {}, "made_by": "a test"}
    (path / "synth.json").write_bytes(orjson.dumps(manifest))
    return path


def lines(*rows: dict[str, Any]) -> list[bytes]:
    return [orjson.dumps(one) for one in rows]


def asked(path: Path, **changes: Any) -> Path:
    """A distillation of 40 questions under way, which has just said how far it is."""
    servers = [
        {"address": f"http://127.0.0.1:{port}", "replies": 3, "seconds": 1.5, "allowed": 4, "up": port > 1}
        for port in (1, 2)
    ]
    told = {
        "folder": path.name, "command": "synth distill ...", "task": "gsm8k", "teacher": "m-1", "shard": None,
        "questions": 40, "target_rows": None, "budget": 5.0, "price": [1.0, 2.0], "settled": 2, "kept": 1,
        "left": {"wrong": 1}, "asked": 6, "cached": 0, "prompt_tokens": 60, "completion_tokens": 40, "dollars": 0.01,
        "in_flight": 2, "servers": servers, "why": "", **changes,
    }  # fmt: skip

    async def tell() -> None:
        with RequestStore(path / "requests.sqlite") as store:
            request = Request("m-1", ({"role": "user", "content": "Which number is 1?"},))
            await store.put_request(request)
            body = {"choices": [{"message": {"content": "It is 1.", "reasoning": "Hm."}}]}
            await store.put_reply(request.key(), 200, {}, orjson.dumps(body), 0.5)
            attempt = {"id": "q1", "attempt": 1, "hinted": False, "outcome": "right", "kept": True, "answer": "1"}
            newest = [{**attempt, "request": request.key(), "gold": "1", "error": ""}]
            await store.tell(await store.begin("w"), {"newest": newest, **told})

    loops.run(tell())  # playwright has a loop running
    return path


def opened(path: Path, written: Sequence[bytes]) -> Query:
    """All rows of a new dataset folder."""
    with mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(path / "cache")}):
        split = sources([folder(path / "data", written)])["data"].splits["train"]
        store = Store([split])
    return Query(store, split, store.index(split).result(), View())


def asking(query: Query, *params: tuple[str, str]) -> Query:
    """What a URL asks for."""
    return Query(query.store, query.split, query.index, View(params))


def label(client: TestClient, path: str = "/labels/data/train", **form: object) -> int:
    """Send the form of labels; returns the status."""
    sent = {name: str(value) for name, value in form.items()}
    return client.post(path, data=sent, headers={"origin": ORIGIN}, follow_redirects=False).status_code


@contextmanager
def viewing(cache: Path, *folders: Path) -> Iterator[tuple[TestClient, Guard]]:
    """A browser that has opened the URL that was printed, in this process; with no folder of this user's."""
    with mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(cache)}):
        guard = application(sources(folders), PORT)
        with TestClient(guard, base_url=ORIGIN, follow_redirects=True) as client:
            assert client.get(f"/?token={guard.token}").status_code == 200
            yield client, guard


@contextmanager
def process(cache: Path, *words: str | Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """`synth view` as a user starts it, and the URL that it prints."""
    command = [sys.executable, "-m", "synth", "view", *map(str, words), "--port", "0", "--no-browser"]
    env = os.environ | {"XDG_CACHE_HOME": str(cache)}
    started = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
    try:
        assert started.stdout is not None
        started.stdout.readline()
        yield started, started.stdout.readline().strip()
    finally:
        started.kill()
        started.communicate()
