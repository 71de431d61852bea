"""Rows edited by hand: `synth show` and `synth stats` print them, or say in one line which cannot be read."""

import json
import shutil
from pathlib import Path
from random import Random
from typing import Any

import pytest
from conftest import Synth
from golden import GOLDEN

from synth.commands.look import Show, Stats, run_show, run_stats
from synth.commands.options import AsJson
from synth.errors import SynthError

VALUES: tuple[Any, ...] = (
    None, "", 0, -1, 1.5, True, [], {}, [1], ["a", None], {"a": 1}, {"x": {"y": [1]}}, "é\u2028", 2**63, [[]], [{}],
    {"judge": 1}, [{"judge": None, "verdict": 3}], [{"verdict": "x"}], [{"judge": [1], "verdict": {"a": 1}}], "[b]x[/",
)  # fmt: skip
LINES = ("", "{", "[]", "null", "3", '"x"')
FOLDERS = ("distilled", "judged", "listops", "2wiki", "validated")


def edited(line: str, draw: Random) -> str:
    """A line with one key changed, taken out or added, perhaps deep inside; or no row at all."""
    row = json.loads(line)
    inner = row
    for _ in range(draw.randint(0, 2)):
        if deeper := [value for value in inner.values() if isinstance(value, dict) and value]:
            inner = draw.choice(deeper)
    what = draw.random()
    if what < 0.65:
        inner[draw.choice(list(inner))] = draw.choice(VALUES)
    elif what < 0.8:
        del inner[draw.choice(list(inner))]
    elif what < 0.9:
        inner["new"] = draw.choice(VALUES)
    return json.dumps(row) if what < 0.95 else draw.choice([*LINES, line[:-3]])


@pytest.mark.parametrize("seed", range(40))
def test_nothing_ends_in_a_traceback(seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draw, folder = Random(seed), tmp_path / "data"
    shutil.copytree(GOLDEN / FOLDERS[seed % len(FOLDERS)], folder)
    file = draw.choice(sorted(folder.glob("*.jsonl")))
    lines = file.read_text().splitlines()
    for at in draw.sample(range(len(lines)), min(3, len(lines))):
        lines[at] = edited(lines[at], draw)
    file.write_text("\n".join(lines) + "\n")
    for look in (
        lambda: run_show(Show(folder, n=50)),
        lambda: run_show(Show(folder, n=50, attempts=True)),
        lambda: run_show(Show(folder, n=50, rejected=True)),
        lambda: run_stats(Stats(folder), AsJson()),
        lambda: run_stats(Stats(folder), AsJson(json=True)),
    ):
        said = ""
        try:
            look()
        except SynthError as error:
            said = str(error)
        assert "\n" not in said
    assert "Traceback" not in capsys.readouterr().out


@pytest.mark.parametrize("part", ["config", "paid", "plan", "task", "yield"])
def test_a_manifest_that_is_none_is_one_line(part: str, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(GOLDEN / "distilled", folder)
    facts = json.loads((folder / "synth.json").read_text())
    (folder / "synth.json").write_text(json.dumps(facts | {part: [1]}))
    with pytest.raises(SynthError, match=r"is no manifest|is not a manifest"):
        run_stats(Stats(folder), AsJson())


def test_a_script_is_told_of_a_distillation_what_the_tables_have(synth: Synth, tmp_path: Path) -> None:
    shutil.copytree(GOLDEN / "judged", tmp_path / "data")
    told = json.loads(synth("stats", "data", "--json").stdout)
    whole = told["distillation"]
    assert (whole["questions"], whole["rows"], sum(whole["left_out"].values())) == (8, told["train"]["rows"], 2)
    assert whole["attempts"]["attempts"] == sum(whole["attempts"]["outcomes"].values()) == 15
    assert sum(whole["attempts"]["questions"].values()) == 8
    assert whole["attempts"]["completion_tokens"] > 0
    assert whole["verdicts"] == told["train"]["verdicts"]
    assert sum(count for judge in whole["verdicts"].values() for count in judge.values()) > 0
    assert set(whole["paid"] or {"dollars": None}) >= {"dollars"}
    shutil.copytree(GOLDEN / "listops", tmp_path / "ops")
    assert "distillation" not in json.loads(synth("stats", "ops", "--json").stdout)
