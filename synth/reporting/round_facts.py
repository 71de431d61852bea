"""What runs of rounds came to, for report.json: a setting each, with the seeds of one setting put together."""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from synth.reporting.loops import Loop
from synth.reporting.seeds import grouped, mean, of_seeds, part, together

Figures = Mapping[str, Any]
WAYS = ("best", "random", "worst")
STEERED = "best_minus_worst"


def told(runs: Sequence[Loop]) -> list[dict[str, Any]]:
    """A setting each: title, seeds, layout, rewards, rounds. Figures of seeds are means."""
    return [_setting(title, members) for title, members in grouped(runs).items()]


def _setting(title: str, members: Sequence[Loop]) -> dict[str, Any]:
    first = members[0].facts
    longest = max(len(loop.iterations) for loop in members)
    rounds = [_round([loop.iterations[n] for loop in members if n < len(loop.iterations)], n) for n in range(longest)]
    names = dict.fromkeys(name for one in rounds for name in (*one["rewards"], *one["steering"]))
    audit = [name for name in _named(members, "audit") if name in names]
    rewards = [name for name in names if name not in audit]
    steered = [name for name in names if any(name in one["steering"] for one in rounds)]
    bests = [(loop.facts.get("mario") or {}).get("best") for loop in members]
    found = {
        "title": title, "runs": [loop.name for loop in members], "seeds": [loop.facts.get("seed") for loop in members],
        "complete": all(loop.facts.get("complete") for loop in members), "layout": _layout(first),
        "rewards": rewards, "audit": audit, "steered": steered, "best": bests, "rounds": rounds,
        "collapsed": [text for loop in members if (text := (loop.facts.get("mario") or {}).get("collapsed"))],
    }  # fmt: skip
    return {**found, "said": said(found)}


def _named(members: Sequence[Loop], kind: str) -> dict[str, None]:
    """The rewards of a kind, as the rounds have them."""
    return dict.fromkeys(name for loop in members for one in loop.iterations for name in one.get(kind) or [])


def _layout(facts: Figures) -> str:
    """What the user gave, or the tokens show; presets have the classic one."""
    return str((facts.get("config") or {}).get("layout") or "classic")


def _round(seeds: Sequence[Figures], number: int) -> dict[str, Any]:
    """The figures of a round, means over the seeds that have it; None for what was not measured."""
    paid = dict.fromkeys(name for one in seeds for name in part(one, lambda one: list(one["sampled"]["rewards"])) or [])
    steered = dict.fromkeys(name for one in seeds for name in one.get("steering") or {})
    return {
        "number": number, "seeds": len(seeds),
        "texts": mean(seeds, lambda one: one["sampled"]["texts"]),
        "read": mean(seeds, lambda one: one["sampled"]["read"]),
        "rewards": {name: figure for name in paid if (figure := _reward(seeds, name))},
        "different": mean(seeds, lambda one: one["sampled"]["different"]),
        "empty": mean(seeds, lambda one: one["sampled"]["empty"]),
        "words": mean(seeds, lambda one: one["sampled"]["words"]),
        "pool": mean(seeds, lambda one: one["pool"]["rows"]),
        "teacher": mean(seeds, lambda one: one["pool"]["teacher"]),
        "steps": mean(seeds, lambda one: one["trained"]["steps"]),
        "loss": mean(seeds, lambda one: one["trained"]["loss"]),
        "kl": mean(seeds, lambda one: one["trained"]["kl"]),
        "entropy": mean(seeds, lambda one: one["trained"]["entropy"]),
        "steering": {name: _steering(seeds, name) for name in steered},
        "spread": {name: mean(seeds, lambda one, name=name: one["pool"]["spread"][name]) for name in steered},  # type: ignore[misc]
        "accuracy": together([part(one, lambda one: one["held"]["accuracy"]) for one in seeds]),
        "seconds": mean(seeds, lambda one: sum(one["seconds"].values())),
    }  # fmt: skip


def _reward(seeds: Sequence[Figures], name: str) -> dict[str, Any] | None:
    return together([part(one, lambda one: one["sampled"]["rewards"][name]) for one in seeds])


def _steering(seeds: Sequence[Figures], name: str) -> dict[str, float | None]:
    """Means under each kind of token, and best minus worst with the ends of its interval, `low` and `high`."""
    of = [part(one, lambda one: one["steering"][name]) or {} for one in seeds]
    return {way: mean(of, itemgetter(way)) for way in (*WAYS, STEERED, "low", "high")}


def apart(of: Figures | None) -> str:
    """Best minus worst with its 95% interval, as a part of a line; "-" of what was not measured."""
    if of is None or of[STEERED] is None:
        return "-"
    ends = "" if of["low"] is None else f" ({of['low']:+.3f} to {of['high']:+.3f})"
    return f"{of[STEERED]:+.3f}{ends}"


def said(setting: Figures) -> list[str]:
    """What it came to, in sentences: the last round's texts beside the first ones, and what its tokens steer."""
    done = setting["rounds"][1:]
    wrote = [one for one in done if one["rewards"]]
    sentences = []
    if len(wrote) > 1:
        shown = [
            _change(name, wrote) for name in (*setting["rewards"], *setting["audit"]) if name in wrote[-1]["rewards"]
        ]
        sentences.append(
            f"{setting['title']}: from round {wrote[0]['number']} to {wrote[-1]['number']} the mean of new texts goes: "
            f"{'; '.join(filter(None, shown))} ({of_seeds(len(setting['seeds']))})."
        )
    if steered := done[-1]["steering"]:
        means = [f"{name} {apart(of)}" for name, of in steered.items() if of[STEERED] is not None]
        sentences.append(f"{setting['title']}: best minus worst tokens after the last round: {', '.join(means)}.")
    return sentences + [f"{setting['title']}: the run ended early: {why}." for why in setting["collapsed"]]


def _change(name: str, rounds: Sequence[Figures]) -> str:
    then, now = rounds[0]["rewards"].get(name), rounds[-1]["rewards"][name]
    if then is None:
        return ""
    apart = now["low"] > then["high"] or now["high"] < then["low"]
    return f"{name} {then['value']:.3f} to {now['value']:.3f}{'' if apart else ' (no difference can be told)'}"
