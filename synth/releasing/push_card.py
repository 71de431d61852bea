"""The card of a release: the README.md of the folder that is pushed, and the one that the repository has.

The blocks of ours are made anew by every push. The rest is a person's text, and if it differs one side of it stands:

    here    if it has every line of the repository's, or only it changed since both were the same
    hub     otherwise; if the one here has lines of its own, or lost some, a push says so: --card settles it

Keys of the front matter are a person's if they are not what the data says (licence, tags, ...). What both were when
they were last the same is known by hashes, in `.synth-card.json` of the folder.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synth.base.files import as_json, facts_if_whole, write_whole
from synth.cards.blocks import hashes, merge, names, texts, without_ours
from synth.data import mirror
from synth.data.frontmatter import TRUTH, dump, parse, split, with_configs
from synth.data.names import CARD, CARD_MEMORY
from synth.errors import FolderError
from synth.releasing.beside import entries_of
from synth.releasing.leaks import Guard
from synth.releasing.shards import Staged

if TYPE_CHECKING:
    from synth.cards.dataset import Rendered

DIFFERS = (
    "README.md here is not that of the repository, which stays: --card here pushes it, --card hub says no more of it"
)


@dataclass(frozen=True)
class Sent:
    """A configuration as it is sent: where it lies here, and where its shards go."""

    folder: Path
    data: str
    staged: Staged


@dataclass(frozen=True)
class Made:
    """A card to commit."""

    card: "Rendered"
    note: str | None = None  # what is to be said of it
    here: str | None = None  # the README.md of the folder, if the card has its text now


CardMaker = Callable[[str | None, frozenset[str]], Made]


def card_maker(
    repo: str, sent: Mapping[str, Sent], guard: Guard, own: Path | None, then: str, side: str | None
) -> CardMaker:
    """A function that makes the card from the text of the repository's, or from None if it has none, without the
    configurations of these names.

    own: the folder whose README.md it is, if there is one. then: what it is remembered by. side: `here` or `hub`, if
    somebody decided.
    """
    from synth.cards.dataset import read_members, render
    from synth.cards.keys import told

    folders = {name: each.folder for name, each in sent.items()}
    given = _given(sent)
    already = read_members(folders)  # once, however often the card is made: commits can be lost to others
    ours = told({member.kind: member.about for member in already}.values())

    def rendered(theirs: str, gone: frozenset[str], alone: bool = False) -> "Rendered":
        card = render(folders, theirs=theirs, repo=repo, already=already, alone=alone, gone=gone, **given)
        guard.check_text(card.text, CARD)
        return card

    def make(theirs: str | None, gone: frozenset[str]) -> Made:
        here = read_card(own) if own is not None else None
        if theirs is None:
            return Made(rendered(here or "", gone, alone=True), here=here)
        if here is None:
            return Made(rendered(theirs, gone))
        chosen = side or _side(here, theirs, ours, _remembered(own, then))
        if chosen == "here":
            return Made(rendered(_joined(here, theirs), gone), here=here)
        same = lines(own_text(here)) == lines(own_text(theirs))
        return Made(rendered(theirs, gone), DIFFERS if chosen == "differ" else None, here if same else None)

    return make


def _given(sent: Mapping[str, Sent]) -> dict[str, Any]:
    """What `render` is told of files that are not those of the folders."""
    splits = {name: each.staged.splits for name, each in sent.items()}
    return {
        "files": {
            name: {
                split: [sent[name].data + shard.name for shard in facts.shards] for split, facts in of_splits.items()
            }
            for name, of_splits in splits.items()
        },
        "sizes": {
            name: {split: (s.memory, s.rows) for split, s in of_splits.items()} for name, of_splits in splits.items()
        },
        "schemas": {name: each.staged.schema() for name, each in sent.items()},
        "beside": [entry for name, each in sent.items() for entry in entries_of(name, each.staged)],
        "downloads": {
            name: sum(shard.bytes for facts in of_splits.values() for shard in facts.shards)
            for name, of_splits in splits.items()
        },
    }


def _side(here: str, hub: str, ours: Mapping[str, Any], then: Sequence[str]) -> str:
    """Whose text stands: `here`, `hub`, or `differ`, which is the Hub's too but is not what is wanted here."""
    told_here, told_there = lines(decided(here, ours)), lines(decided(hub, ours))
    new, missing = told_here - told_there, lines(decided(hub, ours, undecided(here, ours))) - told_here
    changed = [digest(own_text(text)) != old for text, old in zip((here, hub), then, strict=False)]
    if changed == [True, False]:  # only here; text that is gone and none in its place may be an accident
        return "here" if new else "differ" if missing else "hub"
    if not new or (changed and not changed[0]):
        return "hub"
    return "differ" if told_there - told_here else "here"


def own_text(card: str) -> str:
    """What a person decides in a card: keys and comments of its front matter, and its body without blocks of ours.

    Raises FolderError for front matter that cannot be read.
    """
    front, body = split(plain(card))
    values = {key: value for key, value in sorted(parse(front).items()) if key not in TRUTH}
    comments = [line for line in front.splitlines() if line.startswith("#")]
    return "\n".join([dump(values) if values else "", *comments, without_ours(body)]).strip()


def decided(card: str, ours: Mapping[str, Any], skip: frozenset[str] = frozenset()) -> str:
    """The same without keys, and entries of lists, that have what the data says (`ours`), and without `skip`."""
    front, body = split(plain(card))
    values = {key: _beyond(value, ours.get(key)) for key, value in parse(front).items()}
    kept = {key: value for key, value in values.items() if key not in skip and value not in (None, [])}
    return own_text(f"---\n{_comments(front)}{dump(kept) if kept else ''}---\n{body}")


def undecided(card: str, ours: Mapping[str, Any]) -> frozenset[str]:
    """Keys of ours that a card has as the data says, or not at all."""
    values = parse(split(plain(card))[0])
    return frozenset(key for key, own in ours.items() if _beyond(values.get(key), own) in (None, []))


def _beyond(value: Any, own: Any) -> Any:
    """What of a key is a person's; None for nothing."""
    if isinstance(own, list):
        return [item for item in (value if isinstance(value, list) else [value]) if item not in (*own, None)]
    return None if value == own else value


def _comments(front: str) -> str:
    return "".join(f"{line}\n" for line in front.splitlines() if line.startswith("#"))


def plain(card: str) -> str:
    """A text without what editors of other systems add: the byte order mark, carriage returns."""
    return card.removeprefix("\ufeff").replace("\r\n", "\n")


def with_truth(card: str, truth: Mapping[str, Any]) -> str:
    """A card with these `configs` and `dataset_info`, and no others; everything else as it was, to the letter.

    Raises FolderError for front matter that cannot be read.
    """
    front, body = split(plain(card))
    wanted = {**{k: v for k, v in parse(front).items() if k not in ("configs", "dataset_info")}, **truth}
    text = with_configs(f"---\n{front}---\n{body}", dump(truth).splitlines() if truth else [])
    with suppress(FolderError):
        if parse(split(text)[0]) == wanted:
            return text
    return f"---\n{dump(wanted)}---\n{body}"  # keys in braces


def _joined(here: str, hub: str) -> str:
    """The card of here with the configurations of the repository's, which a push may leave as they are."""
    front, body = split(plain(here))
    hub_front, hub_body = split(plain(hub))
    theirs = {name: text for name, text in texts(hub_body).items() if ":" in name}
    gone = frozenset(name for name in names(body) if ":" in name and name not in theirs)
    missing = {name: text for name, text in theirs.items() if name not in names(body)}
    truth = {key: value for key, value in parse(hub_front).items() if key in ("configs", "dataset_info")}
    return with_truth(f"---\n{front}---\n{merge(body, missing, gone, marks=hashes(hub_body)).text}", truth)


def lines(text: str) -> frozenset[str]:
    """The different lines of a text that are not blank, without the white space around them."""
    return frozenset(line.strip() for line in text.splitlines()) - {""}


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_card(folder: Path) -> str | None:
    """The README.md of a folder; None if it has none.

    Raises FolderError if it cannot be read.
    """
    try:
        return (folder / CARD).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise FolderError(f"{folder / CARD} is not UTF-8 text: mend it, or move it away") from error
    except OSError as error:
        raise FolderError(f"{folder / CARD} cannot be read: {error.strerror or error}") from error


def _memory(folder: Path) -> dict[str, list[str]]:
    return facts_if_whole(folder / CARD_MEMORY)


def _remembered(folder: Path | None, name: str) -> Sequence[str]:
    digests = _memory(folder).get(name) if folder is not None else None
    return digests if isinstance(digests, list) and len(digests) == 2 else ()


def remember(folder: Path, name: str, here: str, hub: str) -> None:
    """Note that these two cards have the same text now; of a folder that cannot be written to nothing is remembered."""
    known = {**_memory(folder), name: [digest(own_text(here)), digest(own_text(hub))]}
    with suppress(OSError, FolderError):
        write_whole(folder / CARD_MEMORY, as_json(known))
        mirror.put_beside(folder)
