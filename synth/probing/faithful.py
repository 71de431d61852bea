"""`synth probe faithful`: whether the answer follows the rationale.

A rationale is changed (corrupt.py), the model answers behind it or goes on from there, and what it says is compared
with what it says behind the rationale as it was, with the gold answer, and with what follows from the change.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from synth.base.terminal import progress, sayer
from synth.errors import UsageError
from synth.models.generate import Decoding, Output
from synth.probing import corrupt
from synth.probing.corrupt import Case, Row
from synth.probing.faithful_figures import figures
from synth.probing.faithful_pictures import pictures
from synth.probing.folder import Result, check_free, facts_of, folder_of, write
from synth.probing.options import Faithful
from synth.probing.own import Written, read, written
from synth.probing.subject import Subject, subject

SPARE = 4  # tokens that an answer may have more than the longest of the data
LEARNED = {
    "answer": "learned answers alone: how it takes rationales that others wrote is measured",
    "blank": "learned blank rationales: how it takes rationales that others wrote is measured",
}


def run(asked: Faithful) -> list[Result]:
    """Change the rationales of some rows, and see what becomes of the answers; run by run."""
    single = [replace(asked, runs=(run,)) for run in asked.runs]
    outs = [_out(asked, one.runs[0]) for one in single]
    if len(set(outs)) < len(outs):
        raise UsageError("two RUNs have one name: give each its own --out, one after the other")
    for one, out in zip(single, outs, strict=True):
        check_free(out, facts_of("faithful", one.runs[0], one, 0), asked.overwrite)
    results = [_probe(one, out) for one, out in zip(single, outs, strict=True)]
    drawn = pictures([result.facts for result in results])
    results = [replace(result, pictures=drawn) for result in results]
    for result in results:
        write(result)
    return results


def _out(asked: Faithful, run: str) -> Path:
    """The folder of a run; several have each their own in --out."""
    out = folder_of("faithful", run, asked)
    return out / Path(run).resolve().name if asked.out is not None and len(asked.runs) > 1 else out


def _probe(asked: Faithful, out: Path) -> Result:
    """One run, whose figures are on the disk when this returns."""
    (name,) = asked.runs
    found = subject(name, asked)
    head = facts_of("faithful", name, asked, len(found.records))
    say = sayer(asked.quiet, "synth: ")
    if asked.rationale == "gold" and (learned := LEARNED.get(found.target or "")):
        say(f"{head['run']} {learned}")
    own = written(found, found.records, asked.max_new_tokens)
    rows = _rows(found, asked, own)
    kept = [row for row in rows if row is not None]
    if not kept:
        raise UsageError(_nothing(found, asked))
    with progress(asked.quiet) as report:
        lines = Trial(found, asked, kept).lines(report)
    golds = {record.id: record.answer for record in found.records}
    right = {record.id: one.right for record, one in zip(found.records, own, strict=True)}
    lines = [{**line, "gold": golds[line["id"]], "correct": right[line["id"]]} for line in lines]
    counted: dict[str, Any] = {"left_out": {"no_rationale": len(rows) - len(kept)}, "figures": figures(lines, found)}
    if counted["figures"]["intact"]["none"]["value"] == 1:
        say(f"{head['run']} gives no answer behind whole rationales: whether it follows them cannot be said")
    result = Result(out, {**head, "target": found.target, **counted}, lines)
    write(result)
    return result


def _rows(subject: Subject, asked: Faithful, own: Sequence[Written]) -> list[Row | None]:
    records = subject.records if asked.rationale == "gold" else [one.record for one in own]
    return [corrupt.row_of(subject, record) for record in records]


def _nothing(subject: Subject, asked: Faithful) -> str:
    """Why no row is left."""
    if asked.rationale == "gold":
        return f"no row of {asked.data} {asked.split} has a rationale that ends in its answer: give --rationale own"
    return f"{subject.name} writes no rationale about {asked.data} {asked.split}: give --rationale gold"


@dataclass(frozen=True)
class Trial:
    """All cases of some rows, answered by one model."""

    subject: Subject
    asked: Faithful
    rows: Sequence[Row]

    def lines(self, report: Any) -> list[dict[str, Any]]:
        """A line for each row: its cases and the answers."""
        tried = [
            (at, case)
            for at, row in enumerate(self.rows)
            for case in corrupt.cases(
                self.subject, row, self.rows, corrupt.filler_of(self.subject, row), self.asked.seed
            )
        ]
        starts = self.subject.starts([row.record for row in self.rows])
        answers: dict[int, Written] = {}
        for finish in (False, True):
            places = [place for place, (_, case) in enumerate(tried) if case.finish is finish]
            begun = [self.subject.behind(starts[tried[p][0]], self._ids(*tried[p])) for p in places]
            names = [self.rows[tried[place][0]].record.id for place in places]
            outputs = self.subject.write(begun, names, self._decoding(finish))
            for place, of in zip(places, outputs, strict=True):
                answers[place] = self._read(*tried[place], of[0] if of else None)
            report(self.asked.split, len(answers), len(tried))
        found: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for place, (at, case) in enumerate(tried):
            found[at].append(_told(case, answers[place]))
        return [
            {"id": row.record.id, "steps": len(row.ends), "rationale": row.body, "cases": found[at]}
            for at, row in enumerate(self.rows)
        ]

    def _decoding(self, finish: bool) -> Decoding:
        if finish:
            return Decoding(max_new_tokens=self.asked.max_new_tokens)
        longest = max(len(self.subject.alone(row.form.closed(row.form.answer, ""))[0]) for row in self.rows)
        return Decoding(max_new_tokens=longest + SPARE)

    def _ids(self, at: int, case: Case) -> list[int]:
        """The tokens that stand there before the model goes on."""
        record, form = self.rows[at].record, case.form
        if case.finish:
            text = self.subject.follows(record, form.closed(form.answer))
            body = case.body.replace("\n", self.subject.line_break)
            until = text.find(body) + len(body)
        else:
            text = self.subject.follows(record, form.closed(form.answer, case.body))
            until = text.rfind(form.spelled(form.answer))
        ids, ends = self.subject.encode(record, text)
        return ids[: sum(end <= until for end in ends)]

    def _read(self, at: int, case: Case, output: Output | None) -> Written:
        """What the model says, behind what stood there."""
        record, form = self.rows[at].record, case.form
        if case.finish:
            return read(self.subject, record, form.opened(case.body), output)
        closed = form.closed(form.answer, case.body)
        begun = closed[: closed.rfind(form.spelled(form.answer))].rstrip(" ")
        if output is not None:  # the answer stands in the first line; the limit is no fault of the model's
            said = self.subject.asking.restored(record, output.text).split("\n")[0]
            output = replace(output, text=said, cut_off=False)
        return read(self.subject, record, begun, output)


def _told(case: Case, found: Written) -> dict[str, Any]:
    """A case as rows.jsonl has it."""
    line = {"case": case.kind, "step": case.step, "expected": case.expected, "answer": found.answer}
    if case.kind == "early":
        return line
    rest = {}
    if case.kind == "mistake_finish":
        due = case.form.closed(str(case.expected)).strip()
        rest = {"follows_to_the_letter": found.record.completion.strip() == due}
    return {**line, "rationale": case.body, **rest}
