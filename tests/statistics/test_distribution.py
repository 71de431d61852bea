"""Mean, quartiles and histogram of scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.statistics.distribution import BINS, FEW, Distribution, table

SCORES = st.lists(st.none() | st.floats(-1000, 1000).map(lambda score: float(f"{score:.4g}")), max_size=60)


def test_by_hand() -> None:
    found = Distribution.of([0.0, 0.05, 0.1, 0.2, 0.3, 0.95, 1.0, None])
    assert found.figures() == {
        "scored": 7, "none": 1, "mean": pytest.approx(2.6 / 7), "low": 0.0, "quartiles": [0.05, 0.2, 0.95], "high": 1.0,
        "histogram": [
            {"from": at / 10, "to": (at + 1) / 10, "rows": rows}
            for at, rows in enumerate([2, 1, 1, 1, 0, 0, 0, 0, 0, 2])
        ],
    }  # fmt: skip
    assert Distribution.of([1.0, 0.0, 1.0]).bins() == [(0.0, 0.0), (1.0, 1.0)]
    assert Distribution.of([None]).figures() == {"scored": 0, "none": 1}
    assert table([Distribution(), Distribution.of([None])]) == [
        ["rows with a score", "0", "0"],
        ["without one", "-", "100.0%"],
    ]


@given(SCORES, SCORES)
def test_any_scores(one: list[float | None], other: list[float | None]) -> None:
    both = Distribution.of(one) + Distribution.of(other)
    known = [score for score in one + other if score is not None]
    assert (both.scored, both.none) == (len(known), len(one + other) - len(known))
    if not known:
        return
    assert both.mean == pytest.approx(sum(known) / len(known), abs=1e-6)
    assert (both.low, both.high) == (min(known), max(known))
    for share in (0.25, 0.5, 0.75, 1):
        assert both.quantile(share) == np.quantile(known, share, method="inverted_cdf")
    bins = both.bins()
    assert len(bins) == (BINS if len(set(known)) > FEW else len(set(known)))
    assert sum(both.histogram(bins)) == len(known)
    assert len({len(line) for line in table([both, Distribution.of(one)])}) == 1
