"""A stand-in for a teacher, on this machine: `synth teacher-demo`. It is no model; it looks the answers up.

It speaks the protocol that real teachers speak, so everything around a teacher can be tried without a key: retries,
wrong answers, rejected questions, votes, interrupted runs. Which replies are right is decided by a hash of the question
and of how often it was asked before, so the same questions in the same order get the same replies. What it writes says
that it is a stand-in; nobody should train on it.
"""

import asyncio
import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import orjson

from synth.errors import SynthError
from synth.questions.task import Question, Task

if TYPE_CHECKING:
    from aiohttp import web


NAME = "stand-in"
VERDICTS = ("Helpful", "Unhelpful")


class StandIn:
    """What the stand-in says."""

    def __init__(self, task: Task, questions: Iterable[Question], right_share: float) -> None:
        self.task, self.right_share = task, right_share
        self.known = {question.text: question for question in questions}
        self._longest_first = sorted(self.known, key=len, reverse=True)
        self._asked: Counter[str] = Counter()

    def reply(self, message: str) -> str:
        """The reply to a user's message: a verdict if one is asked for, else a rationale and an answer."""
        if all(verdict in message for verdict in VERDICTS):
            helpful = _share("verdict", message) < self.right_share
            return f"I am a stand-in for a judge and have not read this.\n\n{VERDICTS[0] if helpful else VERDICTS[1]}"
        question = self.find(message)
        if question is None:
            return "I am a stand-in for a teacher, and this is none of the questions that I was given."
        self._asked[question.id] += 1
        times = self._asked[question.id]
        right = question.gold is not None and _share(question.id, times) < self.right_share
        answer = question.gold if right else self._wrong(question)
        return f"{_rationale(question, times)}\n{self.task.closed(str(answer))}"

    def find(self, message: str) -> Question | None:
        """The question that stands in a message: behind the task's label, or else the longest one in it."""
        for part in message.split(f"{self.task.label}: ")[1:]:
            text = re.split(r"\n(?:Options|Answer): ", part, maxsplit=1)[0]
            if text in self.known:
                return self.known[text]
        return next((self.known[text] for text in self._longest_first if text in message), None)

    def _wrong(self, question: Question) -> str:
        """Something that is not the gold answer, but might be one."""
        gold, options = question.gold, question.options or self.task.options
        if self.task.kind == "option":
            letters = [chr(ord("A") + place) for place in range(len(options))]
            return next(letter for letter in [*letters, "A"] if letter != gold or len(letters) == 1)
        if self.task.kind == "yes_no":
            return "no" if gold == "yes" else "yes"
        if gold is not None and re.search(r"\d", gold):
            return re.sub(r"\d+", lambda digits: str(int(digits[0]) + 4).zfill(len(digits[0])), gold, count=1)
        return "4" if self.task.kind == "number" else "something else"


def _rationale(question: Question, times: int) -> str:
    first = " ".join(question.text.split()[:6])
    return (
        f'I am a stand-in for a teacher, not a model. The question begins with "{first}". '
        f"Instead of reasoning about it I look into the file that I was started with; this is look-up {times}."
    )


def _share(*what: object) -> float:
    """A number from 0 to 1 that is the same whenever the same is asked."""
    digest = hashlib.blake2b(repr(what).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def application(stand_in: StandIn, latency: float = 0.0) -> "web.Application":
    """The stand-in behind the two addresses of OpenAI's interface that a run needs."""
    from aiohttp import web

    async def models(_: web.Request) -> web.Response:
        return _json({"object": "list", "data": [{"id": NAME, "object": "model", "owned_by": NAME}]})

    async def complete(request: web.Request) -> web.Response:
        try:
            body = orjson.loads(await request.read())
            message = "\n".join(str(turn["content"]) for turn in body["messages"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            error = {"message": "the stand-in needs JSON with messages", "type": "invalid_request_error", "code": None}
            return _json({"error": error}, status=400)
        await asyncio.sleep(latency)
        return _json(_completion(message, stand_in.reply(message)))

    app = web.Application(client_max_size=1 << 24)
    app.router.add_get("/v1/models", models)
    app.router.add_post("/v1/chat/completions", complete)
    return app


def _json(content: dict[str, Any], status: int = 200) -> "web.Response":
    from aiohttp import web

    return web.Response(body=orjson.dumps(content), status=status, content_type="application/json")


def _completion(message: str, text: str) -> dict[str, Any]:
    prompt, completion = len(message) // 4, len(text) // 4  # about four letters a token
    return {
        "id": f"chatcmpl-{NAME}",
        "object": "chat.completion",
        "created": 0,
        "model": NAME,
        "system_fingerprint": NAME,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion},
    }


def serve(port: int, task: str, source: str, right_share: float = 0.5, latency: float = 0.2) -> None:
    """Serve on this machine until Ctrl-C. Raises SynthError if the port is taken."""
    import typer
    from aiohttp import web

    from synth.questions.find import find_task
    from synth.questions.loading import load

    chosen = find_task(task)
    stand_in = StandIn(chosen, load(chosen, source), right_share)
    line = (
        f"a stand-in for a teacher that knows {len(stand_in.known):,} questions of {chosen.name}: give synth distill "
        f"--teacher {NAME} --base-url http://127.0.0.1:{port}/v1; Ctrl-C ends it"
    )
    try:
        web.run_app(
            application(stand_in, latency), host="127.0.0.1", port=port, backlog=4096, access_log=None,
            print=lambda *_: typer.echo(line),  # called once the port is open
        )  # fmt: skip
    except OSError as error:
        raise SynthError(f"port {port} cannot be used ({error.strerror or error}): give another --port") from error
