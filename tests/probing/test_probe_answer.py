"""`synth probe answer`: exact probabilities, read in few passes and one by one; where they rise; what is drawn."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Synth
from tiny_models import listops, write_dataset

import synth
from synth.errors import UsageError
from synth.probing import curves
from synth.probing.closing import closing_of, cuts_of, form_of
from synth.probing.options import Answer
from synth.probing.shared import Branch, plainly, takes_branches, weigh
from synth.probing.subject import Subject, subject

KINDS = ("dec", "enc")


def loaded(probed: Path, kind: str) -> Subject:
    return subject(str(probed / kind), Answer(run=str(probed / kind), data=probed / "data"))


@pytest.mark.parametrize("kind", KINDS)
def test_prefixes_that_are_read_once_say_the_same(probed: Path, kind: str) -> None:
    model = loaded(probed, kind)
    assert takes_branches(model.checkpoint.model)
    record = model.records[3]
    form = form_of(model, record)
    assert form is not None
    cuts = cuts_of(model, record, form, "tokens", 1)
    # answers of one token and of two, one the beginning of the other, behind a closing and behind none
    closing = closing_of(model, record, form, cuts, ["3", "33", "0"])
    branches = [Branch(place, closing.lead, closing.answers) for place in cuts.places]
    branches += [Branch(place, [], closing.answers) for place in cuts.places]
    (start,) = model.starts([record])
    given = (model.checkpoint, start, cuts.tokens, branches)
    for shared, plain in zip(weigh(*given), plainly(*given), strict=True):
        assert shared == pytest.approx(plain, abs=1e-4)  # of logarithms: 1e-5 of a probability and less


@pytest.mark.parametrize("kind", KINDS)
def test_the_gold_answer_is_certain_at_the_end_of_what_was_learned(probed: Path, kind: str, tmp_path: Path) -> None:
    (result,) = synth.probe(
        "answer", probed / kind, probed / "data", limit=3, sampled_rows=1, draws=40, pictured=1, out=tmp_path / "p"
    )
    first = result.rows[0]
    assert first["texts"][:2] == ["MAX", ","]
    assert first["cuts"] == list(range(len(first["texts"]) + 1))
    assert first["answers"][0] == first["gold"] == "0"
    figures = result.facts["figures"]
    assert [point["at"] for point in figures["all"]["probability"]] == [at / 20 for at in range(21)]
    assert figures["all"]["probability"][-1]["value"] > 0.8
    assert figures["all"]["probability"][0]["value"] < 0.2
    assert figures["all"]["rise"]["in_last_step"]["value"] == 1
    # what is drawn has the probabilities that were worked out: 40 draws are within 3 standard deviations
    for exact, drawn in zip(first["probability"], first["sampled"], strict=True):
        assert abs(exact - drawn) <= 3 * (exact * (1 - exact) / 40) ** 0.5 + 0.03
    assert {path.name for path in (tmp_path / "p").iterdir()} == {
        "probe.json", "rows.jsonl", "curve-light.png", "curve-dark.png", "row-1-light.png", "row-1-dark.png"
    }  # fmt: skip


def test_a_rationale_of_its_own(synth: Synth, probed: Path, tmp_path: Path) -> None:
    done = synth(
        "probe", "answer", probed / "dec", probed / "data", "--rationale", "own", "--at", "steps", "--limit", 2,
        "--json", "--out", tmp_path / "own", "--pictured", 0,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)["figures"]
    assert figures["right"]["rows"] == figures["all"]["rows"] == 2
    assert len((tmp_path / "own" / "rows.jsonl").read_text().splitlines()) == 2


def test_a_rise_is_taken_apart() -> None:
    row = {"probability": [0.1, 0.2, 0.8, 0.7], "cuts": [0, 2, 3, 4], "texts": ["a", ",", " b", " c"]}
    found = curves.rise(row, [2, 4])
    assert (found["cut"], found["text"], found["step"], found["steps"]) == (2, " b", 1, 2)
    assert (found["at"], found["size"], found["whole"]) == (0.75, pytest.approx(0.6), pytest.approx(0.6))
    assert found["part"] == pytest.approx(1)
    assert curves.rise({**row, "probability": [0.7, 0.2, 0.4, 0.7]}, [2, 4])["part"] is None
    assert [curves.value_at(row, "probability", at) for at in (0, 0.49, 0.5, 0.9, 1)] == [0.1, 0.1, 0.2, 0.8, 0.7]


def test_rows_without_a_rationale_leave_nothing(probed: Path, tmp_path: Path) -> None:
    alone = [replace(listops(number), rationale="", completion=listops(number).answer) for number in range(2)]
    data = write_dataset(tmp_path / "alone", {"test": alone}, config={"modulus": 10}, builder="listops", made_by="x")
    with pytest.raises(UsageError, match=r"no row of .*alone test has a rationale that ends in its answer"):
        synth.probe("answer", probed / "dec", data, out=tmp_path / "p")
