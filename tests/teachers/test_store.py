"""The request store: what was awaited is on the disk, whatever happens next."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from synth.errors import FolderError
from synth.teachers.exchange import Request
from synth.teachers.store import RequestStore

ASKED = Request("m", ({"role": "user", "content": "Two and two?"},), {"temperature": 0.7})
PIPES: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
BODY = b'{"choices":[{"message":{"content":"4"}}]}'


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    """Read with a connection of our own."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


async def put(store: RequestStore, key: str, status: int = 200, body: bytes = BODY) -> None:
    await store.put_reply(key, status, {"x-request-id": "r"}, body, 0.1)


def test_what_was_awaited_is_on_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "new" / "requests.sqlite"

    async def go() -> None:
        with RequestStore(path) as store:
            await store.put_request(ASKED)
            assert rows(path, "select key from requests") == [(ASKED.key(),)]
            assert store.answer(ASKED.key()) is None
            await put(store, ASKED.key(), 500, b"oops")
            assert store.answer(ASKED.key()) is None
            await put(store, ASKED.key())
            assert rows(path, "select key, status, body from replies order by id") == [
                (ASKED.key(), 500, b"oops"),
                (ASKED.key(), 200, BODY),
            ]
            assert store.answer(ASKED.key()) == {"choices": [{"message": {"content": "4"}}]}
            assert store.counts() == {500: 1, 200: 1}

    asyncio.run(go())


def test_nothing_is_overwritten_and_the_first_answer_stays_the_answer(tmp_path: Path) -> None:
    path = tmp_path / "requests.sqlite"

    async def go() -> None:
        for text in (b'{"n":1}', b'{"n":2}'):
            with RequestStore(path) as store:
                await store.put_request(ASKED)
                await put(store, ASKED.key(), 200, text)
                assert store.answer(ASKED.key()) == {"n": 1}

    asyncio.run(go())
    assert rows(path, "select count(*) from requests") == [(1,)]
    assert rows(path, "select body from replies order by id") == [(b'{"n":1}',), (b'{"n":2}',)]


def test_a_thousand_at_once_share_commits(tmp_path: Path) -> None:
    path = tmp_path / "requests.sqlite"

    async def go() -> int:
        with RequestStore(path) as store:
            commits = []
            store._writer.set_trace_callback(lambda statement: commits.append(statement.startswith("commit")))
            await asyncio.gather(*(put(store, str(number)) for number in range(1000)))
            assert rows(path, "select count(distinct key) from replies") == [(1000,)]
            return sum(commits)

    assert asyncio.run(go()) < 50


def test_closing_writes_what_was_handed_in(tmp_path: Path) -> None:
    path = tmp_path / "requests.sqlite"

    async def go() -> None:
        with RequestStore(path) as store:
            for number in range(100):
                store._put(
                    "insert into replies (key, at, status, seconds, headers, body) values (?, 0, 200, 0, '', ?)",
                    (str(number), BODY),
                )

    asyncio.run(go())
    assert rows(path, "select count(*) from replies") == [(100,)]
    assert not [thread for thread in threading.enumerate() if thread.name == "request-store"]


def test_a_write_that_fails_is_one_line_and_the_next_one_works(tmp_path: Path) -> None:
    async def go() -> None:
        with RequestStore(tmp_path / "requests.sqlite") as store:
            with pytest.raises(FolderError, match=r"cannot write to .*--cache"):
                await store._put("insert into nothing values (?)", (1,))
            await put(store, "a")
            assert store.counts() == {200: 1}

    asyncio.run(go())


KILLED = """
import asyncio, sys
from pathlib import Path
from synth.teachers.store import RequestStore

async def work(store, worker):
    for number in range(100_000):
        key = f"{worker}/{number}"
        await store.put_reply(key, 200, {}, b"{}" + b" " * 1000, 0.0)
        sys.stdout.write(key + chr(10))
        sys.stdout.flush()

async def go():
    with RequestStore(Path(sys.argv[1])) as store:
        await asyncio.gather(*(work(store, worker) for worker in range(50)))

asyncio.run(go())
"""


def test_a_killed_process_loses_nothing_that_was_put(tmp_path: Path) -> None:
    path = tmp_path / "requests.sqlite"
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        put_before = [process.stdout.readline().strip() for _ in range(1000)]
        process.kill()
        whole_lines = process.stdout.read().split("\n")[:-1]
    there = {key for (key,) in rows(path, "select key from replies")}
    assert not {*put_before, *whole_lines} - there
    assert rows(path, "pragma integrity_check") == [("ok",)]

    async def go() -> None:
        with RequestStore(path) as store:
            assert store.answer(put_before[-1]) is not None

    asyncio.run(go())


HOLDS = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("begin immediate")
print("here", flush=True)
sys.stdin.read()
"""


def test_who_keeps_it_locked_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synth.teachers.store.LOCKED", 0.05)
    path = tmp_path / "requests.sqlite"

    async def go() -> list[str]:
        said = []
        with RequestStore(path) as store:
            await put(store, "a")
            with subprocess.Popen([sys.executable, "-c", HOLDS, str(path)], **PIPES) as process:
                assert process.stdout is not None
                assert process.stdin is not None
                process.stdout.readline()
                with pytest.raises(FolderError) as caught:
                    await put(store, "b")
                said.append(str(caught.value))
                with pytest.raises(FolderError) as caught, RequestStore(path):
                    pass
                said.append(str(caught.value))
                process.stdin.close()
            await put(store, "c")
            assert store.counts() == {200: 2}
        return [*said, str(process.pid)]

    writing, opening, pid = asyncio.run(go())
    for line in (writing, opening):
        assert f"has kept the request store {path} locked for 0 s: wait until that is done" in line
        assert "--cache" in line
        assert "space" not in line
        if Path("/proc/locks").exists():
            assert line.startswith((f"process {pid} (", "another process"))


def opened(path: Path) -> None:
    async def go() -> None:
        with RequestStore(path):
            pass

    asyncio.run(go())


def refusal(path: Path) -> str:
    with pytest.raises(FolderError) as caught:
        opened(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "requests.sqlite"
    path.write_text("these are my notes\n" * 100)
    assert "give another --cache" in refusal(path)
    assert path.read_text().startswith("these are my notes")


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "requests.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("create table replies (who text)")
    connection.close()
    assert "cannot be used as a request store" in refusal(path)


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in refusal(tmp_path / "file" / "requests.sqlite")
    assert "cannot be used as a request store" in refusal(tmp_path)


def test_two_at_once_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "requests.sqlite"
    failed: list[BaseException] = []

    async def go(name: str) -> None:
        with RequestStore(path) as store:
            for number in range(20):
                await asyncio.gather(*(put(store, f"{name}/{number}/{each}") for each in range(20)))

    def run(name: str) -> None:
        try:
            asyncio.run(go(name))
        except FolderError as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert rows(path, "select count(distinct key) from replies") == [(800,)]


def test_a_key_is_the_same_everywhere_and_changes_with_everything_asked() -> None:
    assert ASKED.key() == "3dd127ec7a1ae0bc791fdee29bf20f73"
    others = [
        Request("n", ASKED.messages, ASKED.sampling),
        Request("m", ({"role": "user", "content": "Two and three?"},), ASKED.sampling),
        Request("m", ASKED.messages, {"temperature": 0.8}),
        Request("m", ASKED.messages, ASKED.sampling, attempt=2),
    ]
    assert len({ASKED.key(), *(other.key() for other in others)}) == 5
    assert Request("m", ({"content": "Two and two?", "role": "user"},), {"temperature": 0.7}).key() == ASKED.key()
