"""What needs whole texts: the round trip through a tokenizer, the overlap with benchmarks, near-duplicates."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synth.validating.near import SIZE, THRESHOLD, Found
from synth.validating.suites import Outcome, named

if TYPE_CHECKING:
    from synth.models.roundtrip import Trip
    from synth.validating.contamination import Overlap


@dataclass
class Compared:
    """What came of the texts of some rows."""

    trip: "Trip | None" = None
    overlaps: list["Overlap"] = field(default_factory=list)  # one for each benchmark


class Texts:
    """Looks at the rows that can be read, in whatever process, and adds up what came of them; does nothing if neither
    was asked for."""

    def __init__(self, tokenizer: str | None, limit: int | None, against: Sequence[str], ngram: int) -> None:
        self._trip, self._overlaps = None, []
        if tokenizer is not None:
            from synth.models.roundtrip import RoundTrip

            self._trip = RoundTrip(tokenizer, limit)
        if against:
            from synth.validating.contamination import Contamination

            self._overlaps = [Contamination(one, ngram) for one in against]
        self.wanted = self._trip is not None or bool(self._overlaps)

    def compare(self, ids: Sequence[str], prompts: Sequence[str], completions: Sequence[str]) -> Compared:
        """What comes of some rows; it is not added to the sum."""
        return Compared(
            None if self._trip is None else self._trip.compare(prompts, completions, ids),
            [overlap.compare(ids, prompts)[1] for overlap in self._overlaps],
        )

    def add(self, compared: Compared) -> None:
        """What came of the next rows."""
        if self._trip is not None and compared.trip is not None:
            self._trip.count(compared.trip)
        for overlap, found in zip(self._overlaps, compared.overlaps, strict=True):
            overlap.count(found)

    def tokenizer_report(self) -> dict[str, Any] | None:
        """The section `tokenizer` of validation.json."""
        if self._trip is None:
            return None
        report = self._trip.report()
        return {**report, "name": _last(report["name"])}

    def contamination_reports(self) -> list[dict[str, Any]]:
        """The section `contamination`."""
        reports = [overlap.report() for overlap in self._overlaps]
        return [{**report, "against": _last(report["against"])} for report in reports]

    def outcomes(self) -> list[Outcome]:
        """Both as outcomes. An overlap is a warning: whether it matters depends on what is going to be measured."""
        outcomes = [] if (trip := self.tokenizer_report()) is None else _of_tokenizer(trip)
        return outcomes + [_of_overlap(report) for report in self.contamination_reports()]


def _of_tokenizer(report: dict[str, Any]) -> list[Outcome]:
    import great_expectations.expectations as gxe

    trip, name = report["round_trip"], report["name"]
    survives = gxe.ExpectColumnValuesToBeInSet(
        column="survives", value_set=[True], meta=named("round_trip", f"completions survive the tokenizer {name}")
    )
    outcomes = [
        _outcome("tokenizer", survives, trip["rows"], trip["failures"], [row["id"] for row in trip["examples"]])
    ]
    if report["limit"] is not None:
        fits = gxe.ExpectColumnValuesToBeBetween(
            column="tokens", max_value=report["limit"], severity="warning",
            meta=named("token_limit", f"prompts and completions have at most {report['limit']:,} tokens"),
        )  # fmt: skip
        beyond = round((report["beyond_limit"] or 0) * trip["rows"])
        outcomes.append(_outcome("tokenizer", fits, trip["rows"], beyond, []))
    return outcomes


def overlap_name(report: dict[str, Any]) -> str:
    """What the expectation of an entry of `contamination` is called."""
    return f"overlap {report['against']}"


def _of_overlap(report: dict[str, Any]) -> Outcome:
    import great_expectations.expectations as gxe

    title = f"no prompt shares {report['ngram']} words in a row with {report['against']}"
    apart = gxe.ExpectColumnValuesToBeInSet(
        column="overlaps", value_set=[False], severity="warning", meta=named(overlap_name(report), title)
    )
    examples = [row["id"] for row in report["examples"]]
    return _outcome("contamination", apart, report["rows"], report["rows_hit"], examples)


def near_outcomes(found: Found) -> list[Outcome]:
    """Near-duplicates as outcomes, warnings both: who reads them decides."""
    import great_expectations.expectations as gxe

    outcomes = []
    for name, what, count in (
        ("near_duplicates", "in its split", found.within),
        ("near_leaks", "in a split before", found.across),
    ):
        title = f"no question nearly repeats one {what} ({THRESHOLD:.0%} of its word {SIZE}-grams)"
        apart = gxe.ExpectColumnValuesToBeInSet(
            column=name, value_set=[False], severity="warning", meta=named(name, title)
        )
        examples = [f"{e['id']} and {e['of']}: {e['jaccard']}" for e in found.examples if e["where"] == name]
        outcomes.append(_outcome("dataset", apart, found.rows - found.too_short, count, examples))
    return outcomes


def _outcome(suite: str, expectation: Any, rows: int, failures: int, examples: list[str]) -> Outcome:
    return Outcome(suite, expectation, elements=rows, failures=failures, examples=examples[:3])


def _last(name: str) -> str:
    """A file by its name alone; the id of something on the Hub as it is."""
    return Path(name).name if Path(name).exists() or Path(name).is_absolute() else name
