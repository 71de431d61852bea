"""What a reply commits to: a table of replies, what must hold of any, and the answers of real data sets."""

import json
import re
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.answers.kinds import Kind
from synth.answers.reply import canonical, majority, read_reply, same

TABLE = [json.loads(line) for line in Path(__file__).with_name("answers_replies.jsonl").read_text("utf-8").splitlines()]
KINDS: tuple[Kind, ...] = ("number", "option", "yes_no", "date", "text")
OPTIONS = ("bank", "river bank", "It rained. Tom stayed.")
TEXT = st.text() | st.text("The answer is not or 5,.$\\boxed{}()#<think/>\n", max_size=80)
# What has the number n in it and is not n.
NEAR = [
    *[
        "{} or six",
        "{}π",
        "{}\\pi",
        "{} 万元",
        "{}万",
        "{} тысяч",
        "{}x",
        "{}k",
        "{}th",
        "2x = {}",
        "a + b = {}",
        "-{}x",
    ],
    *["$x^2 = {}$", "at least {}", "{} dozen", "{} Millionen", "{}\\sqrt{{2}}", "{} and a half", "x > {}", "{}:30"],
    *[
        "{}^{{2}}",
        "{} ± 1",
        "{},5",
        "$\\sin x = {}$",
        "{} - 1",
        "not {}",
        "between {} and more",
        "{}₂",
        "\\boxed{{{}!}}",
    ],
]
CLOSINGS = ["The answer is {}.", "So the answer is: {}", "**Answer:** {}", "x\n#### {}", "Thus $\\boxed{{{}}}$", "{}"]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["reply"][:60] or "nothing")
def test_a_reply_is_read_as_the_table_says(row: dict[str, Any]) -> None:
    more = {name: row[name] for name in ("closing", "finish_reason") if name in row}
    reading = read_reply(row["reply"], row["kind"], row.get("options", ()), **more)
    assert (reading.outcome, reading.answer) == (row.get("outcome", "answered"), row.get("answer"))
    if "thinking" in row:
        assert reading.thinking == row["thinking"]


def test_the_table_is_long_and_names_no_reply_twice() -> None:
    assert len(TABLE) >= 1000
    assert len({json.dumps(row, sort_keys=True) for row in TABLE}) == len(TABLE)


@pytest.mark.parametrize(
    ("reply", "kind", "rationale"),
    [
        ("Let's think step by step. Nine at $2 make 18. The answer is $18.", "number", "Nine at $2 make 18."),
        ("Eight is more than two, so the answer is no.", "yes_no", "Eight is more than two."),
        ("Two and two.\n\nThis means that the answer is 4.", "number", "Two and two."),
        ("Two and two.\nA: So the answer is yes.", "yes_no", "Two and two."),
        ("Two and two. Therefore, **the answer is 4**.", "number", "Two and two."),
        ("Two and two.\n\n**Final Answer**\n\nThe answer is \\boxed{4}.", "number", "Two and two."),
        ("Two and two. The answer is 4.\n#### 4", "number", "Two and two."),
        ("Two and two: $2 + 2 = \\boxed{4}$.", "number", "Two and two: $2 + 2 = 4$."),
        ("Two and two.\n$$\\boxed{4}$$", "number", "Two and two."),
        ("The answer is B. It is rough.", "option", "It is rough."),
        ("It is not smooth. The answer is B. Rough.", "option", "It is not smooth."),
        ("Answer: 4\n\nExplanation: two and two.", "number", "Explanation: two and two."),
        ("<think>hm</think>Two and two. The answer is 4.", "number", "Two and two."),
        ("Two. Eggs are rough, which means the answer is no.", "yes_no", "Two. Eggs are rough."),
        ("It is a well-known fact the answer is no.", "yes_no", ""),
        ("Two and two.\n```\nThe answer is 4.\n```", "number", "Two and two."),
        ("1 + 1 = 2\n2 + 2 = 4\n#### 4", "number", "1 + 1 = 2\n2 + 2 = 4"),
        ("Two and two:\n2 + 2 = 4 km\n\nSo the answer is 4.", "number", "Two and two:\n2 + 2 = 4 km"),
        ("2 + 2 = 4\nThe answer is 4 km.\n\nThe answer is 4.", "number", "2 + 2 = 4"),
        ("1. Take two\n2. Double it\n\n- Therefore, the answer is 4.", "number", "1. Take two\n2. Double it"),
        ("It is rough\n- not smooth\n\n**Answer: B**", "option", "It is rough\n- not smooth"),
        ("\\[\n2 + 2 = 4\n\\]\n\nThe answer is 4.", "number", "\\[\n2 + 2 = 4\n\\]"),
        ("**2 + 2 = 4**\n\n**The answer is 4.**", "number", "**2 + 2 = 4**"),
        ("2 + 2 = 4\n```\nThe answer is 4\n```", "number", "2 + 2 = 4"),
        ("2 + 2 = 4\n**Final Answer**\n$$\n\\boxed{4}\n$$", "number", "2 + 2 = 4"),
        ("2 + 2 = 4\nTherefore,\n\\boxed{4}", "number", "2 + 2 = 4"),
        ("2 + 2 = 4. So the number of eggs is\n\\[ \\boxed{4} \\]", "number", "2 + 2 = 4."),
        ("So the number is:\n$$\n\\boxed{4}\n$$", "number", ""),
        ("## Solution\n\nThe answer is 4", "number", ""),
        ("Now we have the answer: 2 + 2 = 4\n\nSo, the answer is 4.", "number", "Now we have the answer: 2 + 2 = 4"),
        ("(B) rough\n\nThe answer is (B) rough.", "option", ""),
        ("(A) Rough\n\nThe answer is (B) rough.", "option", ""),
        ("It is rough\n\nThe answer is (B) rough.", "option", "It is rough"),
        ("4\n#### 4", "number", ""),
        ("Two and two.\n\nTherefore, 4 is the answer.", "number", "Two and two."),
        ("4", "number", ""),
        ("Nobody knows.", "number", "Nobody knows."),
    ],
)
def test_the_rationale_is_the_reply_without_its_closing_sentence(reply: str, kind: Kind, rationale: str) -> None:
    assert read_reply(reply, kind, ("smooth", "rough", "wet") if kind == "option" else ()).rationale == rationale


@pytest.mark.parametrize(
    ("closing", "reply", "rationale"),
    [
        ("答案是{answer}。", "二加二等于四，所以答案是4。", "二加二等于四。"),
        ("答案是{answer}。", "二加二等于四。因此，答案是4。", "二加二等于四。"),
        ("La réponse est {answer}.", "Deux et deux font quatre, donc la réponse est 4.", "Deux et deux font quatre."),
        ("答案是{answer}。", "所以答案是4。", ""),
    ],
)
def test_the_rationale_ends_where_a_closing_of_ones_own_begins(closing: str, reply: str, rationale: str) -> None:
    reading = read_reply(reply, "number", closing=closing)
    assert (reading.answer, reading.rationale) == ("4", rationale)


def test_the_words_of_the_answer_are_kept() -> None:
    assert read_reply("Nine times two. So the answer is **$18**. Bye.", "number").said == "So the answer is **$18**."


# Every way in which the number n may be written, as value and text.
def _written() -> st.SearchStrategy[tuple[Fraction, str]]:
    whole = st.integers(-(10**12), 10**12)
    cents = st.decimals(-(10**6), 10**6, places=2)
    parts = st.tuples(st.integers(-999, 999), st.integers(1, 999))

    def way(strategy: st.SearchStrategy[Any], *forms: Callable[[Any], str]) -> st.SearchStrategy[tuple[Fraction, str]]:
        def value(n: Any) -> Fraction:
            return Fraction(*n) if isinstance(n, tuple) else Fraction(n)

        return st.tuples(strategy, st.sampled_from(forms)).map(lambda drawn: (value(drawn[0]), drawn[1](drawn[0])))

    units = [str, "{:,}".format, "{} eggs".format, "{:,} dollars per day".format, "{}%".format, "**{}**".format]
    more = ["{} percent".format, "({})".format, "`{}`".format, "{}kg".format, "x = {}".format, "${}".format]
    return (
        way(
            whole,
            *units,
            *more,
            "{}.0".format,
            lambda n: f"{n:,}".replace(",", "{,}"),
            lambda n: f"{n}".replace("-", "−"),
        )
        | way(cents, *units, *more, lambda n: f"${n}" if n >= 0 else f"-${-n}", lambda n: f"{n:f}0")
        | way(parts, lambda p: f"{p[0]}/{p[1]}", lambda p: f"{'-' * (p[0] < 0)}\\frac{{{abs(p[0])}}}{{{p[1]}}}")
    )


@given(written=_written(), other=st.fractions(), closing=st.sampled_from(CLOSINGS))
def test_a_number_is_found_however_it_is_written(written: tuple[Fraction, str], other: Fraction, closing: str) -> None:
    value, text = written
    reading = read_reply(closing.format(text), "number")
    assert reading.answer is not None
    assert Fraction(reading.answer) == value
    assert same(reading.answer, f"{value}", "number")
    assert same(reading.answer, str(other), "number") == (other == value)


@given(
    value=st.integers(0, 10**9) | st.decimals(0, 10**6, places=2),
    group=st.sampled_from([",", " ", "\u202f", "\u2009", "\u00a0", "'", "{,}", "\\,", "\\;", ",\\!", "\\ "]),
    unit=st.sampled_from(
        ["", "%", "\\%", " €", "€", " ₽", " m²", " cm^{3}", "\\text{ cm}^2", "~\\mathrm{km}", "元", " 円", " ريال"]
    ),
    wrap=st.sampled_from(
        ["{}", "${}$", "$${}$$", "\\( {} \\)", "**{}**", "\\[ {} \\]", "$x = {}$", "$\\left( {} \\right)$"]
    ),
    closing=st.sampled_from(
        [
            *CLOSINGS,
            "The answer to this problem is {}.",
            "- **Answer:** {}",
            "> Answer: {}",
            "Answer {}</s>",
            "The answer is {}<|im_end|>",
        ]
    ),
)
def test_a_number_is_found_in_any_dress(value: Any, group: str, unit: str, wrap: str, closing: str) -> None:
    written = wrap.format(f"{value:,}".replace(",", group) + unit)
    closing = closing if wrap[0] in "$\\" else closing.replace("Answer {}", "Answer: {}")
    assert read_reply(closing.format(written), "number").answer == canonical(str(value), "number")


@given(
    value=st.integers(2, 10**6),
    near=st.sampled_from(NEAR),
    closing=st.sampled_from([form for form in CLOSINGS if form != "{}"]),
)
def test_what_only_holds_a_number_is_not_read_as_that_number(value: int, near: str, closing: str) -> None:
    assert read_reply(closing.format(near.format(value)), "number").answer is None


@given(text=TEXT, reason=st.sampled_from([None, "stop", "length", "content_filter"]), closing=TEXT, thinking=TEXT)
@pytest.mark.parametrize("kind", KINDS)
def test_any_text_can_be_read(kind: Kind, text: str, reason: str | None, closing: str, thinking: str) -> None:
    for options in ((), OPTIONS):
        reading = read_reply(text, kind, options, closing=closing, thinking=thinking, finish_reason=reason)
        assert (reading.outcome == "answered") == (reading.answer is not None)
        assert (reading.outcome == "truncated") == (reason == "length")
        assert not (reading.answer and canonical(reading.answer, kind, options) is None)


@given(text=TEXT)
@pytest.mark.parametrize("kind", KINDS)
def test_a_canonical_answer_is_canonical(kind: Kind, text: str) -> None:
    found = canonical(text, kind, OPTIONS)
    assert found is None or canonical(found, kind, OPTIONS) == found


@given(reply=st.sampled_from(TABLE), thought=TEXT.filter(lambda text: "<" not in text))
def test_thinking_never_decides(reply: dict[str, Any], thought: str) -> None:
    text, kind, options = reply["reply"], reply["kind"], reply.get("options", ())
    plain = read_reply(text, kind, options)
    for other in (
        read_reply(text, kind, options, thinking=thought),
        read_reply(f"<think>{thought}</think>{text}", kind, options),
    ):
        assert (other.outcome, other.answer, other.rationale) == (plain.outcome, plain.answer, plain.rationale)


def _is_a_plain_closing(row: dict[str, Any]) -> bool:
    reply = row["reply"]
    return "answer" in row and reply.startswith("The answer") and reply.endswith(".") and row["kind"] != "text"


@given(talk=st.lists(st.sampled_from(["I hope 5 helps.", "Is it?", "Eggs (B) are 17.", "No doubt!", "#", "yes."])))
@settings(max_examples=25)  # of each of a hundred rows
@pytest.mark.parametrize("row", list(filter(_is_a_plain_closing, TABLE)), ids=lambda row: row["reply"])
def test_what_is_said_after_the_closing_sentence_changes_nothing(row: dict[str, Any], talk: list[str]) -> None:
    reply = "\n".join([row["reply"], *talk])
    assert read_reply(reply, row["kind"], row.get("options", ())).answer == row["answer"]


HOSTILE = [
    *[
        "(",
        "The answer is ",
        "if the answer is ",
        "\\boxed{",
        "\\boxed{1} ",
        "<think>",
        "</think>",
        "9",
        "####",
        "\n#### x",
    ],
    *[
        "\nQ: ",
        " ",
        "\n",
        ".",
        "* ",
        '"',
        "the ",
        "1,",
        "answer ",
        "$",
        "\\frac{",
        "A. ",
        '"\\boxed{1}" ',
        "= ",
        "So, ",
    ],
    *["Answer:\n", "so the answer is 5? ", "The answer is 5. ", "> The answer is 5.\n"],
]


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("kind", ["number", "option"])
def test_long_and_hostile_texts_come_to_an_end(piece: str, kind: Kind) -> None:
    text = piece * (200_000 // len(piece))
    read_reply(f"The answer is {text}", kind, OPTIONS)
    canonical(text, kind, OPTIONS)


def test_numbers_are_compared_exactly() -> None:
    assert same("3.0", "3", "number")
    assert same("0.75", "3/4", "number")
    assert not same("0.333", "1/3", "number")
    assert not same(None, None, "number")
    assert not same("1776", "1776-07-04", "date")


def test_the_majority_is_of_all_answers_and_the_first_of_equals() -> None:
    assert majority(["3/4", "1", "0.75", None], "number") == ("3/4", 0.5)
    assert majority(["B", "A", "A", "B"], "option") == ("B", 0.5)
    assert majority([None, None], "option") == (None, 0.0)
    assert majority([], "option") == (None, 0.0)


# Real data


def _gpt3(folder: Path) -> list[dict[str, str]]:
    files = sorted((folder / "mario").glob("*/gpt3/*.jsonl"))
    return [row for file in files for row in json.loads(file.read_text("utf-8")).values()]


def _kind(row: dict[str, str]) -> Kind:
    return "option" if row["gold_label"].startswith("(") else "yes_no"


def test_verdicts_on_real_responses_agree_with_their_labels(shared_data: Path) -> None:
    counts: Counter[str] = Counter()
    for row in _gpt3(shared_data):
        kind, label, rationale = _kind(row), row["predicted_label"], row["predicted_rationale"]
        gold = canonical(row["gold_label"], kind)
        reply = f"{rationale} So the answer is {label}."
        reading = read_reply(reply, kind)
        assert same(canonical(label, kind), gold, kind) == (label == row["gold_label"])
        assert same(reading.answer, gold, kind) == (label == row["gold_label"]), reply
        assert (reading.answer is None) == (label == ""), reply
        counts[reading.outcome] += 1
    assert counts == {"answered": 16_013, "no_answer": 192}


def test_gold_answers_of_real_data_are_canonical(shared_data: Path) -> None:
    for file in sorted((shared_data / "gsm8k").glob("*.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            answer = json.loads(line)["answer"]
            gold = answer.rpartition("####")[2].strip()
            assert canonical(gold, "number") == gold.replace(",", "")
            assert read_reply(answer, "number").answer == gold.replace(",", "")
    for file in sorted((shared_data / "commonsenseqa").glob("*.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            row = json.loads(line)
            texts = [choice["text"] for choice in row["question"]["choices"]]
            letter = row["answerKey"]
            right = texts[ord(letter) - ord("A")]
            assert canonical(letter, "option", texts) == letter
            assert read_reply(f"The answer is ({letter}) {right}.", "option", texts).answer == letter
            alone = read_reply(f"The answer is {right}.", "option", texts).answer
            assert alone == (letter if texts.count(right) == 1 else None)


def test_outputs_of_a_base_model_are_read_like_a_simple_look(shared_data: Path) -> None:
    for file in sorted((shared_data / "mario").glob("*/llama/*.jsonl")):
        kind: Kind = "option" if "quarel" in file.name else "yes_no"
        for line in file.read_text("utf-8").splitlines():
            row = json.loads(line)
            looked = re.findall(r"answer is:? \(?(A|B|yes|no)\b", row["trunc_output"])
            answer = read_reply(row["trunc_output"], kind, closing="So the answer is: {answer}").answer
            assert answer == (looked[-1] if looked else None), row["trunc_output"]
            assert read_reply(row["full_output"], kind).answer in (answer, None), row["full_output"]


def test_decimals_are_exact() -> None:
    assert canonical("0.1", "number") == str(Decimal("0.1"))
    assert canonical("1e-20", "number") == f"{Decimal('1e-20'):f}"
