"""Pays for the share of steps that hold, up to the first that does not.

A process reward (Uesato et al. 2022, arXiv 2211.14275; Lightman et al. 2023, arXiv 2305.20050) that is exact, as the
checker of a built dataset works every step out again; of a teacher's prose it is the equations. Range: 0 to 1, the
steps before the first wrong one divided by those that are written, or that the gold rationale has if these are more
(column `steps`). None for a dataset without a checker and a text without equations. How a model is paid for nothing:
by equations that hold and say nothing (2 + 2 = 4), in prose alone. The final answer is another reward's, `accuracy`.
"""

from collections.abc import Sequence
from typing import Any

from synth.rewarding.batch import written
from synth.rewarding.reward import Completion, Reward, Values
from synth.rewarding.steps import steps_of


def steps(completions: Sequence[Completion], **columns: Any) -> Values:
    """The share of steps of each completion that hold."""
    found = [None if row is None else steps_of(row) for row in written("steps", completions, columns)]
    return [None if of is None else of.share for of in found]


REWARD = Reward("steps", steps)
