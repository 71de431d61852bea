"""Cells and stages: what is shared, what folders are called, what a value without a table means."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.errors import UsageError
from synth.studying.cells import planned
from synth.studying.file import read_study
from synth.studying.plan import Plan, only

HEAD = """
[train]
name = "llama"
from_scratch = "tiny"
[axes.task]
sums.build = { name = "arithmetic", digits = "5" }
products.build = { name = "arithmetic", operation = "multiply", digits = "5" }
[axes.model]
wide.train = { lr = 0.001 }
narrow.train = { lr = 0.002 }
"""
VALUES: dict[str, list[Any]] = {
    "task": ["sums", "products"], "target": ["rationale", "answer", "blank"], "model": ["wide", "narrow"],
    "seed": [0, 1, 2],
}  # fmt: skip


def plan(tmp_path: Path, text: str, **sources: str) -> Plan:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return planned(read_study(path), sources)


def written(name: str, axes: dict[str, list[Any]], more: str = "") -> str:
    lines = [f"{axis} = [{', '.join(repr(value) for value in values)}]" for axis, values in axes.items()]
    return "\n".join(["[[blocks]]", f'name = "{name}"', *lines, more, ""])


def blocks() -> st.SearchStrategy[dict[str, list[Any]]]:
    some = {axis: st.lists(st.sampled_from(values), min_size=1, unique=True) for axis, values in VALUES.items()}
    return st.fixed_dictionaries({"task": some.pop("task")}, optional=some)


@settings(max_examples=40)
@given(several=st.lists(blocks(), min_size=1, max_size=3))
def test_stages_are_shared_and_named_after_what_they_depend_on(
    several: list[dict[str, list[Any]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = HEAD + "".join(written(f"b{number}", axes) for number, axes in enumerate(several))
    made = plan(tmp_path_factory.mktemp("plan"), text)
    wanted = [dict(zip(axes, values, strict=True)) for axes in several for values in product(*axes.values())]
    assert [set(cell.axes.items()) for cell in made.cells] == [set(axes.items()) for axes in wanted]
    stages = made.stages
    assert len({stage.folder.lower() for stage in stages}) == len({stage.identity for stage in stages}) == len(stages)
    assert {stage.folder for stage in stages if stage.verb == "build"} == {f"data/{axes['task']}" for axes in wanted}
    # an option that has its default is the same stage as none
    same = {
        (cell.get("task"), cell.get("target", "rationale"), cell.get("model"), cell.get("seed", 0)) for cell in wanted
    }
    runs = {cell.run.folder for cell in made.cells if cell.run}
    assert len(runs) == len(same)
    position = {stage.folder: number for number, stage in enumerate(stages)}
    assert all(position[before.folder] < position[stage.folder] for stage in stages for before in stage.inputs)


def test_words_are_those_of_the_commands(tmp_path: Path) -> None:
    block = written("main", {"task": ["sums"], "target": ["answer"], "model": ["wide"], "seed": [2]})
    (cell,) = plan(tmp_path, HEAD + "[eval]\nsamples = 10\n" + block).cells
    assert cell.run is not None
    assert (cell.run.folder, cell.evaluations[0].folder) == (
        "runs/sums-answer-wide-2", "runs/sums-answer-wide-2/eval/test",
    )  # fmt: skip
    assert cell.stages[0].words(Path("out")) == ["build", "arithmetic", "--digits", "5", "--out", "out/data/sums"]
    said = cell.run.words(Path("out"))
    assert said[:4] == ["train", "llama", "--data", "out/data/sums"]
    assert {"--lr", "0.001", "--target", "answer", "--seed", "2"} <= set(said)
    assert cell.evaluations[0].words(Path("out")) == [
        "eval", "--model", f"out/{cell.run.folder}", "--data", "out/data/sums", "--samples", "10",
        "--out", f"out/{cell.run.folder}/eval/test",
    ]  # fmt: skip


def test_evaluations_of_their_own_and_of_other_data(tmp_path: Path) -> None:
    evals = '[evals.test]\n[evals.long]\nsplit = "test_beyond"\n[evals.two]\nbuild = { digits = "6" }\n'
    block = written("main", {"task": ["sums"], "seed": [0, 1]}) + written(
        "few", {"task": ["products"]}, 'evals = ["long"]'
    )
    made = plan(tmp_path, HEAD + evals + block)
    first = made.cells[0]
    assert [stage.folder for stage in first.evaluations] == [
        f"runs/sums-0/eval/{name}" for name in ("test", "long", "two")
    ]
    assert "test_beyond" in first.evaluations[1].words(Path())
    (other,) = (stage for stage in first.evaluations[2].inputs if stage.verb == "build")
    assert (other.folder, other.words(Path())[3]) == ("data/sums-two", "6")
    assert sum(stage.verb == "build" for stage in made.stages) == 3
    assert [stage.folder for stage in made.cells[-1].evaluations] == ["runs/products/eval/long"]


def test_a_mixture_learns_from_several_tasks_and_is_measured_on_each(tmp_path: Path) -> None:
    mixed = '[axes.mixture]\nboth.train = { data = ["task=sums", "task=products:2"] }\n'
    made = plan(tmp_path, HEAD + mixed + written("m", {"task": ["sums", "products"], "mixture": ["both"]}))
    assert {cell.run.folder for cell in made.cells if cell.run} == {"runs/both"}
    assert [cell.evaluations[0].folder for cell in made.cells] == [
        "runs/both/eval/sums-test",
        "runs/both/eval/products-test",
    ]
    assert {"data/sums", "data/products:2"} <= set(made.cells[0].run.words(Path()))  # type: ignore[union-attr]


def test_a_model_that_is_asked_as_it_is(tmp_path: Path) -> None:
    block = written(
        "prompting",
        {"task": ["sums"], "prompting": ["rationale", "direct"]},
        'train = false\neval = { model = "org/m", shots = "$data" }',
    )
    made = plan(tmp_path, HEAD + block)
    assert [cell.run for cell in made.cells] == [None, None]
    assert [cell.evaluations[0].folder for cell in made.cells] == [
        "evals/sums-rationale-test",
        "evals/sums-direct-test",
    ]
    assert "--shots out/data/sums" in " ".join(made.cells[0].evaluations[0].words(Path("out")))


def test_distilled_data_are_tested_on_questions_beside_them(tmp_path: Path) -> None:
    text = """
[sources]
grade = { about = "train.jsonl and test.jsonl" }
[distill]
source = "$grade"
teacher = "gpt-6-luna"
[import]
source = "$grade"
split = ["test"]
no_rationale = true
[axes.task]
gsm8k.distill.task = "gsm8k"
gsm8k.import.task = "gsm8k"
[train]
name = "llama"
from_scratch = "tiny"
"""
    made = plan(tmp_path, text + written("l", {"task": ["gsm8k"], "length": ["steps", "brief"]}), grade="/x/grade")
    assert {stage.folder for stage in made.stages if stage.verb != "eval"} == {
        "data/gsm8k-questions", "data/gsm8k-steps", "data/gsm8k-brief", "runs/gsm8k-steps", "runs/gsm8k-brief",
    }  # fmt: skip
    short = made.cells[1]
    assert "brief" in short.data.words(Path())  # type: ignore[union-attr]
    assert short.evaluations[0].words(Path())[4] == "data/gsm8k-questions"
    assert "/x/grade" in short.data.words(Path())  # type: ignore[union-attr]
    bare = plan(tmp_path, text + written("l", {"task": ["gsm8k"]}))
    assert {one.name for stage in bare.stages for one in stage.missing} == {"grade"}


def test_the_same_name_with_other_options_is_another_folder(tmp_path: Path) -> None:
    two = written("a", {"task": ["sums"]}) + written("b", {"task": ["sums"]}, "train = { lr = 0.1 }")
    assert [cell.run.folder for cell in plan(tmp_path, HEAD + two).cells if cell.run] == ["runs/sums", "runs/sums-b"]


def test_only(tmp_path: Path) -> None:
    text = HEAD + written("a", VALUES, 'skip = [{ task = "sums", seed = 2 }]') + written("b", {"task": ["sums"]})
    made = plan(tmp_path, text)
    assert len(made.cells) == 2 * 3 * 2 * 3 - 6 + 1
    assert {cell.block for cell in only(made, ["b"]).cells} == {"b"}
    some = only(made, ["task=sums", "seed=0", "seed=1", "a"])
    assert {(cell.axes["task"], cell.axes["seed"]) for cell in some.cells} == {("sums", 0), ("sums", 1)}
    with pytest.raises(
        UsageError, match=r"--only task=sum: the values of task are sums, products; did you mean 'sums'\?"
    ):
        only(made, ["task=sum"])
    with pytest.raises(UsageError, match=r"--only c: there is no block c: there are a, b"):
        only(made, ["c"])
    with pytest.raises(UsageError, match=r"--only sed=0: no cell has an axis sed: there are .*; did you mean 'seed'\?"):
        only(made, ["sed=0"])
