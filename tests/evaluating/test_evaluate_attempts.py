"""`synth eval --model attempts`: what a teacher wrote, or what was taken in, measured without a model."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

import synth
from synth.data.names import METRICS, PREDICTIONS
from synth.errors import FolderError, UsageError

Synth = Callable[..., Any]
SAID = [  # gold, predicted, rationale
    ("yes", "yes", "Ice is frozen water."),
    ("no", "yes", "ja ja ja ja"),
    ("no", "no", ""),
    ("yes", "perhaps", "Nobody knows."),
    ("yes", "no", "It is not. So the answer is no."),
]
DIVERSITY = [1.0, 1 / 6, None, 1.0, 1.0]


def responses(path: Path, said: list[tuple[str, str, str]] = SAID) -> Path:
    """Made up, in the form of MaRio's released responses."""
    rows = {
        str(at): {
            "question": f"Is {at} cold?",
            "gold_label": gold,
            "predicted_label": label,
            "predicted_rationale": text,
        }
        for at, (gold, label, text) in enumerate(said)
    }
    path.write_text(json.dumps(rows) + "\n")
    return path


def taken(tmp_path: Path, **options: Any) -> Path:
    out = tmp_path / "data"
    source = responses(tmp_path / "gpt3.jsonl")
    synth.import_data(source, **{"task": "strategyqa", "out": out, "split": ["test"], "quiet": True, **options})
    return out


def measured(data: Path, out: Path, **options: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    synth.evaluate(**{"model": "attempts", "data": data, "out": out, "quiet": True, **options})
    lines = (out / PREDICTIONS).read_bytes().splitlines()
    return json.loads((out / METRICS).read_bytes()), [json.loads(line) for line in lines]


def test_right_and_wrong_ones_are_measured(tmp_path: Path) -> None:
    found, lines = measured(taken(tmp_path), tmp_path / "e", reward=["accuracy", "diversity"], model_name="GPT-3")
    assert [line["correct"] for line in lines] == [True, False, True, False, False]
    assert [line["answer"] for line in lines] == ["yes", "yes", "no", None, "no"]
    assert [line["rewards"]["diversity"] for line in lines] == [pytest.approx(value) for value in DIVERSITY]
    assert [line["rewards"]["accuracy"] for line in lines] == [float(line["correct"]) for line in lines]
    assert lines[0]["output"] == "Ice is frozen water.\nSo the answer is yes."
    assert lines[4]["output"] == "It is not. So the answer is no."
    assert found["metrics"]["accuracy"]["value"] == pytest.approx(0.4)
    known = [value for value in DIVERSITY if value is not None]
    assert found["metrics"]["reward:diversity"]["value"] == pytest.approx(fmean(known))
    assert (found["model"], found["temperature"], found["written"]) == ("GPT-3", None, True)
    again, _ = measured(tmp_path / "data", tmp_path / "e", reward=["accuracy", "diversity"], model_name="GPT-3")
    assert again == found


def test_several_attempts_at_a_question(tmp_path: Path) -> None:
    """Three in three rows that ask the same: the majority of the first so many."""
    rows = [
        {
            "question": "Is ice cold?",
            "gold_label": "yes",
            "predicted_label": label,
            "predicted_rationale": f"{label}, it is so.",
        }
        for label in ("no", "yes", "yes")
    ]
    path = tmp_path / "r.jsonl"
    path.write_text(json.dumps(dict(enumerate(rows))) + "\n")
    synth.import_data(path, task="strategyqa", out=tmp_path / "data", split=["test"], quiet=True)
    for samples, answer in ((1, "no"), (3, "yes"), (9, "yes")):
        _, lines = measured(tmp_path / "data", tmp_path / f"e{samples}", samples=samples)
        assert [(line["answer"], len(line["outputs"])) for line in lines] == [
            (answer, min(samples, 3) if samples > 1 else 0)
        ]


def test_each_split_has_its_own(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    responses(source / "train.jsonl", SAID[:2])
    responses(source / "test.jsonl", SAID[:1])
    synth.import_data(source, task="strategyqa", out=tmp_path / "data", split=["train", "test"], quiet=True)
    for split, due in (("train", [True, False]), ("test", [True])):
        _, lines = measured(tmp_path / "data", tmp_path / split, split=split)
        assert [line["correct"] for line in lines] == due


def test_a_report_has_them_beside_each_other(tmp_path: Path, synth: Synth) -> None:
    for name, said in (("one", SAID), ("other", SAID[:4])):
        responses(tmp_path / f"{name}.jsonl", said)
        synth("import", tmp_path / f"{name}.jsonl", "--task", "strategyqa", "--split", "test", "--out", f"data/{name}")
        told = synth(
            "eval",
            "--model",
            "attempts",
            "--model-name",
            f"M-{name}",
            "--data",
            f"data/{name}",
            "--rewards",
            "--out",
            f"eval/{name}",
        )
        assert told.returncode == 0, told.stderr
    told = re.sub(" +", " ", synth("report", "eval/one", "eval/other", "--out", "report").stdout)
    assert re.search(r" M-one strategyqa test 1 5 40\.0% ", told)
    assert re.search(r" M-other strategyqa test 1 4 50\.0% ", told)
    assert re.search(
        r" M-one strategyqa test 0\.400 \(0\.\d{3} - \d\.\d{3}\) 0\.792 \(0\.\d{3} - 1\.000, 4 rows\)", told
    )
    figures = json.loads((tmp_path / "report" / "report.json").read_bytes())
    assert "rewards.png" in figures["pictures"]
    assert (tmp_path / "report" / "rewards.png").is_file()
    page = (tmp_path / "report" / "index.html").read_text()
    assert ">reward diversity</th>" in page
    assert "Means of rewards" in page


def test_what_cannot_be_measured(tmp_path: Path) -> None:
    data = taken(tmp_path)
    with pytest.raises(UsageError, match="asks nobody: leave out --prompting, --shots and --plain"):
        measured(data, tmp_path / "e", prompting="direct")
    with pytest.raises(FolderError, match="has no split 'train': it has test"):
        measured(data, tmp_path / "e", split="train")
    synth.build("strategyqa", source=tmp_path / "gpt3.jsonl", split=["extra"], out=data, quiet=True)
    with pytest.raises(FolderError, match=r"the split extra of .* has questions and answers alone"):
        measured(data, tmp_path / "e", split="extra")
    assert len(measured(data, tmp_path / "again")[1]) == len(SAID)
    (data / "attempts.jsonl").write_text('{"id": "x"}\n')
    with pytest.raises(FolderError, match=r"attempts\.jsonl line 1 is no attempt: it lacks id, prompt or text"):
        measured(data, tmp_path / "e")
    (data / "attempts.jsonl").write_text('{"id"\n')
    with pytest.raises(FolderError, match=r"attempts\.jsonl line 1 is no JSON"):
        measured(data, tmp_path / "e")
    (data / "attempts.jsonl").unlink()
    with pytest.raises(FolderError, match="only what synth distill and synth import wrote has attempts"):
        measured(data, tmp_path / "e")
