"""The command `synth difficulty`."""

from synth.commands.options import AsJson, command_from, print_json
from synth.measuring.options import Difficulty


def run(asked: Difficulty, printing: AsJson) -> None:
    """Measure how hard a task is to a base model.

    By the length of the rationales that it writes behind demonstrations of other tasks (Zhu et al. 2025). What was
    written is kept as it comes: the same command resumes, and asks for nothing that is there.
    """
    from synth.measuring import difficulty
    from synth.measuring.show import show

    measured = difficulty.run(asked)
    if printing.json:
        print_json(measured.facts)
    elif not asked.quiet:
        show(measured)


command = command_from("difficulty", run, Difficulty, AsJson)
