"""How fast a release is made ready, and how much memory that takes: `python benchmarks/pushing.py FOLDER`.

Making the shards (reading every row twice, looking for secrets, writing Parquet) is measured beside reading and writing
the same rows once with nothing else done to them. Run it on two sizes of a dataset to see that memory does not grow.
"""

import argparse
import resource
import shutil
import time
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from synth.data.manifest import open_manifest, split_files
from synth.data.names import STAGING
from synth.data.survey import survey
from synth.releasing.leaks import Guard
from synth.releasing.shards import stage


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="a dataset folder of JSON lines")
    folder = parser.parse_args().folder
    manifest = open_manifest(folder)
    files = [path for split in manifest["splits"] for path in split_files(folder, manifest, split)]
    size = sum(path.stat().st_size for path in files) / 1e6

    start = time.perf_counter()
    survey(folder, manifest)
    types = time.perf_counter() - start
    start = time.perf_counter()
    staged = stage(folder, manifest, {}, Guard([folder], None))
    ours = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    schema = staged.schema()
    shutil.rmtree(folder / STAGING)

    start = time.perf_counter()
    plain(files, schema, folder / "plain.parquet")
    once = time.perf_counter() - start
    rows = sum(split.rows for split in staged.splits.values())
    print(f"{rows:,} rows, {size:,.0f} MB of JSON lines; peak memory {peak:,.0f} MB")
    print(f"shards {ours:.1f} s, {size / ours:,.0f} MB/s; telling the types alone {types / ours:.0%} of it")
    print(f"reading and writing the rows once {once:.1f} s: {ours / once:.2f} times as long")


def plain(files: list[Path], schema: pa.Schema, out: Path) -> None:
    """The same rows from JSON lines to Parquet, nothing else done to them."""
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for path in files:
            with path.open("rb") as file:
                while lines := file.readlines(4 << 20):
                    writer.write_batch(
                        pa.RecordBatch.from_pylist([orjson.loads(line) for line in lines], schema=schema)
                    )
    out.unlink()


if __name__ == "__main__":
    main()
