"""The end of a run: its facts and its model card."""

from typing import Any

from synth.cards import model as model_card
from synth.training import targets
from synth.training.facts import last_losses
from synth.training.fit import Fitted
from synth.training.trainer import Architecture


def complete(fitted: Fitted, architecture: Architecture, begun: dict[str, Any], model: Any) -> None:
    """Write the facts and the model card of a run whose model is saved."""
    run, diary, prepared = fitted.run, fitted.diary, fitted.prepared
    if not run.main:
        return
    examples, tokens = fitted.order.seen(fitted.steps)
    final = {
        **begun, "blank_tokens": prepared.blank_tokens, "closing": targets.parts(prepared.records[0]).closing,
        "parameters": sum(p.numel() for p in model.parameters()), "steps": fitted.steps,
        "examples_seen": examples, "tokens_seen": tokens,
        "train_seconds": round(diary.seconds, 1), "cpu_seconds": round(diary.cpu_seconds, 1),
        "loss": diary.loss, "eval_loss": diary.eval_loss,
        "stopped_early": fitted.steps < fitted.planned, "complete": True,
    }  # fmt: skip
    words = model_card.Words(architecture.words, architecture.classes().model.__name__)
    model_card.write(run.folder, {**final, **last_losses(run.log(), diary.config.log_steps)}, prepared.example, words)
    run.write(final)
