"""The options of `synth difficulty`."""

from synth.base.config import AnyText, MaybePath, MaybeText, option, settings, switch
from synth.evaluating.options import is_url
from synth.shots.options import OTHERS, How, ShotOptions
from synth.teachers.given import Limits

SERVER_ONLY = ("model_name", "budget", "price", "cache", "extra_body", "leave_out", "max_tokens_field", "wait_longest")
NO_SHOTS = "none"  # --shots none
QUESTIONS = 100  # as RAFT takes of each data set
N_SHOTS = 3  # as it shows


@settings
class Difficulty(Limits):
    """Of which questions, to which model, how many of them asked how often."""

    model: MaybeText = option(
        "a base model: a checkpoint's folder, a name on the Hub, or the URL of a server  [default: no lengths]",
        default=None,
    )
    data: MaybePath = option("a dataset folder  [default: the questions of --task]", default=None)
    task: str | None = option(
        "a task's name (synth tasks), or a .toml or .py file of your own  [default: that of --data]", default=None,
        complete="tasks",
    )  # fmt: skip
    source: AnyText = option("the questions of --task: a file, a folder, or hub", default="hub")
    split: str | None = option("which of its splits  [default: test of --data, or its first]", default=None)
    questions: int | None = option(
        f"so many at random  [default: {QUESTIONS}, or all there are]", default=None, least=1
    )
    samples: int = option("rationales a question", default=10, least=1)
    temperature: float | None = option(
        "0 is greedy  [default: 0.8, and 0 with --samples 1]", default=None, least=0, most=10
    )
    max_new_tokens: int = option("longest output", default=512, least=1)
    shots: str = option(
        "demonstrations: other-tasks, none, a file, or a dataset folder", default=OTHERS,
    )  # fmt: skip
    n_shots: int = option("so many, drawn for each question", default=N_SHOTS, least=1)
    shots_as: How = option("how a chat model gets them: as turns, or in one message", default="turns")
    seed: int = option("another seed, other questions, demonstrations and samples", default=0)
    batch_size: int = option("questions in a batch at most, for a checkpoint", default=256, least=1)
    tokenizer: str | None = option(
        "counts the tokens: a folder, or a name on the Hub  [default: the model's; of a server none]", default=None
    )
    eval: MaybePath = option(
        "an evaluation of a model trained on answers alone, whose accuracy is put beside  [default: none]",
        default=None,
    )
    with_: MaybePath = option(
        "a run trained on answers alone (--target answer), for V-information: on all rows  [default: none]",
        default=None,
    )  # fmt: skip
    null: MaybePath = option("the same with --no-input  [needed for --with]", default=None)
    out: MaybePath = option("folder to write to  [default: difficulty/TASK-MODEL]", default=None, again=False)
    model_name: str | None = option("the model's name at the server  [needed for a server]", default=None)
    concurrency: int = option("requests in flight at most", default=64, least=1, again=False)
    overwrite: bool = option("replace another measurement in the folder", default=False, again=False)
    quiet: bool = option("print nothing but errors", default=False, again=False)

    @property
    def demonstrations(self) -> ShotOptions:
        """What stands before each question."""
        if self.shots == NO_SHOTS:
            return ShotOptions()
        return ShotOptions(shots=self.shots, n_shots=self.n_shots, shots_as=self.shots_as, shots_seed=self.seed)

    def conflicts(self) -> list[str]:
        """What is not given, what is given twice, and what only a server has."""
        wrong = super().conflicts()
        if (self.data is None) == (self.task is None):
            wrong.append("give --data FOLDER, or --task NAME with --source, whose questions are asked")
        if (self.with_ is None) != (self.null is None):
            wrong.append("--with and --null go together: a run with --target answer, and one with --no-input beside it")
        if self.model is None and self.eval is None and self.with_ is None:
            wrong.append("give --model, the base model that is asked, or --eval, or --with and --null")
        wrong += ["--source is of --task: leave it out with --data"] if self.data and self.source != "hub" else []
        return wrong + self._of_servers()

    def _of_servers(self) -> list[str]:
        if self.model is not None and is_url(self.model):
            missing = f"--model {self.model}: add --model-name, the name that the model has at that server"
            return [] if self.model_name else [missing]
        given = [switch(name) for name in SERVER_ONLY if getattr(self, name) not in (None, ())]
        return [f"{', '.join(given)}: only for a server, --model http://..."] if given else []
