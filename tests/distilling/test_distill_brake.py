"""Runs that come to nothing stop early and say why; servers that repeat themselves are not paid for it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from distillations import Synth, asked, distill, lines, right
from loopback import Answer, serving

NOTHING = {
    "truncated": (Answer("Tom has 3 apples and", finish_reason="length"), "give a larger --max-tokens (it was 64)"),
    "empty": (Answer(""), "may need a larger --max-tokens"),
    "no_answer": (Answer("Let me see what could be done about it, in the end."), "do not close as asked"),
    "refusal": (Answer("I'm sorry, but I can't help with that."), "try --system, --instruction or another --teacher"),
}


@pytest.mark.parametrize("reason", NOTHING)
@pytest.mark.parametrize("count", [3, 400])
def test_a_run_that_comes_to_nothing_stops_with_reason_reply_and_advice(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str], reason: str, count: int
) -> None:
    reply, advice = NOTHING[reason]
    with serving(lambda request, times: reply) as teacher:
        done = distill(synth, teacher, questions(count), "--max-attempts", 1, "--concurrency", 10, "--max-tokens", 64)
        assert len(teacher.bodies) <= 60
    assert done.returncode == 3
    (line,) = (line for line in done.stdout.splitlines() if "came to nothing" in line)
    assert line.startswith("no row: " if count < 50 else "stopped early: ")
    assert f"all {min(count, 50)} questions that were asked now came to nothing ({min(count, 50)} {reason})" in line
    assert advice in line
    assert repr(reply.text)[1:-1] in line.replace('"', "'")
    assert {row["reason"] for row in lines(tmp_path / "out" / "rejected.jsonl")} == {reason}


def test_the_same_command_goes_on_behind_the_brake(synth: Synth, questions: Callable[[int], str]) -> None:
    def script(request: dict[str, Any], times: int) -> Answer:
        return Answer("", finish_reason="length") if asked(request) < 70 else right(request, times)

    with serving(script) as teacher:
        asked_so = (questions(200), "--max-attempts", 1, "--concurrency", 1)
        assert distill(synth, teacher, *asked_so).returncode == 3
        assert len(teacher.bodies) == 50
        assert distill(synth, teacher, *asked_so).returncode == 0
        assert len(teacher.bodies) == 200


def test_wrong_answers_do_not_brake_and_still_no_row_is_no_success(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str]
) -> None:
    with serving(lambda request, times: Answer(f"So it is, says attempt {times}. The answer is 999.")) as teacher:
        done = distill(synth, teacher, questions(120), "--max-attempts", 1)
        assert len(teacher.bodies) == 120
    assert done.returncode == 3
    assert "stopped early" not in done.stdout
    assert "120 wrong" in done.stdout


def test_a_hundred_refused_questions_do_not_hide_the_rest(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str]
) -> None:
    def script(request: dict[str, Any], times: int) -> Answer:
        return right(request, times) if asked(request) % 10 == 9 else Answer("")

    with serving(script) as teacher:
        done = distill(synth, teacher, questions(200), "--max-attempts", 1, "--concurrency", 4)
    assert done.returncode == 0
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 20


LONG = (
    "We look at what is given, add up what belongs together, and find by it the number that was asked for in the end."
)


@pytest.mark.parametrize(("text", "times"), [(LONG, 2), ("No.", 3)])
def test_a_server_that_repeats_itself_is_not_asked_on(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str], text: str, times: int
) -> None:
    with serving(lambda request, _: Answer(f"{text} The answer is 999.")) as teacher:
        done = distill(synth, teacher, questions(6), "--max-attempts", 10)
        assert len(teacher.bodies) == 6 * times
        seeds = [body["seed"] for body in teacher.bodies if asked(body) == 0]
        assert sorted(seeds) == list(range(1, times + 1))
    assert done.stderr.count("the server gives the same reply to every attempt") == 1
    assert "6 of 6 questions got the same reply to every attempt" in done.stdout
    assert json.loads((tmp_path / "out" / "synth.json").read_text())["repeating"] == 6


def test_another_temperature_is_another_try(synth: Synth, questions: Callable[[int], str]) -> None:
    def script(request: dict[str, Any], times: int) -> Answer:
        said = asked(request) if request["temperature"] > 0.5 else 999
        return Answer(f"{LONG} The answer is {said}.")

    with serving(script) as teacher:
        done = distill(synth, teacher, questions(2), "--temperature", "0.2,0.2,1")
        assert len(teacher.bodies) == 6
    assert "2 rows written" in done.stdout


@pytest.mark.parametrize(
    ("said", "reason"),
    [((4, 9, 20, None, 7), "no_majority"), ((4, 9), "no_majority"), ((3, None, None), "no_answer")],
)
def test_a_vote_in_which_no_two_agree_keeps_nothing(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str], said: tuple[int | None, ...], reason: str
) -> None:
    def script(request: dict[str, Any], times: int) -> Answer:
        number = said[(times - 1) % len(said)] if asked(request) else 5
        return Answer(f"Sample {times} is this." + ("" if number is None else f" The answer is {number}."))

    with serving(script) as teacher:
        assert distill(synth, teacher, questions(2), "--vote", len(said)).returncode == 0
    assert [row["answer"] for row in lines(tmp_path / "out" / "train.jsonl")] == ["5"]
    (drop,) = lines(tmp_path / "out" / "rejected.jsonl")
    assert drop["reason"] == reason


def test_a_vote_over_one_text_has_no_confidence(synth: Synth, tmp_path: Path, questions: Callable[[int], str]) -> None:
    with serving(lambda request, times: Answer(f"{LONG} The answer is {asked(request)}.")) as teacher:
        assert distill(synth, teacher, questions(4), "--vote", 10).returncode == 0
        assert len(teacher.bodies) == 12
    assert {row["meta"]["confidence"] for row in lines(tmp_path / "out" / "train.jsonl")} == {None}


@pytest.mark.parametrize("first", [True, False])
def test_questions_that_are_always_refused_end_no_run_that_goes_on(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str], first: bool
) -> None:
    """A run that goes on asks nothing but the sixty that were refused; the others were answered, before or behind."""

    def script(request: dict[str, Any], times: int) -> Answer:
        answered = asked(request) < 4 if first else asked(request) % 16 == 0
        return right(request, times) if answered else Answer(status=400, error={"message": "too long a prompt"})

    with serving(script) as teacher:
        asked_so = (questions(64), "--max-attempts", 1, "--concurrency", 1)
        done = [distill(synth, teacher, *asked_so) for _ in range(3)]
        assert len(teacher.bodies) == 64 + 60 + 60
    assert [one.returncode for one in done] == [0, 0, 0]
    assert "60 error" in done[2].stdout
    assert "4 rows" in done[2].stdout
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 4


def test_a_server_that_takes_no_request_any_more_is_told(synth: Synth, questions: Callable[[int], str]) -> None:
    def script(request: dict[str, Any], times: int) -> Answer:
        odd = Answer(status=400, error={"message": "unknown model settings"})
        return right(request, times) if len(teacher.bodies) <= 8 else odd

    with serving(script) as teacher:
        asked_so = (questions(40), "--max-attempts", 1, "--concurrency", 1)
        assert distill(synth, teacher, *asked_so, "--limit", 8).returncode == 0
        done = distill(synth, teacher, *asked_so, "--out", "more", "--cache", "out/requests.sqlite")
    assert done.returncode != 0
    assert "refuses every request: unknown model settings" in done.stderr
