"""Contamination: what counts as shared, against sets in plain Python, and every place a benchmark can be."""

import json
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loopback_hub import serving
from loopback_hub_state import Blob

from synth.builders import listops
from synth.building.build import carry_out as build
from synth.building.options import Options
from synth.errors import SourceError, UsageError
from synth.validating.benchmarks import benchmark
from synth.validating.contamination import COMMON, Contamination, words

LONG = "Janet's ducks lay 16 eggs per day; she eats three for breakfast, and bakes muffins with four of them."
SHORT = "Do hamsters provide food for any animals?"


def write(path: Path, rows: Sequence[Mapping[str, Any]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def compared(path: Path, questions: Sequence[str], prompts: Sequence[str], ngram: int = 13) -> dict[str, Any]:
    source = write(path / "questions.jsonl", [{"id": f"q{n}", "question": text} for n, text in enumerate(questions)])
    contamination = Contamination(source, ngram)
    contamination.add([f"row/{n}" for n in range(len(prompts))], prompts)
    return contamination.report()


def test_a_run_of_words_is_found_whatever_stands_around_it(tmp_path: Path) -> None:
    prompts = [
        f"Question: {LONG}\nAnswer:",
        "unlike: janet’s  DUCKS lay (16) eggs\nper day - she eats three for breakfast, or so",
        "Janet's ducks lay 16 eggs per day; she eats two for breakfast, and bakes muffins with four",
    ]
    found = compared(tmp_path, ["Another one " * 10, LONG], prompts)
    assert found == {
        "against": "questions.jsonl",
        "ngram": 13,
        "benchmark_questions": 2,
        "benchmark_hit": 1,
        "too_short": 0,
        "common_ngrams": 0,
        "rows": 3,
        "rows_hit": 1,
        "examples": [
            {
                "id": "row/0",
                "against_id": "q1",
                "ngram": "janet s ducks lay 16 eggs per day she eats three for breakfast",
            }
        ],
    }
    assert compared(tmp_path, [LONG], [prompts[1].replace(" - ", " ")])["rows_hit"] == 1


def test_words_of_two_rows_are_no_run(tmp_path: Path) -> None:
    said = LONG.split()
    assert compared(tmp_path, [LONG], [" ".join(said[:9]), " ".join(said[9:])])["rows_hit"] == 0
    assert compared(tmp_path, [" ".join(said[:9]), " ".join(said[9:])], [LONG])["rows_hit"] == 0


def test_short_questions_are_compared_whole(tmp_path: Path) -> None:
    prompts = [
        f"Question: {SHORT}\nAnswer:",
        SHORT.upper(),
        f"Task 1: {SHORT[:-1]}",
        f"I ask you: {SHORT} Or not?",
        "Do hamsters provide food?",
        "Input:\n6 2 4 + 2 5 9\nTarget:",
        "Input:\n6 2 4 - 2 5 9\nTarget:",
    ]
    found = compared(tmp_path, [SHORT, "Input:\n6 2 4 + 2 5 9\nTarget:"], prompts)
    assert (found["too_short"], found["benchmark_hit"], found["rows_hit"]) == (2, 2, 4)
    assert [example["id"] for example in found["examples"]] == ["row/0", "row/1", "row/2"]
    assert found["examples"][0]["ngram"] == "do hamsters provide food for any animals"


def test_what_all_questions_have_around_them_is_left_out(tmp_path: Path) -> None:
    frame = "Work out the following expression step by step and close with the answer that it comes to: "
    questions = [f"{frame} {number} " + " ".join(f"w{number}x{n}" for n in range(13)) for number in range(COMMON + 1)]
    found = compared(tmp_path, questions, [frame + " something else", questions[0]])
    assert (found["rows_hit"], found["benchmark_hit"]) == (1, 1)
    assert found["common_ngrams"] == len(words(frame)) - 12
    assert compared(tmp_path, questions[1:], [frame + " else"])["benchmark_hit"] == COMMON
    same = compared(tmp_path, [LONG] * 50, [LONG])  # the same question over and over is one question
    assert (same["benchmark_questions"], same["rows_hit"]) == (1, 1)


TEXTS = st.lists(st.lists(st.sampled_from("abcdef"), max_size=9).map(" ".join), max_size=8)


@given(TEXTS, TEXTS, st.integers(1, 4))
def test_it_agrees_with_sets_in_plain_python(
    tmp_path_factory: pytest.TempPathFactory, questions: list[str], prompts: list[str], ngram: int
) -> None:
    def ngrams(text: str) -> set[str]:
        said = text.split()
        return {" ".join(said[at : at + ngram]) for at in range(len(said) - ngram + 1)}

    asked = list(dict.fromkeys(filter(None, questions)))
    if not asked:
        return
    short = {text for text in asked if len(text.split()) < ngram}
    found = compared(tmp_path_factory.mktemp("sets"), questions, prompts, ngram)
    hit = {text for text in asked for row in prompts if ngrams(text) & ngrams(row) or (text in short and text == row)}
    rows = [row for row in prompts if row in short or any(ngrams(text) & ngrams(row) for text in asked)]
    assert found["benchmark_questions"] == len(asked)
    assert (found["too_short"], found["benchmark_hit"], found["rows_hit"]) == (len(short), len(hit), len(rows))
    for example in found["examples"]:
        row, question = prompts[int(example["id"][4:])], questions[int(example["against_id"][1:])]
        assert example["ngram"] in row
        assert example["ngram"] in question


def test_chunks_make_no_difference_and_memory_stays_flat(tmp_path: Path) -> None:
    source = write(tmp_path / "q.jsonl", [{"question": f"{number} {LONG}"} for number in range(5)])
    prompts = [f"{number} {LONG} {number}" if number % 3 == 0 else f"row {number}" for number in range(600)]
    whole, single = Contamination(source), Contamination(source)
    whole.add([str(number) for number in range(600)], prompts)
    for number, prompt in enumerate(prompts):
        single.add([str(number)], [prompt])
    assert whole.report() == single.report()
    tracemalloc.start()
    try:
        for _ in range(20):
            whole.add([str(number) for number in range(600)], prompts)
        assert tracemalloc.get_traced_memory()[0] < 100_000
    finally:
        tracemalloc.stop()


def test_where_the_question_stands(tmp_path: Path) -> None:
    rows: list[tuple[dict[str, Any], str, tuple[str, str]]] = [
        ({"id": 7, "question": "A?"}, "", ("7", "A?")),
        ({"problem": "A?", "solution": "B"}, "", ("1", "A?")),
        ({"question": {"stem": "A?", "choices": []}, "id": "x"}, "", ("x", "A?")),
        ({"ID": "c-1", "Body": "There are 2.", "Question": "How many?"}, "", ("c-1", "There are 2. How many?")),
        (
            {"id": 1, "prompt": [{"role": "system", "content": "Be."}, {"role": "user", "content": "A?"}]},
            "",
            ("1", "A?"),
        ),
        (
            {"id": 1, "conversations": [{"from": "human", "value": "A?"}, {"from": "gpt", "value": "B"}]},
            "",
            ("1", "A?"),
        ),
        ({"question": "no", "Premise": "A?"}, ":Premise", ("1", "A?")),
        ({"question": "no", "deep": {"er": "A?"}}, ":deep.er", ("1", "A?")),
    ]
    for row, field, question in rows:
        assert list(benchmark(write(tmp_path / "x.jsonl", [row]) + field)) == [question], row


def test_files_of_all_kinds_and_folders(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    (tmp_path / "a.csv").write_text('id,question\n1,"Is it, so?"\n')
    (tmp_path / "a.json").write_text('[{"id": 1, "question": "Is it, so?"}]')
    pq.write_table(pa.table({"id": [1], "question": ["Is it, so?"]}), tmp_path / "a.parquet")
    for ending in ("csv", "json", "parquet"):
        assert list(benchmark(str(tmp_path / f"a.{ending}"))) == [("1", "Is it, so?")]
    files = tmp_path / "files"
    files.mkdir()
    write(files / "train.jsonl", [{"question": "train"}])
    write(files / "test.jsonl", [{"question": "test"}])
    assert list(benchmark(str(files))) == [("1", "test")]
    assert list(benchmark(f"gsm8k:{write(tmp_path / 'own.jsonl', [{'question': 'A?', 'answer': '#### 3'}])}")) == [
        ("1", "A?")
    ]


def test_a_dataset_folder_is_a_benchmark(tmp_path: Path) -> None:
    config = listops.Config(train=30, validation=0, test=10, test_longer=0, test_larger=0)
    (built,) = build("listops", config, Options(tmp_path / "data" / "medium", workers=1))
    for folder in (built.folder, built.folder.parent):
        contamination = Contamination(str(folder))
        rows = list(benchmark(str(folder)))
        contamination.add([name for name, _ in rows], [prompt for _, prompt in rows])
        found = contamination.report()
        assert (found["against"], found["rows_hit"], found["benchmark_hit"]) == (folder.name, 40, 40)


def test_what_cannot_be_compared_with_is_one_line(tmp_path: Path) -> None:
    odd = write(tmp_path / "odd.jsonl", [{"frage": "A?", "meta": {"a": 1}}])
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "notes.docx").write_text("?")
    for against, said in {
        odd: "odd.jsonl line 1 has no field that is known to hold questions: it has frage, meta.a; give one of them",
        f"{odd}:meta": "has no text in a field 'meta'",
        str(tmp_path / "empty.jsonl"): "has no questions to compare with",
        str(tmp_path / "notes.docx"): "cannot be read by its name",
        "nowhere.jsonl": "nowhere.jsonl is not there: give a file",
    }.items():
        with pytest.raises(SourceError) as caught:
            Contamination(against)
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)
    with pytest.raises(UsageError, match="--ngram 0"):
        Contamination(odd, 0)


FROM_HUB = """
import sys
from synth.validating.benchmarks import benchmark
from synth.errors import SynthError
try:
    print(list(benchmark(sys.argv[1])))
except SynthError as error:
    print(error)
"""


def from_hub(endpoint: str, home: Path, against: str) -> str:
    env = {**os.environ, "HF_ENDPOINT": endpoint, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1"}
    command = [sys.executable, "-c", FROM_HUB, against]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, cwd=home)
    assert done.stderr == ""
    return done.stdout.strip()


def test_a_benchmark_on_the_hub(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    def parquet(text: str) -> Blob:
        pq.write_table(pa.table({"question": [text], "answer": ["#### 1"]}), tmp_path / "x.parquet")
        return Blob((tmp_path / "x.parquet").read_bytes(), lfs=True)

    with serving() as hub:
        for name, config in (("me/puzzles", "default"), ("openai/gsm8k", "main")):
            files = {f"{config}/{split}/0000.parquet": parquet(f"{split}?") for split in ("train", "test")}
            hub.repo(name).commit("refs/convert/parquet", "copies", files)
        assert from_hub(hub.url, tmp_path, "me/puzzles") == "[('1', 'test?')]"
        assert from_hub(hub.url, tmp_path, "me/puzzles:question") == "[('1', 'test?')]"
        assert from_hub(hub.url, tmp_path, "openai/gsm8k") == "[('1', 'test?')]"
        assert from_hub(hub.url, tmp_path, "gsm8k") == "[('1', 'test?')]"
        assert "it has default/test, default/train" in from_hub(hub.url, tmp_path, "me/puzzles/other")
    said = from_hub("http://127.0.0.1:9", tmp_path, "no/such")
    assert "'no/such' is not on this machine and the Hub cannot be reached: download it from" in said
    assert "\n" not in said


def test_real_data(shared_data: Path) -> None:
    """One question of StrategyQA is in train and in test, thrice in train; GSM8K shares three turns of phrase."""
    for train, test, hit, rows in (
        ("mario/strategyqa/raw/train.jsonl", "mario/strategyqa/raw/test.jsonl", 1, 3),
        ("gsm8k/train_rand_split.first2000.jsonl", "gsm8k/dev_rand_split.jsonl", 3, 3),
        ("commonsenseqa/train_rand_split.first2000.jsonl", "commonsenseqa/dev_rand_split.jsonl", 0, 0),
    ):
        contamination = Contamination(str(shared_data / test))
        asked = list(benchmark(str(shared_data / train)))
        contamination.add([name for name, _ in asked], [f"Question: {text}\nAnswer:" for _, text in asked])
        found = contamination.report()
        assert (found["benchmark_hit"], found["rows_hit"]) == (hit, rows), train
