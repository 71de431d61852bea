"""Folders of rows that a model wrote for itself, kept by a real loop from texts that stand here: no model is needed."""

from pathlib import Path
from typing import Any

import orjson

import synth
from synth.bootstrapping.attempts import Attempt, Reading, kept
from synth.bootstrapping.loop import Loop
from synth.bootstrapping.questions import Questions, gather
from synth.bootstrapping.star import settle
from synth.evaluating.prompts import Asking
from synth.models.generate import Output
from synth.record import Record
from synth.trainers.star import TRAINER
from synth.validating.checker import settings_of

COMMAND = "synth train star --data sums:1 --rationalize"
WORDS = "They have 3 + 4 = 7 of them."


def built_rows(folder: Path, **given: Any) -> Path:
    """Rows of sums: every third question right, every third with the hint by wrong steps, the others never."""
    data = folder / "sums"
    synth.build("arithmetic", digits="1", train=24, validation=0, test=0, test_beyond=0, out=data, quiet=True)
    return _kept(folder, {"data": [str(data)]}, _sums, **given)


def task_rows(folder: Path, task: str = "gsm8k", **given: Any) -> Path:
    """Rows of a task, alike."""
    source = folder / "questions.jsonl"
    options = {"options": ["yes it is", "no it is not"]} if task == "commonsenseqa" else {}
    rows = [
        {"id": f"q{n}", "question": f"Ann has {n} pens and buys 4. How many?", "label": "AB"[n % 2] if options else "7"}
        for n in range(12)
    ]
    source.write_bytes(b"".join(orjson.dumps({**row, **options}) + b"\n" for row in rows))
    return _kept(folder, {"source": str(source), "task": task}, _words, **given)


def _kept(folder: Path, where: dict[str, Any], write: Any, **given: Any) -> Path:
    model = folder / "model"
    model.mkdir()
    (model / "model.safetensors").write_bytes(b"weights")
    config = settle(TRAINER, TRAINER.config(**where, **{"model": str(model), "rationalize": True, **given}))
    questions = gather(config)
    reading = Reading(Asking(trained=True, task=questions.task), questions.task, config, settings_of(questions.like))
    begun = {"command": COMMAND, "model": "from-scratch tiny"}
    nothing: Any = None
    loop = Loop(folder, config, questions, nothing, nothing, reading, model, (), False, begun)
    place = folder / "iterations" / "002"
    loop._keep(2, place, model, questions.asked, attempts(reading, questions, write))
    return place / "data"


def attempts(reading: Reading, questions: Questions, write: Any) -> list[Attempt]:
    """Those without a hint, then those with one, as a loop has them."""
    plain = [reading.read(row, [_output(write(row, n, False))], False) for n, row in enumerate(questions.asked)]
    told = [reading.read(row, [_output(write(row, n, True))], True) for n, row in enumerate(questions.asked) if n % 3]
    return [one for each in (*plain, *told) for one in kept(each, 1)]


def _output(text: str) -> Output:
    return Output(text, len(text.split()), False)


def _sums(row: Record, n: int, hint: bool) -> str:
    if n % 3 == 0:
        return row.completion
    if hint and n % 3 == 1:
        return row.completion.replace("C: 0", "C: 1", 1)  # the wrong carry, and all the same the right answer
    return row.completion.replace(row.answer, "9 9 9")


def _words(row: Record, n: int, hint: bool) -> str:
    right = n % 3 == 0 or (hint and n % 3 == 1)
    other = "A" if row.answer == "B" else "B" if row.answer == "A" else "8"
    closing = row.completion.strip().replace(row.answer, row.answer if right else other)
    return f"{WORDS} This is way {n}{' again' if hint else ''}.\n{closing}"
