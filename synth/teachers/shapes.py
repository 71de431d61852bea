"""Text, thinking and refusal of a message, in the shapes in which servers write them.

    content              a text, or a list of chunks: {"type": "text", "text": ...}, {"type": "thinking", ...}
    reasoning            the trace of a reasoning model (vLLM, OpenRouter)
    reasoning_content    the same (DeepSeek, older vLLM, llama.cpp and others)
    reasoning_details, thinking, thinking_blocks   the same, of OpenRouter, Ollama and LiteLLM
    refusal              what a model says instead of a reply (OpenAI)

Chunks are nested: Mistral's thinking chunk holds a list of text chunks.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal

Part = Literal["text", "thinking", "refusal"]
THINKING = ("reasoning", "reasoning_content", "reasoning_details", "thinking", "thinking_blocks")
_THINKS = re.compile(r"think|reason")
_NESTED = ("text", "thinking", "reasoning", "summary", "content", "value", "refusal")  # where a chunk has its text
DEEPEST = 8  # chunks within chunks


def said(message: Mapping[str, Any]) -> dict[Part, str]:
    """What a message says, part by part; a part that is not there is missing."""
    found: dict[Part, list[str]] = {}
    for part, text in _texts(message.get("content"), "text"):
        found.setdefault(part, []).append(text)
    for part, text in _texts(message.get("refusal"), "refusal"):
        found.setdefault(part, []).append(text)
    # The first field that has any: some servers send the same trace under two names.
    traces = ("".join(text for _, text in _texts(message.get(name), "thinking")) for name in THINKING)
    trace = next(filter(None, traces), "")
    if trace and trace not in found.get("thinking", []):
        found.setdefault("thinking", []).append(trace)
    return {part: "\n\n".join(texts) if part == "thinking" else "".join(texts) for part, texts in found.items()}


def _texts(value: Any, part: Part, depth: int = 0) -> Iterator[tuple[Part, str]]:
    """The texts in a value, in their order, each with the part of the message that it belongs to."""
    if depth > DEEPEST:
        return
    if isinstance(value, str):
        yield part, value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, part, depth + 1)
    elif isinstance(value, dict):
        part = _part(value, part)
        name = next((name for name in _NESTED if isinstance(value.get(name), str | list | dict)), None)
        if name is not None:
            yield from _texts(value[name], part, depth + 1)


def _part(chunk: Mapping[str, Any], around: Part) -> Part:
    """Which part a chunk belongs to: what its type says; within thinking, everything is thinking."""
    kind = str(chunk.get("type") or "").casefold()
    if around == "thinking" or _THINKS.search(kind):
        return "thinking"
    return "refusal" if "refus" in kind else around
