"""Decoders: Llama, OPT, Qwen and their like, fine-tuned on transformers' Trainer with loss on the completion only.

Prompt and target are one text; the loss is taken over the target and the end token. Presets carry the settings of two
papers:

    raft        Zhu et al. 2025 (RAFT, LLaMA-2-7B): 3 epochs, lr 5e-6, batch 4 a device, accumulation 4, gradient
                checkpointing, bf16, 2048 tokens, warm-up 0.03, cosine, no weight decay, FSDP on 4 GPUs
    self-ask    Mathews et al. (OPT-125m): 2 epochs, batches of 32

What the second leaves open (learning rate, schedule) stands below in BASE. Rows, targets, order and checks are those of
synth/; this file is the run from its first line to its last.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from synth.base import terminal
from synth.base.config import option
from synth.models import load, scratch
from synth.record import Record
from synth.releasing.model import check_name
from synth.training import checks, encoding, finish, mixture, settings, targets
from synth.training import facts as finish_facts
from synth.training import rows as finish_rows
from synth.training.folder import Job, Run
from synth.training.model import add_blanks, fit_embedding, records_of, room, with_lora
from synth.training.order import Order
from synth.training.rows import Prepared, without_long

if TYPE_CHECKING:
    from synth.training import loop


BASE = {
    "epochs": 3.0, "lr": 3e-4, "schedule": "linear", "warmup": 0.0, "weight_decay": 0.0,
    "batch_size": 32, "accumulate": 1, "max_length": 1024,
    "gradient_checkpointing": False, "launch": "none", "processes": 1, "bf16": None,
}  # fmt: skip
PRESETS: dict[str, dict[str, Any]] = {
    "none": BASE,
    "self-ask": {**BASE, "epochs": 2.0, "batch_size": 32},
    "raft": {
        "epochs": 3.0, "lr": 5e-6, "schedule": "cosine", "warmup": 0.03, "weight_decay": 0.0,
        "batch_size": 4, "accumulate": 4, "max_length": 2048,
        "gradient_checkpointing": True, "launch": "fsdp", "processes": 4, "bf16": True,
    },
}  # fmt: skip


@dataclass(frozen=True)
class Config:
    data: list[str] = option("a dataset folder, or FOLDER:WEIGHT; may be given several times")  # noqa: RUF009
    model: str | None = option("a folder or a model on the Hub: meta-llama/Llama-2-7b-hf", default=None)
    from_scratch: Literal["tiny", "small", "base"] | None = option(
        "a new model and a tokenizer made from the data", default=None
    )
    preset: Literal["none", "self-ask", "raft"] = option("what the settings start from", default="none")
    target: Literal["rationale", "answer", "blank"] = option(
        "what is learned; blank: meaningless tokens", default="rationale"
    )
    split: str = option("split to learn from", default="train")
    validation_split: str = option("split to evaluate on, where there is one", default="validation")
    line_break: str | None = option("replaces line breaks, for tokenizers without: ' ; '", default=None)
    lossy: bool = option("train though the tokenizer loses signs of the targets", default=False)
    drop_long: bool = option("leave out rows that the length limit would cut off", default=False)
    limit: int | None = option("rows to take of each dataset  [default: all]", default=None)
    epochs: float | None = option("times the data are gone through  [3]", default=None)
    max_steps: int | None = option("steps, in place of epochs", default=None)
    max_tokens: int | None = option("tokens to go through (padding not counted), in place of epochs", default=None)
    max_seconds: float | None = option("stop after so many seconds of training", default=None)
    lr: float | None = option("learning rate  [0.0003; from scratch 0.003 (tiny) or 0.001]", default=None)
    schedule: Literal["linear", "cosine", "constant"] | None = option(
        "how the learning rate falls  [linear]", default=None
    )
    warmup: float | None = option(
        "share of the steps in which it rises  [0; from scratch 0.02 (tiny) or 0.05]", default=None
    )
    weight_decay: float | None = option("weight decay of AdamW  [0]", default=None)
    batch_size: int | None = option("rows of a batch, in each process  [32; from scratch tiny 8]", default=None)
    accumulate: int | None = option("batches of a step, in each process  [1]", default=None)
    max_length: int | None = option("tokens of prompt and target together at most  [1024]", default=None)
    group: bool = option("put rows of like length into one batch", default=True)
    bf16: bool | None = option("compute in bfloat16  [default: where a GPU has it]", default=None)
    gradient_checkpointing: bool | None = option("less memory, more time  [off]", default=None)
    lora: int | None = option("train low-rank updates of this rank only", default=None)
    qlora: bool = option("LoRA over a model in four bits", default=False)
    log_steps: int = option("steps between two lines of the log", default=10)
    eval_steps: int | None = option("steps between two evaluations  [default: only at the end]", default=None)
    eval_rows: int | None = option("rows to evaluate on  [default: all]", default=None)
    save_steps: int = option("steps between two checkpoints", default=500)
    keep_checkpoints: int = option("checkpoints to keep", default=2)
    seed: int = option("another seed, another start and order", default=0)
    launch: Literal["none", "ddp", "fsdp"] | None = option("several processes, through torchrun  [none]", default=None)
    processes: int | None = option("how many: one for each GPU  [1]", default=None)
    report_to: Literal["none", "tensorboard", "wandb"] = option("where else to log", default="none")


def settled(config: Config) -> Config:
    """The configuration with the preset's values written out.

    Raises UsageError for settings that do not go together.
    """
    given = {name: value for name in BASE if (value := getattr(config, name)) is not None}
    start = settings.start(config) if config.preset == "none" else {}
    config = replace(config, **{**PRESETS[config.preset], **start, **settings.alone(config), **given})
    settings.check_settings(config)
    return config


def train(config: Config, job: Job) -> Path:
    """Fine-tune and return the run folder, which holds the model.

    Raises FolderError, SourceError, UsageError, TrainingError; what was done up to the last checkpoint is kept.
    """
    config = settled(config)
    check_name(job.push)
    load.quiet_libraries()
    from synth.training import loop

    place = loop.place()
    with Run(job.out, place.main) as run:
        carry_out(config, job, place, run)
    return job.out


def carry_out(config: Any, job: Job, place: "loop.Place", run: Run) -> None:
    """Train, unless this very run is complete already."""
    say = terminal.sayer(job.quiet or not place.main)
    parts = mixture.load(config.data, config.split, config.limit)
    facts = finish_facts.facts("llama", config, parts)
    if run.is_done(facts, job):
        say(f"{job.out} is there already")
        finish.push(run, job)
        return
    place.wait()  # until all processes have looked at the folder
    prepared = prepare(config, parts, say)
    model = prepared_model(config, prepared)
    say(fit(config, job, place, run, facts, prepared, model))


def prepare(config: Any, parts: list[mixture.Part], say: Callable[[str], None]) -> Prepared:
    """Tokenizer and rows, and all that is looked at before the first step.

    Raises UsageError where answers would be cut off or targets do not survive the tokenizer.
    """
    records = records_of(parts)
    base = load.fetch(config.model) if config.model else None
    shape = load.shape(base, True) if base else None
    tokenizer = load.load_tokenizer(base, True) if base else scratch.make_tokenizer(records, config.from_scratch, True)
    known = len(tokenizer)
    blanks = finish_rows.blanks(tokenizer, records, config.target, config.line_break)
    add_blanks(tokenizer, targets.blank_tokens(blanks))

    def texts(record: Record) -> tuple[str, str]:
        target = targets.text(record, config.target, blanks)
        prompt, target = encoding.broken(record.prompt, config.line_break), encoding.broken(target, config.line_break)
        return prompt, encoding.continued(prompt, target)

    def cut(row: encoding.Encoded) -> encoding.Encoded:
        return encoding.cut_joined(row, config.max_length)

    def encoded(record: Record) -> encoding.Encoded:
        return encoding.encode_joined(tokenizer, *texts(record))

    limits = f"--max-length {room(shape)}"
    checks.check_longest(records, encoded, cut, config, room(shape), limits)
    rows = [encoded(record) for record in records]
    if not config.lossy:
        checks.check_round_trip(tokenizer, rows, [texts(record)[1] for record in records], records)
    found = checks.lengths(rows, [cut(row) for row in rows], joined=True)
    if config.drop_long:
        parts, records, rows = without_long(parts, rows, cut)
    else:
        checks.check_lengths(found, "--max-length", config.max_length)
    rows = [cut(row) for row in rows]
    held = records_of(mixture.load_where_there(config.data, config.validation_split, config.eval_rows))
    held_rows = [cut(encoded(record)) for record in held]
    checks.check_room(config.model, rows, room(shape), limits)
    say(found.line())
    say(checks.preview(tokenizer, rows[0]))
    return Prepared(tokenizer, range(known, len(tokenizer)), blanks, parts, records, rows, held_rows, texts(records[0]))


def prepared_model(config: Any, prepared: Prepared) -> Any:
    """The model before its first step, with an embedding for each token."""
    from transformers import set_seed

    set_seed(config.seed)
    if config.model:
        model = load.load_model(load.fetch(config.model), True, config.qlora)
    else:
        model = scratch.make_model(prepared.tokenizer, config.from_scratch, True, config.max_length)
    fit_embedding(model, prepared.tokenizer)
    return with_lora(model, config.lora, True, prepared.new_tokens) if config.lora else model


def fit(
    config: Any, job: Job, place: "loop.Place", run: Run, facts: dict[str, Any], prepared: Prepared, model: Any
) -> str:
    """Train the model, save it, and write down what it came to, which is answered in one line."""
    from transformers import PrinterCallback, Trainer

    from synth.training import loop

    order = Order(
        tokens=[len(row.input_ids) for row in prepared.rows],
        lengths=[(len(row.input_ids), 0) for row in prepared.rows],
        sizes=[len(part.records) for part in prepared.parts], weights=[part.weight for part in prepared.parts],
        batch=config.batch_size * config.accumulate * place.processes, seed=config.seed, grouped=config.group,
    )  # fmt: skip
    steps = finish.steps(config, order)
    run.begin(facts, job.resume)
    place.wait()
    data = loop.EpochRows(prepared.rows, order)
    collate = encoding.joined_batch(prepared.tokenizer.pad_token_id)
    loss = loop.token_loss(shift=True)
    evaluation = loop.Evaluation(prepared.held, collate, loss, config.batch_size, place)
    diary = loop.Diary(run, data, steps, config, evaluation, job.quiet)
    trainer = Trainer(
        model=model, args=arguments(config, place, run, steps), processing_class=prepared.tokenizer,
        train_dataset=data, data_collator=collate, compute_loss_func=loss, callbacks=[diary],
    )  # fmt: skip
    trainer.remove_callback(PrinterCallback)
    diary.tell = trainer.log
    with loop.guarded(run, trainer, prepared.records, order):
        trainer.train(resume_from_checkpoint=loop.checkpoint(run, job.resume))
        diary.evaluate(trainer.model, trainer.state)
        trained = finish.settle_model(trainer, prepared.tokenizer, longest=config.max_length)
        finish.save(run, trainer, trained, prepared.tokenizer)
    done = trainer.state.global_step
    finish.complete(run, job, facts, finish.Outcome(order, steps, done, diary, trained, prepared))
    place.wait()
    return f"{job.out}: {done:,} steps, loss {diary.loss:.4f}{diary.held}"


def arguments(config: Any, place: "loop.Place", run: Run, steps: int) -> Any:
    """The settings in the library's words; rows come in the order of training/order.py: a sequential sampler."""
    from transformers import TrainingArguments

    return TrainingArguments(
        output_dir=str(run.checkpoints), max_steps=steps, seed=config.seed, learning_rate=config.lr,
        lr_scheduler_type=config.schedule, warmup_steps=int(config.warmup * steps), weight_decay=config.weight_decay,
        per_device_train_batch_size=config.batch_size,
        gradient_accumulation_steps=config.accumulate, activation_checkpointing=config.gradient_checkpointing,
        train_sampling_strategy="sequential", remove_unused_columns=False,
        bf16=place.bf16(config.bf16), use_cpu=not place.cuda, dataloader_pin_memory=place.cuda,
        logging_steps=config.log_steps, logging_first_step=True, logging_nan_inf_filter=False, disable_tqdm=True,
        save_strategy="steps", save_steps=config.save_steps, save_total_limit=config.keep_checkpoints,
        report_to=config.report_to, **finish.sharding(config, place.processes),
    )  # fmt: skip
