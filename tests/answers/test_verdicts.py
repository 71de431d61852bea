"""The verdict that a judge's reply commits to."""

import sys
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.answers.verdicts import choice

HELPFUL = ("helpful", "unhelpful")
SCALE = ("1", "2", "3", "4", "5")
YES = ("yes", "no")
GOOD = ("bad", "ok", "good")
RIGHT = ("right", "wrong")
PARTS = ("fully correct", "partly correct", "incorrect")
REPLIES = {
    HELPFUL: [
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
        ('{"verdict": "Helpful"}', "helpful"),
        ('{"analysis": "...", "verdict": "Helpful|Unhelpful"}', None),
        ('Here: {"verdict":"unhelpful","score":1}', None),
        ("Verdict (Helpful or Unhelpful): Helpful", "helpful"),
        ("Verdict: Helpful/Unhelpful", None),
        ("Verdict: Helpful, because the steps lead there.", "helpful"),
        ("Verdict: Helpful, mostly", None),
        ("Helpful. The steps lead there.", "helpful"),
        ("Helpful: the steps lead there", "helpful"),
        ("Helpful. Wait, step 2 is wrong.", None),
        ("Helpful\n\nHmm, actually the second step is off.", None),
        ("Helpful\nActually, it should be Unhelpful.\nUnhelpful", "unhelpful"),
        ("Verdict: Helpful\nCorrection: Unhelpful", None),
        ("Verdict: Helpful. Sorry, I mean Unhelpful", None),
        ("Helpful\nVerdict: Perhaps", None),
        ("Helpful\nUnhelpful", None),
        ("- Helpful\n\n- Unhelpful", None),
        ("Verdict: Helpful\nUnhelpful", None),
        ("The verdict is Unhelpful; the second step does not follow.", "unhelpful"),
        ("✅ Helpful", "helpful"),
        ("The explanation is **helpful**.", "helpful"),
        ("Close with one word, either Helpful or Unhelpful.", None),
        ("Final answer: \\text{Helpful}", "helpful"),
        ("### Analysis\nThe steps are fine.\n\n### Verdict\nHelpful", "helpful"),
        ("**Helpful**\n\n**Reasoning:** each step follows.", "helpful"),
        ("> Helpful", "helpful"),
        ("`Helpful`", "helpful"),
        ("My verdict:\n\n**Unhelpful**", "unhelpful"),
        ("So, overall, the explanation is helpful.", "helpful"),
        ("Therefore, my final verdict is: **Unhelpful**.", "unhelpful"),
        ("I conclude: helpful", None),
        ("The explanation would be helpful if step 2 were right.", None),
        ("The explanation is helpful only to experts.", None),
        ("The explanation is helpful, but step two is wrong.", None),
        ("The explanation is not Helpful.", None),
        ("Verdict: Not helpful", None),
        ("Verdict: neither Helpful nor Unhelpful", None),
        ("Verdict: Helpful or Unhelpful?", None),
        ("Final verdict — Helpful", "helpful"),
        ("VERDICT: HELPFUL", "helpful"),
        ("Verdict = Helpful", "helpful"),
        ("{'verdict': 'Helpful'}", "helpful"),
        ('{"verdict": "Helpful", "confidence": 0.9}', "helpful"),
        ('{"verdict": null}', None),
        ('{"verdict": ["Helpful","Unhelpful"]}', None),
        ('{"final_verdict":"Unhelpful"}', "unhelpful"),
        ('[{"verdict":"Helpful"}]', "helpful"),
        ('{"verdict":"Helpful"}\n{"verdict":"Unhelpful"}', None),
        ("Is it Helpful or Unhelpful? Helpful.", None),
        ("First I thought Unhelpful. But all steps hold.\n\nHelpful", "helpful"),
        ("Unhelpful would be too harsh.\nHelpful", "helpful"),
        ("Helpful\n\nNote: the wording could be improved.", "helpful"),
        ("Helpful\n\nLet me reconsider. The second step is wrong.", None),
        ("The answer is 12.\nHelpful", "helpful"),
        ("Rate: Helpful | Unhelpful", None),
        ("Choose one: Helpful, Unhelpful.", None),
        ("Helpful, Unhelpful", None),
        ("Options:\n1. Helpful\n2. Unhelpful", None),
        ("Options:\n(a) Helpful\n(b) Unhelpful", None),
        ("* Helpful: the steps lead to the answer\n* Unhelpful: they do not", None),
        ("- **Helpful** - leads to the answer\n- **Unhelpful** - does not", None),
    ],
    SCALE: [
        ("1 bad 2 ok 3 good", None),
        ("1 - bad\n2 - ok\n3 - good", None),
        ("1: bad\n2: ok\n3: good", None),
        ("1\n2\n3\n4\n5", None),
        ("Score 1: bad\nScore 2: ok\nScore 3: good", None),
        ('{"score": 4, "reason": "fine"}', "4"),
        ('```json\n{"score": "4/5"}\n```', "4"),
        ("Score: 4/5", "4"),
        ("**4**", "4"),
        ("Rating: [[4]]", "4"),
        ("Rating (1-5): 4", "4"),
        ("<score>4</score>", "4"),
        ("**Score:** 4 out of 5", "4"),
        ("\\boxed{4}", "4"),
        ("Score: 4/10", None),
        ("Score: 7", None),
        ("Score: 4.5", None),
        ("4.0", "4"),
        ("I would rate this explanation 4 out of 5.", "4"),
        ("I give it a 3.", "3"),
        ("The answer is 4.", None),
        ("Good steps.\n4\n", "4"),
        ("4\n\nGood steps in general.", "4"),
        ("Score: 4 - between 3 and 5", None),
        ("Score: 4. The steps are clear.", "4"),
        ("Score: 4, because the steps are clear", "4"),
        ("Step 1\nStep 2\nAll fine", None),
        ("| Score | 4 |", "4"),
        ("Overall: 4", "4"),
        ("4/5", "4"),
        ("4 stars", "4"),
        ("Clarity: 4\nAccuracy: 5\nOverall score: 4", "4"),
        ("Clarity: 4\nAccuracy: 5", None),
        ("Score 1: wrong\nScore 2: weak\nScore 5: perfect\n\nI'd give this a 4.", "4"),
        ("\uff15/5", "5"),
        ("4 (good)", "4"),
        ("Rating: ★★★★☆ (4/5)", "4"),
        ("Scores:\n1 = bad\n2 = ok\n3 = good", None),
        ('{"scale": "1-5"}\n3', "3"),
        ("Rating: 1 - bad, 2 - ok, 3 - good", None),
        ("I'd rate this a 4/5.", "4"),
        ("Final score: **4/5**", "4"),
        ("Score: four", None),
        ("Score: -4", None),
        ("Rating: 4 / 5", "4"),
        ("Overall rating: 4 (out of 5)", "4"),
        ("The rating is 4.", "4"),
        ("Grade: 4+", None),
        ("Score: 3-4", None),
        ("Score: 3 or 4", None),
        ("Score: 4-5", None),
        ("4 or 5", None),
        ("Score: 4,5", None),
        ("Score 4", "4"),
        ("Score: 4%", None),
        ("Score: 10", None),
        ("Score: 5/5 ⭐", "5"),
        ("### Score\n4", "4"),
        ("### Score: 4\n\n### Why\n3 of 4 steps hold.", "4"),
        ("Scores: 4, 5", None),
        ("I would give it a 4. Actually, make that a 3.", None),
        ("I would give it a 4. On reflection, 3.", None),
        ("Score: 4\n\nScore: 3", "3"),
        ('{"score": 4.0}', "4"),
        ('{"score": 4.4}', None),
        ('{"rating": 4, "score": 3}', None),
        ('{"clarity": 3, "overall": 4}', "4"),
        ("Overall, 4.", "4"),
        ("1 = useless\n...\n5 = perfect", None),
        ("Score 1-5:\n4", "4"),
        ("(1) bad (2) ok (3) good", None),
        ("1 (bad)\n2 (ok)\n3 (good)", None),
        ("Rate from 1 to 5.\n5", "5"),
        ("* 1: bad\n* 2: ok", None),
    ],
    YES: [
        ("I'd say yes. Actually no.", "no"),
        ("I'd say yes. Actually, no.", "no"),
        ("Yes... no.", None),
        ("Yes. Wait, let me re-check. Step 2 is off.", None),
        ("Yes, the explanation leads there.", "yes"),
        ("No.", "no"),
        ("Is step 1 right? Yes. Is step 2? No. \nSo it is fine.", None),
        ("Is it good? No.", None),
        ("**Answer:** yes", "yes"),
        ("There are no errors.", None),
        ("Yes", "yes"),
        ("yes.", "yes"),
        ("No, it is not.", "no"),
        ("Yes and no.", None),
        ("No doubt about it: yes.", None),
        ("Answer: No", "no"),
        ("It is right. Yes.", "yes"),
    ],
    GOOD: [
        ("1 bad 2 ok 3 good", None),
        ("1. bad\n2. ok\n3. good", None),
        ("- bad\n- ok\n- good", None),
        ("bad, ok, good", None),
        ("- bad\n- ok\n- good\n\nVerdict: ok", "ok"),
        ("bad / ok / good\ngood", "good"),
        ("Rating: 1 bad 2 ok 3 good", None),
        ("1 bad\n2 ok\n3 good\nMy rating: 3 good", None),
    ],
    RIGHT: [
        ("All right.", None),
        ("The answer is right.", "right"),
        ("Right.", "right"),
        ("The answer is wrong because 3+4=7.", "wrong"),
        ("Right, so the first step is adding. It is off by one. Wrong.", "wrong"),
    ],
    PARTS: [
        ("Partly correct", "partly correct"),
        ("Verdict: fully  correct", "fully correct"),
        ("Verdict: correct", None),
        ("incorrect", "incorrect"),
        ("Fully correct / Partly correct / Incorrect", None),
    ],
}


@pytest.mark.parametrize(("menu", "reply", "verdict"), [(m, *case) for m, cases in REPLIES.items() for case in cases])
def test_a_verdict_or_a_reason_why_there_is_none(menu: tuple[str, ...], reply: str, verdict: str | None) -> None:
    found = choice(reply, menu)
    assert found.verdict == verdict
    assert bool(found.why) == (verdict is None)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("", "the reply is empty"),
        ("All is well.", "the reply says none of yes, no"),
        ("Yes\nNo", "the reply lists yes and no one after the other"),
        ("Yes. Wait, let me see.", "the reply takes yes back"),
    ],
)
def test_the_reason_is_named(reply: str, why: str) -> None:
    assert choice(reply, YES).why == why


ANALYSES = [
    "",
    "Step 2 follows from step 1.\n",
    "It adds 3 and 4, and gets 7. All is well.\n\n",
    "# Analysis\n- fine\n- fine\n\n",
]
FORMS = ["{}", "**{}**", "Verdict: {}", "## Final verdict: {}.", "My rating is {}!", "`{}`", '{{"verdict": "{}"}}',
         "<verdict>{}</verdict>", "\\boxed{{{}}}", "[[{}]]", "Overall: {}", "| Verdict | {} |"]  # fmt: skip
REASONS = ["", "\n", "\n\nEvery step is needed, and none is missing.", "\n\nReason: the sums are right."]


@settings(deadline=None)
@given(*map(st.sampled_from, (ANALYSES, FORMS, REASONS, [HELPFUL, SCALE, YES, GOOD, RIGHT, PARTS])), st.data())
def test_a_plain_verdict_is_read_in_many_forms(
    analysis: str, form: str, reason: str, menu: tuple[str, ...], data: st.DataObject
) -> None:
    verdict = data.draw(st.sampled_from(menu))
    said = data.draw(st.sampled_from([verdict, verdict.upper(), verdict.capitalize()]))
    bare_number = menu is SCALE and form in ("{}", "**{}**", "`{}`", "\\boxed{{{}}}", "[[{}]]")
    reply = analysis + form.format(said) + ("" if bare_number else reason)
    assert choice(reply, menu).verdict == verdict


PIECES = ["Helpful", "unhelpful", "4", "/5", "Score", "Verdict", ":", "\n", ". ", "**", "{", "}", '"', "no", "wait,",
          "-", "(", ")", "|", "<score>", "is", "?", "\\boxed", "or", "because"]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=80), st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join)))
def test_no_reply_is_too_strange(text: str) -> None:
    for menu in (HELPFUL, SCALE):
        found = choice(text, menu)
        assert found.verdict in (*menu, None)
        assert bool(found.why) == (found.verdict is None)


@pytest.mark.parametrize(
    "piece", ["a. ", "1\n", "{", '{"a":', "so, ", "my final ", "Verdict: ", "Helpful\n", "<b>", "("]
)
def test_work_grows_with_the_length_alone(piece: str) -> None:
    def calls(length: int) -> int:
        number = count()
        sys.setprofile(lambda _frame, _event, _argument: next(number))
        try:
            choice((piece * length)[:length], HELPFUL)
        finally:
            sys.setprofile(None)
        return next(number)

    assert calls(8_000) < 12 * calls(1_000) + 1000
