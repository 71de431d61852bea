"""The rows that an iteration keeps are an ordinary dataset: every verb takes them, and the card says who wrote them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Synth
from hub_use import connected
from loopback_hub import Hub
from star_rows import COMMAND, built_rows, task_rows

from synth.data.manifest import open_manifest
from synth.data.reading import read

KINDS: dict[str, Callable[..., Path]] = {
    "built": built_rows,
    "gsm8k": task_rows,
    "commonsenseqa": lambda folder, **given: task_rows(folder, "commonsenseqa", **given),
}


@pytest.fixture(params=list(KINDS))
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return KINDS[request.param](tmp_path)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    yield from connected(monkeypatch)


def card_of(synth: Synth, data: Path) -> str:
    done = synth("card", data)
    assert done.returncode == 0, done.stderr
    return (data / "README.md").read_text()


def test_the_manifest_says_who_wrote_the_rows(kept: Path) -> None:
    rows = list(read(kept, "train"))
    manifest = open_manifest(kept)
    told = manifest["star"]
    assert {"iteration": 2, "name": "from-scratch tiny", "seed": 0, "filter": "answer"}.items() <= told.items()
    hinted = sum(bool((row.provenance or {})["hinted"]) for row in rows)
    assert (told["hinted"], told["own"]) == (hinted, len(rows) - hinted)
    assert hinted
    assert told["own"]
    assert manifest["command"] == COMMAND
    lines = [json.loads(line) for line in (kept / "attempts.jsonl").read_text().splitlines()]
    assert len({line["id"] for line in lines}) == told["questions"]
    assert sum(line["kept"] for line in lines) == len(rows)


def test_the_card_says_that_the_model_wrote_them_itself(kept: Path, synth: Synth) -> None:
    text = card_of(synth, kept)
    told = open_manifest(kept)["star"]
    assert "the model itself wrote the rationales (`from-scratch tiny`, weights " in text
    assert told["model"] in text
    assert "Iteration 2 of STaR" in text
    assert f"{told['questions']} questions were asked, {told['own'] + told['hinted']} rows kept" in text
    assert f"In {told['hinted']} rows" in text
    assert "A right answer does not make each of its steps right." in text
    assert COMMAND in text
    assert "2203.14465" in text
    for wrong in ("writes the same rows", "made by program, and no model", "the teacher", "The teacher", "distilled\n"):
        assert wrong not in text.replace("a distilled one is of", "")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"filter": "steps"}, "its answer is the gold one and no step of it was found wrong"),
        ({"vote": True, "samples": 3, "rationalize": False}, "most of 3 samples agree on its answer"),
    ],
)
def test_the_card_says_what_had_to_be_right(tmp_path: Path, synth: Synth, given: dict[str, Any], says: str) -> None:
    if given.get("vote"):  # one attempt is no majority: the facts are put there by hand
        data = built_rows(tmp_path)
        manifest = open_manifest(data)
        (data / "synth.json").write_text(json.dumps({**manifest, "star": {**manifest["star"], **given}}))
    else:
        data = built_rows(tmp_path, **given)
    text = card_of(synth, data)
    assert says in text
    assert ("That does not make" in text or "does not make each of its steps right" in text) == ("vote" in given)


def test_a_folder_that_says_less_has_a_card_too(tmp_path: Path, synth: Synth) -> None:
    data = built_rows(tmp_path)
    manifest = open_manifest(data)
    short = {name: manifest["star"][name] for name in ("iteration", "model", "seed")}
    (data / "attempts.jsonl").unlink()
    (data / "synth.json").write_text(json.dumps({**manifest, "star": short, "command": None}))
    text = card_of(synth, data)
    assert f"the model itself wrote the rationales (weights `{short['model']}`, seed 0)" in text
    assert "```sh\n\n" not in text
    assert "```sh\n```" not in text


def test_show_stats_validate_and_judge(kept: Path, synth: Synth) -> None:
    shown = synth("show", kept, "--attempts")
    assert shown.returncode == 0, shown.stderr
    assert "attempt 1" in shown.stdout
    counted = synth("stats", kept)
    assert counted.returncode == 0, counted.stderr
    assert "hint" in counted.stdout
    found = synth("validate", kept)
    missed = [
        one["name"] for one in json.loads((kept / "validation.json").read_text())["expectations"]
        if not one["success"] and one["severity"] != "warning"
    ]  # fmt: skip
    built = "builder" in open_manifest(kept)
    assert missed == (["steps"] if built else []), found.stdout
    judged = synth("judge", kept, "--judge", "steps" if built else "equations", "--out", "judged")
    assert judged.returncode == 0, judged.stderr


@pytest.mark.parametrize("form", ["messages", "dpo"])
def test_export(kept: Path, synth: Synth, tmp_path: Path, form: str) -> None:
    done = synth("export", kept, "--to", form, "--out", form)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (tmp_path / form / "train.jsonl").read_text().splitlines()]
    total = sum(1 for _ in read(kept, "train"))
    hinted = open_manifest(kept)["star"]["hinted"]
    built = "builder" in open_manifest(kept)
    # Of a task the wrong one is the model's own, said without a hint: a row that was right at once has none.
    assert len(rows) == (total if form == "messages" or built else hinted)


def test_train(kept: Path, synth: Synth, tmp_path: Path) -> None:
    words = ["--from-scratch", "tiny", "--max-steps", 2, "--batch-size", 2, "--out", "run", "--quiet"]
    done = synth("train", "llama", "--data", kept, *words)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "run" / "synth-run.json").read_text())["steps"] == 2


def test_push(kept: Path, synth: Synth, hub: Hub) -> None:
    assert synth("validate", kept).returncode in (0, 1)
    done = synth("push", kept, "ada/kept", "--with", "attempts", "--force")
    assert done.returncode == 0, done.stderr
    files = hub.files("ada/kept")
    assert json.loads(files["synth.json"])["star"]["iteration"] == 2
    assert b"the model itself wrote the rationales" in files["README.md"]
