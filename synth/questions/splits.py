"""Which of several files, or lists of a file, are meant: told by a word in their names, never guessed."""

import re
from collections.abc import Collection, Iterable, Sequence
from fnmatch import fnmatch
from pathlib import PurePosixPath

from synth.errors import SourceError
from synth.questions.layouts import Layout

SPLITS = {
    "train": {"train", "training"},
    "validation": {"validation", "valid", "val", "dev"},
    "test": {"test", "testing"},
}
_SHARD = re.compile(r"(?P<stem>.*?-)(?P<number>\d{5})-of-(?P<count>\d{5})(?P<end>.*)")
_PART = re.compile(r"(?P<stem>.*-)(?P<number>\d{5})\.parquet")  # of our own: their number is not in their names
_NUMBERED = re.compile(r"(part-)?\d{4,}\b.*")


def of_split(
    names: Iterable[str], split: str | None, place: str, layouts: Sequence[Layout] = (), what: str = "file"
) -> list[str]:
    """The names of a split: the training split if none is named, or all if none has the word of a split in it.

    what: what is named so. Raises SourceError for several that do not belong together, and if there is none.
    """
    there = list(names)
    words = {name: set(re.split(r"[^a-z]+", name.lower())) for name in there}
    wanted = SPLITS.get(split or "train", {(split or "train").lower()})
    found = [name for name in there if name == split] or [name for name in there if words[name] & wanted]
    if not found and split is None and not any(words[name] & set().union(*SPLITS.values()) for name in there):
        found = there
    named = f"named for the split {split or 'train'!r}"
    choose = "give one of them" if what == "file" else "name one with --split"
    if not found:
        raise SourceError(f"{place} has no {what} {named}: it has {listed(there)}; {choose}")
    if len(found) > 1 and not _belong_together(found, layouts):
        raise SourceError(
            f"{place} has {len(found)} {what}s{'' if found is there else f' {named}'}: {listed(found)}; {choose}"
        )
    return found


def listed(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _belong_together(names: Collection[str], layouts: Sequence[Layout]) -> bool:
    """Whether files are parts of one whole: those of a release that a task knows, or numbered parts of one file.

    Raises SourceError if one of the numbered parts is not there.
    """
    patterns = [pattern for layout in layouts for pattern in (layout.parts, layout.files) if pattern]
    if any(all(fnmatch(name, p) or fnmatch(PurePosixPath(name).name, p) for name in names) for p in patterns):
        return True
    shards = [_SHARD.fullmatch(name) for name in names]
    if all(shards):
        wholes = {(shard["stem"], shard["count"], shard["end"]) for shard in shards if shard}
        if len(wholes) == 1 and (count := int(next(iter(wholes))[1])) != len(names):
            raise SourceError(f"{next(iter(names))} is one of {count} parts, of which only {len(names)} are here")
        return len(wholes) == 1
    parts = [_PART.fullmatch(name) for name in names]
    if all(parts):
        numbers = sorted(int(part["number"]) for part in parts if part)
        if missing := set(range(numbers[-1] + 1)) - set(numbers):
            raise SourceError(f"{next(iter(names))} is one of several parts, and part {min(missing):05d} is not here")
        return len({part["stem"] for part in parts if part}) == 1
    paths = [PurePosixPath(name) for name in names]
    return len({path.parent for path in paths}) == 1 and all(_NUMBERED.fullmatch(path.name) for path in paths)
