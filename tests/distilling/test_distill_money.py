"""What is paid for: no question too many, nothing twice, and all of it written down."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from distillations import COST, PRICE, Synth, answer, asked, distill, lines, right
from loopback import Answer, serving

from synth.distilling.distill import distill as in_python


def made(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "synth.json").read_text())


def some_right(request: dict[str, Any], times: int) -> Answer:
    """Three of five questions are answered rightly."""
    number = asked(request)
    said = number if number % 5 < 3 else 999
    return Answer(f"It is attempt {times} at {number}. The answer is {said}.")


@pytest.mark.parametrize("concurrency", [1, 7, 512])
def test_no_more_questions_are_asked_than_rows_need(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str], concurrency: int
) -> None:
    wanted = ("--target-rows", 37, "--max-attempts", 2, "--concurrency", concurrency, *PRICE)
    with serving(some_right) as teacher:
        done = distill(synth, teacher, questions(1000), *wanted)
        assert done.returncode == 0, done.stderr
        # The 37th row is that of the 61st question; one behind it could not be needed before all others were settled.
        assert {asked(body) for body in teacher.bodies} == set(range(61))
        sent = len(teacher.bodies)
    out = tmp_path / "out"
    assert [row["id"] for row in lines(out / "train.jsonl")] == [f"gsm8k/q{i}" for i in range(61) if i % 5 < 3]
    paid = made(out)["paid"]
    assert (paid["requests"], paid["attempts"], paid["unused"]) == (sent, sent, 0)
    assert paid["attempts"] == len(lines(out / "attempts.jsonl"))
    assert paid["dollars"] == pytest.approx(sent * COST)
    assert (paid["prompt_tokens"], paid["completion_tokens"]) == (11 * sent, 7 * sent)
    assert paid["base_url"] == teacher.url
    assert "37 rows written" in done.stdout


def test_what_all_runs_paid_is_in_record_card_and_figures(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str]
) -> None:
    def script(request: dict[str, Any], times: int) -> Answer:
        return Answer(status=500) if (asked(request), times) == (2, 1) else right(request, times)

    limits = ("--max-tokens", 7, *PRICE)
    with serving(script) as teacher:
        first = distill(synth, teacher, questions(20), "--budget", 5 * COST, "--concurrency", 1, *limits)
        assert first.returncode == 3
        assert distill(synth, teacher, questions(20), *limits).returncode == 0
        sent = len(teacher.bodies)
        assert sent == 21
    paid = made(tmp_path / "out")["paid"]
    assert (paid["requests"], paid["attempts"], paid["unused"], paid["from_store"]) == (sent, 20, 0, 0)
    assert paid["dollars"] == pytest.approx(20 * COST)
    assert paid["seconds"] > 0
    assert synth("card", "out").returncode == 0
    spent = f"{sent} requests, 20 attempts used, 220 prompt and 140 completion tokens, $0.36"
    assert f"All runs, at {teacher.url}: {spent}" in (tmp_path / "out" / "README.md").read_text()
    told = " ".join(synth("stats", "out").stdout.split())
    assert "dollars" in told
    assert "0.3600" in told


def test_a_larger_limit_asks_only_what_was_cut(synth: Synth, tmp_path: Path, questions: Callable[[int], str]) -> None:
    def script(request: dict[str, Any], times: int) -> Answer:
        if asked(request) % 4 == 0 and request["max_tokens"] < 100:
            return Answer("I am still think", finish_reason="length")
        return right(request, times)

    with serving(script) as teacher:
        base = ("--max-attempts", 1, "--concurrency", 2)
        assert distill(synth, teacher, questions(12), *base, "--max-tokens", 50).returncode == 0
        assert len(lines(tmp_path / "out" / "train.jsonl")) == 9
        refused = distill(synth, teacher, questions(12), *base, "--max-tokens", 200)
        assert "max_tokens is 50, asked for 200" in refused.stderr
        assert distill(synth, teacher, questions(12), *base, "--max-tokens", 200, "--overwrite").returncode == 0
        assert [asked(body) for body in teacher.bodies[12:]] == [0, 4, 8]
    rows = lines(tmp_path / "out" / "train.jsonl")
    assert len(rows) == 12
    assert len({row["provenance"]["request"] for row in rows}) == 12
    assert made(tmp_path / "out")["paid"]["from_store"] == 9


def test_only_what_ended_in_an_error_is_asked_again(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str]
) -> None:
    well: list[bool] = []

    def script(request: dict[str, Any], times: int) -> Answer:
        if asked(request) in (2, 5) and not well:
            return Answer(status=400, error={"message": "max_model_len is too small"})
        return answer(request, 0) if asked(request) == 7 else right(request, times)

    with serving(script) as teacher:
        base = ("--max-attempts", 2, "--concurrency", 2)
        distill(synth, teacher, questions(8), *base)
        assert [row["reason"] for row in lines(tmp_path / "out" / "rejected.jsonl")] == ["error", "error", "wrong"]
        before = len(teacher.bodies)
        well.append(True)
        again = distill(synth, teacher, questions(8), *base)
        assert [asked(body) for body in teacher.bodies[before:]] == [2, 5]
        assert "questions that ended in an error: 2; they are asked again" in again.stderr
        assert len(lines(tmp_path / "out" / "train.jsonl")) == 7
        assert "7 rows are there already" in distill(synth, teacher, questions(8), *base).stdout
        assert len(teacher.bodies) == before + 2


def source(path: Path, labels: list[str | None]) -> str:
    rows = [{"id": f"q{i}", "question": f"Which number is {i}?", "label": label} for i, label in enumerate(labels)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path.name


def test_questions_without_a_label_are_refused_before_anything_is_asked(synth: Synth, tmp_path: Path) -> None:
    some = source(tmp_path / "some.jsonl", ["0", None, "2", "", None, None])
    with serving(right) as teacher:
        done = distill(synth, teacher, some)
        dry = distill(synth, teacher, some, "--dry-run")
        assert not teacher.seen
        assert distill(synth, teacher, some, "--limit", 1).returncode == 0
    assert (done.returncode, dry.returncode) == (2, 2)
    assert "4 of 6 questions in some.jsonl have no answer to compare with (q1, q3, q4, ...)" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_vote_states_how_far_it_agrees_with_labels(synth: Synth, tmp_path: Path) -> None:
    some = source(tmp_path / "some.jsonl", ["0", "1", "7", None])
    with serving(right) as teacher:
        done = distill(synth, teacher, some, "--vote", 3)
    assert "the majority agrees with 2 of 3 labels" in done.stdout
    assert made(tmp_path / "out")["vote"] == {"labelled": 3, "agree": 2}
    rows = lines(tmp_path / "out" / "train.jsonl")
    assert [(row["answer"], row["meta"]["label"]) for row in rows] == [("0", "0"), ("1", "1"), ("2", "7"), ("3", None)]
    assert synth("card", "out").returncode == 0
    assert "agrees with 2 of 3 labels" in (tmp_path / "out" / "README.md").read_text()
    assert synth("validate", "out").returncode == 0


def test_a_dry_run_counts_what_the_store_holds_and_the_rows_that_are_wanted(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str]
) -> None:
    source = questions(100)
    with serving(right) as teacher:
        asked_so = ("--task", "gsm8k", "--source", source, "--teacher", "m-1", "--base-url", teacher.url, *PRICE)
        none = synth("distill", *asked_so, "--dry-run")  # without --out
        few = synth("distill", *asked_so, "--dry-run", "--target-rows", 10)
        assert distill(synth, teacher, source, "--limit", 60, *PRICE).returncode == 0
        held = synth("distill", *asked_so, "--dry-run", "--cache", "out/requests.sqlite")
        whole = synth("distill", *asked_so, "--dry-run", "--limit", 60, "--cache", "out/requests.sqlite")
        assert len(teacher.bodies) == 60

    def dollars(said: str) -> tuple[float, float]:
        most, probably = (float(line.split("$")[1].split(":")[0].replace(",", "")) for line in said.splitlines()[-2:])
        return most, probably

    assert dollars(few.stdout)[1] == pytest.approx(dollars(none.stdout)[1] / 10, rel=0.01)
    assert "10 questions for 10 rows" in few.stdout
    assert dollars(held.stdout)[0] == pytest.approx(dollars(none.stdout)[0] * 0.4, rel=0.05)
    assert "60 replies are in the store, 40 questions still to be asked" in held.stdout
    assert dollars(whole.stdout) == (0, 0)


def test_a_dry_run_leaves_room_for_thoughts(tmp_path: Path, questions: Callable[[int], str]) -> None:
    asked_so = {"task": "gsm8k", "source": tmp_path / questions(10), "dry_run": True, "price": (1, 1000)}
    thinking = in_python(teacher="o3", base_url="http://127.0.0.1:9/v1", **asked_so).used
    plain = in_python(teacher="m", base_url="http://127.0.0.1:9/v1", **asked_so).used
    assert "o3 thinks before it answers, within --max-tokens 1024: 4096 leaves room" in thinking
    assert "1,024 tokens a reply" in thinking.splitlines()[-1]
    assert "200 tokens a reply" in plain.splitlines()[-1]


def test_the_system_message_and_the_instruction_of_one_run(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str]
) -> None:
    with serving(right) as teacher:
        assert (
            distill(
                synth, teacher, questions(1), "--system", "You are {brief}.", "--instruction", "Explain:"
            ).returncode
            == 0
        )
        (body,) = teacher.bodies
        assert body["messages"][0] == {"role": "system", "content": "You are {brief}."}
        assert body["messages"][1]["content"].startswith("Explain: ")
        other = distill(synth, teacher, questions(1), "--system", "You are long.")
        assert (other.returncode, len(teacher.bodies)) == (1, 1)
        assert "holds another dataset" in other.stderr
