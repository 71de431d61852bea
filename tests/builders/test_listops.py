"""Explained-ListOps: the language, the drawing, the explanations and their checker."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.base.draws import bits
from synth.builders import listops
from synth.builders.listops.draw import DRAWS, Grammar, draw
from synth.builders.listops.language import apply, parenthesised, read, solve, tokens
from synth.errors import SourceError, UsageError
from synth.record import Record
from synth.validators.listops import check, expressions

EVERY_WAY = [
    listops.Config(explain=explain, style=style, preset=preset)
    for explain in listops.EXPLANATIONS
    for style in ("plain", "parentheses")
    for preset in ("explained-30", "lra")
]
SMALL = {"train": 16, "validation": 0, "test": 0, "test_longer": 0, "test_larger": 0}


# The language


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("[MAX 2 9 [MIN 4 7 ] 0 ]", 9),
        ("( ( ( ( ( [MAX 2 ) 9 ) ( ( ( [MIN 4 ) 7 ) ] ) ) 0 ) ] )", 9),
        ("( ( ( ( [SM 15 ) 27 ) 1 ) ] )", 3),
        ("[MED 1 2 ]", 1),
        ("[MED 2 9 4 7 ]", 5),
        ("[MED 8 0 3 ]", 3),
    ],
)
def test_every_spelling_is_read_and_solved(text: str, value: int) -> None:
    assert solve(read(text)) == value


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "not one whole expression"),
        ("[MAX 2 9", "not one whole expression"),
        ("1 2", "not one whole expression"),
        ("[MAX ]", "token 2"),
        ("1 ]", "token 2"),
        ("[AVG 1 2 ]", "MIN, MAX, MED, SUM"),
        ("[MAX 1 x ]", "token 3"),
        ("[MAX -1 2 ]", "token 2"),
        ("( 5", "1 opening and 0 closing parentheses"),
        ("[MAX \uff19 2 ]", "token 2"),
    ],
)
def test_what_is_no_expression_is_named(text: str, part: str) -> None:
    with pytest.raises(SourceError, match=re.escape(part)):
        read(text)


def test_labels_of_the_published_test_set_agree(shared_data: Path) -> None:
    lines = (shared_data / "listops/spinn_test_d20s.first2000.tsv").read_text().splitlines()
    assert len(lines) == 2000
    for line in lines:
        label, expression = line.split("\t")
        assert solve(read(expression)) == int(label), expression
        assert re.sub(r"\bSUM\b", "SM", parenthesised(" ".join(tokens(read(expression))))) == expression


def test_labels_of_the_authors_validation_set_agree(shared_data: Path) -> None:
    lines = (shared_data / "listops/ballout_basic_val.first79.tsv").read_text().splitlines()
    for line in lines:
        expression, label = line.split("\t")
        assert solve(read(expression)) == int(label), expression
        assert parenthesised(" ".join(tokens(read(expression)))) == expression
    assert len(lines) == 79


# Golden rows


LITTLE = {"min_length": 8, "max_length": 12, "max_depth": 3, "max_args": 4}
PLAIN = "[MED [MAX [SUM 1 5 14 ] 9 ] 12 ]"
PARENTHESES = "( ( ( [MED ( ( ( [MAX ( ( ( ( [SUM 1 ) 5 ) 14 ) ] ) ) 9 ) ] ) ) 12 ) ] )"
GOLDEN = {
    ("none", "plain"): "10",
    ("short", "plain"): "SUM, 0; MAX, 9; MED, 10; answer is 10",
    ("medium", "plain"): "SUM, add [1 5 14], sum is 20, answer is 0; MAX, compare [0 9], largest is 9, answer is 9; "
    "MED, sort [9 12], sorted is [9 12], middle is 9 and 12, answer is 10",
    ("long", "plain"): "SUM operator so we have to add the numbers [1 5 14], sum is 20 so the result modulo 10 is 0, "
    "what remains is [MED [MAX 0 9 ] 12 ]; MAX operator so we have to find the largest of the numbers [0 9], largest "
    "is 9 so the result is 9, what remains is [MED 9 12 ]; MED operator so we have to find the middle of the numbers "
    "[9 12], sorted is [9 12], middle is 9 and 12 so the result is 10, answer is 10",
    ("medium", "parentheses"): "SUM, add [1 5 14], sum is 20, answer is 0; MAX, compare [0 9], largest is 9, answer is "
    "9; MED, sort [9 12], sorted is [9 12], middle is 9 and 12, answer is 10",
    (
        "long",
        "parentheses",
    ): "SUM operator so we have to add the numbers [1 5 14], sum is 20 so the result modulo 10 is "
    "0, what remains is ( ( ( [MED ( ( ( [MAX 0 ) 9 ) ] ) ) 12 ) ] ); MAX operator so we have to find the largest of "
    "the numbers [0 9], largest is 9 so the result is 9, what remains is ( ( ( [MED 9 ) 12 ) ] ); MED operator so we "
    "have to find the middle of the numbers [9 12], sorted is [9 12], middle is 9 and 12 so the result is 10, answer "
    "is 10",
}


@pytest.mark.parametrize(("explain", "style"), GOLDEN)
def test_golden_rows(explain: str, style: str) -> None:
    record = listops.record(listops.Config(explain=explain, style=style, **LITTLE), "train", 0, 4)
    named = f"preset=explained-30,explain={explain},min_length=8,max_length=12,max_depth=3,max_args=4"
    assert record.id == f"listops/{named}{',style=parentheses' if style == 'parentheses' else ''}/train/0/4"
    assert record.prompt == (PLAIN if style == "plain" else PARENTHESES)
    assert record.completion == GOLDEN[explain, style]
    assert record.rationale == record.completion.removesuffix("; answer is 10").removesuffix("10" * (explain == "none"))
    assert record.answer == "10"
    assert record.meta == {"length": 11, "depth": 3, "operators": 3, "root": "MED"}


def test_the_papers_example_is_a_step() -> None:
    record = Record("", "listops", "[SUM 15 27 1 ]", "SUM, add [15 27 1], sum is 43, answer is 3", "3", "", {})
    assert check(replace(record, completion=record.rationale)) is None
    short = replace(record, rationale="SUM, 3", completion="SUM, 3; answer is 3")
    assert check(short) is None


# The drawing


@settings(max_examples=40)
@given(st.sampled_from(EVERY_WAY), st.sampled_from(["train", "test_longer", "test_larger"]), st.integers(0, 10**6))
def test_a_row_is_a_function_of_its_key_alone(config: listops.Config, split: str, index: int) -> None:
    config = replace(config, min_length=20, max_length=40)
    together = list(listops.records(config, split, 7, range(index, index + 5)))
    assert together == [listops.record(config, split, 7, i) for i in range(index, index + 5)]
    assert all(check(record) is None for record in together)


def test_explanations_are_written_about_the_same_questions() -> None:
    prompts = [
        [record.prompt for record in listops.records(listops.Config(explain=explain), "train", 0, range(50))]
        for explain in listops.EXPLANATIONS
    ]
    assert prompts[0] == prompts[1] == prompts[2] == prompts[3]
    other_seed = [record.prompt for record in listops.records(listops.Config(), "train", 1, range(50))]
    assert not set(prompts[0]) & set(other_seed)


def test_values_of_the_preset_given_again_change_nothing() -> None:
    assert listops.record(listops.Config(values=30), "test", 0, 5) == listops.record(listops.Config(), "test", 0, 5)


@pytest.mark.parametrize("explain", ["none", "medium"])
@pytest.mark.parametrize("split", ["train", "test_longer", "test_larger"])
def test_rows_are_within_their_bounds(split: str, explain: str) -> None:
    lengths, digits = Counter[int](), Counter[int]()
    for record in listops.records(listops.Config(explain=explain), split, 0, range(2000)):
        words = record.prompt.split()
        lengths[len(words)] += 1
        digits.update(int(word) for word in words if word.isdecimal())
        assert record.meta["length"] == len(words)
        assert record.meta["operators"] == words.count("]")
        assert int(record.meta["depth"] or 0) <= 10
    low, high = {"train": (50, 100), "test_longer": (100, 200), "test_larger": (50, 100)}[split]
    assert set(lengths) == set(range(low, high + 1))
    assert set(digits) == set(range(30, 60) if split == "test_larger" else range(30))
    assert max(digits.values()) < 1.5 * min(digits.values())  # every digit about equally often


def test_uniform_answers_are_uniform_and_natural_ones_are_not() -> None:
    shares = {}
    for answers in ("uniform", "natural"):
        rows = listops.records(listops.Config(answers=answers, explain="none"), "train", 0, range(12_000))
        counts = Counter(record.answer for record in rows)
        assert len(counts) == 30
        shares[answers] = max(counts.values()) / counts.total()
    assert shares["uniform"] < 0.04  # 1/30, and the spread of 400 rows a class
    assert shares["natural"] > 0.08


def recipe(rng: np.random.Generator, grammar: Grammar, depth: int = 1) -> list[str]:
    """The published recipe by its own words: grow a tree at random, whatever its length."""
    if depth > grammar.max_depth or (depth > 1 and rng.random() >= 0.25):
        return ["digit"]
    arguments = [recipe(rng, grammar, depth + 1) for _ in range(rng.integers(2, grammar.max_args + 1))]
    return ["[", *(token for argument in arguments for token in argument), "]"]


def test_shapes_are_those_the_recipe_keeps() -> None:
    """Lengths drawn on the way down give what growing and throwing away gives."""
    grammar = Grammar((0, 1, 2, 3), 0, 9, 10, 4, 3, 8, 14, uniform=False)
    rng = np.random.default_rng(0)
    kept = Counter[str]()
    while kept.total() < 4000:
        tree = recipe(rng, grammar)
        if grammar.shortest <= len(tree) <= grammar.longest:
            kept[" ".join(tree)] += 1
    drawn = Counter[str]()
    for row in draw(grammar, bits("shapes", 0, 40_000, grammar.longest * DRAWS)).tokens.tolist():
        drawn[" ".join("digit" if token >= 0 else "]" if token == -1 else "[" for token in row if token != -6)] += 1
    assert set(kept) <= set(drawn)
    for shape, count in kept.most_common(40):
        expected = drawn[shape] / 10
        assert abs(count - expected) < 5 * expected**0.5 + 3, shape


@pytest.mark.parametrize("answers", ["uniform", "natural"])
def test_every_expression_can_be_drawn(answers: str) -> None:
    config = listops.Config(
        answers=answers, min_length=4, max_length=5, values=3, modulus=2, max_args=3, explain="none"
    )
    rows = listops.records(config, "train", 0, range(40_000))
    everything = {record.prompt for record in rows}
    assert len(everything) == 4 * 3**2 + 4 * 3**3


@settings(max_examples=60)
@given(
    values=st.integers(2, 60), modulus=st.integers(2, 60), depth=st.integers(1, 6), args=st.integers(2, 7),
    length=st.integers(4, 60), operators=st.sets(st.sampled_from(["MIN", "MAX", "MED", "SUM"]), min_size=1),
    natural=st.booleans(), seed=st.integers(0, 99),
)  # fmt: skip
def test_any_possible_configuration_gives_rows_that_hold(
    values: int, modulus: int, depth: int, args: int, length: int, operators: set[str], natural: bool, seed: int
) -> None:
    config = listops.Config(
        explain="long", values=values, modulus=modulus, max_depth=depth, max_args=args, min_length=4,
        max_length=length, operators=",".join(operators), answers="natural" if natural else "uniform",
        train=1, validation=0, test=0, test_longer=0, test_larger=1,
    )  # fmt: skip
    if not natural and modulus > values:
        with pytest.raises(UsageError, match="--answers natural"):
            listops.check(config)
        return
    listops.check(config)
    for split in ("train", "test_larger"):
        for record in listops.records(config, split, seed, range(20)):
            assert check(record, modulus) is None
            assert len(record.prompt.split()) <= length
            assert {word[1:] for word in record.prompt.split() if word[0] == "["} <= operators
            assert int(record.meta["depth"] or 0) <= depth
            assert apply("MAX", [len(a) for a in _argument_lists(read(record.prompt))]) <= args


def _argument_lists(expression: object) -> list[list[object]]:
    if not isinstance(expression, tuple):
        return []
    return [expression[1], *(inner for argument in expression[1] for inner in _argument_lists(argument))]


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"min_length": 60, "max_length": 50}, "--min-length 60 is above --max-length 50"),
        ({"min_length": 5, "max_length": 6, "max_args": 2}, "no expression has 5 to 6 tokens"),
        ({"values": 1}, "--values 1: at least 2"),
        ({"max_length": 10**9}, "at most 5,000"),
        ({"operators": "MIN,AVG"}, "any of MIN,MAX,MED,SUM"),
        ({"modulus": 40}, "--answers natural"),
        ({"train": -1}, "--train -1: at least 0"),
        (dict.fromkeys(SMALL, 0), "no rows are asked for"),
        ({"min_length": 4, "max_length": 4, "values": 2, "modulus": 2, **SMALL, "train": 17}, "only 16 different"),
        ({"values": 1, "max_args": 1}, "--values 1: at least 2; --max-args 1: at least 2"),
    ],
)
def test_what_cannot_be_is_refused_in_words(options: dict[str, object], part: str) -> None:
    with pytest.raises(UsageError) as caught:
        listops.check(listops.Config(**options))
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


# The checker: every change of meaning is found


def _mutations(record: Record) -> dict[str, list[Record]]:
    """Every way we know to change the meaning of a row, by the name of what is done."""
    text, steps = record.rationale, record.rationale.split("; ")
    changed = {
        "a number": [
            f"{text[: m.start()]}{int(m[0]) + by}{text[m.end() :]}"
            for m in re.finditer(r"\d+", text) for by in (1, 10)
        ],
        "a number dropped": [f"{text[: m.start()]}{text[m.end() :]}" for m in re.finditer(r"\d+ ", text)],
        "an operator": [
            f"{text[: m.start()]}{name}{text[m.end() :]}"
            for m in re.finditer("MIN|MAX|MED|SUM", text) for name in ("MIN", "MAX", "MED", "SUM") if name != m[0]
        ],
        "two steps swapped": [
            "; ".join([*steps[:i], steps[j], *steps[i + 1 : j], steps[i], *steps[j + 1 :]])
            for i in range(len(steps)) for j in range(i + 1, len(steps)) if steps[i] != steps[j]
        ],
        "a step dropped": ["; ".join(steps[:i] + steps[i + 1 :]) for i in range(len(steps)) if len(steps) > 1],
        "a step said twice": ["; ".join([*steps[: i + 1], *steps[i:]]) for i in range(len(steps))],
    }  # fmt: skip
    closing = "" if text.endswith(f", answer is {record.answer}") else f"; answer is {record.answer}"
    rows = {
        what: [replace(record, rationale=other, completion=other + closing) for other in texts if other != text]
        for what, texts in changed.items()
    }
    rows["the answer"] = [replace(record, answer=str(int(record.answer) + by)) for by in (-1, 1, 10)]
    rows["the end of the completion"] = [replace(record, completion=record.completion + "1")]
    return rows


EXPECTED = {
    "two steps swapped": {"steps_out_of_order"},
    "a step dropped": {"missing_step", "steps_out_of_order"},
    "a step said twice": {"extra_step", "steps_out_of_order"},
    "the answer": {"answer_not_from_last_step"},
    "the end of the completion": {"wrong_completion"},
}


@settings(max_examples=30)
@given(st.sampled_from(["short", "medium", "long"]), st.sampled_from(["plain", "parentheses"]), st.integers(0, 10**5))
def test_every_change_of_meaning_is_found(explain: str, style: str, index: int) -> None:
    config = listops.Config(explain=explain, style=style, min_length=10, max_length=40)
    record = listops.record(config, "train", 3, index)
    for what, mutants in _mutations(record).items():
        for mutant in mutants:
            fault = check(mutant)
            assert fault is not None, (what, mutant.rationale)
            assert fault.reason in EXPECTED.get(what, {"wrong_step", "unreadable_step"}), (what, fault)


@settings(max_examples=30)
@given(st.sampled_from(["medium", "long"]), st.integers(0, 10**5), st.data())
def test_a_changed_question_is_found(explain: str, index: int, data: st.DataObject) -> None:
    record = listops.record(listops.Config(explain=explain, min_length=10, max_length=40), "train", 3, index)
    words = record.prompt.split()
    at = data.draw(st.sampled_from([i for i, word in enumerate(words) if word.isdecimal()]))
    words[at] = str(int(words[at]) + data.draw(st.sampled_from([1, 7, 10])))
    fault = check(replace(record, prompt=" ".join(words)))
    assert fault is not None
    assert fault.reason == "wrong_step"


def test_an_answer_alone_is_solved_again() -> None:
    record = listops.record(listops.Config(explain="none"), "train", 0, 0)
    fault = check(replace(record, answer=str(int(record.answer) + 10), completion=record.answer))
    assert fault is not None
    assert fault.reason == "wrong_answer"
    fault = check(replace(record, prompt=record.prompt[1:]))
    assert fault is not None
    assert fault.reason == "unreadable_prompt"


EXPRESSIONS = st.recursive(
    st.integers(0, 30).map(str),
    lambda parts: st.tuples(st.sampled_from(["[MAX", "[SUM", "[MED"]), st.lists(parts, min_size=2, max_size=4)).map(
        lambda drawn: f"{drawn[0]} {' '.join(drawn[1])} ]"
    ),
    max_leaves=20,
)


@given(EXPRESSIONS)
def test_the_checker_spells_parentheses_by_itself_as_the_builder_does(plain: str) -> None:
    assert expressions.parenthesised(plain) == parenthesised(plain)
    assert expressions.without_parentheses(expressions.parenthesised(plain)) == plain


@given(st.text(alphabet="[]MAX 12"))
def test_what_is_no_expression_can_be_spelled_too(text: str) -> None:
    assert expressions.parenthesised(text).replace("( ", "").replace(" )", "").split() == text.split()
