"""What people said of the rows: `notes.jsonl` beside them, a file of verdicts (verdicts.py) of the judge `notes`.

The verdict is one of MENU, or null where somebody took theirs back; `reason` is what was noted, `model` who said it.
The last line of a row and person counts, and a line on other texts than the row has now does not.
"""

from collections.abc import Mapping
from pathlib import Path

from synth.data.verdicts import Line, Place, hash_of, latest, read_verdicts
from synth.record import Record

JUDGE = "notes"
MENU = ("good", "unsure", "bad")


def note_of(split: str, record: Record, person: str, verdict: str | None, text: str) -> Line:
    return Line(split, record.id, JUDGE, person, verdict, None, text, hash_of(record))


def read_notes(path: Path) -> Mapping[Place, Mapping[str, Line]]:
    """Row -> person -> what they said last, of those who have not taken it back; nothing if there is no file.

    Raises FolderError for a file that cannot be read, or is none of verdicts.
    """
    found: dict[Place, dict[str, Line]] = {}
    for line in latest(read_verdicts(path)).values() if path.is_file() else ():
        if line.judge == JUDGE and line.verdict is not None:
            found.setdefault(line.place, {})[line.model or ""] = line
    return found
