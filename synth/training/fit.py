"""The training itself: rows and a model go in, the model in its folder comes out. Nothing here knows of a command.

    prepared = prepare(architecture, config, parts, held, say)      rows.py
    model = starting_model(architecture, config, prepared)          model.py
    run.begin(facts, resume)                                        folder.py
    fitted = fit(architecture, config, prepared, model, run, place)
    save(fitted, architecture, config)

A recipe with several rounds calls them once a round, each with a run folder of its own.
"""

import math
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from synth.data.names import PARTIAL
from synth.training.folder import Run
from synth.training.order import Order
from synth.training.rows import Prepared
from synth.training.settings import Settled
from synth.training.trainer import Architecture

if TYPE_CHECKING:  # imports torch
    from synth.training.loop import Diary, Place
    from synth.training.near import Near


@dataclass(frozen=True)
class Fitted:
    """A run whose last step is done."""

    run: Run
    prepared: Prepared
    order: Order
    planned: int  # steps; there are fewer if time ran out
    diary: "Diary"
    trainer: Any  # of transformers

    @property
    def steps(self) -> int:
        return int(self.trainer.state.global_step)


def fit(
    architecture: Architecture, config: Settled, prepared: Prepared, model: Any, run: Run, place: "Place",
    *, resume: bool = False, quiet: bool = False,
) -> Fitted:  # fmt: skip
    """Train the model; checkpoints and log go to the run folder, which has begun.

    resume: continue from its last checkpoint. Raises TrainingError, FolderError; what was done up to the last
    checkpoint is kept.
    """
    from transformers import PrinterCallback

    from synth.training import loop
    from synth.training.loss import only_learned, token_loss

    order = order_of(config, prepared, place.processes)
    planned = steps(config, order)
    run.plan(planned)
    alone = place.processes == 1  # then the last batch of an epoch may be a short one
    data = loop.EpochRows(prepared.rows, order, 1 if alone else config.batch_size * place.processes)
    collate, loss = architecture.collate(prepared.tokenizer, model), token_loss(architecture.shift)
    near = _reference(architecture, config, prepared, place)
    with ExitStack() as inside:
        collate = inside.enter_context(only_learned(model, collate, architecture.shift))
        evaluation = loop.Evaluation(prepared.held, collate, loss, config.batch_size, place)
        if near is not None:
            collate, loss = inside.enter_context(near.beside(model, collate)), near.added(loss)
        diary = loop.Diary(run, data, planned, config, evaluation, quiet)
        trainer = architecture.classes().trainer(
            model=model, args=arguments(architecture, config, place, run, planned), processing_class=prepared.tokenizer,
            train_dataset=data, data_collator=collate, compute_loss_func=loss, callbacks=[diary],
        )  # fmt: skip
        trainer.remove_callback(PrinterCallback)
        trainer.floating_point_ops = lambda inputs: 0  # nobody reads the sum, and a small model waits for it
        diary.tell = trainer.log
        diary.more = near.told if near is not None else dict
        with loop.guarded(run, trainer, prepared.records, order):
            trainer.train(resume_from_checkpoint=loop.checkpoint(run, resume))
            diary.evaluate(trainer.model, trainer.state)
    return Fitted(run, prepared, order, planned, diary, trainer)


def _reference(architecture: Architecture, config: Settled, prepared: Prepared, place: "Place") -> "Near | None":
    """What the model is held near to, if anything."""
    if config.reference is None:
        return None
    from synth.training.near import Near

    return Near(architecture, config, prepared.tokenizer, place)


def order_of(config: Settled, prepared: Prepared, processes: int) -> Order:
    """In which order the rows come, those of like length together: first by what is written, then by what is read."""
    return Order(
        tokens=prepared.sizes.sum(axis=1), lengths=prepared.sizes[:, ::-1],
        sizes=[len(part.records) for part in prepared.parts], weights=[part.weight for part in prepared.parts],
        batch=config.batch_size * config.accumulate * processes, seed=config.seed, grouped=config.group,
    )  # fmt: skip


def steps(config: Settled, order: Order) -> int:
    """Steps of the whole run: as many as asked for, or as go through so many tokens or epochs."""
    if config.max_steps:
        return config.max_steps
    if config.max_tokens:
        return order.steps_for(config.max_tokens)
    return max(1, math.ceil(config.epochs * order.steps))


def arguments(architecture: Architecture, config: Settled, place: "Place", run: Run, planned: int) -> Any:
    """The settings in the library's words; rows come in the order of order.py: a sequential sampler."""
    rise = int(config.warmup * planned) if config.warmup_steps is None else config.warmup_steps
    given = {"adam_beta2": config.beta2, "max_grad_norm": config.clip}
    return architecture.classes().arguments(
        output_dir=str(run.checkpoints), max_steps=planned, seed=config.seed, learning_rate=config.lr,
        lr_scheduler_type=_schedule(config, rise), warmup_steps=rise, weight_decay=config.weight_decay,
        per_device_train_batch_size=config.batch_size,
        gradient_accumulation_steps=config.accumulate, activation_checkpointing=config.gradient_checkpointing,
        train_sampling_strategy="sequential", remove_unused_columns=False,
        bf16=place.bf16(config.bf16), use_cpu=not place.cuda, dataloader_pin_memory=place.cuda,
        logging_steps=config.log_steps, logging_first_step=True, logging_nan_inf_filter=False, disable_tqdm=True,
        save_strategy="steps", save_steps=config.save_steps, save_total_limit=config.keep_checkpoints,
        report_to=config.report_to, **sharding(config, place.processes),
        **{name: value for name, value in given.items() if value is not None},
    )  # fmt: skip


def _schedule(config: Settled, rise: int) -> str:
    """The library's own `constant` knows no warm-up."""
    return "constant_with_warmup" if config.schedule == "constant" and rise else config.schedule


def sharding(config: Settled, processes: int) -> dict[str, Any]:
    """What transformers is told about several processes: FSDP shards parameters, gradients and optimizer."""
    if config.launch != "fsdp" or processes == 1:
        return {}
    return {"fsdp": True, "fsdp_config": {"state_dict_type": "FULL_STATE_DICT"}}


def save(fitted: Fitted, architecture: Architecture, config: Settled) -> Any:
    """Write the finished model beside the top of the run folder, then move it there. Returns it.

    Raises FolderError if it cannot be written.
    """
    from synth.training import loop

    run, trainer, prepared = fitted.run, fitted.trainer, fitted.prepared
    with loop.guarded(run, trainer, prepared.records, fitted.order):
        model = settled_model(trainer, prepared.tokenizer, longest=architecture.longest(config)[-1])
        state = trainer.accelerator.get_state_dict(trainer.model) if trainer.is_fsdp_enabled else None
        if run.main:
            partial = run.folder / PARTIAL
            model.save_pretrained(partial, state_dict=state)
            prepared.tokenizer.save_pretrained(partial)
            run.install(partial)
    return model


def settled_model(trainer: Any, tokenizer: Any, longest: int) -> Any:
    """The trained model as it is saved: low-rank updates merged in, set to greedy generation up to the end token."""
    from peft import PeftModel

    model = trainer.accelerator.unwrap_model(trainer.model)
    if isinstance(model, PeftModel):
        model = model.merge_and_unload()
    generation = model.generation_config
    generation.do_sample = False
    generation.temperature = generation.top_p = generation.top_k = None
    generation.eos_token_id, generation.pad_token_id = tokenizer.eos_token_id, tokenizer.pad_token_id
    generation.max_length, generation.max_new_tokens = None, longest
    return model
