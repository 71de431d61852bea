"""Round trips through tokenizers made on the spot: one like T5's, without line break and `<`, and one of bytes."""

import json
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from synth.errors import SourceError
from synth.models.roundtrip import RoundTrip, lost

TEXT = (
    "SUM, add [15 27 1], sum is 43, answer is 3; MIN, compare [4 1], smallest is 1. Yes No So the final answer: 0987652"
)


@pytest.fixture(scope="module")
def t5(tmp_path_factory: pytest.TempPathFactory) -> str:
    """SentencePiece as T5 has it: line breaks become spaces, runs of spaces one, and what has no piece is unknown."""
    folder = tmp_path_factory.mktemp("t5")
    made = Tokenizer(models.Unigram())
    fold = normalizers.Replace(Regex(" {2,}"), " ")
    made.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC(), fold])  # type: ignore[assignment]
    made.pre_tokenizer = pre_tokenizers.Metaspace()  # type: ignore[assignment]
    made.decoder = decoders.Metaspace()  # type: ignore[assignment]
    special = ["<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(vocab_size=200, special_tokens=special, unk_token="<unk>", show_progress=False)
    made.train_from_iterator([TEXT] * 20, trainer)
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])  # type: ignore[assignment]
    return save(made, folder, pad_token="<pad>", eos_token="</s>", unk_token="<unk>")


@pytest.fixture(scope="module")
def bytelevel(tmp_path_factory: pytest.TempPathFactory) -> str:
    """GPT-2's way: every byte has a token, so nothing can be lost; it does not add its end token by itself."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # type: ignore[assignment]
    made.decoder = decoders.ByteLevel()  # type: ignore[assignment]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, show_progress=False)
    made.train_from_iterator([TEXT], trainer)
    made.add_special_tokens([AddedToken("<|end|>", special=True)])
    return save(made, tmp_path_factory.mktemp("bytes"), eos_token="<|end|>")


def save(made: Tokenizer, folder: Path, **special: str) -> str:
    from transformers import PreTrainedTokenizerFast

    PreTrainedTokenizerFast(tokenizer_object=made, **special).save_pretrained(folder)
    return str(folder)


def report(name: str, *completions: str, prompts: list[str] | None = None, limit: int | None = None) -> dict[str, Any]:
    trip = RoundTrip(name, limit)
    for place, completion in enumerate(completions):
        trip.add([prompts[place] if prompts else "sum"], [completion], [f"row/{place}"])
    return trip.report()


def test_what_t5_loses_is_named(t5: str) -> None:
    found = report(t5, "answer is 3", "add\nanswer is 3", "sum < 43\nanswer", "sum is 43…", "SUM { 1")["round_trip"]
    assert (found["rows"], found["failures"], found["spaces"]) == (5, 4, 0)
    assert found["examples"] == [
        {"id": "row/1", "lost": r"'\n' (newline)"},
        {"id": "row/2", "lost": r"'<', '\n' (newline)"},
        {"id": "row/3", "lost": "'…' (horizontal ellipsis)"},
    ]
    assert found["lost"][0] == {"what": r"'\n' (newline)", "rows": 2}
    assert {each["what"] for each in found["lost"][1:]} == {"'<'", "'…' (horizontal ellipsis)", "'{'"}


def test_spaces_alone_are_counted_and_not_lost(t5: str, bytelevel: str) -> None:
    found = report(t5, " answer is 3", "answer  is 3", "answer is 3")["round_trip"]
    assert (found["failures"], found["spaces"], found["examples"]) == (0, 2, [])
    assert report(bytelevel, " answer  is 3 ")["round_trip"]["spaces"] == 0


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=40), min_size=1, max_size=5))
def test_a_tokenizer_of_bytes_loses_nothing(bytelevel: str, texts: list[str]) -> None:
    assert report(bytelevel, *texts)["round_trip"]["failures"] == 0


def test_a_special_token_inside_a_text_is_lost(bytelevel: str) -> None:
    found = report(bytelevel, "the answer <|end|> is 3")["round_trip"]
    assert found["examples"] == [{"id": "row/0", "lost": "'<|end|>' (a special token)"}]


def test_clean_up_of_spaces_is_not_reported(tmp_path: Path) -> None:
    """A tokenizer of words sets spaces before signs, which decoding mends or makes; that is not the text's doing."""
    words = {word: place for place, word in enumerate(["[UNK]", "Yes", ",", "that", "is", "3", ".", "+"])}
    made = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()  # type: ignore[assignment]
    name = save(made, tmp_path, unk_token="[UNK]")
    assert report(name, "Yes, that is 3.")["round_trip"]["failures"] == 0
    found = report(name, "3+3")["round_trip"]["examples"]
    assert found == [{"id": "row/0", "lost": "spaces between signs: '3+3' comes back as '3 + 3'"}]


def test_lengths_count_the_end_token_once(t5: str, bytelevel: str) -> None:
    from transformers import AutoTokenizer

    for name, end in ((t5, "</s>"), (bytelevel, "<|end|>")):
        found = report(name, "answer is 3", prompts=["sum is 43"], limit=3)
        plain = AutoTokenizer.from_pretrained(name)
        count = len(plain("answer is 3", add_special_tokens=False)["input_ids"])
        assert found["end_token"] == end
        assert found["tokens"]["completion"] == {
            "mean": count + 1,
            **dict.fromkeys(["p50", "p95", "p99", "max"], count + 1),
        }
        assert found["tokens"]["prompt"]["max"] == len(plain("sum is 43")["input_ids"])


def test_percentiles_and_the_share_beyond_a_limit(bytelevel: str) -> None:
    completions = ["z" * length for length in range(100)]  # z is in no piece: a token for each, and the end token
    found = report(bytelevel, *completions, prompts=["z" * 95] + ["z"] * 99, limit=90)
    assert found["tokens"]["completion"] == {"mean": 50.5, "p50": 50, "p95": 95, "p99": 99, "max": 100}
    assert found["beyond"] == {"prompt": 0.01, "completion": 0.1, "together": 0.12}
    assert found["beyond_limit"] == 0.11
    assert report(bytelevel, "z")["beyond_limit"] is None


def test_no_rows(bytelevel: str) -> None:
    found = report(bytelevel, limit=5)
    assert found["round_trip"]["rows"] == 0
    assert found["tokens"]["prompt"]["p95"] is found["beyond_limit"] is None


def test_chunks_and_slow_tokenizers_make_no_difference(t5: str) -> None:
    rows = [f"add\n[{number}]  <" for number in range(20)]
    one = RoundTrip(t5, 10)
    one.add(rows, rows, rows)
    slow = RoundTrip(t5, 10)
    slow._tokenizer = type("Slow", (type(slow._tokenizer),), {"is_fast": False}).from_pretrained(t5)
    for row in rows:
        slow.add([row], [row], [row])
    assert one.report() == slow.report()


def test_memory_does_not_grow_with_the_rows(bytelevel: str) -> None:
    trip = RoundTrip(bytelevel, 10)

    def peak(first: int) -> int:
        tracemalloc.reset_peak()
        for start in range(first, first + 4000, 500):
            texts = [f"add [{number} 1], answer <|end|>" for number in range(start, start + 500)]
            trip.add(texts, texts, [f"id/{number}" for number in range(start, start + 500)])
        return tracemalloc.get_traced_memory()[1]

    tracemalloc.start()
    try:
        peak(0)
        assert peak(4000) < 1.1 * peak(8000)
        assert tracemalloc.get_traced_memory()[0] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("text", "back", "said"),
    [
        ("It Is", "it is", ["capital letters"]),
        ("a\tb\r", "a b", ["'\\t' (tab)", "'\\r' (carriage return)"]),
        ("ab", "ba", ["other characters: 'ab' comes back as 'ba'"]),
        ("x\x00", "x", ["'\\x00' (u+0000)"]),
    ],
)
def test_other_losses_have_words_too(text: str, back: str, said: list[str]) -> None:
    assert lost(text, back) == said


def test_many_lost_signs_are_cut_short(t5: str) -> None:
    (example,) = report(t5, "".join(map(chr, range(0x4E00, 0x4E40))))["round_trip"]["examples"]
    assert example["lost"].endswith(" and 56 more")


def test_a_tokenizer_that_is_not_there_is_one_line(tmp_path: Path, bytelevel: str) -> None:
    cut = tmp_path / "cut"
    cut.mkdir()
    (cut / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')
    (cut / "tokenizer.json").write_text((Path(bytelevel) / "tokenizer.json").read_text()[:500])
    with pytest.raises(SourceError, match="damaged"):
        RoundTrip(str(cut), None)
    (cut / "tokenizer.json").write_text(json.dumps({"model": {"type": "Odd"}}))
    here, nowhere = "no tokenizer could be loaded from ", "there is no folder "
    given = {cut: here, tmp_path: here, tmp_path / "nowhere": nowhere, "no spaces/are allowed": nowhere}
    for name, line in given.items():
        with pytest.raises(SourceError, match=f"{line}'{name}': give --tokenizer a folder") as caught:
            RoundTrip(str(name), None)
        assert "\n" not in str(caught.value)


def test_without_a_network_it_says_so(tmp_path: Path) -> None:
    code = "from synth.models.roundtrip import RoundTrip; RoundTrip('google-t5/t5-small', None)"
    env = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path), "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    assert (
        "SourceError: the tokenizer 'google-t5/t5-small' is not on this machine and the Hub cannot be reached: give"
        in done.stderr
    )
