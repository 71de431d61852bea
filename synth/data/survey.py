"""Finds the columns of a dataset by reading all its rows, and the types that their maker declares."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from synth.data.builder import builder_of
from synth.data.columns import Column, Place, Plan, plan
from synth.data.reading import TEXTS, chunks
from synth.record import FIELDS

PROVENANCE = {
    "teacher": str, "model": str, "system_fingerprint": str, "attempt": int, "attempts": int, "hinted": bool,
    "request": str, "sampling": str, "finish_reason": str, "prompt_tokens": int, "completion_tokens": int,
    "cost": float,
    "extractor": int, "thinking": str,
    "annotator": str,  # of a task for which several people have told a teacher what to do
    "source": str, "sha256": str, "row": str,  # of a rationale that was taken in: where it stood
}  # fmt: skip
VERDICT = {"judge": str, "verdict": str, "detail": str, "model": str, "score": float}
META = {"source_id": str, "confidence": float, "words": int}
KINDS = ("digits", "type", "operators")  # columns of meta that tell kinds of questions apart, the first that is there


CODES = "codes"  # of meta, and of a manifest: the control tokens of rows that a model learned behind them


def with_codes(manifest: Mapping[str, Any], columns: Mapping[str, type]) -> dict[str, type]:
    """Columns of `meta`, with the control tokens of a pool of MaRio."""
    return {**columns, **({CODES: list} if "mario" in manifest else {})}


def meta_of(manifest: Mapping[str, Any]) -> dict[str, type]:
    """The columns that `meta` of distilled rows has: options where each question has its own, labels beside a vote,
    and what a program that scores answers has to know, if the questions were made by one."""
    task = manifest.get("task") or {}
    own = task.get("kind") == "option" and not task.get("options")
    scored = "package" in ((manifest.get("distilled") or {}).get("source") or {})
    found: dict[str, type] = {**META, **({"options": list} if own else {}), **({"entry": str} if scored else {})}
    return {**found, **({"label": str} if "vote" in manifest else {})}


def survey(folder: Path, manifest: Mapping[str, Any], look: Callable[[Sequence[Any], str], None] | None = None) -> Plan:
    """Which types the columns of a dataset have, told from all rows; `look` sees each on the way, with its place."""
    seen = Column(fields={name: Column() for name in FIELDS})
    for split in manifest["splits"]:
        for rows, where in chunks(folder, manifest, split):
            if look is not None:
                look(rows, where)
            for row in rows:
                seen.see(row)
    return plan(seen, known_types(manifest))


def known_types(manifest: Mapping[str, Any]) -> dict[Place, type]:
    """Types that the maker of a dataset says its columns have, for those in which nothing but null stands."""
    types: dict[Place, type] = {(name,): str for name in TEXTS}
    types |= {("provenance", name): kind for name, kind in PROVENANCE.items()}
    types |= {("provenance", "verdicts", 0, name): kind for name, kind in VERDICT.items()}
    if (builder := builder_of(manifest)) is not None:
        meta = builder.columns(manifest.get("config") or {})
    else:
        meta = meta_of(manifest) if "distilled" in manifest else {}
    return types | {("meta", name): kind for name, kind in with_codes(manifest, meta).items()}
