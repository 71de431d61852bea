"""How far two judges agree beyond chance: Cohen's kappa.

Cohen, J. (1960). A coefficient of agreement for nominal scales. Educational and Psychological Measurement 20(1), 37-46:
kappa = (p_o - p_e) / (1 - p_e), with p_o the share of things that both put into one category, and p_e what it would be
if each gave its own categories as often as it does, but without looking.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Agreement:
    """Two judges over the things that both scored."""

    n: int
    share: float  # on which they say the same
    kappa: float | None  # from -1 to 1; None if both gave one and the same category throughout


def agreement(pairs: Mapping[tuple[str, str], int]) -> Agreement | None:
    """The agreement of two judges; None if nothing was scored by both.

    pairs: category of the first and of the second judge -> how often they met.
    """
    n = sum(pairs.values())
    if not n:
        return None
    first, second = Counter[str](), Counter[str]()
    for (one, other), count in pairs.items():
        first[one] += count
        second[other] += count
    same = sum(count for (one, other), count in pairs.items() if one == other)
    chance = sum(first[category] * second[category] for category in first)  # of n * n
    kappa = None if chance == n * n else (same * n - chance) / (n * n - chance)
    return Agreement(n, same / n, kappa)
