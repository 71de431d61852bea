"""The frames that expectations are about: rows (one after the other), splits, judges' verdicts and files."""

from collections.abc import Iterator, Mapping, Sequence
from math import sqrt
from typing import TYPE_CHECKING, Any

from synth import registry
from synth.data.names import CARD, MANIFEST
from synth.data.verdict import find as find_judge
from synth.errors import UsageError
from synth.validating.checker import find
from synth.validating.facts import PLAIN
from synth.validating.repeated import TOLD as FROM_OTHERS
from synth.validating.suites import Outcome, Ran, Runner, columns_of, is_by_row
from synth.validating.sums import Split

if TYPE_CHECKING:
    import pandas as pd

FEW_LABELS, MOST_OF_TWO = 20, 0.8
MOST_OF_MANY = 0.2  # share of one answer among many different ones
TEXTS = ("prompt", "rationale", "completion")
TOLD = ("split", *FROM_OTHERS)


class Rows:
    """The expectations of rows: those that look at each row by itself, and those that need all rows at once."""

    def __init__(self, suites: Mapping[str, Sequence[Any]]) -> None:
        chosen = {
            name: [one for one in suite if (one.meta or {}).get("on", "rows") == "rows"]
            for name, suite in suites.items()
        }
        self.by_row = {name: [one for one in suite if is_by_row(one)] for name, suite in chosen.items()}
        self.whole = {name: [one for one in suite if not is_by_row(one)] for name, suite in chosen.items()}
        self.own = _own_columns(suites)
        self._used, self._kept = self._columns(self.by_row), self._columns(self.whole)
        self.columns = tuple(dict.fromkeys([*self._used, *self._kept]))  # that frames have to have
        self.extra = tuple(name for name in self.columns if name not in (*PLAIN, *TOLD, *self.own))
        self._runner, self._of_all = Runner(self.by_row), list[Outcome]()

    def _columns(self, suites: Mapping[str, Sequence[Any]]) -> list[str]:
        """The columns that the suites name, `id` first.

        Raises UsageError for a column that does not exist.
        """
        named = {"id": None}
        for suite, expectations in suites.items():
            for expectation in expectations:
                for name in columns_of(expectation):
                    self._check(suite, name)
                    named[name] = None
        return list(named)

    def _check(self, suite: str, name: str) -> None:
        where, dot, rest = name.partition(".")
        if name in (*PLAIN, *TOLD, *TEXTS, *self.own) or (dot and rest and where in ("meta", "provenance")):
            return
        known = ", ".join([*PLAIN, *TOLD, *TEXTS, *self.own])
        raise UsageError(f"{suite} names the column {name!r}: there are {known}, meta.NAME and provenance.NAME")

    @property
    def needs_all(self) -> bool:
        """Whether an expectation looks at all rows at once."""
        return any(self.whole.values())

    def ran(self, frame: "pd.DataFrame") -> list[Ran]:
        """What comes of the rows of one frame, each by itself; it is not added up."""
        return self._runner.ran(frame[self._used])

    def add(self, ran: Sequence[Ran]) -> None:
        """What came of the next frame."""
        self._runner.add(ran)

    def run_all(self, frames: Iterator["pd.DataFrame"]) -> None:
        """Hold all rows at once to what needs them so."""
        import pandas as pd

        if kept := [frame[self._kept] for frame in frames]:
            runner = Runner(self.whole)
            runner.run(pd.concat(kept, ignore_index=True))
            self._of_all = runner.outcomes

    def finish(self) -> list[Outcome]:
        """What came out, in the order of the suites."""
        places = {suite: place for place, suite in enumerate(self.by_row)}
        return sorted([*self._runner.outcomes, *self._of_all], key=lambda outcome: places[outcome.suite])


def _own_columns(suites: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns that the kinds of this dataset add; a suite of the user's own adds none."""
    checkers = [find(name) for name in suites]
    return tuple(name for checker in checkers if checker is not None for name in checker.columns)


def splits_frame(splits: Mapping[str, Split], manifest: Mapping[str, Any]) -> "pd.DataFrame":
    """One row a split: rows, rows_due, different (answers), commonest_share, commonest_most."""
    import pandas as pd

    return pd.DataFrame(
        {
            "id": name, "rows": split.rows, "rows_due": manifest["splits"][name]["rows"],
            "different": len(split.answers.counts), "commonest_share": split.answers.share(split.rows),
            "commonest_most": commonest_most(len(split.answers.counts), split.rows),
        }
        for name, split in splits.items()
    )  # fmt: skip


def commonest_most(different: int, rows: int) -> float:
    """The largest share one answer should have among `different` ones in `rows` rows.

    Of two labels one may have 80%; of k labels one may have twice its even share; of many, a fifth. Three standard
    deviations of a random draw are on top, so that small splits raise no alarm.
    """
    if different <= 2:
        even = MOST_OF_TWO
    elif different <= FEW_LABELS:
        even = max(min(MOST_OF_TWO, 2 / different), MOST_OF_MANY)
    else:
        even = MOST_OF_MANY
    return min(1.0, even + 3 * sqrt(even * (1 - even) / max(rows, 1)))


def verdicts_frame(splits: Mapping[str, Split]) -> "pd.DataFrame":
    """One row a split and judge: judged, bad_share, unscored_share. The last verdict on a judge's menu is the bad one.

    No rows if nothing was judged.
    """
    import pandas as pd

    lines = []
    for name, split in splits.items():
        for judge in sorted({judge for judge, _ in split.verdicts if registry.has("judges", judge)}):
            counts = {verdict: count for (who, verdict), count in split.verdicts.items() if who == judge}
            judged, bad = sum(counts.values()), find_judge(judge).menu[-1]
            lines.append(
                {"id": f"{name}, {judge}", "judged": judged, "bad_share": counts.get(bad, 0) / judged,
                 "unscored_share": counts.get(None, 0) / judged}
            )  # fmt: skip
    return pd.DataFrame(lines)


def files_frame(manifest: Mapping[str, Any], data: Mapping[str, Mapping[str, Any]]) -> "pd.DataFrame":
    """One row a file: sha256 as it is ("missing" if it is not there) and sha256_due."""
    import pandas as pd

    return pd.DataFrame(
        {"id": name, "sha256": data.get(name, {"sha256": "missing"})["sha256"], "sha256_due": facts.get("sha256")}
        for name, facts in manifest["files"].items()
        if name not in (CARD, MANIFEST)
    )
