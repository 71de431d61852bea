"""Finds out what a teacher's server can do by asking it: `synth doctor`.

Each probe is one small request. A server that fails at one of them may still do all that is needed: vLLM, llama.cpp,
Ollama and `transformers serve` each lack something.
"""

import time
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from rich.console import Console
from rich.markup import escape

from synth.errors import SynthError
from synth.teachers.catalogue import Teacher, further_notice, shutdown_notice
from synth.teachers.connection import checked_key
from synth.teachers.exchange import read_reply_body
from synth.teachers.faults import error_cause, error_message
from synth.teachers.lifetimes import shutdown_of

TIMEOUT = 120.0  # seconds; a model on a processor is slow
QUESTION = [{"role": "user", "content": "What is 2 + 3? Close with: The answer is x."}]


@dataclass(frozen=True)
class Finding:
    """One line of the report. `fatal`: without it nothing can be asked."""

    what: str
    good: bool
    detail: str
    fatal: bool = False


async def examine(teacher: Teacher) -> list[Finding]:
    """Probe a server: what is there, what it takes, what it tells.

    Raises SynthError if the key is missing.
    """
    import openai

    # A connection for each probe: a server that fails at one may close its connection behind it.
    client = openai.AsyncOpenAI(
        base_url=teacher.base_url, api_key=checked_key(teacher.key(), teacher.key_variable), max_retries=0,
        timeout=TIMEOUT, default_headers={"Connection": "close"},
    )  # fmt: skip
    probe = _Probe(teacher, client, openai)
    async with client:
        findings = [await probe.models()]
        findings += [Finding("stays", False, probe.notice)] if probe.notice else []
        findings += await probe.answers()
        if findings[-1].fatal and not findings[-1].good:
            return findings
        findings.append(await probe.takes("temperature", temperature=0.7))
        findings.append(await probe.takes("top_p", top_p=0.9))
        findings.append(await probe.takes("seed", seed=1))
        other = "max_tokens" if teacher.at_openai else "max_completion_tokens"
        findings.append(await probe.takes(other, **{other: 16}))
    return findings


class _Probe:
    def __init__(self, teacher: Teacher, client: Any, openai: Any) -> None:
        self.teacher, self.client, self.openai = teacher, client, openai
        self.notice: str | None = None  # that the model goes, from the list of models
        self.raw = client.chat.completions.with_raw_response

    async def models(self) -> Finding:
        """The list of models; some servers have none (`transformers serve` answers 500 without a Hub cache)."""
        try:
            page = await self.client.models.list()
            names = [str(model.id) for model in page.data]
            listing = [model.model_dump() for model in page.data]
            self.notice = further_notice(self.teacher, shutdown_of(listing, self.teacher.model))
        except self.openai.APIStatusError as error:
            return Finding("list of models", False, f"status {error.status_code}: not needed")
        except self.openai.APIConnectionError as error:
            return Finding("list of models", False, self._unreachable(error))
        except (ValueError, AttributeError, TypeError):  # of openai's client, when it is given something else
            return Finding("list of models", False, "not what a list of models looks like: not needed")
        shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "") or "empty"
        listed = self.teacher.model in names
        return Finding("list of models", listed, shown if listed else f"{self.teacher.model} is not in it: {shown}")

    async def answers(self) -> list[Finding]:
        """One plain question, and what comes back with the answer."""
        start = time.monotonic()
        tried = await self._try({self.teacher.max_tokens_field(): 256})
        seconds = time.monotonic() - start
        if isinstance(tried, str):
            return [Finding("answers", False, tried, fatal=True)]
        headers, body = tried
        reply = read_reply_body(body)
        if reply is None:
            return [Finding("answers", False, "its reply has no choices: is this an OpenAI server?", fatal=True)]
        limit = "x-ratelimit-limit-"
        limits = ", ".join(f"{name.removeprefix(limit)} {headers[name]}" for name in headers if name.startswith(limit))
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

    async def takes(self, what: str, **settings: Any) -> Finding:
        tried = await self._try({self.teacher.max_tokens_field(): 16, **settings} if what[:3] != "max" else settings)
        return Finding(f"takes {what}", not isinstance(tried, str), tried if isinstance(tried, str) else "yes")

    async def _try(self, settings: dict[str, Any]) -> tuple[Any, dict[str, Any]] | str:
        """Headers and body of a reply, or what went wrong in one line."""
        try:
            raw = await self.raw.create(model=self.teacher.model, messages=QUESTION, **settings)
            body = orjson.loads(raw.http_response.content)
        except self.openai.APIStatusError as error:
            said = self.teacher.hide_key(error_message(error.response.content))
            return f"status {error.status_code}: {said[:200]}"
        except self.openai.APIConnectionError as error:
            return self._unreachable(error)
        except orjson.JSONDecodeError:
            return f"{self.teacher.base_url} does not answer in JSON: give --base-url an address that ends in /v1"
        return (raw.http_response.headers, body) if isinstance(body, dict) else "the reply is no JSON object"

    def _unreachable(self, error: Exception) -> str:
        return f"{self.teacher.base_url} cannot be reached: {error_cause(error)}"


def hopeless(findings: list[Finding]) -> str:
    """Why the teacher cannot be asked at all; nothing if it can."""
    return next((finding.detail for finding in findings if finding.fatal and not finding.good), "")


def show_head(teacher: Teacher) -> None:
    """Print who is asked where, and when it goes away: before anything is asked."""
    console = Console(highlight=False)
    console.print(f"{teacher.name}: {escape(teacher.model)} at {teacher.base_url}", soft_wrap=True)
    if notice := shutdown_notice(teacher, date.today()):
        console.print(notice, soft_wrap=True)


def show(findings: list[Finding]) -> None:
    """Print the findings.

    Raises SynthError if the teacher cannot be asked at all.
    """
    console = Console(highlight=False)
    for finding in findings:
        sign = "[green]yes[/]" if finding.good else "[red]no [/]" if finding.fatal else "[yellow]no [/]"
        console.print(f"  {sign} {finding.what:<28} {escape(finding.detail)}", soft_wrap=True)
    if why := hopeless(findings):
        raise SynthError(f"this teacher cannot be asked: {why}")
