"""Control tokens: tokens that say how good the text is that a model is to write, by each of several rewards.

    <|accuracy=0|><|diversity=2|>    right, and of the third best fifth in diversity

Lu et al. 2022 (Quark) put one in front of the prompt, Ramnath et al. 2023 (MaRio) one for each reward at the start of
what the decoder writes; bin 0 is the best in both. A run that learned with them says in synth-run.json

    {"codes": {"place": "decoder", "bins": {"accuracy": 2, "diversity": 5}}}

and its rows have in meta `codes`, a list of such tokens. None of this imports torch.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from synth.base.draws import generator
from synth.errors import UsageError

Place = Literal["decoder", "prompt"]
COLUMN = "codes"  # of meta: the tokens of a row
WAYS = ("best", "worst", "random", "none")
_UNFIT = re.compile(r"[^\w.-]+")  # in the name of a token
_TOKEN = re.compile(r"<\|([\w.-]+)=(\d+)\|>")


def token(reward: str, bin: int) -> str:
    """The token of a bin, counted from 0, the best."""
    name = _UNFIT.sub("-", reward)
    return f"<|{name}={bin}|>"


def tokens(bins: Mapping[str, int]) -> list[str]:
    """All tokens of these rewards, reward by reward, the best first."""
    return [token(reward, number) for reward, count in bins.items() for number in range(count)]


def is_token(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None


@dataclass(frozen=True)
class Codes:
    """What a model is told about what it is to write. bins: how many each reward has, in the order of the tokens."""

    place: Place
    bins: Mapping[str, int]
    how: str = "best"

    def of(self, key: str) -> list[str]:
        """The tokens of a row; `key` decides what is drawn with `random`.

        Raises UsageError for a way that is none.
        """
        if self.how == "random":
            draws = generator("codes", key)
            return [token(name, draws.randrange(count)) for name, count in self.bins.items()]
        return [token(name, number) for name, number in self.fixed().items()]

    def fixed(self) -> dict[str, int]:
        """The bin of each reward that has one, if it is the same for all rows."""
        ways = {"best": dict.fromkeys(self.bins, 0), "none": {}, "random": {}}
        ways["worst"] = {name: count - 1 for name, count in self.bins.items()}
        return ways[self.how] if self.how in ways else self._named()

    def _named(self) -> dict[str, int]:
        """`plausibility=0,diversity=3`, in the model's own order."""
        said: dict[str, int] = {}
        for part in self.how.split(","):
            name, equals, number = part.strip().partition("=")
            if not equals or not number.isdigit():
                raise UsageError(f"--codes {self.how}: give {', '.join(WAYS)}, or {self._example()}")
            if name not in self.bins or int(number) >= self.bins[name]:
                known = ", ".join(f"{name} 0 to {count - 1}" for name, count in self.bins.items())
                raise UsageError(f"--codes {part.strip()}: the model knows {known} (0 is the best)")
            if name in said:
                raise UsageError(f"--codes {self.how}: {name} stands there twice")
            said[name] = int(number)
        return {name: said[name] for name in self.bins if name in said}

    def _example(self) -> str:
        return ",".join(f"{name}={count - 1}" for name, count in self.bins.items())


def codes_of(run: Mapping[str, Any] | None, how: str | None) -> Codes | None:
    """The codes that a model is asked with: `how`, or the best if it learned any; None for a model without.

    run: its synth-run.json. Raises UsageError for codes on a model that has none, and for such that it does not know.
    """
    known = (run or {}).get("codes")
    if known is None:
        if how not in (None, "none"):
            raise UsageError(f"--codes {how}: this model learned none (synth train mario makes those): leave it out")
        return None
    codes = Codes(known["place"], known["bins"], "best" if how is None else how)
    codes.fixed()
    return codes


def ids_of(tokenizer: Any, names: Sequence[str]) -> list[int]:
    """The ids of tokens. Raises UsageError for a tokenizer that does not have one of them."""
    found: list[int] = tokenizer.convert_tokens_to_ids(list(names))
    missing = [name for name, one in zip(names, found, strict=True) if one is None or one == tokenizer.unk_token_id]
    if missing:
        raise UsageError(f"the model has no control token {missing[0]}: it was trained without it")
    return found


def start_of(prompt: Sequence[int], start: int | None) -> int:
    """How many tokens stand before the text of a prompt: 1 if it begins with the start token, otherwise 0."""
    return 1 if prompt and prompt[0] == start else 0


def behind_start(prompt: Sequence[int], codes: Sequence[int], start: int | None) -> list[int]:
    """A prompt with codes in front of it, but behind the token that its texts begin with, if there is one."""
    own = start_of(prompt, start)
    return [*prompt[:own], *codes, *prompt[own:]]
