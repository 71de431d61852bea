"""What the folder of an iteration's rows says of them: who wrote them, when, and what was asked for.

{"star": {"iteration", "model", "name", "seed", "questions", "own", "hinted", "filter", "samples", "vote",
          "rationalize"},
 "command": that of the run,
 "plan": of questions of a task, in the words of a distillation, so that what checks such rows reads these as well}
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from synth.bootstrapping.attempts import Attempt
from synth.bootstrapping.options import Looped
from synth.record import Record


def of_rows(
    number: int, weights: str, config: Looped, like: Mapping[str, Any], begun: Mapping[str, Any], questions: int,
    kept: Sequence[Attempt],
) -> dict[str, Any]:  # fmt: skip
    """Facts for the manifest. weights: the hash of the model that wrote; questions: how many it was asked."""
    hinted = sum(attempt.hinted for attempt in kept)
    told = {
        "iteration": number, "model": weights, "name": begun.get("model"), "seed": config.seed, "questions": questions,
        "own": len(kept) - hinted, "hinted": hinted, "filter": config.filter, "samples": config.samples,
        "vote": config.vote, "rationalize": config.rationalize,
    }  # fmt: skip
    facts = {"star": told, **({"command": begun["command"]} if "command" in begun else {})}
    return {**facts, "plan": _plan(config)} if "distilled" in like else facts


def _plan(config: Looped) -> dict[str, Any]:
    return {
        "keep": "first", "max_attempts": config.samples, "per_question": config.keep_per_question, "length": "steps",
        "rationalize": config.rationalize, "vote": config.samples if config.vote else 0,
    }  # fmt: skip


def all_attempts(records: Mapping[str, Record], attempts: Sequence[Attempt]) -> Iterator[dict[str, Any]]:
    """Lines of attempts.jsonl as a distillation writes them: question by question, first those of rows in their order,
    so that a row finds what was said wrong about its question."""
    of_question: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        of_question.setdefault(attempt.id, []).append(attempt)
    kept = dict.fromkeys(attempt.id for attempt in attempts if attempt.kept)
    for question in [*kept, *(name for name in of_question if name not in kept)]:
        for number, attempt in enumerate(of_question[question], start=1):
            yield _line(records[question], attempt, number)


def _line(record: Record, attempt: Attempt, number: int) -> dict[str, Any]:
    source = record.meta.get("source_id")
    return {
        "id": record.id if source is None else f"{record.task}/{source}", "attempt": number, "hinted": attempt.hinted,
        "outcome": attempt.outcome, "kept": attempt.kept, "prompt": record.prompt, "rationale": attempt.rationale,
        "answer": attempt.answer, "gold": record.answer, "text": attempt.text, "thinking": "",
        "finish_reason": "length" if attempt.outcome == "truncated" else "stop", "prompt_tokens": None,
        "completion_tokens": attempt.tokens, "error": "", "request": "",
    }  # fmt: skip
