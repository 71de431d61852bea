"""How fast datasets are built, beside the limit of the machine: `make bench`, or with fewer rows and as JSON

    python benchmarks/building.py --rows 100000 --json

Every figure is CPU seconds (user and system, of the command and its workers together) of the whole command
`synth build`, start included, divided into rows. Beside it stands the limit: the same rows, already in memory, turned
into the same bytes by orjson and written. Only ratios carry over to other machines.
"""

import argparse
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
from rich import box
from rich.console import Console
from rich.table import Table

from synth.base.draws import bits
from synth.builders import listops
from synth.builders.listops.draw import DRAWS, draw

NONE_ELSE = {  # splits that are left out
    "listops": ("validation", "test", "test-longer", "test-larger"),
    "arithmetic": ("validation", "test", "test-beyond"),
}
SAMPLE = Path(__file__).parents[1] / "builders" / "twowiki" / "sample_dev.json"


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast datasets are built, beside the limit of the machine.")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of each drawn dataset")
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = list(measure(given.rows, Path(folder)))
    print(json.dumps(figures, indent=2)) if given.json else show(figures)


def measure(rows: int, folder: Path) -> Iterator[dict[str, Any]]:
    for what, words in {
        "listops none": ("listops", "--explain", "none"),
        "listops medium": ("listops", "--explain", "medium"),
        "listops long": ("listops", "--explain", "long"),
        "arithmetic add": ("arithmetic",),
        "arithmetic multiply": ("arithmetic", "--operation", "multiply"),
    }.items():
        for workers in (1, 2):
            yield drawn(f"{what}, {workers} worker{'s' * (workers > 1)}", rows, folder, *words, "--workers", workers)
    few = drawn("listops medium, 2 workers, a tenth", rows // 10, folder, "listops", "--workers", 2)
    yield {**few, "note": "peak memory does not grow with the rows"}
    yield expressions_alone(rows // 10)
    yield growing_and_throwing_away()
    yield twowiki(rows // 10, folder, "self-ask")
    yield twowiki(rows // 10, folder, "direct")


def drawn(what: str, rows: int, folder: Path, dataset: str, *words: object) -> dict[str, Any]:
    """A build of `rows` training rows, and the limit for the rows it wrote."""
    none = [word for split in NONE_ELSE[dataset] for word in (f"--{split}", "0")]
    out = Path(tempfile.mkdtemp(dir=folder)) / "out"  # a folder of its own: what is there already is not built again
    seconds, memory = run("build", dataset, *words, *none, "--train", rows, "--out", out, "--quiet")
    limit = write_alone(out / "train.jsonl", folder / "alone.jsonl")
    size = (out / "train.jsonl").stat().st_size
    shutil.rmtree(out)
    return {
        "what": what, "rows": rows, "cpu_s": seconds, "rows_per_cpu_s": rows / seconds, "limit_cpu_s": limit,
        "times_the_limit": seconds / limit, "peak_mb": memory, "bytes_per_row": size / rows,
    }  # fmt: skip


def run(*words: object) -> tuple[float, float]:
    """CPU seconds and peak memory of a `synth` command."""
    return cpu([sys.executable, "-m", "synth", *map(str, words)])


def cpu(command: list[str]) -> tuple[float, float]:
    """CPU seconds of a command with all its processes, and the most memory they had together, in MB (PSS: pages that
    several share are counted once). Of processes that nobody waits for, as Ray's, what was last seen of them."""
    child = subprocess.Popen(command, start_new_session=True)
    peak, seen = 0.0, dict[int, float]()
    while True:
        done, status, usage = os.wait4(child.pid, os.WNOHANG)
        if done:
            break
        processes = family(child.pid)
        seen.update((each, max(seconds, seen.get(each, 0.0))) for each, seconds in processes.items())
        peak = max(peak, sum(proportional_set_size(Path(f"/proc/{each}")) for each in processes))
        time.sleep(0.05)
    if status:
        sys.exit(f"{' '.join(command)} failed")
    return max(usage.ru_utime + usage.ru_stime, sum(seen.values())), peak


def family(root: int) -> dict[int, float]:
    """CPU seconds of a process and of all that it and they started."""
    started: dict[int, list[int]] = {}
    seconds: dict[int, float] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        process = int(stat.parent.name)
        started.setdefault(int(fields[1]), []).append(process)
        seconds[process] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    found, left = dict[int, float](), [root]
    while left:
        process = left.pop()
        found[process] = seconds.get(process, 0.0)
        left += started.get(process, [])
    return found


def proportional_set_size(process: Path) -> float:
    try:
        lines = (process / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def write_alone(source: Path, target: Path) -> float:
    """CPU seconds that orjson and the file take for the same bytes, and nothing else does."""
    spent = 0.0
    with source.open("rb") as lines, target.open("wb") as out:
        while block := lines.readlines(1 << 24):
            rows = [orjson.loads(line) for line in block]
            start = time.process_time()
            out.write(b"\n".join([orjson.dumps(row) for row in rows]) + b"\n")
            spent += time.process_time() - start
    return spent


def timed(work: Callable[[], int]) -> tuple[int, float]:
    start = time.process_time()
    done = work()
    return done, time.process_time() - start


def expressions_alone(rows: int) -> dict[str, Any]:
    """The expressions of 50 to 100 tokens without text, record or file."""
    grammar = listops._grammar(listops.Config(answers="natural"), "train")

    def work() -> int:
        for start in range(0, rows, 4096):
            draw(grammar, bits("bench", start, start + 4096, grammar.longest * DRAWS))
        return rows

    done, seconds = timed(work)
    return {"what": "expressions alone, lengths drawn on the way down", "rows_per_cpu_s": done / seconds}


def growing_and_throwing_away(seconds: float = 5.0) -> dict[str, Any]:
    """The published recipe as it is described: grow a tree at random, keep it if its length fits."""
    rng = random.Random(0)

    def grow(depth: int) -> list[str]:
        if depth >= 10 or (depth and rng.random() > 0.25):
            return [str(rng.randrange(30))]
        arguments = [grow(depth + 1) for _ in range(rng.randint(2, 10))]
        return ["[" + rng.choice(("MIN", "MAX", "MED", "SUM")), *(token for each in arguments for token in each), "]"]

    def work() -> int:
        start, kept = time.process_time(), set()
        while time.process_time() - start < seconds:
            tree = grow(0)
            if 50 <= len(tree) <= 100:
                kept.add(" ".join(tree))
        return len(kept)

    done, spent = timed(work)
    return {"what": "expressions alone, grown and thrown away", "rows_per_cpu_s": done / spent}


def twowiki(records: int, folder: Path, style: str) -> dict[str, Any]:
    """Conversion of a file of `records` records, beside a process that has orjson parse the whole of it and ends."""
    source = folder / "dev.json"
    sample = orjson.loads(SAMPLE.read_bytes())
    with source.open("wb") as file:
        for number in range(records):
            record = dict(sample[number % len(sample)])
            record["_id"], record["question"] = f"{record['_id']}-{number}", f"({number}) {record['question']}"
            others = (sample[(number + step) % len(sample)]["context"] for step in range(1, 10))
            record["context"] = [*record["context"], *itertools.chain.from_iterable(others)][:10]  # ten, as published
            file.write((b", " if number else b"[") + orjson.dumps(record))
        file.write(b"]")
    parse, _ = cpu([sys.executable, "-c", f"import orjson; orjson.loads(open({str(source)!r}, 'rb').read())"])
    seconds, memory = run(
        "build", "2wiki", "--source", source, "--style", style, "--out", folder / style, "--workers", 1, "--quiet"
    )
    return {
        "what": f"2wiki {style}, 1 worker", "rows": records, "cpu_s": seconds, "rows_per_cpu_s": records / seconds,
        "limit_cpu_s": parse, "times_the_limit": seconds / parse, "peak_mb": memory,
        "note": "the limit is a process that reads the source, parses it with orjson and ends",
    }  # fmt: skip


def show(figures: list[dict[str, Any]]) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    columns = ("rows", "cpu_s", "rows_per_cpu_s", "limit_cpu_s", "times_the_limit", "peak_mb")
    table.add_column("what")
    for column in columns:
        table.add_column(column.replace("_", " "), justify="right")
    for figure in figures:
        shown = [figure.get(column) for column in columns]
        numbers = ["" if value is None else f"{value:,.{0 if value > 99 else 1}f}" for value in shown]
        table.add_row(figure["what"], *numbers)
    Console(width=140).print(table)
    print(f"{os.cpu_count()} processors")


if __name__ == "__main__":
    main()
