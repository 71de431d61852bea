"""Dataset cards: `synth card`, and the card that `synth push` releases.

A card is YAML front matter (https://huggingface.co/docs/hub/datasets-cards) and a body of blocks between markers. A
card that the folder has already is merged: see synth/data/frontmatter.py for the keys and blocks.py for the blocks. The
same folder gives the same bytes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

from synth.base.config import verb
from synth.base.files import write_whole
from synth.base.terminal import Report, progress
from synth.cards import licences
from synth.cards.blocks import BLOCK, merge, names, texts
from synth.cards.filled import filled, start
from synth.cards.keys import Files, Given, Sizes, keys
from synth.cards.markdown import number
from synth.cards.member import Member, read_member
from synth.cards.options import Card
from synth.data import frontmatter, mirror
from synth.data.folder import finish_move
from synth.data.manifest import members
from synth.data.names import CARD, PLOTS
from synth.errors import FolderError

MOST_PICTURES = 8  # configurations that get one
HEADINGS = ("## Known limits", "## Licence", "## Citation")  # which name the kind if a card is of several


@dataclass(frozen=True)
class Rendered:
    """A card, its pictures (path beside the card -> PNG), and what to tell: blocks that were left, and broken ones."""

    text: str = field(repr=False)
    pictures: dict[str, bytes] = field(default_factory=dict, repr=False)
    kept: list[str] = field(default_factory=list)  # blocks that a person edited
    broken: list[str] = field(default_factory=list)  # whose markers are not a pair, or that are there twice


def render(
    folders: Mapping[str, Path],
    *,
    theirs: str = "",
    repo: str | None = None,
    files: Files | None = None,
    sizes: Sizes | None = None,
    already: Sequence[Member] = (),
    **more: Any,
) -> Rendered:
    """The card of dataset folders, merged into the one that is there.

    folders: configuration -> dataset folder, as `members` in synth/data/manifest.py returns them. theirs: the card
    that is there. repo: `org/name` on the Hub, for the quick start. files: configuration -> split -> paths beside the
    card; else the folders' own. sizes: configuration -> split -> (bytes in memory, rows), as `dataset_info` has them;
    else counted. already: what `read_members` returned, so that the folders are not read again. more: `schemas`
    (configuration -> Arrow schema, if `files` have another than the folder), `downloads` (configuration -> bytes of
    its `files`), `licence` (an identifier of the Hub, instead of the source's and of one that is there), `overwrite`
    (blocks that a person edited are written anew, and keys that a person changed), `alone` (other configurations that
    the card describes go; without it they stay), `beside` (files beside the rows that are configurations: entries of
    `configs` and `dataset_info`), `gone` (such configurations that are not there any more). Raises FolderError for a
    folder or a card that cannot be read, UsageError for a licence that the Hub does not know.
    """
    given = Given(repo, files or {}, sizes or {}, **more)
    if given.licence is not None:
        licences.check(given.licence)
    theirs = theirs.removeprefix("\ufeff").replace("\r\n", "\n")
    front, body = frontmatter.split(theirs)
    order = [*frontmatter.entries(frontmatter.parse(front).get("configs")), *folders]
    known = {member.name: member for member in already or read_members(folders)}
    read = [_as_sent(known[name], given.schemas) for name in dict.fromkeys(order) if name in folders]
    asked = frozenset({"license"} if given.licence is not None else ())
    yaml, values = frontmatter.merge(front, keys(read, given), given.overwrite, given.alone, asked, given.gone)
    pictures = _pictures(read)
    blocks = _blocks(read, given, values, body, pictures)
    gone = _gone(body, blocks, read, given)
    blocks |= {} if given.alone else _others(body, blocks, gone)
    merged = merge(body, blocks, gone, given.overwrite)
    text = f"---\n{yaml}---\n{merged.text if merged.text.startswith(chr(10)) else chr(10) + merged.text}"
    return Rendered(text, pictures, merged.kept, merged.broken)


def read_members(folders: Mapping[str, Path], report: Report = lambda *_: None) -> list[Member]:
    """Read every row of dataset folders, for `render`; `report` hears how far it is.

    Raises FolderError for a folder that cannot be read.
    """
    several = len(folders) > 1

    def of(name: str) -> Report:
        return lambda split, rows, total: report(f"{name} {split}" if several else split, rows, total)

    return [read_member(name, folder, of(name)) for name, folder in folders.items()]


def _as_sent(member: Member, schemas: Mapping[str, Any]) -> Member:
    """A configuration with the columns that its files have on the Hub."""
    schema = schemas.get(member.name)
    return member if schema is None else replace(member, schema=schema)


def write_card(
    folder: Path, licence: str | None = None, overwrite: bool = False, report: Report = lambda *_: None
) -> Rendered:
    """Write README.md and the pictures of a dataset folder, or of a folder of several.

    The files are put into place one by one, the card last. Raises FolderError for what is no such folder, or cannot be
    written.
    """
    path = folder / CARD
    known = members(folder)
    for dataset in known.values():
        finish_move(dataset)
    try:
        theirs = path.read_text(encoding="utf-8") if path.exists() else ""
    except UnicodeDecodeError as error:
        raise FolderError(f"{path} is not UTF-8 text: mend it, or move it away") from error
    try:
        card = render(
            known, theirs=theirs, licence=licence, overwrite=overwrite, alone=True, already=read_members(known, report)
        )
        for name, picture in card.pictures.items():
            (folder / name).parent.mkdir(exist_ok=True)
            write_whole(folder / name, picture)
        write_whole(path, card.text.encode())
        mirror.put_beside(folder)
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write to {folder}") from error
    return card


def _pictures(read: Sequence[Member]) -> dict[str, bytes]:
    from synth.cards.pictures import picture

    shown = [member for member in read if member.counts.rows][:MOST_PICTURES]
    return {f"{PLOTS}/{member.name}.png": picture(member.splits) for member in shown}


def _gone(body: str, blocks: Mapping[str, str], read: Sequence[Member], given: Given) -> frozenset[str]:
    """Blocks that this card no longer has; those of configurations and kinds that are not written now may be needed."""
    old = [name for name in names(body) if name not in blocks]
    written = {member.name for member in read} | {member.kind for member in read}
    gone = {name for name in old if ":" in name and (given.alone or name.split(":", 1)[1] in written)}
    left = {name.split(":", 1)[0] for name in [*old, *blocks] if ":" in name and name not in gone}
    return frozenset(gone | {name for name in old if ":" not in name and name not in left})


def _others(body: str, blocks: Mapping[str, str], gone: frozenset[str]) -> dict[str, str]:
    """Blocks of kinds that are not written now, with the name of the kind in their headings."""
    named: dict[str, str] = {}
    for name, text in texts(body).items():
        kind = name.partition(":")[2]
        heading, _, rest = text.partition("\n")
        if name not in blocks and name not in gone and heading in HEADINGS:
            named[name] = f"{heading} of {kind}\n{rest}"
    return named


def _blocks(
    read: Sequence[Member], given: Given, values: Mapping[str, Any], body: str, pictures: Mapping[str, bytes]
) -> dict[str, str]:
    """The template filled in: name -> text of each block, in order, without those that came out empty."""
    import jinja2

    blocks: dict[str, str] = {}

    def part(name: str, caller: Callable[[], str]) -> str:
        text = caller().strip("\n")
        if text.strip():
            blocks[name] = text
        return ""

    environment = jinja2.Environment(
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["number"] = number
    template = environment.from_string((resources.files("synth.cards") / "dataset.md").read_text(encoding="utf-8"))
    template.render(
        part=part,
        **start(read, given, values),
        **filled(read, pictures, str(values.get("license", "")), _kinds(body, given)),
        titled=_titled(body),
        name=values["pretty_name"],
    )
    return blocks


def _kinds(body: str, given: Given) -> set[str]:
    """The kinds of data that a card is of already."""
    blocks = [] if given.alone else names(body)
    return {kind for part, _, kind in (name.partition(":") for name in blocks) if part == "about"}


def _titled(body: str) -> bool:
    """Whether the title is ours to write: nobody else has begun the page."""
    rest = BLOCK.sub("", body)
    has_title = any(line.startswith("# ") for line in rest.splitlines())
    return not has_title and ("title" in names(body) or not rest.strip())


def run(asked: Card) -> Rendered:
    """Write the dataset card, README.md, and its pictures into a dataset folder, or one that holds several.

    A card that is there is merged: text and keys that a person added stay, and so does a part that a person edited.
    Returns the card and what was left as it is. Raises FolderError for a folder that cannot be read or written.
    """
    with progress(asked.quiet) as report:
        return write_card(asked.folder, asked.license, asked.overwrite, report)


card = verb("card", Card, run)
