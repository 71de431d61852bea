"""The Batch API: requests that can wait a day, at half the price.

One run hands in everything that is not answered yet, as files of at most 50,000 lines or 200 MB and one model each,
and ends; the next run collects what has come back into the request store, and hands in what is still missing (questions
that need another attempt, requests that failed or expired). A batch is known by the digest of its requests, which
travels with it, and is written down before the batch is started: a run that died between handing in and writing down
finds its batch on the server instead of paying for it again.

A reply that came in a batch is stored with the batch's id in it ("batch"), so that what it cost is known later.

Accounts may have only so many tokens waiting, and files only so many lines. What a server refuses for that is handed in
again at half the size, until it fits; once something was taken and more is refused, the rest waits for the next run.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Literal

import orjson

from synth.errors import SynthError
from synth.teachers.address import address_of
from synth.teachers.batch_refusals import TooMuchError, is_too_much, reasons_of, says_too_much
from synth.teachers.batch_results import Result, last_failure, read_results, requests_of, stored, unreadable
from synth.teachers.catalogue import Teacher, listed_notice
from synth.teachers.connection import account_at
from synth.teachers.dialect import Dialect
from synth.teachers.exchange import Request
from synth.teachers.faults import error_cause, error_message, error_of
from synth.teachers.store import RequestStore

MOST_LINES, MOST_BYTES = 50_000, 200_000_000  # of one file (OpenAI's Batch API)
DISCOUNT = 0.5
TRIES = 3  # batches that one request may fail in
ENDPOINT: Literal["/v1/chat/completions"] = "/v1/chat/completions"
UNDER_WAY = {"validating", "in_progress", "finalizing", "cancelling"}
LABEL = "synth-requests"  # the name under which the digest travels
INTENT = "handing-in:"  # what a batch is called in the store, with its digest, until the server has named it
LOOKS = (0.5, 1.0, 2.0, 4.0, 8.0)  # seconds between looks at a batch that is being validated
MOST_SMALL = 20  # batches that one run starts after a larger one was refused


@dataclass
class State:
    """What is known of the batches of a run."""

    under_way: dict[str, str] = field(default_factory=dict)  # id -> how far it is, for a person
    collected: int = 0  # replies that came into the store just now
    failed: int = 0  # requests that came back with an error just now
    said: str = ""  # what the last of those said
    too_much: str = ""  # a line, if a batch was refused because it was too large


@dataclass
class Handed:
    """What was handed in."""

    ids: list[str] = field(default_factory=list)
    left: int = 0  # requests that wait for the next run
    why: str = ""  # they wait: what the server said


class Batches:
    """The batches of one request store."""

    def __init__(self, teacher: Teacher, store: RequestStore, dialect: Dialect | None = None) -> None:
        import openai

        self.teacher, self.store, self.dialect = teacher, store, dialect or Dialect(teacher)
        self._openai = openai
        self._most = MOST_LINES  # lines of a file, halved if the server refused one
        self._address = address_of(teacher.base_url)
        self._client = openai.AsyncOpenAI(max_retries=5, **account_at(self._address, teacher))

    async def __aenter__(self) -> "Batches":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()

    async def notice(self) -> str | None:
        """A line for the user if the server says that it will stop serving the model."""
        return await listed_notice(self.teacher, self._client)

    async def collect(self) -> State:
        """Ask after every batch that is not done with; put what came back into the store.

        Raises SynthError if the server refused a batch, once all others are collected.
        """
        state, refused = State(), []
        await self._adopt()
        for batch_id in self.store.open_batches():
            batch = await self._retrieve(batch_id)
            if batch.status in UNDER_WAY:
                state.under_way[batch_id] = _how_far(batch)
                continue
            await self._take(batch, state)
            await self.store.close_batch(batch_id, batch.status)
            if batch.status == "failed" and is_too_much(batch):
                self._most = max(1, await self._size(batch) // 2)
                state.too_much = (
                    f"batch {batch_id} was refused: {reasons_of(batch)}; its requests are tried in smaller ones"
                )
            elif batch.status == "failed":
                refused.append(f"batch {batch_id} was refused: {reasons_of(batch)}")
        if refused:
            raise SynthError("; ".join([*refused, "the same command hands its requests in again"]))
        return state

    async def hand_in(self, requests: Iterable[Request]) -> Handed:
        """Upload files and start their batches, as large ones as the server takes."""
        handed, rest, most = Handed(), list(requests), self._most
        await asyncio.gather(*map(self.store.put_request, rest))
        while rest:
            content = next(files(rest, most, self.dialect.body))
            lines = content.count(b"\n")
            try:
                handed.ids.append(await self._hand_in(content))
            except TooMuchError as refused:
                if handed.ids or lines == 1:
                    return replace(handed, left=len(rest), why=str(refused))
                most = lines // 2
                continue
            rest = rest[lines:]
            if rest and most < MOST_LINES and len(handed.ids) == MOST_SMALL:
                return replace(handed, left=len(rest), why=f"{MOST_SMALL} small batches are enough for one run")
        return handed

    async def _hand_in(self, content: bytes) -> str:
        """Start the batch of one file, unless an earlier run did so; returns its id. Raises TooMuchError."""
        digest = hashlib.sha256(content).hexdigest()
        batch_id = await self._find(digest)
        if batch_id is None:
            await self.store.open_batch(INTENT + digest, digest)
            try:
                batch_id = await self._start(content, digest)
            except TooMuchError:
                await self.store.close_batch(INTENT + digest, "refused")
                raise
        await self.store.open_batch(batch_id, digest)
        await self.store.close_batch(INTENT + digest, "handed in")
        batch = await self._validated(batch_id)
        if batch.status == "failed" and is_too_much(batch):
            await self.store.close_batch(batch_id, "refused")
            raise TooMuchError(reasons_of(batch))
        return batch_id

    async def _validated(self, batch_id: str) -> Any:
        """A batch once the server has looked it over, or has taken more than some seconds for it."""
        batch = await self._retrieve(batch_id)
        for seconds in LOOKS:
            if batch.status != "validating":
                break
            await asyncio.sleep(seconds)
            batch = await self._retrieve(batch_id)
        return batch

    async def _size(self, batch: Any) -> int:
        """How many requests are in a batch; one that was refused has often not been counted."""
        if batch.request_counts and batch.request_counts.total:
            return int(batch.request_counts.total)
        return len(await self._handed_in(batch))

    async def _handed_in(self, batch: Any) -> list[str]:
        """The keys of the requests in a batch."""
        what = f"the requests of batch {batch.id} cannot be fetched"
        return list(requests_of((await self._call(self._client.files.content(batch.input_file_id), what)).content))

    async def cancel(self) -> list[str]:
        """Cancel what is under way; what was answered until then is collected by the next run, and paid for."""
        cancelled = []
        await self._adopt()
        for batch_id in self.store.open_batches():
            batch = await self._retrieve(batch_id)
            if batch.status in UNDER_WAY:
                await self._call(self._client.batches.cancel(batch_id), f"batch {batch_id} cannot be cancelled")
                cancelled.append(batch_id)
        return cancelled

    async def _retrieve(self, batch_id: str) -> Any:
        what = f"batch {batch_id} cannot be asked after; it needs the account that handed it in"
        return await self._call(self._client.batches.retrieve(batch_id), what)

    async def _start(self, content: bytes, digest: str) -> str:
        name, what = f"synth-{digest[:12]}.jsonl", "no requests could be handed in"
        uploaded = await self._call(self._client.files.create(file=(name, content), purpose="batch"), what)
        # Not tried again by itself: it may have been started although its reply was lost, and would be paid twice.
        once = self._client.with_options(max_retries=0)
        batch = await self._call(
            once.batches.create(
                input_file_id=uploaded.id, endpoint=ENDPOINT, completion_window="24h", metadata={LABEL: digest}
            ),
            what,
        )
        return str(batch.id)

    async def _adopt(self) -> None:
        """Give the batches of a run that died while handing them in the names that they have on the server."""
        for intent in self.store.open_batches():
            if intent.startswith(INTENT):
                digest = intent.removeprefix(INTENT)
                if (batch_id := await self._find(digest)) is not None:
                    await self.store.open_batch(batch_id, digest)
                await self.store.close_batch(intent, "found" if batch_id else "never handed in")

    async def _find(self, digest: str) -> str | None:
        """A batch of the same requests that is on the server but not in the store: its run died in between."""
        known = set(self.store.all_batches())
        page = await self._call(self._client.batches.list(limit=100), "batches cannot be listed")
        for batch in page.data:
            of_use = batch.status in UNDER_WAY or batch.output_file_id
            if batch.id not in known and of_use and (batch.metadata or {}).get(LABEL) == digest:
                return str(batch.id)
        return None

    async def _take(self, batch: Any, state: State) -> None:
        """Put the replies in the files of a batch into the store."""
        what = f"the results of batch {batch.id} cannot be fetched"
        results: list[Result] = []
        nameless = 0
        for file_id in filter(None, (batch.output_file_id, batch.error_file_id)):
            read = read_results((await self._call(self._client.files.content(file_id), what)).content)
            if read is None:
                raise SynthError(f"{what}: {file_id} is no file of results; the same command tries again")
            results += read.read
            nameless += read.nameless
        if nameless:
            there = {result.key for result in results}
            results += [unreadable(key) for key in await self._handed_in(batch) if key not in there]
        good = sum(result.status == 200 for result in results)
        state.collected, state.failed = state.collected + good, state.failed + len(results) - good
        if (last := last_failure(results)) is not None:
            state.said = self.teacher.hide_key(error_message(orjson.dumps(last.body)))
        self._learn(results)
        await asyncio.gather(*(self._put(result, batch.id) for result in results))

    def _learn(self, results: Iterable[Result]) -> None:
        """Find out from what was refused which settings the server does not take; later.py has those asked again."""
        wanted = self.teacher.sampling(1, 1.0, top_p=1.0)
        sent = self.dialect.body(Request(self.teacher.model, (), wanted, seed=1))
        errors = {str(error): error for result in results if result.status == 400 and (error := error_of(result.body))}
        for error in errors.values():
            self.dialect.learn(sent, error)

    async def _put(self, result: Result, batch_id: str) -> None:
        body = self.teacher.hide_key(stored(result, batch_id).decode()).encode()
        await self.store.put_reply(result.key, result.status, {}, body, 0.0)

    async def _call(self, call: Any, what: str) -> Any:
        """The server's reply to a call; `what` says what failed if none comes."""
        address = self.teacher.base_url
        hint = f"; is {self._address.versioned} meant?" if self._address.versioned else ""
        page = SynthError(f"{what}: {address} answers with a web page: give --base-url an address that ends in /v1")
        try:
            answer = await call
        except self._openai.APIStatusError as error:
            said = self.teacher.hide_key(error_message(error.response.content))
            if says_too_much(error.status_code, error.response.text):
                raise TooMuchError(said) from error
            hint = hint if error.status_code in (404, 405) else ""
            raise SynthError(f"{what} ({address}, status {error.status_code}: {said}){hint}") from error
        except self._openai.APIConnectionError as error:
            raise SynthError(f"{what}: {address} cannot be reached ({error_cause(error)}); run it again") from error
        except AttributeError as error:  # openai's client takes a page for a list
            raise page from error
        except ValueError as error:
            raise SynthError(f"{what}: {address} sends JSON that cannot be read; run it again") from error
        if isinstance(answer, str):  # and hands it through if it expects an object
            raise page
        return answer


def files(
    requests: Iterable[Request], most: int | None = None, body: Callable[[Request], dict[str, Any]] = Request.body
) -> Iterator[bytes]:
    """The requests as files of at most so many lines, within the API's limits; each stands under its key."""
    most = min(most or MOST_LINES, MOST_LINES)
    lines: list[bytes] = []
    size = 0
    for request in requests:
        entry = {"custom_id": request.key(), "method": "POST", "url": ENDPOINT, "body": body(request)}
        line = orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)
        if lines and (len(lines) == most or size + len(line) > MOST_BYTES):
            yield b"".join(lines)
            lines, size = [], 0
        lines.append(line)
        size += len(line)
    if lines:
        yield b"".join(lines)


def _how_far(batch: Any) -> str:
    counts = batch.request_counts
    done = f", {counts.completed + counts.failed:,} of {counts.total:,} requests done" if counts else ""
    return f"{batch.status.replace('_', ' ')}{done}"
