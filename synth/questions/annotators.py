"""Several people's ways to tell a teacher what has to be done, as RAFT compares them.

Zhu et al. 2025, appendix D.1, D.3 and D.4: annotator A has a prompt for every task, B and C for five families (natural
language inference, sentiment, topic, ARC, coreference). B announces the kind of task and speaks in the first person, C
is short. What each of them says stands with its task, in our own words: the instruction of a task is A's. The paper
prints B's prompt for coreference a second time under ARC, which asks no such questions; here B asks about ARC what B
asks elsewhere: the task by its name, what is given, what is wanted.
"""

from dataclasses import replace
from typing import Literal

from synth.errors import UsageError
from synth.questions.find import find_task, task_names
from synth.questions.task import Task

Annotator = Literal["A", "B", "C"]
FIRST: Annotator = "A"


def as_told_by(task: Task, annotator: str) -> Task:
    """The task with an annotator's instruction. Raises UsageError, which lists the tasks that have one."""
    if annotator == FIRST:
        return task
    if annotator not in task.annotators:
        covered = ", ".join(name for name in task_names() if find_task(name).annotators)
        raise UsageError(
            f"--annotator {annotator}: {task.name} has the prompt of annotator {FIRST} alone; B and C have prompts for "
            f"{covered}: leave it out, or say it in your own words with --instruction"
        )
    return replace(task, instruction=task.annotators[annotator])


def annotator_of(task: Task, annotator: str) -> str | None:
    """Who says what has to be done; None of a task for which there is but one way to say it."""
    return annotator if task.annotators else None
