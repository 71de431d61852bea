"""Makers of models and the OpenAI-compatible addresses at which they serve them.

Addresses and key variables are those of each maker's own documentation of its OpenAI-compatible interface. OpenRouter,
Groq and Together serve the models of others: their prices are their own.
"""

import re
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

OPENAI = "https://api.openai.com/v1"
COMPETE = "output may not be used to develop models that compete with"


@dataclass(frozen=True)
class Maker:
    """Who serves models at one address."""

    prefix: str  # what stands before the slash in --teacher; genai-prices has the same ids but for xai
    base_url: str
    key_variable: str
    names: str = ""  # pattern of its models' names, which are then enough; none: it serves those of others
    terms: str = ""  # what they say about training on answers

    @property
    def priced_as(self) -> str:
        """Its id in genai-prices."""
        return {"xai": "x-ai"}.get(self.prefix, self.prefix)


MAKERS = (
    Maker("openai", OPENAI, "OPENAI_API_KEY", r"(gpt-(?!oss)|chatgpt-|o\d+(-|$)|ft:)",
          f"OpenAI's terms: {COMPETE} OpenAI"),
    Maker("anthropic", "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY", "claude",
          f"Anthropic's terms: {COMPETE} Anthropic"),
    Maker("google", "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY", "gemini",
          f"Gemini API's terms: {COMPETE} the API"),
    Maker("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY", "(mi|code|dev|magi|mini)stral-(?!7b|nemo)"),
    Maker("deepseek", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY", "deepseek-(chat|reasoner|flash|v)"),
    Maker("xai", "https://api.x.ai/v1", "XAI_API_KEY", "grok-"),
    Maker("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    Maker("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    Maker("together", "https://api.together.xyz/v1", "TOGETHER_API_KEY"),
)  # fmt: skip
PREFIXES = {maker.prefix: maker for maker in MAKERS}


@cache  # asked for each request
def maker_at(base_url: str) -> Maker | None:
    """Who serves at an address; None for a server of one's own and for gateways."""
    return next((maker for maker in MAKERS if _host(maker.base_url) == _host(base_url)), None)


def maker_of(model: str) -> Maker | None:
    """Who made the model of a name, whoever serves it; None if the name does not say."""
    bare = model.lower().rsplit("/", 1)[-1]
    return next((maker for maker in MAKERS if maker.names and re.match(maker.names, bare)), None)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # of an address that is none
        return ""
