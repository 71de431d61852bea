"""What judging will cost: `synth judge --dry-run`. Nothing is asked and nothing is written."""

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from synth.data.verdict import REWARD
from synth.judging.asking import Panel
from synth.record import Record
from synth.teachers.meter import Meter
from synth.teachers.store import RequestStore

COUNTS = ("rows", "asked", "scored", "requests", "prompt_tokens")  # that add up over datasets
GUESS_TOKENS = 200  # of a reply: a short analysis and a verdict


@dataclass(frozen=True)
class Estimate:
    """Rows, requests, tokens and dollars of a run that has not begun."""

    judge: str
    model: str | None  # None: no model is asked
    rows: int = 0  # to be judged in all
    asked: int = 0  # rows that a model would be asked about, as the request store has no reply
    scored: int = 0  # rows whose verdicts are in the file of verdicts
    requests: int = 0  # one for each vote, without what the request store holds
    prompt_tokens: int = 0  # of these requests together, estimated from their texts
    max_tokens: int = 0  # of a reply
    most: float | None = None  # dollars, every reply as long as it may be; None: the price is not known
    likely: float | None = None  # dollars, every reply of GUESS_TOKENS

    def __str__(self) -> str:
        if self.judge.startswith(REWARD):
            return f"{self.rows:,} rows to score with {self.judge}"
        if self.model is None:
            return f"{self.rows:,} rows; {self.judge} asks no model, so nothing is paid"
        known = f", {self.scored:,} have their verdicts" if self.scored else ""
        line = (
            f"{self.rows:,} rows{known}, {self.asked:,} to ask about: {self.requests:,} requests, "
            f"{self.prompt_tokens:,} prompt tokens (estimated), {self.model}"
        )
        if self.most is None or self.likely is None:
            return f"{line}: its price is unknown; give --price PROMPT,COMPLETION in dollars for a million tokens"
        return (
            f"{line}\nat most  {_dollars(self.most)}: every reply {self.max_tokens} tokens\n"
            f"probably {_dollars(self.likely)}: {min(GUESS_TOKENS, self.max_tokens)} tokens a reply"
        )


def total(estimates: Sequence[Estimate]) -> Estimate:
    """What several datasets cost together."""
    sums: dict[str, Any] = {name: sum(getattr(each, name) for each in estimates) for name in COUNTS}
    known = all(each.most is not None for each in estimates)
    for name in ("most", "likely"):
        sums[name] = sum(getattr(each, name) for each in estimates) if known else None
    return replace(estimates[0], **sums)


def _dollars(amount: float) -> str:
    return f"${amount:,.2f}" if amount >= 1 else f"${amount:.4f}"


async def estimate(panel: Panel, rows: int, left: Iterable[Record], cache: Path) -> Estimate:
    """What it costs to ask about the rows that are left, of so many."""
    meter = Meter(panel.teacher)
    to_ask = about = requests = tokens = 0
    most = 0.0
    with RequestStore(cache) if cache.is_file() else nullcontext() as store:
        for record in left:
            to_ask += 1
            new = [request for request in panel.requests(record) if store is None or store.find(request) is None]
            about += bool(new)
            requests += len(new)
            tokens += sum(map(meter.prompt_estimate, new))
            most += sum(map(meter.most, new))
    likely = panel.teacher.cost(tokens, requests * min(GUESS_TOKENS, panel.max_tokens))
    return Estimate(
        panel.judge.name, panel.teacher.name, rows, about, rows - to_ask, requests, tokens, panel.max_tokens,
        None if likely is None else most, likely,
    )  # fmt: skip
