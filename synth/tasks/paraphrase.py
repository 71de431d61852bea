"""Whether two sentences say the same: PAWS and QQP.

PAWS (Zhang et al. 2019, arXiv 1904.01130) and Quora's question pairs (2017), as released or as in GLUE. In both 0 is
different and 1 is the same (the dataset cards of google-research-datasets/paws and nyu-mll/glue). One row of PAWS,
made up, with tabs between: `7`, `Tom saw Ann`, `Ann saw Tom`, `0` under the names id, sentence1, sentence2, label.
"""

from synth.questions.bibtex import arxiv
from synth.questions.layouts import PLAIN, Layout, Reader
from synth.questions.task import Hub, Question, Task

OPTIONS = ("Different", "Same")
LABELS = {"0": "A", "1": "B"}
INSTRUCTION = (
    "Below are two sentences that look alike. Decide whether they ask the same question or describe the same situation."
)

PAIR = "{question1}\nSentence2: {question2}"

TASKS = (
    Task(
        name="paws",
        family="paraphrase",
        summary="pairs of sentences made of the same words",
        instruction=INSTRUCTION,
        kind="option",
        read=Reader(
            Layout("release, Hub", "{sentence1}\nSentence2: {sentence2}", gold="label", labels=LABELS, id="id"),
            PLAIN,
        ),
        options=OPTIONS,
        label="Sentence1",
        hub=Hub(
            "google-research-datasets/paws",
            "labeled_final",
            {"train": "train", "validation": "validation", "test": "test"},
        ),
        licence="free for any purpose",
        source="https://arxiv.org/abs/1904.01130",
        papers=(
            arxiv(
                "zhang2019paws",
                "{PAWS}: Paraphrase Adversaries from Word Scrambling",
                "Zhang, Yuan and Baldridge, Jason and He, Luheng",
                2019,
                "1904.01130",
                booktitle="NAACL",
            ),
        ),
        example=Question("example", "The cat chased the dog.\nSentence2: The dog chased the cat.", gold="A"),
        reasons=(
            "In the first sentence the cat runs after the dog. In the second one it is the dog that runs after the cat."
        ),
    ),
    Task(
        name="qqp",
        family="paraphrase",
        summary="pairs of questions asked on Quora",
        instruction=INSTRUCTION,
        kind="option",
        read=Reader(
            Layout("release", PAIR, gold="is_duplicate", labels=LABELS, id="id"),
            Layout("Hub", PAIR, gold="label", labels=LABELS, id="idx"),
            PLAIN,
        ),
        options=OPTIONS,
        label="Sentence1",
        hub=Hub("nyu-mll/glue", "qqp", {"train": "train", "validation": "validation", "test": "validation"}),
        licence="Quora terms, non-commercial use",
        source="https://quoradata.quora.com/First-Quora-Dataset-Release-Question-Pairs",
        example=Question("example", "How do I boil an egg?\nSentence2: What is the way to boil eggs?", gold="B"),
        reasons="Both want to know how eggs are boiled, and one reply would do for both.",
    ),
)
