"""What `synth judge` prints."""

from collections import Counter
from typing import Any

import typer

from synth.base.terminal import show_table
from synth.data.verdict import SCORED
from synth.judges.attribution import PUBLISHED
from synth.judging.judged import Judged
from synth.statistics import distribution
from synth.statistics.distribution import Distribution
from synth.statistics.intervals import interval

SHOWN_BAD, SHOWN = 3, 10  # bad and unscored rows that are listed
REASONS = 3  # for which no row has a verdict


def table(judged: Judged) -> dict[str, Any]:
    """Split -> verdict, or `unscored` -> rows; of a reward also `scores`, how its numbers are distributed.

    Of several datasets a line for each task of each: `{"data", "task", "judged", ..., "unscored", "share"}`; of errors
    what attribution.json says.
    """
    if judged.errors is not None:
        return judged.errors
    rows: dict[str, Any] = {split: dict(counts) for split, counts in _counts(judged).items()}
    if _is_reward(judged):
        for split, found in scores(judged).items():
            rows[split]["scores"] = found.figures()
    return {"tasks": by_task(judged), **rows} if judged.parts else rows


def by_task(judged: Judged) -> list[dict[str, Any]]:
    """RAFT's check of quality (Zhu et al. 2025, appendix C): a line for each task of each dataset, and one of all.

    `share` is that of the first verdict of the menu among the rows that were scored, with its interval.
    """
    counted = [(name, task, of) for name, part in judged.parts.items() for task, of in part.by_task().items()]
    total = sum((of for _, _, of in counted), Counter[str | None]())
    return [_quality(judged, *line) for line in (*counted, ("all", "", total))]


def _quality(judged: Judged, name: str, task: str, counts: Counter[str | None]) -> dict[str, Any]:
    good, *others = judged.menu
    scored = counts[good] + sum(counts[verdict] for verdict in others)
    return {
        "data": name, "task": task, "judged": counts.total(), **{word: counts[word] for word in judged.menu},
        "unscored": counts[None], "share": interval([1.0] * counts[good] + [0.0] * (scored - counts[good])),
    }  # fmt: skip


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
    numbers = _is_reward(judged)
    if judged.errors is not None:
        _show_errors(judged.errors)
    elif judged.parts and not numbers:
        columns = ("data", "task", "judged", *judged.menu, "unscored", f"share {judged.menu[0]}", "95% interval")
        show_table(columns, [_quality_cells(judged, line) for line in by_task(judged)], left=2)
    else:
        rows = [
            [split, *(f"{rows:,}" for rows in (sum(counts.values()), *counts.values()))]
            for split, counts in _counts(judged).items()
        ]
        show_table(("split", "judged", *judged.menu, "unscored"), rows)
    if numbers:
        show_table(("score", *judged.splits), distribution.table(list(scores(judged).values())))
    bad = [verdict for verdict in judged.verdicts.values() if verdict.verdict == judged.menu[-1] and not numbers]
    for verdict in bad[:SHOWN_BAD] if judged.errors is None else ():
        typer.echo(f"  {verdict.verdict}: {_short(verdict.detail)}")
    for row, why in judged.unscored[:SHOWN]:
        typer.echo(f"  unscored {row}: {_short(why)}")
    if len(judged.unscored) > SHOWN:
        typer.echo(f"  and {len(judged.unscored) - SHOWN:,} more that are unscored")
    for pair in judged.agreements:
        typer.echo(str(pair))


def _quality_cells(judged: Judged, line: dict[str, Any]) -> list[str]:
    counts = [f"{line[name]:,}" for name in ("judged", *judged.menu, "unscored")]
    return [line["data"], line["task"], *counts, *_share(line["share"])]


def _share(share: dict[str, Any] | None) -> list[str]:
    return ["-", "-"] if share is None else [f"{share['value']:.1%}", f"{share['low']:.1%} to {share['high']:.1%}"]


def _show_errors(errors: dict[str, Any]) -> None:
    """How many errors are of which kind, beside the shares that RAFT gives."""
    if errors["errors"] == 0:
        silent = f" ({errors['without_answer']:,} without an answer)" if errors["without_answer"] else ""
        typer.echo(
            f"of {errors['shared']:,} questions that both answered nothing is wrong here that {errors['against']} has "
            f"right{silent}: there is nothing to sort"
        )
        return
    rows = [
        [kind, f"{of['rows']:,}", *_share(of["share"]), f"{PUBLISHED[kind]}%" if kind in PUBLISHED else "-"]
        for kind, of in errors["kinds"].items()
    ]
    show_table(("kind", "errors", "share", "95% interval", "RAFT, table 1"), rows)
    silent = f"; {errors['without_answer']:,} more without any answer" if errors["without_answer"] else ""
    typer.echo(
        f"of {errors['shared']:,} questions that both answered {errors['errors']:,} are wrong here and right in "
        f"{errors['against']}, {errors['sampled']:,} of them were judged{silent}"
    )


def nothing(judged: Judged) -> str:
    """Why no row at all has a verdict; "" if one has, or there was none to judge."""
    if not judged.rows or any(verdict.verdict is not None for verdict in judged.verdicts.values()):
        return ""
    first: dict[str, str] = {}  # reason -> it with what the first such reply says
    for verdict in judged.verdicts.values():
        first.setdefault(verdict.why or verdict.detail, _short(verdict.in_words()))
    counts = Counter(verdict.why or verdict.detail for verdict in judged.verdicts.values()).most_common()
    told = "; ".join(f"{count:,}: {first[why]}" for why, count in counts[:REASONS] if first[why])
    more = f"; and {len(counts) - REASONS:,} other reasons" if len(counts) > REASONS else ""
    return f"none of {judged.rows:,} rows has a verdict" + (f" ({told}{more})" if told else "")


def _short(text: str) -> str:
    return " ".join(text.split())[:300]
