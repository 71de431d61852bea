"""Runs that version 0.1.0 wrote: read, resumed, and made again.

They learn what they learned then but for the last digits, which add up over the steps: 0.1.0 made logits of all tokens
and masked padding, so its sums had other terms that are zero. Files that no arithmetic is in are the same to the bit.
"""

import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest
from training import facts, trained

from synth.errors import FolderError, UsageError
from synth.training.folder import Run

GOLDEN = Path(__file__).parents[1] / "golden"
CLOCK = {"seconds", "tokens_per_second"}
RUNS = {"run": "llama", "run-t5": "t5"}


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads((GOLDEN / "recorded.json").read_bytes())
    return found


def same_libraries(recorded: dict[str, Any]) -> bool:
    """Losses are comparable under one version of torch and transformers."""
    import torch
    import transformers

    made = recorded["versions"]
    return (torch.__version__, transformers.__version__) == (made["torch"], made["transformers"])


def learned(run: Path) -> list[dict[str, float]]:
    """The log but for its clock."""
    lines = [orjson.loads(line) for line in (run / "log.jsonl").read_bytes().splitlines()]
    return [{name: value for name, value in line.items() if name not in CLOCK} for line in lines]


def alike(run: Path, golden: Path, until: int | None = None) -> None:
    """The same lines up to a step, and losses that differ by what is left of the last digits."""
    due = [line for line in learned(golden) if until is None or line["step"] <= until]
    for line, wanted in zip(learned(run), due, strict=True):
        losses = {name: pytest.approx(wanted[name], rel=1e-3) for name in ("loss", "eval_loss") if name in wanted}
        assert line == {**wanted, **losses}


def settings(run: Path) -> dict[str, Any]:
    """The settings of a run as they were typed: of those that stand in synth-run.json, all but where things are."""
    given = facts(run)["config"]
    return {name: value for name, value in given.items() if name not in ("data", "model", "from_scratch")}


def test_a_run_that_was_stopped_ends_where_it_would_have(recorded: dict[str, Any], tmp_path: Path) -> None:
    wanted = recorded["resumed"]
    run = tmp_path / "run-stopped"
    shutil.copytree(GOLDEN / "run-stopped", run)
    base = str(GOLDEN / wanted["model"])
    trained("llama", run, [GOLDEN / "arithmetic"], {"resume": True}, model=base, **settings(run))
    names = ("parameters", "steps", "examples_seen", "tokens_seen")
    assert {name: facts(run)[name] for name in names} == {name: wanted[name] for name in names}
    for loss in ("loss", "eval_loss"):
        assert facts(run)[loss] == (None if wanted[loss] is None else pytest.approx(wanted[loss], rel=1e-5))


HALF = 200  # of 400 steps: by then its rows are known by heart, and the loss is a thousandth of the first


@pytest.fixture
def half_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs stop in the middle, as one whose time is over does."""
    from synth.training.loop import Diary

    whole = Diary.on_step_end

    def stopping(self: Diary, args: Any, state: Any, control: Any, **more: Any) -> None:
        control.should_training_stop = control.should_training_stop or state.global_step == HALF
        whole(self, args, state, control, **more)

    monkeypatch.setattr(Diary, "on_step_end", stopping)


@pytest.mark.usefixtures("half_way")
def test_a_run_made_again_learns_the_same(recorded: dict[str, Any], tmp_path: Path) -> None:
    wanted, run = recorded["run"], tmp_path / "run"
    trained("llama", run, [GOLDEN / "listops"], from_scratch="tiny", **settings(GOLDEN / "run"))
    kept = ("tokenizer.json", "tokenizer_config.json", "config.json", "generation_config.json")
    made = {name: sha256((run / name).read_bytes()).hexdigest() for name in kept}
    assert facts(run)["config"] == facts(GOLDEN / "run")["config"]
    assert facts(run)["data"] == facts(GOLDEN / "run")["data"]
    if same_libraries(recorded):
        assert made == {name: wanted["sha256"][name] for name in kept}
        alike(run, GOLDEN / "run", HALF)


def test_an_encoder_decoder_made_again_learns_the_same(recorded: dict[str, Any], tmp_path: Path) -> None:
    run = trained("t5", tmp_path / "run", [GOLDEN / "listops"], from_scratch="tiny", **settings(GOLDEN / "run-t5"))
    names = ("config", "data", "closing", "parameters", "steps", "examples_seen", "tokens_seen")
    assert {name: facts(run)[name] for name in names} == {name: facts(GOLDEN / "run-t5")[name] for name in names}
    if same_libraries(recorded):
        alike(run, GOLDEN / "run-t5")


@pytest.mark.parametrize("name", RUNS)
def test_a_finished_run_is_there_already(name: str, tmp_path: Path) -> None:
    run = tmp_path / name
    shutil.copytree(GOLDEN / name, run)
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    given = {"from_scratch": "tiny", **settings(run)}
    trained(RUNS[name], run, [GOLDEN / "listops"], **given)
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before
    with pytest.raises(FolderError, match=r"another run \(--seed was 0 and is 1\)"):
        trained(RUNS[name], run, [GOLDEN / "listops"], **given | {"seed": 1})
    with pytest.raises(UsageError, match=r"--data was listops:1 \(train\) and is arithmetic:1 \(train\)"):
        trained(RUNS[name], run, [GOLDEN / "arithmetic"], {"resume": True}, **given)


def test_the_log_and_the_checkpoint_of_a_stopped_run_are_read() -> None:
    run = Run(GOLDEN / "run-stopped")
    last = run.last()
    assert last is not None
    assert last.step == 8
    assert [line["step"] for line in run.log()] == [line["step"] for line in learned(run.folder)]
