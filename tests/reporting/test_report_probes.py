"""Probes in a report: their figures in tables, their pictures in the page itself, for light and for dark paper."""

import base64
import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from report_folders import a_run
from report_page import page_of

from synth.errors import FolderError
from synth.reporting.probes import tables
from synth.reporting.report import make

SHARES = {
    "all": {"facts": {"value": 0.5, "low": 0.4, "high": 0.6, "n": 3, "uniform": 0.75}},
    "right": {"facts": {"value": 0.625, "low": 0.5, "high": 0.7, "n": 2, "uniform": 0.7}},
    "wrong": {},
}


def a_probe(folder: Path, kind: str = "attention", pictures: tuple[str, ...] = ("maps",), **facts: Any) -> Path:
    folder.mkdir(parents=True)
    known = {
        "kind": kind, "run": "with", "command": f"synth probe {kind} with sums", "figures": {"cross": SHARES},
        "data": {"folder": "sums", "split": "test", "rows": 3}, "captions": {"maps": "Who looks <where>"},
        "counts": {"rows": 3, "right": 2, "wrong": 1, "loops": 0}, "left_out": {"memory": 4, "prompt_too_long": 0},
        "drawn": [{"as": "right", "id": "sums/1", "answer": None, "gold": "2", "output": "1 + 1 <b>"}], **facts,
    }  # fmt: skip
    (folder / "probe.json").write_text(json.dumps(known))
    for name in pictures:
        for paper in ("light", "dark"):
            (folder / f"{name}-{paper}.png").write_bytes(f"{name} {paper}".encode())
    return folder


def test_the_probes_of_a_run_are_on_its_page(tmp_path: Path) -> None:
    run = a_run(tmp_path / "with")
    a_probe(run / "probes" / "attention-sums-test", pictures=("maps", "shares"))
    figures = make([run], tmp_path / "report")
    page = page_of(tmp_path / "report")
    assert "What the model looks at while it writes: with over sums test" in page.text
    assert "3 rows: 2 right, 1 wrong, 0 that loop; 4 left out (memory)." in page.text
    assert "facts 50.0% 40.0% to 60.0% 62.5% 50.0% to 70.0% – 75.0%" in page.text
    assert "1 + 1 <b>" in page.text
    assert "answer not found, should be 2" in page.text
    held = [base64.b64decode(image.partition(",")[2]) for image in page.attributes("src") + page.attributes("srcset")]
    assert held == [b"shares light", b"maps light", b"shares dark", b"maps dark"]
    assert page.attributes("alt") == ["shares", "Who looks <where>"]
    assert page.attributes("media") == ["(prefers-color-scheme: dark)"] * 2
    assert (tmp_path / "report" / "probe-1-maps-dark.png").read_bytes() == b"maps dark"
    known = orjson.loads((tmp_path / "report" / "report.json").read_bytes())
    assert known["probes"] == figures["probes"]
    assert known["probes"][0]["figures"] == {"cross": SHARES}
    assert "probe-1-shares-light.png" in known["pictures"]


def test_a_probe_by_itself_and_pictures_that_go_with_it(tmp_path: Path) -> None:
    probe = a_probe(tmp_path / "attention", pictures=("maps",))
    out = tmp_path / "report"
    make([probe], out)
    assert (out / "probe-1-maps-light.png").is_file()
    for path in probe.glob("*.png"):
        path.unlink()
    (probe / "maps-light.png").touch()  # half of a picture
    assert make([probe], out)["pictures"] == []
    assert sorted(path.name for path in out.iterdir()) == ["index.html", "report.json"]


def test_pictures_of_many_probes_lie_beside_the_page(tmp_path: Path) -> None:
    probes = [a_probe(tmp_path / f"attention-{number}") for number in range(9)]
    make(probes, tmp_path / "report")
    page = page_of(tmp_path / "report")
    assert len(page.attributes("src")) == 8
    assert "Its pictures lie beside this page: probe-9-maps." in page.text
    assert (tmp_path / "report" / "probe-9-maps-light.png").is_file()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"kind": "answer"}', '{"kind": 1, "figures": {}, "data": {}}'])
def test_a_probe_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    run = a_run(tmp_path / "with")
    folder = a_probe(run / "probes" / "answer-sums-test")
    (folder / "probe.json").write_text(text)
    (run / "probes" / "half").mkdir()
    notes = make([run], tmp_path / "report")["notes"]
    assert "with/half: the probe did not get to its end (no probe.json); it is left out" in notes
    assert any(note.startswith("with/answer-sums-test: probe.json is not ") for note in notes)
    with pytest.raises(FolderError, match=r"probe.json is not "):
        make([folder], tmp_path / "other")


def test_the_figures_of_other_kinds_are_taken_as_they_come() -> None:
    half = {"value": 0.5, "low": 0.4, "high": 0.6, "n": 2}
    curve = [{"at": at / 4, **half, "value": at / 4, "low": 0, "high": 1} for at in range(5)]
    of = {"rows": 2, "probability": curve, "rise": {"largest": half, "in_last_step": half}}
    found = tables({"kind": "answer", "figures": {"all": of, "right": of, "sampled": None, "early": {"aoc": half}}})
    assert [table["columns"] for table in found] == [
        ["rows", "probability at first", "probability half-way", "probability at last", "rise: largest",
         "rise: in last step"],
        ["aoc"],
    ]  # fmt: skip
    assert [row["name"] for row in found[0]["rows"]] == ["all", "right"]
    assert [cell["value"] for cell in found[0]["rows"][0]["cells"][1:4]] == [0, 0.5, 1]
