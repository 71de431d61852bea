"""Metrics as plain functions over a batch: a list of one number a row, None where a metric does not apply.

    exact(["18", None], ["18", "5"], "number")      [1.0, 0.0]

Each says where it comes from. What a text says (its answer, its steps) is read by the checker of its dataset
(synth/validating/checker.py); figures over all rows (means with intervals, calibration) are in synth/statistics/.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from synth.answers.kinds import Kind
from synth.answers.normalised import normalised
from synth.answers.reply import majority, same
from synth.judges import equations
from synth.questions.task import Task
from synth.record import Record
from synth.validating.checker import Checker, reader_of

Values = list[float | None]
COPIES, LOOP = 3, 20  # so often a loop says the same in a row, and for so many characters
_ALONE = ("yes", "no", "noanswer")  # an answer that shares words with one of these is not partly right


def exact(answers: Sequence[str | None], golds: Sequence[str], kinds: Kind | Sequence[Kind]) -> Values:
    """1 if the answer of the output is the gold one, whole: numbers as numbers, options by their letter
    (synth/answers/reply.py)."""
    of_rows = [kinds] * len(golds) if isinstance(kinds, str) else kinds
    return [float(same(answer, gold, kind)) for answer, gold, kind in zip(answers, golds, of_rows, strict=True)]


def answer_f1(answers: Sequence[str | None], golds: Sequence[str]) -> Values:
    """F1 of the words that answer and gold share, as in the official script of 2WikiMultiHopQA (Ho et al. 2020); `yes`,
    `no` and `noanswer` are right or wrong and nothing between. No answer is 0."""
    return [_answer_f1(normalised(answer or ""), normalised(gold)) for answer, gold in zip(answers, golds, strict=True)]


def _answer_f1(answer: str, gold: str) -> float:
    if answer != gold and (answer in _ALONE or gold in _ALONE):
        return 0.0
    return _f1(Counter(answer.split()), Counter(gold.split()))


def contained(outputs: Sequence[str], golds: Sequence[str]) -> Values:
    """1 if the gold answer appears anywhere in the output: the accuracy of the self-ask paper (Mathews et al.,
    section 3.3). Letter for letter, so that its ` Yes.` at the start of every output is no `yes`."""
    return [float(gold in output) for output, gold in zip(outputs, golds, strict=True)]


def last_character(outputs: Sequence[str], golds: Sequence[str]) -> Values:
    """1 if output and gold end in the same character: the scorer of the Explained-ListOps authors (Ballout et al.
    2023), to which 3 = 13 = 23. For comparison with their figures and nothing else."""
    return [float(output.strip()[-1:] == gold.strip()[-1:]) for output, gold in zip(outputs, golds, strict=True)]


def overlap_f1(outputs: Sequence[str], targets: Sequence[str | None], n: int) -> Values:
    """F1 of the n-grams that an output shares with its target, each counted as often as both have it.

    Mathews et al., section 3.3, compare generated text with target text with n = 1 and 2 and do not say what a token
    is: here it is what stands between white space. None if there is no target, or it has fewer than n tokens.
    """
    return [
        None
        if target is None or len(target.split()) < n
        else _f1(_ngrams(output.split(), n), _ngrams(target.split(), n))
        for output, target in zip(outputs, targets, strict=True)
    ]


def _f1(said: Counter[Any], due: Counter[Any]) -> float:
    shared = (said & due).total()
    return 2 * shared / (said.total() + due.total()) if shared else 0.0


def _ngrams(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(tokens[start:] for start in range(n)), strict=False))


def diversity(rationales: Sequence[str]) -> Values:
    """The product over n = 2, 3, 4 of the share of n-grams that are different, in one rationale.

    From MaRio (Ramnath et al. 2023, arXiv 2311.02805), where it stands for a rationale that does not repeat itself; the
    mean over rationales is the figure of its tables. Tokens stand between white space, as they are; a rationale too
    short for any n-gram, an empty one too, loses nothing for it (so their figures come out of the files they
    released).
    """
    return [_diversity(rationale.split()) for rationale in rationales]


def _diversity(tokens: Sequence[str]) -> float:
    product = 1.0
    for n in (2, 3, 4):
        counts = _ngrams(tokens, n)
        product *= len(counts) / counts.total() if counts else 1.0
    return product


def words(outputs: Sequence[str]) -> Values:
    """Length of an output in words, which stand between white space."""
    return [float(len(output.split())) for output in outputs]


def looping(outputs: Sequence[str], cut_off: Sequence[bool]) -> Values:
    """1 if an output says the same over and over until the length limit ends it: the generation loops of the
    self-ask paper (Mathews et al., section 5), where a model asks one follow-up for ever.

    `cut_off` says which outputs the limit ended. A loop ends in the same characters at least COPIES times in a row, the
    last copy whole or not, and for at least LOOP characters.
    """
    return [float(cut and _repeats(output.rstrip())) for output, cut in zip(outputs, cut_off, strict=True)]


def _repeats(text: str) -> bool:
    """Whether the text ends in something that repeats: its end is the same as what stands one period before it."""
    for period in range(1, len(text) // COPIES + 1):
        copies = max(COPIES, -(-LOOP // period))
        again = (copies - 1) * period
        if again + period <= len(text) and text[-again:] == text[-again - period : -period]:
            return True
    return False


def confidence(samples: Sequence[Sequence[str | None]], kind: Kind) -> list[tuple[str | None, float]]:
    """The answer most samples of a row come to, and the share of all samples that do: self-consistency (Wang et al.
    2023), used as a confidence by RAFT (Zhu et al. 2025, section 2.2). A sample without an answer agrees with
    nothing."""
    return [majority(answers, kind) for answers in samples]


@dataclass(frozen=True, slots=True)
class StepVerdict:
    """What the checker of a dataset says of the steps of an output."""

    right: bool
    first_wrong: int | None = None  # place in Checker.steps(rationale), from 0; None if the steps that are written hold
    fault: str | None = None  # a short identifier; see synth/validating/faults.py
    detail: str = ""  # what is wrong, for a person


def steps_right(verdicts: Sequence[StepVerdict | None]) -> Values:
    """1 if every step of a rationale holds and its answer follows, by working it out again (validators/); distilled
    rationales by their equations (synth/judges/equations/__init__.py)."""
    return [None if verdict is None else float(verdict.right) for verdict in verdicts]


def judge_steps(
    records: Sequence[Record], outputs: Sequence[str], known: Mapping[str, Any] | None = None
) -> list[StepVerdict | None]:
    """The verdict on each output as a rationale of its record's task; None if there is nothing to judge.

    known: what readers have to know of the folder, see settings_of in synth/validating/checker.py.
    """
    settings = dict(known or {})
    task = settings.pop("task", None)
    return [_judge(record, output, task, settings) for record, output in zip(records, outputs, strict=True)]


def _judge(record: Record, output: str, task: Task | None, known: Mapping[str, Any]) -> StepVerdict | None:
    if not record.rationale:
        return None
    reader = reader_of(record.task, task)
    reading = reader.read_output(record, output)
    if reader.check is None:
        return _equations(reader.record_of(record, output, reading), reader)
    if not reading.rationale:
        return StepVerdict(False, None, "missing_step", "there are no steps")
    fault = reader.check(reader.record_of(record, output, reading), **known)
    if fault is not None:
        return StepVerdict(False, fault.step, fault.reason, fault.detail)
    if reading.answer is None:
        return StepVerdict(False, None, "no_answer", "the steps come to no answer")
    return StepVerdict(True)


def _equations(written: Record, reader: Checker) -> StepVerdict | None:
    verdict = equations.judge(written)
    if verdict.verdict is None:
        return None
    wrong = next((equation for equation in equations.equations(written.rationale) if not equation.holds), None)
    if wrong is None:
        return StepVerdict(True)
    before = len(reader.steps(written.rationale[: wrong.end]))
    return StepVerdict(False, before - 1, "wrong_step", verdict.detail)
