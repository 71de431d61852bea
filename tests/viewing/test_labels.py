"""Labels: on the disk before the page answers, the last one of a person and text counts, and judge notes uses them."""

import json
from pathlib import Path

import pytest
from viewed import folder, label, lines, row, viewing

import synth
from synth.data.notes import read_notes
from synth.errors import UsageError


def noted(data: Path) -> dict[str, tuple[str, str]]:
    """Id -> verdict and note of the one person there is."""
    found = read_notes(data / "notes.jsonl")
    return {place[1]: (str(line.verdict), line.reason) for place, said in found.items() for line in said.values()}


def test_one_row_then_all_of_a_filter_and_nothing_else_changes(tmp_path: Path) -> None:
    data = folder(tmp_path / "data", lines(*[row(at, meta={"kind": "abc"[at % 3]}) for at in range(9)]))
    before = {path.name: path.read_bytes() for path in data.iterdir()}
    with viewing(tmp_path / "cache", data) as (client, _):
        assert label(client, number=2, verdict="bad", note=" too <b>short</b> ", then=3) == 303
        assert noted(data) == {"x/1": ("bad", "too <b>short</b>")}
        page = client.get("/row/data/train/2").text
        assert 'value="bad" data-key="3" aria-pressed="true"' in page
        assert "too &lt;b&gt;short&lt;/b&gt;" in page
        assert label(client, "/labels/data/train?is.meta.kind=a", all=1, verdict="good") == 303
        assert noted(data) == {"x/1": ("bad", "too <b>short</b>")} | {f"x/{at}": ("good", "") for at in (0, 3, 6)}
        assert "4 of 9 rows labelled" in client.get("/labels/data/train").text
        assert label(client, number=2, verdict="good") == 303  # a key in the list sends no note: it stays
        assert noted(data)["x/1"] == ("good", "too <b>short</b>")
        assert label(client, number=2, verdict="") == 303
        assert "x/1" not in noted(data)
        assert [label(client, number=1, verdict="great"), label(client, number=99, verdict="bad"), label(client)] == [
            400
        ] * 3
        assert client.post("/labels/data/train", data={"number": "1", "verdict": "bad"}).status_code == 403
    assert {name: (data / name).read_bytes() for name in before} == before
    assert {path.name for path in data.iterdir()} == {*before, "notes.jsonl"}


def test_a_label_of_a_row_that_changed_is_stale(tmp_path: Path) -> None:
    data = folder(tmp_path / "data", lines(row(1), row(2)))
    with viewing(tmp_path / "cache", data) as (client, _):
        label(client, number=1, verdict="good")
    folder(data, lines(row(1, answer="7"), row(2)))
    with viewing(tmp_path / "cache", data) as (client, _):
        assert "texts that this row had before" in client.get("/row/data/train/1").text
        assert "texts that this row had before" not in client.get("/row/data/train/2").text
        assert "stale" in client.get("/labels/data/train").text


@pytest.mark.parametrize("there", [True, False])
def test_notes_that_are_a_link_are_neither_read_nor_written(tmp_path: Path, there: bool) -> None:
    data, elsewhere = folder(tmp_path / "data", lines(row(1))), tmp_path / "elsewhere"
    if there:
        elsewhere.write_text("")
    (data / "notes.jsonl").symlink_to(elsewhere)
    with viewing(tmp_path / "cache", data) as (client, _):
        assert label(client, number=1, verdict="good") == 400
        assert "is a link" in client.get("/labels/data/train").text
    assert elsewhere.exists() == there
    assert not there or not elsewhere.read_text()


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """A dataset of four rows of which two people have said something."""
    synth.build("listops", train=4, validation=0, test=0, test_longer=0, test_larger=0, quiet=True, out=tmp_path / "d")
    rows = [json.loads(line) for line in (tmp_path / "d" / "train.jsonl").read_text().splitlines()]
    said = {"ann": ("good", "bad", "bad", "good"), "ben": ("good", "bad", "good", "unsure")}
    from synth.data.notes import note_of
    from synth.data.verdicts import VerdictFile
    from synth.record import Record

    records = [Record(**line) for line in rows]
    for person, verdicts in said.items():
        path = tmp_path / ("d/notes.jsonl" if person == "ann" else "ben.jsonl")
        with VerdictFile(path) as file:
            for record, verdict in zip(records[:3] if person == "ann" else records, verdicts, strict=False):
                file.add(note_of("train", record, person, verdict, f"{person} says so"))
    return tmp_path


def test_judge_notes_leaves_out_what_is_bad(labelled: Path) -> None:
    judged = synth.judge(labelled / "d", judge="notes", drop="bad", out=labelled / "kept", quiet=True)
    assert [judged.verdicts["train", at].verdict for at in range(4)] == ["good", "bad", "bad", None]
    ids = [json.loads(line)["id"] for line in (labelled / "d" / "train.jsonl").read_text().splitlines()]
    assert [record.id for record in synth.load(labelled / "kept").rows("train")] == [ids[0], ids[3]]


def test_two_people_are_put_together_with_their_agreement(labelled: Path) -> None:
    judged = synth.judge(labelled / "d", judge="notes", notes=[labelled / "ben.jsonl"], quiet=True)
    assert [judged.verdicts["train", at].verdict for at in range(4)] == ["good", "bad", "unsure", "unsure"]
    assert judged.verdicts["train", 2].detail == "ann: bad ann says so; ben: good ben says so"
    between = [
        pair.agreement for pair in judged.agreements if {pair.first, pair.second} == {"notes (ann)", "notes (ben)"}
    ]
    assert [(each.n, round(each.share, 3), round(each.kappa or 0, 3)) for each in between] == [(3, 0.667, 0.4)]


def test_other_notes_make_another_dataset(labelled: Path) -> None:
    synth.judge(labelled / "d", judge="notes", drop="bad", out=labelled / "kept", quiet=True)
    assert synth.judge(labelled / "d", judge="notes", drop="bad", out=labelled / "kept", quiet=True).already_there
    (labelled / "d" / "notes.jsonl").unlink()
    with pytest.raises(UsageError, match=r"has no notes\.jsonl: label rows with synth view"):
        synth.judge(labelled / "d", judge="notes", quiet=True)
    with pytest.raises(synth.SynthError, match="--overwrite"):
        synth.judge(labelled / "d", judge="notes", drop="bad", out=labelled / "kept", quiet=True)
    with pytest.raises(UsageError, match="--notes is for --judge notes"):
        synth.judge(labelled / "d", judge="steps", notes=[labelled / "ben.jsonl"], quiet=True)
