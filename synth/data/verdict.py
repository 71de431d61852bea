"""What a judge is, and what it says of a row.

A judge is a module in judges/ that ends with JUDGE = Judge(...), or a user's own Python file that does.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from synth import registry
from synth.base.own import run_file
from synth.record import Record

REWARD = "reward:"  # what the name of a judge begins with that is a reward and gives numbers
SCORED = "scored"  # its verdict; the number is the score
NUMBER = re.compile(r"-?\d{1,6}(?:\.\d{1,6})?")


@dataclass(frozen=True, slots=True)
class Verdict:
    """One judge's verdict on one row; a word that is not on its menu is unscored (None), which is not a no."""

    judge: str  # answer, steps, equations, rubric
    verdict: str | None  # one of the judge's menu; None: unscored, or the judge does not apply to this row; SCORED
    detail: str = ""  # what exactly: which equation, which step, what the model said
    why: str = ""  # it is unscored: cut off, no verdict in it, several
    number: float | None = None  # of a verdict that is SCORED

    @property
    def score(self) -> float | None:
        """The number that a reward gave, or the verdict of a scale, whose menu is numbers, as one."""
        if self.number is not None:
            return self.number
        return float(self.verdict) if self.verdict and NUMBER.fullmatch(self.verdict) else None

    def in_words(self) -> str:
        """What a row's provenance keeps: the detail, behind why there is no verdict."""
        return ": ".join(part for part in (self.why, self.detail) if part)


class Work(Protocol):
    """Works a row out. `known` is what the checker of a built dataset has to know of the folder, by name."""

    def __call__(self, record: Record, **known: Any) -> Verdict: ...


@dataclass(frozen=True)
class Asking:
    """Asks a model about a row, through the store, limits and budget of `synth distill`."""

    messages: Callable[[Record], Sequence[Mapping[str, str]]]  # what the model is asked, as a chat; empty: nothing
    parse: Callable[[str], Verdict] | None = (
        None  # what its reply says; None: the verdict of the menu that it closes with
    )


@dataclass(frozen=True)
class Scoring:
    """Gives numbers to many rows at once, as a reward does."""

    # (rows, synth.json of their folder): a number each, None if it does not apply. Raises UsageError, with the row.
    scores: Callable[[Sequence[Record], Mapping[str, Any]], Sequence[float | None]]
    decides: str = ""  # what decides the numbers beside the row: another one, and rows are scored anew


@dataclass(frozen=True)
class Noted:
    """Takes what people said of rows, from the file of this name beside them."""

    file: str


@dataclass(frozen=True)
class Judge:
    """Who judges rows."""

    name: str
    menu: tuple[str, ...]  # its verdicts; the last one is the bad one; SCORED alone of one that gives numbers
    by: Work | Asking | Scoring | Noted  # a function of the row, a model that is asked, a function of many rows, people
    of: Literal["rows", "errors"] = "rows"  # of a dataset; or what one evaluation got wrong and another right


def find(name_or_path: str) -> Judge:
    """The judge of a name, or of a user's own .py file.

    Raises UnknownNameError, which lists the names, and UsageError for a file without JUDGE.
    """
    path = Path(name_or_path)
    if path.suffix == ".py":
        return registry.said(run_file(path), Judge, name_or_path)
    return registry.contract("judges", name_or_path, Judge)


def majority(judge: str, verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict that most votes have, in the words of the first of them; unscored votes count for nothing, a tie is
    unscored."""
    counts = Counter(verdict.verdict for verdict in verdicts if verdict.verdict is not None)
    first = counts.most_common(2)
    if not first or (len(first) > 1 and first[0][1] == first[1][1]):
        said = ", ".join(f"{count} {name}" for name, count in first)
        if said or not verdicts:
            return Verdict(judge, None, f"tie: {said}" if said else "", "the votes are tied" if said else "")
        return Verdict(judge, None, verdicts[0].detail, verdicts[0].why)
    return next(verdict for verdict in verdicts if verdict.verdict == first[0][0])
