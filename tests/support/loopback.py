"""A teacher on this machine for tests and benchmarks: a real HTTP server whose replies are scripted, faults included.

    def script(request: dict, times: int) -> Answer:  # `times`: how often this has been asked, now included
        return Answer(status=500) if times == 1 else Answer("The answer is 4.")

    with serving(script) as teacher:
        ...  # teacher.url is what --base-url takes
        teacher.finish("batch_1")  # a batch that was handed in is worked off when a test says so

`python tests/support/loopback.py --port 8001 --latency 0.2` serves one answer to everything, for measuring in a
process of its own.
"""

import argparse
import asyncio
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class Answer:
    """What the server does about one request."""

    text: str | None = "Two and two are four. The answer is 4."
    reasoning: str | None = None
    reasoning_field: str = "reasoning"
    finish_reason: str | None = "stop"
    prompt_tokens: int = 11
    completion_tokens: int = 7
    message: Mapping[str, Any] = field(default_factory=dict)  # more fields of the message
    logprobs: Mapping[str, Any] | None = None  # of a request that asks for them
    status: int = 200
    error: Mapping[str, Any] | None = None  # the `error` of a status that is none of success
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None  # instead of what the fields above say
    raw: bytes | None = None  # instead of all that, headers included; the connection is closed after it
    delay: float = 0.0  # seconds
    crowd: int = 0  # sent when so many requests have been in flight at once
    drop: Literal["before", "headers", "half"] | None = None  # close before the reply, after its headers, half-way
    hang: bool = False  # say nothing until the server stops

    @property
    def good(self) -> bool:
        """Whether it is a completion that a client can read."""
        made_up = (self.body, self.raw, self.drop, self.headers.get("content-encoding"))
        return self.status == 200 and not self.hang and made_up == (None,) * 4


Script = Callable[[dict[str, Any], int], Answer]


@dataclass(frozen=True)
class Seen:
    """A request as it came in."""

    method: str
    path: str
    headers: Mapping[str, str]  # names in small letters
    raw: bytes
    at: float  # time.monotonic()

    @property
    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.raw)
        return body


class Loopback:
    """The server: what it was asked, what it answered. Counts are by the bytes of a request's body."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.seen: list[Seen] = []
        self.times: Counter[bytes] = Counter()
        self.answered: Counter[bytes] = Counter()  # how often a good reply was sent whole
        self.in_flight = self.most_in_flight = 0
        self.port = 0
        self.keep = True  # what was seen
        self.models = Answer(body=b'{"object":"list","data":[{"id":"loopback","object":"model"}]}')
        self.elsewhere = Answer(status=404, body=b"<html>not here</html>", headers={"content-type": "text/html"})
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.created: Answer | None = None  # what is said when a batch was created, instead of what it is
        self.refusal: Callable[[int], Answer | None] = lambda lines: None  # what is said to a batch of so many lines
        self.failure: Callable[[int], tuple[str, str] | None] = lambda lines: None  # code and message it fails with
        self.batch_made = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stop, self._arrived = asyncio.Event(), asyncio.Condition()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The chat completions it was asked for, in order."""
        return [seen.body for seen in self.seen if seen.path == "/v1/chat/completions"]

    def handed_in(self, batch_id: str) -> list[dict[str, Any]]:
        """The lines of a batch's file."""
        return [json.loads(line) for line in self.files[self.batches[batch_id]["input_file_id"]].splitlines()]

    def finish(self, batch_id: str, status: str = "completed") -> None:
        """Work a batch off; the results stand in their files from the last request to the first.

        Good replies stand in the output file, others in that of errors; a script that hangs was not reached in time.
        """
        batch = self.batches[batch_id] | {"status": status}
        if status == "failed":
            batch["errors"] = {"object": "list", "data": [{"code": "invalid_url", "message": "scripted refusal"}]}
        results: dict[str, list[dict[str, Any]]] = {"output": [], "error": []}
        for entry in self.handed_in(batch_id) if status != "failed" else []:
            key = _without_seed(entry["body"])
            self.times[key] += 1
            result = _batch_result(self.script(entry["body"], self.times[key]), entry, status)
            results["output" if (result["response"] or {}).get("status_code") == 200 else "error"].append(result)
        for kind, found in results.items():
            if found:
                batch[f"{kind}_file_id"] = self._keep_file(
                    "".join(json.dumps(each) + "\n" for each in reversed(found)).encode()
                )
        counts = {"completed": len(results["output"]), "failed": len(results["error"])}
        batch["request_counts"] = batch["request_counts"] | counts
        self.batches[batch_id] = batch

    async def run(self, port: int, started: Callable[[], None]) -> None:
        tasks: set[asyncio.Task[None]] = set()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._connection(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(connected, "127.0.0.1", port, backlog=4096, limit=1 << 24)
        self.port = server.sockets[0].getsockname()[1]
        started()
        await self._stop.wait()
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (seen := await _read(reader)) is not None and await self._reply(seen, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away
        finally:
            writer.transport.abort()

    async def _reply(self, seen: Seen, writer: asyncio.StreamWriter) -> bool:
        """Do what the script says; False where the connection ends."""
        if self.keep:
            self.seen.append(seen)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            answer = self._decide(seen)
            if answer.crowd:
                async with self._arrived:
                    self._arrived.notify_all()
                    await self._arrived.wait_for(lambda: self.most_in_flight >= answer.crowd)
            if answer.delay:
                await asyncio.sleep(answer.delay)
            if answer.hang:
                await self._stop.wait()
            return await self._send(seen, answer, writer)
        finally:
            self.in_flight -= 1

    def _decide(self, seen: Seen) -> Answer:
        path = seen.path.partition("?")[0]
        if path == "/v1/models":
            return self.models
        if path.startswith(("/v1/files", "/v1/batches")):
            return self._bulk(seen, path.split("/")[2:])
        if path != "/v1/chat/completions":
            return self.elsewhere
        key = _without_seed(seen.body)
        self.times[key] += 1
        return self.script(seen.body, self.times[key])

    def _bulk(self, seen: Seen, path: list[str]) -> Answer:
        """Files and batches."""
        match [seen.method, *path]:
            case ["POST", "files"]:
                found: Any = {"id": self._keep_file(_uploaded(seen)), "object": "file", "purpose": "batch"}
            case ["GET", "files", file_id, "content"] if file_id in self.files:
                return Answer(body=self.files[file_id], headers={"content-type": "application/octet-stream"})
            case ["POST", "batches"] if (refused := self.refusal(self._lines(seen.body["input_file_id"]))) is not None:
                return refused
            case ["POST", "batches"]:
                found = self._create(seen.body)
                if self.created is not None:
                    return self.created
            case ["GET", "batches"]:
                found = {"object": "list", "data": list(self.batches.values())[::-1], "has_more": False}
            case ["GET", "batches", batch_id] if batch_id in self.batches:
                found = self.batches[batch_id]
            case ["POST", "batches", batch_id, "cancel"] if batch_id in self.batches:
                found = self.batches[batch_id] = self.batches[batch_id] | {"status": "cancelling"}
            case _:
                return Answer(status=404, error={"message": f"there is no {'/'.join(path)}", "code": None})
        return Answer(body=json.dumps(found).encode())

    def _keep_file(self, content: bytes) -> str:
        file_id = f"file-{len(self.files) + 1}"
        self.files[file_id] = content
        return file_id

    def _lines(self, file_id: str) -> int:
        return len(self.files[file_id].splitlines())

    def _create(self, body: dict[str, Any]) -> dict[str, Any]:
        batch_id, total = f"batch_{len(self.batches) + 1}", self._lines(body["input_file_id"])
        self.batches[batch_id] = {
            **body,
            "id": batch_id,
            "object": "batch",
            "status": "in_progress",
            "created_at": 1_700_000_000 + len(self.batches),
            "request_counts": {"total": total, "completed": 0, "failed": 0},
        }
        if (failed := self.failure(total)) is not None:
            errors = {"object": "list", "data": [{"code": failed[0], "message": failed[1]}]}
            counts = {"total": 0, "completed": 0, "failed": 0}  # it was not looked into
            self.batches[batch_id] |= {"status": "failed", "errors": errors, "request_counts": counts}
        assert len({entry["custom_id"] for entry in self.handed_in(batch_id)}) == total
        self.batch_made.set()
        return self.batches[batch_id]

    async def _send(self, seen: Seen, answer: Answer, writer: asyncio.StreamWriter) -> bool:
        if answer.drop == "before" or answer.hang:
            return False
        head, body = _rendered(answer, seen, len(self.seen))
        sent = {None: head + body, "headers": head, "half": head + body[: len(body) // 2]}[answer.drop]
        if answer.good:
            self.answered[seen.raw] += 1
        writer.write(sent)
        await writer.drain()
        if answer.drop is not None or answer.raw is not None:
            writer.write_eof()  # abort() alone would take back what is not sent yet
            await asyncio.sleep(0.005)
            return False
        return True


async def _read(reader: asyncio.StreamReader) -> Seen | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    raw = await reader.readexactly(int(headers.get("content-length", 0)))
    method, path, _ = first.split(" ")
    return Seen(method, path, headers, raw, time.monotonic())


def _without_seed(body: Mapping[str, Any]) -> bytes:
    """What tells one question from another: each attempt at it has another seed."""
    return json.dumps({name: value for name, value in body.items() if name != "seed"}, sort_keys=True).encode()


def _rendered(answer: Answer, seen: Seen, number: int) -> tuple[bytes, bytes]:
    """Head and body of the reply."""
    if answer.raw is not None:
        return b"", answer.raw
    body = answer.body
    if body is None:
        error = answer.error or {"message": f"scripted {answer.status}", "code": None}
        content = _completion(answer, seen.body, number) if answer.status == 200 else {"error": error}
        body = json.dumps(content).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body)), **answer.headers}
    lines = [f"HTTP/1.1 {answer.status} Scripted", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1"), body


def _completion(answer: Answer, request: Mapping[str, Any], number: int) -> dict[str, Any]:
    thinking = {} if answer.reasoning is None else {answer.reasoning_field: answer.reasoning}
    message = {"role": "assistant", "content": answer.text, **thinking, **answer.message}
    prompt, completion = answer.prompt_tokens, answer.completion_tokens
    logprobs = answer.logprobs if request.get("logprobs") else None
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": f"{request.get('model')}-loopback",
        "system_fingerprint": "fp_loopback",
        "choices": [{"index": 0, "message": message, "finish_reason": answer.finish_reason, "logprobs": logprobs}],
        "usage": {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion},
    }


def _uploaded(seen: Seen) -> bytes:
    """The file in a form with several parts."""
    boundary = seen.headers["content-type"].partition("boundary=")[2].encode()
    parts = [part.partition(b"\r\n\r\n") for part in seen.raw.split(b"--" + boundary)]
    return next(content.removesuffix(b"\r\n") for head, _, content in parts if b"filename=" in head)


def _batch_result(answer: Answer, entry: Mapping[str, Any], status: str) -> dict[str, Any]:
    """A line of a batch's output or error file."""
    line = {"id": f"batch_req_{entry['custom_id']}", "custom_id": entry["custom_id"], "response": None, "error": None}
    if answer.hang:
        return line | {"error": {"code": f"batch_{status}", "message": "This request was not executed in time."}}
    body = (
        _completion(answer, entry["body"], 0) if answer.status == 200 else {"error": answer.error or {"message": "no"}}
    )
    body = json.loads(answer.body) if answer.body is not None else body
    return line | {"response": {"status_code": answer.status, "request_id": "req_0", "body": body}}


@contextmanager
def serving(script: Script = lambda request, times: Answer(), port: int = 0) -> Iterator[Loopback]:
    """A server in a thread of its own; on any free port where none is given."""
    teacher, started = Loopback(script), threading.Event()

    def run() -> None:
        try:
            teacher._loop.run_until_complete(teacher.run(port, started.set))
        finally:
            teacher._loop.close()
            started.set()

    thread = threading.Thread(target=run, name="loopback")
    thread.start()
    started.wait()
    try:
        if not teacher.port:
            raise OSError(f"the loopback teacher could not start at port {port}")
        yield teacher
    finally:
        if not teacher._loop.is_closed():
            teacher.stop()
        thread.join()


def free_port() -> int:
    """A port at which nobody listens at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> None:
    parser = argparse.ArgumentParser(description="A teacher that gives one answer to everything.")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds")
    options = parser.parse_args()
    teacher = Loopback(lambda request, times: Answer(delay=options.latency))
    teacher.keep = False
    teacher._loop.run_until_complete(teacher.run(options.port, lambda: print(teacher.url, flush=True)))


if __name__ == "__main__":
    main()
