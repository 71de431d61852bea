"""The front matter of a card, worked out from the folders: https://huggingface.co/docs/hub/datasets-cards."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from synth.cards import facts
from synth.cards.member import Member
from synth.data import frontmatter
from synth.data.about import About
from synth.data.frontmatter import features
from synth.data.manifest import open_manifest, split_files
from synth.data.names import ALONG

TAGS = ("synthetic", "reasoning")
Files = Mapping[str, Mapping[str, list[str]]]
Sizes = Mapping[str, Mapping[str, tuple[int, int]]]
Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Given:
    """What the folders do not tell; `render` in dataset.py says what each is."""

    repo: str | None = None
    files: Files = field(default_factory=dict)
    sizes: Sizes = field(default_factory=dict)
    schemas: Mapping[str, Any] = field(default_factory=dict)
    downloads: Mapping[str, int] = field(default_factory=dict)
    licence: str | None = None
    overwrite: bool = False
    alone: bool = False
    beside: Sequence[tuple[Entry, Entry]] = ()
    gone: frozenset[str] = frozenset()


def keys(read: Sequence[Member], given: Given) -> dict[str, Any]:
    """The front matter of these folders alone."""
    keys = told({member.kind: member.about for member in read}.values(), given.licence)
    keys["configs"] = [*(_config(member, given) for member in read), *(config for config, _ in given.beside)]
    keys["dataset_info"] = [*(_info(member, given) for member in read), *(info for _, info in given.beside)]
    return keys


def told(abouts: Iterable[About], licence: str | None = None) -> dict[str, Any]:
    """What is known of kinds of data: the keys that a person may change, and the place of `size_categories`."""
    abouts = list(abouts)
    licences = {about.licence for about in abouts}
    licence = licence or (licences.pop() if len(licences) == 1 else "other" if all(licences) else "")
    keys: dict[str, Any] = {"license": licence} if licence else {}
    if languages := _union(about.languages for about in abouts):
        keys["language"] = languages
    keys["pretty_name"] = " and ".join(about.name for about in abouts)
    keys["task_categories"] = _union(about.categories for about in abouts)
    keys["size_categories"] = []
    keys["tags"] = [*TAGS, *(tag for tag in _union(about.tags for about in abouts) if tag not in TAGS)]
    return keys


def told_of(folders: Iterable[Path]) -> dict[str, Any]:
    """The same of dataset folders.

    Raises FolderError for what is none.
    """
    manifests = [open_manifest(folder) for folder in folders]
    return told({facts.kind(manifest): facts.about(manifest) for manifest in manifests}.values())


def beside(configs: Any) -> dict[str, str]:
    """Of the configurations of a card those that are no datasets but files beside one, told by where they lie: name ->
    `attempts`, `rejected` or `notes`."""
    found = {}
    for name, entry in frontmatter.entries(configs).items():
        parts = entry.get("data_files")
        paths = [path for part in parts or () if isinstance(part, dict) for path in _listed(part.get("path"))]
        folders = {PurePosixPath(str(path)).parent.name for path in paths}
        if len(folders) == 1 and folders <= ALONG.keys():
            found[name] = folders.pop()
    return found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _union(lists: Any) -> list[str]:
    return list(dict.fromkeys(item for listed in lists for item in listed))


def _config(member: Member, given: Given) -> dict[str, Any]:
    own = {split: part["files"] for split, part in member.manifest["splits"].items()}
    if member.name != "default":
        own = {split: [f"{member.name}/{name}" for name in names] for split, names in own.items()}
    paths = given.files.get(member.name, own)
    named = {split: frontmatter.in_few_words(paths[split]) for split in _named(member) if split in paths}
    data_files = [{"split": split, "path": files} for split, files in named.items()]
    return {"config_name": member.name, "data_files": data_files}


def _named(member: Member) -> list[str]:
    """Splits that the front matter names: `datasets` opens nothing at all if one of them has no rows."""
    return [name for name, counts in member.splits.items() if counts.rows] or list(member.splits)


def _info(member: Member, given: Given) -> dict[str, Any]:
    sizes = given.sizes.get(member.name, {})
    splits = []
    for split in _named(member):
        size, rows = sizes.get(split, (member.splits[split].size, member.splits[split].rows))
        splits.append({"name": split, "num_bytes": size, "num_examples": rows})
    info: dict[str, Any] = {"config_name": member.name, "features": features(), "splits": splits}
    if (download := _download(member, given)) is not None:
        info["download_size"] = download
    return {**info, "dataset_size": sum(part["num_bytes"] for part in splits)}


def _download(member: Member, given: Given) -> int | None:
    """Bytes of the files that are named in `configs`, if they are known."""
    if member.name in given.files:
        return given.downloads.get(member.name)
    return sum(
        path.stat().st_size for split in member.splits for path in split_files(member.folder, member.manifest, split)
    )
