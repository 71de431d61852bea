"""Near-duplicates: counted as the index of their sets says, dropped on request, no false ones among templates."""

import json
import random
from pathlib import Path

from card_folders import LISTOPS, make
from conftest import Synth
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.validating.contamination import words
from synth.validating.near import THRESHOLD, Near, Question, question, template

VOCABULARY = [f"{first}{second}" for first in "bcdfghjklm" for second in ("ane", "ile", "ost", "und", "erk")]


def asked(text: str, answer: str = "yes") -> Question:
    return question(text, text, answer)


def index(one: str, other: str) -> float:
    """The Jaccard index of word 5-grams, worked out plainly."""
    sets = [{tuple(said[at : at + 5]) for at in range(len(said) - 4)} for said in (words(one), words(other))]
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def hits(texts: list[str]) -> list[tuple[int, int, float]]:
    """Place, place of the first one, index."""
    near, found = Near(template([])), []
    for place, text in enumerate(texts):
        if (hit := near.add(asked(text))) is not None:
            found.append((place, *hit))
    return found


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_what_is_found_is_what_the_sets_say(seed: int) -> None:
    draw, texts = random.Random(seed), list[str]()
    for _ in range(60):
        if texts and draw.random() < 0.5:
            said = draw.choice(texts).split()
            said[draw.randrange(len(said)) :][:1] = [draw.choice(VOCABULARY)]
            for _ in range(draw.randint(1, 2)):
                said[draw.randrange(len(said))] = draw.choice(VOCABULARY)
        else:
            said = draw.choices(VOCABULARY, k=draw.randint(8, 70))
        texts.append(" ".join(said))
    kept: list[int] = []
    wanted = []
    for place, text in enumerate(texts):
        if any(texts[at] == text for at in kept):
            continue
        near = [at for at in kept if index(texts[at], text) >= THRESHOLD]
        if near:
            wanted.append((place, near[0], index(texts[near[0]], text)))
        else:
            kept.append(place)
    assert hits(texts) == wanted


def test_another_number_or_another_answer_is_another_question() -> None:
    text = " ".join(VOCABULARY[:30]) + " 12 apples"
    near = Near(template([]))
    assert near.add(asked(text)) is None
    assert near.add(asked(text.replace("12", "13"))) is None
    assert near.add(asked(text.replace("apples", "pears"), "no")) is None
    assert near.add(asked(text)) is None  # the very same: a repeat
    found = near.add(asked(text.replace("apples", "plums")))
    assert found is not None
    assert found[0] == 0
    assert near.add(asked("Too short a text")) is None
    assert near.too_short == 1


def test_what_stands_around_all_questions_is_not_compared() -> None:
    draw = random.Random(1)
    frame = "Read the following with care and think about every word of it before you say what it means to you: {}"
    texts = [frame.format(" ".join(draw.sample(VOCABULARY, 24))) for _ in range(150)]
    whole = [asked(text) for text in texts]
    common = template(whole)
    assert len(common) == len(words(frame)) - 4  # `{}` is no word
    near = Near(common)
    assert [near.add(one) for one in whole] == [None] * 150
    assert near.add(asked(texts[7].rsplit(" ", 1)[0])) == (7, 23 / 24)


def questions(path: Path, rows: list[tuple[str, str]]) -> None:
    lines = [{"question": text, "answer": f"So it is, at {n}.\n#### {answer}"} for n, (text, answer) in enumerate(rows)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_they_are_counted_and_dropped(synth: Synth, tmp_path: Path) -> None:
    draw = random.Random(5)
    plain = [(" ".join(draw.sample(VOCABULARY, 40)), str(n)) for n in range(12)]
    changed = [(f"{text} now", answer) for text, answer in plain]
    questions(tmp_path / "train.jsonl", [*plain[:10], *changed[:3], (plain[4][0] + " now", "999")])
    questions(tmp_path / "test.jsonl", [*plain[10:], changed[10], changed[5]])
    assert synth("import", "train.jsonl", "--task", "gsm8k", "--out", "data").returncode == 0
    more = ("--task", "gsm8k", "--no-rationale", "--split", "test", "--out", "data")
    done = synth("import", "test.jsonl", *more)
    assert done.returncode == 0, done.stderr
    done = synth("validate", "data", "--drop", "near-duplicates", "--out", "clean")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "data" / "validation.json").read_text())["near_duplicates"]
    assert [found[name] for name in ("within", "across", "rows", "too_short", "threshold", "ngram")] == [
        4,
        1,
        18,
        0,
        0.8,
        5,
    ]
    assert all(each["jaccard"] >= 0.8 for each in found["examples"])
    assert "warned (near_duplicates, near_leaks)" in done.stdout
    assert done.stdout.endswith("clean: 13 rows written, dropped 5 near-duplicates\n")
    left = [json.loads(line) for line in (tmp_path / "clean" / "rejected.jsonl").read_text().splitlines()]
    assert {row["reason"] for row in left} == {"near-duplicates"}
    assert left[0]["detail"].startswith("0.925 of the question of gsm8k/")
    again = synth("validate", "clean")
    assert again.returncode == 0
    facts = json.loads((tmp_path / "clean" / "validation.json").read_text())
    assert (facts["near_duplicates"]["within"], facts["near_duplicates"]["across"]) == (0, 0)
    assert facts["success"]


def test_rows_that_are_drawn_are_alike_on_purpose(synth: Synth, tmp_path: Path) -> None:
    make("listops", tmp_path / "ops", **LISTOPS)
    make("2wiki", tmp_path / "wiki")
    assert synth("validate", "ops", "--no-steps").returncode == 0
    assert json.loads((tmp_path / "ops" / "validation.json").read_text())["near_duplicates"] is None
    done = synth("validate", "ops", "--no-steps", "--drop", "near-duplicates", "--out", "same")
    assert done.stdout.endswith("same: 80 rows written, dropped 0 near-duplicates\n")
    assert synth("validate", "wiki", "--no-steps").returncode == 0
    found = json.loads((tmp_path / "wiki" / "validation.json").read_text())["near_duplicates"]
    assert (found["within"], found["across"]) == (0, 0)
