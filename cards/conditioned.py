"""What a card says of rows that a model learns behind control tokens: the pool of a round of `synth train mario`.

synth.json tells of it in `mario`: round, layout, rewards, audit, seed, how many rows are the teacher's and the model's
own; and in `codes`, how many bins each token has.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from synth.data.about import About

Manifest = Mapping[str, Any]

COLUMNS = {"codes": "control tokens, one for each reward: bin 0 is the best share of the pool"}
PROVENANCE = {
    "gold": "the right answer; `answer` is what the rationale comes to",
    "round": "the round in which the model wrote it; 0: a row of the teacher",
    "sample": "which text of that round and question",
    "scores": "what each reward pays for it",
}
RAMNATH = """@inproceedings{ramnath2024tailoring,
  title     = {Tailoring Self-Rationalizers with Multi-Reward Distillation},
  author    = {Ramnath, Sahana and Joshi, Brihi and Hallinan, Skyler and Lu, Ximing and Li, Liunian Harold and
               Chan, Aaron and Hessel, Jack and Choi, Yejin and Ren, Xiang},
  booktitle = {International Conference on Learning Representations},
  year      = {2024},
  url       = {https://arxiv.org/abs/2311.02805}
}"""


def mario(manifest: Manifest) -> dict[str, Any]:
    """The facts of the pool; {} for rows that come from elsewhere."""
    told = manifest.get("mario")
    return dict(told) if isinstance(told, Mapping) else {}


def about(questions: About, manifest: Manifest) -> About:
    """What is known of the rows, from what is known of their questions."""
    papers = questions.papers
    return replace(
        questions,
        name=f"{questions.name}, a pool of MaRio",
        text=f"{questions.text}\n\n{_text(manifest)}",
        tags=(*questions.tags, "mario"),
        columns={**questions.columns, **COLUMNS},
        limits=(
            "Many answers are wrong and many rationales bad: a model learns them behind tokens that say so. Whoever "
            "wants good rows takes those of the best bins.",
            "Scores are what rewards pay, which a model learns to please; they are no judgement of people.",
        ),
        papers=papers if any("2311.02805" in paper for paper in papers) else (*papers, RAMNATH),
    )  # fmt: skip


def _text(manifest: Manifest) -> str:
    told = mario(manifest)
    tokens = ", behind control tokens that say how good each is by these" if manifest.get("codes") else ""
    return (
        f"This is what a model learned from in round {told['round']} of `synth train mario` (Ramnath et al. 2023; Lu "
        f"et al. 2022): rationales of a teacher and the model's own, scored by {', '.join(told['rewards'])}{tokens}."
    )


def made(manifest: Manifest) -> list[str]:
    """How the rows came about, a sentence each."""
    told = mario(manifest)
    lines = [
        f"Round {told['round']}, layout {told['layout']}, seed {told['seed']}: {told['teacher']:,} rows of the "
        f"teacher, {told['own']:,} that the model wrote itself",
        f"Rewards: {', '.join(told['rewards'])}"
        + (f"; measured and not learned from: {', '.join(told['audit'])}" if told["audit"] else ""),
    ]
    if codes := manifest.get("codes"):
        bins = ", ".join(f"{name} {count}" for name, count in codes.items())
        lines.append(f"Bins, in the order of the tokens: {bins}; bin 0 is the best")
    return [*lines, "A model wrote rows, so that the same command may write others on another machine"]
