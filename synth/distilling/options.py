"""The options of `synth distill`."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

from synth.base.config import AnyText, MaybePath, Numbers, Texts, hints, option, settings
from synth.data.names import split_mistakes
from synth.distilling.shard import Shard, shard_in
from synth.shots.options import ShotOptions
from synth.teachers.given import Given

ALL = "all"
if TYPE_CHECKING:
    Lengths = Texts  # one, or several
    Annotators = Texts
else:
    Lengths = tuple[Literal["thorough", "detailed", "steps", "brief", "shortest", "all"], ...]
    Annotators = tuple[Literal["A", "B", "C", "all"], ...]


@settings
class Distill(Given, ShotOptions):
    """Which questions are asked, which teacher answers, what is kept, when the run stops."""

    task: str | None = option(
        "a task's name (synth tasks), or a .toml or .py file of your own  [default: that of a folder of synth's]",
        default=None, complete="tasks",
    )  # fmt: skip
    source: AnyText = option("the questions: a file, a folder, one that synth built, or hub")
    out: MaybePath = option(
        "folder to write the dataset to, or s3://BUCKET/FOLDER  [required, but for --dry-run]",
        default=None,
        again=False,
        store=True,
    )
    teacher: str = option(
        "gpt-6-luna, anthropic/MODEL, qwen3-32b, ..., or any model with --base-url", complete="teachers"
    )
    max_attempts: int = option("times a question is asked until its answer is right", default=10, least=1)
    keep: Literal["first", "shortest", "all"] = option("which right rationales", default="first")
    per_question: int = option("distinct rationales of a question", default=1, least=1)
    target_rows: int | None = option(
        "stop when there are so many, in each split  [default: all]", default=None, least=1
    )
    rationalize: bool = option("ask once more with the answer as a hint", default=False)
    vote: int = option("samples to vote on, if there are no gold answers  [default: 0, no vote]", default=0, least=0)
    temperature: Numbers = option(
        "of the first attempt, the second, ...: 0.7 or 0.2,0.7,1", default=(0.7,), least=0, most=2
    )
    top_p: float | None = option("nucleus sampling  [default: off]", default=None, least=0, most=1)
    max_tokens: int = option("longest reply", default=1024, least=1)
    length: Lengths = option("how long a rationale; of several, or all, a configuration each", default=("steps",))
    annotator: Annotators = option(
        "whose prompt: A's (every task), B's or C's; of several a configuration each", default=("A",)
    )
    system: str | None = option("the system message  [default: the task's]", default=None)
    instruction: str | None = option("what the teacher has to do  [default: the task's]", default=None)
    split: Texts = option(
        "which part of a folder or on the Hub; given several times, splits of those names  [default: train]", default=()
    )
    config: str | None = option("configuration on the Hub, or a folder in the source  [default: none]", default=None)
    repeats: Literal["merge", "keep"] = option("a question that stands there twice: merge asks once", default="merge")
    limit: int | None = option("the first questions of each split  [default: all]", default=None, least=1)
    sample: int | None = option("so many questions of each split at random  [default: all]", default=None, least=1)
    seed: int = option("of the sample", default=0)
    shard: str | None = option(
        "k/n: the k-th of n runs that share the questions, limits and budget; synth merge puts them together  "
        "[default: all]",
        default=None,
    )  # fmt: skip
    batch: bool = option("hand requests in at half the price; run again to collect", default=False, again=False)
    cancel: bool = option("with --batch: cancel what was handed in", default=False, again=False)
    dry_run: bool = option("say what it will cost, ask nothing", default=False, again=False)
    format: Literal["jsonl", "parquet"] = option("how rows are written", default="jsonl")
    overwrite: bool = option("replace another dataset in the folder", default=False, again=False)
    quiet: bool = option("print nothing but errors", default=False, again=False)

    def conflicts(self) -> list[str]:
        """What does not go together, whoever the teacher is."""
        wrong = [*super().conflicts(), *ShotOptions.conflicts(self)]
        if self.per_question > self.max_attempts and not self.vote:
            wrong.append(f"--per-question {self.per_question} above --max-attempts {self.max_attempts}")
        if self.vote == 1:
            wrong.append(f"--vote {self.vote}: at least 2 samples")
        if self.vote and self.rationalize:
            wrong.append("--vote needs no gold answers and --rationalize gives them away: choose one")
        if not self.temperature:
            wrong.append("--temperature: give a number from 0 to 2")
        if self.max_attempts > 1 and self.temperature == (0.0,):
            wrong.append(
                "--temperature 0 gives the same reply to every attempt: add --max-attempts 1 or a higher temperature"
            )
        wrong += [*_twice("--length", self.length), *_twice("--annotator", self.annotator)]
        if self.instruction is not None and self.annotator != ("A",):
            wrong.append("--instruction takes the place of what an annotator says: leave out --annotator")
        if self.limit is not None and self.sample is not None:
            wrong.append("--limit takes the first questions and --sample draws some: choose one")
        wrong += split_mistakes(self.split) if len(self.split) > 1 else []
        if self.batch and len(self.base_url) > 1:
            wrong.append("--batch hands everything in at one server: give one --base-url")
        if self.shard is not None and self.part is None:
            wrong.append(f"--shard {self.shard}: give k/n with k from 1 to n, as 2/4")
        if self.part is not None and self.target_rows is not None:
            wrong.append("--target-rows counts the rows of all shards, which none of them knows: give --limit instead")
        if self.cancel and not self.batch:
            wrong.append("--cancel is for what was handed in with --batch: add --batch")
        return wrong

    @property
    def part(self) -> Shard | None:
        """The shard of --shard."""
        return None if self.shard is None else shard_in(self.shard)

    def axes(self) -> list[tuple[str, str]]:
        """Length and annotator of each dataset that is asked for: one, or the configurations of a folder."""
        return [(length, by) for length in _every("length", self.length) for by in _every("annotator", self.annotator)]


def _every(name: str, given: Sequence[str]) -> tuple[str, ...]:
    """What is given, or every word but `all`."""
    words: tuple[str, ...] = get_args(get_args(hints(Distill)[name])[0])
    return tuple(given) if ALL not in given else tuple(word for word in words if word != ALL)


def _twice(option: str, given: Sequence[str]) -> list[str]:
    if ALL in given and len(given) > 1:
        return [f"{option} {','.join(given)}: all has them all, leave out the others"]
    return [f"{option} {name} is given twice" for name, count in Counter(given).items() if count > 1]
