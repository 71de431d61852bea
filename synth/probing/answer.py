"""`synth probe answer`: the probability of the gold answer after each prefix of a rationale.

Zhu et al. 2025 (RAFT, appendix A.1 and figure 7) cut a rationale after each token, have the model answer at once, and
see how likely the final answer is: there with one sharp turn. Here every answer that is weighed is put behind the
closing form, and its probability worked out exactly; for a few rows answers are drawn as well, as there.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from synth.base.terminal import progress, sayer
from synth.errors import UsageError
from synth.models.generate import Decoding
from synth.probing import curves
from synth.probing.answer_pictures import pictures
from synth.probing.candidates import candidates, pool_of
from synth.probing.closing import Closing, Cuts, Form, closing_of, cuts_of, form_of
from synth.probing.folder import Result, check_free, facts_of, folder_of, write
from synth.probing.options import Answer
from synth.probing.own import Written, written
from synth.probing.subject import Start, Subject, subject
from synth.record import Record

DIGITS = 9  # of a probability in rows.jsonl
LEARNED = {"answer": "learned answers alone", "blank": "learned blank rationales"}


def run(asked: Answer) -> list[Result]:
    """Weigh the answers after each prefix of the rationales of some rows."""
    found = subject(asked.run, asked)
    out = folder_of("answer", asked.run, asked)
    head = facts_of("answer", asked.run, asked, len(found.records))
    check_free(out, head, asked.overwrite)
    say = sayer(asked.quiet, "synth: ")
    if asked.rationale == "gold" and (learned := LEARNED.get(found.target or "")):
        say(f"{head['run']} {learned}: these rationales are nothing that it would write")
    weigher = Weigher(found, asked, pool_of(found.records))
    with progress(asked.quiet) as report:
        rows = weigher.rows(report)
    if not rows:
        raise UsageError(_nothing(found, asked))
    measured = {"shared": weigher.shared, "figures": curves.figures(rows)}
    facts = {**head, "target": found.target, **weigher.counts, **measured}
    result = Result(out, facts, rows, pictures(facts["figures"], rows[: asked.pictured]))
    write(result)
    return [result]


def _nothing(subject: Subject, asked: Answer) -> str:
    """Why no row is left."""
    if asked.rationale == "gold":
        return f"no row of {asked.data} {asked.split} has a rationale that ends in its answer: give --rationale own"
    return f"{subject.name} writes no rationale about {asked.data} {asked.split}: give --rationale gold"


@dataclass
class Weigher:
    """Works the rows out, one after the other."""

    subject: Subject
    asked: Answer
    pool: Sequence[str]
    shared: bool | None = None  # whether prefixes are read once for all; None: not known yet

    def __post_init__(self) -> None:
        self.counts = {"left_out": {"no_rationale": 0, "too_long": 0}}

    def rows(self, report: Any) -> list[dict[str, Any]]:
        """The lines of the rows that can be cut."""
        records, lines = self.subject.records, list[dict[str, Any]]()
        own = written(self.subject, records, self.asked.max_new_tokens)
        starts = self.subject.starts(records)
        for at, record in enumerate(records):
            if (line := self._row(record, own[at], starts[at], len(lines) < self.asked.sampled_rows)) is not None:
                lines.append(line)
            report(self.asked.split, at + 1, len(records))
        return lines

    def _row(self, record: Record, own: Written, start: Start, draws: bool) -> dict[str, Any] | None:
        """The line of a row; None for one whose rationale cannot be cut."""
        form = form_of(self.subject, record if self.asked.rationale == "gold" else own.record)
        if form is None:
            self.counts["left_out"]["no_rationale"] += 1
            return None
        form = replace(form, answer=record.answer)
        answers = candidates(self.subject, record, self.pool, self.asked.options, self.asked.seed)
        cuts = cuts_of(self.subject, record, form, self.asked.at, self.asked.stride)
        bare, closing = (closing_of(self.subject, record, form, cuts, answers, bare) for bare in (True, False))
        if self._too_long(start, cuts, closing):
            self.counts["left_out"]["too_long"] += 1
            return None
        logs = self._weighed(start, cuts, bare, closing)
        chances = [[math.exp(value) for value in of_cut] for of_cut in logs]
        line: dict[str, Any] = {
            "id": record.id, "gold": record.answer, "answer": own.answer, "correct": own.right, "answers": answers,
            "texts": cuts.texts, "cuts": [place - cuts.first for place in cuts.places],
            "probability": [round(of_cut[0], DIGITS) for of_cut in chances],
            "share": [round(of_cut[0] / max(sum(of_cut), 1e-300), DIGITS) for of_cut in chances],
            "likeliest": [answers[of_cut.index(max(of_cut))] for of_cut in chances],
        }  # fmt: skip
        line["rise"] = curves.rise(line, [end - cuts.first for end in cuts.steps])
        line["sampled"] = self._drawn(record, form, start, cuts, bare, closing) if draws else None
        return line

    def _weighed(self, start: Start, cuts: Cuts, bare: Closing, closing: Closing) -> list[list[float]]:
        """The logarithm of the probability of each answer at each cut."""
        from synth.probing.shared import Branch, agree, plainly, takes_branches, weigh

        branches = [
            Branch(0, bare.lead, bare.answers) if place == cuts.first else Branch(place, closing.lead, closing.answers)
            for place in cuts.places
        ]
        given = (self.subject.checkpoint, start, cuts.tokens, branches)
        if self.shared is None:  # of the first row both ways are gone, so that no model is read wrongly
            self.shared = takes_branches(self.subject.checkpoint.model) and agree(*given)
        return weigh(*given) if self.shared else plainly(*given)

    def _too_long(self, start: Start, cuts: Cuts, closing: Closing) -> bool:
        """Whether the model has no room for all of it."""
        if (limit := self.subject.checkpoint.limit) is None:
            return False
        more = len(cuts.tokens) + len(closing.lead) + max(map(len, closing.answers))
        own = len(start.read) if self.subject.checkpoint.decoder else max(len(start.read), len(start.written) + more)
        return own + (more if self.subject.checkpoint.decoder else 0) > limit

    def _drawn(
        self, record: Record, form: Form, start: Start, cuts: Cuts, bare: Closing, closing: Closing
    ) -> list[float]:
        """The share of the gold answer among answers that the model draws at each cut, at temperature 1."""
        starts = [
            self.subject.behind(start, bare.lead if place == cuts.first else [*cuts.tokens[:place], *closing.lead])
            for place in cuts.places
        ]
        longest = max(len(answer) for answer in closing.answers) + 2
        decoding = Decoding(self.asked.draws, 1.0, longest, seed=self.asked.seed)
        names = [f"{record.id}/{place}" for place in cuts.places]
        gold = f"{form.spelled(record.answer)}{form.tail}".strip()
        outputs = self.subject.write(starts, names, decoding)
        return [sum(_is(output.text, gold) for output in of_cut) / max(len(of_cut), 1) for of_cut in outputs]


def _is(text: str, gold: str) -> bool:
    """Whether a text that was written behind the closing form is the gold answer, and nothing more in its line."""
    return text.strip().split("\n")[0].strip() == gold
