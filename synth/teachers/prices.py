"""Prices and context lengths of models at their makers' addresses, from the tables of the package genai-prices.

The tables are those of the installed version: nothing is fetched. Where a price grows with the length of the prompt it
is that of short ones; off-peak prices are those of the moment. A price that is missing or 0 is None, which is unknown.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any


@dataclass(frozen=True)
class Price:
    """Dollars for a million tokens, and the context in tokens; None: unknown."""

    prompt: float | None = None
    completion: float | None = None
    context: int | None = None


@cache
def price_of(model: str, provider: str) -> Price | None:
    """The price of a model where `provider` (an id of genai-prices) serves it; None if it is not in the table."""
    from genai_prices import Usage, calc_price

    try:
        found = calc_price(Usage(input_tokens=1, output_tokens=1), model, provider_id=provider)
    except LookupError:
        return None
    prompt, completion = (_dollars(getattr(found.model_price, name)) for name in ("input_mtok", "output_mtok"))
    known = prompt is not None and completion is not None and prompt + completion > 0
    return Price(*((prompt, completion) if known else (None, None)), context=found.model.context_window)


def known_models(provider: str) -> list[str]:
    """The names of a provider's models in the table."""
    from genai_prices.data_snapshot import get_snapshot

    return [model.id for entry in get_snapshot().providers if entry.id == provider for model in entry.models]


def _dollars(price: Any) -> float | None:
    """A price, or the lowest tier of one that has tiers."""
    return None if price is None else float(getattr(price, "base", price))
