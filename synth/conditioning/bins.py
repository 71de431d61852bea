"""From scores to control tokens: bins of equal share over the whole pool, and which tokens a layout gives a row.

Lu et al. 2022 (Quark), section 2.1; Ramnath et al. 2023 (MaRio), section 3. Their released code sorts the pool and cuts
it by rank, so that equal scores get different tokens by their age; here they share one, unless asked otherwise.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

from synth.conditioning.options import BARE, STAGED, Conditioned
from synth.models.codes import token
from synth.rewarding.reward import Reward

PRODUCT = "product"
Values = Sequence[float | None]


def bins(values: Values, count: int, ties: str = "share") -> list[int | None]:
    """The bin of each value, 0 the best; None stays None. What does not divide goes to the worst bin.

    Equal values share the bin in which the middle one of them falls; the best value is always in the first bin and the
    worst in the last, so that both tokens mean something. ties = "split": each by its rank, the older one first.
    """
    known = sorted((at for at, value in enumerate(values) if value is not None), key=lambda at: -_number(values[at]))
    share = max(1, len(known) // count)
    found: list[int | None] = [None] * len(values)
    for first, last in _groups([values[at] for at in known], ties):
        middle = min((first + last) // 2 // share, count - 1)
        if ties == "share" and last == len(known) - 1:
            middle = count - 1
        for at in known[first : last + 1]:
            found[at] = 0 if ties == "share" and first == 0 else middle
    return found


def _groups(values: Values, ties: str) -> Iterator[tuple[int, int]]:
    """First and last place of each stretch of equal values; each value alone if ties are split."""
    first = 0
    for at in range(1, len(values) + 1):
        if at == len(values) or ties == "split" or values[at] != values[first]:
            yield first, at - 1
            first = at


def _number(value: float | None) -> float:
    return -math.inf if value is None or math.isnan(value) else value


def edges(values: Values, found: Sequence[int | None], count: int) -> list[float | None]:
    """The lowest score of each bin, the best bin first; None of an empty one."""
    lowest: list[float | None] = [None] * count
    for value, at in zip(values, found, strict=True):
        if value is not None and at is not None and (lowest[at] is None or value < _number(lowest[at])):
            lowest[at] = value
    return lowest


def scores_of(
    config: Conditioned, rewards: Sequence[Reward], lines: Sequence[Mapping[str, float | None]]
) -> dict[str, Values]:
    """What is binned: the scores of each reward, or their product."""
    if config.layout == "product":
        return {PRODUCT: [_product(rewards, line) for line in lines]}
    return {reward.name: [line.get(reward.name) for line in lines] for reward in rewards}


def _product(rewards: Sequence[Reward], line: Mapping[str, float | None]) -> float | None:
    """The product of a text's scores, each from 0 to 1 by the range of its reward, if that has one."""
    total = 1.0
    for reward in rewards:
        value = line.get(reward.name)
        if value is None:
            return None
        finite = math.isfinite(reward.least) and math.isfinite(reward.most)
        total *= (value - reward.least) / (reward.most - reward.least) if finite else value
    return total


def counts(config: Conditioned, scores: Mapping[str, Values]) -> dict[str, int]:
    """How many bins each has: two if its scores are 0 or 1 and nothing else."""
    return {
        name: 2 if {value for value in values if value is not None} <= {0.0, 1.0} else config.bins
        for name, values in scores.items()
    }


def in_use(config: Conditioned, names: Sequence[str], number: int) -> list[str]:
    """Whose tokens a round trains with, in the order in which they stand: all, or one more each stage."""
    if config.layout in BARE:
        return []
    if config.layout not in STAGED:
        return list(names)
    length = config.stage_steps or max(1, config.max_steps // len(names))
    stage = min(len(names), 1 + (number - 1) * config.sample_every // length)
    used = list(names[:stage])
    return used[::-1] if config.layout == "additive-left" else used


def codes(used: Sequence[str], found: Mapping[str, Sequence[int | None]], row: int) -> list[str]:
    """The tokens of a row; none for a reward that does not apply to it."""
    return [token(name, at) for name in used if (at := found[name][row]) is not None]


def kept(config: Conditioned, rewards: Sequence[Reward], lines: Sequence[Mapping[str, float | None]]) -> list[bool]:
    """Which texts are learned from at all: with `filter` the right ones, or the better half by the product of rewards
    if accuracy is none of them."""
    if config.layout != "filter":
        return [True] * len(lines)
    if any(reward.name == "accuracy" for reward in rewards):
        return [line.get("accuracy") == 1 for line in lines]
    halves = bins([_product(rewards, line) for line in lines], 2, config.ties)
    return [at == 0 for at in halves]
