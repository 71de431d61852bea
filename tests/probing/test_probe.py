"""`synth probe`: its folder, and what it says to those who ask for what cannot be."""

import json
import shutil
from pathlib import Path

import pytest
from conftest import Synth

import synth
from synth.errors import FolderError, UnknownNameError, UsageError


def test_a_probe_has_its_own_folder(synth: Synth, probed: Path) -> None:
    done = synth("probe", "answer", probed / "dec", probed / "data", "--limit", 2, "--at", "steps", "--pictured", 0)
    assert done.returncode == 0, done.stderr
    out = probed / "dec" / "probes" / "answer-data-test"
    facts = json.loads((out / "probe.json").read_bytes())
    assert (facts["kind"], facts["run"], facts["data"]["rows"]) == ("answer", "dec", 2)
    assert facts["settings"]["at"] == "steps"
    assert len((out / "rows.jsonl").read_text().splitlines()) == 2
    again = synth("probe", "answer", probed / "dec", probed / "data", "--limit", 3)
    assert again.returncode == 1
    assert (
        "holds another probe (synth probe answer dec data --at steps --pictured 0 --limit 2): add --overwrite"
        in again.stderr
    )
    shutil.rmtree(out)


def test_what_cannot_be_probed_is_told_in_one_line(probed: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a server, and a probe needs the weights"):
        synth.probe("answer", "http://localhost:1/v1", probed / "data")
    with pytest.raises(FolderError, match="has no split 'tset'"):
        synth.probe("answer", probed / "dec", probed / "data", split="tset")
    with pytest.raises(UnknownNameError, match="no kind of probe is called 'answers': there are answer"):
        synth.probe("answers", probed / "dec", probed / "data")
    (tmp_path / "mine.txt").touch()
    with pytest.raises(FolderError, match="holds something else than a probe"):
        synth.probe("answer", probed / "dec", probed / "data", out=tmp_path)
