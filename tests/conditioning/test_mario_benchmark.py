"""What `make mario` is made of: its teacher, what it compares, and an arm from end to end, small."""

import importlib.util
import math
import sys
from pathlib import Path
from types import ModuleType

import pytest

import synth
from synth.data.reading import read

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    spec = importlib.util.spec_from_file_location("mario_on_a_laptop", BENCHMARKS / "mario.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    monkeypatch.chdir(tmp_path)
    return module


@pytest.mark.parametrize("kind", ["sums", "listops"])
def test_the_teacher_errs_and_repeats_as_often_as_is_said(benchmark: ModuleType, kind: str) -> None:
    name, options = benchmark.KINDS[kind]
    synth.build(name, **options, train=600, validation=0, test=0, out="clean", quiet=True)
    benchmark.noisy(Path("clean"), Path("told"), kind, 0)
    clean, told = (list(read(Path(each), "train")) for each in ("clean", "told"))
    assert [row.id for row in told] == [row.id for row in clean]
    assert [row.answer for row in told] == [row.answer for row in clean], "the gold answer stays"
    right = sum(row.completion.rstrip(".").endswith(row.answer) for row in told) / len(told)
    assert right == pytest.approx(1 - benchmark.WRONG, abs=0.07)
    mark = "\n" if kind == "sums" else "; "
    more = sum(row.rationale.count(mark) > own.rationale.count(mark) + 1 for row, own in zip(told, clean, strict=True))
    assert more / len(told) == pytest.approx(benchmark.REPEATED[kind], abs=0.07)


def test_a_difference_at_equal_accuracy_lies_between_two_rounds(benchmark: ModuleType) -> None:
    def at(accuracy: float, diversity: float) -> dict[str, float]:
        return {"accuracy": accuracy, "steps": 0.5, "diversity": diversity}

    filtered = {"sampled": at(0.9, 0.5), "rounds": [at(0.4, 0.7), at(0.8, 0.6), at(0.9, 0.5)]}
    found = benchmark.beside({"sampled": at(0.7, 0.8)}, filtered)
    assert found["accuracy"] == pytest.approx(-0.2)
    assert found["diversity"] == pytest.approx(0.3)
    assert found["diversity at equal accuracy"] == pytest.approx(0.8 - 0.625)


def test_intervals_over_seeds_are_students_t(benchmark: ModuleType) -> None:
    found = benchmark.summary([{"sampled": {"accuracy": each}, "rounds": []} for each in (1.0, 2.0, 3.0)])
    half = 4.302653 / math.sqrt(3)  # t of 2 degrees of freedom at .975; the standard deviation is 1
    due = {"mean": 2.0, "low": 2 - half, "high": 2 + half}
    assert found == {"sampled": {"accuracy": {**{key: pytest.approx(value) for key, value in due.items()},
                                              "seeds": [1.0, 2.0, 3.0]}}}  # fmt: skip


def test_an_arm_from_end_to_end_and_again(benchmark: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(benchmark.KINDS, "sums", ("arithmetic", {"digits": "1", "test_beyond": 0}))
    monkeypatch.setattr(benchmark, "ROWS", {"train": 64, "validation": 8, "test": 9})
    monkeypatch.setattr(benchmark, "LEARN", {**benchmark.LEARN, "per_round": 20})
    for steps, changed in (("BASE", 250), ("START", 4), ("ROUNDS", {"max_steps": 4, "sample_every": 2})):
        monkeypatch.setitem(getattr(benchmark, steps), "sums", changed)
    found = {name: benchmark.arm("sums", 0, name, *benchmark.ARMS[name]) for name in ("filter", "classic")}
    assert len(found["filter"]["rounds"]) == 3, "the start and two rounds"
    assert found["filter"]["rounds"][-1] == found["filter"]["sampled"]
    steered = found["classic"]["steered"]
    assert steered["accuracy"] == found["classic"]["sampled"]["accuracy"] - found["classic"]["worst"]["accuracy"]
    written = {path: path.stat().st_mtime_ns for path in Path("runs").rglob("*") if path.is_file()}
    assert benchmark.arm("sums", 0, "classic", *benchmark.ARMS["classic"]) == found["classic"]
    assert {path: path.stat().st_mtime_ns for path in Path("runs").rglob("*") if path.is_file()} == written
