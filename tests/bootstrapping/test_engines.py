"""Who writes: vLLM in a process of its own (a stand-in for the package, over transformers), and real servers.

What is tested of vLLM is the process, its files and its words; vLLM itself is not installed where tests run.
"""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from bootstrapped import SMALL, begun, half, star
from loopback import Answer, serving

from synth.bootstrapping.engines import VllmWriter, check_engine, writer_for
from synth.bootstrapping.served import body_for, verdict
from synth.bootstrapping.write import Writer
from synth.data.reading import read
from synth.errors import MissingExtraError, TrainingError, UsageError
from synth.evaluating.prompts import Asking
from synth.models.generate import Decoding
from synth.models.load import load
from synth.record import Record
from synth.training.trainer import find

STANDIN = Path(__file__).parent / "standin"


@pytest.fixture
def vllm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """The stand-in is installed; the file where it writes which models it loaded."""
    monkeypatch.setenv("PYTHONPATH", str(STANDIN))
    monkeypatch.syspath_prepend(STANDIN)
    monkeypatch.setenv("VLLM_STANDIN_LOG", str(tmp_path / "loaded"))
    yield tmp_path / "loaded"
    sys.modules.pop("vllm", None)  # other libraries look for it


def nothing(*state: object) -> None:
    return None


def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a stage does in a process of its own is done here."""
    from synth.bootstrapping import vllm_stage

    monkeypatch.setattr(VllmWriter, "_run", lambda writer, folder: vllm_stage.write(folder))


def config(**given: Any) -> Any:
    trainer = find("star")
    return trainer.settled(trainer.config(data=["x"], model="m", **given))


def outputs(run: Path, number: int) -> list[dict[str, Any]]:
    path = run / "iterations" / f"00{number}" / "outputs.jsonl"
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def test_an_engine_that_is_not_installed_is_a_line_before_anything_runs(sums: Path, tmp_path: Path) -> None:
    with pytest.raises(MissingExtraError, match=r"--engine vllm needs .* pip install 'rationale-synth\[vllm\]'"):
        star(tmp_path / "run", data=[str(sums)], engine="vllm", **SMALL)
    assert not (tmp_path / "run").exists()


def test_encoder_decoders_have_one_engine() -> None:
    with pytest.raises(UsageError, match="--engine transformers only"):
        check_engine(config(engine="vllm"), find("t5"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"engine": "tgi"}, "--engine tgi: give transformers, vllm or the URL"),
        ({"model_name": "x"}, "--model-name: for a server only"),
        ({"reload_url": "http://h/x"}, "--reload-url: for a server only"),
        ({"engine": "http://h/v1", "reload_url": "h/x"}, "--reload-url h/x: give the whole address"),
        ({"engine": "http://h/v1", "reload_url": "http://a:b@h/x"}, "--reload-url h/x: give the whole address"),
        ({"base_url": "http://h/v1"}, "--base-url: for a server only"),
        (
            {"engine": "http://h/v1", "base_url": "http://g/v1", "reload_url": "http://g/x"},
            "--reload-url http://g/x: with --base-url each server is told at its own address",
        ),
    ],
)
def test_what_does_not_go_with_an_engine(given: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        config(**given)


def test_vllm_writes_what_transformers_writes(
    whole: Path, sums: Path, vllm: Path, tmp_path: Path
) -> None:  # fmt: skip
    """Of the second iteration, which is as every other; that each has its own model is seen of a server below."""
    run = half(whole, tmp_path / "run", engine="vllm")
    star(run, resume=True, data=[str(sums)], engine="vllm", **SMALL)
    assert outputs(run, 2) == outputs(whole, 2)
    loaded = vllm.read_text().splitlines()
    assert loaded == [str(run / "iterations" / "001" / "run")] * 2, "a process a stage"
    assert not (run / "iterations" / "002" / "asked").exists()


def test_several_samples_have_seeds_of_their_own(
    whole: Path, sums: Path, vllm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_this_process(monkeypatch)
    records = list(read(sums, "train"))[:3]
    decoding = Decoding(samples=4, temperature=1.5, max_new_tokens=12)
    asking = Asking(trained=True)
    first, again = (
        VllmWriter(nothing).use(whole / "base").write(asking, records, decoding, tmp_path / name, "asked", {})
        for name in ("a", "b")
    )
    assert first == again
    assert all(len({one.text for one in each}) > 1 for each in first)
    assert any(one.cut_off for each in first for one in each)


def test_vllm_goes_on_where_a_gpu_was_lost(
    whole: Path, sums: Path, vllm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from synth.bootstrapping import vllm_stage

    records, decoding = list(read(sums, "train"))[:5], Decoding(max_new_tokens=40)
    given: Any = (Asking(trained=True), records, decoding, tmp_path / "asked", "asked", {})
    in_this_process(monkeypatch)
    monkeypatch.setattr(vllm_stage, "AT_ONCE", 2)
    monkeypatch.setenv("VLLM_STANDIN_STOPS", "2")
    with pytest.raises(RuntimeError, match="CUDA"):
        VllmWriter(nothing).use(whole / "base").write(*given)
    kept = (tmp_path / "asked" / "outputs.partial.jsonl").read_bytes()
    assert kept.count(b"\n") == 1 + 4
    monkeypatch.setenv("VLLM_STANDIN_STOPS", "1")
    found = VllmWriter(nothing).use(whole / "base").write(*given)
    assert (tmp_path / "asked" / "outputs.partial.jsonl").read_bytes().startswith(kept)
    here = Writer(nothing).use(whole / "base").write(*given[:3], tmp_path / "here", *given[4:])
    assert [[one.text for one in each] for each in found] == [[one.text for one in each] for each in here]


def test_an_end_of_the_process_is_a_line(whole: Path, sums: Path, vllm: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLLM_STANDIN_STOPS", "0")
        with pytest.raises(TrainingError, match=r"--engine vllm: its process ended .* --resume"):
            VllmWriter(nothing).use(whole / "base").write(
                Asking(trained=True),
                list(read(sums, "train"))[:2],
                Decoding(max_new_tokens=4),
                tmp_path / "a",
                "a",
                {},
            )


LOADING = threading.Lock()  # transformers loads one model at a time


class Serving:
    """A server over the checkpoints of a loop, that has one of them until it is told to load another."""

    def __init__(self, model: Path) -> None:
        self.model, self.loaded, self.deaf = model, [], False
        self.prefix = ""  # what a chat template of its own would put before a prompt
        self._checkpoints: dict[Path, Any] = {}

    def reply(self, request: dict[str, Any], times: int) -> Answer:
        with LOADING:
            if self.model not in self._checkpoints:
                self._checkpoints[self.model] = load(str(self.model))
        checkpoint = self._checkpoints[self.model]
        (message,) = request["messages"]
        ids = checkpoint.encode([self.prefix + message["content"]], chat=False)
        ((one,),) = checkpoint.write(ids, ["x"], Decoding(max_new_tokens=request["max_tokens"]))
        return Answer(one.text, completion_tokens=one.tokens, finish_reason="length" if one.cut_off else "stop")

    def reload(self, body: dict[str, Any]) -> Answer:
        self.loaded.append(body)
        if not self.deaf:
            self.model = Path(body["model_path"])
        return Answer(body=b'{"success": true, "message": "done"}')


@pytest.fixture
def served(whole: Path) -> Iterator[tuple[Serving, Any]]:
    with a_server(whole) as found:
        yield found


@contextmanager
def a_server(whole: Path) -> Iterator[tuple[Serving, Any]]:
    """A server that still has the model of a run of before."""
    model = Serving(whole / "iterations" / "002" / "run")
    with serving(model.reply) as server:
        original = server._decide

        def decide(seen: Any) -> Answer:
            return model.reload(seen.body) if seen.path == "/update_weights_from_disk" else original(seen)

        server._decide = decide  # type: ignore[method-assign]
        yield model, server


def at(server: Any, **more: Any) -> dict[str, Any]:
    root = server.url.removesuffix("/v1")
    return {"engine": server.url, "model_name": "m", "reload_url": f"{root}/update_weights_from_disk", **SMALL, **more}


def test_a_server_that_is_told_to_reload_writes_what_the_models_write(
    whole: Path, sums: Path, served: tuple[Serving, Any], tmp_path: Path
) -> None:
    model, server = served
    run = begun(whole, tmp_path / "run", **at(server))
    star(run, resume=True, data=[str(sums)], **at(server))
    assert [outputs(run, n) for n in (1, 2)] == [outputs(whole, n) for n in (1, 2)]
    assert [body["model_path"] for body in model.loaded] == [
        str(run / "base"), str(run / "iterations" / "001" / "run"),
    ]  # fmt: skip


def test_several_servers_write_and_each_has_to_prove_itself(
    whole: Path, sums: Path, served: tuple[Serving, Any], tmp_path: Path
) -> None:
    first, server = served
    with a_server(whole) as (second, other):
        several = at(server, base_url=other.url)
        run = star(tmp_path / "run", data=[str(sums)], **several)
        assert [outputs(run, n) for n in (1, 2)] == [outputs(whole, n) for n in (1, 2)]
        assert first.loaded == second.loaded
        assert len(first.loaded) == 2
        assert min(len(server.bodies), len(other.bodies)) > 16  # more than tell whose replies they are
        second.deaf, second.prefix = True, "Target: Target: 9 9 9"  # models of so few steps reply alike: it must not
        with pytest.raises(TrainingError, match=f"^{other.url} does not answer as .*/base does"):
            star(tmp_path / "again", data=[str(sums)], **several)


def test_a_server_with_old_weights_ends_the_loop_and_nothing_is_lost(
    whole: Path, sums: Path, served: tuple[Serving, Any], tmp_path: Path
) -> None:
    model, server = served
    given = at(server, start_steps=60)
    out = begun(whole, tmp_path / "run", **given)
    with pytest.MonkeyPatch.context() as patch:
        original = Serving.reload

        def once(self: Serving, body: dict[str, Any]) -> Answer:
            self.deaf = bool(self.loaded)
            return original(self, body)

        patch.setattr(Serving, "reload", once)
        with pytest.raises(TrainingError, match=r"still answers with old weights, .*001/run.* --resume") as caught:
            star(out, resume=True, data=[str(sums)], **given)
    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)
    before = (out / "iterations" / "001" / "outputs.jsonl").stat().st_mtime_ns
    model.deaf = False
    star(out, resume=True, data=[str(sums)], **given)
    assert (out / "iterations" / "001" / "outputs.jsonl").stat().st_mtime_ns == before
    assert outputs(out, 2)


def test_a_chat_template_that_changes_prompts_is_found_out(
    whole: Path, sums: Path, served: tuple[Serving, Any], tmp_path: Path
) -> None:
    model, server = served
    model.prefix = "Target: Target: 9 9 9"
    with pytest.raises(TrainingError, match="a chat template that changes the prompt") as caught:
        star(begun(whole, tmp_path / "run", **at(server)), resume=True, data=[str(sums)], **at(server))
    assert caught.value.exit_code == 3


def test_a_server_that_does_not_load_is_a_line(
    whole: Path, sums: Path, served: tuple[Serving, Any], tmp_path: Path
) -> None:
    _, server = served
    given = at(server, reload_url=f"{server.url.removesuffix('/v1')}/nowhere")
    with pytest.raises(TrainingError, match=r"did not load .*404") as caught:
        star(begun(whole, tmp_path / "run", **given), resume=True, data=[str(sums)], **given)
    assert caught.value.exit_code == 3


def test_what_a_server_is_told() -> None:
    model = Path('/runs/a "b"')
    sglang = config(engine="http://h/v1", reload_url="http://h/update_weights_from_disk")
    assert json.loads(body_for(sglang, model)) == {"model_path": str(model)}
    vllm = config(engine="http://h/v1", reload_url="http://h/collective_rpc")
    assert json.loads(body_for(vllm, model)) == {"method": "reload_weights", "kwargs": {"weights_path": str(model)}}
    own = config(engine="http://h/v1", reload_url="http://h/load", reload_body='{"path": "{model}", "now": true}')
    assert json.loads(body_for(own, model)) == {"path": str(model), "now": True}


@pytest.mark.parametrize(
    ("served", "new", "old", "found"),
    [
        ("abcd", "abcd", None, "new"),
        ("abcx", "abcd", None, "new"),  # another kernel says one of them otherwise
        ("wxyz", "abcd", None, "other"),
        ("abcd", "abcd", "abcz", "new"),
        ("abcz", "abcd", "abcz", "old"),  # most are the same, but for the one that tells
        ("wxyz", "abcd", "wxyz", "old"),
        ("mnop", "abcd", "wxyz", "other"),
        ("abcd", "abcd", "abcd", "new"),  # nothing tells them apart
    ],
)
def test_whose_replies_they_are(served: str, new: str, old: str | None, found: str) -> None:
    assert verdict(served, new, old) == found


def test_the_writer_is_that_of_the_engine() -> None:
    known = [Record("a", "b", "c", "", "d", "", {})] * 20
    kinds = [type(writer_for(config(engine=engine), known, nothing, nothing)).__name__
             for engine in ("transformers", "vllm", "http://h/v1")]  # fmt: skip
    assert kinds == ["Writer", "VllmWriter", "ServerWriter"]
