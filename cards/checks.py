"""The part of a card on checks: expectations, judges, tokens, contamination."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from synth.cards import facts
from synth.cards.markdown import cell, listed, share, table
from synth.cards.member import Member
from synth.statistics.distribution import QUARTILES


def checks(member: Member) -> str:
    """All that was checked of a configuration; "" for nothing."""
    validation = member.validation
    parts = [_verdicts(member)]
    if validation is not None:
        parts = [*_expectations(validation, member.changed), *parts, _tokens(validation), *_contamination(validation)]
    return "\n\n".join(part for part in parts if part)


def _expectations(validation: Mapping[str, Any], changed: list[str]) -> list[str]:
    listed_all = validation["expectations"]
    missed = [one for one in listed_all if not one["success"]]
    warned = sum(one.get("severity") == "warning" for one in missed)
    told = [f"{len(missed) - warned} failed"] if len(missed) > warned else []
    told += [f"{warned} warned"] if warned else []
    held, count = len(listed_all) - len(missed), _expectation(len(listed_all))
    verdict = f"{held} of {count} hold{'s' if len(listed_all) == 1 else ''}; {' and '.join(told)}"
    whole = f"All {count} hold" if len(listed_all) > 1 else "The one expectation holds"
    with_what = (validation.get("versions") or {}).get("great-expectations")
    tool = f" (Great Expectations {with_what})" if with_what else ""
    sample = (
        f"; steps were worked out again of a sample of {validation['sample']:,} rows"
        if validation.get("sample")
        else ""
    )
    sample = "; steps were not worked out again" if validation.get("steps") is False else sample
    since = f"**The data has changed since these checks:** {listed(changed)}." if changed else ""
    head = ["expectation", "rows", "failures"]
    return [
        f"{verdict if missed else whole}{sample}{tool}.",
        since,
        table(head, map(_line, missed)) if missed else "",
        _folded(f"All {count}" if len(listed_all) > 1 else "The expectation", table(head, map(_line, listed_all))),
    ]


def _expectation(count: int) -> str:
    return f"{count} expectation{'' if count == 1 else 's'}"


def _folded(title: str, text: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"


def _line(expectation: Mapping[str, Any]) -> list[str]:
    return [cell(expectation["title"], 120), f"{expectation['rows']:,}", _failures(expectation)]


def _failures(expectation: Mapping[str, Any]) -> str:
    count = f"{expectation.get('failures') or 0:,}"
    observed = expectation.get("observed")
    return count if expectation["success"] else f"**{count}**" + (f" ({cell(observed)})" if observed else "")


def _verdicts(member: Member) -> str:
    """What judges said of every row that they judged, also of those that were taken out for it."""
    counts = member.counts.verdicts + _taken_out(member.manifest)
    if not counts:
        return ""
    judged = {judge: sum(n for (who, _), n in counts.items() if who == judge) for judge, _ in counts}
    order = sorted(counts.items(), key=lambda pair: (pair[0][0], -pair[1], str(pair[0][1])))
    rows = [
        [f"{cell(judge)}: {cell(verdict or 'no verdict')}", f"{n:,}", share(n, judged[judge])]
        for (judge, verdict), n in order
    ]
    return "\n\n".join([table(["judge: verdict", "rows", "share of those judged"], rows), *_scores(member)])


def _scores(member: Member) -> list[str]:
    """How the scores of rewards are distributed."""
    found = sorted((judge, scores) for judge, scores in member.counts.scores.items() if scores.scored)
    rows = [
        [cell(judge), f"{of.scored:,}", f"{of.mean:.3f}", *(f"{of.quantile(part):.3f}" for part in QUARTILES.values())]
        for judge, of in found
    ]
    return [table(["reward", "rows with a score", "mean", *QUARTILES], rows)] if rows else []


def _taken_out(manifest: Mapping[str, Any]) -> Counter[tuple[str, str | None]]:
    """Judge and verdict of rows that are no longer there: `dropped` has them as `judge: verdict`."""
    parted = ((*name.partition(": ")[::2], count) for name, count in facts.dropped(manifest).items())
    return Counter({(judge, verdict): count for judge, verdict, count in parted})


def _tokens(validation: Mapping[str, Any]) -> str:
    tokenizer = validation.get("tokenizer")
    if not tokenizer:
        return ""
    trip = tokenizer.get("round_trip") or {}
    lost = trip.get("failures", 0)
    said = f"Tokens of `{tokenizer['name']}`" + (f"; {lost:,} targets do not survive its round trip" if lost else "")
    if tokenizer.get("limit") and tokenizer.get("beyond_limit") is not None:
        said += f"; {tokenizer['beyond_limit']:.1%} are longer than {tokenizer['limit']:,}"
    measures = ("mean", "p50", "p95", "p99", "max")
    rows = [[text, *(f"{values[name]:,.0f}" for name in measures)] for text, values in tokenizer["tokens"].items()]
    return f"{said}:\n\n{table(['tokens', *measures], rows)}"


def _contamination(validation: Mapping[str, Any]) -> list[str]:
    if not validation["contamination"]:
        return []
    rows = [
        [
            f"{cell(report['against'])}, {report['ngram']}-grams",
            f"{report['benchmark_questions']:,}",
            f"{report['benchmark_hit']:,} ({share(report['benchmark_hit'], report['benchmark_questions'])})",
            f"{report['rows_hit']:,} ({share(report['rows_hit'], report['rows'])})",
        ]
        for report in validation["contamination"]
    ]
    head = ["overlap with benchmarks", "questions", "found in the data", "rows that hold one"]
    short = [f"{e['too_short']:,} of {cell(e['against'])}" for e in validation["contamination"] if e.get("too_short")]
    note = [f"Too short to tell: {', '.join(short)}."] if short else []
    return [table(head, rows), *note, _overlaps(validation["contamination"])]


def _overlaps(reports: Sequence[Mapping[str, Any]]) -> str:
    """Some rows with the question that each overlaps with, and the words that are in both."""
    lines = [
        f"| {cell(each['id'])} | {cell(each['against_id'])}, {cell(report['against'])} | {cell(each['ngram'], 200)} |"
        for report in reports
        for each in report.get("examples") or ()
    ]
    return (
        "\n".join(["| row | question of a benchmark | words in both |", "| --- | --- | --- |", *lines]) if lines else ""
    )
