"""Pays for a rationale all of whose steps hold and lead to its answer; nothing for any other.

The checker of a built dataset works it out again, as `synth judge --judge steps` and the share of right rationales of
`synth eval` do; of a teacher's prose it is the equations. Range: 0 or 1; None as for `steps`. How a model is paid for
nothing: as there; and early in training it is hardly paid at all, for which `steps` is kinder.
"""

from collections.abc import Sequence
from typing import Any

from synth.rewarding.batch import written
from synth.rewarding.reward import Completion, Reward, Values
from synth.rewarding.steps import steps_of


def steps_all(completions: Sequence[Completion], **columns: Any) -> Values:
    """1 if every step of a completion holds."""
    found = [None if row is None else steps_of(row) for row in written("steps_all", completions, columns)]
    return [None if of is None else float(of.whole) for of in found]


REWARD = Reward("steps_all", steps_all)
