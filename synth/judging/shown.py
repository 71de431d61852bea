"""Demonstrations of judging: rows with the verdicts that they got, in front of the row that is judged.

A row has its verdict from a folder that was judged before, where a model's reply is kept beside it, or from a line of a
file: `"verdict": "unhelpful", "analysis": "The second step ..."`. One without a verdict stands for the good one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from synth.answers.verdicts import choice
from synth.base.terminal import Say
from synth.data.verdict import Asking, Judge
from synth.errors import UsageError
from synth.questions.task import Task
from synth.record import Record
from synth.shots.draw import Shots
from synth.shots.load import load_shots
from synth.shots.options import ShotOptions

Messages = Sequence[Mapping[str, str]]


def shots_for(asked: ShotOptions, judge: Judge, tasks: Sequence[str], task: Task | None, say: Say) -> Shots | None:
    """The demonstrations of a judge, read before anything is asked; None without --shots.

    tasks: the names of those that the rows are of. task: that of the folder, if it knows its own.

    Raises UsageError for verdicts that are not on the judge's menu, and what `load_shots` raises.
    """
    if asked.shots is None:
        return None
    if not isinstance(judge.by, Asking):
        raise UsageError(f"--shots: --judge {judge.name} asks no model, leave it out")
    if len(tasks) != 1:
        raise UsageError(f"--shots: the rows are of several tasks ({', '.join(tasks)}): judge each by itself")
    shots = load_shots(asked, tasks[0], task)
    if shots is None:
        return None
    said = [_verdict(row, judge) for row in shots.rows]
    if other := sorted({str(verdict) for verdict in said if verdict is not None and verdict not in judge.menu}):
        raise UsageError(
            f"--shots {asked.shots}: its verdicts are {', '.join(other)}, those of {judge.name} are "
            f"{', '.join(judge.menu)}"
        )
    if None in said:
        say(f"{shots.source}: demonstrations without a verdict, each is shown as {judge.menu[0]}: {said.count(None):,}")
    return shots


def behind(by: Asking, judge: Judge, shots: Sequence[Record], asked: Messages, how: str) -> list[dict[str, str]]:
    """What the model is asked about a row, behind demonstrations."""
    system = [dict(message) for message in asked if message["role"] == "system"]
    last = [dict(message) for message in asked if message["role"] != "system"]
    turns: list[dict[str, str]] = []
    for shot in shots:
        turns += [dict(message) for message in by.messages(shot) if message["role"] != "system"]
        turns.append({"role": "assistant", "content": _reply(shot, by, judge)})
    if how == "turns":
        return [*system, *turns, *last]
    texts = [message["content"] for message in [*turns, *last]]
    return [*system, {"role": "user", "content": "\n\n".join(texts)}]


def _reply(shot: Record, by: Asking, judge: Judge) -> str:
    """What the judge says of a demonstration: the reply that was kept if it is one, its analysis, its verdict."""
    verdict = _verdict(shot, judge) or judge.menu[0]
    detail = str((_kept(shot, judge) or {}).get("detail") or "").strip()
    word = verdict[:1].upper() + verdict[1:]
    if not detail or detail.casefold() == verdict.casefold():
        return word
    closing = choice(detail, judge.menu) if by.parse is None else by.parse(detail)
    return detail if closing.verdict == verdict else f"{detail}\n{word}"


def _verdict(shot: Record, judge: Judge) -> str | None:
    """The verdict of a demonstration, as the menu spells it if it is on the menu; None if it has none."""
    if (kept := _kept(shot, judge)) is None:
        return None
    said = str(kept["verdict"]).strip().casefold()
    return {word.casefold(): word for word in judge.menu}.get(said, said)


def _kept(shot: Record, judge: Judge) -> Mapping[str, Any] | None:
    """The last verdict of this judge that a row has, or of nobody in particular, as lines of a file have it.

    One that is unscored is none: what is kept beside it is why, and no analysis.
    """
    verdicts = (shot.provenance or {}).get("verdicts") or []
    given = [each for each in verdicts if isinstance(each, Mapping) and each.get("verdict") is not None]
    own = [each for each in given if each.get("judge") in (judge.name, None)]
    return own[-1] if own else None
