"""Scores texts with several rewards, each beside the row that it is about."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from synth.base.own import OWN
from synth.data.verdicts import digest
from synth.questions.reading import task_of
from synth.record import Record
from synth.rewarding.columns import columns_of, settings_text
from synth.rewarding.reward import Reward, Values

# Columns that a row has only now and then; None where it does not. TRL gives them in the same way.
NOW_AND_THEN = ("kind", "closing", "options", "reader")


def score(
    rewards: Sequence[Reward], records: Sequence[Record], texts: Sequence[str], manifest: Mapping[str, Any]
) -> dict[str, Values]:
    """What each reward pays for each text, by its name; None where it does not apply.

    records: the row of each text, whose prompt was asked and whose answer is the gold one. texts: what was written.
    manifest: of the folder that the rows are from, which says how they are read. Raises UsageError for a reward that
    cannot be taken, with its name and the row.
    """
    if not records:  # nobody says which columns none have
        return {reward.name: [] for reward in rewards}
    columns = {"prompts": [record.prompt for record in records], **batch_of(records, manifest)}
    return {reward.name: reward(list(texts), **columns) for reward in rewards}


def decided_by(reward: Reward) -> str:
    """A hash of what decides its values beside the row: its name, of a user's own the text of its file, and the weights
    of the models that it asks."""
    code, module = getattr(reward.by, "__code__", None), getattr(reward.by, "__module__", "") or ""
    own = Path(code.co_filename) if code is not None and module.startswith(OWN) else None
    text = own.read_text(encoding="utf-8") if own is not None and own.is_file() else ""
    return digest([reward.name, text, [[model, _weights(model)] for model in reward.asks]])


def _weights(model: str) -> list[list[Any]]:
    """Name, size and time of the weights of a model that lies in a folder, as `synth eval` knows a checkpoint."""
    files = sorted(Path(model).glob("*.safetensors"))
    return [[path.name, path.stat().st_size, path.stat().st_mtime_ns] for path in files]


def batch_of(records: Sequence[Record], manifest: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The columns of rows as a trainer hands them to a reward: a list each."""
    task, settings = task_of(manifest), settings_text(manifest)
    rows = [{"id": record.id, **columns_of(record, task, settings)} for record in records]
    names = dict.fromkeys(name for row in rows for name in row)
    found = {name: [row.get(name) for row in rows] for name in names}
    return {name: column for name, column in found.items() if name not in NOW_AND_THEN or any(map(bool, column))}
