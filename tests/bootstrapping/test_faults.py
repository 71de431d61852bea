"""What cannot be is one line before anything runs; what breaks in the middle loses nothing."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from bootstrapped import SMALL, half, star
from loopback import free_port
from training import RECORDS, dataset, full_disk, micro

import synth
from synth.bootstrapping.stages import Stages
from synth.bootstrapping.write import Writer
from synth.errors import FolderError, SynthError, TrainingError
from synth.evaluating.job import Job
from synth.evaluating.outputs import Partial
from synth.models.generate import Output
from synth.training import loop as training_loop


@pytest.fixture(scope="module")
def listops(tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("data") / "listops"
    synth.build("listops", explain="short", train=4, validation=2, test=0, out=out, quiet=True)
    return str(out)


def weights(run: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(run.glob("iterations/*/run/model.safetensors"))]


def bad(tmp_path: Path, sums: str, listops: str) -> list[tuple[dict[str, Any], str]]:
    unknown = str(dataset(tmp_path / "unknown", {"train": RECORDS, "validation": RECORDS[:2]}))
    empty = str(dataset(tmp_path / "empty", {"train": [], "validation": RECORDS[:2]}))
    model, t5 = (str(micro(tmp_path / family, family)) for family in ("llama", "t5"))
    (tmp_path / "q.jsonl").write_bytes(orjson.dumps({"question": "2 + 2?", "label": "4"}) + b"\n")
    (tmp_path / "w.toml").write_text('name = "w"\ninstruction = "Say."\nkind = "number"\nclosing = "It is {answer}"\n')
    (tmp_path / "hollow").mkdir()
    new = {"from_scratch": "tiny", "data": [sums]}
    own = {"source": str(tmp_path / "q.jsonl"), "task": str(tmp_path / "w.toml")}
    return [
        ({"model": model, "data": [sums]}, "has not learned how these .*--shots FILE, or --n-shots"),
        ({"model": model, "data": [sums], "shots": listops}, "holds demonstrations of listops, and .* of arithmetic"),
        ({"model": model, "data": [sums], "shots": "gsm8k"}, "holds demonstrations of gsm8k"),
        ({"model": model, "data": [sums], "shots_in_training": True}, "--shots-in-training: there are no"),
        ({**new, "data": [unknown], "rationalize": True}, "--rationalize: nobody knows how to hint"),
        ({**new, "data": [empty]}, "has no rows in its split 'train'"),
        ({**new, "data": ["nowhere"]}, "nowhere is not a dataset folder"),
        ({**new, "data": [sums, listops]}, r"several tasks \(arithmetic, listops\)"),
        ({**new, "add_data": [f"{listops}@2"]}, r"several tasks \(arithmetic, listops\)"),
        ({**new, "add_data": ["nowhere@2"]}, "nowhere is not a dataset folder"),
        ({**new, "add_data": [sums]}, "give FOLDER@20"),
        ({**new, "keep": ["nowhere"]}, "nowhere is not a dataset folder"),
        ({**new, "held": Path(listops)}, "--held .*listops has rows of listops, and the questions are of arithmetic"),
        ({**own, "from_scratch": "tiny"}, "no rationales that could be shown"),
        ({"model": "nowhere/at/all", "data": [sums], "n_shots": 2}, "there is no folder 'nowhere/at/all'"),
        ({"model": str(tmp_path / "hollow"), "data": [sums], "n_shots": 2}, "no model can be loaded from"),
        ({"model": t5, "trainer": "llama", "data": [sums], "n_shots": 2}, "is an encoder-decoder: train it with .*t5"),
        ({**new, "trainer": "star"}, "--trainer star is a loop itself"),
        ({**new, "trainer": "nope"}, "no trainer is called 'nope'"),
        ({**new, "processes": 2}, "--processes 2 needs a way to launch them"),
        ({**new, "control": ["shots"]}, "--control shots: one of few-shot-only, direct"),
        ({**new, "source": "x"}, "--data FOLDER, or --source"),
        ({**new, "engine": f"http://127.0.0.1:{free_port()}/v1"}, "no server answers .* check --engine"),
    ]  # fmt: skip


def test_what_cannot_be_is_a_line_before_anything_runs(sums: str, listops: str, tmp_path: Path) -> None:
    for given, said in bad(tmp_path, sums, listops):
        with pytest.raises(SynthError, match=said) as caught:
            star(tmp_path / "run", **given)
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "run").exists(), given


def test_a_model_that_needs_no_demonstrations_goes_without(whole: Path, sums: str, tmp_path: Path) -> None:
    class BegunError(Exception):
        """The loop begins."""

    def begin(*given: Any) -> None:
        raise BegunError

    for given in ({"model": str(micro(tmp_path / "m", "llama")), "shots_until": 0}, {"model": str(whole)}):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Stages, "measure", begin)
            with pytest.raises(BegunError):
                star(tmp_path / f"run{len(given)}", data=[sums], **given)


def test_a_loss_that_is_not_a_number_keeps_what_was_done(whole: Path, sums: str, tmp_path: Path) -> None:
    out = half(whole, tmp_path / "run")
    with pytest.raises(TrainingError, match=r"the loss is not a number .*--lr"):
        star(out, resume=True, data=[sums], **SMALL, lr=1e25)
    assert weights(out) == weights(whole)[:1]
    star(out, resume=True, data=[sums], **SMALL)
    assert weights(out) == weights(whole)


def test_another_learning_rate_makes_no_other_run_of_a_whole_one(whole: Path, sums: str) -> None:
    with pytest.raises(SynthError, match=r"--lr was None and is 0\.01"):
        star(whole, resume=True, data=[sums], **SMALL, lr=0.01)


def test_a_full_disk_keeps_what_was_done(whole: Path, sums: str, tmp_path: Path) -> None:
    out = half(whole, tmp_path / "run")
    with full_disk(200 * 1024), pytest.raises(SynthError, match=r"a checkpoint cannot be written to .*002/run") as full:
        star(out, resume=True, data=[sums], **SMALL)
    assert full.value.exit_code == 1
    assert "\n" not in str(full.value)
    star(out, resume=True, data=[sums], **SMALL)
    assert weights(out) == weights(whole)


def test_outputs_on_a_full_disk_are_kept_up_to_the_last_whole_one(tmp_path: Path) -> None:
    job = Job(model="m", data=tmp_path, out=tmp_path / "asked")

    def write() -> None:
        with Partial(job, {}) as partial:
            for row in range(100):
                partial.add({row: [Output("so it is " * 9, 9, False)]})

    with full_disk(2_000), pytest.raises(FolderError, match=r"cannot write .*outputs.partial.jsonl: File too large"):
        write()
    with Partial(job, {}) as partial:
        assert 10 < len(partial) < 20
        assert partial.outputs(10)[0].text == "so it is " * 9


@pytest.mark.parametrize("place", [(Writer, "_fill"), (Stages, "measure"), (training_loop.EpochRows, "__getitem__")])
def test_a_lost_gpu_keeps_what_was_done(
    whole: Path, sums: str, tmp_path: Path, place: tuple[type, str]
) -> None:  # fmt: skip
    out = half(whole, tmp_path / "run")

    def lost(*given: Any) -> None:
        raise RuntimeError("CUDA error: the launch timed out and was terminated\nCompile with TORCH_USE_CUDA_DSA")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(*place, lost)
        with pytest.raises(TrainingError, match=r"the GPU failed .*timed out.*--resume") as caught:
            star(out, resume=True, data=[sums], **SMALL)
    assert "\n" not in str(caught.value)
    star(out, resume=True, data=[sums], **SMALL)
    assert weights(out) == weights(whole)


def test_other_errors_are_not_made_nice(whole: Path, sums: str, tmp_path: Path) -> None:
    def broken(*given: Any) -> None:
        raise RuntimeError("shapes do not fit")

    out = half(whole, tmp_path / "run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Writer, "_fill", broken)
        with pytest.raises(RuntimeError, match="shapes do not fit"):
            star(out, resume=True, data=[sums], **SMALL)
