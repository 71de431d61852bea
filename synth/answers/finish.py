"""How a reply ended, by its `finish_reason`: the word that servers send beside a reply.

    whole        stop, eos, end_turn, stop_sequence, or no word at all: it says all that the model had to say
    interrupted  error, abort, network_error, insufficient_system_resource and the like: the server broke off
    filtered     content_filter, safety, refusal and the like: it was withheld, in whole or in part
    cut          every other word (length, max_tokens, model_context_window_exceeded, tool_calls, one not known yet)

Only whole replies may hold an answer. The words are those of OpenAI, Anthropic, Mistral, DeepSeek, Zhipu, Google,
OpenRouter, vLLM, SGLang and Text Generation Inference (`eos_token` is its word for eos).
"""

import re
from typing import Literal

End = Literal["whole", "interrupted", "filtered", "cut"]
WHOLE = frozenset({"", "stop", "eos", "eos_token", "end_turn", "stop_sequence"})
_FILTERED = re.compile(r"filter|safety|refus|sensitiv|moderat|prohibit|blocklist|recitation|spii|guardrail")
_INTERRUPTED = re.compile(
    r"(?<![a-z])(?:errors?|fail(?:ed|ure)?|time(?:d[-_ ]?)?out)(?![a-z])"
    r"|abort|cancel|interrupt|network|disconnect|connection|insufficient|unavailable|overload|exception|preempt"
)


def end_of(reason: str | None) -> End:
    """How a reply with this finish reason ended."""
    word = (reason or "").strip().casefold()
    if word in WHOLE:
        return "whole"
    if _INTERRUPTED.search(word):
        return "interrupted"
    return "filtered" if _FILTERED.search(word) else "cut"
