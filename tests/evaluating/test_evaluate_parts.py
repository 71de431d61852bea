"""Parts of `synth eval` that need no model: batches, prompts, groups of rows, folders."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import listops

from synth.data.names import OUTPUTS
from synth.errors import FolderError, UsageError
from synth.evaluating.job import Job, decoding_from, default_out
from synth.evaluating.outputs import Partial
from synth.evaluating.prompts import Asking
from synth.models.generate import BATCH_TOKENS, Decoding, Output, batches
from synth.record import Record
from synth.statistics.ranges import grouped


@given(st.lists(st.integers(1, 40_000), max_size=60), st.integers(1, 9), st.integers(1, 12))
def test_batches_hold_every_row_once_and_no_more_than_fits(lengths: list[int], size: int, samples: int) -> None:
    decoding = Decoding(samples=samples, max_new_tokens=100, batch_size=size)
    found = list(batches(lengths, decoding))
    assert sorted(row for batch in found for row in batch) == list(range(len(lengths)))
    in_order = [lengths[row] for batch in found for row in batch]
    assert in_order == sorted(lengths, reverse=True)
    for batch in found:
        assert len(batch) <= size
        assert len(batch) == 1 or (lengths[batch[0]] + 100) * samples * len(batch) <= BATCH_TOKENS


def test_outputs_survive_kills_in_the_middle_of_a_line(tmp_path: Path) -> None:
    recipe, job = {"model": "m"}, Job("m", tmp_path, tmp_path, limit=3)
    for row in range(3):
        with Partial(job, recipe) as partial:
            assert len(partial) == row
            partial.add({row: [Output(f"said {row}", row, False)]})
        with (tmp_path / OUTPUTS).open("ab") as file:
            file.write(b'{"row":7,"outputs":[["sa')
    with Partial(job, recipe) as partial:
        assert [partial.outputs(row)[0].text for row in range(3)] == ["said 0", "said 1", "said 2"]
        assert 7 not in partial
    said = r"part of another evaluation \(its limit is 3, asked for none\).*--out"
    with pytest.raises(FolderError, match=said), Partial(Job("m", tmp_path, tmp_path), {"model": "n"}):
        pass


def test_line_breaks_come_back() -> None:
    row = Record("2wiki/1", "2wiki", "Facts:\nFact #0: A.", "Follow up: B?", "C", " Yes.\nFollow up: B?", {})
    asking = Asking(trained=True, line_break=" ; ")
    assert asking.text(row) == "Facts: ; Fact #0: A."
    assert asking.restored(row, "Yes. ; Follow up: B? ;So") == "Yes.\nFollow up: B?\nSo"
    assert asking.restored(listops(5), "MIN, 1; SUM, 3") == "MIN, 1; SUM, 3", "its own semicolons stay"
    assert Asking(trained=True).text(row) == row.prompt


def test_untrained_models_are_told_how_to_answer() -> None:
    ask = {way: Asking(way).text(listops(5)) for way in ("rationale", "direct")}  # type: ignore[arg-type]
    assert all("[MIN 0 5 ]" in text and '"The answer is x"' in text for text in ask.values())
    assert ask["rationale"].endswith("Let's think step by step.")
    assert ask["direct"].endswith("Give the answer at once, without any steps.")
    question = Record("gsm8k/1", "gsm8k", "Question: Two and two?\nAnswer:", "", "4", " 4", {})
    assert "Question: Two and two?" in Asking().text(question)
    assert Asking().text(question).endswith("\nAnswer: Let's think step by step.")
    assert Asking("direct").text(question).endswith("\nAnswer: Give the answer at once, without any steps.")
    options = Record("anli/1", "anli", "Question: So?\nOptions: (A) Yes (B) No\nAnswer:", "", "A", " A", {})
    assert Asking().text(options).count("Options:") == 1


def test_columns_with_few_values_make_groups_and_numbers_ranges() -> None:
    assert grouped(["a", "b", "a", None, ""] * 5)["b"] == [1, 6, 11, 16, 21]
    assert sorted(grouped(["a", "b", "a", None, ""] * 5)) == ["a", "b"]
    assert list(grouped([10, 9, 10] * 4)) == ["9", "10"]
    assert grouped([f"id-{number}" for number in range(40)]) == {}
    ranges = grouped(list(range(50, 100)))
    assert list(ranges) == ["50-59", "60-69", "70-79", "80-89", "90-99"]
    assert Counter(map(len, ranges.values())) == {10: 5}
    assert list(grouped([0.1 * number for number in range(15)])) == ["0-0.5", "0.5-1", "1-1.5"]


def test_columns_that_are_no_kinds_of_questions_make_no_groups() -> None:
    assert grouped(list("abcdabcdabcdabc")) == {}, "four groups of fewer than five rows"
    assert grouped(["x" * 41, "y"] * 20) == {}, "long values are lists of names"
    assert grouped([["a"], ["b"]] * 20) == {}
    assert grouped([number * 7 for number in range(14)]) == {}, "too few rows for ranges"


@given(st.lists(st.one_of(st.integers(-1000, 1000), st.floats(-10, 10)), max_size=50))
def test_every_number_is_in_one_range(column: list[float]) -> None:
    groups = grouped(column * 5)
    assert sorted(row for rows in groups.values() for row in rows) == list(range(5 * len(column)))
    assert len(groups) <= 12


def test_where_evaluations_go(tmp_path: Path) -> None:
    assert default_out(str(tmp_path), "", Path("a/b"), "test", False, 1) == tmp_path / "eval" / "b-test"
    assert default_out(str(tmp_path), "", Path("a/b"), "test", True, 10) == tmp_path / "eval" / "b-test-direct-x10"
    assert default_out("http://x/v1", "org/m", Path("b"), "dev", False, 1) == Path("eval/org-m/b-dev")


def test_sampling_needs_a_temperature() -> None:
    assert decoding_from(10, None, 512, 64, 0).temperature == 0.8
    assert decoding_from(1, None, 512, 64, 0).temperature == 0
    with pytest.raises(UsageError, match="all would be the same"):
        decoding_from(10, 0.0, 512, 64, 0)
