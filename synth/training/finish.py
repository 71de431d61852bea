"""The parts of a training run that both trainers have in common and that need no torch: settings, facts, model card."""

import math
from dataclasses import dataclass
from typing import Any

from synth.cards.model import write
from synth.data.names import PARTIAL
from synth.releasing import model as modelcard_model
from synth.training import targets
from synth.training.facts import last_losses
from synth.training.folder import Job, Run
from synth.training.order import Order
from synth.training.rows import Prepared


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
    write(run.folder, {**final, **last_losses(run.log(), diary.config.log_steps)}, outcome.prepared.example)
    run.write(final)
    push(run, job)


def push(run: Run, job: Job) -> None:
    """Release the finished model, where that was asked for."""
    if run.main and job.push:
        modelcard_model.push(run.folder, job.push)
