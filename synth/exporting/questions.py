"""Questions with their gold answers, for reinforcement learning: what a policy is asked, and what its reward needs.

grpo, for TRL's GRPOTrainer and RLOOTrainer, which hand every column but `prompt` to the reward functions:

    {"prompt", "id", "answer", "task", "settings", "steps", "meta", "reward"}
    and if they say more than the name of the task: "kind", "closing", "options"; "question" if the prompt is a chat

verl, whose reward functions get `reward_model.ground_truth` and `extra_info`, which has the rest of those columns:

    {"data_source", "prompt": [turns], "ability", "reward_model": {"style": "rule", "ground_truth"}, "extra_info"}

What each column means to a reward, synth/rewarding/batch.py says.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synth.data import reading
from synth.data.manifest import open_manifest
from synth.evaluating.prompts import Asking, asking_for
from synth.exporting.options import Export
from synth.questions.find import known_task
from synth.record import Record
from synth.rewarding.columns import columns_of, settings_text

Row = dict[str, Any]
REPEATED = "repeated_question"  # another rationale of the question before
ABILITY = "reasoning"


@dataclass(frozen=True)
class _Asker:
    """How the questions of a folder are asked and its answers read."""

    asked: Export
    asking: Asking
    settings: str  # of the step checker, as JSON

    def prompt(self, record: Record) -> str | list[dict[str, str]]:
        if self.asked.way == "plain":
            return record.prompt
        said = {"role": "user", "content": record.prompt.strip()}
        turns = self.asking.messages(record) if self.asked.way == "instructed" else [said]
        system = self.asked.system
        return [{"role": "system", "content": system}, turns[-1]] if system else turns

    def columns(self, record: Record) -> Row:
        """What a reward has to know of a row."""
        told = columns_of(record, self.asking.task, self.settings)
        return {"id": record.id, **told, "reward": self.asked.reward}


def questions(asked: Export, folder: Path, split: str, left_out: Counter[str]) -> Iterator[Row]:
    """The questions of a split, each once: a teacher's rationales of one question stand behind one another."""
    manifest = open_manifest(folder)
    asker = _Asker(asked, asking_for(None, "rationale", manifest), settings_text(manifest))
    before: tuple[str, str] | None = None
    for number, record in enumerate(reading.read(folder, split, typed=True)):
        if (record.prompt, record.answer) == before:
            left_out[REPEATED] += 1
            continue
        before = record.prompt, record.answer
        prompt, columns = asker.prompt(record), asker.columns(record)
        if not isinstance(prompt, str):
            columns["question"] = record.prompt
        yield _verl(prompt, columns, split, number) if asked.to == "verl" else {"prompt": prompt, **columns}


def _verl(prompt: str | list[dict[str, str]], columns: Mapping[str, Any], split: str, number: int) -> Row:
    task = known_task(columns["task"]) if "kind" in columns and ":" not in columns["task"] else None
    rest = {name: value for name, value in columns.items() if name != "answer"}
    return {
        "data_source": columns["task"],
        "prompt": prompt,
        "ability": ABILITY if task is None else task.family,
        "reward_model": {"style": "rule", "ground_truth": columns["answer"]},
        "extra_info": {"split": split, "index": number, **rest},
    }
