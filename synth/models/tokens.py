"""Counts the tokens of a text: with any Hugging Face tokenizer, or by an estimate from the text alone.

The estimate stands for T5's tokenizer (SentencePiece, 32,000 pieces, English web text). A word of ASCII letters is one
token, or one for its first six letters when it has a capital (then it is mostly a name) and one for every seven letters
otherwise, whole or begun; a number is one for every four digits; every other sign and letter is one of its own. With it
69.7% of real 2WikiMultiHopQA questions keep to 130 tokens and 67.7% to 300 with the two examples of Mathews et al.,
who found 68.8% and 66.5% with the tokenizer itself.
"""

import json
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from synth.base import hf
from synth.errors import MissingExtraError, SourceError

ESTIMATE = re.compile(r"[a-z]{1,7}|[A-Z][a-z]{0,5}|\d{1,4}|[^\sa-zA-Z\d]")
PATTERNS = ["*.json", "*.model", "*.txt", "*.jinja"]  # the files of tokenizers
Counter = Callable[[str], int]


@lru_cache(maxsize=4)
def counter(name: str | None) -> Counter:
    """A function that counts the tokens of a text as a model reads it; the estimate if no name is given.

    Raises MissingExtraError without transformers, SourceError for a tokenizer that cannot be loaded.
    """
    if name is None:
        return estimate
    tokenizer = load_tokenizer(name, "leave it out for the estimate")
    return lambda text: len(tokenizer(text, verbose=False)["input_ids"])


def estimate(text: str) -> int:
    return sum(map(_line, text.split("\n")))


@lru_cache(maxsize=1 << 12)
def _line(line: str) -> int:
    """The estimate never joins lines, and many lines (of worked examples) come again and again."""
    return len(ESTIMATE.findall(line))


def load_tokenizer(name: str, otherwise: str) -> Any:
    """The Hugging Face tokenizer of a folder, or of a model on the Hub.

    `otherwise` is what to do without one. Raises MissingExtraError without transformers, and SourceError that says
    whether it is not there, is kept for those who are logged in, or cannot be reached.
    """
    hf.quiet()
    try:
        from transformers import AutoTokenizer
    except ImportError as error:
        raise MissingExtraError("--tokenizer", "tokenizer") from error
    way_out = (
        "give --tokenizer a folder with tokenizer.json or the id of a model on the Hub (which needs the network once), "
        f"or {otherwise}"
    )
    folder = Path(name) if Path(name).is_dir() else hf.fetch(name, PATTERNS, way_out, kind="tokenizer")
    try:
        _check_json(folder)
        return AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        damaged = " (tokenizer.json is damaged)" if isinstance(error, json.JSONDecodeError) else ""
        raise SourceError(f"no tokenizer could be loaded from {name!r}{damaged}: {way_out}") from error


@lru_cache(maxsize=2)  # a tokenizer is asked once, not at every row
def behind(tokenizer: Any) -> int:
    """How many special tokens the tokenizer puts behind every text of its own accord, as `add_eos_token` has it."""
    bare = list(tokenizer("a", add_special_tokens=False, verbose=False)["input_ids"])
    dressed = list(tokenizer("a", verbose=False)["input_ids"])
    added = len(dressed) - len(bare)
    return next((added - before for before in range(added, -1, -1) if dressed[before:][: len(bare)] == bare), 0)


def without_end(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """Tokens of texts that are to be continued: with what the tokenizer puts before them, not what it puts behind."""
    more = behind(tokenizer)
    encoded: list[list[int]] = tokenizer(list(texts), verbose=False)["input_ids"]
    return [ids[: len(ids) - more] for ids in encoded]


def special_texts(tokenizer: Any) -> list[str]:
    """The letters of all special tokens, longest first: in a text they are read as the token, and lost in decoding."""
    marked = [str(token) for token in tokenizer.added_tokens_decoder.values() if token.special]
    return sorted({*marked, *map(str, tokenizer.all_special_tokens)} - {""}, key=lambda text: (-len(text), text))


def _check_json(folder: Path) -> None:
    """Raises ValueError for a tokenizer.json that is cut off: the tokenizers package raises a bare Exception."""
    path = folder / "tokenizer.json"
    if path.is_file() and not isinstance(json.loads(path.read_bytes()), dict):
        raise ValueError(f"{path.name} holds no object")
