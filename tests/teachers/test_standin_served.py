"""`synth teacher-demo` as a server: its list of models, and its Batch API with `synth distill --batch` against it."""

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from loopback import free_port

from synth.teachers.standin_batches import Shelf

Synth = Callable[..., "subprocess.CompletedProcess[str]"]
COUNT = 12


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "questions.jsonl"
    rows = [{"id": f"q{n}", "question": f"Ann has {n} apples and buys {n + 1}. How many?", "label": str(2 * n + 1)}
            for n in range(COUNT)]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@contextmanager
def demo(source: Path, *more: object) -> Iterator[str]:
    """The address of one that is running."""
    port = free_port()
    words = ["teacher-demo", "--task", "gsm8k", "--source", source, "--port", port, "--latency", 0, *more]
    command = [sys.executable, "-m", "synth", *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert f"knows {COUNT} questions" in server.stdout.readline()
        try:
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.send_signal(signal.SIGINT)


def get(url: str, data: bytes | None = None, method: str | None = None) -> tuple[int, Any]:
    request = urllib.request.Request(url, data, {"content-type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]


def test_a_distillation_through_its_batch_api(synth: Synth, tmp_path: Path, source: Path) -> None:
    with demo(source, "--right", 0.6, "--unclosed", 0.2) as url:
        command = ["distill", "--task", "gsm8k", "--source", source, "--teacher", "stand-in", "--base-url", url,
                   "--out", "out", "--batch"]  # fmt: skip
        runs = [synth(*command)]
        assert f"{COUNT} requests handed in as batch_1" in runs[0].stdout
        while runs[-1].returncode == 3 and len(runs) < 12:
            runs.append(synth(*command))
        assert runs[-1].returncode == 0, runs[-1].stderr
        assert len(runs) > 2  # some were wrong, and asked again in another batch
        listed = get(f"{url}/batches")[1]["data"]
        assert [batch["status"] for batch in listed] == ["completed"] * (len(runs) - 1)
    made = rows(tmp_path / "out")
    assert len(made) == COUNT
    assert all(f"= {row['answer']}" in row["rationale"] for row in made)
    attempts = [json.loads(line) for line in (tmp_path / "out" / "attempts.jsonl").read_text().splitlines()]
    assert {attempt["outcome"] for attempt in attempts} == {"right", "wrong", "no_answer"}


def test_its_list_of_models_says_that_it_goes(synth: Synth, tmp_path: Path, source: Path) -> None:
    with demo(source, "--shutdown", "2020-05-06", "--right", 1, "--unclosed", 0) as url:
        assert get(f"{url}/models")[1]["data"][0]["shutdown_date"] == "2020-05-06"
        done = synth("distill", "--task", "gsm8k", "--source", source, "--teacher", "stand-in", "--base-url", url,
                     "--out", "out")  # fmt: skip
        assert done.returncode == 0, done.stderr
        examined = synth("doctor", "--teacher", "stand-in", "--base-url", url)
        assert "stand-in was shut down on 2020-05-06" in examined.stdout
        assert get(f"{url}/batches/batch_9") == (404, {"error": {
            "message": "there is no batch_9", "type": "invalid_request_error", "code": None}})  # fmt: skip
        assert get(f"{url}/batches", b'{"input_file_id": "file-9"}')[0] == 404
        assert get(f"{url}/batches", b"[]")[0] == 400
        assert get(f"{url}/files", b"{}")[0] == 400
        assert get(f"{url}/chat/completions", b"{")[0] == 400
    assert len(rows(tmp_path / "out")) == COUNT


def test_a_date_that_is_none_is_one_line(synth: Synth, source: Path) -> None:
    done = synth("teacher-demo", "--task", "gsm8k", "--source", source, "--shutdown", "soon")
    assert done.returncode == 2
    assert done.stderr == "synth: --shutdown soon: give a date, as 2027-01-31\n"


def entry(key: str, body: Any = None, **more: Any) -> dict[str, Any]:
    return {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": body or {"n": key}} | more


def shelf_with(*lines: Any, wait: float = 0.0) -> tuple[Shelf, dict[str, Any]]:
    """A shelf whose requests are refused if they ask for it, and the batch of these lines."""

    def complete(body: Any) -> tuple[int, dict[str, Any]]:
        return (400, {"error": {"message": "no"}}) if body.get("bad") else (200, {"said": body})

    shelf = Shelf(complete, wait)
    content = b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)
    file = shelf.keep(content, "mine.jsonl", "batch")
    assert (file["object"], file["bytes"], file["purpose"]) == ("file", len(content), "batch")
    return shelf, shelf.create({"input_file_id": file["id"], "metadata": {"a": "b"}})


def test_good_replies_and_refusals_stand_in_files_of_their_own() -> None:
    shelf, batch = shelf_with(entry("a"), entry("b", {"bad": 1}), entry("c"))
    assert batch["status"] == "completed"
    assert batch["metadata"] == {"a": "b"}
    assert batch["request_counts"] == {"total": 3, "completed": 2, "failed": 1}
    good, bad = (
        [json.loads(line) for line in shelf.files[batch[f"{kind}_file_id"]].splitlines()]
        for kind in ("output", "error")
    )
    assert [line["custom_id"] for line in good] == ["a", "c"]
    assert good[0]["response"] == {"status_code": 200, "request_id": "req_a", "body": {"said": {"n": "a"}}}
    assert [(line["custom_id"], line["response"]["status_code"]) for line in bad] == [("b", 400)]
    assert shelf.cancel(batch["id"])["status"] == "completed"


def test_a_batch_takes_its_time_and_can_be_cancelled() -> None:
    shelf, batch = shelf_with(entry("a"), wait=3600.0)
    assert batch["status"] == "in_progress"
    assert shelf.look(batch["id"])["request_counts"] == {"total": 1, "completed": 0, "failed": 0}
    assert shelf.cancel(batch["id"])["status"] == "cancelled"
    assert shelf.look(batch["id"])["output_file_id"] is None


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ((entry("a"), b"{half\n"), "invalid_json_line"),
        (({"custom_id": "a"},), "invalid_json_line"),
        ((b"7\n",), "invalid_json_line"),
        ((entry("a", url="/v1/responses"),), "invalid_request"),
        ((entry("a", body="text"),), "invalid_request"),
        ((entry("a"), entry("a")), "duplicate_custom_id"),
        ((), "empty_file"),
    ],
)
def test_what_is_wrong_with_a_file_fails_the_batch(lines: tuple[Any, ...], code: str) -> None:
    shelf, batch = shelf_with(*lines)
    assert batch["status"] == "failed"
    assert [error["code"] for error in batch["errors"]["data"]] == [code]
    assert not [name for name in shelf.files if name != "file-1"]
