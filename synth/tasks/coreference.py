"""Who or what fills the blank: Winogrande (Sakaguchi et al. 2019, arXiv 1907.10641).

One row of the release, made up; the answer counts the options from 1:

    {"qID": "x1", "sentence": "The cup did not fit the box as the _ was big.", "option1": "cup", "option2": "box",
     "answer": "1"}
"""

from synth.questions.bibtex import arxiv
from synth.questions.layouts import PLAIN_INLINE, Layout, Reader
from synth.questions.task import Hub, Question, Task

ANNOTATORS = {
    "B": (
        "This is an exercise in coreference resolution. I give you a text in which one word was left out on purpose, "
        "and two options, and you have to say which of them suits the context better."
    ),
    "C": (
        "A word of the text below is blank, and each of its two options is a word. Conclude from the context which of "
        "the two is better in the blank."
    ),
}

TASKS = (
    Task(
        name="winogrande",
        family="coreference",
        summary="a sentence with a blank, two options",
        instruction='In the sentence below the blank "_" stands for a word. Pick the option that fills it best.',
        annotators=ANNOTATORS,
        kind="option",
        read=Reader(
            Layout(
                "release, Hub",
                "{sentence}",
                gold="answer",
                labels={"1": "A", "2": "B"},
                options=("option1", "option2"),
                id="qID",
            ),
            PLAIN_INLINE,
        ),
        label="Sentence",
        hub=Hub(
            "allenai/winogrande",
            "winogrande_xl",
            {"train": "train", "validation": "validation", "test": "validation"},
        ),
        licence="Apache-2.0",
        source="https://arxiv.org/abs/1907.10641",
        papers=(
            arxiv(
                "sakaguchi2020winogrande",
                "{WinoGrande}: An Adversarial {Winograd} Schema Challenge at Scale",
                "Sakaguchi, Keisuke and Le Bras, Ronan and Bhagavatula, Chandra and Choi, Yejin",
                2020,
                "1907.10641",
                booktitle="AAAI",
            ),
        ),
        example=Question("example", "Nora lent Ida her coat because _ was cold.", ("Nora", "Ida"), "B"),
        reasons="A coat is lent to somebody who needs one. Nora gave hers away, so it was Ida who was cold.",
    ),
)
