"""2WikiMultiHopQA: the words of its rows, and the examples that stand before a question."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from twowiki_rows import SAMPLES, dropped, kept, one

from synth.builders import twowiki
from synth.building.build import carry_out as build
from synth.building.options import Options
from synth.data.reading import read
from synth.errors import SourceError, UsageError
from synth.models.tokens import counter, estimate


def test_a_compositional_row_to_the_letter() -> None:
    row = one(kept(exemplars=0), "made-up-dev-01")
    assert row.prompt == (
        "Facts:\n"
        "Fact #0: The Brass Meridian is a 1958 Spanish film by Amparo Liñán.\n"
        "Fact #1: She was born in Villarreja de la Sierra.\n"
        "Question: Where was the director of film The Brass Meridian born?\n"
        "Are follow up questions needed here:"
    )
    assert row.completion == (
        " Yes.\n"
        "Follow up: Who is the director of The Brass Meridian?\n"
        "Intermediate answer: Amparo Liñán\n"
        "Follow up: Where is the place of birth of Amparo Liñán?\n"
        "Intermediate answer: Villarreja de la Sierra\n"
        "So the final answer is: Villarreja de la Sierra"
    )
    assert row.answer == "Villarreja de la Sierra"
    assert row.completion == f" Yes.\n{row.rationale}\nSo the final answer is: {row.answer}"
    assert dict(row.meta) == {
        "type": "compositional",
        "style": "self-ask",
        "hops": 2,
        "relations": "director; place of birth",
        "facts": 2,
        "facts_added": 0,
        "prompt_tokens": 61,
        "exemplars": "",
        "perturb": "none",
        "source_id": "2wiki/made-up-dev-01",
    }


@pytest.mark.parametrize(
    ("id", "steps", "answer"),
    [
        (
            "made-up-dev-08",  # inference, an alias in the second hop
            "Follow up: Who is the father of Étienne III, Duke of Corvaille?\n"
            "Intermediate answer: Guillaume II of Corvaille\n"
            "Follow up: Who is the mother of Guillaume II?\n"
            "Intermediate answer: Blanche of Ysoude",
            "Blanche of Ysoude",
        ),
        (
            "made-up-dev-12",  # comparison of two lives
            "Follow up: When is the date of birth of Gerhard Voss?\n"
            "Intermediate answer: 3 March 1902\n"
            "Follow up: When is the date of death of Gerhard Voss?\n"
            "Intermediate answer: 12 December 1980\n"
            "Follow up: When is the date of birth of Lucía Ferreiro?\n"
            "Intermediate answer: 28 August 1921\n"
            "Follow up: When is the date of death of Lucía Ferreiro?\n"
            "Intermediate answer: 4 October 1990",
            "Gerhard Voss",
        ),
        (
            "made-up-dev-14",  # yes, of an adjective and a country
            "Follow up: What is the country of citizenship of Cassia Dorn?\n"
            "Intermediate answer: American\n"
            "Follow up: What is the country of citizenship of Miles Tarrant?\n"
            "Intermediate answer: United States",
            "yes",
        ),
        (
            "made-up-dev-16",  # bridge comparison, an alias that only the text of its page tells
            "Follow up: Who is the director of Goodnight, Calloway?\n"
            "Intermediate answer: Chester Vane\n"
            "Follow up: Who is the director of Marigold Summer?\n"
            "Intermediate answer: Mahesan\n"
            "Follow up: When is the date of death of Chester Vane?\n"
            "Intermediate answer: June 14, 1963\n"
            "Follow up: When is the date of death of Mahesan?\n"
            "Intermediate answer: 2 April 2019",
            "Goodnight, Calloway",
        ),
    ],
)
def test_a_row_of_each_other_type(id: str, steps: str, answer: str) -> None:
    row = one(kept(exemplars=0), id)
    assert (row.rationale, row.answer) == (steps, answer)


def test_a_direct_row_has_no_steps() -> None:
    row = one(kept(style="direct"), "made-up-dev-17")
    assert row.prompt == (
        "Facts:\n"
        "Fact #0: Ember Street is a 1974 British film by Philippa Rook.\n"
        "Fact #1: Cloud Machine is a 1999 Japanese film by Keiko Arimura.\n"
        "Fact #2: Philippa Anne Rook (born 19 January 1940) is a British film director.\n"
        "Fact #3: Keiko Arimura (born 9 May 1961) is a Japanese animator.\n"
        "Question: Which film whose director was born first, Ember Street (1974 Film) or Cloud Machine?\n"
        "Answer:"
    )
    assert (row.rationale, row.completion) == ("", " Ember Street (1974 Film)")


def test_examples_come_from_the_training_split_and_share_nothing_with_the_row() -> None:
    rows = {split: kept(split) for split in ("train", "test")}
    reserved = {id for id, reason in dropped("train").items() if reason == "used_as_exemplar"}
    assert reserved
    assert reserved.isdisjoint(row.id for row in rows["train"])
    for row in rows["train"] + rows["test"]:
        drawn = str(row.meta["exemplars"]).split("; ")
        assert len(drawn) == 2
        assert set(drawn) <= reserved
        examples, _, _ = row.prompt.partition("END\nFacts:")
        assert examples.count("START\n") == 2
        for name in re.findall(r"(?:Intermediate answer: |final answer is: )(.+)", examples):
            mine = [line.split(": ", 1)[-1].lower() for line in row.completion.split("\n")]
            assert name in ("yes", "no") or name.lower() not in mine


def test_one_example_or_none() -> None:
    assert {row.prompt.count("START\n") for row in kept(exemplars=1, max_prompt_tokens=0)} == {1}
    assert {row.prompt.count("START\n") for row in kept(exemplars=0)} == {0}
    assert not [reason for reason in dropped("train", exemplars=0).values() if reason == "used_as_exemplar"]
    direct = kept(style="direct", exemplars=2, max_prompt_tokens=0)[0]
    assert re.match(r"START\nQuestion: .+\nAnswer: .+\nEND\nSTART\n", direct.prompt)


def test_a_source_without_a_training_split_borrows_examples(tmp_path: Path) -> None:
    path = tmp_path / "dev.json"
    path.write_bytes(orjson.dumps(SAMPLES["test"]))
    config = twowiki.Config(source=str(path))
    assert "made-up records" in twowiki.notes(config)["exemplars"]
    assert twowiki.splits(config) == {"test": None}
    assert {str(row.meta["exemplars"])[:20] for row in kept(source=str(path))} == {"2wiki/made-up-train-"}


def test_two_rows_that_differ_in_examples_alone_are_one_question() -> None:
    few, none = (one(kept(exemplars=count), "made-up-dev-01") for count in (2, 0))
    assert few.prompt != none.prompt
    assert twowiki.question(few) == twowiki.question(none) == none.prompt


@pytest.mark.parametrize(("style", "limit"), [("direct", 130), ("self-ask", 300)])
def test_no_prompt_is_longer_than_the_limit(style: str, limit: int) -> None:
    rows = kept(style=style)
    assert all(row.meta["prompt_tokens"] == estimate(row.prompt) <= limit for row in rows)
    assert (
        len(kept(style=style, max_prompt_tokens=0)) > len(rows) > len(kept(style=style, max_prompt_tokens=limit // 2))
    )


def test_options_that_cannot_be_are_told_together() -> None:
    with pytest.raises(UsageError, match=r"--exemplars is 3.*--max-prompt-tokens is -1.*--train is -2.*--line-break"):
        twowiki.check(twowiki.Config(exemplars=3, max_prompt_tokens=-1, train=-2, line_break=""))


def test_an_estimate_of_tokens() -> None:
    assert estimate("") == 0
    assert estimate("Facts:\nFact #0: a") == 7
    assert estimate("born in 1950, unbelievably") == 6
    assert counter(None) is estimate


def test_any_tokenizer_counts(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    tiny = Tokenizer(models.WordLevel({"[UNK]": 0, "Facts": 1}, unk_token="[UNK]"))
    tiny.pre_tokenizer = pre_tokenizers.Whitespace()  # type: ignore[assignment]
    PreTrainedTokenizerFast(tokenizer_object=tiny, unk_token="[UNK]").save_pretrained(tmp_path / "tiny")
    count = counter(str(tmp_path / "tiny"))
    assert count("Facts: one two") == 4
    rows = kept(tokenizer=str(tmp_path / "tiny"), max_prompt_tokens=70, exemplars=0)
    assert rows
    assert all(row.meta["prompt_tokens"] == count(row.prompt) <= 70 for row in rows)


def test_a_tokenizer_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(SourceError, match="no tokenizer could be loaded"):
        counter(str(tmp_path))
    with pytest.raises(SourceError, match="leave it out for the estimate"):
        counter(str(tmp_path / "missing"))


def test_the_command_line_says_it_in_one_line(synth_process: Callable[..., Any]) -> None:
    for words in (["--source", "nothing.json"], ["--exemplars", "7"], ["--tokenizer", "nowhere"]):
        done = synth_process("build", "2wiki", "--out", "out", *words, env={**os.environ, "HF_HUB_OFFLINE": "1"})
        assert done.returncode in (1, 2)
        assert done.stderr.startswith("synth: ")
        assert done.stderr.count("\n") == 1


def test_a_build_writes_what_the_records_say(tmp_path: Path) -> None:
    (result,) = build("2wiki", twowiki.Config(), Options(tmp_path / "out", workers=1))
    assert [row.id for row in read(result.folder, "test")] == [row.id for row in kept()]
