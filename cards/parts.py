"""The texts of the parts of a card, from its configurations; cards/dataset.md says where they stand."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from synth.cards import bootstrapped, conditioned, facts, markdown
from synth.cards.markdown import cell, fence, listed, share, table
from synth.cards.member import TALLIED, Member
from synth.data.carried import ANSWERS
from synth.data.counts import DIFFERENT, SplitCounts, Values
from synth.shots.options import in_words
from synth.statistics.ranges import in_order

FEW = 12  # values of a column that are listed
SOME = 5  # of a column with more: the commonest of them, if they are common
COMMON = 0.02
LONG = 40  # characters of a value that is no longer a name


def split_line(name: str, counts: SplitCounts) -> dict[str, Any]:
    """The line of a split in the table of statistics."""
    different, commonest = "-", "-"
    if counts.answers.too_many:
        different = f"more than {DIFFERENT:,}"
    elif counts.rows:
        answer, count = min(counts.answers.counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
        different, commonest = f"{len(counts.answers.counts):,}", f"{cell(answer, 30)} ({share(count, counts.rows)})"
    texts = {text: str(lengths) for text, lengths in counts.lengths.items()}
    return {"name": name, "rows": counts.rows, "answers": different, "commonest": commonest, **texts}


def columns(member: Member) -> str:
    """A table of what rows have: values and their shares, numbers and their range."""
    lines = [(f"`{name}`", _values(values, member.counts.rows)) for name, values in member.counts.meta.items()]
    lines += [(name, _shares(counter.most_common(), counter.total())) for name, counter in member.tallies.items()]
    shown = [line for line in lines if line[1]]
    if not shown:
        return ""
    text = "\n".join(
        ["| column | shares, all splits taken together |", "| --- | --- |", *(f"| {n} | {v} |" for n, v in shown)]
    )
    some = f"Of {listed(list(member.tallies))}: the first {TALLIED:,} rows of each split."
    return text if member.tallied_all or not member.tallies else f"{text}\n\n{some}"


def _values(values: Values, rows: int) -> str:
    counts = Counter({value: count for value, count in values.counts.items() if value is not None})
    if values.too_many or not counts or set(counts) == {""}:
        return ""
    if len(counts) == 1:
        ((value, count),) = counts.items()
        return f"always {cell(value)}" if count == rows else f"{cell(value)} {share(count, rows)}"
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in counts):
        return _numbers(counts, rows)
    return _names(counts, rows)


def _numbers(counts: Counter[Any], rows: int) -> str:
    if len(counts) <= FEW:
        return _shares(sorted(counts.items(), key=lambda pair: in_order(str(pair[0]))), rows)
    mean = sum(value * count for value, count in counts.items()) / counts.total()
    return f"mean {mean:,.1f} ({min(counts):,g}-{max(counts):,g})"


def _names(counts: Counter[Any], rows: int) -> str:
    """All of a few, the commonest of many; nothing if they are no names, or hardly any comes twice."""
    order = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
    shown = order if len(order) <= FEW else order[:SOME]
    if all("/" in str(value) for value in counts):  # ids, which nobody reads
        return f"{len(order):,} different"
    often = len(shown) == len(order) or (order[0][1] > 1 and order[0][1] / rows >= COMMON)
    if not often or max(len(str(value)) for value, _ in shown) > LONG:
        return ""
    return _shares(shown, rows) + (f" and {len(order) - SOME:,} others" if len(shown) < len(order) else "")


def _shares(pairs: Sequence[tuple[Any, int]], rows: int) -> str:
    return ", ".join(f"{cell(value) or '(empty)'} {share(count, rows)}" for value, count in pairs)


def made(member: Member) -> list[str]:
    """How the data was made, beside the command: a sentence each."""
    manifest = member.manifest
    lines = [
        f"Made from `{name}`" + (f" (sha256 `{digest}`)" if digest else "") for name, digest in facts.sources(manifest)
    ]
    if revision := (manifest.get("read") or manifest).get("revision"):
        lines[-1] += f" at the Hub's commit `{cell(revision)}`"
    if bootstrapped.star(manifest):
        lines += bootstrapped.made(manifest, member.counts.rows, member.counts.sums["hinted"])
    elif conditioned.mario(manifest):
        lines += conditioned.made(manifest)
    elif "builder" in manifest and "seed" in manifest:  # rows that a run set aside have none
        source = ", on the same source," if facts.sources(manifest) else ""
        lines += [f"Seed {manifest['seed']}. The same command{source} writes the same rows on any machine."]
    elif "distilled" in manifest:
        lines += _asked(member)
    lines += [
        f"Split `{name}`: questions and answers alone, from `{each['source']['name']}`"
        for name, each in (manifest.get(ANSWERS) or {}).items()
    ]
    lines += [
        f"{cell(name, 200)}: {cell(text, 400)}" if name else cell(text, 400) for name, text in facts.notes(manifest)
    ]
    versions = dict(manifest.get("versions") or {})
    ours, python = versions.pop("rationale-synth", ""), versions.pop("python", "")
    if ours and python:
        rest = ", ".join(f"{name} {version}" for name, version in versions.items())
        lines.append(f"rationale-synth {ours}, Python {python}" + (f", {rest}" if rest else ""))
    return lines


def _asked(member: Member) -> list[str]:
    """The teacher, how it was asked, and what that took; of an import, where its rationales come from."""
    if "imported" in member.manifest:
        return taken_in(member)
    manifest, plan, sums, rows = member.manifest, member.manifest["plan"], member.counts.sums, _explained(member)
    if (teacher := manifest.get("teacher")) is None:  # rows that a run set aside
        return []
    model = f" (model `{teacher['model']}`)" if teacher["model"] != teacher["name"] else ""
    terms = f". Terms: {manifest['terms']}" if manifest.get("terms") else ""
    heat = ", ".join(f"{temperature:g}" for temperature in plan["temperatures"])
    top = f", top-p {plan['top_p']:g}" if plan.get("top_p") is not None else ""
    lines = [
        f"Teacher: `{teacher['name']}`{model}{terms}",
        f"Sampling: temperature {heat}{top}, at most {plan['max_tokens']:,} tokens a reply",
        _kept(plan),
        f"{manifest['questions']:,} questions were asked, {rows:,} rows kept",
    ]
    if annotator := manifest.get("annotator"):
        lines.append(f"The prompt is that of annotator {cell(annotator)}, the length asked for `{plan['length']}`")
    if shots := manifest.get("shots"):
        lines.append(f"Before each question stood {in_words(shots)} (sha256 `{shots['sha256'][:16]}`)")
    if sums["hinted"]:
        whom = f"In {sums['hinted']:,} row{'' if sums['hinted'] == 1 else 's'} ({share(sums['hinted'], rows)})"
        lines.append(f"{whom} the teacher had been given the answer (`hinted`)")
    if sums["completion_tokens known"]:
        cost = f", ${sums['cost']:,.2f}" if sums["cost known"] == rows else ""
        lines.append(f"Replies that were kept: {_tokens(sums)}{cost}")
    if member.attempts:
        lines.append(f"All {member.attempts.count:,} attempts: {_tokens(member.attempts.tokens)}")
        if failures := member.attempts.failures():
            lines.append(f"Attempts that were not right: {failures}")
    return [*lines, *_paid(manifest)]


def _explained(member: Member) -> int:
    """Rows that have a rationale: those of splits of questions and answers alone have none."""
    alone = member.manifest.get(ANSWERS) or {}
    return sum(counts.rows for split, counts in member.splits.items() if split not in alone)


def taken_in(member: Member) -> list[str]:
    """What was taken in, by whom it was written, and what was left out of it."""
    manifest, rows, lines = member.manifest, _explained(member), []
    if manifest["questions"]:
        came = f"{manifest['questions']:,} questions came with rationales"
        lines.append(f"No teacher was asked: {came}, {rows:,} rows kept")
    if outcomes := manifest.get("outcomes"):
        counts = ", ".join(f"{count:,} {name}" for name, count in sorted(outcomes.items(), key=lambda pair: -pair[1]))
        lines.append(f"Of {sum(outcomes.values()):,} rationales: {counts}")
    if manifest.get("same"):
        lines.append(f"{manifest['same']:,} right ones say what another one of their question says, and are no rows")
    if writers := manifest.get("writers"):
        lines.append("Written by " + ", ".join(f"`{cell(name)}` ({count:,} rows)" for name, count in writers.items()))
    return lines


def _paid(manifest: Mapping[str, Any]) -> list[str]:
    """What all runs took, the replies that nothing came of among them; folders of older versions do not say."""
    lines = []
    if (paid := manifest.get("paid")) is not None:
        cost = "" if paid["dollars"] is None else f", ${paid['dollars']:,.2f}"
        unused = f", {paid['unused']:,} replies unused" if paid["unused"] else ""
        stored = f", {paid['from_store']:,} replies out of an earlier store" if paid["from_store"] else ""
        took = timedelta(seconds=round(paid["seconds"]))
        asked = f"All runs, at {paid['base_url']}: {paid['requests']:,} requests, {paid['attempts']:,} attempts used"
        lines.append(f"{asked}, {_tokens(paid)}{cost}{unused}{stored}; {took}")
    if (vote := manifest.get("vote")) and vote.get("labelled"):
        lines.append(f"The majority agrees with {vote['agree']:,} of {vote['labelled']:,} labels (`meta.label`)")
    if repeating := manifest.get("repeating"):
        lines.append(f"{repeating:,} questions got the same reply to every attempt: the server did not sample")
    return lines


def _kept(plan: Mapping[str, Any]) -> str:
    if plan.get("vote"):
        return f"The majority of {plan['vote']} samples is the answer, whatever labels the questions had"
    kept = {"first": "the first", "shortest": "the shortest", "all": "every one"}[plan["keep"]]
    more = f", {plan['per_question']} of them distinct" if plan["per_question"] > 1 else ""
    hint = "; where all failed, once more with the answer as a hint" if plan.get("rationalize") else ""
    return f"Each question was asked up to {plan['max_attempts']} times; of right rationales {kept} is kept{more}{hint}"


def _tokens(sums: Mapping[str, Any]) -> str:
    return f"{sums['prompt_tokens']:,} prompt and {sums['completion_tokens']:,} completion tokens"


def prompts(member: Member) -> str:
    """The messages to the teacher."""
    return "\n\n".join(fence(text, "text") for _, text in facts.prompts(member.manifest, member.row))


def rejected(member: Member) -> str:
    """What was left out and why; of a source also how much of each group is kept."""
    splits = member.manifest["splits"]
    reasons = Counter({reason: count for reason, count in member.manifest["rejected"].items() if count})
    parts = [member.attempts.yields()] if member.attempts and "imported" not in member.manifest else []
    if reasons:
        head = ["left out", *splits]
        rows = [
            [f"`{r}`", *(f"{s['rejected'].get(r, 0):,}" for s in splits.values())] for r, _ in reasons.most_common()
        ]
        parts += [table(head, rows), _dropped(member.manifest)]
    for split, groups in (member.manifest.get("yield") or {}).items():
        kept = {name: (counts.get("kept", 0), sum(counts.values())) for name, counts in groups.items()}
        rows = [[cell(name), f"{whole:,}", f"{part:,}", share(part, whole)] for name, (part, whole) in kept.items()]
        parts.append(table([f"source of {split}", "rows", "kept", "share"], rows))
    return "\n\n".join(part for part in parts if part)


def _dropped(manifest: Mapping[str, Any]) -> str:
    """Which of the rows that were left out a judge took out."""
    counts = [f"{count:,} as {cell(verdict)}" for verdict, count in facts.dropped(manifest).items()]
    return f"Of these, judges took out {', '.join(counts)}." if counts else ""


def row(member: Member) -> str:
    """A row to read, if there is one."""
    return markdown.row(member.row) if member.row else ""
