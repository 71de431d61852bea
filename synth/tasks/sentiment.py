"""Sentiment of a sentence: CR and SST-2.

CR, reviews of products (Hu and Liu 2004; Ding et al. 2008), as in SentEval; SST-2, reviews of films (Socher et al.
2013), as in GLUE. In both 0 is negative and 1 is positive (the dataset card of nyu-mll/glue), while positive is the
first option here. One row of GLUE's SST-2 release, made up: `a dull film`, a tab, `0`.
"""

from synth.questions.bibtex import entry
from synth.questions.layouts import PLAIN, Layout, Reader
from synth.questions.task import Hub, Question, Task

OPTIONS = ("positive", "negative")
LABELS = {"0": "B", "negative": "B", "neg": "B", "1": "A", "positive": "A", "pos": "A"}
INSTRUCTION = "Decide whether the feeling expressed in the statement below is negative or positive."
ANNOTATORS = {
    "B": (
        "This is an exercise in sentiment analysis. I give you a piece of text, and you have to say whether it is "
        "positive or negative."
    ),
    "C": "You are going to read a piece of text. Work out which sentiment it has.",
}


def _ending(file: str) -> str:
    return file.rsplit(".", 1)[-1]


SENTENCE = Layout("release, Hub", "{sentence}", gold="label", labels=LABELS)
TEXT = Layout("Hub (SetFit)", "{text}", gold="label", labels=LABELS)
# SentEval's two files, one sentence a line
LINES = Layout("release", "{text}", gold="file", labels=LABELS, parse=_ending, files="custrev.*", line="(?P<text>.+)")

SENTEVAL = entry(
    "conneau2018senteval",
    "inproceedings",
    "{SentEval}: An Evaluation Toolkit for Universal Sentence Representations",
    "Conneau, Alexis and Kiela, Douwe",
    2018,
    "https://aclanthology.org/L18-1269/",
    booktitle="LREC",
)

TASKS = (
    Task(
        name="cr",
        family="sentiment",
        summary="sentences from reviews of products",
        instruction=INSTRUCTION,
        annotators=ANNOTATORS,
        kind="option",
        read=Reader(LINES, TEXT, SENTENCE, PLAIN),
        options=OPTIONS,
        label="Statement",
        hub=Hub("SetFit/SentEval-CR"),
        licence="MIT",
        source="https://aclanthology.org/L18-1269/",
        papers=(
            entry(
                "hu2004mining",
                "inproceedings",
                "Mining and Summarizing Customer Reviews",
                "Hu, Minqing and Liu, Bing",
                2004,
                "https://doi.org/10.1145/1014052.1014073",
                booktitle="KDD",
            ),
            SENTEVAL,
        ),
        example=Question("example", "the battery was empty after an hour, i sent it back", gold="B"),
        reasons="A battery that is empty so soon is a fault, and the buyer did not want to keep it.",
    ),
    Task(
        name="sst2",
        family="sentiment",
        summary="sentences from reviews of films",
        instruction=INSTRUCTION,
        annotators=ANNOTATORS,
        kind="option",
        read=Reader(SENTENCE, TEXT, PLAIN),
        options=OPTIONS,
        label="Statement",
        hub=Hub("nyu-mll/glue", "sst2", {"train": "train", "validation": "validation", "test": "validation"}),
        source="https://aclanthology.org/D13-1170/",
        papers=(
            entry(
                "socher2013recursive",
                "inproceedings",
                "Recursive Deep Models for Semantic Compositionality Over a Sentiment Treebank",
                "Socher, Richard and Perelygin, Alex and Wu, Jean and Chuang, Jason and Manning, Christopher D. and "
                "Ng, Andrew and Potts, Christopher",
                2013,
                "https://aclanthology.org/D13-1170/",
                booktitle="EMNLP",
            ),
        ),
        example=Question("example", "a warm and clever film that never drags", gold="A"),
        reasons="Warm and clever are words of praise, and a film that never drags is not boring.",
    ),
)
