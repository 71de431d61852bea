"""Several lengths and annotators in one call: a folder of configurations with one store, one budget, one client."""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import datasets
import pytest
from distillations import PRICE, Synth, asked, lines, until_written
from loopback import Answer, Loopback, serving

from synth.data.manifest import open_manifest
from synth.data.reading import read
from synth.errors import UsageError
from synth.evaluating.prompts import asking_for
from synth.questions.annotators import as_told_by
from synth.questions.find import find_task, task_names
from synth.questions.prompts import LENGTHS
from synth.teachers.catalogue import find_teacher
from synth.teachers.exchange import Request
from synth.teachers.meter import Meter

CUES = {cue: length for length, cue in LENGTHS.items()}
BY = find_task("anli").annotators


@pytest.fixture
def premises(tmp_path: Path) -> Callable[[int], str]:
    """Write n questions of anli; the answer to question i is the letter of i modulo 3."""

    def write(count: int) -> str:
        rows = [{"id": f"q{i}", "question": f"Which number is {i}?", "label": "ABC"[i % 3]} for i in range(count)]
        (tmp_path / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        return "q.jsonl"

    return write


def right(request: dict[str, Any], times: int) -> Answer:
    return Answer(f"It is {asked(request)}. The answer is {'ABC'[asked(request) % 3]}.")


def axes(request: dict[str, Any]) -> tuple[str, str]:
    """The length and the annotator that a request asks with."""
    text = request["messages"][-1]["content"]
    length = next(length for cue, length in CUES.items() if text.endswith(f"Answer: {cue}"))
    return length, next((name for name, said in BY.items() if text.startswith(said)), "A")


def words(teacher: Loopback, source: str, *more: object) -> list[str]:
    base = ("--task", "anli", "--source", source, "--teacher", "m-1", "--base-url", teacher.url, "--out", "my data")
    return ["distill", *base, *map(str, more)]


def test_each_length_and_annotator_is_a_configuration(
    synth: Synth, tmp_path: Path, premises: Callable[[int], str]
) -> None:
    with serving(right) as teacher:
        command = words(teacher, premises(4), "--length", "steps, brief", "--annotator", "A,C")
        done = synth(*command)
        assert done.returncode == 0, done.stderr
        assert Counter(map(axes, teacher.bodies)) == {
            (length, by): 4 for length in ("steps", "brief") for by in ("A", "C")
        }
        again = synth(*command)
        assert again.returncode == 0
        assert again.stdout.count("rows are there already") == 4
        assert len(teacher.bodies) == 16
    names = ["steps-A", "steps-C", "brief-A", "brief-C"]
    assert [line.split(":")[0] for line in done.stdout.splitlines()[:4]] == [f"my data/{name}" for name in names]
    for name in names:
        length, annotator = name.split("-")
        manifest = open_manifest(tmp_path / "my data" / name)
        assert (manifest["plan"]["length"], manifest["annotator"]) == (length, annotator)
        assert manifest["paid"]["requests"] == manifest["paid"]["attempts"] == 4
        alone = re.sub(r"--length \S+|--annotator \S+", "", manifest["command"]).split()
        assert alone == ["synth", "distill", "--task", "anli", "--source", "q.jsonl", "--teacher", "m-1"]
        rows = lines(tmp_path / "my data" / name / "train.jsonl")
        assert {row["provenance"]["annotator"] for row in rows} == {annotator}
        assert len(rows) == 4
    loaded = datasets.load_dataset(str(tmp_path / "my data"), "brief-C", cache_dir=str(tmp_path / "cache"))
    assert loaded["train"].num_rows == 4
    synth("card", "my data")
    card = (tmp_path / "my data" / "README.md").read_text()
    assert "annotator C, the length asked for `brief`" in card
    assert BY["C"] in card


def test_an_evaluation_asks_as_the_annotator_of_the_folder(
    synth: Synth, tmp_path: Path, premises: Callable[[int], str]
) -> None:
    with serving(right) as teacher:
        done = synth(*words(teacher, premises(2), "--annotator", "A,B"))
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "my data").glob("*/")) == ["A", "B"]
    for name, said in (("A", find_task("anli").instruction), ("B", BY["B"])):
        folder = tmp_path / "my data" / name
        asking = asking_for(None, "rationale", open_manifest(folder))
        assert asking.messages(next(read(folder, "train")))[-1]["content"].startswith(said)


def test_one_budget_and_one_meter_and_the_rest_in_the_next_run(
    synth: Synth, tmp_path: Path, premises: Callable[[int], str]
) -> None:
    with serving(right) as teacher:
        command = words(teacher, premises(4), "--length", "all", *PRICE, "--concurrency", 1)
        dry = synth(*command, "--dry-run")
        assert "5 configurations: thorough, detailed, steps, brief, shortest" in dry.stdout
        assert "4 questions in each of 5 configurations" in dry.stdout
        one = synth(*words(teacher, "q.jsonl", *PRICE), "--dry-run")
        most, most_of_one = (float(re.findall(r"at most  \$([\d.,]+)", each.stdout)[0]) for each in (dry, one))
        assert 4.9 * most_of_one < most < 5.3 * most_of_one, "cues are of different lengths, all else is equal"
        assert not teacher.bodies
        assert not (tmp_path / "my data").exists()
        # A reply costs 0.018 dollars and 1.2 at most: six of them leave no room in 1.3
        done = synth(*command, "--budget", 1.3, "--max-tokens", 1000)
        assert done.returncode == 3
        assert "stopped early: the budget of $1.3" in done.stdout
        asked_first = len(teacher.bodies)
        assert 4 < asked_first < 20
        assert done.stdout.count("not begun") == 5 - (asked_first // 4 + 1)
        assert f"{asked_first} replies," in done.stdout
        whole = synth(*command, "--max-tokens", 1000)
        assert whole.returncode == 0
        assert len(teacher.bodies) == 20, "no request is paid for twice"
    assert sum(open_manifest(path)["paid"]["requests"] for path in (tmp_path / "my data").glob("*/")) == 20
    card = (tmp_path / "my data" / "README.md").read_text()
    assert all(f"config_name: {length}\n" in card for length in LENGTHS)


def test_a_batch_holds_the_requests_of_all_configurations(
    synth: Synth, tmp_path: Path, premises: Callable[[int], str]
) -> None:
    def late(request: dict[str, Any], times: int) -> Answer:
        """A brief one is right at the second attempt."""
        if axes(request)[0] == "brief" and times == 1:
            return Answer("I cannot tell. The answer is none of them.")
        return right(request, times)

    with serving(late) as teacher:
        command = words(teacher, premises(3), "--length", "steps,brief", "--batch", *PRICE)
        runs = list(until_written(synth, teacher, command))
        assert "6 requests handed in" in runs[0].stdout
        assert len(runs) == 3
        assert "3 requests handed in" in runs[1].stdout
        assert len(teacher.batches) == 2
    paid = {name: open_manifest(tmp_path / "my data" / name)["paid"] for name in ("steps", "brief")}
    assert {name: facts["requests"] for name, facts in paid.items()} == {"steps": 3, "brief": 6}
    assert paid["brief"]["dollars"] == pytest.approx(2 * paid["steps"]["dollars"])


MISTAKES = {
    "a word that is none": (("--length", "stpes,brief"), "--length stpes,brief: one of thorough, detailed, steps"),
    "twice": (("--length", "brief,brief"), "--length brief is given twice"),
    "all and one": (("--annotator", "all,A"), "--annotator all,A: all has them all, leave out the others"),
    "no annotator": (("--annotator", "b"), "--annotator b: one of A, B, C, all"),
    "two ways to say it": (("--annotator", "B", "--instruction", "Say it."), "--instruction takes the place"),
    "a dataset": (("--length", "all", "--out", "one"), "one is a dataset folder, several do not fit into it"),
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_mistake_is_a_line(synth: Synth, tmp_path: Path, premises: Callable[[int], str], kind: str) -> None:
    more, told = MISTAKES[kind]
    with serving(right) as teacher:
        if kind == "a dataset":
            assert synth(*words(teacher, premises(1)), "--out", "one").returncode == 0
        done = synth(*words(teacher, premises(1), *more))
    assert done.returncode in (1, 2)
    assert done.stderr.startswith(f"synth: {told}")
    assert done.stderr.count("\n") == 1


def test_families_with_several_annotators() -> None:
    covered = {name: find_task(name) for name in task_names() if find_task(name).annotators}
    assert {task.family for task in covered.values()} == {
        "inference", "sentiment", "topic", "common sense", "coreference",
    }  # fmt: skip
    for task in covered.values():
        said = [as_told_by(task, name).instruction for name in ("A", "B", "C")]
        assert len(set(said)) == 3
        assert all(text.endswith(".") for text in said)
    assert "blank" not in covered["arc_easy"].annotators["B"], "the paper's text for ARC is that for coreference"
    with pytest.raises(UsageError, match=r"gsm8k has the prompt of annotator A alone; B and C have .* trec, agnews"):
        as_told_by(find_task("gsm8k"), "B")


def test_annotators_of_a_task_of_ones_own(tmp_path: Path) -> None:
    text = 'name = "r"\ninstruction = "Solve it."\nkind = "text"\n[annotators]\nB = "I give you a riddle."\n'
    (tmp_path / "r.toml").write_text(text)
    assert as_told_by(find_task(str(tmp_path / "r.toml")), "B").instruction == "I give you a riddle."
    (tmp_path / "r.toml").write_text(text.replace('B = "I give you a riddle."', "D = 3"))
    with pytest.raises(UsageError, match=r"\[annotators\] has no D: it has B, C; \[annotators\] D has to be a text"):
        find_task(str(tmp_path / "r.toml"))


def test_sums_of_fractions_do_not_keep_a_budget_waiting() -> None:
    """What was set aside and taken back leaves a rest: nobody is in flight, so the answer is no."""
    import asyncio

    teacher = replace(find_teacher("m-1", "http://127.0.0.1:9/v1"), prompt_price=0.0, completion_price=1.0)
    meter = Meter(teacher, budget=1.0)
    sizes = (100_000, 200_000, 300_000, 100_000)
    requests = [Request("m-1", (), teacher.sampling(size, 0.7)) for size in sizes]

    async def together() -> bool:
        held = [meter.room_for(request) for request in requests]
        assert [await each.__aenter__() for each in held] == [True] * 4
        for each in held:
            await each.__aexit__(None, None, None)
        async with meter.room_for(Request("m-1", (), teacher.sampling(2_000_000, 0.7))) as allowed:
            return allowed

    assert not asyncio.run(asyncio.wait_for(together(), 5))


def test_a_configuration_without_a_row_is_named(synth: Synth, tmp_path: Path, premises: Callable[[int], str]) -> None:
    def script(request: dict[str, Any], times: int) -> Answer:
        return right(request, times) if axes(request) == ("brief", "A") else Answer("I would rather not say.")

    with serving(script) as teacher:
        done = synth(*words(teacher, premises(1), "--length", "steps,brief", "--max-attempts", 1))
    assert done.returncode == 0, done.stderr
    (line,) = (line for line in done.stdout.splitlines() if "no row: " in line)
    assert line.startswith("my data/steps: no row: all 1 questions that were asked now came to nothing (1 no_answer);")
