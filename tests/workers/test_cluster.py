"""Work on a Ray cluster of two machines, which are processes of this one.

The second one is told by files what to be: of another version, blind to the shared folder, dead.
"""

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import fields
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import stubborn
from halting import halted
from loopback_store import serving_store
from packages import install, write

from synth import registry
from synth.base.files import file_facts
from synth.building import build as building
from synth.building.build import Build
from synth.building.options import Options
from synth.building.pieces import Sizes
from synth.data.builder import find
from synth.data.manifest import damage, open_manifest
from synth.errors import ClusterError, FolderError, MissingExtraError, UnknownNameError, UsageError
from synth.judging.judge import judge
from synth.validating.validate import validate
from synth.workers import cluster as clusters
from synth.workers.cluster import Cluster, load_ray
from synth.workers.local import Spawn, start_worker

pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="pip install 'rationale-synth[ray]'")
FEW = ["--min-length", 6, "--max-length", 12, "--test-longer", 0, "--test-larger", 0]
ROWS = [*FEW, "--train", 2500, "--validation", 300, "--test", 300, "--format", "parquet", "--seed", 3]

# A machine that has another version of pyarrow, or does not see the folder of a run, if it is told so.
BLIND = """
import sys
from pathlib import Path

def look(event, found):
    if event == "open" and ".synth-ray" in str(found[0]) and Path(__file__).with_name("blind").exists():
        raise FileNotFoundError(found[0])

sys.addaudithook(look)
"""


class Two:
    """The cluster, and what its second machine is told."""

    def __init__(self, folder: Path) -> None:
        from ray.cluster_utils import Cluster as Machines

        self.folder, self.site = folder / "told", folder / "second"
        self.folder.mkdir()
        points = {"builders": {"stubborn": "stubborn"}}
        install(folder / "site", "stubborn", points, {"stubborn.py": Path(stubborn.__file__).read_text()})
        write(self.site, {"sitecustomize.py": BLIND})
        os.environ |= {"PYTHONPATH": str(folder / "site"), "STUBBORN": str(self.folder)}
        sys.path.insert(0, str(folder / "site"))
        settings = {"worker_niceness": 0, "health_check_period_ms": 500, "health_check_initial_delay_ms": 0}
        machine = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": 80 << 20}
        self.machines = Machines(initialize_head=True, head_node_args={**machine, "_system_config": settings})
        paths = os.pathsep.join(map(str, (folder / "site", self.site)))
        self.second: Any = self.machines.add_node(num_cpus=1, env_vars={"PYTHONPATH": paths, "STUBBORN_STANDS": "1"})
        os.environ["RAY_ADDRESS"] = self.machines.address

    @contextmanager
    def is_told(self, name: str, text: str = "", of_second: bool = False) -> Iterator[None]:
        path = (self.site if of_second else self.folder) / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        yield
        path.unlink(missing_ok=True)
        if path.parent not in (self.site, self.folder):
            path.parent.rmdir()

    def kill_second(self) -> None:
        self.machines.remove_node(self.second, allow_graceful=False)
        self.second = None


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """Two machines, and this process as a program that is connected to them."""
    path, before = list(sys.path), dict(os.environ)
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "of the tests " * 3}
    ray = load_ray()
    found = Two(tmp_path_factory.mktemp("cluster"))
    ray.init(address=os.environ["RAY_ADDRESS"], log_to_driver=False, logging_level="ERROR")
    yield found
    ray.shutdown()
    found.machines.shutdown()
    os.environ.clear()
    os.environ.update(before)
    sys.path[:] = path


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(2, mp_context=Spawn(), initializer=start_worker) as executor:
        yield executor


def made(name: str, folder: Path, options: Options, where: Any = None) -> dict[str, Any]:
    """The manifest of a build of small windows; where: who works, if not as the options say."""
    kind = find(name).config
    rows = {f.name: 20 for f in fields(kind) if not f.metadata["recipe"] and "int" in str(f.type)}
    build = Build(name, find(name), kind(**rows), folder, options)
    build.sizes, build.chunk = Sizes(2, 1), 8
    with pytest.MonkeyPatch.context() as patched:
        if where is not None:
            patched.setattr(building, "workers_on", lambda *_: nullcontext(where))
        build.run(lambda *_: None)
    manifest = open_manifest(folder)
    assert damage(folder, manifest) is None
    return manifest


def data(folder: Path) -> dict[str, str]:
    """The hash of each file."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): file_facts(path)["sha256"] for path in files}


@pytest.mark.parametrize("name", registry.names("builders"))
def test_the_bytes_are_the_same_wherever_they_are_made(
    name: str, tmp_path: Path, two: Two, processes: ProcessPoolExecutor
) -> None:
    folders = [tmp_path / place for place in ("here", "processes", "ray")]
    here, there = ([Options(folder, format="parquet", on=on) for folder in folders] for on in ("local", "ray"))
    found = [
        made(name, folders[0], here[0], (None, 1)),
        made(name, folders[1], here[1], (processes, 2)),
        made(name, folders[2], there[2]),
    ]
    assert found[0] == found[1] == found[2]
    assert len(found[0]["files"]) >= 4
    assert data(folders[0]) == data(folders[1]) == data(folders[2])


def test_expectations_and_verdicts_are_the_same(tmp_path: Path, two: Two) -> None:
    folder = tmp_path / "data"
    made("arithmetic", folder, Options(folder, format="parquet"), (None, 1))
    reports = []
    for on in ("local", "ray"):
        (result,) = validate(folder, on=on, workers=1 if on == "local" else None, quiet=True)
        reports.append((folder / "validation.json").read_bytes())
        assert result.success
    assert reports[0] == reports[1]
    for more in ({}, {"sample": 17}):
        said = {
            on: judge(folder, judge="steps", verdicts=tmp_path / f"{on}{len(more)}.jsonl", on=on, **more)  # type: ignore[arg-type]
            for on in ("local", "ray")
        }
        assert said["local"].verdicts == said["ray"].verdicts
        assert said["local"].tasks == said["ray"].tasks
        lines = [(tmp_path / f"{on}{len(more)}.jsonl").read_bytes() for on in ("local", "ray")]
        assert lines[0] == lines[1]
        assert len(lines[0].splitlines()) == len(said["ray"].verdicts) == (17 if more else said["ray"].rows)
    assert not (folder / ".synth-ray").exists()


def test_each_machine_sends_its_files_to_a_store_with_the_keys_of_the_command(
    synth: Callable[..., Any], tmp_path: Path, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machines of the cluster were started without keys."""
    monkeypatch.setenv("SYNTH_STORES", str(tmp_path / "stores"))
    command = ["build", "arithmetic", "--digits", 2, "--train", 40, "--validation", 8, "--test", 8, "--test-beyond", 8,
               "--format", "parquet", "--on", "ray", "--out"]  # fmt: skip
    with serving_store() as store:
        store.use(monkeypatch)
        store.refuse = lambda method, path: 403 if method == "PUT" and "/train-" in path else None
        said = synth(*command, "s3://bucket/data")
        assert (said.returncode, said.stderr.count("\n")) == (1, 1)
        assert "s3://bucket/data cannot be written to (data/train-00000-" in said.stderr
        store.refuse = lambda method, path: None
        assert synth(*command, "s3://bucket/data").returncode == 0
        assert not list((tmp_path / "stores").rglob("*.parquet"))  # what a worker has sent is not kept here
        assert synth("validate", "s3://bucket/data", "--on", "ray").returncode == 0
        assert synth(*command, "here").returncode == 0
        assert store.objects("data/")["synth.json"] == (tmp_path / "here" / "synth.json").read_bytes()
        assert "validation.json" in store.objects("data/")
        assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"a-secret" in path.read_bytes()]


def test_another_version_or_a_folder_that_is_not_seen_is_refused(tmp_path: Path, two: Two) -> None:
    folder = tmp_path / "data"
    other = "pyarrow-25.0.dist-info/METADATA"
    with two.is_told(other, "Metadata-Version: 2.1\nName: pyarrow\nVersion: 25.0\n", of_second=True):
        due = rf"^node [\d.]+ has pyarrow 25\.0, here it is {version('pyarrow')}: bytes would differ, install the same"
        with pytest.raises(ClusterError, match=due):
            made("listops", folder, Options(folder, format="parquet", on="ray"))
    with two.is_told("blind", of_second=True):
        due = r"data.* is not shared, node [\d.]+ does not see it: give a folder that all machines see$"
        with pytest.raises(ClusterError, match=due):
            made("listops", folder, Options(folder, format="parquet", on="ray"))
    assert not folder.exists()


def test_errors_of_workers_come_as_they_are(tmp_path: Path, two: Two) -> None:
    for error in (FolderError("broken"), UnknownNameError("builder", "a", ["b"]), MissingExtraError("that", "ray")):
        with Cluster(None, tmp_path) as cluster, pytest.raises(type(error)) as caught:
            cluster.submit(stubborn.raises, error).result()
        assert str(caught.value) == str(error)
        assert caught.value.exit_code == error.exit_code


def test_a_worker_that_kills_itself_costs_its_piece_alone(synth: Callable[..., Any], tmp_path: Path, two: Two) -> None:
    assert synth("build", "stubborn", *ROWS, "--out", "whole", "--workers", 1).returncode == 0
    with two.is_told("die"):
        done = synth("build", "stubborn", *ROWS, "--out", "killed", "--on", "ray")
        assert (done.returncode, done.stderr) == (0, "")
        assert not (two.folder / "die").exists()
    assert data(tmp_path / "killed") == data(tmp_path / "whole")


def test_one_that_dies_each_time_ends_the_build_in_one_line(
    synth: Callable[..., Any], tmp_path: Path, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "AGAIN", 1)
    with two.is_told("always"):
        done = synth("build", "stubborn", *ROWS, "--out", "data", "--on", "ray")
    assert done.returncode == 1
    assert done.stderr.startswith("synth: a worker or its machine died 2 times")
    assert len(done.stderr.splitlines()) == 1


def test_a_program_that_is_killed_goes_on_at_what_is_missing(
    synth: Callable[..., Any], tmp_path: Path, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert synth("build", "stubborn", *ROWS, "--out", "whole", "--workers", 1).returncode == 0
    words = ["build", "stubborn", *ROWS, "--out", "data", "--on", "ray"]
    with halted(words, "synth.workers.cluster:Cluster.wait", times=2, folder=tmp_path) as process:
        process.kill()
    place = tmp_path / "data" / ".synth-shards"
    first = times(place)
    assert len(first) >= 2
    begun: list[str] = []
    submit = Cluster.submit

    def noted(cluster: Cluster, work: Any, item: Any) -> Any:
        begun.append(f"{getattr(item, 'name', '')}.json")
        return submit(cluster, work, item)

    monkeypatch.setattr(Cluster, "submit", noted)
    done = synth(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert "validation-00000.0.json" in begun
    assert not set(begun) & set(first)
    assert data(tmp_path / "data") == data(tmp_path / "whole")


def times(place: Path) -> dict[str, int]:
    """When what is known of each piece that is done was written."""
    return {path.name: path.stat().st_mtime_ns for path in place.glob("*-*.json")}


def test_a_machine_that_dies_costs_its_pieces_alone(synth: Callable[..., Any], tmp_path: Path, two: Two) -> None:
    assert synth("build", "stubborn", *ROWS, "--out", "whole", "--workers", 1).returncode == 0
    os.mkfifo(two.folder / "here")

    def kill() -> None:
        (two.folder / "here").read_text()  # until a worker stands there
        two.kill_second()

    killer = Thread(target=kill)
    killer.start()
    with two.is_told("stand"):
        done = synth("build", "stubborn", *ROWS, "--out", "data", "--on", "ray")
        killer.join()
    assert (done.returncode, done.stderr) == (0, "")
    assert two.second is None
    assert data(tmp_path / "data") == data(tmp_path / "whole")


def test_ctrl_c_ends_a_cluster_of_ones_own_and_leaves_what_is_done(synth: Callable[..., Any], tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environment["HOME"] = str(tmp_path / "home")
    words = ["build", "listops", *ROWS, "--out", "data"]
    more = ["--on", "ray", "--workers", 1]
    with halted([*words, *more], "synth.workers.cluster:Cluster.wait", 3, tmp_path, env=environment) as process:
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        assert process.stderr.read().startswith("synth: interrupted; the dataset in the folder is as it was, and files")
        assert process.wait() == 130
    assert not (tmp_path / "home").exists()  # its secret was in nobody's file
    place = tmp_path / "data" / ".synth-shards"
    assert {"train-00000.0.json", "validation-00000.0.json"} <= set(times(place))
    assert not (place / ".synth-ray").exists()
    left = (tmp_path / "data" / ".synth-partial" / "data" / "train-00000.parquet").stat().st_mtime_ns
    done = synth(*words, "--workers", 1)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "data" / "data" / "train-00000.parquet").stat().st_mtime_ns == left


@pytest.mark.parametrize(
    ("address", "given", "told"),
    [
        ("ray://10.0.0.1:10001", {}, r"through Ray Client .* RAY_ADDRESS=HOST:6379$"),
        ("10.0.0.1:6379", {"cpus": 2}, r"--workers: the cluster has CPUs of its own"),
    ],
)
def test_an_address_that_cannot_be_is_refused(
    address: str, given: dict[str, int], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(UsageError, match=told), Cluster(given.get("cpus"), tmp_path / "data"):
        pass
    assert not (tmp_path / "data").exists()


def test_a_cluster_that_is_not_there_is_said_in_one_line(synth_process: Callable[..., Any], tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    done = synth_process(
        "build", "listops", *ROWS, "--out", "data", "--on", "ray", env={**os.environ, "RAY_ADDRESS": address}
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"synth: RAY_ADDRESS={address}: ")
    assert done.stderr.endswith(": start it, or unset RAY_ADDRESS for one on this machine\n")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "data").exists()


def test_without_ray_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'rationale-synth\[ray\]'"), Cluster(None, tmp_path):
        pass


def test_lines_of_json_are_written_by_one_process(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--on ray: .* add --format parquet"):
        Options(tmp_path, on="ray")
