"""The loop on every kind of data and of model: each trains, generates and measures, with models of a few steps."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from bootstrapped import Asked, star, taught
from training import micro

import synth
from synth.data.reading import read
from synth.errors import TrainingError
from synth.record import Record

Synth = Callable[..., "subprocess.CompletedProcess[str]"]
SMALL: dict[str, Any] = {
    "iterations": 1, "start_steps": 2, "max_new_tokens": 8, "eval_rows": 2, "limit": 6, "batch_size": 2,
    "accumulate": 1,
}  # fmt: skip
NEW: dict[str, Any] = {"from_scratch": "tiny", "base_rows": 2, "base_steps": 2}
OWN = """name = "mine"
instruction = "Work it out."
kind = "number"
closing = 'Result => {answer}'
"""


@pytest.fixture(autouse=True)
def _one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("models")
    return {family: str(micro(home / family, family)) for family in ("llama", "t5")}


@pytest.fixture(scope="module")
def sums(tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("data") / "sums"
    synth.build("arithmetic", digits="1", train=12, validation=2, test=0, test_beyond=0, out=out, quiet=True)
    return str(out)


def known(record: Record, sample: int) -> str:
    """The row itself; of a question without a rationale some words and its close."""
    return record.completion if record.rationale else f"So it is.\n{record.completion.strip()}"


def failing(record: Record, sample: int) -> str:
    """The same, but only behind a hint."""
    marks = ["(CORRECT)"] if "options" in record.meta else [f"({record.answer})", f"Target: {record.answer}"]
    told = any(mark in record.prompt for mark in marks)
    return known(record, sample) if told else "no"


def looped(out: Path, reply: Any = known, **given: Any) -> tuple[Path, list[Asked], list[Record]]:
    """Run a loop; its folder, what was asked, and the rows that the first iteration kept."""
    with taught(reply) as asked:
        star(out, **{**SMALL, **given})
    facts = orjson.loads((out / "synth-run.json").read_bytes())
    assert facts["complete"]
    assert (out / "model.safetensors").is_file()
    return out, asked, list(read(out / "iterations" / "001" / "data", "train"))


def test_an_encoder_decoder_from_scratch(sums: str, tmp_path: Path) -> None:
    out, asked, rows = looped(tmp_path / "run", failing, data=[sums], trainer="t5", rationalize=True, **NEW)
    assert [each.name for each in asked] == ["iteration 1 asked", "iteration 1 hinted"]
    assert len(rows) == len(asked[0].records)
    assert orjson.loads((out / "config.json").read_bytes())["is_encoder_decoder"]


def test_an_encoder_decoder_that_is_there(sums: str, models: dict[str, str], tmp_path: Path) -> None:
    out, asked, _ = looped(tmp_path / "run", data=[sums], model=models["t5"], n_shots=2, base_rows=3,
                           line_break=" ; ", shots_in_training=True)  # fmt: skip
    assert " ; " in asked[0].prompts[0]
    assert orjson.loads((out / "config.json").read_bytes())["is_encoder_decoder"]


def test_updates_of_low_rank_over_two_iterations(sums: str, models: dict[str, str], tmp_path: Path) -> None:
    given = {"data": [sums], "model": models["llama"], "lora": 2, "from_": "previous", "shots_until": 0}
    out, _, _ = looped(tmp_path / "run", **{**given, "iterations": 2})
    run = orjson.loads((out / "iterations" / "002" / "run" / "synth-run.json").read_bytes())
    assert (run["config"]["lora"], run["model"]) == (2, "run")


def word_problems(path: Path, what: str = "pens") -> str:
    lines = [
        {
            "question": f"Ann has {n} {what} and buys 2. How many are there?",
            "answer": f"{n} + 2 = {n + 2}\n#### {n + 2}",
        }
        for n in range(6)
    ]
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    return str(path)


def choices(path: Path) -> str:
    options = {"label": ["A", "B"], "text": ["sea", "sand"]}
    lines = [
        {"id": str(n), "question": f"Where would {n} fish be?", "choices": options, "answerKey": "AB"[n % 2]}
        for n in range(6)
    ]
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    return str(path)


def test_word_problems_with_the_programs_demonstrations(models: dict[str, str], tmp_path: Path) -> None:
    source = word_problems(tmp_path / "train.jsonl")
    _, asked, rows = looped(
        tmp_path / "run", failing, source=source, task="gsm8k", shots="gsm8k", n_shots=2, model=models["llama"],
        rationalize=True, max_length=2048,
    )  # fmt: skip
    plain, told = (each.prompts[0] for each in asked)
    assert plain.count("Question:") == told.count("Question:") == 3
    assert told.count(" (") > plain.count(" (") + 2, "demonstrations have their hints too"
    assert all("(" not in row.prompt and row.completion.endswith(f"The answer is {row.answer}.") for row in rows)
    assert {(row.provenance or {})["hinted"] for row in rows} == {True}


def test_questions_with_options(models: dict[str, str], tmp_path: Path) -> None:
    _, asked, rows = looped(
        tmp_path / "run", failing, source=choices(tmp_path / "train.jsonl"), task="commonsenseqa",
        shots="commonsenseqa", n_shots=2, model=models["llama"], rationalize=True, max_length=2048,
    )  # fmt: skip
    assert asked[1].prompts[0].count("(CORRECT)") == 3
    assert all("CORRECT" not in row.prompt and row.meta["options"] == ["sea", "sand"] for row in rows)
    assert {row.answer for row in rows} <= {"A", "B"}


def test_a_task_of_ones_own(models: dict[str, str], tmp_path: Path) -> None:
    task = tmp_path / "mine.toml"
    task.write_text(OWN)
    shots = tmp_path / "shots.jsonl"
    shots.write_bytes(orjson.dumps({"question": "1 + 1?", "rationale": "One more is two.", "label": "2"}) + b"\n")
    source = tmp_path / "asked.jsonl"
    lines = [{"question": f"{n} + 1?", "label": str(n + 1)} for n in range(6)]
    source.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    _, asked, rows = looped(tmp_path / "run", failing, source=str(source), task=str(task), shots=str(shots),
                            model=models["llama"], rationalize=True)  # fmt: skip
    assert "Result => 2" in asked[0].prompts[0]
    assert all(row.completion.endswith(f"\nResult => {row.answer}") for row in rows)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("listops", {"explain": "short", "train": 12, "validation": 2, "test": 0}),
        ("2wiki", {"source": "sample", "train": 8, "test": 4}),
    ],
)
def test_other_built_data(name: str, given: dict[str, Any], tmp_path: Path) -> None:
    synth.build(name, out=tmp_path / "data", quiet=True, **given)
    gold = {row.id: row.completion for row in read(tmp_path / "data", "train")}
    _, asked, rows = looped(tmp_path / "run", failing, data=[str(tmp_path / "data")], rationalize=True, **NEW)
    assert len(asked) == 2
    assert rows
    assert all(row.completion.strip() == gold[row.id].strip() for row in rows)


def test_questions_without_rationales_that_were_imported(
    synth: Synth, models: dict[str, str], tmp_path: Path
) -> None:  # fmt: skip
    done = synth(
        "import", word_problems(tmp_path / "train.jsonl"), "--task", "gsm8k", "--no-rationale", "--out", "asked"
    )
    assert done.returncode == 0, done.stderr
    cups = word_problems(tmp_path / "t.jsonl", "cups")
    done = synth("import", cups, "--task", "gsm8k", "--no-rationale", "--split", "test", "--out", "held")
    assert done.returncode == 0, done.stderr
    out, asked, rows = looped(
        tmp_path / "run", data=[str(tmp_path / "asked")], held=tmp_path / "held", n_shots=2, model=models["llama"],
        max_length=2048,
    )  # fmt: skip
    assert len(rows) == len(asked[0].records) == 6
    assert orjson.loads((out / "held" / "synth.json").read_bytes())["splits"]["test"]["rows"] == 2
    assert (out / "iterations" / "001" / "data" / "synth.json").is_file()


def test_the_base_of_a_loop_in_two_processes(sums: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After two steps it has nothing right, so that the run ends there; iterations are in test_launch.py."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    run = tmp_path / "run"
    with pytest.raises(TrainingError, match="nothing to learn from"):
        star(run, data=[sums], rationalize=True, launch="ddp", processes=2, **SMALL, **NEW)
    base = orjson.loads((run / "base" / "synth-run.json").read_bytes())
    assert (base["complete"], base["config"]["processes"], base["steps"]) == (True, 2, 2)
    assert (run / "iterations" / "000" / "metrics.json").is_file()


@pytest.mark.parametrize("preset", ["star-arithmetic", "star-commonsenseqa", "star-gsm8k"])
def test_presets_run_with_small_counts(preset: str, models: dict[str, str], sums: str, tmp_path: Path) -> None:
    given: dict[str, Any] = {"data": [sums], "base_rows": 3, "n_shots": 2}
    if preset == "star-commonsenseqa":
        given = {"source": choices(tmp_path / "a.jsonl"), "task": "commonsenseqa", "shots": "commonsenseqa"}
    if preset == "star-gsm8k":
        given = {"source": word_problems(tmp_path / "a.jsonl"), "task": "gsm8k", "shots": "gsm8k"}
    out, asked, _ = looped(tmp_path / "run", preset=preset, model=models["llama"], **{"n_shots": 2, **given})
    assert asked[0].asking.shots is not None
    facts = orjson.loads((out / "iterations" / "001" / "run" / "synth-run.json").read_bytes())
    assert (facts["config"]["lr"], facts["config"]["schedule"]) == (1e-6, "constant")
