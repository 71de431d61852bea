"""The options that every trainer has, beside those of its own."""

from synth.base.config import MaybePath, option, settings


@settings
class Train:
    """How a run is carried out."""

    out: MaybePath = option("folder of the run  [needed, but for --print-config]", default=None, again=False)
    resume: bool = option("resume from the last checkpoint", default=False, again=False)
    overwrite: bool = option("replace another run in the folder", default=False, again=False)
    machine: int | None = option(
        "with --machines: the number of this one, from 0  [default: none]", default=None, least=0, again=False
    )
    head: str | None = option(
        "with --machines: HOST:PORT of machine 0, the same on all of them  [default: none]", default=None, again=False
    )
    push: str | None = option("release the model on the Hub as org/name  [default: no]", default=None, again=False)
    quiet: bool = option("print nothing but errors", default=False, again=False)
