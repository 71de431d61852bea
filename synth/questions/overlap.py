"""Questions that stand in more than one split of a dataset: nobody can be tested on what was learned by heart."""

from collections.abc import Iterator, Mapping, Set

Overlap = Mapping[str, Mapping[str, int]]  # split -> each split before it -> questions that stand in both


def overlap(keys: Mapping[str, Set[bytes]]) -> dict[str, dict[str, int]]:
    """How many questions of a split stand in each of those before it too. keys: of the questions of each split, see
    `question_key` in choosing.py."""
    shared: dict[str, dict[str, int]] = {}
    before: list[str] = []
    for name, own in keys.items():
        counts = {other: count for other in before if (count := len(own & keys[other]))}
        shared |= {name: counts} if counts else {}
        before.append(name)
    return shared


def overlap_lines(shared: Overlap, sizes: Mapping[str, int]) -> Iterator[str]:
    """The same for the user. sizes: questions of each split."""
    for name, counts in shared.items():
        for other, count in counts.items():
            yield f"{count:,} of {sizes[name]:,} questions of the split {name} stand in the split {other} too"
