"""Has the rows of dataset folders judged: a table, a file of verdicts beside them, or a new folder: `synth judge`.

What a judge is, synth/data/verdict.py says: it works rows out itself, asks a model, or is a reward. One of errors
judges what one evaluation got wrong and another right (attribute.py).
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from synth.base.config import verb
from synth.base.files import file_facts
from synth.base.terminal import sayer
from synth.data.already import look
from synth.data.folder import finish_move
from synth.data.manifest import members, open_manifest
from synth.data.reading import read
from synth.data.verdict import Asking, Judge, Noted, Scoring, Verdict
from synth.errors import UsageError
from synth.judging.attribute import attribute
from synth.judging.judged import Judged, together
from synth.judging.options import Judging
from synth.judging.rewards import find, known_as
from synth.judging.shown import shots_for
from synth.judging.work import Work
from synth.judging.writing import write
from synth.questions.reading import task_of
from synth.shots.draw import Shots


def run(asked: Judging) -> Judged:
    """Have the rows of datasets judged by a model, by working them out, or by a reward; or the errors of an evaluation.

    They are written with their verdicts if `out` is given, the verdicts alone if `verdicts` is. With `dry_run` nothing
    is asked, and `estimate` says what it will cost. Of several folders, or a folder of configurations, the datasets
    stand in `parts`. With `against` the folder is an evaluation, and what it got wrong and the other one right is
    sorted. Returns the verdicts by split and number of the row. Raises UsageError for options that do not go together,
    FolderError for folders that cannot be read or written.
    """
    judge = find(asked.judge)
    _check(asked, judge)
    if judge.of == "errors":
        return attribute(asked, judge)
    folders = _datasets(asked.folder)
    if len(folders) == 1:
        return _one(asked, next(iter(folders.values())), judge)
    if asked.out is not None:
        raise UsageError(
            f"--out writes one dataset: give one of {', '.join(map(str, folders.values()))}, or --verdicts"
        )
    return _several(asked, folders, judge)


def _datasets(given: Sequence[Path]) -> dict[str, Path]:
    """The datasets of some folders, by a name for each: that of its folder, or as much of its path as tells it apart.

    Raises FolderError for a folder that holds none, UsageError for one that is given twice.
    """
    found = [path for folder in given for path in members(folder).values()]
    places = [path.resolve() for path in found]
    if twice := [path for path, place in zip(found, places, strict=True) if places.count(place) > 1]:
        raise UsageError(f"{twice[0]} is given twice")
    names = [path.name for path in places]
    return {
        name if names.count(name) == 1 else f"{place.parent.name}/{name}": path
        for name, place, path in zip(names, places, found, strict=True)
    }


def _several(asked: Judging, folders: Mapping[str, Path], judge: Judge) -> Judged:
    """One dataset after the other, within one budget; what ends one ends all."""
    parts: dict[str, Judged] = {}
    spent = 0.0
    for name, folder in folders.items():
        parts[name] = part = _one(asked, folder, judge, spent)
        spent += part.spent
        if part.stopped:
            break
    return together(parts)


def _one(asked: Judging, folder: Path, judge: Judge, spent: float = 0.0) -> Judged:
    """One dataset; spent: dollars of the budget that are gone already."""
    manifest = open_manifest(folder)
    shots = _shots(asked, folder, judge, manifest)
    work = Work(asked, folder, judge, manifest, shots)
    if asked.dry_run:
        return work.judged(estimate=work.estimate())
    recipe = _recipe(asked, judge, manifest, shots, folder)
    if asked.out is not None:
        finish_move(asked.out)
        if look(asked.out, recipe, asked.overwrite) is not None:
            return work.judged(already_there=True)
    work.go(spent)
    found = {"unscored": work.in_order(), "agreements": tuple(work.agreements())}
    if asked.out is None:
        return work.judged(work.verdicts, **found)
    written = write(folder, asked.out, manifest, recipe, work.verdicts, _leaves_out(asked))
    return work.judged(work.verdicts, written=written, **found)


def _check(asked: Judging, judge: Judge) -> None:
    asks, wrong = isinstance(judge.by, Asking), []
    if asks and asked.teacher is None:
        wrong.append(f"--judge {asked.judge} asks a model: add --teacher gpt-6-luna")
    if not asks and (asked.teacher is not None or asked.votes > 1):
        wrong.append(f"--judge {asked.judge} asks no model: leave out --teacher and --votes")
    if asked.on == "ray" and (judge.of == "errors" or isinstance(judge.by, Asking | Scoring | Noted)):
        wrong.append(f"--on ray works rows out, as --judge steps does: leave it out with --judge {asked.judge}")
    if isinstance(judge.by, Scoring) and asked.drop is not None:
        wrong.append(f"--drop {asked.drop}: {asked.judge} gives numbers, leave rows out with --below 0.5")
    elif asked.drop is not None and asked.drop not in judge.menu:
        wrong.append(f"--drop {asked.drop}: the verdicts of {asked.judge} are {', '.join(judge.menu)}")
    if asked.below is not None and not isinstance(judge.by, Scoring):
        wrong.append(f"--below {asked.below:g}: {asked.judge} gives words, leave rows out with --drop {judge.menu[-1]}")
    if asked.notes and not isinstance(judge.by, Noted):
        wrong.append(f"--notes is for --judge notes: leave it out with --judge {asked.judge}")
    wrong += [f"--notes {path}: there is no such file" for path in asked.notes if not path.is_file()]
    if judge.of == "errors" and asked.against is None:
        wrong.append(
            f"--judge {asked.judge} sorts what one evaluation got wrong and another right: add --against EVALUATION"
        )
    if judge.of == "errors" and (asked.out is not None or asked.shots is not None):
        wrong.append(f"--judge {asked.judge} sorts errors of an evaluation: leave out --out and --shots")
    if judge.of != "errors" and asked.against is not None:
        wrong.append(f"--against is for --judge attribution: leave it out with --judge {asked.judge}")
    if wrong:
        raise UsageError("; ".join(wrong))


def _leaves_out(asked: Judging) -> Callable[[Verdict], str | None]:
    """Why a row is left out for a verdict; None if it is kept, as all are that have none."""
    if asked.below is None:
        return lambda verdict: verdict.verdict if verdict.verdict == asked.drop else None
    below = asked.below
    return lambda verdict: f"below {below:g}" if verdict.score is not None and verdict.score < below else None


def _shots(asked: Judging, folder: Path, judge: Judge, manifest: dict[str, Any]) -> Shots | None:
    """The demonstrations of judging, read before anything is asked."""
    if asked.shots is None:
        return None
    tasks = {record.task for split in manifest["splits"] for record in read(folder, split)}
    return shots_for(asked, judge, sorted(tasks), task_of(manifest), sayer(asked.quiet, "synth: "))


def _recipe(
    asked: Judging, judge: Judge, manifest: dict[str, Any], shots: Shots | None, folder: Path
) -> dict[str, Any]:
    names = ("judge", "drop", "sample", "seed", "votes", "teacher", "max_tokens")
    kept = {name: getattr(asked, name) for name in names}
    kept |= {"extra_body": asked.extra} if asked.extra else {}
    kept |= {} if shots is None else {"shots": shots.facts()}
    kept |= {} if asked.below is None else {"below": asked.below}
    kept |= {"decides": judge.by.decides} if isinstance(judge.by, Scoring) else {}
    if isinstance(judge.by, Noted):
        files = [path for path in (folder / judge.by.file, *asked.notes) if path.is_file()]
        kept["notes"] = [file_facts(path)["sha256"] for path in files]
    kept["judge"] = known_as(asked.judge, judge)
    return {"judged": {"files": manifest["files"], **kept}}


judge = verb("judge", Judging, run)
