"""What a checker is: everything that is known of the texts of one dataset, as one value.

A file (or folder) in validators/ bears the name of its dataset and ends with `CHECKER = Checker(...)`. Every verb reads
the outputs, the steps and the answers of that dataset through it. A small dataset says four things:

    CHECKER = Checker(kind="number", closing="The sum is {answer}", step_break="; ", check=check)

Everything else has a default that follows from these. A checker shares no code with the builder that it checks.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from random import Random
from typing import Any, Literal, NamedTuple

from synth import registry
from synth.answers.kinds import Found, Kind
from synth.answers.reply import canonical, majority, read_reply, same
from synth.answers.turns import split_thinking
from synth.questions.find import known_task
from synth.questions.prompts import options_of
from synth.questions.reading import task_of
from synth.questions.task import Task
from synth.record import Record
from synth.validating.faults import Fault, Mistake

Settings = Mapping[str, Any]  # keywords of `check`
Manifest = Mapping[str, Any]  # synth.json
Score = Literal["last_character", "answer_f1"]
_BLANKS = re.compile(r"<Think_\d+>\s?")  # stand for a rationale in models that were trained on blank ones
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=\S)")
_NO_WORDS = re.compile(r"[\W_]+")


class Part(NamedTuple):
    """A part of a prompt: facts, question, exemplars; characters from `start` to before `end`."""

    name: str
    start: int
    end: int


def no_settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a checker that has to know nothing but the row."""
    return {}


def no_expectations(manifest: Manifest) -> list[Any]:
    """The further expectations of a dataset that has none: only its steps have to hold."""
    return []


def normal(question: str) -> str:
    """A question as it is compared with others: lower case, words alone; unchanged if no words are in it."""
    return _NO_WORDS.sub(" ", question.casefold()).strip() or question


def record_of(record: Record, output: str, found: Found) -> Record:
    """The row as an output has it, for `check`: its rationale, its answer, and the output itself as the completion."""
    lead = record.completion[: len(record.completion) - len(record.completion.lstrip())]
    return replace(record, rationale=found.rationale, answer=found.answer or "", completion=lead + output.strip())


@dataclass(frozen=True)
class Checker:
    """How the texts of a dataset are read, compared, checked, spoiled on purpose, and asked for.

    Of the optional callables None stands for the default that the comment beside it describes.
    """

    # What an output says.
    kind: Kind = "text"
    closing: str = "The answer is {answer}."  # how a completion with a rationale ends; "\n{answer}": on its own line
    step_break: str | None = (
        None  # regular expression between two steps; None: lines, or the sentences of a single line
    )
    last_step: str = ""  # that ends every rationale and says nothing; one that is cut short needs it before it closes
    options: tuple[str, ...] = ()  # if all questions have the same; otherwise they are read from the prompt
    # An output in the dataset's own form, else None: then it is read as any reply. None: what stands behind `closing`.
    reads: Callable[[Record, str], Found | None] | None = None
    compares: Callable[[str], str] | None = None  # an answer as two are compared; None: its canonical form
    stores: Callable[[str], str] | None = None  # an answer that was found as rows have it; None: unchanged
    # (record, answer): whether a program that scores answers takes one for right; None: the gold one is compared.
    accepts: Callable[[Record, str], bool] | None = None

    # Whether a rationale holds.
    # (record, **settings): the first fault of a row, by its text alone; None: nothing is checked.
    check: Callable[..., Fault | None] | None = None
    settings: Callable[[Mapping[str, Any]], dict[str, Any]] = no_settings  # out of the config of a folder
    record_of: Callable[[Record, str, Found], Record] = record_of  # the row as an output has it
    # (record, draw, settings): rationales with one mistake in them, each with the answer it comes to; None: none known.
    mistakes: Callable[[Record, Random, Settings], Iterator[Mistake]] | None = None

    # The same, each with a step that is wrong and all that rests on it: a model that follows its rationale comes to
    # that answer. None: `mistakes`.
    corruptions: Callable[[Record, Random, Settings], Iterator[Mistake]] | None = None

    # What `synth validate` holds a folder to.
    steps_title: str = "every step holds when it is worked out again"
    expectations: Callable[[Manifest], list[Any]] = no_expectations  # further ones, of Great Expectations
    # Further columns of the frame that they are about: text, number, truth or None for each row.
    columns: Mapping[str, Callable[[Record, Manifest], Any]] = field(default_factory=dict)
    ending: Callable[[Record, Manifest], str] | None = None  # what a completion ends with; None: the closing form
    normal: Callable[[str], str] = normal  # a question as it is compared with others, for leaks

    # How a model is asked and measured.
    instruction: str = ""  # to a model that was not trained on the dataset; {NAME} is one of the settings
    answer_is: str = "the answer"  # what such a model has to close with, in words
    cues: tuple[str, ...] = ()  # ends of a prompt that such a model is not shown
    # (prompt): its parts, in their order, none within another; None: all of it is the question.
    parts: Callable[[str], Sequence[Part]] | None = None
    scores: tuple[Score, ...] = ()  # metrics that are usual for this dataset and mean nothing for others

    def read_output(self, record: Record, output: str, cut_off: bool = False) -> Found:
        """The answer that an output commits to, and its rationale. Never raises, whatever the output is.

        cut_off: the length limit ended the output, so it has no answer, whatever it says last.
        """
        text = _BLANKS.sub("", output).strip()
        found = self.reads(record, text) if self.reads else self._behind_closing(text)
        if found is None:
            finish = "length" if cut_off else None
            options = self.options_of(record)
            said = read_reply(text, self.kind, options, closing=self.closing, finish_reason=finish)
            found = Found(said.answer, said.rationale)
        return replace(found, answer=None) if cut_off else found

    def _behind_closing(self, text: str) -> Found | None:
        """What a single line behind the last closing form says; texts in the words of the output."""
        head, _, tail = self.closing.partition("{answer}")
        before, mark, said = text.rpartition(head.strip() or "\n")
        said = said.strip().removesuffix(tail.strip()).strip()
        answer = canonical(said, self.kind, self.options) if mark and "\n" not in said else None
        if answer is None:
            return None
        if self.step_break:
            before = re.sub(rf"(?:{self.step_break})\Z", "", before)
        return Found(said if self.kind == "text" else answer, before.rstrip())

    def options_of(self, record: Record) -> tuple[str, ...]:
        """The texts of the options of a question."""
        return options_of(record, self.options)

    def steps(self, rationale: str) -> list[str]:
        """The steps of a rationale."""
        text = rationale.strip()
        if self.step_break:
            steps = re.split(self.step_break, text)
        else:
            steps = text.split("\n") if "\n" in text else _SENTENCE.split(text)
        return [step.strip() for step in steps if step.strip()]

    def parts_of(self, prompt: str) -> Sequence[Part]:
        """The parts of a prompt: what its attention is shared out among."""
        return self.parts(prompt) if self.parts else [Part("question", 0, len(prompt))]

    def key(self, answer: str, options: Sequence[str] = ()) -> str:
        """An answer, stored or found, in the form in which two are compared."""
        return self.compares(answer) if self.compares else canonical(answer, self.kind, options) or answer

    def agree(self, answer: str | None, gold: str, options: Sequence[str] = ()) -> bool:
        """Whether an answer that was found is the stored one."""
        return answer is not None and same(self.key(answer, options), self.key(gold, options), self.kind)

    def right(self, record: Record, answer: str | None) -> bool:
        """Whether an answer that was found is right for a row."""
        if self.accepts is not None:
            return answer is not None and self.accepts(record, answer)
        return self.agree(answer, record.answer, self.options_of(record))

    def majority(self, answers: Sequence[str | None], options: Sequence[str] = ()) -> tuple[str | None, float]:
        """The commonest of several answers, in the words of the first that gave it, and its share of all."""
        keys = [None if answer is None else self.key(answer, options) for answer in answers]
        best, share = majority(keys, self.kind)
        return next((answer for answer, key in zip(answers, keys, strict=True) if key == best), None), share

    def as_stored(self, answer: str | None) -> str | None:
        """An answer that was found in the form of the dataset's stored ones."""
        return self.stores(answer) if self.stores and answer is not None else answer

    def without_cue(self, prompt: str) -> str:
        """A prompt without the end that a model which was not trained on the dataset is not shown."""
        shown = prompt.rstrip()
        cue = next((cue for cue in self.cues if shown.endswith(cue)), "")
        return shown.removesuffix(cue).rstrip() if cue else prompt

    def ends_with(self, record: Record, manifest: Manifest) -> str:
        """What the completion of a row has to end with."""
        if self.ending is not None:
            return self.ending(record, manifest)
        return self.closing.replace("{answer}", record.answer) if record.rationale else record.answer


@lru_cache(maxsize=256)  # asked for every row; looking through folders and packages takes longer than a row
def find(name: str) -> Checker | None:
    """The checker of a dataset; None if there is none, as for a task whose rows a teacher writes.

    Raises UsageError for a file without CHECKER.
    """
    return registry.contract("validators", name, Checker) if registry.has("validators", name) else None


def settings_of(manifest: Manifest) -> dict[str, Any]:
    """What readers and judges have to know of a folder beside its rows: of a built one what its checker takes out of
    the config, of a distilled one its `task`."""
    if "distilled" in manifest:
        task = task_of(manifest)
        return {} if task is None else {"task": task}
    checker = find(str(manifest["builder"])) if "builder" in manifest else None
    return {} if checker is None else checker.settings(manifest["config"])


def reader_of(name: str, task: Task | None = None) -> Checker:
    """The checker that reads the texts of a row's task, whoever wrote them: the model or the teacher.

    built by program         the checker of the dataset, in validators/
    distilled, with `task`   by the task of the folder: its kind of answer, its closing form, its options
    built and explained      answers by the checker of the dataset, rationales as those of any teacher
    gsm8k, creak, ...        by the task of that name, for a folder that says no more
    FAMILY:NAME              the checker of the family, if it has one
    anything else            as a reply whose answer is text
    """
    if ":" in name and (family := find(name.partition(":")[0])) is not None:
        return family
    if task is not None and task.name == name and task.reader:
        return _explained(task.reader, task.kind, task.closing, task.options)
    if task is None or task.name != name:
        if (own := find(name)) is not None:
            return own
        task = _known(name)
    return UNKNOWN if task is None else _of_task(task.kind, task.closing, task.options)


_known = lru_cache(maxsize=256)(known_task)


@lru_cache(maxsize=256)
def _of_task(kind: Kind, closing: str, options: tuple[str, ...]) -> Checker:
    return Checker(kind=kind, closing=closing, options=options, reads=as_reply)


@lru_cache(maxsize=256)
def _explained(name: str, kind: Kind, closing: str, options: tuple[str, ...]) -> Checker:
    """The checker of a built dataset for rows of it that a teacher explained, in words of its own."""
    own, free = find(name), _of_task(kind, closing, options)
    if own is None:
        return free

    # Steps in the dataset's own form may stand before the closing form that the teacher was asked for.
    closed = replace(own, reads=None, kind=kind, closing=closing, step_break=None)

    def reads(record: Record, text: str) -> Found:
        visible, said = split_thinking(text)[0], free.read_output(record, text)
        found = own.read_output(record, visible)
        if found.answer is None:
            found = closed.read_output(record, visible)
        return found if said.answer is None else replace(found, rationale=said.rationale)

    return replace(
        free, reads=reads, compares=own.compares, stores=own.stores, accepts=own.accepts, normal=own.normal,
        instruction=own.instruction, answer_is=own.answer_is, scores=own.scores, parts=own.parts,
    )  # fmt: skip


def as_reply(record: Record, text: str) -> Found | None:
    """None: rows that a teacher wrote have no form of their own and are read as replies are."""
    return None


UNKNOWN = Checker(reads=as_reply)  # of a task that nobody knows
