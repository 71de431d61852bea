"""What a card says of rows that a model wrote for itself: an iteration of `synth train star`.

synth.json tells of it in `star`: iteration, hash of the weights, seed, how many rows had a hint, what had to be right.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from synth.data.about import About

Manifest = Mapping[str, Any]

PROVENANCE = {
    "teacher": "`itself`: the model that then learned from the row",
    "model": "hash of the weights that wrote the rationale",
    "hinted": "whether the model was given the answer; the hint itself is not in the row",
    "iteration": "the iteration in which it was written",
    "seed": "seed of the run",
}
ZELIKMAN = """@inproceedings{zelikman2022star,
  title     = {{STaR}: Bootstrapping Reasoning With Reasoning},
  author    = {Zelikman, Eric and Wu, Yuhuai and Mu, Jesse and Goodman, Noah D.},
  booktitle = {Advances in Neural Information Processing Systems},
  year      = {2022},
  url       = {https://arxiv.org/abs/2203.14465}
}"""


def star(manifest: Manifest) -> dict[str, Any]:
    """The facts of the iteration; {} for rows that come from elsewhere."""
    told = manifest.get("star")
    return dict(told) if isinstance(told, Mapping) else {}


def about(questions: About, manifest: Manifest) -> About:
    """What is known of the rows, from what is known of their questions."""
    papers = questions.papers
    if not any("2203.14465" in paper for paper in papers):
        papers = (*papers, ZELIKMAN)
    note = f"Of the questions: {questions.licence_note} " if questions.licence_note else ""
    built = "builder" in manifest
    return replace(
        questions,
        name=f"{questions.name} {'with rationales of STaR' if built else 'of STaR'}",
        text=f"{_text(manifest)}\n\nThe questions, and the form of the rationales: {questions.text}"
        if built else f"{questions.text}\n\n{_text(manifest)}",
        licence_note=f"{note}The rationales were written by a model, whose own terms hold for them.",
        tags=(*(tag for tag in questions.tags if tag != "distilled"), "star"),
        limits=(*_limits(manifest), *(questions.limits if built else ())),
        papers=papers,
    )  # fmt: skip


def _text(manifest: Manifest) -> str:
    hinted = ", in some rows after it had been given the answer" if star(manifest).get("hinted", True) else ""
    return (
        "The rationales were written by the very model that then learned from them (STaR, Zelikman et al. 2022)"
        f"{hinted}. No program and no other model wrote them. {_kept(manifest)}"
    )


def _kept(manifest: Manifest) -> str:
    """What had to be right for a rationale to be kept."""
    told = star(manifest)
    if told.get("vote"):
        return (
            f"A rationale is kept where most of {told['samples']} samples agree on its answer: no gold answer was used."
        )
    if told.get("filter") == "steps":
        return "A rationale is kept where its answer is the gold one and no step of it was found wrong."
    return "A rationale is kept where its answer is the gold one, whatever its steps are."


def _limits(manifest: Manifest) -> tuple[str, ...]:
    told = star(manifest)
    limits = []
    if told.get("vote"):
        limits.append("The answers are those of a majority of samples, and may be wrong.")
    if told.get("filter") != "steps":
        limits.append("A right answer does not make each of its steps right.")
    if told.get("hinted", True):
        limits.append("A rationale with `hinted` was written by a model that knew the answer: it may defend the answer "
                      "rather than lead to it.")  # fmt: skip
    limits.append("Questions that the model did not get right are missing: what is left is easier than the source.")
    return tuple(limits)


def made(manifest: Manifest, rows: int, hinted: int) -> list[str]:
    """How the rows came about, a sentence each."""
    told = star(manifest)
    who = f"`{told['name']}`, " if told.get("name") else ""
    lines = [
        f"Iteration {told['iteration']} of STaR: the model itself wrote the rationales ({who}weights "
        f"`{told['model']}`, seed {told['seed']})"
    ]
    if told.get("questions"):
        lines.append(f"{told['questions']:,} questions were asked, {rows:,} rows kept")
    if hinted:
        share = f"{hinted / rows:.1%}" if rows else "0%"
        lines.append(f"In {hinted:,} row{'' if hinted == 1 else 's'} ({share}) the model had been given the answer "
                     "(`hinted`); the hint is not in the row")  # fmt: skip
    lines.append(_kept(manifest).rstrip("."))
    return [*lines, "A model wrote the rows, so that the same command may write others on another machine"]
