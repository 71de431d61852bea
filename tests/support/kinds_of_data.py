"""One small dataset folder of every kind that a user can come by: built, distilled, voted, judged, with options."""

from pathlib import Path
from typing import Any

import orjson
from card_folders import make
from hub_use import dataset, row
from loopback import Answer, serving

import synth

LISTOPS = {"validation": 0, "test": 0, "test_longer": 0, "test_larger": 0}
ARITHMETIC = {"validation": 0, "test": 0, "test_beyond": 0}
OPTIONS = [{"text": "left", "label": "A"}, {"text": "right", "label": "B"}]


def built(base: Path) -> None:
    """A folder a builder and style, some of them as Parquet."""
    for explain in ("none", "short", "medium", "long"):
        make("listops", base / f"listops-{explain}", explain=explain, train=3, **LISTOPS)
    for style in ("scratchpad", "direct", "hint"):
        make("arithmetic", base / f"arithmetic-{style}", style=style, train=3, **ARITHMETIC)
    make("arithmetic", base / "parquet", "parquet", operation="multiply", train=3, **ARITHMETIC)
    for style in ("self-ask", "direct"):
        make("2wiki", base / f"2wiki-{style}", style=style, source="sample", train=3, test=1)
    make("2wiki", base / "2wiki-parquet", "parquet", source="sample", train=3, test=1)


def taught(base: Path) -> None:
    """What a teacher and judges leave."""
    questions = base / "questions.jsonl"
    write(questions, [{"id": f"q{n}", "question": f"Which number is {n}?", "label": str(n)} for n in range(3)])
    openly = base / "open.jsonl"
    write(openly, [{"id": f"q{n}", "question": f"Which number is {n}?", "label": None} for n in range(3)])
    chosen = base / "options.jsonl"
    stems = [{"stem": f"Where is {n}?", "choices": OPTIONS} for n in (1, 2)]
    write(chosen, [{"id": f"q{n}", "question": stem, "answerKey": "A"} for n, stem in enumerate(stems)])
    with serving(_number) as teacher:
        common: dict[str, Any] = {"teacher": "m-1", "base_url": teacher.url, "quiet": True}
        synth.distill(task="gsm8k", source=questions, out=base / "distilled", **common)
        synth.distill(task="gsm8k", source=questions, out=base / "distilled-parquet", format="parquet", **common)
        synth.distill(task="gsm8k", source=openly, out=base / "voted", vote=3, **common)
        synth.distill(task="gsm8k", source=questions, out=base / "voted-labels", vote=3, **common)
    with serving(lambda request, times: Answer(f"It is there, {times}. The answer is (A).")) as teacher:
        synth.distill(task="openbookqa", source=chosen, out=base / "options", **{**common, "base_url": teacher.url})
    synth.judge(base / "distilled", judge="equations", out=base / "judged", quiet=True)
    synth.judge(base / "judged", judge="answer", out=base / "judged-twice", quiet=True)
    synth.judge(base / "listops-short", judge="steps", out=base / "judged-built", quiet=True)
    for path in (questions, openly, chosen):
        path.unlink()


def imported(base: Path) -> None:
    """Rationales that existed, of several shapes, and questions alone beside them."""
    solved, chosen, tested = base / "solved.jsonl", base / "chosen.jsonl", base / "tested.jsonl"
    write(solved, [{"question": f"How much is {n}?", "answer": f"It is {n}.\n#### {n}"} for n in range(3)])
    write(tested, [{"question": f"What comes to {n}?", "answer": str(n)} for n in (3, 4)])
    stems = [{"stem": f"Where is {n}?", "choices": OPTIONS} for n in (1, 2)]
    said = "It is there. The answer is (A)."
    write(chosen, [{"id": f"q{n}", "question": s, "answerKey": "A", "said": said} for n, s in enumerate(stems)])
    common: dict[str, Any] = {"task": "gsm8k", "quiet": True}
    synth.import_data(solved, out=base / "imported", **common)
    synth.import_data(solved, out=base / "imported-parquet", format="parquet", model="someone", **common)
    synth.import_data(solved, out=base / "questions", split="train", no_rationale=True, **common)
    synth.import_data(chosen, out=base / "imported-options", task="openbookqa", rationale="said", quiet=True)
    synth.judge(base / "imported", judge="equations", out=base / "imported-judged", quiet=True)
    synth.import_data(solved, out=base / "imported-tested", **common)
    synth.import_data(tested, out=base / "imported-tested", split="test", no_rationale=True, **common)
    synth.judge(base / "imported-tested", judge="answer", out=base / "imported-tested-judged", quiet=True)
    for path in (solved, chosen, tested):
        path.unlink()


def foreign(base: Path) -> None:
    """Columns of `meta` that clash with those of our builders, from a builder that is not installed here."""
    meta = {"length": "short", "digits": None, "operation": 2.5, "mine": True, "options": ["a"]}
    dataset(base / "foreign", train=[row(n, meta=meta) for n in range(3)])


def make_all(base: Path) -> dict[str, Path]:
    built(base)
    taught(base)
    imported(base)
    foreign(base)
    return {path.name: path for path in sorted(base.iterdir()) if path.is_dir()}


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in rows))


def _number(request: dict[str, Any], times: int) -> Answer:
    number = int(request["messages"][-1]["content"].rpartition("Which number is ")[2].partition("?")[0])
    return Answer(f"It is {number} + 0 = {number}, said {times} times. The answer is {number}.")
