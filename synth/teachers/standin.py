"""A stand-in for a teacher, on this machine: `synth teacher-demo`. It is no model; it looks the answers up.

It speaks the protocol that real teachers speak, so everything around a teacher can be tried without a key: retries,
wrong answers, rejected questions, votes, interrupted runs, the Batch API. What it says, and whether that is right, is
decided by a hash of the message and of the seed that comes with it, or else of how often that very message came before:
the same questions get the same replies. What it writes says that it is a stand-in; nobody should train on it.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable

from synth.errors import SynthError
from synth.questions.prompts import LENGTHS
from synth.questions.task import Question, Task
from synth.teachers.standin_server import NAME, application
from synth.teachers.standin_steps import rationale

VERDICTS = ("Helpful", "Unhelpful")
KINDS = ("unreasonable", "off-topic", "trivial", "wrong-conclusion")  # of errors, as the judge `attribution` names them
AT_ONCE = "without any steps"  # how an evaluation asks for the answer alone
SHORT = (LENGTHS["brief"], LENGTHS["shortest"])


class StandIn:
    """What the stand-in says; shares of its replies are right, and are left without their closing form."""

    def __init__(
        self, task: Task, questions: Iterable[Question], right_share: float, unclosed_share: float = 0.0
    ) -> None:
        self.task, self.right_share, self.unclosed_share = task, right_share, unclosed_share
        self.known = {question.text: question for question in questions}
        self._asked: Counter[str] = Counter()

    def reply(self, message: str, seed: int | None = None) -> str:
        """The reply to a user's message: a verdict or a kind of error if one is asked for, else a rationale and an
        answer."""
        if all(verdict in message for verdict in VERDICTS):
            helpful = _share("verdict", message, seed) < self.right_share
            return f"I am a stand-in for a judge and have not read this.\n\n{VERDICTS[0] if helpful else VERDICTS[1]}"
        if all(kind in message for kind in KINDS):
            kind = KINDS[int(_share("kind", message, seed) * len(KINDS))]
            return f"I am a stand-in for a judge and have not read this.\n\n{kind}"
        question = self.find(message)
        number = self._number(message) if seed is None else seed
        if question is None:
            return f"I am a stand-in for a teacher, and this is none of my questions (reply {number})."
        right = question.gold is not None and _share("right", message, number) < self.right_share
        answer = str(question.gold) if right else self._wrong(question)
        closed = self.task.closed(answer)
        if AT_ONCE in message:
            return closed
        short = any(ending in message for ending in SHORT)
        steps = rationale(self.task, question, answer, number, short)
        return steps if _share("unclosed", message, number) < self.unclosed_share else f"{steps}\n{closed}"

    def _number(self, message: str) -> int:
        """How often this very message has come, now included."""
        self._asked[message] += 1
        return self._asked[message]

    def find(self, message: str) -> Question | None:
        """The last question that stands in a message, as demonstrations stand before it: behind the task's label, or
        else the one that ends last, of several the longest one."""
        text = re.split(r"\n(?:Options|Answer): ", message.rpartition(f"{self.task.label}: ")[2], maxsplit=1)[0]
        if text in self.known:
            return self.known[text]
        there = ((message.rfind(text) + len(text), len(text), text) for text in self.known if text in message)
        return self.known[last[2]] if (last := max(there, default=None)) else None

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


def _share(*what: object) -> float:
    """A number from 0 to 1 that is the same whenever the same is asked."""
    digest = hashlib.blake2b(repr(what).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def serve(
    port: int, task: str, source: str, right_share: float = 0.5, latency: float = 0.2, unclosed_share: float = 0.0,
    shutdown: str | None = None,
) -> None:  # fmt: skip
    """Serve on this machine until Ctrl-C. Raises SynthError if the port is taken."""
    from synth.questions.find import find_task
    from synth.questions.loading import load

    chosen = find_task(task)
    serve_questions(port, chosen, load(chosen, source), right_share, latency, unclosed_share, shutdown)


def serve_questions(
    port: int, chosen: Task, questions: Iterable[Question], right_share: float = 0.5, latency: float = 0.2,
    unclosed_share: float = 0.0, shutdown: str | None = None,
) -> None:  # fmt: skip
    """The same for questions that were loaded already, from wherever."""
    import typer
    from aiohttp import web

    stand_in = StandIn(chosen, questions, right_share, unclosed_share)
    line = (
        f"a stand-in for a teacher that knows {len(stand_in.known):,} questions of {chosen.name}: give synth distill "
        f"--teacher {NAME} --base-url http://127.0.0.1:{port}/v1; Ctrl-C ends it"
    )
    try:
        web.run_app(
            application(stand_in.reply, latency, shutdown), host="127.0.0.1", port=port, backlog=4096, access_log=None,
            print=lambda *_: typer.echo(line),  # called once the port is open
        )  # fmt: skip
    except OSError as error:
        raise SynthError(f"port {port} cannot be used ({error.strerror or error}): give another --port") from error
