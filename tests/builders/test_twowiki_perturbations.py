"""2WikiMultiHopQA: facts in another order, typos and irrelevant facts."""

import re
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from twowiki_rows import SAMPLES, kept, record

from synth.builders import twowiki
from synth.builders.twowiki.perturb import PERTURBATIONS
from synth.builders.twowiki.source import File, locate, pieces
from synth.builders.twowiki.text import clean, clean_name
from synth.errors import UsageError
from synth.models.tokens import estimate
from synth.record import Record, Rejected


def facts_of(row: Record) -> list[str]:
    return re.findall(r"Fact #\d+: (.+)", row.prompt)


def same_rows(source: str, style: str, how: str) -> bool:
    changed, plain = kept(source=source, style=style, perturb=how), kept(source=source, style=style)
    assert all(row.meta["prompt_tokens"] == estimate(row.prompt) for row in changed)
    return [row.meta["source_id"] for row in changed] == [row.id for row in plain]


@pytest.mark.parametrize("style", ["direct", "self-ask"])
@pytest.mark.parametrize("how", PERTURBATIONS)
def test_a_perturbed_set_has_every_row_of_the_plain_one(style: str, how: str) -> None:
    assert same_rows("sample", style, how)


@pytest.mark.parametrize("style", ["direct", "self-ask"])
@pytest.mark.parametrize("how", PERTURBATIONS)
def test_a_perturbed_set_has_every_real_row(style: str, how: str, shared_data: Path) -> None:
    assert same_rows(str(shared_data / "2wiki" / "dev_sample.json"), style, how)


def test_a_name_with_a_question_mark_ends_its_follow_up() -> None:
    asked = [line for row in kept("train", exemplars=0) for line in row.rationale.split("\n") if "Pilot?" in line]
    assert asked
    assert set(asked) == {"Follow up: Who is the director of Who's Your Pilot?"}


def test_facts_in_another_order() -> None:
    before = {row.id: facts_of(row) for row in kept()}
    for row in kept(perturb="reorder"):
        assert row.id == f"{row.meta['source_id']}/reorder"
        own = before[str(row.meta["source_id"])]
        assert facts_of(row) != own
        assert sorted(facts_of(row)) == sorted(own)


@pytest.mark.parametrize("how", ["distract", "corrupt-irrelevant"])
def test_an_irrelevant_fact_is_put_in(how: str) -> None:
    rows, before = kept(perturb=how), {row.id: facts_of(row) for row in kept()}
    assert rows
    for row in rows:
        added = facts_of(row)
        for fact in before[str(row.meta["source_id"])]:
            added.remove(fact)
        (foreign,) = added
        record = next(each for each in SAMPLES["test"] if f"2wiki/{each['_id']}" == row.meta["source_id"])
        sentences = [clean(each) for _, said in record["context"] for each in said]
        assert (foreign in sentences) is (how == "distract")
        assert any(sorted(foreign) == sorted(each) for each in sentences)


def test_a_typo_in_a_fact_that_is_needed() -> None:
    before = {row.id: row for row in kept()}
    for row in kept(perturb="corrupt-relevant"):
        source = before[str(row.meta["source_id"])]
        (pair,) = [(a, b) for a, b in zip(facts_of(source), facts_of(row), strict=True) if a != b]
        changed = [(a, b) for a, b in zip(pair[0].split(), pair[1].split(), strict=True) if a != b]
        ((right, wrong),) = changed
        assert sorted(right) == sorted(wrong)
        assert clean_name(right).strip(".,()'\"").lower() in f"{source.rationale}{source.answer}".lower()
        assert (row.rationale, row.completion) == (source.rationale, source.completion)


def test_what_cannot_be_perturbed_is_left_out() -> None:
    alone = record("made-up-dev-01", supporting_facts=[["Amparo Liñán", 0]])
    alone["context"] = [["Amparo Liñán", ["Amparo Liñán of Villarreja de la Sierra made The Brass Meridian."]]]
    item = twowiki.Item(piece=next(pieces(File(locate("sample", "auto")["test"][0].path))), pool=None)
    for how, reason in (("reorder", "single_fact"), ("distract", "no_irrelevant_fact")):
        config = twowiki.Config(perturb=how, exemplars=0)  # type: ignore[arg-type]
        lonely = replace(item, piece=replace(item.piece, json=orjson.dumps([alone])))
        (drop,) = twowiki.records(config, "test", 0, lonely)
        assert isinstance(drop, Rejected)
        assert drop.reason == reason
    with pytest.raises(UsageError, match="test split"):
        twowiki.splits(twowiki.Config(perturb="reorder", source_split="train"))


def test_perturbations_follow_the_seed() -> None:
    config = twowiki.Config(perturb="distract")
    (item,) = twowiki.items(config, "test")
    first, again, other = (list(twowiki.records(config, "test", seed, item)) for seed in (0, 0, 1))
    assert first == again != other
