"""Topic of a question or of a piece of news: TREC and AG News.

TREC (Li and Roth 2002), six coarse classes, numbered on the Hub in the order ABBR ENTY DESC HUM LOC NUM (the dataset
card of CogComp/trec), which is not the order of the options. AG News (Zhang et al. 2015, arXiv 1509.01626), numbered
from 0 on the Hub and from 1 in the release. A line of TREC's release, made up: `LOC:city Which town is oldest ?`
"""

from synth.questions.bibtex import arxiv, entry
from synth.questions.layouts import PLAIN, Layout, Reader
from synth.questions.task import Hub, Question, Task

TREC_OPTIONS = (
    "Description and abstract concept",
    "Entity",
    "Abbreviation",
    "Human being",
    "Location",
    "Numeric value",
)
TREC_NAMES = {"abbr": "C", "enty": "B", "desc": "A", "hum": "D", "loc": "E", "num": "F"}
TREC_LABELS = {**TREC_NAMES, **{str(number): letter for number, letter in enumerate(TREC_NAMES.values())}}

NEWS_OPTIONS = ("World", "Sports", "Business", "Science and Technology")


def _annotators(what: str, count: str) -> dict[str, str]:
    """What B and C say: RAFT prints it for TREC, with its six topics."""
    return {
        "B": (
            f"This is an exercise in topic classification. I give you {what}, and you have to say which of {count} "
            "topics it is about."
        ),
        "C": f"Below is {what}. Put it into the one of {count} categories that it belongs to.",
    }


TASKS = (
    Task(
        name="trec",
        family="topic",
        summary="what kind of thing a question asks for, six classes",
        instruction="Tell which of the topics the question below is about.",
        annotators=_annotators("a sentence", "six"),
        kind="option",
        read=Reader(
            Layout(
                "release",
                "{text}",
                gold="coarse",
                labels=TREC_LABELS,
                files="*.label",
                line=r"(?P<coarse>[A-Z]+):\w+ (?P<text>.+)",
            ),
            Layout("Hub", "{text}", gold="coarse_label", labels=TREC_LABELS),
            PLAIN,
        ),
        options=TREC_OPTIONS,
        hub=Hub("CogComp/trec"),
        source="https://aclanthology.org/C02-1150/",
        papers=(
            entry(
                "li2002learning",
                "inproceedings",
                "Learning Question Classifiers",
                "Li, Xin and Roth, Dan",
                2002,
                "https://aclanthology.org/C02-1150/",
                booktitle="COLING",
            ),
        ),
        example=Question("example", "How many rivers flow through Vienna ?", gold="F"),
        reasons="The question asks how many there are, so what is looked for is a number.",
    ),
    Task(
        name="agnews",
        family="topic",
        summary="title and description of a piece of news, four classes",
        instruction="Tell which of the topics the news below, with its short description, is about.",
        annotators=_annotators("a piece of news", "four"),
        kind="option",
        read=Reader(
            Layout(
                "release",
                "{title} {description}",
                gold="class",
                labels={"1": "A", "2": "B", "3": "C", "4": "D"},
                header=("class", "title", "description"),
            ),
            Layout("Hub", "{text}", gold="label", labels={"0": "A", "1": "B", "2": "C", "3": "D"}),
            PLAIN,
        ),
        options=NEWS_OPTIONS,
        label="News",
        hub=Hub("fancyzhx/ag_news"),
        licence="non-commercial use",
        source="https://arxiv.org/abs/1509.01626",
        papers=(
            arxiv(
                "zhang2015character",
                "Character-level Convolutional Networks for Text Classification",
                "Zhang, Xiang and Zhao, Junbo and LeCun, Yann",
                2015,
                "1509.01626",
                booktitle="Advances in Neural Information Processing Systems",
            ),
        ),
        example=Question("example", "Harbor bank raises rates. The lender follows its rivals this week.", gold="C"),
        reasons="A bank, its rates and its rivals are about money and firms.",
    ),
)
