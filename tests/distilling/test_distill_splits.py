"""Several splits of a source in one run, one folder and one store; a split that would choose nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from distillations import Synth, answer, asked, distill, lines, right, until_written
from loopback import Answer, serving

import synth as api
from synth.data.manifest import open_manifest
from synth.distilling.options import Distill
from synth.errors import UsageError

BOTH = ("--split", "train", "--split", "test")


@pytest.fixture
def data(tmp_path: Path) -> Callable[..., str]:
    """A folder with a file for each split; the answer to question i is i, and its number in its file is its id."""

    def write(name: str = "data", **splits: range) -> str:
        for split, numbers in (splits or {"train": range(6), "test": range(10, 13)}).items():
            rows = [
                {"id": f"q{at}", "question": f"Which number is {n}?", "label": str(n)} for at, n in enumerate(numbers)
            ]
            path = tmp_path / name / f"{split}.jsonl"
            path.parent.mkdir(exist_ok=True)
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return name

    return write


def manifest(tmp_path: Path) -> dict[str, Any]:
    return open_manifest(tmp_path / "out")


def test_several_splits_of_one_run(synth: Synth, tmp_path: Path, data: Callable[..., str]) -> None:
    source = data()
    with serving(answer) as teacher:
        done = distill(synth, teacher, source, *BOTH, "--max-attempts", 3)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("out: 3 train, 3 test rows written; questions left out: 3 wrong\n")
        assert "already" in distill(synth, teacher, source, *BOTH, "--max-attempts", 3).stdout
        assert len(teacher.bodies) == 1 + 2 + 3 + 3 * 3 + 1 + 2 + 3
        assert "holds another dataset" in distill(synth, teacher, source, "--max-attempts", 3).stderr
    rows = {split: lines(tmp_path / "out" / f"{split}.jsonl") for split in ("train", "test")}
    assert [row["id"] for row in rows["train"]] == [f"gsm8k/train/q{at}" for at in range(3)]
    assert [(row["id"], row["answer"]) for row in rows["test"]] == [(f"gsm8k/test/q{n}", f"1{n}") for n in range(3)]
    assert [line["id"] for line in lines(tmp_path / "out" / "rejected.jsonl")] == [
        f"gsm8k/train/q{at}" for at in (3, 4, 5)
    ]
    said = manifest(tmp_path)
    assert {split: (facts["rows"], facts["rejected"]) for split, facts in said["splits"].items()} == {
        "train": (3, {"wrong": 3}), "test": (3, {}),
    }  # fmt: skip
    assert (said["questions"], said["rejected"], said["complete"]) == (9, {"wrong": 3}, True)
    assert said["distilled"]["source"]["split"] == ["train", "test"]
    assert sorted(said["distilled"]["source"]["files"]) == ["test.jsonl", "train.jsonl"]
    assert said["command"].endswith("--split train --split test")
    assert said["read"] == {
        name: {"rows": n, "repeated": 0, "contradicting": 0} for name, n in (("train", 6), ("test", 3))
    }
    assert "9 questions were asked, 6 rows kept" in api.card(tmp_path / "out", quiet=True).text
    (result,) = api.validate(tmp_path / "out", quiet=True)
    assert not [each.name for each in result.outcomes if each.failures]
    assert api.load(tmp_path / "out").splits == {"train": 3, "test": 3}
    assert synth("export", "out", "--to", "dpo", "--out", "pairs").returncode == 0
    assert len(lines(tmp_path / "pairs" / "test.jsonl")) == 3


def test_a_text_or_a_list_in_python(tmp_path: Path, data: Callable[..., str]) -> None:
    source = str(tmp_path / data())
    with serving(right) as teacher:
        given: dict[str, Any] = {
            "task": "gsm8k", "source": source, "teacher": "m-1", "base_url": teacher.url, "quiet": True,
        }  # fmt: skip
        one = api.distill(split="test", out=tmp_path / "one", **given)
        both = api.distill(split=["train", "test"], out=tmp_path / "both", **given)
    assert (one.rows, one.splits, one.dataset.splits) == (3, {"train": 3}, {"train": 3})  # as it always was
    assert (both.rows, both.splits, both.dataset.splits) == (9, {"train": 6, "test": 3}, {"train": 6, "test": 3})


@pytest.mark.parametrize("option", ["--limit", "--sample", "--target-rows"])
def test_limits_are_those_of_each_split(synth: Synth, tmp_path: Path, data: Callable[..., str], option: str) -> None:
    with serving(right) as teacher:
        done = distill(synth, teacher, data(), *BOTH, option, 2, "--concurrency", 1)
        assert done.returncode == 0, done.stderr
        assert len(teacher.bodies) == 4
    assert {name: facts["rows"] for name, facts in manifest(tmp_path)["splits"].items()} == {"train": 2, "test": 2}
    assert manifest(tmp_path)["complete"]


def test_a_question_that_stands_in_two_splits_is_said(synth: Synth, tmp_path: Path, data: Callable[..., str]) -> None:
    source = data(train=range(6), validation=range(5, 8), test=range(4, 9))
    three = (*BOTH, "--split", "validation")
    with serving(right) as teacher:
        told = distill(synth, teacher, source, *three, "--dry-run", "--price", "1,1").stdout
        done = distill(synth, teacher, source, *three, "--repeats", "keep")
        assert len(teacher.bodies) == 9  # nothing is paid for twice
    for said in (told, done.stderr):
        assert "2 of 5 questions of the split test stand in the split train too" in said
        assert "1 of 3 questions of the split validation stand in the split train too" in said
        assert "3 of 3 questions of the split validation stand in the split test too" in said
    read = manifest(tmp_path)["read"]
    assert read["validation"]["in_other_splits"] == {"train": 1, "test": 3}
    (result,) = api.validate(tmp_path / "out", quiet=True)
    assert any(each.name == "leaks" and each.failures for each in result.outcomes)


def test_a_run_that_was_broken_off_goes_on(synth: Synth, tmp_path: Path, data: Callable[..., str]) -> None:
    """The account is empty in the middle of the second split; afterwards the folder is as if nothing had been."""
    source = data()
    empty = Answer(status=402, error={"message": "Insufficient Balance", "code": "invalid_request_error"})
    with serving(lambda request, times: empty if asked(request) > 10 else right(request, times)) as teacher:
        done = distill(synth, teacher, source, *BOTH, "--concurrency", 1)
        assert done.returncode, done.stderr
        assert len(teacher.bodies) == 8
        assert {name: facts["rows"] for name, facts in manifest(tmp_path)["splits"].items()} == {"train": 6, "test": 1}
        assert not manifest(tmp_path)["complete"]
    with serving(right) as teacher:
        done = distill(synth, teacher, source, *BOTH)
        assert done.returncode == 0, done.stderr
        assert len(teacher.bodies) == 2
    with serving(right) as teacher:
        distill(synth, teacher, source, *BOTH, "--out", "whole")
    assert manifest(tmp_path)["complete"]
    for name in ("train.jsonl", "test.jsonl"):
        texts = [[row["completion"] for row in lines(tmp_path / out / name)] for out in ("out", "whole")]
        assert texts[0] == texts[1]


def test_batches_of_several_splits(synth: Synth, tmp_path: Path, data: Callable[..., str]) -> None:
    from distillations import words

    source = data()
    with serving(right) as teacher:
        *_, done = until_written(synth, teacher, words(teacher, source, *BOTH, "--batch"))
        assert done.returncode == 0, done.stderr
        assert len(teacher.batches) == 1
    assert {name: facts["rows"] for name, facts in manifest(tmp_path)["splits"].items()} == {"train": 6, "test": 3}


def test_names_that_cannot_be_splits(data: Callable[..., str]) -> None:
    given: dict[str, Any] = {"task": "gsm8k", "source": "data", "out": "out", "teacher": "gpt-4o"}
    with pytest.raises(UsageError, match="--split test is given twice; --split 'a/b': a name of letters"):
        Distill(**given, split=["test", "test", "a/b"])
    with pytest.raises(UsageError, match="--split attempts: a dataset has a file of that name"):
        Distill(**given, split=["train", "attempts"])
    assert Distill(**given, split="train[:10%]").split == ("train[:10%]",)


@pytest.mark.parametrize(
    ("name", "more", "said"),
    [
        ("x.jsonl", ("--split", "test"), "x.jsonl is one file without splits to choose from: leave out --split test"),
        ("x.jsonl", BOTH, "x.jsonl is one file without splits to choose from: leave out --split train"),
        (
            "x.jsonl.gz",
            ("--config", "a"),
            "x.jsonl.gz is one file without configurations to choose from: leave out --config a",
        ),
        ("data.json", ("--split", "test"), "data.json is one file without splits"),
        ("splits.json", ("--config", "a"), "splits.json is one file without configurations"),
    ],
)
def test_an_option_that_would_choose_nothing(
    synth: Synth, tmp_path: Path, name: str, more: tuple[str, ...], said: str
) -> None:
    import gzip

    rows = [{"question": "Which number is 1?", "label": "1"}]
    text = json.dumps(rows[0]).encode()
    content = {"x.jsonl.gz": gzip.compress(text), "data.json": json.dumps({"data": rows}).encode()}
    content["splits.json"] = json.dumps({"train": rows, "test": rows}).encode()
    (tmp_path / name).write_bytes(content.get(name, text))
    with serving(right) as teacher:
        done = distill(synth, teacher, name, *more)
        assert (done.returncode, teacher.bodies) == (1, [])
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    shown = synth("tasks", "show", "gsm8k", "--source", name, *more[:2])
    assert more[0] == "--config" or said.split(": leave", maxsplit=1)[0] in shown.stderr


def test_lists_of_a_file_are_its_splits(synth: Synth, tmp_path: Path) -> None:
    rows = {split: [{"question": f"Which number is {n}?", "label": str(n)}] for split, n in (("train", 1), ("test", 2))}
    (tmp_path / "x.json").write_text(json.dumps(rows))
    with serving(right) as teacher:
        assert distill(synth, teacher, "x.json", *BOTH).returncode == 0
    assert [row["answer"] for row in lines(tmp_path / "out" / "test.jsonl")] == ["2"]
