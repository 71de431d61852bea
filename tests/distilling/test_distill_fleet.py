"""A distillation, an evaluation and judging by several servers: one store, one budget, the same rows."""

from collections.abc import Callable
from pathlib import Path

import pytest
from distillations import PRICE, Synth, distill, lines, right
from loopback import Answer, free_port, serving

import synth
from synth.data.manifest import read_manifest
from synth.errors import UsageError
from synth.teachers.catalogue import find_fleet

Write = Callable[[int], str]


def test_a_fleet_writes_what_one_server_writes(synth: Synth, questions: Write, tmp_path: Path) -> None:
    """Which server answers decides nothing: neither the rows, nor what is found in the store."""
    source = questions(40)
    nobody = f"http://127.0.0.1:{free_port()}/v1"
    with serving(right) as one, serving(lambda body, times: Answer(status=503)) as failing, serving(right) as other:
        done = distill(synth, one, source, "--base-url", failing.url, "--base-url", other.url, "--base-url", nobody)
        assert done.returncode == 0, done.stderr
        made = (tmp_path / "out" / "train.jsonl").read_bytes()
        assert len(lines(tmp_path / "out" / "train.jsonl")) == 40
        assert f"  {one.url}: {len(one.bodies)} replies, " in done.stdout
        paid = read_manifest(tmp_path / "out")["paid"]
        assert sum(paid["servers"].values()) == len(one.bodies) + len(other.bodies) == 40
        assert set(paid["servers"]) <= {one.url, other.url}
        assert paid["base_url"] == ", ".join([one.url, failing.url, other.url, nobody])
        assert "--base-url" not in read_manifest(tmp_path / "out")["command"]
        asked = len(other.seen)
        done = synth("distill", "--task", "gsm8k", "--source", source, "--teacher", "m-1", "--base-url", other.url,
                     "--cache", "out/requests.sqlite", "--out", "again")  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert len(other.seen) == asked
    assert (tmp_path / "again" / "train.jsonl").read_bytes() == made
    assert "servers" not in read_manifest(tmp_path / "again")["paid"]


def test_one_budget_for_all(synth: Synth, questions: Write, tmp_path: Path) -> None:
    with serving(right) as one, serving(right) as other:
        done = distill(synth, one, questions(60), "--base-url", other.url, *PRICE, "--budget", "0.5", "--max-tokens", 7)
        assert done.returncode == 3, done.stderr
        assert "the budget of $0.5 does not allow another request" in done.stdout
        paid = read_manifest(tmp_path / "out")["paid"]
        assert paid["dollars"] <= 0.5
        assert paid["requests"] == len(one.bodies) + len(other.bodies) < 60


def test_an_evaluation_asks_several_servers(questions: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with serving(right) as one, serving(right) as other:
        given = {"teacher": "m-1", "quiet": True}
        synth.distill(task="gsm8k", source=questions(40), base_url=[one.url, other.url], out="data", **given)
        model = {"model": one.url, "model_name": "m", "split": "train", "out": "eval", "quiet": True}
        synth.evaluate(data="data", base_url=other.url, **model)
        asked = {str(body["messages"]) for body in (*one.bodies, *other.bodies) if body["model"] == "m"}
        assert len(asked) == len(lines(Path("data/train.jsonl"))) == 40
        assert any(body["model"] == "m" for body in other.bodies)
        judged = synth.judge("data", judge="rubric", base_url=(one.url, other.url), verdicts="v.jsonl", **given)
        assert judged is not None
    assert len(lines(Path("v.jsonl"))) == 40


def test_servers_that_cannot_be_one_fleet(synth: Synth, questions: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = "http://127.0.0.1:9/v1", "http://127.0.0.1:9/v2"
    for words, said in (
        (("--base-url", other, "--base-url", f"{one}/"), f"--base-url {one} is given twice"),
        (("--base-url", "https://api.openai.com/v1"), "several servers have to be of one kind"),
        (("--base-url", other, "--batch"), "--batch hands everything in at one server: give one --base-url"),
    ):
        done = synth("distill", "--task", "gsm8k", "--source", questions(2), "--teacher", "m", "--base-url", one,
                     "--out", "out", *words)  # fmt: skip
        assert done.returncode == 2
        assert said in done.stderr
    with pytest.raises(UsageError, match="is given twice"):
        find_fleet("m", [one, "127.0.0.1:9/v1/chat/completions"])
