"""Keeps a card's `dataset_info` and the Parquet files beside it in agreement.

`datasets` casts what it reads to the features that the card names, and fails where the files have others: a card that
tells of an earlier schema makes a release that nobody can load.
"""

from collections.abc import Mapping
from typing import Any

from synth import _card_front
from synth._card_table import features


def with_features(card: str, schemas: Mapping[str, Any]) -> str:
    """The card with the features of these Arrow schemas (by configuration), where it names others for them."""
    front, body = _card_front.split(card)
    infos = _card_front.entries(_card_front.parse(front).get("dataset_info"))
    wanted = {name: features(schema) for name, schema in schemas.items() if schema is not None and name in infos}
    wrong = {name: found for name, found in wanted.items() if infos[name].get("features") != found}
    if not wrong:
        return card
    told = [info | ({"features": wrong[name]} if name in wrong else {}) for name, info in infos.items()]
    yaml, _ = _card_front.merge(front, {"dataset_info": told}, overwrite=True)
    return f"---\n{yaml}---\n{body}"
