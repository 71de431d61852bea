r"""Takes the right answer out of a column that has more in it: out of the last \boxed, or from behind a mark."""

import re
from collections.abc import Callable
from typing import Any

from synth.answers.forms import BOX, braced

_BOXED = re.compile(rf"{BOX}|\\boxed\s+(?P<bare>[^\s${{}}.,]+)")


def boxed(solution: Any) -> str:
    r"""What the last \boxed of a solution holds; "" without one."""
    boxes = list(_BOXED.finditer(str(solution or "")))
    return (boxes[-1]["bare"] or braced(str(solution), boxes[-1].end()).strip()) if boxes else ""


def after(mark: str) -> Callable[[Any], Any]:
    """What stands behind the last mark of a text; all of it without one. A number is what it is."""
    return lambda value: value.rsplit(mark, 1)[-1].strip() if isinstance(value, str) else value
