"""Where work is done: in this process, in processes of this machine, or on the machines of a Ray cluster."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Literal

from synth.workers.cluster import Cluster
from synth.workers.local import Workers, pool

On = Literal["local", "ray"]
Where = AbstractContextManager[tuple[Workers | None, int]]
HELP = "where: processes of this machine, or the machines of a Ray cluster (docs/scale.md)"


@contextmanager
def workers_on(
    on: On, workers: int, asked: int | None, folder: Path, by_files: bool = False
) -> Iterator[tuple[Workers | None, int]]:
    """Who works, None for this process, and how much `ordered` (local.py) keeps in work.

    workers: processes of this machine. asked: as the user gave it, CPUs of a cluster on this machine. folder: what all
    machines of a cluster must see. by_files: what is told of an item is large, and goes through files in it. Raises
    what Cluster does.
    """
    if on == "ray":
        with Cluster(asked, folder, by_files) as cluster:
            yield cluster, cluster.workers
    else:
        with pool(workers) as executor:
            yield executor, workers
