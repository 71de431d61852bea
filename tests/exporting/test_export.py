"""Exports, read by the libraries they are for: datasets and TRL; the forms of the others as their readers have them."""

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from loopback import Answer, serving

from synth import registry
from synth.building.build import carry_out as build
from synth.building.options import Options as BuildOptions
from synth.data.manifest import open_manifest
from synth.data.names import EXPORT
from synth.data.reading import read
from synth.errors import FolderError, UsageError
from synth.exporting import export
from synth.exporting import pairs as export_pairs
from synth.exporting.export import Exported
from synth.exporting.forms import Form
from synth.exporting.options import Export

Synth = Callable[..., "subprocess.CompletedProcess[str]"]
DEFAULT_TAGS = {"role_tag": "from", "user_tag": "human", "assistant_tag": "gpt", "system_tag": "system"}
CHATS: tuple[Form, ...] = ("messages", "alpaca", "sharegpt")


def made(out: Path, name: str = "listops", **config: Any) -> Path:
    builder = registry.load("builders", name)
    (result,) = build(name, builder.Config(**config), BuildOptions(out, workers=1))
    return result.folder


def listops(out: Path, **config: Any) -> Path:
    rows = {"train": 12, "validation": 0, "test": 4, "test_longer": 3, "test_larger": 0}
    return made(out, min_length=8, max_length=20, **{**rows, **config})


def arithmetic(out: Path, **config: Any) -> Path:
    return made(out, "arithmetic", train=60, validation=0, test=0, test_beyond=20, **config)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return listops(tmp_path_factory.mktemp("data") / "listops")


def run(folder: Path, to: Form, out: Path, **more: Any) -> Exported:
    return export.run(Export(folder, to=to, out=out, **more))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_rows_of_each_form(folder: Path, tmp_path: Path) -> None:
    record = next(read(folder, "train"))
    asked, said = record.prompt, record.completion
    expected: dict[Form, dict[str, Any]] = {
        "messages": {
            "messages": [
                {"role": "system", "content": "Be exact."},
                {"role": "user", "content": asked},
                {"role": "assistant", "content": said},
            ]
        },
        "alpaca": {"instruction": asked, "input": "", "output": said, "system": "Be exact."},
        "sharegpt": {
            "conversations": [
                {"from": "system", "value": "Be exact."},
                {"from": "human", "value": asked},
                {"from": "gpt", "value": said},
            ]
        },
    }
    for form, row in expected.items():
        done = run(folder, form, tmp_path / form, system="Be exact.")
        assert done.rows == {"default": {"train": 12, "test": 4, "test_longer": 3}}
        assert lines(tmp_path / form / "train.jsonl")[0] == row
    run(folder, "messages", tmp_path / "plain")
    assert lines(tmp_path / "plain" / "test.jsonl")[0]["messages"][0]["role"] == "user"
    run(folder, "prompt-completion", tmp_path / "pc")
    rows = [{"prompt": record.prompt, "completion": record.completion} for record in read(folder, "test_longer")]
    assert lines(tmp_path / "pc" / "test_longer.jsonl") == rows


def test_white_space_goes_from_chats_and_stays_in_texts(tmp_path: Path) -> None:
    data = arithmetic(tmp_path / "data")
    run(data, "prompt-completion", tmp_path / "pc")
    run(data, "sharegpt", tmp_path / "chat")
    assert lines(tmp_path / "pc" / "train.jsonl")[0]["completion"].startswith("\n<scratch>\n")
    assert lines(tmp_path / "chat" / "train.jsonl")[0]["conversations"][1]["value"].startswith("<scratch>\n")


@pytest.mark.parametrize("form", ["messages", "prompt-completion", "alpaca", "sharegpt", "dpo"])
@pytest.mark.parametrize("format", ["jsonl", "parquet"])
def test_datasets_reads_every_form(folder: Path, tmp_path: Path, form: Form, format: str) -> None:
    import datasets

    run(folder, form, tmp_path / "out", format=format)
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert {split: rows.num_rows for split, rows in loaded.items()} == {"train": 12, "test": 4, "test_longer": 3}
    run(folder, form, tmp_path / "lines")
    assert list(loaded["test"]) == lines(tmp_path / "lines" / "test.jsonl")


def test_several_datasets_become_configurations(tmp_path: Path) -> None:
    import datasets

    for name in ("none", "medium"):
        listops(tmp_path / "both" / name, explain=name)
    for form in ("sharegpt", "dpo"):
        done = run(tmp_path / "both", form, tmp_path / form)
        assert set(done.rows) == {"none", "medium"}
        loaded = datasets.load_dataset(str(tmp_path / form), "medium", cache_dir=str(tmp_path / "cache" / form))
        assert loaded["train"].num_rows == 12
        info = json.loads((tmp_path / form / "dataset_info.json").read_text())
        assert info["both_medium_train"]["file_name"] == "medium/train.jsonl"
    assert done.left_out == {"no_rationale": 19}
    assert not (tmp_path / "dpo" / "none").exists()


def test_what_llama_factory_is_told_fits_the_rows(folder: Path, tmp_path: Path) -> None:
    """Its parser takes columns that are not named for absent, and tags that are not named for human and gpt."""
    for form in (*CHATS, "prompt-completion", "dpo"):
        system = "Be exact." if form in CHATS else None
        run(folder, form, tmp_path / form, system=system)
        for entry in json.loads((tmp_path / form / "dataset_info.json").read_text()).values():
            row = lines(tmp_path / form / entry["file_name"])[0]
            assert set(entry["columns"].values()) == set(row)
            if entry.get("formatting") == "sharegpt":
                tags = entry.get("tags", DEFAULT_TAGS)
                roles = [turn[tags["role_tag"]] for turn in row[entry["columns"]["messages"]]]
                assert roles == [tags[f"{who}_tag"] for who in ("system", "user", "assistant")]
            else:
                assert entry["columns"]["prompt"] in ("instruction", "prompt")
                assert entry.get("ranking", False) is (form == "dpo")


KINDS = [
    *[("listops", {"explain": explain}) for explain in ("short", "medium", "long")],
    *[("listops", {"explain": explain, "style": "parentheses"}) for explain in ("short", "medium", "long")],
    ("listops", {"values": 30, "modulus": 7}),
    *[("arithmetic", {"operation": operation}) for operation in ("add", "subtract", "multiply")],
]  # fmt: skip


@pytest.mark.parametrize(("name", "config"), KINDS, ids=str)
def test_every_built_row_has_a_wrong_completion_that_its_checker_objects_to(
    tmp_path: Path, name: str, config: dict[str, Any]
) -> None:
    data = (listops if name == "listops" else arithmetic)(tmp_path / "data", **config)
    checker = registry.load("validators", name)
    known = checker.settings(open_manifest(data)["config"]) if hasattr(checker, "settings") else {}
    done = run(data, "dpo", tmp_path / "out")
    assert not done.left_out
    for split, count in done.rows["default"].items():
        found = lines(tmp_path / "out" / f"{split}.jsonl") if count else []
        for record, pair in zip(read(data, split), found, strict=True):
            assert (pair["prompt"], pair["chosen"]) == (record.prompt, record.completion)
            assert shape(pair["rejected"]) == shape(pair["chosen"])  # nothing but numbers changed
            rationale, answer = parts(name, pair["rejected"])
            assert answer != record.answer
            wrong = replace(record, rationale=rationale, answer=answer, completion=pair["rejected"])
            assert checker.check(wrong, **known).reason == "wrong_step"


def shape(completion: str) -> str:
    return re.sub(r"\d+(?: \d+)*", "#", completion)


def parts(name: str, completion: str) -> tuple[str, str]:
    """Rationale and answer of a completion."""
    if name == "arithmetic":
        rationale, _, answer = completion.removeprefix("\n").rpartition("\n")
        return rationale, answer
    return completion.split("; answer is", maxsplit=1)[0], completion.rsplit("answer is ", 1)[-1]


@pytest.mark.parametrize("line_break", [r"\n", " ; "])
def test_wrong_self_asked_rows(tmp_path: Path, line_break: str) -> None:
    data = made(tmp_path / "data", "2wiki", source="sample", line_break=line_break)
    done = run(data, "dpo", tmp_path / "out")
    assert not done.left_out
    kinds = set()
    for split in done.rows["default"]:
        for record, pair in zip(read(data, split), lines(tmp_path / "out" / f"{split}.jsonl"), strict=True):
            closing = "So the final answer is: "
            assert pair["rejected"].startswith(" Yes." + line_break.replace(r"\n", "\n") + "Follow up: ")
            said = pair["rejected"].rsplit(closing, 1)[1]
            assert said != record.answer
            assert said in ("yes", "no") or said in record.prompt or said in record.rationale
            kinds.add(record.meta["type"])
    assert len(kinds) == 4


def test_pairs_are_the_same_every_time(folder: Path, tmp_path: Path) -> None:
    run(folder, "dpo", tmp_path / "a")
    run(folder, "dpo", tmp_path / "b")
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert len({pair["rejected"] for pair in lines(tmp_path / "a" / "train.jsonl")}) == 12


def test_pairs_are_the_same_from_more_processes(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_pairs, "CHUNK", 5)  # more chunks than processes
    one = run(folder, "dpo", tmp_path / "one", workers=1)
    two = run(folder, "dpo", tmp_path / "two", workers=2)
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert (one.rows, one.left_out) == (two.rows, two.left_out)
    plain = listops(tmp_path / "plain", explain="none")
    with pytest.raises(FolderError, match="gives no row of dpo: 19 no_rationale"):
        run(plain, "dpo", tmp_path / "out", workers=2)


def teach(request: dict[str, Any], times: int) -> Answer:
    """Question 0 right at once; the others wrong twice (3: both times with the same words) and then right."""
    number = int(re.findall(r"Which number is (\d+)\?", request["messages"][-1]["content"])[0])
    if number == 0 or times > 2:
        return Answer(f"It is {number}, seen at {times}. The answer is {number}.")
    return Answer(f"It looks like {number + 1}{'!' * (times if number != 3 else 1)} The answer is {number + 1}.")


@pytest.fixture
def distilled(synth: Synth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    rows = [{"id": f"q{i}", "question": f"Which number is {i}?", "label": str(i)} for i in range(5)]
    (tmp_path / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with serving(teach) as teacher:
        words = ("--task", "gsm8k", "--source", "q.jsonl", "--teacher", "m-1", "--base-url", teacher.url)
        done = synth("distill", *words, "--out", "out", "--concurrency", 1)
    assert done.returncode == 0, done.stderr
    return tmp_path / "out"


def test_wrong_attempts_of_the_teacher_are_rejected(distilled: Path, synth: Synth, tmp_path: Path) -> None:
    done = synth("export", "out", "--to", "dpo", "--out", "pairs")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "pairs: 7 train rows of dpo written\nrows that gave no pair: 1 no_wrong_attempt\n"
    found = lines(tmp_path / "pairs" / "train.jsonl")
    assert found[0] == {
        "prompt": "Question: Which number is 1?\nAnswer:",
        "chosen": " It is 1, seen at 3.\nThe answer is 1.",
        "rejected": " It looks like 2!\nThe answer is 2.",
    }
    assert [pair["rejected"][15:].split("\n")[0] for pair in found] == ["2!", "2!!", "3!", "3!!", "4!", "5!", "5!!"]
    one = run(distilled, "dpo", tmp_path / "one", pairs=1)
    assert one.rows["default"]["train"] == 4
    (distilled / "attempts.jsonl").unlink()
    with pytest.raises(FolderError, match=r"has no attempts\.jsonl"):
        run(distilled, "dpo", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_nothing_is_replaced_but_an_export(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(folder, "alpaca", out)
    before = files(out)
    with pytest.raises(FolderError, match="add --overwrite"):
        run(folder, "messages", out)
    assert files(out) == before
    run(folder, "messages", out, split="test", overwrite=True)
    assert set(files(out)) == {"test.jsonl", "README.md", "dataset_info.json", EXPORT}
    (out / "notes.txt").write_text("mine")
    with pytest.raises(FolderError, match=r"'notes\.txt', which is no part of an export"):
        run(folder, "alpaca", out, overwrite=True)
    with pytest.raises(FolderError, match="which is no part of an export"):
        run(folder, "alpaca", folder, overwrite=True)
    assert (out / "notes.txt").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_one_file_for_one_split(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "sub" / "rows.jsonl"
    with pytest.raises(UsageError, match=re.escape("add --split train|test|test_longer")):
        run(folder, "alpaca", path)
    run(folder, "alpaca", path, split="test")
    assert len(lines(path)) == 4
    with pytest.raises(FolderError, match="add --overwrite"):
        run(folder, "alpaca", path, split="test")
    run(folder, "alpaca", path, split="train", overwrite=True)
    assert len(lines(path)) == 12
    assert [each.name for each in path.parent.iterdir()] == ["rows.jsonl"]
    with pytest.raises(FolderError, match="among the files of a dataset"):
        run(folder, "alpaca", folder / "train.jsonl", split="train", overwrite=True)


def test_a_run_that_breaks_off_leaves_what_was_there(tmp_path: Path) -> None:
    data = listops(tmp_path / "data")
    run(data, "alpaca", tmp_path / "out")
    before = files(tmp_path / "out")
    rows = (data / "test.jsonl").read_text()
    (data / "test.jsonl").write_text(rows[: len(rows) // 2])
    with pytest.raises(FolderError, match=r"test\.jsonl line"):
        run(data, "messages", tmp_path / "out", overwrite=True)
    assert files(tmp_path / "out") == before
    (tmp_path / "out").rename(tmp_path / ".out.old")  # killed between two renames
    with pytest.raises(FolderError, match="add --overwrite"):
        run(data, "messages", tmp_path / "out")
    assert files(tmp_path / "out") == before


def test_what_cannot_be_exported_is_one_line(folder: Path, synth: Synth, tmp_path: Path) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"to": "dpo", "system": "x"}, "--system has no place in dpo"),
        ({"to": "alpaca", "pairs": 2}, "--pairs goes with --to dpo"),
        ({"to": "alpaca", "split": "dev"}, "has no split 'dev': it has train, test, test_longer"),
    ]
    for more, said in wrong:
        with pytest.raises(UsageError, match=said):
            run(folder, out=tmp_path / "out", **more)
    plain = listops(tmp_path / "plain", explain="none")
    with pytest.raises(FolderError, match="gives no row of dpo: 19 no_rationale"):
        run(plain, "dpo", tmp_path / "out")
    manifest = json.loads((plain / "synth.json").read_text())
    (plain / "synth.json").write_text(json.dumps({**manifest, "builder": "puzzles"}))
    with pytest.raises(
        UsageError,
        match="built ones whose checker has `mistakes`, which are 2wiki, arithmetic, listops",
    ):
        run(plain, "dpo", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    done = synth("export", "nowhere", "--to", "alpaca", "--out", "out")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("synth: nowhere is not a dataset folder")
