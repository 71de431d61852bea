"""What the template of a card is filled with; cards/dataset.md says where each part stands."""

import shlex
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson

from synth.cards import bootstrapped, checks, conditioned, facts, parts
from synth.cards.keys import Given, beside
from synth.cards.markdown import cell
from synth.cards.member import Member
from synth.data import frontmatter
from synth.data.about import About
from synth.data.frontmatter import COLUMNS
from synth.data.names import PLOTS

TRAIN = ("synth", "train", "t5", "--model", "google/flan-t5-small")
BESIDE_SAID = {
    "attempts": "attempts at the questions, right ones and wrong ones, with what came of each (`outcome`, `kept`)",
    "rejected": "that were left out, each with its reason",
    "notes": "labels of people, each of a row (`id`) with its verdict and a note",
}
ARROW_NAMES = {"double": "float", "int64": "integer", "bool": "true or false"}


def start(read: Sequence[Member], given: Given, values: Mapping[str, Any]) -> dict[str, Any]:
    """For the quick start and the list of configurations, which names those of other folders too."""
    infos = frontmatter.entries(values["dataset_info"])
    along = beside(values["configs"])
    all_configs: list[dict[str, Any]] = [
        {"name": name, "rows": frontmatter.rows_of(info)} for name, info in infos.items()
    ]
    configs = [config for config in all_configs if config["name"] not in along]
    # The shortest rationales, for a first try; the other configurations are named beside it.
    explained = [member for member in read if member.counts.lengths["rationale"].mean > 0]
    first = min(explained or read[:1], key=lambda member: member.counts.lengths["rationale"].mean)
    single = first.name == "default"
    root = first.folder.resolve() if single else first.folder.resolve().parent
    split = next((name for name, counts in first.splits.items() if counts.rows), next(iter(first.splits), "train"))
    folder = given.repo.split("/")[-1] if given.repo else root.name
    alone = single or (given.repo is not None and len(configs) == 1)  # as synth pull puts it
    data = folder if alone else f"{folder}/{first.name}"
    others = ", ".join(f'"{config["name"]}"' for config in configs if config["name"] != first.name)
    return {
        "configs": configs,
        "beside": [
            {"name": config["name"], "rows": sum(config["rows"].values()), "what": BESIDE_SAID[along[config["name"]]]}
            for config in all_configs
            if config["name"] in along
        ],
        "all_splits": list(dict.fromkeys(split for config in configs for split in config["rows"])),
        "place": orjson.dumps(given.repo or root.name).decode(),
        "folder": shlex.quote(folder),
        "repo": given.repo,
        "first": {"name": first.name, "split": split},
        "others": others,
        "train": shlex.join([*TRAIN, "--data", data, "--out", "run"]) if split == "train" else "",
    }


def filled(
    read: Sequence[Member], pictures: Mapping[str, bytes], licence: str, present: Collection[str]
) -> dict[str, Any]:
    """For the parts that are about the data. present: the kinds of data that the card is of already."""
    kinds: dict[str, list[Member]] = {}
    for member in read:
        kinds.setdefault(member.kind, []).append(member)
    shown = [_shown(member, pictures) for member in read]
    say_once(shown)
    return {
        "members": shown,
        "validated": any(member["checks"] for member in shown),
        "kinds": [_kind(name, same, licence) for name, same in kinds.items()],
        "several": len({*kinds, *present}) > 1,
        "fields": _fields(read),
    }


def _shown(member: Member, pictures: Mapping[str, bytes]) -> dict[str, Any]:
    from synth.cards.pictures import caption

    picture = f"{PLOTS}/{member.name}.png"
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
        "set": "Settings of the questions" if facts.by_itself(member.manifest) else "Settings",
        "prompts": parts.prompts(member),
        "rejected": parts.rejected(member),
        "checks": checks.checks(member),
    }


def say_once(shown: Sequence[dict[str, Any]]) -> None:
    """Replace what several datasets have in common, in all but the first, by a reference to it."""
    said: dict[str, str] = {}
    checked: dict[str, str] = {}
    first: dict[str, dict[str, Any]] = {}  # of each kind
    for member in shown:
        text, settings, before = member["columns"], member["settings"], first.get(member["kind"])
        if text in said:
            member["columns"] = f"Columns are distributed as in `{said[text]}`."
        elif text:
            said[text] = member["name"]
        if (result := member["checks"]) in checked:
            member["checks"] = f"As of `{checked[result]}`: the same were checked, with the same results."
        elif result:
            checked[result] = member["name"]
        if before is not None and before["settings"].keys() == settings.keys() and settings:
            changed = {name: value for name, value in settings.items() if before["settings"][name] != value}
            lines = [line for line in member["made"] if line not in before["made"]]
            member["made"] = [f"As `{before['name']}`" + (f", but {_settings(changed)}" if changed else ""), *lines]
        elif settings:
            first.setdefault(member["kind"], {**member})
            member["made"] = [f"{member.get('set', 'Settings')}: {_settings(settings)}", *member["made"]]


def _settings(settings: Mapping[str, str]) -> str:
    return ", ".join(f"{cell(name)} `{text}`" for name, text in settings.items())


def _kind(name: str, same: Sequence[Member], under: str) -> dict[str, Any]:
    about = same[0].about
    terms = {terms for member in same if (terms := member.manifest.get("terms"))}
    licence = [f"The dataset is under `{under}`."] if under not in ("", "other") else []
    licence += [about.licence_note] if about.licence_note else []
    licence += [f"The rationales come from a teacher model. {text}." for text in sorted(terms)]
    limits = dict.fromkeys(limit for member in same for limit in member.about.limits)
    structs = {"meta": _columns(same, "meta", about), "provenance": _columns(same, "provenance", about)}
    return {"key": name, "about": about, "structs": structs, "limits": limits, "licence": licence}


def _columns(same: Sequence[Member], struct: str, about: About) -> list[dict[str, str]]:
    import pyarrow as pa

    first = same[0].manifest
    mario = conditioned.PROVENANCE if conditioned.mario(first) else {}
    ours = bootstrapped.PROVENANCE if bootstrapped.star(first) else mario
    meanings = {**about.columns} if struct == "meta" else {**facts.PROVENANCE, **ours}
    types: dict[str, Any] = {}
    for member in same if struct == "meta" else [member for member in same if member.counts.known]:
        kind = member.schema.field(struct).type
        types.update({part.name: part.type for part in kind} if pa.types.is_struct(kind) else {})
    return [{"name": name, "type": _type(kind), "meaning": meanings.get(name, "")} for name, kind in types.items()]


def _fields(read: Sequence[Member]) -> list[dict[str, str]]:
    meanings = dict(facts.FIELDS)
    if not any(member.counts.known for member in read):
        meanings["provenance"] = "null: these rows were made by program, and no model wrote or judged them"
    return [{"name": name, "type": kind, "meaning": cell(meanings[name], 200)} for name, kind in COLUMNS.items()]


def _type(kind: Any) -> str:
    import pyarrow as pa

    if pa.types.is_struct(kind):
        return "struct"
    if pa.types.is_list(kind):
        return f"list of {_type(kind.value_type)}"
    return ARROW_NAMES.get(str(kind), str(kind))
