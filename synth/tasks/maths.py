"""Word problems whose answer is a number: GSM8K, SVAMP, ASDiv, MultiArith.

GSM8K (Cobbe et al. 2021, arXiv 2110.14168), SVAMP (Patel et al. 2021, arXiv 2103.07191), ASDiv (Miao et al. 2020,
arXiv 2106.15772), MultiArith (Roy and Roth 2015, arXiv 1608.01413). One row of GSM8K's release, made up:

    {"question": "Ana has 3 pens and buys 4. How many has she?", "answer": "3 + 4 = <<3+4=7>>7 pens.\\n#### 7"}
"""

import re
from typing import Any

from synth.questions.bibtex import arxiv
from synth.questions.cells import Row
from synth.questions.layouts import PLAIN, Layout, Reader
from synth.questions.taken import after
from synth.questions.task import Hub, Question, Task, Worked
from synth.questions.written import Form, Part

INSTRUCTION = "Work out the answer to this math problem."


def _without_marks(answer: str) -> str:
    """GSM8K has marks for a calculator, `3+4=<<3+4=7>>7`, which are no part of the text."""
    return re.sub(r"<<[^<>]*>>", "", answer)


def _first(solutions: list[Any]) -> Any:
    return solutions[0]


def _without_unit(answer: str) -> str:
    """ASDiv writes the unit after the number: `9 (apples)`."""
    return re.sub(r"\s*\(.*?\)", "", str(answer)).strip()


def _one_number(column: str) -> Any:
    """Some of ASDiv's answers are two numbers, a ratio, a time or a word; those are left out."""

    def keep(row: Row) -> bool:
        return re.fullmatch(r"-?[\d,]*\.?\d+", _without_unit(row[column])) is not None

    return keep


GSM8K = (Layout("release, Hub", "{question}", gold="answer", parse=after("####")), PLAIN)  # ends with #### 1,080
SVAMP = (Layout("release, Hub", "{Body} {Question}", gold="Answer", id="ID"), PLAIN)
ASDIV = (
    Layout("release", "{Body} {Question}", gold="Answer", id="ID", parse=_without_unit, keep=_one_number("Answer")),
    Layout("Hub", "{body} {question}", gold="answer", parse=_without_unit, keep=_one_number("answer")),
    Layout("Hub (Calc-asdiv_a)", "{question}", gold="result", id="id"),
    PLAIN,
)
MULTIARITH = (
    Layout("release", "{sQuestion}", gold="lSolutions", id="iIndex", parse=_first),
    Layout("Hub", "{question}", gold="final_ans"),
    PLAIN,
)

EXAMPLE = "A baker fills 6 trays with 12 rolls each and sells 50 of the rolls. How many rolls are left?"

# Of our own making: questions of two to five steps, whose equations hold (tests/shots/test_sets.py).
GSM8K_SHOTS = (
    Worked(
        Question(
            "ferry",
            "A ferry with 40 seats makes 5 trips a day. On Monday 3 of the trips were full, and on the others half of "
            "the seats were taken. How many people crossed on Monday?",
            gold="160",
        ),
        "The full trips carried 3 * 40 = 120 people. There were 5 - 3 = 2 other trips with 40 / 2 = 20 people each, "
        "which is 2 * 20 = 40 people. So 120 + 40 = 160 people crossed.",
    ),
    Worked(
        Question(
            "tent",
            "Ravi wants a tent for 210 euros. His aunt gives him 60 euros, and from then on he saves 15 euros a week. "
            "After how many weeks can he buy it?",
            gold="10",
        ),
        "Ravi has to save 210 - 60 = 150 euros himself. At 15 euros a week that takes 150 / 15 = 10 weeks.",
    ),
    Worked(
        Question(
            "flour",
            "A loaf takes 250 grams of flour. Greta has two bags of 2 kilograms each and bakes 9 loaves. How many "
            "grams of flour are left?",
            gold="1750",
        ),
        "A bag of 2 kilograms holds 2 * 1000 = 2000 grams, so two bags hold 2 * 2000 = 4000 grams. The loaves take "
        "9 * 250 = 2250 grams. There are 4000 - 2250 = 1750 grams left.",
    ),
    Worked(
        Question(
            "tulips",
            "In a garden stand 4 rows of 18 tulips. A third of all tulips are red, and half of the others are yellow. "
            "How many tulips are neither red nor yellow?",
            gold="24",
        ),
        "There are 4 * 18 = 72 tulips. Of these 72 / 3 = 24 are red, so 72 - 24 = 48 are not. Half of them, "
        "48 / 2 = 24, are yellow, which leaves 48 - 24 = 24 tulips.",
    ),
    Worked(
        Question(
            "bike",
            "A bike costs 480 dollars. In a sale its price falls by 25%, and Otto buys it together with a helmet for "
            "36 dollars. How many dollars does he pay?",
            gold="396",
        ),
        "A quarter of the price is 480 / 4 = 120 dollars, so the bike now costs 480 - 120 = 360 dollars. With the "
        "helmet Otto pays 360 + 36 = 396 dollars.",
    ),
    Worked(
        Question(
            "trains",
            "Two trains leave a station at the same time, one to the north with 80 km an hour and one to the south "
            "with 65 km an hour. How many km are they apart after 3 hours?",
            gold="435",
        ),
        "In an hour the trains come 80 + 65 = 145 km apart. After 3 hours they are 3 * 145 = 435 km apart.",
    ),
)

TASKS = (
    Task(
        name="gsm8k",
        family="math",
        summary="grade school word problems of two to eight steps",
        instruction=INSTRUCTION,
        kind="number",
        read=Reader(*GSM8K),
        hub=Hub("openai/gsm8k", "main"),
        rationales=(Form("release, Hub", (Part("answer", parse=_without_marks, by="human"),), marks=("question",)),),
        licence="MIT",
        source="https://arxiv.org/abs/2110.14168",
        papers=(
            arxiv(
                "cobbe2021training",
                "Training Verifiers to Solve Math Word Problems",
                "Cobbe, Karl and Kosaraju, Vineet and Bavarian, Mohammad and Chen, Mark and Jun, Heewoo and Kaiser, "
                "Lukasz and Plappert, Matthias and Tworek, Jerry and Hilton, Jacob and Nakano, Reiichiro and Hesse, "
                "Christopher and Schulman, John",
                2021,
                "2110.14168",
            ),
        ),
        example=Question("example", EXAMPLE, gold="22"),
        worked=GSM8K_SHOTS,
        reasons="The baker makes 6 * 12 = 72 rolls. After 50 are sold, 72 - 50 = 22 rolls are left.",
    ),
    Task(
        name="svamp",
        family="math",
        summary="one-step word problems with misleading variations",
        instruction=INSTRUCTION,
        kind="number",
        read=Reader(*SVAMP),
        hub=Hub("ChilleD/SVAMP"),
        licence="MIT",
        source="https://arxiv.org/abs/2103.07191",
        papers=(
            arxiv(
                "patel2021are",
                "Are {NLP} Models really able to Solve Simple Math Word Problems?",
                "Patel, Arkil and Bhattamishra, Satwik and Goyal, Navin",
                2021,
                "2103.07191",
                booktitle="NAACL",
            ),
        ),
        example=Question("example", "Tom had 14 stamps and gave 5 away. How many stamps does Tom have?", gold="9"),
        reasons="Tom gave away 5 of his 14 stamps, so he has 14 - 5 = 9 stamps.",
    ),
    Task(
        name="asdiv",
        family="math",
        summary="elementary school word problems; those with one number as their answer",
        instruction=INSTRUCTION,
        kind="number",
        read=Reader(*ASDIV),
        hub=Hub("EleutherAI/asdiv", "asdiv", {"train": "validation", "validation": "validation"}),
        licence="CC BY-NC 4.0",
        source="https://arxiv.org/abs/2106.15772",
        papers=(
            arxiv(
                "miao2020diverse",
                "A Diverse Corpus for Evaluating and Developing {English} Math Word Problem Solvers",
                "Miao, Shen-yun and Liang, Chao-Chun and Su, Keh-Yih",
                2020,
                "2106.15772",
                booktitle="ACL",
            ),
        ),
        example=Question("example", "A rope of 24 meters is cut into 8 equal parts. How long is each part?", gold="3"),
        reasons="The rope is cut into 8 parts, and 24 / 8 = 3, so each part is 3 meters long.",
    ),
    Task(
        name="multiarith",
        family="math",
        summary="word problems of two steps",
        instruction=INSTRUCTION,
        kind="number",
        read=Reader(*MULTIARITH),
        hub=Hub("ChilleD/MultiArith"),
        source="https://arxiv.org/abs/1608.01413",
        papers=(
            arxiv(
                "roy2015solving",
                "Solving General Arithmetic Word Problems",
                "Roy, Subhro and Roth, Dan",
                2015,
                "1608.01413",
                booktitle="EMNLP",
            ),
        ),
        example=Question("example", "Mia read 3 books of 40 pages and one of 25 pages. How many pages?", gold="145"),
        reasons="The three books have 3 * 40 = 120 pages. With the fourth one there are 120 + 25 = 145 pages.",
    ),
)
