"""Training data with reasoning in it: build it, distil it, check it, release it, train on it.

    import synth

    sums = synth.build("arithmetic", digits="1-3", train=1000, out="data/sums")
    synth.validate(sums)
    run = synth.train("llama", data=sums, from_scratch="tiny", out="runs/sums")
    synth.evaluate(model=run, data=sums)

Each verb is a function with the keywords of its command; each name below is imported when it is first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from synth.cards.dataset import card as card
    from synth.data.handles import Dataset as Dataset
    from synth.data.handles import Evaluation as Evaluation
    from synth.data.handles import Run as Run
    from synth.data.handles import load as load
    from synth.data.verdict import Verdict as Verdict
    from synth.distilling.distill import distill as distill
    from synth.errors import SynthError as SynthError
    from synth.evaluating.evaluate import evaluate as evaluate
    from synth.exporting.export import export as export
    from synth.importing.build import build as build
    from synth.importing.import_data import import_data as import_data
    from synth.judging.judge import judge as judge
    from synth.measuring.difficulty import difficulty as difficulty
    from synth.merging.merge import merge as merge
    from synth.probing.probe import probe as probe
    from synth.questions.task import Question as Question
    from synth.questions.task import Task as Task
    from synth.record import Record as Record
    from synth.releasing.pull import pull as pull
    from synth.releasing.push import push as push
    from synth.reporting.report import report as report
    from synth.studying.study import study as study
    from synth.training.train import train as train
    from synth.validating.validate import validate as validate
    from synth.viewing.view import view as view

HOMES = {
    "build": "importing.build", "card": "cards.dataset", "Dataset": "data.handles", "Evaluation": "data.handles",
    "Run": "data.handles", "load": "data.handles", "distill": "distilling.distill", "SynthError": "errors",
    "evaluate": "evaluating.evaluate", "export": "exporting.export",
    "import_data": "importing.import_data", "judge": "judging.judge", "difficulty": "measuring.difficulty",
    "merge": "merging.merge",
    "Verdict": "data.verdict", "Question": "questions.task", "Task": "questions.task", "Record": "record",
    "probe": "probing.probe", "pull": "releasing.pull", "push": "releasing.push", "report": "reporting.report",
    "study": "studying.study", "train": "training.train", "validate": "validating.validate",
    "view": "viewing.view",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module 'synth' has no attribute {name!r}: there are {', '.join(sorted(HOMES))}")
    return getattr(importlib.import_module(f"synth.{HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*HOMES, *(name for name in globals() if name.startswith("__"))])
