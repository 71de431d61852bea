"""The folders that a run of MaRio leaves, in the hands of the other verbs; and runs that begin with the wrong model."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from conftest import Synth
from rounds import mario

import synth
from synth.base.files import facts_if_whole
from synth.bootstrapping.attempts import completion_of
from synth.bootstrapping.folder import write_rows
from synth.errors import SourceError, UsageError
from synth.record import Record
from synth.rewarding import kept, labels
from synth.rewarding.reward import find_all
from synth.rewarding.scoring import score
from synth.validating.checker import reader_of

Starts = Callable[[str], Path]

LIKE = {
    "distilled": {"task": "strategyqa", "source": {"name": "mine.jsonl"}, "limit": None},
    "task": {"name": "strategyqa", "kind": "yes_no", "options": [], "closing": "So the answer is {answer}.",
             "instruction": "", "system": "", "label": "Question", "unknown": "X"},
    "plan": {"keep": "all", "max_attempts": 5, "rationalize": False, "length": "steps"},
    "mario": {"round": 2, "layout": "classic", "rewards": ["accuracy"], "audit": ["length"], "teacher": 1, "own": 2,
              "seed": 0},
    "codes": {"accuracy": 2},
}  # fmt: skip


def a_row(at: int, answer: str, rationale: str, round: int) -> Record:
    gap = "\n" if rationale else ""
    own = {"gold": "yes", "round": round, "sample": 1, "scores": {"accuracy": float(answer == "yes")}}
    taken_in = {"source": "mine.jsonl", "sha256": "ab", "row": "1", "attempt": 1, "attempts": 2, "extractor": 2}
    return Record(
        f"strategyqa/1/{at}", "strategyqa", "Question: Is ice cold?\nAnswer:", rationale, answer,
        f" {rationale}{gap}So the answer is {answer}.",
        {"source_id": "1", "confidence": None, "words": len(rationale.split()),
         "codes": [f"<|accuracy={int(answer == 'no')}|>"]},
        own if round else {**taken_in, **own},
    )  # fmt: skip


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    rows = [a_row(0, "yes", "Ice is frozen.", 0), a_row(1, "no", "It burns.", 1), a_row(2, "yes", "It is ice.", 2)]
    return write_rows(tmp_path / "pool", rows, LIKE, "train")


def failed(folder: Path) -> list[str]:
    found = facts_if_whole(folder / "validation.json")
    return [one["name"] for one in found["expectations"] if not one["success"] and one["severity"] != "warning"]


def test_the_pool_of_a_task_holds_what_is_expected_and_has_a_card(pool: Path, synth: Synth) -> None:
    done = synth("validate", pool)
    assert "schema" not in done.stdout
    assert "none failed" in done.stdout, done.stdout + done.stderr
    assert synth("card", pool).returncode == 0
    card = (pool / "README.md").read_text()
    for words in (
        "a pool of MaRio",
        "those that lead to a wrong answer too",
        "Round 2, layout classic, seed 0: 1 rows of the teacher, 2 that the model wrote itself",
        "Rewards: accuracy; measured and not learned from: length",
        "accuracy 2; bin 0 is the best",
        "control tokens, one for each reward",
        "2311.02805",
    ):
        assert words in " ".join(card.split()), words
    assert "A rationale is kept" not in card
    for verb in (("show", pool), ("stats", pool), ("judge", pool, "--judge", "reward:diversity", "--out", "judged")):
        done = synth(*verb)
        assert done.returncode == 0, done.stderr


def test_what_a_pool_of_a_task_lacks_is_still_named(pool: Path, tmp_path: Path, synth: Synth) -> None:
    row = a_row(3, "yes", "So it is.", 1)
    bad = [Record(row.id, row.task, row.prompt, row.rationale, row.answer, row.completion, row.meta, {"round": 1})]
    other = write_rows(tmp_path / "other", bad, LIKE, "train")
    assert "provenance is complete (no gold, sample, scores)" in synth("validate", other).stdout


@pytest.mark.parametrize("part", ["rounds/002/data", "held"])
def test_folders_of_a_run_on_built_rows(whole: Path, tmp_path: Path, synth: Synth, part: str) -> None:
    folder = tmp_path / "folder"
    shutil.copytree(whole / part, folder)
    said = synth("validate", folder).stdout
    assert "rows have their fields, of the right types, the first" not in said
    assert "no split has a question twice, the first" not in said
    done = synth("card", folder)
    assert done.returncode == 0, done.stderr
    assert ("a pool of MaRio" in (folder / "README.md").read_text()) == (part != "held")


def test_a_rationale_that_is_empty_leaves_no_line_of_its_own() -> None:
    row = a_row(0, "yes", "", 1)
    reader = reader_of("strategyqa", None)
    assert completion_of(reader, row, "So the answer is yes.", "yes") == " So the answer is yes."
    assert completion_of(reader, row, "Cold.\nSo the answer is yes.", "yes") == " Cold.\nSo the answer is yes."


def test_no_texts_have_no_scores() -> None:
    assert score(find_all(["accuracy", "diversity", "length"]), [], [], LIKE) == {
        "accuracy": [], "diversity": [], "length": [],
    }  # fmt: skip


def test_a_start_that_learned_labels_is_a_line(sums: Path, starts: Starts, tmp_path: Path) -> None:
    start = tmp_path / "ir2o"
    shutil.copytree(starts("t5"), start)
    facts = facts_if_whole(start / "synth-run.json")
    (start / "synth-run.json").write_bytes(orjson.dumps({**facts, "target": "label"}))
    with pytest.raises(
        UsageError, match=r"--start: .*ir2o learned to write no rationales \(--target label\): give a run"
    ):
        mario(tmp_path / "run", sums, start)


def test_a_resumed_run_asks_the_models_of_rewards_what_it_would_have(
    sums: Path, starts: Starts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last digits of a probability hang on its batch: what earlier rounds asked must not decide what is in it."""
    runs = [tmp_path / "ir2o", tmp_path / "i2o"]
    for run, form in zip(runs, ("question+rationale", "question"), strict=True):
        synth.train("t5", data=sums, from_scratch="tiny", form=form, max_steps=2, out=run, quiet=True)
    given: dict[str, Any] = {"max_steps": 4, "sample_every": 2, "keep_weights": "all"}
    given["reward"] = ("accuracy", f"consistency:{runs[0]},{runs[1]}")
    whole = mario(tmp_path / "whole", sums, starts("llama"), **given)
    begun = tmp_path / "begun"
    shutil.copytree(whole, begun)
    shutil.rmtree(begun / "rounds" / "002")
    facts = facts_if_whole(begun / "synth-run.json")
    (begun / "synth-run.json").write_bytes(orjson.dumps({**facts, "complete": False}))

    def asked(run: Path, job: dict[str, Any] | None = None) -> list[Any]:
        kept.release(forget=True)
        rows: list[Any] = []
        ask = labels.Labeller._asked

        def counted(own: labels.Labeller, given: Any) -> Any:
            rows.append(given)
            return ask(own, given)

        with monkeypatch.context() as patch:
            patch.setattr(labels.Labeller, "_asked", counted)
            mario(run, sums, starts("llama"), job, **given)
        return rows

    anew = asked(tmp_path / "again")
    resumed = asked(begun, {"resume": True})
    assert resumed == anew[-len(resumed) :]
    for number in (1, 2):
        one, other = ((run / "rounds" / f"{number:03}" / "samples.jsonl").read_bytes() for run in (whole, begun))
        assert one == other


def use_of(card: str) -> str:
    """The program that a model card shows."""
    return card.partition("```python\n")[2].partition("```")[0]


@pytest.mark.parametrize("family", ["llama", "t5"])
def test_the_card_of_a_model_asks_it_as_synth_eval_does(
    whole: Path, sums: Path, starts: Starts, tmp_path: Path, family: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    given: dict[str, Any] = {"max_steps": 4, "sample_every": 2, "audit": ("length",)}
    run = whole if family == "llama" else mario(tmp_path / "run", sums, starts(family), **given)
    card = (run / "README.md").read_text()
    row = orjson.loads((run / "rounds" / "000" / "samples.jsonl").read_bytes().splitlines()[0])
    monkeypatch.chdir(run.parent)
    capsys.readouterr()
    exec(use_of(card).replace("model.generate(", "model.generate(max_new_tokens=40, do_sample=False, "), {})
    said = capsys.readouterr().out
    found = synth.evaluate(
        model=run, data=sums, split="train", limit=1, max_new_tokens=40, out=tmp_path / "e", quiet=True
    )
    line = orjson.loads((found.folder / "predictions.jsonl").read_bytes().splitlines()[0])
    assert line["id"] == row["question"]
    assert " ".join(line["output"].split()) in " ".join(said.split())


def test_the_card_of_a_model_says_what_its_tokens_mean(whole: Path) -> None:
    card = " ".join((whole / "README.md").read_text().split())
    found = facts_if_whole(whole / "rounds" / "001" / "metrics.json")
    best = facts_if_whole(whole / "synth-run.json")["mario"]["best"]
    mean = found["sampled"]["rewards"]["diversity"]
    for words in (
        "fine-tuned from `llama`",
        "layout classic. Paid for: accuracy, diversity. This is the model of round",
        f"of round {best} of 2",
        "They stand before the prompt, in this order",
        "| accuracy | `<|accuracy=0|>` | `<|accuracy=1|>` | 2 |",
        "| diversity | `<|diversity=0|>` | `<|diversity=4|>` | 5 |",
        "`--codes worst`, `random`, `none` or `accuracy=1` otherwise",
        f"{mean['value']:.3f} ({mean['low']:.3f} to {mean['high']:.3f})",
        f"| {best} (this model) |",
    ):
        assert words in card, words


def test_the_card_of_a_model_without_tokens(sums: Path, starts: Starts, tmp_path: Path) -> None:
    run = mario(tmp_path / "run", sums, starts("llama"), layout="sft", max_steps=2, sample_every=2, steer_rows=0)
    card = (run / "README.md").read_text()
    assert "rows of a teacher alone, without its own texts" in card
    assert "ontrol tokens" not in card
    assert "codes" not in use_of(card)
    assert "| 1 (this model) | 0 |" in card


@pytest.mark.parametrize("option", ["start", "model", "reference"])
def test_a_model_that_is_not_there_is_named_with_its_option(
    sums: Path, starts: Starts, tmp_path: Path, option: str
) -> None:
    begun = starts("llama") if option == "reference" else None
    given = {"start": begun and str(begun), option: str(tmp_path / "nowhere")}
    with pytest.raises(
        SourceError, match=rf"nowhere.*give --{option} the folder of a run, or a model by its folder or"
    ):
        mario(tmp_path / "run", sums, Path(), **given)


def test_rows_to_measure_on_are_of_the_same_task(sums: Path, starts: Starts, tmp_path: Path, pool: Path) -> None:
    with pytest.raises(UsageError, match=r"--held .*pool: its rows are of strategyqa, those of --data of arithmetic"):
        mario(tmp_path / "run", sums, starts("llama"), held=pool)
