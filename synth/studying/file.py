"""A study as it is written: a file in TOML, read with all its mistakes told at once.

    about = "With and without rationales."          one line for people
    [sources]                                       files that the user has to name
    wiki = { about = "dev.json of 2WikiMultiHopQA" }    or wiki = "path"; in options it is called "$wiki"
    [train]                                         options of a verb, for every cell
    name = "llama"
    [axes.task]                                     what a value of an axis means: options of verbs
    sums.build = { name = "sums", digits = "2" }
    [evals.longer]                                  an evaluation: options of synth eval beside those of [eval]
    split = "test_longer"
    [[blocks]]                                      a matrix of its own: every combination of the values is a cell
    name = "main"
    task = ["sums"]                                 an axis with its values; all other names that are no verbs are axes
    seed = [0, 1, 2]                                a value that has no table is the option of the axis' name
    train = { epochs = 5 }                          options for this block alone
    skip = [{ task = "sums", seed = 2 }]            combinations that are left out
    evals = ["longer"]                              some of the evaluations
    axes.task.sums.train = { lr = 0.001 }           options of one value in this block alone
    optional = true                                 the block is carried out only if --only names it

docs/study.md says the same at length.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from synth.base.toml import read_toml
from synth.errors import UnknownNameError, UsageError, closest

VERBS = ("build", "import", "data", "distill", "train", "eval", "judge", "attribution", "difficulty")
TOP = ("about", "sources", "axes", "evals", "blocks", *VERBS)
OWN = ("name", "about", "skip", "evals", "axes", "optional")  # keys of a block that are neither axes nor verbs
SHIPPED = "synth.studies"

Table = Mapping[str, Any]
Value = str | int | float | bool


@dataclass(frozen=True)
class Block:
    """A matrix of conditions: every combination of its axes' values, but for those in `skip`."""

    name: str
    axes: dict[str, list[Value]]
    tables: dict[str, Any] = field(default_factory=dict)  # verb -> options; train may be False: nothing is trained
    skip: list[dict[str, Value]] = field(default_factory=list)
    evals: list[str] | None = None  # None: all
    values: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)  # axis -> value -> verb -> options
    optional: bool = False  # carried out only if it is named


@dataclass(frozen=True)
class StudyFile:
    """What stands in the file of a study."""

    name: str
    about: str
    digest: str  # sha256 of its text
    sources: dict[str, dict[str, str]]  # NAME -> {"path", "about"}, both may be missing
    tables: dict[str, Table]  # verb -> options
    axes: dict[str, dict[str, dict[str, Any]]]  # axis -> value -> verb -> options
    evals: dict[str, Table]
    blocks: list[Block]


def shipped() -> dict[str, Path]:
    """The studies that come with the program: name -> file."""
    found = (Path(str(path)) for path in files(SHIPPED).iterdir())
    return {path.stem: path for path in sorted(found) if path.suffix == ".toml"}


def find(study: str) -> Path:
    """The file of a study, given as a path or by the name of one that comes with the program.

    Raises UsageError, which lists those that there are.
    """
    path = Path(study)
    if path.suffix == ".toml" or path.is_file():
        if not path.is_file():
            raise UsageError(f"there is no file {study}: give a study in TOML, or one of {', '.join(shipped())}")
        return path
    if study not in shipped():
        raise UnknownNameError("study", study, list(shipped()))
    return shipped()[study]


def read_study(path: Path) -> StudyFile:
    """Read a study.

    Raises UsageError with all that is wrong with its form; options are checked where verbs are known (plan.py).
    """
    content = read_toml(path, "a study")
    wrong = [f"there is no {key}: there are {', '.join(TOP)}{closest(key, TOP)}" for key in content if key not in TOP]
    wrong += _no_tables(content, ("sources", "axes", "evals", *VERBS), "")
    if not wrong:
        wrong += _wrong_axes(content.get("axes", {})) + _no_tables(content.get("evals", {}), None, "evals.")
        wrong += _wrong_sources(content.get("sources", {}))
    blocks = content.get("blocks")
    if not isinstance(blocks, list) or not blocks or not all(isinstance(block, dict) for block in blocks):
        wrong.append("there are no blocks: add [[blocks]] with name and at least one axis, as seed = [0, 1]")
    elif not wrong:
        for place, block in enumerate(blocks, 1):
            wrong += _wrong_block(block, place, content)
        wrong += _twice([block.get("name") for block in blocks])
    if wrong:
        raise UsageError(f"{path}: {'; '.join(wrong)}")
    return StudyFile(
        name=path.stem,
        about=str(content.get("about", "")),
        digest=hashlib.sha256(path.read_bytes()).hexdigest(),
        sources={key: value if isinstance(value, dict) else {"path": value} for key, value in
                 content.get("sources", {}).items()},
        tables={verb: content[verb] for verb in VERBS if verb in content},
        axes={axis: {str(value): verbs for value, verbs in values.items()} for axis, values in
              content.get("axes", {}).items()},
        evals=content.get("evals", {}),
        blocks=[_block(block) for block in content["blocks"]],
    )  # fmt: skip


def _block(block: Table) -> Block:
    axes = {key: _listed(value) for key, value in block.items() if key not in (*OWN, *VERBS)}
    tables = {verb: block[verb] for verb in VERBS if verb in block}
    return Block(block["name"], axes, tables, block.get("skip", []), block.get("evals"), block.get("axes", {}),
                 bool(block.get("optional")))  # fmt: skip


def _no_tables(content: Table, names: Sequence[str] | None, before: str) -> list[str]:
    """What has to be a table and is none."""
    named = [name for name in (content if names is None else names) if name in content]
    return [f"{before}{name} is no table: write [{before}{name}]" for name in named
            if not isinstance(content[name], dict)]  # fmt: skip


def _wrong_axes(axes: Any) -> list[str]:
    if not isinstance(axes, dict):
        return ["axes is no table"]
    wrong = _no_tables(axes, None, "axes.")
    wrong += [f"[axes.{axis}]: {axis} is taken, call the axis otherwise" for axis in axes if axis in (*OWN, *VERBS)]
    for axis, values in axes.items():
        for value, verbs in values.items() if isinstance(values, dict) else ():
            where = f"axes.{axis}.{value}"
            if not isinstance(verbs, dict):
                wrong.append(f"{where} is no table: write {value}.VERB = {{ ... }} with one of {', '.join(VERBS)}")
                continue
            wrong += _wrong_verbs(verbs, where)
    return wrong


def _wrong_verbs(verbs: Table, where: str) -> list[str]:
    """What is no verb, or no table of options."""
    wrong = [f"{where} has {key}, which is no verb: there are {', '.join(VERBS)}{closest(key, VERBS)}" for key in verbs
             if key not in VERBS]  # fmt: skip
    return wrong + [f"{where}.{key} is no table of options" for key, table in verbs.items()
                    if key in VERBS and not isinstance(table, dict) and (key, table) != ("train", False)]  # fmt: skip


def _wrong_sources(sources: Table) -> list[str]:
    return [
        f'sources.{name} is neither a path nor a table: write {name} = "PATH", or {name} = {{ about = "..." }}'
        for name, value in sources.items()
        if not isinstance(value, str)
        and not (isinstance(value, dict) and set(value) <= {"path", "about"}
                 and all(isinstance(text, str) for text in value.values()))
    ]  # fmt: skip


def _wrong_block(block: Table, place: int, content: Table) -> list[str]:
    """What is wrong with a block; `place` is its number, from 1, for one that has no name."""
    name = block.get("name")
    if not isinstance(name, str) or not name.strip():
        return [f'block {place} has no name: add name = "..."']
    where, wrong = f"block {name}", []
    axes = {key: value for key, value in block.items() if key not in (*OWN, *VERBS)}
    for axis, values in axes.items():
        wrong += _wrong_values(axis, values, where, content.get("axes", {}))
    wrong += _wrong_verbs({key: value for key, value in block.items() if key in VERBS}, where)
    wrong += _wrong_skips(block.get("skip", []), axes, where)
    wrong += [f"{where}: {fault}" for fault in _wrong_axes(block.get("axes", {}))]
    own = block.get("axes", {})
    for axis, values in own.items() if isinstance(own, dict) else ():
        there = list(map(str, _listed(axes.get(axis, []))))
        wrong += [
            f"{where}: axes.{axis}.{value}: the block has no such value" for value in values if value not in there
        ]
    if not isinstance(block.get("optional", False), bool):
        wrong.append(f"{where}: optional is true or false")
    known = content.get("evals", {})
    evals = block.get("evals", [])
    if not isinstance(evals, list) or (block.get("evals") is not None and not evals):
        wrong.append(f"{where}: evals is a list of names")
    else:
        wrong += [f"{where}: there is no [evals.{one}]{closest(str(one), known)}" for one in evals if one not in known]
    return wrong


def _wrong_values(axis: str, values: Any, where: str, axes: Table) -> list[str]:
    """What is wrong with the values of an axis in a block."""
    values = _listed(values)
    known = {str(value) for value in axes.get(axis, {})}
    wrong = [f"{where}: {axis} is empty: give it a value"] if not values else []
    wrong += [f"{where}: {axis} has {value!r}, which is neither a text nor a number" for value in values
              if not isinstance(value, str | int | float)]  # fmt: skip
    said = [str(value) for value in values]
    wrong += [f"{where}: {axis} has {value} twice" for value in dict.fromkeys(said) if said.count(value) > 1]
    likely = [(value, closest(value, known)) for value in said if known and value not in known]
    return wrong + [f"{where}: there is no axes.{axis}.{value}{like}" for value, like in likely if like]


def _wrong_skips(skips: Any, axes: Table, where: str) -> list[str]:
    if not isinstance(skips, list) or not all(isinstance(skip, dict) and skip for skip in skips):
        return [f'{where}: skip is a list of tables, as [{{ task = "sums" }}]']
    wrong = []
    for skip in skips:
        for axis, value in skip.items():
            if value not in _listed(axes.get(axis, [])):
                wrong.append(f"{where}: skip names {axis} = {value!r}, which the block does not have")
    return wrong


def _listed(values: Any) -> list[Any]:
    """The values of an axis: one alone is a list of one."""
    return values if isinstance(values, list) else [values]


def _twice(names: Sequence[Any]) -> list[str]:
    return [f"two blocks are called {name}" for name in dict.fromkeys(names) if name and names.count(name) > 1]
