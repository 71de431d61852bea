"""Says while a dataset is built that one kind of its rows nearly vanishes behind a limit, and which limit keeps it.

Rows that are too long are seldom long by chance: two worked examples and four facts are never below 130 tokens, and a
whole type of question is gone.
"""

from collections import Counter
from collections.abc import Mapping
from math import ceil

from synth.data.builder import Builder, Limit
from synth.record import Rejected

FEW = 0.1  # of the rows of a kind, that it counts as nearly gone
KEPT = 0.9  # of them that the limit which is named would keep
LEAST = 5  # rows of a kind, to speak of it


class Limits:
    """The limits that the rows which were left out would have needed, by split and group."""

    def __init__(self, builder: Builder[object]) -> None:
        self.builder = builder
        self.needed: dict[tuple[str, str], list[Limit]] = {}

    def add(self, split: str, drop: Rejected) -> None:
        if self.builder.needs and (need := self.builder.needs(drop)):
            self.needed.setdefault((split, drop.group), []).append(need)

    def told(self, yields: Mapping[str, Mapping[str, Counter[str]]]) -> list[str]:
        """A line for each group of which fewer than one in ten are kept because of a limit."""
        lines = []
        for (split, group), needed in sorted(self.needed.items()):
            kept = yields.get(split, {}).get(group, Counter())["kept"]
            every = kept + len(needed)
            if every >= LEAST and kept < FEW * every:
                few = f"only {kept:,} {'is' if kept == 1 else 'are'}" if kept else "none is"
                option, value = sorted(needed, key=lambda need: need[1])[ceil(KEPT * len(needed)) - 1]
                lines.append(
                    f"{split}: of {every:,} rows of {group} {few} within the limit; "
                    f"{option} {value} keeps nine in ten of them"
                )
        return lines
