"""The options of `synth import`, and those of `synth build TASK`."""

from typing import Literal

from synth.base.config import AnyPath, AnyText, Texts, argument, option, settings
from synth.data.names import split_mistakes


@settings
class Import:
    """What is taken in, where its rationales stand, what is kept."""

    source: AnyText = argument("what there is: a file, a folder, hub, or org/name on the Hub", metavar="SOURCE")
    task: str = option("a task's name (synth tasks), or a .toml or .py file of your own", complete="tasks")
    out: AnyPath = option("folder to write the dataset to, or s3://BUCKET/FOLDER", again=False, store=True)
    split: Texts = option("split of the source, and what it is called; may be repeated  [default: train]", default=())
    config: str | None = option("configuration on the Hub, or a folder in the source  [default: none]", default=None)
    no_rationale: bool = option("questions and answers alone; adds the split to a dataset in --out", default=False)
    rationale: str | None = option("column of the rationale or reply  [default: by the shape]", default=None)
    said: str | None = option("column of the answer that it comes to  [default: in its text]", default=None)
    thinking: str | None = option("column of what was thought before  [default: by the shape]", default=None)
    question: str | None = option("column of the question, or a template  [default: the task's]", default=None)
    answer: str | None = option("column of the right answer  [default: the task's]", default=None)
    model: str | None = option("who wrote the rationales  [default: as the rows say]", default=None)
    keep: Literal["first", "shortest", "all"] = option("which right rationales of a question", default="all")
    unchecked: bool = option("keep what each comes to, if there are no right answers", default=False)
    limit: int | None = option("questions to take from each split  [default: all]", default=None, least=1)
    format: Literal["jsonl", "parquet"] = option("how rows are written", default="jsonl")
    overwrite: bool = option("replace another dataset in the folder, or its split", default=False, again=False)
    quiet: bool = option("print nothing but errors", default=False, again=False)

    def conflicts(self) -> list[str]:
        """What does not go together."""
        wrong = split_mistakes(self.split)
        if self.no_rationale:
            given = [name for name in ("rationale", "said", "thinking", "model") if getattr(self, name) is not None]
            wrong += [f"--no-rationale leaves --{name} nothing to do: leave one of them out" for name in given]
            wrong += ["--no-rationale needs right answers: leave out --unchecked"] if self.unchecked else []
        if self.said is not None and self.rationale is None:
            wrong.append("--said is the answer of what is in --rationale: name both")
        if self.unchecked and self.answer is not None:
            wrong.append("--unchecked is for rows without right answers: leave out --answer, or --unchecked")
        return wrong


@settings
class Questions:
    """Of which source the questions of a task are taken, and what they are called."""

    source: AnyText = option("a file, a folder, hub, or org/name on the Hub; of gym:NAME how many: 500,seed=7")
    out: AnyPath = option("folder to write the dataset to, or s3://BUCKET/FOLDER", again=False, store=True)
    split: Texts = option("split of the source, and what it is called; may be repeated  [default: train]", default=())
    config: str | None = option("configuration on the Hub, or a folder in the source  [default: none]", default=None)
    question: str | None = option("column of the question, or a template  [default: the task's]", default=None)
    answer: str | None = option("column of the right answer  [default: the task's]", default=None)
    limit: int | None = option("questions to take from each split  [default: all]", default=None, least=1)
    format: Literal["jsonl", "parquet"] = option("how rows are written", default="jsonl")
    overwrite: bool = option("replace another dataset in the folder, or its split", default=False, again=False)
    quiet: bool = option("print nothing but errors", default=False, again=False)

    def conflicts(self) -> list[str]:
        """What does not go together."""
        return split_mistakes(self.split)
