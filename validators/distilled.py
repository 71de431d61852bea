"""Checks rows that a teacher wrote: where they come from, how often it was asked, what judges said of them.

After Zhu et al. 2025 (RAFT), who try a question up to 10 times and have a judge read a sample of the rows, and
Zelikman et al. 2022 (STaR, section 3.3), where a rationale written with the answer as a hint must not show that.
"""

from collections.abc import Mapping
from typing import Any

from synth.answers import reply
from synth.attempts.hints import gives_away
from synth.data.carried import ANSWERS
from synth.questions.cells import LETTERS
from synth.questions.prompts import options_of
from synth.questions.reading import task_of
from synth.record import Record
from synth.validating.checker import Checker

MOST_BAD, MOST_UNSCORED = 0.2, 0.2  # shares of judged rows
TAKEN_IN = ("source", "sha256", "row", "attempt", "attempts", "extractor")  # of rows that nobody was asked for
NEEDED = ("teacher", "attempt", "attempts", "hinted", "request", "sampling", "extractor")
BY_ITSELF = ("teacher", "model", "attempt", "attempts", "hinted", "iteration", "seed")  # of rows of STaR
IN_A_POOL = ("gold", "round", "sample", "scores")  # of rows that a run of MaRio learns from
OPTIONAL = ("model", "system_fingerprint", "finish_reason", "prompt_tokens", "completion_tokens", "cost", "thinking")


def expectations(manifest: Mapping[str, Any]) -> list[Any]:
    """What rows of a teacher are held to, beside what every dataset is."""
    import great_expectations.expectations as gxe

    from synth.validating.suites import named

    most = limit(manifest["plan"])
    truths = [
        ("answer_in_labels", True, "answer_in_labels", "answers are of the task's kind, or one of its options"),
        ("rationale_there", True, "rationales_there", "no rationale is empty"),
        ("provenance_fault", "", "provenance", "provenance is complete"),
        ("gives_hint_away", False, "hints", "no rationale gives away that it was given the answer"),
        ("new_pair", True, "rationales_once", "no question has a rationale twice"),
    ]
    of_rows = [
        gxe.ExpectColumnValuesToBeInSet(column=column, value_set=[value], meta=named(name, title))
        for column, value, name, title in truths
    ]
    between = named("attempts", f"a question was asked at most {most} times")
    return [
        *of_rows,
        gxe.ExpectColumnValuesToBeBetween(column="attempts", min_value=1, max_value=most, meta=between),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="attempts", column_B="attempt", or_equal=True,
            meta=named("attempt_kept", "the reply that was kept is one of the attempts"),
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="new_rationale", value_set=[True], severity="warning",
            meta=named("rationales_differ", "no two questions have the same rationale"),
        ),
        *_verdicts(),
    ]  # fmt: skip


def _verdicts() -> list[Any]:
    import great_expectations.expectations as gxe

    from synth.validating.suites import named

    return [
        gxe.ExpectColumnValuesToBeBetween(
            column=f"{which}_share", max_value=most, severity="warning",
            meta=named(f"verdicts_{which}", f"at most {most:.0%} of the verdicts are {said}", "verdicts",
                       shows=f"{which}_share"),
        )
        for which, most, said in (("bad", MOST_BAD, "bad"), ("unscored", MOST_UNSCORED, "unscored"))
    ]  # fmt: skip


def limit(plan: Mapping[str, Any]) -> int:
    """How often a question may have been asked: a hint comes after the last attempt; a vote has its own number."""
    return int(plan.get("vote") or plan["max_attempts"] + bool(plan["rationalize"]))


def ending(record: Record, manifest: Mapping[str, Any]) -> str:
    """The closing form of the task; of a task that the folder does not tell and nobody knows, the answer alone."""
    task = task_of(manifest)
    if task is None:
        last = record.completion.rstrip().rpartition("\n")[2]
        return last if record.answer in last else record.answer
    gap = "\n" if record.rationale else " "  # the answer alone has nothing before it
    return f"{gap}{task.closed(record.answer)}"


def answer_in_labels(record: Record, manifest: Mapping[str, Any]) -> bool | None:
    """Whether the answer is one that the question can have; null if anything can be one."""
    task = task_of(manifest)
    if task is None or task.kind == "text":
        return None
    if task.kind == "option":
        return record.answer in LETTERS[: len(options_of(record, task.options))]
    return reply.canonical(record.answer, task.kind, ()) == record.answer


def provenance_fault(record: Record, manifest: Mapping[str, Any]) -> str:
    """What is missing or cannot be in what a row says of its teacher; "" if nothing is."""
    said = record.provenance
    if _answer_alone(record, manifest):
        return ""
    if said is None:
        return "there is none"
    pool = "mario" in manifest
    taken_in = "imported" in manifest or said.get("source") is not None
    written = TAKEN_IN if taken_in else BY_ITSELF if "star" in manifest else NEEDED
    absent = [name for name in (IN_A_POOL if pool else written) if said.get(name) in (None, "")]
    absent += [name for name in OPTIONAL if name not in said and not pool]
    wrong = [f"no {', '.join(absent)}"] if absent else []
    if said.get("hinted") and not manifest["plan"].get("rationalize"):
        wrong.append("hinted, in a run without --rationalize")
    if said.get("finish_reason") == "length":
        wrong.append("the reply was cut off")
    return "; ".join(wrong)


def gives_hint_away(record: Record, manifest: Mapping[str, Any]) -> bool:
    """Whether a rationale that was written with the answer as a hint says so."""
    hinted = bool((record.provenance or {}).get("hinted"))
    return hinted and gives_away(record.rationale, record.prompt)


def rationale_there(record: Record, manifest: Mapping[str, Any]) -> bool | None:
    """Whether the row has a rationale; null for one of a split that has none."""
    return None if _answer_alone(record, manifest) else bool(record.rationale.strip())


def _answer_alone(record: Record, manifest: Mapping[str, Any]) -> bool:
    """Whether a row is of a split of questions and answers alone. Judges may have said something of it, nobody else."""
    said = {name for name, value in (record.provenance or {}).items() if value is not None}
    return bool(manifest.get(ANSWERS)) and said <= {"verdicts"} and not record.rationale


def attempt(record: Record, manifest: Mapping[str, Any]) -> int | None:
    """Which attempt the row is."""
    return _count(record, "attempt")


def attempts(record: Record, manifest: Mapping[str, Any]) -> int | None:
    """How often the question was asked."""
    return _count(record, "attempts")


def _count(record: Record, name: str) -> int | None:
    count = (record.provenance or {}).get(name)
    return count if type(count) is int else None


COLUMNS = (answer_in_labels, provenance_fault, attempt, attempts, gives_hint_away, rationale_there)
CHECKER = Checker(expectations=expectations, ending=ending, columns={column.__name__: column for column in COLUMNS})
