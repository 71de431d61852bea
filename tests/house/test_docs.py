"""The docs are tried: what they tell to type runs, in an empty folder, or says in the document why it does not."""

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from doc_blocks import RUN, blocks, script, stray_commands
from hub_use import contents, environment
from loopback import free_port
from loopback_hub import Hub, serving

from synth.data.manifest import members

ROOT = Path(__file__).parents[2]
DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in DOCS}
TRIED = [name for name, text in TEXTS.items() if any(b.language in RUN and b.reason is None for b in blocks(text))]
RELEASE, NAME = "release.md", "ada/explained-listops"
BUILD = re.compile(r"synth build (\S+)((?: *(?:\\\n)? +[^\s#]\S*)*)")


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serving() as hub:
        yield hub


@pytest.mark.parametrize("name", TEXTS)
def test_every_block_is_run_or_says_why_not(name: str) -> None:
    faults = [f"{name}:{block.line}: {block.fault}" for block in blocks(TEXTS[name]) if block.fault]
    assert not faults
    assert not stray_commands(TEXTS[name])
    assert TEXTS[name].count("```") == 2 * len(blocks(TEXTS[name]))  # none that is not seen


@pytest.mark.parametrize("name", [name for name in TRIED if name != RELEASE])
def test_the_blocks_of_a_document_run(hub: Hub, name: str, tmp_path: Path) -> None:
    run(hub, name, tmp_path)


def test_a_release_is_whole_and_comes_back(hub: Hub, tmp_path: Path) -> None:
    said, folder = run(hub, RELEASE, tmp_path), tmp_path / "scratch"
    assert "nothing was pushed: this would go to" in said
    assert f"{hub.url}/datasets/{NAME}: pushed in commit" in said
    data, back = members(folder / "data" / "explained-listops"), members(folder / "back")
    assert list(data) == list(back) == ["long", "medium", "none", "short"]
    for name, member in data.items():
        kept = {path: text for path, text in contents(member).items() if not path.startswith(("README", "plots/"))}
        assert kept.items() <= contents(back[name]).items()
    tree = set(hub.files(NAME))
    assert {"README.md", "none/synth.json", "none/validation.json", "long/train-00000-of-00001.parquet"} <= tree
    # What was brought back can go out again: its validation came along, and so does every file but the card.
    assert "ada/again: pushed in commit" in bash(hub, "synth push back ada/again", tmp_path)
    before, again = hub.files(NAME), hub.files("ada/again")
    for files in (before, again):
        assert files.pop("README.md").startswith(b"---\n")
    assert again == before


def test_a_folder_has_one_dataset_in_all_documents() -> None:
    built: dict[str, set[str]] = {}
    for text in TEXTS.values():
        for name, options in BUILD.findall(text):
            if folder := re.search(r"--out (\S+)", options):
                kind = re.search(r"--explain \S+|--operation \S+", options)
                built.setdefault(folder[1], set()).add(f"{name} {kind[0] if kind else ''}")
    assert {"data/listops", "data/explained", "data/differences"} <= set(built)
    assert {folder: kinds for folder, kinds in built.items() if len(kinds) > 1} == {}


def test_the_options_in_the_docs_are_those_of_the_commands() -> None:
    written = runpy.run_path(str(ROOT / "docs" / "options.py"))["page"]()
    assert written == TEXTS["options.md"], "python docs/options.py writes it anew"


def test_every_room_is_told_of_and_every_file_that_is_told_of_exists() -> None:
    told = set(re.findall(r"^\| `([\w/]+)/` \|", TEXTS["CONTRIBUTING.md"], re.MULTILINE))
    rooms = {f"synth/{path.parent.name}" for path in (ROOT / "synth").glob("*/__init__.py")}
    assert told == rooms | {"builders", "validators", "trainers", "cards", "studies"}
    tops = "|".join(path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith("."))
    named = {file for text in TEXTS.values() for file in re.findall(rf"`((?:{tops})/[\w/.]*\w)`", text)}
    assert [file for file in named if not re.search(r"/[A-Z]+\.py$", file) and not (ROOT / file).exists()] == []


def run(hub: Hub, name: str, folder: Path) -> str:
    """Run a document's blocks as they stand, but for the port of its server; what they print."""
    for each in ("programs", "scratch"):
        (folder / each).mkdir()
    text = re.sub(r"(:|port )8000\b", rf"\g<1>{free_port()}", TEXTS[name])
    return bash(hub, script(name, blocks(text), folder / "programs"), folder)


def bash(hub: Hub, commands: str, folder: Path) -> str:
    """The Hub is that of this machine, and the cache of its files a new one."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, **environment(hub), "PATH": path, "HF_HOME": str(folder / "hf"), "MPLBACKEND": "agg"}
    done = subprocess.run(
        ["bash", "-c", commands], cwd=folder / "scratch", env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout
