"""What synth.json says of shards that were put together: what it would say of one run, and the sum of what was paid."""

import math
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from synth.distilling.paid import FRACTIONS
from synth.merging.shards import Part


def facts_of(parts: Sequence[Part], splits: Mapping[str, Any], rejected: Mapping[str, int]) -> dict[str, Any]:
    """The manifest without its files. splits: what it says of each; rejected: questions by the reason."""
    first = parts[0].manifest
    each = [part.manifest for part in parts]
    known = {
        "command": _without_shard(first["command"]),
        **parts[0].recipe,
        "questions": sum(manifest["questions"] for manifest in each),
        "splits": dict(splits),
        "rejected": dict(rejected),
        "repeating": sum(manifest["repeating"] for manifest in each),
        "left_out": sorted({name for manifest in each for name in manifest["left_out"]}),
        "paid": _paid([manifest["paid"] for manifest in each]),
        "versions": {name: _all(manifest["versions"][name] for manifest in each) for name in first["versions"]},
        **({"vote": _summed(manifest["vote"] for manifest in each)} if "vote" in first else {}),
    }
    return {name: known.get(name, said) for name, said in first.items() if name != "files"}


def _without_shard(command: str) -> str:
    words = shlex.split(command)
    at = words.index("--shard")
    return shlex.join(words[:at] + words[at + 2 :])


def _paid(each: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What all of them took together: `seconds` are those of all runs, as of one that was begun several times."""
    first = each[0]
    dollars = [paid["dollars"] for paid in each]
    known: dict[str, Any] = {name: sum(paid[name] for paid in each) for name in first if isinstance(first[name], int)}
    known["base_url"] = _all(url for paid in each for url in paid["base_url"].split(", "))
    known["dollars"] = None if None in dollars else round(math.fsum(dollars), FRACTIONS)
    known["seconds"] = round(math.fsum(paid["seconds"] for paid in each), 1)
    servers = _summed(paid.get("servers", {}) for paid in each)
    return {**{name: known[name] for name in first}, **({"servers": dict(sorted(servers.items()))} if servers else {})}


def _summed(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(total)


def _all(texts: Iterable[str]) -> str:
    """What all say, in one text, each word of it once."""
    return ", ".join(dict.fromkeys(texts))
