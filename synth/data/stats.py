"""A dataset in figures: `synth stats`."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import typer

from synth.base.terminal import Report, show_table
from synth.data.agreements import Pair, agreements, all_splits
from synth.data.carried import ANSWERS
from synth.data.counts import DIFFERENT, SplitCounts, Values, count_splits, tally_splits
from synth.data.manifest import open_manifest
from synth.data.scored import lines_of, scored
from synth.data.verdicts import latest, read_verdicts
from synth.statistics import distribution
from synth.statistics.distribution import Distribution
from synth.statistics.ranges import in_order

MOST = 200  # values of a column that a script is told
SHOWN = 12  # values of a column that are listed; the rest is summed up

Rows = Iterator[list[str]]
Columns = Mapping[str, Mapping[str, Counter[str]]]  # column, split: how often each value occurs


@dataclass(frozen=True)
class Statistics:
    """The counts of a dataset: its splits, and columns that its builder counts."""

    manifest: Mapping[str, Any]
    splits: Mapping[str, SplitCounts]
    columns: Columns
    agreements: Mapping[str, Sequence[Pair]] = field(default_factory=dict)  # of two judges each, by split
    together: Sequence[Pair] = ()  # the same over all rows


def counted(folder: Path, report: Report = lambda *_: None, verdicts: Path | None = None) -> Statistics:
    """Count every row of a dataset; `report` hears how many are. `verdicts`: a file beside it, of judges, by default
    verdicts.jsonl in the folder.

    Raises FolderError for what is no dataset folder or cannot be read.
    """
    manifest = open_manifest(folder)
    lines = lines_of(folder, manifest) if verdicts is None else list(latest(read_verdicts(verdicts)).values())
    _, splits = count_splits(folder, manifest, report)
    for split, said in scored(folder, manifest, lines).items():
        for line in said:
            splits[split].add_verdict(line.judge, line.verdict, line.score)
    columns = _columns(splits, tally_splits(folder, manifest))
    by_split, together = agreements(folder, manifest, lines), all_splits(folder, manifest, lines)
    return Statistics(manifest, splits, columns, by_split, together)


def show_stats(statistics: Statistics) -> None:
    """Print tables of what is counted of each split."""
    splits, columns = statistics.splits, statistics.columns
    show_table(("split", "rows", "different answers", "commonest answer", "its share"), _splits(splits))
    show_table(("mean (range)", *splits), _numbers(splits))
    for name in sorted(columns):
        if _is_worth_showing(columns[name], splits):
            show_table((name, *splits), _values(columns[name]))
    if statistics.manifest["rejected"]:
        show_table(("left out", *splits), _rejected(statistics.manifest))
    if any(judge not in counts.scores for counts in splits.values() for judge, _ in counts.verdicts):
        show_table(("judge: verdict", *splits), _verdicts(splits))
    for judge in _scored(splits):
        of_splits = [counts.scores.get(judge, Distribution()) for counts in splits.values()]
        show_table((judge, *splits), distribution.table(of_splits))
    for pair in statistics.together:
        typer.echo(str(pair))
    for split, groups in statistics.manifest.get("yield", {}).items():
        show_table((f"yield of {split}", *groups), _yield(groups))
    if (paid := statistics.manifest.get("paid")) is not None:
        show_table(("paid for in all runs", ""), _paid(paid))


def figures(statistics: Statistics) -> dict[str, Any]:
    """The same figures as a script reads them: split -> rows, commonest answer, numbers, values of columns with few."""
    told = {name: _figures(name, counts, statistics.columns) for name, counts in statistics.splits.items()}
    for split, pairs in statistics.agreements.items():
        told[split]["agreement"] = [{"judges": [pair.first, pair.second], **asdict(pair.agreement)} for pair in pairs]
    for split, counts in statistics.splits.items():
        if counts.verdicts:
            told[split]["verdicts"] = _by_judge(counts.verdicts)
        if counts.scores:
            told[split]["scores"] = {judge: found.figures() for judge, found in sorted(counts.scores.items())}
    return told


def whole(statistics: Statistics) -> dict[str, Any]:
    """Of a distillation what is no split's, for a script: questions, rows, reasons, verdicts, what all runs took."""
    manifest = statistics.manifest
    if "distilled" not in manifest:
        return {}
    verdicts = sum((counts.verdicts for counts in statistics.splits.values()), Counter[tuple[str, str | None]]())
    alone = manifest.get(ANSWERS) or {}
    return {
        "questions": manifest.get("questions"),
        "rows": sum(counts.rows for split, counts in statistics.splits.items() if split not in alone),
        "left_out": dict(manifest["rejected"]),
        "verdicts": _by_judge(verdicts),
        "dropped": dict(manifest.get("dropped") or {}),
        "paid": manifest.get("paid"),
    }


def _scored(splits: Mapping[str, SplitCounts]) -> list[str]:
    """The judges that are rewards, which give numbers."""
    return sorted({judge for counts in splits.values() for judge in counts.scores})


def _by_judge(verdicts: Counter[tuple[str, str | None]]) -> dict[str, dict[str, int]]:
    """Judge -> verdict, or `unscored` -> rows."""
    found: dict[str, dict[str, int]] = {}
    for (judge, verdict), count in sorted(verdicts.items(), key=lambda pair: str(pair[0])):
        found.setdefault(judge, {})["unscored" if verdict is None else str(verdict)] = count
    return found


def _figures(split: str, counts: SplitCounts, columns: Columns) -> dict[str, Any]:
    answers = counts.answers.counts.most_common(1) if not counts.answers.too_many else []
    lengths = {
        text: {"mean": words.mean, "low": words.quantile(0), "high": words.quantile(1)}
        for text, words in counts.lengths.items() if words.rows
    }  # fmt: skip
    numbers = {
        name: {"mean": values.sum / values.known, "low": values.low, "high": values.high}
        for name, values in counts.meta.items() if values.known
    }  # fmt: skip
    few = {name: dict(by[split].most_common()) for name, by in columns.items() if len(by[split]) <= MOST}
    commonest = {"answer": answers[0][0], "share": answers[0][1] / counts.rows} if answers else None
    return {"rows": counts.rows, "commonest_answer": commonest, "words": lengths, "numbers": numbers, "values": few}


def _splits(splits: Mapping[str, SplitCounts]) -> Rows:
    for name, counts in splits.items():
        answers = counts.answers
        if answers.too_many:
            yield [name, f"{counts.rows:,}", f"more than {DIFFERENT:,}", "-", "-"]
        elif answers.counts:
            (answer, count), *_ = answers.counts.most_common(1)
            yield [name, f"{counts.rows:,}", f"{len(answers.counts):,}", str(answer), f"{count / counts.rows:.1%}"]
        else:
            yield [name, f"{counts.rows:,}", "-", "-", "-"]


def _numbers(splits: Mapping[str, SplitCounts]) -> Rows:
    """Mean and range of the words of each text, and of each column of numbers."""
    cells: dict[str, dict[str, str]] = {}
    for split, counts in splits.items():
        for text, words in counts.lengths.items():
            if words.rows:
                cells.setdefault(f"{text} words", {})[split] = _spread(words.mean, words.quantile(0), words.quantile(1))
        for name, values in counts.meta.items():
            if values.known:
                cells.setdefault(name, {})[split] = _spread(values.sum / values.known, values.low, values.high)
    for name in sorted(cells):
        yield [name, *(cells[name].get(split, "-") for split in splits)]


def _spread(mean: float, low: float, high: float) -> str:
    return f"{mean:.1f} ({low:g}-{high:g})"


def _columns(splits: Mapping[str, SplitCounts], tallies: Columns) -> Columns:
    """Columns of `meta` that have no more values than are told apart, and what a builder counts in addition."""
    names = dict.fromkeys(name for counts in splits.values() for name in counts.meta)
    few = [name for name in names if not any(c.meta.get(name, Values()).too_many for c in splits.values())]
    counted = {name: {split: _as_text(c.meta.get(name, Values())) for split, c in splits.items()} for name in few}
    tallied = {name: {split: by.get(split, Counter()) for split in splits} for name, by in tallies.items()}
    return {**counted, **tallied}


def _as_text(values: Values) -> Counter[str]:
    counts: Counter[str] = Counter()
    for value, count in values.counts.items():
        if value is not None:
            counts[f"{value:g}" if values.known else str(value)] += count
    return counts


def _is_worth_showing(column: Mapping[str, Counter[str]], splits: Mapping[str, SplitCounts]) -> bool:
    """Whether a column has few values, and not nearly another one in every row."""
    rows = sum(counts.rows for counts in splits.values())
    values = {value for counts in column.values() for value in counts}
    return bool(values) and values != {""} and len(values) <= min(4 * SHOWN, max(4, rows // 4))


def _values(column: Mapping[str, Counter[str]]) -> Rows:
    total: Counter[str] = sum(column.values(), Counter())
    shown = [value for value, _ in total.most_common(SHOWN)]
    for value in sorted(shown, key=in_order):
        yield [value, *(_share(counts, [value]) for counts in column.values())]
    if rest := [value for value in total if value not in shown]:
        yield [f"{len(rest)} others", *(_share(counts, rest) for counts in column.values())]


def _rejected(manifest: Mapping[str, Any]) -> Rows:
    for reason in manifest["rejected"]:
        yield [reason, *(f"{split['rejected'].get(reason, 0):,}" for split in manifest["splits"].values())]


def _verdicts(splits: Mapping[str, SplitCounts]) -> Rows:
    """How often each judge gave each verdict."""
    numbers = set(_scored(splits))
    said = {pair for counts in splits.values() for pair in counts.verdicts if pair[0] not in numbers}
    for judge, verdict in sorted(said, key=lambda pair: (pair[0], str(pair[1]))):
        yield [
            f"{judge}: {verdict or 'no verdict'}",
            *(f"{counts.verdicts[judge, verdict]:,}" for counts in splits.values()),
        ]


def _yield(groups: Mapping[str, Mapping[str, int]]) -> Rows:
    """What became of the rows of a source, by the kind of row."""
    totals = {group: sum(counts.values()) for group, counts in groups.items()}
    yield ["in the source", *(f"{total:,}" for total in totals.values())]
    yield ["kept", *(f"{counts.get('kept', 0):,}" for counts in groups.values())]
    yield ["share kept", *(f"{counts.get('kept', 0) / totals[group]:.1%}" for group, counts in groups.items())]
    for outcome in sorted({outcome for counts in groups.values() for outcome in counts} - {"kept"}):
        yield [outcome, *(f"{counts.get(outcome, 0):,}" for counts in groups.values())]


def _paid(paid: Mapping[str, Any]) -> Rows:
    """What a distillation took: requests, attempts that were used, tokens, dollars, time."""
    yield ["server", paid["base_url"]]
    for name in ("requests", "attempts", "from_store", "unused", "prompt_tokens", "completion_tokens"):
        yield [name.replace("_", " "), f"{paid[name]:,}"]
    yield ["dollars", "unknown" if paid["dollars"] is None else f"{paid['dollars']:,.4f}"]
    yield ["time", str(timedelta(seconds=round(paid["seconds"])))]


def _share(counts: Counter[str], values: list[str]) -> str:
    total = counts.total()
    return f"{sum(counts[value] for value in values) / total:.1%}" if total else "-"
