"""The order of the house: rooms import what lies below them, never up and never in a circle.

The floors, from the ground up. A room may import rooms of lower floors, and neighbours on its own floor as long as
no circle comes of it. A new room gets its place here. Packages inside a wing (builders/listops) count with their
wing; a file of its own in `synth/` is a room of its own.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from source_imports import FOLDERS, WINGS, Import, circle, imports_of, modules_of, tree_imports

FLOORS = (
    ("errors", "record"),  # what everything may name
    ("base", "workers", "answers", "statistics"),  # the ground: knows nothing of datasets
    ("registry",),
    ("attempts", "data", "questions", "tasks", "teachers", "models"),  # the things
    ("building", "shots", "validating"),  # the verbs whose contracts the wings keep
    ("builders", "validators", "cards", "judges", "studies"),  # what is known of one dataset, card, judge, study
    (
        "distilling",
        "evaluating",
        "exporting",
        "importing",
        "judging",
        "releasing",
        "reporting",
        "rewarding",
        "training",
    ),  # the other verbs
    ("bootstrapping", "measuring", "merging", "probing", "rewards"),
    ("conditioning",),
    ("trainers",),
    ("studying", "viewing"),
    ("commands",),  # the roof
    ("synth", "cli", "__main__"),  # "synth": the Python API, synth/__init__.py
)
FLOOR = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}

LINES = 400  # of a file, tests too
FILES = 8  # in synth/ itself

ROOT = Path(__file__).parents[2]
OUTSIDE = ("tests", "benchmarks")  # import rooms, and are none


def room_of(module: str) -> str:
    """The room of a module: synth.data.folder is in data, synth.builders.listops.draw in builders, synth in synth."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "synth"


def upward(root: Path) -> Iterator[str]:
    """What is wrong with each import that goes up."""
    for found in tree_imports(root):
        here, there = room_of(found.module), room_of(found.target)
        for room in (here, there):
            if room not in FLOOR:
                yield f"{found} -- the room {room!r} has no floor: add it to FLOORS in tests/house/test_imports.py"
        if FLOOR.get(there, 0) > FLOOR.get(here, len(FLOORS)):
            yield f"{found} -- goes up: {here} is on floor {FLOOR[here]}, {there} above it on floor {FLOOR[there]}"


def circles(root: Path) -> Iterator[str]:
    """A circle of files and a circle of rooms, import by import, if there are any."""
    files: dict[str, dict[str, Import]] = defaultdict(dict)
    rooms: dict[str, dict[str, Import]] = defaultdict(dict)
    for found in tree_imports(root):
        files[found.module].setdefault(found.target, found)
        here, there = room_of(found.module), room_of(found.target)
        if here != there:
            rooms[here].setdefault(there, found)
    for what, edges in (("files", files), ("rooms", rooms)):
        if closed := circle(edges):
            yield f"a circle of {what}:\n  " + "\n  ".join(map(str, closed))


def private(root: Path) -> Iterator[str]:
    """Names with a leading underscore that are imported from another room."""
    modules = modules_of(root)
    inside = tree_imports(root)
    others = [path for top in OUTSIDE for path in sorted((root / top).rglob("*.py"))]
    outside = [found for path in others for found in imports_of(root, path, "outside.tests", modules)]
    for found in inside + outside:
        leaves = room_of(found.module) != room_of(found.target)
        if leaves and found.name.startswith("_"):
            yield f"{found} -- {found.name} is private to its room: give it a name without an underscore"


def shapes(root: Path) -> Iterator[str]:
    """Files that are too long, begin with an underscore, or are too many in synth/."""
    own = sorted(path.name for path in (root / "synth").glob("*.py"))
    if len(own) > FILES:
        yield f"synth/ holds {len(own)} files of its own, {FILES} at most: {', '.join(own)}"
    for path in sorted(path for top in (*FOLDERS, *OUTSIDE) for path in (root / top).rglob("*.py")):
        name = str(path.relative_to(root))
        if path.name.startswith("_") and path.name not in {"__init__.py", "__main__.py"}:
            yield f"{name}: no file begins with an underscore, a room is what makes it private"
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > LINES:
            yield f"{name}: {lines} lines, {LINES} at most: split it by subject"


Rule = Callable[[Path], Iterator[str]]
RULES: tuple[Rule, ...] = (upward, circles, private, shapes)


@pytest.mark.parametrize("rule", RULES)
def test_the_house_is_in_order(rule: Rule) -> None:
    faults = list(rule(ROOT))
    assert not faults, "\n" + "\n".join(faults)


def test_the_floors_are_those_of_rooms_that_exist() -> None:
    rooms = {room_of(module) for module in modules_of(ROOT)}
    assert set(FLOOR) == rooms


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


GOOD = {
    "synth/base/files.py": "def lock(): ...\n",
    "synth/data/folder.py": "from synth.base.files import lock\nfrom .names import ROWS\n",
    "synth/data/names.py": "ROWS = 'rows'\n",
    "builders/sums/rows.py": "from synth.data import folder\n",
    "tests/data/test_folder.py": "from synth.data.folder import lock\n",
}
INSIDE = "def late():\n    from synth.{} import name\n"
TYPED = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from synth.{} import name\n"


def test_a_tree_in_order_passes(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    assert [fault for rule in RULES for fault in rule(tmp_path)] == []
    assert len(tree_imports(tmp_path)) == 3


@pytest.mark.parametrize(
    ("rule", "files", "told"),
    [
        (
            upward,
            {"synth/base/up.py": "from synth.data.names import ROWS\n"},
            "synth/base/up.py:1: from synth.data.names",
        ),
        (upward, {"synth/base/up.py": "import synth.data.names as names\n"}, "base is on floor 1, data above it"),
        (upward, {"synth/base/up.py": INSIDE.format("data.names")}, "synth/base/up.py:2: "),
        (upward, {"synth/base/up.py": TYPED.format("data.names")}, "synth/base/up.py:3: "),
        (upward, {"synth/base/up.py": "from ..data import names\n"}, "goes up"),
        (upward, {"synth/base/up.py": "import importlib\nimportlib.import_module('synth.data.names')\n"}, "goes up"),
        (upward, {"synth/data/up.py": "from synth.builders.sums.rows import draw\n"}, "builders above it"),
        (upward, {"synth/base/up.py": "import synth\n", "synth/__init__.py": ""}, "synth above it"),
        (upward, {"synth/loft/new.py": "from synth.data.names import ROWS\n"}, "'loft' has no floor"),
        (circles, {"synth/data/names.py": INSIDE.format("data.folder")}, "a circle of files:\n  synth/data/"),
        (circles, {"synth/data/names.py": TYPED.format("data.folder")}, "names.py:3: from synth.data.folder import"),
        (
            circles,
            {
                "synth/data/a.py": INSIDE.format("models.b"),
                "synth/models/b.py": "",
                "synth/models/c.py": "import synth.data.a",
            },
            "a circle of rooms:\n  synth/data/a.py:2: from synth.models.b import name\n  synth/models/c.py:1: ",
        ),
        (private, {"synth/data/more.py": "from synth.base.files import _lock\n"}, "_lock is private to its room"),
        (private, {"tests/test_more.py": "from synth.base.files import _lock\n"}, "tests/test_more.py:1: "),
        (private, {"builders/more.py": INSIDE.format("base.files").replace("name", "_lock")}, "builders/more.py:2: "),
        (shapes, {"synth/data/_hidden.py": ""}, "synth/data/_hidden.py: no file begins with"),
        (shapes, {"tests/test_long.py": "x = 1\n" * (LINES + 1)}, "tests/test_long.py: 401 lines, 400 at most"),
        (shapes, {f"synth/file{i}.py": "" for i in range(FILES + 1)}, "synth/ holds 9 files of its own, 8 at most"),
    ],
)
def test_a_tree_out_of_order_is_told(tmp_path: Path, rule: Rule, files: dict[str, str], told: str) -> None:
    write(tmp_path, GOOD | files)
    assert told in "\n".join(rule(tmp_path))


def test_every_wing_is_read() -> None:
    assert {module.split(".")[1] for module in modules_of(ROOT) if "." in module} >= set(WINGS)
