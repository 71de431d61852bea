"""Cohen's kappa, against values worked out by hand and, where it is installed, against scikit-learn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.statistics.agreement import agreement

PAIRS = st.lists(st.tuples(*[st.sampled_from("abc")] * 2), min_size=1, max_size=60)


def counted(pairs: list[tuple[str, str]]) -> dict[tuple[str, str], int]:
    return {pair: pairs.count(pair) for pair in set(pairs)}


@pytest.mark.parametrize(
    ("pairs", "share", "kappa"),
    [
        # p_o = 35/50; the first says yes 25 times, the second 30: p_e = (25 * 30 + 25 * 20) / 2500 = 1/2
        ({("y", "y"): 20, ("y", "n"): 5, ("n", "y"): 10, ("n", "n"): 15}, 0.7, 0.4),
        # p_o = 60/100, p_e = (60 * 70 + 40 * 30) / 10000 = 0.54
        ({("y", "y"): 45, ("y", "n"): 15, ("n", "y"): 25, ("n", "n"): 15}, 0.6, 3 / 23),
        # p_o = 60/100, p_e = (60 * 30 + 40 * 70) / 10000 = 0.46
        ({("y", "y"): 25, ("y", "n"): 35, ("n", "y"): 5, ("n", "n"): 35}, 0.6, 7 / 27),
        ({("a", "a"): 1, ("b", "b"): 2, ("c", "c"): 3}, 1.0, 1.0),
        ({("a", "b"): 1, ("b", "a"): 1}, 0.0, -1.0),
        ({("a", "a"): 4}, 1.0, None),
        ({("a", "b"): 4}, 0.0, 0.0),
    ],
)
def test_kappa(pairs: dict[tuple[str, str], int], share: float, kappa: float | None) -> None:
    found = agreement(pairs)
    assert found is not None
    assert (found.n, found.share) == (sum(pairs.values()), pytest.approx(share))
    assert found.kappa == (None if kappa is None else pytest.approx(kappa))


def test_there_is_no_agreement_about_nothing() -> None:
    assert agreement({}) is None


@given(PAIRS)
def test_kappa_does_not_depend_on_who_is_first(pairs: list[tuple[str, str]]) -> None:
    found, turned = agreement(counted(pairs)), agreement(counted([(other, one) for one, other in pairs]))
    assert found == turned
    assert found is not None
    assert found.kappa is None or -1 <= found.kappa <= found.share


@given(PAIRS)
def test_kappa_is_that_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    found = agreement(counted(pairs))
    assert found is not None
    if found.kappa is not None:
        assert found.kappa == pytest.approx(metrics.cohen_kappa_score(*zip(*pairs, strict=True)), abs=1e-9)
