"""The job of an evaluation: which model, which rows, asked how; one for each folder that `synth eval` writes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from synth.data.names import EVALUATIONS
from synth.errors import SynthError, UsageError
from synth.evaluating.options import ATTEMPTS_MODEL, is_url
from synth.evaluating.prompts import Prompting
from synth.models.generate import Decoding
from synth.shots.options import ShotOptions, shown
from synth.teachers.given import Limits


class StoppedError(SynthError):
    """Stopped before the end: 3 by the budget or a failing server, 130 by the user; what was written is kept."""

    def __init__(self, message: str, exit_code: int = 3) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True)
class Job:
    """One evaluation: a model, some rows, a way to ask."""

    model: str  # a checkpoint's folder, a name on the Hub, or the URL of a server
    data: Path
    out: Path
    split: str = "test"
    limit: int | None = None
    prompting: Prompting = "rationale"
    decoding: Decoding = field(default_factory=Decoding)
    run: Path | None = None  # the run folder of a model that is served
    confidence: Literal["votes", "answer"] = "votes"  # what a row's confidence is
    plain: bool = False  # prompts as they stand, also for a model that another program trained
    stop: tuple[str, ...] = ()  # texts at which an output ends
    served: str = ""  # the model's name at the server
    others: tuple[str, ...] = ()  # addresses of further servers that have it
    shots: ShotOptions = field(default_factory=ShotOptions)
    codes: str | None = None  # control tokens, of a model that learned with them; None: the best
    limits: Limits = field(default_factory=Limits)
    reward: tuple[str, ...] = ()  # rewards that are measured, by their names
    rewards: bool = False  # also those of the run
    overwrite: bool = False
    command: str = ""  # that makes it again

    @property
    def is_url(self) -> bool:
        return is_url(self.model)

    @property
    def is_written(self) -> bool:
        """Whether nothing is asked: the attempts of the data are measured."""
        return self.model == ATTEMPTS_MODEL


@dataclass(frozen=True)
class Result:
    """What was written, for the terminal."""

    job: Job
    metrics: dict[str, Any]
    already_there: bool = False
    faults: Mapping[str, Sequence[str]] = field(default_factory=dict)  # ids of the rows that were not asked


def default_out(
    model: str, served: str, data: Path, split: str, direct: bool, samples: int, shots: ShotOptions | None = None,
    codes: str | None = None,
) -> Path:  # fmt: skip
    """RUN/eval/<data>-<split>[-direct][-shots][-codes][-x10]; for a model that has no folder here, eval/<model>/..."""
    shown = f"-shots{shots.n_shots or ''}" if shots is not None and shots.shots is not None else ""
    told = "" if codes in (None, "best") else "-" + re.sub(r"[^\w.-]+", "-", str(codes))
    name = f"{data.resolve().name}-{split}" + "-direct" * direct + shown + told + f"-x{samples}" * (samples > 1)
    if not is_url(model) and Path(model).is_dir():
        return Path(model) / EVALUATIONS / name
    return Path(EVALUATIONS) / (re.sub(r"[^\w.-]+", "-", served or model).strip("-") or "model") / name


def asked(job: Job) -> dict[str, Any]:
    """The choices of the user that decide the outputs, without paths; they tell in what two evaluations differ."""
    model = job.served or (job.model if job.is_url else Path(job.model).name)
    return {
        "model": model, "split": job.split, "limit": job.limit, "prompting": job.prompting, "plain": job.plain,
        **decisive(job.decoding), "extra_body": job.limits.extra or None, "stop": list(job.stop) or None,
        **({} if job.codes is None else {"codes": job.codes}),
        **({} if job.confidence == "votes" else {"confidence": job.confidence}),
        **(shown(shots) if (shots := job.shots).shots is not None else {"shots": None}),
    }  # fmt: skip


def decisive(decoding: Decoding) -> dict[str, Any]:
    """The settings of generation that decide what is written, which the size of a batch does not.

    It has the value that it had by default in 0.1.0, so that evaluations of that time are known again.
    """
    found = {**asdict(decoding), "batch_size": 64}
    if found["top_p"] == 1:
        del found["top_p"]  # 0.1.0 did not know it
    return found


def difference(earlier: Any, job: Job) -> str:
    """The first choice in which an evaluation that is there (its `asked`) differs from what is asked for now."""
    now = asked(job)
    for name in {**now, **earlier} if isinstance(earlier, dict) else now:
        value = now.get(name)
        before = earlier.get(name) if isinstance(earlier, dict) else value
        if before != value:
            return f"its {name} is {_said(before)}, asked for {_said(value)}"
    return "its data, weights, demonstrations or training settings are others"


def _said(value: Any) -> str:
    return "none" if value is None else str(value)


def decoding_from(samples: int, temperature: float | None, max_new_tokens: int, batch_size: int, seed: int) -> Decoding:
    """Raises UsageError for samples that would all be the same."""
    chosen = temperature if temperature is not None else (0.8 if samples > 1 else 0.0)
    if samples > 1 and chosen == 0:
        raise UsageError(f"--samples {samples} --temperature 0: all would be the same; give a temperature above 0")
    return Decoding(samples, chosen, max_new_tokens, batch_size, seed)
