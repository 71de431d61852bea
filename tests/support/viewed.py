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

from synth.viewing.guard import Guard
from synth.viewing.server import application
from synth.viewing.sources import sources

PORT = 8377
ORIGIN = f"http://127.0.0.1:{PORT}"


def row(number: int, **fields: Any) -> dict[str, Any]:
    """A row of arithmetic that nobody built."""
    texts = {"prompt": f"{number} + 1 =", "rationale": f"{number} + 1 = {number + 1}", "answer": str(number + 1)}
    own = {"id": f"x/{number}", "task": "x", **texts, "completion": f"The answer is {number + 1}.", "meta": {}}
    return {**own, "provenance": None, **fields}


def folder(path: Path, lines: Sequence[bytes], name: str = "train.jsonl") -> Path:
    """A dataset folder whose only split has these lines."""
    path.mkdir(parents=True, exist_ok=True)
    (path / name).write_bytes(b"".join(line + b"\n" for line in lines))
    split = {"rows": len(lines), "rejected": {}, "files": [name]}
    manifest = {"splits": {"train": split}, "files": {}, "rejected": {}, "made_by": "a test"}
    (path / "synth.json").write_bytes(orjson.dumps(manifest))
    return path


def lines(*rows: dict[str, Any]) -> list[bytes]:
    return [orjson.dumps(one) for one in rows]


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
