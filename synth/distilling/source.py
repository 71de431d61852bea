"""The questions of a distillation, split by split: which part of the source each is, and what is taken of it.

With one split of the source, or none named, the dataset has a split `train`. With several it has splits of those names;
then the ids of their questions begin with the name, as two splits may number their questions alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from synth.distilling.built import facts_in, questions_in
from synth.distilling.options import Distill
from synth.distilling.shard import cut
from synth.distilling.shares import share_lines
from synth.questions.choosing import Choice, Wanted, question_key
from synth.questions.entry import Entry
from synth.questions.loading import load, splits_facts
from synth.questions.overlap import overlap, overlap_lines
from synth.questions.task import Question, Task


@dataclass
class Source:
    """Where the questions come from. Read when it is first looked at. Raises SourceError."""

    asked: Distill
    task: Task
    folder: Path | None = None  # of a dataset of ours, whose rows are the questions
    revisions: set[str] = field(default_factory=set)  # commits on the Hub that were read

    @property
    def splits(self) -> dict[str, str | None]:
        """The splits of the dataset, and what each is called in the source."""
        named = self.asked.split
        return {name: name for name in named} if len(named) > 1 else {"train": next(iter(named), None)}

    @cached_property
    def whole(self) -> dict[str, Choice]:
        """What is chosen of each split, for all shards together."""
        asked = self.asked
        wanted = Wanted(asked.repeats, asked.limit, asked.sample, asked.seed)
        return {
            name: Choice(lambda part=part: self._load(part), self.task.kind, wanted)  # type: ignore[misc]
            for name, part in self.splits.items()
        }

    @cached_property
    def choices(self) -> dict[str, Choice]:
        """What is asked of each split."""
        return self.whole if (shard := self.asked.part) is None else cut(self.whole, shard)

    def __len__(self) -> int:
        return sum(map(len, self.choices.values()))

    @cached_property
    def in_several(self) -> dict[str, dict[str, int]]:
        """How many questions of a split stand in each of those before it too."""
        several = self.whole if len(self.splits) > 1 else {}
        return overlap({name: {question_key(question) for question in choice} for name, choice in several.items()})

    def lines(self) -> Iterator[str]:
        """What the user has to know of it."""
        several = len(self.splits) > 1
        sizes = {name: len(choice) for name, choice in self.whole.items()}
        for name, choice in self.whole.items():
            yield from choice.lines(f"{self.asked.source} {name}" if several else self.asked.source)
        yield from overlap_lines(self.in_several, sizes)
        yield from share_lines(self.asked, len(self), sum(sizes.values()))

    def facts(self) -> dict[str, Any]:
        """What tells one source from another: its name, its files with size and hash, or where it is on the Hub."""
        asked = self.asked
        if self.folder is not None:
            named = {"split": asked.split[0]} if len(asked.split) == 1 else {}
            facts = {**facts_in(self.folder, asked.split), **named}
        else:
            facts = splits_facts(self.task, asked.source, asked.split, asked.config)
        return {**facts, "split": list(asked.split)} if len(asked.split) > 1 else facts

    def read(self) -> dict[str, Any]:
        """What was read, for synth.json: counts, of several splits those of each, and commits on the Hub."""
        counts: dict[str, Any] = {name: choice.facts() for name, choice in self.whole.items()}
        for name, shared in self.in_several.items():
            counts[name]["in_other_splits"] = shared
        told = counts if len(counts) > 1 else next(iter(counts.values()))
        return {**told, **({"revision": ", ".join(sorted(self.revisions))} if self.revisions else {})}

    def _load(self, part: str | None) -> Iterator[Question]:
        if self.folder is not None:
            yield from questions_in(self.folder, part, self.task)  # their ids have the name of the split already
            return
        asked, prefix = self.asked, f"{part}/" if len(self.splits) > 1 else ""
        place = (self.task, asked.source, part, asked.config)
        for question in load(*place, first=asked.limit is not None, see=self._see):
            yield replace(question, id=f"{prefix}{question.id}") if prefix else question

    def _see(self, entry: Entry) -> None:
        if entry.revision:
            self.revisions.add(entry.revision)
