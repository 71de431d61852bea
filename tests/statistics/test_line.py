"""The line of a report against numbers that RAFT (Zhu et al. 2025) prints."""

import pytest

from synth.statistics.line import PUBLISHED, fit, one_tailed

V_INFORMATION = [-0.222, -0.0013, 0.0011, 0.0023, 0.0044, 0.0014, 0.178]  # table 4: SST2 to GSM8K
LENGTHS = [176.1, 202.7, 232.2, 231.3, 233.3, 254.8, 339.7]


def test_table_4() -> None:
    """The printed seven pairs have a correlation of 0.8925; the table says 0.895."""
    line = fit(V_INFORMATION, LENGTHS)
    assert line is not None
    assert line.pearson == pytest.approx(0.8925, abs=5e-5)
    assert line.pearson == pytest.approx(0.895, abs=3e-3)


TABLE_10 = [
    (0.0010, 0.4984), (0.1161, 0.3232), (0.7059, 5.3e-4), (0.7802, 6.7e-5), (0.9295, 1.2e-8), (0.9718, 9.3e-12),
    (0.1861, 0.2298), (0.3078, 0.1070), (0.5633, 0.0075), (0.649, 0.0018), (0.5953, 0.0046), (0.6240, 0.0028),
]  # fmt: skip


@pytest.mark.parametrize(("pearson", "p"), TABLE_10)
def test_table_10(pearson: float, p: float) -> None:
    assert one_tailed(pearson, 18) == pytest.approx(p, rel=0.03)


def test_other_p_values_of_the_paper() -> None:
    for pearson, p in ((0.9883, 1.024e-4), (0.9902, 7.248e-5), (0.9943, 2.469e-5)):  # table 5: six data sets
        assert one_tailed(pearson, 6) == pytest.approx(p, rel=0.02)
    assert one_tailed(0.955723, 18) == pytest.approx(3.230854e-10, rel=1e-3)  # table 9
    # Section 3.3 prints 2.462e-10; its r of 0.9681 over 18 data sets has a tenth of it.
    assert one_tailed(PUBLISHED.pearson, PUBLISHED.points) == pytest.approx(2.462e-11, rel=0.02)


def test_one_tail_is_one_sided() -> None:
    assert one_tailed(-0.5, 10) == pytest.approx(1 - one_tailed(0.5, 10))
    assert one_tailed(0.0, 10) == pytest.approx(0.5)
    assert (one_tailed(1.0, 4), one_tailed(-1.0, 4)) == (0.0, 1.0)
