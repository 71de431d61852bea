"""The questions of a benchmark: from a file, a dataset folder, a task's own release, or the Hub.

What `against` can be:

    FILE                 .jsonl .json .csv .tsv .parquet, the question in a field of a usual name (see FIELDS)
    FILE:FIELD           the question in this field; a dot reaches into an object, `question.stem`
    FOLDER               a dataset folder (all its splits), a folder of several, or files of which one is named for test
    TASK, TASK:SOURCE    a task of `synth tasks`, from the Hub or from its release on disk
    ORG/NAME, ORG/NAME/CONFIG, each with :FIELD     the test and validation splits on the Hub

Benchmarks are what is tested on: of folders, tasks and the Hub the test split is taken.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from synth.data import manifest, names, reading
from synth.errors import SourceError
from synth.questions import files, find, hub, loading
from synth.questions.task import Hub, Task

# Usual names of the column that holds the question, the likeliest first; `Body` goes before `Question` (SVAMP, ASDiv).
FIELDS = (
    "question", "prompt", "problem", "question.stem", "question.text", "text", "query", "stem", "squestion", "input",
    "instruction", "sentence", "messages", "conversations",
)  # fmt: skip
IDS = ("id", "_id", "qid", "question_id", "task_id", "uid", "index", "iindex")
Question = tuple[str, str]  # id, text
TEST = "test+validation"  # files of the Hub's Parquet copy; of the two those that are there


def benchmark(against: str) -> Iterator[Question]:
    """The questions of a benchmark, each with its id, or the number of its row if it has none.

    Raises SourceError (one line) for what is not there or cannot be read, or if no field holds questions.
    """
    task, colon, source = against.partition(":")
    if (colon or not Path(task).exists()) and (known := find.known_task(task)) is not None:
        return _of_task(known, source)
    place, field = _split(against)
    if Path(place).exists():
        return _on_disk(Path(place), field)
    if hub.NAME.fullmatch(place) and not Path(place).parent.exists():
        return _on_hub(place, field)
    raise SourceError(
        f"{against} is not there: give a file, FILE:FIELD, a folder, a task of synth tasks, or org/name on the Hub"
    )


def shown(against: str) -> str:
    """How a benchmark is named in reports: of what lies on this machine the last part of its path."""
    task, colon, source = against.partition(":")
    if colon and find.known_task(task) is not None:
        return f"{task}:{Path(source).name}"
    place, field = _split(against)
    if Path(place).exists():
        return Path(place).resolve().name + (f":{field}" if field else "")
    return against


def _split(against: str) -> tuple[str, str]:
    """What stands before and after the last colon; a path that has one in it is a path."""
    if Path(against).exists() or ":" not in against:
        return against, ""
    place, _, field = against.rpartition(":")
    return place, field


def _on_disk(path: Path, field: str) -> Iterator[Question]:
    if path.is_dir() and (manifest.read_manifest(path) or any(path.glob(f"*/{names.MANIFEST}"))):
        yield from _of_folder(path)
        return
    yield from _rows([path], field)


def _of_folder(folder: Path) -> Iterator[Question]:
    for dataset in manifest.members(folder).values():
        for split in manifest.open_manifest(dataset)["splits"]:
            yield from ((record.id, record.prompt) for record in reading.read(dataset, split))


def _of_task(task: Task, source: str) -> Iterator[Question]:
    split = None if Path(source).is_file() else "test"
    place = source or (task.hub.id if task.hub else "hub")
    yield from ((question.id, question.text) for question in loading.load(task, place, split))


def _on_hub(place: str, field: str) -> Iterator[Question]:
    """A dataset that a task knows is read from the task's own config and test split."""
    known = [find.find_task(name).hub for name in find.task_names()]
    source = next((own for own in known if own and own.id == place), None)
    if source is None:
        named = hub.place(place, None)
        source = Hub(named.id, named.config, {"test": TEST})
    yield from _rows(hub.download(source, "test")[0], field)


def _rows(paths: Sequence[Path], field: str) -> Iterator[Question]:
    for path in paths:
        for entry in files.rows(path, "test", ()):
            row = entry.row if field else {str(name).lower(): value for name, value in entry.row.items()}
            text = _question(row, field, entry.where)
            yield next((str(row[name]) for name in IDS if row.get(name) not in (None, "")), entry.number), text


def _question(row: Mapping[str, Any], field: str, where: str) -> str:
    for name in (field,) if field else FIELDS:
        text = _text(_value(row, name))
        if text is not None:
            body = row.get("body") if name == "question" else None
            return f"{body} {text}" if isinstance(body, str) else text
    wanted = f"no text in a field {field!r}" if field else "no field that is known to hold questions"
    raise SourceError(f"{where} has {wanted}: it has {', '.join(_names(row))}; give one of them, as FILE:FIELD")


def _value(row: Mapping[str, Any], name: str) -> Any:
    """A column by its name; a dot reaches into an object."""
    if name in row:
        return row[name]
    value: Any = row
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _text(value: Any) -> str | None:
    """The text of a column; of a chat what is said before its last turn, which is the answer if there is one."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not all(isinstance(turn, Mapping) for turn in value):
        return None
    asked = [turn for turn in value if turn.get("role", turn.get("from")) in ("user", "human")]
    said = [turn.get("content", turn.get("value")) for turn in asked]
    return "\n".join(text for text in said if isinstance(text, str)) or None


def _names(row: Mapping[str, Any]) -> Iterator[str]:
    for name, value in row.items():
        yield from ([f"{name}.{inner}" for inner in value] if isinstance(value, Mapping) else [str(name)])
