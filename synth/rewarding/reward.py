"""What a reward is: a plain function over a batch of completions, which trainers learn from.

    def brief(completions, **columns):
        return [1.0 if len(text_of(completion)) < 200 else 0.0 for completion in completions]

    REWARD = Reward("brief", brief)

The signature is that of TRL's trainers: everything comes by keyword, `prompts`, `completions` and the columns of the
data set, each a list with one entry a completion, and whatever else the trainer knows, which a reward passes over. It
returns one number a completion, None where it does not apply. A module in synth/rewards/ ends with its REWARD; its
docstring says where the reward comes from, its range, and how a model can be paid for nothing.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from synth import registry
from synth.base.own import run_file
from synth.errors import UsageError
from synth.rewarding.values import Call

Completion = str | Sequence[dict[str, Any]]  # a text, or the turns that a model wrote
Values = list[float | None]


class Function(Protocol):
    """A function in TRL's signature."""

    def __call__(self, completions: Sequence[Completion], **columns: Any) -> Values: ...


@dataclass(frozen=True)
class Reward:
    """A reward with its range. Trainers of other libraries take the function alone, which is `by`."""

    name: str
    by: Function
    least: float = 0.0
    most: float = 1.0
    # what stands behind its name and a colon, `plausibility:steps` -> that reward; None: nothing may stand there
    of: "Callable[[str], Reward] | None" = None
    # looks whether it can score at all, before anything long runs: raises SynthError, one line with what to type; None:
    # it needs nothing, no model above all
    ready: Callable[[], None] | None = None
    asks: tuple[str, ...] = ()  # models, by their folders or names: with other weights it pays otherwise

    def __call__(self, completions: Sequence[Completion], **columns: Any) -> Values:
        """What the function returns, looked at: one number or None for each completion.

        Raises UsageError, with the name, the row and what came, for a function that raises or returns anything else;
        a row is known by the column `id`, else by its place from 0.
        """
        return Call(self.name, self.by, completions, columns).values(self.least, self.most)


def find(name_or_path: str) -> Reward:
    """The reward of a name, of a user's own .py file that ends with REWARD, or of a function in one: `mine.py:brief`.

    A name may have more behind a colon, which the reward itself reads: `plausibility:steps`. Raises UnknownNameError,
    which lists the names, and UsageError for a file without such a reward, or for what it cannot read.
    """
    path, _, function = name_or_path.rpartition(":")
    if function.isidentifier() and path.endswith(".py"):
        by = vars(run_file(Path(path))).get(function)
        if not callable(by):
            raise UsageError(f"{path} has no function {function}: give FILE.py:FUNCTION")
        return Reward(function, by, float("-inf"), float("inf"))
    if name_or_path.endswith(".py"):
        return registry.said(run_file(Path(name_or_path)), Reward, name_or_path)
    name, colon, more = name_or_path.partition(":")
    reward = registry.contract("rewards", name, Reward)
    if not colon:
        return reward
    if reward.of is None:
        raise UsageError(f"reward {name_or_path}: {name} takes nothing behind a colon: give {name} alone")
    return reward.of(more)


def find_all(names: Sequence[str]) -> list[Reward]:
    """Several rewards of one call, in their order; each has a name of its own, by which its values are known.

    Raises what `find` does, and UsageError for names that repeat.
    """
    found: dict[str, tuple[str, Reward]] = {}
    for given in names:
        reward = find(given)
        if reward.name in found:
            raise UsageError(_twice(reward.name, found[reward.name][0], given))
        found[reward.name] = given, reward
    return [reward for _, reward in found.values()]


def _twice(name: str, first: str, second: str) -> str:
    if first == second:
        return f"--reward {second} is given twice: give it once"
    return f"--reward {first} and --reward {second} are both called {name}: give another name to one of them"


def last_part(path: str) -> str:
    """The last part of a folder or a model's name in letters, digits, - and _, of which a reward's name may be made."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", path.rstrip("/").rpartition("/")[2])
