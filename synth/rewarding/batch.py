"""A batch of completions as rows: each beside the question, the gold answer and the reader of its data set.

`synth export --to grpo` writes the columns that are read here; data of other makers may have some of them:

    prompts   the prompt, a text or turns; of a chat the last turn of the user      (TRL gives it)
    question  the prompt as the row has it, if the model was asked in other words
    answer    the gold answer; None or "": nobody knows it, and only rewards apply that do not need it
    task      the name of the dataset or task, by which answers and steps are read
    kind      number, option, yes_no, date, text, math: of a task that the name does not tell
    closing   how a reply of that task ends: The answer is {answer}.
    reader    the dataset that reads answers, of one that synth built and a teacher explained
    options   texts of the options, for kind `option`
    settings  what the step checker has to know of the dataset, as JSON or an object
    steps     steps of the gold rationale, 0 if there is none
    meta      the columns of the row's meta, as JSON or an object
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, get_args

import orjson

from synth.answers.kinds import Found, Kind
from synth.errors import UsageError
from synth.models.generate import Output
from synth.questions.reading import no_source
from synth.questions.task import Task
from synth.record import Record
from synth.rewarding.reward import Completion
from synth.validating.checker import Checker, reader_of
from synth.validating.ends import ended

CLOSING = "The answer is {answer}."
KEPT = 8192  # completions that are remembered as they were read


@dataclass(frozen=True)
class Written:
    """One completion, and what its row says."""

    record: Record  # of the row: prompt, answer and meta; its completion is the output
    reader: Checker
    output: str  # up to where it goes on to a question of its own
    found: Found  # its answer and its rationale
    known: Mapping[str, Any]  # keywords of reader.check
    due: int  # steps of the gold rationale; 0 if that is not known

    @property
    def right(self) -> bool:
        """Whether the answer is the gold one."""
        return self.reader.right(self.record, self.found.answer)


def text_of(completion: Completion) -> str:
    """What a model wrote: the text, or the content of its last turn."""
    if isinstance(completion, str):
        return completion
    content: Any = completion[-1].get("content") if completion else ""
    if isinstance(content, list):  # parts, of a model that reads pictures too
        return "".join(part if isinstance(part, str) else str(part.get("text", "")) for part in content)
    return str(content or "")


def written(
    reward: str, completions: Sequence[Completion], columns: Mapping[str, Any], gold: bool = True
) -> list[Written | None]:
    """The completions with their rows; None for a row without a gold answer.

    reward: who asks, for messages. gold: false if the answer is not needed: then every completion has its row.
    Raises UsageError for a column that is missing or cannot be read.
    """
    if gold and columns.get("answer") is None:
        raise UsageError(f"reward {reward} needs the column answer: write the data with synth export --to grpo")
    rows = [
        _read({name: _entry(reward, columns, name, at, len(completions)) for name in NAMES}, text_of(completion))
        for at, completion in enumerate(completions)
    ]
    return [row if row.record.answer or not gold else None for row in rows]


NAMES = ("prompts", "question", "answer", "task", "kind", "closing", "reader", "options", "settings", "steps", "meta")


def _entry(reward: str, columns: Mapping[str, Any], name: str, at: int, length: int) -> Any:
    column = columns.get(name)
    if column is None:
        return None
    if isinstance(column, str) or len(column) != length:
        given = "a text" if isinstance(column, str) else f"{len(column)} entries"
        raise UsageError(
            f"reward {reward} got {given} as {name}: a list with one for each of {length} completions is due"
        )
    return column[at]


def _read(row: dict[str, Any], output: str) -> Written:
    """Several rewards ask for the same rows one after the other: what was read a moment ago is not read again."""
    if row["options"] is not None:  # a list, or an array out of Parquet
        row["options"] = tuple(str(option) for option in row["options"])
    plain = all(type(value) in (str, int, tuple, type(None)) for value in row.values())
    return _read_before(tuple(row.values()), output) if plain else _written(row, output)


@lru_cache(maxsize=KEPT)
def _read_before(row: tuple[Any, ...], output: str) -> Written:
    return _written(dict(zip(NAMES, row, strict=True)), output)


def _written(row: Mapping[str, Any], output: str) -> Written:
    answer = "" if row["answer"] is None else str(row["answer"])
    meta = _json("meta", row["meta"])
    if row["options"]:
        meta = {**meta, "options": list(row["options"])}
    prompt = row["question"] or _asked(row["prompts"])
    record = Record("", row["task"] or "", prompt, "", answer, output, meta)
    reader = reader_of(record.task, _task(record.task, row["kind"], row["closing"] or CLOSING, row["reader"] or ""))
    output = ended(Output(output, 0, False), record, reader).output.text
    found = reader.read_output(record, output)
    return Written(record, reader, output, found, _json("settings", row["settings"]), int(row["steps"] or 0))


def _asked(prompt: Completion | None) -> str:
    """A prompt as a text: of a chat what the user said last."""
    if prompt is None or isinstance(prompt, str):
        return prompt or ""
    return text_of([turn for turn in prompt if turn.get("role") == "user"][-1:])


@lru_cache(maxsize=256)
def _task(name: str, kind: Kind | None, closing: str, reader: str = "") -> Task | None:
    """The task that the columns describe; None if they leave it to the name."""
    if kind is None:
        return None
    if kind not in (kinds := get_args(Kind)):
        raise UsageError(f"the column kind says {kind!r}: it can be {', '.join(kinds)}")
    return Task(name, "own", "", "", kind, no_source, closing=closing, reader=reader)


def _json(name: str, text: Any) -> dict[str, Any]:
    if isinstance(text, dict):  # of a dataset folder that was loaded as it is
        return text
    try:
        found = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError as error:
        raise UsageError(f"the column {name} says {text!r:.60}, which is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise UsageError(f"the column {name} says {text!r:.60}: an object of JSON is due")
    return found
