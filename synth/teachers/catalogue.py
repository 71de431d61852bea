"""Teachers by name: which model at which address, at what price, and what is peculiar about it.

A name is one of these: an open model of the list below, which needs --base-url; a maker and its model
(`anthropic/claude-opus-4-6`); a model whose maker its name tells (`gpt-6-luna`); or, with --base-url, anything: it goes
to that server as it is given. Prices are the maker's at its own address (prices.py) and unknown at every other one: an
unknown price is reported so and never counted as 0. --price overrides them.
"""

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synth.errors import SynthError, UsageError, closest
from synth.teachers.address import tidy
from synth.teachers.lifetimes import STAND_IN, announced_shutdown, listed_shutdown
from synth.teachers.makers import OPENAI, PREFIXES, Maker, maker_at, maker_of
from synth.teachers.prices import Price, known_models, price_of
from synth.teachers.traits import traits_of

if TYPE_CHECKING:
    import openai

    from synth.base.terminal import Say

SOON = 183  # days before its end in which a model is said to go


@dataclass(frozen=True)
class Teacher:
    """A model and the server it is asked at."""

    name: str  # what one types
    model: str  # what the server is told
    prompt_price: float | None = None  # dollars for a million tokens
    completion_price: float | None = None
    context: int | None = None  # tokens, question and answer together
    base_url: str = OPENAI
    key_variable: str = "OPENAI_API_KEY"
    takes_temperature: bool = True  # OpenAI's reasoning models refuse it
    reasons: bool = False  # its completion tokens include a trace, shown or hidden
    completion_limit: bool = False  # it refuses max_tokens wherever it is served
    shutdown: date | None = None  # when the server stops serving it
    terms: str = ""  # what its licence says about training on its answers
    extra: Mapping[str, Any] = field(default_factory=dict)  # more fields of each request (--extra-body)
    others: tuple[str, ...] = ()  # addresses of further servers that have the model

    def servers(self) -> "list[Teacher]":
        """The teacher at each of its servers by itself; requests are the same at all of them."""
        return [replace(self, base_url=url, others=()) for url in (self.base_url, *self.others)]

    @property
    def at_openai(self) -> bool:
        return maker_at(self.base_url) is PREFIXES["openai"]

    def cost(self, prompt_tokens: float, completion_tokens: float) -> float | None:
        """Dollars; None if a price is not known."""
        if self.prompt_price is None or self.completion_price is None:
            return None
        return (prompt_tokens * self.prompt_price + completion_tokens * self.completion_price) / 1e6

    def key(self) -> str:
        """The key of the account, from the environment. Servers other than the makers' often want none.

        Raises SynthError if one is needed and not there.
        """
        key = os.environ.get(self.key_variable, "")
        if not key and maker_at(self.base_url):
            raise SynthError(
                f"{self.name} needs a key: export {self.key_variable}=..., or give --base-url for a server of your own"
            )
        return key or "none"

    def hide_key(self, text: str) -> str:
        """A text without the key; some servers repeat it in what they say."""
        return text if self.key() == "none" else text.replace(self.key(), "***")

    def max_tokens_field(self) -> str:
        """How a request's key names the longest reply; synth/teachers/dialect.py says how it is sent."""
        return "max_completion_tokens" if self.at_openai or self.completion_limit else "max_tokens"

    def sampling(self, max_tokens: int, temperature: float, **more: float | None) -> dict[str, Any]:
        """The settings of a request beside its messages; those of `more` that are not None. Part of its key."""
        chosen = {"temperature": temperature, **more} if self.takes_temperature else {}
        given = {name: value for name, value in chosen.items() if value is not None}
        return {self.max_tokens_field(): max_tokens, **given, **self.extra}


LLAMA_TERMS = "Llama 3.1 Community License: models trained on output are to be called Llama ..., with attribution"
APACHE = "Apache-2.0"
OPEN = (  # models whose weights are public: who serves them decides what they cost
    Teacher("llama-3.1-70b", "meta-llama/Llama-3.1-70B-Instruct", context=131_072, terms=LLAMA_TERMS),
    Teacher("llama-3.1-8b", "meta-llama/Llama-3.1-8B-Instruct", context=131_072, terms=LLAMA_TERMS),
    Teacher("qwen3-32b", "Qwen/Qwen3-32B", context=40_960, terms=APACHE),
    Teacher("qwen2.5-72b", "Qwen/Qwen2.5-72B-Instruct", context=131_072, terms="Qwen License Agreement"),
    Teacher("qwen2.5-7b", "Qwen/Qwen2.5-7B-Instruct", context=131_072, terms=APACHE),
    Teacher("gpt-oss-120b", "openai/gpt-oss-120b", context=131_072, terms=APACHE),
    Teacher("gpt-oss-20b", "openai/gpt-oss-20b", context=131_072, terms=APACHE),
)
LISTED = (  # what `synth teachers` shows and Tab completes; every other name of a maker can be used as well
    "gpt-6-luna", "gpt-6.1-sol", "gpt-6-astra", "gpt-5.6-luna", "gpt-5.4-mini",
    "gpt-4.1", "gpt-4.1-mini", "gpt-4o", "gpt-4o-mini", "gpt-5", "gpt-5-mini", "gpt-5-nano",
    "anthropic/claude-opus-5-5", "anthropic/claude-sonnet-5-5", "anthropic/claude-haiku-5-5", "google/gemini-3.8-flash",
    "mistral/mistral-large-4", "deepseek/deepseek-v4-pro", "groq/llama-3.3-70b-versatile",
    "together/meta-llama/Llama-3.3-70B-Instruct-Turbo", "openrouter/meta-llama/llama-3.3-70b-instruct",
)  # fmt: skip
ALIASES = {
    "gpt-3.5": "gpt-3.5-turbo",
    "gpt-3.5-turbo-0613": "gpt-3.5-turbo",
    "llama-3.1": "llama-3.1-70b",
    "qwen": "qwen3-32b",
}


def find_teacher(name: str, base_url: str | None = None, model: str | None = None) -> Teacher:
    """The teacher of a name or alias, at another server if `base_url` is given, under another name if `model` is.

    Raises UsageError for a name that says no maker if no server of one's own is given either.
    """
    base_url = None if base_url is None else tidy(base_url)
    prefix, _, rest = name.partition("/")
    maker = PREFIXES.get(prefix.lower()) if rest else None
    if maker is not None and (base_url is None or maker_at(base_url) is maker):
        return _served(maker, name, model or rest, base_url or maker.base_url)
    name = ALIASES.get(name.lower(), name)
    listed = next((teacher for teacher in OPEN if teacher.name == name.lower()), None)
    if (base_url := base_url or _from_environment()) is not None:
        return _elsewhere(listed, name, model, tidy(base_url))
    if listed is not None:
        raise UsageError(f"{name} is not served by its maker: give --base-url of a server that has {listed.model}")
    maker = maker_of(name) if "/" not in name else None
    if maker is None:
        known = [*(teacher.name for teacher in OPEN), *LISTED, *ALIASES]
        raise UsageError(
            f"no teacher is called {name!r}: see synth teachers, or put its maker before it "
            f"({', '.join(PREFIXES)}), as in {LISTED[-1]}; "
            f"any other model needs --base-url{closest(name, known)}"
        )
    _refuse_typos(name.lower(), maker)
    return _served(maker, name.lower(), model or name.lower(), maker.base_url)


def find_fleet(name: str, base_urls: Sequence[str] = (), model: str | None = None) -> Teacher:
    """The teacher of a name at several servers, or at one, or at its maker's if none is given.

    Raises UsageError for an address that is given twice, and for servers that differ in more than the address, as a
    maker's and one's own do: in key, price, or the fields of a request.
    """
    if not base_urls:
        return find_teacher(name, None, model)
    first, *others = (find_teacher(name, url, model) for url in base_urls)
    known = [first.base_url]
    for other in others:
        if other.base_url in known:
            raise UsageError(f"--base-url {other.base_url} is given twice")
        if replace(other, base_url=first.base_url) != first or other.at_openai != first.at_openai:
            raise UsageError(
                f"--base-url {other.base_url}: its key, prices or fields are not those of {first.base_url}; several "
                "servers have to be of one kind: run the command for each of them with an --out of its own"
            )
        known.append(other.base_url)
    return replace(first, others=tuple(known[1:]))


def _served(maker: Maker, name: str, model: str, base_url: str) -> Teacher:
    """A model at the address of one who is known, at that one's price."""
    price = price_of(model, maker.priced_as) or Price()
    return _with_traits(
        Teacher(
            name, model, price.prompt, price.completion, price.context, base_url.rstrip("/"), maker.key_variable,
            shutdown=announced_shutdown(model) if maker.prefix == "openai" else None,
        )
    )  # fmt: skip


def _elsewhere(listed: Teacher | None, name: str, model: str | None, base_url: str) -> Teacher:
    """A model at an address that was given: it goes through even if its maker has shut it down."""
    model = model or (listed.model if listed else name)
    if (maker := maker_at(base_url)) is not None:
        teacher = replace(_served(maker, name, model, base_url), shutdown=None)
        # The key of a server that --base-url names is OPENAI_API_KEY, unless that of its maker is there.
        return teacher if os.environ.get(maker.key_variable) else replace(teacher, key_variable="OPENAI_API_KEY")
    return _with_traits(replace(listed or Teacher(name, name), name=name, model=model, base_url=base_url))


def _with_traits(teacher: Teacher) -> Teacher:
    """The teacher with what its name and its model tell about it."""
    told = [traits_of(teacher.name), traits_of(teacher.model)]
    maker = maker_of(teacher.model)
    return replace(
        teacher,
        reasons=any(each.reasons for each in told),
        takes_temperature=all(each.takes_temperature for each in told),
        completion_limit=any(each.completion_limit for each in told),
        terms=teacher.terms or (maker.terms if maker else ""),
    )


def _from_environment() -> str | None:
    """The address that openai's client takes from the environment; None if it is OpenAI's own, or none is there."""
    base_url = os.environ.get("OPENAI_BASE_URL")
    return None if base_url is None or maker_at(base_url) is PREFIXES["openai"] else base_url


def _refuse_typos(name: str, maker: Maker) -> None:
    """Raises UsageError for an unknown name that is a known one but for a letter; other unknown names may be new."""
    if price_of(name, maker.priced_as) is not None:
        return
    digits = re.sub(r"\D", "", name)
    known = [model for model in known_models(maker.priced_as) if re.sub(r"\D", "", model) == digits]
    if close := difflib.get_close_matches(name, known, n=1, cutoff=0.88):
        raise UsageError(
            f"no teacher is called {name!r}; did you mean {close[0]!r}? If not, add --base-url {maker.base_url}"
        )


def listed() -> list[Teacher]:
    """The teachers that `synth teachers` shows."""
    named = [name.partition("/") if "/" in name else ("openai", "/", name) for name in LISTED]
    served = [
        _served(PREFIXES[prefix], name, model, PREFIXES[prefix].base_url)
        for name, (prefix, _, model) in zip(LISTED, named, strict=True)
    ]
    return [*served, *map(_with_traits, OPEN)]


def gone(teacher: Teacher, today: date) -> bool:
    """Whether the server that it would be asked at has stopped serving it."""
    return teacher.shutdown is not None and teacher.shutdown <= today


def shutdown_notice(teacher: Teacher, today: date) -> str | None:
    """A line for the user if the model is gone or will be within half a year."""
    if teacher.shutdown is None or (teacher.shutdown - today).days > SOON:
        return None
    verb = "was shut down" if gone(teacher, today) else "will be shut down"
    stand_in = f"use --teacher {STAND_IN}" if teacher.at_openai else "choose another model"
    return f"{teacher.name} {verb} on {teacher.shutdown}: {stand_in}, or --base-url of a server that has it"


async def listed_notice(teacher: Teacher, client: "openai.AsyncOpenAI") -> str | None:
    """A line for the user if the server's list of models says what the catalogue does not: that the model goes.

    Asked only of models of a known maker and at a maker's address: who serves a model of one's own knows when it goes.
    """
    if maker_of(teacher.model) is None and maker_at(teacher.base_url) is None:
        return None
    return further_notice(teacher, await listed_shutdown(client, teacher.model))


def further_notice(teacher: Teacher, day: date | None) -> str | None:
    """The line for a day that a server has named, unless it is known."""
    return None if day == teacher.shutdown else shutdown_notice(replace(teacher, shutdown=day), date.today())


def tell_end(teacher: Teacher, say: "Say", cache: Path) -> str:
    """Say that a teacher goes or is gone; returns the line if it is gone.

    What a model answered while it was there is in the request store, and can be used as before. Raises UsageError for
    one that is gone if there is no store.
    """
    today = date.today()
    notice, over = shutdown_notice(teacher, today) or "", gone(teacher, today)
    if over and not cache.exists():
        raise UsageError(notice)
    if notice:
        say(notice)
    return notice if over else ""
