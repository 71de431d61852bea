"""Writes the rows of a dataset with their verdicts into a new folder."""

import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from synth.data.carried import ANSWERS, rejects_after
from synth.data.folder import FolderWriter
from synth.data.names import ATTEMPTS
from synth.data.reading import read
from synth.data.verdict import REWARD, Verdict
from synth.record import Record, Rejected

Verdicts = Mapping[tuple[str, int], Verdict]  # split and number of the row
LeavesOut = Callable[[Verdict], str | None]  # why a row is left out; None: it is kept


def write(
    folder: Path, out: Path, manifest: dict[str, Any], recipe: dict[str, Any], verdicts: Verdicts, leaves_out: LeavesOut
) -> str:
    """All rows with their verdicts, but those that are left out for them; returns what to tell the user.

    What lay beside the rows is copied: what was rejected before, and all attempts of a distillation, also at rows that
    are dropped now.
    """
    model = recipe["judged"]["teacher"]
    blank = _blank(folder, manifest)
    splits: dict[str, Any] = {}
    gone: Counter[str] = Counter()  # by verdict
    with FolderWriter(out) as writer:
        with rejects_after(folder, writer) as rejects:
            for split in manifest["splits"]:
                rows, before, part = 0, Counter[str](manifest["splits"][split]["rejected"]), Counter[str]()
                with writer.path(f"{split}.jsonl").open("wb") as file:
                    for number, record in enumerate(read(folder, split, typed=True)):
                        verdict = verdicts.get((split, number))
                        if verdict is not None and (reason := leaves_out(verdict)) is not None:
                            rejects.write(_drop(record, verdict, reason) + b"\n")
                            part[reason] += 1
                            continue
                        file.write(orjson.dumps(_with(record, verdict, model, blank)) + b"\n")
                        rows += 1
                gone += part
                splits[split] = {"rows": rows, "rejected": dict(before + part), "files": [f"{split}.jsonl"]}
        if (folder / ATTEMPTS).is_file():
            shutil.copyfile(folder / ATTEMPTS, writer.path(ATTEMPTS))
        by = next((verdict.judge for verdict in verdicts.values()), "")
        writer.commit(_manifest(manifest, recipe, splits, gone, by))
    rows = sum(facts["rows"] for facts in splits.values())
    unjudged = rows + gone.total() - len(verdicts)
    return f"{out}: {rows:,} rows written, {gone.total():,} dropped, {unjudged:,} of all not judged"


def _manifest(
    manifest: dict[str, Any], recipe: dict[str, Any], splits: dict[str, Any], gone: Counter[str], judged_by: str
) -> dict[str, Any]:
    """That of the folder that was judged, with what the judge added and took out."""
    kept = {name: manifest[name] for name in manifest if name != "files"}
    if "judged" in kept:
        kept["judged_before"] = [*kept.get("judged_before", []), kept["judged"]]
    if gone:
        judge = judged_by if judged_by.startswith(REWARD) else recipe["judged"]["judge"]
        dropped = Counter(kept.get("dropped") or {}) + Counter({f"{judge}: {drop}": n for drop, n in gone.items()})
        kept["dropped"] = dict(dropped)
    kept |= {"format": "jsonl"} if "format" in kept else {}
    return {**kept, **recipe, "splits": splits, "rejected": dict(Counter(manifest["rejected"]) + gone)}


def _blank(folder: Path, manifest: Mapping[str, Any]) -> dict[str, None]:
    """What provenance says of a row that nobody wrote: the keys of the other rows, each with null.

    A struct has the same fields in all rows that have one: of what is missing in some and null in others no type says
    which it was, so that such columns are kept as JSON text, and `datasets` shows the text "null".
    """
    if not manifest.get(ANSWERS):  # then all rows have a provenance, or none has
        return {}
    for split in manifest["splits"]:
        found = read(folder, split) if split not in manifest[ANSWERS] else ()
        if (first := next(iter(found), None)) is not None and first.provenance:
            return dict.fromkeys(name for name in first.provenance if name != "verdicts")
    return {}


def _with(record: Record, verdict: Verdict | None, model: str | None, blank: Mapping[str, None]) -> Record:
    """`blank`: keys that the provenance of every row has."""
    if verdict is None:
        return record
    kept: dict[str, Any] = {"judge": verdict.judge, "verdict": verdict.verdict, "detail": verdict.in_words()}
    kept |= {} if verdict.number is None else {"score": verdict.number}
    kept |= {"model": model} if model else {}
    provenance = {**blank, **(record.provenance or {})}
    provenance["verdicts"] = [*(provenance.get("verdicts") or []), kept]
    return replace(record, provenance=provenance)


def _drop(record: Record, verdict: Verdict, reason: str) -> bytes:
    said = verdict.in_words() if verdict.number is None else f"{verdict.judge} gives {verdict.number:g}"
    return orjson.dumps(Rejected(record.id, reason, said, record.prompt, record.answer))
