"""What a judge that is a model is shown, and which of its replies hold a verdict."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loopback import Answer, serving
from tiny_models import write_dataset

import synth
from synth.record import Record

THOUGHT = "Helpful? The second step is odd. Unhelpful, then.\nUnhelpful"
WORDS = 40  # bound on the requests of a test
Synth = Callable[..., Any]


def rows(*texts: str) -> list[Record]:
    return [
        Record(f"gsm8k/{n}", "gsm8k", f"Question: {n}?\nAnswer:", text, str(n), f" {text}\nThe answer is {n}.", {})
        for n, text in enumerate(texts)
    ]


def judged(tmp_path: Path, answer: Answer, **options: Any) -> Any:
    """One row, judged by a model that gives this answer."""
    folder = write_dataset(tmp_path / "data", {"train": rows("1 and 1 are 2.")})
    with serving(lambda request, times: answer) as teacher:
        found = synth.judge(folder, judge="rubric", teacher="m-1", base_url=teacher.url, quiet=True, **options)
        assert len(teacher.bodies) == 1
    return found


REPLIES = {
    "plain": (Answer("Fine.\nHelpful"), "helpful", ""),
    "thoughts in a field": (Answer("Helpful", reasoning=THOUGHT), "helpful", ""),
    "thoughts in another field": (
        Answer("Helpful", reasoning=THOUGHT, reasoning_field="reasoning_content"),
        "helpful",
        "",
    ),
    "thoughts between tags": (Answer(f"<think>{THOUGHT}</think>\nHelpful"), "helpful", ""),
    "thoughts whose tag was left out": (Answer(f"{THOUGHT}</think>\n\nHelpful"), "helpful", ""),
    "thoughts in a chunk": (
        Answer(message={"content": [{"type": "thinking", "thinking": THOUGHT}, {"type": "text", "text": "Helpful"}]}),
        "helpful",
        "",
    ),
    "nothing but thoughts between tags": (Answer(f"<think>{THOUGHT}</think>"), None, "thoughts only"),
    "thoughts that never end": (Answer(f"<think>{THOUGHT}"), None, "thoughts only"),
    "nothing but thoughts in a field": (Answer(None, reasoning=THOUGHT), None, "thoughts only"),
    "cut off": (
        Answer("Helpful", finish_reason="length"),
        None,
        "was cut off (length): give more than --max-tokens 512",
    ),
    "cut off behind thoughts": (Answer("", reasoning=THOUGHT, finish_reason="length"), None, "was cut off"),
    "cut off by another word for it": (Answer("Helpful", finish_reason="model_length"), None, "was cut off"),
    "withheld": (Answer("Helpful", finish_reason="content_filter"), None, "was withheld (content_filter)"),
    "refused by a filter": (
        Answer(status=400, error={"message": "filtered", "code": "content_filter"}),
        None,
        "refusal: status 400: filtered",
    ),
    "not answered": (Answer(status=400, error={"message": "too long"}), None, "status 400: too long"),
    "no word for the end": (Answer("Helpful", finish_reason=None), "helpful", ""),
    "another word for the end": (Answer("Helpful", finish_reason="end_turn"), "helpful", ""),
    "the menu": (Answer("Helpful or Unhelpful"), None, "says none of helpful, unhelpful"),
    "the menu as a list": (Answer("- Helpful\n- Unhelpful"), None, "lists helpful and unhelpful"),
    "taken back": (Answer("Helpful\n\nWait, step 2 is off."), None, "takes helpful back"),
    "taken back for another": (Answer("I'd say helpful. Actually unhelpful."), "unhelpful", ""),
    "JSON": (Answer('```json\n{"verdict": "Unhelpful", "reason": "Helpful it is not"}\n```'), "unhelpful", ""),
    "empty": (Answer(""), None, "the reply is empty"),
}


@pytest.mark.parametrize("name", REPLIES)
def test_which_replies_hold_a_verdict(name: str, tmp_path: Path) -> None:
    answer, verdict, why = REPLIES[name]
    found = judged(tmp_path, answer)
    said = found.verdicts["train", 0]
    assert said.verdict == verdict
    if verdict is None:
        ((row, reason),) = found.unscored
        assert row == "gsm8k/0"
        assert why in reason
        assert ("refusal" in reason) == ("refused" in name)
    else:
        assert found.unscored == ()


@pytest.mark.parametrize("name", ["nothing but thoughts in a field", "nothing but thoughts between tags"])
def test_thoughts_of_a_judge_are_not_kept_as_its_words(name: str, tmp_path: Path) -> None:
    judged(tmp_path, REPLIES[name][0], out=tmp_path / "out", verdicts=tmp_path / "v.jsonl")
    for path in (tmp_path / "out" / "train.jsonl", tmp_path / "v.jsonl"):
        assert "odd" not in path.read_text()


def test_a_judge_is_shown_no_thoughts(tmp_path: Path) -> None:
    texts = (f"<think>{THOUGHT}</think>1 and 1 are 2.", f"{THOUGHT}</think>Two.", "Plain.")
    thinking = [
        Record(**{**_fields(row), "provenance": {"teacher": "m-1", "thinking": THOUGHT}}) for row in rows(*texts)
    ]
    folder = write_dataset(tmp_path / "data", {"train": thinking})
    (tmp_path / "all.py").write_text(ALL)
    with serving(lambda request, times: Answer("kind")) as teacher:
        for judge in ("rubric", str(tmp_path / "all.py")):
            synth.judge(folder, judge=judge, teacher="m-1", base_url=teacher.url, quiet=True)
        shown = [json.dumps(body["messages"]) for body in teacher.bodies]
    assert len(shown) == 6
    assert not any("odd" in text or "<think" in text or "/think" in text for text in shown)
    assert all("1 and 1 are 2." in text for text in (shown[0], shown[3]))


def _fields(record: Record) -> dict[str, Any]:
    return {name: getattr(record, name) for name in Record.__slots__}


ALL = '''"""Judges everything there is."""
from dataclasses import asdict
from synth.data.verdict import Asking, Judge

def messages(record):
    return [{"role": "user", "content": str(asdict(record))}]

JUDGE = Judge("all", ("kind", "unkind"), Asking(messages))
'''
SCALE = '''"""Judges on a scale."""
from synth.data.verdict import Asking, Judge

def messages(record):
    return [{"role": "user", "content": "1 bad 2 ok 3 good: " + record.rationale}]

JUDGE = Judge("scale", ("3", "2", "1"), Asking(messages))  # the last one is the bad one
'''


@pytest.mark.parametrize(
    ("reply", "verdict", "score"),
    [("Score: 3/3", "3", 3.0), ("**2**", "2", 2.0), ("1 bad 2 ok 3 good", None, None), ("Score: 3/5", None, None)],
)
def test_a_scale_of_ones_own_needs_no_parser(
    reply: str, verdict: str | None, score: float | None, tmp_path: Path
) -> None:
    folder = write_dataset(tmp_path / "data", {"train": rows("Plain.")})
    (tmp_path / "scale.py").write_text(SCALE)
    with serving(lambda request, times: Answer(reply)) as teacher:
        options = {"judge": str(tmp_path / "scale.py"), "teacher": "m-1", "base_url": teacher.url, "quiet": True}
        found = synth.judge(folder, verdicts=tmp_path / "v.jsonl", **options)
    assert (found.verdicts["train", 0].verdict, found.verdicts["train", 0].score) == (verdict, score)
    line = json.loads((tmp_path / "v.jsonl").read_text())
    assert (line["judge"], line["verdict"], line["score"]) == ("scale", verdict, score)


def test_unscored_rows_are_listed_up_to_a_bound(synth: Synth, tmp_path: Path) -> None:
    write_dataset(tmp_path / "data", {"train": rows(*(f"Text {n}." for n in range(WORDS)))})
    with serving(lambda request, times: Answer("Helpful", finish_reason="length")) as teacher:
        done = synth(
            "judge", "data", "--judge", "rubric", "--teacher", "m-1", "--base-url", teacher.url, "--verdicts", "v"
        )
        assert len(teacher.bodies) == WORDS
    assert done.returncode == 3
    why = "the reply was cut off (length): give more than --max-tokens 512: Helpful"
    assert f"synth: none of {WORDS} rows has a verdict ({WORDS}: {why})\n" in done.stderr
    assert [line.split()[1].rstrip(":") for line in done.stdout.splitlines() if line.startswith("  unscored")] == [
        f"gsm8k/{n}" for n in range(10)
    ]
    assert "unscored gsm8k/3: the reply was cut off (length): give more than --max-tokens 512" in done.stdout
    assert "and 30 more that are unscored" in done.stdout
    lines = [json.loads(line) for line in (tmp_path / "v").read_text().splitlines()]
    assert sorted(line["id"] for line in lines) == sorted(f"gsm8k/{n}" for n in range(WORDS))
    assert {line["reason"] for line in lines} == {"the reply was cut off (length): give more than --max-tokens 512"}
