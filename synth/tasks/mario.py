"""The five tasks of MaRio (Ramnath et al. 2023, arXiv 2311.02805): StrategyQA, QuaRel, OpenBookQA, NumerSense, QASC.

StrategyQA (Geva et al. 2021, arXiv 2101.02235), QuaRel (Tafjord et al. 2019, arXiv 1811.08048), OpenBookQA (Mihaylov
et al. 2018, arXiv 1809.02789), NumerSense (Lin et al. 2020, arXiv 2005.00683), QASC (Khot et al. 2020, arXiv
1910.11473). They close with `So the answer is X.`. Besides the releases this reads MaRio's own files, one JSON object
each, made up: {"0": {"question": "Is ice cold?", "rationale": "...", "answer": "yes"}}, and their .tsv files, in which
a question may go over several lines; there the options stand in the question, (A) ... (B) ... or (a) ... (b) ...
"""

from dataclasses import replace
from functools import partial
from typing import Any

from synth.questions.bibtex import arxiv
from synth.questions.cells import LETTERS
from synth.questions.layouts import PLAIN, PLAIN_INLINE, YES_NO, Layout, Reader
from synth.questions.task import Hub, Question, Task
from synth.questions.written import Form, Part
from synth.tasks.commonsense import CHOICES, CHOOSE, STEM


def _kept_back(label: Any) -> Any:
    """Where a label is not published MaRio's files have the word dummy."""
    return "" if label == "dummy" else label


MARIO = Layout("MaRio", "{question}", gold="answer", inline=True, parse=_kept_back)
MARIO_TSV = Layout("MaRio .tsv", "{Question}", gold="Label", inline=True, parse=_kept_back)
MARIO_RESPONSES = Layout("MaRio responses", "{question}", gold="gold_label", inline=True, parse=_kept_back)

NUMBERS = ("no", "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
NUMBER_LABELS = dict(zip(NUMBERS, LETTERS, strict=False))


def _not_dummy(text: str) -> str:
    """MaRio's own files have `dummy` for a rationale that there is not."""
    return "" if text == "dummy" else text


# What GPT-3 and FLAN-T5 answered, what LLaMA wrote, and the rationales that MaRio trained on, each beside its answer.
RATIONALES = (
    Form("MaRio responses", (Part("predicted_rationale", answer="predicted_label"),)),
    Form("MaRio, LLaMA", (Part("trunc_output", by="llama"),), marks=("full_output",)),
    Form("MaRio", (Part("rationale", answer="answer", parse=_not_dummy),), marks=("question", "answer")),
)
MarioTask = partial(Task, family="MaRio", closing="So the answer is {answer}.", unknown="X", rationales=RATIONALES)

TASKS = (
    MarioTask(
        name="strategyqa",
        summary="yes or no, by a chain of facts that the question leaves out",
        instruction="Answer the question below with yes or no.",
        kind="yes_no",
        read=Reader(
            Layout("release, Hub", "{question}", gold="answer", labels=YES_NO, id="qid"),
            Layout("MaRio .tsv", "{Question}", gold="Label", labels=YES_NO),
            Layout("MaRio responses", "{question}", gold="gold_label", labels=YES_NO),
            PLAIN,
        ),
        hub=Hub("ChilleD/StrategyQA"),
        licence="MIT",
        source="https://arxiv.org/abs/2101.02235",
        papers=(
            arxiv(
                "geva2021did",
                "Did {Aristotle} Use a Laptop? A Question Answering Benchmark with Implicit Reasoning Strategies",
                "Geva, Mor and Khashabi, Daniel and Segal, Elad and Khot, Tushar and Roth, Dan and Berant, Jonathan",
                2021,
                "2101.02235",
                journal="Transactions of the Association for Computational Linguistics",
            ),
        ),
        example=Question("example", "Could a whale swim through a drinking straw?", gold="no"),
        reasons=(
            "Whales are several meters wide. A drinking straw is a few millimeters wide, and nothing that is wider "
            "fits through it."
        ),
    ),
    MarioTask(
        name="quarel",
        summary="short stories about more and less, two options",
        instruction=CHOOSE,
        kind="option",
        read=Reader(
            Layout(
                "release, Hub",
                "{question}",
                gold="answer_index",
                labels={"0": "A", "1": "B"},
                inline=True,
                id="id",
            ),
            MARIO,
            MARIO_TSV,
            MARIO_RESPONSES,
            PLAIN_INLINE,
        ),
        hub=Hub("allenai/quarel", None, {"train": "train", "validation": "validation", "test": "test"}),
        source="https://arxiv.org/abs/1811.08048",
        papers=(
            arxiv(
                "tafjord2019quarel",
                "{QuaRel}: A Dataset and Models for Answering Questions about Qualitative Relationships",
                "Tafjord, Oyvind and Clark, Peter and Gardner, Matt and Yih, Wen-tau and Sabharwal, Ashish",
                2019,
                "1811.08048",
                booktitle="AAAI",
            ),
        ),
        example=Question(
            "example", "A sled glides farther on ice than on grass. Which one is smoother?", ("ice", "grass"), "A"
        ),
        reasons=(
            "The smoother a surface is, the less it slows a sled down. The sled glides farther on ice, so ice is "
            "the smoother one."
        ),
    ),
    MarioTask(
        name="openbookqa",
        summary="elementary science with common knowledge, four options",
        instruction=CHOOSE,
        kind="option",
        read=Reader(
            STEM,
            Layout("Hub", "{question_stem}", gold="answerKey", options=("choices",), id="id"),
            MARIO,
            MARIO_TSV,
            MARIO_RESPONSES,
            PLAIN_INLINE,
        ),
        hub=Hub("allenai/openbookqa", "main", {"train": "train", "validation": "validation", "test": "test"}),
        source="https://arxiv.org/abs/1809.02789",
        papers=(
            arxiv(
                "mihaylov2018can",
                "Can a Suit of Armor Conduct Electricity? A New Dataset for Open Book Question Answering",
                "Mihaylov, Todor and Clark, Peter and Khot, Tushar and Sabharwal, Ashish",
                2018,
                "1809.02789",
                booktitle="EMNLP",
            ),
        ),
        example=Question("example", "What lets a plant make its food?", ("darkness", "sunlight", "noise", "wind"), "B"),
        reasons=(
            "Plants make their food out of water and air. The energy for that comes from light, and it is the sun "
            "that gives it."
        ),
    ),
    MarioTask(
        name="numersense",
        summary="a sentence with a masked number word, no and zero to ten",
        instruction="In the sentence below <mask> stands for a number word. Pick the option that fills it.",
        kind="option",
        read=Reader(
            Layout(
                "release, Hub",
                "{sentence}",
                gold="target",
                labels=NUMBER_LABELS,
                header=("sentence", "target"),
            ),
            replace(MARIO, labels=NUMBER_LABELS),
            replace(MARIO_TSV, labels=NUMBER_LABELS),
            replace(MARIO_RESPONSES, labels=NUMBER_LABELS),
            PLAIN,
        ),
        options=NUMBERS,
        label="Sentence",
        hub=Hub("INK-USC/numer_sense", None, {"train": "train"}),
        licence="MIT",
        source="https://arxiv.org/abs/2005.00683",
        papers=(
            arxiv(
                "lin2020birds",
                "Birds have four legs?! {NumerSense}: Probing Numerical Commonsense Knowledge of Pre-trained Language "
                "Models",
                "Lin, Bill Yuchen and Lee, Seyeon and Khanna, Rahul and Ren, Xiang",
                2020,
                "2005.00683",
                booktitle="EMNLP",
            ),
        ),
        example=Question("example", "A spider has <mask> legs.", gold="J"),
        reasons="Spiders have four pairs of legs, and four pairs are eight.",
    ),
    MarioTask(
        name="qasc",
        summary="grade school science that joins two facts, eight options",
        instruction=CHOOSE,
        kind="option",
        read=Reader(STEM, CHOICES, MARIO, MARIO_TSV, MARIO_RESPONSES, PLAIN_INLINE),
        hub=Hub("allenai/qasc", None, {"train": "train", "validation": "validation", "test": "validation"}),
        licence="CC BY 4.0",
        source="https://arxiv.org/abs/1910.11473",
        papers=(
            arxiv(
                "khot2020qasc",
                "{QASC}: A Dataset for Question Answering via Sentence Composition",
                "Khot, Tushar and Clark, Peter and Guerquin, Michal and Jansen, Peter and Sabharwal, Ashish",
                2020,
                "1910.11473",
                booktitle="AAAI",
            ),
        ),
        example=Question(
            "example",
            "What can freezing water do to a rock?",
            ("crack it", "melt it", "paint it", "dry it", "feed it", "grow it", "hide it", "warm it"),
            "A",
        ),
        reasons=(
            "Water takes up more room when it freezes. In a gap of a rock it presses from the inside, and the rock "
            "splits."
        ),
    ),
)
