"""Whether a word means the same in two sentences: WiC (Pilehvar and Camacho-Collados 2019, arXiv 1808.09121).

As in SuperGLUE: true, on the Hub 1, is the same sense. One row of the release, made up:

    {"idx": 0, "word": "bank", "sentence1": "a bank of clouds", "sentence2": "rob a bank", "label": false}
"""

from synth.questions.bibtex import arxiv
from synth.questions.layouts import PLAIN, Layout, Reader
from synth.questions.task import Hub, Question, Task

TEXT = "{word}\nSentence1: {sentence1}\nSentence2: {sentence2}"

TASKS = (
    Task(
        name="wic",
        family="word sense",
        summary="one word in two sentences, same sense or not",
        instruction="Below are a target word and two sentences. Decide whether the word means the same in both.",
        kind="option",
        read=Reader(
            Layout(
                "release, Hub",
                TEXT,
                gold="label",
                labels={"false": "A", "0": "A", "true": "B", "1": "B"},
                id="idx",
            ),
            PLAIN,
        ),
        options=("Different", "Same"),
        label="Target word",
        hub=Hub("aps/super_glue", "wic", {"train": "train", "validation": "validation", "test": "validation"}),
        licence="CC BY-NC 4.0",
        source="https://arxiv.org/abs/1808.09121",
        papers=(
            arxiv(
                "pilehvar2019wic",
                "{WiC}: the Word-in-Context Dataset for Evaluating Context-Sensitive Meaning Representations",
                "Pilehvar, Mohammad Taher and Camacho-Collados, Jose",
                2019,
                "1808.09121",
                booktitle="NAACL",
            ),
        ),
        example=Question("example", "light\nSentence1: Turn on the light.\nSentence2: The bag is light.", gold="A"),
        reasons="In the first sentence a light is a lamp. In the second one it says that the bag weighs little.",
    ),
)
