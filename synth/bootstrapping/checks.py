"""What is looked at before a loop begins, so that it does not end hours later for something that was known then."""

from synth.bootstrapping.engines import check_engine
from synth.bootstrapping.options import Looped
from synth.bootstrapping.questions import Questions, check_hints
from synth.bootstrapping.stages import settings_for
from synth.data.names import RUN
from synth.errors import UsageError
from synth.models import load
from synth.training import mixture
from synth.training.rows import longest_text
from synth.training.trainer import Trainer


def check_models(config: Looped, student: Trainer) -> None:
    """The settings of the trainings, the model that they begin with, what is mixed in, and who writes.

    Raises UsageError for what does not go together, SourceError for a model that cannot be had, FolderError for a
    folder that is not there, SynthError for a server that does not answer.
    """
    if student.architecture is None:
        raise UsageError(
            f"--trainer {student.name} is a loop itself: give one whose runs the iterations are: llama, t5"
        )
    student.settled(settings_for(student, config, data=["rows"], max_steps=1))
    if config.model is not None:
        longest_text(load.fetch(config.model), student.architecture)
    if config.keep:
        mixture.load(config.keep, "train")
    check_engine(config, student)


def check_questions(config: Looped, questions: Questions) -> None:
    """Whether all rows are of one task, can be hinted at if that is asked for, and can be answered by the model.

    Raises UsageError if not.
    """
    everything = questions.every
    if len(names := sorted({record.task for record in everything})) > 1:
        raise UsageError(
            f"the questions are of several tasks ({', '.join(names)}): a loop has one; give its --data alone"
        )
    if other := sorted({record.task for record in questions.held} - set(names)):
        of = f"--held {config.held}" if config.held else f"the split {config.validation_split}"
        raise UsageError(
            f"{of} has rows of {', '.join(other)}, and the questions are of {names[0]}: give some of those"
        )
    if not questions.held:
        raise UsageError("there is no row to measure on: give --held FOLDER with some")
    if config.rationalize:
        check_hints(questions)
    check_shown(config, questions)


def check_shown(config: Looped, questions: Questions) -> None:
    """Raises UsageError if a model that nobody taught the form of these rows is not shown it either."""
    if questions.shots is not None:
        return
    if config.shots_in_training:
        raise UsageError("--shots-in-training: there are no demonstrations; add --shots FILE or --n-shots 10")
    taught = config.model is None or (load.fetch(config.model) / RUN).is_file()
    if not taught and config.shots_until != 0:
        raise UsageError(
            f"--model {config.model} has not learned how these questions are answered: show it by --shots FILE, or "
            "--n-shots 10 for rows of the data or the task's own; --shots-until 0 if it needs none"
        )
