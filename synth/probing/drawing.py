"""One picture for light and for dark paper."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from synth.base import plots
from synth.base.plots import DARK, LIGHT, Look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 8.6  # inches


def both(name: str, height: float, fill: "Callable[[Figure, Look], None]") -> dict[str, bytes]:
    """Name of the file -> PNG, of a figure of WIDTH x `height` inches that `fill` draws into for each paper."""

    def drawn(look: Look) -> bytes:
        return plots.draw(WIDTH, height, lambda figure: fill(figure, look), look)

    return {f"{name}-{look.name}.png": drawn(look) for look in (LIGHT, DARK)}
