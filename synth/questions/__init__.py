"""Questions of tasks: where they come from, and what a teacher is asked."""

from synth.questions.find import find_task, task_names
from synth.questions.loading import load
from synth.questions.prompts import prompt

__all__ = ["find_task", "load", "prompt", "task_names"]
