"""`synth eval` on checkpoints: tiny models that know eight rows by heart, in both families."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from halting import halted
from tiny_models import listops, make, write_dataset

from synth.data.names import METRICS, OUTPUTS, PREDICTIONS
from synth.data.reading import read
from synth.errors import FolderError, SourceError
from synth.evaluating.job import Job
from synth.evaluating.run import carry_out as evaluate
from synth.models.generate import Decoding
from synth.models.load import load

WRITTEN = "synth.evaluating.outputs:Partial.add"  # is called for every batch of outputs that is written down

Synth = Callable[..., "subprocess.CompletedProcess[str]"]
needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
KNOWN = 8  # rows that the tiny models learn
SHORT = Decoding(max_new_tokens=50)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen rows, of which the models know the first eight."""
    rows = [listops(number * 5 + 5) for number in range(16)]
    splits = {"test": rows, "empty": []}
    return write_dataset(tmp_path_factory.mktemp("data") / "pairs", splits, builder="listops", config={"modulus": 10})


@pytest.fixture(scope="module")
def llama(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return taught(data, tmp_path_factory.mktemp("llama") / "run", decoder=True)


@pytest.fixture(scope="module")
def t5(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return taught(data, tmp_path_factory.mktemp("t5") / "run", decoder=False)


@pytest.fixture(params=["llama", "t5"])
def model(request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue(request.param)
    return found


def taught(data: Path, folder: Path, decoder: bool) -> Path:
    pytest.importorskip("torch")
    return make(folder, list(read(data, "test"))[:KNOWN], decoder)


def run(model: Path, data: Path, out: Path, **settings: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Figures and predictions."""
    job = Job(**{"model": str(model), "data": data, "out": out, "decoding": SHORT, **settings})
    figures = evaluate(job, lambda line: None, lambda *state: None).metrics
    return figures, [json.loads(line) for line in (out / PREDICTIONS).read_text(encoding="utf-8").splitlines()]


def values(figures: dict[str, Any]) -> dict[str, float]:
    return {name: figure["value"] for name, figure in figures["metrics"].items()}


def test_what_was_learned_by_heart_is_right_and_nothing_else(model: Path, data: Path, tmp_path: Path) -> None:
    figures, lines = run(model, data, tmp_path / "eval")
    assert [line["id"] for line in lines] == [record.id for record in read(data, "test")]
    for record, line in zip(read(data, "test"), lines[:KNOWN], strict=False):
        assert (line["output"].strip(), line["answer"]) == (record.completion, record.answer)
        assert (line["correct"], line["steps_right"], line["f1_2"], line["fault"]) == (True, True, 1.0, None)
        assert line["prompt"] == record.prompt
    checkpoint = load(str(model))
    read_of = [len(checkpoint.encode([line["prompt"]], chat=False)[0]) for line in lines]
    assert [line["prompt_tokens"] for line in lines] == read_of, "of shorter ones the padding is not counted"
    assert len(set(read_of)) > 1
    wrong = [line for line in lines[KNOWN:] if not line["steps_right"]]
    assert wrong, "rows it has never seen"
    assert all(line["fault"] for line in wrong)
    found = values(figures)
    assert found["accuracy"] == sum(line["correct"] for line in lines) / 16
    assert found["steps_right"] == sum(line["steps_right"] for line in lines) / 16
    by_root = figures["by"]["root"]
    assert sum(group["accuracy"]["n"] for group in by_root.values()) == 16
    assert set(by_root) == {"MAX", "MIN"}
    assert set(figures["by"]["length"]) == {"4", "5"}
    assert "values" not in figures["by"], "the same in all rows"
    assert figures["run"]["steps"] == 150
    assert (figures["data"]["rows"], figures["data"]["task"], figures["target"]) == (16, "listops", "rationale")
    assert str(tmp_path) not in json.dumps(figures), "no paths of this machine"
    assert sorted(path.name for path in (tmp_path / "eval").iterdir()) == [METRICS, PREDICTIONS]


def test_the_first_rows_alone_are_all_right(model: Path, data: Path, tmp_path: Path) -> None:
    figures, _ = run(model, data, tmp_path / "eval", limit=KNOWN)
    found = values(figures)
    for name in ("accuracy", "contained", "last_character", "rationale_f1_1", "rationale_f1_2", "steps_right"):
        assert found[name] == 1.0, name
    assert found["loops"] == 0
    assert "ece" not in found
    assert figures["calibration"] is None


@pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing:FutureWarning")  # peft's own, where it wraps a model
def test_an_adapter_writes_what_it_changes(llama: Path, data: Path, tmp_path: Path) -> None:
    pytest.importorskip("peft")
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    adapted = get_peft_model(AutoModelForCausalLM.from_pretrained(llama), LoraConfig(r=2, target_modules=["o_proj"]))
    for name, changed in (("new", False), ("changed", True)):
        for key, weight in adapted.named_parameters():
            if "lora_B" in key and changed:
                weight.data.fill_(0.5)
        adapted.save_pretrained(tmp_path / name)
    base = run(llama, data, tmp_path / "base", limit=KNOWN)[1]
    same = run(tmp_path / "new", data, tmp_path / "eval", limit=KNOWN, plain=True)[1]
    assert [line["output"] for line in same] == [line["output"] for line in base], "a new adapter changes nothing"
    other = run(tmp_path / "changed", data, tmp_path / "other", limit=KNOWN, plain=True)[1]
    assert [line["output"] for line in other] != [line["output"] for line in base]


def test_batches_change_nothing(model: Path, data: Path, tmp_path: Path) -> None:
    sampling = Decoding(samples=3, temperature=1.0, max_new_tokens=20)
    for decoding in (SHORT, sampling):
        ways = [
            run(model, data, tmp_path / f"{decoding.samples}-{size}", decoding=replace(decoding, batch_size=size))[1]
            for size in (1, 5, 64)
        ]
        assert ways[0] == ways[1] == ways[2]


def test_the_probability_of_answers_is_the_confidence(model: Path, data: Path, tmp_path: Path) -> None:
    figures, lines = run(model, data, tmp_path / "eval", confidence="answer")
    assert [line["confidence"] for line in lines] == [line["confidences"].get("answer") for line in lines]
    assert all(set(line["confidences"]) == {"answer", "answer_raw", "answer_token"} for line in lines)
    assert min(line["confidence"] for line in lines[:KNOWN]) > 0.9, "what it knows by heart"
    assert figures["confidence"] == "answer"
    assert figures["calibration"]["ece"] == figures["confidences"]["answer"]["ece"]["value"]
    with pytest.raises(FolderError, match="its confidence is answer, asked for none"):
        run(model, data, tmp_path / "eval")


def test_samples_have_votes_beside_the_probability_of_their_answer(t5: Path, data: Path, tmp_path: Path) -> None:
    hot = Decoding(samples=4, temperature=1.0, max_new_tokens=50)
    figures, lines = run(t5, data, tmp_path / "eval", limit=KNOWN, decoding=hot, confidence="answer")
    assert all(line["confidences"]["votes"] * 4 % 1 == 0 for line in lines)
    assert set(figures["confidences"]) == {"votes", "answer", "answer_raw", "answer_token"}


def test_samples_differ_and_vote(model: Path, data: Path, tmp_path: Path) -> None:
    hot = Decoding(samples=10, temperature=1.5, max_new_tokens=30)
    figures, lines = run(model, data, tmp_path / "eval", decoding=hot)
    assert all(len(line["outputs"]) == 10 for line in lines)
    assert any(len(set(line["outputs"])) > 1 for line in lines)
    assert {round(line["confidence"] * 10, 6) % 1 for line in lines} == {0.0}
    calibration = figures["calibration"]
    assert sum(row["count"] for row in calibration["bins"]) == 16
    assert calibration["ece"] == figures["metrics"]["ece"]["value"]
    assert calibration["brier"] == pytest.approx(figures["metrics"]["brier"]["value"])
    assert sum(row["count"] for row in calibration["equal_mass"]) == 16
    assert {"ece_equal_mass", "ece_debiased", "aurc"} <= figures["metrics"].keys()
    assert figures["selective"]["coverage"][0]["accuracy"]["value"] == figures["metrics"]["accuracy"]["value"]
    other = run(model, data, tmp_path / "other", decoding=replace(hot, seed=1))[1]
    assert [line["outputs"] for line in lines] != [line["outputs"] for line in other]


@needs_torch
def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    import torch

    from synth.models.generate import Drawn

    likely = torch.tensor([0.5, 0.3, 0.0, 0.2])
    names = [f"row-{number}" for number in range(4000)]
    drawn = Drawn.for_rows(names, Decoding(temperature=2.0), 2, "cpu")
    scores = (likely.log() * 2.0).repeat(4000, 1)  # at temperature 2 these are the shares above
    first, second = (drawn(None, scores).argmax(dim=-1) for _ in range(2))
    for tokens in (first, second):
        assert torch.bincount(tokens, minlength=4).div(4000).tolist() == pytest.approx(likely.tolist(), abs=0.03)
    assert (first != second).any()


def test_prompts_that_are_too_long_are_counted_and_named(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    rows = [listops(5), replace(listops(16), id="listops/long", prompt="[MAX " + "1 " * 200 + "]")]
    folder = make(tmp_path / "run", rows[:1], decoder=True, longest=150)
    long = write_dataset(tmp_path / "long", {"test": rows}, builder="listops", config={"modulus": 10})
    job = Job(str(folder), long, tmp_path / "eval", decoding=SHORT)
    result = evaluate(job, lambda line: None, lambda *state: None)
    assert result.faults == {"prompt_too_long": ["listops/long"]}
    lines = [json.loads(line) for line in (tmp_path / "eval" / PREDICTIONS).read_text().splitlines()]
    assert [line["correct"] for line in lines] == [True, False]
    assert (lines[1]["fault"], lines[1]["output"], lines[1]["tokens"]) == ("prompt_too_long", "", 0)
    assert lines[1]["prompt_tokens"] is None
    assert result.metrics["metrics"]["accuracy"]["value"] == 0.5


def eval_words(model: Path, data: Path, out: Path, *more: object) -> list[object]:
    return ["eval", "--model", model, "--data", data, "--out", out, *more]


@needs_torch
def test_ctrl_c_says_what_is_kept(llama: Path, data: Path, tmp_path: Path) -> None:
    words = eval_words(llama, data, tmp_path / "eval", "--batch-size", 1, "--max-new-tokens", 50, "--quiet")
    with halted(words, WRITTEN, times=2) as process:
        process.send_signal(signal.SIGINT)
        said = process.communicate()[1]
    kept = (tmp_path / "eval" / OUTPUTS).read_bytes().count(b"\n") - 1
    assert kept == 2
    assert process.returncode == 130
    assert said == (
        f"synth: interrupted: the outputs of {kept} of 16 rows are kept; the same command resumes from here\n"
    )


def test_rows_that_the_model_learned_from_are_remarked(llama: Path, data: Path, tmp_path: Path) -> None:
    seen = shutil.copytree(llama, tmp_path / "seen")
    facts = json.loads((seen / "synth-run.json").read_text())
    for folder, remarks in (("pairs", 1), ("others", 0)):
        facts["data"] = [{"folder": folder, "split": "test", "sha256": "ab"}]
        (seen / "synth-run.json").write_text(json.dumps(facts))
        said: list[str] = []
        job = Job(str(seen), data, tmp_path / folder, limit=1, decoding=SHORT)
        evaluate(job, said.append, lambda *state: None)
        assert len([line for line in said if "was trained on pairs test" in line]) == remarks


@needs_torch
def test_a_killed_evaluation_goes_on_and_ends_as_an_undisturbed_one(llama: Path, data: Path, tmp_path: Path) -> None:
    settings = ("--batch-size", 1, "--max-new-tokens", 50, "--quiet")
    partial = tmp_path / "killed" / OUTPUTS
    with halted(eval_words(llama, data, tmp_path / "killed", *settings), WRITTEN, times=2) as process:
        process.kill()
    assert not (tmp_path / "killed" / METRICS).exists()
    with partial.open("ab") as file:
        file.write(b'{"row":9,"outp')  # a kill in the middle of a line
    before = partial.read_bytes().count(b"\n") - 1
    seen: list[int] = []
    job = Job(str(llama), data, tmp_path / "killed", decoding=replace(SHORT, batch_size=1))
    evaluate(job, lambda line: None, lambda split, rows, of: seen.append(rows))
    run(llama, data, tmp_path / "whole", decoding=job.decoding)
    assert seen[0] == before, "rows that were there are not written again"
    for name in (PREDICTIONS, METRICS):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert not partial.exists()


def test_an_evaluation_is_not_made_twice_and_no_other_is_lost(model: Path, data: Path, tmp_path: Path) -> None:
    run(model, data, tmp_path / "eval", limit=4)
    before = (tmp_path / "eval" / PREDICTIONS).stat().st_mtime_ns
    job = Job(str(model), data, tmp_path / "eval", limit=4, decoding=SHORT)
    assert evaluate(job, lambda line: None, lambda *state: None).already_there
    assert (tmp_path / "eval" / PREDICTIONS).stat().st_mtime_ns == before
    with pytest.raises(FolderError, match=r"\(its limit is 4, asked for 5\): add --overwrite.*--out"):
        run(model, data, tmp_path / "eval", limit=5)
    assert len(run(model, data, tmp_path / "eval", limit=5, overwrite=True)[1]) == 5


@pytest.fixture
def broken(tmp_path: Path, data: Path) -> Iterator[Path]:
    """Folders that are nearly checkpoints."""
    (tmp_path / "no-weights").mkdir()
    config = {"model_type": "t5", "architectures": ["T5ForConditionalGeneration"], "vocab_size": 8}
    (tmp_path / "no-weights" / "config.json").write_text(json.dumps(config))
    (tmp_path / "stopped" / "checkpoints" / "checkpoint-20").mkdir(parents=True)
    (tmp_path / "stopped" / "checkpoints" / "checkpoint-100").mkdir(parents=True)
    (tmp_path / "nothing").mkdir()
    (tmp_path / "file").write_text("x")
    return tmp_path


@needs_torch
@pytest.mark.parametrize(
    ("model", "split", "said"),
    [
        ("no-weights", "test", "no-weights has no weights"),
        ("stopped", "test", "its training did not end; the last checkpoint is .*checkpoint-100"),
        ("nothing", "test", "nothing holds no checkpoint: it has no config.json"),
        ("elsewhere", "test", "elsewhere is not there"),
        ("nothing", "validation", "has no split 'validation': it has test, empty"),
        ("nothing", "empty", "the split empty of .* has no rows"),
    ],
)
def test_what_cannot_be_evaluated_is_said_in_a_line(
    broken: Path, data: Path, model: str, split: str, said: str
) -> None:
    job = Job(str(broken / model), data, broken / "out", split=split)
    with pytest.raises((FolderError, SourceError), match=said) as caught:
        evaluate(job, lambda line: None, lambda *state: None)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--model", "http://127.0.0.1:9/v1"), "add --model-name"),
        (("--model", "http://127.0.0.1:9/v1", "--model-name", "m"), "no server answers at http://127.0.0.1:9/v1"),
        (("--model", "here", "--run", "there"), "--run: only for a server"),
        (("--model", "here", "--samples", 3, "--temperature", 0), "all would be the same"),
        (
            ("--model", "org/name"),
            "the Hub cannot be reached: give --model a checkpoint's folder, or a server's model",
        ),
    ],
)
def test_the_command_line_says_mistakes_in_a_line(synth_process: Synth, data: Path, words: Any, said: str) -> None:
    env = os.environ | {"HF_HUB_OFFLINE": "1"}
    done = synth_process("eval", "--data", data, *words, env=env)
    assert done.returncode in (1, 2)
    assert done.stderr.startswith("synth: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_without_torch_it_says_what_to_install(data: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    words = ["synth", "eval", "--model", str(tmp_path), "--data", str(data), "--out", str(tmp_path / "out")]
    code = f"import sys; sys.modules['torch'] = None; sys.argv = {words!r}; from synth.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.count("\n") == 1, done.stderr
    assert "pip install 'rationale-synth[train]'" in done.stderr


def test_the_table_shows_intervals(synth: Synth, llama: Path, data: Path) -> None:
    done = synth("eval", "--model", llama, "--data", data, "--limit", KNOWN, "--max-new-tokens", 50, "--out", "eval")
    assert done.returncode == 0, done.stderr
    assert "eval: written; run on pairs test, 8 rows" in done.stdout
    line = next(line for line in done.stdout.splitlines() if "accuracy (whole answer)" in line)
    assert line.split()[-5:] == ["100.0%", "100.0%", "-", "100.0%", "8"]
    assert "for comparison" in done.stdout
