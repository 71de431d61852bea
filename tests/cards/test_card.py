"""Cards of real folders, held against the libraries that read them."""

import os
import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from card_folders import LISTOPS, PLAN, make
from conftest import Synth

from synth.cards.dataset import render, write_card
from synth.data import frontmatter
from synth.data.folder import FolderWriter
from synth.data.manifest import members
from synth.data.survey import META, PROVENANCE
from synth.data.writing import encode, split_writer
from synth.errors import FolderError
from synth.record import Record

STEPS = "```six <b>| $x$ {{ y }}"


FILE = {"name": "q.jsonl", "bytes": 9, "sha256": "ab" * 32}
ON_HUB = {"name": "hub", "hub": "openai/gsm8k"}


def distilled(
    out: Path,
    rows: int = 3,
    format: str = "jsonl",
    judged: Mapping[int, list[Any]] | None = None,
    source: Mapping[str, Any] = FILE,
) -> Path:
    """A folder as `synth distill` leaves it, without prices, and with the verdicts of some rows."""
    facts = {"teacher": "gpt-4o", "model": "gpt-4o-2024-08-06", "attempt": 1, "attempts": 2, "hinted": False,
             "prompt_tokens": 50, "completion_tokens": 40}  # fmt: skip
    with FolderWriter(out) as writer:
        with split_writer(writer, "train", format, META, PROVENANCE) as split:
            for number in range(rows):
                provenance = {**dict.fromkeys(PROVENANCE), **facts}
                if judged and number in judged:
                    provenance["verdicts"] = judged[number]
                meta = {"source_id": f"q{number}", "confidence": None, "words": 2}
                record = Record(
                    f"gsm8k/q{number}", "gsm8k", f"Question: {number}?", STEPS, "6", f" {STEPS}\nThe answer is 6.",
                    meta, provenance,
                )  # fmt: skip
                split.write(encode([record], format, META, PROVENANCE))
        writer.commit(
            {
                "command": f"synth distill --task gsm8k --source {source['name']} --teacher gpt-4o",
                "distilled": {"task": "gsm8k", "source": source, "limit": None},
                "plan": PLAN,
                "teacher": {"name": "gpt-4o", "model": "gpt-4o"},
                "questions": 4,
                "terms": "Some terms",
                "format": format,
                "splits": {"train": {"rows": rows, "rejected": {"wrong": 1}, "files": split.names()}},
                "rejected": {"wrong": 1},
                "versions": {"python": "3.11", "rationale-synth": "0.1.0"},
                **(JUDGED if judged else {}),
            }
        )
    return out


def with_empty_split(folder: Path) -> Path:
    (folder / "test.jsonl").touch()
    manifest = orjson.loads((folder / "synth.json").read_bytes())
    manifest["splits"]["test"] = {"rows": 0, "rejected": {}, "files": ["test.jsonl"]}
    (folder / "synth.json").write_bytes(orjson.dumps(manifest))
    return folder


JUDGED = {
    "judged_before": [{"judge": "answer", "drop": "wrong", "seed": 0, "votes": 1}],
    "judged": {"judge": "rubric", "teacher": "gpt-4o"},
}
VERDICT = {"judge": "rubric", "verdict": "helpful", "detail": "x"}
FOLDERS = {
    "all": lambda out: make("listops", out, explain="all", **LISTOPS),
    "parquet": lambda out: make("listops", out, "parquet", **LISTOPS),
    "arithmetic": lambda out: make("arithmetic", out, train=100, validation=0, test=20, test_beyond=20),
    "2wiki": lambda out: make("2wiki", out),
    "distilled": distilled,
    "distilled from the Hub": lambda out: distilled(out, source=ON_HUB),
    "distilled parquet": lambda out: distilled(out, format="parquet"),
    "judged": lambda out: distilled(out, judged={0: [VERDICT], 2: [VERDICT, {**VERDICT, "verdict": None}]}),
    "empty split": lambda out: with_empty_split(distilled(out)),
    "no rows": lambda out: distilled(out, rows=0),
    "no rows, parquet": lambda out: distilled(out, rows=0, format="parquet"),
}


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {name: maker(tmp_path_factory.mktemp("made") / "data") for name, maker in FOLDERS.items()}
    for folder in made.values():
        write_card(folder)
    return made


@pytest.mark.parametrize("name", FOLDERS)
def test_datasets_reads_what_the_card_says(
    name: str, cards: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import datasets

    datasets.disable_progress_bars()
    folder = cards[name]
    front = yaml.safe_load(frontmatter.split((folder / "README.md").read_text())[0])
    infos = frontmatter.entries(front["dataset_info"])
    assert set(infos) == set(members(folder))
    if name.startswith("no rows"):
        return  # there is nothing that the library would open
    for config, info in infos.items():
        found = datasets.load_dataset(str(folder), config, cache_dir=str(tmp_path))
        assert {split: len(rows) for split, rows in found.items()} == frontmatter.rows_of(info)
        for rows in found.values():
            assert rows.features._to_yaml_list() == info["features"]
            assert rows.features == datasets.Features._from_yaml_list(info["features"])


@pytest.mark.parametrize("name", FOLDERS)
def test_the_hub_client_reads_the_front_matter(name: str, cards: dict[str, Path]) -> None:
    from huggingface_hub import DatasetCard

    data = DatasetCard.load(cards[name] / "README.md").data
    built = name in ("all", "parquet", "arithmetic", "2wiki")  # of a user's own file nobody knows the licence
    assert data.license == ("apache-2.0" if built else "mit" if "Hub" in name else None)
    assert {"synthetic", "reasoning"} <= set(data.tags)
    assert data.size_categories == ["n<1K"]
    assert data.pretty_name


@pytest.mark.parametrize("name", FOLDERS)
def test_nothing_is_left_open(name: str, cards: dict[str, Path]) -> None:
    text = (cards[name] / "README.md").read_text()
    body = frontmatter.split(text)[1]
    lines = [line for line in body.splitlines() if line.strip() and not line.startswith("<!--")]
    outside = "\n".join(lines).split("```")[::2]
    assert not re.search(r"None|nan\b|TODO|\{%|Undefined|\bnull\b \|$", "\n".join(outside))
    levels = [len(line) - len(line.lstrip("#")) if line.startswith("#") else 0 for line in [*lines, "# end"]]
    for above, below in pairwise(levels):
        assert not (above and below and below <= above), "a heading with nothing under it"
    for picture in re.findall(r"\]\((plots/\S+)\)", body):
        assert (cards[name] / picture).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", FOLDERS)
def test_the_same_folder_gives_the_same_bytes(name: str, cards: dict[str, Path]) -> None:
    def files() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in [cards[name] / "README.md", *cards[name].glob("plots/*")]}

    before = files()
    assert write_card(cards[name]).kept == []
    assert files() == before


def test_a_person_and_a_rebuild(tmp_path: Path) -> None:
    folder = make("listops", tmp_path / "data", **LISTOPS)
    path = folder / "README.md"
    write_card(folder)
    text = path.read_text().replace("Lengths are in words", "Lengths are in WORDS") + "\n## My notes\n\nby hand\n"
    path.write_text(
        text.replace("license: apache-2.0", "license: cc0-1.0").replace("- reasoning", "- reasoning\n- mine")
    )
    make("listops", folder, overwrite=True, **{**LISTOPS, "train": 70})
    import datasets

    assert len(datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))["train"]) == 70
    card = write_card(folder)
    assert card.kept == ["statistics"]
    front = yaml.safe_load(frontmatter.split(card.text)[0])
    assert front["license"] == "cc0-1.0"
    assert "mine" in front["tags"]
    assert front["dataset_info"]["splits"][0]["num_examples"] == 70
    assert "## My notes\n\nby hand\n" in card.text
    assert "| train | 70 |" in card.text
    again = write_card(folder, licence="mit", overwrite=True)
    assert "WORDS" not in again.text
    assert "by hand" in again.text


def test_a_readme_that_is_not_ours_is_kept_whole(tmp_path: Path) -> None:
    folder = make("arithmetic", tmp_path / "data", train=20, validation=0, test=0, test_beyond=0)
    theirs = "\n# Their title\r\n\r\nTheir words, with\ttabs.\n"
    (folder / "README.md").write_bytes(theirs.encode())
    card = write_card(folder)
    assert "\n# Their title\n\nTheir words, with\ttabs.\n" in card.text
    assert len(re.findall("^# ", card.text, re.MULTILINE)) == 1
    assert write_card(folder).text == card.text


def test_configurations_of_other_folders_stay(tmp_path: Path) -> None:
    folder = make("listops", tmp_path / "data", explain="all", **LISTOPS)
    known = members(folder)
    files = {name: {"train": [f"{name}/train-00000-of-00001.parquet"]} for name in known}
    first = render({"none": known["none"]}, repo="me/explained", files=files, downloads={"none": 5})
    second = render({"long": known["long"]}, theirs=first.text, repo="me/explained", files=files)
    front = yaml.safe_load(frontmatter.split(second.text)[0])
    assert [each["config_name"] for each in front["configs"]] == ["none", "long"]
    assert front["configs"][1]["data_files"] == [{"split": "train", "path": files["long"]["train"]}]
    assert [each.get("download_size") for each in front["dataset_info"]] == [5, None]
    block = re.compile(r"<!-- synth:(\w+:none) .*?<!-- /synth:\1 -->", re.DOTALL)
    assert [found[0] for found in block.finditer(second.text)] == [found[0] for found in block.finditer(first.text)]
    assert len(block.findall(first.text)) >= 3
    assert 'load_dataset("me/explained", "long", split="train")  # or "none"' in second.text
    assert "| `none` | 60 | 20 |" in second.text


def test_results_of_checks(tmp_path: Path) -> None:
    folder = make("listops", tmp_path / "data", **LISTOPS)
    assert "## Checks" not in write_card(folder).text
    from synth.base.files import file_facts

    line = {"name": "x", "title": "ids are | unique", "suite": "dataset", "rows": 80, "failures": 0, "examples": [],
            "observed": None, "success": True, "severity": "critical"}  # fmt: skip
    found = {
        "success": True, "data": {name: file_facts(folder / name) for name in ("train.jsonl", "test.jsonl")},
        "expectations": [line, {**line, "success": False, "failures": 3, "severity": "warning"}],
        "contamination": [{"against": "gsm8k.jsonl", "ngram": 13, "benchmark_questions": 4, "benchmark_hit": 1,
                           "too_short": 2, "rows": 80, "rows_hit": 8}],
        "tokenizer": {"name": "t5", "round_trip": {"failures": 2}, "limit": 512, "beyond_limit": 0.25,
                      "tokens": {"prompt": {"mean": 1.2, "p50": 1, "p95": 2, "p99": 3, "max": 4}}},
        "versions": {"great-expectations": "1.24.1"},
    }  # fmt: skip
    (folder / "validation.json").write_bytes(orjson.dumps(found))
    text = write_card(folder).text
    assert "1 of 2 expectations hold; 1 warned (Great Expectations 1.24.1)." in text
    assert r"| ids are \| unique | 80 | **3** |" in text
    assert "| gsm8k.jsonl, 13-grams | 4 | 1 (25.0%) | 8 (10.0%) |" in text
    assert "2 targets do not survive" in text
    assert "25.0% are longer than 512" in text
    assert "changed since" not in text
    with (folder / "test.jsonl").open("ab") as file:
        file.write((folder / "test.jsonl").read_bytes().splitlines(keepends=True)[0])
    assert "**The data has changed since these checks:** `test.jsonl`." in write_card(folder).text
    (folder / "validation.json").unlink()
    assert "## Checks" not in write_card(folder).text
    (folder / "validation.json").write_text("{")
    with pytest.raises(FolderError, match="run synth validate again"):
        write_card(folder)


def test_what_a_teacher_took(cards: dict[str, Path]) -> None:
    text = (cards["judged"] / "README.md").read_text()
    for said in (
        "synth distill --task gsm8k --source q.jsonl --teacher gpt-4o\n",
        "synth judge --judge answer --drop wrong\nsynth judge --judge rubric --teacher gpt-4o\n",
        "Made from `q.jsonl` (sha256 `abab",
        "Questions as in gsm8k (",
        "4 questions were asked, 3 rows kept",
        "Replies that were kept: 150 prompt and 120 completion tokens\n",
        "Work out the answer to this math problem.",
        "The rationales come from a teacher model. Some terms.",
        "| rubric: helpful | 2 | 66.7% |",
        "| rubric: no verdict | 1 | 33.3% |",
        "| `wrong` | 1 |",
    ):
        assert said in text
    for unknown in ("\nlicense:", "The questions of gsm8k: MIT"):
        assert unknown not in text
        assert unknown in (cards["distilled from the Hub"] / "README.md").read_text()


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (folder / "train.jsonl").read_bytes().splitlines()]


def test_rows_that_somebody_edited(tmp_path: Path) -> None:
    folder = make("arithmetic", tmp_path / "data", train=20, validation=0, test=0, test_beyond=0)
    rows = lines_of(folder)
    rows[7]["meta"]["mine"] = "x"
    rows[9]["meta"]["digits"] = "two"
    (folder / "train.jsonl").write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    text = write_card(folder).text
    assert "| `mine` | string |" in text
    assert "| train | 20 |" in text
    import datasets

    found = datasets.load_dataset(str(folder), split="train", cache_dir=str(tmp_path / "cache"))
    assert [found[place]["meta"] for place in (7, 9)] == [rows[place]["meta"] for place in (7, 9)]
    for broken, said in ((b'{"id": "a"}', "line 5 is no row: a row has id, task,"), (b"{", "line 5 cannot be read: ")):
        lines = (folder / "train.jsonl").read_bytes().splitlines()
        (folder / "train.jsonl").write_bytes(b"\n".join([*lines[:4], broken, *lines[5:]]))
        with pytest.raises(FolderError, match=said) as error:
            write_card(folder)
        assert "\n" not in str(error.value)


def test_command(synth: Synth, tmp_path: Path) -> None:
    make("listops", tmp_path / "data", **LISTOPS)
    done = synth("card", "data", "--license", "cc0-1.0")
    assert (done.returncode, done.stderr) == (0, "")
    assert "README.md: written, with 1 picture\n" in done.stdout
    (tmp_path / "data" / "README.md").write_text("---\na: [\n---\n")
    broken = synth("card", "data")
    assert (broken.returncode, broken.stdout) == (1, "")
    assert len(broken.stderr.splitlines()) == 1
    assert (tmp_path / "data" / "README.md").read_text() == "---\na: [\n---\n"
    missing = synth("card", "nowhere")
    assert "nowhere is not a dataset folder" in missing.stderr
    assert not [name for name in os.listdir(tmp_path / "data") if "partial" in name]
