r"""A user's own task, from a TOML or a Python file.

    name = "riddles"
    instruction = "Solve the riddle below."
    kind = "option"                        # number, option, yes_no, date, math or text
    options = ["candle", "river"]          # if all questions have the same ones
    closing = "The answer is {answer}."    # these two lines are the defaults; nothing but {answer} is replaced
    label = "Question"

    [columns]                              # by default question, label, and id, options if the rows have them
    question = "riddle"                    # a column by its name, or a template: "{title}: {riddle}"; of an object
                                           # in it a dot takes a part: "riddle.text"
    answer = "solution"
    # options = "choices"                  # or one column for each: ["opa", "opb", "opc", "opd"]
    # counts_from = 0                      # answers count the options, from 0 or from 1
    # shuffle = true                       # one of the option columns is the answer's: draw the order of the options
    # boxed = true                         # the answer is in the last \boxed of its column
    # after = "####"                       # or behind a mark
    # rationale = "why"                    # for synth import; also said (its answer), thinking, model

    [labels]                               # labels of the source -> answers, if it has codes
    0 = "A"

    [annotators]                           # instructions of others for --annotator B and C; yours is A's
    B = "I give you a riddle, and you have to solve it."

    [hub]
    id = "me/riddles"

    [example]
    question = "What gets shorter as it works?"
    answer = "A"

A Python file holds the same as `TASK = Task(...)`, with a `read` of its own.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from synth.answers.kinds import Kind
from synth.base.own import run_file
from synth.base.toml import read_toml
from synth.errors import UsageError
from synth.questions.closed import closing_fault
from synth.questions.layouts import Layout, Reader
from synth.questions.taken import after, boxed
from synth.questions.task import Hub, Question, Task
from synth.questions.written import Form, Part
from synth.registry import said

KINDS = get_args(Kind)
TEXTS = ("name", "instruction", "kind", "closing", "label", "summary", "family", "licence", "source", "system")
WRITTEN = ("rationale", "said", "thinking", "model")  # of rationales that exist, for `synth import`
TABLES = {
    "columns": ("question", "answer", "options", "id", "counts_from", "shuffle", "boxed", "after", *WRITTEN),
    "labels": None,
    "annotators": ("B", "C"),
    "hub": ("id", "config", "splits"),
    "example": ("question", "answer", "options"),
}


def read_task(path: Path) -> Task:
    """The task of a file.

    Raises UsageError, which names everything that is wrong with the file.
    """
    try:
        task = said(run_file(path), Task, str(path)) if path.suffix == ".py" else _from_toml(path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error
    if task.kind not in KINDS:
        raise UsageError(f"{path}: kind is {task.kind!r}: it can be {', '.join(KINDS)}")
    if fault := closing_fault(task):
        raise UsageError(f"{path}: {fault}")
    return task


def _from_toml(path: Path) -> Task:
    content = read_toml(path, "a task")
    if wrong := _mistakes(content):
        raise UsageError(f"{path}: {'; '.join(wrong)}")
    texts = {name: content[name] for name in TEXTS if name in content}
    example = content.get("example")
    options = tuple(content.get("options", ()))
    return Task(
        **{"family": "own", "summary": texts["instruction"], **texts},
        read=Reader(_layout(content, options)),
        options=options,
        annotators=content.get("annotators", {}),
        rationales=_rationales(content.get("columns", {})),
        hub=Hub(**content["hub"]) if "hub" in content else None,
        example=Question("example", example["question"], tuple(example.get("options", ())), example.get("answer"))
        if example
        else None,
    )


def _rationales(columns: Mapping[str, str]) -> tuple[Form, ...]:
    """Where rationales stand, if the file says so."""
    if "rationale" not in columns:
        return ()
    said, thinking, model = (columns.get(name, "") for name in WRITTEN[1:])
    return (Form("own", (Part(columns["rationale"], said, thinking, model),), named=True),)


def _layout(content: Mapping[str, Any], options: tuple[str, ...]) -> Layout:
    columns = content.get("columns", {})
    question = columns.get("question", "question")
    named = columns.get("options", ())
    return Layout(
        "own",
        text=question,
        gold=columns.get("answer", "label"),
        labels={str(label).lower(): answer for label, answer in content["labels"].items()}
        if "labels" in content
        else None,
        parse=boxed if columns.get("boxed") else after(columns["after"]) if "after" in columns else None,
        options=(named,) if isinstance(named, str) else tuple(named),
        counts_from=columns.get("counts_from"),
        shuffle=columns.get("shuffle", False),
        inline=content["kind"] == "option" and not options,
        id=columns.get("id", "id"),
    )


def _mistakes(content: Mapping[str, Any]) -> list[str]:
    """Everything that is wrong with a file, so that it can be mended in one go."""
    wrong = [f"{name} is missing" for name in ("name", "instruction", "kind") if name not in content]
    wrong += [f"{name} has to be a text" for name in TEXTS if not isinstance(content.get(name, ""), str)]
    allowed = [*TEXTS, "options", *TABLES]
    wrong += [f"there is no {name}: there are {', '.join(allowed)}" for name in content if name not in allowed]
    if not _texts(content.get("options", [])):
        wrong.append("options has to be a list of texts")
    for table, names in TABLES.items():
        entries = content.get(table, {})
        if not isinstance(entries, Mapping):
            wrong.append(f"{table} has to be a table: [{table}]")
        elif names:
            wrong += [f"[{table}] has no {name}: it has {', '.join(names)}" for name in entries if name not in names]
    wrong += _column_mistakes(content.get("columns", {}))
    said = content.get("annotators", {})
    wrong += [
        f"[annotators] {name} has to be a text"
        for name, text in (said.items() if isinstance(said, Mapping) else ())
        if not isinstance(text, str)
    ]
    wrong += [
        f"[{table}] lacks {name}"
        for table, name in (("hub", "id"), ("example", "question"))
        if isinstance(content.get(table), Mapping) and name not in content[table]
    ]
    return wrong


def _column_mistakes(columns: Any) -> list[str]:
    """What is wrong with how answers are taken out of their column."""
    if not isinstance(columns, Mapping):
        return []
    wrong = [
        f"[columns] {name} has to be true or false"
        for name in ("shuffle", "boxed")
        if not isinstance(columns.get(name, False), bool)
    ]
    if columns.get("counts_from", 0) not in (0, 1):
        wrong.append("[columns] counts_from has to be 0 or 1, the number of the first option")
    named = columns.get("options", ())
    among = isinstance(named, list) and columns.get("answer") in named
    if columns.get("shuffle") and not among:
        wrong.append("[columns] shuffle is for options in columns of their own, one of which is that of the answer")
    if among and not columns.get("shuffle"):
        wrong.append("[columns] the right answer would always be the same option: add shuffle = true")
    return wrong


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)
