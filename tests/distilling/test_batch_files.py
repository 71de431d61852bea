"""How requests are put into files for the Batch API, and what the store knows of them."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from distillations import Synth, words
from loopback import serving

from synth.distilling.later import Later
from synth.distilling.settle import LaterError
from synth.teachers import batches
from synth.teachers.catalogue import find_teacher
from synth.teachers.client import UnanswerableError
from synth.teachers.exchange import Request
from synth.teachers.meter import Meter
from synth.teachers.store import RequestStore


def request(number: int, letters: int = 1) -> Request:
    return Request("m", ({"role": "user", "content": "x" * letters},), {"max_tokens": 1}, attempt=number)


def test_files_are_split_at_so_many_lines() -> None:
    made = list(batches.files(map(request, range(120_001))))
    assert [file.count(b"\n") for file in made] == [50_000, 50_000, 20_001]
    ids = [json.loads(line)["custom_id"] for file in made for line in file.splitlines()]
    assert len(set(ids)) == 120_001


def test_files_are_split_at_so_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MOST_BYTES", 2_000)
    sizes = [10, 900, 900, 10, 5_000, 10]
    made = list(batches.files(request(number, size) for number, size in enumerate(sizes)))
    whole = b"".join(made)
    assert [len(json.loads(line)["body"]["messages"][0]["content"]) for line in whole.splitlines()] == sizes
    assert all(len(file) <= 2_000 or file.count(b"\n") == 1 for file in made)
    assert [file.count(b"\n") for file in made] == [2, 2, 1, 1]
    assert not list(batches.files([]))


def test_a_file_is_filled_to_the_last_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    (whole,) = batches.files(map(request, range(10)))
    monkeypatch.setattr(batches, "MOST_BYTES", len(whole))
    assert len(list(batches.files(map(request, range(10))))) == 1
    monkeypatch.setattr(batches, "MOST_BYTES", len(whole) - 1)
    assert len(list(batches.files(map(request, range(10))))) == 2


def test_a_request_is_in_the_store_before_it_is_handed_in(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str]
) -> None:
    with serving() as teacher:
        assert synth(*words(teacher, questions(4), "--batch")).returncode == 3
        ids = {line["custom_id"] for line in teacher.handed_in("batch_1")}
    store = sqlite3.connect(tmp_path / "out" / "requests.sqlite")
    assert {key for (key,) in store.execute("select key from requests")} == ids
    assert store.execute("select id, state from batches where state = 'open'").fetchall() == [("batch_1", "open")]
    store.close()


def test_one_batch_is_one_failure(tmp_path: Path) -> None:
    """A run that dies while it takes results takes them again; what failed when asked directly counts for nothing."""

    async def failures() -> None:
        with RequestStore(tmp_path / "store.sqlite") as store:
            later = Later(store, Meter(find_teacher("gpt-6-luna")))
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
