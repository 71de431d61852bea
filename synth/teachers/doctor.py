"""Finds out what a teacher's server can do by asking it: `synth doctor`.

Each probe is one small request. A server that fails at one of them may still do all that is needed: vLLM, llama.cpp,
Ollama and `transformers serve` each lack something.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from rich.console import Console
from rich.markup import escape

from synth.teachers.bodies import load
from synth.teachers.catalogue import Teacher, further_notice, shutdown_notice
from synth.teachers.connection import Came, Connection
from synth.teachers.dialect import Dialect
from synth.teachers.exchange import LIMITS, Reply, Request
from synth.teachers.faults import NO_REPLY, UNREADABLE, Fault, outcome_of
from synth.teachers.given import Sent
from synth.teachers.lifetimes import shutdown_of

TIMEOUT = 120.0  # seconds; a model on a processor is slow
TRIES, PAUSE = 3, 0.5  # of a probe that the server fails at, and seconds between two of them
SHORT, LONG = 16, 256  # tokens of a reply
QUESTION = "What is 2 + 3? Close with: The answer is x."
CHOICE = (
    "Choose an animal, a town and a colour at random, and tell in two sentences what they have to do with each other."
)
TIMES, CHOSEN = 3, 64  # how often that is asked, and tokens of each reply


@dataclass(frozen=True)
class Finding:
    """One line of the report. `fatal`: without it nothing can be asked."""

    what: str
    good: bool
    detail: str
    fatal: bool = False


async def examine(
    teacher: Teacher, sent: Sent | None = None, told: Callable[[Finding], None] = lambda finding: None
) -> list[Finding]:
    """Probe a server: what is there, what it takes, what it tells. `sent`: options that say how it is asked;
    `told` gets each finding when it is made, as a model on a processor takes minutes for all of them.

    Raises SynthError if the key is missing.
    """
    findings: list[Finding] = []

    def found(*new: Finding) -> None:
        findings.extend(new)
        for finding in new:
            told(finding)

    sent = sent or Sent()
    said: list[str] = []
    dialect = Dialect(teacher, sent.leave_out, sent.max_tokens_field, said.append)
    # A connection for each probe: a server that fails at one may close its connection behind it.
    async with Connection(teacher, TIMEOUT, {"Connection": "close"}) as connection:
        probe = _Probe(teacher, connection, dialect)
        answers = await probe.answers()
        found(*await probe.models())
        found(*([Finding("address", False, probe.moved)] if probe.moved else []))
        found(*(Finding("asked as usual", False, line) for line in said), *answers)
        if answers[-1].fatal and not answers[-1].good:
            return findings
        for name, value in (("temperature", 0.7), ("top_p", 0.9), ("seed", 1)):
            found(await probe.takes(name, value))
        found(await probe.other_limit())
        found(await probe.varies())
    return findings


@dataclass
class _Probe:
    teacher: Teacher
    connection: Connection
    dialect: Dialect
    moved: str = field(default="", init=False)  # a line, if the API is not where it was said to be

    async def models(self) -> list[Finding]:
        """The list of models, and whether it says that the model goes; some servers have none (`transformers serve`
        answers 500 without a Hub cache)."""
        came = await self.connection.models()
        what = "list of models"
        if came.status == NO_REPLY:
            return [Finding(what, False, self._unreachable(came))]
        if came.status != 200:
            return [Finding(what, False, f"status {came.status}: not needed")]
        listing = load(came.body)
        entries = listing.get("data") if isinstance(listing, dict) else None
        if not isinstance(entries, list) or not all(isinstance(entry, dict) and "id" in entry for entry in entries):
            return [Finding(what, False, "not what a list of models looks like: not needed")]
        names = [str(entry["id"]) for entry in entries]
        shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "") or "empty"
        listed = self.teacher.model in names
        found = [Finding(what, listed, shown if listed else f"{self.teacher.model} is not in it: {shown}")]
        notice = further_notice(self.teacher, shutdown_of(listing, self.teacher.model))
        return [*found, Finding("stays", False, notice)] if notice else found

    async def answers(self) -> list[Finding]:
        """One plain question, and what comes back with the answer."""
        start = time.monotonic()
        came, reply = await self._ask(QUESTION, {self.teacher.max_tokens_field(): LONG}, adapt=True)
        seconds = time.monotonic() - start
        if isinstance(reply, str):
            return [Finding("answers", False, reply, fatal=True)]
        limit = "x-ratelimit-limit-"
        limits = ", ".join(
            f"{name.removeprefix(limit)} {came.headers[name]}" for name in came.headers if name.startswith(limit)
        )
        inline = "between <think> tags" if "</think>" in (reply.text or "") else ""
        thinks = "in a field of its own" if reply.thinking else inline
        said = f"in {seconds:.1f} s, {reply.finish_reason}: {(reply.text or '')[:60]!r}"
        return [
            Finding("tells tokens", reply.completion_tokens > 0, f"{reply.prompt_tokens} + {reply.completion_tokens}"),
            Finding("tells its limits", bool(limits), limits or "no headers: use --rpm and --tpm"),
            Finding("system fingerprint", reply.fingerprint is not None, reply.fingerprint or "none"),
            Finding("shows its thinking", bool(thinks), thinks or "no"),
            Finding("answers", True, said, fatal=True),
        ]

    async def takes(self, what: str, value: Any) -> Finding:
        _, reply = await self._ask(QUESTION, {self.teacher.max_tokens_field(): SHORT, what: value}, keep=what)
        return Finding(f"takes {what}", not isinstance(reply, str), reply if isinstance(reply, str) else "yes")

    async def other_limit(self) -> Finding:
        """Whether the longest reply may be named otherwise than in the first question."""
        used = self.dialect.limit_field or self.teacher.max_tokens_field()
        other = LIMITS[1 - LIMITS.index(used)]
        _, reply = await self._ask(QUESTION, {other: SHORT}, keep=other)
        return Finding(f"takes {other}", not isinstance(reply, str), reply if isinstance(reply, str) else "yes")

    async def varies(self) -> Finding:
        """Whether the same question gets different replies at temperature 1: else further attempts are paid for in
        vain, and of several samples nothing can be told."""
        what, said = "varies its replies", []
        for seed in range(1, TIMES + 1):
            sampling = {self.teacher.max_tokens_field(): CHOSEN, "temperature": 1.0, "seed": seed}
            _, reply = await self._ask(CHOICE, sampling, adapt=True)
            if isinstance(reply, str):
                return Finding(what, False, f"not known: {reply}")
            said.append(f"{reply.thinking}{reply.text or ''}")
        if not any(text.strip() for text in said):
            return Finding(what, False, f"not known: no text within {CHOSEN} tokens")
        if len(set(said)) > 1:
            return Finding(what, True, f"{len(set(said))} of {TIMES} at temperature 1")
        return Finding(
            what, False,
            f"no: {TIMES} times the same at temperature 1, so ask for --max-attempts 1, or have the server sample "
            """(transformers serve: --extra-body '{"generation_config": "{\\"do_sample\\": true}"}')""",
        )  # fmt: skip

    async def _ask(
        self, question: str, sampling: dict[str, Any], adapt: bool = False, keep: str = ""
    ) -> tuple[Came, Reply | str]:
        """What came, and the reply in it or what went wrong in one line. `keep`: a field that is sent in any case;
        `adapt`: what the server does not take is left out, and an address without /v1 gets one."""
        wanted = {**sampling, **self.teacher.extra}
        request = Request(self.teacher.model, ({"role": "user", "content": question},), wanted)
        attempt = 0
        while True:
            attempt += 1
            body = self.dialect.body(request)
            if keep:
                body = {name: body[name] for name in body if keep not in LIMITS or name not in LIMITS}
                body[keep] = sampling[keep]
            came = await self.connection.chat(body)
            outcome = outcome_of(came.status, came.headers, came.body)
            if isinstance(outcome, Reply):
                return came, outcome
            if adapt and self._adapted(came, outcome, body):
                attempt -= 1
                continue
            if came.unreachable or attempt >= TRIES or not _may_be_stray(came, outcome):
                return came, self._what_went_wrong(came, outcome)
            await asyncio.sleep(PAUSE * attempt)

    def _adapted(self, came: Came, fault: Fault, body: dict[str, Any]) -> bool:
        if fault.kind == "refused":
            return self.dialect.learn(body, fault.error)
        if fault.kind != "path" or (other := came.address.versioned) is None:
            return False
        self.connection.address = other
        self.moved = f"nothing is at {came.address}, but at {other}: give that"
        return True

    def _what_went_wrong(self, came: Came, fault: Fault) -> str:
        if came.status == NO_REPLY:
            return self._unreachable(came)
        loaded = load(came.body)
        if came.status == 200 and fault.status == UNREADABLE:
            if loaded is None:
                return f"{self.teacher.base_url} does not answer in JSON: give --base-url an address that ends in /v1"
            if not isinstance(loaded, dict):
                return "the reply is no JSON object"
            if not fault.error:
                return "its reply has no choices: is this an OpenAI server?"
        return f"status {fault.status}: {fault.said[:200]}"

    def _unreachable(self, came: Came) -> str:
        hint = ": is it running?" if came.unreachable else ""
        return f"{self.teacher.base_url} cannot be reached: {came.body.decode(errors='replace')}{hint}"


def _may_be_stray(came: Came, fault: Fault) -> bool:
    """Whether another try may end otherwise: not of a reply that is sound JSON and no chat completion."""
    if fault.status == UNREADABLE:
        return load(came.body) is None
    return fault.kind in ("broken", "interrupted", "busy")


def hopeless(findings: list[Finding]) -> str:
    """Why the teacher cannot be asked at all; nothing if it can."""
    return next((finding.detail for finding in findings if finding.fatal and not finding.good), "")


def show_head(teacher: Teacher) -> None:
    """Print who is asked where, and when it goes away: before anything is asked."""
    console = Console(highlight=False)
    console.print(f"{teacher.name}: {escape(teacher.model)} at {teacher.base_url}", soft_wrap=True)
    if notice := shutdown_notice(teacher, date.today()):
        console.print(notice, soft_wrap=True)


def show(finding: Finding) -> None:
    """Print a finding."""
    sign = "[green]yes[/]" if finding.good else "[red]no [/]" if finding.fatal else "[yellow]no [/]"
    Console(highlight=False).print(f"  {sign} {finding.what:<28} {escape(finding.detail)}", soft_wrap=True)
