"""How fast datasets are validated, beside polars and beside building them: `make bench`, or with fewer rows

    python benchmarks/validating.py --rows 100000 --json

One million rows of ListOps are built, then the same checks are made by polars (in one streaming query, with the hash of
the file) and by `synth validate --no-steps`, and at last the steps are worked out too. Whole commands, start included;
seconds on the clock and of all processors together. Only ratios carry over to other machines.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from building import cpu
from rich import box
from rich.console import Console
from rich.table import Table

POLARS = """
import hashlib, sys
import polars as pl

path, text = sys.argv[1], pl.String
schema = {"id": text, "task": text, "prompt": text, "rationale": text, "answer": text, "completion": text,
          "meta": pl.Struct({"length": pl.Int64, "depth": pl.Int64, "operators": pl.Int64, "root": text}),
          "provenance": pl.Null}
prompt, answer, completion = pl.col("prompt"), pl.col("answer"), pl.col("completion")
even = prompt.str.to_uppercase().str.replace_all(r"\\s+", " ").str.strip_chars()
fits = lambda name: pl.col(name).str.len_chars().is_between(0, 100_000)
found = pl.scan_ndjson(path, schema=schema).select(
    rows=pl.len(), ids=pl.col("id").n_unique(), questions=prompt.n_unique(), even=even.n_unique(),
    empty=sum((pl.col(name).str.strip_chars() == "").cast(int).sum()
              for name in ("id", "task", "prompt", "answer", "completion")),
    missing=sum(pl.col(name).is_null().sum() for name in ("id", "task", "prompt", "rationale", "answer", "completion")),
    lengths=(fits("prompt") & fits("rationale") & fits("completion")).sum(),
    closes=completion.str.ends_with(pl.lit("answer is ") + answer).sum(),
    labels=answer.cast(pl.Int64, strict=False).is_between(0, 29).sum(),
    tokens=pl.col("meta").struct.field("length").is_between(50, 100).sum(),
    commonest=answer.value_counts().struct.field("count").max(),
).collect(engine="streaming").row(0, named=True)
with open(path, "rb") as file:
    hashlib.file_digest(file, "sha256") if sys.version_info >= (3, 11) else hashlib.sha256(file.read())
rows = found["rows"]
wrong = {name: value for name, value in found.items()
         if value != (0 if name in ("empty", "missing") else rows) and name != "commonest"}
sys.exit(f"polars found {wrong}" if wrong else 0)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast datasets are validated, beside polars and building.")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the dataset")
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(given.rows, Path(folder))
    print(json.dumps(figures, indent=2)) if given.json else show(figures)


def measure(rows: int, folder: Path) -> list[dict[str, Any]]:
    synth = [sys.executable, "-m", "synth"]
    splits = [word for split in ("validation", "test", "test-longer", "test-larger") for word in (f"--{split}", "0")]
    out = str(folder / "data")
    build = timed(
        "synth build listops", [*synth, "build", "listops", "--train", str(rows), *splits, "--out", out, "--quiet"]
    )
    polars = timed("polars, the same checks", [sys.executable, "-c", POLARS, str(folder / "data" / "train.jsonl")])
    plain = timed("synth validate --no-steps", [*synth, "validate", out, "--no-steps", "--quiet"])
    steps = timed("synth validate", [*synth, "validate", out, "--quiet"])
    for figure in (plain, steps):
        figure["to_polars"] = figure["wall_s"] / polars["wall_s"], figure["cpu_s"] / polars["cpu_s"]
        figure["to_build"] = figure["wall_s"] / build["wall_s"], figure["cpu_s"] / build["cpu_s"]
    alone = {name: steps[name] - plain[name] for name in ("wall_s", "cpu_s")}
    ratio = alone["wall_s"] / build["wall_s"], alone["cpu_s"] / build["cpu_s"]
    return [build, polars, plain, steps, {"what": "the step checker alone", **alone, "to_build": ratio}]


def timed(what: str, command: Sequence[str]) -> dict[str, Any]:
    """Seconds and peak memory of a command, all its processes together."""
    start = time.perf_counter()
    seconds, memory = cpu(list(command))
    return {"what": what, "wall_s": time.perf_counter() - start, "cpu_s": seconds, "peak_mb": memory}


def show(figures: list[dict[str, Any]]) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("what")
    for column in ("wall s", "CPU s", "peak MB", "wall, CPU to polars", "wall, CPU to build"):
        table.add_column(column, justify="right")
    for figure in figures:
        ratios = [figure.get(name) for name in ("to_polars", "to_build")]
        shown = ["" if pair is None else f"{pair[0]:.2f}, {pair[1]:.2f}" for pair in ratios]
        memory = f"{figure['peak_mb']:,.0f}" if "peak_mb" in figure else ""
        table.add_row(figure["what"], f"{figure['wall_s']:.1f}", f"{figure['cpu_s']:.1f}", memory, *shown)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
