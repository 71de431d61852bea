"""What tests of push and pull share: a connection to the Hub of `loopback_hub`, and dataset folders to push."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
import tenacity
from huggingface_hub import close_session, constants
from loopback_hub import Answering, Hub, serving

from synth.base.files import file_facts
from synth.data.folder import FolderWriter
from synth.data.manifest import read_manifest

REPO = "ada/lines"


def connected(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A Hub to which this process is logged in as ada. Waits are written down in `hub.waits` and not waited."""
    with serving() as hub:
        monkeypatch.setattr(tenacity.nap, "time", SimpleNamespace(sleep=hub.waits.append))
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", "/nowhere/token")
        monkeypatch.setattr(constants, "HF_STORED_TOKENS_PATH", "/nowhere/tokens")
        for name, value in environment(hub).items():
            monkeypatch.setenv(name, value)
        yield hub
        close_session()


def taking_models(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The same, which takes a model repository for a dataset one."""
    answer = Answering.answer

    def as_dataset(self: Answering, path: str) -> Any:
        path = re.sub(r"^/api/models/", "/api/datasets/", path)
        return answer(self, re.sub(r"^/(\w+/\w+)(\.git|/resolve)", r"/datasets/\1\2", path))

    monkeypatch.setattr(Answering, "answer", as_dataset)
    yield from connected(monkeypatch)


def environment(hub: Hub) -> dict[str, str]:
    """For a child process."""
    return {
        "HF_ENDPOINT": hub.url,
        "HF_TOKEN": hub.token("ada"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }


def in_a_child(hub: Hub, folder: Path, *words: object, **options: Any) -> "subprocess.Popen[str]":
    """`synth` with these words in a folder, to be killed."""
    command = [sys.executable, "-m", "synth", *map(str, words)]
    env = {**os.environ, **environment(hub)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=folder, env=env, **pipes, **options)


def row(number: int, **changes: Any) -> dict[str, Any]:
    facts = {"length": number, "kind": "odd" if number % 2 else None}
    return {
        "id": f"lines/{number}", "task": "lines", "prompt": f"What is {number}?", "rationale": f"It is\n{number}.",
        "answer": str(number), "completion": f"It is {number}.", "meta": facts, "provenance": None, **changes,
    }  # fmt: skip


def dataset(folder: Path, validated: bool = True, **splits: Sequence[dict[str, Any]]) -> Path:
    """A dataset folder with these rows, by default five of train and two of test."""
    splits = splits or {"train": [row(n) for n in range(5)], "test": [row(n) for n in range(5, 7)]}
    with FolderWriter(folder) as writer:
        for split, rows in splits.items():
            writer.path(f"{split}.jsonl").write_bytes(b"".join(orjson.dumps(each) + b"\n" for each in rows))
        facts = {s: {"rows": len(rows), "rejected": {}, "files": [f"{s}.jsonl"]} for s, rows in splits.items()}
        made = {"command": "synth build lines", "made_by": "rationale-synth 0.1.0", "format": "jsonl"}
        writer.commit({**made, "splits": facts, "rejected": {}})
    if validated:
        validate(folder)
    return folder


def validate(folder: Path, success: bool = True, steps: bool = True, sample: int | None = None) -> None:
    """Write what `synth validate` would, for the files as they are."""
    manifest = read_manifest(folder)
    assert manifest is not None
    names = [name for split in manifest["splits"].values() for name in split["files"]]
    expectation = {"name": "unique_ids", "title": "ids are unique", "suite": "dataset", "rows": 7, "examples": []}
    found = {"failures": 0 if success else 1, "observed": None, "success": success, "severity": "critical"}
    content = {
        "made_by": "rationale-synth 0.1.0",
        "command": "synth validate lines",
        "success": success,
        "data": {name: file_facts(folder / name) for name in [*names, "synth.json"]},
        "rows": {split: facts["rows"] for split, facts in manifest["splits"].items()},
        "expectations": [expectation | found],
        "steps": steps,
        "sample": sample,
        "tokenizer": None,
        "contamination": [],
        "versions": {},
    }
    (folder / "validation.json").write_text(json.dumps(content))


def lines(folder: Path, split: str = "train") -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (folder / f"{split}.jsonl").read_bytes().splitlines()]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
