"""What a folder's manifest tells of how it was made, and what its builder or its task knows beside."""

import shlex
from collections.abc import Mapping
from typing import Any

from synth.cards import bootstrapped, conditioned
from synth.data.about import About
from synth.data.builder import builder_of
from synth.data.carried import ANSWERS
from synth.record import Record

Manifest = Mapping[str, Any]

LICENCES = {  # as the tasks spell them -> the Hub's identifier
    "MIT": "mit",
    "Apache-2.0": "apache-2.0",
    "CC BY 4.0": "cc-by-4.0",
    "CC BY-SA 4.0": "cc-by-sa-4.0",
    "CC BY-NC 4.0": "cc-by-nc-4.0",
}
UNKNOWN = ("unknown", "not stated")
CATEGORIES = {  # families of tasks that are more to the Hub than text generation
    "sentiment": ("text-classification",),
    "topic": ("text-classification",),
    "paraphrase": ("text-classification",),
    "inference": ("text-classification",),
    "math": ("question-answering",),
    "common sense": ("question-answering",),
    "MaRio": ("question-answering",),
}
DISTILLED_COLUMNS = {
    "source_id": "the question in its source",
    "confidence": "share of the samples that agree on the answer, where a majority decides; otherwise null",
    "words": "words of the rationale",
    "options": "texts of the options A, B, C, ... of the question",
    "entry": "what the program that made the question and scores answers to it has to know, as JSON",
}
FIELDS = {
    "id": "names the row for good: how a built row was drawn, or the question a distilled one is of",
    "task": "kind of question",
    "prompt": "what a model reads",
    "rationale": "the steps to the answer; empty where there are none",
    "answer": "the right answer in canonical form",
    "completion": "what a model is to write: rationale and answer in the closing form of the task",
    "meta": "facts about the row",
    "provenance": "who wrote the rationale and what was paid for it, and what judges said",
}
PROVENANCE = {
    "teacher": "the teacher that was asked",
    "model": "the model as the server names it",
    "system_fingerprint": "the server's own mark of its state",
    "attempt": "which attempt this row is",
    "attempts": "attempts at the question in all",
    "hinted": "whether the teacher was given the answer; the hint itself is not in the row",
    "request": "hash of the request",
    "sampling": "how the reply was sampled, JSON",
    "finish_reason": "why the reply ended",
    "prompt_tokens": "tokens of the request",
    "completion_tokens": "tokens of the reply",
    "cost": "dollars, where prices are known",
    "extractor": "version of the program that found the answer in the reply",
    "source": "the file that the rationale stood in",
    "sha256": "hash of that file",
    "row": "number or key of the row in it",
    "thinking": "reasoning that the server returned apart from the reply",
    "verdicts": "what judges said: judge, verdict (null: none), detail, and the model that was asked",
}
RAFT = """@misc{zhu2025rationales,
  title  = {Rationales Are Not Silver Bullets: Measuring the Impact of Rationales on Model Performance and Reliability},
  author = {Zhu, Chiwei and Xu, Benfeng and Yang, An and Lin, Junyang and Wang, Quan and Zhou, Chang and Mao, Zhendong},
  year   = {2025}
}"""


def by_itself(manifest: Manifest) -> bool:
    """Whether a model wrote rows for itself, and no teacher was asked for them."""
    return bool(bootstrapped.star(manifest) or conditioned.mario(manifest))


def kind(manifest: Manifest) -> str:
    """The builder or the task of a folder; made-up rows, and those that a model wrote for itself, are kinds of their
    own."""
    own = "-star" if bootstrapped.star(manifest) else "-mario" if conditioned.mario(manifest) else ""
    return f"{_questions(manifest)}{own}"


def _questions(manifest: Manifest) -> str:
    if (builder := builder_of(manifest)) is not None and builder.made_up(manifest) is not None:
        return f"{manifest['builder']}-made-up"
    return str(manifest.get("builder") or manifest.get("distilled", {}).get("task") or "dataset")


def about(manifest: Manifest) -> About:
    """What is known of its kind of data; of a builder or a task of somebody's own at least its name."""
    known = _about_questions(manifest)
    if conditioned.mario(manifest):
        return conditioned.about(known, manifest)
    return bootstrapped.about(known, manifest) if bootstrapped.star(manifest) else known


def _about_questions(manifest: Manifest) -> About:
    name = _questions(manifest)
    if (builder := builder_of(manifest)) is not None:
        return builder.made_up(manifest) or builder.about
    return _about_task(name, manifest) if "distilled" in manifest else About(name, "", languages=())


def _limits(manifest: Manifest) -> tuple[str, ...]:
    """What a distillation cannot promise."""
    if "imported" in manifest:
        return _limits_of_import(manifest)
    if manifest["plan"].get("vote"):
        kept = "A rationale is kept because most samples agree on its answer. The answer may be wrong all the same."
        missing = "Questions without an answer that samples agree on are missing."
    else:
        kept = "A rationale is kept because its answer is the right one. That does not make each of its steps right."
        missing = (
            "Questions that the teacher did not get right are missing, so that what is left is easier than the source."
        )
    left_out = sum(manifest["rejected"].values()) - sum(dropped(manifest).values())
    return (kept, missing) if left_out else (kept,)


def _limits_of_import(manifest: Manifest) -> tuple[str, ...]:
    """What is not known of rationales that somebody else had written."""
    if not manifest["questions"]:
        return ()
    checked = not manifest["imported"].get("unchecked")
    kept = (
        "A rationale is kept because its answer is the right one. That does not make each of its steps right."
        if checked
        else "The answers are what the rationales come to; nobody compared them with right ones."
    )
    missing = "Questions without a right rationale are missing, so that what is left is easier than the source."
    return (kept, missing) if checked and manifest["rejected"] else (kept,)


def dropped(manifest: Manifest) -> dict[str, int]:
    """Rows that judges took out, by verdict."""
    return dict(manifest.get("dropped") or {})


def _with_what(manifest: Manifest) -> str:
    """What the questions come with, as the end of a sentence and one more."""
    if conditioned.mario(manifest):
        return "with rationales, those that lead to a wrong answer too."
    if "imported" not in manifest:
        kept = "most of its samples agree on" if manifest["plan"].get("vote") else "is the right one"
        said = "with rationales that a language model wrote. A rationale is kept where it leads to the answer that"
        return f"{said} {kept}."
    if not manifest["questions"]:
        return "with their answers."
    kept = "leads to the right answer" if not manifest["imported"].get("unchecked") else "comes to an answer"
    return f"with rationales that were written before. A rationale is kept where it {kept}."


def _about_task(name: str, manifest: Manifest) -> About:
    from synth.questions.find import known_task

    asked, limits = manifest["distilled"], _limits(manifest)
    shown = f"{name} with rationales"
    text, tags = _with_what(manifest), ("chain-of-thought", *(() if "imported" in manifest else ("distilled",)))
    if (builder := builder_of(asked["source"])) is not None:
        return _about_explained(builder.made_up(asked["source"]) or builder.about, text, (*tags, name), limits)
    if (task := known_task(name)) is None:
        return About(
            shown, f"Questions of the task {name}, {text}", tags=tags, languages=(),
            columns=DISTILLED_COLUMNS, limits=limits, papers=(RAFT,),
        )  # fmt: skip
    # Of a file nobody knows but its owner whether it is the task's own dataset.
    own = task.hub is not None and asked["source"].get("hub") == task.hub.id
    licence = LICENCES.get(task.licence, "other") if own and task.licence not in UNKNOWN else ""
    note = f"The questions of {name}: {task.licence}." if licence else ""
    links = (task.source,) if own and not any(task.source in paper for paper in task.papers) else ()
    return About(
        shown, f"Questions {'of' if own else 'as in'} {name} ({task.summary}), {text}", licence, note,
        (*CATEGORIES.get(task.family, ()), "text-generation"), (*tags, name),
        columns=DISTILLED_COLUMNS, limits=limits, papers=(RAFT, *task.papers), links=links,
    )  # fmt: skip


def _about_explained(built: About, text: str, tags: tuple[str, ...], limits: tuple[str, ...]) -> About:
    """Of questions that a builder made and a teacher explained: whose they are, as the builder says it."""
    return About(
        f"{built.name} with rationales", f"Questions of {built.name}, {text}", built.licence, built.licence_note,
        built.categories, tags, built.languages, DISTILLED_COLUMNS, limits, (RAFT, *built.papers), built.links,
    )  # fmt: skip


def commands(manifest: Manifest) -> list[str]:
    """What was typed to make the folder, without the names of folders it was written to."""
    typed = [str(manifest["command"])] if manifest.get("command") else []
    typed += [str(split["command"]) for split in (manifest.get(ANSWERS) or {}).values()]
    typed = list(dict.fromkeys(typed))
    for judged in judgings(manifest):
        words = ["synth", "judge", "--judge", judged["judge"]]
        for name, usual in (("teacher", None), ("sample", None), ("seed", 0), ("votes", 1), ("drop", None)):
            words += [f"--{name}", str(judged[name])] if judged.get(name) not in (None, usual) else []
        typed.append(shlex.join(words))
    return typed


def judgings(manifest: Manifest) -> list[Mapping[str, Any]]:
    """What each judge was asked, in order."""
    return [*manifest.get("judged_before", []), *([manifest["judged"]] if "judged" in manifest else [])]


def sources(manifest: Manifest) -> list[tuple[str, str]]:
    """Files that went in and the sha256 of each, "" if it is not known."""
    asked = manifest.get("distilled", {}).get("source")
    if asked:
        return [(str(asked["name"]), asked.get("sha256", ""))]
    return [(str(name), str(digest)) for name, digest in (manifest.get("source") or {}).items()]


def prompts(manifest: Manifest, row: Record | None) -> list[tuple[str, str]]:
    """The messages that a teacher was sent, (role, text), shown on the task's made-up question, else on that of a
    row."""
    from synth.questions.find import known_task
    from synth.questions.prompts import messages, question_of
    from synth.questions.reading import task_of

    task = task_of(manifest)
    if task is None or "imported" in manifest or by_itself(manifest):
        return []
    known = known_task(task.name)
    question = known.example if known is not None else None
    if question is None and row is not None and row.task == task.name:
        question = question_of(task, row)
    if question is None:
        return []
    asked = messages(task, question, length=manifest["plan"]["length"])
    return [(message["role"], message["content"]) for message in asked]


def settings(manifest: Manifest) -> dict[str, str]:
    """What a builder's options came to."""
    config = manifest.get("config") or {}
    return {str(name): str(value) for name, value in config.items() if value not in (None, "")}


def notes(manifest: Manifest) -> list[tuple[str, str]]:
    """What a builder noted of the dataset, one line each; what `meaning` says in words is not given in figures too."""
    noted = dict(manifest.get("notes") or {})
    meaning = noted.pop("meaning", None)
    if meaning is not None:
        noted = {name: value for name, value in noted.items() if not isinstance(value, Mapping)}
    first = [("", str(meaning))] if meaning is not None else []
    return [*first, *((str(name).replace("_", " "), _flat(value)) for name, value in noted.items())]


def _flat(value: Any) -> str:
    """{"train": {"1": 64}} -> train (1: 64)"""
    if not isinstance(value, Mapping):
        return str(value)
    parts = (f"{key} ({_flat(each)})" if isinstance(each, Mapping) else f"{key}: {each}" for key, each in value.items())
    return ", ".join(parts)
