"""When models are shut down: as their maker announced it, and as the server itself says.

The dates are those of OpenAI's page of deprecations (developers.openai.com/api/docs/deprecations) on 2026-11-30. Dated
snapshots and fine-tuned models go with the model they are made of.
"""

import re
from datetime import date
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    import openai

PATIENCE = 5.0  # seconds for the list of models
STAND_IN = "gpt-6-luna"  # what OpenAI names for the last of them
SHUTDOWNS = {
    date(2026, 2, 17): ("chatgpt-4o",),
    date(2026, 7, 23): (
        "gpt-5-chat", "gpt-5-codex", "gpt-5.1-chat", "gpt-5.1-codex", "gpt-5.1-codex-max", "gpt-5.1-codex-mini",
        "gpt-5.2-codex", "o3-deep-research", "o4-mini-deep-research",
    ),
    date(2026, 8, 10): ("gpt-5.2-chat", "gpt-5.3-chat"),
    date(2026, 10, 23): (
        "gpt-3.5-turbo", "gpt-3.5-turbo-16k", "gpt-4", "gpt-4-turbo", "gpt-4.1-nano", "o1", "o1-pro", "o3-mini",
        "o4-mini", "gpt-4o-2024-05-13", "gpt-4-1106-preview",
    ),
    date(2026, 12, 11): ("gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-5-pro", "o3", "o3-pro"),
    date(2027, 1, 14): ("gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini"),
    date(2027, 4, 1): ("gpt-5.1", "gpt-5.4-nano"),
}  # fmt: skip
SNAPSHOT = re.compile(r"-(\d{4}-\d\d-\d\d|\d{4}|\d{8}|latest)$")


def announced_shutdown(model: str) -> date | None:
    """When OpenAI stops serving a model; None if it has not said so."""
    dated = model.lower().removeprefix("ft:").split(":")[0]
    names = (dated, SNAPSHOT.sub("", dated))
    return next((day for name in names for day, models in SHUTDOWNS.items() if name in models), None)


def shutdown_of(listing: Any, model: str) -> date | None:
    """The `shutdown_date` of a model in the JSON of `GET /v1/models`, a text as 2026-12-11; None if none is said."""
    models = listing.get("data") if isinstance(listing, dict) else listing
    for entry in models if isinstance(models, list) else []:
        if isinstance(entry, dict) and entry.get("id") == model:
            try:
                return date.fromisoformat(str(entry.get("shutdown_date"))[:10])
            except ValueError:
                return None
    return None


async def listed_shutdown(client: "openai.AsyncOpenAI", model: str) -> date | None:
    """What a server's list of models says about a model's end.

    None if it says nothing, has no list, or does not answer within some seconds: nothing depends on it.
    """
    import aiohttp
    import httpx2
    import openai

    try:
        answer = await client.get("/models", cast_to=httpx2.Response, options={"timeout": PATIENCE, "max_retries": 0})
        return shutdown_of(orjson.loads(answer.content), model)
    except (openai.APIError, aiohttp.ClientError, orjson.JSONDecodeError):
        return None
