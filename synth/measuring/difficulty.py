"""How hard a task is, before or beside training: `synth difficulty`.

    OUT/difficulty.json   the figures with their intervals
    OUT/samples.jsonl     what the model wrote, a line for each sample: nothing is asked for twice
    OUT/pvi.jsonl         with --with and --null: the information in each row, see information.py

The three measures of RAFT (Zhu et al. 2025, arXiv 2505.24147, section 4.1): the length of a teacher's rationales to the
question alone (`--shots none`), that of a base model's behind demonstrations of other tasks, and the accuracy of a
model trained on answers alone (`--eval`).
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from synth.base.config import command, verb
from synth.base.files import as_json, read_facts, write_whole
from synth.base.terminal import Say, progress, sayer
from synth.data.names import DIFFICULTY, OUTPUTS, RUN, SAMPLES
from synth.errors import FolderError, SynthError
from synth.evaluating.job import Job, decoding_from, difference
from synth.evaluating.job import asked as chosen
from synth.evaluating.outputs import digest
from synth.evaluating.prompts import Asking
from synth.measuring.information import v_information
from synth.measuring.lengths import Count, lengths
from synth.measuring.options import NO_SHOTS, Difficulty
from synth.measuring.questions import Questions, questions_of
from synth.measuring.samples import Writing, read_samples
from synth.models.tokens import load_tokenizer
from synth.reporting.estimate import accuracy_of
from synth.shots.load import load_shots

MEASURES = ("characters", "words", "tokens", "counts")
AGAIN = "run synth difficulty again with --overwrite"


@dataclass(frozen=True)
class Measured:
    """What was measured: the folder, and its difficulty.json."""

    folder: Path
    facts: Mapping[str, Any]
    already_there: bool = False


def run(asked: Difficulty) -> Measured:
    """Measure how hard a task is: by the rationales that a base model writes, by a model trained on answers alone.

    What was written is kept as it comes: the same call resumes what was stopped, and asks for nothing that is there.
    Returns the figures and their folder. Raises UsageError for options that do not go together, FolderError,
    SourceError and MissingExtraError for what is not there, SynthError for a model that writes nothing.
    """
    say = sayer(asked.quiet, "synth: ")
    questions = questions_of(asked)
    out = asked.out or _default_out(asked, questions)
    before = {} if asked.overwrite else _before(out)
    facts: dict[str, Any] = {
        "made_by": f"rationale-synth {version('rationale-synth')}", "command": command("synth difficulty", asked),
        "task": questions.name, "data": dict(questions.facts),
        **dict.fromkeys(("model", *MEASURES, "accuracy", "v_information")), **_same(before, questions, out),
    }  # fmt: skip
    already = False
    if asked.model is not None:
        measured, already = _by_lengths(asked, questions, out, before, say)
        facts |= measured
    if asked.eval is not None:
        facts["accuracy"] = accuracy_of(asked.eval)
    if asked.with_ is not None and asked.null is not None:
        earlier = facts["v_information"]
        facts["v_information"] = v_information(asked.with_, asked.null, questions, out, earlier, say)
    _write(out, facts)
    return Measured(out, facts, already)


def _default_out(asked: Difficulty, questions: Questions) -> Path:
    """difficulty/TASK-MODEL, or with --shots none TASK-MODEL-alone."""
    data = asked.data.resolve().name if asked.data is not None else questions.name
    name = (asked.model_name or Path(asked.model).resolve().name) if asked.model else ""
    told = "-".join(filter(None, (data, name, "alone" * (asked.shots == NO_SHOTS))))
    return Path("difficulty") / re.sub(r"[^\w.-]+", "-", told).strip("-")


def _before(out: Path) -> dict[str, Any]:
    """The figures that are there; {} if there are none. Raises FolderError for a file in the place of the folder."""
    if out.exists() and not out.is_dir():
        raise FolderError(f"{out} is a file: give --out a folder")
    return read_facts(out / DIFFICULTY, "what synth difficulty writes", AGAIN, lambda facts: "task" in facts) or {}


def _same(before: Mapping[str, Any], questions: Questions, out: Path) -> dict[str, Any]:
    """What was measured before. Raises FolderError if that is of other questions."""
    if before and (before["task"], before.get("data")) != (questions.name, dict(questions.facts)):
        was = (before.get("data") or {}).get("folder") or before["task"]
        raise FolderError(f"{out} holds the difficulty of {was}, of other rows than these: add --overwrite to replace "
                          "it, or give another --out")  # fmt: skip
    return {name: value for name, value in before.items() if name not in ("made_by", "command", "task", "data")}


def _by_lengths(
    asked: Difficulty, questions: Questions, out: Path, before: Mapping[str, Any], say: Say
) -> tuple[dict[str, Any], bool]:
    """The lengths of rationales, and whether all of them were written before."""
    writing = _writing(asked, questions, out, say)
    tokens = _counter(asked) if asked.tokenizer else None  # before anything is asked
    recipe = writing.recipe()
    already = before.get("recipe") == digest(recipe) and (out / SAMPLES).is_file()
    if before.get("recipe") and not already:
        raise FolderError(
            f"{out} holds another measurement ({difference(before.get('asked'), writing.job)}): add --overwrite to "
            "replace it, or give another --out"
        )
    if not already:
        if asked.overwrite:
            for name in (DIFFICULTY, SAMPLES, OUTPUTS):
                (out / name).unlink(missing_ok=True)
        with progress(asked.quiet) as report:
            writing.write(recipe, say, report)
    job, shots = writing.job, writing.asking.shots
    measured = lengths(read_samples(out), tokens or _counter(asked))
    if measured["characters"] is None:
        raise SynthError(
            f"{job.served or job.model} wrote no rationale to any of {len(writing.records)} questions: {out / SAMPLES} "
            "has what it wrote; give another --model, or more --max-new-tokens"
        )
    settings = {name: value for name, value in asdict(job.decoding).items() if name != "batch_size"}
    return {
        "model": job.served or (Path(job.model).name if Path(job.model).is_dir() else job.model), **measured,
        "shots": None if shots is None else shots.facts(), "settings": settings, "asked": chosen(job),
        "recipe": digest(recipe),
    }, already  # fmt: skip


def _writing(asked: Difficulty, questions: Questions, out: Path, say: Say) -> Writing:
    decoding = decoding_from(asked.samples, asked.temperature, asked.max_new_tokens, asked.batch_size, asked.seed)
    records = questions.some(asked.questions, asked.seed, say)
    shots = load_shots(asked.demonstrations, questions.name, questions.task)
    trained = read_facts(Path(str(asked.model)) / RUN, "what synth train writes", "train the model again")
    if trained is not None:
        say(f"{asked.model} was trained by synth train: the measure is meant for a base model that was not")
    asking = Asking(config=questions.manifest.get("config") or {}, task=questions.task, shots=shots)
    if trained is not None:
        asking = replace(asking, trained=True, line_break=trained.get("line_break") or None)
    job = Job(
        str(asked.model), asked.data or Path(questions.name), out, str(questions.facts.get("split") or "questions"),
        len(records), decoding=decoding, served=asked.model_name or "", shots=asked.demonstrations, limits=asked,
        overwrite=asked.overwrite,
    )  # fmt: skip
    return Writing(job, questions, records, asking)


def _counter(asked: Difficulty) -> Count | None:
    """Counts the tokens of a text, without those that a tokenizer puts around it; None for a server without one."""
    if asked.tokenizer is None and asked.model_name:
        return None
    tokenizer = load_tokenizer(asked.tokenizer or str(asked.model), "leave it out")
    return partial(_tokens, tokenizer)


def _tokens(tokenizer: Any, text: str) -> int:
    return len(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])


def _write(out: Path, facts: Mapping[str, Any]) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_whole(out / DIFFICULTY, as_json(facts))
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write {out / DIFFICULTY}") from error


difficulty = verb("difficulty", Difficulty, run)
