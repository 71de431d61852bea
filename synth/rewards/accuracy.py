"""Pays for the right answer, read and compared as `synth distill` and `synth eval` do.

The reward of reinforcement learning with verifiable answers (Lambert et al. 2024, arXiv 2411.15124; DeepSeek-AI 2025,
arXiv 2501.12948). Range: 0 or 1; None for a row without a gold answer. A reply that commits to no answer, or to two,
is wrong. How a model is paid for nothing: by guessing, where answers are few (`format` and `steps` beside it say more);
by answering without any reasoning. A reply that the length limit cut off is wrong unless it had closed before.
"""

from collections.abc import Sequence
from typing import Any

from synth.rewarding.batch import written
from synth.rewarding.reward import Completion, Reward, Values


def accuracy(completions: Sequence[Completion], **columns: Any) -> Values:
    """1 if the answer of a completion is the gold one, in the column `answer`."""
    return [None if row is None else float(row.right) for row in written("accuracy", completions, columns)]


REWARD = Reward("accuracy", accuracy)
