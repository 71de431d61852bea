"""What can fail about a batch: requests, replies, the server, the run itself; nothing is paid twice."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from distillations import KEY, LATE, OVERLOADED, Synth, asked, lines, right, until_written, words
from loopback import Answer, serving

from synth.distilling.options import Distill
from synth.distilling.outcome import Outcome
from synth.distilling.several import carry_out, jobs_from
from synth.teachers import batches


def test_a_request_that_fails_in_three_batches_is_rejected(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str]
) -> None:
    with serving(lambda request, times: right(request, 1) if asked(request) else OVERLOADED) as teacher:
        command = words(teacher, questions(3), "--batch", "--max-attempts", 5)
        runs = list(until_written(synth, teacher, command))
        assert [len(teacher.handed_in(batch_id)) for batch_id in teacher.batches] == [3, 1, 1]
    assert "2 replies collected, 1 failed (the last: overloaded)" in runs[1].stderr
    (drop,) = lines(tmp_path / "out" / "rejected.jsonl")
    assert (drop["id"], drop["reason"]) == ("gsm8k/q0", "error")
    assert "3 batches: overloaded" in drop["detail"]
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 2


@pytest.mark.parametrize("end", ["expired", "cancelled"])
def test_requests_that_were_not_reached_are_handed_in_again_however_often(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str], end: str
) -> None:
    """Of four batches the first three end before question 0 has its turn."""

    def script(request: dict[str, Any], times: int) -> Answer:
        return LATE if asked(request) == 0 and times < 5 else right(request, 1)

    with serving(script) as teacher:
        command = words(teacher, questions(3), "--batch", "--max-attempts", 1)
        runs = list(until_written(synth, teacher, command, end))
        assert [len(teacher.handed_in(batch_id)) for batch_id in teacher.batches] == [3, 1, 1, 1, 1]
    assert "This request was not executed in time." in runs[1].stderr
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 3


def test_replies_that_cannot_be_read_are_failures(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str]
) -> None:
    strange = [Answer(body=b'{"choices": []}'), Answer(body=b'"hello"')]

    def script(request: dict[str, Any], times: int) -> Answer:
        return strange[times - 1] if times < 3 else right(request, times)

    with serving(script) as teacher:
        list(until_written(synth, teacher, words(teacher, questions(1), "--batch", "--max-attempts", 1)))
        assert len(teacher.batches) == 3
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 1


def test_a_batch_that_the_server_refuses_is_one_line_and_can_be_handed_in_again(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str]
) -> None:
    with serving(right) as teacher:
        command = words(teacher, questions(3), "--batch")
        assert synth(*command).returncode == 3
        teacher.finish("batch_1", "failed")
        refused = synth(*command)
        assert refused.returncode == 1
        assert "batch batch_1 was refused: scripted refusal; the same command hands its requests in" in refused.stderr
        assert refused.stderr.count("\n") == 1
        list(until_written(synth, teacher, command))
        assert len(teacher.batches) == 2
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 3


def test_a_run_that_dies_before_it_writes_the_batch_down_pays_once(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str]
) -> None:
    """The server has the batch and the reply that says so never arrives."""
    with serving(right) as teacher:
        command = words(teacher, questions(5), "--batch")
        teacher.created = Answer(hang=True)
        process = subprocess.Popen([sys.executable, "-m", "synth", *command], cwd=tmp_path)
        teacher.batch_made.wait()
        process.kill()
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
    synth: Synth, tmp_path: Path, questions: Callable[[int], str], lost: str
) -> None:
    with serving(right) as teacher:
        command = words(teacher, questions(5), "--batch")
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


def test_what_was_never_started_is_handed_in_by_the_next_run(synth: Synth, questions: Callable[[int], str]) -> None:
    """A run that dies before the server has heard of the batch leaves nothing but its intention."""
    with serving(right) as teacher:
        command = words(teacher, questions(5), "--batch")
        teacher.created = OVERLOADED
        assert synth(*command).returncode == 1
        teacher.created = None
        teacher.batches.clear()
        assert "5 requests handed in as batch_1" in synth(*command).stdout


def test_the_key_gets_into_no_file(synth: Synth, tmp_path: Path, questions: Callable[[int], str]) -> None:
    """Not even where the server repeats it."""

    def script(request: dict[str, Any], times: int) -> Answer:
        return Answer(status=500, error={"message": f"cannot bill {KEY}"}) if times == 1 else right(request, times)

    with serving(script) as teacher:
        runs = list(until_written(synth, teacher, words(teacher, questions(3), "--batch")))
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
def test_a_server_without_batches_is_one_line(synth: Synth, questions: Callable[[int], str], server: str) -> None:
    reply, part = SERVERS[server]
    with serving() as teacher:
        teacher.elsewhere = reply
        command = words(teacher, questions(1), "--batch")
        command[command.index(teacher.url)] = teacher.url + "/elsewhere"
        done = synth(*command)
    assert done.returncode == 1
    assert part in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr


def test_a_batch_of_another_account_is_one_line(synth: Synth, questions: Callable[[int], str]) -> None:
    with serving() as teacher:
        command = words(teacher, questions(1), "--batch")
        assert synth(*command).returncode == 3
        teacher.batches.clear()
        done = synth(*command)
    assert done.returncode == 1
    assert "batch batch_1 cannot be asked after; it needs the account that handed it in" in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr


def test_several_files_are_several_batches_and_none_is_paid_twice(
    tmp_path: Path, questions: Callable[[int], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run ends while the second of three files is handed in; what came of it is found, the third follows."""
    monkeypatch.setattr(batches, "MOST_LINES", 4)
    questions(10)
    with serving(right) as teacher:
        asked = Distill(
            task="gsm8k", source=tmp_path / "questions.jsonl", out=tmp_path / "out", teacher="m-1",
            base_url=teacher.url, batch=True,
        )  # fmt: skip

        def run() -> Outcome:
            return carry_out(jobs_from(asked), asked.out or Path(), lambda line: None, lambda *_: None)

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
