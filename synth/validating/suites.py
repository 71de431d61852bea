"""Great Expectations suites, run on one frame after the other, and the results of all frames as one.

Great Expectations takes a frame at a time and hashes the whole of it in every call, so there is one suite for one kind
of frame, run once a frame; afterwards the results are told apart by the suite their expectation came from. What it
counted in each frame is added up: rows, rows it did not apply to (null), failures, and the first ids that failed.
"""

import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from numbers import Real
from typing import TYPE_CHECKING, Any

from synth.errors import MissingExtraError, SynthError

if TYPE_CHECKING:
    import great_expectations as gx
    import pandas as pd
    from great_expectations.expectations.expectation import Expectation

EXAMPLES = 3
SHOWN = 160  # characters of what was seen
# Map expectations that look at all rows at once: run on frame after frame they would say something else.
WHOLE = {
    "expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique",
    "expect_column_values_to_be_increasing",
    "expect_column_values_to_be_decreasing", "expect_column_value_z_scores_to_be_less_than",
    "expect_column_values_to_not_be_outliers",
}  # fmt: skip


def load_gx() -> Any:
    """Great Expectations with its telemetry off. Raises MissingExtraError if it is not installed."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read while it is imported
    try:
        with quiet():
            import great_expectations
            import great_expectations.expectations
            import pandas  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("synth validate", "validate") from error
    return great_expectations


def named(name: str, title: str, on: str = "rows", **more: Any) -> dict[str, Any]:
    """What we have to know of an expectation, for its `meta`: the frame it is for is `rows`, `splits` or `files`."""
    return {"name": name, "title": title, "on": on, **more}


@dataclass
class Outcome:
    """What one expectation came to over all frames."""

    suite: str
    expectation: "Expectation"
    elements: int = 0
    missing: int = 0  # rows it does not apply to
    failures: int = 0
    examples: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)  # of the examples
    observed: Any = None
    held: bool = True  # of an expectation about a frame as a whole

    @property
    def rows(self) -> int:
        return self.elements - self.missing

    @property
    def success(self) -> bool:
        least: float = getattr(self.expectation, "mostly", 1.0) or 0.0
        return self.held and (self.rows == 0 or 1 - self.failures / self.rows >= least)

    @property
    def severity(self) -> str:
        """`critical`, or `warning` for what does not fail a run (Great Expectations' `info` is one of these)."""
        severity = self.expectation.severity
        return "critical" if getattr(severity, "value", severity) == "critical" else "warning"

    def said(self) -> str | None:
        """What was seen: a figure, or of failures the first thing that should not have been."""
        if self.observed is not None:
            return f"{self.observed:.3f}" if isinstance(self.observed, float) else str(self.observed)[:SHOWN]
        told = [text for text in map(_plain, self.values) if text]
        return told[0][:SHOWN] if told else None

    @property
    def name(self) -> str:
        kind = str(self.expectation.expectation_type)
        columns = [str(getattr(self.expectation, name)) for name in COLUMNS if getattr(self.expectation, name, None)]
        return str((self.expectation.meta or {}).get("name") or " ".join([kind, *columns]))

    @property
    def title(self) -> str:
        said = (self.expectation.meta or {}).get("title") or self.expectation.description
        return str(said or self.name.replace("_", " "))


def _plain(value: Any) -> str | None:
    """Something that was seen, on one line; of two columns their numbers: `199 and 200`. None for truths and hashes."""
    if isinstance(value, tuple | list):
        return " and ".join(f"{part:.15g}" for part in value) if all(isinstance(part, Real) for part in value) else None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return " ".join(str(value).split())


@dataclass
class Ran:
    """What one expectation came to over one frame."""

    elements: int = 0
    missing: int = 0
    failures: int = 0
    examples: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    observed: Any = None
    held: bool | None = None  # of an expectation about a frame as a whole


COLUMNS = ("column", "column_A", "column_B", "column_list")


class Runner:
    """Expectations of several suites for one kind of frame."""

    def __init__(self, suites: Mapping[str, Sequence["Expectation"]], ids: str = "id") -> None:
        self.outcomes = [Outcome(suite, one) for suite, expectations in suites.items() for one in expectations]
        self._ids = ids
        self._definition = _definition([outcome.expectation for outcome in self.outcomes])

    def run(self, frame: "pd.DataFrame") -> None:
        """Hold one frame to all of them. Raises SynthError for one that cannot be worked out."""
        self.add(self.ran(frame))

    def ran(self, frame: "pd.DataFrame") -> list[Ran]:
        """What each comes to over one frame; it is not added to the outcomes. Raises as `run` does."""
        if not self.outcomes:
            return []
        form = {
            "result_format": "SUMMARY", "partial_unexpected_count": EXAMPLES,
            "unexpected_index_column_names": [self._ids],
        }  # fmt: skip
        with quiet():
            ran = self._definition.run(batch_parameters={"dataframe": frame}, result_format=form)
        if len(ran.results) != len(self.outcomes):
            raise SynthError("Great Expectations left out some of the expectations: two of a suite are the same")
        by_number = {result.expectation_config.meta["number"]: result for result in ran.results}
        return [self._one(outcome, by_number[number]) for number, outcome in enumerate(self.outcomes)]

    def _one(self, outcome: Outcome, ran: Any) -> Ran:
        if ran.exception_info and (why := _exception(ran.exception_info)):
            raise SynthError(f"expectation {outcome.name!r} of {outcome.suite} cannot be worked out: {why}")
        result = ran.result
        if "unexpected_count" not in result:
            return Ran(held=bool(ran.success), observed=result.get("observed_value"))
        ids = [str(row[self._ids]) for row in result.get("partial_unexpected_index_list") or []]
        values = list(result.get("partial_unexpected_list") or [])
        missing = result.get("missing_count") or 0
        return Ran(result["element_count"], missing, result["unexpected_count"], ids[:EXAMPLES], values[:EXAMPLES])

    def add(self, found: Sequence[Ran]) -> None:
        """Add what came of the next frame, in this process or another."""
        for outcome, ran in zip(self.outcomes, found, strict=True):
            if ran.held is not None:
                outcome.held, outcome.observed = ran.held, ran.observed
                continue
            outcome.elements += ran.elements
            outcome.missing += ran.missing
            outcome.failures += ran.failures
            room = EXAMPLES - len(outcome.examples)
            outcome.examples += ran.examples[:room]
            outcome.values += ran.values[:room]


def _definition(expectations: Sequence["Expectation"]) -> Any:
    """One suite of all of them, ready to be run on any frame."""
    gx = load_gx()
    with quiet():
        context = gx.get_context(mode="ephemeral")
        context.enable_analytics(False)
        _no_progress_bars(context)
        batch = context.data_sources.add_pandas("frames").add_dataframe_asset("frame")
        suite = gx.ExpectationSuite(name="all")
        for number, expectation in enumerate(expectations):
            expectation.meta = {**(expectation.meta or {}), "number": number}
            expectation.id = None
            suite.add_expectation(expectation)
        context.suites.add(suite)
        whole = batch.add_batch_definition_whole_dataframe("whole")
        return context.validation_definitions.add(gx.ValidationDefinition(name="all", data=whole, suite=suite))


def _no_progress_bars(context: "gx.data_context.EphemeralDataContext") -> None:
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)


@contextmanager
def quiet() -> Iterator[None]:
    """Without what Great Expectations and the libraries under it have to say to their own developers."""
    logger = logging.getLogger("great_expectations")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)


def _exception(info: Mapping[str, Any]) -> str:
    """The first line of what went wrong in a calculation; "" if nothing did."""
    said = [info] if "raised_exception" in info else list(info.values())
    wrong = next((one for one in said if isinstance(one, dict) and one.get("raised_exception")), None)
    return str(wrong.get("exception_message") or "").strip().split("\n")[0] if wrong else ""


def is_by_row(expectation: "Expectation") -> bool:
    """Whether an expectation says something of each row by itself, so that it can be run on one frame after another."""
    from great_expectations.expectations.expectation import (
        ColumnMapExpectation,
        ColumnPairMapExpectation,
        MulticolumnMapExpectation,
    )

    by_row = (ColumnMapExpectation, ColumnPairMapExpectation, MulticolumnMapExpectation)
    return isinstance(expectation, by_row) and expectation.expectation_type not in WHOLE


def columns_of(expectation: "Expectation") -> list[str]:
    """The columns an expectation names."""
    named: list[str] = []
    for name in COLUMNS:
        value = getattr(expectation, name, None)
        named += [value] if isinstance(value, str) else list(value or ())
    return named
