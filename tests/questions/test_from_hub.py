"""Questions from a Hub of this machine."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from loopback import Answer, serving

import synth as api
from synth.data.manifest import open_manifest


class LoopbackHub(BaseHTTPRequestHandler):
    """As much of the Hub as a download asks for: the Parquet copies of one dataset with three splits."""

    files: dict[str, bytes] = {}  # noqa: RUF012

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        status, content = 404, b"{}"
        names = [name for name in self.files if self.path.endswith(f"/{name}")]
        if "/me/sums" in self.path and "/revision/" in self.path:
            siblings = [{"rfilename": name} for name in self.files]
            status, content = 200, json.dumps({"id": "me/sums", "sha": "a" * 40, "siblings": siblings}).encode()
        elif "/me/sums" in self.path and "/tree/" in self.path:
            tree = [{"type": "file", "path": n, "oid": "b" * 40, "size": len(c)} for n, c in self.files.items()]
            status, content = 200, json.dumps(tree).encode()
        elif names:
            status, content = 200, self.files[names[0]]
        self.send_response(status)
        self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", "a" * 40)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for number, split in enumerate(("train_r1", "train_r2", "test"), start=1):
        path = tmp_path / "x.parquet"
        pq.write_table(pa.table({"question": ["Sum?"], "label": [str(number)]}), path)
        LoopbackHub.files[f"plain/{split}/0000.parquet"] = path.read_bytes()
    server = ThreadingHTTPServer(("127.0.0.1", 0), LoopbackHub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


FROM_HUB = """
import sys
from synth.errors import SourceError
from synth.questions import load
from synth.questions.task import Hub, Task
from synth.questions.layouts import PLAIN, Reader

there = Hub("me/sums", "plain", {"train": "train_r1+train_r2", "test": "test"})
task = Task("sums", "own", "", "Add.", "number", Reader(PLAIN), hub=there)
try:
    print(*(f"{question.id} {question.gold}" for question in load(task, sys.argv[1], sys.argv[2] or None)), sep=", ")
except SourceError as error:
    print(error)
"""


def from_hub(endpoint: str, home: Path, source: str, split: str, **more: str) -> str:
    env = {**os.environ, "HF_ENDPOINT": endpoint, "HF_HOME": str(home), **more}
    command = [sys.executable, "-c", FROM_HUB, source, split]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.strip()


def test_questions_from_the_hub(hub: str, tmp_path: Path) -> None:
    assert from_hub(hub, tmp_path, "hub", "") == "1 1, 1-2 2"
    assert from_hub(hub, tmp_path, "me/sums/plain", "test") == "1 3"
    assert from_hub(hub, tmp_path, "hub", "", HF_HUB_OFFLINE="1") == "1 1, 1-2 2"
    missing = from_hub(hub, tmp_path, "me/sums", "dev")
    assert missing.startswith("me/sums has no plain/dev/*.parquet on the Hub; it has plain/test, plain/train_r1, ")
    refused = from_hub(hub, tmp_path, "no/such", "")
    assert refused.startswith("the dataset 'no/such' cannot be fetched (Client error '404")


def test_without_a_network_one_line_says_how_to_give_a_file(tmp_path: Path) -> None:
    said = from_hub("http://127.0.0.1:9", tmp_path, "hub", "")
    assert "give the file or folder instead" in said
    assert "\n" not in said


READ = """
import sys, synth
place, given = "me/sums/plain", {"task": "gsm8k", "quiet": True}
asked = {"teacher": "m", "base_url": sys.argv[1], **given}
synth.import_data(place, split=["train_r1", "test"], no_rationale=True, out="taken", **given)
synth.distill(source=place, split=["train_r1", "test"], out="asked", **asked)
synth.distill(source=place, split="test", out="one", **asked)
"""


def test_the_commit_that_was_read_stands_in_the_manifest(hub: str, tmp_path: Path) -> None:
    def teacher(request: dict[str, Any], times: int) -> Answer:
        return Answer("It is three. The answer is 3.")

    env = {**os.environ, "HF_ENDPOINT": hub, "HF_HOME": str(tmp_path / "home"), "OPENAI_API_KEY": "sk-x"}
    with serving(teacher) as server:
        command = [sys.executable, "-c", READ, server.url]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    taken, several, one = (open_manifest(tmp_path / name) for name in ("taken", "asked", "one"))
    assert taken["answers_only"]["test"]["revision"] == "a" * 40
    assert several["distilled"]["source"] == {"name": "me/sums/plain", "hub": "me/sums", "split": ["train_r1", "test"]}
    assert {name: facts["rows"] for name, facts in several["splits"].items()} == {"train_r1": 0, "test": 1}
    assert several["read"]["revision"] == one["read"]["revision"] == "a" * 40
    assert f"commit `{'a' * 40}`" in api.card(tmp_path / "one", quiet=True).text
