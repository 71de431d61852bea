"""synth build NAME"""

from collections.abc import Callable
from dataclasses import MISSING
from pathlib import Path
from typing import Any, Literal

from synth.building.build import Options
from synth.commands.options import command_from

COMMON = {
    "out": (Path, MISSING, "folder to write the dataset to"),
    "seed": (int, 0, "another seed, other rows"),
    "format": (Literal["jsonl", "parquet"], "jsonl", "how rows are written"),
    "workers": (int | None, None, "processes; any number writes the same bytes  [default: the cores]"),
    "overwrite": (bool, False, "replace another dataset in the folder"),
    "quiet": (bool, False, "print nothing but errors"),
}


def command_for(config_type: Any, run: Callable[[Any, Options, bool], None], help: str) -> Callable[..., None]:
    """The command of a builder, which takes its Config, the common options, and whether to be quiet."""

    def build(config: Any, values: dict[str, Any]) -> None:
        quiet = values.pop("quiet")
        run(config, Options(**values), quiet)

    return command_from(config_type, COMMON, build, help)
