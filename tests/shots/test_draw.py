"""Which demonstrations stand before a row: its own draw, never itself, of its own kind."""

from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import permutations

import pytest
from arithmetic_rows import rows
from hypothesis import given
from hypothesis import strategies as st

from synth.builders.arithmetic import Config
from synth.questions.find import find_task
from synth.questions.task import Question
from synth.record import Record
from synth.shots.draw import Shots, drawn, question, stratum
from synth.shots.load import digest
from synth.shots.rows import row_of

SUMS = rows(Config(digits="1-3"), count=120)
TEST = rows(Config(digits="1-3"), split="test", count=60)


def shots(pool: list[Record], n: int = 10, seed: int = 0, mixed: bool = False) -> Shots:
    return Shots(tuple(pool), n, seed, digest(pool), "sums", mixed)


def ids(of: Shots, record: Record) -> list[str]:
    return [row.id for row in of.of(record)]


def test_demonstrations_have_as_many_digits() -> None:
    found = shots(SUMS)
    for record in TEST + SUMS:
        chosen = found.of(record)
        assert len({row.id for row in chosen}) == 10
        assert {stratum(row) for row in chosen} == {stratum(record)}


@given(st.permutations(range(30)), st.integers(0, 3))
def test_a_rows_demonstrations_are_its_own_whatever_was_asked_before(order: list[int], seed: int) -> None:
    one, other = shots(SUMS, seed=seed), shots(SUMS, seed=seed)
    alone = {at: ids(one, TEST[at]) for at in range(30)}
    assert {at: ids(other, TEST[at]) for at in order} == alone


def test_workers_draw_the_same() -> None:
    here = [ids(shots(SUMS), record) for record in TEST]
    with ProcessPoolExecutor(2) as workers:
        assert list(workers.map(partial(ids, shots(SUMS)), TEST)) == here


def test_rows_and_seeds_differ() -> None:
    assert len({tuple(ids(shots(SUMS), record)) for record in TEST}) == len(TEST)
    assert ids(shots(SUMS), TEST[0]) != ids(shots(SUMS, seed=1), TEST[0])


@given(st.integers(0, len(SUMS) - 1), st.integers(1, 40), st.integers(0, 5), st.booleans())
def test_a_row_is_never_its_own_demonstration(at: int, n: int, seed: int, renamed: bool) -> None:
    """Told by its id, and by its question in a row with another id."""
    record = replace(SUMS[at], id="another/0") if renamed else replace(SUMS[at], prompt="Input:\nunknown\nTarget:")
    chosen = shots(SUMS, n, seed).of(record)
    assert len(chosen) == n
    assert SUMS[at] not in chosen


def test_a_question_is_itself_with_its_options_in_another_order() -> None:
    task = find_task("commonsenseqa")
    one, other = (
        row_of(task, Question(i, "Where is milk?", o, "A")) for i, o in (("1", ("a", "b")), ("2", ("b", "a")))
    )
    third = row_of(task, Question("3", "Where is tea?", ("a", "b"), "A"))
    assert question(one) == question(other) != question(third)
    assert shots([one, third], n=2).of(other) == [third]


def test_others_stand_in_for_a_kind_with_too_few() -> None:
    longer = rows(Config(digits="1-3"), split="test_beyond", count=5)[0]
    kind = "add, digits 2"
    those, rest = ([row for row in SUMS if (stratum(row) == kind) is own] for own in (True, False))
    found, two = shots([*rest, *those[:3]]), next(row for row in TEST if stratum(row) == kind)
    assert [stratum(row) for row in found.of(two)][-3:] == [kind] * 3
    assert len({row.id for row in found.of(two)}) == len({row.id for row in found.of(longer)}) == 10
    said = found.notice([two, longer])
    assert said is not None
    assert said.endswith(f"others stand in: 3 of {kind}; 0 of {stratum(longer)}")
    assert found.notice([row for row in TEST if stratum(row) != "add, digits 2"]) is None


def test_all_there_are_keep_their_order() -> None:
    same = [row for row in SUMS if stratum(row) == "add, digits 3"][:10]
    for record in TEST[:5]:
        assert shots(same).of(record) == same
    assert shots(same).of(same[4]) == same[:4] + same[5:]


def test_every_order_is_as_likely() -> None:
    counts = Counter(tuple(drawn(range(4), 3, (), f"key/{number}")) for number in range(6000))
    assert set(counts) == set(permutations(range(4), 3))
    assert max(counts.values()) < 1.5 * min(counts.values())


@given(st.integers(1, 40), st.integers(0, 40), st.sets(st.integers(0, 39)), st.text(max_size=5))
def test_as_many_are_drawn_as_there_are(size: int, count: int, without: set[int], key: str) -> None:
    out = {place for place in without if place < size}
    chosen = drawn(range(size), count, out, key)
    assert len(chosen) == len(set(chosen)) == min(count, size - len(out))
    assert not set(chosen) & out


@given(st.integers(1, 6), st.integers(1, 12), st.text(max_size=5))
def test_no_question_is_shown_twice(times: int, n: int, key: str) -> None:
    """As of a dataset that keeps several rationales of each question."""
    threes = [row for row in SUMS if stratum(row) == "add, digits 3"][:8]
    pool = [replace(row, id=f"{row.id}/{time}") for time in range(times) for row in threes]
    chosen = shots(pool, n).of(replace(TEST[0], id=key))
    assert len({row.prompt for row in chosen}) == len(chosen) == min(n, 8)
    assert len(shots(pool, n).of(threes[0])) == min(n, 7)


def test_other_tasks_are_three_of_three() -> None:
    pool = [
        row_of(find_task(name), Question(str(i), f"{name} {i}?", gold="5"), "It is five.")
        for name in ("gsm8k", "svamp", "asdiv", "multiarith", "aime") for i in range(3)
    ]  # fmt: skip
    found, asked = shots(pool, 3, mixed=True), [replace(pool[0], id=f"gsm8k/x{i}") for i in range(40)]
    drawn_tasks = [[row.task for row in found.of(record)] for record in asked]
    assert all(len(set(tasks)) == 3 and "gsm8k" not in tasks for tasks in drawn_tasks)
    assert {task for tasks in drawn_tasks for task in tasks} == {"svamp", "asdiv", "multiarith", "aime"}
    assert len({tuple(ids(found, record)) for record in asked}) > 10


@pytest.mark.parametrize("field", ["prompt", "rationale", "answer", "completion", "id"])
def test_the_hash_tells_demonstrations_apart(field: str) -> None:
    assert digest(SUMS) == digest(list(SUMS))
    assert digest([*SUMS[:-1], replace(SUMS[-1], **{field: "other"})]) != digest(SUMS)
    assert digest(SUMS[::-1]) != digest(SUMS)
    assert shots(SUMS).facts()["sha256"] == digest(SUMS)
