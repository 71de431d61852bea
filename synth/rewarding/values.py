"""What a reward gave, looked at: one number or None for each completion, and of which row it is not.

The function may be a user's own. Lists are due, as TRL takes them; arrays and tensors are read as lists.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

from synth.base.own import foreign, line_of
from synth.errors import UsageError

ROUNDING = 1e-6  # by which a value may lie outside of the range that its reward declares


class OddError(UsageError):
    """A reward raised, or gave something else than one number or None for each completion."""


@dataclass(frozen=True)
class Call:
    """One call of a reward's function: who, on which completions, beside which columns."""

    name: str
    by: Callable[..., Any]
    completions: Sequence[Any]
    columns: Mapping[str, Any]

    def values(self, least: float, most: float) -> list[float | None]:
        """Raises OddError, with the name, the row and what came."""
        try:
            given = self._given(range(len(self.completions)))
        except OddError as error:
            raise OddError(f"{error} ({self._where()})") from error
        return [self._value(value, at, least, most) for at, value in enumerate(given)]

    def _given(self, rows: range) -> list[Any]:
        """What the function gives for some of the completions: as many values."""
        columns = {name: self._part(column, rows) for name, column in self.columns.items()}
        with foreign(lambda error: f"reward {self.name} does not run: {self._told(error)}", OddError):
            given = self.by(completions=[self.completions[at] for at in rows], **columns)
            given = given.tolist() if hasattr(given, "tolist") else given
            values = list(given) if isinstance(given, Iterable) and not isinstance(given, str | Mapping) else None
        if values is None:
            raise OddError(f"reward {self.name} gave {given!r:.60}: a list of one number for each completion is due")
        if len(values) != len(rows):
            raise OddError(f"reward {self.name} gave {len(values)} values for {len(rows)} completions: one each is due")
        return values

    def _part(self, column: Any, rows: range) -> Any:
        """The entries of a column, which other trainers hand over beside single values."""
        of_rows = hasattr(column, "__getitem__") and not isinstance(column, str | Mapping)
        whole = len(rows) == len(self.completions)
        if whole or not of_rows or len(column) != len(self.completions):
            return column
        return [column[at] for at in rows]

    def _where(self) -> str:
        """The row at which it fails: halves are tried until one is left. All rows if it fails on them together only."""
        rows = range(len(self.completions))
        while len(rows) > 1:
            middle = len(rows) // 2
            bad = next((half for half in (rows[:middle], rows[middle:]) if self._fails(half)), None)
            if bad is None:
                return f"{self._row(rows[0])} to {self._row(rows[-1])}"
            rows = bad
        return self._row(rows[0]) if rows else "no completions"

    def _fails(self, rows: range) -> bool:
        try:
            self._given(rows)
        except OddError:
            return True
        return False

    def _row(self, at: int) -> str:
        ids = self.columns.get("id")
        if isinstance(ids, Sequence) and not isinstance(ids, str) and len(ids) == len(self.completions):
            return f"row {ids[at]}"
        return f"completion {at}"

    def _value(self, value: Any, at: int, least: float, most: float) -> float | None:
        if value is None:
            return None
        number = value.item() if getattr(value, "ndim", None) == 0 else value  # of an array or a tensor
        if not isinstance(number, Real) or not math.isfinite(number):
            raise self._odd(value, at, "a number or None is due")
        found = float(number)
        if not least - ROUNDING <= found <= most + ROUNDING:
            raise self._odd(value, at, f"its range is {least:g} to {most:g}")
        return min(max(found, least), most)

    def _odd(self, value: Any, at: int, due: str) -> OddError:
        return OddError(f"reward {self.name} gave {value!r:.60} for {self._row(at)}: {due}")

    def _told(self, error: Exception) -> str:
        code = getattr(self.by, "__code__", None)
        line = line_of(error, Path(code.co_filename)) if code else ""
        keyword = isinstance(error, TypeError) and "unexpected keyword argument" in str(error)
        more = ": end its arguments with **columns" if keyword and not line else ""
        return f"{line}{type(error).__name__}: {error}{more}"
