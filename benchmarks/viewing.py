"""How fast `synth view` shows a large dataset: `make bench`, or

    python benchmarks/viewing.py --rows 100000 --json

A million rows of ListOps are built, and `synth view` is started on them, with an empty cache and again with the index
that it made. A client takes the place of the browser and notes when the parts of a page come: seconds on the clock
since the command was started, or since the page was asked for, and seconds of the server's processors; its memory at
most.
"""

import argparse
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rich import box
from rich.console import Console
from rich.table import Table

SPLITS = ("validation", "test", "test-longer", "test-larger")
ROWS, FACETS = b'<ol class="rows"', b"</aside>"  # which of the texts of a page say that its parts are there


class Server:
    """A `synth view` that runs."""

    def __init__(self, data: Path, cache: Path) -> None:
        self.began = time.perf_counter()
        command = [sys.executable, "-m", "synth", "view", str(data), "--port", "0", "--no-browser"]
        env = {**os.environ, "XDG_CACHE_HOME": str(cache)}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
        said = self.process.stdout or sys.exit("nothing is said")
        said.readline()
        self.host, self.token = re.findall(r"http://([\d.:]+)/\?token=(\S+)", said.readline())[0]
        self.cookie = f"synth-view-{self.host.rpartition(':')[2]}={self.token}"

    def page(self, path: str, part: bytes = FACETS, since: float | None = None) -> list[tuple[float, float]]:
        """Seconds on the clock until a part of a page is there, and until all of it is; each with those of processors
        until all of it is."""
        began, cpu = since or time.perf_counter(), self.cpu()
        connection = http.client.HTTPConnection(self.host)
        connection.request("GET", path, headers={"cookie": self.cookie})
        reply, seen, there = connection.getresponse(), b"", 0.0
        while block := reply.read1(1 << 16):
            seen += block
            if not there and part in seen and (part != ROWS or b"</li>" in seen):
                there = time.perf_counter() - began
        if not there or b'class="banner"' in seen:
            raise SystemExit(f"{path} came without {part!r}")
        cpu = self.cpu() - cpu
        return [(there, cpu), (time.perf_counter() - began, cpu)]

    def cpu(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) >> 10

    def stop(self) -> None:
        self.process.kill()
        self.process.communicate()


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast synth view shows a large dataset.")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the dataset")
    parser.add_argument("--data", type=Path, help="a folder that has them already")
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = given.data or built(given.rows, Path(folder, "data"))
        figures = measure(data, Path(folder, "cache"))
    print(json.dumps(figures, indent=2)) if given.json else show(figures)


def built(rows: int, out: Path) -> Path:
    none = [word for split in SPLITS for word in (f"--{split}", "0")]
    command = [sys.executable, "-m", "synth", "build", "listops", "--train", str(rows), *none, "--out", str(out)]
    subprocess.run([*command, "--quiet"], check=True)
    return out


def measure(data: Path, cache: Path) -> dict[str, dict[str, float]]:
    figures: dict[str, Any] = {}
    url = f"/rows/{data.name}/train"

    def note(what: str, pairs: list[tuple[float, float]], *further: str) -> None:
        for name, (wall, cpu) in zip((what, *further), pairs, strict=False):
            figures[name] = {"wall": round(wall, 3), "cpu": round(cpu, 3)}

    for again in ("", ", with the index"):
        server = Server(data, cache)
        try:
            first = server.page(url, ROWS, since=server.began)
            note(f"first rows since the start{again}", first, f"facets since the start{again}")
            if again:
                note("a filter", server.page(f"{url}?is.meta.root=MED"))
                note("two filters and an order", server.page(f"{url}?is.meta.root=MAX&is.answer=7&sort=-meta.depth"))
                note("a page in the middle", server.page(f"{url}?page=9000&sort=-rationale_length"))
                for which in ("first search", "the same search"):
                    note(which, server.page(f"{url}?q={quote('smallest is 2')}", ROWS), f"facets of {which}")
                note("a row", server.page(f"/row/{data.name}/train/5?is.meta.root=MED", b"</html>"))
            figures[f"memory, MB{again}"] = server.memory()
        finally:
            server.stop()
    (index,) = (cache / "rationale-synth" / "view").glob("*.duckdb")
    return figures | {"index, MB": round(index.stat().st_size / 1e6, 1)}


def show(figures: dict[str, Any]) -> None:
    table = Table("", "wall", "CPU", box=box.SIMPLE)
    for what, found in figures.items():
        pair = [f"{found['wall']:.2f} s", f"{found['cpu']:.2f} s"] if isinstance(found, dict) else [str(found), ""]
        table.add_row(what, *pair)
    Console().print(table)


if __name__ == "__main__":
    main()
