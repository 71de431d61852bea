"""What `synth judge` prints."""

from collections import Counter
from typing import Any

import typer

from synth.base.terminal import show_table
from synth.data.verdict import SCORED
from synth.judging.judge import Judged
from synth.statistics import distribution
from synth.statistics.distribution import Distribution

SHOWN_BAD, SHOWN = 3, 10  # bad and unscored rows that are listed
REASONS = 3  # for which no row has a verdict


def table(judged: Judged) -> dict[str, dict[str, Any]]:
    """Split -> verdict, or `unscored` -> rows; of a reward also `scores`, how its numbers are distributed."""
    rows: dict[str, dict[str, Any]] = {split: dict(counts) for split, counts in _counts(judged).items()}
    if _is_reward(judged):
        for split, found in scores(judged).items():
            rows[split]["scores"] = found.figures()
    return rows


def _is_reward(judged: Judged) -> bool:
    return judged.menu == (SCORED,)


def scores(judged: Judged) -> dict[str, Distribution]:
    """Split -> the scores of a reward."""
    found = {split: Distribution() for split in judged.splits}
    for (split, _), verdict in judged.verdicts.items():
        found[split].add(verdict.score)
    return found


def _counts(judged: Judged) -> dict[str, dict[str, int]]:
    rows = {}
    for split in judged.splits:
        counts = Counter(verdict.verdict for (where, _), verdict in judged.verdicts.items() if where == split)
        rows[split] = {verdict or "unscored": counts[verdict] for verdict in (*judged.menu, None)}
    return rows


def show(judged: Judged) -> None:
    """Print how many rows have which verdict, and the first bad ones."""
    rows = [
        [split, *(f"{rows:,}" for rows in (sum(counts.values()), *counts.values()))]
        for split, counts in _counts(judged).items()
    ]
    show_table(("split", "judged", *judged.menu, "unscored"), rows)
    if numbers := _is_reward(judged):
        show_table(("score", *judged.splits), distribution.table(list(scores(judged).values())))
    bad = [verdict for verdict in judged.verdicts.values() if verdict.verdict == judged.menu[-1] and not numbers]
    for verdict in bad[:SHOWN_BAD]:
        typer.echo(f"  {verdict.verdict}: {_short(verdict.detail)}")
    for row, why in judged.unscored[:SHOWN]:
        typer.echo(f"  unscored {row}: {_short(why)}")
    if len(judged.unscored) > SHOWN:
        typer.echo(f"  and {len(judged.unscored) - SHOWN:,} more that are unscored")
    for pair in judged.agreements:
        typer.echo(str(pair))


def nothing(judged: Judged) -> str:
    """Why no row at all has a verdict; "" if one has, or there was none to judge."""
    if not judged.rows or any(verdict.verdict is not None for verdict in judged.verdicts.values()):
        return ""
    reasons = Counter(_short(why) for _, why in judged.unscored).most_common()
    told = "; ".join(f"{count:,}: {why}" for why, count in reasons[:REASONS])
    more = f"; and {len(reasons) - REASONS:,} other reasons" if len(reasons) > REASONS else ""
    return f"none of {judged.rows:,} rows has a verdict" + (f" ({told}{more})" if told else "")


def _short(text: str) -> str:
    return " ".join(text.split())[:300]
