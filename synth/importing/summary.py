"""What `synth import` prints."""

from synth.attempts.rows import left_out
from synth.importing.options import Import
from synth.importing.run import Outcome


def summary(outcome: Outcome, asked: Import) -> str:
    """Rows, what was left out and why, and how many of all rationales are right."""
    rows = ", ".join(f"{count:,} {split}" for split, count in outcome.rows.items())
    if outcome.already_there:
        return f"{outcome.folder}: {rows} rows are there already"
    lines = [f"{outcome.folder}: {rows} rows written{left_out(outcome.rejected)}"]
    if outcome.outcomes:
        order = sorted(outcome.outcomes, key=lambda name: (name != "right", -outcome.outcomes[name], name))
        counts = ", ".join(f"{outcome.outcomes[name]:,} {name}" for name in order)
        lines.append(f"of {outcome.outcomes.total():,} rationales: {counts}")
    if outcome.same:
        lines.append(f"{outcome.same:,} right ones say what another one of their question says, and are no rows")
    if outcome.repeated:
        lines.append(f"{outcome.repeated:,} of {outcome.questions:,} questions stand in more than one row")
    if outcome.no_questions:
        lines.append(f"{outcome.no_questions:,} rows are no questions of the task {asked.task}")
    lines += outcome.in_several
    if not any(outcome.rows.values()):
        lines.append(_advice(outcome))
    return "\n".join(lines)


def _advice(outcome: Outcome) -> str:
    if outcome.rejected.most_common(1) and outcome.rejected.most_common(1)[0][0] == "no_answer":
        return "no rationale closes with an answer: name the column of its answer with --said, beside --rationale"
    return f"no row is left: {outcome.folder / 'rejected.jsonl'} says why of each question"
