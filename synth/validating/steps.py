"""The expectation that the steps of every row hold, as Great Expectations knows expectations.

The checker of a dataset (`check` in validators/) works every row out again. That is done in the worker that has just
read the row (synth/validating/facts.py), on all processors, and leaves a column of verdicts: empty if the row holds,
`reason: detail` if it does not, null if a sample leaves the row out. This expectation is over that column.
"""

from typing import Any, ClassVar

from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    column_condition_partial,
)

METRIC = "column_values.steps_hold"


class ColumnValuesStepsHold(ColumnMapMetricProvider):  # type: ignore[misc]
    """The metric: which rows the checker found nothing wrong with."""

    condition_metric_name = METRIC

    @column_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(cls, column: Any, **_: Any) -> Any:  # noqa: N805
        return column == ""


class ExpectStepsToHold(ColumnMapExpectation):  # type: ignore[misc]
    """Expect the step checker to find nothing wrong with any row.

    `column` holds what the checker said of each row: "" or `reason: detail`.
    """

    map_metric: ClassVar[str] = METRIC
    library_metadata: ClassVar[dict[str, Any]] = {"maturity": "production", "tags": [], "contributors": []}
