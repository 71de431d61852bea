"""Work on the machines of a Ray cluster: each item is a task of Ray's, which goes to a machine that has a CPU for it.

Rows do not go through Ray. Workers read and write files in folders that all machines see; what they tell of an item is
small, or goes through such a file as well (`by_files`). A task whose process or machine dies is begun again elsewhere,
a few times; one that raises an exception is not.

Before the first task every machine says which versions it has and whether it sees the folder, and so does every worker
before its first: machines may come later.
"""

import os
import pickle
import secrets
import shutil
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from types import TracebackType
from typing import Any, Generic, TypeVar
from uuid import uuid4

from synth.base.files import hold
from synth.base.stores import environment, is_stored
from synth.errors import ClusterError, FolderError, MissingExtraError, UsageError, first_line

R = TypeVar("R")
FOLDER = ".synth-ray"  # in the folder that all machines see: of one run, gone behind it
TOKEN = "token"
ADDRESS = "RAY_ADDRESS"
AGAIN = 3  # times that a task is begun again when its process or machine dies
REACH = 10.0  # seconds within which a cluster must take a connection
AHEAD = 4  # tasks for each CPU that are given out: none waits for one that has to be begun again
STORE = 100 << 20  # bytes of Ray's store of objects, of which we need next to nothing; its least is 75 MiB
DEATHS = "worker died or was killed|retries remaining|node with node id|Raylet is terminated"  # nothing to be told of
DECIDE = ("rationale-synth", "numpy", "orjson", "pyarrow", "ray")  # beside Python: versions that decide bytes


@dataclass(frozen=True)
class Run:
    """What every worker has to know."""

    folder: Path
    token: str  # what stands in its file TOKEN
    typed_in: Path  # where relative paths begin
    versions: tuple[tuple[str, str], ...]
    by_files: bool
    stores: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # variables with keys, if files go to a store


def versions() -> tuple[tuple[str, str], ...]:
    """Name and version of what decides bytes, in this process."""
    return ("python", python_version()), *((name, version(name)) for name in DECIDE)


class Cluster:
    """The cluster that RAY_ADDRESS names, or else one on this machine, which ends with the run.

    Use as a context manager. cpus: of a cluster on this machine. folder: all machines must see it; it is made if it is
    missing. by_files: results go through files in it. Raises MissingExtraError without Ray, UsageError for an address
    that cannot be, ClusterError if there is no cluster, or its machines do not fit together, FolderError if another
    run works in the folder.
    """

    def __init__(self, cpus: int | None, folder: Path, by_files: bool = False) -> None:
        self._cpus, self._by_files = cpus, by_files
        self._folder = folder.absolute()
        self._exit = ExitStack()
        self._tasks: set[_Task[Any]] = set()
        self._sent: tuple[Any, Any] = None, None  # the last function, and where Ray keeps it
        self.workers = 0  # items to have in work at a time

    def __enter__(self) -> "Cluster":
        with ExitStack() as opened:
            self._ray = load_ray()
            folder, token = opened.enter_context(_folder_of_run(self._folder))
            opened.enter_context(_connected(self._ray, self._cpus))
            opened.callback(self._cancel)
            keys = environment() if is_stored(self._folder) else ()
            self._run = Run(folder, token, Path.cwd(), versions(), self._by_files, keys)
            nodes = [node for node in self._ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]
            _refuse(self._ray, nodes, self._run)
            self.workers = AHEAD * sum(int(node["Resources"]["CPU"]) for node in nodes)
            options = {"max_retries": AGAIN, "retry_exceptions": False, "scheduling_strategy": "SPREAD"}
            self._work = self._ray.remote(**options)(_work)
            self._exit = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    def submit(self, work: Callable[..., R], /, *items: Any) -> "_Task[R]":
        """Begin a task."""
        if self._sent[0] is not work:  # what an item's work needs to know goes to each machine once
            self._sent = work, self._ray.put(work)
        task = _Task[R](self, self._work.remote(self._run, self._sent[1], *items))
        self._tasks.add(task)
        return task

    def wait(self, task: "_Task[R]") -> R:
        """What came of a task. Raises what it raised, ClusterError if its process died again and again."""
        errors = self._ray.exceptions
        try:
            found = self._ray.get(task.ref)
        except errors.RayTaskError as error:
            if isinstance(error.cause, errors.RayError):  # it did not come to work
                raise ClusterError(f"a machine of the cluster: {first_line(error.cause)}") from error
            raise error.cause from None
        except errors.RayError as error:
            raise ClusterError(
                f"a worker or its machine died {AGAIN + 1} times: {first_line(error)} (what is done stays: the same "
                "command goes on)"
            ) from error
        finally:
            self._tasks.discard(task)
        return _read(self._run.folder / found) if self._by_files else found  # type: ignore[no-any-return]

    def _cancel(self) -> None:
        """End what is still being worked on."""
        for task in self._tasks:
            self._ray.cancel(task.ref, force=True)


class _Task(Generic[R]):
    def __init__(self, cluster: Cluster, ref: Any) -> None:
        self.ref, self._cluster = ref, cluster

    def result(self) -> R:
        return self._cluster.wait(self)

    def cancel(self) -> bool:
        return False  # it is ended with its cluster


def load_ray() -> Any:
    """Ray, told to be quiet: it reads its environment when it is imported.

    Raises UsageError for an address that cannot be, MissingExtraError without Ray.
    """
    address = os.environ.get(ADDRESS, "")
    if address.startswith("ray://"):
        raise UsageError(
            f"{ADDRESS}={address}: through Ray Client this program is not on a machine of the cluster, and sees "
            f"none of its files: run it on one of them, with {ADDRESS}=HOST:6379"
        )
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", DEATHS)
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("--on ray", "ray") from error
    return ray


@contextmanager
def _connected(ray: Any, cpus: int | None) -> Iterator[None]:
    """In touch with a cluster, if this process is not already."""
    address = os.environ.get(ADDRESS)
    if cpus is not None and (address or ray.is_initialized()):
        raise UsageError("--workers: the cluster has CPUs of its own, and all of them are used: leave it out")
    if ray.is_initialized():
        yield
        return
    where, advice = "a cluster on this machine", "try again, or --on local"
    if address:
        where, advice = f"{ADDRESS}={address}", f"start it, or unset {ADDRESS} for one on this machine"
    try:
        _reach(address or "")
        with _sigterm_kept():
            ray.init(log_to_driver=False, logging_level="ERROR", **({"address": address} if address else _own(cpus)))
    except Exception as error:  # Ray's own, some of them of no other kind
        raise ClusterError(f"{where}: {first_line(error)}: {advice}") from error
    try:
        yield
    finally:
        ray.shutdown()


def _reach(address: str) -> None:
    """Raises OSError if nobody is there: Ray itself asks for minutes."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), REACH).close()


def _own(cpus: int | None) -> dict[str, Any]:
    """A cluster of our own, in which workers are as important as we are. Its secret is in the environment: else Ray
    leaves one in a file that everybody on the machine can read."""
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    settings = {"worker_niceness": 0}
    return {"address": "local", "num_cpus": cpus, "include_dashboard": False, "object_store_memory": STORE,
            "_system_config": settings}  # fmt: skip


@contextmanager
def _sigterm_kept() -> Iterator[None]:
    """Ray takes the signal for itself: it is given back."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


@contextmanager
def _folder_of_run(parent: Path) -> Iterator[tuple[Path, str]]:
    """A folder of this run alone in one that all machines see, and what stands in its token."""
    folder, made, token = parent / FOLDER, not parent.exists(), secrets.token_hex(16)
    with ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            held.enter_context(hold(folder, "wait for it"))
            for left in folder.iterdir():  # of a run that was killed
                left.unlink()
            (folder / TOKEN).write_text(token)
        except OSError as error:
            raise FolderError.from_os(error, f"cannot write to {parent}") from error
        try:
            yield folder, token
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            if made and not any(parent.iterdir()):
                parent.rmdir()


def _refuse(ray: Any, nodes: list[dict[str, Any]], run: Run) -> None:
    """Have every machine say whether it can work on this run. Raises ClusterError with what the first one cannot."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    if not nodes:
        raise ClusterError("the cluster has no machine with a CPU: start one with ray start --address HOST:6379")
    ask = ray.remote(num_cpus=0)(_wrong)
    places = [NodeAffinitySchedulingStrategy(node["NodeID"], soft=False) for node in nodes]
    try:
        said = ray.get([ask.options(scheduling_strategy=place).remote(run) for place in places])
    except ray.exceptions.RayError as error:
        raise ClusterError(f"a machine of the cluster does not answer ({first_line(error)}): try again") from error
    if wrong := next(filter(None, said), ""):
        raise ClusterError(wrong)


def _wrong(run: Run) -> str:
    """On a machine of the cluster: why it cannot work on a run; "" if it can."""
    import ray

    node = f"node {ray.util.get_node_ip_address()}"
    for (name, due), (_, has) in zip(run.versions, versions(), strict=True):
        if has != due:
            return f"{node} has {name} {has}, here it is {due}: bytes would differ, install the same on all machines"
    if not run.typed_in.is_dir():
        return f"{node} has no folder {run.typed_in}: type the command in a folder that all machines have"
    try:
        seen = (run.folder / TOKEN).read_text()
    except OSError:
        seen = ""
    if seen != run.token:
        return f"{run.folder.parent} is not shared, {node} does not see it: give a folder that all machines see"
    return ""


@lru_cache(maxsize=1)
def _join(run: Run) -> None:
    """In a worker, before its first task of a run."""
    if wrong := _wrong(run):
        raise ClusterError(wrong)
    os.chdir(run.typed_in)
    os.environ.update(run.stores)


def _work(run: Run, work: Callable[..., Any], *items: Any) -> Any:
    """In a worker: work on an item; what is told of it, or the name of a file with that."""
    _join(run)
    found = work(*items)
    if not run.by_files:
        return found
    path = run.folder / uuid4().hex
    with path.open("wb") as file:
        pickle.dump(found, file, protocol=pickle.HIGHEST_PROTOCOL)
    return path.name


def _read(path: Path) -> Any:
    with path.open("rb") as file:
        found = pickle.load(file)  # nobody else may write there
    path.unlink()
    return found
