"""The parts of a training run that both trainers have in common and that need no torch: settings, facts, model card."""

import math
import platform
import shlex
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer

from synth import encoding, modelcard, targets
from synth.errors import UsageError
from synth.mixture import Part, weighted
from synth.order import Order
from synth.record import Record
from synth.run import PARTIAL, Job, Run

SCRATCH: dict[str, dict[str, Any]] = {  # found by trying on ListOps: small models want many steps of few rows
    "tiny": {"lr": 3e-3, "warmup": 0.02, "batch_size": 8},
    "small": {"lr": 1e-3, "warmup": 0.05},
    "base": {"lr": 1e-3, "warmup": 0.05},
}
LAST_SEED = 2**32 - 1  # of numpy, which draws the order of the rows
PACKAGES = ("rationale-synth", "torch", "transformers", "accelerate", "peft", "tokenizers")


def sayer(quiet: bool) -> Callable[[str], None]:
    """A function that prints a line, or does not."""
    return (lambda line: None) if quiet else (lambda line: typer.echo(line, err=True))


def start(config: Any) -> dict[str, Any]:
    """What a new small model needs that a trained one does not: a higher learning rate, with a short rise."""
    return SCRATCH[config.from_scratch] if config.from_scratch else {}


def alone(config: Any) -> dict[str, Any]:
    """One process, where a preset has several and `--launch none` takes them back."""
    return {"processes": 1} if config.launch == "none" else {}


def check_settings(config: Any) -> None:
    """Raises UsageError, with all that is wrong at once, for settings that do not go together."""
    wrong = []
    if (config.model is None) == (config.from_scratch is None):
        wrong.append("give --model NAME, or --from-scratch tiny, small or base")
    if config.max_steps and config.max_tokens:
        wrong.append("give --max-steps or --max-tokens, not both")
    if config.qlora and not config.lora:
        wrong.append("--qlora needs a rank: --lora 16")
    if config.from_scratch and config.lora:
        wrong.append("--lora needs a --model: nothing is learned by updates of random weights")
    least = {
        "batch_size": 1, "accumulate": 1, "processes": 1, "log_steps": 1, "save_steps": 1, "keep_checkpoints": 1,
        "max_steps": 1, "max_tokens": 1, "eval_steps": 1, "eval_rows": 1, "limit": 1, "lora": 1,
    }  # fmt: skip
    for name, low in least.items():
        value = getattr(config, name)
        if value is not None and value < low:
            wrong.append(f"--{name.replace('_', '-')} is {low} at least, not {value}")
    wrong += [f"--{name} is above 0" for name in ("lr", "epochs") if not 0 < getattr(config, name) < math.inf]
    if config.report_to != "none" and find_spec(config.report_to) is None:
        wrong.append(f"--report-to {config.report_to} needs: pip install {config.report_to}")
    wrong += ["--warmup is a share from 0 to 1"] if not 0 <= config.warmup <= 1 else []
    wrong += [f"--seed is 0 to {LAST_SEED}, not {config.seed}"] if not 0 <= config.seed <= LAST_SEED else []
    if config.launch == "none" and config.processes > 1:
        wrong.append(f"--processes {config.processes} needs a way to launch them: add --launch ddp or --launch fsdp")
    if wrong:
        raise UsageError("; ".join(wrong))


def facts(trainer: str, config: Any, parts: Sequence[Part]) -> dict[str, Any]:
    """What is known of a run before it begins, as synth-run.json keeps it; no machine's folders get out."""
    folders = [weighted(given) for given in config.data]
    shown = asdict(replace(config, data=[f"{folder.resolve().name}:{weight:g}" for folder, weight in folders]))
    if config.model and Path(config.model).exists():
        shown["model"] = Path(config.model).resolve().name
    return {
        "made_by": f"rationale-synth {version('rationale-synth')}",
        "command": command(trainer, shown, type(config)),
        "trainer": trainer,
        "model": shown["model"] or f"from-scratch {config.from_scratch}",
        "target": learned(config.target, parts),
        "line_break": config.line_break,
        "data": [part.facts() for part in parts],
        "config": shown,
        "seed": config.seed,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
    }


def learned(target: str, parts: Sequence[Part]) -> str:
    """What a model learns to write: without a rationale in any row that is the answer, whatever was asked for."""
    return target if any(record.rationale for part in parts for record in part.records) else "answer"


def command(trainer: str, shown: dict[str, Any], kind: type) -> str:
    """The command with every setting written out, but for --out."""
    words = ["synth", "train", trainer]
    for name, value in shown.items():
        switch = f"--{name.replace('_', '-')}"
        if isinstance(value, list):
            words += [word for each in value for word in (switch, each)]
        elif isinstance(value, bool):
            words += [switch if value else f"--no-{name.replace('_', '-')}"]
        elif value is not None:
            words += [switch, str(value)]
    return shlex.join(words)


def blanks(tokenizer: Any, records: Sequence[Record], target: str, line_break: str | None) -> int:
    """How many blank tokens stand for a rationale: its mean length in this tokenizer's tokens; 0 for other targets.

    Raises UsageError where no row has a rationale.
    """
    if target != "blank":
        return 0
    steps = [found.steps for found in map(targets.parts, records) if found.steps]
    if not steps:
        raise UsageError("--target blank: the rows have no rationales that blanks could stand for")
    texts = (encoding.broken(each, line_break) for each in steps)
    return targets.mean_length(len(tokenizer(each, add_special_tokens=False)["input_ids"]) for each in texts)


def without_long(
    parts: Sequence[Part], rows: Sequence[encoding.Encoded], cut: Callable[[encoding.Encoded], encoding.Encoded]
) -> tuple[list[Part], list[Record], list[encoding.Encoded]]:
    """Leave out the rows whose prompt or target a limit would cut.

    Raises UsageError where no row of a dataset is left.
    """
    kept_parts, kept_rows, start = [], [], 0
    for part in parts:
        pairs = zip(part.records, rows[start : start + len(part.records)], strict=True)
        kept = [(record, row) for record, row in pairs if cut(row) == row]
        if not kept:
            raise UsageError(f"--drop-long leaves no row of {part.folder}: give longer length limits")
        kept_parts.append(replace(part, records=[record for record, _ in kept]))
        kept_rows += [row for _, row in kept]
        start += len(part.records)
    return kept_parts, [record for part in kept_parts for record in part.records], kept_rows


def steps(config: Any, order: Order) -> int:
    """Steps of the whole run: as many as asked for, or as go through so many tokens or epochs."""
    if config.max_steps:
        return int(config.max_steps)
    if config.max_tokens:
        return order.steps_for(config.max_tokens)
    return max(1, math.ceil(float(config.epochs) * order.steps))


def sharding(config: Any, processes: int) -> dict[str, Any]:
    """What transformers is told about several processes: FSDP shards parameters, gradients and optimizer."""
    if config.launch != "fsdp" or processes == 1:
        return {}
    return {"fsdp": True, "fsdp_config": {"state_dict_type": "FULL_STATE_DICT"}}


def settle_model(trainer: Any, tokenizer: Any, longest: int) -> Any:
    """The trained model as it is saved: low-rank updates merged in, set to greedy generation up to the end token."""
    model = trainer.accelerator.unwrap_model(trainer.model)
    if hasattr(model, "merge_and_unload"):
        model = model.merge_and_unload()
    generation = model.generation_config
    generation.do_sample = False
    generation.temperature = generation.top_p = generation.top_k = None
    generation.eos_token_id, generation.pad_token_id = tokenizer.eos_token_id, tokenizer.pad_token_id
    generation.max_length, generation.max_new_tokens = None, longest
    return model


def save(run: Run, trainer: Any, model: Any, tokenizer: Any) -> None:
    """Write the finished model beside the top of the run folder, then move it there."""
    state = trainer.accelerator.get_state_dict(trainer.model) if trainer.is_fsdp_enabled else None
    if not run.main:
        return
    partial = run.folder / PARTIAL
    model.save_pretrained(partial, state_dict=state)
    tokenizer.save_pretrained(partial)
    run.install(partial)


@dataclass(frozen=True)
class Prepared:
    """The data as the model will see them."""

    tokenizer: Any
    new_tokens: range  # ids that the tokenizer got for this run
    blank_tokens: int
    parts: Sequence[Part]
    records: Sequence[Record]
    rows: Sequence[encoding.Encoded]  # one for each record, as the limits leave it
    held: Sequence[encoding.Encoded]  # of the validation split
    example: tuple[str, str]  # a prompt and its target


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    order: Order
    planned: int
    steps: int
    diary: Any
    model: Any
    prepared: Prepared


def complete(run: Run, job: Job, begun: dict[str, Any], outcome: Outcome) -> None:
    """Write the facts and the model card, and push where that was asked for."""
    if not run.main:
        return
    examples, tokens = outcome.order.seen(outcome.steps)
    diary = outcome.diary
    final = {
        **begun, "blank_tokens": outcome.prepared.blank_tokens,
        "closing": targets.parts(outcome.prepared.records[0]).closing,
        "parameters": sum(p.numel() for p in outcome.model.parameters()), "steps": outcome.steps,
        "examples_seen": examples, "tokens_seen": tokens,
        "train_seconds": round(diary.seconds, 1), "cpu_seconds": round(diary.cpu_seconds, 1),
        "loss": diary.loss, "eval_loss": diary.eval_loss,
        "stopped_early": outcome.steps < outcome.planned, "complete": True,
    }  # fmt: skip
    modelcard.write(run.folder, {**final, **last_losses(run.log(), diary.config.log_steps)}, outcome.prepared.example)
    run.write(final)
    push(run, job)


def last_losses(log: Sequence[dict[str, Any]], steps: int) -> dict[str, Any]:
    """The mean loss of the last steps, as many as lie between two lines of the log or a few more.

    The last line alone may stand for a single step, whose loss says little.
    """
    lines = [line for line in log if "loss" in line]
    total, covered = 0.0, 0
    for at in range(len(lines) - 1, -1, -1):
        own = lines[at]["step"] - (lines[at - 1]["step"] if at else 0)
        total, covered = total + own * lines[at]["loss"], covered + own
        if covered >= steps:
            break
    return {"mean_loss": total / max(covered, 1), "mean_steps": covered}


def push(run: Run, job: Job) -> None:
    """Release the finished model, where that was asked for."""
    if run.main and job.push:
        modelcard.push(run.folder, job.push)
