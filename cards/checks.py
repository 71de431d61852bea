"""The part of a card on checks: expectations, judges, tokens, contamination."""

from collections.abc import Mapping, Sequence
from typing import Any

from synth.cards.markdown import cell, listed, share, table
from synth.cards.member import Member


def checks(member: Member) -> str:
    """All that was checked of a configuration; "" for nothing."""
    found = member.validation
    parts = [_verdicts(member)]
    if found is not None:
        parts = [*_expectations(found, member.changed), *parts, _tokens(found), *_contamination(found)]
    return "\n\n".join(part for part in parts if part)


def _expectations(found: Mapping[str, Any], changed: list[str]) -> list[str]:
    listed_all = found["expectations"]
    missed = [each for each in listed_all if not each["success"]]
    warned = sum(each.get("severity") == "warning" for each in missed)
    told = [f"{len(missed) - warned} failed"] if len(missed) > warned else []
    told += [f"{warned} warned"] if warned else []
    held, count = len(listed_all) - len(missed), _expectation(len(listed_all))
    verdict = f"{held} of {count} hold{'s' if len(listed_all) == 1 else ''}; {' and '.join(told)}"
    whole = f"All {count} hold" if len(listed_all) > 1 else "The one expectation holds"
    with_what = (found.get("versions") or {}).get("great-expectations")
    tool = f" (Great Expectations {with_what})" if with_what else ""
    sample = f"; steps were worked out again of a sample of {found['sample']:,} rows" if found.get("sample") else ""
    sample = "; steps were not worked out again" if found.get("steps") is False else sample
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
    counts = member.counts.verdicts
    if not counts:
        return ""
    judged = {judge: sum(n for (each, _), n in counts.items() if each == judge) for judge, _ in counts}
    order = sorted(counts.items(), key=lambda pair: (pair[0][0], -pair[1], str(pair[0][1])))
    rows = [
        [f"{cell(judge)}: {cell(verdict or 'no verdict')}", f"{n:,}", share(n, judged[judge])]
        for (judge, verdict), n in order
    ]
    return table(["judge: verdict", "rows", "share of those judged"], rows)


def _tokens(found: Mapping[str, Any]) -> str:
    tokenizer = found.get("tokenizer")
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


def _contamination(found: Mapping[str, Any]) -> list[str]:
    if not found["contamination"]:
        return []
    rows = [
        [
            f"{cell(each['against'])}, {each['ngram']}-grams",
            f"{each['benchmark_questions']:,}",
            f"{each['benchmark_hit']:,} ({share(each['benchmark_hit'], each['benchmark_questions'])})",
            f"{each['rows_hit']:,} ({share(each['rows_hit'], each['rows'])})",
        ]
        for each in found["contamination"]
    ]
    head = ["overlap with benchmarks", "questions", "found in the data", "rows that hold one"]
    short = [f"{e['too_short']:,} of {cell(e['against'])}" for e in found["contamination"] if e.get("too_short")]
    note = [f"Too short to tell: {', '.join(short)}."] if short else []
    return [table(head, rows), *note, _overlaps(found["contamination"])]


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
