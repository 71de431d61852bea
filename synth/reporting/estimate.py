"""`synth estimate`: what rationales may add, read off the lines of one paper and off lines of one's own.

The published ones are those of RAFT (published.py), with how far they can be wrong; one's own are fitted to the
studies and runs of `--fit` (fitted.py), with the interval in which a new data set is to be expected.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from synth.base.config import verb
from synth.base.files import read_facts
from synth.data.manifest import open_manifest
from synth.data.names import DIFFICULTY, METRICS
from synth.data.reading import read
from synth.errors import FolderError, UsageError, closest
from synth.reporting.fitted import Fitted, Own, fitted
from synth.reporting.options import Estimate
from synth.reporting.published import BY_ACCURACY, BY_LENGTH, KNOWN, TEACHERS, Measured, Published
from synth.reporting.read import Evaluation, Found, add_evaluation
from synth.reporting.settings import kind
from synth.shots.options import OTHERS as OTHER_TASKS


@dataclass(frozen=True)
class Guess:
    """The gain that one line gives for one value."""

    line: Published | Fitted
    x: float
    source: str  # where the value is from
    warnings: tuple[str, ...]

    @property
    def gain(self) -> float:
        return self.line.at(self.x)

    @property
    def margin(self) -> float:
        """Half of a 95% interval; of a published line at the least."""
        return self.line.margin(self.x)

    @property
    def own(self) -> bool:
        return isinstance(self.line, Fitted)

    @property
    def told(self) -> bool:
        """Whether the value is near enough to where the line was fitted: within a quarter of its width."""
        low, high = self.line.bounds()
        return low - (high - low) / 4 <= self.x <= high + (high - low) / 4


@dataclass(frozen=True)
class Estimated:
    """The estimates for a task, and what the paper measured of it."""

    task: str
    guesses: tuple[Guess, ...]
    known: Measured | None
    fitted: Own | None = None


def run(asked: Estimate) -> Estimated:
    """What rationales may add to accuracy, by each line that there is a value for: of Zhu et al. 2025, and your own.

    `length` is in characters, `accuracy` a share. Raises UsageError if one value is given twice, or none and the
    paper has nothing of the task either; FolderError for folders that cannot be read.
    """
    task, known = asked.task, KNOWN.get(plain_name(asked.task))
    difficulty = _difficulty(asked.difficulty) if asked.difficulty else None
    guesses = [guess for guess in (_by_length(asked, difficulty), _by_accuracy(asked, difficulty)) if guess]
    mine = fitted(asked.fit, (difficulty or {}).get("model")) if asked.fit else None
    if not guesses and not known and mine is None:
        raise UsageError(
            f"nothing to estimate {task!r} from: give --length, --difficulty or --data, --accuracy or --eval (best "
            f"both); the paper has figures of {', '.join(KNOWN)}{closest(plain_name(task), list(KNOWN))}"
        )
    own = [
        _on(line, guess, task) for line in (mine.lines if mine else ()) for guess in guesses if guess.line.x == line.x
    ]
    return Estimated(task, (*guesses, *own), known, mine)


def _by_length(asked: Estimate, difficulty: dict[str, Any] | None) -> Guess | None:
    if asked.data:
        return _from_data(asked.data, asked.split)
    if asked.length is not None:
        return _guess(BY_LENGTH, asked.length, "--length")
    if difficulty is None or not (length := difficulty.get("characters")):
        return None
    source = f"rationales of {difficulty.get('model')} to {length['n']:,} questions"
    warnings = []
    if (difficulty.get("shots") or {}).get("source") != OTHER_TASKS:
        warnings.append(
            "these lengths are not behind demonstrations of other tasks, as those of the line are; of a teacher asked "
            f"alone they have no correlation with the gain in the paper (r {TEACHERS:.3f})"
        )
    if cut := (difficulty.get("counts") or {}).get("cut_off"):
        warnings.append(f"{cut:,} of these rationales were cut at the limit, so the length is too low")
    return _guess(BY_LENGTH, length["value"], source, *warnings)


def _by_accuracy(asked: Estimate, difficulty: dict[str, Any] | None) -> Guess | None:
    if asked.eval:
        return _from_evaluation(asked.eval)
    if asked.accuracy is not None:
        return _guess(BY_ACCURACY, asked.accuracy, "--accuracy")
    if difficulty is None or not (accuracy := difficulty.get("accuracy")):
        return None
    return _guess(BY_ACCURACY, accuracy["value"], f"{accuracy['n']:,} rows, in {DIFFICULTY}")


def _difficulty(folder: Path) -> dict[str, Any]:
    """Raises FolderError for a folder of something else, UsageError for one without a length and an accuracy."""
    facts = read_facts(folder / DIFFICULTY, "what synth difficulty writes", "run it again with --overwrite")
    if facts is None:
        raise FolderError(f"{folder} is no difficulty (it has no {DIFFICULTY}): give what synth difficulty wrote")
    if not facts.get("characters") and not facts.get("accuracy"):
        raise UsageError(f"{folder} has no lengths and no accuracy: run synth difficulty with --model or --eval")
    return facts


def _on(line: Fitted, guess: Guess, task: str) -> Guess:
    """The same value on a line of one's own."""
    warnings = (f"{task} is one of the data sets that the line was fitted to",) if task in line.names else ()
    return _guess(line, guess.x, guess.source, *warnings)


def plain_name(task: str) -> str:
    name = task.strip().lower().replace("_", "-").replace(" ", "-")
    return {"sst-2": "sst2", "arc-c": "arc-challenge", "arc-e": "arc-easy", "adversarialnli": "anli"}.get(name, name)


def _guess(line: Published | Fitted, x: float, source: str, *warnings: str) -> Guess:
    low, high = line.bounds()
    if not low <= x <= high:
        warnings += (f"{x:.4g} lies outside about {low:.3g} to {high:.3g}, where the line was fitted",)
    return Guess(line, x, source, warnings)


def _from_data(folder: Path, split: str | None) -> Guess:
    """The mean length of a folder's rationales, which are a teacher's or a program's and not a base model's."""
    splits = list(open_manifest(folder)["splits"])
    chosen = split or next(iter(splits), "train")
    rows = characters = 0
    for record in read(folder, chosen):
        if record.rationale:
            rows += 1
            characters += len(record.rationale)
    if not rows:
        raise FolderError(f"{folder} has no rationales in {chosen}: give --length, or a dataset with rationales")
    foreign = (
        "these rationales are not those of a base model: with the length of a teacher's (gpt-3.5-turbo) the gain has"
        f" no correlation in the paper (r {TEACHERS:.3f})"
    )
    return _guess(BY_LENGTH, characters / rows, f"mean of {rows:,} rationales of {folder.name} {chosen}", foreign)


def _from_evaluation(folder: Path) -> Guess:
    evaluation = _without(folder)
    accuracy = accuracy_of(folder)
    warnings = []
    if evaluation.facts.get("prompting") == "direct" and evaluation.run.get("target") != "answer":
        warnings.append("this model was asked for answers alone, not trained on them, as those of the paper were")
    if not evaluation.facts.get("complete"):
        warnings.append("the evaluation is incomplete")
    return _guess(BY_ACCURACY, accuracy["value"], f"{accuracy['n']:,} rows of {folder.name}", *warnings)


def accuracy_of(folder: Path) -> dict[str, Any]:
    """`{"value", "low", "high", "n"}` of an evaluation of a model that answers alone.

    Raises FolderError for what is no evaluation, UsageError for one of a model that writes rationales.
    """
    accuracy = _without(folder).metric("accuracy")
    if accuracy is None:
        raise FolderError(f"{folder / METRICS} has no accuracy: run synth eval again")
    return accuracy


def _without(folder: Path) -> Evaluation:
    evaluation = _read_evaluation(folder)
    if kind(evaluation) != "without":
        raise UsageError(
            f"{folder} is an evaluation of a model that writes rationales: the line needs one trained on answers alone"
            " (synth train ... --target answer)"
        )
    return evaluation


def _read_evaluation(folder: Path) -> Evaluation:
    found = Found()
    if (folder / METRICS).is_file():
        add_evaluation(folder.resolve(), folder.resolve().name, None, found)
    if not found.evaluations:
        raise FolderError(f"{folder} is not an evaluation (it has no {METRICS}): make one with synth eval")
    return found.evaluations[0]


def figures(estimated: Estimated) -> dict[str, Any]:
    """The estimate as a script reads it."""
    lines = [
        {"line": guess.line.x, "own": guess.own, "value": guess.x, "source": guess.source, "gain": guess.gain,
         "margin": guess.margin, "told": guess.told, "warnings": list(guess.warnings)} for guess in estimated.guesses
    ]  # fmt: skip
    mine = estimated.fitted
    return {
        "task": estimated.task,
        "estimates": lines,
        "measured": None if estimated.known is None else asdict(estimated.known),
        **({} if mine is None else {"fitted": [asdict(line) for line in mine.lines], "notes": list(mine.notes)}),
    }


estimate = verb("estimate", Estimate, run)
