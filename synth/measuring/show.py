"""What `synth difficulty` shows on the terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

import typer

from synth.base.terminal import show_table
from synth.data.names import DIFFICULTY, SAMPLES
from synth.measuring.difficulty import Measured
from synth.shots.options import in_words

TITLES = {
    "characters": "characters of a rationale", "words": "words", "tokens": "tokens",
    "accuracy": "accuracy, answers alone", "v_information": "V-information, bits",
}  # fmt: skip


def show(measured: Measured) -> None:
    """Print the figures with their intervals, and what there is to say of the outputs."""
    facts = measured.facts
    state = "is there already" if measured.already_there else "written"
    typer.echo(f"{measured.folder / DIFFICULTY}: {state}; {facts['task']}{_asked(facts)}")
    for note in _notes(facts):
        typer.echo(note)
    show_table(("", "mean", "95% interval", "over"), _rows(facts))


def _asked(facts: Mapping[str, Any]) -> str:
    if facts["model"] is None:
        return ""
    counts, shots = facts["counts"], facts.get("shots")
    behind = f"behind {in_words(shots)}" if shots else "without demonstrations"
    return f", asked of {facts['model']}: {counts['questions']:,} questions, {counts['outputs']:,} outputs, {behind}"


def _notes(facts: Mapping[str, Any]) -> Iterator[str]:
    counts = facts["counts"] or {}
    said = {
        "cut_off": f"cut at the limit of {(facts.get('settings') or {}).get('max_new_tokens')} tokens, and longer than "
        "they count here: --max-new-tokens",
        "no_rationale": "an answer alone, of no length",
        "empty": "empty",
        "no_answer": "without an answer that can be read, counted whole",
        "not_asked": "questions not asked, too long for the model or not answered by the server",
    }
    for name, what in said.items():
        if count := counts.get(name):
            total = "" if name == "not_asked" else f" of {counts['outputs']:,} outputs"
            yield f"{count:,}{total} {what} ({SAMPLES})"
    if facts["model"] is not None and facts["tokens"] is None:
        yield "tokens are not counted: --tokenizer NAME counts those of a model behind a server"


def _rows(facts: Mapping[str, Any]) -> Iterator[list[str]]:
    for name, title in TITLES.items():
        if (figure := facts.get(name)) is not None:
            told = {"accuracy": "{:.1%}", "v_information": "{:.3f}"}.get(name, "{:.1f}").format
            over = ("row" if name in ("accuracy", "v_information") else "question") + "s" * (figure["n"] != 1)
            span = f"{told(figure['low'])} - {told(figure['high'])}"
            yield [title, told(figure["value"]), span, f"{figure['n']:,} {over}"]
