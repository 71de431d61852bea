"""Answers that are no single number: what is read, which are the same, and what takes too long."""

import time

import pytest
from slow_work import prepare, work

from synth.answers import mathematics
from synth.answers.reply import canonical, majority, read_reply, same
from synth.workers.limited import Limited


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (r"The answer is $\boxed{[0, 1)}$.", "[0, 1)"),
        (r"So $x$ lies in $\boxed{(2, \infty)}$.", r"(2, \infty)"),
        ("The answer is $x^2 + 1$.", "x^2 + 1"),
        ("The answer is the interval $[0, 1)$.", "[0, 1)"),
        (r"**Final Answer:** \(\{1, 2\}\)", r"\{1, 2\}"),
        ("Final answer: The solution is $x = 2y$.", "x = 2y"),
        ("The answer is $2x + z = 1$.", "2x + z = 1"),
        ("The answer is $x = 4$.", "4"),
        ("The answer is 18 dollars.", "18"),
        (r"The answer is $\frac{6}{8}$.", "3/4"),
        (r"The answer is $90^\circ$.", "90"),
        ("The answer is (1,234).", "(1,234)"),
        ("The answer is x = 1 or x = 2.", "x = 1 or x = 2"),
        ("The answer is $x = 1$ or $x = 2$.", "x = 1, x = 2"),
        (r"Both hold: \boxed{1} and \boxed{2}", "1, 2"),
        (r"The answer is \boxed{1}, \boxed{2}.", "1, 2"),
        (r"The answer is \(\boxed{a + b}\), because it is.", "a + b"),
        ("The answer is:\n\\[\n\\begin{pmatrix} 1 & 2 \\\\\n3 & 4 \\end{pmatrix}\n\\]", None),
        ("The answer is Tuesday.", r"\text{tuesday}"),
        (r"The answer is $\text{Tuesday}$.", r"\text{Tuesday}"),
        ("The answer is $(1, 2)$.</s>", "(1, 2)"),
        ("<think>$(3, 4)$</think>$(1, 2)$", "(1, 2)"),
    ],
)
def test_mathematics_is_found_behind_closing_forms(reply: str, answer: str | None) -> None:
    reading = read_reply(reply, "math")
    assert reading.outcome == "answered"
    assert answer is None or reading.answer == answer


@pytest.mark.parametrize(
    "reply",
    [
        "The answer is all the numbers that divide twelve.",
        "The answer is shown in the figure above this text.",
        "The answer is not $x + 1$.",
        "The answer is either $x$ or something else entirely.",
        r"The answer is \boxed{}.",
        r"The answer is $\nosuchthing{x}{y}{$.",
        "The answer is $x$ if $n$ is even.",
        "Answer: Let $x$ be the number of pens that Ana has on Monday.",
        r"It is \boxed{1} or \boxed{2}.",
        "$x + 1$ is what we begin with, and then we go on to $x + 2$.",
        "The answer is $x + 1$. Wait, that is wrong.",
    ],
)
def test_prose_and_what_cannot_be_read_is_no_answer(reply: str) -> None:
    assert read_reply(reply, "math").outcome == "no_answer"


SAME = [
    *[("(x+1)^2", "x^2 + 2x + 1"), (r"\frac{1}{2}", "0.5"), (r"\sqrt{8}", r"2\sqrt{2}"), ("2, 1", "1, 2")],
    *[(r"\{2, 1\}", r"\{1, 2\}"), (r"x \in [0, 1)", "[0, 1)"), (r"[0,1) \cup (2,\infty)", r"[0, 1)\cup(2, \infty)")],
    *[("(1, 0.5)", r"\left(1, \frac{1}{2}\right)"), ("x < 1", "1 > x"), (r"\sin^2 x + \cos^2 x", "1"), ("x=4", "4")],
    *[
        ("x = 1 or x = 2", r"x = 1 \text{ or } x = 2"),
        (r"\text{Tuesday}", "Tuesday"),
        (r"1 \pm \sqrt{3}", r"1\pm\sqrt 3"),
    ],
    *[(r"\begin{pmatrix} 1 & 2 \end{pmatrix}", r"\begin{bmatrix} 1 & 2 \end{bmatrix}"), ("2x + 4y = 6", "x + 2y = 3")],
    *[(r"\frac{\pi}{2}", r"0.5\pi"), ("28\\%", "28"), ("y = 2x + 1", "2x - y + 1 = 0"), (r"5 \text{ cm}^2", "5")],
]
OTHER = [
    *[("(x+1)^2", "x^2 + 1"), ("[0, 1)", "[0, 1]"), ("(1, 2)", "(2, 1)"), ("x < 1", "x > 1")],
    *[("2x + z = 1", "1"), ("a^2 + b = 0", "0"), ("a + 3z = 0", "0"), ("1, 2", "1, 2, 3"), (r"\pi", "3.14")],
    *[(r"\text{Tuesday}", r"\text{Monday}"), ("x + 2n + 1", "x + 1"), (r"2\sqrt{3}", "2"), ("1", "2x + z = 1")],
    *[(r"\frac{1}{2004!}", r"\frac{1}{2006!}"), ("f(x)", "f(y)"), (r"\nosuch{x", r"\nosuch{x"), ("dear", "read")],
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_equal_expressions_are_the_same(one: str, other: str) -> None:
    assert same(canonical(one, "math"), canonical(other, "math"), "math")


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_other_expressions_are_not(one: str, other: str) -> None:
    assert not same(canonical(one, "math"), canonical(other, "math"), "math")


@pytest.mark.parametrize("text", sorted({part for pair in [*SAME, *OTHER] for part in pair}))
def test_a_canonical_expression_is_canonical(text: str) -> None:
    found = canonical(text, "math")
    assert found is not None
    assert canonical(found, "math") == found
    assert canonical(read_reply(rf"The answer is $\boxed{{{found}}}$.", "math").answer or found, "math") == found


def test_the_majority_is_of_answers_that_mean_the_same() -> None:
    assert majority(["x+1", "2", "1+x", None], "math") == ("x+1", 0.5)


def test_what_takes_too_long_is_no_answer_and_the_next_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mathematics, "_elsewhere", Limited(work, prepare, 0.3))
    mathematics.understood.cache_clear()
    start = time.monotonic()
    assert not mathematics.understood("x + 987")
    assert not same("x + 987", "987 + x", "math")
    assert time.monotonic() - start < 60
    monkeypatch.undo()
    mathematics.understood.cache_clear()
    assert mathematics.understood("x + 987")


@pytest.mark.parametrize(
    ("reply", "gold", "right"),
    [
        ("The answer is $5!$.", "5", False),
        (r"\boxed{5!}", "5", False),
        (r"\boxed{5!}", "120", True),
        ("The answer is $120$.", "5!", True),
        ("The answer is $n!$.", "n", False),
        ("The answer is $(n+1)!$.", "(n+1)!", True),
        ("The answer is $5! + 1$.", "5!", False),
        ("The answer is $5! + 1$.", "121", True),
        ("The answer is Monday!", "Monday", True),
        ("The answer is $12_{5}$.", "12_{6}", False),
        ("The answer is $12_{5}$.", "12_5", True),
        ("The answer is $12$.", "12_5", True),
        (r"-\boxed{x}", "x", False),
        (r"\boxed{x}^2", "x", False),
    ],
)
def test_factorials_bases_and_parts_of_expressions_are_told_apart(reply: str, gold: str, right: bool) -> None:
    answer = read_reply(reply, "math").answer
    assert same(answer, canonical(gold, "math"), "math") is right
