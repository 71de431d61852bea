"""What a card says to its reader: the licence, the quick start, headings, notes and checks."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from card_folders import LISTOPS, make
from conftest import Synth

from synth.builders.twowiki.source import sample
from synth.cards import licences
from synth.cards.dataset import render, write_card
from synth.cli import app
from synth.data import frontmatter
from synth.data.manifest import members
from synth.errors import UsageError

SUMS = {"train": 30, "validation": 0, "test": 10, "test_beyond": 0}


def front(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(frontmatter.split((folder / "README.md").read_text())[0])
    return found


def test_a_licence_that_is_asked_for_wins(synth: Synth, tmp_path: Path) -> None:
    folder = make("arithmetic", tmp_path / "data", **SUMS)
    write_card(folder)
    assert front(folder)["license"] == "apache-2.0"
    done = synth("card", "data", "--license", "cc-by-sa-4.0")
    assert done.returncode == 0, done.stderr
    assert front(folder)["license"] == "cc-by-sa-4.0"
    assert "- The dataset is under `cc-by-sa-4.0`." in (folder / "README.md").read_text()
    assert synth("card", "data").returncode == 0
    assert front(folder)["license"] == "cc-by-sa-4.0"  # as a person has it
    before = (folder / "README.md").read_bytes()
    wrong = synth("card", "data", "--license", "CC BY-SA 4.0")
    assert (wrong.returncode, len(wrong.stderr.splitlines())) == (2, 1)
    assert "did you mean 'cc-by-sa-4.0'?" in wrong.stderr
    assert (folder / "README.md").read_bytes() == before


@pytest.mark.parametrize("given", ["", "mine", "MIT", "cc-by-4.0 "])
def test_what_the_hub_does_not_know_is_no_licence(given: str) -> None:
    with pytest.raises(UsageError, match=r"apache-2\.0, mit, .* other"):
        licences.check(given)
    for known in licences.KNOWN:
        licences.check(known)


def parsed(line: str) -> dict[str, Any]:
    """What the program reads out of a command line; nothing is run. Raises what the program would tell the user."""
    words = shlex.split(line)
    command: Any = typer.main.get_command(app)
    assert words.pop(0) == "synth"
    while hasattr(command, "resolve_command"):
        context = command.make_context("synth", [], resilient_parsing=True)
        _, command, words = command.resolve_command(context, words)
    values: dict[str, Any] = command.make_context("synth", words).params
    return values


def shell(text: str) -> list[str]:
    (block,) = re.findall(r"Or, with rationale-synth:\n\n```sh\n(.*?)```", text, re.DOTALL)
    return [line for line in str(block).splitlines() if line]


def test_the_quick_start_is_taken_as_typed(tmp_path: Path) -> None:
    folder = make("listops", tmp_path / "it's my data", explain="all", **LISTOPS)
    known = members(folder)
    (train,) = shell(render(known).text)
    assert parsed(train)["data"] == ["it's my data/short"]
    pull, train = shell(render(known, repo="ada/listops").text)
    asked = parsed(pull)
    assert ("ada/listops" in asked.values(), Path("listops") in asked.values()) == (True, True)
    assert parsed(train)["data"] == ["listops/short"]
    _, train = shell(render({"short": known["short"]}, repo="ada/listops").text)
    assert parsed(train)["data"] == ["listops"]  # one configuration is pulled into the folder itself
    with pytest.raises(Exception, match="No such option"):
        parsed("synth train t5 --nothing")
    alone = make("arithmetic", tmp_path / 'a "b" c', **SUMS)
    call = re.findall(r"load_dataset\((.*?), split", render(members(alone)).text)[0]
    assert json.loads(call) == 'a "b" c'


def test_each_kind_has_its_own_headings(tmp_path: Path) -> None:
    one, other = make("arithmetic", tmp_path / "a", **SUMS), make("listops", tmp_path / "b", **LISTOPS)
    first = render({"sums": one}, repo="ada/all").text
    assert re.findall("^## Licence.*", first, re.MULTILINE) == ["## Licence"]
    both = render({"lists": other}, repo="ada/all", theirs=first).text
    headings = re.findall("^## .*", both, re.MULTILINE)
    assert len(headings) == len(set(headings))
    assert {"## Licence of arithmetic", "## Licence of Explained-ListOps"} < set(headings)
    again = render({"lists": other}, repo="ada/all", theirs=both)
    assert (again.text, again.kept) == (both, [])
    third = render({"sums": one}, repo="ada/all", theirs=both)
    assert "## Licence of Scratchpad arithmetic" in third.text
    assert third.kept == []


def test_notes_are_sentences(tmp_path: Path) -> None:
    sums = write_card(make("arithmetic", tmp_path / "a", train=400, validation=50, test=0, test_beyond=0)).text
    assert (
        "- every question with 1 digit is there that is for train (64), validation (8); "
        "the rows beyond that have longer numbers\n"
    ) in sums
    assert "exhausted" not in sums
    wiki = write_card(make("2wiki", tmp_path / "w", exemplars=1)).text
    assert re.search(r"\| `exemplars` \| \d+ different \|", wiki)
    assert "estimated from the letters of the text" in wiki
    assert "synth/models/tokens.py" not in wiki


def test_made_up_rows_are_told_and_no_others(tmp_path: Path) -> None:
    made_up = write_card(make("2wiki", tmp_path / "w")).text
    assert "\n# Self-Ask 2WikiMultiHopQA, made-up sample\n" in made_up
    assert "\n**The rows are made up.** " in made_up
    assert "The facts are made up" in made_up
    for real in ("come from 2WikiMultiHopQA", "Made from 2WikiMultiHopQA", "those of Wikipedia"):
        assert real not in made_up
    source = tmp_path / "sample"  # a folder of that name is somebody's own
    source.mkdir()
    for name, split in (("train", "train"), ("dev", "test")):
        records = json.loads(sample(split).path.read_bytes())
        (source / f"{name}.json").write_text(json.dumps(records))
    own = write_card(make("2wiki", tmp_path / "own", source=str(source))).text
    assert "\n# Self-Ask 2WikiMultiHopQA\n" in own
    assert "Made from 2WikiMultiHopQA" in own
    for text in ("rows are made up", "made-up sample", "facts are made up", "- made-up"):
        assert text not in own
    golden = {"default": Path(__file__).parents[1] / "golden" / "2wiki"}
    assert "**The rows are made up.**" in render(golden).text
    both = render({"a": tmp_path / "w", "b": tmp_path / "own"}).text
    assert both.count("**The rows are made up.**") == 1
    assert "## Licence of Self-Ask 2WikiMultiHopQA\n" in both


def test_checks_are_told_in_whole_words(synth: Synth, tmp_path: Path) -> None:
    folder = make("arithmetic", tmp_path / "data", **SUMS)
    rows = [json.loads(line) for line in (folder / "train.jsonl").read_text().splitlines()]
    asked = [{"id": "b | 1", "question": rows[2]["prompt"]}]
    (tmp_path / "bench.jsonl").write_text("".join(json.dumps(each) + "\n" for each in asked))
    done = synth("validate", "data", "--no-steps", "--against", "bench.jsonl", "--ngram", 5)
    assert done.returncode == 0, done.stderr
    shared = json.loads((folder / "validation.json").read_text())["contamination"][0]["examples"][0]
    assert f"    {rows[2]['id']} and b | 1: {shared['ngram']}" in done.stdout.splitlines()
    text = write_card(folder).text
    assert "; steps were not worked out again (Great Expectations " in text
    assert rf"| {rows[2]['id'][:57]}... | b \| 1, bench.jsonl | {shared['ngram']} |" in text
    rows[4]["answer"] = "7"
    (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    broken = synth("validate", "data")
    assert broken.returncode == 1
    assert f"    {rows[4]['id']}" in broken.stdout.splitlines()
    assert "steps were not" not in write_card(folder).text
    found = json.loads((folder / "validation.json").read_text())
    found |= {"expectations": found["expectations"][:1], "contamination": []}
    (folder / "validation.json").write_text(json.dumps(found))
    text = write_card(folder).text
    assert "The one expectation holds (" in text
    assert "<summary>The expectation</summary>" in text


def test_broken_markers_are_told(synth: Synth, tmp_path: Path) -> None:
    folder = make("arithmetic", tmp_path / "data", **SUMS)
    text = write_card(folder).text
    (folder / "README.md").write_text(text.replace("<!-- /synth:fields -->\n", ""))
    done = synth("card", "data")
    assert done.returncode == 0
    assert len(done.stderr.splitlines()) == 1
    assert "part fields: its comments <!-- synth:fields ... -->" in done.stderr
    (folder / "README.md").write_text("---\nlicense: mit\n\n# Mine\n")
    never = synth("card", "data")
    assert (never.returncode, len(never.stderr.splitlines())) == (1, 1)
    assert (folder / "README.md").read_text() == "---\nlicense: mit\n\n# Mine\n"


def test_folders_of_any_name_are_written_once(tmp_path: Path) -> None:
    names = ["a b", "c<d>", "50%", "é", "x:y", "p|q"]
    for name in names:
        make("arithmetic", tmp_path / "all" / name, **SUMS)
    first = write_card(tmp_path / "all")
    assert len(re.findall("<!-- synth:row:", first.text)) == len(names)
    again = write_card(tmp_path / "all")
    assert (again.text, again.kept, again.broken) == (first.text, [], [])
