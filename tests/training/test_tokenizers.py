"""Tokenizers as other people configure them: what stands between prompt and target, and what a run refuses."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from training import RECORDS, dataset, facts, micro, trained
from transformers import PreTrainedTokenizerFast

from synth.errors import SourceError, UsageError
from synth.models import load, scratch, tokens
from synth.questions.prompts import continued
from synth.training import checks
from synth.training.encoding import IGNORED, encode_joined

BOS, SEP, END = "<s>", "[SEP]", scratch.END
Change = Callable[[Any], None]


def made(before: str = "", behind: str = "", pad: str = scratch.PAD, metaspace: bool = False) -> Any:
    """A tokenizer that puts special tokens around every text; `metaspace`: a space before it, as SentencePiece does."""
    if metaspace:
        inner = Tokenizer(models.BPE(unk_token="<unk>"))
        inner.pre_tokenizer, inner.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
        texts = [f"{record.prompt}\n{record.completion}" for record in RECORDS]
        names = [scratch.PAD, END, "<unk>"]
        inner.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=120, special_tokens=names, show_progress=False))
    else:
        inner = scratch.make_tokenizer(RECORDS, "tiny", decoder=True).backend_tokenizer
    inner.add_special_tokens([AddedToken(token, special=True) for token in (BOS, SEP)])
    around = " ".join(filter(None, (before, "$A", behind)))
    used = [(token, inner.token_to_id(token)) for token in {before, behind} - {""}]
    inner.post_processor = processors.TemplateProcessing(single=around, special_tokens=used)
    return PreTrainedTokenizerFast(tokenizer_object=inner, pad_token=pad, eos_token=END, bos_token=before or None)


TOKENIZERS = {
    "plain": {},
    "adds the end": {"behind": END},
    "adds a beginning": {"before": BOS},
    "adds both": {"before": BOS, "behind": END},
    "begins and ends with one token": {"before": END, "behind": END},
    "ends with another token": {"behind": SEP},
    "pads with the end": {"behind": END, "pad": END},
    "puts a space before": {"metaspace": True},
    "puts a space before and adds the end": {"metaspace": True, "before": BOS, "behind": END},
}


@pytest.mark.parametrize("name", TOKENIZERS)
def test_nothing_stands_between_prompt_and_target(name: str) -> None:
    tokenizer = made(**TOKENIZERS[name])  # type: ignore[arg-type]
    before = TOKENIZERS[name].get("before")
    for record in RECORDS:
        row = encode_joined(tokenizer, record.prompt, continued(record.prompt, record.completion))
        read = [token for token, label in zip(row.input_ids, row.labels, strict=True) if label == IGNORED]
        special = [token for token in row.input_ids if token in tokenizer.all_special_ids]
        assert row.input_ids[-1] == row.labels[-1] == tokenizer.eos_token_id  # learned, also if it is the padding
        assert len(special) == 1 + bool(before)
        assert read == tokens.without_end(tokenizer, [record.prompt])[0]  # what a model is asked with later
        text = tokenizer.decode(row.input_ids, skip_special_tokens=True)
        assert text.split() == f"{record.prompt}\n{record.completion}".split()


@pytest.mark.parametrize("name", TOKENIZERS)
def test_what_a_tokenizer_puts_behind_a_text_is_counted(name: str) -> None:
    assert tokens.behind(made(**TOKENIZERS[name])) == bool(TOKENIZERS[name].get("behind"))  # type: ignore[arg-type]


def changed(folder: Path, name: str, change: Change) -> Path:
    path = folder / name
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return folder


def adds_the_end(content: Any) -> None:
    number = next(token["id"] for token in content["added_tokens"] if token["content"] == END)
    pieces = [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": END, "type_id": 0}}]
    content["post_processor"] = {
        "type": "TemplateProcessing", "single": pieces, "pair": [*pieces, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {END: {"id": END, "ids": [number], "tokens": [END]}},
    }  # fmt: skip


def test_a_model_whose_tokenizer_adds_the_end_is_trained_and_asked_alike(tmp_path: Path) -> None:
    data = dataset(tmp_path / "d", {"train": RECORDS})
    base = changed(micro(tmp_path / "base", "llama"), "tokenizer.json", adds_the_end)
    run = trained("llama", tmp_path / "run", [data], model=str(base), max_steps=1)
    checkpoint = load.load(str(run))
    prompt = RECORDS[0].prompt
    (ids,) = checkpoint.encode([prompt], chat=False)
    assert checkpoint.tokenizer(prompt)["input_ids"] == [*ids, checkpoint.tokenizer.eos_token_id]
    row = encode_joined(checkpoint.tokenizer, prompt, continued(prompt, RECORDS[0].completion))
    assert row.input_ids[: len(ids)] == ids
    assert row.input_ids.count(checkpoint.tokenizer.eos_token_id) == 1


def without_end_token(content: Any) -> None:
    del content["eos_token"], content["pad_token"]


@pytest.mark.parametrize("family", ["llama", "t5"])
def test_a_tokenizer_without_an_end_token_is_one_line(family: str, tmp_path: Path) -> None:
    data = dataset(tmp_path / "d", {"train": RECORDS})
    base = changed(micro(tmp_path / "base", family), "tokenizer_config.json", without_end_token)
    with pytest.raises(SourceError, match=r"^the tokenizer of .*base has no end token, .*name one as eos_token"):
        trained(family, tmp_path / "run", [data], model=str(base), max_steps=1)


@pytest.mark.parametrize("place", ["end", "middle", "start"])
def test_letters_of_a_special_token_in_a_target_are_refused(place: str, tmp_path: Path) -> None:
    target = RECORDS[0].completion
    text = {"end": f"{target}{END}", "middle": f"5 {END} {target}", "start": f"{END}{target}"}[place]
    data = dataset(tmp_path / "d", {"train": [replace(RECORDS[0], completion=text), *RECORDS[1:]]})
    base = micro(tmp_path / "base", "llama")
    with pytest.raises(UsageError, match=r"1 of 8 targets; lost: '<\|end\|>' \(a special token\) in sums/2\+3"):
        trained("llama", tmp_path / "run", [data], model=str(base), max_steps=1)


def test_letters_of_a_special_token_in_a_prompt_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    marked = replace(RECORDS[3], prompt=f"{RECORDS[3].prompt} {END}")
    data = dataset(tmp_path / "d", {"train": [*RECORDS[:3], marked]})
    base = micro(tmp_path / "base", "llama")
    trained("llama", tmp_path / "run", [data], {"quiet": False}, model=str(base), max_steps=1)
    said = "1 of 4 prompts hold letters that are read as a special token: '<|end|>' in sums/6+6"
    assert said in "".join(capsys.readouterr())


def test_special_tokens_of_all_kinds_are_known() -> None:
    tokenizer = made()
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>"]})
    tokenizer.add_tokens(["<plain>"])
    assert {END, scratch.PAD, BOS, SEP, "<|im_start|>"} == set(tokens.special_texts(tokenizer))
    prompts = ["a<plain>", "b <|im_start|>user"]
    notice = noticed(tokenizer, prompts)
    assert notice.startswith("1 of 2 prompts")
    assert "'<|im_start|>' in sums/4+1" in notice
    assert noticed(tokenizer, ["a", "b"]) == ""


def noticed(tokenizer: Any, prompts: list[str]) -> str:
    found = checks.SpecialPrompts(tokenizer)
    for prompt, record in zip(prompts, RECORDS, strict=False):
        found.add(prompt, record)
    return found.notice()


def test_one_row_is_enough(tmp_path: Path) -> None:
    data = dataset(tmp_path / "d", {"train": RECORDS[:1]})
    run = trained("llama", tmp_path / "run", [data], model=str(micro(tmp_path / "base", "llama")), max_steps=2)
    assert facts(run)["complete"]


@pytest.mark.parametrize("family", ["llama", "t5"])
def test_clean_up_of_spaces_is_no_loss(family: str) -> None:
    """Some configurations have decoding take the space before a comma away; training is not about that."""
    tokenizer = scratch.make_tokenizer(RECORDS, "tiny", family == "llama")
    tokenizer.clean_up_tokenization_spaces = True
    target = "\n2 , 3 do n't add . The answer is 5"
    row = encode_joined(tokenizer, "2 + 3?", target)
    trip = checks.RoundTrip(tokenizer)
    trip.add(row, target, RECORDS[0])
    trip.check()
