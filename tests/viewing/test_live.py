"""A distillation that is looked at while it goes, after it was killed, and at its end; its store is only read."""

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from distillations import PRICE, account, lines, questions, right
from golden import GOLDEN
from halting import halted
from loopback import Answer, serving
from viewed import asked, folder, row, viewing
from viewed import lines as rows

from synth.errors import FolderError
from synth.teachers.looking import looking
from synth.viewing.screens import live

__all__ = ["account", "questions"]

Synth = Callable[..., Any]
Questions = Callable[[int], str]


def told(folder: Path) -> list[dict[str, Any]]:
    """What runs have said of themselves, the last one first."""
    with closing(sqlite3.connect(folder / "requests.sqlite")) as store:
        rows = store.execute("select body from told join runs on run = id order by began desc").fetchall()
    return [orjson.loads(body) for (body,) in rows]


def answered(folder: Path) -> int:
    with closing(sqlite3.connect(f"file:{folder / 'requests.sqlite'}?immutable=1", uri=True)) as store:
        return int(store.execute("select count(*) from replies where status = 200").fetchone()[0])


def state(folder: Path) -> dict[str, str]:
    """Every file of a folder."""
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def test_under_way_then_killed_then_ended(
    synth: Synth, tmp_path: Path, questions: Questions, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, waits = tmp_path / "out", True

    def script(request: dict[str, Any], times: int) -> Answer:
        last = request["messages"][-1]["content"]
        if waits and any(f" {number}?" in last for number in range(12, 20)):
            return Answer(hang=True)
        return Answer("<script>alert(1)</script> The answer is 999.") if " 19?" in last else right(request, times)

    with serving(script) as teacher:
        words = ["distill", "--task", "gsm8k", "--source", questions(20), "--teacher", "m-1", "--base-url", teacher.url]
        words += ["--out", "out", "--max-attempts", "2", "--concurrency", "4", *PRICE, "--budget", "30"]
        words += ["--max-tokens", "7"]
        with halted(words, "synth.distilling.told:Told.now", 3, tmp_path) as process:
            before = state(out)
            with viewing(tmp_path / "cache", out) as (client, _):
                page = client.get("/").text
                assert state(out) == before
                said = told(out)[0]
                assert "data-live" in page
                assert "▶ under way" in page
                assert f"<b>{said['settled']}</b> of 20 settled" in page
                assert f"<b>${said['dollars']:.4f}</b> of $30.00, at $1000 and $1000 for a million tokens" in page
                assert f"{said['in_flight']} requests" in page
                process.kill()
                process.wait()
                monkeypatch.setattr(live, "SILENT", -1.0)
                before = state(out)
                page = client.get("/live/out").text
                assert state(out) == before
                assert "✗ killed" in page
                assert "data-live" in page  # the same command resumes, and then it is under way again
                monkeypatch.undo()
                waits = False
                assert synth(*words).returncode == 0
                page = client.get("/live/out").text
                assert "■ ended" in page
                assert "<b>20</b> of 20 settled" in page
                assert "<b>19</b> kept" in page
                assert '<span class="value">wrong</span><span class="count">1</span>' in page
                assert "&lt;script&gt;alert(1)" in page
                assert "<script>alert" not in page
                assert page.count("✓ kept") == sum(one["kept"] for one in told(out)[0]["newest"])
                assert "Which number is 12?" in client.get("/rows/out/train?q=12").text


def test_a_shard_of_a_fleet_that_its_budget_ended(synth: Synth, tmp_path: Path, questions: Questions) -> None:
    with serving(right) as one, serving(right) as other:
        words = ["distill", "--task", "gsm8k", "--source", questions(60), "--teacher", "m-1", "--out", "part"]
        words += ["--base-url", one.url, "--base-url", other.url, "--shard", "1/2", *PRICE, "--budget", "0.6"]
        assert synth(*words, "--max-tokens", 7).returncode == 3
    said = told(tmp_path / "part")[0]
    with viewing(tmp_path / "cache", tmp_path / "part") as (client, _):
        page = client.get("/live/part").text
        assert ">Live</a>" in client.get("/").text
    assert "part, shard 1/2" in page
    assert "the budget of $0.3 does not allow another request" in page
    assert f"{said['settled']}</b> of 30 settled" in page
    assert all(f"<td>{each.url.removesuffix('/v1')}" in page for each in (one, other))
    assert said["asked"] == len(one.bodies) + len(other.bodies)


def test_several_datasets_with_one_store(synth: Synth, tmp_path: Path, questions: Questions) -> None:
    with serving(right) as teacher:
        words = ["distill", "--task", "gsm8k", "--source", questions(3), "--teacher", "m-1", "--base-url", teacher.url]
        assert synth(*words, "--length", "steps,brief", "--out", "both").returncode == 0
    with viewing(tmp_path / "cache", tmp_path / "both") as (client, _):
        page = client.get("/").text
        assert [page.count(f"<td>{name}</td><td>ended</td>") for name in ("steps", "brief")] == [1, 1]
        assert client.get("/rows/both.brief/train").status_code == 200
    assert len(lines(tmp_path / "both" / "brief" / "train.jsonl")) == 3


def test_what_waits_for_a_batch_is_said(synth: Synth, tmp_path: Path, questions: Questions) -> None:
    with serving(right) as teacher:
        words = ["distill", "--task", "gsm8k", "--source", questions(3), "--teacher", "m-1", "--base-url", teacher.url]
        synth(*words, "--batch", "--out", "out")
        with viewing(tmp_path / "cache", tmp_path / "out") as (client, _):
            page = client.get("/").text
            assert "■ ended</span>: 3 requests handed in as batch_" in page
            assert "<b>0</b> of 3 settled" in page
            teacher.finish(next(iter(teacher.batches)))
            synth(*words, "--batch", "--out", "out")
            assert "<b>3</b> of 3 settled" in client.get("/live/out").text


def test_a_store_of_an_earlier_version_and_folders_without_one(tmp_path: Path) -> None:
    (tmp_path / "begun" / ".synth-partial").mkdir(parents=True)
    before = state(GOLDEN / "distilled")
    with viewing(tmp_path / "cache", GOLDEN / "distilled", tmp_path / "begun") as (client, _):
        page = client.get("/live/distilled").text
        assert "Newest replies" in page
        assert page.count('id="prompt-') == min(live.SHOWN, answered(GOLDEN / "distilled"))
        assert "No request store of a distillation lies here" in client.get("/live/begun").text
    assert state(GOLDEN / "distilled") == before


def test_what_says_something_else_of_itself_is_shown_as_far_as_it_can_be(tmp_path: Path) -> None:
    with viewing(tmp_path / "cache", asked(tmp_path / "a", settled=17)) as (client, _):
        assert "<b>17</b> of 40 settled" in client.get("/live/a").text
        for changes in ({"settled": "many"}, {"left": None}, {"newest": 1}):
            asked(tmp_path / "a", **changes)
            page = client.get("/live/a").text
            assert "? unknown" in page
            assert "It is 1." in page


def test_what_is_no_store_is_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    path = tmp_path / "store" / "requests.sqlite"
    path.write_text("something else " * 100)
    data = folder(tmp_path / "data", rows(row(1)))
    with viewing(tmp_path / "cache", data, tmp_path / "store") as (client, _):
        reply = client.get("/live/store")
        assert reply.status_code == 400
        assert "cannot be read as a request store" in reply.text
        path.unlink()
        path.symlink_to(GOLDEN / "distilled" / "requests.sqlite")
        assert "is a link" in client.get("/live/store").text
    with pytest.raises(FolderError), looking(path):
        pass
