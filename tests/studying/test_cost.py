"""What a study will take, against numbers worked out by hand; and what is told to be missing."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from synth.studying import assumed
from synth.studying.cells import planned
from synth.studying.cost import Cost, cost
from synth.studying.file import find, read_study, shipped
from synth.studying.needs import needs
from synth.studying.plan import Plan, only

SEVEN = """
[sources]
mine = { about = "my questions" }
[distill]
source = "hub"
teacher = "m-1"
base_url = "http://127.0.0.1:1/v1"
price = [1, 2]
task = "gsm8k"
target_rows = 20000
per_question = 2
[import]
source = "hub"
task = "gsm8k"
split = ["test"]
no_rationale = true
[train]
name = "llama"
model = "org/seven-6.74b"
epochs = 3
batch_size = 4
[eval]
samples = 10
limit = 100
[[blocks]]
name = "main"
target = ["rationale", "answer"]
"""


def plan(tmp_path: Path, text: str) -> Plan:
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    return planned(read_study(tmp_path / "mine.toml"), {})


def of(made: Plan, verb: str, out: Path) -> list[Cost]:
    return [cost([stage], out) for stage in made.stages if stage.verb == verb]


def test_times_are_those_of_the_table_that_they_come_from(tmp_path: Path) -> None:
    """RAFT's table 3: 40 and 25 minutes on 4 GPUs; 40 and 0.12 seconds a question of 10 outputs."""
    made = plan(tmp_path, SEVEN)
    with_rationales, without = of(made, "train", tmp_path)
    assert with_rationales.gpu_hours == pytest.approx(4 * 40 / 60, rel=0.02)
    assert without.gpu_hours == pytest.approx(4 * 25 / 60, rel=0.02)
    assert with_rationales.disk == 6.74e9 * 4
    written, answered = of(made, "eval", tmp_path)
    assert written.gpu_hours == pytest.approx(100 * 40 / 3600)
    assert answered.gpu_hours == pytest.approx(100 * 0.12 / 3600)


def test_dollars_are_tokens_times_prices(tmp_path: Path) -> None:
    (asked,) = of(plan(tmp_path, SEVEN), "distill", tmp_path)
    attempts = 20_000 / 2 * 1.5 * 2  # half as many questions, 1.5 attempts at each of two rationales
    assert asked.completion_tokens == attempts * 200
    assert asked.dollars == pytest.approx((asked.prompt_tokens * 1 + asked.completion_tokens * 2) / 1e6)
    assert 30 * attempts < asked.prompt_tokens < 300 * attempts
    assert not asked.notes


def test_what_is_not_known_is_a_note(tmp_path: Path) -> None:
    text = SEVEN.replace("target_rows = 20000\n", "").replace("price = [1, 2]\n", "").replace("seven-6.74b", "nameless")
    found = cost(plan(tmp_path, text).stages, tmp_path)
    assert found.notes == [
        "questions of hub are not here: 10,000 are assumed where no limit is given",
        "the price of m-1 is not known: it counts as nothing",
        "the size of org/nameless is not known: training and asking it count as nothing",
    ]


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("meta-llama/Llama-2-7b-hf", 7e9), ("Qwen/Qwen2.5-0.5B", 5e8), ("facebook/opt-350m", 3.5e8), ("gpt2", None),
        ("google/flan-t5-base", 2.2e8), ("google-t5/t5-small", 6e7), ("org/model-8bit", None),
    ],
)  # fmt: skip
def test_sizes_are_read_from_names(name: str, size: float | None) -> None:
    assert assumed.parameters({"model": name}) == size


def test_a_small_model_takes_hours_of_cores(tmp_path: Path) -> None:
    text = """
[build]
name = "listops"
train = 1000
test = 100
[train]
name = "llama"
from_scratch = "tiny"
max_tokens = 3_000_000
[[blocks]]
name = "main"
seed = [0]
"""
    (trained,) = of(plan(tmp_path, text), "train", tmp_path)
    assert trained.core_hours == pytest.approx((6 * 1.2e5 * 3e6 / 3e10 + 12) / 3600)
    assert trained.gpu_hours == 0


def test_what_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    text = SEVEN.replace('source = "hub"\nteacher = "m-1"', 'source = "$mine"\nteacher = "gpt-6-luna"')
    text = text.replace('base_url = "http://127.0.0.1:1/v1"\n', "").replace(
        'source = "hub"\ntask', 'source = "none.jsonl"\ntask'
    )
    made = plan(tmp_path, text)
    told = needs(made, made.stages, tmp_path, budget=True)
    assert told[0] == "--source mine=PATH: my questions"
    assert "export OPENAI_API_KEY=" in " ".join(told)
    assert "the file or folder none.jsonl is not there (import, source)" in told


@cache
def whole(name: str) -> Plan:
    """A study that comes with the program; each of its options is one of its verb, in optional blocks too."""
    return planned(read_study(find(name)), {})


@pytest.mark.parametrize("name", sorted(shipped()))
def test_the_studies_that_come_with_the_program_can_be_planned(name: str) -> None:
    made = whole(name)
    assert made.file.about
    assert 0 < len(only(made, []).cells) <= len(made.cells)
    for block in made.file.blocks:
        assert len({frozenset(cell.axes.items()) for cell in only(made, [block.name]).cells}) > 1


def test_a_dry_run_says_what_it_takes_and_writes_nothing(tmp_path: Path, synth: Any) -> None:
    done = synth("study", "raft", "--dry-run", "--only", "main", "--only", "task=gsm8k", "--only", "task=qqp")
    assert done.returncode == 0, done.stderr
    assert "data/gsm8k " in done.stdout
    assert "4 cells, 18 stages, 18 to do" in done.stdout
    assert "probably $" in done.stdout
    assert "hours of one A100" in done.stdout
    assert "missing before a run:\n" in done.stdout
    assert not any(tmp_path.iterdir())


def test_raft_is_the_paper(tmp_path: Path) -> None:
    main = only(whole("raft"), ["main"])
    assert len({cell.axes["task"] for cell in main.cells}) == 18
    assert sum(stage.verb == "train" for stage in main.stages) == 36
    distilled = [stage.settings(tmp_path) for stage in main.stages if stage.verb == "distill"]
    assert {asked.target_rows for asked in distilled} == {20_000}
    asked = [stage.settings(tmp_path) for stage in main.stages if stage.verb == "eval"]
    assert {(one.samples, one.temperature) for one in asked} == {(10, 0.8)}
    blanks = [stage.given for cell in only(whole("raft"), ["blank"]).cells for stage in cell.stages]
    assert [given["blank_tokens"] for given in blanks if "blank_tokens" in given] == [55, 38, 32]  # table 7
