"""Stages as processes: the commands anyone would type, each with its share of the machine, stopped in good order."""

import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from synth.base.files import take
from synth.workers.local import cores

GPUS = Path("/proc/driver/nvidia/gpus")
LOOK = 0.3  # seconds between two looks whether a process has ended


def gpus() -> list[str]:
    """The numbers of the GPUs that stages may be given."""
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is not None:
        return [number.strip() for number in allowed.split(",") if number.strip()]
    return [str(number) for number in range(len(list(GPUS.iterdir())))] if GPUS.is_dir() else []


class Processes:
    """The stages that run now. Stopping asks each once, as Ctrl-C does: what they have done is kept."""

    def __init__(self, jobs: int) -> None:
        self.jobs, self.gpus = jobs, gpus()
        self.stopping = False
        self._running: set[subprocess.Popen[bytes]] = set()
        self._free = list(range(jobs))
        self._lock = threading.Lock()

    def run(self, of: Callable[[], Sequence[str]], log: Path, waits: Callable[[], None]) -> int:
        """Run a command of synth, add what it says to a log, and return its exit code.

        of: gives its words, once no other process writes to the log. Stages outlive a study that is killed, so the
        next one waits for them; `waits` is called then.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as file:
            if not take(file.fileno()):
                waits()
            while not (self.stopping or take(file.fileno())):
                time.sleep(LOOK)
            words = of()
            file.write(f"$ synth {shlex.join(words)}\n".encode())
            file.flush()
            with self._lock:
                if self.stopping:
                    return 130
                slot = self._free.pop(0)
                process = subprocess.Popen(
                    [sys.executable, "-m", "synth", *words], stdout=file, stderr=file, stdin=subprocess.DEVNULL,
                    env=self.environment(slot), start_new_session=True,
                )  # fmt: skip
                self._running.add(process)
            code = process.wait()
        with self._lock:
            self._running.discard(process)
            self._free = sorted([*self._free, slot])
        return code

    def environment(self, slot: int) -> dict[str, str]:
        """The cores are shared out; of several GPUs each place of `jobs` has one."""
        threads = str(max(1, cores() // self.jobs))
        own = {"OMP_NUM_THREADS": threads, "TOKENIZERS_PARALLELISM": "false"}
        if self.jobs > 1 and len(self.gpus) > 1:
            own["CUDA_VISIBLE_DEVICES"] = self.gpus[slot % len(self.gpus)]
        return {**os.environ, **own}

    def stop(self) -> None:
        """Ask every stage to end, the second time more firmly; no other is begun."""
        deaf = signal.getsignal(signal.SIGINT) == signal.SIG_IGN  # as after nohup; they have inherited it
        with self._lock:
            how = signal.SIGTERM if self.stopping or deaf else signal.SIGINT
            self.stopping = True
            for process in self._running:
                process.send_signal(how)


def last_line(log: Path) -> str:
    """What a stage said last, without the name of the program."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    said = lines[-1].removeprefix("synth: ") if lines and not lines[-1].startswith("$ ") else "it said nothing"
    return said[:500]
