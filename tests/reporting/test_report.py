"""`synth report`: what is on the page, what is left out, and that neither rubbish nor a model's words break it."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import Synth
from report_folders import a_run, an_evaluation
from report_page import page_of

from synth.errors import FolderError
from synth.reporting.report import make


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three seeds with rationales and three without, each evaluated."""
    root = tmp_path_factory.mktemp("runs")
    found = []
    for target, right in (("rationale", 0.75), ("answer", 0.4)):
        for seed in range(3):
            run = a_run(root / f"{target}-{seed}", target, seed)
            an_evaluation(run / "eval" / "listops-medium-test", right, 120, run, samples=10)
            found.append(run)
    return found


@pytest.fixture(scope="module")
def written(runs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("written") / "report"
    make(runs, out)
    return out


def facts_of(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "report.json").read_text())
    return found


def test_seeds_of_a_setting_are_one_line(written: Path) -> None:
    settings = facts_of(written)["settings"]
    assert [(each["label"], each["seeds"]) for each in settings] == [
        ("rationales", [0, 1, 2]),
        ("answers only", [0, 1, 2]),
    ]
    values = [each["metrics"]["accuracy"]["value"] for each in settings[0]["evaluations"]]
    assert settings[0]["metrics"]["accuracy"]["value"] == pytest.approx(sum(values) / 3)
    assert settings[0]["over_seeds"]["accuracy"]["low"] == min(values)
    assert "mean of 3 seeds" in page_of(written).text


def test_the_page_needs_nothing_else(written: Path) -> None:
    page = page_of(written)
    assert page.open == []
    assert {tag for tag, _ in page.tags} & {"script", "link", "iframe", "img"} == set()
    for name in ("src", "href", "xlink:href"):
        assert all(value.startswith("#") for value in page.attributes(name))
    html = (written / "index.html").read_text()
    assert "@import" not in html
    assert "url(http" not in html
    assert "prefers-color-scheme: dark" in html


def test_links_and_ids_of_pictures_fit_together(written: Path) -> None:
    page = page_of(written)
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    assert {value[1:] for name in ("href", "xlink:href") for value in page.attributes(name)} <= set(ids)


def test_every_picture_is_on_the_page_and_beside_it(written: Path) -> None:
    names = facts_of(written)["pictures"]
    assert names == ["accuracy.png", "rationales.png", "by-1.png", "curves-1.png", "reliability.png", "coverage.png"]
    for name in names:
        assert (written / name).read_bytes().startswith(b"\x89PNG")
        assert f"File: {name}" in page_of(written).text
    assert sum(tag == "svg" for tag, _ in page_of(written).tags) == len(names)
    # Colours come from the page, so that dark paper has light ink.
    assert "#333333" not in (written / "index.html").read_text()


def test_the_same_folders_give_the_same_bytes(runs: list[Path], written: Path, tmp_path: Path) -> None:
    moved = [shutil.copytree(run, tmp_path / "elsewhere" / run.name) for run in runs]
    make(moved, tmp_path / "again")
    hashes = [
        {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.iterdir()}
        for out in (written, tmp_path / "again")
    ]
    assert hashes[0] == hashes[1]
    assert str(tmp_path) not in (tmp_path / "again" / "index.html").read_text()


def test_what_a_model_wrote_is_text(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    folder = an_evaluation(tmp_path / "x<b>y", 0.5, 12)
    rows = [json.loads(line) for line in (folder / "predictions.jsonl").read_text().splitlines()]
    for row in rows:
        row |= {"prompt": evil, "output": f"MIN, {evil}; answer is 4", "answer": evil, "gold": evil, "fault": evil}
    (folder / "predictions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics["by"]["--><script>"] = {evil: metrics["by"]["type"]["MAX"], "$x$": metrics["by"]["type"]["MIN"]}
    metrics["data"]["folder"] = "]]><script>"
    (folder / "metrics.json").write_text(json.dumps(metrics))
    make([folder], tmp_path / "report")
    page = page_of(tmp_path / "report")
    assert "script" not in {tag for tag, _ in page.tags}
    assert "b" not in {tag for tag, _ in page.tags}
    assert f"answer {evil}, should be {evil}" in page.text
    assert page.open == []


def test_the_first_wrong_step_is_marked(written: Path) -> None:
    example = facts_of(written)["examples"][0]["rows"][0]
    assert not example["correct"]
    assert example["first_wrong"] == 1
    assert example["steps"][0] == "MIN, compare [4 7], smallest is 4, answer is 4"
    page = page_of(written)
    assert page.attributes("class").count("wrong") >= 1
    assert "first wrong step (wrong step)" in page.text


def test_one_run_without_evaluations(tmp_path: Path) -> None:
    found = make([a_run(tmp_path / "run")], tmp_path / "report")
    assert found["pictures"] == ["curves-1.png"]
    page = page_of(tmp_path / "report")
    assert "With and without" not in page.text
    assert "1 run, 0 evaluations" in page.text


def test_no_rationales_no_section(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run", "answer")
    an_evaluation(run / "eval" / "test", 0.5, 30, run)
    found = make([run], tmp_path / "report")
    assert found["comparisons"] == []
    assert "rationales.png" not in found["pictures"]
    assert "With and without" not in page_of(tmp_path / "report").text


def test_what_is_half_written_is_named(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run", complete=False)
    with (run / "log.jsonl").open("a") as log:
        log.write('{"step": 210, "lo')
    done = an_evaluation(run / "eval" / "done", 0.6, 20, run, complete=False)
    with (done / "predictions.jsonl").open("a") as rows:
        rows.write('{"id": "x", "corr')
    begun = an_evaluation(run / "eval" / "begun", 0.6, 20, run)
    (begun / "metrics.json").unlink()
    make([run, begun], tmp_path / "report")
    text = page_of(tmp_path / "report").text
    assert "run: training did not get to its end" in text
    assert "run: 1 unreadable line of log.jsonl left out" in text
    assert "run/done: the evaluation is incomplete" in text
    assert "run/done: 1 unreadable line of predictions.jsonl left out" in text
    assert text.count("the evaluation did not get to its end (no metrics.json)") == 1


@pytest.mark.parametrize("rubbish", ["empty", "missing", "broken", "list", "data", "by", "run"])
def test_a_folder_that_is_neither(rubbish: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    if rubbish != "missing":
        folder.mkdir()
    words = {"broken": '{"metr', "list": "[]", "data": '{"data": "x"}', "by": '{"by": {"depth": 3}}'}
    if rubbish in words:
        (folder / "metrics.json").write_text(words[rubbish])
    if rubbish == "run":
        (folder / "synth-run.json").write_text('{"data": ["x"]}')
    with pytest.raises(FolderError) as caught:
        make([folder], tmp_path / "report")
    assert str(folder) in str(caught.value)
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize("hurt", ["synth-run.json", "eval/test/metrics.json"])
def test_one_broken_file_does_not_cost_the_report(hurt: str, tmp_path: Path) -> None:
    folders = [a_run(tmp_path / name) for name in ("good", "bad")]
    for run in folders:
        an_evaluation(run / "eval" / "test", 0.6, 20, run)
    (folders[1] / hurt).write_text('{"broken')
    found = make(folders, tmp_path / "report")
    (note,) = found["notes"]
    assert note.startswith("bad")
    assert Path(hurt).name in note
    assert str(tmp_path) not in note
    assert note in page_of(tmp_path / "report").text
    counted = sum(len(each["evaluations"]) for each in found["settings"])
    assert (len(found["runs"]), counted) == ((1, 2) if hurt == "synth-run.json" else (2, 1))


def test_a_curve_has_two_points(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    lines = [line for line in lines if "eval_loss" not in line or line["step"] == 200]
    (run / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    make([run], tmp_path / "report")
    text = page_of(tmp_path / "report").text
    assert "training loss, by steps" in text
    assert "validation loss" not in text


def test_a_folder_of_runs_is_told_apart(tmp_path: Path) -> None:
    a_run(tmp_path / "runs" / "one")
    with pytest.raises(FolderError, match=r"give one or more of .*runs/one"):
        make([tmp_path / "runs"], tmp_path / "report")


def test_it_does_not_write_over_what_is_no_report(runs: list[Path], tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(FolderError, match="is no report"):
        make(runs[:1], tmp_path)
    assert (tmp_path / "index.html").read_text() == "mine"


def test_a_second_report_takes_the_first_ones_place(runs: list[Path], tmp_path: Path) -> None:
    make(runs, tmp_path / "report")
    only = a_run(tmp_path / "run")
    make([only], tmp_path / "report")
    names = {path.name for path in (tmp_path / "report").iterdir()}
    assert names == {"curves-1.png", "index.html", "report.json"}


def test_the_terminal_has_a_summary(runs: list[Path], synth: Synth, tmp_path: Path) -> None:
    done = synth("report", *runs)
    assert done.returncode == 0, done.stderr
    assert "delta accuracy" in done.stdout
    assert "wrote report/index.html" in done.stdout
    assert (tmp_path / "report" / "index.html").is_file()
    wrong = synth("report", tmp_path)
    assert wrong.returncode == 1
    assert wrong.stderr.startswith("synth: ")
    assert wrong.stderr.count("\n") == 1
