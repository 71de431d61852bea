"""Screens of trainings, loops and evaluations: curves, tables, what lies in a run, and outputs by outcome."""

import json
import re
import shutil
from pathlib import Path

from golden import GOLDEN
from hypothesis import example, given
from hypothesis import strategies as st
from mario_runs import a_tuned_run
from report_folders import a_run, an_evaluation
from star_runs import a_loop
from viewed import folder, lines, row, viewing

from synth.viewing.screens.run import HEIGHT, POINTS, ROWS, WIDTH, curves

LOSSES = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=3 * POINTS)


@given(LOSSES)
@example([0.0, 5e-324])
@example([1.0, 1.0])
def test_curves_lie_in_their_box_and_are_those_of_the_log(losses: list[float]) -> None:
    log = [{"step": 3 * at, "loss": loss, "text": "x", "lr": None} for at, loss in enumerate(losses, 1)]
    (curve,) = curves(log)
    points = [tuple(map(float, point.split(","))) for point in curve.points.split()]
    assert (curve.lowest, curve.highest) == (min(losses), max(losses))
    assert len(points) <= POINTS
    assert len(curve.rows) <= ROWS
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert all(0 <= x <= WIDTH and -0.1 <= y <= HEIGHT + 0.1 for x, y in points)
    assert points[-1][0] == WIDTH
    if len(losses) <= ROWS:
        assert list(curve.rows) == [(line["step"], line["loss"]) for line in log]


def test_a_training_that_is_done_and_one_that_is_not(tmp_path: Path) -> None:
    going = shutil.copytree(GOLDEN / "run-stopped", tmp_path / "going")
    facts = json.loads((going / "synth-run.json").read_text())
    (going / "synth-run.json").write_text(json.dumps({**facts, "planned_steps": 4000}))
    log = [json.loads(line) for line in (going / "log.jsonl").read_text().splitlines()]
    with viewing(tmp_path / "cache", GOLDEN / "run", going) as (client, _):
        done, stopped = client.get("/run/run").text, client.get("/run/going").text
    assert "■ complete" in done
    assert "data-live" not in done
    assert re.search(r'aria-label="loss: 6\.56 at step 1, 0\.00\d+ at step 400', done)
    assert 'aria-label="learning rate: ' in done
    assert 'aria-label="eval loss: ' in done
    assert "▶ not complete" in stopped
    assert "data-live" in stopped
    assert f"<b>{log[-1]['step']}</b> of 4,000" in stopped


def test_iterations_and_rounds_lead_to_their_rows(tmp_path: Path) -> None:
    star, mario = a_loop(tmp_path / "star", complete=False), a_tuned_run(tmp_path / "mario", collapsed="KL above 1")
    folder(star / "iterations" / "001" / "data", lines(row(1), row(2)))
    a_run(star / "iterations" / "004" / "run", complete=False)
    an_evaluation(star / "iterations" / "001" / "eval")
    (mario / "rounds" / "002" / "data").symlink_to(star / "iterations" / "001" / "data")
    with viewing(tmp_path / "cache", star, mario) as (client, _):
        page = client.get("/").text
        assert page.count("star.iterations") == 3
        assert "<td>200</td><td>500</td>" in page  # own and rationalized of the first iteration
        assert '<a href="/rows/star.iterations.001.data/train">rows</a>' in page
        assert "star.iterations" not in client.get("/run/mario").text
        assert "1 + 1 =" in client.get("/rows/star.iterations.001.data/train").text
        assert client.get("/run/star.iterations.004.run").status_code == 200
        assert client.get("/beside/star.iterations.001.eval").status_code == 200
        folder(star / "iterations" / "002" / "data", lines(row(5)))  # while it is looked at
        assert "star.iterations.002.data" in client.get("/run/star").text
        assert "1 row, page" in client.get("/rows/star.iterations.002.data/train?q=5").text
        rounds = client.get("/run/mario").text
    assert rounds.count("<td>teacher</td>") == 1
    assert "length (audit)" in rounds
    assert "The run ended early: KL above 1." in rounds
    assert "mario.rounds" not in rounds  # behind a link


def test_outputs_of_an_evaluation_by_outcome(tmp_path: Path) -> None:
    place = an_evaluation(tmp_path / "model" / "eval" / "test", rows=70)
    written = [json.loads(line) for line in (place / "predictions.jsonl").read_text().splitlines()]
    right = sum(line["correct"] for line in written)
    with (place / "predictions.jsonl").open("a") as file:
        file.write(
            json.dumps({**written[0], "id": "x", "output": "<script>", "correct": True, "fault": 3}) + "\n{half\n"
        )
    with viewing(tmp_path / "cache", place) as (client, _):
        page = client.get("/").text
        assert f"<b>{right + 1}</b> right" in page
        assert "<b>1</b> unreadable" in page
        assert "<b>72</b> all" in page
        wrong = [client.get(f"/evaluation/model.test?show=wrong&page={at}").text for at in (1, 2)]
        assert sum(one.count("✗ wrong") for one in wrong) == 70 - right
        assert "<script>" not in client.get("/evaluation/model.test?show=right&page=2").text.split("</head>")[1]
        assert client.get("/evaluation/model.test?show=else").status_code == 404
        (place / "metrics.json").write_text('{"metrics": [1], "data": "x"}')
        assert client.get("/evaluation/model.test").status_code == 200
        (place / "metrics.json").unlink()
        assert "has not got to its end" in client.get("/evaluation/model.test").text
        (place / "metrics.json").symlink_to(GOLDEN / "evaluation" / "metrics.json")
        assert "is a link" in client.get("/evaluation/model.test").text


def test_a_run_whose_files_cannot_be_read(tmp_path: Path) -> None:
    a_run(tmp_path / "a")
    with viewing(tmp_path / "cache", tmp_path / "a") as (client, _):
        (tmp_path / "a" / "log.jsonl").write_text('{"step": 1, "loss": 1}\n{half')
        assert "1 unreadable line of log.jsonl" in client.get("/run/a").text
        (tmp_path / "a" / "log.jsonl").unlink()
        (tmp_path / "a" / "log.jsonl").symlink_to("/etc/passwd")
        assert "is a link" in client.get("/run/a").text
        (tmp_path / "a" / "log.jsonl").unlink()
        assert "log.jsonl has no steps in it" in client.get("/run/a").text.lower()
        (tmp_path / "a" / "synth-run.json").write_text("[1")
        assert client.get("/run/a").status_code == 400
