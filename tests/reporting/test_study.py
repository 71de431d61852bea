"""The study at its smallest, with the verbs in this process, and the arithmetic of its table."""

import importlib
import json
import math
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def study() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        patch.setenv("OMP_NUM_THREADS", "1")
        yield importlib.import_module("study")


class Synth:
    """The command line in this process; keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def __call__(self, words: Sequence[str]) -> None:
        from synth.cli import app

        self.asked.append(list(words))
        done = CliRunner().invoke(app, list(words))
        assert done.exit_code == 0, done.output

    def verbs(self) -> list[str]:
        return [words[0] for words in self.asked]


def made(study: ModuleType, folder: Path) -> tuple[str, Synth]:
    synth = Synth()
    return study.study(folder, study.SCALES["smoke"], seeds=2, workers=1, synth=synth), synth


def test_the_whole_way_and_nothing_twice(study: ModuleType, tmp_path: Path) -> None:
    table, synth = made(study, tmp_path)
    runs = [path.name for path in (tmp_path / "runs").iterdir()]
    assert len(runs) == 6  # for each seed: none twice, and medium, the longest of this scale, for both comparisons
    assert synth.verbs().count("train") == synth.verbs().count("eval") == 6
    assert synth.verbs()[0] == "build"
    assert (tmp_path / "study.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "report" / "index.html").exists()
    costs_are_as_promised(json.loads((tmp_path / "results.json").read_text()))

    stopped = tmp_path / "runs" / "none-compute-1"  # as if it had been killed before its first checkpoint
    facts = json.loads((stopped / "synth-run.json").read_text())
    shutil.rmtree(stopped)
    stopped.mkdir()
    (stopped / "synth-run.json").write_text(json.dumps({**facts, "complete": False}))
    again, synth = made(study, tmp_path)
    assert [words[words.index("--out") + 1] for words in synth.asked if words[0] == "train"] == [str(stopped)]
    assert synth.verbs() == ["train", "eval", "report"]
    assert without_seconds(again) == without_seconds(table)


def costs_are_as_promised(results: dict[str, list[dict[str, Any]]]) -> None:
    found = {(each["way"], each["explain"]): each for each in results["conditions"]}
    assert found["equal examples", "none"]["examples"] == found["equal examples", "medium"]["examples"]
    assert found["equal examples", "none"]["steps"] == found["equal examples", "medium"]["steps"]
    assert len({each["parameters"] for each in found.values()}) == 1
    tokens = [found["equal compute", explain]["tokens"] for explain in ("none", "medium")]
    assert tokens[1] <= tokens[0] < tokens[1] + 32 * 20  # the last step may go beyond
    assert found["equal compute", "none"]["flops"] == pytest.approx(
        6 * found["equal compute", "none"]["parameters"] * tokens[0]
    )


def without_seconds(table: str) -> list[list[str]]:
    return [[cell for number, cell in enumerate(line.split("|")) if number != 9] for line in table.splitlines()]


def test_the_interval_over_seeds_by_hand(study: ModuleType) -> None:
    found = study.figures.interval([0.5, 0.6, 0.7])
    assert found["value"] == pytest.approx(0.6)
    half = 4.303 * 0.1 / math.sqrt(3)
    assert (found["low"], found["high"]) == (pytest.approx(0.6 - half), pytest.approx(0.6 + half))


def test_the_interval_over_rows(study: ModuleType) -> None:
    rows = [[1] * 70 + [0] * 30, [1] * 70 + [0] * 30]
    found = study.figures.bootstrap(rows)
    normal = 1.96 * math.sqrt(0.7 * 0.3 / 100)  # seeds that agree row by row are no second sample of rows
    assert found["value"] == pytest.approx(0.7)
    assert (found["low"], found["high"]) == (
        pytest.approx(0.7 - normal, abs=0.02),
        pytest.approx(0.7 + normal, abs=0.02),
    )


def test_gains_are_taken_seed_by_seed(study: ModuleType) -> None:
    none = {"way": "equal compute", "explain": "none", "rows": [[1, 0, 0, 0], [1, 1, 1, 0]]}
    short = {"way": "equal compute", "explain": "short", "rows": [[1, 1, 0, 0], [1, 1, 1, 1]]}
    (gain,) = study.figures.pairs([none, short])
    assert (gain["value"], gain["low"], gain["high"]) == (
        0.25,
        0.25,
        0.25,
    )  # both seeds gain a quarter, far as they are apart
    assert gain["bootstrap"]["low"] < 0.25 < gain["bootstrap"]["high"]


def test_equal_examples_and_equal_tokens(study: ModuleType) -> None:
    tokens = {"none": 300, "short": 600, "medium": 1500, "long": 3000}
    plans = {plan.name: plan for plan in study.planned(study.SCALES["cpu"], tokens, 3)}
    assert len(plans) == 7 * 3
    option = {name: dict(zip(plan.options[::2], plan.options[1::2], strict=True)) for name, plan in plans.items()}
    examples = str(study.SCALES["cpu"].examples)
    shorter = ("none", "short", "medium")
    assert {option[f"{each}-examples-0"]["--limit"] for each in shorter} == {examples}
    assert {option[f"{each}-compute-0"]["--max-tokens"] for each in shorter} == {"3000"}
    both = "long-examples-and-compute-2"
    assert (plans[both].ways, option[both]["--limit"]) == (study.WAYS, examples)


@pytest.mark.parametrize(
    ("prompt", "seen"),
    [
        ("[MAX 3 1 ]", ("[MAX 1 3", "[MAX")),
        ("[SUM 3 [MIN 1 2 ] 1 ]", ("[SUM 1 3", "[SUM")),
        ("[MED [SUM 9 [MIN 3 5 ] ] [MAX 0 1 ] ]", ("[MED ", "[MED")),
    ],
)
def test_what_is_outermost(study: ModuleType, prompt: str, seen: tuple[str, str]) -> None:
    assert study.outermost(prompt) == seen
