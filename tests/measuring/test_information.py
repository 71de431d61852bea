"""V-information where it is known: by models whose probabilities are set, and by two small ones that are trained."""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from training import dataset, facts, trained

import synth
from synth.models import scratch
from synth.record import Record

Run = Callable[..., Any]
WORDS = ["<pad>", "<end>", "?", "red", "blue", "Answer:", "yes", "no"]
Next = Mapping[str, Mapping[str, float]]  # word -> the probability of each word behind it
SURE = {"yes": {"<end>": 1.0}, "no": {"<end>": 1.0}}


def row(colour: str, answer: str, at: int = 0) -> Record:
    return Record(f"c/{colour}/{answer}/{at}", "colours", colour, "", answer, answer, {})


ROWS = [row("red", "yes"), row("red", "no"), row("blue", "no")]


def a_run(folder: Path, chances: Next, no_input: bool = False, **others: Any) -> Path:
    """A decoder of no layers, whose next word hangs on the last one alone, by these probabilities; as a run."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    made = Tokenizer(models.WordLevel({word: at for at, word in enumerate(WORDS)}, unk_token="?"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, pad_token="<pad>", eos_token="<end>", unk_token="?")
    size = len(WORDS)
    shape = LlamaConfig(
        vocab_size=size, hidden_size=size, intermediate_size=8, num_hidden_layers=0, num_attention_heads=2,
        tie_word_embeddings=False, rms_norm_eps=1e-12, bos_token_id=None, eos_token_id=1, pad_token_id=0,
    )  # fmt: skip
    model = LlamaForCausalLM(shape)
    logs = torch.full((size, size), -1e4)
    for word, behind in chances.items():
        for other, chance in behind.items():
            logs[WORDS.index(other), WORDS.index(word)] = math.log(chance)
    with torch.no_grad():
        model.get_input_embeddings().weight.copy_(torch.eye(size))  # which the norm makes sqrt(size) long
        model.lm_head.weight.copy_(logs / math.sqrt(size))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    config = {"data": ["colours:1"], "from_scratch": "tiny", "target": "answer", "max_length": 64, "line_break": None}
    made_by = {"trainer": "llama", "model": "m", "target": "answer", "config": config | {"no_input": no_input}}
    (folder / "synth-run.json").write_text(json.dumps(made_by | others))
    return folder


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return dataset(tmp_path_factory.mktemp("data") / "colours", {"test": ROWS})


@pytest.fixture(scope="module")
def null(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return a_run(tmp_path_factory.mktemp("runs") / "null", {"Answer:": {"yes": 0.5, "no": 0.5}, **SURE}, no_input=True)


def measured(data: Path, informed: Path, null: Path, out: Path) -> dict[str, Any]:
    found = synth.difficulty(data=data, with_=informed, null=null, out=out, quiet=True).facts
    assert found["characters"] is None
    return dict(found["v_information"])


def test_probabilities_that_are_set(colours: Path, null: Path, tmp_path: Path) -> None:
    chances = {"red": {"yes": 0.8, "no": 0.2}, "blue": {"yes": 0.25, "no": 0.75}, **SURE}
    found = measured(colours, a_run(tmp_path / "with", chances), null, tmp_path / "d")
    known = [math.log2(0.8 / 0.5), math.log2(0.2 / 0.5), math.log2(0.75 / 0.5)]
    lines = [json.loads(line) for line in (tmp_path / "d" / "pvi.jsonl").read_text().splitlines()]
    assert [line["pvi"] for line in lines] == pytest.approx(known, abs=1e-5)
    assert [line["id"] for line in lines] == [each.id for each in ROWS]
    assert found["value"] == pytest.approx(sum(known) / 3, abs=1e-5)
    assert found["entropy"]["value"] == pytest.approx(1, abs=1e-5)
    assert found["value"] == pytest.approx(found["entropy"]["value"] - found["entropy_given_question"]["value"])
    assert (found["n"], found["with"], found["null"], found["left_out"]) == (3, "with", "null", 0)


def test_an_independent_answer_has_none_and_a_certain_one_all(colours: Path, null: Path, tmp_path: Path) -> None:
    same = {"yes": 0.5, "no": 0.5}
    blind = a_run(tmp_path / "blind", {"red": same, "blue": same, **SURE})
    assert measured(colours, blind, null, tmp_path / "none")["value"] == pytest.approx(0, abs=1e-5)
    certain = a_run(tmp_path / "certain", {"red": {"yes": 1.0}, "blue": {"no": 1.0}, **SURE})
    function = dataset(tmp_path / "function", {"test": [row("red", "yes"), row("blue", "no")]})
    assert measured(function, certain, null, tmp_path / "all")["value"] == pytest.approx(math.log2(2), abs=1e-5)
    misled = a_run(tmp_path / "misled", {"red": {"yes": 0.1, "no": 0.9}, "blue": {"yes": 0.9, "no": 0.1}, **SURE})
    assert measured(function, misled, null, tmp_path / "less")["value"] < -2


def test_nothing_is_scored_twice(colours: Path, null: Path, tmp_path: Path) -> None:
    informed = a_run(tmp_path / "with", {"red": {"yes": 0.8, "no": 0.2}, "blue": {"no": 1.0}, **SURE})
    first = measured(colours, informed, null, tmp_path / "d")
    stamp = (tmp_path / "d" / "pvi.jsonl").stat().st_mtime_ns
    assert measured(colours, informed, null, tmp_path / "d") == first
    assert (tmp_path / "d" / "pvi.jsonl").stat().st_mtime_ns == stamp
    (informed / "model.safetensors").touch()
    assert measured(colours, informed, null, tmp_path / "d") != first  # scored again: other weights, for all one knows
    assert (tmp_path / "d" / "pvi.jsonl").stat().st_mtime_ns != stamp


def test_two_runs_that_do_not_go_together(synth: Run, colours: Path, null: Path, tmp_path: Path) -> None:
    informed = a_run(tmp_path / "with", SURE)
    other = a_run(tmp_path / "other", SURE, model="n")
    reasons = a_run(tmp_path / "reasons", SURE, target="rationale")
    for words, said in {
        (informed, informed): "read the questions: give a run of synth train llama ... --target answer --no-input",
        (null, null): "read no questions: give a run of synth train llama ... --target answer",
        (other, null): "--with has the model n, --null m: V-information is of one family",
        (reasons, null): "learned to write rationale: give a run of",
        (tmp_path / "none", null): "is no run folder",
    }.items():
        done = synth("difficulty", "--data", colours, "--with", words[0], "--null", words[1], "--out", tmp_path / "d")
        assert done.returncode != 0
        assert said in done.stderr
        assert done.stderr.count("\n") == 1
    assert "--with and --null go together" in synth("difficulty", "--data", colours, "--null", null).stderr
    assert "reads no questions" in synth("eval", "--data", colours, "--model", null).stderr


@pytest.mark.parametrize(("family", "independent"), [("llama", False), ("t5", True)])
def test_two_that_are_trained(family: str, independent: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(scratch.SIZES, "tiny", (32, 64, 1, 2))
    pairs = (
        [(x, y) for x in ("red", "blue") for y in ("yes", "no")] if independent else [("red", "yes"), ("blue", "no")]
    )
    rows = {split: [row(*pair, at) for at in range(16) for pair in pairs] for split in ("train", "test")}
    data = dataset(tmp_path / "data", rows)
    settings = {"target": "answer", "max_steps": 60, "batch_size": 32, "lr": 0.02, "validation_split": "none"}
    informed = trained(family, tmp_path / "with", [data], **settings)
    null = trained(family, tmp_path / "null", [data], no_input=True, **settings)
    assert "no_input" not in facts(informed)["config"]
    assert facts(null)["config"]["no_input"] is True
    found = measured(data, informed, null, tmp_path / "d")
    assert found["entropy"]["value"] == pytest.approx(1, abs=0.1)
    assert found["value"] == pytest.approx(0 if independent else 1, abs=0.1)
