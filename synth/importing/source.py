"""Questions out of a source with what was written to them: each once, with the replies of all rows that ask it."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from synth.answers.reply import canonical, read_reply
from synth.base.files import file_facts
from synth.errors import SourceError
from synth.importing.forms import FORMS, NOTHING, OWN, form_of, own_columns, replies, with_chats
from synth.importing.options import Import
from synth.importing.settle import Met, Place
from synth.questions.cells import LETTERS, Row
from synth.questions.choosing import question_key
from synth.questions.entry import Entry
from synth.questions.layouts import Layout, Reader
from synth.questions.loading import load_rows
from synth.questions.task import Question, Task
from synth.questions.written import Form, Part

NAMES = "; name the columns with --question and --answer"


@dataclass
class Source:
    """One split of what is taken in. Read twice: first which rows ask the same, then what they say."""

    asked: Import
    task: Task
    split: str | None
    hashes: dict[Path, str] = field(default_factory=dict)
    rows: int = 0
    no_questions: int = 0  # rows that the task leaves out
    counts: Counter[bytes] = field(default_factory=Counter)  # question -> rows that ask it
    golds: int = 0
    revision: str = ""  # the commit on the Hub that was read

    def __post_init__(self) -> None:
        self.forms = forms_of(self.asked, self.task)
        self.reading = replace(self.task, read=Taking(self.asked, self.task, self.forms))

    def look(self) -> None:
        """Read all questions. Raises SourceError for a row that cannot be read, or if none has a right answer."""
        for question, entry in load_rows(self.reading, self.asked.source, self.split, self.asked.config):
            self.rows += 1
            if question is None:
                self.no_questions += 1
                continue
            self.counts[question_key(question)] += 1
            self.golds += question.gold is not None
            if self.task.makes is None:
                self._hash(entry.path)
            self.revision = entry.revision or self.revision
            if not self.asked.no_rationale:
                self._form(entry)
        if not self.counts:
            raise SourceError(f"{self.asked.source} has no question of {self.task.name} in its {self.rows:,} rows")
        if not self.golds and not self.asked.unchecked:
            other = "" if self.asked.no_rationale else ", or add --unchecked to keep what each rationale comes to"
            raise SourceError(
                f"{self.asked.source} has no right answer that can be read as {self.task.kind}: name their column with "
                f"--answer{other}"
            )

    def met(self) -> Iterator[Met]:
        """Every question with its replies, when the last row that asks it was read."""
        waiting: dict[bytes, list[tuple[Question, Entry]]] = {}
        given: Counter[bytes] = Counter()
        for question, entry in load_rows(self.reading, self.asked.source, self.split, self.asked.config):
            if question is None:
                continue
            key = question_key(question)
            given[key] += 1
            rows = waiting.setdefault(key, [])
            rows.append((question, entry))
            if given[key] == self.counts[key]:
                yield self._met(waiting.pop(key))

    def _met(self, rows: list[tuple[Question, Entry]]) -> Met:
        golds = [question.gold for question, _ in rows]
        first = replace(rows[0][0], gold=next((gold for gold in golds if gold is not None), None))
        if self.asked.no_rationale:
            return Met(first, tuple(golds), ())
        written = [(one, self._place(entry)) for _, entry in rows for one in self._written(entry)]
        if self.asked.model is not None:
            written = [(replace(one, model=self.asked.model), place) for one, place in written]
        return Met(first, tuple(gold for gold in golds if gold is not None), tuple(written))

    def _form(self, entry: Entry) -> Form:
        try:
            return form_of(with_chats(entry.row), self.forms)
        except SourceError as error:
            raise SourceError(f"{entry.where} {error}") from error

    def _written(self, entry: Entry) -> list[Any]:
        try:
            return list(replies(with_chats(entry.row), self._form(entry)))
        except SourceError as error:
            raise SourceError(str(error) if str(error).startswith(entry.where) else f"{entry.where} {error}") from error

    def _place(self, entry: Entry) -> Place:
        return Place(entry.path.name, self._hash(entry.path), entry.number)

    def _hash(self, path: Path) -> str:
        if path not in self.hashes:
            self.hashes[path] = str(file_facts(path)["sha256"])
        return self.hashes[path]

    @property
    def repeated(self) -> int:
        """Questions that more than one row asks."""
        return sum(count > 1 for count in self.counts.values())


def forms_of(asked: Import, task: Task) -> tuple[Form, ...]:
    """The shapes that are looked for: the one that the options name, or those that are known."""
    if asked.rationale is not None:
        part = Part(asked.rationale, answer=asked.said or "", thinking=asked.thinking or "")
        return (Form("options", (part,)),)
    forms = tuple(sorted((*FORMS, *task.rationales, OWN), key=lambda form: not form.named))
    if asked.thinking is None:
        return forms
    return tuple(replace(f, parts=tuple(replace(part, thinking=asked.thinking) for part in f.parts)) for f in forms)


class _Own(Reader):
    """Names no column that was added to find the questions of chats."""

    def shown(self, row: Row) -> list[str]:
        return own_columns(row)


class Taking(Reader):
    """Reads a row's question as the task does, by the columns that the options name, or by those of a known shape.

    A right answer that cannot be read is none: in what is asked of a teacher it is an error, here it costs one row.
    """

    def __init__(self, asked: Import, task: Task, forms: tuple[Form, ...]) -> None:
        self.task, self.plain = task, not isinstance(task.read, Reader) and not (asked.question or asked.answer)
        self.own = _Own(*_layouts(asked, task, forms))
        shapes = (Layout(form.name, form.columns[0], gold=form.columns[-1]) for form in forms)
        super().__init__(*self.own.layouts, *shapes)  # by which a file's rows are told from lists of rows

    def __call__(self, row: Row, number: str) -> Question | None:
        try:
            question = self.task.read(row, number) if self.plain else self.own(with_chats(row), number)
        except SourceError as error:
            raise SourceError(f"{error}{NAMES}" if str(error).startswith("lacks") else str(error)) from error
        return None if question is None else _with_readable_gold(question, self.task)


def _layouts(asked: Import, task: Task, forms: tuple[Form, ...]) -> tuple[Layout, ...]:
    """The layouts of the task, with the columns that the options name; then those of shapes with columns of their
    own."""
    layouts = task.read.layouts if isinstance(task.read, Reader) else ()
    choices = task.kind == "option" and not task.options
    known = tuple(Layout(form.name, form.question, gold=form.answer, inline=choices) for form in forms if form.question)
    if asked.question is not None:
        layouts = tuple(replace(layout, text=asked.question) for layout in layouts)
        layouts += (Layout("options", asked.question, gold="label", inline=choices, id="id"),)
        known = ()
    parse, answer = _solution(task), asked.answer or (NOTHING if asked.unchecked else "")
    if answer:
        layouts = tuple(replace(layout, gold=answer, parse=parse, keep=None) for layout in layouts)
        known = tuple(replace(layout, gold=answer) for layout in known)
    return (*layouts, *(replace(layout, parse=parse) for layout in known if layout.gold))


def _solution(task: Task) -> Callable[[Any], Any]:
    """Takes the right answer out of a column that may hold a whole solution: what it closes with."""

    def parse(value: Any) -> Any:
        if not isinstance(value, str) or canonical(value, task.kind, task.options) is not None:
            return value
        return read_reply(value, task.kind, task.options, closing=task.closing).answer or value

    return parse


def _with_readable_gold(question: Question, task: Task) -> Question:
    options, gold = question.options or task.options, question.gold
    lettered = task.kind == "option" and gold is not None and gold in LETTERS[: len(options)]
    if gold is None or lettered or canonical(gold, task.kind, options) is not None:
        return question
    return replace(question, gold=None)
