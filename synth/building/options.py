"""The options that `synth build` has for every builder."""

from typing import Literal

from synth.base.config import AnyPath, option, settings
from synth.workers.places import HELP, On


@settings
class Options:
    """Where a dataset is written, in which form, by how many processes."""

    out: AnyPath = option(
        "folder to write the dataset to, or s3://BUCKET/FOLDER", again=False, kw_only=False, store=True
    )
    seed: int = option("another seed, other rows", default=0)
    format: Literal["jsonl", "parquet"] = option("how rows are written", default="jsonl")
    workers: int | None = option(
        "processes; any number writes the same bytes  [default: the cores]", default=None, least=1, again=False
    )
    on: On = option(HELP, default="local", again=False)
    overwrite: bool = option("replace another dataset in the folder", default=False, again=False)
    quiet: bool = option("print nothing but errors", default=False, again=False)

    def conflicts(self) -> list[str]:
        """What does not go together."""
        lines = self.on == "ray" and self.format == "jsonl"
        return ["--on ray: lines of JSON are one file, which one process writes: add --format parquet"] if lines else []
