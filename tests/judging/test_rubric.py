"""The judge `rubric`: what a model is shown, and how its replies are read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judged_rows import row

from synth.data.verdict import Verdict, majority
from synth.judges import rubric


def test_rubric_shows_question_rationale_and_answer() -> None:
    system, user = rubric.messages(row("3 * 3 = 9 eggs"))
    assert (system["role"], user["role"]) == ("system", "user")
    assert "Helpful or Unhelpful" in system["content"]
    for part in ("how many?", "3 * 3 = 9 eggs", "<answer>\n9\n</answer>"):
        assert part in user["content"]


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        ("The steps lead there.\nHelpful", "helpful"),
        ("They do not.\n\nUnhelpful", "unhelpful"),
        ("...\n**Helpful**.", "helpful"),
        ("...\n## Verdict: unhelpful", "unhelpful"),
        ("...\n**Conclusion:** *Helpful*\n", "helpful"),
        ("...\nMy final verdict is: Helpful!", "helpful"),
        ("...\nThe rationale is Helpful.", "helpful"),
        ("Unhelpful\nNo, on second thought:\nHelpful", "helpful"),
        ('..."Unhelpful"', "unhelpful"),
        ("Helpful or Unhelpful", None),
        ("It is not helpful", None),
        ("Helpful?", None),
        ("I would call it helpful in most ways.", None),
        ("helpfully", None),
        ("", None),
        ("Partly helpful", None),
    ],
)
def test_rubric_reads_the_last_line_that_is_a_verdict(reply: str, verdict: str | None) -> None:
    found = rubric.parse(reply)
    assert found.verdict == verdict
    assert found.judge == "rubric"
    assert found.detail == reply.strip()


@pytest.mark.parametrize(
    ("votes", "verdict"),
    [
        ("h", "helpful"),
        ("hhu", "helpful"),
        ("uuh", "unhelpful"),
        ("hu", None),
        ("--u", "unhelpful"),
        ("-hhuu", None),
        ("---", None),
        ("", None),
    ],
)
def test_rubric_goes_by_the_majority_of_the_votes_that_are_one(votes: str, verdict: str | None) -> None:
    said = {"h": "helpful", "u": "unhelpful", "-": None}
    assert majority("rubric", [Verdict("rubric", said[vote], vote) for vote in votes]).verdict == verdict


@settings(deadline=None)
@given(st.text())
def test_rubric_reads_anything(text: str) -> None:
    assert rubric.parse(text).verdict in (*rubric.MENU, None)
