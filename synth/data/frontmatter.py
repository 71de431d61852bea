"""The YAML front matter of a card: what the data decides is ours, the rest is a person's once it is there.

Keys keep their place, their comments and their very text unless their value has to change. To a list such as the tags,
what is missing is added, and its comments stay (ruamel.yaml). `configs` and `dataset_info` keep the entries of
configurations that are not written now.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, TypeAlias

from synth.base.files import write_whole
from synth.data import mirror
from synth.data.manifest import open_manifest, with_rows
from synth.data.names import CARD
from synth.errors import FolderError
from synth.record import FIELDS

NAMED = 20  # files of a split that a card names one by one
NUMBERED = re.compile(r"(?P<stem>.*)-\d{5}(-of-\d{5})?\.parquet")

# The Hub's names of sizes, by the number of rows they end below (datasetcard.md in huggingface/hub-docs)
SIZES = {
    10**3: "n<1K", 10**4: "1K<n<10K", 10**5: "10K<n<100K", 10**6: "100K<n<1M", 10**7: "1M<n<10M", 10**8: "10M<n<100M",
    10**9: "100M<n<1B", 10**10: "1B<n<10B", 10**11: "10B<n<100B", 10**12: "100B<n<1T",
}  # fmt: skip
# The columns of every dataset, whoever made it, as the front matter names them to `datasets`. `meta` differs from
# dataset to dataset, and `provenance` grows with what judges say: as JSON (`datasets.Json`, since 4.7) both are of one
# type everywhere, so that any two datasets can be put together, and a row shows the keys that it has and no others.
COLUMNS = dict.fromkeys(FIELDS, "string") | {"meta": "json", "provenance": "json"}
TRUTH = ("size_categories", "configs", "dataset_info")  # the data decides them
Segments: TypeAlias = Sequence[tuple[str | None, str]]
KEY = re.compile(r"""^(?P<key>[^\s#'"\-\[\]{}:][^:]*|"[^"]*"|'[^']*')\s*:(\s|$)""")


def split(card: str) -> tuple[str, str]:
    """Front matter, without its lines of dashes, and body; no front matter is "".

    As the Hub and `datasets` read it: it begins on the first line that is not empty and ends at the next line of three
    dashes. Raises FolderError if it is not ended: what begins with keys and values is no rule across the page.
    """
    lines = card.splitlines(keepends=True)
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is not None and lines[first].rstrip() == "---":
        for number in range(first + 1, len(lines)):
            if lines[number].rstrip() == "---":
                return "".join(lines[first + 1 : number]), "".join(lines[number + 1 :])
        if first + 1 < len(lines) and KEY.match(lines[first + 1]):
            raise FolderError(
                "the front matter of the README.md that is there has no end: "
                "add a line of --- after its last key, or move the file away"
            )
    return "", card


def parse(front: str) -> dict[str, Any]:
    """The values of front matter.

    Raises FolderError if it is not YAML, or not keys and values.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        values = YAML(typ="safe", pure=True).load(front)
    except (YAMLError, ValueError) as error:  # ValueError: a date that is none
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 2}: {getattr(error, 'problem', '')})" if mark else f" ({error})"
        raise FolderError(
            f"the front matter of the README.md that is there is not YAML{where}: mend it, or move the file away"
        ) from error
    if values is None:
        return {}
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise FolderError(
            "the front matter of the README.md that is there, between two lines of ---, has to be keys and values "
            "(license: mit): mend it, or move the file away"
        )
    return values


def dump(values: Mapping[str, Any]) -> str:
    """Keys and values as YAML. Whoever reads it by the rules of YAML 1.1, as PyYAML does, gets the same values."""
    return _dumped(dict(values), (1, 1)).removeprefix("%YAML 1.1\n---\n")


def _dumped(values: Mapping[str, Any], version: tuple[int, int] | None = None) -> str:
    text = StringIO()
    _round_trip(version).dump(values, text)
    return text.getvalue()


def _round_trip(version: tuple[int, int] | None = None) -> Any:
    """A reader and writer that keeps comments, quotes and order."""
    from ruamel.yaml import YAML

    yaml = YAML(pure=True)
    yaml.version, yaml.width, yaml.preserve_quotes, yaml.allow_unicode = version, 1_000_000, True, True
    return yaml


def merge(
    theirs: str,
    ours: Mapping[str, Any],
    overwrite: bool = False,
    alone: bool = False,
    asked: frozenset[str] = frozenset(),
    gone: frozenset[str] = frozenset(),
) -> tuple[str, dict[str, Any]]:
    """The text of the merged front matter, and its values.

    `ours`: the values of our keys; of `configs` and `dataset_info` lists of entries. `alone`: there are no other
    configurations than ours. `asked`: keys whose values win over those in the card. `gone`: configurations that are
    not there any more. Raises FolderError for front matter that cannot be read.
    """
    existing = parse(theirs)
    values = {
        key: _merged(key, existing.get(key), value, overwrite or key in asked, alone, gone)
        for key, value in ours.items()
    }
    values["size_categories"] = _sizes(values["dataset_info"])
    values["dataset_info"] = _written_info(values["dataset_info"])
    wanted = {**existing, **values}
    segments = list(_segments(theirs))
    if set(existing) <= set(TRUTH) and all(key and not _comments(text).strip() for key, text in segments):
        segments, existing = [], {}  # nothing of a person's is in it: our order
    if sorted(key for key, _ in segments if key) == sorted(existing):
        text = "".join(_rewritten(existing, values, segments))
    else:
        text = _changed(theirs, values)  # keys in braces
    return (text, wanted) if _is(text, wanted) else (dump(wanted), wanted)


def _rewritten(there: Mapping[str, Any], values: Mapping[str, Any], segments: Segments) -> Iterator[str]:
    """The segments with our values, then what they do not have."""
    for key, text in segments:
        same = key is None or key not in values or (key in there and there[key] == values[key])
        part = text if same or key is None else _changed(text, {key: values[key]})
        yield part if part.endswith("\n") or not part else part + "\n"
    missing = [key for key in values if key not in [key for key, _ in segments]]
    for key in sorted(missing, key=lambda key: key in TRUTH):
        yield dump({key: values[key]})


def _changed(text: str, values: Mapping[str, Any]) -> str:
    """A piece of front matter with other values; what was in a list before keeps its place and its comments."""
    from ruamel.yaml.error import YAMLError

    above, fresh = _comments(text), _round_trip().load(dump(values))  # with quotes if YAML 1.1 needs them
    try:
        held = _round_trip().load(text.removeprefix(above))
        held.fa.set_block_style()
        for key, value in fresh.items():
            old = held.get(key)
            if isinstance(old, list) and isinstance(value, list) and list(old) == value[: len(old)]:
                old.extend(value[len(old) :])
            else:
                held[key] = value
        return above + _dumped(held)
    except (YAMLError, ValueError):  # an alias of something that stands elsewhere
        return above + dump(values)


def _is(text: str, wanted: Mapping[str, Any]) -> bool:
    """Whether the text says this: a value of ours may have taken an anchor's place."""
    try:
        return parse(text) == wanted
    except FolderError:
        return False


def entries(info: Any) -> dict[str, dict[str, Any]]:
    """Entries of `configs` or `dataset_info` by configuration; a single one may stand alone and without its name."""
    listed = [info] if isinstance(info, dict) else info if isinstance(info, list) else []
    return {str(entry.get("config_name", "default")): entry for entry in listed if isinstance(entry, dict)}


def rows_of(info: Mapping[str, Any]) -> dict[str, int]:
    """Rows of each split out of an entry of `dataset_info`; what is no such thing is left out."""
    splits = info.get("splits")
    return {
        str(part["name"]): part["num_examples"]
        for part in (splits if isinstance(splits, list) else [])
        if isinstance(part, dict) and "name" in part and isinstance(part.get("num_examples"), int)
    }


def _merged(key: str, existing: Any, value: Any, overwrite: bool, alone: bool, gone: frozenset[str]) -> Any:
    if key in TRUTH:
        others = {} if alone else {name: entry for name, entry in entries(existing).items() if name not in gone}
        return list({**others, **entries(value)}.values())
    if existing is None or (overwrite and not isinstance(value, list)):
        return value
    if not isinstance(value, list):
        return existing
    listed = existing if isinstance(existing, list) else [existing]
    added = [item for item in value if item not in listed]
    return [*listed, *added] if added else existing


def _sizes(info: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = sum(count for entry in info for count in rows_of(entry).values())
    return [next((name for limit, name in SIZES.items() if rows < limit), "n>1T")]


def _written_info(info: list[dict[str, Any]]) -> Any:
    """As `datasets` writes it: a single configuration stands alone, and without a name if it has none."""
    if len(info) > 1:
        return info
    return {key: value for key, value in info[0].items() if (key, value) != ("config_name", "default")}


def _segments(front: str) -> Iterator[tuple[str | None, str]]:
    """The text cut before each top-level key, with the comments above it: (key, text); without a key what is before."""
    key: str | None = None
    held: list[str] = []
    above: list[str] = []  # comments and empty lines that belong to the next key, if one follows
    for line in front.splitlines(keepends=True):
        match = KEY.match(line)
        if match:
            if key is not None or held:
                yield key, "".join(held)
            key, held, above = match["key"].strip().strip("'\""), [*above, line], []
        elif line.startswith("#") or not line.strip():
            above.append(line)
        else:
            held, above = [*held, *above, line], []
    if key is not None or held or above:
        yield key, "".join([*held, *above])


def _comments(text: str) -> str:
    """The comments above the key of a segment."""
    lines = text.splitlines(keepends=True)
    above = next((number for number, line in enumerate(lines) if KEY.match(line)), 0)
    return "".join(lines[:above])


def split_configs(manifest: Mapping[str, Any]) -> list[str]:
    """The lines that make `datasets.load_dataset` see every split, in the columns that every dataset has; it guesses
    wrong for names like test_longer."""
    files = {split: facts["files"] for split, facts in with_rows(manifest).items()}
    return [*config_lines({"default": files}), *info_lines(["default"])]


def config_lines(configs: Mapping[str, Mapping[str, Sequence[str]]]) -> list[str]:
    """The key `configs` of a card: configuration, split, files."""
    lines = ["configs:"]
    for config, splits in configs.items():
        lines += [f"- config_name: {config}", "  data_files:"]
        for split, files in splits.items():
            lines += [f"  - split: {split}", "    path:", *(f"    - {file}" for file in in_few_words(files))]
    return lines


def in_few_words(files: Sequence[str]) -> list[str]:
    """The files of a split as a card names them: one by one, or by a pattern if there are many."""
    stems = {match["stem"] if (match := NUMBERED.fullmatch(file)) else None for file in files}
    stem = stems.pop() if len(stems) == 1 else None
    return list(files) if stem is None or len(files) <= NAMED else [f"{stem}-*.parquet"]


def features() -> list[dict[str, str]]:
    """The columns of a dataset in the form of `dataset_info`."""
    return [{"name": name, "dtype": dtype} for name, dtype in COLUMNS.items()]


def info_lines(configs: Iterable[str]) -> list[str]:
    """The key `dataset_info` of a card: configuration, columns."""
    lines = ["dataset_info:"]
    for config in configs:
        lines += [f"- config_name: {config}", "  features:"]
        for name, dtype in COLUMNS.items():
            lines += [f"  - name: {name}", f"    dtype: {dtype}"]
    return lines


def folder_card(folder: Path, datasets: list[str]) -> None:
    """Write a card that makes each dataset below a folder one configuration, `load_dataset(folder, name)`."""
    configs = {
        name: {
            split: [f"{name}/{file}" for file in facts["files"]]
            for split, facts in with_rows(open_manifest(folder / name)).items()
        }
        for name in datasets
    }
    path = folder / CARD
    theirs = path.read_text(encoding="utf-8") if path.exists() else ""
    write_whole(path, with_configs(theirs, [*config_lines(configs), *info_lines(configs)]).encode())
    mirror.put_beside(folder)


def with_configs(card: str, configs: list[str]) -> str:
    """A card whose front matter names these files; everything else that stands in it stays as a person wrote it, also
    what is no YAML: nobody's rows are lost for a mistake in a card.

    configs: lines of `configs`, and of `dataset_info` if the columns are known; that of what was here before goes.
    """
    front, body = "", card
    if card.startswith("---\n") and "\n---\n" in card[3:]:
        front, body = card[4:].split("\n---\n", 1) if not card[4:].startswith("---\n") else ("", card[8:])
    kept: list[str] = []
    ours = False
    for line in front.splitlines():
        ours = line.startswith(("configs:", "dataset_info:")) or (ours and line[:1] in (" ", "-"))
        kept += [] if ours else [line]
    return "\n".join(["---", *kept, *configs, "---", ""]) + body
