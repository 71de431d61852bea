"""What follows from a text: CommitmentBank and ANLI.

CommitmentBank (de Marneffe et al. 2019), as in SuperGLUE; ANLI (Nie et al. 2020, arXiv 1910.14599). Their numbers on
the Hub differ: CommitmentBank has 0 entailment, 1 contradiction, 2 neutral (the dataset card of aps/super_glue), ANLI
has 0 entailment, 1 neutral, 2 contradiction (its entry in TensorFlow's catalog). One row of ANLI's release, made up:

    {"uid": "x1", "context": "Ben sleeps.", "hypothesis": "Ben is awake.", "label": "c"}
"""

from synth.questions.bibtex import arxiv, entry
from synth.questions.layouts import PLAIN, Layout, Reader
from synth.questions.task import Hub, Question, Task

OPTIONS = ("Entailment", "Contradiction", "Neutral")
NAMES = {"entailment": "A", "contradiction": "B", "neutral": "C"}
CB_LABELS = {**NAMES, "0": "A", "1": "B", "2": "C"}
ANLI_LABELS = {**NAMES, "0": "A", "1": "C", "2": "B", "e": "A", "n": "C", "c": "B"}

INSTRUCTION = (
    "Below are a premise and a hypothesis. Decide whether the hypothesis follows from the premise, contradicts it, "
    "or is left open by it."
)
ANNOTATORS = {
    "B": (
        "This is an exercise in natural language inference. I give you a premise and a hypothesis, and you have to say "
        "whether the hypothesis can be concluded from the premise."
    ),
    "C": "Look at the premise below and judge whether the hypothesis that belongs to it follows by logic.",
}
PAIR = "{premise}\nHypothesis: {hypothesis}"

SUPERGLUE = arxiv(
    "wang2019superglue",
    "{SuperGLUE}: A Stickier Benchmark for General-Purpose Language Understanding Systems",
    "Wang, Alex and Pruksachatkun, Yada and Nangia, Nikita and Singh, Amanpreet and Michael, Julian and Hill, Felix "
    "and Levy, Omer and Bowman, Samuel R.",
    2019,
    "1905.00537",
    booktitle="Advances in Neural Information Processing Systems",
)

TASKS = (
    Task(
        name="commitmentbank",
        family="inference",
        summary="what a speaker commits to, three classes",
        instruction=INSTRUCTION,
        annotators=ANNOTATORS,
        kind="option",
        read=Reader(Layout("release, Hub", PAIR, gold="label", labels=CB_LABELS, id="idx"), PLAIN),
        options=OPTIONS,
        label="Premise",
        hub=Hub("aps/super_glue", "cb", {"train": "train", "validation": "validation", "test": "validation"}),
        licence="research only",
        source="https://arxiv.org/abs/1905.00537",
        papers=(
            entry(
                "demarneffe2019commitmentbank",
                "inproceedings",
                "The {CommitmentBank}: Investigating projection in naturally occurring discourse",
                "de Marneffe, Marie-Catherine and Simons, Mandy and Tonhauser, Judith",
                2019,
                "https://github.com/mcdm/CommitmentBank",
                booktitle="Proceedings of Sinn und Bedeutung 23",
            ),
            SUPERGLUE,
        ),
        example=Question("example", "A: Is Eva here? B: I don't think she came.\nHypothesis: Eva came", gold="B"),
        reasons=(
            "B does not think that Eva came, so B takes it that she stayed away. The hypothesis says that she was "
            "there."
        ),
    ),
    Task(
        name="anli",
        family="inference",
        summary="written to mislead models, three rounds, three classes",
        instruction=INSTRUCTION,
        annotators=ANNOTATORS,
        kind="option",
        read=Reader(
            Layout(
                "release",
                "{context}\nHypothesis: {hypothesis}",
                gold="label",
                labels=ANLI_LABELS,
                id="uid",
                parts="*R[123]/*",
            ),
            Layout("Hub", PAIR, gold="label", labels=ANLI_LABELS, id="uid"),
            PLAIN,
        ),
        options=OPTIONS,
        label="Premise",
        hub=Hub(
            "facebook/anli",
            "plain_text",
            {
                "train": "train_r1+train_r2+train_r3",
                "validation": "dev_r1+dev_r2+dev_r3",
                "test": "test_r1+test_r2+test_r3",
            },
        ),
        licence="CC BY-NC 4.0",
        source="https://arxiv.org/abs/1910.14599",
        papers=(
            arxiv(
                "nie2020adversarial",
                "Adversarial {NLI}: A New Benchmark for Natural Language Understanding",
                "Nie, Yixin and Williams, Adina and Dinan, Emily and Bansal, Mohit and Weston, Jason and Kiela, Douwe",
                2020,
                "1910.14599",
                booktitle="ACL",
            ),
        ),
        example=Question("example", "Lena moved to Oslo in 2010.\nHypothesis: Lena speaks fluent Norwegian.", gold="C"),
        reasons=(
            "Many people who move to a country learn its language, and some do not. How well Lena speaks it is not "
            "said."
        ),
    ),
)
