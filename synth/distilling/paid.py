"""What was paid for a dataset: every reply that came for it in any of its runs, counted out of the request store."""

from collections.abc import Set
from pathlib import Path
from typing import Any

from synth.base import loops
from synth.teachers.batches import DISCOUNT
from synth.teachers.bodies import load
from synth.teachers.catalogue import Teacher
from synth.teachers.exchange import read_reply_body
from synth.teachers.store import RequestStore

FRACTIONS = 12  # digits of dollars: a token's price is whole in them, and sums are the same in any order


def paid(store: RequestStore, work: str, teacher: Teacher, used: Set[str]) -> dict[str, Any]:
    """What the runs of a work took.

    used: keys of the replies that stand in attempts.jsonl. `unused` are answers that were paid for and stand nowhere
    else; they lie in the store, and the same questions asked again take them from there. `dollars` is None where prices
    are not known. `servers`, of a fleet, says how many answers came from each. `seconds` are those of all runs, from
    the beginning of each to its last reply.
    """
    requests = prompt = completion = 0
    dollars: float | None = 0.0
    answered = set()
    for key, status, _, body in store.paid(work):
        requests += 1
        loaded = load(body)
        reply = read_reply_body(loaded) if isinstance(loaded, dict) else None
        if reply is None:
            continue
        prompt, completion = prompt + reply.prompt_tokens, completion + reply.completion_tokens
        cost = teacher.cost(reply.prompt_tokens, reply.completion_tokens)
        dollars = None if cost is None or dollars is None else dollars + cost * (DISCOUNT if "batch" in loaded else 1)
        if status == 200:
            answered.add(key)
    return {
        "base_url": ", ".join((teacher.base_url, *teacher.others)),
        "requests": requests,
        "attempts": len(used),
        "from_store": len(used - answered),
        "unused": len(answered - used),
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "dollars": None if dollars is None else round(dollars, FRACTIONS),
        "seconds": round(store.seconds(work), 1),
        **({"servers": store.servers(work)} if teacher.others else {}),
    }


def spent(cache: Path, teacher: Teacher) -> float | None:
    """Dollars of all replies in a request store; 0 if there is none, None where prices are not known.

    Raises FolderError for a file that is no request store.
    """
    return loops.run(_spent(cache, teacher)) if cache.is_file() else 0.0


async def _spent(cache: Path, teacher: Teacher) -> float | None:
    dollars = 0.0
    with RequestStore(cache) as store:
        for body in store.every():
            loaded = load(body)
            reply = read_reply_body(loaded) if isinstance(loaded, dict) else None
            if reply is None:
                continue
            cost = teacher.cost(reply.prompt_tokens, reply.completion_tokens)
            if cost is None:
                return None
            dollars += cost * (DISCOUNT if "batch" in loaded else 1)
    return dollars
