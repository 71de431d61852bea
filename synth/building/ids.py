"""Ids of built rows, <dataset>/<variant>/<split>/<seed>/<index>: written from a configuration and read back."""

from dataclasses import Field, dataclass, fields
from typing import Any

from synth.errors import UsageError


@dataclass(frozen=True)
class Key:
    """Everything that decides a drawn row, except its index."""

    dataset: str
    variant: str
    split: str
    seed: int

    def __str__(self) -> str:
        return f"{self.dataset}/{self.variant}/{self.split}/{self.seed}"


def variant(config: Any) -> str:
    """The part of the id that stands for the configuration."""
    shown = (f for f in fields(config) if _stands_in_id(f, getattr(config, f.name)))
    return ",".join(f"{f.name}={str(getattr(config, f.name)).replace(',', '+')}" for f in shown) or "default"


def read_id(row_id: str, config_type: Any) -> tuple[Any, str, int, int]:
    """Configuration, split, seed and index out of a row's id.

    Raises UsageError for an id that is no recipe of this builder.
    """
    try:
        _, text, split, seed, index = row_id.split("/")
        given = dict(part.split("=", 1) for part in text.split(",")) if text != "default" else {}
        known = {f.name: f for f in fields(config_type)}
        config = config_type(**{n: _read(known[n], v) for n, v in given.items()})
        if int(index) < 0:
            raise ValueError
        return config, split, int(seed), int(index)
    except (ValueError, KeyError, TypeError, UsageError) as error:
        raise UsageError(
            f"{row_id!r} is not the id of a built row: ids look like {_example(row_id, config_type)}"
        ) from error


def _example(row_id: str, config_type: Any) -> str:
    """An id as it should be: of a row of the same dataset with the defaults."""
    dataset = row_id.split("/", 1)[0]
    named = (f"{f.name}={str(f.default).replace(',', '+')}" for f in fields(config_type) if f.metadata["named"])
    return f"{Key(dataset, ','.join(named) or 'default', 'train', 0)}/17"


def _stands_in_id(field: "Field[Any]", value: Any) -> bool:
    return bool(field.metadata["recipe"]) and (field.metadata["named"] or value != field.default)


def _read(field: "Field[Any]", text: str) -> Any:
    """A value back from its text; the annotation of an option is str, int, float or bool, perhaps `| None`."""
    kind = getattr(field.type, "__name__", str(field.type))
    if text == "None":
        return None
    if kind.startswith("bool"):
        return {"True": True, "False": False}[text]
    return int(text) if kind.startswith("int") else float(text) if kind.startswith("float") else text
