"""What a distillation takes of its source, says of it, and writes down."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from distillations import Synth, distill, lines, right
from loopback import serving

from synth.data.already import look
from synth.errors import FolderError


def write(path: Path, *numbers: int) -> None:
    path.parent.mkdir(exist_ok=True)
    rows = [{"id": f"r{at}", "question": f"Which number is {n}?", "label": str(n)} for at, n in enumerate(numbers)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def manifest(tmp_path: Path, out: str = "out") -> dict[str, object]:
    found: dict[str, object] = orjson.loads((tmp_path / out / "synth.json").read_bytes())
    return found


def test_repeats_are_merged_said_and_written_down(synth: Synth, tmp_path: Path) -> None:
    write(tmp_path / "x.jsonl", 1, 1, 2, 1, 3)
    said = "5 rows of x.jsonl hold 3 questions: 2 rows repeat an earlier one"
    with serving(right) as teacher:
        assert said in distill(synth, teacher, "x.jsonl", "--dry-run", "--price", "1,1").stdout
        assert not teacher.bodies
        assert said in distill(synth, teacher, "x.jsonl").stderr
        assert len(teacher.bodies) == 3
        assert "3 rows are there already" in distill(synth, teacher, "x.jsonl").stdout
        assert "repeats" in distill(synth, teacher, "x.jsonl", "--repeats", "keep").stderr
        distill(synth, teacher, "x.jsonl", "--repeats", "keep", "--overwrite")
    assert [row["id"] for row in lines(tmp_path / "out" / "train.jsonl")] == [f"gsm8k/r{at}" for at in range(5)]
    assert manifest(tmp_path)["read"] == {"rows": 5, "repeated": 0, "contradicting": 0}


def test_rows_that_contradict_each_other_cost_nothing(synth: Synth, tmp_path: Path) -> None:
    rows = [{"question": "Which number is 1?", "label": "1"}, {"question": "Which number is 1?", "label": "2"}]
    (tmp_path / "x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with serving(right) as teacher:
        done = distill(synth, teacher, "x.jsonl")
        assert not teacher.bodies
    assert done.returncode
    assert "x.jsonl has no questions" in done.stderr
    assert "have different right answers: 1 (2)" in done.stderr


def test_a_sample_of_a_folder_s_split(synth: Synth, tmp_path: Path) -> None:
    write(tmp_path / "data" / "train.jsonl", *range(50))
    write(tmp_path / "data" / "test.jsonl", 77)
    with serving(right) as teacher:
        distill(synth, teacher, "data", "--sample", 5, "--seed", 1)
        distill(synth, teacher, "data", "--split", "test", "--out", "other")
    facts = manifest(tmp_path)["distilled"]
    content = (tmp_path / "data" / "train.jsonl").read_bytes()
    files = {"train.jsonl": {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}}
    assert facts == {
        "task": "gsm8k", "source": {"name": "data", "files": files}, "limit": None, "sample": 5, "seed": 1,
    }  # fmt: skip
    names = [int(row["id"].removeprefix("gsm8k/r")) for row in lines(tmp_path / "out" / "train.jsonl")]
    assert len(names) == 5
    assert names == sorted(names) != list(range(5))
    assert [row["answer"] for row in lines(tmp_path / "other" / "train.jsonl")] == ["77"]
    assert manifest(tmp_path, "other")["command"] == (
        "synth distill --task gsm8k --source data --teacher m-1 --split test"
    )


def test_a_folder_that_grew_is_another_source(synth: Synth, tmp_path: Path) -> None:
    write(tmp_path / "data" / "train.jsonl", 1)
    with serving(right) as teacher:
        distill(synth, teacher, "data")
        write(tmp_path / "data" / "train.jsonl", 1, 2)
        assert "holds another dataset" in distill(synth, teacher, "data").stderr
        write(tmp_path / "data" / "teacher" / "train.jsonl", 3)
        done = distill(synth, teacher, "data")
    assert (
        "data has 2 files named for the split 'train': teacher/train.jsonl, train.jsonl; give one of them"
        in done.stderr
    )


def test_limit_and_sample_exclude_each_other(synth: Synth, tmp_path: Path, questions: Callable[[int], str]) -> None:
    with serving(right) as teacher:
        done = distill(synth, teacher, questions(2), "--limit", 1, "--sample", 1)
    assert "--limit takes the first questions and --sample draws some: choose one" in done.stderr


def test_what_earlier_versions_did_not_say_is_no_difference(tmp_path: Path) -> None:
    held = {"distilled": {"source": {"name": "x"}, "limit": None}, "splits": {}, "files": {}, "rejected": {}}
    (tmp_path / "synth.json").write_bytes(orjson.dumps(held))
    wanted = {"distilled": {"source": {"name": "x", "files": {"a": 1}}, "limit": None}, "task": {"a": 1}}
    assert look(tmp_path, wanted, False, ("task", "distilled.source.files")) == held
    with pytest.raises(FolderError, match="holds another dataset"):
        look(tmp_path, wanted, False, ("task",))
