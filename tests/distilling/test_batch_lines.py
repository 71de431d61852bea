"""Files of results with broken lines: each costs its own request a try, and none of the others."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from distillations import Synth, asked, lines, right, until_written, words
from hypothesis import given
from hypothesis import strategies as st
from loopback import Answer, Loopback, serving

from synth.teachers.batch_results import read_results


def half(line: bytes) -> bytes:
    return line[: len(line) // 2]


def changed(**fields: Any) -> Callable[[bytes], bytes]:
    return lambda line: json.dumps(json.loads(line) | fields).encode()


BREAKS: dict[str, Callable[[bytes], bytes]] = {
    "half": half,
    "no JSON": lambda line: b"<html>busy</html>",
    "a list": lambda line: b"[1, 2]",
    "no id": lambda line: json.dumps({k: v for k, v in json.loads(line).items() if k != "custom_id"}).encode(),
    "an id that is none": changed(custom_id=17),
    "no response": changed(response=None),
    "a response that is a text": changed(response="busy"),
    "a status in words": changed(response={"status_code": "bad", "body": {}}),
    "no choices": changed(response={"status_code": 200, "body": {"choices": []}}),
    "a body that is a text": changed(response={"status_code": 200, "body": "busy"}),
    "bytes": lambda line: b"\xff\xfe" + line[:40],
}


def broken(teacher: Loopback, batch_id: str, place: int, change: Callable[[bytes], bytes]) -> None:
    """Work a batch off, and break one line of its results."""
    teacher.finish(batch_id)
    file_id = teacher.batches[batch_id]["output_file_id"]
    found = teacher.files[file_id].splitlines()
    found[place] = change(found[place])
    teacher.files[file_id] = b"\n".join(found)


@pytest.mark.parametrize("place", [0, 2, -1])
@pytest.mark.parametrize("kind", BREAKS)
def test_a_broken_line_keeps_no_other_back(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str], kind: str, place: int
) -> None:
    with serving(right) as teacher:
        command = words(teacher, questions(6), "--batch")
        assert synth(*command).returncode == 3
        broken(teacher, "batch_1", place, BREAKS[kind])
        second = synth(*command)
        assert second.returncode == 3, second.stderr
        assert "5 replies collected, 1 failed (the last: " in second.stderr
        assert len(teacher.handed_in("batch_2")) == 1
        list(until_written(synth, teacher, command))
        assert len(teacher.batches) == 2
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 6


@pytest.mark.parametrize("kind", ["half", "no id", "no JSON"])
def test_a_request_whose_line_is_always_broken_is_rejected(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str], kind: str
) -> None:
    with serving(right) as teacher:
        command = words(teacher, questions(3), "--batch")
        for number in (1, 2, 3):
            assert synth(*command).returncode == 3
            teacher.finish(f"batch_{number}")
            file_id = teacher.batches[f"batch_{number}"]["output_file_id"]
            key = teacher.handed_in("batch_1")[1]["custom_id"].encode()
            teacher.files[file_id] = b"\n".join(
                BREAKS[kind](line) if key in line else line for line in teacher.files[file_id].splitlines()
            )
            if number > 1 and kind == "no JSON":  # a page is no file of results: the next run asks for it again
                assert "is no file of results; the same command tries again" in synth(*command).stderr
                return
        done = synth(*command)
        assert done.returncode == 0, done.stderr
    (drop,) = lines(tmp_path / "out" / "rejected.jsonl")
    assert (drop["id"], drop["reason"]) == ("gsm8k/q1", "error")
    assert "3 batches: its line in the file of results cannot be read" in drop["detail"]


def test_half_a_character_is_replaced(synth: Synth, tmp_path: Path, questions: Callable[[int], str]) -> None:
    def script(request: dict[str, Any], times: int) -> Answer:
        pens = "\ud83d pens" if asked(request) == 1 else "pens"
        return Answer(f"Here are {pens}. The answer is {asked(request)}.")

    with serving(script) as teacher:
        list(until_written(synth, teacher, words(teacher, questions(3), "--batch")))
        assert len(teacher.batches) == 1
    rows = lines(tmp_path / "out" / "train.jsonl")
    assert [row["rationale"] for row in rows] == ["Here are pens.", "Here are \ufffd pens.", "Here are pens."]


@pytest.mark.parametrize("content", [b"<html>busy</html>", b'{"error": {"message": "busy"}}', b"busy"])
def test_what_is_no_file_of_results_is_fetched_again(
    synth: Synth, tmp_path: Path, questions: Callable[[int], str], content: bytes
) -> None:
    with serving(right) as teacher:
        command = words(teacher, questions(2), "--batch")
        assert synth(*command).returncode == 3
        teacher.finish("batch_1")
        file_id = teacher.batches["batch_1"]["output_file_id"]
        good, teacher.files[file_id] = teacher.files[file_id], content
        failed = synth(*command)
        assert failed.returncode == 1
        assert "is no file of results; the same command tries again" in failed.stderr
        assert failed.stderr.count("\n") == 1
        teacher.files[file_id] = good
        assert synth(*command).returncode == 0
    assert len(lines(tmp_path / "out" / "train.jsonl")) == 2


@given(st.lists(st.binary(max_size=40).map(lambda line: line.replace(b"\n", b" ")), max_size=5))
def test_whatever_stands_between_them_good_lines_are_read(between: list[bytes]) -> None:
    good = [
        json.dumps({"custom_id": f"{n:032x}", "response": {"status_code": 200, "body": {"choices": [{"message": {}}]}}})
        for n in range(len(between) + 1)
    ]
    pieces = [good[0].encode()]
    for line, bad in zip(good[1:], between, strict=True):
        pieces += [bad, line.encode()]
    results = read_results(b"\n".join(pieces))
    assert results is not None
    assert [result.key for result in results.read if result.status == 200] == [f"{n:032x}" for n in range(len(good))]
