"""A row for a judge."""

from synth.record import Record


def row(rationale: str, *, answer: str = "9", task: str = "gsm8k", completion: str | None = None) -> Record:
    completion = f" {rationale}\nThe answer is {answer}." if completion is None else completion
    return Record(f"{task}/1", task, "Question: how many?\nAnswer:", rationale, answer, completion, {})
