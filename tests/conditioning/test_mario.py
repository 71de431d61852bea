"""Runs of `synth train mario` from their first line to their last."""

import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest
from rounds import mario

import synth
from synth.base.files import facts_if_whole
from synth.conditioning.bins import bins
from synth.conditioning.rounds import Rounds
from synth.data.reading import read
from synth.errors import SynthError, UsageError
from synth.evaluating.metrics import diversity
from synth.models.codes import token

Starts = Callable[[str], Path]


def rows(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def samples(run: Path, number: int) -> list[dict[str, Any]]:
    return rows(run / "rounds" / f"{number:03}" / "samples.jsonl")


def weights(run: Path) -> str:
    return sha256((run / "model.safetensors").read_bytes()).hexdigest()


def test_rounds_write_score_bin_and_learn(whole: Path, sums: Path) -> None:
    teacher = samples(whole, 0)
    assert [line["round"] for line in teacher] == [0] * 64
    assert all(line["scores"]["accuracy"] == 1 for line in teacher)
    lines = [*teacher, *samples(whole, 1), *samples(whole, 2)]
    assert len(lines) > 100, "the start model writes sums"
    for line in lines:
        assert line["scores"]["diversity"] == diversity([line["rationale"]])[0]
    learned = list(read(whole / "rounds" / "002" / "data", "train"))
    assert [row.id for row in learned] == [line["id"] for line in lines]
    accuracy, spread = ([line["scores"][name] for line in lines] for name in ("accuracy", "diversity"))
    due = zip(bins(accuracy, 2), bins(spread, 5), strict=True)
    assert [row.meta["codes"] for row in learned] == [
        [token("accuracy", int(right)), token("diversity", int(rest))]
        for right, rest in due  # type: ignore[arg-type]
    ]
    questions = {row.prompt for row in read(sums, "train")}
    assert {row.prompt for row in learned} <= questions, "prompts stand there without tokens"
    assert learned[-1].provenance is not None
    assert learned[-1].provenance["round"] == 2
    assert set(learned[-1].provenance["scores"]) == {"accuracy", "diversity"}


def test_the_run_tells_what_came_of_each_round(whole: Path) -> None:
    facts = facts_if_whole(whole / "synth-run.json")
    assert facts["codes"] == {"place": "prompt", "bins": {"accuracy": 2, "diversity": 5}}
    assert facts["rewards"] == ["accuracy", "diversity"]
    assert facts["mario"]["rounds"] == 2
    log = rows(whole / "log.jsonl")
    assert [line["step"] for line in log] == [6, 12]
    for number, line in enumerate(log, start=1):
        assert line == {**line, **facts_if_whole(whole / "rounds" / f"{number:03}" / "metrics.json")}
        assert line["sampled"]["rewards"]["accuracy"]["n"] == line["sampled"]["read"] > 0
        assert line["trained"]["kl"] > 0
        assert set(line["steering"]) == {"accuracy", "diversity"}
        assert line["pool"]["rows"] == 64 + sum(len(samples(whole, n)) for n in range(1, number + 1))
    best = facts["mario"]["best"]
    assert weights(whole) == weights(whole / "rounds" / f"{best:03}" / "run")
    assert "mario" in (whole / "README.md").read_text()


def test_the_learning_rate_is_even_in_a_round_and_falls_to_nothing_in_the_last_one(whole: Path) -> None:
    logs = [rows(whole / "rounds" / number / "run" / "log.jsonl") for number in ("001", "002")]
    even, falling = ({line["step"]: line["learning_rate"] for line in log if "learning_rate" in line} for log in logs)
    assert list(even.values()) == pytest.approx([1e-3 * 0.75] * len(even))
    assert falling == pytest.approx({step: 1e-3 * 0.5 * (1 - (step - 1) / 6) for step in falling})
    assert {1, 6} <= falling.keys()


def test_such_a_model_is_asked_under_its_best_tokens(whole: Path, sums: Path, tmp_path: Path) -> None:
    given = {"model": whole, "data": sums, "max_new_tokens": 40, "quiet": True}
    best = synth.evaluate(**given, out=tmp_path / "best")
    said = [row["output"] for row in rows(best.folder / "predictions.jsonl")]
    named = synth.evaluate(**given, codes="accuracy=0,diversity=0", out=tmp_path / "named")
    assert said == [row["output"] for row in rows(named.folder / "predictions.jsonl")]
    assert facts_if_whole(best.folder / "metrics.json")["codes"] == "best"
    with pytest.raises(SynthError, match="another evaluation"):
        synth.evaluate(**given, codes="worst", out=tmp_path / "best")


@pytest.mark.parametrize("stage", ["metrics.json", "eval", "run", "data", "samples.jsonl"])
def test_a_run_that_is_stopped_anywhere_ends_where_it_would_have(
    whole: Path, sums: Path, starts: Starts, tmp_path: Path, stage: str
) -> None:
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    stages = ("metrics.json", "eval", "run", "data", "samples.jsonl")
    for name in stages[: stages.index(stage) + 1]:
        path = run / "rounds" / "002" / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    facts = facts_if_whole(run / "synth-run.json")
    (run / "synth-run.json").write_bytes(orjson.dumps({**facts, "complete": False}))
    mario(run, sums, starts("llama"), {"resume": True})
    assert weights(run) == weights(whole)
    assert samples(run, 2) == samples(whole, 2)
    assert facts_if_whole(run / "synth-run.json")["complete"]


def test_a_kill_in_a_round_writes_no_round_twice(
    whole: Path, sums: Path, starts: Starts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    ask = Rounds._ask

    def counted(rounds: Rounds, number: int, folder: Path, *given: Any) -> Any:
        asked.append(f"{number} {folder.name}")
        if asked[-1] == "2 worst":
            raise KeyboardInterrupt
        return ask(rounds, number, folder, *given)

    monkeypatch.setattr(Rounds, "_ask", counted)
    with pytest.raises(KeyboardInterrupt):
        mario(tmp_path / "run", sums, starts("llama"))
    monkeypatch.setattr(Rounds, "_ask", ask)
    before = len(asked)
    monkeypatch.setattr(Rounds, "_ask", lambda rounds, number, folder, *given: (
        asked.append(f"{number} {folder.name}"), ask(rounds, number, folder, *given))[1])  # fmt: skip
    mario(tmp_path / "run", sums, starts("llama"), {"resume": True})
    assert asked[before:] == ["2 best", "2 random", "2 worst"]
    assert weights(tmp_path / "run") == weights(whole)


@pytest.mark.parametrize(
    ("layout", "rounds"),
    [
        ("additive-right", [["accuracy"], ["accuracy", "diversity"]]),
        ("additive-left", [["accuracy"], ["diversity", "accuracy"]]),
        ("product", [["product"], ["product"]]),
        ("filter", [[], []]),
        ("sft", [[], []]),
    ],
)
def test_layouts(sums: Path, starts: Starts, tmp_path: Path, layout: str, rounds: list[list[str]]) -> None:
    run = mario(tmp_path / "run", sums, starts("llama"), layout=layout, max_steps=4, sample_every=2)
    for number, names in enumerate(rounds, start=1):
        facts = facts_if_whole(run / "rounds" / f"{number:03}" / "run" / "synth-run.json")
        assert list(facts.get("codes", {}).get("bins", {})) == names
        learned = list(read(run / "rounds" / f"{number:03}" / "data", "train"))
        assert all(
            [code.partition("=")[0].removeprefix("<|") for code in row.meta["codes"]] == names for row in learned
        )
        if layout == "filter":
            assert {row.provenance["scores"]["accuracy"] for row in learned if row.provenance} == {1.0}
        if layout == "sft":
            assert len(learned) == 64
            assert "reference" not in facts["config"]
            assert not (run / "rounds" / f"{number:03}" / "samples.jsonl").exists()
        else:
            assert facts["config"]["reference"]


def test_an_encoder_decoder_has_its_tokens_before_what_it_writes(sums: Path, starts: Starts, tmp_path: Path) -> None:
    run = mario(tmp_path / "run", sums, starts("t5"), max_steps=4, sample_every=2, audit=("length",))
    facts = facts_if_whole(run / "synth-run.json")
    assert facts["codes"] == {"place": "decoder", "bins": {"accuracy": 2, "diversity": 5}}
    found = facts_if_whole(run / "rounds" / "002" / "metrics.json")
    assert set(found["bins"]) == {"accuracy", "diversity"}, "an audit is not learned from"
    assert set(found["steering"]) == {"accuracy", "diversity", "length"}
    synth.evaluate(model=run, data=sums, codes="worst", max_new_tokens=20, limit=2, quiet=True)


def test_the_newest_texts_of_its_own_are_learned_from(sums: Path, starts: Starts, tmp_path: Path) -> None:
    given: dict[str, Any] = {"max_steps": 4, "sample_every": 2, "per_round": 10, "samples": 2, "pool_limit": 12}
    run = mario(tmp_path / "run", sums, starts("llama"), **given, steer_rows=0)
    learned = [row.id for row in read(run / "rounds" / "002" / "data", "train")]
    written = [line["id"] for number in (1, 2) for line in samples(run, number)]
    assert learned[64:] == written[-12:]
    assert len({line["question"] for line in samples(run, 1)}) <= 10


def test_questions_that_are_measured_on_are_not_asked(sums: Path, starts: Starts, tmp_path: Path) -> None:
    run = mario(tmp_path / "run", sums, starts("llama"), held=sums, validation_split="train", eval_rows=20,
                max_steps=2, sample_every=2, steer_rows=0)  # fmt: skip
    held = {row.prompt for row in read(run / "held", "test")}
    assert len(held) == 20
    assert not held & {row.prompt for row in read(run / "rounds" / "001" / "data", "train")}


OWN = """
def shouting(completions, **columns):
    return [float(text.isupper()) for text in completions]

def broken(completions, **columns):
    raise ValueError("no such thing")

def short(completions, **columns):
    return [1.0]
"""


@pytest.mark.parametrize(
    ("function", "said"), [("broken", "reward broken .*ValueError: no such thing"), ("short", "reward short gave 1 ")]
)
def test_a_reward_that_fails_loses_nothing(
    sums: Path, starts: Starts, tmp_path: Path, function: str, said: str
) -> None:
    own = tmp_path / "own.py"
    own.write_text(OWN)
    given: dict[str, Any] = {"max_steps": 2, "sample_every": 2, "steer_rows": 0}
    given["reward"] = ("accuracy", f"{own}:{function}")
    with pytest.raises(UsageError, match=said):
        mario(tmp_path / "run", sums, starts("llama"), **given)
    own.write_text(OWN.replace('raise ValueError("no such thing")', "return [0.0 for _ in completions]")
                   .replace("return [1.0]", "return [0.0 for _ in completions]"))  # fmt: skip
    run = mario(tmp_path / "run", sums, starts("llama"), {"resume": True}, **given)
    assert samples(run, 1)[0]["scores"][function] == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"reward": ()}, "give what is paid for: --reward accuracy"),
        ({"reward": ("accurcy",)}, "accurcy"),
        ({"reward": ("accuracy", "accuracy")}, "--reward accuracy is given twice"),
        ({"audit": ("accuracy",)}, "--reward accuracy"),
        ({"start": None}, "give --start RUN"),
        ({"from_scratch": "tiny"}, "--from-scratch: it starts from a model that writes"),
        ({"epochs": 3.0}, "--epochs: how long it takes is said by --max-steps"),
        ({"stage_steps": 3}, "--stage-steps is for --layout additive"),
        ({"start": "nowhere"}, "nowhere"),
        ({"data": ["nowhere"]}, "nowhere"),
    ],
)
def test_what_cannot_be_is_a_line_before_anything_runs(
    sums: Path, starts: Starts, tmp_path: Path, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(SynthError) as caught:
        mario(tmp_path / "run", sums, starts("llama"), **given)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_rows_without_rationales_are_a_line(starts: Starts, tmp_path: Path) -> None:
    out = tmp_path / "bare"
    synth.build(
        "listops", explain="none", train=9, validation=2, test=2, test_longer=0, test_larger=0, out=out, quiet=True
    )
    with pytest.raises(UsageError, match=r"no row of .* has a rationale"):
        mario(tmp_path / "run", out, starts("llama"))


def test_rows_that_are_called_the_same_are_a_line(sums: Path, starts: Starts, tmp_path: Path) -> None:
    shutil.copytree(sums, tmp_path / "copy")
    with pytest.raises(UsageError, match=r"two rows of --data are called arithmetic/.*/train/0/0"):
        mario(tmp_path / "run", sums, starts("llama"), data=[str(sums), str(tmp_path / "copy")])


def test_a_run_is_not_resumed_with_other_rewards(whole: Path, sums: Path, starts: Starts, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(whole, run)
    facts = facts_if_whole(run / "synth-run.json")
    (run / "synth-run.json").write_bytes(orjson.dumps({**facts, "complete": False}))
    with pytest.raises(UsageError, match=r"--resume: .* was begun otherwise: --reward was"):
        mario(run, sums, starts("llama"), {"resume": True}, reward=("accuracy", "length"))


def test_a_model_that_collapses_ends_the_run_with_the_best_of_before(
    sums: Path, starts: Starts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from synth.conditioning import health

    monkeypatch.setattr(health, "collapse", lambda found: "it says nothing" if found["round"] == 2 else "")
    run = mario(tmp_path / "run", sums, starts("llama"), {"quiet": False}, max_steps=6, sample_every=2, steer_rows=0)
    facts = facts_if_whole(run / "synth-run.json")
    assert facts["mario"]["collapsed"] == "it says nothing"
    assert facts["mario"]["rounds"] == 2
    assert facts["stopped_early"]
    assert (run / "model.safetensors").is_file()
    assert "the model of round 1 has collapsed, it says nothing: the run stops here" in capsys.readouterr().err


def test_shares_of_the_learning_rate_fall_from_round_to_round() -> None:
    from types import SimpleNamespace

    from synth.conditioning.rounds import share

    config: Any = SimpleNamespace(warmup_steps=10, warmup=0.0, max_steps=110, schedule="linear")
    assert [share(config, done, 20) for done in (0, 50, 90)] == pytest.approx([1.0, 0.5, 0.1])
    config.schedule = "constant"
    assert share(config, 90, 20) == 1
    config.schedule = "cosine"
    assert share(config, 50, 20) == pytest.approx(0.5)
