"""Has a model judge rows: what it is asked, and what its replies say.

A judge reads no thoughts: those in a row are not shown to it, and those of its own reply hold no verdict. A reply that
was cut off or withheld holds none either.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from synth.answers.finish import end_of
from synth.answers.turns import own_turn, split_thinking
from synth.answers.verdicts import choice
from synth.base.terminal import Say
from synth.data.verdict import Asking, Judge, Verdict, majority
from synth.data.verdicts import digest
from synth.errors import SynthError
from synth.judging.shown import behind
from synth.record import Record
from synth.shots.draw import Shots
from synth.teachers.asker import Asker, StopAskingError
from synth.teachers.catalogue import Teacher
from synth.teachers.client import RefusedError, UnanswerableError
from synth.teachers.exchange import Reply, Request

Rows = Iterable[tuple[tuple[str, int], Record]]
NOTHING = "the row has no rationale, or nothing that this judge asks about"


@dataclass(frozen=True)
class Panel:
    """A judge that asks a model, and the model that it asks."""

    judge: Judge
    by: Asking
    teacher: Teacher
    votes: int
    max_tokens: int
    shots: Shots | None = None  # demonstrations

    def requests(self, record: Record) -> list[Request]:
        """One for each vote; further votes have to be able to differ. None if there is nothing to ask."""
        messages = tuple(dict(message) for message in self.by.messages(without_thoughts(record)))
        if not messages:
            return []
        if self.shots is not None:
            shown = [without_thoughts(shot) for shot in self.shots.of(record)]
            messages = tuple(behind(self.by, self.judge, shown, messages, self.shots.how))
        settings = [self.teacher.sampling(self.max_tokens, 0.7 if vote else 0.0) for vote in range(self.votes)]
        return [Request(self.teacher.model, messages, sampling, vote + 1) for vote, sampling in enumerate(settings)]

    def asked(self, record: Record) -> str:
        """A hash of what the model is asked: of all but the longest reply."""
        return digest([request.kin() for request in self.requests(record)])

    async def verdict(self, record: Record, asker: Asker) -> Verdict:
        """Raises StopAskingError once asking was stopped."""
        votes = [await self._vote(request, asker) for request in self.requests(record)]
        if not votes:
            return Verdict(self.judge.name, None, "", NOTHING)
        return majority(self.judge.name, votes)

    async def _vote(self, request: Request, asker: Asker) -> Verdict:
        try:
            reply = await asker.ask(request)
        except RefusedError as error:
            return Verdict(self.judge.name, None, "", f"refusal: {error}")
        except UnanswerableError as error:
            return Verdict(self.judge.name, None, "", str(error))
        return self.read(reply)

    def read(self, reply: Reply) -> Verdict:
        """What a reply says."""
        shown, thought = split_thinking(reply.text or "")
        shown = own_turn(shown).strip()
        if why := _unread(reply, shown, bool(thought), self.max_tokens):
            return Verdict(self.judge.name, None, "" if reply.only_thought else shown, why)
        if self.by.parse is None:
            found = choice(shown, self.judge.menu)
            return Verdict(self.judge.name, found.verdict, shown, found.why)
        verdict = self.by.parse(shown)
        none = f"none of {', '.join(self.judge.menu)} is its verdict"
        if verdict.verdict is None:
            return verdict if verdict.why else replace(verdict, why=none)
        return verdict if verdict.verdict in self.judge.menu else Verdict(self.judge.name, None, shown, none)


def _unread(reply: Reply, shown: str, thought: bool, max_tokens: int) -> str:
    """Why a reply is not looked at; "" if it is."""
    end, reason = end_of(reply.finish_reason), reply.finish_reason
    if end == "cut":
        return f"the reply was cut off ({reason}): give more than --max-tokens {max_tokens}"
    if end != "whole":
        return f"the reply was {'withheld' if end == 'filtered' else 'broken off'} ({reason})"
    if reply.only_thought or (not shown and (thought or reply.thinking)):
        return "the reply holds thoughts only"
    return ""


def without_thoughts(record: Record) -> Record:
    """The row without what was thought before its rationale was written."""
    provenance = record.provenance
    if provenance and "thinking" in provenance:
        provenance = {name: value for name, value in provenance.items() if name != "thinking"}
    rationale, completion = (split_thinking(text)[0] for text in (record.rationale, record.completion))
    return replace(record, provenance=provenance, rationale=rationale, completion=completion)


async def ask_all(
    asker: Asker, panel: Panel, rows: Rows, most: int, settled: Callable[[tuple[str, int], Record, Verdict], None]
) -> None:
    """Have rows judged in their order, as many at a time as requests may be in flight; `settled` hears each verdict.

    most: rows at a time at most.
    """
    waiting: Iterator[tuple[tuple[str, int], Record]] = iter(rows)

    async def work() -> None:
        for place, record in waiting:
            try:
                settled(place, record, await panel.verdict(record, asker))
            except StopAskingError:
                return
            except SynthError as error:
                asker.stop(str(error))
                raise

    await asker.workers.run(work, most)


def told(asker: Asker, say: Say) -> None:
    """Say what was used, and why asking stopped early."""
    say(asker.meter.line(f"; stopped early: {asker.why}" if asker.stopping else ""))
