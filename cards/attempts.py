"""What a distillation took, question by question: counted from attempts.jsonl, which has every reply of the teacher."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson

from synth.cards.markdown import share, table
from synth.data.names import ATTEMPTS
from synth.errors import FolderError

RIGHT = "right"
# How a question came out, the words for it in the order of the table.
FIRST, LATER, HINTED, NEVER = (
    "right at the first attempt", "right at a later one", "right with the answer as a hint", "never right",
)  # fmt: skip


@dataclass
class Attempts:
    """Counts of all replies, those that were not kept included."""

    count: int = 0
    questions: Counter[str] = field(default_factory=Counter)  # how they came out
    outcomes: Counter[str] = field(default_factory=Counter)  # of attempts
    tokens: Counter[str] = field(default_factory=Counter)

    def yields(self) -> str:
        """A table of how questions came out; "" if answers were not compared with right ones."""
        asked = self.questions.total()
        if not self.outcomes[RIGHT]:
            return ""
        rows = [(name, self.questions[name]) for name in (FIRST, LATER, HINTED, NEVER) if self.questions[name]]
        return table(["questions", "count", "share"], [[name, f"{n:,}", share(n, asked)] for name, n in rows])

    def lines(self) -> Iterator[list[str]]:
        """Names and counts for a table: how questions came out, of attempts what came of them, and tokens."""
        asked = self.questions.total()
        for name in (FIRST, LATER, HINTED, NEVER) if self.outcomes[RIGHT] else ():
            if self.questions[name]:
                yield [f"questions {name}", f"{self.questions[name]:,} ({share(self.questions[name], asked)})"]
        yield ["attempts", f"{self.count:,}"]
        for outcome, count in self.outcomes.most_common():
            yield [outcome, f"{count:,}"]
        for name, count in self.tokens.items():
            yield [name.replace("_", " "), f"{count:,}"]

    def figures(self) -> dict[str, Any]:
        """The same for a script; `questions`: how they came out, if answers were compared with right ones."""
        told = {name: self.questions[name] for name in (FIRST, LATER, HINTED, NEVER)} if self.outcomes[RIGHT] else {}
        return {"attempts": self.count, "questions": told, "outcomes": dict(self.outcomes), **self.tokens}

    def failures(self) -> str:
        """Attempts that were not right by what was the matter: 14 `wrong`, 9 `no_answer`."""
        wrong = [(name, count) for name, count in self.outcomes.most_common() if name not in (RIGHT, "answered")]
        return ", ".join(f"{count:,} `{name}`" for name, count in wrong)


def read_attempts(folder: Path) -> Attempts | None:
    """The counts of a folder; None if no attempts lie in it. Raises FolderError for a line that cannot be read."""
    path = folder / ATTEMPTS
    if not path.is_file():
        return None
    counts = Attempts()
    for _, group in groupby(_lines(path), key=lambda attempt: attempt.get("id")):
        attempts = list(group)
        for attempt in attempts:
            counts.count += 1
            counts.outcomes[_outcome(attempt)] += 1
            for name in ("prompt_tokens", "completion_tokens"):
                told = attempt.get(name)
                counts.tokens[name] += told if isinstance(told, int) else 0
        counts.questions[_came_out(attempts)] += 1
    return counts


def _lines(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                attempt = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise FolderError(f"{path} line {number} cannot be read: {error}") from error
            if not isinstance(attempt, dict):
                raise FolderError(f"{path} line {number} cannot be read: it is no attempt")
            yield attempt


def _outcome(attempt: Mapping[str, Any]) -> str:
    """As rejected.jsonl tells it: a right answer without reasons is `empty`."""
    outcome = str(attempt.get("outcome"))
    return "empty" if outcome == RIGHT and not attempt.get("rationale") else outcome


def _came_out(attempts: Iterable[Mapping[str, Any]]) -> str:
    right = [attempt for attempt in attempts if _outcome(attempt) == RIGHT]
    if not right:
        return NEVER
    own = [attempt for attempt in right if not attempt.get("hinted")]
    if not own:
        return HINTED
    return FIRST if own[0].get("attempt") == 1 else LATER
