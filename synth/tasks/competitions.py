r"""Competition mathematics: MATH, AIME, and rows as NuminaMath has them.

MATH (Hendrycks et al. 2021, arXiv 2103.03874), its subset MATH-500 (Lightman et al. 2023, arXiv 2305.20050), AIME (the
problems of the American Invitational Mathematics Examination, whose answers are whole numbers from 0 to 999),
NuminaMath (Li et al. 2024) and what is made like it (OpenR1-Math). The answers of MATH and NuminaMath are expressions,
intervals, sets and the like, so their kind is `math`. One row of MATH's release, made up:

    {"problem": "Where is $x < x^2$?", "level": "Level 2", "type": "Algebra", "solution": "So $\\boxed{x < 0}$ or ..."}
"""

from collections.abc import Callable
from typing import Any

from synth.answers.reply import canonical
from synth.questions.bibtex import arxiv
from synth.questions.cells import Row
from synth.questions.layouts import PLAIN, Layout, Reader
from synth.questions.taken import boxed
from synth.questions.task import Hub, Question, Task

_NOT_WANTED = ("proof", "notfound", "not found", "incomplete", "-")


def _comparable(column: str, parse: Callable[[Any], str] = str) -> Callable[[Row], bool]:
    """Rows whose answer is mathematics; proofs, sentences, and problems that their source calls faulty are left out."""

    def keep(row: Row) -> bool:
        if any(str(row.get(name) or "Yes") != "Yes" for name in ("problem_is_valid", "solution_is_valid")):
            return False
        if row.get("question_type") in ("proof", "MCQ"):
            return False
        answer = parse(row[column]).strip()
        return answer.casefold() not in _NOT_WANTED and canonical(answer, "math") is not None

    return keep


ANSWERED = Layout("Hub", "{problem}", gold="answer", keep=_comparable("answer"))
MATH = (
    Layout("MATH-500", "{problem}", gold="answer", id="unique_id", keep=_comparable("answer")),
    Layout("release, Hub", "{problem}", gold="solution", parse=boxed, keep=_comparable("solution", boxed)),
    PLAIN,
)
AIME = (
    Layout("Hub", "{problem}", gold="answer", id="id"),
    Layout("Hub", "{Problem}", gold="Answer", id="ID"),
    Layout("Hub", "{Question}", gold="Answer", id="ID"),
    Layout("Hub", "{question}", gold="answer", id="id"),
    PLAIN,
)
NUMINA = (ANSWERED, *MATH[1:])

CLOSING = r"The answer is $\boxed{{answer}}$."
INSTRUCTION = "Solve this problem."

TASKS = (
    Task(
        name="math",
        family="competition",
        summary="competition problems whose answers are numbers, expressions, intervals, sets, ...",
        instruction=INSTRUCTION,
        kind="math",
        closing=CLOSING,
        read=Reader(*MATH),
        hub=Hub("DigitalLearningGmbH/MATH-lighteval"),
        licence="MIT",
        source="https://arxiv.org/abs/2103.03874",
        papers=(
            arxiv(
                "hendrycks2021measuring",
                "Measuring Mathematical Problem Solving With the {MATH} Dataset",
                "Hendrycks, Dan and Burns, Collin and Kadavath, Saurav and Arora, Akul and Basart, Steven and Tang, "
                "Eric and Song, Dawn and Steinhardt, Jacob",
                2021,
                "2103.03874",
                booktitle="NeurIPS",
            ),
        ),
        example=Question("example", "For which real $x$ is $x^2 < 4$? Answer with an interval.", gold="(-2, 2)"),
        reasons=(
            "$x^2 < 4$ means that $|x| < 2$, so $x$ lies between $-2$ and $2$. The ends are left out, because "
            "there $x^2 = 4$."
        ),
    ),
    Task(
        name="aime",
        family="competition",
        summary="problems of the AIME, whose answers are whole numbers from 0 to 999",
        instruction=INSTRUCTION,
        kind="number",
        closing=CLOSING,
        read=Reader(*AIME),
        hub=Hub("HuggingFaceH4/aime_2024", None, {"train": "train"}),
        source="https://artofproblemsolving.com/wiki/index.php/AIME_Problems_and_Solutions",
        example=Question("example", "How many whole numbers from 1 to 100 can 3 or 5 divide?", gold="47"),
        reasons=(
            "Of the numbers from 1 to 100, 3 divides 33 and 5 divides 20. The 6 multiples of 15 were counted "
            "twice, so there are 33 + 20 - 6 = 47."
        ),
    ),
    Task(
        name="numina",
        family="competition",
        summary="olympiad and school problems with one answer, as NuminaMath and OpenR1-Math have them",
        instruction=INSTRUCTION,
        kind="math",
        closing=CLOSING,
        read=Reader(*NUMINA),
        hub=Hub("AI-MO/NuminaMath-1.5", None, {"train": "train"}),
        licence="Apache 2.0",
        source="https://huggingface.co/datasets/AI-MO/NuminaMath-1.5",
        example=Question("example", "Solve $x^2 - 5x + 6 = 0$.", gold="x = 2, x = 3"),
        reasons="The left side is $(x - 2)(x - 3)$, and a product is zero if one of its factors is.",
    ),
)
