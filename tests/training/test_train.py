"""Training from the first row to the finished checkpoint, in both families, and what stops a run before it begins."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from training import RECORDS, dataset, facts, micro, trained, weights, written
from typer.testing import CliRunner

from synth.cards.model import write_model_card
from synth.cli import app
from synth.errors import UsageError
from synth.record import Record
from synth.training.facts import last_losses
from synth.training.view import View

FAMILIES = ("t5", "llama")
SHORT = {"max_steps": 4, "batch_size": 4, "log_steps": 2}


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="module")
def sums(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return dataset(tmp_path_factory.mktemp("data") / "sums", {"train": RECORDS, "validation": RECORDS[:3]})


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("models")
    return {family: str(micro(folder / family, family)) for family in FAMILIES}


def learning(target: str = "rationale") -> dict[str, Any]:
    return {"max_steps": 120, "lr": 3e-3, "batch_size": 8, "schedule": "constant", "target": target}


@pytest.mark.parametrize("family", FAMILIES)
def test_eight_rows_are_learned_by_heart(family: str, sums: Path, tmp_path: Path) -> None:
    run = trained(family, tmp_path / "run", [sums], **learning())
    assert written(run, [record.prompt for record in RECORDS]) == [record.completion for record in RECORDS]
    found = facts(run)
    assert found["complete"]
    assert (found["steps"], found["examples_seen"]) == (120, 960)
    assert found["data"][0] | {"sha256": ""} == {
        "folder": "sums", "split": "train", "rows": 8, "weight": 1.0, "sha256": "", "task": "sums",
    }  # fmt: skip


def test_blank_rationales_are_tokens_of_their_own(sums: Path, tmp_path: Path) -> None:
    run = trained("llama", tmp_path / "run", [sums], **learning("blank"))
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(run)
    lengths = [len(tokenizer(record.rationale)["input_ids"]) for record in RECORDS]
    blanks = facts(run)["blank_tokens"]
    assert blanks == round(sum(lengths) / len(lengths))
    assert len(tokenizer("<Think_0><Think_1>")["input_ids"]) == 2
    marks = "".join(f"<Think_{number}>" for number in range(blanks))
    assert written(run, [RECORDS[0].prompt]) == [f"{marks}\nThe answer is 5"]


def test_the_number_of_blanks_can_be_set(sums: Path, models: dict[str, str], tmp_path: Path) -> None:
    """As in table 7 of Zhu et al. 2025: 55 for WiC, 38 for QQP, 32 for Winogrande."""
    given = {**SHORT, "max_steps": 1, "model": models["llama"], "target": "blank"}
    run = trained("llama", tmp_path / "run", [sums], **given, blank_tokens=55)
    assert (facts(run)["blank_tokens"], facts(run)["config"]["blank_tokens"]) == (55, 55)
    assert "--blank-tokens 55" in facts(run)["command"]
    own = trained("llama", tmp_path / "own", [sums], **given)
    assert "blank_tokens" not in facts(own)["config"], "runs are told apart by what they were given"
    with pytest.raises(UsageError, match="--blank-tokens 55 stand for rationales: add --target blank"):
        trained("llama", tmp_path / "no", [sums], **{**given, "target": "answer"}, blank_tokens=55)


def test_label_only_training_has_the_same_closing_form(sums: Path, tmp_path: Path) -> None:
    run = trained("t5", tmp_path / "run", [sums], **learning("answer"))
    assert written(run, [record.prompt for record in RECORDS]) == [f"The answer is {r.answer}" for r in RECORDS]


@pytest.mark.parametrize(("share", "target"), [(0, "answer"), (1, "rationale")])
def test_rows_without_rationales_teach_the_answer_alone(
    share: int, target: str, models: dict[str, str], tmp_path: Path
) -> None:
    """Whatever was asked for, so that a report compares the run with those that learned rationales."""
    bare = [replace(row, rationale="", completion=row.answer) for row in RECORDS[share:]]
    data = dataset(tmp_path / "bare", {"train": [*RECORDS[:share], *bare]})
    run = trained("llama", tmp_path / "run", [data], model=models["llama"], **SHORT)
    assert facts(run)["target"] == target
    assert facts(run)["config"]["target"] == "rationale"  # as it was typed


@pytest.mark.parametrize("family", FAMILIES)
def test_accumulation_changes_nothing_but_memory(
    family: str, sums: Path, models: dict[str, str], tmp_path: Path
) -> None:
    """Two batches of a step weigh as one: each token counts alike, however long the rows of its batch are."""
    settings = {**SHORT, "model": models[family], "lr": 1e-3}
    whole = trained(family, tmp_path / "whole", [sums], **settings)
    halves = trained(family, tmp_path / "halves", [sums], **{**settings, "batch_size": 2, "accumulate": 2})
    assert facts(whole)["loss"] == pytest.approx(facts(halves)["loss"], rel=1e-5)
    assert facts(whole)["eval_loss"] == pytest.approx(facts(halves)["eval_loss"], rel=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_low_rank_updates_end_as_a_plain_checkpoint(
    family: str, sums: Path, models: dict[str, str], tmp_path: Path
) -> None:
    run = trained(family, tmp_path / "run", [sums], **SHORT, model=models[family], lora=2, target="blank", lr=1e-2)
    assert not (run / "adapter_config.json").exists()
    assert weights(run) != (Path(models[family]) / "model.safetensors").read_bytes()
    assert len(written(run, [RECORDS[0].prompt], longest=4)) == 1


def test_a_run_goes_through_as_many_tokens_as_asked_for(sums: Path, models: dict[str, str], tmp_path: Path) -> None:
    settings = {"model": models["llama"], "batch_size": 3, "max_steps": None, "max_tokens": 700}
    run = trained("llama", tmp_path / "run", [sums], **settings)
    tokens = facts(run)["tokens_seen"]
    assert 700 <= tokens < 700 + 3 * 40
    assert facts(run)["stopped_early"] is False


def test_a_mixture_is_gone_through_by_its_weights(models: dict[str, str], sums: Path, tmp_path: Path) -> None:
    more = dataset(tmp_path / "more", {"train": RECORDS[:4]})
    run = trained("llama", tmp_path / "run", [f"{sums}:2", f"{more}:0.5"], model=models["llama"], epochs=2)
    assert facts(run)["examples_seen"] == 2 * (2 * 8 + 2)
    assert [(data["folder"], data["weight"]) for data in facts(run)["data"]] == [("sums", 2.0), ("more", 0.5)]


def test_the_last_loss_is_that_of_the_last_steps(sums: Path, models: dict[str, str], tmp_path: Path) -> None:
    run = trained("llama", tmp_path / "run", [sums], model=models["llama"], lr=1e-2, max_steps=5, log_steps=3)
    log = [orjson.loads(line) for line in (run / "log.jsonl").read_bytes().splitlines()]
    assert [line["step"] for line in log if "loss" in line] == [1, 3, 5]
    assert facts(run)["loss"] == [line["loss"] for line in log if "loss" in line][-1] < log[0]["loss"]


def test_the_card_says_what_was_done(sums: Path, models: dict[str, str], tmp_path: Path) -> None:
    run = trained("t5", tmp_path / "run", [sums], **SHORT, model=models["t5"])
    card = (run / "README.md").read_text()
    assert "| sums | train | sums | 8 | 1 |" in card
    assert "AutoModelForSeq2SeqLM.from_pretrained" in card
    assert "| batch_size | 4 |" in card
    assert f"| validation | {facts(run)['eval_loss']:.4f} |" in card
    assert str(tmp_path) not in card + (run / "synth-run.json").read_text()


@pytest.mark.parametrize(
    ("family", "settings", "line"),
    [
        (
            "llama",
            {"max_length": 15},
            r"--max-length 15 cuts off the answer of 8 of 8 rows: give --max-length \d+, or --drop-long",
        ),
        ("t5", {"max_target_length": 10}, r"--max-target-length 10 .* give --max-target-length \d+, or --drop-long"),
        ("llama", {"max_length": 15, "drop_long": True}, "--drop-long leaves no row of "),
        (
            "t5",
            {"max_source_length": 3},
            r"--max-source-length 3 cuts off the prompt of 8 of 8 rows: give --max-source-length \d+, or --drop-long",
        ),
        ("t5", {"max_source_length": 3, "drop_long": True}, "--drop-long leaves no row of "),
    ],
)
def test_answers_are_not_cut_off_unnoticed(
    family: str, settings: dict[str, Any], line: str, sums: Path, models: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=line):
        trained(family, tmp_path / "run", [sums], model=models[family], **SHORT, **settings)
    assert not (tmp_path / "run").exists()


def test_the_length_that_is_asked_for_is_enough(sums: Path, models: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(UsageError) as stopped:
        trained("llama", tmp_path / "run", [sums], model=models["llama"], **SHORT, max_length=15)
    needed = int(str(stopped.value).split("give --max-length ")[1].split(",")[0])
    trained("llama", tmp_path / "run", [sums], model=models["llama"], **SHORT, max_length=needed)
    with pytest.raises(UsageError, match="cuts off"):
        trained("llama", tmp_path / "other", [sums], model=models["llama"], **SHORT, max_length=needed - 1)


def test_long_rows_are_left_out_when_asked(models: dict[str, str], tmp_path: Path) -> None:
    long = Record("long/1", "sums", "Q?", "so " * 60, "1", "so " * 60 + "The answer is 1", {})
    folder = dataset(tmp_path / "d", {"train": [*RECORDS, long]})
    run = trained("llama", tmp_path / "run", [folder], model=models["llama"], **SHORT, max_length=64, drop_long=True)
    assert facts(run)["data"][0]["rows"] == 9
    assert facts(run)["examples_seen"] == 16


def no_newline(folder: Path, model: str) -> str:
    """The model with a tokenizer that, as T5's, has no line break."""
    from tokenizers import normalizers
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    tokenizer.backend_tokenizer.normalizer = normalizers.Replace("\n", " ")
    folder.mkdir()
    for name in ("config.json", "model.safetensors"):
        (folder / name).write_bytes((Path(model) / name).read_bytes())
    tokenizer.save_pretrained(folder)
    return str(folder)


def test_what_the_tokenizer_loses_is_named(sums: Path, models: dict[str, str], tmp_path: Path) -> None:
    model = no_newline(tmp_path / "model", models["t5"])
    with pytest.raises(UsageError, match=r"lost: .*newline.* in sums/2\+3: --line-break"):
        trained("t5", tmp_path / "run", [sums], model=model, **SHORT)
    run = trained("t5", tmp_path / "run", [sums], model=model, **SHORT, line_break=" ; ")
    assert facts(run)["line_break"] == " ; "
    trained("t5", tmp_path / "lossy", [sums], model=model, **SHORT, lossy=True)


def test_a_row_that_is_longer_than_the_model_can_take(models: dict[str, str], tmp_path: Path) -> None:
    words = "so " * 2100
    folder = dataset(tmp_path / "d", {"train": [Record("l/1", "x", "Q?", words, "1", f"{words}The answer is 1", {})]})
    with pytest.raises(UsageError, match="takes 2,048 at most"):
        trained("llama", tmp_path / "run", [folder], model=models["llama"], **SHORT, max_length=9000)


@pytest.mark.parametrize(("family", "other"), [("t5", "llama"), ("llama", "t5")])
def test_a_model_of_the_other_family(
    family: str, other: str, sums: Path, models: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=f"train it with synth train {other}"), no_row_is_encoded():
        trained(family, tmp_path / "run", [sums], model=models[other], **SHORT)


@contextmanager
def no_row_is_encoded(but: int = 0) -> Iterator[None]:
    encoded: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        whole = View.whole
        patch.setattr(View, "whole", lambda self, record: encoded.append(record.id) or whole(self, record))
        try:
            yield
        finally:
            assert len(encoded) == but


def test_the_places_of_a_model_are_looked_at_first(sums: Path, models: dict[str, str], tmp_path: Path) -> None:
    shutil.copytree(models["llama"], tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | {"max_position_embeddings": 20}))
    line = "takes 20 at most: give --max-length 20 --drop-long"
    with pytest.raises(UsageError, match=line), no_row_is_encoded(but=1):
        trained("llama", tmp_path / "run", [sums], model=str(tmp_path / "model"), **SHORT)


def test_all_files_of_a_model_have_the_rights_of_the_umask(sums: Path, models: dict[str, str], tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        run = trained("llama", tmp_path / "run", [sums], **SHORT, model=models["llama"])
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in run.iterdir() if path.is_file()} == {0o640}


def test_the_card_has_the_results_of_evaluations(sums: Path, models: dict[str, str], tmp_path: Path) -> None:
    run = trained("llama", tmp_path / "run", [sums], **SHORT, model=models["llama"])
    assert "`synth eval` measures answers" in (run / "README.md").read_text()
    done = CliRunner().invoke(app, ["eval", "--model", str(run), "--data", str(sums), "--split", "validation"])
    assert done.exit_code == 0, done.output
    card = (run / "README.md").read_text()
    path = run / "eval" / "sums-validation" / "metrics.json"
    measured = orjson.loads(path.read_bytes())
    assert f"### sums, validation\n\n3 rows (sha256 `{measured['data']['sha256'][:16]}`)" in card
    accuracy = measured["metrics"]["accuracy"]
    shown = [f"{accuracy[name]:.1%}" for name in ("value", "low", "high")]
    assert f"| accuracy (whole answer) | {shown[0]} | {shown[1]} to {shown[2]} | 3 |" in card
    write_model_card(run)
    assert (run / "README.md").read_text() == card
    path.write_bytes(orjson.dumps(measured | {"run": measured["run"] | {"steps": 3}}))
    write_model_card(run)
    assert "### sums" not in (run / "README.md").read_text()


def test_the_loss_of_the_card_is_a_mean() -> None:
    log = [
        {"step": 1, "loss": 9.0},
        {"step": 10, "loss": 4.0},
        {"step": 10, "eval_loss": 5.0},
        {"step": 11, "loss": 1.0},
    ]
    assert last_losses(log, 10) == {"mean_loss": 3.7, "mean_steps": 10}
    assert last_losses(log[:1], 10) == {"mean_loss": 9.0, "mean_steps": 1}
