"""How a reply ended, by the word that the server sent beside it."""

import pytest

from synth.answers.finish import End, end_of
from synth.answers.reply import read_reply

ENDS: dict[End, list[str | None]] = {
    "whole": [None, "", "stop", "STOP", "eos", "eos_token", "end_turn", "stop_sequence"],
    "interrupted": [
        "error", "ERROR", "abort", "aborted", "network_error", "insufficient_system_resource", "cancelled",
        "timeout", "timed_out", "connection_lost", "upstream_error", "failed", "model_overloaded", "interrupted",
    ],
    "filtered": ["content_filter", "safety", "SAFETY", "refusal", "sensitive", "PROHIBITED_CONTENT", "recitation"],
    "cut": [
        "length", "max_tokens", "model_length", "model_context_window_exceeded", "tool_calls", "function_call",
        "pause_turn", "malformed_function_call", "repetition", "unknown", "constructor", "eventually", "stopped",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("end", "reason"), [(end, reason) for end, reasons in ENDS.items() for reason in reasons])
def test_how_a_reply_ended(end: End, reason: str | None) -> None:
    assert end_of(reason) == end


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [("stop", "answered"), (None, "answered"), ("length", "truncated"), ("error", "truncated"),
     ("model_context_window_exceeded", "truncated"), ("content_filter", "refusal"), ("refusal", "refusal")],
)  # fmt: skip
def test_only_a_whole_reply_holds_an_answer(reason: str | None, outcome: str) -> None:
    reading = read_reply("Two and two. The answer is 4.", "number", finish_reason=reason)
    assert (reading.outcome, reading.answer) == (outcome, "4" if outcome == "answered" else None)
