"""What every run hangs into the training loop of transformers: order of rows, log, progress, stops.

Imports torch and transformers; to be imported inside the functions that train.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from accelerate import PartialState
from accelerate.utils import gather_object, reduce
from safetensors import SafetensorError
from torch.utils.data import Dataset
from transformers import TrainerCallback

from synth.base.loops import terminable
from synth.base.terminal import StepLine
from synth.errors import FolderError, TrainingError
from synth.record import Record
from synth.training.encoding import IGNORED, Encoded, nothing_learned
from synth.training.folder import Run
from synth.training.loss import NotFiniteError
from synth.training.order import Order
from synth.training.settings import Settled

UNWRITTEN = ("inline_container", "iostream", "PytorchStreamWriter")  # in what torch.save says when a disk is full


@dataclass(frozen=True)
class Place:
    """The machine as this process sees it."""

    rank: int
    processes: int
    cuda: bool
    machines: int = 1

    @property
    def main(self) -> bool:
        return self.rank == 0

    def wait(self) -> None:
        if self.processes > 1:
            PartialState().wait_for_everyone()

    def gathered(self, here: Any) -> list[Any]:
        """What all processes have of something, by rank."""
        found: list[Any] = gather_object([here]) if self.processes > 1 else [here]
        return found

    def named(self, rank: int) -> str:
        """A process of the run as a person knows it."""
        return f"machine {rank * self.machines // self.processes}" if self.machines > 1 else f"process {rank}"

    def anywhere(self, here: bool) -> bool:
        """Whether it is so in any process: all have to stop at the same step."""
        if self.processes == 1:
            return here
        device = "cuda" if self.cuda else "cpu"
        return bool(reduce(torch.tensor([float(here)], device=device), "sum").item())

    def bf16(self, asked: bool | None) -> bool:
        """Whether to compute in bfloat16: as asked for, else on GPUs that have it."""
        if asked is not None:
            return asked
        return self.cuda and torch.cuda.is_bf16_supported()


def place() -> Place:
    """Find out where this process runs; under torchrun it joins the others."""
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", torch.get_num_threads())))
    cuda = torch.cuda.is_available()
    state = PartialState(cpu=not cuda)
    here = int(os.environ.get("LOCAL_WORLD_SIZE", state.num_processes))
    return Place(state.process_index, state.num_processes, cuda, state.num_processes // here)


class EpochRows(Dataset[Encoded]):
    """The rows in the order of an epoch; read from front to back, by as many processes as there are.

    together: rows that all processes take at once. An epoch that ends with fewer goes on with rows of which nothing is
    learned; accelerate would have the processes that are left without a batch learn from the first rows again.
    """

    def __init__(self, rows: Sequence[Encoded], order: Order, together: int = 1) -> None:
        self.rows, self.order, self.together, self.epoch = rows, order, together, 0

    def __len__(self) -> int:
        return -(-self.order.rows // self.together) * self.together

    def __getitem__(self, index: int) -> Encoded:
        order = self.order.epoch(self.epoch)
        return self.rows[order[index]] if index < len(order) else nothing_learned(self.rows[order[-1]])


@dataclass(frozen=True)
class Evaluation:
    """The loss over held rows: cross entropy of all their tokens together, whatever the batches and processes."""

    rows: Sequence[Encoded]
    collate: Callable[[Sequence[Encoded]], dict[str, Any]]
    loss: Callable[..., torch.Tensor]
    batch: int
    place: Place

    @cached_property
    def _order(self) -> list[int]:
        """The rows by length, so that those of a batch are alike."""
        lengths = [(len(row.labels), len(row.input_ids)) for row in self.rows]
        return sorted(range(len(lengths)), key=lengths.__getitem__)

    @torch.no_grad()
    def __call__(self, model: Any) -> float:
        order = self._order
        device = next(model.parameters()).device
        total = torch.zeros(2, dtype=torch.float64, device=device)
        model.eval()
        for start in range(0, len(order), self.batch * self.place.processes):
            at = start + self.place.rank * self.batch
            mine = [self.rows[index] for index in order[at : at + self.batch]]
            batch = {name: ids.to(device) for name, ids in self.collate(mine or [self.rows[order[0]]]).items()}
            labels = batch.pop("labels")
            loss = self.loss(model(**batch), labels, num_items_in_batch=1)  # every process computes, as FSDP demands
            if mine:
                total += torch.stack([loss, (labels != IGNORED).sum()]).to(total)
        model.train()
        loss, tokens = reduce(total, "sum").tolist()
        return float(loss / tokens)


class Diary(TrainerCallback):
    """Keeps log and clock of a run, tells the data which epoch it is, marks checkpoints, evaluates, stops in time."""

    def __init__(
        self, run: Run, data: EpochRows, steps: int, config: Settled, evaluation: Evaluation, quiet: bool
    ) -> None:
        self.run, self.data, self.config, self.evaluation = run, data, config, evaluation
        last = run.last()
        self._steps = steps
        self._before = (last.seconds, last.cpu_seconds) if last else (0.0, 0.0)
        self._started = (time.monotonic(), time.process_time())
        self._logged = (time.monotonic(), data.order.seen(last.step if last else 0)[1])
        self._line = StepLine(steps, quiet or not run.main)
        # of a run that was killed after its last step there is nothing left to log
        self.loss: float = next((line["loss"] for line in reversed(run.log()) if "loss" in line), float("nan"))
        self.eval_loss: float | None = None
        self.evaluated_at: int | None = None
        self.tell: Callable[[dict[str, float]], None] = _nobody  # whoever else is told the loss of evaluations
        self.more: Callable[[], dict[str, float]] = dict  # what else a line of the log says

    @property
    def held(self) -> str:
        """The loss on held rows, as the end of a line; nothing if there are none."""
        return "" if self.eval_loss is None else f", {self.eval_loss:.4f} on the validation split"

    @property
    def seconds(self) -> float:
        return self._before[0] + time.monotonic() - self._started[0]

    @property
    def cpu_seconds(self) -> float:
        return self._before[1] + time.process_time() - self._started[1]

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        self.data.epoch = state.global_step // self.data.order.steps

    def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        every, longest = self.config.eval_steps, self.config.max_seconds
        if every and state.global_step % every == 0:
            log = control.should_log  # telling of the evaluation would put it out
            self.evaluate(more["model"], state)
            control.should_log = log
        if longest is not None and self.evaluation.place.anywhere(self.seconds >= longest):
            control.should_training_stop = control.should_save = True
        if control.should_training_stop or state.global_step == self._steps:
            control.should_log = True  # the last loss, whatever --log-steps

    def evaluate(self, model: Any, state: Any) -> None:
        """Evaluate on the held rows, if there are any and it was not done at this step."""
        if self.evaluation.rows and self.evaluated_at != state.global_step:
            self.eval_loss, self.evaluated_at = self.evaluation(model), state.global_step
            self.run.add_to_log({"step": state.global_step, "epoch": state.epoch, "eval_loss": self.eval_loss})
            self.tell({"eval_loss": self.eval_loss})

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **more: Any) -> None:
        if "loss" in logs:
            self._log(state, logs)

    def _log(self, state: Any, logs: Any) -> None:
        examples, tokens = self.data.order.seen(state.global_step)
        now = time.monotonic()
        speed = (tokens - self._logged[1]) / max(now - self._logged[0], 1e-9)
        self._logged = (now, tokens)
        self.loss = logs["loss"]
        self.run.add_to_log({
            "step": state.global_step, "epoch": state.epoch, "examples": examples, "tokens": tokens,
            "loss": self.loss, "learning_rate": logs["learning_rate"],
            "tokens_per_second": round(speed), "seconds": round(self.seconds, 3), **self.more(),
        })  # fmt: skip
        self._line.show(state.global_step, f"loss {self.loss:.4f}, {speed:,.0f} tokens/s")

    def on_save(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        self.run.mark(state.global_step, self.seconds, self.cpu_seconds)


def _nobody(logs: dict[str, float]) -> None:
    pass


@contextmanager
def guarded(run: Run, trainer: Any, records: Sequence[Record], order: Order) -> Iterator[None]:
    """Make one line of what can go wrong in the loop.

    Raises TrainingError for a loss that is not finite, FolderError if a checkpoint cannot be written.
    """
    try:
        with terminable(alone=run.main and trainer.args.world_size == 1):  # of several processes torchrun ends all
            yield
    except NotFiniteError as error:
        step = trainer.state.global_step
        rows = [records[index].id for index in order.at(step)]
        more = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
        raise TrainingError(
            f"the loss is not a number at step {step + 1}, with the rows {', '.join(rows[:3])}{more}: {run.kept}; "
            "try a lower --lr, more --warmup, or --no-bf16"
        ) from error
    except OSError as error:
        run.drop_broken()
        raise FolderError.from_os(error, f"a checkpoint cannot be written to {run.folder} ({run.kept})") from error
    except (SafetensorError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not any(sign in str(error) for sign in UNWRITTEN):
            raise
        run.drop_broken()
        raise FolderError(
            f"a checkpoint cannot be written to {run.folder} ({run.kept}): the disk is full, or a "
            "file may not be that large; free some space and continue with --resume"
        ) from error
    except KeyboardInterrupt as error:
        if not run.main:
            raise SystemExit(130) from error  # the first process says it for all
        raise TrainingError(f"interrupted at step {trainer.state.global_step}: {run.kept}", 130) from error


def checkpoint(run: Run, resume: bool) -> str | None:
    """The checkpoint that a resumed run continues from; None if it has none."""
    last = run.last() if resume else None
    return str(last.folder) if last else None
