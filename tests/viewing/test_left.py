"""The screen of what was left out: every line of both files under its reason, and nothing else."""

import json
from collections import Counter
from pathlib import Path

from golden import GOLDEN
from viewed import folder, lines, row, viewing

import synth
from synth.viewing.screens.left import sort_lines


def test_each_reason_has_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "rejected.jsonl"
    written = [
        {"id": f"q{at}", "reason": ("wrong", "cut", "wrong")[at % 3], "detail": f"because {at}"} for at in range(200)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in written) + "{half\n[]\n")
    found = sort_lines(path)
    assert {why: len(at) for why, at in found.places.items()} == {"wrong": 133, "cut": 67, "unreadable": 2}
    for reason in ("wrong", "cut"):
        pages = [found.read(reason, page) for page in (1, 2, 3)]
        assert [line for page in pages for line in page] == [line for line in written if line["reason"] == reason]
    assert found.read("unreadable", 1) == [{"text": "{half\n"}, {"text": "[]\n"}]


def test_rejected_rows_and_replies_of_a_distillation(tmp_path: Path) -> None:
    attempts = [json.loads(line) for line in (GOLDEN / "distilled" / "attempts.jsonl").read_text().splitlines()]
    kept = Counter("kept" if line["kept"] else line["outcome"] for line in attempts)
    with viewing(tmp_path / "cache", GOLDEN / "distilled") as (client, _):
        page = client.get("/left/distilled?of=attempts&reason=kept").text
        assert page.count("<h2>gsm8k/") == kept["kept"]
        assert f"replies, {len(attempts)}" in page
        assert client.get("/left/distilled?of=attempts&reason=nothing").status_code == 404
        assert client.get("/left/distilled?of=else").status_code == 404


def test_a_right_answer_without_a_rationale_is_empty_and_what_nobody_sent_has_no_tokens(tmp_path: Path) -> None:
    source = tmp_path / "rows.jsonl"
    said = [{"question": "1 + 1?", "rationale": text, "answer": "2"} for text in ("1 + 1 = 2. The answer is 2.", "")]
    source.write_text("".join(json.dumps({**one, "said": "2"}) + "\n" for one in said))
    synth.import_data(source, task="gsm8k", rationale="rationale", said="said", out=tmp_path / "data")
    with viewing(tmp_path / "cache", tmp_path / "data") as (client, _):
        page = client.get("/left/data?of=attempts&reason=empty").text
        assert "right, not needed" not in page
        assert '<span class="value">empty</span><span class="count">1</span>' in page
        page = client.get("/row/data/train/1").text
        assert "1: right, kept as this row" in page
        assert "2: empty" in page
        assert "tokens;" not in page
        assert "None" not in page


def test_a_text_is_text_and_nothing_left_out_is_said(tmp_path: Path) -> None:
    data = folder(tmp_path / "data", lines(row(1)))
    with viewing(tmp_path / "cache", data) as (client, _):
        assert "Nothing was left out" in client.get("/left/data").text
        (data / "rejected.jsonl").write_text(
            json.dumps({"id": "a", "reason": "x", "detail": "<script>alert(1)</script>"})
        )
        page = client.get("/left/data").text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
