"""Some rows of every built dataset and style, for tests of demonstrations."""

from arithmetic_rows import OPERATIONS, STYLES
from arithmetic_rows import rows as sums
from twowiki_rows import kept

from synth.builders import arithmetic, listops
from synth.record import Record


def built_rows() -> dict[str, list[Record]]:
    """Name of dataset and configuration -> ten rows."""
    found = {
        f"arithmetic {each}": sums(arithmetic.Config(operation=each, digits="1-3"), count=10) for each in OPERATIONS
    }  # type: ignore[arg-type]
    found |= {f"arithmetic {each}": sums(arithmetic.Config(style=each, digits="3"), count=10) for each in STYLES}  # type: ignore[arg-type]
    for explain in ("none", "short", "medium", "long"):
        config = listops.BUILDER.settled(listops.Config(explain=explain))  # type: ignore[arg-type]
        found[f"listops {explain}"] = list(listops.records(config, "train", 0, range(10)))
    for style in ("self-ask", "direct"):
        for exemplars in (0, 2) if style == "self-ask" else (0,):
            found[f"2wiki {style} {exemplars}"] = kept("train", style=style, exemplars=exemplars)[:10]
    return found
