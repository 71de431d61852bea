"""The options of `synth report` and `synth estimate`."""

from pathlib import Path

from synth.base.config import AnyPath, MaybePath, Paths, argument, option, settings


@settings
class Report:
    """Which runs are compared, and where the page goes."""

    runs: Paths = argument("folders that synth train, synth eval or synth study wrote", metavar="RUN", kw_only=False)
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
    difficulty: MaybePath = option(
        "what synth difficulty wrote, in place of --length, and of --accuracy if it has one  [default: none]",
        default=None,
    )
    split: str | None = option("split of --data  [default: the first]", default=None)
    accuracy: float | None = option(
        "accuracy, 0 to 1, of a model trained on answers alone  [default: unknown]", default=None
    )
    eval: MaybePath = option("an evaluation of such a model instead  [default: none]", default=None)
    fit: Paths = option(
        "fit lines of your own to these: studies, runs, evaluations and difficulties, or a folder of them; may be "
        "given again  [default: the published lines alone]",
        default=(),
    )

    def conflicts(self) -> list[str]:
        """Values given twice, and those that can be none."""
        wrong = []
        lengths = {"--length": self.length is not None, "--data": self.data, "--difficulty": self.difficulty}
        if len(given := [name for name, value in lengths.items() if value]) > 1:
            wrong.append(f"{' and '.join(given)} say how long rationales are: give one of them")
        if self.accuracy is not None and self.eval:
            wrong.append("--accuracy and --eval both say how accurate answers alone are: give one of them")
        if not self.task.strip():
            wrong.append("--task is empty: name what the figures are of, such as gsm8k or a name of your own")
        if self.accuracy is not None and not 0 <= self.accuracy <= 1:
            percent = 1 < self.accuracy <= 100
            instead = f": {self.accuracy / 100:g}, not {self.accuracy:g}" if percent else ""
            wrong.append(f"--accuracy {self.accuracy:g} is no share from 0 to 1{instead}")
        return wrong
