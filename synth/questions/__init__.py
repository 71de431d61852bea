"""Questions of tasks: read from files or the Hub, and written as the prompts of teachers and students."""

from synth.questions.find import find_task, task_names
from synth.questions.loading import load
from synth.questions.prompts import prompt

__all__ = ["find_task", "load", "prompt", "task_names"]
