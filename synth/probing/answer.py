"""`synth probe answer`: the probability of the gold answer after each prefix of a rationale.

Zhu et al. 2025 (RAFT, appendix A.1 and figure 7) cut a rationale after each token, have the model answer at once, and
see how likely the final answer is: there with one sharp turn. Here every answer that is weighed is put behind the
closing form and its probability worked out, exactly.
"""

import math
from collections.abc import Sequence
from typing import Any

from synth.base.terminal import progress
from synth.probing.candidates import candidates, pool_of
from synth.probing.closing import Closing, Cuts, closing_of, cuts_of, form_of
from synth.probing.folder import Result, check_free, facts_of, folder_of, write
from synth.probing.options import Answer
from synth.probing.subject import Start, Subject, subject
from synth.record import Record


def run(asked: Answer) -> list[Result]:
    """Weigh the answers after each prefix of the rationales of some rows."""
    found = subject(asked.run, asked)
    out = folder_of("answer", asked.run, asked)
    head = facts_of("answer", asked.run, asked, len(found.records))
    check_free(out, head, asked.overwrite)
    pool = pool_of(found.records)
    rows = []
    with progress(asked.quiet) as report:
        for record in found.records:
            rows.append(_row(found, record, asked, pool))
            report(asked.split, len(rows), len(found.records))
    known = [row for row in rows if row is not None]
    result = Result(out, {**head, "left_out": {"no_rationale": len(rows) - len(known)}}, known)
    write(result)
    return [result]


def _row(subject: Subject, record: Record, asked: Answer, pool: Sequence[str]) -> dict[str, Any] | None:
    """The line of a row; None for one whose rationale cannot be cut."""
    form = form_of(subject, record)
    if form is None:
        return None
    answers = candidates(subject, record, pool, asked.options, asked.seed)
    cuts = cuts_of(subject, record, form, asked.at, asked.stride)
    bare, closing = (closing_of(subject, record, form, cuts, answers, bare) for bare in (True, False))
    (start,) = subject.starts([record])
    weighed = _weighed(subject, start, cuts, bare, closing)
    return {
        "id": record.id, "gold": record.answer, "answers": answers, "texts": cuts.texts,
        "cuts": [place - cuts.first for place in cuts.places],
        "probability": [[round(math.exp(value), 9) for value in of_cut] for of_cut in weighed],
    }  # fmt: skip


def _weighed(subject: Subject, start: Start, cuts: Cuts, bare: Closing, closing: Closing) -> list[list[float]]:
    """The logarithm of the probability of each answer at each cut."""
    from synth.probing.forced import log_probabilities

    before: list[list[int]] = []
    after: list[list[int]] = []
    for place in cuts.places:
        own = bare if place == cuts.first else closing
        kept = [] if own is bare else cuts.tokens[:place]
        before += [[*kept, *own.lead]] * len(own.answers)
        after += own.answers
    found, each = log_probabilities(subject.checkpoint, [start] * len(before), before, after), len(closing.answers)
    return [found[at : at + each] for at in range(0, len(found), each)]
