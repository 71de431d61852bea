"""Mixtures of tasks by name: `--data polarity-gain:FOLDER`, one dataset folder a task in FOLDER.

After Zhu et al. 2025 (RAFT), section 5 and appendix K: a polarity mixture puts those tasks together that rationales
help, or those that they harm; the full mixture has every task. Appendix K prints QQP, Winogrande and CR as the tasks
with a gain and GSM8K, ARC and CREAK as the others. Its own figures say the opposite (table 6: accuracy of GSM8K +0.509,
of QQP -0.092, of CR -0.002), so the names here go by the sign of the gain.
"""

from collections.abc import Mapping
from pathlib import Path

from synth.data.manifest import members, read_manifest
from synth.errors import FolderError, UnknownNameError, UsageError

# Of each task the names that it has here: of ARC one half, or both.
POLARITY: dict[str, tuple[tuple[str, ...], ...]] = {
    "polarity-gain": (("gsm8k",), ("arc_easy", "arc_challenge"), ("creak",)),
    "polarity-harm": (("qqp",), ("winogrande",), ("cr",)),
}
PRESETS = (*POLARITY, "full")


def preset_of(given: str) -> tuple[str, str]:
    """Preset and folder out of `PRESET:FOLDER`; "" and the text itself if it names none.

    Raises UnknownNameError for what stands before a folder and is no preset.
    """
    name, colon, folder = given.partition(":")
    if not colon or Path(given).exists():
        return "", given
    if name not in PRESETS and Path(folder).is_dir() and not Path(name).exists():
        raise UnknownNameError("mixture", name, list(PRESETS))
    return (name, folder) if name in PRESETS else ("", given)


def folders_of(preset: str, folder: Path) -> list[Path]:
    """The datasets of a preset, in the order of its tasks.

    Raises UsageError, which names the tasks, if one is missing, FolderError for a folder without datasets.
    """
    if not folder.is_dir():
        raise FolderError(f"--data {preset}:{folder}: no such folder; give one with a dataset folder for each task")
    there = _tasks(members(folder) if read_manifest(folder) is None else {})
    wanted = POLARITY.get(preset, ((*there,),))
    if missing := [" or ".join(names) for names in wanted if not any(name in there for name in names)]:
        found = f"it has {', '.join(there)}" if there else "it is one dataset"
        raise UsageError(
            f"--data {preset}:{folder}: no dataset of {', '.join(filter(None, missing)) or 'any task'} ({found})"
        )
    return [there[name] for names in wanted for name in names if name in there]


def _tasks(datasets: Mapping[str, Path]) -> dict[str, Path]:
    """The datasets by their task, or by the name of their folder if that says no task.

    Raises UsageError for two of one task.
    """
    found: dict[str, Path] = {}
    for name, folder in datasets.items():
        manifest = read_manifest(folder) or {}
        task = str(manifest.get("builder") or (manifest.get("distilled") or {}).get("task") or name)
        if task in found:
            raise UsageError(f"{found[task]} and {folder} are both of {task}: a mixture has one dataset a task")
        found[task] = folder
    return found
