"""What is done with the rows of a shard, in whatever process: they are read, and later held to expectations.

Between the two lies the search for what stands twice (repeated.py), which needs all shards. What is known of rows lies
in files until then, in a folder of the run inside the dataset's; nothing of it is in memory that grows with the rows.

    work        what everybody has to know, for other processes and machines
    3.rows      columns of the rows of shard 3 that the expectations are about, and which rows have which texts
"""

import os
import pickle
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import numpy as np

from synth.base.files import take
from synth.data.names import CHECKED
from synth.validating import near
from synth.validating.expected import suites
from synth.validating.facts import Facts, Spec, look
from synth.validating.frames import Rows
from synth.validating.repeated import TOLD, Shard, keep_prints, kinds_of, told
from synth.validating.suites import Ran
from synth.validating.texts import Compared, Texts

if TYPE_CHECKING:
    import pandas as pd

WORK = "work"


@dataclass(frozen=True)
class Work:
    """What everybody has to know of a dataset and of what is asked."""

    dataset: Path
    folder: Path  # of the run
    spec: Spec
    texts: Texts
    own: tuple[Path, ...]  # suites of the user's own: other processes read them again, expectations do not travel

    def kept(self) -> Path:
        """The file in which it lies for other processes. Raises OSError."""
        path = self.folder / WORK
        path.write_bytes(pickle.dumps(self))
        return path


@dataclass
class Sums:
    """What is told of a shard: little, whatever its rows."""

    rows: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    asked: list[tuple[str, near.Question]] = field(default_factory=list)
    texts: list[Compared] = field(default_factory=list)

    def add(self, facts: Facts) -> None:
        self.rows += facts.rows
        self.answers.update(facts.answers)
        self.verdicts.update(facts.verdicts)
        self.asked += facts.asked


@contextmanager
def folder_of_run(dataset: Path) -> Iterator[Path]:
    """A folder of this run alone. Those of runs that were killed go: the system has let go of them. Raises OSError."""
    for left in dataset.glob(f"{CHECKED}*"):
        with suppress(OSError), _held(left) as ours:
            if ours:
                shutil.rmtree(left)
    made = Path(mkdtemp(prefix=".synth-", dir=dataset))
    folder = made.with_name(CHECKED + made.name.rpartition("-")[2])
    try:
        with _held(made):  # before it bears a name by which others find it
            made.rename(folder)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _held(folder: Path) -> Iterator[bool]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield take(descriptor)
    finally:
        os.close(descriptor)


def read_shard(work: Work | Path, shard: Shard) -> Sums:
    """Read the rows of a shard, check them, and leave what is known of them. Raises OSError."""
    work = _read(work) if isinstance(work, Path) else work
    sums, parts = Sums(), list[Facts]()
    for item in shard.items:
        facts = look(work.spec, item)
        sums.add(facts)
        if work.texts.wanted:
            names = facts.columns["id"]
            sums.texts.append(work.texts.compare(*_texts(facts, names)))
        facts.texts, facts.asked = [], []
        parts.append(facts)
    _keep(work, shard, parts)
    return sums


def _texts(facts: Facts, ids: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """Ids, prompts and completions of the rows that can be read."""
    places, prompts, completions = map(list, zip(*facts.texts, strict=True)) if facts.texts else ([], [], [])
    return [ids[place] for place in places], prompts, completions


def _keep(work: Work, shard: Shard, parts: Sequence[Facts]) -> None:
    columns = {name: [value for part in parts for value in part.columns[name]]
               for name in work.spec.kept if name in parts[0].columns}  # fmt: skip
    there = {}
    for kind in kinds_of(work.spec.kept):
        prints = np.concatenate([part.prints[kind] for part in parts])
        keep_prints(work.folder, shard, kind, prints)
        there[kind] = prints != 0
    with (work.folder / f"{shard.number}.rows").open("wb") as file:
        pickle.dump((columns, there), file, protocol=pickle.HIGHEST_PROTOCOL)


def expect(kept: Path, shards: Sequence[Shard]) -> list[Ran]:
    """In another process: what comes of each expectation that is about rows by themselves, over the rows of some
    shards. Raises OSError."""
    return _expectations(kept).ran(frame(_read(kept), shards))


def frame(work: Work, shards: Sequence[Shard]) -> "pd.DataFrame":
    """The rows of some shards as expectations see them; text stays text, what is missing is null. Raises OSError."""
    import pandas as pd

    columns: dict[str, list[Any]] = {name: [] for name in work.spec.kept}
    for shard in shards:
        with (work.folder / f"{shard.number}.rows").open("rb") as file:
            known, there = pickle.load(file)  # nobody else may write there
        for name in columns:
            columns[name] += _values(work, shard, name, known, there)
    return pd.DataFrame({name: _column(values) for name, values in columns.items()})


def _values(work: Work, shard: Shard, name: str, known: Mapping[str, list[Any]], there: Mapping[str, Any]) -> list[Any]:
    """A column for the rows of a shard."""
    if name == "split":
        return [shard.split] * shard.rows
    if name in TOLD:
        return told(work.folder, shard, name, there[TOLD[name][0][0]])
    return known[name]


def _column(values: list[Any]) -> Any:
    """Truths and numbers as such, even if some are missing; anything else as it is."""
    import pandas as pd

    types = set(map(type, values))
    if types <= {bool, type(None)} and bool in types:
        return pd.array(values, dtype="boolean") if type(None) in types else np.array(values, dtype=bool)
    if types <= {int, float, type(None)} and types != {type(None)}:
        return np.array([np.nan if value is None else value for value in values], dtype=float)
    return pd.Series(values, dtype=object)


@lru_cache(maxsize=1)
def _read(kept: Path) -> Work:
    with kept.open("rb") as file:
        found: Work = pickle.load(file)  # nobody else may write there
    return found


@lru_cache(maxsize=1)
def _expectations(kept: Path) -> Rows:
    work = _read(kept)
    return Rows(suites(work.spec.manifest, work.dataset, work.own))
