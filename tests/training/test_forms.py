"""`--form`: labels out of questions, with and without their rationales; the presets of MaRio."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from training import RECORDS, dataset, facts, trained

from synth.errors import UsageError
from synth.evaluating.job import Job as Evaluation
from synth.evaluating.run import carry_out
from synth.models.generate import Decoding
from synth.training import fit, loop
from synth.training.folder import Run
from synth.training.trainer import find


def settled(trainer: str = "t5", **given: Any) -> Any:
    recipe = find(trainer)
    return recipe.settled(recipe.config(data=["d"], **given))


def test_presets_of_mario() -> None:
    known = ("model", "epochs", "batch_size", "lr", "schedule", "warmup", "warmup_steps", "beta2", "clip", "form")
    of = {name: settled(preset=f"mario-{name}") for name in ("sft", "i2o", "ir2o")}
    rows = {name: tuple(getattr(config, field) for field in known) for name, config in of.items()}
    base = ("google-t5/t5-base", 4, 3e-5, "constant", 0.0, None, 0.99, 0.5)
    assert rows == {
        "sft": ("google-t5/t5-large", 25.0, 4, 3e-5, "linear", 0.0, 1000, 0.99, 0.5, None),
        "i2o": (base[0], 10.0, *base[1:], "question"),
        "ir2o": (base[0], 5.0, *base[1:], "question+rationale"),
    }
    assert (of["sft"].line_break, of["sft"].eval_steps) == (" ", 1000)


def test_a_model_that_is_given_comes_before_that_of_a_preset() -> None:
    own = settled(preset="mario-sft", model="here/mine", lr=1e-3, line_break=" ; ")
    assert (own.model, own.lr, own.line_break, own.batch_size) == ("here/mine", 1e-3, " ; ", 4)
    new = settled(preset="mario-ir2o", from_scratch="tiny")
    assert (new.model, new.lr, new.batch_size, new.epochs, new.schedule) == (None, 3e-3, 8, 5.0, "linear")
    assert settled(preset="mario-ir2o", from_scratch="tiny", lr=1e-3).lr == 1e-3
    assert settled(preset="explained-listops", from_scratch="tiny").lr == 3e-4
    for given in ({}, {"preset": "self-ask"}, {"preset": "mario-sft", "model": "m", "from_scratch": "tiny"}):
        with pytest.raises(UsageError, match="give --model NAME, or --from-scratch tiny, small or base"):
            settled(**given)


@pytest.mark.parametrize("trainer", ["t5", "llama"])
def test_settings_of_the_optimizer_reach_it(trainer: str, tmp_path: Path) -> None:
    architecture, place, run = find(trainer).student(), loop.place(), Run(tmp_path)
    plain = fit.arguments(architecture, settled(trainer, model="m", warmup=0.1), place, run, 500)
    assert (plain.warmup_steps, plain.adam_beta2, plain.max_grad_norm) == (50, 0.999, 1.0)
    given = settled(trainer, model="m", warmup=0.1, warmup_steps=7, beta2=0.9, clip=0.0)
    own = fit.arguments(architecture, given, place, run, 500)
    assert (own.warmup_steps, own.adam_beta2, own.max_grad_norm) == (7, 0.9, 0.0)


def test_a_run_of_labels_is_not_evaluated_as_one_that_answers(tmp_path: Path) -> None:
    data = dataset(tmp_path / "data", {"train": RECORDS, "test": RECORDS})
    run = trained("t5", tmp_path / "run", [data], form="question", max_steps=1)
    assert facts(run)["labels"] is None
    job = Evaluation(model=str(run), data=data, out=tmp_path / "eval", decoding=Decoding())
    with pytest.raises(
        UsageError, match=r"was trained with --form question and writes labels alone: .* consistency:IR2O,I2O"
    ) as error:
        carry_out(job, lambda line: None, lambda *given: None)
    assert "\n" not in str(error.value)


def test_what_does_not_go_with_a_form(tmp_path: Path) -> None:
    bare = [replace(record, rationale="", completion=record.answer) for record in RECORDS]
    data = dataset(tmp_path / "data", {"train": bare})
    with pytest.raises(UsageError, match=r"the rows of .* have no rationales: give --form question"):
        trained("t5", tmp_path / "run", [data], form="question+rationale", max_steps=1)
    with pytest.raises(UsageError, match="--form question learns the label of the answer: leave out --target answer"):
        settled(model="m", form="question", target="answer")
    with pytest.raises(UsageError, match="--form question: the loop learns rationales: leave it out"):
        find("star").config(data=["d"], model="m", form="question")
