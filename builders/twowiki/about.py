"""What a card says of rows made from 2WikiMultiHopQA, and of rows made from the made-up records of the program."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from synth.builders.twowiki.source import SAMPLE, facts, locate
from synth.data.about import About

ABOUT = About(
    name="Self-Ask 2WikiMultiHopQA",
    text="Questions that need several facts, with the facts in the prompt. In the style `self-ask` the completion "
    "asks and answers one follow-up question for each hop before it gives the final answer; in the style "
    "`direct` it is the answer alone. Questions, facts and chains of evidence come from 2WikiMultiHopQA; a row "
    "is kept only if its chain holds: the facts are there, each hop begins where one before it ended, and the "
    "answer follows from the last ones.",
    licence="apache-2.0",
    licence_note="Made from 2WikiMultiHopQA (https://github.com/Alab-NII/2wikimultihop), which is under Apache-2.0.",
    categories=("question-answering", "text-generation"),
    tags=("multi-hop", "self-ask", "chain-of-thought"),
    columns={
        "type": "comparison, bridge_comparison, compositional or inference, as the source has it",
        "style": "self-ask or direct",
        "hops": "facts that have to be joined",
        "relations": "relations of the steps, in order",
        "facts": "facts in the prompt",
        "facts_added": "facts among them that the source does not cite, taken in because a step needs them",
        "prompt_tokens": "length of the prompt in tokens",
        "exemplars": "ids of the records that the worked examples before the question were made from",
        "perturb": "how the facts were changed, `none` for not at all",
        "source_id": "the row that a perturbed row came from, otherwise the row itself",
    },
    limits=(
        "The facts that are needed are in the prompt and, unless rows are perturbed, no others: finding them is not "
        "part of the task.",
        "Follow-up questions are made from relations by a fixed pattern and read like it.",
        "The facts are those of Wikipedia and Wikidata in 2020, errors included.",
        "The official test questions have no public answers: the split `test` is made from the development set.",
    ),
    papers=(
        """@inproceedings{ho2020constructing,
  title     = {Constructing A Multi-hop {QA} Dataset for Comprehensive Evaluation of Reasoning Steps},
  author    = {Ho, Xanh and Duong Nguyen, Anh-Khoa and Sugawara, Saku and Aizawa, Akiko},
  booktitle = {Proceedings of the 28th International Conference on Computational Linguistics},
  pages     = {6609--6625},
  year      = {2020}
}""",
        """@misc{mathewsfinetuning,
  title        = {Fine-tuning On Rationale Generation Improves Multi-Hop Reasoning in Small Language Models},
  author       = {Mathews, Richard and Weinberger, Adam and Kao, Meng-Kang},
  howpublished = {University of California, Berkeley}
}""",
    ),
)

MADE_UP = replace(
    ABOUT,
    name="Self-Ask 2WikiMultiHopQA, made-up sample",
    text="**The rows are made up.** They come from the few records that rationale-synth brings along to try it out: "
    "their people and works are invented, and none of them is of 2WikiMultiHopQA, whose layout they have. They are too "
    "few to train a model or to measure one.\n\n" + ABOUT.text.replace(" come from 2WikiMultiHopQA;", " are made up;"),
    licence_note="The made-up records are part of rationale-synth, which is under Apache-2.0.",
    tags=(*ABOUT.tags, "made-up"),
    limits=(*ABOUT.limits[:2], "The facts are made up, and there are few of them."),
)


def made_up(manifest: Mapping[str, Any]) -> About | None:
    """The card's text if a folder was made from the records of the program alone, told by the hashes of its source."""
    source = manifest.get("source")
    ours = facts(locate(SAMPLE, "auto")).values()
    return MADE_UP if isinstance(source, dict) and source and set(source.values()) <= set(ours) else None
