"""What the processes of a run agree on before its first step: that all can begin, and that they begin alike.

A process that cannot begin would leave the others waiting for it, half an hour on GPUs. So each says how it went, and
all end if one has to.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from synth.errors import FolderError, SynthError, TrainingError, UsageError
from synth.training.folder import Job

if TYPE_CHECKING:  # imports torch
    from synth.training.loop import Place

T = TypeVar("T")


def together(place: "Place", work: Callable[[], T]) -> T:
    """What `work` returns, if it goes well in all processes.

    Raises its SynthError; if it went well here, TrainingError with the one of the first process in which it did not.
    """
    try:
        found, wrong = [work()], None
    except SynthError as error:
        found, wrong = [], error
    told = place.gathered((str(wrong), wrong.exit_code) if wrong else None)
    if wrong is not None:
        raise wrong
    for rank, other in enumerate(told):
        if other is not None:
            raise TrainingError(f"{place.named(rank)}: {other[0]}", other[1])
    return found[0]


def alike(place: "Place", facts: Mapping[str, Any], job: Job) -> None:
    """Raises UsageError if a machine was started otherwise than machine 0, has other packages, or reads other rows.

    facts: what synth-run.json is to say.
    """
    how = {"resume": job.resume, "overwrite": job.overwrite}
    told = place.gathered({"config": {**facts["config"], **how}, "versions": facts["versions"], "data": facts["data"]})
    for rank, its in enumerate(told):
        if its != told[0] and (difference := _difference(told[0], its)):
            raise UsageError(f"{place.named(rank)} {difference}")


def _difference(first: Mapping[str, Any], its: Mapping[str, Any]) -> str:
    """What is different on another machine, and what to do about it; nothing if it does not matter."""
    for name in sorted({*first["config"], *its["config"]} - {"data"}):
        was, here = first["config"].get(name), its["config"].get(name)
        if was != here:
            option = f"--{name.replace('_', '-')}"
            return f"has {option} {here}, machine 0 has {was}: start all with the same command, but for --machine"
    for name, was in first["versions"].items():
        if name != "python" and (here := its["versions"].get(name)) != was:
            return f"has {name} {here}, machine 0 has {was}: install the same one, or the weights would differ"
    names = [[one["folder"] for one in data] for data in (first["data"], its["data"])]
    if names[0] != names[1]:
        return f"has --data {' '.join(names[1])}, machine 0 has {' '.join(names[0])}: start all with the same command"
    others = [one["folder"] for one, own in zip(first["data"], its["data"], strict=True) if one != own]
    return f"reads other rows of {others[0]} than machine 0: give both the same folder" if others else ""


def seen(place: "Place", folder: Path) -> None:
    """Make the folder of a run on several machines, and find out whether all of them see it.

    Raises FolderError if they do not: checkpoints are written by machine 0 alone, and read by all.
    """
    if place.machines == 1:
        return
    names = place.gathered(f".seen-{uuid4().hex}")
    mark = folder / names[0]
    together(place, lambda: _write(mark) if place.main else None)
    told = place.gathered(mark.exists())
    if place.main:
        mark.unlink(missing_ok=True)
    place.wait()
    if not all(told):
        if place.main:
            with suppress(OSError):  # it was there before
                folder.rmdir()
        blind = place.named(told.index(False))
        raise FolderError(f"--out {folder}: {blind} does not see it: give a folder that all machines share")


def _write(mark: Path) -> None:
    try:
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    except OSError as error:
        raise FolderError.from_os(error, str(mark.parent)) from error
