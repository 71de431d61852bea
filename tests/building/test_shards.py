"""Parquet is built by windows: the bytes are those of the rows alone, whoever made which and however often it died.

The windows are small here: some items of a few rows. What is expected is worked out from the lines of JSON of the same
build.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from halting import halted
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.base.files import file_facts
from synth.builders.listops import Config as Listops
from synth.builders.twowiki import Config as Wiki
from synth.building import build as building
from synth.building import pieces
from synth.building.build import Build
from synth.building.options import Options
from synth.building.pieces import Sizes, keep_facts, kept_facts, write_groups
from synth.data import frontmatter
from synth.data.builder import find
from synth.data.manifest import damage, open_manifest
from synth.data.reading import read
from synth.data.writing import encode
from synth.errors import SynthError

FEW = {"min_length": 4, "max_length": 5, "values": 5, "modulus": 5, "test_longer": 0, "test_larger": 0}  # 600 questions
SIZES = st.builds(Sizes, window=st.integers(1, 6), group=st.integers(1, 3))
# Several windows, repeats in and across them, several rounds
BUSY = Listops(**FEW, train=160, validation=40, test=20)
BUSY_SIZES, BUSY_CHUNK = Sizes(4, 2), 12


class Died(BaseException):
    """Nobody catches it: a process that is killed."""


@contextmanager
def threads(on: str, workers: int, *_: Any) -> Iterator[tuple[Any, int]]:
    """Workers that cost nothing to start."""
    with nullcontext() if workers == 1 else ThreadPoolExecutor(workers) as executor:
        yield executor, workers


def made(
    name: str, config: Any, folder: Path, format: Any, sizes: Sizes, chunk: int, workers: int = 1
) -> dict[str, Any]:
    """The manifest of a build of small windows."""
    build = Build(name, find(name), config, folder, Options(folder, format=format, workers=workers))
    build.sizes, build.chunk = sizes, chunk
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(building, "workers_on", threads)
        build.run(lambda *_: None)
    manifest = open_manifest(folder)
    assert damage(folder, manifest) is None
    return manifest


def data(folder: Path) -> dict[str, str]:
    """The hash of each file."""
    return {
        path.relative_to(folder).as_posix(): file_facts(path)["sha256"] for path in folder.rglob("*") if path.is_file()
    }


@given(SIZES, st.integers(3, 40), st.integers(1, 4), st.tuples(*[st.integers(1, 90)] * 3))
@settings(max_examples=4)
def test_the_bytes_are_those_of_the_rows_that_are_kept_by_window_and_group(
    sizes: Sizes, chunk: int, workers: int, rows: tuple[int, int, int]
) -> None:
    with TemporaryDirectory() as place:
        folder = Path(place)
        config = Listops(**FEW, train=rows[0], validation=rows[1], test=rows[2])
        lines = made("listops", config, folder / "jsonl", "jsonl", sizes, chunk)
        found = made("listops", config, folder / "parquet", "parquet", sizes, chunk, workers)
        for part in ("rejected", "splits"):
            assert without_files(found[part]) == without_files(lines[part])
        for split, facts in found["splits"].items():
            records = list(read(folder / "jsonl", split))
            assert list(read(folder / "parquet", split)) == records
            windows: dict[int, dict[int, list[Any]]] = defaultdict(lambda: defaultdict(list))
            for record in records:
                item = int(record.id.rpartition("/")[2]) // chunk
                windows[item // sizes.window][item // sizes.group].append(record)
            assert facts["files"] == [f"data/{split}-{number:05d}.parquet" for number in range(max(windows) + 1)]
            meta = find("listops").meta
            for number, file in enumerate(facts["files"]):
                tables = [pa.Table.from_batches([encode(part, "parquet", meta)]) for part in windows[number].values()]
                write_groups(folder / "due", meta, tables)
                assert (folder / "parquet" / file).read_bytes() == (folder / "due").read_bytes()


def without_files(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: {k: v for k, v in each.items() if k != "files"} if isinstance(each, dict) else each
            for name, each in facts.items()}  # fmt: skip


def busy(folder: Path, workers: int = 1) -> None:
    made("listops", BUSY, folder, "parquet", BUSY_SIZES, BUSY_CHUNK, workers)


@contextmanager
def dying_after(moves: int) -> Iterator[Iterator[int]]:
    """A process that dies before it moves another file than so many into its place; yields the count of them."""
    replace, moved = Path.replace, count()

    def dying(path: Path, target: Path) -> Path:
        if next(moved) >= moves:
            raise Died
        return replace(path, target)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Path, "replace", dying)
        yield moved


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], int]:
    """What the build writes, and how many files it moves on the way."""
    folder = tmp_path_factory.mktemp("undisturbed") / "data"
    with dying_after(10**6) as moved:
        busy(folder)
    return data(folder), next(moved)


@given(st.lists(st.floats(0, 0.999), min_size=1, max_size=3), st.integers(1, 4))
@settings(max_examples=5)
def test_killed_anywhere_and_run_again_the_bytes_are_the_same(
    undisturbed: tuple[dict[str, str], int], deaths: list[float], workers: int
) -> None:
    due, moves = undisturbed
    with TemporaryDirectory() as place:
        killed_and_run_again(Path(place) / "data", [int(death * moves) for death in deaths], workers)
        assert data(Path(place) / "data") == due


def killed_and_run_again(folder: Path, deaths: list[int], workers: int) -> None:
    for moves in (*deaths, 10**6):
        with suppress(Died), dying_after(moves):
            building.finish_move(folder)
            if not (folder / "synth.json").exists():
                busy(folder, workers)


def test_what_is_done_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    make = pieces.file_facts

    def counted(path: Path) -> Any:
        calls.append(path.name.rsplit(".", 2)[0])
        if len(calls) == 12:
            raise Died
        return make(path)

    monkeypatch.setattr(pieces, "file_facts", counted)
    with pytest.raises(Died):
        busy(tmp_path / "data")
    first = calls.copy()
    busy(tmp_path / "data")
    assert calls[len(first)] == first[-1]
    assert not set(first[:-1]) & set(calls[len(first) :])


def test_another_dataset_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("synth.building.shards.finish_window", raises)
        with pytest.raises(Died):
            busy(tmp_path / "data")
    assert (tmp_path / "data" / ".synth-shards").is_dir()
    other = Listops(**FEW, train=20, validation=8, test=4)
    made("listops", other, tmp_path / "data", "parquet", Sizes(4, 2), 16)
    made("listops", other, tmp_path / "alone", "parquet", Sizes(4, 2), 16)
    assert data(tmp_path / "data") == data(tmp_path / "alone")


def raises(*_: Any) -> None:
    raise Died


def test_what_is_not_whole_is_made_again(
    undisturbed: tuple[dict[str, str], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("synth.building.shards.finish_window", raises)
        with pytest.raises(Died):
            busy(tmp_path / "data")
    shards = tmp_path / "data" / ".synth-shards"
    facts = sorted(shards.glob("train-*.json"))
    facts[0].write_bytes(facts[0].read_bytes()[:-40])
    facts[1].write_bytes(b'{"span": [48, 96]}')
    facts[2].write_bytes(orjson.dumps({**orjson.loads(facts[2].read_bytes()), "rows": 3}))
    facts[3].with_suffix(".questions").write_bytes(b"")
    busy(tmp_path / "data")
    assert data(tmp_path / "data") == undisturbed[0]


def test_what_other_versions_made_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = keep_facts(tmp_path / "facts.json", {"rows": 3})
    assert set(facts["versions"]) == {"python", "numpy", "pyarrow", "rationale-synth"}
    assert kept_facts(tmp_path / "facts.json") == facts
    monkeypatch.setattr(pieces, "versions", lambda: {**facts["versions"], "pyarrow": "1.0"})
    assert kept_facts(tmp_path / "facts.json") == {}


@pytest.mark.parametrize(("train", "test"), [(None, None), (7, 3), (1, None)])
def test_a_source_leaves_out_the_same_rows_for_the_same_reasons(
    tmp_path: Path, train: int | None, test: int | None
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    sample = Path(__file__).parents[2] / "builders" / "twowiki"
    for name in ("train", "dev"):
        records = orjson.loads((sample / f"sample_{name}.json").read_bytes())
        twins = [{**records[3], "_id": records[1]["_id"]}, {**records[2], "_id": f"{name}-other"}, records[4]]
        (source / f"{name}.json").write_bytes(orjson.dumps([*records[:5], *twins, *records[5:]]))
    config = Wiki(source=str(source), train=train, test=test)
    lines = made("2wiki", config, tmp_path / "jsonl", "jsonl", Sizes(), 0)
    for workers, sizes in ((1, Sizes(1, 1)), (3, Sizes(4, 2))):
        folder = tmp_path / f"parquet-{workers}"
        found = made("2wiki", config, folder, "parquet", sizes, 0, workers)
        assert without_files(found["splits"]) == without_files(lines["splits"])
        assert found["yield"] == lines["yield"]
        for split in lines["splits"]:
            assert list(read(folder, split)) == list(read(tmp_path / "jsonl", split))
        assert (folder / "rejected.jsonl").read_bytes() == (tmp_path / "jsonl" / "rejected.jsonl").read_bytes()


def test_a_killed_build_goes_on_at_the_file(synth: Callable[..., Any], tmp_path: Path) -> None:
    words = ["build", "listops", "--min-length", 8, "--max-length", 20, "--test-longer", 0, "--test-larger", 0,
             "--train", 400, "--validation", 40, "--test", 40, "--format", "parquet", "--out", "killed"]  # fmt: skip
    with halted(words, "synth.building.shards:make_piece", times=2, folder=tmp_path) as process:
        process.kill()
    left = tmp_path / "killed" / ".synth-partial" / "data" / "train-00000.parquet"
    made_then = left.stat().st_mtime_ns
    done = synth(*words)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "killed" / "data" / "train-00000.parquet").stat().st_mtime_ns == made_then
    assert sorted(path.name for path in (tmp_path / "killed").iterdir()) == ["README.md", "data", "synth.json"]
    assert pq.read_metadata(tmp_path / "killed" / "data" / "train-00000.parquet").num_rows == 400


def test_a_card_names_many_files_by_a_pattern(tmp_path: Path) -> None:
    config = Listops(**FEW, train=90, validation=0, test=0)
    found = made("listops", config, tmp_path, "parquet", Sizes(1, 1), 4)["splits"]
    assert len(found["train"]["files"]) > frontmatter.NAMED
    front = frontmatter.parse(frontmatter.split((tmp_path / "README.md").read_text())[0])
    paths = {part["split"]: part["path"] for part in front["configs"][0]["data_files"]}
    assert paths["train"] == ["data/train-*.parquet"]
    assert (
        sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.glob(*paths["train"]))
        == (found["train"]["files"])
    )


def test_too_few_questions_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synth.building.job.PATIENCE", 2000)
    few = {**FEW, "max_length": 4, "values": 3, "modulus": 3}
    with pytest.raises(SynthError, match=r"train: \d\d\d? different questions turned up and no more in 2,000 further"):
        made("listops", Listops(**few, train=500, validation=0, test=0), tmp_path / "data", "parquet", Sizes(), 64)
    assert not (tmp_path / "data").exists()
