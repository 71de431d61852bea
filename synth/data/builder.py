"""What a builder is: a module in builders/ that ends with BUILDER = Builder(...).

    BUILDER = Builder(
        config=Config, meta=META, splits=splits, records=records, about=ABOUT,  # what every builder has
        record=record, check=check,  # and what only some need
    )

Row i of a dataset that is drawn is a function of dataset, variant, split, seed and i alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from synth import registry
from synth.data.about import About
from synth.errors import UsageError
from synth.record import Record, Rejected

C = TypeVar("C")
Limit = tuple[str, int]  # an option and a value of it
COLUMN_TYPES = {str, int, float, bool}
CHUNK = 4096  # rows in one work item of a dataset that is drawn


def _one_folder(config: C) -> Mapping[str, C]:
    return {"": config}


def whole_prompt(record: Record) -> str:
    return record.prompt


def _as_it_is(config: C) -> C:
    return config


def _chunk(config: Any) -> int:
    return CHUNK


def _accept(config: Any) -> None:
    pass


def count_nothing(record: Record) -> Iterable[tuple[str, str]]:
    return ()


def _note_nothing(config: Any) -> Mapping[str, Any]:
    return {}


def no_stratum(record: Record) -> str | None:
    return None


def no_columns(config: Mapping[str, Any]) -> Mapping[str, type]:
    return {}


def _real(manifest: Mapping[str, Any]) -> About | None:
    return None


def _never(config: Any) -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class Builder(Generic[C]):
    """A dataset that is built by program: what `synth build NAME` needs of it, and what other verbs ask about it."""

    config: type[C]  # a frozen dataclass; its fields, made with `option`, are the options of `synth build NAME`
    meta: Mapping[str, type]  # name and type of every column of a row's meta: str, int, float or bool; at least one
    splits: Callable[[C], Mapping[str, int | None]]  # split -> number of rows; None for every row of the source
    # (config, split, seed, item) -> rows and drops of one work item, fewer if there are no more. An item is a range
    # of indexes, or what `items` yields.
    records: Callable[[C, str, int, Any], Iterator[Record | Rejected]]
    about: About  # what a dataset card says
    # (manifest) -> what it says instead if the rows are made from made-up records that come with the program
    made_up: Callable[[Mapping[str, Any]], About | None] = _real

    # (config, split, seed, index) -> one drawn row, for `synth row`, if its key has to be looked at more closely than
    # `records` does; UsageError if there is no such row
    record: Callable[[C, str, int, int], Record] | None = None
    # (config as synth.json has it) -> further columns of meta, which only the rows of some configurations have; folders
    # of older versions may be without them
    further: Callable[[Mapping[str, Any]], Mapping[str, type]] = no_columns
    items: Callable[[C, str], Iterator[Any]] | None = None  # (config, split) -> work items, of rows read from a source
    variants: Callable[[C], Mapping[str, C]] = _one_folder  # folder -> config, if one call writes several datasets
    question: Callable[[Record], str] = whole_prompt  # what must not occur twice
    settled: Callable[[C], C] = _as_it_is  # the configuration with the preset's values filled in
    chunk: Callable[[C], int] = _chunk  # rows in one work item, fewer if rows are long
    check: Callable[[C], None] = _accept  # raises UsageError with all that cannot be as given
    source_facts: Callable[[C], Mapping[str, Any]] | None = None  # what tells one source from another
    tally: Callable[[Record], Iterable[tuple[str, str]]] = count_nothing  # (column, value) to count in `synth stats`
    whole_numbers: bool = False  # whether a tokenizer made for its rows has a token for each number, not one a digit
    stratum: Callable[[Record], str | None] = no_stratum  # what kind of question a row's is, for demonstrations like it
    hinted: Callable[[Record], str] | None = None  # the prompt with its answer in it (STaR); None: nobody knows how
    group: str = ""  # the column of meta by which synth.json breaks down what is left out
    notes: Callable[[C], Mapping[str, Any]] = _note_nothing  # facts for synth.json, such as a length that runs out
    repeats: Callable[[C], bool] = _never  # whether questions may repeat
    advice: Mapping[str, str] = field(default_factory=dict)  # reason of a drop -> what to do when no row is left

    # the option and the value that would have kept a row which a limit leaves out; None for another reason
    needs: Callable[[Rejected], Limit | None] | None = None

    def __post_init__(self) -> None:
        if not self.meta or not set(self.meta.values()) <= COLUMN_TYPES:  # Parquet has no struct without a field
            raise UsageError("a builder's meta has one column or more, each of them str, int, float or bool")
        if self.group and self.group not in self.meta:
            raise UsageError(f"a builder's group is a column of its meta, {', '.join(self.meta)}, not {self.group!r}")

    def columns(self, config: Mapping[str, Any]) -> dict[str, type]:
        """Name and type of every column of meta that rows of a configuration have."""
        return {**self.meta, **self.further(config)}

    @property
    def drawn(self) -> bool:
        """Whether rows are drawn, any number of them, and not read from a source."""
        return self.items is None


def find(name: str) -> Builder[Any]:
    """The builder of a name.

    Raises UnknownNameError, which lists the names, and UsageError for a file without BUILDER.
    """
    return registry.contract("builders", name, Builder)


def builder_of(manifest: Mapping[str, Any]) -> Builder[Any] | None:
    """The builder that made a folder; None if none did, or it is not installed."""
    name = manifest.get("builder")
    return find(name) if isinstance(name, str) and registry.has("builders", name) else None
