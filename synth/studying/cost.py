"""What a study takes before it has begun: teacher tokens and dollars, hours of GPUs and cores, disk."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from itertools import islice
from pathlib import Path
from typing import Any

from synth.data import builder
from synth.data.reading import read
from synth.distilling.estimate import GUESS_ATTEMPTS, GUESS_THOUGHT
from synth.distilling.job import Job, count_questions, job_from
from synth.distilling.settle import Distiller
from synth.errors import SynthError
from synth.importing.build import is_task
from synth.models.tokens import counter
from synth.record import Record
from synth.studying import assumed
from synth.studying.plan import At, Stage
from synth.teachers.given import teacher_from
from synth.teachers.meter import Meter
from synth.training import trainer

SAMPLED = 50  # rows whose tokens are counted


@dataclass
class Cost:
    """What some stages take; of several the sum."""

    prompt_tokens: float = 0.0  # of a teacher
    completion_tokens: float = 0.0
    dollars: float = 0.0
    gpu_hours: float = 0.0
    core_hours: float = 0.0
    disk: float = 0.0  # bytes
    notes: list[str] = field(default_factory=list)  # what is not known, each once

    def __add__(self, other: "Cost") -> "Cost":
        summed = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self) if f.name != "notes"}
        return Cost(**summed, notes=list(dict.fromkeys([*self.notes, *other.notes])))


@dataclass(frozen=True)
class Rows:
    """Rows of a dataset that is there, or of one that will be."""

    count: float
    tokens: float | None  # of prompt and target in the mean; None if nothing is known
    answer_tokens: float | None = None  # of the prompt and an answer alone


def cost(stages: Sequence[Stage], out: Path) -> Cost:
    """What stages take that are not done. Raises nothing: what cannot be told is a note."""
    total = Cost()
    for stage in stages:
        try:
            total += OF[stage.verb](stage, out)
        except SynthError as error:
            total += Cost(notes=[f"{stage.folder}: {error}"])
    return total


def of_data(stage: Stage, out: Path) -> Cost:
    """Rows that are built or imported cost no more than the disk they take."""
    rows = rows_of(stage, out)
    return Cost(disk=rows.count * assumed.ROW_BYTES)


def of_distill(stage: Stage, out: Path) -> Cost:
    """Attempts at the questions that the rows need, each with the prompt of the task's made-up question."""
    job = job_from(stage.settings(out))
    rows, notes = distilled_rows(job)
    questions = rows / max(1, job.plan.per_question)
    attempts = questions * min(GUESS_ATTEMPTS * job.plan.per_question, job.plan.most_attempts())
    prompt = attempts * prompt_tokens(job)
    reply = min(assumed.REPLY_TOKENS + GUESS_THOUGHT * job.teacher.reasons, job.plan.max_tokens)
    dollars = job.teacher.cost(prompt, attempts * reply)
    if dollars is None:
        notes.append(f"the price of {job.teacher.name} is not known: it counts as nothing")
    disk = rows * assumed.ROW_BYTES + attempts * 2 * assumed.ROW_BYTES  # rows; attempts, and the store of requests
    return Cost(prompt, attempts * reply, (dollars or 0.0) * job.discount, disk=disk, notes=notes)


def of_judge(stage: Stage, out: Path) -> Cost:
    """One request a row and vote."""
    asked = stage.settings(out)
    if asked.teacher is None:
        return Cost()
    teacher = teacher_from(asked.teacher, asked)
    judged = stage.given["folder"]
    rows = rows_of(judged.stage, out).count if isinstance(judged, At) else assumed.TRAIN_ROWS
    requests = min(rows, asked.sample or rows) * asked.votes
    prompt, reply = requests * (assumed.JUDGED_TOKENS + assumed.ROW_TOKENS), requests * assumed.REPLY_TOKENS
    return Cost(prompt, reply, teacher.cost(prompt, reply) or 0.0)


def of_attribution(stage: Stage, out: Path) -> Cost:
    """One request an error and vote: so many as are sampled, or a share of the questions."""
    asked, evaluated = stage.settings(out), stage.given["folder"].stage.given
    data, split = evaluated["data"], str(evaluated.get("split", "test"))
    rows = rows_of(data.stage, out, split).count if isinstance(data, At) else assumed.TEST_ROWS
    errors = rows * assumed.WRONG
    requests = min(errors, asked.sample or errors) * asked.votes
    prompt, reply = requests * (assumed.JUDGED_TOKENS + assumed.ROW_TOKENS), requests * assumed.REPLY_TOKENS
    return Cost(prompt, reply, teacher_from(asked.teacher, asked).cost(prompt, reply) or 0.0)


def of_train(stage: Stage, out: Path) -> Cost:
    """6 FLOPs a parameter and token; the weights, and checkpoints if they are kept."""
    config = trainer.find(str(stage.given["name"])).settled(stage.settings(out))
    size = assumed.parameters({"model": config.model, "from_scratch": config.from_scratch})
    if size is None:
        return Cost(notes=[f"the size of {config.model} is not known: training and asking it count as nothing"])
    flops = 6 * size * trained_tokens(config, stage, out)
    kept = config.keep_checkpoints if "keep_checkpoints" in stage.given else 0  # else they go when the run is done
    disk = size * ((2 if config.bf16 else 4) + kept * 12)  # a checkpoint has the weights and two moments
    if size <= assumed.SMALL:
        return Cost(core_hours=(flops / assumed.CORE + assumed.START) / 3600, disk=disk)
    return Cost(gpu_hours=flops / (assumed.PEAK * assumed.USED) / 3600, disk=disk)


def trained_tokens(config: Any, stage: Stage, out: Path) -> float:
    """Tokens that a training goes through, prompts and targets."""
    if config.max_tokens:
        return float(config.max_tokens)
    parts = [rows_of(part.stage, out) for part in stage.given["data"] if isinstance(part, At)]
    parts = parts or [Rows(assumed.TRAIN_ROWS, None)]
    each = [row_tokens(part, config.target) for part in parts]
    if config.max_steps:
        rows = config.max_steps * config.batch_size * config.accumulate * config.processes
        return float(rows * max(each))
    seen = [min(part.count, config.limit or part.count) for part in parts]
    return float(config.epochs) * sum(count * tokens for count, tokens in zip(seen, each, strict=True))


def row_tokens(rows: Rows, target: str) -> float:
    if target == "answer":
        return rows.answer_tokens or assumed.ANSWER_TOKENS
    return rows.tokens or assumed.ROW_TOKENS


def of_eval(stage: Stage, out: Path) -> Cost:
    """Outputs, with a rationale unless answers alone were learned or are asked for."""
    asked, run = stage.settings(out), stage.given["model"]
    named = run.stage.given if isinstance(run, At) else {"model": run}
    size = assumed.parameters(named)
    if size is None or str(asked.model).startswith("http") or asked.model == "attempts":
        return Cost()
    short = named.get("target") == "answer" or asked.prompting == "direct"
    data = stage.given["data"]
    rows = rows_of(data.stage, out, asked.split) if isinstance(data, At) else Rows(assumed.TEST_ROWS, None)
    outputs = min(rows.count, asked.limit or rows.count) * asked.samples
    return writing(size, outputs, short, rows)


def of_difficulty(stage: Stage, out: Path) -> Cost:
    """Rationales of a base model, by default 100 questions of 10."""
    asked = stage.settings(out)
    size = assumed.parameters({"model": asked.model})
    if size is None or str(asked.model).startswith("http"):
        return Cost()
    return writing(size, (asked.questions or 100) * asked.samples, False, Rows(100, None))


def writing(size: float, outputs: float, short: bool, rows: Rows) -> Cost:
    """The time that outputs take, by the size of the model."""
    written = 5.0 if short else max(5.0, (rows.tokens or assumed.ROW_TOKENS) - (rows.answer_tokens or 60))
    if size <= assumed.SMALL:
        return Cost(core_hours=(outputs * written / assumed.CORE_TOKENS + assumed.START) / 3600)
    seconds = assumed.SECONDS_WITHOUT if short else assumed.SECONDS_WITH
    return Cost(gpu_hours=outputs * seconds / assumed.OUTPUTS * size / assumed.SEVEN / 3600)


OF: dict[str, Callable[[Stage, Path], Cost]] = {
    "build": of_data, "import": of_data, "distill": of_distill, "judge": of_judge, "train": of_train, "eval": of_eval,
    "attribution": of_attribution, "difficulty": of_difficulty, "report": lambda stage, out: Cost(),
}  # fmt: skip


# Rows of a stage, which may not be there yet


def rows_of(stage: Stage, out: Path, split: str = "train") -> Rows:
    """How many rows a dataset has, or will have, and how long they are."""
    if (out / stage.folder / f"{split}.jsonl").is_file():
        every = list(read(out / stage.folder, split))
        return Rows(len(every), *_lengths(every[:SAMPLED]))
    if stage.verb == "build" and not is_task(str(stage.given["name"])):
        return _built(stage, out, split)
    if stage.verb == "distill":
        return Rows(distilled_rows(job_from(stage.settings(out)))[0], None)
    return Rows(float(stage.given.get("limit") or assumed.TEST_ROWS), None)


def _built(stage: Stage, out: Path, split: str) -> Rows:
    """Rows of a program: a few are drawn and counted."""
    made, config = builder.find(str(stage.given["name"])), stage.settings(out)
    count = made.splits(config).get(split)
    if not made.drawn:
        return Rows(float(count or assumed.TEST_ROWS), None)
    variant = next(iter(made.variants(config).values()))
    drawn = made.records(variant, split, int(stage.given.get("seed", 0)), range(SAMPLED))
    return Rows(float(count or 0), *_lengths([row for row in islice(drawn, SAMPLED) if isinstance(row, Record)]))


def _lengths(rows: Sequence[Record]) -> tuple[float | None, float | None]:
    """Tokens of prompt and completion, and of prompt and answer, in the mean."""
    if not rows:
        return None, None
    count = counter(None)
    prompts = sum(count(row.prompt) for row in rows)
    whole, answers = sum(count(row.completion) for row in rows), sum(count(str(row.answer)) for row in rows)
    return (prompts + whole) / len(rows), (prompts + answers) / len(rows) + 4


def distilled_rows(job: Job) -> tuple[float, list[str]]:
    """Rows that a distillation will have, and a note if that is a guess."""
    asked = job.asked
    if asked.target_rows is not None:
        return float(asked.target_rows * max(1, len(asked.split))), []
    if asked.sample or asked.limit:
        return float(asked.sample or asked.limit or 0) * asked.per_question, []
    if Path(asked.source).exists():
        return float(count_questions(job)) * asked.per_question, []
    rows = assumed.TRAIN_ROWS
    return float(rows), [f"questions of {asked.source} are not here: {rows:,} are assumed where no limit is given"]


def prompt_tokens(job: Job) -> float:
    """Prompt tokens of one attempt at the task's made-up question."""
    if job.task.example is None:
        return float(assumed.ANSWER_TOKENS)

    async def nobody(request: Any) -> Any:
        raise NotImplementedError

    request = Distiller(job.task, job.teacher, job.plan, nobody, job.shots).request(job.task.example, 1)
    return float(Meter(job.teacher).prompt_estimate(request))
