"""Evaluations that version 0.1.0 wrote: read by a report, and their figures worked out again from their rows."""

import orjson
import pytest
from golden import GOLDEN, RECORDED, hashes

from synth.data.names import METRICS, PREDICTIONS
from synth.evaluating.predictions import Figures
from synth.reporting.collect import collect

EVALUATIONS = sorted(RECORDED["evaluations"])


@pytest.mark.parametrize("name", EVALUATIONS)
def test_the_figures_follow_from_the_rows_to_the_last_digit(name: str) -> None:
    facts = orjson.loads((GOLDEN / name / METRICS).read_bytes())
    figures = Figures()
    for line in (GOLDEN / name / PREDICTIONS).read_bytes().splitlines():
        figures.add(orjson.loads(line))
    assert figures.metrics() == facts["metrics"] == RECORDED["evaluations"][name]["metrics"]
    assert figures.by() == facts["by"]
    assert figures.calibration() == facts["calibration"]


def test_a_report_reads_runs_and_evaluations() -> None:
    found = collect([GOLDEN / "run", GOLDEN / "run-t5", *(GOLDEN / name for name in EVALUATIONS)])
    assert [run.name for run in found.runs] == ["run", "run-t5"]
    assert [each.name for each in found.evaluations] == EVALUATIONS
    assert all(len(each.rows.ids) == 4 for each in found.evaluations)
    assert found.notes == []
    assert all(hashes(GOLDEN / name) == RECORDED["evaluations"][name]["sha256"] for name in EVALUATIONS)
