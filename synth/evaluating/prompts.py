"""What a model is asked about a row, and how its outputs come back to the row's own form.

A model that `synth train` made reads the prompt of the row as it stands, with the run's line break. Any other one has
to be told how to close, as a teacher is, and whether to reason first: RAFT's prompting setting (Zhu et al. 2025,
appendix J) asks one model in both ways.

    rationale   ... Answer: Let's think step by step.
    direct      ... Give the answer at once, without any steps.

Behind demonstrations (synth/shots/) it is asked to go on as they do: of a built dataset in the dataset's own form. A
model that knows no chats, and one that is asked with --plain, gets rows as they stand, a blank line between two.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from synth.models.codes import Codes
from synth.questions.find import known_task
from synth.questions.prompts import LENGTHS, asked, question_of, system, told
from synth.questions.reading import task_of
from synth.questions.task import Task
from synth.record import Record
from synth.shots.draw import Shots
from synth.shots.forms import Turn, chat, plain, turn
from synth.training import targets
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
    shots: Shots | None = None  # demonstrations before each question
    codes: Codes | None = None  # control tokens, of a model that learned with them

    def messages(self, record: Record) -> list[dict[str, str]]:
        """The question about a row as a chat, behind its demonstrations."""
        shots = self.of(record)
        how = "turns" if self.shots is None else self.shots.how
        if self.trained and how == "text" and shots:
            return [{"role": "user", "content": self.text(record)}]
        if self.trained:
            said = [Turn("", self._broken(shot.prompt), self._broken(shot.completion).strip()) for shot in shots]
            return chat(said, Turn("", self._broken(self._at_once(record.prompt))), how)
        if (task := self._task(record)) is not None:
            last = Turn(told(task), asked(task, question_of(task, record), self.cue))
            return [*system(task), *chat([self._turn(shot) for shot in shots], last, how)]
        last = self._as_shown(record) if self._shows_form else self._instructed(record)
        return chat([self._turn(shot) for shot in shots], last, how)

    def text(self, record: Record) -> str:
        """The same for a model that knows no chats; behind demonstrations rows as they stand."""
        if self.shots is not None:
            return self._broken(plain(self.of(record), record.prompt))
        return "\n\n".join(message["content"] for message in self.messages(record))

    def of(self, record: Record) -> list[Record]:
        """The demonstrations of a row, with the answer alone if that is asked for."""
        shots = [] if self.shots is None else self.shots.of(record)
        if self.prompting == "rationale":
            return shots
        return [replace(shot, completion=targets.text(shot, "answer"), rationale="") for shot in shots]

    @property
    def cue(self) -> str:
        """How a model is told to begin, if it is told."""
        return AT_ONCE if self.prompting == "direct" else LENGTHS[self.length]

    @property
    def in_own_form(self) -> bool:
        """Whether outputs about a built dataset are in its own form: the model learned it, or is shown it."""
        return self.trained or self._shows_form

    @property
    def _shows_form(self) -> bool:
        return self.shots is not None and not self.shots.mixed

    def restored(self, record: Record, output: str) -> str:
        """An output with the line breaks of the row, if the model writes something else for them."""
        if self.line_break in (None, "\n") or "\n" not in record.prompt + record.completion:
            return output
        mark = str(self.line_break).strip()
        return re.sub(rf"[ \t]*{re.escape(mark)}[ \t]*" if mark else re.escape(str(self.line_break)), "\n", output)

    def _broken(self, text: str) -> str:
        return broken(text, self.line_break) if self.trained else text

    def _at_once(self, prompt: str) -> str:
        return prompt if self.prompting == "rationale" or self.shots is not None else f"{AT_ONCE}\n{prompt}"

    def _turn(self, shot: Record) -> Turn:
        return self._as_shown(shot) if self._task(shot) is None else turn(shot, self.cue, self._task(shot))

    def _task(self, record: Record) -> Task | None:
        return self.task if self.task is not None and self.task.name == record.task else known_task(record.task)

    def _instructed(self, record: Record) -> Turn:
        """A row of a built dataset for a model that does not know its form."""
        reader = reader_of(record.task, self.task)
        what = reader.instruction.format(**reader.settings(self.config))
        head = f"{what} {CLOSE.format(what=reader.answer_is)}".strip()
        last = AT_ONCE if self.prompting == "direct" else LENGTHS["steps"]
        return Turn(head, f"{reader.without_cue(record.prompt)}\n\n{last}")

    def _as_shown(self, record: Record) -> Turn:
        """The same for a model that is shown the form by demonstrations: the prompt as it stands."""
        reader = reader_of(record.task, self.task)
        what = reader.instruction.format(**reader.settings(self.config))
        head = f"{what} {AT_ONCE}".strip() if self.prompting == "direct" else what
        return Turn(head, record.prompt, record.completion.strip())


def asking_for(
    run: Mapping[str, Any] | None,
    prompting: Prompting,
    manifest: Mapping[str, Any],
    shots: Shots | None = None,
    codes: Codes | None = None,
) -> Asking:
    """How to ask a model about a dataset: `run` is the synth-run.json of one that was trained by us."""
    length = str((manifest.get("plan") or {}).get("length"))
    asking = Asking(
        prompting, config=manifest.get("config") or {}, task=task_of(manifest),
        length=length if length in LENGTHS else "steps", shots=shots, codes=codes,
    )  # fmt: skip
    if run is None:
        return asking
    return replace(asking, trained=True, line_break=run.get("line_break") or None)
