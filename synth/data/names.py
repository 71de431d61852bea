"""What each file of a folder is called: names that stand here and nowhere else; what a split may be called."""

from collections.abc import Sequence
from pathlib import Path

# A dataset folder, that of `synth build`, `distill`, `judge` and `pull`
MANIFEST = "synth.json"  # what made it: settings, splits, counts, sha256 of each file
CARD = "README.md"  # for people, and which files are which split; in a run folder the model card
REJECTED = "rejected.jsonl"  # rows that were left out, with reasons
ATTEMPTS = "attempts.jsonl"  # every reply of a teacher, also those that were not kept
PLACES = "shard.jsonl"  # of a shard: where each of its questions stands among all, how much there is of it
VERDICTS = "verdicts.jsonl"  # what judges said of the rows, if it was put beside them
NOTES = "notes.jsonl"  # what people said of the rows
VALIDATION = "validation.json"  # what `synth validate` found
DOCS = "validation"  # the same as web pages
BESIDE = {"attempts": ATTEMPTS, "rejected": REJECTED}  # what a release may have beside its rows, as configurations
ALONG = {**BESIDE, "notes": NOTES}  # and what changes while the rows do not: no part of the manifest
PLOTS = "plots"  # pictures of the card
PARTIAL = ".synth-partial"  # files while they are written, of a dataset or of a finished model
SHARDS = ".synth-shards"  # of a build of Parquet that is not done: what is known of the files that are
READY = ".synth-ready"  # a dataset that is complete, while its files are put into place

# What a dataset folder keeps for the next command
CACHE = "requests.sqlite"  # the store of requests to a teacher and of its replies
CHECKED = ".synth-validate-"  # what is known of rows while they are validated: how the name of a folder begins
STAGING = ".synth-push"  # Parquet shards of a push that is not done
FETCHED = ".synth-pull"  # what a pull has fetched already
CARD_MEMORY = ".synth-card.json"  # hashes of README.md here and on the Hub when they were last of one text
OURS = (".synth-", CACHE)  # how names begin that may lie in a folder which is no dataset yet

# A run folder, that of `synth train`
RUN = "synth-run.json"  # what made it, every setting, counts
LOG = "log.jsonl"  # one line for each logged step and each validation
CHECKPOINTS = "checkpoints"
MARK = "synth-checkpoint.json"  # written last into a checkpoint: it is whole
EVALUATIONS = "eval"  # the evaluations of the run
ITERATIONS = "iterations"  # of a run of STaR, one folder each: 000 is the base
CONTROLS = "controls"  # what was trained beside it
ROUNDS = "rounds"  # of a run of MaRio, one folder each: 000 has the teacher's rows
SAMPLES = "samples.jsonl"  # texts of a round, with their scores; of a difficulty, with their lengths

# An evaluation folder, that of `synth eval`
METRICS = "metrics.json"  # figures with their intervals
PREDICTIONS = "predictions.jsonl"  # one line for each row
ATTRIBUTION = "attribution.json"  # its errors by kind, as a judge sorted them
ATTRIBUTED = "attribution.jsonl"  # the verdicts behind that
OUTPUTS = "outputs.partial.jsonl"  # outputs so far of an evaluation that is not done

# A probe folder, that of `synth probe`
PROBES = "probes"  # the probes of a run
PROBE = "probe.json"  # what was looked at and how, figures with their intervals
PROBED = "rows.jsonl"  # one line for each row
# The folder of a difficulty, that of `synth difficulty`; its texts are in SAMPLES
DIFFICULTY = "difficulty.json"  # lengths, accuracy, V-information, with their intervals
PVI = "pvi.jsonl"  # V-information of each row

# The folder of a study, of an export and of a report
STUDY = "study.json"  # the cells of its matrix: axes, where each was made, how it ended
EXPORT = "synth-export.json"  # what was exported
PAGE = "index.html"
FIGURES = "report.json"  # the figures behind the page


def split_mistakes(names: Sequence[str]) -> list[str]:
    """What is wrong with the names that splits are to have, a line each: they are names of files too."""
    wrong = [f"--split {name} is given twice" for name in dict.fromkeys(names) if names.count(name) > 1]
    wrong += [f"--split {name!r}: a name of letters, digits and _" for name in names if not _is_name(name)]
    taken = [name for name in names if f"{name}.jsonl" in (REJECTED, ATTEMPTS, PLACES)]
    return wrong + [f"--split {name}: a dataset has a file of that name already" for name in taken]


def is_inside(name: str) -> bool:
    """Whether a name in a manifest is that of a file in its folder."""
    return not Path(name).is_absolute() and ".." not in Path(name).parts


def _is_name(text: str) -> bool:
    return text.isascii() and text.replace("_", "").isalnum()
