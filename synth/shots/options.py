"""The options of demonstrations, the same for every verb that asks a model."""

from collections.abc import Mapping
from typing import Any, Literal

from synth.base.config import MaybeText, option, settings, switch, without_folders

How = Literal["turns", "text"]
OTHERS = "other-tasks"  # --shots other-tasks
GIVEN = {"n_shots": None, "shots_as": "turns", "shots_seed": 0}


@settings
class ShotOptions:
    """Which demonstrations stand before a question, how many, and in which form."""

    shots: MaybeText = option(
        "demonstrations: a file, a dataset folder, a task's own set (gsm8k), or other-tasks  [default: none]",
        default=None,
    )
    n_shots: int | None = option(
        "so many, drawn for each row  [default: 10 or all there are; 3 of other-tasks]", default=None, least=1
    )
    shots_as: How = option("how a chat model gets them: as turns, or in one message", default="turns")
    shots_seed: int = option("another seed, other demonstrations", default=0)

    def conflicts(self) -> list[str]:
        """What says something of demonstrations if there are none."""
        given = [switch(name) for name, default in GIVEN.items() if getattr(self, name) != default]
        return [f"{', '.join(given)}: add --shots FILE, the demonstrations"] if given and self.shots is None else []


def shown(asked: ShotOptions) -> dict[str, Any]:
    """These options alone, as a manifest keeps them: of a path the last part."""
    return {name: without_folders(getattr(asked, name)) for name in ("shots", *GIVEN)}


def in_words(facts: Mapping[str, Any]) -> str:
    """What a manifest keeps of demonstrations, for a person: 10 demonstrations of sums."""
    return f"{facts['n']} demonstration{'s' if facts['n'] > 1 else ''} of {facts['source']}"
