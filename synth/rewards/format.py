"""Pays for the form: reasons first, then one answer in the closing form of the dataset, and nothing behind it.

The format reward of DeepSeek-R1 (DeepSeek-AI 2025, arXiv 2501.12948), with the closing form of the data in place of its
tags. Range: 0 or 1; None for a row without a gold answer, which says what can be one. Thoughts between tags are passed
over. How a model is paid for nothing: any reasons and any answer will do, so it goes with `accuracy` and a low weight.
"""

from collections.abc import Sequence
from typing import Any

from synth.answers.turns import split_thinking
from synth.rewarding.batch import Written, written
from synth.rewarding.reward import Completion, Reward, Values


def format(completions: Sequence[Completion], **columns: Any) -> Values:
    """1 if a completion ends as the rows of its dataset do."""
    return [None if row is None else float(_closes(row)) for row in written("format", completions, columns)]


def _closes(row: Written) -> bool:
    head, _, tail = row.reader.closing.partition("{answer}")
    visible, _ = split_thinking(row.output)
    before, mark, said = visible.strip().rpartition(head.strip() or "\n")
    said = said.strip()
    if not mark or not before.strip() or "\n" in said or not said.endswith(tail.strip()):
        return False
    return row.found.answer is not None and bool(row.found.rationale.strip())


REWARD = Reward("format", format)
