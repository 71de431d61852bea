"""Stops a run whose first questions all come to nothing, before more is paid for it.

That happens when the settings do not fit the server: every reply is cut off, holds no text, closes in another form than
asked, or is a refusal. Questions answered wrongly are another matter: those replies can be read.
"""

from collections import Counter
from collections.abc import Callable

from synth.attempts.attempt import Attempt, Settled
from synth.attempts.rows import reason

FIRST = 50  # questions that are looked at
SHOWN = 300  # characters of the reply that is shown
ADVICE = {
    "truncated": "replies are cut off: give a larger --max-tokens (it was {max_tokens})",
    "empty": (
        "replies hold no rationale: a reasoning model may need a larger --max-tokens (it was {max_tokens}), "
        "others --length thorough or --instruction; synth doctor says what the server does"
    ),
    "no_answer": 'replies do not close as asked ("{closing}"): see --instruction, or the closing form of the task',
    "refusal": "the teacher refuses: try --system, --instruction or another --teacher",
    "error": "the server answers no question: synth doctor says what it can do",
}


class Brake:
    """Sees each question as it is settled; `line` says why to stop, once all of the first come to nothing."""

    def __init__(self, max_tokens: int, closing: str) -> None:
        self.refused_before: Callable[[str], bool] = lambda key: False  # whether a request was, by its key
        self.said = {"max_tokens": f"{max_tokens:,}", "closing": closing}
        self.reasons: Counter[str] = Counter()
        self.released = False
        self._example = ""

    def see(self, settled: Settled) -> bool:
        """Whether to stop now."""
        if self.released or not any(map(self._is_new, settled.attempts)):
            return False  # a run that goes on after it was stopped so looks at further questions
        why = None if settled.kept else reason(settled)
        if why not in ADVICE:
            self.released = True
            return False
        self.reasons[why] += 1
        self._example = self._example or _said(settled.attempts[-1])
        return self.reasons.total() == FIRST

    def line(self) -> str:
        """What the questions came to, what to change, and one reply."""
        (commonest, _), *_ = self.reasons.most_common(1)
        counts = ", ".join(f"{count:,} {why}" for why, count in self.reasons.most_common())
        whole = self.reasons.total()
        advice = ADVICE[commonest].format(**self.said)
        what = f"all {whole:,} questions that were asked now came to nothing ({counts})"
        return f"{what}; {advice}; one reply: {self._example}"

    def _is_new(self, attempt: Attempt) -> bool:
        if attempt.reply is not None:
            return not attempt.reply.cached
        return attempt.request is None or not self.refused_before(attempt.request.key())


def _said(attempt: Attempt) -> str:
    """What came back, in one line."""
    if attempt.reply is None:
        return attempt.detail[:SHOWN]
    text = " ".join((attempt.reply.text or "").split())
    thought = f", {len(attempt.reply.thinking):,} characters of thinking" if attempt.reply.thinking else ""
    return f"{text[:SHOWN]!r} (finish reason {attempt.reply.finish_reason}{thought})"
