"""A writer of many datasets into one folder, for a process of its own: it is imported there by its name."""

from pathlib import Path

from synth.data.folder import FolderWriter
from synth.data.writing import encode, split_writer
from synth.record import Record

COMMITS = 300
META = {"n": int}


def commit(folder: Path, number: int) -> None:
    """Dataset `number`: its splits, formats and rows are other ones each time, and each row says whose it is."""
    splits = ["train", "test"] if number % 3 else ["train", "other"]
    format = "parquet" if number % 5 == 0 else "jsonl"
    with FolderWriter(folder) as writer:
        facts = {}
        for split in splits:
            rows = [Record(f"{n}", "t", "p", "r", f"{number}", "c", {"n": number}) for n in range(number % 7)]
            with split_writer(writer, split, format, META) as out:
                out.write(encode(rows, format, META))
            facts[split] = {"rows": out.rows, "rejected": {}, "files": out.names()}
        writer.commit({"number": number, "splits": facts, "rejected": {}})


def write_many(folder: Path) -> None:
    for number in range(1, COMMITS + 1):
        commit(folder, number)
