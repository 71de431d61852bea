"""Rewards as verl calls them: one completion at a time, what the row says in `extra_info`.

verl is given this file and the name of the function:

    custom_reward_function.path=.../synth/rewarding/verl.py custom_reward_function.name=compute_score

Signature as verl 0.7 has it ("Implement Reward Function for Dataset" in its documentation).
"""

from collections.abc import Mapping
from typing import Any

from synth.rewarding.reward import find


def compute_score(
    data_source: str,
    solution_str: str,
    ground_truth: str,
    extra_info: Mapping[str, Any] | None = None,
    reward: str | None = None,
    **_: Any,
) -> float:
    """The reward of a completion; 0 if it does not apply, for which verl has no word.

    reward: which, in place of the one that the row names (`custom_reward_function.reward_kwargs.reward=format`).
    Raises UsageError for a reward that does not exist, or a row that lacks what it needs.
    """
    said = {name: [value] for name, value in (extra_info or {}).items() if value is not None}
    columns = {"task": [data_source], **said, "answer": [ground_truth]}
    (name,) = said.get("reward", ["accuracy"])
    (value,) = find(reward or str(name))([solution_str], **columns)
    return value or 0.0
