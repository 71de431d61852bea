"""`[attribution]` of a study: which cells it is about, what is run, what becomes of it; and blocks nobody asked for."""

import json
from pathlib import Path
from typing import Any

import pytest
from loopback import Answer, serving
from report_folders import a_run, an_evaluation, write_lines

from synth.errors import UsageError
from synth.studying.cells import planned
from synth.studying.cost import cost
from synth.studying.file import read_study
from synth.studying.folder import Folder, Made
from synth.studying.plan import Plan, only
from synth.studying.run import Running

STUDY = """
[train]
name = "llama"
from_scratch = "tiny"
[axes.task]
sums.data = {{ folder = "{data}" }}
[[blocks]]
name = "main"
task = ["sums"]
target = ["rationale", "answer"]
attribution = {{ teacher = "m-1", base_url = "{url}", price = [1000, 1000], sample = 3 }}
[[blocks]]
name = "wide"
optional = true
task = ["sums"]
lr = [1e-4, 1e-3]
"""


def plan(tmp_path: Path, text: str, url: str = "http://127.0.0.1:9/v1") -> Plan:
    (tmp_path / "mine.toml").write_text(text.format(data=tmp_path / "data", url=url), encoding="utf-8")
    return planned(read_study(tmp_path / "mine.toml"), {})


def told(of: Plan) -> dict[str, Any]:
    return {
        "-".join([cell.block, *map(str, cell.axes.values())]): cell.attribution and [
            value.stage.folder for value in map(cell.attribution.given.get, ("folder", "against")) if value
        ]
        for cell in of.cells
    }  # fmt: skip


def test_cells_with_rationales_stand_against_their_counterparts(tmp_path: Path) -> None:
    found = plan(tmp_path, STUDY)
    runs = [f"runs/sums-{target}/eval/test" for target in ("rationale", "answer")]
    assert told(found) == {
        "main-sums-rationale": runs, "main-sums-answer": None, "wide-sums-0.0001": None, "wide-sums-0.001": None,
    }  # fmt: skip
    stage = found.cells[0].attribution
    assert stage is not None
    words = stage.words(Path("out"))
    assert words[:2] == ["judge", f"out/{runs[0]}"]
    assert words[words.index("--against") + 1] == f"out/{runs[1]}"
    assert {"attribution", "m-1", "out/attribution/sums-rationale/verdicts.jsonl"} <= set(words)
    assert stage.is_paid
    (spent,) = (cost([stage], tmp_path) for _ in range(1))
    assert spent.dollars == pytest.approx(3 * (300 + 180 + 200) * 1000 / 1e6), "3 errors, prices for a million tokens"


def test_a_counterpart_may_stand_in_another_block(tmp_path: Path) -> None:
    apart = STUDY.replace('target = ["rationale", "answer"]', 'target = "rationale"\nseed = [0, 1]')
    apart += '[[blocks]]\nname = "answers"\ntask = ["sums"]\ntarget = "answer"\nseed = [1, 2]\n'
    found = told(plan(tmp_path, apart))
    assert found["main-sums-rationale-0"] is None
    assert found["main-sums-rationale-1"] == ["runs/sums-rationale-1/eval/test", "runs/sums-answer-1/eval/test"]
    alone = STUDY.replace('target = ["rationale", "answer"]', 'target = ["rationale", "blank"]')
    with pytest.raises(UsageError, match="block main: attribution sorts errors of cells of target rationale beside"):
        plan(tmp_path, alone)
    with pytest.raises(UsageError, match=r"attribution: synth judge has no option sampel"):
        plan(tmp_path, STUDY.replace("sample", "sampel"))


def evaluated(run: Path, target: str, wrong: set[int]) -> None:
    folder = an_evaluation(run / "eval" / "test", run=a_run(run, target), rows=8)
    rows = [json.loads(line) for line in (folder / "predictions.jsonl").read_text().splitlines()]
    for number, row in enumerate(rows):
        answer = "11" if number in wrong else row["gold"]
        row |= {"correct": number not in wrong, "answer": answer}
        row["output"] = f"MAX, compare [2 4], largest is 4; answer is {answer}" if target == "rationale" else answer
    write_lines(folder / "predictions.jsonl", rows)


def kind(request: dict[str, Any], times: int) -> Answer:
    return Answer("It says nothing.\nTrivial")


def test_errors_are_sorted_once_and_optional_blocks_are_not_planned(tmp_path: Path) -> None:
    """The models are there already, so the stage alone is run."""
    out = tmp_path / "out"
    evaluated(out / "runs" / "sums-rationale", "rationale", {1, 2, 3, 4, 5})
    evaluated(out / "runs" / "sums-answer", "answer", {5})
    with serving(kind) as teacher:
        whole = plan(tmp_path, STUDY, teacher.url)
        main = only(whole, [])
        made = {stage.folder: Made("done") for stage in main.stages if stage.verb in ("train", "eval")}
        Folder(out, {}).write(whole, made)
        for _ in range(2):
            running = Running(whole, Folder.open(out, whole), 1, lambda line: None, 10.0, asked=frozenset({"main"}))
            running.carry_out(main.stages)
            assert running.made["attribution/sums-rationale"].state == "done", running.made
        assert len(teacher.bodies) == 3
    facts = json.loads((out / "study.json").read_text())
    assert [(cell["state"], cell["attribution"]) for cell in facts["cells"]] == [
        ("done", "attribution/sums-rationale"), ("done", None), ("optional", None), ("optional", None),
    ]  # fmt: skip
    (stage,) = (stage for stage in facts["stages"] if stage["verb"] == "attribution")
    assert stage["dollars"] == pytest.approx(3 * 18 * 1000 / 1e6)
    sorted_ = json.loads((out / "runs/sums-rationale/eval/test/attribution.json").read_text())
    assert (sorted_["errors"], sorted_["judged"], sorted_["kinds"]["trivial"]["rows"]) == (4, 3, 3)
    assert len((out / "attribution/sums-rationale/verdicts.jsonl").read_text().splitlines()) == 3
    # once a block is asked for, what is left of it is planned
    Folder.open(out, whole).write(whole, made, {"wide"})
    assert [cell["state"] for cell in json.loads((out / "study.json").read_text())["cells"]][2:] == ["planned"] * 2
