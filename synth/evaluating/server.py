"""Asks a server for the outputs of an evaluation, through the engine of `synth distill`.

Requests and replies are in EVAL/requests.sqlite: an evaluation that resumes asks nothing twice. Greedy decoding
is temperature 0; the samples of a row are its first, second, ... attempt.
"""

import asyncio
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial as bound
from urllib.parse import urlsplit

from synth.answers.finish import end_of
from synth.base.terminal import Report, Say
from synth.data.names import CACHE
from synth.errors import SynthError, UsageError
from synth.evaluating.job import Job, StoppedError
from synth.evaluating.logprobs import ASKED, told
from synth.evaluating.outputs import Partial
from synth.evaluating.predictions import REFUSAL
from synth.evaluating.prompts import Asking
from synth.models.generate import Output
from synth.record import Record
from synth.teachers.asker import Asker, StopAskingError
from synth.teachers.catalogue import Teacher, find_fleet
from synth.teachers.client import RefusedError, UnanswerableError
from synth.teachers.exchange import Reply, Request
from synth.teachers.given import as_given

UNANSWERED = "unanswered"
CONNECT_SECONDS = 10.0


@dataclass
class _Asked:
    """What the workers of an evaluation share."""

    asker: Asker
    requests: Callable[[Record], list[Request]]
    partial: Partial
    told: Callable[[], None]
    output: Callable[[Record, Reply], Output]
    faults: dict[int, str] = field(default_factory=dict)
    why: str = ""  # of the first row that was not answered


async def ask_server(
    job: Job,
    asking: Asking,
    records: Sequence[Record],
    partial: Partial,
    say: Say,
    report: Report,
) -> dict[int, str]:
    """Ask for the outputs of all rows that have none yet; returns the rows that the server does not answer.

    Raises SynthError if the server answers no row, StoppedError if asking was stopped.
    """
    teacher = _teacher(job)
    check_reachable(teacher)
    left = iter([row for row in range(len(records)) if row not in partial])
    async with Asker(teacher, job.limits.cache or job.out / CACHE, job.limits, say) as asker:
        shared = _Asked(
            asker,
            lambda record: list(_requests(teacher, asking, record, job)),
            partial,
            lambda: report(job.split, len(partial), len(records)),
            bound(_output, job, asking),
        )
        await asker.workers.run(lambda: _work(shared, records, left), len(records))
        if asker.stopping:
            kept = (
                f"the outputs of {len(partial):,} of {len(records):,} rows are kept; the same command resumes from here"
            )
            code = 130 if asker.why == "interrupted" else 3
            raise StoppedError(f"stopped early: {asker.why}; {kept}", code)
    if len(shared.faults) == len(records):
        raise SynthError(f"{teacher.base_url} answers no row: {shared.why}")
    return shared.faults


def _teacher(job: Job) -> Teacher:
    if not job.served:
        raise UsageError(f"--model {job.model}: add --model-name, the name that the model has at that server")
    return as_given(find_fleet(job.served, (job.model, *job.others)), job.limits)


def check_reachable(teacher: Teacher, option: str = "--model") -> None:
    """Raises SynthError at once if no server answers, of several none of them; one that fails later is waited for."""
    for url in (teacher.base_url, *teacher.others):
        parts = urlsplit(url)
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            socket.create_connection((parts.hostname or "", port), timeout=CONNECT_SECONDS).close()
            return
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else error
    raise SynthError(f"no server answers at {url} ({why}): start it, or check {option}")


async def _work(shared: _Asked, records: Sequence[Record], left: Iterator[int]) -> None:
    for row in left:
        if shared.asker.stopping:
            return
        try:
            replies = await asyncio.gather(*map(shared.asker.ask, shared.requests(records[row])))
            shared.partial.add({row: [shared.output(records[row], reply) for reply in replies]})
        except UnanswerableError as error:
            shared.faults[row] = REFUSAL if isinstance(error, RefusedError) else UNANSWERED
            shared.why = shared.why or str(error)
        except StopAskingError:
            return
        except SynthError as error:
            shared.asker.stop(str(error))
            raise
        shared.told()
        await asyncio.sleep(0)  # out of the store comes one reply after the other: requests in flight need their turn


def _requests(teacher: Teacher, asking: Asking, record: Record, job: Job) -> Iterator[Request]:
    more = ASKED if job.confidence == "answer" else {}
    sampling = {**more, **teacher.sampling(job.decoding.max_new_tokens, job.decoding.temperature)}
    for sample in range(job.decoding.samples):
        yield Request(teacher.model, tuple(asking.messages(record)), sampling, sample + 1)


def _output(job: Job, asking: Asking, record: Record, reply: Reply) -> Output:
    end = end_of(reply.finish_reason)
    output = Output(
        reply.text or "", reply.completion_tokens, end == "cut", end == "filtered", read=reply.prompt_tokens or None
    )
    if job.confidence == "votes":
        return output
    return replace(output, told=told(asking, record, output, job.stop, reply.logprobs))
