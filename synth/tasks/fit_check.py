"""The two tasks on which RAFT checks its fitted line: SUBJ and CoinFlip.

SUBJ (Pang and Lee 2004): sentences from reviews (subjective, the file quote.tok.gt9.5000) and from plots (objective,
plot.tok.gt9.5000); on the Hub 0 is objective and 1 is subjective. CoinFlip (Wei et al. 2022, arXiv 2201.11903): a coin
after some flips. One row of CoinFlip on the Hub, made up: {"inputs": "A coin is heads up. Al flips it. Is it still
heads up?", "targets": "no"}. The paper prints no prompt for either.
"""

from synth.questions.bibtex import arxiv, entry
from synth.questions.layouts import PLAIN, YES_NO, Layout, Reader
from synth.questions.task import Hub, Question, Task

SUBJ_LABELS = {"0": "A", "plot": "A", "objective": "A", "1": "B", "quote": "B", "subjective": "B"}


def _first_word(file: str) -> str:
    return file.split(".", 1)[0]


TASKS = (
    Task(
        name="subj",
        family="fit check",
        summary="sentences about films, fact or opinion",
        instruction="Decide whether the statement below tells facts (objective) or an opinion (subjective).",
        kind="option",
        read=Reader(
            Layout(
                "release",
                "{text}",
                gold="file",
                labels=SUBJ_LABELS,
                parse=_first_word,
                files="*.tok.gt9.5000",
                line="(?P<text>.+)",
            ),
            Layout("Hub", "{text}", gold="label", labels=SUBJ_LABELS),
            PLAIN,
        ),
        options=("Objective", "Subjective"),
        label="Statement",
        hub=Hub("SetFit/subj"),
        source="https://aclanthology.org/P04-1035/",
        papers=(
            entry(
                "pang2004sentimental",
                "inproceedings",
                "A Sentimental Education: Sentiment Analysis Using Subjectivity Summarization Based on Minimum Cuts",
                "Pang, Bo and Lee, Lillian",
                2004,
                "https://aclanthology.org/P04-1035/",
                booktitle="ACL",
            ),
        ),
        example=Question("example", "the story drags and i wished it would end .", gold="B"),
        reasons="The sentence tells what its writer felt and wished for, and no fact of what happens in the story.",
    ),
    Task(
        name="coin_flip",
        family="fit check",
        summary="is the coin still heads up after some flips",
        instruction="Follow the coin through the question below and answer yes or no.",
        kind="yes_no",
        read=Reader(
            Layout("Hub", "{inputs}", gold="targets", labels=YES_NO),
            Layout("release", "{question}", gold="answer", labels=YES_NO),
            PLAIN,
        ),
        hub=Hub("skrishna/coin_flip", None, {"train": "train", "validation": "validation", "test": "test"}),
        licence="MIT",
        source="https://arxiv.org/abs/2201.11903",
        papers=(
            arxiv(
                "wei2022chain",
                "Chain-of-Thought Prompting Elicits Reasoning in Large Language Models",
                "Wei, Jason and Wang, Xuezhi and Schuurmans, Dale and Bosma, Maarten and Ichter, Brian and Xia, Fei "
                "and Chi, Ed and Le, Quoc and Zhou, Denny",
                2022,
                "2201.11903",
                booktitle="Advances in Neural Information Processing Systems",
            ),
        ),
        example=Question(
            "example", "A coin is heads up. Ida flips the coin. Otto does not. Is it still heads up?", gold="no"
        ),
        reasons="The coin begins heads up. Ida turns it over, so it is tails up. Otto leaves it as it is.",
    ),
)
