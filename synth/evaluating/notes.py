"""What has to be known of the outputs before their figures are believed: cut off, unanswered, refused, all alike.

It stands in metrics.json, and a line on the terminal says what to change.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from synth.evaluating.predictions import REFUSAL, Figures, Judge

NEARLY = 0.95  # of the questions: a server that samples says something else now and then, to most of them
FAULTS = {
    "prompt_too_long": "longer than the model takes",
    "unanswered": "not answered by the server",
    REFUSAL: "refused",
}


def is_repeating(alike: int, rows: int) -> bool:
    """Whether a model that was to sample gives nearly every question one text: that is no sampling, and the share of
    samples that agree no confidence."""
    return rows > 0 and alike >= NEARLY * rows


def counted(figures: Figures, alike: tuple[int, int], judge: Judge) -> dict[str, Any]:
    """Rows: with an output that the limit ended, that went on to another question, unanswered, refused, too long for
    the model; and, of samples, rows of which all say the same."""
    counts = figures.counts
    same = {"same_samples": alike[0]} if judge.sampled else {}
    return {
        "cut_off": counts["cut_off"], "went_on": counts["went_on"], "unanswered": counts["unanswered"],
        "refusals": counts[REFUSAL], "prompt_too_long": counts["prompt_too_long"], **same,
    }  # fmt: skip


def lines(figures: Mapping[str, Any], ids: Mapping[str, Any]) -> Iterator[str]:
    """A line for each thing that is worth one; `ids` are those of the rows that have a fault, where they are known."""
    rows = int(figures["data"]["rows"])
    for fault, what in FAULTS.items():
        count = figures.get("refusals" if fault == REFUSAL else fault, 0) or len(ids.get(fault, ()))
        if count:
            some = ", ".join(ids[fault][:3]) + (", ..." if len(ids[fault]) > 3 else "") if ids.get(fault) else ""
            yield f"{count:,} row{'' if count == 1 else 's'} {what}, counted as wrong{': ' if some else ''}{some}"
    limit = figures["settings"]["max_new_tokens"]
    if cut := figures.get("cut_off", 0):
        yield f"{cut:,} of {rows:,} outputs were cut off at {limit:,} tokens and have no answer: raise --max-new-tokens"
    if went_on := figures.get("went_on", 0):
        yield f"{went_on:,} of {rows:,} outputs went on behind their end and are read up to there (`beyond`)"
    if figures.get("confidence") == "answer":
        yield from _unsure(figures, rows)
    if figures.get("same_samples") and "confidence" not in figures["metrics"]:
        yield (
            f"all {figures['samples']} samples of {figures['same_samples']:,} of {rows:,} rows are the same text"
            f" at temperature {figures['temperature']:g}: the server does not sample, so there is no confidence and no"
            " ECE; try it with synth doctor, and change what it is sent with --extra-body"
        )


def _unsure(figures: Mapping[str, Any], rows: int) -> Iterator[str]:
    """What to say of answers whose probability is not known."""
    known = (figures["metrics"].get("confidence") or {}).get("n", 0)
    if not known:
        yield "how probable the answers are is not known: the server tells no logprobs; --confidence votes needs none"
    elif known < rows:
        yield f"the probability of {rows - known:,} of {rows:,} answers is not known; they are left out of calibration"
