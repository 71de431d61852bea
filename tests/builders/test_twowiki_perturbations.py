"""2WikiMultiHopQA: facts in another order, typos and irrelevant facts."""

import re
from dataclasses import replace
from pathlib import Path
from random import Random

import orjson
import pytest
from twowiki_rows import SAMPLES, kept, record

from synth.builders import twowiki
from synth.builders.twowiki.evidence import Source, Step
from synth.builders.twowiki.perturb import PERTURBATIONS, perturb
from synth.builders.twowiki.source import File, locate, pieces
from synth.builders.twowiki.text import clean
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


def test_a_typo_in_an_irrelevant_fact_is_all_that_tells_it_from_a_distraction(shared_data: Path) -> None:
    for source in ("sample", str(shared_data / "2wiki" / "dev_sample.json")):
        plain = {row.meta["source_id"]: row for row in kept(source=source, perturb="distract")}
        typos = {row.meta["source_id"]: row for row in kept(source=source, perturb="corrupt-irrelevant")}
        assert plain.keys() == typos.keys()
        for id, row in typos.items():
            pairs = zip(facts_of(plain[id]), facts_of(row), strict=True)
            ((right, wrong),) = [(a, b) for a, b in pairs if a != b]
            changed = [at for at, (a, b) in enumerate(zip(right, wrong, strict=True)) if a != b]
            assert len(changed) <= 2  # none if the word has one letter only, again and again
            assert row.completion == plain[id].completion


WORDS = re.compile(r"[^\W\d_]+")


@pytest.mark.parametrize("fact_titles", [False, True])
def test_a_typo_wherever_the_facts_give_an_answer_away(shared_data: Path, fact_titles: bool) -> None:
    """One word of the chain, in every place and with the same two letters swapped; nothing else."""
    for source in ("sample", str(shared_data / "2wiki" / "dev_sample.json")):
        before = {row.id: row for row in kept(source=source, fact_titles=fact_titles)}
        for row in kept(source=source, perturb="corrupt-relevant", fact_titles=fact_titles):
            plain = before[str(row.meta["source_id"])]
            right, wrong = (WORDS.findall(" ".join(facts_of(each))) for each in (plain, row))
            changed = {(a.casefold(), b.casefold()) for a, b in zip(right, wrong, strict=True) if a != b}
            ((word, typo),) = changed
            assert sorted(word) == sorted(typo)
            assert word not in {each.casefold() for each in wrong}, "a place is left to read it from"
            assert (row.rationale, row.completion) == (plain.rationale, plain.completion)


def test_a_country_is_damaged_by_the_word_for_its_people() -> None:
    facts = (("A", "A is an American film."), ("B", "B is an American town."))
    steps = tuple(Step(name, "country", "United States") for name in "AB")
    source = Source("1", "comparison", "Are A and B from the same country?", "yes", "", facts, steps)
    damaged = perturb("corrupt-relevant", source, steps, [], Random)
    assert {sentence.count("American") for _, sentence in damaged.facts} == {0}


def test_what_cannot_be_perturbed_is_left_out() -> None:
    alone = record("made-up-dev-01", supporting_facts=[["Amparo Liñán", 0]])
    alone["context"] = [["Amparo Liñán", ["Amparo Liñán, born in Villarreja de la Sierra, made The Brass Meridian."]]]
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
