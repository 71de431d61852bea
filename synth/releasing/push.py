"""Releases dataset folders on the Hugging Face Hub: Parquet shards, card and manifests in one commit.

    data/<split>-0000i-of-0000N.parquet      of the only or nameless dataset (configuration `default`)
    <config>/<split>-0000i-of-0000N.parquet  of each named one; without -of-0000N if they are sent as they were built
    attempts/ rejected/                      what goes along with the rows on request (beside.py)
    synth.json, validation.json              what made it and what it was held to; <config>/synth.json of a named one
    README.md, plots/                        the card, merged with the one that is there

Configurations that are not pushed now stay as they are. The commit names the one it follows: if somebody else's came
in between, the repository is read again and the card merged again.
"""

import difflib
import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from synth.base.config import verb
from synth.base.files import hold
from synth.base.terminal import Say, sayer
from synth.data.names import CARD, MANIFEST, RUN, STAGING, VALIDATION
from synth.errors import HubError, UsageError
from synth.releasing import beside
from synth.releasing.forms import SHARD
from synth.releasing.hub import Hub, LostRaceError, State, checked_name, login
from synth.releasing.leaks import Guard
from synth.releasing.options import Push
from synth.releasing.parts import Part, configs, part_of
from synth.releasing.push_card import CardMaker, Sent, card_maker, remember
from synth.releasing.shards import Staged, cannot, stage, staging
from synth.workers.local import cores_for

RACES = 5  # commits that may be lost to somebody else's
REFERENCE = re.compile(r"(?!.*\.\.)[A-Za-z0-9][\w./-]*(?<![./])", re.ASCII)  # branches and tags
FAMILIAR = re.compile(r"\.git\w+$|(readme|licen[cs]e|notice|citation)(\.\w+)?$", re.IGNORECASE)  # in a new repository


@dataclass
class Change:
    """What a commit is to do."""

    shards: dict[str, tuple[Path, int]] = field(default_factory=dict)  # path: file, bytes
    texts: dict[str, bytes] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    rows: dict[str, dict[str, int]] = field(default_factory=dict)  # configuration: split: rows
    kept: list[str] = field(default_factory=list)  # parts of the card that a person edited
    card_lines: tuple[int, int] = (0, 0)  # new, gone
    note: str | None = None  # what is to be said of the card
    card_here: str | None = None  # the README.md of the folder, if the card has its text
    new: list[str] = field(default_factory=list)  # paths that are not there, or with other content

    def __bool__(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.new or self.gone)


@dataclass(frozen=True)
class Pushed:
    """What a push did, or would do."""

    url: str
    change: Change
    commit: str | None  # None: a dry run
    new: bool  # whether there was something to commit
    dry_run: bool
    made: bool  # the repository was not there before
    tag_there: bool = False  # the tag was there already, at this very content


def carry_out(asked: Push, say: Say = lambda line: None) -> Pushed:
    """Release the datasets of `folders` as configurations of one repository.

    Raises UsageError for options that cannot be, FolderError for a folder that is not fit to go out, HubError for what
    the Hub refuses.
    """
    _check(asked)
    for folder in asked.folders:
        if (folder / RUN).is_file():
            raise UsageError(
                f"{folder} is a run, and no dataset: the command that trained it, with --push {asked.name} behind it, "
                "puts its model on the Hub; of a run of STaR its rows are in iterations/*/data"
            )
    parts = [part_of(config, folder, asked, say) for config, folder in configs(asked.folders, asked.config).items()]
    beside.check(asked.with_, {part.config: part.beside for part in parts})
    token = login(needed=not asked.dry_run)
    org = asked.name.partition("/")[0]
    guard = Guard([part.folder for part in parts], token, asked.allow, org)
    hub = Hub(asked.name, token, say)
    with ExitStack() as held:
        places = {part.config: held.enter_context(_held(part.folder, keep=not asked.dry_run)) for part in parts}
        for part in parts:
            _check_texts(part, guard)
        if not asked.dry_run:
            hub.user()  # a token that is not accepted is found out before much is done
        there = hub.state()
        _check_repository(asked, hub, there)
        staged = {part.config: _staged(part, guard, places[part.config], asked.workers) for part in parts}
        card = _card_maker(asked, parts, staged, guard)
        tagged = there is not None and _is_tagged(asked, hub, parts, staged, card)
        if asked.dry_run:
            state = (hub.state(asked.revision) if asked.revision else None) or there
            change = _change(hub, state, parts, staged, card)
            return Pushed(hub.url, change, None, bool(change), True, there is None, tagged)
        commit, change, new = _commit(asked, hub, parts, staged, card)
        if change.card_here is not None:
            remember(asked.folders[0], _known_as(asked), change.card_here, change.texts[CARD].decode())
        if asked.tag is not None and not tagged:
            hub.create_tag(asked.tag, commit)
        for ready in staged.values():
            shutil.rmtree(ready.folder, ignore_errors=True)
    return Pushed(hub.url, change, commit, new, False, there is None, tagged)


def _check(asked: Push) -> None:
    checked_name(asked.name)
    if asked.card == "here" and (len(asked.folders) > 1 or not (asked.folders[0] / CARD).is_file()):
        raise UsageError(f"--card here pushes the {CARD} of a folder: give one folder that has one")
    for option, value in (("--revision", asked.revision), ("--tag", asked.tag)):
        if value is not None and not REFERENCE.fullmatch(value):
            raise UsageError(
                f"{option} {value!r} is no name for it: give letters, digits, dots and hyphens, such as v1.0"
            )


def _staged(part: Part, guard: Guard, place: Path, workers: int | None) -> Staged:
    size = sum(int(facts.get("bytes", 0)) for facts in part.manifest["files"].values())
    workers = workers or cores_for(size)
    more = {name: partial(beside.stage_beside, path, guard=guard) for name, path in part.beside.items()}
    return stage(part.folder, part.manifest, part.digests, guard, place, more, workers)


@contextmanager
def _held(folder: Path, keep: bool) -> Iterator[Path]:
    """Where its shards are to lie. Nobody else writes to the dataset; shards that only a dry run needed go again."""
    was_there = (folder / STAGING).exists()
    try:
        with hold(folder, "wait for it"), staging(folder) as place:
            try:
                yield place
            finally:
                if not keep and not was_there:
                    shutil.rmtree(place, ignore_errors=True)
                with suppress(OSError):
                    place.rmdir()  # if nothing lies in it
    except OSError as error:
        raise cannot(error, f"cannot work in {folder}") from error


def _check_texts(part: Part, guard: Guard) -> None:
    for name in (MANIFEST, VALIDATION):
        path = part.folder / name
        if path.exists():
            guard.check_text(path.read_text(encoding="utf-8"), str(path), names=True)


def _check_repository(asked: Push, hub: Hub, there: State | None) -> None:
    """Raises UsageError if the repository cannot take the push as it was asked for."""
    if there is None:
        return
    if asked.private and not there.private:
        raise UsageError(
            f"{hub.url} is public, and --private does not change that: make it private in its settings, or give another"
        )
    ours = any(path.rpartition("/")[2] == MANIFEST for path in there.files)
    foreign = [path for path in there.files if not FAMILIAR.match(path)]
    if foreign and not ours and not asked.force:
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise UsageError(
            f"{hub.url} holds files that synth did not push ({foreign[0]}{more}): give another repository, "
            "or --force to push beside them"
        )


def _is_tagged(asked: Push, hub: Hub, parts: Sequence[Part], staged: Mapping[str, Staged], card: CardMaker) -> bool:
    """Whether the tag is there already, at what is pushed: a push that was interrupted, or is done again.

    Raises UsageError if it is at something else.
    """
    commit = hub.tags().get(asked.tag) if asked.tag is not None else None
    if commit is None:
        return False
    if _change(hub, hub.state(commit), parts, staged, card):
        raise UsageError(
            f"the tag {asked.tag} is there already, at {commit[:8]} with other content: give another --tag"
        )
    return True


def _card_maker(asked: Push, parts: Sequence[Part], staged: Mapping[str, Staged], guard: Guard) -> CardMaker:
    own = asked.folders[0] if len(asked.folders) == 1 else None
    sent = {part.config: Sent(part.folder, part.data, staged[part.config]) for part in parts}
    return card_maker(asked.name, sent, guard, own, _known_as(asked), asked.card)


def _known_as(asked: Push) -> str:
    return f"{asked.name}@{asked.revision or 'main'}"


def _commit(
    asked: Push, hub: Hub, parts: Sequence[Part], staged: Mapping[str, Staged], card: CardMaker
) -> tuple[str, Change, bool]:
    """Make the commit; returns its id, what it did, and whether there was anything to do."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    branch = asked.revision or "main"
    if hub.state() is None:
        hub.create(asked.private)
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
        message = asked.message or f"Push {', '.join(part.config for part in parts)} with synth"
        try:
            made = hub.commit([*big, *small, *gone], message, state.commit, branch)
        except LostRaceError:
            continue
        return made, change, made != state.commit
    raise HubError(f"{hub.url} was changed by others {RACES} times while this was committed: push again in a while")


def _change(
    hub: Hub, state: State | None, parts: Sequence[Part], staged: Mapping[str, Staged], card: CardMaker
) -> Change:
    """What has to be done to a repository as it is now."""
    change, there = Change(), state.files if state is not None else {}
    theirs = hub.text(CARD, state.commit) if state is not None and CARD in there else None
    outdated = [
        (part.config, name)
        for part in parts
        for name in (beside.outdated(hub, state, part.config, part.folder, part.beside) if state else ())
    ]
    made = card(theirs, frozenset(beside.config_of(*each) for each in outdated))
    change.kept, change.texts = made.card.kept, {CARD: made.card.text.encode(), **made.card.pictures}
    change.card_lines, change.note = _changed_lines(theirs or "", made.card.text), made.note
    change.card_here = made.here
    for part in parts:
        _add(change, part, staged[part.config], there)
    change.gone += [path for each in outdated for path in beside.shards_of(there, *each)]
    change.new += [path for path, text in change.texts.items() if there.get(path) not in _names_of(text)]
    return change


def _add(change: Change, part: Part, staged: Staged, there: Mapping[str, str | None]) -> None:
    change.rows[part.config] = {split: facts.rows for split, facts in staged.splits.items()}
    sent = [(part.data, staged.data, facts) for facts in staged.splits.values()]
    for name, facts in staged.beside.items():
        change.rows[beside.config_of(part.config, name)] = {beside.SPLIT: facts.rows}
        sent.append((beside.folder_of(part.config, name), staged.folder / name, facts))
    for into, place, facts in sent:
        for shard in facts.shards:
            change.shards[into + shard.name] = (place / shard.name, shard.bytes)
            change.new += [into + shard.name] if there.get(into + shard.name) != shard.sha256 else []
    change.texts[part.prefix + MANIFEST] = (part.folder / MANIFEST).read_bytes()
    if part.validated:
        change.texts[part.prefix + VALIDATION] = (part.folder / VALIDATION).read_bytes()
    old = [path for path in there if path.startswith(part.data) and SHARD.fullmatch(path.removeprefix(part.data))]
    old += [path for name in part.beside for path in beside.shards_of(there, part.config, name)]
    old += [part.prefix + VALIDATION] if part.prefix + VALIDATION in there else []
    change.gone += [path for path in old if path not in change.shards and path not in change.texts]


def _names_of(content: bytes) -> tuple[str, str]:
    """What the Hub would know it by: as a git blob, and in LFS."""
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False)
    return blob.hexdigest(), hashlib.sha256(content).hexdigest()


def _changed_lines(old: str, new: str) -> tuple[int, int]:
    """How many lines of a text are new, and how many are gone."""
    lines = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0))[2:]
    return sum(line.startswith("+") for line in lines), sum(line.startswith("-") for line in lines)


def run(asked: Push) -> Pushed:
    """Release dataset folders on the Hugging Face Hub, as Parquet, with their card, in one commit.

    Returns what went where. Raises UsageError for options that cannot be, FolderError for a folder that is not fit to
    go out, HubError for what the Hub refuses.
    """
    if asked.quiet:  # the Hub client's own bars
        os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    return carry_out(asked, sayer(asked.quiet, "synth: "))


push = verb("push", Push, run)
