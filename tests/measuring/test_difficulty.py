"""`synth difficulty`: what a base model is asked, what is measured of its rationales, what is asked for only once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from halting import halted
from hypothesis import given
from hypothesis import strategies as st
from loopback import Answer, Loopback, serving
from tiny_models import listops, write_dataset
from training import micro

import synth
from synth.errors import FolderError, SynthError, UsageError
from synth.measuring.lengths import lengths
from synth.questions.find import find_task
from synth.statistics.intervals import clustered, interval

Run = Callable[..., Any]
LONG = "Three and three make six. "


@pytest.fixture
def source(tmp_path: Path) -> Path:
    rows = [{"question": f"What is {n} and {n}?", "answer": f"#### {2 * n}"} for n in range(6)]
    path = tmp_path / "q.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, rows[0]]))  # one of them twice
    return path


def number(request: dict[str, Any]) -> int:
    """The n of `What is n and n?`, which is asked last."""
    return int(request["messages"][-1]["content"].partition("What is ")[2].split()[0])


def script(request: dict[str, Any], times: int) -> Answer:
    """A rationale of n sentences; of question 0 the answer alone, of question 1 nothing, question 2 has no end."""
    n = number(request)
    if n == 1:
        return Answer("")
    return Answer(f"{LONG * n}\nThe answer is {2 * n}.", finish_reason="length" if n == 2 else "stop")


def asked_of(server: Loopback, tmp_path: Path, **options: Any) -> dict[str, Any]:
    given = {"model": server.url, "model_name": "m", "out": tmp_path / "d", "samples": 2, "quiet": True, **options}
    return dict(synth.difficulty(**given).facts)


def test_lengths_and_counts_by_hand(source: Path, tmp_path: Path) -> None:
    with serving(script) as server:
        facts = asked_of(server, tmp_path, task="gsm8k", source=source)
        again = asked_of(server, tmp_path, task="gsm8k", source=source)
        assert len(server.bodies) == 12  # six questions twice, and none again
    assert again == facts
    whole = len(f"{LONG * 2}\nThe answer is 4.")  # of question 2, which is cut: all of it counts
    characters = [whole, *(len((LONG * n).strip()) for n in (3, 4, 5))]
    assert facts["characters"]["value"] == pytest.approx(sum(characters) / 4)
    assert facts["characters"]["n"] == 4
    assert facts["words"]["value"] == pytest.approx((14 + 15 + 20 + 25) / 4)
    assert facts["tokens"] is None  # nobody can count those of a server
    assert facts["counts"] == {
        "questions": 6, "outputs": 12, "rationales": 8, "cut_off": 2, "no_rationale": 2, "empty": 2, "no_answer": 0,
        "not_asked": 0,
    }  # fmt: skip
    assert (facts["task"], facts["model"], facts["v_information"]) == ("gsm8k", "m", None)
    assert facts["settings"]["temperature"] == 0.8
    lines = [json.loads(line) for line in (tmp_path / "d" / "samples.jsonl").read_text().splitlines()]
    assert [line["sample"] for line in lines] == [0, 1] * 6


def test_three_demonstrations_of_three_other_tasks(source: Path, tmp_path: Path) -> None:
    with serving(script) as server:
        asked_of(server, tmp_path, task="gsm8k", source=source)
        alone = asked_of(server, tmp_path, task="gsm8k", source=source, shots="none", out=tmp_path / "alone")
        behind, bare = server.bodies[:12], server.bodies[12:]
    assert {len(body["messages"]) for body in behind} == {7}
    own = [worked.question.text for worked in find_task("gsm8k").demonstrations]
    assert own
    assert not any(text in m["content"] for text in own for body in behind for m in body["messages"])
    drawn = {tuple(m["content"] for m in body["messages"][:-1]) for body in behind}
    assert len(drawn) > 1  # each question draws its own
    assert {len(body["messages"]) for body in bare} == {1}
    assert alone["shots"] is None


def test_what_was_stopped_goes_on(source: Path, tmp_path: Path) -> None:
    def stops(request: dict[str, Any], times: int) -> Answer:
        return script(request, times) if number(request) < 3 else Answer(status=401, error={"message": "no key"})

    with serving(stops) as server, pytest.raises(SynthError, match="no key"):
        asked_of(server, tmp_path, task="gsm8k", source=source, concurrency=1)
    with serving(script) as other:
        asked_of(other, tmp_path, task="gsm8k", source=source)
        assert {number(body) for body in other.bodies} == {3, 4, 5}


def test_what_was_killed_goes_on(synth: Run, source: Path, tmp_path: Path) -> None:
    with serving(script) as server:
        words = ["difficulty", "--task", "gsm8k", "--source", source, "--model", server.url, "--model-name", "m",
                 "--samples", 2, "--concurrency", 1, "--out", tmp_path / "d"]  # fmt: skip
        with halted(words, "synth.evaluating.outputs:Partial.add", times=2) as process:
            process.kill()
        kept = {number(body) for body in server.bodies}
        before = len(server.bodies)
        done = synth(*words)
        assert done.returncode == 0, done.stderr
        assert len(kept) == 2
        assert {number(body) for body in server.bodies[before:]} == set(range(6)) - kept
        assert "is there already" in synth(*words).stdout
        assert len(server.bodies) == 12


def test_a_checkpoint_writes_here_and_counts_tokens(tmp_path: Path) -> None:
    model = micro(tmp_path / "model", "llama")
    data = write_dataset(tmp_path / "lists", {"test": [listops(n) for n in range(4)]}, builder="listops", config={})
    out = tmp_path / "d"
    words: dict[str, Any] = {"model": model, "data": data, "samples": 2, "max_new_tokens": 6, "out": out}
    facts = synth.difficulty(**words, questions=3, quiet=True).facts
    lines = [json.loads(line) for line in (out / "samples.jsonl").read_text().splitlines()]
    assert len(lines) == 6
    assert facts["tokens"]["n"] == facts["characters"]["n"] <= 3
    assert facts["model"] == "model"
    (model / "model.safetensors").touch()  # is another model, for all one knows
    with pytest.raises(FolderError, match="holds another measurement"):
        synth.difficulty(**words, questions=3, quiet=True)
    assert synth.difficulty(**words, questions=3, overwrite=True, quiet=True).facts["tokens"] == facts["tokens"]


def test_accuracy_is_put_beside(tmp_path: Path, source: Path) -> None:
    from report_folders import a_run, an_evaluation

    run = a_run(tmp_path / "run", "answer")
    evaluation = an_evaluation(run / "eval" / "test", 0.5, 40, run)
    facts = synth.difficulty(task="gsm8k", source=source, eval=evaluation, out=tmp_path / "d", quiet=True).facts
    assert facts["accuracy"] == json.loads((evaluation / "metrics.json").read_text())["metrics"]["accuracy"]
    with serving(script) as server:  # and stays there
        assert asked_of(server, tmp_path, task="gsm8k", source=source)["accuracy"] == facts["accuracy"]
    with_rationales = an_evaluation(tmp_path / "with", 0.5, 10)
    with pytest.raises(UsageError, match="--target answer"):
        synth.difficulty(task="gsm8k", source=source, eval=with_rationales, out=tmp_path / "e", quiet=True)


def test_a_model_that_writes_nothing(source: Path, tmp_path: Path) -> None:
    with serving(lambda request, times: Answer("")) as server, pytest.raises(SynthError) as told:
        asked_of(server, tmp_path, task="gsm8k", source=source)
    assert str(told.value).startswith("m wrote no rationale to any of 6 questions: ")


def test_mistakes_are_one_line(synth: Run, source: Path, tmp_path: Path) -> None:
    data = write_dataset(tmp_path / "lists", {"train": [listops(1)], "both": [listops(2), row_of_another()]})
    model = ("--model", "http://127.0.0.1:9/v1", "--model-name", "m")
    for words, said in {
        ("--task", "nope", *model): "no task is called 'nope'",
        ("--task", str(data), *model): "is a folder: give it as --data",
        ("--data", str(data), "--split", "test", *model): "has no split 'test'",
        ("--data", str(data), "--split", "both", *model): "has rows of several tasks",
        ("--data", str(data), "--questions", "2", *model): "--questions 2: lists train has 1: give 1 at most",
        ("--data", str(data), "--task", "gsm8k", *model): "give --data FOLDER, or --task NAME",
        ("--data", str(data), "--n-shots", "99", *model): "other tasks: give",
        ("--data", str(data), "--shots", "none.jsonl", *model): "no such file or folder",
        ("--data", str(data)): "give --model",
        ("--data", str(data), "--model", "http://127.0.0.1:9/v1"): "add --model-name",
        ("--data", str(data), "--model", "x", "--price", "1"): "only for a server",
        ("--data", str(data), *model, "--tokenizer", str(data)): "no tokenizer could be loaded from",
        ("--data", str(data), "--model", "./nowhere"): "./nowhere is not there",
        ("--data", str(data), *model): "no server answers at",
        ("--data", str(data), "--temperature", "0", *model): "all would be the same",
    }.items():
        done = synth("difficulty", *words)
        assert done.returncode != 0
        assert said in done.stderr.splitlines()[-1], done.stderr
        assert "Traceback" not in done.stderr
    assert not [*(tmp_path / "difficulty").glob("*")]  # nothing is left of them


def row_of_another() -> Any:
    from training import RECORDS

    return RECORDS[0]


@given(st.lists(st.lists(st.floats(0, 500), max_size=5), max_size=8), st.integers(2, 5))
def test_samples_of_a_question_hang_together(values: list[list[float]], copies: int) -> None:
    """Ten samples that say the same are no more than one; rows with a value each are an ordinary mean."""
    found, told = clustered(values), [row for row in values if row]
    assert (found is None) is (not told)
    if found is None:
        return
    flat = [value for row in told for value in row]
    assert found["value"] == pytest.approx(sum(flat) / len(flat))
    assert found["n"] == len(told)
    assert found["low"] <= found["value"] <= found["high"]
    repeated = clustered([row * copies for row in values])
    assert repeated is not None
    assert [repeated[end] for end in ("low", "high")] == pytest.approx([found[end] for end in ("low", "high")])


def test_an_interval_over_questions_is_that_of_their_means() -> None:
    rows = [float(n % 7) for n in range(60)]
    found, plain = clustered([[row] for row in rows]), interval(rows)
    assert found is not None
    assert plain is not None
    assert [found[end] for end in ("low", "high")] == pytest.approx([plain[end] for end in ("low", "high")], abs=0.1)


def test_no_rationale_at_all_is_no_length() -> None:
    sample = {"id": "a", "sample": 0, "text": "4", "rationale": "", "answered": True, "cut_off": False}
    assert lengths([sample], None)["characters"] is None
