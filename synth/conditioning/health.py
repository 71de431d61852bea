"""What a round came to, and what goes wrong with rewards: tokens that steer nothing, a model that collapses.

Steering is measured on held rows, written with the settings of sampling under the best, random and worst tokens: best
minus worst says whether a token means anything to the model. Greedy decoding would hide it.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from synth.conditioning.folder import Line
from synth.statistics.intervals import interval

WAYS = ("best", "random", "worst")
# Shares at which a model has collapsed: texts that come to an answer, rationales that are different, and empty ones.
READ, SAME, EMPTY = 0.1, 0.1, 0.5
FEW = 20  # texts from which on that can be told

Figures = Mapping[str, Any]


def texts(lines: Sequence[Line], written: int) -> dict[str, Any]:
    """What is told of some texts. written: how many there were, with those that came to no answer."""
    said = [" ".join(line.rationale.split()) for line in lines]
    names = list(lines[0].scores) if lines else []
    return {
        "texts": written,
        "read": len(lines),
        "rewards": {name: interval([line.scores[name] for line in lines]) for name in names},
        "none": {name: sum(line.scores[name] is None for line in lines) for name in names},
        "words": _mean([len(text.split()) for text in said]),
        "tokens": sum(line.tokens for line in lines),
        "different": len(set(said)) / len(said) if said else None,
        "empty": sum(not text for text in said) / len(said) if said else None,
    }


def _mean(numbers: Sequence[float]) -> float | None:
    return sum(numbers) / len(numbers) if numbers else None


def steering(ways: Mapping[str, Figures]) -> dict[str, dict[str, float | None]]:
    """Of each reward its mean under the best, random and worst tokens, and best minus worst with the ends of its 95%
    interval, `low` and `high`."""
    found = {}
    for name in ways["best"]["rewards"]:
        of = {way: figures["rewards"].get(name) for way, figures in ways.items()}
        means = {way: figure and figure["value"] for way, figure in of.items()}
        found[name] = {**means, **_apart(of["best"], of["worst"])}
    return found


def _apart(best: Any, worst: Any) -> dict[str, float | None]:
    """The difference of two means of other texts; the halves of their intervals add as squares."""
    if not best or not worst:
        return {"best_minus_worst": None, "low": None, "high": None}
    apart = best["value"] - worst["value"]
    half = math.hypot(*((one["high"] - one["low"]) / 2 for one in (best, worst)))
    return {"best_minus_worst": apart, "low": apart - half, "high": apart + half}


def collapse(found: Figures) -> str:
    """Why the texts of a round are nothing to learn from, in words; "" if they are."""
    sampled = found["sampled"]
    if sampled["texts"] < FEW:
        return ""
    if sampled["read"] < READ * sampled["texts"]:
        return f"only {sampled['read']:,} of {sampled['texts']:,} texts come to an answer"
    if sampled["different"] is not None and sampled["different"] < SAME:
        return f"only {sampled['different']:.0%} of its rationales are different"
    if sampled["empty"] is not None and sampled["empty"] > EMPTY:
        return f"{sampled['empty']:.0%} of its rationales are empty"
    return ""


def warnings(found: Figures, before: Figures | None) -> Iterator[str]:
    """What is wrong with a round, and what to do."""
    for name, bins in found["bins"].items():
        used = sum(edge is not None for edge in bins["edges"])
        if used < 2:
            yield f"all scores of {name} are equal, so that its tokens say nothing: leave it out, or mend the reward"
        elif used < len(bins["edges"]):
            all_of = len(bins["edges"])
            yield f"scores of {name} are equal: {used} of {all_of} bins have any; --bins {used} loses nothing"
    for name, of in (found.get("steering") or {}).items():
        if name in found["paid"] and of.get("low") is not None and of["low"] <= 0:
            yield (
                f"the tokens of {name} steer nothing that could be told from chance: best minus worst is "
                f"{of['best_minus_worst']:+.3f} ({of['low']:+.3f} to {of['high']:+.3f}); the start model may not be "
                "able to do better and worse yet: fine-tune it longer, raise --sample-every, or give more --steer-rows"
            )
    if before is not None:
        yield from _hacked(found, before)


def _hacked(found: Figures, before: Figures) -> Iterator[str]:
    """An audit that falls while what is paid for rises."""
    now, then = found["sampled"]["rewards"], before["sampled"]["rewards"]
    risen = [name for name in found["paid"] if _less(then.get(name), now.get(name))]
    for name in found["audit"]:
        if risen and _less(now.get(name), then.get(name)):
            yield (
                f"{name} falls ({then[name]['value']:.3f} to {now[name]['value']:.3f}) while {', '.join(risen)} rises: "
                "the model may be paid for nothing; read some rows, or raise --kl"
            )


def _less(one: Any, other: Any) -> bool:
    """Whether one mean is below another one beyond both intervals."""
    return bool(one and other and one["high"] < other["low"])


def line(found: Figures) -> str:
    """What a round came to, on a line."""
    sampled, trained = found["sampled"], found["trained"]
    means = ", ".join(f"{name} {of['value']:.3f}" for name, of in sampled["rewards"].items() if of)
    steered = [
        f"{name} {of['best_minus_worst']:+.2f}{_ends(of)}"
        for name, of in (found.get("steering") or {}).items()
        if name in found["paid"] and of["best_minus_worst"] is not None
    ]
    near = "" if trained.get("kl") is None else f", KL {trained['kl']:.3f}"
    parts = [
        f"{sampled['read']:,} of {sampled['texts']:,} texts: {means}" if sampled["texts"] else "no texts of its own",
        f"{found['pool']['rows']:,} rows, {trained['steps']:,} steps, loss {trained['loss']:.4f}{near}",
        *([f"best minus worst {', '.join(steered)}"] if steered else []),
        *([f"{held['value']:.1%} of {held['n']:,} held-out rows right"] if (held := found["held"]["accuracy"]) else []),
    ]
    return f"round {found['round']}: {'; '.join(parts)}"


def _ends(of: Figures) -> str:
    """The ends of an interval; rounds of older releases have none."""
    return "" if of.get("low") is None else f" ({of['low']:+.2f} to {of['high']:+.2f})"
