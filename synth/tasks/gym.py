"""The tasks of reasoning-gym, `gym:chain_sum` and a hundred more: questions made by program, answers scored by it.

Stojanovski et al. 2025, arXiv 2505.24760; extra `gym`. --source says how many questions, and perhaps with which
settings of theirs: `500`, `500,seed=7`, `500,seed=7,max_terms=3`. Question i is the same in every run with the same
source and version of the package. Its seeds are numbers that question i is drawn with seed + i: ours are spread first,
so that seed 0 and seed 1 have no question in common.

An answer is right if their `score_answer` gives it 1. For that each question carries its entry: question, answer,
metadata, and the settings it was made with, as JSON.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from synth.base.own import foreign
from synth.errors import MissingExtraError, SourceError, UnknownNameError, UsageError
from synth.questions.reading import no_source
from synth.questions.task import Question, Task

PREFIX = "gym:"
TASKS: tuple[Task, ...] = ()  # made by their names
HOW = "gym:NAME, such as gym:chain_sum with --source 500: reasoning-gym's tasks (pip install 'rationale-synth[gym]')"
CLOSING = "<answer>{answer}</answer>"  # the form that reasoning-gym's own prompts ask for
PAPER = """@article{stojanovski2025reasoninggym,
  title={Reasoning Gym: Reasoning Environments for Reinforcement Learning with Verifiable Rewards},
  author={Stojanovski, Zafir and Stanley, Oliver and Sharratt, Joe and Jones, Richard and Adefioye, Abdulhakeem and
    Kaddour, Jean and K{\\"o}pf, Andreas},
  journal={arXiv preprint arXiv:2505.24760},
  year={2025}
}"""


def named(name: str) -> Task:
    """The task `gym:NAME`. Raises MissingExtraError without the extra, UnknownNameError for a name that is none."""
    gym = name.removeprefix(PREFIX)
    if gym not in _datasets():
        raise UnknownNameError("task", name, [f"{PREFIX}{known}" for known in _datasets() if known != "composite"])
    return Task(
        name, "gym", f"reasoning-gym's {gym}", "Solve the problem below.", "text", no_source, closing=CLOSING,
        licence="Apache-2.0", source="https://github.com/open-thought/reasoning-gym", papers=(PAPER,),
        makes=lambda source: questions(gym, source), made_from=lambda source: facts(gym, source),
    )  # fmt: skip


def questions(gym: str, source: str) -> Iterator[Question]:
    """The questions that a source asks for.

    Raises UsageError for a source that is none, SourceError for a task whose answers cannot be scored from a file.
    """
    size, seed, settings = _source(gym, source)
    dataset = _made(gym, {**settings, "size": size, "seed": spread(seed)})
    for index in range(size):
        with foreign(lambda error: f"reasoning-gym cannot make all {source} of {gym}: {type(error).__name__} {error}"):
            made = dataset[index]
        entry = json.dumps({**made, "settings": settings}, default=str, sort_keys=True)
        if not isinstance(made["answer"], str) or not score(gym, made["answer"], entry):
            raise SourceError(
                f"{PREFIX}{gym} cannot be asked: reasoning-gym {version('reasoning-gym')} gives its questions no answer"
                " that it scores as right"
            )
        yield Question(f"{seed}-{index}", made["question"].strip(), gold=made["answer"], entry=entry)


def facts(gym: str, source: str) -> dict[str, Any]:
    """What tells one source from another, for synth.json."""
    size, seed, settings = _source(gym, source)
    made = {"size": size, "seed": seed, "gym_seed": spread(seed), "settings": settings}
    return {"package": f"reasoning-gym {version('reasoning-gym')}", **made}


def score(gym: str, answer: str, entry: str) -> bool:
    """Whether reasoning-gym scores an answer 1. A text that its scorer stumbles over is no right answer."""
    known = json.loads(entry)
    settings = json.dumps(known.pop("settings", {}), sort_keys=True)
    try:
        with foreign(str):
            return float(_scorer(gym, settings)(answer, known)) == 1.0
    except UsageError:
        return False


@lru_cache(maxsize=64)
def _scorer(gym: str, settings: str) -> Callable[[str, Mapping[str, Any]], float]:
    scorer: Callable[[str, Mapping[str, Any]], float] = _made(gym, json.loads(settings)).score_answer
    return scorer


def spread(seed: int) -> int:
    """Their seed for one of ours: of 31 bits, as some of their tasks take no larger one."""
    return int.from_bytes(hashlib.blake2b(f"gym/{seed}".encode(), digest_size=4).digest(), "big") >> 1


def _datasets() -> Mapping[str, Any]:
    """Name -> (class, class of its settings)."""
    try:
        from reasoning_gym.factory import DATASETS
    except ImportError as error:
        raise MissingExtraError("a task of reasoning-gym", "gym") from error
    found: Mapping[str, Any] = DATASETS
    return found


def _made(gym: str, settings: Mapping[str, Any]) -> Any:
    kind, config = _datasets()[gym]
    with foreign(lambda error: f"{PREFIX}{gym} cannot be made with {dict(settings)}: {error}"):
        return kind(config(**settings))


def _source(gym: str, source: str) -> tuple[int, int, dict[str, Any]]:
    """Size, seed and settings that --source says."""
    size, *more = source.split(",")
    settings = {name.strip(): _value(text) for name, is_, text in (part.partition("=") for part in more) if is_}
    allowed = [field.name for field in fields(_datasets()[gym][1]) if field.name != "size"]
    seed = settings.pop("seed", 0)
    known = len(settings) + source.count("seed=") == len(more) and set(settings) <= set(allowed)
    if not (size.isascii() and size.isdecimal() and int(size) > 0 and known and type(seed) is int):
        raise UsageError(
            f"--source {source}: {PREFIX}{gym} takes a number of questions, and settings behind it: 500 or 500,seed=7;"
            f" there are {', '.join(allowed)}"
        )
    return int(size), seed, settings


def _value(text: str) -> Any:
    """A number, true, false, a list of those, or a text."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text.strip()
