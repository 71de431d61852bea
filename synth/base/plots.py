"""One look for every picture: quiet axes, colours that differ also to a colour-blind eye, the same bytes every time.

The colours are those of Okabe and Ito ("Color Universal Design", 2008) that stand out from white. A picture brings its
white ground along, so that it reads as well on a dark page, unless it is drawn a second time for dark paper. Nothing of
a user's own matplotlib settings is used or changed.
"""

import io
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
INK, FAINT = "#333333", "#DDDDDD"
DPI = 110
STYLE: Any = {  # matplotlib types its keys one by one
    # Comes with matplotlib, so that pictures are the same on every machine.
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "text.color": INK,
    "text.parse_math": False,  # a $ is a dollar
    "axes.labelcolor": INK,
    "axes.edgecolor": "#999999",
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
}


@dataclass(frozen=True)
class Look:
    """The paper that a picture is for, and the colours that read on it."""

    name: str
    colours: tuple[str, ...]
    ink: str
    faint: str
    edge: str
    paper: str

    @property
    def style(self) -> Any:  # matplotlib types its keys one by one
        """Settings of matplotlib beside STYLE."""
        inked = dict.fromkeys(("text.color", "axes.labelcolor", "xtick.color", "ytick.color"), self.ink)
        papers = dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), self.paper)
        return {**inked, **papers, "axes.edgecolor": self.edge}


LIGHT = Look("light", COLOURS, INK, FAINT, "#999999", "#FFFFFF")
# The dark colours of the page of a report (cards/report.html).
DARK = Look(
    "dark", ("#5CB3EE", "#FF8C42", "#3CCB9F", "#E2A0C6", "#F2B93B", "#8CCBF0", "#E6E6E3"), "#E6E6E3", "#34383C",
    "#70757A", "#16181B",
)  # fmt: skip


def draw(width: float, height: float, fill: "Callable[[Figure], None]", look: Look = LIGHT) -> bytes:
    """A PNG of a figure of so many inches that `fill` draws into."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()  # whatever a matplotlibrc says
        mpl.rcParams.update(STYLE)
        mpl.rcParams.update(look.style)
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
        canvas = FigureCanvasAgg(figure)
        fill(figure)
        out = io.BytesIO()
        save: Any = canvas.print_png  # print_figure would go through the figure twice
        save(out, metadata={"Software": None})
        return out.getvalue()


def panels(figure: "Figure", count: int, wide: int, *, sharex: bool = False, sharey: bool = False) -> Any:
    """A grid of axes for `count` panels, `wide` of them side by side; places that are left stay empty.

    sharex, sharey: as matplotlib has them. Returns the axes as an array of rows.
    """
    found = figure.subplots(-(-count // wide), wide, squeeze=False, sharex=sharex, sharey=sharey)
    for axes in found.flat[count:]:
        axes.set_axis_off()
    return found


def grid(axes: "Axes", axis: str = "y") -> None:
    """Faint lines behind the data, along the axis that values are read off."""
    axes.grid(axis=axis, color=FAINT, linewidth=0.8)  # type: ignore[arg-type]
    axes.tick_params(length=0)


def percent(axes: "Axes", axis: str = "y") -> None:
    """Shares from 0 to 1 as per cents."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    along = axes.yaxis if axis == "y" else axes.xaxis
    along.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    along.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.4g}%"))


def label(text: str, most: int = 24) -> str:
    """Text for an axis: in one line, shortened, with a box for every character that the font does not have."""
    from matplotlib import font_manager, ft2font

    font = ft2font.FT2Font(font_manager.findfont("DejaVu Sans"))
    known = font.get_charmap()
    line = " ".join(text.split())
    short = line if len(line) <= most else textwrap.shorten(line, most, placeholder="...") or line[:most]
    short = short if short != "..." else line[: most - 3] + "..."
    return "".join(char if ord(char) in known else "\N{WHITE SQUARE}" for char in short)
