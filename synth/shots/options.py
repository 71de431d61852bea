"""The options of demonstrations, the same for every verb that asks a model."""

from typing import Literal

from synth.base.config import MaybeText, option, settings, switch

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
    shots_as: Literal["turns", "text"] = option(
        "how a chat model gets them: as turns, or in one message", default="turns"
    )
    shots_seed: int = option("another seed, other demonstrations", default=0)

    def conflicts(self) -> list[str]:
        """What says something of demonstrations if there are none."""
        given = [switch(name) for name, default in GIVEN.items() if getattr(self, name) != default]
        return [f"{', '.join(given)}: add --shots FILE, the demonstrations"] if given and self.shots is None else []
