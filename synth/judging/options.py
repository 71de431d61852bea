"""The options of `synth judge`."""

from synth.base.config import MaybePath, Paths, argument, option, settings
from synth.shots.options import ShotOptions
from synth.teachers.given import Given
from synth.workers.places import On


@settings
class Judging(Given, ShotOptions):
    """Which rows are judged, by whom, and what becomes of them."""

    folder: Paths = argument(
        "dataset folders, or one of configurations; of attribution an evaluation, or a run with one", metavar="FOLDER",
        kw_only=False, store=True,
    )  # fmt: skip
    judge: str = option(
        "rubric, answer, steps, equations, notes, attribution, or a reward, such as reward:diversity", complete="judges"
    )
    against: MaybePath = option(
        "of attribution: another evaluation or run; what it got right and FOLDER wrong is sorted  [default: none]",
        default=None,
    )
    out: MaybePath = option(
        "folder for the rows with their verdicts  [default: only a table]", default=None, again=False
    )
    verdicts: MaybePath = option(
        "file for the verdicts alone, beside the folder; it also resumes  [default: none]", default=None, again=False
    )
    notes: Paths = option(
        "of notes: further files of notes, of other people  [repeatable]", default=(), metavar="FILE", again=False
    )
    drop: str | None = option("leave out rows with this verdict: unhelpful, wrong  [default: none]", default=None)
    below: float | None = option("leave out rows with a lower score, of a reward: 0.5  [default: none]", default=None)
    sample: int | None = option("rows to judge of each dataset, drawn at random  [default: all]", default=None, least=1)
    seed: int = option("another seed, another sample", default=0)
    votes: int = option("times a model is asked; the majority decides", default=1, least=1)
    teacher: str | None = option(
        "the model that judges, for rubric and attribution: gpt-6-luna  [default: none]",
        default=None,
        complete="teachers",
    )
    max_tokens: int = option("longest reply", default=512, least=1)
    dry_run: bool = option("say what it will cost, ask nothing", default=False, again=False)
    on: On = option(
        "of steps and others that work rows out: in this process, or on the machines of a Ray cluster (docs/scale.md)",
        default="local",
        again=False,
    )
    overwrite: bool = option("replace another dataset in --out", default=False, again=False)
    quiet: bool = option("print nothing but errors", default=False, again=False)

    def conflicts(self) -> list[str]:
        """What does not go together, whoever judges."""
        wrong = [*super().conflicts(), *ShotOptions.conflicts(self)]
        if self.drop is not None and self.out is None:
            wrong.append("--drop writes a new folder: add --out")
        if self.below is not None and self.out is None:
            wrong.append("--below writes a new folder: add --out")
        if not self.folder:
            wrong.append("FOLDER: give a dataset folder")
        if self.out is not None and self.out.resolve() in [folder.resolve() for folder in self.folder]:
            wrong.append("--out is the folder itself: give it a new one")
        return wrong


@settings
class Rating(Given):
    """Who rates statements, and what it may cost."""

    max_tokens: int = option("longest reply", default=512, least=1)
