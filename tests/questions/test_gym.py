"""reasoning-gym's tasks, from their name to rows that are judged, exported and rewarded by its own scorer."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from exported_rows import columns, exported
from loopback import Answer, Loopback, serving

from synth.data.manifest import open_manifest
from synth.data.reading import read
from synth.errors import SourceError, UnknownNameError, UsageError
from synth.questions.find import find_task, known_task
from synth.questions.loading import load
from synth.questions.reading import task_of
from synth.rewards.accuracy import accuracy
from synth.rewards.format import format as form
from synth.tasks.gym import score, spread
from synth.validating.checker import reader_of

pytest.importorskip("reasoning_gym")
Synth = Callable[..., "subprocess.CompletedProcess[str]"]


def asked(name: str, source: str) -> list[Any]:
    return list(load(find_task(f"gym:{name}"), source))


def test_questions_are_the_same_for_the_same_source() -> None:
    first = asked("chain_sum", "6")
    assert first == asked("chain_sum", "6,seed=0") == asked("chain_sum", "60")[:6]
    assert [question.id for question in first] == [f"0-{at}" for at in range(6)]
    assert all(re.search(r"\d =$", question.text) and question.gold for question in first)
    texts = [{question.text for question in asked("chain_sum", f"200,seed={seed}")} for seed in range(4)]
    assert len(set().union(*texts)) > 780  # a few short sums come again, runs of them do not
    assert len({spread(seed) for seed in range(10_000)}) == 10_000
    assert all(0 <= spread(seed) < 2**31 for seed in range(-5, 1000))


def test_settings_of_theirs() -> None:
    for question in asked("chain_sum", "20,seed=3,min_terms=3,max_terms=3,max_digits=1"):
        assert len(re.findall(r"\d+", question.text)) == 3
        assert json.loads(question.entry)["settings"] == {"min_terms": 3, "max_terms": 3, "max_digits": 1}


@pytest.mark.parametrize(
    "name", ["chain_sum", "caesar_cipher", "mini_sudoku", "n_queens", "countdown", "prime_factorization", "word_ladder"]
)
def test_gold_is_right_by_their_scorer_and_others_are_not(name: str) -> None:
    for question in asked(name, "3"):
        assert question.gold is not None
        assert score(name, question.gold, question.entry)
        for wrong in ("no idea", "", question.gold[:-1], f"It is {question.gold}, or not"):
            assert not score(name, wrong, question.entry)


@pytest.mark.parametrize("name", ["graph_color", "rearc"])
def test_a_task_without_right_answers_is_refused(name: str) -> None:
    with pytest.raises(
        SourceError, match=f"gym:{name} cannot be asked: reasoning-gym .* gives its questions no answer"
    ):
        asked(name, "2")


@pytest.mark.parametrize(
    "source", ["", "x", "0", "-3", "5,seed", "5,seed=x", "5,seed=1.5", "5,terms=3", "5,size=9", "5,"]
)
def test_a_source_that_is_none_is_one_line(source: str) -> None:
    told = f"--source {source}: gym:chain_sum takes a number of questions, and settings behind it: 500 or 500,seed=7"
    with pytest.raises(UsageError, match=re.escape(told)) as error:
        asked("chain_sum", source)
    assert "there are min_terms, max_terms, min_digits" in str(error.value)


def test_a_setting_they_refuse_is_one_line() -> None:
    with pytest.raises(UsageError, match=r"gym:chain_sum cannot be made with .*: max_terms must be >= min_terms"):
        asked("chain_sum", "5,min_terms=9")


def test_names_that_are_none() -> None:
    for name in ("gym:chain_sun", "gym:"):
        with pytest.raises(UnknownNameError, match=f"no task is called '{name}'"):
            find_task(name)
    assert known_task("other:chain_sum") is None


def test_without_the_extra_it_is_one_line(synth: Synth) -> None:
    hidden = "import sys; sys.modules['reasoning_gym'] = None; from synth.cli import main; main()"
    words = ["tasks", "show", "gym:chain_sum"]
    done = subprocess.run([sys.executable, "-c", hidden, *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    line = "synth: a task of reasoning-gym needs packages that are not installed: pip install 'rationale-synth[gym]'\n"
    assert done.stderr == line
    assert "gym:NAME, such as gym:chain_sum with --source 500" in synth("tasks").stdout
    shown = synth("tasks", "show", "gym:chain_sum").stdout
    assert 'Close with a line "<answer>x</answer>"' in shown
    assert "State the final answer to the following arithmetic problem" in shown


def solve(request: dict[str, Any], times: int) -> Answer:
    """Every sum right at the second try, with a sign and zeros that the scorer passes over."""
    (told,) = re.findall(r"problem: ([\d+ -]+) =", request["messages"][-1]["content"])
    first, *more = told.split()
    total = int(first)
    for sign, number in zip(more[::2], more[1::2], strict=True):
        total += int(number) if sign == "+" else -int(number)
    return Answer(f"I add, try {times}.\n<answer>{total if times > 1 else total + 1}.00</answer>")


@pytest.fixture
def teacher() -> Iterator[Loopback]:
    with serving(solve) as server:
        yield server


def test_from_a_teacher_to_a_reward(
    teacher: Loopback, synth: Synth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    words = ("--task", "gym:chain_sum", "--source", "6,seed=1", "--teacher", "m-1", "--base-url", teacher.url)
    done = synth("distill", *words, "--limit", 5, "--out", "out", "--concurrency", 2)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "out"
    manifest, rows = open_manifest(folder), list(read(folder, "train"))
    source = manifest["distilled"]["source"]
    assert source["package"].startswith("reasoning-gym 0.")
    assert {name: source[name] for name in ("name", "size", "seed")} == {"name": "6,seed=1", "size": 6, "seed": 1}
    assert [row.id for row in rows] == [f"gym:chain_sum/1-{at}" for at in range(5)]
    task = task_of(manifest)
    for row, question in zip(rows, asked("chain_sum", "6,seed=1"), strict=False):
        assert row.answer == f"{question.gold}.00"  # what the reasons lead to
        assert row.completion == f" I add, try 2.\n<answer>{row.answer}</answer>"
        reader = reader_of(row.task, task)
        assert reader.right(row, question.gold)
        assert not reader.right(row, f"{question.gold}1")
    for verb, *more in (("validate", "out", "--quiet"), ("judge", "out", "--judge", "answer"), ("card", "out")):
        assert (made := synth(verb, *more)).returncode == 0, made.stderr + made.stdout
    pairs = exported(folder, "dpo", tmp_path)
    assert len(pairs) == 5
    assert all(pair["rejected"].startswith(" I add, try 1.\n<answer>") for pair in pairs)
    ask = columns(exported(folder, "grpo", tmp_path))
    gold = [row.completion for row in rows]
    other = [f"So:\n<answer>{float(row.answer):+.1f}</answer>" for row in rows]
    assert accuracy(gold, **ask) == accuracy(other, **ask) == form(gold, **ask) == [1.0] * 5
    assert accuracy([pair["rejected"] for pair in pairs], **ask) == [0.0] * 5
    assert accuracy([f"The answer is {row.answer}." for row in rows], **ask) == [0.0] * 5
