"""The shapes in which servers write a reply, and bodies that are not quite JSON."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.answers.finish import end_of
from synth.teachers.bodies import load
from synth.teachers.exchange import Reply, read_reply_body

FOUR = "Two and two. The answer is 4."


def reply(message: Any, reason: Any = "stop", **more: Any) -> Reply:
    read = read_reply_body({"choices": [{"message": message, "finish_reason": reason}], **more})
    assert read is not None
    return read


def text(words: Any) -> dict[str, Any]:
    return {"type": "text", "text": words}


THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "x"}
DETAIL = {"type": "reasoning.text", "text": "Hm."}
SHAPES = {  # message, text, thinking, finish reason
    "text": ({"content": FOUR}, FOUR, "", "stop"),
    "chunks": ({"content": [text("Two and two. "), text("The answer is 4.")]}, FOUR, "", "stop"),
    "one chunk": ({"content": text(FOUR)}, FOUR, "", "stop"),
    "texts": ({"content": ["Two and two. ", "The answer is 4."]}, FOUR, "", "stop"),
    "no type": ({"content": [{"text": FOUR}]}, FOUR, "", "stop"),
    "output text": ({"content": [{"type": "output_text", "text": FOUR}]}, FOUR, "", "stop"),
    "value": ({"content": [{"type": "text", "text": {"value": FOUR}}]}, FOUR, "", "stop"),
    "Mistral": ({"content": [{"type": "thinking", "thinking": [text("Hm.")]}, text(FOUR)]}, FOUR, "Hm.", "stop"),
    "Anthropic": ({"content": [THOUGHT, text(FOUR)]}, FOUR, "Hm.", "stop"),
    "reasoning chunk": ({"content": [{"type": "reasoning", "text": "Hm."}, text(FOUR)]}, FOUR, "Hm.", "stop"),
    "summary": (
        {"content": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}, text(FOUR)]},
        FOUR, "Hm.", "stop",
    ),
    "other chunks": (
        {"content": [{"type": "reference", "reference_ids": [1]}, {"type": "redacted_thinking", "data": "x"}, 7, None,
                     text(FOUR)]},
        FOUR, "", "stop",
    ),
    "field": ({"content": FOUR, "reasoning": "Hm."}, FOUR, "Hm.", "stop"),
    "older field": ({"content": FOUR, "reasoning": None, "reasoning_content": "Hm."}, FOUR, "Hm.", "stop"),
    "twice": ({"content": FOUR, "reasoning": "Hm.", "reasoning_content": "Hm."}, FOUR, "Hm.", "stop"),
    "details": ({"content": FOUR, "reasoning_details": [DETAIL]}, FOUR, "Hm.", "stop"),
    "blocks": ({"content": FOUR, "thinking_blocks": [{"type": "thinking", "thinking": "Hm."}]}, FOUR, "Hm.", "stop"),
    "all in reasoning": ({"content": None, "reasoning": FOUR}, FOUR, "", "stop"),
    "all in the older field": ({"content": "", "reasoning_content": FOUR}, FOUR, "", "stop"),
    "all in a thinking chunk": ({"content": [{"type": "thinking", "thinking": FOUR}]}, FOUR, "", "stop"),
    "refusal": ({"content": None, "refusal": "No."}, "No.", "", "refusal"),
    "refusal chunk": ({"content": [{"type": "refusal", "refusal": "No."}]}, "No.", "", "refusal"),
    "no refusal": ({"content": FOUR, "refusal": ""}, FOUR, "", "stop"),
    "tool": ({"content": None, "tool_calls": [{"id": "a", "type": "function"}]}, None, "", "stop"),
    "nothing": ({}, None, "", "stop"),
    "numbers": ({"content": 4, "reasoning": 5, "refusal": True}, None, "", "stop"),
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_what_a_message_says(shape: str) -> None:
    message, words, thinking, reason = SHAPES[shape]
    read = reply(message)
    assert (read.text, read.thinking, read.finish_reason) == (words, thinking, reason)


def test_thoughts_that_were_cut_off_are_no_reply() -> None:
    read = reply({"content": None, "reasoning": FOUR}, "length")
    assert (read.text, read.thinking) == (None, FOUR)


def test_of_several_choices_the_first_counts() -> None:
    read = read_reply_body({"choices": [{"message": {"content": word}} for word in ("first", "second")]})
    assert read is not None
    assert read.text == "first"


USAGES = [
    None, "none", [], {}, {"prompt_tokens": None}, {"prompt_tokens": "11"}, {"prompt_tokens": -3},
    {"prompt_tokens": float("nan")}, {"prompt_tokens": float("inf")}, {"prompt_tokens": True},
]  # fmt: skip


@pytest.mark.parametrize("usage", USAGES)
def test_usage_that_counts_nothing(usage: Any) -> None:
    read = reply({"content": FOUR}, usage=usage)
    assert (read.prompt_tokens, read.completion_tokens) == (0, 0)


def test_usage_in_whole_numbers() -> None:
    assert reply({"content": FOUR}, usage={"prompt_tokens": 11.0, "completion_tokens": 7}).prompt_tokens == 11


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "text", "content", "reasoning", "refusal", "thinking", "x"]), inner)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize("reason", [1, True, {"type": "length"}, ["stop"], 0, {}])
def test_a_reason_that_is_no_word_is_not_the_end(reason: Any) -> None:
    read = read_reply_body({"choices": [{"message": {"content": FOUR}, "finish_reason": reason}]})
    assert read is not None
    assert end_of(read.finish_reason) == "cut"


@given(message=JUNK, reason=JUNK, usage=JUNK)
def test_no_message_is_too_strange(message: Any, reason: Any, usage: Any) -> None:
    read = read_reply_body({"choices": [{"message": message, "finish_reason": reason}], "usage": usage, "model": usage})
    assert (read is None) == (not isinstance(message, dict))


def completion(words: str) -> bytes:
    return json.dumps({"choices": [{"message": {"content": words}, "finish_reason": "stop"}]}).encode()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (completion("two \ud83d pens"), "two \ufffd pens"),
        (completion("two \ud83e\udd8a pens"), "two \U0001f98a pens"),
        (completion("two pens").replace(b"two", b"two\xff"), "two\ufffd pens"),
        (completion("two \ud83d pens").replace(b"}", b', "usage": NaN}', 1), "two \ufffd pens"),
        (completion("two pens").replace(b"two ", b"two\n"), "two\npens"),
        (b"\n\n   " + completion("two pens"), "two pens"),
        (b": PROCESSING\n\n: PROCESSING\n\n" + completion("two pens"), "two pens"),
        (b"\xef\xbb\xbf" + completion("two pens"), "two pens"),
    ],
)
def test_half_a_character_does_not_cost_the_reply(body: bytes, words: str) -> None:
    read = read_reply_body(load(body))
    assert read is not None
    assert read.text == words
    words.encode()


def stream(*chunks: Any, done: bool = True, gap: str = "\n\n") -> bytes:
    lines = [f"data: {json.dumps(chunk) if not isinstance(chunk, str) else chunk}" for chunk in chunks]
    return (gap.join([*lines, *(["data: [DONE]"] if done else [])]) + gap).encode()


def delta(reason: Any = None, index: int = 0, **fields: Any) -> dict[str, Any]:
    return {"model": "m", "choices": [{"index": index, "delta": fields, "finish_reason": reason}]}


STOPPED, USED = delta("stop"), {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 3}}
PIECES = [
    delta(role="assistant", content=""),
    delta(content="Two and two. "),
    delta(content="The answer is 4."),
    STOPPED,
]
STREAMS = {  # body, text, thinking, finish reason
    "plain": (stream(*PIECES), FOUR, "", "stop"),
    "usage": (stream(*PIECES, USED), FOUR, "", "stop"),
    "lines of Windows": (stream(*PIECES, gap="\r\n\r\n"), FOUR, "", "stop"),
    "comments": (b": PROCESSING\n\n: PROCESSING\n\n" + stream(*PIECES), FOUR, "", "stop"),
    "names": (stream(*PIECES).replace(b"data:", b"event: message\nid: 1\ndata:"), FOUR, "", "stop"),
    "no gap": (stream(*PIECES).replace(b"data: ", b"data:"), FOUR, "", "stop"),
    "not done": (stream(*PIECES, done=False), FOUR, "", "stop"),
    "no reason": (stream(*PIECES[:-1]), FOUR, "", None),
    "broken off": (stream(*PIECES[:2], done=False), "Two and two. ", "", "interrupted"),
    "whole message": (stream({"choices": [{"message": {"content": FOUR}, "finish_reason": "stop"}]}), FOUR, "", "stop"),
    "reasoning": (stream(delta(reasoning_content="H"), delta(reasoning_content="m."), *PIECES), FOUR, "Hm.", "stop"),
    "chunks, then text": (
        stream(delta(content=[{"type": "thinking", "thinking": [text("Hm.")]}]), *PIECES[1:]), FOUR, "Hm.", "stop",
    ),
    "two choices": (stream(PIECES[1], delta(index=1, content="Other."), PIECES[2], STOPPED), FOUR, "", "stop"),
    "half a character": (stream(delta(content="two \ud83d pens"), STOPPED), "two \ufffd pens", "", "stop"),
    "both halves of one": (
        stream(delta(content="a \ud83e"), delta(content="\udd8a runs"), STOPPED), "a \U0001f98a runs", "", "stop",
    ),
    "no empty lines": (stream(*PIECES, gap="\n"), FOUR, "", "stop"),
    "a chunk lost": (stream(PIECES[1], '{"choices": [{"in', *PIECES[2:]), FOUR, "", "interrupted"),
    "cut": (stream(delta(content="Two"), delta("length")), "Two", "", "length"),
}  # fmt: skip


@pytest.mark.parametrize("kind", STREAMS)
def test_a_stream_is_one_reply(kind: str) -> None:
    body, words, thinking, reason = STREAMS[kind]
    read = read_reply_body(load(body))
    assert read is not None
    assert (read.text, read.thinking, read.finish_reason) == (words, thinking, reason)
    assert (read.prompt_tokens, read.completion_tokens) == ((5, 3) if kind == "usage" else (0, 0))


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"data:", b"data: [DONE]\n\n", b'{"half": [', b"event: x", b"[[", b"\xff"]
)
def test_what_is_no_json(body: bytes) -> None:
    assert load(body) is None


def test_an_error_in_a_stream_is_kept() -> None:
    error = {"code": 429, "message": "slow down"}
    assert load(stream({"error": error}, done=False))["error"] == error


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda words: f"data: {words}".encode(errors="replace")))
def test_no_body_is_too_strange(body: bytes) -> None:
    load(body)
