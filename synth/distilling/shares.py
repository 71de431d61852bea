"""What a shard gets of that which limits a run: requests in flight, requests and tokens a minute, dollars."""

from collections.abc import Iterator
from dataclasses import replace

from synth.distilling.options import Distill
from synth.errors import UsageError


def shared_out(asked: Distill) -> Distill:
    """The options with a shard's share of what limits a run. Raises UsageError for a share that is no limit."""
    if (shard := asked.part) is None:
        return asked
    for name, limit in (("rpm", asked.rpm), ("tpm", asked.tpm)):
        if limit is not None and limit < shard.of:
            raise UsageError(f"--{name} {limit:g} is less than 1 a minute for each of {shard.of} shards: make fewer")
    each = {name: value / shard.of for name in ("rpm", "tpm", "budget") if (value := getattr(asked, name)) is not None}
    at_once = None if asked.concurrency is None else max(1, asked.concurrency // shard.of)
    return replace(asked, concurrency=at_once, **each)


def share_lines(asked: Distill, questions: int, whole: int) -> Iterator[str]:
    """What a shard got, for the user. questions: of the shard; `whole`: of all of them."""
    if (shard := asked.part) is None:
        return
    limits = [f"{asked.concurrency:,} requests in flight"] if asked.concurrency is not None else []
    limits += [f"{asked.rpm:,g} requests a minute"] if asked.rpm is not None else []
    limits += [f"{asked.tpm:,g} tokens a minute"] if asked.tpm is not None else []
    limits += [f"a budget of ${asked.budget:,.2f}"] if asked.budget is not None else []
    said = f", at most {', '.join(limits)}" if limits else ""
    yield f"shard {shard.number} of {shard.of}: {questions:,} of {whole:,} questions{said}"
