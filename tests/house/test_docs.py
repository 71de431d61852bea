"""The docs are tried: what they tell to type runs, in an empty folder, or says in the document why it does not."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from doc_blocks import RUN, blocks, script, stray_commands
from hub_use import environment
from loopback import free_port
from loopback_hub import serving

ROOT = Path(__file__).parents[2]
DOCS = [ROOT / "docs" / "python.md"]
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in DOCS}
TRIED = [name for name, text in TEXTS.items() if any(b.language in RUN and b.reason is None for b in blocks(text))]


@pytest.mark.parametrize("name", TEXTS)
def test_every_block_is_run_or_says_why_not(name: str) -> None:
    faults = [f"{name}:{block.line}: {block.fault}" for block in blocks(TEXTS[name]) if block.fault]
    assert not faults
    assert not stray_commands(TEXTS[name])
    assert TEXTS[name].count("```") == 2 * len(blocks(TEXTS[name]))  # none that is not seen


@pytest.mark.parametrize("name", TRIED)
def test_the_blocks_of_a_document_run(name: str, tmp_path: Path) -> None:
    run(name, tmp_path)


def run(name: str, folder: Path) -> str:
    """Run a document's blocks as they stand, but for the port; what they print. The Hub is one of this machine."""
    programs, scratch = folder / "programs", folder / "scratch"
    programs.mkdir()
    scratch.mkdir()
    text = re.sub(r"(:|port )8000\b", rf"\g<1>{free_port()}", TEXTS[name])
    with serving() as hub:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        env = {**os.environ, **environment(hub), "PATH": path, "HF_HOME": str(folder / "hf"), "MPLBACKEND": "agg"}
        done = subprocess.run(
            ["bash", "-c", script(name, blocks(text), programs)], cwd=scratch, env=env, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout
