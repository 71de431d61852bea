"""`synth validate --tokenizer` and `--against`: what is found stands in the table and in validation.json."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from checked_folders import edit, failed, make, put, run
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from synth.data.reading import read
from synth.errors import SourceError, UsageError
from synth.validating import scan


def tokenizer(folder: Path, *, breaks: bool) -> str:
    """Bytes, so nothing is lost, but for line breaks where `breaks` is False: these become spaces."""
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.BPE())
    if not breaks:
        made.normalizer = normalizers.Replace(Regex("\n"), " ")  # type: ignore[assignment]
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # type: ignore[assignment]
    made.decoder = decoders.ByteLevel()  # type: ignore[assignment]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=257, initial_alphabet=alphabet, special_tokens=["</s>"], show_progress=False
    )
    made.train_from_iterator(["x"], trainer)
    PreTrainedTokenizerFast(tokenizer_object=made, eos_token="</s>").save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def lossy(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tokenizer(tmp_path_factory.mktemp("t") / "lossy", breaks=False)


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> str:
    return tokenizer(tmp_path_factory.mktemp("t") / "exact", breaks=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make(tmp_path / "sums")


def written(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "validation.json").read_text())
    return found


def test_a_tokenizer_that_loses_line_breaks_fails_the_run(folder: Path, lossy: str) -> None:
    rows = [row for split in ("train", "validation", "test", "test_beyond") for row in read(folder, split)]
    hit = [row.id for row in rows if "\n" in row.completion]
    assert len(hit) > 0
    result = run(folder, tokenizer=lossy)
    assert failed(result) == {"round_trip": (len(hit), hit[:3])}
    assert not result.success
    section = written(folder)["tokenizer"]
    assert section["name"] == "lossy"
    assert section["round_trip"]["rows"] == 60
    assert section["round_trip"]["failures"] == len(hit)
    assert section["round_trip"]["examples"][0] == {"id": hit[0], "lost": "'\\n' (newline)"}
    assert section["limit"] is None
    assert result.report["command"] == "synth validate sums --tokenizer lossy"
    assert str(folder.parent) not in (folder / "validation.json").read_text()


def test_tokens_are_counted_and_a_limit_is_a_warning(folder: Path, exact: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "CHUNK", 16)
    rows = [row for split in ("train", "validation", "test", "test_beyond") for row in read(folder, split)]
    lengths = [len(row.completion.encode()) + 1 for row in rows]  # a token is a byte; one more ends it
    most = max(len(row.prompt.encode()) for row in rows)
    limit = sorted(lengths)[len(lengths) // 2]
    assert most < limit
    result = run(folder, tokenizer=exact, limit=limit)
    beyond = sum(length > limit for length in lengths)
    assert failed(result) == {"token_limit": (beyond, [])}
    assert result.success
    section = written(folder)["tokenizer"]
    assert (section["tokens"]["prompt"]["max"], section["tokens"]["completion"]["max"]) == (most, max(lengths))
    assert section["tokens"]["completion"]["mean"] == round(sum(lengths) / 60, 2)
    assert section["round_trip"]["failures"] == 0
    assert (section["limit"], section["beyond_limit"]) == (limit, beyond / 60)


QUESTION = "A farmer had twenty seven hens and then a fox came by night and took nine of the oldest ones away"


@pytest.fixture
def benchmarks(folder: Path, tmp_path: Path) -> list[str]:
    """Two benchmarks: row 4 has a question of the first one in its prompt, nothing is from the second one."""
    edit(folder, put(4, prompt=f"Input:\n{QUESTION}, they say.\nTarget:\n"))
    texts = {
        "farm.jsonl": [QUESTION, "How many legs have three spiders?"],
        "sea.jsonl": [QUESTION[::-1] + " waves" * 9],
    }
    for name, questions in texts.items():
        lines = [json.dumps({"id": f"b{place}", "question": text}) for place, text in enumerate(questions)]
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    return [str(tmp_path / name) for name in texts]


def test_an_overlap_with_a_benchmark_is_a_warning(folder: Path, benchmarks: list[str]) -> None:
    (hit,) = [row.id for row in read(folder, "train") if QUESTION in row.prompt]
    result = run(folder, against=tuple(benchmarks), steps=False)
    assert failed(result) == {"overlap farm.jsonl": (1, [hit])}
    assert result.success
    first, second = written(folder)["contamination"]
    assert (first["against"], first["benchmark_questions"], first["benchmark_hit"], first["too_short"]) == (
        "farm.jsonl", 2, 1, 1,
    )  # fmt: skip
    assert (first["ngram"], first["rows"], first["rows_hit"]) == (13, 60, 1)
    assert first["examples"] == [{"id": hit, "against_id": "b0", "ngram": " ".join(QUESTION.lower().split()[:13])}]
    assert (second["against"], second["rows"], second["rows_hit"], second["examples"]) == ("sea.jsonl", 60, 0, [])
    assert result.report["command"] == "synth validate sums --no-steps --against farm.jsonl --against sea.jsonl"


def test_how_many_words_count_as_an_overlap(folder: Path, benchmarks: list[str]) -> None:
    edit(folder, put(4, prompt=f"Input:\n{' '.join(QUESTION.split()[3:11])} or more?\nTarget:\n"))
    for ngram, hits in ((9, 0), (8, 1)):
        result = run(folder, against=tuple(benchmarks), ngram=ngram, steps=False)
        assert [each["rows_hit"] for each in result.report["contamination"]] == [hits, 0]
        assert result.report["command"].endswith(f"--ngram {ngram}")


def test_rows_that_cannot_be_read_are_passed_over(folder: Path, benchmarks: list[str], exact: str) -> None:
    edit(folder, put(7, prompt=7))
    result = run(folder, against=tuple(benchmarks), tokenizer=exact)
    assert failed(result)["schema"][0] == 1
    assert result.report["contamination"][0]["rows"] == 59
    assert result.report["tokenizer"]["round_trip"]["rows"] == 59


def test_names_that_lead_nowhere(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "no.jsonl").write_text("")
    run(folder)
    before = (folder / "validation.json").read_bytes()
    with pytest.raises(SourceError, match=r"no tokenizer could be loaded from .*empty"):
        run(folder, tokenizer=str(tmp_path / "empty"))
    for name, line in (("nowhere.jsonl", r"nowhere\.jsonl is not there"), ("no.jsonl", "has no questions")):
        with pytest.raises(SourceError, match=line):
            run(folder, against=(str(tmp_path / name),))
    with pytest.raises(UsageError, match="--ngram 0: 1 at least"):
        run(folder, against=(str(tmp_path / "no.jsonl"),), ngram=0)
    assert (folder / "validation.json").read_bytes() == before


def test_as_typed(synth: Callable[..., Any], folder: Path, benchmarks: list[str], lossy: str) -> None:
    against = [word for name in benchmarks for word in ("--against", name)]
    done = synth("validate", "sums", "--tokenizer", lossy, "--limit", 100_000, *against, "--no-steps")
    assert (done.returncode, done.stderr) == (1, "")
    said = " ".join(done.stdout.split())
    assert "completions survive the tokenizer lossy" in said
    assert "prompts and completions have at most 100,000 tokens" in said
    assert "no prompt shares 13 words in a row with farm.jsonl" in said
    assert "no prompt shares 13 words in a row with sea.jsonl" in said
    assert "1 failed (round_trip); 1 warned (overlap farm.jsonl)" in said
    done = synth("validate", "sums", "--against", "nowhere.jsonl")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert done.stderr.startswith("synth: nowhere.jsonl is not there")
