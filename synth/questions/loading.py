"""Loads the questions of a task from a file, a folder or the Hub, checked and with unique ids."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from synth.base.files import file_facts
from synth.errors import SourceError
from synth.questions.cells import LETTERS, text_of
from synth.questions.entry import Entry
from synth.questions.files import find_files, rows
from synth.questions.layouts import Layout, Reader
from synth.questions.objects import named_lists
from synth.questions.opening import ZIP, File
from synth.questions.prompts import ANSWERS, options_line
from synth.questions.saved import can_stream, is_saved, saved_part, saved_rows, streamed
from synth.questions.task import Hub, Question, Task


def load(
    task: Task,
    source: str,
    split: str | None = None,
    config: str | None = None,
    first: bool = False,
    see: Callable[[Entry], object] = lambda entry: None,
) -> Iterator[Question]:
    """The questions of a file, of a split in a folder or a zip file, or on the Hub (`hub`, `org/name`).

    Without a split it is the training split; a single file is read whole. config: a dataset's configuration on the Hub
    (also `org/name/config`), or a folder of that name in the source. first: only the first ones will be taken, so that
    nothing on the Hub has to be fetched whole. see: is told the row of each question. Ids that repeat get a number
    added. Raises SourceError, with the place of the row, for what cannot be read or is no question of this task, and
    for a split or a configuration of a source that has none.
    """
    refuse_idle(task, source, [split] if split is not None else [], config)
    found = False
    for question, entry in load_rows(task, source, split, config, first):
        if question is not None:
            found = True
            see(entry)
            yield question
    if not found:
        raise SourceError(f"{source} holds no question of {task.name}")


def load_rows(
    task: Task, source: str, split: str | None = None, config: str | None = None, first: bool = False
) -> Iterator[tuple[Question | None, Entry]]:
    """The same with the row that each question stands in; None for a row that the task leaves out."""
    if task.makes is not None:
        for made in task.makes(source):
            yield made, Entry({}, made.id, f"{source} of {task.name}")
        return
    repeated: Counter[str] = Counter()
    seen: set[int] = set()
    for entry in _entries(task, source, split, config, first):
        question = _read(task, entry)
        yield (None if question is None else replace(question, id=_unique(question.id, repeated, seen))), entry


def source_facts(task: Task, source: str, split: str | None = None, config: str | None = None) -> dict[str, Any]:
    """What tells one source from another: its name, its files with size and hash, or where it is on the Hub."""
    if task.made_from is not None:
        return {"name": source, **task.made_from(source)}
    part = {name: said for name, said in (("split", split), ("config", config)) if said is not None}
    if (hub := find_hub(task, source)) is not None:
        return {"name": source, "hub": hub.id, **part}
    path = Path(source)
    if not path.is_dir():
        return {"name": path.name, **(file_facts(path) if path.is_file() else {}), **part}
    files = source_files(task, path, split, config)
    return {"name": path.name, "files": {name: file_facts(file) for name, file in files.items()}, **part}


def splits_facts(task: Task, source: str, splits: Sequence[str], config: str | None = None) -> dict[str, Any]:
    """The same of several splits: the files of all of them together."""
    parts = [source_facts(task, source, split, config) for split in splits or (None,)]
    if len(parts) == 1:
        return parts[0]
    files = {name: facts for part in parts for name, facts in part.get("files", {}).items()}
    return {**{key: value for key, value in parts[0].items() if key != "split"}, **({"files": files} if files else {})}


def has_parts(task: Task, source: str) -> tuple[bool, bool]:
    """Whether there are splits, and configurations, to choose from in a source."""
    path = Path(source)
    if task.makes is not None:
        return False, False
    if path.is_dir() and is_saved(path):
        return is_saved(path, several=True), False
    if path.is_file() and path.suffix.lower() != ZIP:
        return bool(named_lists(File(path), _layouts(task))), False
    return True, True


def refuse_idle(task: Task, source: str, splits: Sequence[str], config: str | None) -> None:
    """Raises SourceError for a split or a configuration that would choose nothing."""
    if not splits and config is None:
        return
    has_splits, has_configs = has_parts(task, source)
    what = (
        f"{source} is one {'dataset' if Path(source).is_dir() else 'file'}"
        if task.makes is None
        else f"{task.name} is a task"
    )
    if splits and not has_splits:
        raise SourceError(f"{what} without splits to choose from: leave out --split {' --split '.join(splits)}")
    if config is not None and not has_configs:
        raise SourceError(f"{what} without configurations to choose from: leave out --config {config}")


def _entries(task: Task, source: str, split: str | None, config: str | None, first: bool) -> Iterator[Entry]:
    path = Path(source)
    if path.is_dir() and is_saved(path):
        yield from saved_rows(path, split)
    elif path.exists():
        yield from rows(path, split, _layouts(task), config)
    elif (hub := find_hub(task, source)) is not None:
        hub = replace(hub, config=config) if config else hub
        yield from _hub_entries(hub, split, _layouts(task), first)
    else:
        raise SourceError(f"{source} is not there: give a file, a folder, hub, or org/name on the Hub")


def _hub_entries(hub: Hub, split: str | None, layouts: Sequence[Layout], first: bool) -> Iterator[Entry]:
    """Rows as they arrive if only the first are wanted or the Hub has no copy in Parquet, else out of that copy."""
    from synth.questions.hub import NoCopyError, download

    if first and can_stream():
        yield from streamed(hub, split)
        return
    try:
        paths, revision = download(hub, split)
    except NoCopyError:
        if not can_stream():
            raise
        yield from streamed(hub, split)
        return
    for path in paths:
        for entry in rows(path, split, layouts):
            yield entry._replace(revision=revision)


def source_files(task: Task, folder: Path, split: str | None, config: str | None) -> dict[str, Path]:
    """The files of a folder that are read, by their names in it. Raises SourceError as `load` does."""
    if is_saved(folder):
        part = saved_part(folder, split)
        return {path.relative_to(folder).as_posix(): path for path in sorted(part.iterdir()) if path.is_file()}
    files = find_files(folder, split, _layouts(task), config)
    return {file.path.relative_to(folder).as_posix(): file.path for file in files}


def _layouts(task: Task) -> Sequence[Layout]:
    return task.read.layouts if isinstance(task.read, Reader) else ()


def find_hub(task: Task, source: str) -> Hub | None:
    """Where a source is on the Hub; None for one that is here, or nowhere.

    Raises SourceError for `hub` if the task names no place there.
    """
    from synth.questions.hub import NAME, place

    path = Path(source)
    named = source == "hub" or (NAME.fullmatch(source) and not path.parent.exists())
    return place(source, task.hub) if named and not path.exists() else None


def _read(task: Task, entry: Entry) -> Question | None:
    row, number, where = entry[:3]
    try:
        question = task.read(row, number)
    except SourceError as error:
        raise SourceError(f"{where} {error}") from error
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise SourceError(f"{where} is not a row that {task.name} reads: {type(error).__name__} {error}") from error
    return None if question is None else checked(task, question, where)


def checked(task: Task, question: Question, where: str) -> Question:
    """The question with the task's options and its right answer in canonical form.

    A right answer that is null or empty is none. Raises SourceError for one that cannot be one, for a question that is
    no text, and for a choice without options.
    """
    from synth.answers.reply import canonical

    if not isinstance(question.text, str) or not question.text.strip():
        raise SourceError(f"{where}: question {question.id} is {str(question.text)[:40]!r}, not a text")
    options = question.options or task.options
    if task.kind == "option" and not options:
        raise SourceError(
            f"{where}: question {question.id} has no options, as in (A) ... (B) ... or a column `options`"
        )
    gold = text_of(question.gold, "answer") or None
    if gold is not None and not (task.kind == "option" and gold in LETTERS[: len(options)]):
        gold = canonical(gold, task.kind, options)
        if gold is None:
            allowed = options_line(options) if options else ANSWERS[task.kind]
            if task.kind == "option" and question.gold is not None and question.gold.isdecimal():
                allowed += "; if it counts the options, say from where: counts_from = 0 or 1 in [columns]"
            raise SourceError(
                f"{where}: the right answer of question {question.id} is {question.gold!r}, not {allowed}"
            )
    return replace(question, options=tuple(options), gold=gold)


def _unique(name: str, repeated: Counter[str], seen: set[int]) -> str:
    """The name, or `name-2`, `name-3`, ... if it was taken. Of names that were taken 64 bits are kept."""
    unique = name
    while (mark := int.from_bytes(hashlib.blake2b(unique.encode(), digest_size=8).digest(), "little")) in seen:
        repeated[name] += 1
        unique = f"{name}-{repeated[name] + 1}"
    seen.add(mark)
    return unique
