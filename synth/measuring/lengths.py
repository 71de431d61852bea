"""How long rationales are, in characters, words and tokens, and how many outputs have none.

Metric 1 and metric 2 of RAFT (Zhu et al. 2025, arXiv 2505.24147, section 4.1): the mean over all rationales, ten to
each of a hundred questions. The questions are what was drawn at random, so the intervals are over questions.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from synth.statistics.intervals import clustered

Sample = Mapping[str, Any]  # a line of SAMPLES
Count = Callable[[str], int]


def lengths(samples: Sequence[Sample], tokens: Count | None) -> dict[str, Any]:
    """`characters`, `words` and `tokens`, each `{"value", "low", "high", "n": questions}` or None, and counts.

    tokens: counts those of a text; None if nobody can. Outputs without a rationale have no length; one that was cut at
    the limit has the length that it came to.
    """
    written = [sample for sample in samples if sample["sample"] is not None]
    texts = [
        [str(sample["rationale"]).strip() for sample in group if sample["rationale"].strip()]
        for _, group in groupby(written, key=lambda sample: sample["id"])
    ]
    counts: dict[str, Count | None] = {"characters": len, "words": lambda text: len(text.split()), "tokens": tokens}
    measured = {
        name: None if count is None else clustered([[count(text) for text in group] for group in texts])
        for name, count in counts.items()
    }
    return {**measured, "counts": _counts(samples, written)}


def _counts(samples: Sequence[Sample], written: Sequence[Sample]) -> dict[str, int]:
    empty = [not sample["text"].strip() for sample in written]
    none = [not sample["rationale"].strip() for sample in written]
    return {
        "questions": len({sample["id"] for sample in samples}),
        "outputs": len(written),
        "rationales": len(written) - sum(none),
        "cut_off": sum(sample["cut_off"] for sample in written),
        "no_rationale": sum(none) - sum(empty),
        "empty": sum(empty),
        "no_answer": sum(_open(sample) for sample in written),
        "not_asked": len(samples) - len(written),
    }


def _open(sample: Sample) -> bool:
    """Whether an output ended by itself and came to no answer."""
    return bool(sample["text"].strip()) and not (sample["answered"] or sample["cut_off"])
