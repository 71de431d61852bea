"""The Batch API from end to end: hand in, come back, collect, hand in what is missing; what it costs, what can fail."""

import asyncio
import json
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from loopback import Answer, Loopback, serving

from synth.cli import main
from synth.distilling.distill import Job, Outcome, distill
from synth.distilling.later import Later
from synth.distilling.settle import LaterError
from synth.questions.find import find_task
from synth.teachers import batches
from synth.teachers import batches as batch
from synth.teachers.catalogue import find_teacher
from synth.teachers.client import UnanswerableError
from synth.teachers.exchange import Request
from synth.teachers.meter import Meter
from synth.teachers.store import RequestStore

Synth = Callable[..., "subprocess.CompletedProcess[str]"]
KEY = "sk-very-secret-key"
COST = (11 + 7) * 1000 / 1e6  # dollars a reply at --price 1000,1000, asked directly
PRICE = ("--price", "1000,1000")
OVERLOADED = Answer(status=500, error={"message": "overloaded", "code": None})
LATE = Answer(hang=True)  # the batch ended before the request's turn


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


@pytest.fixture
def synth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Synth:
    """The command line in this process: a batch takes many runs, and starting Python takes most of their time."""
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> "subprocess.CompletedProcess[str]":
        monkeypatch.setattr(sys, "argv", ["synth", *map(str, words)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said, warned = capfd.readouterr()
        code = ended.value.code if isinstance(ended.value.code, int) else 0
        return subprocess.CompletedProcess(words, code, said, warned)

    return run


@pytest.fixture
def source(tmp_path: Path) -> Callable[[int], str]:
    """Write n questions in the plain layout; the answer to question i is i."""

    def write(count: int) -> str:
        rows = [{"id": f"q{i}", "question": f"Which number is {i}?", "label": str(i)} for i in range(count)]
        (tmp_path / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        return "questions.jsonl"

    return write


def words(teacher: Loopback, source: str, *more: object) -> list[str]:
    base = ("--task", "gsm8k", "--source", source, "--teacher", "m-1", "--base-url", teacher.url, "--out", "out")
    return ["distill", *base, *map(str, more)]


def asked(request: dict[str, Any]) -> int:
    """The number a request asks for."""
    return int(re.findall(r"Which number is (\d+)\?", request["messages"][-1]["content"])[0])


def right(request: dict[str, Any], times: int) -> Answer:
    return Answer(f"It is attempt {times} at {asked(request)}. The answer is {asked(request)}.")


def third(request: dict[str, Any], times: int) -> Answer:
    """Right at the attempt that the rest of a division by 3 says."""
    if times > asked(request) % 3:
        return right(request, times)
    return Answer(f"It is attempt {times} and wrong. The answer is 999.")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def until_written(
    synth: Synth, teacher: Loopback, command: list[str], end: str = "completed"
) -> Iterator["subprocess.CompletedProcess[str]"]:
    """Run a command again until the dataset is there; between two runs all batches are worked off."""
    for _ in range(12):
        done = synth(*command)
        yield done
        assert done.returncode in (0, 3), done.stderr
        if done.returncode == 0 or "stopped early" in done.stdout:
            return
        for batch_id, facts in list(teacher.batches.items()):
            if facts["status"] == "in_progress":
                teacher.finish(batch_id, end)
    pytest.fail(f"there is no end to it: {done.stdout}")


def test_run_by_run_until_the_dataset_is_there(synth: Synth, tmp_path: Path, source: Callable[[int], str]) -> None:
    with serving(third) as teacher:
        command = words(teacher, source(9), "--batch", "--max-attempts", 2)
        first = synth(*command)
        assert first.returncode == 3, first.stderr
        assert first.stdout == "out: 9 requests handed in as batch_1; run the same command again to collect\n"
        assert first.stderr == ""
        teacher.batches["batch_1"]["request_counts"]["completed"] = 4
        second = synth(*command)
        assert second.returncode == 3
        assert second.stdout == (
            "out: batch_1 is in progress, 4 of 9 requests done; run the same command again to collect\n"
        )
        assert len(teacher.batches) == 1
        assert not (tmp_path / "out" / "synth.json").exists()
        teacher.finish("batch_1")
        third_run = synth(*command)
        assert third_run.returncode == 3
        assert "9 replies collected" in third_run.stderr
        assert "out: 6 requests handed in as batch_2; run the same" in third_run.stdout
        assert [asked(line["body"]) % 3 for line in teacher.handed_in("batch_2")] == [1, 2, 1, 2, 1, 2]
        teacher.finish("batch_2")
        last = synth(*command)
        assert last.returncode == 0, last.stderr
        assert "out: 6 rows written; questions left out: 3 wrong" in last.stdout
        assert "15 replies" in last.stdout
        assert "are there already" in synth(*command).stdout
        assert not teacher.bodies  # nothing was asked directly
    assert [row["id"] for row in lines(tmp_path / "out" / "train.jsonl")] == [f"gsm8k/q{i}" for i in (0, 1, 3, 4, 6, 7)]


def test_what_is_handed_in_is_what_the_api_takes(synth: Synth, source: Callable[[int], str]) -> None:
    with serving() as teacher:
        assert synth(*words(teacher, source(3), "--batch", "--temperature", 0.2)).returncode == 3
        handed_in = teacher.handed_in("batch_1")
        facts = teacher.batches["batch_1"]
        assert {seen.headers["authorization"] for seen in teacher.seen} == {f"Bearer {KEY}"}
    assert (facts["endpoint"], facts["completion_window"]) == ("/v1/chat/completions", "24h")
    assert len(facts["metadata"]["synth-requests"]) == 64
    for line in handed_in:
        assert set(line) == {"custom_id", "method", "url", "body"}
        assert (line["method"], line["url"]) == ("POST", "/v1/chat/completions")
        assert (line["body"]["model"], line["body"]["temperature"]) == ("m-1", 0.2)


WAYS = {
    "retries": ("--max-attempts", 3),
    "rejects": ("--max-attempts", 2),
    "shortest": ("--max-attempts", 4, "--keep", "shortest"),
    "all": ("--max-attempts", 4, "--keep", "all"),
    "hints": ("--max-attempts", 1, "--rationalize"),
    "votes": ("--vote", 4),
    "enough": ("--max-attempts", 3, "--target-rows", 5),
    "parquet": ("--max-attempts", 3, "--format", "parquet"),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_dataset_is_that_of_the_direct_way_byte_for_byte(
    synth: Synth, tmp_path: Path, source: Callable[[int], str], way: str
) -> None:
    def script(request: dict[str, Any], times: int) -> Answer:
        if asked(request) == 7:
            return Answer(status=400, error={"message": "too long", "code": "context_length_exceeded"})
        return third(request, times)

    with serving(script) as teacher:
        command = words(teacher, source(9), *WAYS[way], "--concurrency", 1)
        direct = synth(*command)
        assert direct.returncode == 0, direct.stderr
        (tmp_path / "out").rename(tmp_path / "direct")
    with serving(script) as teacher:
        command = [*words(teacher, source(9), *WAYS[way]), "--batch"]
        runs = list(until_written(synth, teacher, command))
    names = {path.relative_to(tmp_path / "direct") for path in (tmp_path / "direct").rglob("*") if path.is_file()}
    for name in names - {Path("requests.sqlite")}:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "direct" / name).read_bytes(), name
    if way in ("all", "shortest", "votes"):
        assert len(runs) == 2  # all attempts are made anyway, so they are handed in at once


def test_where_so_many_rows_are_wanted_no_more_questions_are_handed_in(
    synth: Synth, source: Callable[[int], str]
) -> None:
    with serving(third) as teacher:
        command = words(teacher, source(50), "--batch", "--target-rows", 6, "--max-attempts", 2)
        list(until_written(synth, teacher, command))
        handed_in = [len(teacher.handed_in(batch_id)) for batch_id in teacher.batches]
    assert handed_in[0] == 6
    assert sum(handed_in) == 8 + 5  # the first eight questions hold six rows; five of those are asked twice


def test_a_request_that_fails_in_three_batches_is_rejected(
    synth: Synth, tmp_path: Path, source: Callable[[int], str]
) -> None:
    with serving(lambda request, times: right(request, 1) if asked(request) else OVERLOADED) as teacher:
        command = words(teacher, source(3), "--batch", "--max-attempts", 5)
        runs = list(until_written(synth, teacher, command))
        assert [len(teacher.handed_in(batch_id)) for batch_id in teacher.batches] == [3, 1, 1]
    assert "2 replies collected, 1 failed (the last: overloaded)" in runs[1].stderr
    (drop,) = lines(tmp_path / "out" / "rejected.jsonl")
    assert (drop["id"], drop["reason"]) == ("gsm8k/q0", "error")
    assert "3 batches: overloaded" in drop["detail"]
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 2


@pytest.mark.parametrize("end", ["expired", "cancelled"])
def test_requests_that_were_not_reached_are_handed_in_again_however_often(
    synth: Synth, tmp_path: Path, source: Callable[[int], str], end: str
) -> None:
    """Of four batches the first three end before question 0 has its turn."""

    def script(request: dict[str, Any], times: int) -> Answer:
        return LATE if asked(request) == 0 and times < 5 else right(request, 1)

    with serving(script) as teacher:
        command = words(teacher, source(3), "--batch", "--max-attempts", 1)
        runs = list(until_written(synth, teacher, command, end))
        assert [len(teacher.handed_in(batch_id)) for batch_id in teacher.batches] == [3, 1, 1, 1, 1]
    assert "This request was not executed in time." in runs[1].stderr
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 3


def test_replies_that_cannot_be_read_are_failures(synth: Synth, tmp_path: Path, source: Callable[[int], str]) -> None:
    strange = [Answer(body=b'{"choices": []}'), Answer(body=b'"hello"')]

    def script(request: dict[str, Any], times: int) -> Answer:
        return strange[times - 1] if times < 3 else right(request, times)

    with serving(script) as teacher:
        list(until_written(synth, teacher, words(teacher, source(1), "--batch", "--max-attempts", 1)))
        assert len(teacher.batches) == 3
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 1


def test_a_question_that_stands_twice_is_handed_in_once(synth: Synth, tmp_path: Path) -> None:
    rows = [{"id": f"q{i}", "question": "Which number is 1?", "label": "1"} for i in range(2)]
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with serving(right) as teacher:
        runs = list(until_written(synth, teacher, words(teacher, "questions.jsonl", "--batch")))
        assert len(teacher.handed_in("batch_1")) == 1
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 2
    assert runs[-1].stdout.splitlines()[1].startswith("1 replies, 11 prompt")


def test_a_batch_that_the_server_refuses_is_one_line_and_can_be_handed_in_again(
    synth: Synth, tmp_path: Path, source: Callable[[int], str]
) -> None:
    with serving(right) as teacher:
        command = words(teacher, source(3), "--batch")
        assert synth(*command).returncode == 3
        teacher.finish("batch_1", "failed")
        refused = synth(*command)
        assert refused.returncode == 1
        assert "batch batch_1 was refused: scripted refusal; the same command hands its requests in" in refused.stderr
        assert refused.stderr.count("\n") == 1
        list(until_written(synth, teacher, command))
        assert len(teacher.batches) == 2
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 3


def test_half_the_price(synth: Synth, tmp_path: Path, source: Callable[[int], str]) -> None:
    """In the line of the run and in each row, but not for replies that were asked for directly."""
    name = source(4)
    with serving(right) as teacher:
        direct = synth(*words(teacher, name, *PRICE, "--limit", 1, "--cache", "store.sqlite"))
        assert f"${COST:.4f}" in direct.stdout
        (tmp_path / "out").rename(tmp_path / "direct")
        command = words(teacher, name, *PRICE, "--batch", "--cache", "store.sqlite")
        runs = list(until_written(synth, teacher, command))
        assert len(teacher.handed_in("batch_1")) == 3
    assert "3 replies and 1 out of the store, 33 prompt and 21 completion tokens" in runs[-1].stdout
    assert f"${3 * COST / 2:.4f}" in runs[-1].stdout
    costs = [row["provenance"]["cost"] for row in lines(tmp_path / "out" / "train.jsonl")]
    assert costs == pytest.approx([COST, COST / 2, COST / 2, COST / 2])
    with serving(right) as teacher:  # a direct run over the same store knows it too
        (tmp_path / "out").rename(tmp_path / "batched")
        again = synth(*words(teacher, name, *PRICE, "--cache", "store.sqlite"))
        assert again.returncode == 0, again.stderr
        assert not teacher.bodies
    assert (tmp_path / "out" / "train.jsonl").read_bytes() == (tmp_path / "batched" / "train.jsonl").read_bytes()


def test_a_budget_is_for_all_runs_together(synth: Synth, tmp_path: Path, source: Callable[[int], str]) -> None:
    with serving(right) as teacher:
        command = words(teacher, source(30), *PRICE, "--batch", "--max-tokens", 10, "--budget")
        runs = list(until_written(synth, teacher, [*command, "0.1"]))
        assert "$0.10 allows" in runs[0].stderr
        assert "stopped early: the budget of $0.1 does not allow another request" in runs[-1].stdout
        assert runs[-1].returncode == 3
        handed_in = [len(teacher.handed_in(batch_id)) for batch_id in teacher.batches]
        assert len(handed_in) > 1
        assert handed_in[0] * COST / 2 < sum(handed_in) * COST / 2 <= 0.1
        some = lines(tmp_path / "out" / "train.jsonl")
        assert len(some) == sum(handed_in)
        *_, last = until_written(synth, teacher, [*command, "10"])
        assert last.returncode == 0, last.stderr
    rows = lines(tmp_path / "out" / "train.jsonl")
    assert len(rows) == 30
    assert all(row in rows for row in some)


def test_a_run_that_dies_before_it_writes_the_batch_down_pays_once(
    synth: Synth, tmp_path: Path, source: Callable[[int], str]
) -> None:
    """The server has the batch and the reply that says so never arrives."""
    with serving(right) as teacher:
        command = words(teacher, source(5), "--batch")
        teacher.created = Answer(hang=True)
        process = subprocess.Popen([sys.executable, "-m", "synth", *command], cwd=tmp_path)
        while not teacher.batches:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
        teacher.created = None
        second = synth(*command)
        assert second.returncode == 3, second.stderr
        assert "batch_1 is in progress" in second.stdout
        list(until_written(synth, teacher, command))
        assert list(teacher.batches) == ["batch_1"]
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 5


@pytest.mark.parametrize("lost", ["reply", "store"])
def test_a_batch_that_only_the_server_knows_is_found(
    synth: Synth, tmp_path: Path, source: Callable[[int], str], lost: str
) -> None:
    with serving(right) as teacher:
        command = words(teacher, source(5), "--batch")
        teacher.created = OVERLOADED if lost == "reply" else None
        first = synth(*command)
        assert first.returncode == (1 if lost == "reply" else 3)
        if lost == "reply":
            assert "no requests could be handed in" in first.stderr
            assert first.stderr.count("\n") == 1
        else:
            (tmp_path / "out" / "requests.sqlite").unlink()
        teacher.created = None
        list(until_written(synth, teacher, command))
        assert list(teacher.batches) == ["batch_1"]


def test_what_was_never_started_is_handed_in_by_the_next_run(synth: Synth, source: Callable[[int], str]) -> None:
    """A run that dies before the server has heard of the batch leaves nothing but its intention."""
    with serving(right) as teacher:
        command = words(teacher, source(5), "--batch")
        teacher.created = OVERLOADED
        assert synth(*command).returncode == 1
        teacher.created = None
        teacher.batches.clear()
        assert "5 requests handed in as batch_1" in synth(*command).stdout


def test_cancel(synth: Synth, tmp_path: Path, source: Callable[[int], str]) -> None:
    """What was answered before is collected, the rest handed in again, by a run without --cancel."""

    def script(request: dict[str, Any], times: int) -> Answer:
        return LATE if asked(request) and times == 1 else right(request, 1)

    with serving(script) as teacher:
        command = words(teacher, source(3), "--batch")
        nothing = synth(*command, "--cancel")
        assert nothing.returncode == 0, nothing.stderr
        assert "nothing to cancel" in nothing.stdout
        assert synth(*command).returncode == 3
        done = synth(*command, "--cancel")
        assert done.returncode == 0, done.stderr
        assert "out: cancelled batch_1; the same command without --cancel collects" in done.stdout
        assert teacher.batches["batch_1"]["status"] == "cancelling"
        assert "batch_1 is cancelling" in synth(*command).stdout
        teacher.finish("batch_1", "cancelled")
        list(until_written(synth, teacher, command))
        assert [len(teacher.handed_in(batch_id)) for batch_id in teacher.batches] == [3, 2]
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 3


def test_cancel_without_batch_is_a_mistake(synth: Synth, source: Callable[[int], str]) -> None:
    with serving(right) as teacher:
        done = synth(*words(teacher, source(3), "--cancel"))
        assert not teacher.seen
    assert done.returncode == 2
    assert "add --batch" in done.stderr


def test_quiet_prints_nothing(synth: Synth, source: Callable[[int], str]) -> None:
    with serving(right) as teacher:
        for done in until_written(synth, teacher, words(teacher, source(2), "--batch", "--quiet")):
            assert done.stdout == done.stderr == ""


def test_the_key_gets_into_no_file(synth: Synth, tmp_path: Path, source: Callable[[int], str]) -> None:
    """Not even where the server repeats it."""

    def script(request: dict[str, Any], times: int) -> Answer:
        return Answer(status=500, error={"message": f"cannot bill {KEY}"}) if times == 1 else right(request, times)

    with serving(script) as teacher:
        runs = list(until_written(synth, teacher, words(teacher, source(3), "--batch")))
    assert "cannot bill ***" in runs[1].stderr
    assert not any(KEY in run.stdout + run.stderr for run in runs)
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or KEY.encode() not in path.read_bytes(), path


SERVERS = {
    "none": (Answer(status=404, error={"message": "Not Found"}), "batches cannot be listed"),
    "key": (Answer(status=401, error={"message": f"wrong key {KEY}"}), "status 401: wrong key ***"),
    "pages": (Answer(body=b"<html>", headers={"content-type": "text/html"}), "address that ends in /v1"),
    "half": (Answer(body=b'{"data": '), "sends JSON that cannot be read"),
}


@pytest.mark.parametrize("server", SERVERS)
def test_a_server_without_batches_is_one_line(synth: Synth, source: Callable[[int], str], server: str) -> None:
    reply, part = SERVERS[server]
    with serving() as teacher:
        teacher.elsewhere = reply
        command = words(teacher, source(1), "--batch")
        command[command.index(teacher.url)] = teacher.url + "/elsewhere"
        done = synth(*command)
    assert done.returncode == 1
    assert part in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr


def test_a_batch_of_another_account_is_one_line(synth: Synth, source: Callable[[int], str]) -> None:
    with serving() as teacher:
        command = words(teacher, source(1), "--batch")
        assert synth(*command).returncode == 3
        teacher.batches.clear()
        done = synth(*command)
    assert done.returncode == 1
    assert "batch batch_1 cannot be asked after; it needs the account that handed it in" in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr


def request(number: int, letters: int = 1) -> Request:
    return Request("m", ({"role": "user", "content": "x" * letters},), {"max_tokens": 1}, attempt=number)


def test_files_are_split_at_so_many_lines() -> None:
    made = list(batches.files(map(request, range(120_001))))
    assert [file.count(b"\n") for file in made] == [50_000, 50_000, 20_001]
    ids = [json.loads(line)["custom_id"] for file in made for line in file.splitlines()]
    assert len(set(ids)) == 120_001


def test_files_are_split_at_so_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "MOST_BYTES", 2_000)
    sizes = [10, 900, 900, 10, 5_000, 10]
    made = list(batches.files(request(number, size) for number, size in enumerate(sizes)))
    whole = b"".join(made)
    assert [len(json.loads(line)["body"]["messages"][0]["content"]) for line in whole.splitlines()] == sizes
    assert all(len(file) <= 2_000 or file.count(b"\n") == 1 for file in made)
    assert [file.count(b"\n") for file in made] == [2, 2, 1, 1]
    assert not list(batches.files([]))


def test_a_file_is_filled_to_the_last_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    (whole,) = batches.files(map(request, range(10)))
    monkeypatch.setattr(batch, "MOST_BYTES", len(whole))
    assert len(list(batches.files(map(request, range(10))))) == 1
    monkeypatch.setattr(batch, "MOST_BYTES", len(whole) - 1)
    assert len(list(batches.files(map(request, range(10))))) == 2


def test_several_files_are_several_batches_and_none_is_paid_twice(
    tmp_path: Path, source: Callable[[int], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run ends while the second of three files is handed in; what came of it is found, the third follows."""
    monkeypatch.setattr(batch, "MOST_LINES", 4)
    source(10)
    with serving(right) as teacher:
        job = Job(
            find_task("gsm8k"), str(tmp_path / "questions.jsonl"), tmp_path / "out",
            find_teacher("m-1", teacher.url), batch=True,
        )  # fmt: skip

        def run() -> Outcome:
            return distill(job, lambda line: None, lambda *_: None)

        start = batches.Batches._start

        async def lose_the_second(self: batches.Batches, content: bytes, digest: str) -> str:
            started = await start(self, content, digest)
            if started == "batch_2":
                raise KeyboardInterrupt
            return started

        monkeypatch.setattr(batches.Batches, "_start", lose_the_second)
        with pytest.raises(KeyboardInterrupt):
            run()
        monkeypatch.setattr(batches.Batches, "_start", start)
        assert re.findall(r"batch_\d", run().waiting) == ["batch_1", "batch_2"]
        teacher.finish("batch_1")
        assert re.findall(r"batch_\d", run().waiting) == ["batch_2"]
        teacher.finish("batch_2")
        assert run().waiting.startswith("2 requests handed in as batch_3;")
        teacher.finish("batch_3")
        assert run().rows == 10
        assert len(teacher.batches) == 3


def test_a_request_is_in_the_store_before_it_is_handed_in(synth: Synth, tmp_path: Path, source: Any) -> None:
    with serving() as teacher:
        assert synth(*words(teacher, source(4), "--batch")).returncode == 3
        ids = {line["custom_id"] for line in teacher.handed_in("batch_1")}
    store = sqlite3.connect(tmp_path / "out" / "requests.sqlite")
    assert {key for (key,) in store.execute("select key from requests")} == ids
    assert store.execute("select id, state from batches where state = 'open'").fetchall() == [("batch_1", "open")]
    store.close()


def test_one_batch_is_one_failure(tmp_path: Path) -> None:
    """A run that dies while it takes results takes them again; what failed when asked directly counts for nothing."""

    async def failures() -> None:
        with RequestStore(tmp_path / "store.sqlite") as store:
            later = Later(store, Meter(find_teacher("gpt-4o-mini")))
            for body in (b'{"error": {"message": "slow down"}}', b"<html>", b"[]", b"TimeoutError: "):
                await store.put_reply(request(1).key(), 429, {}, body, 0.0)
            for batch_id in ("batch_1", "batch_1", "batch_2", "batch_2"):
                failed = json.dumps({"error": {"message": "no"}, "status": 500, "batch": batch_id})
                await store.put_reply(request(1).key(), 500, {}, failed.encode(), 0.0)
            with pytest.raises(LaterError):
                await later.ask(request(1))
            await store.put_reply(request(1).key(), 500, {}, failed.replace("_2", "_3").encode(), 0.0)
            with pytest.raises(UnanswerableError, match="3 batches: no"):
                await later.ask(request(1))

    asyncio.run(failures())
