"""What a model is asked about a row, and how its outputs come back to the row's own form.

A model that `synth train` made reads the prompt of the row as it stands, with the run's line break. Any other one has
to be told how to close, as a teacher is, and whether to reason first: RAFT's prompting setting (Zhu et al. 2025,
appendix J) asks one model in both ways.

    rationale   ... Answer: Let's think step by step.
    direct      ... Give the answer at once, without any steps.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from synth.evaluating.reading import BUILT, options_of
from synth.questions.find import known_task
from synth.questions.prompts import LENGTHS, messages
from synth.questions.task import Question, Task
from synth.record import Record
from synth.training.encoding import broken

Prompting = Literal["rationale", "direct"]
AT_ONCE = "Give the answer at once, without any steps."
CLOSE = 'Close with a line "The answer is x", where x is {what}.'
# Of the datasets built by program: what is asked, and what an answer is.
BUILT_TASKS = {
    "listops": (
        "Work out the expression. MIN, MAX and MED are the smallest, the largest and the middle number of those behind "
        "them (of two middle ones the mean, without its fraction), SUM is their sum modulo {modulus}.",
        "a number",
    ),
    "arithmetic": (
        "Work out what stands below. The digits of a number have spaces between them.",
        "the number without spaces",
    ),
    "2wiki": ("Answer the question from the facts below.", "the answer in a few words"),
}
_CUE = re.compile(r"\s*(?:Are follow up questions needed here:|Answer:|Target:)\s*\Z")


@dataclass(frozen=True)
class Asking:
    """How the rows of one evaluation are asked."""

    prompting: Prompting = "rationale"
    trained: bool = False  # by `synth train`: prompts as they stand
    line_break: str | None = None  # stands for a line break in what the model was trained on
    modulus: int = 10  # of ListOps' SUM

    def messages(self, record: Record) -> list[dict[str, str]]:
        """The question about a row as a chat."""
        if self.trained:
            text = record.prompt if self.prompting == "rationale" else f"{AT_ONCE}\n{record.prompt}"
            text = broken(text, self.line_break)
            return [{"role": "user", "content": text}]
        if (task := known_task(record.task)) is not None:
            return self._of_task(task, record)
        return [{"role": "user", "content": self._instructed(record)}]

    def text(self, record: Record) -> str:
        """The same for a model that knows no chats."""
        return "\n\n".join(message["content"] for message in self.messages(record))

    def restored(self, record: Record, output: str) -> str:
        """An output with the line breaks of the row, where the model writes something else for them."""
        if self.line_break in (None, "\n") or "\n" not in record.prompt + record.completion:
            return output
        mark = str(self.line_break).strip()
        return re.sub(rf"[ \t]*{re.escape(mark)}[ \t]*" if mark else re.escape(str(self.line_break)), "\n", output)

    def _of_task(self, task: Task, record: Record) -> list[dict[str, str]]:
        text = record.prompt.removesuffix("Answer:").removeprefix(f"{task.label}:")
        question = Question(record.id, text.partition("\nOptions: ")[0].strip(), options_of(record))
        asked = messages(task, question)
        if self.prompting == "direct":
            asked[-1]["content"] = asked[-1]["content"].removesuffix(LENGTHS["steps"]).rstrip() + f" {AT_ONCE}"
        return asked

    def _instructed(self, record: Record) -> str:
        what, answer = BUILT_TASKS.get(record.task, ("", "the answer"))
        head = f"{what.format(modulus=self.modulus)} {CLOSE.format(what=answer)}".strip()
        question = _CUE.sub("", record.prompt) if record.task in BUILT else record.prompt
        return f"{head}\n\n{question}\n\n{AT_ONCE if self.prompting == 'direct' else LENGTHS['steps']}"


def asking_for(run: Mapping[str, Any] | None, prompting: Prompting, config: Mapping[str, Any]) -> Asking:
    """How to ask a model: `run` is the synth-run.json of one that was trained by us, `config` that of the dataset."""
    asking = Asking(prompting, modulus=int(config.get("modulus") or 10))
    if run is None:
        return asking
    return replace(asking, trained=True, line_break=run.get("line_break") or None)
