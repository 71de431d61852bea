"""What a model is asked about a row, and how its outputs come back to the row's own form.

A model that `synth train` made reads the prompt of the row as it stands, with the run's line break. Any other one has
to be told how to close, as a teacher is, and whether to reason first: RAFT's prompting setting (Zhu et al. 2025,
appendix J) asks one model in both ways.

    rationale   ... Answer: Let's think step by step.
    direct      ... Give the answer at once, without any steps.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from synth.questions.find import known_task
from synth.questions.prompts import LENGTHS, messages, question_of
from synth.questions.reading import task_of
from synth.questions.task import Task
from synth.record import Record
from synth.training.encoding import broken
from synth.validating.checker import reader_of

Prompting = Literal["rationale", "direct"]
AT_ONCE = "Give the answer at once, without any steps."
CLOSE = 'Close with a line "The answer is x", where x is {what}.'


@dataclass(frozen=True)
class Asking:
    """How the rows of one evaluation are asked."""

    prompting: Prompting = "rationale"
    trained: bool = False  # by `synth train`: prompts as they stand
    line_break: str | None = None  # stands for a line break in what the model was trained on
    config: Mapping[str, Any] = field(default_factory=dict)  # of a built dataset
    task: Task | None = None  # of a distilled one, as its teacher was asked
    length: str = "steps"  # how long a rationale its teacher was asked for

    def messages(self, record: Record) -> list[dict[str, str]]:
        """The question about a row as a chat."""
        if self.trained:
            text = record.prompt if self.prompting == "rationale" else f"{AT_ONCE}\n{record.prompt}"
            text = broken(text, self.line_break)
            return [{"role": "user", "content": text}]
        if (task := self._task(record)) is not None:
            return self._of_task(task, record)
        return [{"role": "user", "content": self._instructed(record)}]

    def text(self, record: Record) -> str:
        """The same for a model that knows no chats."""
        return "\n\n".join(message["content"] for message in self.messages(record))

    def restored(self, record: Record, output: str) -> str:
        """An output with the line breaks of the row, if the model writes something else for them."""
        if self.line_break in (None, "\n") or "\n" not in record.prompt + record.completion:
            return output
        mark = str(self.line_break).strip()
        return re.sub(rf"[ \t]*{re.escape(mark)}[ \t]*" if mark else re.escape(str(self.line_break)), "\n", output)

    def _of_task(self, task: Task, record: Record) -> list[dict[str, str]]:
        asked = messages(task, question_of(task, record), length=self.length)
        if self.prompting == "direct":
            asked[-1]["content"] = asked[-1]["content"].removesuffix(LENGTHS[self.length]).rstrip() + f" {AT_ONCE}"
        return asked

    def _task(self, record: Record) -> Task | None:
        return self.task if self.task is not None and self.task.name == record.task else known_task(record.task)

    def _instructed(self, record: Record) -> str:
        reader = reader_of(record.task, self.task)
        what = reader.instruction.format(**reader.settings(self.config))
        head = f"{what} {CLOSE.format(what=reader.answer_is)}".strip()
        shown = record.prompt.rstrip()
        cue = next((cue for cue in reader.cues if shown.endswith(cue)), "")
        question = shown.removesuffix(cue).rstrip() if cue else record.prompt
        return f"{head}\n\n{question}\n\n{AT_ONCE if self.prompting == 'direct' else LENGTHS['steps']}"


def asking_for(run: Mapping[str, Any] | None, prompting: Prompting, manifest: Mapping[str, Any]) -> Asking:
    """How to ask a model about a dataset: `run` is the synth-run.json of one that was trained by us."""
    length = str((manifest.get("plan") or {}).get("length"))
    asking = Asking(
        prompting, config=manifest.get("config") or {}, task=task_of(manifest),
        length=length if length in LENGTHS else "steps",
    )  # fmt: skip
    if run is None:
        return asking
    return replace(asking, trained=True, line_break=run.get("line_break") or None)
