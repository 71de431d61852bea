"""Common sense and science: ARC-Easy, ARC-Challenge, CommonsenseQA, CREAK.

ARC (Clark et al. 2018, arXiv 1803.05457), CommonsenseQA (Talmor et al. 2019, arXiv 1811.00937), CREAK (Onoe et al.
2021, arXiv 2109.01653). One row of ARC's release, made up (the labels are A to E, or 1 to 5):

    {"id": "x1", "question": {"stem": "Which is a metal?", "choices": [{"label": "A", "text": "iron"},
     {"label": "B", "text": "wood"}]}, "answerKey": "A"}
"""

from synth.questions.bibtex import arxiv
from synth.questions.layouts import PLAIN, PLAIN_INLINE, Layout, Reader
from synth.questions.task import Hub, Question, Task, Worked

# Also the release of OpenBookQA and QASC, and CommonsenseQA's
STEM = Layout("release", "{question.stem}", gold="answerKey", options=("question.choices",), id="id")
CHOICES = Layout("Hub", "{question}", gold="answerKey", options=("choices",), id="id")

CHOOSE = "Read the question with its answer options and pick the option that fits best."

# Of RAFT's annotators for ARC; B's text for ARC in the paper is that for coreference, which must be a slip.
ANNOTATORS = {
    "B": (
        "This is an exercise in common sense. I give you a question with several possible answers, and you have to say "
        "which of them is right."
    ),
    "C": "You are shown a question and its answers. Choose one of them by your common sense.",
}

SPLITS = {"train": "train", "validation": "validation", "test": "test"}

ARC = arxiv(
    "clark2018think",
    "Think you have Solved Question Answering? Try {ARC}, the {AI2} Reasoning Challenge",
    "Clark, Peter and Cowhey, Isaac and Etzioni, Oren and Khot, Tushar and Sabharwal, Ashish and Schoenick, Carissa "
    "and Tafjord, Oyvind",
    2018,
    "1803.05457",
)

# Of our own making.
COMMONSENSEQA_SHOTS = (
    Worked(
        Question(
            "dentist",
            "Where do people sit until a dentist calls them in?",
            ("bus stop", "waiting room", "kitchen", "stadium", "attic"),
            "B",
        ),
        "Who has come to see a dentist sits down near the dentist's door until it is their turn. The room for that is "
        "a waiting room.",
    ),
    Worked(
        Question(
            "rain",
            "What would you open if it rains and you have to walk home?",
            ("umbrella", "curtain", "bottle", "letter", "suitcase"),
            "A",
        ),
        "In the rain one wants something above the head that keeps the water off. Of these an umbrella does that, and "
        "it has to be opened first.",
    ),
    Worked(
        Question(
            "stars",
            "Nils wants to see the stars better than with his bare eyes. What should he look through?",
            ("keyhole", "fence", "microscope", "telescope", "straw"),
            "D",
        ),
        "Stars are very far away. A microscope makes small things large that lie close by, and a telescope shows what "
        "is far away.",
    ),
    Worked(
        Question(
            "glass",
            "What will a drinking glass most likely do if it falls on a floor of stone?",
            ("bounce", "float", "break", "melt", "grow"),
            "C",
        ),
        "Glass is hard and brittle, and stone does not give way. A glass that hits it goes to pieces, so it breaks.",
    ),
    Worked(
        Question(
            "friend",
            "What do people feel when a friend who was dear to them dies?",
            ("hunger", "boredom", "pride", "relief", "grief"),
            "E",
        ),
        "The death of somebody dear is a loss. What people feel after a loss is deep sadness, which is called grief.",
    ),
    Worked(
        Question(
            "books",
            "Where can you take many books home for some weeks without buying them?",
            ("bookshop", "library", "bakery", "museum", "post office"),
            "B",
        ),
        "Books that are not bought and go back after some weeks are borrowed. A bookshop sells books, and a library "
        "lends them.",
    ),
    Worked(
        Question(
            "baker",
            "A baker got up at three in the morning and worked all day. What was he probably in the evening?",
            ("tired", "taller", "rich", "famous", "awake"),
            "A",
        ),
        "Who gets up in the middle of the night has slept little, and work takes strength. In the evening one is tired "
        "of that.",
    ),
)

TASKS = (
    Task(
        name="arc_easy",
        family="common sense",
        summary="grade school science questions that retrieval answers",
        instruction=CHOOSE,
        annotators=ANNOTATORS,
        kind="option",
        read=Reader(STEM, CHOICES, PLAIN_INLINE),
        hub=Hub("allenai/ai2_arc", "ARC-Easy", SPLITS),
        licence="CC BY-SA 4.0",
        source="https://arxiv.org/abs/1803.05457",
        papers=(ARC,),
        example=Question("example", "Which of these can a magnet lift?", ("a cork", "a nail", "a leaf", "a cup"), "B"),
        reasons=(
            "A magnet pulls on things of iron or steel. Corks, leaves and most cups are made of other things, and "
            "a nail is made of iron."
        ),
    ),
    Task(
        name="arc_challenge",
        family="common sense",
        summary="grade school science questions that retrieval does not answer",
        instruction=CHOOSE,
        annotators=ANNOTATORS,
        kind="option",
        read=Reader(STEM, CHOICES, PLAIN_INLINE),
        hub=Hub("allenai/ai2_arc", "ARC-Challenge", SPLITS),
        licence="CC BY-SA 4.0",
        source="https://arxiv.org/abs/1803.05457",
        papers=(ARC,),
        example=Question(
            "example",
            "A puddle is smaller after a sunny day. What happened to the water?",
            ("It froze.", "It evaporated.", "It condensed.", "It melted."),
            "B",
        ),
        reasons=(
            "The sun warms the water of a puddle. Water that gets warm turns into vapour and goes off into the "
            "air, which is called evaporation."
        ),
    ),
    Task(
        name="commonsenseqa",
        family="common sense",
        summary="questions about everyday concepts, five options",
        instruction=CHOOSE,
        kind="option",
        read=Reader(STEM, CHOICES, PLAIN_INLINE),
        hub=Hub("tau/commonsense_qa", None, {"train": "train", "validation": "validation", "test": "validation"}),
        licence="not stated",
        source="https://arxiv.org/abs/1811.00937",
        papers=(
            arxiv(
                "talmor2019commonsenseqa",
                "{CommonsenseQA}: A Question Answering Challenge Targeting Commonsense Knowledge",
                "Talmor, Alon and Herzig, Jonathan and Lourie, Nicholas and Berant, Jonathan",
                2019,
                "1811.00937",
                booktitle="NAACL",
            ),
        ),
        example=Question(
            "example",
            "Where would you keep milk so that it stays fresh?",
            ("cupboard", "refrigerator", "garden", "car", "shelf"),
            "B",
        ),
        worked=COMMONSENSEQA_SHOTS,
        reasons=(
            "Milk turns sour where it is warm. A cupboard, a garden, a car and a shelf are as warm as the air "
            "around them, and a refrigerator is kept cold."
        ),
    ),
    Task(
        name="creak",
        family="common sense",
        summary="claims about known things, true or false",
        instruction="Decide from common sense and facts whether the statement below is true or false.",
        kind="option",
        read=Reader(
            Layout("release, Hub", "{sentence}", gold="label", id="ex_id", labels={"false": "A", "true": "B"}), PLAIN
        ),
        options=("False", "True"),
        label="Statement",
        hub=Hub("amydeng2000/CREAK", None, {"train": "train", "validation": "validation", "test": "validation"}),
        licence="MIT",
        source="https://arxiv.org/abs/2109.01653",
        papers=(
            arxiv(
                "onoe2021creak",
                "{CREAK}: A Dataset for Commonsense Reasoning over Entity Knowledge",
                "Onoe, Yasumasa and Zhang, Michael J.Q. and Choi, Eunsol and Durrett, Greg",
                2021,
                "2109.01653",
            ),
        ),
        example=Question("example", "The Eiffel Tower can be carried in a handbag.", gold="A"),
        reasons=(
            "The Eiffel Tower is made of iron and more than 300 meters high. A handbag holds no more than somebody "
            "can carry."
        ),
    ),
)
