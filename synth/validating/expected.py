"""What a dataset is held to: the expectations of its kinds, and of the user's own suites."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from synth.data.names import MANIFEST
from synth.errors import FolderError
from synth.validating.checker import find
from synth.validating.suites import named
from synth.validating.user import read_suite


def kinds(manifest: Mapping[str, Any], folder: Path) -> tuple[str, ...]:
    """The checkers that a dataset is held to, by name."""
    names = ["dataset"]
    for kind, needed in ((manifest.get("builder"), "config"), ("distilled", "plan")):
        if kind and find(kind) is not None and (kind != "distilled" or "distilled" in manifest):
            if not isinstance(manifest.get(needed), dict):
                raise FolderError(f"{folder / MANIFEST} has no {needed}: build the folder again with --overwrite")
            names.append(str(kind))
    return tuple(names)


def suites(manifest: Mapping[str, Any], folder: Path, own: Sequence[Path]) -> dict[str, list[Any]]:
    """Expectations by the name of the suite they come from. own: files of the user's own.

    Raises FolderError for a manifest that does not say what is needed, UsageError for a file that is no suite.
    """
    found: dict[str, list[Any]] = {}
    for kind in kinds(manifest, folder):
        try:
            found[kind] = suite_of(kind, manifest)
        except (KeyError, TypeError) as error:
            raise FolderError(
                f"{folder / MANIFEST} does not say all that the expectations of {kind} need ({error}): "
                "build the folder again with --overwrite"
            ) from error
    for path in own:
        found[path.name] = read_suite(path, manifest)
    return found


def suite_of(kind: str, manifest: Mapping[str, Any]) -> list[Any]:
    """The expectations of one kind: that its steps hold, if there is a step checker, and those it adds."""
    from synth.validating.steps import ExpectStepsToHold

    checker = find(kind)
    if checker is None:
        return []
    meta = named("steps", checker.steps_title)
    steps = [ExpectStepsToHold(column="step_fault", meta=meta)] if checker.check is not None else []
    return [*steps, *checker.expectations(manifest)]
