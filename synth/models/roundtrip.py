"""What a tokenizer makes of a dataset: which targets it gives back changed, and how many tokens there are.

A model can only write what its tokenizer can spell. T5's vocabulary has no line break and no `<`, so a target with
either is learned without them, and nothing says so. Every target is therefore encoded and decoded again (special tokens
skipped) and compared with itself.

What counts as lost: any difference but one of spaces alone. Spaces at the ends are taken off and runs of them folded
before the comparison, as SentencePiece tokenizers do (T5, LLaMA); rows that differ in nothing else are counted as
`spaces`. Line breaks and tabs are no spaces here. Differences that decoding's own clean-up of spaces makes or mends
(`is n't` for `isn't`) are not counted either.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from synth.models.tokens import load_tokenizer

SHOWN = 8  # kinds of lost characters that are named for one row
KINDS = 20  # kinds that are counted in the report
EXAMPLES = 3
NAMES = {"\n": "newline", "\r": "carriage return", "\t": "tab"}
SPACES = re.compile(" +")


@dataclass
class Trip:
    """What came of some rows."""

    prompt: Counter[int] = field(default_factory=Counter)  # lengths in tokens: how many
    completion: Counter[int] = field(default_factory=Counter)
    beyond: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    failures: int = 0
    spaces: int = 0
    examples: list[dict[str, str]] = field(default_factory=list)

    def add(self, more: "Trip") -> None:
        """What came of the rows behind them."""
        self.prompt.update(more.prompt)
        self.completion.update(more.completion)
        self.beyond.update(more.beyond)
        self.lost.update(more.lost)
        self.rows, self.failures = self.rows + more.rows, self.failures + more.failures
        self.spaces += more.spaces
        self.examples += more.examples[: EXAMPLES - len(self.examples)]


class RoundTrip:
    """Takes rows a chunk at a time; memory does not grow with them.

    Raises SourceError for a tokenizer that cannot be loaded, MissingExtraError without transformers.
    """

    def __init__(self, name: str, limit: int | None = None) -> None:
        self.name, self.limit = name, limit
        self._tokenizer = load_tokenizer(name, "validate without --tokenizer")
        special = [str(token) for token in self._tokenizer.all_special_tokens]
        self._special = sorted(filter(None, special), key=len, reverse=True)
        self._end = self._tokenizer.eos_token
        self._sum = Trip()

    def add(self, prompts: Sequence[str], completions: Sequence[str], ids: Sequence[str]) -> None:
        """Rows of a dataset: what the model reads, what it has to write, and their ids."""
        self.count(self.compare(prompts, completions, ids))

    def count(self, found: Trip) -> None:
        """Count rows that were compared, here or in another process."""
        self._sum.add(found)

    def compare(self, prompts: Sequence[str], completions: Sequence[str], ids: Sequence[str]) -> Trip:
        """The same as `add`, counted by itself."""
        found = Trip(rows=len(ids))
        if not ids:
            return found
        read = self._encode(prompts, special=True)
        written = self._encode(completions, special=False)
        ends = self._end is not None
        self._count(found, [len(text_ids) for text_ids in read], [len(text_ids) + ends for text_ids in written])
        for text, back, row_id in zip(completions, self._decode(written), ids, strict=True):
            if text != back:
                self._compare(found, text, back, row_id)
        return found

    def report(self) -> dict[str, Any]:
        """The section `tokenizer` of validation.json.

        Lengths are in tokens: of a prompt with the special tokens that the tokenizer adds, of a completion with the end
        token (`end_token`; null if there is none). `beyond_limit` is the share of rows whose prompt or completion is
        longer than the limit, `beyond` the same for each of them, and for both together.
        """
        found = self._sum
        shares = {part: self._share(part) for part in ("prompt", "completion", "together")}
        return {
            "name": self.name,
            "round_trip": {
                "rows": found.rows,
                "failures": found.failures,
                "examples": found.examples,
                "lost": [{"what": what, "rows": rows} for what, rows in found.lost.most_common(KINDS)],
                "spaces": found.spaces,
            },
            "tokens": {"prompt": _summary(found.prompt), "completion": _summary(found.completion)},
            "end_token": self._end,
            "limit": self.limit,
            "beyond_limit": self._share("either"),
            "beyond": None if self.limit is None else shares,
        }

    def _encode(self, texts: Sequence[str], special: bool) -> list[list[int]]:
        """A fast tokenizer uses all cores for a list of texts."""
        encoded = self._tokenizer(
            list(texts), add_special_tokens=special, verbose=False,
            return_attention_mask=False, return_token_type_ids=False,
        )  # fmt: skip
        ids: list[list[int]] = encoded["input_ids"]
        return ids

    def _decode(self, ids: list[list[int]]) -> list[str]:
        if self._tokenizer.is_fast:  # the tokenizer's own batch_decode decodes them one by one
            fast: list[str] = self._tokenizer.backend_tokenizer.decode_batch(ids, skip_special_tokens=True)
            return fast
        decode = self._tokenizer.decode
        return [decode(text_ids, skip_special_tokens=True, clean_up_tokenization_spaces=False) for text_ids in ids]

    def _count(self, found: Trip, read: list[int], written: list[int]) -> None:
        found.prompt.update(read)
        found.completion.update(written)
        if self.limit is None:
            return
        for prompt, completion in zip(read, written, strict=True):
            found.beyond["prompt"] += prompt > self.limit
            found.beyond["completion"] += completion > self.limit
            found.beyond["either"] += max(prompt, completion) > self.limit
            found.beyond["together"] += prompt + completion > self.limit

    def _share(self, part: str) -> float | None:
        if self.limit is None or not self._sum.rows:
            return None
        return self._sum.beyond[part] / self._sum.rows

    def _compare(self, found: Trip, text: str, back: str, row_id: str) -> None:
        mended = self._tokenizer.clean_up_tokenization
        if _folded(text) == _folded(back):
            found.spaces += 1
            return
        if _folded(mended(text)) == _folded(mended(back)):
            return
        kinds = lost(_folded(text), _folded(back), self._special)
        found.failures += 1
        found.lost.update(kind.partition(":")[0] for kind in kinds)
        if len(found.examples) < EXAMPLES:
            more = f" and {len(kinds) - SHOWN} more" if len(kinds) > SHOWN else ""
            found.examples.append({"id": row_id, "lost": ", ".join(kinds[:SHOWN]) + more})


def lost(text: str, back: str, special: Sequence[str] = ()) -> list[str]:
    """What of a text is not in what came back, in words for a person: `'\\n' (newline)`, `'<'`.

    `special` are tokens that are skipped in decoding: as part of a text they vanish whole.
    """
    kinds = []
    for token in special:
        if text.count(token) > back.count(token):
            kinds.append(f"{token!r} (a special token)")
            text, back = text.replace(token, ""), back.replace(token, "")
    gone = Counter(text) - Counter(back)
    if gone and text.casefold() == back.casefold():
        return [*kinds, "capital letters"]
    named = [_named(character) for character in gone if character != " "]
    if not kinds and not named:
        return [_moved(text, back)]
    return [*kinds, *named]


def _named(character: str) -> str:
    """A character as it is typed, with its name if it cannot be told by the eye."""
    plain = character.isascii() and character.isprintable()
    name = NAMES.get(character) or unicodedata.name(character, f"U+{ord(character):04X}").lower()
    return repr(character) if plain else f"{character!r} ({name})"


def _moved(text: str, back: str) -> str:
    """The first stretch that differs, if no character is gone: something came in or changed its place."""
    start = next((at for at, (a, b) in enumerate(zip(text, back, strict=False)) if a != b), min(len(text), len(back)))
    cut = slice(max(0, start - 10), start + 10)
    what = "spaces between signs" if text.replace(" ", "") == back.replace(" ", "") else "other characters"
    return f"{what}: {text[cut]!r} comes back as {back[cut]!r}"


def _folded(text: str) -> str:
    return SPACES.sub(" ", text).strip(" ")


def _summary(lengths: Counter[int]) -> dict[str, float | int | None]:
    """Mean, percentiles (the smallest length that so many rows do not pass) and maximum, in tokens."""
    rows = lengths.total()
    if not rows:
        return dict.fromkeys(("mean", "p50", "p95", "p99", "max"))
    mean = sum(length * count for length, count in lengths.items()) / rows
    marks = dict(zip(("p50", "p95", "p99"), _percentiles(lengths, (50, 95, 99)), strict=True))
    return {"mean": round(mean, 2), **marks, "max": max(lengths)}


def _percentiles(lengths: Counter[int], percents: Sequence[int]) -> Iterator[int]:
    rows = lengths.total()
    for percent in percents:
        so_far = 0
        for length in sorted(lengths):
            so_far += lengths[length]
            if so_far * 100 >= percent * rows:
                yield length
                break
