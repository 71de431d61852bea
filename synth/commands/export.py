"""The command `synth export`."""

import typer

from synth.commands.options import command_from
from synth.exporting.options import Export

# What rows that are left out lack, by the form.
GAVE_NO = {
    "dpo": "no pair", "kto": "no wrong completion", "stepwise": "no wrong steps", "prm": "no wrong steps",
    "grpo": "no new question", "verl": "no new question",
}  # fmt: skip


def run(asked: Export) -> None:
    """Write a dataset in the form another library reads.

    For TRL, axolotl, LLaMA-Factory and verl. dpo pairs each row with a wrong completion of its prompt: a wrong attempt
    of the teacher, or for built datasets one made by program that the step checker objects to; kto has both as rows of
    their own; stepwise and prm label the steps of built ones. grpo and verl are questions with answers, for rewards.
    """
    from synth.exporting import export

    done = export.run(asked)
    if asked.quiet:
        return
    for name, counts in done.rows.items():
        rows = ", ".join(f"{count:,} {split}" for split, count in counts.items())
        typer.echo(f"{asked.out if len(done.rows) == 1 else asked.out / name}: {rows} rows of {asked.to} written")
    if done.left_out:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in done.left_out.items())
        typer.echo(f"rows that gave {GAVE_NO[asked.to]}: {reasons}")


command = command_from("export", run, Export)
