"""What a server tells of the tokens of a reply, in OpenAI's form: `logprobs` of a choice.

    {"content": [{"token": " B", "logprob": -0.1, "top_logprobs": [{"token": " B", ...}, {"token": " C", ...}]}, ...]}

Kept of it is what the answer needs: the logarithms of its tokens, and, of questions with options, the probability of
each option at the first token of the answer. An option is known there by that token: by its letter, its first word,
or the beginning of one that no other option has. One that is not among those that the server names counts 0.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from synth.evaluating.places import Said, place_of, rivals
from synth.evaluating.prompts import Asking
from synth.models.generate import Output
from synth.record import Record
from synth.validating.checker import reader_of
from synth.validating.ends import ended

ASKED = {"logprobs": True, "top_logprobs": 20}  # the most that OpenAI and vLLM give
AROUND = " \t\n([{*_\"'`$"  # what the first token of an answer may have before it


def told(asking: Asking, record: Record, output: Output, stops: Sequence[str], logprobs: Any) -> dict[str, Any] | None:
    """`{"logs": [float], "words", "options": {"own", "all", "words": [float]}}` of the answer of an output; {} if
    it has none, or its tokens are not found, and None if the server tells nothing."""
    reader = reader_of(record.task, asking.task)
    text = ended(output, record, reader, stops, asking.of(record)).output.text
    answer = reader.read_output(record, text, output.cut_off or output.refused).answer
    tokens = list(_tokens(logprobs))
    if not tokens:
        return None
    said = None if answer is None else place_of(reader, record, text, answer)
    inside = [] if said is None else _inside(tokens, output.text, said)
    if answer is None or said is None or not inside:
        return {}
    known = rivals(reader, record, said.words, answer)
    options = None if known is None else _options(inside[0], *known)
    return {"logs": [token["logprob"] for token in inside], "words": said.words, "options": options}


def _tokens(logprobs: Any) -> Iterator[Mapping[str, Any]]:
    """The tokens of a reply that have a text and a number."""
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    for token in content if isinstance(content, list) else []:
        if isinstance(token, dict) and isinstance(token.get("token"), str) and _is_log(token.get("logprob")):
            yield token


def _is_log(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


def _inside(tokens: Sequence[Mapping[str, Any]], text: str, said: Said) -> list[Mapping[str, Any]]:
    """The tokens that have a part of the answer; none if the tokens do not spell the text."""
    at = "".join(token["token"] for token in tokens).find(text)
    if at < 0:
        return []
    found, place = [], -at
    for token in tokens:
        end = place + len(token["token"])
        if end > said.start and place < said.end:
            found.append(token)
        place = end
    return found


def _options(first: Mapping[str, Any], words: Sequence[str], own: int) -> dict[str, Any] | None:
    """The probability of each option by the first token of the answer; None if these tokens do not tell them apart."""
    top = first.get("top_logprobs")
    seen = {first["token"]: first["logprob"]}
    seen |= {token["token"]: token["logprob"] for token in _tokens({"content": top})}
    sums = [0.0] * len(words)
    for token, log in seen.items():
        likely = _likely(token.strip(AROUND), words)
        if len(likely) > 1 and own in likely and token == first["token"]:
            return None
        if len(likely) == 1:
            sums[likely[0]] += math.exp(log)
    whole = math.fsum(sums)
    return {"own": sums[own], "all": whole, "words": sums} if sums[own] > 0 else None


def _likely(begun: str, words: Sequence[str]) -> list[int]:
    """The options that begin with a token: those that are it, else those that begin so; a letter only as it stands."""
    exact = [at for at, word in enumerate(words) if begun == word]
    if exact or len(begun) < 2:
        return exact
    return [at for at, word in enumerate(words) if word.casefold().startswith(begun.casefold())]
