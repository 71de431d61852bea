"""Teachers by name: models, prices, limits, what is peculiar about each.

Prices are dollars for a million tokens, as OpenAI's price page had them when this was written; they change, and --price
overrides them. A price that depends on who serves the model is None, which is reported as unknown and never counted as
0. Any other model name can be used with --base-url: it goes to the server as given, at an unknown price.
"""

import os
from dataclasses import dataclass, replace
from datetime import date

from synth.errors import SynthError, UsageError, closest

OPENAI = "https://api.openai.com/v1"


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
    takes_temperature: bool = True  # reasoning models refuse it
    reasons: bool = False  # its completion tokens include a hidden trace
    shutdown: date | None = None  # when its provider stops serving it
    stand_in: str | None = None  # what to use then
    terms: str = ""  # what its licence says about training on its answers

    @property
    def at_openai(self) -> bool:
        return self.base_url.rstrip("/") == OPENAI

    def cost(self, prompt_tokens: float, completion_tokens: float) -> float | None:
        """Dollars; None if a price is not known."""
        if self.prompt_price is None or self.completion_price is None:
            return None
        return (prompt_tokens * self.prompt_price + completion_tokens * self.completion_price) / 1e6

    def key(self) -> str:
        """The key of the account, from the environment. Servers other than OpenAI's often want none.

        Raises SynthError if one is needed and not there.
        """
        key = os.environ.get(self.key_variable, "")
        if not key and self.at_openai:
            raise SynthError(
                f"{self.name} needs a key: export {self.key_variable}=..., or give --base-url for a server of your own"
            )
        return key or "none"

    def hide_key(self, text: str) -> str:
        """A text without the key; some servers repeat it in what they say."""
        return text if self.key() == "none" else text.replace(self.key(), "***")

    def max_tokens_field(self) -> str:
        """`max_completion_tokens` replaced `max_tokens` at OpenAI; some local servers know only the old name."""
        return "max_completion_tokens" if self.at_openai else "max_tokens"


OPENAI_TERMS = "OpenAI's terms: output may not be used to develop models that compete with OpenAI"
LLAMA_TERMS = "Llama 3.1 Community License: models trained on output are to be called Llama ..., with attribution"
QWEN_TERMS = "Apache-2.0"


def _openai(model: str, prompt: float, completion: float, context: int, **more: object) -> Teacher:
    teacher = Teacher(model, model, prompt, completion, context, terms=OPENAI_TERMS)
    return replace(teacher, **more)  # type: ignore[arg-type]


REASONING = {"takes_temperature": False, "reasons": True}
TEACHERS = [
    _openai("gpt-3.5-turbo", 0.50, 1.50, 16_385, shutdown=date(2026, 10, 23), stand_in="gpt-4.1-mini"),
    _openai("gpt-4o", 2.50, 10.00, 128_000, shutdown=date(2027, 1, 14), stand_in="gpt-4.1"),
    _openai("gpt-4o-mini", 0.15, 0.60, 128_000, shutdown=date(2027, 1, 14), stand_in="gpt-4.1-mini"),
    _openai("gpt-4.1", 2.00, 8.00, 1_047_576),
    _openai("gpt-4.1-mini", 0.40, 1.60, 1_047_576),
    _openai("gpt-4.1-nano", 0.10, 0.40, 1_047_576),
    _openai("gpt-5", 1.25, 10.00, 400_000, **REASONING),
    _openai("gpt-5-mini", 0.25, 2.00, 400_000, **REASONING),
    _openai("gpt-5-nano", 0.05, 0.40, 400_000, **REASONING),
    _openai("o4-mini", 1.10, 4.40, 200_000, **REASONING),
    Teacher("llama-3.1-70b", "meta-llama/Llama-3.1-70B-Instruct", context=131_072, terms=LLAMA_TERMS),
    Teacher("llama-3.1-8b", "meta-llama/Llama-3.1-8B-Instruct", context=131_072, terms=LLAMA_TERMS),
    Teacher("qwen3-32b", "Qwen/Qwen3-32B", context=40_960, terms=QWEN_TERMS, reasons=True),
    Teacher("qwen2.5-72b", "Qwen/Qwen2.5-72B-Instruct", context=131_072, terms="Qwen License Agreement"),
    Teacher("qwen2.5-7b", "Qwen/Qwen2.5-7B-Instruct", context=131_072, terms=QWEN_TERMS),
]
ALIASES = {
    "gpt-3.5": "gpt-3.5-turbo",
    "gpt-3.5-turbo-0613": "gpt-3.5-turbo",
    "llama-3.1": "llama-3.1-70b",
    "qwen": "qwen3-32b",
}


def find_teacher(name: str, base_url: str | None = None, model: str | None = None) -> Teacher:
    """The teacher of a name or alias, at another server if `base_url` is given, under another name if `model` is.

    Raises UsageError for a name that is not in the catalogue if no server of one's own is given either.
    """
    known = {teacher.name: teacher for teacher in TEACHERS}
    listed = known.get(ALIASES.get(name, name)) or known.get(ALIASES.get(name.lower(), name.lower()))
    base_url = base_url or os.environ.get("OPENAI_BASE_URL")
    if base_url is not None and not base_url.startswith(("http://", "https://")):
        raise UsageError(
            f"--base-url {base_url}: an address begins with http:// or https://, as http://localhost:8000/v1"
        )
    if listed is None and base_url is None:
        hint = closest(name, [*known, *ALIASES])
        raise UsageError(
            f"no teacher is called {name!r}: there are {', '.join(known)}{hint}; any other model needs --base-url"
        )
    if listed is not None and listed.prompt_price is None and base_url is None:
        raise UsageError(f"{name} is not served by its maker: give --base-url of a server that has {listed.model}")
    teacher = listed or Teacher(name, name)
    if base_url and base_url.rstrip("/") != teacher.base_url:
        # Somebody else's server: its prices are not those of the catalogue.
        teacher = replace(
            teacher, base_url=base_url.rstrip("/"), prompt_price=None, completion_price=None, shutdown=None
        )
    return replace(teacher, model=model) if model else teacher


def shutdown_notice(teacher: Teacher, today: date) -> str | None:
    """A line for the user if the model is gone or will be within half a year."""
    if teacher.shutdown is None or (teacher.shutdown - today).days > 183:
        return None
    gone = teacher.shutdown <= today
    verb = "was shut down" if gone else "will be shut down"
    return f"{teacher.name} {verb} on {teacher.shutdown}: use {teacher.stand_in}, or --base-url of a server that has it"
