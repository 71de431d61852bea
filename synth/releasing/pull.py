"""Brings a release of `synth push` back from the Hugging Face Hub as a dataset folder.

What made the release (synth.json) says which splits and rows there have to be. Written as JSON lines, rows get the very
bytes they had in the folder that was pushed; the hashes in synth.json tell whether they did. Shards lie in
`.synth-pull/` of the folder until it is written: a pull that was stopped resumes with what it has. The card comes along
with its pictures, unless a person wrote something else into the one that is there (synth/releasing/pull_card.py).
"""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from synth.base.config import verb
from synth.base.files import file_facts, write_whole
from synth.base.terminal import Say, sayer
from synth.data.already import look
from synth.data.folder import FolderWriter, finish_move
from synth.data.frontmatter import folder_card
from synth.data.handles import Dataset
from synth.data.manifest import is_manifest, members, read_manifest
from synth.data.names import BESIDE, CARD, FETCHED, MANIFEST, NOTES, PARTIAL, PLOTS, VALIDATION
from synth.data.reading import parquet_rows
from synth.errors import FolderError, HubError, UnknownNameError
from synth.record import FIELDS
from synth.releasing.beside import fetch_beside, prefix_of, shards_of
from synth.releasing.forms import SHARD
from synth.releasing.hub import Hub, State, login
from synth.releasing.options import Pull
from synth.releasing.parts import CONFIG
from synth.releasing.pull_card import configurations, put_card, remember
from synth.validating.results import changed_since, read_validation

PICTURE = re.compile(rf"{PLOTS}/[\w.-]+\.png")


@dataclass(frozen=True)
class Pulled:
    """One dataset that is now in a folder."""

    folder: Path
    rows: Mapping[str, int]
    same_bytes: bool  # as what was pushed
    already_there: bool = False
    validate_again: str | None = None  # why the validation of the release did not come along


@dataclass(frozen=True)
class Release:
    """One configuration on the Hub."""

    config: str
    manifest: dict[str, Any]
    folder: Path
    pushed: Mapping[str, Any]  # its files as they were, by name; the manifest gets those that are written

    @property
    def prefix(self) -> str:
        return prefix_of(self.config)

    @property
    def data(self) -> str:
        return self.prefix or "data/"


def carry_out(asked: Pull, say: Say = lambda line: None) -> list[Pulled]:
    """Write the release `org/name` to a folder; several configurations become datasets in it.

    Raises HubError for a repository that is no release of ours or cannot be read, UnknownNameError for a configuration
    it does not have, FolderError if the folder holds something else. The folder is then as it was, but for shards
    that came already.
    """
    hub = Hub(asked.name, login(needed=False), say)
    state = hub.state(asked.revision)
    if state is None:
        at = f" at {asked.revision}" if asked.revision else ""
        raise HubError(f"{hub.url} is not there{at}, or is private: check the name; for a private one {_login_hint()}")
    releases = [_wanted(hub, state, release, asked.format) for release in _releases(hub, state, asked)]
    several = releases[0].folder != asked.out
    if several and read_manifest(asked.out) is not None:
        raise FolderError(f"{asked.out} is a dataset folder, several do not fit into it: give another folder")
    already = [_already(release, state, asked.overwrite) for release in releases]
    before = _said_before(asked.out)
    with _left_as_it_was(asked.out), ExitStack() as writers:
        open_ones = [
            (release, writers.enter_context(FolderWriter(release.folder)))
            for release, done in zip(releases, already, strict=True)
            if not done
        ]
        manifests = [(writer, _fill(hub, state, release, writer), release) for release, writer in open_ones]
        for writer, manifest, release in manifests:  # all or none, but for a machine that dies at this very moment
            writer.commit(manifest, release.pushed.get(CARD))
    results = [_finished(hub, state, release, done) for release, done in zip(releases, already, strict=True)]
    for release in releases:
        _bring_notes(hub, state, release, say)
    if several:
        folder_card(asked.out, [release.config for release in releases])
    _bring_card(hub, state, asked, releases, before, say)
    for release in releases:
        shutil.rmtree(release.folder / FETCHED, ignore_errors=True)
    return results


def _bring_notes(hub: Hub, state: State, release: Release, say: Say) -> None:
    """Labels that went along, unless somebody has labelled rows here."""
    shards, path = shards_of(state.files, release.config, "notes"), release.folder / NOTES
    if shards and path.exists():
        say(f"{path} stays as it is: the labels of {hub.url} are not taken")
    elif shards:
        part, fetched = release.folder / f"{PARTIAL}-{NOTES}", release.folder / FETCHED
        try:
            fetch_beside(lambda name: hub.download(name, state.commit, fetched), shards, part)
            part.replace(path)
        except OSError as error:
            raise FolderError.from_os(error, f"cannot write to {release.folder}") from error


def _said_before(out: Path) -> Mapping[str, Any]:
    """What a card says of the dataset that a folder holds now, if it holds one: no person wrote that."""
    from synth.cards.keys import told_of

    try:
        return told_of(members(out).values())
    except FolderError:
        return {}


def _bring_card(
    hub: Hub, state: State, asked: Pull, releases: list[Release], before: Mapping[str, Any], say: Say
) -> None:
    """Write README.md and pictures of the release into the folder that holds all of it."""
    if CARD not in state.files:
        return
    only, theirs = asked.config, hub.text(CARD, state.commit)
    manifest = read_manifest(asked.out) if len(releases) == 1 else None
    if not put_card(asked.out, theirs, only, manifest, before, say):
        return
    remember(asked.out, f"{asked.name}@{asked.revision or 'main'}", theirs)
    wanted = [path for path in state.files if PICTURE.fullmatch(path) and only in (None, Path(path).stem)]
    fetched = releases[0].folder / FETCHED
    try:
        for path in wanted:
            (asked.out / path).parent.mkdir(exist_ok=True)
            hub.download(path, state.commit, fetched).replace(asked.out / path)
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write to {asked.out}") from error


def _login_hint() -> str:
    return "type `hf auth login` or set HF_TOKEN"


def _releases(hub: Hub, state: State, asked: Pull) -> list[Release]:
    """The configurations to bring, each with the folder it goes to."""
    paths = {path.removesuffix(MANIFEST).rstrip("/") or "default": path for path in state.files if _is_ours(path)}
    if not paths:
        raise HubError(
            f"{hub.url} was not pushed by synth (it has no {MANIFEST}): read it with datasets.load_dataset, "
            f"or have its questions explained with synth distill --source {hub.name}"
        )
    if asked.config is not None and asked.config not in paths:
        raise UnknownNameError("configuration of it", asked.config, sorted(paths))
    names = _in_order(hub, state, list(paths)) if asked.config is None else [asked.config]
    folders = {name: asked.out if len(names) == 1 else asked.out / name for name in names}
    manifests = {name: _manifest(hub, state, paths[name]) for name in names}
    return [Release(name, made, folders[name], made["files"]) for name, made in manifests.items()]


def _in_order(hub: Hub, state: State, names: list[str]) -> list[str]:
    """Configurations in the order of the card, then those that it does not name."""
    if CARD not in state.files or len(names) < 2:
        return names
    listed = configurations(hub.text(CARD, state.commit))
    return sorted(names, key=lambda name: listed.index(name) if name in listed else len(listed))


def _is_ours(path: str) -> bool:
    config, _, name = path.rpartition("/")
    return name == MANIFEST and (not config or CONFIG.fullmatch(config) is not None)


def _manifest(hub: Hub, state: State, path: str) -> dict[str, Any]:
    try:
        manifest = orjson.loads(hub.text(path, state.commit))
    except orjson.JSONDecodeError:
        manifest = None
    if not is_manifest(manifest):
        raise HubError(f"{path} of {hub.url} is no manifest of a dataset: pull an earlier --revision")
    return dict(manifest)


def _wanted(hub: Hub, state: State, release: Release, format: str | None) -> Release:
    """A release with the names that its files get here: of Parquet those that they have there."""
    manifest = {**release.manifest, "splits": {k: dict(v) for k, v in release.manifest["splits"].items()}}
    for split, facts in manifest["splits"].items():
        was = "parquet" if any(str(name).endswith(".parquet") for name in facts["files"]) else "jsonl"
        if (format or was) == "jsonl":
            facts["files"] = [f"{split}.jsonl"]
        else:
            facts["files"] = [f"data/{Path(path).name}" for path in _shards(hub, state, release, split)]
    if format is not None and "format" in manifest:
        manifest["format"] = format
    return replace(release, manifest=manifest)


def _already(release: Release, state: State, overwrite: bool) -> bool:
    """Whether the folder holds all of this release; it may be written otherwise."""
    recipe = {name: value for name, value in release.manifest.items() if name not in ("files", "splits")}
    recipe["splits"] = release.manifest["splits"]
    finish_move(release.folder)
    manifest = look(release.folder, recipe, overwrite)
    return manifest is not None and all(BESIDE[name] in manifest["files"] for name in _beside(state, release))


@contextmanager
def _left_as_it_was(out: Path) -> Iterator[None]:
    """Remove a folder again that was made for nothing."""
    was_there = out.exists()
    try:
        yield
    finally:
        if not was_there and out.is_dir() and not any(out.iterdir()):
            out.rmdir()


def _fill(hub: Hub, state: State, release: Release, writer: FolderWriter) -> dict[str, Any]:
    """Write the files of one dataset; returns its manifest."""
    manifest, fetched = release.manifest, release.folder / FETCHED
    every = {split: _shards(hub, state, release, split) for split in manifest["splits"]}
    for split, facts in manifest["splits"].items():
        shards = every[split]
        as_lines = facts["files"] == [f"{split}.jsonl"]
        rows = 0
        try:
            with writer.path(f"{split}.jsonl").open("wb") as lines:
                for path in shards:
                    file = hub.download(path, state.commit, fetched)
                    rows += _take(file, lines if as_lines else None)
                    if not as_lines:
                        _place(file, writer.path(f"data/{file.name}"))
            if not as_lines:
                writer.path(f"{split}.jsonl").unlink()
        except OSError as error:
            raise FolderError.from_os(error, f"cannot write to {release.folder}") from error
        if rows != facts["rows"]:
            shutil.rmtree(fetched, ignore_errors=True)
            raise HubError(
                f"{hub.url} has {rows:,} rows in {release.config}/{split}, its {MANIFEST} says {facts['rows']:,}: "
                "it was changed on the Hub; pull an earlier --revision"
            )
    try:
        for name in _beside(state, release):
            shards = shards_of(state.files, release.config, name)
            fetch_beside(lambda path: hub.download(path, state.commit, fetched), shards, writer.path(BESIDE[name]))
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write to {release.folder}") from error
    return manifest


def _beside(state: State, release: Release) -> list[str]:
    """Which files beside the rows are part of the release."""
    return [name for name in BESIDE if shards_of(state.files, release.config, name)]


def _place(file: Path, where: Path) -> None:
    """Link a file to another place, or copy it if the disk cannot link."""
    try:
        os.link(file, where)
    except OSError:
        shutil.copyfile(file, where)


def _shards(hub: Hub, state: State, release: Release, split: str) -> list[str]:
    shards = sorted(path for path in state.files if _is_shard(path, release.data, split))
    if not shards:
        raise HubError(f"{hub.url} has no files of {release.config}/{split} any more: pull an earlier --revision")
    return shards


def _is_shard(path: str, folder: str, split: str) -> bool:
    shard = SHARD.fullmatch(path.removeprefix(folder))
    return path.startswith(folder) and shard is not None and shard["split"] == split


def _take(file: Path, lines: Any) -> int:
    """Count the rows of a shard, and write them as JSON lines if `lines` is given."""
    import pyarrow.parquet as pq

    if lines is None:
        return int(pq.read_metadata(file).num_rows)
    count = 0
    for rows in parquet_rows(file):
        lines.write(b"".join(orjson.dumps({name: row[name] for name in FIELDS}) + b"\n" for row in rows))
        count += len(rows)
    return count


def _same(release: Release, manifest: Mapping[str, Any]) -> bool:
    """Whether the data files have the hashes they had when they were pushed."""
    names = [name for split in manifest["splits"].values() for name in split["files"]]
    names += [name for name in BESIDE.values() if name in manifest["files"] and name in release.pushed]
    return all(release.pushed.get(name, {}).get("sha256") == manifest["files"][name]["sha256"] for name in names)


def _finished(hub: Hub, state: State, release: Release, already: bool) -> Pulled:
    """What was pulled, or was there already; the validation comes along if it is of these very files, unless there is
    one of them here."""
    manifest = read_manifest(release.folder) or {}
    path, why = release.prefix + VALIDATION, None
    if path in state.files and not (already and _is_validated(release.folder, manifest)):
        text = hub.text(path, state.commit)
        if (why := _why_not(release.folder, text)) is None:
            write_whole(release.folder / VALIDATION, text.encode())
    rows = {split: facts["rows"] for split, facts in manifest["splits"].items()}
    return Pulled(release.folder, rows, _same(release, manifest), already, why)


def _is_validated(folder: Path, manifest: Mapping[str, Any]) -> bool:
    """Whether the validation.json of a folder is of its files as they are."""
    try:
        validation = read_validation(folder)
    except FolderError:
        return False
    return validation is not None and not changed_since(folder, manifest, validation)


def _why_not(folder: Path, validation: str) -> str | None:
    """Why a validation is not of the files of a folder; None if it is."""
    try:
        data = dict(orjson.loads(validation)["data"])
        missing = [name for name in data if not (folder / name).is_file()]
        if missing and set(missing) <= set(BESIDE.values()):
            return f"{' and '.join(sorted(missing))} {'is' if len(missing) == 1 else 'are'} not part of the release"
        if missing or any(file_facts(folder / name)["sha256"] != facts["sha256"] for name, facts in data.items()):
            return "the files are not byte for byte those that were validated"
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return f"the {VALIDATION} of the release cannot be read"
    return None


def run(asked: Pull) -> list[Pulled]:
    """Bring a release of `push` back from the Hub as a dataset folder, or as several in one.

    Returns one dataset a configuration. Raises UsageError and HubError, FolderError if the folder holds another.
    """
    if asked.quiet:  # the Hub client's own bars
        os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    return carry_out(asked, sayer(asked.quiet, "synth: "))


def run_one(asked: Pull) -> Dataset:
    """Bring a release of `push` back from the Hub as a dataset folder, or as several in one.

    Returns the folder. Raises UsageError and HubError, FolderError if the folder holds another.
    """
    run(asked)
    return Dataset(asked.out)


pull = verb("pull", Pull, run_one)
