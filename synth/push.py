"""Releases dataset folders on the Hugging Face Hub: Parquet shards, card and manifests in one commit.

    data/<split>-0000i-of-0000N.parquet      of the only or nameless dataset (configuration `default`)
    <config>/<split>-0000i-of-0000N.parquet  of each named one
    synth.json, validation.json              what made it and what it was held to; <config>/synth.json of a named one
    README.md, plots/                        the card, merged with the one that is there

Configurations that are not pushed now stay as they are. The commit names the one it follows: where somebody else's came
in between, the repository is read again and the card merged again.
"""

import difflib
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synth import registry
from synth._card_checks import VALIDATION, changed_since, read_validation
from synth.errors import FolderError, HubError, UsageError
from synth.hub import Hub, LostRaceError, Say, State, checked_name, login
from synth.leaks import Guard
from synth.shards import STAGING, Staged, stage
from synth.store import CARD, MANIFEST, file_facts, hold, members, open_manifest

if TYPE_CHECKING:
    from synth.card import Rendered

RACES = 5  # commits that may be lost to somebody else's
CONFIG = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)
RESERVED = {"data", "plots"}  # folders of a repository that are no configuration's
REFERENCE = re.compile(r"(?!.*\.\.)[A-Za-z0-9][\w./-]*(?<![./])", re.ASCII)  # branches and tags
SHARD = re.compile(r"[\w.]+-\d{5}-of-\d{5}\.parquet")


@dataclass(frozen=True)
class Options:
    folders: Sequence[Path]
    name: str
    config: str | None = None
    private: bool = False
    revision: str | None = None
    tag: str | None = None
    dry_run: bool = False
    force: bool = False
    message: str | None = None
    allow: Sequence[str] = ()


@dataclass(frozen=True)
class Part:
    """One dataset of a push."""

    config: str
    folder: Path
    manifest: Mapping[str, Any]
    digests: Mapping[str, str]  # of its files, by name
    validated: bool  # what validation.json says is about these very files

    @property
    def prefix(self) -> str:
        """Where its manifest goes in the repository."""
        return "" if self.config == "default" else f"{self.config}/"

    @property
    def data(self) -> str:
        """Where its shards go."""
        return self.prefix or "data/"


@dataclass
class Change:
    """What a commit is to do."""

    shards: dict[str, tuple[Path, int]] = field(default_factory=dict)  # path: file, bytes
    texts: dict[str, bytes] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    rows: dict[str, dict[str, int]] = field(default_factory=dict)  # configuration: split: rows
    kept: list[str] = field(default_factory=list)  # parts of the card that a person edited
    card_lines: tuple[int, int] = (0, 0)  # new, gone


@dataclass(frozen=True)
class Pushed:
    url: str
    change: Change
    commit: str | None  # None: a dry run
    new: bool  # whether there was something to commit
    dry_run: bool
    made: bool  # the repository was not there before


def push(options: Options, say: Say = lambda line: None) -> Pushed:
    """Release the datasets of `folders` as configurations of one repository.

    Raises UsageError for options that cannot be, FolderError for a folder that is not fit to go out, HubError for what
    the Hub refuses.
    """
    _check(options)
    parts = [
        _part(config, folder, options.force) for config, folder in configs(options.folders, options.config).items()
    ]
    token = login(needed=not options.dry_run)
    org = options.name.partition("/")[0]
    guard = Guard([each.folder for each in parts], token, options.allow, org)
    hub = Hub(options.name, token, say)
    with ExitStack() as held:
        for each in parts:
            held.enter_context(_held(each.folder, keep=not options.dry_run))
            _check_texts(each, guard)
        if not options.dry_run:
            hub.user()  # a token that is not accepted is found out before much is done
        there = hub.state()
        _check_repository(options, hub, there)
        staged = {each.config: stage(each.folder, each.manifest, each.digests, guard) for each in parts}
        card = _card_maker(options, parts, staged, guard)
        if options.dry_run:
            state = (hub.state(options.revision) if options.revision else None) or there
            change = _change(hub, state, parts, staged, card)
            return Pushed(hub.url, change, None, True, True, there is None)
        commit, change, new = _commit(options, hub, parts, staged, card)
        if options.tag is not None:
            hub.create_tag(options.tag, commit)
        for ready in staged.values():
            shutil.rmtree(ready.folder, ignore_errors=True)
    return Pushed(hub.url, change, commit, new, False, there is None)


def configs(folders: Sequence[Path], config: str | None) -> dict[str, Path]:
    """The datasets to push by configuration: one alone is `default` or `--config`, several are called as their folders.

    Raises UsageError for names that cannot be, FolderError for folders that hold no dataset.
    """
    found: list[tuple[str, Path]] = []
    for folder in folders:
        below = members(folder)
        alone = list(below) == ["default"]
        own = "default" if len(folders) == 1 else folder.resolve().name
        found += [(own, folder)] if alone else list(below.items())
    if config is not None:
        if len(found) > 1:
            raise UsageError(f"--config {config} names one dataset, and there are {len(found)}: give one folder")
        found = [(config, found[0][1])]
    names = [name for name, _ in found]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"two folders are called {name!r}: push one after the other, each with --config NAME")
        if not CONFIG.fullmatch(name) or name in RESERVED:
            raise UsageError(f"{name!r} cannot be the name of a configuration: give another with --config NAME")
    return dict(found)


def _check(options: Options) -> None:
    checked_name(options.name)
    for option, value in (("--revision", options.revision), ("--tag", options.tag)):
        if value is not None and not re.fullmatch(r"(?!.*\.\.)[A-Za-z0-9][\w./-]*(?<![./])", value, re.ASCII):
            raise UsageError(
                f"{option} {value!r} is no name for it: give letters, digits, dots and hyphens, such as v1.0"
            )


def _part(config: str, folder: Path, force: bool) -> Part:
    """A dataset that is fit to go out.

    Raises FolderError where it was not validated, failed, or changed since, and nobody insists.
    """
    manifest = open_manifest(folder)
    names = [name for split in manifest["splits"].values() for name in split["files"]]
    try:
        digests = {name: str(file_facts(folder / name)["sha256"]) for name in [*names, MANIFEST]}
    except OSError as error:
        raise FolderError.from_os(error, str(error.filename or folder)) from error
    validation = read_validation(folder)
    stale = _stale(folder, manifest, validation)
    why = stale or _failed(folder, manifest, validation or {})
    if why is not None and not force:
        raise FolderError(f"{why}, then push again; --force pushes it as it is")
    return Part(config, folder, manifest, digests, validated=stale is None)


def _stale(folder: Path, manifest: Mapping[str, Any], validation: Mapping[str, Any] | None) -> str | None:
    """Why nothing is known of the files as they are, and what to type; None where it is."""
    if validation is None:
        return f"{folder} was not validated: type synth validate {folder}"
    if changed := changed_since(folder, manifest, validation):
        return f"{folder / changed[0]} changed since it was validated: type synth validate {folder}"
    return None


def _failed(folder: Path, manifest: Mapping[str, Any], validation: Mapping[str, Any]) -> str | None:
    """What a dataset was not held to, or did not pass, and what to type; None where all is well."""
    if validation.get("success") is not True:
        failed = [str(each.get("name")) for each in validation.get("expectations", []) if each.get("success") is False]
        return f"{folder} did not pass its validation ({', '.join(failed[:3]) or 'it failed'}): mend it and validate it"
    if validation.get("steps") is False and manifest.get("builder") in registry.names("validators"):
        return f"{folder} was validated with --no-steps: type synth validate {folder}"
    return None


@contextmanager
def _held(folder: Path, keep: bool) -> Iterator[None]:
    """Nobody else writes to a dataset while it is pushed; shards that only a dry run needed go again."""
    place = folder / STAGING
    was_there = place.exists()
    try:
        with hold(folder):
            try:
                yield
            finally:
                if not keep and not was_there:
                    shutil.rmtree(place, ignore_errors=True)
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write to {folder}") from error


def _check_texts(part: Part, guard: Guard) -> None:
    for name in (MANIFEST, VALIDATION):
        path = part.folder / name
        if path.exists():
            guard.check_text(path.read_text(encoding="utf-8"), str(path), names=True)


def _check_repository(options: Options, hub: Hub, there: State | None) -> None:
    """Raises UsageError for what would not do as asked."""
    if there is None:
        return
    if options.private and not there.private:
        raise UsageError(
            f"{hub.url} is public, and --private does not change that: make it private in its settings, or give another"
        )
    if options.tag is not None and options.tag in (tags := hub.tags()):
        raise UsageError(f"the tag {options.tag} is there already, at {tags[options.tag][:8]}: give another --tag")


def _commit(
    options: Options, hub: Hub, parts: Sequence[Part], staged: Mapping[str, Staged], card: "CardMaker"
) -> tuple[str, Change, bool]:
    """Make the commit; answers which it is, what it did, and whether there was anything to do."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    branch = options.revision or "main"
    if hub.state() is None:
        hub.create(options.private)
    if hub.state(branch) is None:
        hub.create_branch(branch)
    for _ in range(RACES):
        state = hub.state(branch)
        if state is None:
            raise HubError(f"{hub.url} has no branch {branch} any more: push again")
        change = _change(hub, state, parts, staged, card)
        big = [CommitOperationAdd(path_in_repo=p, path_or_fileobj=str(file)) for p, (file, _) in change.shards.items()]
        small = [CommitOperationAdd(path_in_repo=path, path_or_fileobj=text) for path, text in change.texts.items()]
        gone = [CommitOperationDelete(path_in_repo=path) for path in change.gone]
        message = options.message or f"Push {', '.join(part.config for part in parts)} with synth"
        try:
            made = hub.commit([*big, *small, *gone], message, state.commit, branch)
        except LostRaceError:
            continue
        return made, change, made != state.commit
    raise HubError(f"{hub.url} was changed by others {RACES} times while this was committed: push again in a while")


CardMaker = Callable[[str | None], "Rendered"]


def _card_maker(options: Options, parts: Sequence[Part], staged: Mapping[str, Staged], guard: Guard) -> CardMaker:
    """A function that makes the card out of the one on the Hub, or out of the folder's own where there is none."""
    from synth.card import read_members, render

    own = options.folders[0] / CARD if len(options.folders) == 1 else None
    files = {
        part.config: {
            split: [part.data + shard.name for shard in facts.shards]
            for split, facts in staged[part.config].splits.items()
        }
        for part in parts
    }
    sizes = {
        part.config: {split: (facts.memory, facts.rows) for split, facts in staged[part.config].splits.items()}
        for part in parts
    }
    downloads = {
        name: sum(shard.bytes for split in each.splits.values() for shard in split.shards)
        for name, each in staged.items()
    }
    folders = {part.config: part.folder for part in parts}
    schemas = {name: each.schema() for name, each in staged.items()}
    already = read_members(folders)  # once, however often the card is made: commits can be lost to others

    def make(theirs: str | None) -> "Rendered":
        alone = theirs is None
        text = own.read_text(encoding="utf-8") if alone and own is not None and own.exists() else theirs or ""
        card = render(
            folders, theirs=text, repo=options.name, files=files, sizes=sizes, already=already,
            schemas=schemas, downloads=downloads, alone=alone,
        )  # fmt: skip
        guard.check_text(card.text, CARD)
        return card

    return make


def _change(
    hub: Hub, state: State | None, parts: Sequence[Part], staged: Mapping[str, Staged], card: CardMaker
) -> Change:
    """What has to be done to a repository as it is now."""
    change, there = Change(), state.files if state is not None else {}
    theirs = hub.text(CARD, state.commit) if state is not None and CARD in there else None
    made = card(theirs)
    change.kept, change.texts = made.kept, {CARD: made.text.encode(), **made.pictures}
    change.card_lines = _changed_lines(theirs or "", made.text)
    for part in parts:
        _add(change, part, staged[part.config], there)
    return change


def _add(change: Change, part: Part, staged: Staged, there: Mapping[str, int | None]) -> None:
    change.rows[part.config] = {split: facts.rows for split, facts in staged.splits.items()}
    for facts in staged.splits.values():
        for shard in facts.shards:
            change.shards[part.data + shard.name] = (staged.folder / shard.name, shard.bytes)
    change.texts[part.prefix + MANIFEST] = (part.folder / MANIFEST).read_bytes()
    if part.validated:
        change.texts[part.prefix + VALIDATION] = (part.folder / VALIDATION).read_bytes()
    old = [path for path in there if path.startswith(part.data) and SHARD.fullmatch(path.removeprefix(part.data))]
    old += [part.prefix + VALIDATION] if part.prefix + VALIDATION in there else []
    change.gone += [path for path in old if path not in change.shards and path not in change.texts]


def _changed_lines(old: str, new: str) -> tuple[int, int]:
    """How many lines of a text are new, and how many are gone."""
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0))[2:]
    return sum(line.startswith("+") for line in lines), sum(line.startswith("-") for line in lines)
