"""`synth eval --shots`: what servers are sent, what a checkpoint reads, what is kept of it; one line for mistakes."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from arithmetic_rows import rows as sums
from loopback import Answer, serving
from tiny_models import listops, make, write_dataset

from synth.builders.arithmetic import Config
from synth.errors import FolderError, UsageError
from synth.evaluating.evaluate import jobs_from
from synth.evaluating.job import Result
from synth.evaluating.options import Evaluate
from synth.evaluating.prompts import Asking
from synth.evaluating.run import carry_out
from synth.questions.find import find_task
from synth.questions.prompts import told
from synth.questions.task import Question
from synth.record import Record
from synth.reporting.collect import collect
from synth.reporting.settings import groups
from synth.shots.draw import Shots
from synth.shots.load import digest
from synth.shots.rows import row_of

GSM8K = find_task("gsm8k")
HEAD = told(GSM8K)
STEP = "Let's think step by step."
Synth = Callable[..., Any]


def question(number: int, rationale: str = "") -> Record:
    said = Question(str(number), f"What is {number} and {number}?", gold=str(2 * number))
    return row_of(GSM8K, said, rationale)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rows = [question(number) for number in range(4)]
    shown = [question(number, f"{number} + {number} = {2 * number}.") for number in range(50, 53)]
    return write_dataset(tmp_path / "doubles", {"test": rows, "train": shown})


@pytest.fixture
def arithmetic(tmp_path: Path) -> Path:
    config = Config(digits="1-2")
    rows = {"train": sums(config, count=30), "test": sums(config, "test", count=6)}
    return write_dataset(tmp_path / "sums", rows, builder="arithmetic", config={"style": "scratchpad"})


def said(lines: list[str]) -> Callable[[str], None]:
    return lines.append


def evaluate(told: list[str] | None = None, **options: Any) -> Result:
    (job,) = jobs_from(Evaluate(**options))
    return carry_out(job, said([] if told is None else told), lambda *state: None)


def served(url: str, data: Path, **options: Any) -> Result:
    return evaluate(model=url, model_name="m", data=data, out=data.parent / "out", **options)


def right(request: dict[str, Any], times: int) -> Answer:
    return Answer("The answer is 4.")


def by_question(bodies: list[dict[str, Any]]) -> dict[str, list[dict[str, str]]]:
    return {body["messages"][-1]["content"][-60:]: body["messages"] for body in bodies}


def test_turns_that_a_server_sees(data: Path) -> None:
    with serving(right) as server:
        served(server.url, data, shots=data)
        bodies = by_question(server.bodies)
    turns = []
    for number in (50, 51, 52):
        asked = f"Question: What is {number} and {number}?\nAnswer: {STEP}"
        turns += [
            {"role": "user", "content": asked if turns else f"{HEAD}\n\n{asked}"},
            {"role": "assistant", "content": f"{number} + {number} = {2 * number}.\nThe answer is {2 * number}."},
        ]
    for number in range(4):
        last = f"Question: What is {number} and {number}?\nAnswer: {STEP}"
        assert bodies[last[-60:]] == [*turns, {"role": "user", "content": last}]


def test_text_that_a_server_sees(data: Path) -> None:
    with serving(right) as server:
        served(server.url, data, shots=data, shots_as="text", n_shots=2, limit=1)
        ((message,),) = (body["messages"] for body in server.bodies)
    head, *blocks = message["content"].split("\n\n")
    assert (head, message["role"], len(blocks)) == (HEAD, "user", 3)
    assert all(block.startswith("Question: What is 5") for block in blocks[:2])
    assert blocks[0].partition(f"Answer: {STEP}\n")[2].partition("\n")[2].startswith("The answer is 10")
    assert blocks[2] == f"Question: What is 0 and 0?\nAnswer: {STEP}"


def test_the_answer_alone_needs_no_rationale(data: Path) -> None:
    with serving(right) as server:
        served(server.url, data, shots=data, prompting="direct", limit=1)
        messages = server.bodies[0]["messages"]
    assert [message["content"] for message in messages if message["role"] == "assistant"] == [
        "The answer is 100.", "The answer is 102.", "The answer is 104.",
    ]  # fmt: skip
    assert messages[-1]["content"].endswith("Answer: Give the answer at once, without any steps.")


def test_a_built_datasets_own_form_is_shown_and_its_steps_are_judged(arithmetic: Path) -> None:
    test = {row.prompt: row for row in sums(Config(digits="1-2"), "test", count=6)}

    def in_form(request: dict[str, Any], times: int) -> Answer:
        asked = next(prompt for prompt in test if request["messages"][-1]["content"].endswith(prompt))
        return Answer(test[asked].completion + "\n\nInput:\n1 + 1\nTarget:\n<scratch>\n</scratch>\n9")

    with serving(in_form) as server:
        result = served(server.url, arithmetic, shots=arithmetic, n_shots=4)
        bodies = server.bodies
    train = {row.prompt: row for row in sums(Config(digits="1-2"), count=30)}
    for body in bodies:
        *turns, last = [message["content"] for message in body["messages"]]
        asked, replies = [turns[0].partition("\n\n")[2], *turns[2::2]], turns[1::2]
        assert replies == [train[prompt].completion.strip() for prompt in asked]
        assert {train[prompt].meta["digits"] for prompt in asked} == {test[last].meta["digits"]}
    assert {name: result.metrics["metrics"][name]["value"] for name in ("accuracy", "steps_right")} == {
        "accuracy": 1.0, "steps_right": 1.0,
    }  # fmt: skip


def test_other_tasks_say_what_they_are(arithmetic: Path) -> None:
    other = Shots(tuple(question(number, "It is so.") for number in range(2)), 1, 0, "0", "other-tasks", mixed=True)
    row = sums(Config(digits="1"), "test", count=1)[0]
    first, reply, last = Asking(shots=other).messages(row)
    assert first["content"].startswith(HEAD)
    assert reply["content"].startswith("It is so.\nThe answer is ")
    assert "Close with a line" in last["content"]
    assert Asking(shots=other).text(row).endswith(f"\n\n{row.prompt}")


def test_the_hash_is_kept_and_other_demonstrations_are_another_evaluation(data: Path) -> None:
    shots = data.parent / "shots.jsonl"
    line = {"question": "What is 7 and 7?", "rationale": "7 + 7 = 14.", "answer": "14"}
    shots.write_text(json.dumps(line) + "\n")
    with serving(right) as server:
        first = served(server.url, data, shots=shots)
        assert first.metrics["shots"] == {
            "source": "shots.jsonl", "sha256": digest([replace(question(7, "7 + 7 = 14."), id="gsm8k/shots/1")]),
            "rows": 1, "n": 1, "seed": 0, "as": "turns",
        }  # fmt: skip
        assert served(server.url, data, shots=shots).already_there
        assert len(server.bodies) == 4
        shots.write_text(json.dumps(line | {"rationale": "Twice 7 is 14."}) + "\n")
        with pytest.raises(FolderError, match="data, weights, demonstrations or"):
            served(server.url, data, shots=shots)
        with pytest.raises(FolderError, match=r"its shots is shots\.jsonl, asked for none"):
            served(server.url, data)
        served(server.url, data, shots=shots, overwrite=True)
        assert len(server.bodies) == 8


def test_folders_have_names_of_their_own(data: Path) -> None:
    (plain,), (shown,), (two,) = (
        jobs_from(Evaluate(model="http://h/v1", model_name="m", data=data, **options))
        for options in ({}, {"shots": data}, {"shots": data, "n_shots": 2})
    )
    assert [job.out.name for job in (plain, shown, two)] == [
        "doubles-test",
        "doubles-test-shots",
        "doubles-test-shots2",
    ]
    assert two.command.endswith("--shots doubles --n-shots 2")


def test_kinds_with_too_few_are_told(arithmetic: Path) -> None:
    lines: list[str] = []
    with serving(right) as server:
        evaluate(lines, model=server.url, model_name="m", data=arithmetic, out=arithmetic.parent / "out",
                 shots=arithmetic, n_shots=20)  # fmt: skip
    (line,) = lines
    assert line.startswith("sums has fewer than 20 demonstrations of some kinds, others stand in: 15 of add, digits")


def test_a_checkpoint_reads_rows_as_they_stand(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    rows = [listops(number) for number in range(5, 25)]
    data = write_dataset(
        tmp_path / "pairs", {"train": rows[:16], "test": rows[16:]}, builder="listops", config={"modulus": 10}
    )
    model = make(tmp_path / "run", rows[:8], decoder=True, steps=2)
    options = {"model": model, "data": data, "out": tmp_path / "eval", "shots": data, "max_new_tokens": 8}
    result = evaluate(**options, n_shots=2)
    assert (result.metrics["shots"]["n"], result.metrics["data"]["rows"]) == (2, 4)
    assert evaluate(**options, n_shots=2).already_there
    shown = Asking(trained=True, shots=Shots(tuple(rows[:16]), 2, 0, "0", "pairs")).text(rows[16])
    assert shown.count("\n\n") == 2
    assert shown.endswith(f"\n\n{rows[16].prompt}")
    long = {**options, "out": tmp_path / "long"}
    with pytest.raises(UsageError, match=r"tokens with its 16 demonstrations, .* and the model takes 256: ") as told:
        evaluate(**long, n_shots=16)
    assert not list((tmp_path / "long").glob("*.json*"))
    advised = re.search(r"give --n-shots (\d+),", str(told.value))
    assert advised is not None
    evaluate(**long, n_shots=int(advised[1]))


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--n-shots", 3), "--n-shots: add --shots FILE"),
        (("--shots", "nothing.jsonl"), "--shots nothing.jsonl: no such file or folder"),
        (("--shots", "doubles", "--n-shots", 9), "--n-shots 9: doubles has 3 demonstrations"),
        (("--shots", "bare.jsonl"), "--shots bare.jsonl has no rationales"),
        (("--shots", "sums"), "--shots sums holds demonstrations of arithmetic, and the rows are of gsm8k"),
    ],
)
def test_mistakes_are_one_line_and_nothing_is_asked(
    options: tuple[Any, ...], line: str, synth: Synth, data: Path, arithmetic: Path, tmp_path: Path
) -> None:
    (tmp_path / "bare.jsonl").write_text(json.dumps({"question": "What is 7 and 7?", "answer": "14"}))
    with serving(right) as server:
        done = synth("eval", "--model", server.url, "--model-name", "m", "--data", data, *options)
        assert not server.bodies
    assert done.returncode == 2
    assert done.stderr.startswith(f"synth: {line}")
    assert done.stderr.count("\n") == 1


def test_a_model_without_line_breaks_reads_none() -> None:
    rows = sums(Config(digits="1-2"), count=8)
    shots = Shots(tuple(rows), 2, 0, "0", "sums", how="text")
    asking = Asking(trained=True, line_break=" ; ", shots=shots)
    text = asking.text(rows[0])
    assert "\n" not in text
    assert text.endswith(rows[0].prompt.replace("\n", " ; "))
    assert asking.messages(rows[0]) == [{"role": "user", "content": text}]


def test_a_report_keeps_demonstrations_apart(data: Path) -> None:
    shown = []
    with serving(right) as server:
        for name, options in (("none", {}), ("one", {"shots": data, "n_shots": 1}), ("two", {"shots": data})):
            out = data.parent / "evals" / name
            evaluate(model=server.url, model_name="m", data=data, out=out, **options)
            shown.append(out)
    labels = [group.label for group in groups(collect(shown).evaluations)]
    assert len(set(labels)) == 3
    assert [label.rpartition(", ")[2] for label in labels] == [
        "no demonstrations", "1 demonstration of doubles", "3 demonstrations of doubles",
    ]  # fmt: skip
