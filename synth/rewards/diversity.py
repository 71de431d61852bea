"""Pays for a rationale that does not repeat itself.

The product over n = 2, 3, 4 of the share of its n-grams that are different: MaRio (Ramnath et al. 2023,
arXiv 2311.02805), as `diversity` of `synth eval`. Tokens stand between white space; the rationale is what the reader of
the task finds before the answer. Range: 0 to 1, never quite 0. None for an empty rationale, which scores 1 in the code
that the authors released; no gold answer is needed. How a model is paid for nothing: by a rationale of a few words, as
one too short for any n-gram loses nothing (`length` has a least length), and by words of no sense, none of them twice.
"""

from collections.abc import Sequence
from typing import Any

from synth.evaluating import metrics
from synth.rewarding.batch import written
from synth.rewarding.reward import Completion, Reward, Values


def diversity(completions: Sequence[Completion], **columns: Any) -> Values:
    """The diversity of each rationale; None if there is none."""
    rows = written("diversity", completions, columns, gold=False)
    rationales = ["" if row is None else row.found.rationale for row in rows]
    values = metrics.diversity(rationales)
    return [value if rationale.strip() else None for value, rationale in zip(values, rationales, strict=True)]


REWARD = Reward("diversity", diversity)
