"""The Batch API from end to end: hand in, come back, collect, hand in what is missing; what it costs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from distillations import COST, KEY, LATE, PRICE, Synth, asked, lines, right, third, until_written, words
from loopback import Answer, serving


def test_run_by_run_until_the_dataset_is_there(synth: Synth, tmp_path: Path, questions: Callable[[int], str]) -> None:
    with serving(third) as teacher:
        command = words(teacher, questions(9), "--batch", "--max-attempts", 2)
        first = synth(*command)
        assert first.returncode == 3, first.stderr
        assert first.stdout == "out: 9 requests handed in as batch_1; run the same command again to collect\n"
        assert first.stderr == ""
        teacher.batches["batch_1"]["request_counts"]["completed"] = 4
        second = synth(*command)
        assert second.returncode == 3
        assert second.stdout == (
            "out: batch_1 is in progress, 4 of 9 requests done; run the same command again to collect\n"
        )
        assert len(teacher.batches) == 1
        assert not (tmp_path / "out" / "synth.json").exists()
        teacher.finish("batch_1")
        third_run = synth(*command)
        assert third_run.returncode == 3
        assert "9 replies collected" in third_run.stderr
        assert "out: 6 requests handed in as batch_2; run the same" in third_run.stdout
        assert [asked(line["body"]) % 3 for line in teacher.handed_in("batch_2")] == [1, 2, 1, 2, 1, 2]
        teacher.finish("batch_2")
        last = synth(*command)
        assert last.returncode == 0, last.stderr
        assert "out: 6 rows written; questions left out: 3 wrong" in last.stdout
        assert "15 replies" in last.stdout
        assert "are there already" in synth(*command).stdout
        assert not teacher.bodies  # nothing was asked directly
    assert [row["id"] for row in lines(tmp_path / "out" / "train.jsonl")] == [f"gsm8k/q{i}" for i in (0, 1, 3, 4, 6, 7)]


def test_what_is_handed_in_is_what_the_api_takes(synth: Synth, questions: Callable[[int], str]) -> None:
    with serving() as teacher:
        assert synth(*words(teacher, questions(3), "--batch", "--temperature", 0.2)).returncode == 3
        handed_in = teacher.handed_in("batch_1")
        facts = teacher.batches["batch_1"]
        assert {seen.headers["authorization"] for seen in teacher.seen} == {f"Bearer {KEY}"}
    assert (facts["endpoint"], facts["completion_window"]) == ("/v1/chat/completions", "24h")
    assert len(facts["metadata"]["synth-requests"]) == 64
    for line in handed_in:
        assert set(line) == {"custom_id", "method", "url", "body"}
        assert (line["method"], line["url"]) == ("POST", "/v1/chat/completions")
        assert (line["body"]["model"], line["body"]["temperature"]) == ("m-1", 0.2)


WAYS = {
    "retries": ("--max-attempts", 3),
    "rejects": ("--max-attempts", 2),
    "shortest": ("--max-attempts", 4, "--keep", "shortest"),
    "all": ("--max-attempts", 4, "--keep", "all"),
    "hints": ("--max-attempts", 1, "--rationalize"),
    "votes": ("--vote", 4),
    "enough": ("--max-attempts", 3, "--target-rows", 5),
    "parquet": ("--max-attempts", 3, "--format", "parquet"),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_dataset_is_that_of_the_direct_way_byte_for_byte(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str], way: str
) -> None:
    def script(request: dict[str, Any], times: int) -> Answer:
        if asked(request) == 7:
            return Answer(status=400, error={"message": "too long", "code": "context_length_exceeded"})
        return third(request, times)

    with serving(script) as teacher:
        command = words(teacher, questions(9), *WAYS[way], "--concurrency", 1)
        direct = synth(*command)
        assert direct.returncode == 0, direct.stderr
        (tmp_path / "out").rename(tmp_path / "direct")
    with serving(script) as teacher:
        command = [*words(teacher, questions(9), *WAYS[way]), "--batch"]
        runs = list(until_written(synth, teacher, command))
    names = {path.relative_to(tmp_path / "direct") for path in (tmp_path / "direct").rglob("*") if path.is_file()}
    for name in names - {Path("requests.sqlite"), Path("synth.json")}:
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "direct" / name).read_bytes(), name
    made = [json.loads((tmp_path / folder / "synth.json").read_text()) for folder in ("out", "direct")]
    assert {one.pop("paid")["attempts"] for one in made} == {
        sum(row["text"] is not None for row in lines(tmp_path / "out" / "attempts.jsonl"))
    }
    assert made[0] == made[1]
    if way in ("all", "shortest", "votes"):
        assert len(runs) == 2  # all attempts are made anyway, so they are handed in at once


def test_where_so_many_rows_are_wanted_no_more_questions_are_handed_in(
    synth: Synth, questions: Callable[[int], str]
) -> None:
    with serving(third) as teacher:
        command = words(teacher, questions(50), "--batch", "--target-rows", 6, "--max-attempts", 2)
        list(until_written(synth, teacher, command))
        handed_in = [len(teacher.handed_in(batch_id)) for batch_id in teacher.batches]
    assert handed_in[0] == 6
    assert sum(handed_in) == 8 + 5  # the first eight questions hold six rows; five of those are asked twice


def test_where_a_question_may_give_several_rows_fewer_questions_are_handed_in(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str]
) -> None:
    with serving(right) as teacher:
        command = words(teacher, questions(50), "--batch", "--target-rows", 6, "--max-attempts", 3, "--keep", "all")
        list(until_written(synth, teacher, command))
        assert [len(teacher.handed_in(batch_id)) for batch_id in teacher.batches] == [6]  # two questions, three times
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 6


def test_a_question_that_stands_twice_is_handed_in_once(synth: Synth, tmp_path: Path) -> None:
    rows = [{"id": f"q{i}", "question": "Which number is 1?", "label": "1"} for i in range(2)]
    (tmp_path / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with serving(right) as teacher:
        command = words(teacher, "questions.jsonl", "--batch", "--repeats", "keep")
        runs = list(until_written(synth, teacher, command))
        assert len(teacher.handed_in("batch_1")) == 1
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 2
    assert runs[-1].stdout.splitlines()[1].startswith("1 replies, 11 prompt")


def test_half_the_price(synth: Synth, tmp_path: Path, questions: Callable[[int], str]) -> None:
    """In the line of the run and in each row, but not for replies that were asked for directly."""
    name = questions(4)
    with serving(right) as teacher:
        direct = synth(*words(teacher, name, *PRICE, "--limit", 1, "--cache", "store.sqlite"))
        assert f"${COST:.4f}" in direct.stdout
        (tmp_path / "out").rename(tmp_path / "direct")
        command = words(teacher, name, *PRICE, "--batch", "--cache", "store.sqlite")
        runs = list(until_written(synth, teacher, command))
        assert len(teacher.handed_in("batch_1")) == 3
    assert "3 replies and 1 out of the store, 33 prompt and 21 completion tokens" in runs[-1].stdout
    assert f"${3 * COST / 2:.4f}" in runs[-1].stdout
    costs = [row["provenance"]["cost"] for row in lines(tmp_path / "out" / "train.jsonl")]
    assert costs == pytest.approx([COST, COST / 2, COST / 2, COST / 2])
    with serving(right) as teacher:  # a direct run over the same store knows it too
        (tmp_path / "out").rename(tmp_path / "batched")
        again = synth(*words(teacher, name, *PRICE, "--cache", "store.sqlite"))
        assert again.returncode == 0, again.stderr
        assert not teacher.bodies
    assert (tmp_path / "out" / "train.jsonl").read_bytes() == (tmp_path / "batched" / "train.jsonl").read_bytes()


def test_a_budget_is_for_all_runs_together(synth: Synth, tmp_path: Path, questions: Callable[[int], str]) -> None:
    with serving(right) as teacher:
        command = words(teacher, questions(30), *PRICE, "--batch", "--max-tokens", 10, "--budget")
        runs = list(until_written(synth, teacher, [*command, "0.1"]))
        assert "$0.10 allows" in runs[0].stderr
        assert "stopped early: the budget of $0.1 does not allow another request" in runs[-1].stdout
        assert runs[-1].returncode == 3
        handed_in = [len(teacher.handed_in(batch_id)) for batch_id in teacher.batches]
        assert len(handed_in) > 1
        assert handed_in[0] * COST / 2 < sum(handed_in) * COST / 2 <= 0.1
        some = lines(tmp_path / "out" / "train.jsonl")
        assert len(some) == sum(handed_in)
        *_, last = until_written(synth, teacher, [*command, "10"])
        assert last.returncode == 0, last.stderr
    rows = lines(tmp_path / "out" / "train.jsonl")
    assert len(rows) == 30
    assert all(row in rows for row in some)


def test_cancel(synth: Synth, tmp_path: Path, questions: Callable[[int], str]) -> None:
    """What was answered before is collected, the rest handed in again, by a run without --cancel."""

    def script(request: dict[str, Any], times: int) -> Answer:
        return LATE if asked(request) and times == 1 else right(request, 1)

    with serving(script) as teacher:
        command = words(teacher, questions(3), "--batch")
        nothing = synth(*command, "--cancel")
        assert nothing.returncode == 0, nothing.stderr
        assert "nothing to cancel" in nothing.stdout
        assert synth(*command).returncode == 3
        done = synth(*command, "--cancel")
        assert done.returncode == 0, done.stderr
        assert "out: cancelled batch_1; the same command without --cancel collects" in done.stdout
        assert teacher.batches["batch_1"]["status"] == "cancelling"
        assert "batch_1 is cancelling" in synth(*command).stdout
        teacher.finish("batch_1", "cancelled")
        list(until_written(synth, teacher, command))
        assert [len(teacher.handed_in(batch_id)) for batch_id in teacher.batches] == [3, 2]
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 3


def test_cancel_without_batch_is_a_mistake(synth: Synth, questions: Callable[[int], str]) -> None:
    with serving(right) as teacher:
        done = synth(*words(teacher, questions(3), "--cancel"))
        assert not teacher.seen
    assert done.returncode == 2
    assert "add --batch" in done.stderr


def test_quiet_prints_nothing(synth: Synth, questions: Callable[[int], str]) -> None:
    with serving(right) as teacher:
        for done in until_written(synth, teacher, words(teacher, questions(2), "--batch", "--quiet")):
            assert done.stdout == done.stderr == ""
