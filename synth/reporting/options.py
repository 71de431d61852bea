"""The options of `synth report` and `synth estimate`."""

from pathlib import Path

from synth.base.config import AnyPath, MaybePath, Paths, argument, option, settings


@settings
class Report:
    """Which runs are compared, and where the page goes."""

    runs: Paths = argument("folders that synth train or synth eval wrote", metavar="RUN", kw_only=False)
    out: AnyPath = option("folder to write the page and the pictures to", default=Path("report"), again=False)
    quiet: bool = option("print nothing but errors", default=False, again=False)


@settings
class Estimate:
    """What is known of a task before money is spent."""

    task: str = option("what the figures are of: gsm8k, winogrande, or a name of your own", complete="tasks")
    length: float | None = option(
        "mean length in characters of a base model's rationales  [default: unknown]", default=None, least=0
    )
    data: MaybePath = option("a dataset folder whose rationales are measured instead  [default: none]", default=None)
    split: str | None = option("split of --data  [default: the first]", default=None)
    accuracy: float | None = option(
        "accuracy, 0 to 1, of a model trained on answers alone  [default: unknown]", default=None
    )
    eval: MaybePath = option("an evaluation of such a model instead  [default: none]", default=None)
    json: bool = option("print the estimate as JSON", default=False, again=False)
