"""A dataset in figures: `synth stats`. Rows are read as a stream and counted, nothing is kept."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from synth.data.builder import builder_of, count_nothing
from synth.data.manifest import open_manifest
from synth.data.reading import read
from synth.record import Record

SHOWN = 12  # values of a column that are listed; the rest is summed up


@dataclass
class Spread:
    """Mean, smallest and largest of a column of numbers."""

    count: int = 0
    total: float = 0.0
    low: float = float("inf")
    high: float = float("-inf")

    def add(self, value: float) -> None:
        self.count += 1
        self.total += value
        self.low, self.high = min(self.low, value), max(self.high, value)

    def __str__(self) -> str:
        return f"{self.total / self.count:.1f} ({self.low:g}-{self.high:g})" if self.count else "-"


@dataclass
class SplitStats:
    """What is counted of one split."""

    rows: int = 0
    numbers: dict[str, Spread] = field(default_factory=lambda: defaultdict(Spread))
    values: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    answers: Counter[str] = field(default_factory=Counter)

    def add(self, record: Record) -> None:
        self.rows += 1
        self.answers[record.answer] += 1
        for name in ("prompt", "rationale", "completion"):
            self.numbers[f"{name} words"].add(len(getattr(record, name).split()))
        for name, value in record.meta.items():
            if isinstance(value, bool | str):
                self.values[name][str(value)] += 1
            elif value is not None:
                self.numbers[name].add(value)
                self.values[name][f"{value:g}"] += 1

    def commonest(self) -> tuple[str, float]:
        """The commonest answer and its share of the rows."""
        (answer, count), *_ = self.answers.most_common(1)
        return answer, count / self.rows


def collect(folder: Path) -> dict[str, SplitStats]:
    """Statistics of every split.

    Raises FolderError for what is no dataset folder or cannot be read.
    """
    manifest = open_manifest(folder)
    builder = builder_of(manifest)
    tally = builder.tally if builder else count_nothing
    found: dict[str, SplitStats] = {}
    for split in manifest["splits"]:
        stats = found[split] = SplitStats()
        for record in read(folder, split):
            stats.add(record)
            for name, value in tally(record):
                stats.values[name][value] += 1
    return found


def show_stats(folder: Path) -> None:
    """Print tables of `collect`."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 140
    stats = collect(folder)
    manifest = open_manifest(folder)
    console.print(_split_table(stats))
    console.print(_number_table(stats))
    for name in sorted({name for split in stats.values() for name in split.values}):
        if _is_worth_showing(name, stats):
            console.print(_value_table(name, stats))
    if manifest["rejected"]:
        console.print(_rejected_table(manifest))
    for split, groups in manifest.get("yield", {}).items():
        console.print(_yield_table(split, groups))


def _is_worth_showing(name: str, stats: dict[str, SplitStats]) -> bool:
    """Whether a column has few values, and not nearly another one in every row."""
    rows = sum(split.rows for split in stats.values())
    values = {value for split in stats.values() for value in split.values[name]}
    return values != {""} and len(values) <= min(4 * SHOWN, max(4, rows // 4))


def _split_table(stats: dict[str, SplitStats]) -> Table:
    table = _table("split", "rows", "different answers", "commonest answer", "its share")
    for split, found in stats.items():
        if found.rows:
            answer, share = found.commonest()
            table.add_row(split, f"{found.rows:,}", f"{len(found.answers):,}", answer, f"{share:.1%}")
        else:
            table.add_row(split, "0", "-", "-", "-")
    return table


def _number_table(stats: dict[str, SplitStats]) -> Table:
    table = _table("mean (range)", *stats)
    for name in sorted({name for split in stats.values() for name in split.numbers}):
        table.add_row(name, *(str(split.numbers[name]) for split in stats.values()))
    return table


def _value_table(name: str, stats: dict[str, SplitStats]) -> Table:
    total: Counter[str] = sum((split.values[name] for split in stats.values()), Counter())
    table = _table(name, *stats)
    shown = [value for value, _ in total.most_common(SHOWN)]
    for value in sorted(shown, key=_by_number):
        table.add_row(value, *(_share(split.values[name], [value]) for split in stats.values()))
    if rest := [value for value in total if value not in shown]:
        table.add_row(f"{len(rest)} others", *(_share(split.values[name], rest) for split in stats.values()))
    return table


def _rejected_table(manifest: dict[str, Any]) -> Table:
    table = _table("left out", *manifest["splits"])
    for reason in manifest["rejected"]:
        table.add_row(reason, *(f"{split['rejected'].get(reason, 0):,}" for split in manifest["splits"].values()))
    return table


def _yield_table(split: str, groups: dict[str, dict[str, int]]) -> Table:
    """What became of the rows of a source, by the kind of row."""
    table = _table(f"yield of {split}", *groups)
    totals = {group: sum(counts.values()) for group, counts in groups.items()}
    table.add_row("in the source", *(f"{total:,}" for total in totals.values()))
    table.add_row("kept", *(f"{counts.get('kept', 0):,}" for counts in groups.values()))
    table.add_row("share kept", *(f"{counts.get('kept', 0) / totals[group]:.1%}" for group, counts in groups.items()))
    for outcome in sorted({outcome for counts in groups.values() for outcome in counts} - {"kept"}):
        table.add_row(outcome, *(f"{counts.get(outcome, 0):,}" for counts in groups.values()))
    return table


def _share(counts: Counter[str], values: list[str]) -> str:
    total = counts.total()
    return f"{sum(counts[value] for value in values) / total:.1%}" if total else "-"


def _by_number(value: str) -> tuple[float, str]:
    try:
        return float(value), value
    except ValueError:
        return float("inf"), value


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left", overflow="fold")
    return table
