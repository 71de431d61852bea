"""What is pushed: datasets by the names of their configurations, each fit to go out."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from synth.base.files import file_facts
from synth.base.terminal import Say
from synth.data.folder import finish_move
from synth.data.manifest import members, open_manifest
from synth.data.names import ALONG, MANIFEST, PLOTS
from synth.errors import FolderError, UsageError
from synth.releasing import beside
from synth.releasing.options import Push
from synth.validating.checker import find
from synth.validating.results import changed_since, read_validation

CONFIG = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)
RESERVED = {"data", PLOTS, *ALONG}  # folders of a repository that are no configuration's


@dataclass(frozen=True)
class Part:
    """One dataset of a push."""

    config: str
    folder: Path
    manifest: Mapping[str, Any]
    digests: Mapping[str, str]  # of its files, by name
    validated: bool  # what validation.json says is about these very files
    beside: Mapping[str, Path] = field(default_factory=dict)  # files that go along with the rows, by name

    @property
    def prefix(self) -> str:
        """Where its manifest goes in the repository."""
        return beside.prefix_of(self.config)

    @property
    def data(self) -> str:
        """Where its shards go."""
        return self.prefix or "data/"


def configs(folders: Sequence[Path], config: str | None) -> dict[str, Path]:
    """The datasets to push by configuration: one alone is `default` or `--config`, several are called as their folders.

    Raises UsageError for names that cannot be, FolderError for folders that hold no dataset.
    """
    datasets: list[tuple[str, Path]] = []
    for folder in folders:
        below = members(folder)
        alone = list(below) == ["default"]
        own = "default" if len(folders) == 1 else folder.resolve().name
        datasets += [(own, folder)] if alone else list(below.items())
    if config is not None:
        if len(datasets) > 1:
            raise UsageError(f"--config {config} names one dataset, and there are {len(datasets)}: give one folder")
        datasets = [(config, datasets[0][1])]
    names = [name for name, _ in datasets]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"two folders are called {name!r}: push one after the other, each with --config NAME")
        if not CONFIG.fullmatch(name) or name in RESERVED:
            way_out = "give another with --config NAME"
            if len(datasets) > 1:
                way_out = "rename the folder, or push it alone with --config NAME"
            raise UsageError(f"{name!r} cannot be the name of a configuration: {way_out}")
    return dict(datasets)


def part_of(config: str, folder: Path, asked: Push, say: Say) -> Part:
    """A dataset that is fit to go out.

    Raises FolderError if it was not validated, failed, or changed since, and nobody insists.
    """
    finish_move(folder)
    manifest = open_manifest(folder)
    along = beside.found(folder, asked.with_, say)
    names = [name for split in manifest["splits"].values() for name in split["files"]]
    names += [path.name for path in along.values()]
    try:
        digests = {name: str(file_facts(folder / name)["sha256"]) for name in [*names, MANIFEST]}
    except OSError as error:
        raise FolderError.from_os(error, str(error.filename or folder)) from error
    validation = read_validation(folder)
    stale = _stale(folder, manifest, validation)
    why = stale or _failed(folder, manifest, validation or {})
    if why is not None and not asked.force:
        raise FolderError(f"{why}, then push again; --force pushes it as it is")
    return Part(config, folder, manifest, digests, stale is None, along)


def _stale(folder: Path, manifest: Mapping[str, Any], validation: Mapping[str, Any] | None) -> str | None:
    """Why nothing is known of the files as they are, and what to type; None if it is known."""
    if validation is None:
        return f"{folder} was not validated: type synth validate {folder}"
    if changed := changed_since(folder, manifest, validation):
        return f"{folder / changed[0]} changed since it was validated: type synth validate {folder}"
    return None


def _failed(folder: Path, manifest: Mapping[str, Any], validation: Mapping[str, Any]) -> str | None:
    """What a dataset was not held to, or did not pass, and what to type; None if all is well."""
    if validation.get("success") is not True:
        failed = [str(held.get("name")) for held in validation.get("expectations", []) if held.get("success") is False]
        return f"{folder} did not pass its validation ({', '.join(failed[:3]) or 'it failed'}): mend it and validate it"
    checker = find(str(manifest["builder"])) if "builder" in manifest else None
    if validation.get("steps") is False and checker is not None and checker.check is not None:
        return f"{folder} was validated with --no-steps: type synth validate {folder}"
    return None
