"""The options of `synth merge`."""

from synth.base.config import AnyPath, Paths, argument, option, settings


@settings
class Merge:
    """Which shards are put together, and where."""

    shards: Paths = argument("the folders that synth distill --shard wrote, all of one run", metavar="SHARD")
    out: AnyPath = option("folder to write the dataset to", again=False)
    overwrite: bool = option("replace another dataset in the folder", default=False, again=False)
    quiet: bool = option("print nothing but errors", default=False, again=False)
