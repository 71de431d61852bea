"""A study that is carried out: done once, killed, resumed, with stages that fail; real commands in processes."""

import contextlib
import json
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from distillations import COST, asked, right
from loopback import Answer, serving

Synth = Callable[..., "subprocess.CompletedProcess[str]"]
GOLDEN = Path(__file__).parents[1] / "golden"
ROWS = "train = 20, validation = 0, test = 4, test_beyond = 0, workers = 1"
# Attempts of a teacher are measured without a model, so these stages take a second.
QUICK = f"""
[axes.task]
words.data = {{ folder = "{GOLDEN / "distilled"}" }}
sums.build = {{ name = "arithmetic", digits = "1", {ROWS} }}
gone.data = {{ folder = "nowhere" }}
[eval]
model = "attempts"
split = "train"
[[blocks]]
name = "main"
task = ["gone", "words"]
limit = [1, 2]
"""
DISTILLED = """
[sources]
questions = {{ about = "numbers" }}
[distill]
source = "$questions"
task = "gsm8k"
teacher = "m-1"
base_url = "{url}"
price = [1000, 1000]
concurrency = 1
[eval]
model = "attempts"
split = "train"
[axes.wording]
plain.distill = {{ max_attempts = 4 }}
[[blocks]]
name = "main"
wording = ["plain"]
"""


def write(tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")


def facts(tmp_path: Path) -> dict[str, Any]:
    return dict(json.loads((tmp_path / "out" / "study.json").read_bytes()))


def states(tmp_path: Path) -> dict[str, str]:
    return {stage["folder"]: stage["state"] for stage in facts(tmp_path)["stages"]}


def stopped(study: "subprocess.Popen[str]") -> str:
    """Press Ctrl-C, and again if a stage waits for a reply that does not come; what the study says."""
    for patience in (2, 60):
        study.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return study.communicate(timeout=patience)[1]
    pytest.fail("it does not end")


def times(tmp_path: Path) -> dict[str, float]:
    return {path.parent.name: path.stat().st_mtime_ns for path in (tmp_path / "out").rglob("metrics.json")}


def test_what_fails_is_named_and_the_rest_goes_on(tmp_path: Path, synth: Synth) -> None:
    write(tmp_path, QUICK)
    done = synth("study", "mine.toml", "--out", "out", "--jobs", "2")
    assert done.returncode == 1, done.stderr
    assert states(tmp_path) == {
        "evals/gone-1-train": "failed", "evals/gone-2-train": "failed",
        "evals/words-1-train": "done", "evals/words-2-train": "done",
    }  # fmt: skip
    assert "failed evals/gone-1-train in " in done.stderr
    assert "nowhere" in done.stderr.split("failed evals/gone-1-train")[1].splitlines()[0]
    cells = facts(tmp_path)["cells"]
    assert [(cell["axes"], cell["state"], cell["run"]) for cell in cells][2:] == [
        ({"task": "words", "limit": 1}, "done", None), ({"task": "words", "limit": 2}, "done", None),
    ]  # fmt: skip
    assert "nowhere" in cells[0]["why"]
    before = times(tmp_path)
    again = synth("study", "mine.toml", "--out", "out", "--only", "task=words")
    assert (again.returncode, times(tmp_path)) == (0, before), again.stderr
    assert "2 were there" in again.stderr
    # other words: nothing is lost unless it is said
    write(tmp_path, QUICK.replace('split = "train"', 'split = "train"\nplain = true').replace('"attempts"', '"m"'))
    other = synth("study", "mine.toml", "--out", "out", "--only", "task=words")
    assert other.returncode == 1
    assert other.stderr == (
        "synth: out/evals/words-1-train was made with --model attempts, the study says --model m --plain (and 1 more): "
        "--overwrite makes it again, another --out keeps it\n"
    )
    assert times(tmp_path) == before


def test_a_study_that_is_stopped_goes_on(tmp_path: Path, questions: Callable[[int], str]) -> None:
    """Ctrl-C while a teacher is asked: what it answered is not asked again, and what was done is not done again."""
    silent = {"after": 3}

    def script(request: dict[str, Any], times: int) -> Answer:
        return right(request, times) if len(teacher.bodies) <= silent["after"] else Answer(hang=True)

    source = questions(4)
    with serving(script) as teacher:
        write(tmp_path, DISTILLED.format(url=teacher.url))
        words = ["study", "mine.toml", "--out", "out", "--source", f"questions={source}"]
        command = [sys.executable, "-m", "synth", *words]
        study = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        while len(teacher.bodies) <= 3:
            assert study.poll() is None, study.communicate()[1]
            time.sleep(0.05)
        said = stopped(study)
        assert study.returncode == 130, said
        assert "interrupted: 0 of 2 stages are done and kept; the same command goes on" in said
        silent["after"] = 1000
        # of the budget the replies before count, and what is left has no room for the most that another may cost
        again = subprocess.run(
            [*command, "--budget", f"{5 * COST}"], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert again.returncode == 1
        assert "failed data/plain" in again.stderr
        assert "stopped early: the budget of $0.036 does not allow another request" in again.stderr
        assert "left out evals/plain-train: data/plain is not there: stopped early: " in again.stderr
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert set(states(tmp_path).values()) == {"done"}
        assert max(teacher.answered.values()) == 1
        stages = {stage["folder"]: stage for stage in facts(tmp_path)["stages"]}
        assert stages["data/plain"]["dollars"] == pytest.approx(4 * COST)


def test_a_stage_that_outlives_a_killed_study_is_waited_for(tmp_path: Path, questions: Callable[[int], str]) -> None:
    """kill -9 ends a study and not its stages: the next one waits until they have ended, and pays for nothing twice.

    The first request is answered when number 77 is asked for.
    """

    def script(request: dict[str, Any], times: int) -> Answer:
        reply = right(request, times)
        return replace(reply, crowd=2) if len(teacher.bodies) == 1 or asked(request) == 77 else reply

    source = questions(2)
    with serving(script) as teacher:
        write(tmp_path, DISTILLED.format(url=teacher.url))
        command = [sys.executable, "-m", "synth", "study", "mine.toml", "--out", "out", "--source"]
        command.append(f"questions={source}")
        study = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        while not teacher.bodies:
            assert study.poll() is None, study.communicate()[1]
            time.sleep(0.05)
        study.kill()
        study.communicate(timeout=60)
        again = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        assert again.stderr is not None
        assert again.stderr.readline() == (
            "data/plain is still being made by a process of a run that was killed: waiting until it ends\n"
        )
        other = {"model": "m-1", "messages": [{"role": "user", "content": "Which number is 77?"}]}
        urllib.request.urlopen(f"{teacher.url}/chat/completions", json.dumps(other).encode(), timeout=60).close()
        said = again.communicate(timeout=120)[1]
        assert again.returncode == 0, said
        assert set(states(tmp_path).values()) == {"done"}
        assert max(teacher.answered.values()) == 1


def test_a_source_that_is_not_there_is_said_before_anything_is_run(tmp_path: Path, synth: Synth) -> None:
    write(tmp_path, DISTILLED.format(url="http://127.0.0.1:1/v1"))
    gone = synth("study", "mine.toml", "--out", "out", "--source", "questions=none.jsonl")
    assert (gone.returncode, (tmp_path / "out").exists()) == (2, False)
    assert gone.stderr == "synth: --source questions=none.jsonl: there is no such file or folder\n"
