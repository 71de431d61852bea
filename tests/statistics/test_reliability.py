"""Calibration over bins of equal mass, without the part of chance, and selective accuracy: by hand, beside others'
code, and what must hold of them whatever the ties."""

import math
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.statistics import calibration, equal_mass, selective
from synth.statistics.reliability import FIGURES, reliability
from synth.statistics.tallies import Tally, tally, with_intervals

TENTHS = st.lists(st.tuples(st.integers(0, 10).map(lambda n: n / 10), st.booleans()), min_size=1, max_size=60)
ANY = st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), min_size=1, max_size=60)


def parted(rows: list[tuple[float, bool]]) -> tuple[list[float], list[float]]:
    return [sure for sure, _ in rows], [float(right) for _, right in rows]


def without_ties(rows: int) -> tuple[list[float], list[float]]:
    sure = [((37 * at + 5) % 997) / 997 for at in range(rows)]
    return sure, [float(((13 * at * at + 5 * at) % 101) / 101 < each) for at, each in enumerate(sure)]


def test_bins_of_equal_mass_by_hand() -> None:
    sure = [0.1] * 3 + [0.2] * 1 + [0.9] * 12 + [1.0] * 4
    right = [0.0, 0.0, 1.0, 1.0, *[1.0] * 9, *[0.0] * 3, *[1.0] * 4]
    # the middle of 3 of 20 rows stands in bin 0, row 3 in bin 1, the middle of rows 4 to 15 in bin 5, of 16 to 19 in 9
    found = equal_mass.bins(tally(sure, right))
    assert [(each["low"], each["high"], each["count"]) for each in found] == [
        (0.1, 0.1, 3), (0.2, 0.2, 1), (0.9, 0.9, 12), (1.0, 1.0, 4),
    ]  # fmt: skip
    assert [each["accuracy"] for each in found] == [pytest.approx(1 / 3), 1, 0.75, 1]
    gaps = [1 / 3 - 0.1, 0.8, 0.15, 0]
    assert equal_mass.ece(tally(sure, right))[0] == pytest.approx((3 * gaps[0] + gaps[1] + 12 * gaps[2]) / 20)
    chance = [(1 / 3) * (2 / 3) / 2, 0, 0.75 * 0.25 / 11, 0]
    squares = 3 * (gaps[0] ** 2 - chance[0]) + 12 * (gaps[2] ** 2 - chance[2])  # the bin of one row counts nothing
    assert equal_mass.squared(tally(sure, right))[0] == pytest.approx(squares / 20)
    assert equal_mass.debiased(tally(sure, right))[0] == 0, "below 0 before the root"


@pytest.mark.parametrize(
    ("rows", "squared", "plain"),
    [(100, 0.003461019635301758, 0.12125376128385154), (250, -0.00019518767603378252, 0.06915145436308928)],
)
def test_the_figures_are_those_of_the_code_of_kumar_et_al(rows: int, squared: float, plain: float) -> None:
    """What unbiased_square_ce and plugin_ce(power=1) of their package uncertainty-calibration 0.1.4 give, with its 10
    bins of get_equal_bins."""
    counted = tally(*without_ties(rows))
    assert equal_mass.squared(counted)[0] == pytest.approx(squared, rel=1e-12)
    assert equal_mass.ece(counted)[0] == pytest.approx(plain, rel=1e-12)


@pytest.mark.parametrize("rows", [60, 200, 730])
def test_the_figures_equal_those_of_torchmetrics_over_the_same_bins(rows: int) -> None:
    torch = pytest.importorskip("torch")
    theirs = pytest.importorskip("torchmetrics.functional.classification.calibration_error")._ce_compute
    sure, right = without_ties(rows)
    found = equal_mass.bins(tally(sure, right))
    edges = torch.tensor([0.0, *((one["high"] + two["low"]) / 2 for one, two in pairwise(found)), 1.0])
    given_both = torch.tensor(sure, dtype=torch.float64), torch.tensor(right, dtype=torch.float64), edges.double()
    assert equal_mass.ece(tally(sure, right))[0] == pytest.approx(float(theirs(*given_both, norm="l1")), abs=1e-9)
    mine = equal_mass.debiased(tally(sure, right))[0]
    assert mine == pytest.approx(float(theirs(*given_both, norm="l2", debias=True)), abs=1e-9)


@pytest.mark.parametrize("rows", [10, 20, 57, 100, 999])
def test_without_ties_bins_differ_by_one_row_at_most(rows: int) -> None:
    counts = [each["count"] for each in equal_mass.bins(tally([at / rows for at in range(rows)], [1.0] * rows))]
    assert len(counts) == 10
    assert max(counts) - min(counts) <= 1


@given(TENTHS, st.randoms(use_true_random=False))
def test_ties_stay_together_and_order_says_nothing(rows: list[tuple[float, bool]], random: Random) -> None:
    sure, right = parted(rows)
    found = equal_mass.bins(tally(sure, right))
    assert sum(each["count"] for each in found) == len(rows)
    for each in found:
        inside = [ok for confidence, ok in rows if each["low"] <= confidence <= each["high"]]
        assert each["count"] == len(inside)
        assert each["accuracy"] == pytest.approx(sum(inside) / len(inside))
        assert 0 <= each["accuracy_low"] <= each["accuracy"] <= each["accuracy_high"] <= 1
    mixed = [*rows]
    random.shuffle(mixed)
    assert equal_mass.bins(tally(*parted(mixed))) == found


@given(ANY)
def test_calibration_errors_stay_in_their_range(rows: list[tuple[float, bool]]) -> None:
    sure, right = parted(rows)
    whole = equal_mass.ece(tally(sure, right))[0]
    assert abs(np.mean(sure) - np.mean(right)) - 1e-9 <= whole <= 1, "no less than that of a single bin"
    assert equal_mass.squared(tally(sure, right))[0] <= 1 + 1e-9
    assert 0 <= equal_mass.debiased(tally(sure, right))[0] <= 1 + 1e-9


@given(ANY)
def test_a_risk_coverage_curve_is_that_of_every_order_of_its_ties(rows: list[tuple[float, bool]]) -> None:
    sure, right = parted(rows)
    counted = tally(sure, right)
    assert selective.accuracy_at(1.0, counted)[0] == pytest.approx(np.mean(right))
    falling = sorted(rows, key=lambda row: -row[0])
    expected = [np.mean([ok for other, ok in rows if other == confidence]) for confidence, _ in falling]
    risks = [1 - np.mean(expected[: k + 1]) for k in range(len(rows))]
    assert selective.aurc(counted)[0] == pytest.approx(np.mean(risks), abs=1e-9)
    for k in range(1, len(rows) + 1):
        assert selective.accuracy_at(k / len(rows), counted)[0] == pytest.approx(1 - risks[k - 1], abs=1e-9)
    least = selective.least_aurc(int(len(rows) - sum(right)), len(rows))
    assert least - 1e-9 <= selective.aurc(counted)[0] <= 1
    perfect = tally(right, right)
    assert selective.aurc(perfect)[0] == pytest.approx(least, abs=1e-9)


def test_accuracy_over_coverage_by_hand() -> None:
    sure = [0.9, 0.9, 0.9, 0.5, 0.5, 0.5, 0.5, 0.1, 0.1, 0.1]
    right = [1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]
    found = selective.selective(sure, right)
    assert found is not None
    by = {point["coverage"]: point for point in found["coverage"]}
    assert [by[share]["accuracy"]["value"] for share in (1.0, 0.7, 0.5, 0.3, 0.2)] == [
        pytest.approx(share) for share in (0.4, 4 / 7, (2 + 2 * 0.5) / 5, 2 / 3, 2 / 3)
    ]
    assert (by[0.5]["rows"], by[0.5]["least"]) == (5, 0.5)
    assert all(
        point["accuracy"]["low"] <= point["accuracy"]["value"] <= point["accuracy"]["high"] for point in by.values()
    )
    assert found["least_aurc"] == pytest.approx(sum((k - 4) / k for k in range(5, 11)) / 10)
    one = tally([0.5] * 10, right)
    assert selective.aurc(one)[0] == pytest.approx(0.6), "one confidence for all says nothing"


def test_the_order_of_the_rows_says_nothing() -> None:
    rows = [(at % 11 / 10, at % 7 < 4) for at in range(80)]
    assert reliability(*parted(rows[::-1])) == reliability(*parted(rows))


def test_the_debiased_square_is_right_on_average_and_the_plain_one_too_high() -> None:
    """A calibrated model of 100 rows: its error is 0."""
    rng = np.random.default_rng(1)
    sure = rng.random((300, 100))
    right = (rng.random(sure.shape) < sure).astype(float)
    squares = [equal_mass.squared(tally(*pair))[0] for pair in zip(sure, right, strict=True)]
    plain = [equal_mass.ece(tally(*pair))[0] for pair in zip(sure, right, strict=True)]
    assert abs(np.mean(squares)) < 3 * np.std(squares) / math.sqrt(300) + 1e-4
    assert np.mean(plain) > 0.08


@settings(max_examples=20)
@given(TENTHS)
def test_intervals_hold_their_value_and_are_the_same_each_time(rows: list[tuple[float, bool]]) -> None:
    sure, right = parted(rows)
    found = with_intervals(sure, right, FIGURES)
    assert set(found) == set(FIGURES)
    assert all(each["low"] <= each["value"] <= each["high"] and each["n"] == len(rows) for each in found.values())
    assert with_intervals(sure, right, FIGURES) == found


def test_each_draw_has_bins_of_its_own() -> None:
    sure, right = without_ties(40)
    whole = tally(sure, right)
    drawn = np.random.default_rng(3).multinomial(40, [1 / 40] * 40, 5).astype(float)
    several = Tally(whole.values, drawn, drawn * whole.right)
    for name, figure in FIGURES.items():
        for draw, often in enumerate(drawn.astype(int)):
            rows = [np.repeat(each, often).tolist() for each in (whole.values, whole.right[0])]
            assert figure(several)[draw] == pytest.approx(figure(tally(*rows))[0]), name


def test_wilsons_interval_of_known_shares() -> None:
    # Wilson's 95% of 10 of 20 is 0.299 to 0.701, of 0 of 10 it is 0 to 0.278 (Brown, Cai and DasGupta 2001, formula 4)
    assert equal_mass.wilson(10, 20) == (pytest.approx(0.2993, abs=5e-5), pytest.approx(0.7007, abs=5e-5))
    assert equal_mass.wilson(0, 10) == (0, pytest.approx(0.2775, abs=5e-5))


def test_nothing_is_said_of_no_rows_and_of_lists_that_differ() -> None:
    assert reliability([], []) is None
    assert with_intervals([], [], FIGURES) == {}
    with pytest.raises(ValueError, match="2 confidences and 1 outcomes"):
        tally([0.1, 0.2], [1.0])
    assert calibration.ece([1.0], [1.0]) == 0
