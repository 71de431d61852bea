"""Dataset cards: `synth card`, and the card that `synth push` releases.

A card is YAML front matter (https://huggingface.co/docs/hub/datasets-cards) and a body of blocks between markers. One
that is there already is merged: see _card_front.py for the keys and _card_blocks.py for the blocks. The same folder
gives the same bytes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

from synth import _card_blocks, _card_front
from synth import _card_facts as facts
from synth import _card_found as found
from synth import _card_parts as parts
from synth._card_member import Member, read_member
from synth._card_table import features
from synth._card_text import cell, number
from synth.about import About
from synth.errors import FolderError, UsageError
from synth.record import FIELDS
from synth.store import CARD, members, split_files

TAGS = ("synthetic", "reasoning")
PICTURES = "plots"
MOST_PICTURES = 8  # configurations that get one
ARROW_NAMES = {"double": "float", "int64": "integer", "bool": "true or false"}
Files = Mapping[str, Mapping[str, list[str]]]
Sizes = Mapping[str, Mapping[str, tuple[int, int]]]


@dataclass(frozen=True)
class Rendered:
    """A card, its pictures (path beside the card -> PNG), and the blocks that a person edited, which were left."""

    text: str
    pictures: dict[str, bytes] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Given:
    """What the folders do not tell: see `render`."""

    repo: str | None = None
    files: Files = field(default_factory=dict)
    sizes: Sizes = field(default_factory=dict)
    schemas: Mapping[str, Any] = field(default_factory=dict)
    downloads: Mapping[str, int] = field(default_factory=dict)
    licence: str | None = None
    overwrite: bool = False
    alone: bool = False


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

    folders: configuration -> dataset folder, as `synth.store.members` gives them. theirs: the card that is there.
    repo: `org/name` on the Hub, for the quick start. files: configuration -> split -> paths beside the card; else the
    folders' own. sizes: configuration -> split -> (bytes in memory, rows), as `dataset_info` has them; else counted.
    already: what `read_members` gave for the folders, so that they are not read again. more: `schemas` (configuration
    -> Arrow schema, where `files` have another than the folder), `downloads` (configuration -> bytes of its `files`),
    `licence` (an identifier of the Hub instead of the source's), `overwrite` (blocks that a person edited are written
    anew, and keys that a person changed), `alone` (other configurations that the card describes go; without it they
    stay). Raises FolderError for a folder or a card that cannot be read.
    """
    given = Given(repo, files or {}, sizes or {}, **more)
    theirs = theirs.removeprefix("\ufeff").replace("\r\n", "\n")
    front, body = _card_front.split(theirs)
    order = [*_card_front.entries(_card_front.parse(front).get("configs")), *folders]
    known = {member.name: member for member in already or read_members(folders)}
    read = [_as_sent(known[name], given.schemas) for name in dict.fromkeys(order) if name in folders]
    yaml, values = _card_front.merge(front, _keys(read, given), given.overwrite, given.alone)
    pictures = _pictures(read)
    blocks = _blocks(read, given, values, body, pictures)
    merged = _card_blocks.merge(body, blocks, _gone(body, blocks, read, given), given.overwrite)
    text = f"---\n{yaml}---\n{merged.text if merged.text.startswith(chr(10)) else chr(10) + merged.text}"
    return Rendered(text, pictures, merged.kept)


def read_members(folders: Mapping[str, Path]) -> list[Member]:
    """Read every row of dataset folders, for `render`.

    Raises FolderError for a folder that cannot be read.
    """
    return [read_member(name, folder) for name, folder in folders.items()]


def _as_sent(member: Member, schemas: Mapping[str, Any]) -> Member:
    """With the columns that its files have where they go to."""
    schema = schemas.get(member.name)
    return member if schema is None else replace(member, schema=schema, loose=False)


def write_card(folder: Path, licence: str | None = None, overwrite: bool = False) -> Rendered:
    """Write README.md and the pictures of a dataset folder, or of a folder of several.

    The files are put into place one by one, the card last. Raises FolderError for what is no such folder, or cannot be
    written.
    """
    path = folder / CARD
    known = members(folder)
    try:
        theirs = path.read_text(encoding="utf-8") if path.exists() else ""
    except UnicodeDecodeError as error:
        raise FolderError(f"{path} is not UTF-8 text: mend it, or move it away") from error
    try:
        card = render(known, theirs=theirs, licence=licence, overwrite=overwrite, alone=True)
        for name, picture in card.pictures.items():
            _replace(folder / name, picture)
        _replace(path, card.text.encode())
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write to {folder}") from error
    return card


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    partial.replace(path)


def _keys(read: Sequence[Member], given: Given) -> dict[str, Any]:
    """The front matter of these folders alone."""
    abouts = list({member.kind: member.about for member in read}.values())
    licences = {about.licence for about in abouts}
    licence = given.licence or (licences.pop() if len(licences) == 1 else "other" if all(licences) else "")
    keys: dict[str, Any] = {"license": licence} if licence else {}
    if given.licence is not None and given.licence != given.licence.strip().lower():
        raise UsageError(
            f"--license {given.licence}: give an identifier of the Hub in small letters, such as cc-by-4.0"
        )
    if languages := _union(about.languages for about in abouts):
        keys["language"] = languages
    keys["pretty_name"] = " and ".join(about.name for about in abouts)
    keys["task_categories"] = _union(about.categories for about in abouts)
    keys["size_categories"] = []
    keys["tags"] = [*TAGS, *(tag for tag in _union(about.tags for about in abouts) if tag not in TAGS)]
    keys["configs"] = [_config(member, given) for member in read]
    keys["dataset_info"] = [_info(member, given) for member in read]
    return keys


def _union(lists: Any) -> list[str]:
    return list(dict.fromkeys(each for listed in lists for each in listed))


def _config(member: Member, given: Given) -> dict[str, Any]:
    own = {split: part["files"] for split, part in member.manifest["splits"].items()}
    if member.name != "default":
        own = {split: [f"{member.name}/{name}" for name in names] for split, names in own.items()}
    paths = given.files.get(member.name, own)
    data_files = [{"split": split, "path": list(paths[split])} for split in _named(member) if split in paths]
    return {"config_name": member.name, "data_files": data_files}


def _named(member: Member) -> list[str]:
    """Splits that the front matter names: `datasets` opens nothing at all where one of them has no rows."""
    return [name for name, counts in member.splits.items() if counts.rows] or list(member.splits)


def _info(member: Member, given: Given) -> dict[str, Any]:
    sizes = given.sizes.get(member.name, {})
    splits = []
    for split in _named(member):
        size, rows = sizes.get(split, (member.splits[split].size, member.splits[split].rows))
        splits.append({"name": split, "num_bytes": size, "num_examples": rows})
    # Files with columns that only JSON text could hold have no features that `datasets` would read them with.
    columns = {} if member.loose else {"features": features(member.schema)}
    info: dict[str, Any] = {"config_name": member.name, **columns, "splits": splits}
    if (download := _download(member, given)) is not None:
        info["download_size"] = download
    return {**info, "dataset_size": sum(part["num_bytes"] for part in splits)}


def _download(member: Member, given: Given) -> int | None:
    """Bytes of the files that are named in `configs`, where they are known."""
    if member.name in given.files:
        return given.downloads.get(member.name)
    return sum(
        path.stat().st_size for split in member.splits for path in split_files(member.folder, member.manifest, split)
    )


def _pictures(read: Sequence[Member]) -> dict[str, bytes]:
    from synth._card_pictures import picture

    shown = [member for member in read if member.counts.rows][:MOST_PICTURES]
    return {f"{PICTURES}/{member.name}.png": picture(member.splits) for member in shown}


def _gone(body: str, blocks: Mapping[str, str], read: Sequence[Member], given: Given) -> frozenset[str]:
    """Blocks that this card no longer has; those of configurations and kinds that are not written now may be needed."""
    there = [name for name in _card_blocks.names(body) if name not in blocks]
    written = {member.name for member in read} | {member.kind for member in read}
    gone = {name for name in there if ":" in name and (given.alone or name.split(":", 1)[1] in written)}
    left = {name.split(":", 1)[0] for name in [*there, *blocks] if ":" in name and name not in gone}
    return frozenset(gone | {name for name in there if ":" not in name and name not in left})


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
        **_start(read, given, values),
        **_filled(read, pictures, str(values.get("license", ""))),
        titled=_titled(body),
        name=values["pretty_name"],
    )
    return blocks


def _titled(body: str) -> bool:
    """Whether the title is ours to write: nobody else has begun the page."""
    names = _card_blocks.names(body)
    rest = _card_blocks.BLOCK.sub("", body)
    has_title = any(line.startswith("# ") for line in rest.splitlines())
    return not has_title and ("title" in names or not rest.strip())


def _start(read: Sequence[Member], given: Given, values: Mapping[str, Any]) -> dict[str, Any]:
    """For the quick start and the list of configurations, which names those of other folders too."""
    infos = _card_front.entries(values["dataset_info"])
    configs = [{"name": name, "rows": _card_front.rows_of(info)} for name, info in infos.items()]
    # The shortest rationales, for a first try; the other configurations are named beside it.
    explained = [member for member in read if member.counts.lengths["rationale"].mean > 0]
    first = min(explained or read[:1], key=lambda member: member.counts.lengths["rationale"].mean)
    single = first.name == "default"
    root = first.folder.resolve() if single else first.folder.resolve().parent
    split = next((name for name, counts in first.splits.items() if counts.rows), next(iter(first.splits), "train"))
    folder = given.repo.split("/")[-1] if given.repo else root.name
    data = folder if single else f"{folder}/{first.name}"
    others = ", ".join(f'"{config["name"]}"' for config in configs if config["name"] != first.name)
    return {
        "configs": configs,
        "all_splits": list(dict.fromkeys(split for config in configs for split in config["rows"])),
        "place": given.repo or root.name,
        "folder": folder,
        "repo": given.repo,
        "first": {"name": first.name, "split": split},
        "others": others,
        "train": f"synth train t5 --model google/flan-t5-small --data {data} --out run" if split == "train" else "",
    }


def _filled(read: Sequence[Member], pictures: Mapping[str, bytes], licence: str) -> dict[str, Any]:
    """For the parts that are about the data."""
    kinds: dict[str, list[Member]] = {}
    for member in read:
        kinds.setdefault(member.kind, []).append(member)
    shown = [_shown(member, pictures) for member in read]
    _say_once(shown)
    return {
        "members": shown,
        "validated": any(member["checks"] for member in shown),
        "kinds": [_kind(name, same, licence) for name, same in kinds.items()],
        "fields": _fields(read),
    }


def _shown(member: Member, pictures: Mapping[str, bytes]) -> dict[str, Any]:
    from synth._card_pictures import caption

    picture = f"{PICTURES}/{member.name}.png"
    return {
        "name": member.name,
        "kind": member.kind,
        "heading": "" if member.name == "default" else f"### {member.name}\n\n",
        "row": parts.row(member),
        "splits": [parts.split_line(name, counts) for name, counts in member.splits.items()],
        "picture": picture if picture in pictures else "",
        "caption": caption(member.splits) if picture in pictures else "",
        "columns": parts.columns(member),
        "commands": facts.commands(member.manifest),
        "made": parts.made(member),
        "settings": facts.settings(member.manifest),
        "prompts": parts.prompts(member),
        "rejected": parts.rejected(member),
        "checks": found.checks(member),
    }


def _say_once(shown: Sequence[dict[str, Any]]) -> None:
    """Datasets over the same questions have much in common: what was there before is referred to."""
    said: dict[str, str] = {}
    checked: dict[str, str] = {}
    first: dict[str, dict[str, Any]] = {}  # of each kind
    for member in shown:
        text, settings, before = member["columns"], member["settings"], first.get(member["kind"])
        if text in said:
            member["columns"] = f"Columns are distributed as in `{said[text]}`."
        elif text:
            said[text] = member["name"]
        if (checks := member["checks"]) in checked:
            member["checks"] = f"As of `{checked[checks]}`: the same were checked, with the same results."
        elif checks:
            checked[checks] = member["name"]
        if before is not None and before["settings"].keys() == settings.keys() and settings:
            changed = {name: value for name, value in settings.items() if before["settings"][name] != value}
            lines = [line for line in member["made"] if line not in before["made"]]
            member["made"] = [f"As `{before['name']}`" + (f", but {_settings(changed)}" if changed else ""), *lines]
        elif settings:
            first.setdefault(member["kind"], {**member})
            member["made"] = [f"Settings: {_settings(settings)}", *member["made"]]


def _settings(settings: Mapping[str, str]) -> str:
    return ", ".join(f"{cell(name)} `{text}`" for name, text in settings.items())


def _kind(name: str, same: Sequence[Member], under: str) -> dict[str, Any]:
    about = same[0].about
    terms = {terms for member in same if (terms := member.manifest.get("terms"))}
    licence = [f"The dataset is under `{under}`."] if under not in ("", "other") else []
    licence += [about.licence_note] if about.licence_note else []
    licence += [f"The rationales come from a teacher model. {each}." for each in sorted(terms)]
    structs = {"meta": _columns(same, "meta", about), "provenance": _columns(same, "provenance", about)}
    return {"key": name, "about": about, "structs": structs, "limits": about.limits, "licence": licence}


def _columns(same: Sequence[Member], struct: str, about: About) -> list[dict[str, str]]:
    import pyarrow as pa

    meanings = {**about.columns} if struct == "meta" else facts.PROVENANCE
    found_types: dict[str, Any] = {}
    for member in same:
        kind = member.schema.field(struct).type
        found_types.update({part.name: part.type for part in kind} if pa.types.is_struct(kind) else {})
    return [
        {"name": name, "type": _type(kind), "meaning": meanings.get(name, "")} for name, kind in found_types.items()
    ]


def _fields(read: Sequence[Member]) -> list[dict[str, str]]:
    import pyarrow as pa

    types = {name: [member.schema.field(name).type for member in read] for name in FIELDS}
    meanings = dict(facts.FIELDS)
    if all(pa.types.is_null(kind) for kind in types["provenance"]):
        meanings["provenance"] = "null: these rows were made by program, and no model wrote or judged them"
    return [
        {"name": name, "type": " or ".join(dict.fromkeys(map(_type, kinds))), "meaning": cell(meanings[name], 200)}
        for name, kinds in types.items()
    ]


def _type(kind: Any) -> str:
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return "struct"
    if pa.types.is_list(kind):
        return f"list of {_type(kind.value_type)}"
    return ARROW_NAMES.get(str(kind), str(kind))
