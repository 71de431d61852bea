"""Models that rewards ask: each is loaded once in a process, and leaves the GPU while something else needs it.

A loop on one GPU samples, scores and trains in turn. `release` moves the models of rewards to the machine's memory;
the next score brings them back without loading them again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

T = TypeVar("T")
FILES = ("*.safetensors", "*.bin", "*.json", "*.model")


@dataclass(frozen=True)
class Kept(Generic[T]):
    """A model that is loaded, with all that is needed to ask it."""

    asked: T
    model: Any  # of torch
    stamp: int  # of the folder that it was loaded from


_KEPT: dict[tuple[str, str], Kept[Any]] = {}


def kept(use: str, name: str, load: Callable[[], T], model: Callable[[T], Any]) -> T:
    """What `load` gives, loaded at the first call for this use and name; again if its folder has changed since.

    model: the model in it, which is on the GPU afterwards, if there is one.
    """
    import torch

    stamp = _stamp(Path(name))
    there = _KEPT.get((use, name))
    if there is None or there.stamp != stamp:
        _KEPT.pop((use, name), None)  # its memory is free before the next is loaded
        loaded = load()
        there = _KEPT[use, name] = Kept(loaded, model(loaded), stamp)
    if torch.cuda.is_available():
        there.model.to("cuda")
    asked: T = there.asked
    return asked


def asked() -> list[Any]:
    """What is loaded now."""
    return [each.asked for each in _KEPT.values()]


def release(forget: bool = False) -> None:
    """Give the GPU's memory back; with `forget` the machine's memory too, and the next score loads models anew."""
    if not _KEPT:
        return
    import torch

    if torch.cuda.is_available():
        for each in _KEPT.values():
            each.model.to("cpu")
    if forget:
        _KEPT.clear()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _stamp(folder: Path) -> int:
    """When a file of a model was last written to a folder; 0 for what is no folder of this machine."""
    files = [path for pattern in FILES for path in folder.glob(pattern)] if folder.is_dir() else []
    return max((path.stat().st_mtime_ns for path in files), default=0)
