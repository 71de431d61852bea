"""What is looked at of each row: a few facts in place of long texts. Runs in the workers.

Every kind that a folder is held to may add columns (`Checker.columns`); how questions, closing forms and steps are
read, the checker of the dataset says.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from synth.data import survey
from synth.data.builder import Builder, builder_of, whole_prompt
from synth.data.fingerprints import Prints, prints
from synth.record import FIELDS, Record
from synth.validating import near
from synth.validating.checker import Checker, find
from synth.validating.reading import Item, Unreadable, rows

TEXTS = FIELDS[:6]
DUE = ("id", "task", "prompt", "answer", "completion")  # must not be empty; a rationale may be
PLAIN = ("id", "task", "answer", "schema_fault", "blank", "prompt_length", "rationale_length", "completion_length",
         "closes", "step_fault")  # fmt: skip
TOLD_APART = ("ids", "questions", "normal", "rationales", "pairs")
SCALARS = (str, int, float, bool, type(None))
SAID = {str: "text", int: "a whole number", float: "a number", bool: "true or false", type(None): "null"}


@dataclass(frozen=True)
class Spec:
    """What the workers have to know of the dataset and of what is asked."""

    manifest: Mapping[str, Any]
    kinds: tuple[str, ...]  # modules of validators/ that this dataset is held to
    kept: tuple[str, ...] = ()  # columns that expectations are about
    columns: tuple[
        str, ...
    ] = ()  # those of them that not every dataset has: prompt, rationale, completion, meta.NAME, provenance.NAME
    steps: bool = True
    share: float = 1.0  # of the rows whose steps are worked out
    texts: bool = False  # whether whole texts are to be compared

    @cached_property
    def checkers(self) -> list[Checker]:
        return [checker for kind in self.kinds if (checker := find(kind)) is not None]

    @cached_property
    def own(self) -> Checker:
        """The checker that knows most of the texts: that of the builder, else that of what a teacher wrote."""
        return self.checkers[1] if len(self.checkers) > 1 else Checker(closing="{answer}")

    @cached_property
    def builder(self) -> Builder[Any] | None:
        return builder_of(self.manifest)

    def meta(self) -> Mapping[str, type] | None:
        """Columns of meta and their types; None if nobody declares them."""
        if self.builder is not None:
            return survey.with_codes(self.manifest, self.builder.columns(self.manifest.get("config") or {}))
        return survey.with_codes(self.manifest, survey.meta_of(self.manifest)) if "distilled" in self.kinds else None

    def may_lack(self) -> Collection[str]:
        """Columns of meta that folders of older versions have not."""
        return () if self.builder is None else self.builder.further(self.manifest.get("config") or {})


@dataclass
class Facts:
    """What was found in one work item."""

    rows: int = 0
    columns: dict[str, list[Any]] = field(default_factory=dict)
    prints: dict[str, Prints] = field(default_factory=dict)  # of what rows are told apart by; 0 is none
    answers: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[tuple[str, str | None]] = field(default_factory=Counter)  # judge and verdict
    asked: list[tuple[str, near.Question]] = field(default_factory=list)  # id and question, if these are compared
    texts: list[tuple[int, str, str]] = field(default_factory=list)  # place, prompt, completion, if these are compared


def look(spec: Spec, item: Item) -> Facts:
    """The facts of one work item. A row without an id is named by its place."""
    reader = _Look(spec)
    for row in rows(item):
        reader.add(row)
    facts = reader.done()
    named = enumerate(facts.columns["id"], start=item.before + 1)
    facts.columns["id"] = [row_id or f"{item.path.name} row {place}" for place, row_id in named]
    return facts


class _Look:
    """Gathers the columns of one work item."""

    def __init__(self, spec: Spec) -> None:
        self.spec, self.facts = spec, Facts()
        more = {name: column for checker in spec.checkers for name, column in checker.columns.items()}
        self.more = tuple(more.values())
        self.names = (*PLAIN, *more, *spec.columns)
        self.lines: list[tuple[Any, ...]] = []  # of the frame, without the columns that depend on rows before
        self.texts: dict[str, list[str]] = {name: [] for name in TOLD_APART}
        self.whole: list[bool] = []
        self.schemas: dict[Any, str] = {}
        self.question = spec.builder.question if spec.builder else whole_prompt
        self.check = spec.own.check if spec.steps else None
        self.known = spec.own.settings(spec.manifest["config"]) if self.check else {}

    def add(self, row: Any) -> None:
        fault = self._schema_fault(row)
        self.facts.rows += 1
        self.whole.append(not fault)
        if fault:
            self.lines.append(self._broken(row, fault))
            return
        record = Record(**row)
        line = self._plain(record)
        line += tuple([column(record, self.spec.manifest) for column in self.more])
        if self.spec.columns:
            line += tuple([_value(record, name) for name in self.spec.columns])
        self.lines.append(line)
        self._count(record)

    def _broken(self, row: Any, fault: str) -> tuple[Any, ...]:
        """The line of a row of which nothing else is said."""
        said = row.get("id") if isinstance(row, dict) else None
        known = {"id": said if isinstance(said, str) and said else None, "schema_fault": fault}
        return tuple(known.get(name) for name in self.names)

    def _plain(self, record: Record) -> tuple[Any, ...]:
        """What every dataset has, in the order of PLAIN."""
        prompt, completion = record.prompt, record.completion
        full = all(map(str.strip, (record.id, record.task, prompt, record.answer, completion)))
        blank = "" if full else ", ".join(name for name in DUE if not getattr(record, name).strip())
        closes = completion.endswith(self.spec.own.ends_with(record, self.spec.manifest))
        return (
            record.id, record.task, record.answer, "", blank, len(prompt), len(record.rationale), len(completion),
            closes, None if self.check is None else self._step_fault(record),
        )  # fmt: skip

    def _step_fault(self, record: Record) -> str | None:
        if self.check is None or not self._drawn(record.id):
            return None  # it is not looked at
        fault = self.check(record, **self.known)
        return "" if fault is None else f"{fault.reason}: {fault.detail}"

    def _drawn(self, row_id: str) -> bool:
        """Whether a row is in the sample: told by its id, so the same in every run."""
        return self.spec.share >= 1 or int(prints([row_id])[0]) < self.spec.share * 2**64

    def _count(self, record: Record) -> None:
        question, texts = self.question(record), self.texts
        if self.spec.texts:
            self.facts.texts.append((self.facts.rows - 1, record.prompt, record.completion))
        texts["ids"].append(record.id)
        texts["questions"].append(question)
        texts["normal"].append(normal := self.spec.own.normal(question))
        if near.compares(self.spec.builder):
            self.facts.asked.append((record.id, near.question(question, normal, record.answer)))
        if "distilled" in self.spec.kinds:
            said = " ".join(record.rationale.split()).casefold()
            texts["rationales"].append(said)
            texts["pairs"].append(f"{question}\n{said}")
        self.facts.answers[record.answer] += 1
        if record.provenance and record.provenance.get("verdicts"):
            self.facts.verdicts.update((said["judge"], said["verdict"]) for said in verdicts_of(record))

    def _schema_fault(self, row: Any) -> str:
        """What is wrong with the fields of a row. Their types alone decide, so each combination is looked at once."""
        if type(row) is not dict:
            return row.why if isinstance(row, Unreadable) else "the row is no object"
        meta = row.get("meta")
        inner = (tuple(meta), tuple(map(type, meta.values()))) if type(meta) is dict else ()
        types = (tuple(row), tuple(map(type, row.values())), inner)
        if types not in self.schemas:
            self.schemas[types] = schema_fault(row, self.spec.meta(), self.spec.may_lack())
        return self.schemas[types]

    def done(self) -> Facts:
        columns = zip(*self.lines, strict=True) if self.lines else ((),) * len(self.names)
        self.facts.columns = dict(zip(self.names, map(list, columns), strict=True))
        whole = np.array(self.whole, dtype=bool)
        for name, texts in self.texts.items():
            made = np.zeros(self.facts.rows, dtype=np.uint64)
            if texts:
                made[whole] = np.maximum(prints(texts), 1)
                if name == "rationales":  # no rationale is not the same one again
                    made[whole] *= np.array([bool(text) for text in texts], dtype=np.uint64)
            self.facts.prints[name] = made
        return self.facts


def verdicts_of(record: Record) -> list[Mapping[str, Any]]:
    """What judges said of a row; only what is written as a verdict is one."""
    said = (record.provenance or {}).get("verdicts")
    given = [verdict for verdict in said if isinstance(verdict, dict)] if isinstance(said, list) else []
    return [verdict for verdict in given if _is_verdict(verdict)]


def _is_verdict(given: Mapping[str, Any]) -> bool:
    return isinstance(given.get("judge"), str) and "verdict" in given and isinstance(given["verdict"], str | None)


def schema_fault(row: Mapping[str, Any], meta: Mapping[str, type] | None, may_lack: Collection[str] = ()) -> str:
    """What is wrong with the fields of a row and their types; "" if nothing is."""
    wrong = [f"no {name}" for name in FIELDS if name not in row] + [f"unknown {n}" for n in row if n not in FIELDS]
    wrong += [f"{name} is {_said(row[name])}, not text" for name in TEXTS if name in row and type(row[name]) is not str]
    if not isinstance(row.get("provenance"), dict | None):
        wrong.append(f"provenance is {_said(row['provenance'])}, not an object or null")
    columns = row.get("meta")
    if not isinstance(columns, dict):
        return "; ".join([*wrong, f"meta is {_said(columns)}, not an object"] if "meta" in row else wrong)
    due = {name: type(value) for name, value in columns.items()} if meta is None else meta
    wrong += [f"meta has no {name}" for name in due if name not in columns and name not in may_lack]
    wrong += [f"meta has an unknown {name}" for name in columns if name not in due]
    wrong += [
        f"meta.{name} is {_said(value)}, not {SAID.get(due[name], 'plain')}"
        for name, value in columns.items()
        if name in due and not _fits(value, due[name])
    ]
    return "; ".join(wrong)


def _fits(value: Any, due: type) -> bool:
    if type(value) is list:  # the options of a question
        return due is list and all(type(text) is str for text in value)
    return value is None or (type(value) in SCALARS and (type(value) is due or (due is float and type(value) is int)))


def _said(value: Any) -> str:
    return SAID.get(type(value), "a list" if isinstance(value, list) else "an object")


def _value(record: Record, column: str) -> Any:
    """What a further column holds: a field of the record, or of its meta or provenance."""
    where, _, name = column.partition(".")
    held = getattr(record, where)
    return held if not name else (held or {}).get(name)
