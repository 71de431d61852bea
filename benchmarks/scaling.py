"""What grows with the rows and with the requests, and what breaks first: one table of runs, one of what they come to.

    python benchmarks/scaling.py --rows 2000000

The runs: the same ListOps rows built as JSON lines, as Parquet by one and by two workers and on Ray; validated with all
steps; their repeats told from sorted prints; thousands of files in one folder; questions asked of a server on this
machine that answers at once. From their costs follows what 10^5 to 10^9 rows and 10^4 to 10^8 requests take, on the
assumptions in `Assumed`: a simulation, and said to be one. Only ratios of one run carry over to other machines.
"""

import argparse
import importlib.util
import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import distilling
from rich import box
from rich.console import Console
from rich.table import Table
from validating import timed

from synth.building.pieces import Sizes

SYNTH = [sys.executable, "-m", "synth"]
NO_OTHERS = [word for split in ("validation", "test", "test-longer", "test-larger") for word in (f"--{split}", "0")]
NIGHT = 12  # hours
Measured = dict[str, float]


@dataclass(frozen=True)
class Assumed:
    """What this machine cannot tell."""

    cores: int = 64  # of the machines that build
    core_hour: float = 0.04  # dollars
    network: float = 100e6  # bytes a second to the Hub or an object store
    dollars: float = 0.0005  # of one request: 200 tokens read and 300 written by a small hosted model
    reply_seconds: float = 5.0
    in_flight: int = 64  # replies that one GPU writes at a time
    gpu_hour: float = 2.5  # dollars


ASSUMED = Assumed()
ROWS_A_FILE = Sizes().window * 4096


@dataclass(frozen=True)
class Limit:
    """Something that gives way. value: how much of it is taken, of the table's line."""

    what: str
    unit: str
    most: float
    way_out: str
    value: Callable[[Mapping[str, float]], float]


ROWS = (
    Limit(
        "hours of two cores",
        "h",
        12,
        "more workers, --on ray",
        lambda line: (line["cpu_h"] + line["validate_cpu_h"]) / 2,
    ),
    Limit("disk of a laptop", "GB", 500, "--out s3://", lambda line: line["disk_gb"]),
    Limit("hours of one large machine", "h", 12, "--on ray on several", lambda line: line["hours"]),
    Limit("memory of two workers and their parent", "GB", 8, "larger windows", lambda line: line["memory_mb"] / 1000),
    Limit(
        "repeats told in one process", "h", 1, "more than one process for the slices", lambda line: line["repeats_h"]
    ),
    Limit("files in a folder of the Hub", "files", 10_000, "larger windows", lambda line: line["files"]),
    Limit("maps of one process (Linux)", "maps", 65_530, "larger windows", lambda line: 4 * line["files"]),
    Limit("hours of upload", "h", 24, "several machines", lambda line: line["push_h"]),
)
REQUESTS = (
    Limit("a student's budget", "$", 50, "fewer samples, a server of one's own", lambda line: line["dollars"]),
    Limit("hours of one process", "h", 12, "--shard k/n", lambda line: line["process_h"]),
    Limit("GPUs of one machine for a night", "GPUs", 8, "--base-url of several", lambda line: line["gpus"]),
    Limit("store of requests", "GB", 100, "--shard k/n, a store each", lambda line: line["store_gb"]),
    Limit("memory of one process", "GB", 8, "--shard k/n", lambda line: line["memory_mb"] / 1000),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="What grows with rows and requests, and what breaks first.")
    parser.add_argument("--rows", type=int, default=2_000_000, help="rows of each build")
    parser.add_argument("--files", type=int, default=4000, help="files of the folder that has many")
    parser.add_argument("--questions", type=int, default=20_000, help="that are asked")
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs, costs = measure(given.rows, given.files, given.questions, Path(folder))
    rows = [at_rows(10**power, costs) for power in range(5, 10)]
    requests = [at_requests(10**power, costs) for power in range(4, 9)]
    if given.json:
        print(json.dumps({"runs": runs, "costs": costs, "rows": rows, "requests": requests}, indent=2))
        return
    show(runs, "runs")
    show(rows, f"rows, simulated on {ASSUMED}")
    show(requests, "requests, simulated")


def measure(rows: int, files: int, questions: int, folder: Path) -> tuple[list[dict[str, Any]], Measured]:
    """The runs, and what one row, file or request costs by them."""
    runs = list(builds(rows, folder))
    plain, one, two = runs[:3]
    data = folder / "two"
    checked = timed("synth validate, 2 workers", [*SYNTH, "validate", str(data), "--quiet", "--workers", "2"])
    told = resolving(rows)
    many = many_files(files, folder)
    asked = asking(questions, folder)
    for run in runs:
        run["cpu_to_jsonl"], run["wall_to_jsonl"] = run["cpu_s"] / plain["cpu_s"], run["wall_s"] / plain["wall_s"]
    two["speed_to_1_worker"] = one["wall_s"] / two["wall_s"]
    told["share_of_build"] = told["cpu_s"] / two["cpu_s"]
    size = sum(path.stat().st_size for path in data.glob("data/*"))
    costs = {
        "build_cpu": two["cpu_s"] / rows, "build_2_to_1": one["wall_s"] / two["wall_s"], "bytes": size / rows,
        "parent_mb": two["peak_mb"], "file_mb": many["mb_a_file"],
        "manifest_kb": many["manifest_kb"] / files, "repeat_cpu": told["cpu_s"] / rows,
        "validate_cpu": checked["cpu_s"] / rows, "request_s": asked["wall_s"] / asked["requests"],
        "store": asked["store_mb"] * 2**20 / asked["requests"], "question_mb": asked["mb_a_question"],
        "asking_mb": asked["peak_mb"], "requests_a_question": asked["requests"] / questions,
    }  # fmt: skip
    return [*runs, checked, told, many, asked], costs


def builds(rows: int, folder: Path) -> Iterator[dict[str, Any]]:
    """The same rows by every way, each into a folder of its own."""
    ways = {
        "jsonl": ("JSON lines, 2 workers", ["--workers", "2"]),
        "one": ("Parquet, 1 worker", ["--format", "parquet", "--workers", "1"]),
        "two": ("Parquet, 2 workers", ["--format", "parquet", "--workers", "2"]),
    }
    if importlib.util.find_spec("ray"):
        ways["ray"] = ("Parquet, on Ray", ["--format", "parquet", "--workers", "2", "--on", "ray"])
    for name, (what, words) in ways.items():
        command = ["build", "listops", "--train", str(rows), *NO_OTHERS, *words, "--out", str(folder / name), "--quiet"]
        yield timed(what, [*SYNTH, *command])


def resolving(rows: int) -> dict[str, Any]:
    """Repeats among as many prints, a thousand of them planted, in a process of its own."""
    program = f"""
import json, resource, tempfile, time
from pathlib import Path
import numpy as np
from synth.data.repeats import in_order, keep_run, kept_run, repeats
draws = np.random.default_rng(0)
prints = draws.integers(0, 2**64, {rows}, dtype=np.uint64)
first, again = (draws.choice({rows} // 2, 1000, replace=False) for _ in range(2))
prints[again + {rows} // 2] = prints[first]
with tempfile.TemporaryDirectory() as folder:
    for start in range(0, {rows}, 2**18):
        keep_run(Path(folder, str(start)), in_order(prints[start:start + 2**18]))
    names = range(0, {rows}, 2**18)
    del prints
    begun = time.process_time()
    found = repeats([kept_run(Path(folder, str(start))) for start in names])
    print(json.dumps([sum(map(len, found)), time.process_time() - begun]))
"""
    found, seconds = json.loads(subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout)
    if found != 1000:
        sys.exit(f"{found} of 1,000 planted repeats were found")
    return {"what": f"repeats among {rows:,} prints, all planted ones found", "cpu_s": seconds}


def many_files(files: int, folder: Path) -> dict[str, Any]:
    """Builds of few and of `files` files of 16 rows each: what a file costs the process that builds."""
    few, many = (small_files(count, folder / f"files-{count}") for count in (files // 20, files))
    return {
        "what": f"a folder of {files:,} files", "cpu_s": many["cpu_s"], "peak_mb": many["peak_mb"],
        "mb_a_file": max(0.0, many["peak_mb"] - few["peak_mb"]) / (files - files // 20),
        "manifest_kb": (folder / f"files-{files}" / "synth.json").stat().st_size / 1024,
    }  # fmt: skip


def small_files(files: int, out: Path) -> Measured:
    program = f"""
import json, resource, time
from pathlib import Path
from synth.building.build import Build, Options
from synth.building.pieces import Sizes
from synth.data.builder import find
builder, out = find("listops"), Path({str(out)!r})
config = builder.config(explain="none", train={16 * files}, validation=0, test=0, test_longer=0, test_larger=0)
build = Build("listops", builder, config, out, Options(out=out, format="parquet", workers=1))
build.chunk, build.sizes = 16, Sizes(window=1)
build.run(lambda *_: None)
print(json.dumps([time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True)
    seconds, peak = json.loads(done.stdout)
    return {"cpu_s": seconds, "peak_mb": peak}


def asking(questions: int, folder: Path) -> dict[str, Any]:
    """Questions asked until they are answered right, by one process, of a server that answers at once."""
    figures = [distilling.measured("synth", distilling.write_questions(count, folder), 0.0, folder / f"ask-{count}")
               for count in (questions // 4, questions)]  # fmt: skip
    store = folder / f"ask-{questions}" / "requests.sqlite"
    paid = json.loads((folder / f"ask-{questions}" / "synth.json").read_text())["paid"]
    grown = figures[1]["peak_mb"] - figures[0]["peak_mb"]
    return {
        **figures[1], "what": f"{questions:,} questions asked", "requests": paid["requests"],
        "store_mb": store.stat().st_size / 2**20, "mb_a_question": max(0.0, grown) / (questions - questions // 4),
    }  # fmt: skip


def at_rows(rows: int, costs: Measured) -> dict[str, Any]:
    """What so many rows take."""
    files = math.ceil(rows / ROWS_A_FILE)
    cpu_h, validate_h = rows * costs["build_cpu"] / 3600, rows * costs["validate_cpu"] / 3600
    size = rows * costs["bytes"]
    line = {
        "rows": rows, "cpu_h": cpu_h, "validate_cpu_h": validate_h, "all_cpu_h": cpu_h + validate_h,
        "hours": (cpu_h + validate_h) / ASSUMED.cores,
        "repeats_h": rows * costs["repeat_cpu"] / 3600, "dollars": (cpu_h + validate_h) * ASSUMED.core_hour,
        "disk_gb": (size + 12 * rows) / 1e9, "files": files, "manifest_mb": files * costs["manifest_kb"] / 1024,
        "memory_mb": costs["parent_mb"] + files * costs["file_mb"], "push_h": size / ASSUMED.network / 3600,
    }  # fmt: skip
    return {**line, "breaks": first_to_break(ROWS, line)}


def at_requests(requests: int, costs: Measured) -> dict[str, Any]:
    """What so many requests take."""
    gpu_h = requests * ASSUMED.reply_seconds / ASSUMED.in_flight / 3600
    line = {
        "requests": requests, "process_h": requests * costs["request_s"] / 3600, "gpu_h": gpu_h, "gpus": gpu_h / NIGHT,
        "dollars": requests * ASSUMED.dollars, "dollars_of_gpus": gpu_h * ASSUMED.gpu_hour,
        "store_gb": requests * costs["store"] / 1e9,
        "memory_mb": costs["asking_mb"] + requests * costs["question_mb"] / costs["requests_a_question"],
    }  # fmt: skip
    return {**line, "breaks": first_to_break(REQUESTS, line)}


def first_to_break(limits: Sequence[Limit], line: Mapping[str, float]) -> str:
    """The limit that is passed first on the way to so many, and what is to be done; those that follow it are named. If
    none is passed, the one that is nearest."""
    ordered = sorted(limits, key=lambda each: each.most / max(each.value(line), 1e-12))
    first, passed = ordered[0], [each for each in ordered if each.value(line) > each.most]
    if not passed:
        return f"nothing; nearest: {first.what}, {first.value(line) / first.most:.1%}"
    told = f"{first.what}: {first.value(line):,.0f} {first.unit} of {first.most:,} ({first.way_out})"
    return told + (f"; then {', '.join(each.what for each in passed[1:])}" if passed[1:] else "")


def show(figures: Sequence[Mapping[str, Any]], title: str) -> None:
    """A table with a column for every figure that a line has."""
    columns = list(dict.fromkeys(name for figure in figures for name in figure if name not in ("what", "breaks")))
    ends = [name for name in ("what", "breaks") if any(name in figure for figure in figures)]
    table = Table(box=box.SIMPLE_HEAD, title=title)
    for name in [*(n for n in ends if n == "what"), *columns, *(n for n in ends if n == "breaks")]:
        table.add_column(name.replace("_", " "), justify="left" if name in ends else "right")
    for figure in figures:
        cells = [figure.get(column.header.replace(" ", "_")) for column in table.columns]  # type: ignore[union-attr]
        table.add_row(*map(cell, cells))
    Console(width=200).print(table)


def cell(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.3g}"


if __name__ == "__main__":
    main()
