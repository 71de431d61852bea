"""What is missing before a study can be run: files, keys, prices, GPUs. What the Hub has is not looked up."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from synth.errors import SynthError
from synth.studying import assumed
from synth.studying.plan import Plan, Stage
from synth.studying.processes import gpus
from synth.teachers.given import teacher_from

READ = ("source", "shots", "tokenizer", "task", "folder", "data", "model")  # options that may name a file
WITHOUT_GPU = 1e9  # parameters from which training without a GPU is hopeless


def needs(plan: Plan, stages: Sequence[Stage], out: Path, budget: bool) -> list[str]:
    """A line for each thing that is missing for these stages, each once."""
    found = [*_sources(plan, stages)]
    for stage in stages:
        found += [*_files(stage), *_account(stage, out, budget)]
    found += _gpus(stages)
    return list(dict.fromkeys(found))


def _sources(plan: Plan, stages: Sequence[Stage]) -> Iterator[str]:
    for source in {one.name: one for stage in stages for one in stage.missing}.values():
        about = plan.file.sources[source.name].get("about")
        yield f"--source {source.name}=PATH" + (f": {about}" if about else "")


def _files(stage: Stage) -> Iterator[str]:
    """Paths that are given and are not there. A name with one slash may be of the Hub."""
    for name in READ:
        value = getattr(stage.given.get(name), "path", stage.given.get(name))
        if isinstance(value, str) and is_gone(value):
            yield f"the file or folder {value} is not there ({stage.verb}, {name})"


def is_gone(text: str) -> bool:
    """Whether a text is the path of something that is not there, and no name of something on the Hub."""
    return _is_path(text) and not Path(text).exists()


def _is_path(text: str) -> bool:
    return text.startswith((".", "/", "~")) or text.endswith((".json", ".jsonl", ".toml", ".py", ".zip", ".parquet"))


def _account(stage: Stage, out: Path, budget: bool) -> Iterator[str]:
    """What is missing to ask a teacher."""
    if not stage.is_paid:
        return
    asked = stage.settings(out)
    try:
        teacher = teacher_from(str(asked.teacher), asked)
        teacher.key()
    except SynthError as error:
        yield str(error)
        return
    if budget and teacher.cost(1, 1) is None:
        yield f"the price of {teacher.name}, for --budget: give price = [PROMPT, COMPLETION] in [{stage.verb}]"


def _gpus(stages: Sequence[Stage]) -> list[str]:
    sizes = [
        assumed.parameters(stage.given) or 0.0 for stage in stages if stage.verb in ("train", "eval", "difficulty")
    ]
    largest = max(sizes, default=0.0)
    if largest < WITHOUT_GPU or gpus():
        return []
    return [f"a GPU: the largest model has {largest / 1e9:.3g} billion parameters"]
