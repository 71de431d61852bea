"""Writes a dataset again without rows that a validation found fault with: `synth validate --drop ... --out FOLDER`.

    contaminated    the prompt shares words with a question of a benchmark (--against)
    twins           the question stands in a split before, or question and rationale in a row before in the same one;
                    several rationales of one question are no twins
    near-duplicates the question nearly repeats one of a row before (near.py)

They go to rejected.jsonl with the reason. What lay beside the rows is copied; of the validation nothing, as it is of
other files.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any

import orjson

from synth.data.builder import builder_of, whole_prompt
from synth.data.carried import rejects_after
from synth.data.folder import FolderWriter
from synth.data.manifest import open_manifest, read_manifest
from synth.data.names import ATTEMPTS
from synth.data.reading import read
from synth.errors import FolderError
from synth.record import Record, Rejected
from synth.validating import near
from synth.validating.checker import Checker
from synth.validating.contamination import Contamination

CHUNK = 10_000  # rows that are compared with benchmarks at a time
Found = tuple[str, str]  # reason, what exactly


class Faults:
    """Says of one row after the other why it is to go; None if it may stay."""

    def __init__(
        self,
        manifest: Mapping[str, Any],
        own: Checker,
        wanted: Sequence[str],
        overlaps: Sequence[Contamination],
        common: near.Grams | None = None,
    ) -> None:
        self._question = _question_of(manifest)
        self._normal, self._wanted, self._overlaps = own.normal, wanted, overlaps
        self._near = None if common is None else near.Near(common)
        self._compared: list[str] = []  # ids
        self.gone: Counter[str] = Counter()
        self._before: dict[str, str] = {}  # question -> id of the first row of a split before
        self._here: dict[str, str] = {}
        self._pairs: dict[tuple[str, str], str] = {}

    def of(self, rows: Sequence[Record]) -> Iterator[Found | None]:
        hits: dict[int, str] = {}
        for overlap in self._overlaps:
            ids, prompts = [row.id for row in rows], [row.prompt for row in rows]
            hits |= dict.fromkeys(overlap.add(ids, prompts), f"shares words with a question of {overlap.against}")
        for place, row in enumerate(rows):
            if place in hits:
                yield "contaminated", hits[place]
                continue
            twin = self._twin(row) if "twins" in self._wanted else None
            yield twin or self._nearly(row)

    def _nearly(self, row: Record) -> Found | None:
        if self._near is None:
            return None
        self._compared.append(row.id)
        hit = self._near.add(_compared(row, self._question, self._normal))
        return None if hit is None else ("near-duplicates", f"{hit[1]:.3f} of the question of {self._compared[hit[0]]}")

    def _twin(self, row: Record) -> Found | None:
        question = self._normal(self._question(row))
        pair = (question, " ".join(row.rationale.split()).casefold())
        if (first := self._before.get(question) or self._pairs.get(pair)) is not None:
            return "twins", f"the same question as {first}"
        self._here.setdefault(question, row.id)
        self._pairs[pair] = row.id
        return None

    def end_split(self, left: Counter[str]) -> None:
        """Go on to the next split. left: what went of this one, by reason."""
        self.gone += left
        self._before |= self._here
        self._here.clear()
        self._pairs.clear()


def write_without(
    folder: Path, out: Path, own: Checker, wanted: Sequence[str], against: Sequence[str], ngram: int, command: str
) -> str:
    """Write the rows that may stay to another folder; returns what to tell the user.

    Raises FolderError if the other folder is not empty, or a row cannot be read.
    """
    if read_manifest(out) is not None or (out.is_dir() and any(out.iterdir())):
        raise FolderError(f"{out} is not empty: give --out a new or an empty folder")
    manifest = open_manifest(folder)
    overlaps = [Contamination(one, ngram) for one in against] if "contaminated" in wanted else []
    alike = "near-duplicates" in wanted and near.compares(builder_of(manifest))
    common = _template(folder, manifest, own) if alike else None
    faults, splits = Faults(manifest, own, wanted, overlaps, common), dict[str, Any]()
    with FolderWriter(out) as writer:
        with rejects_after(folder, writer) as rejects:
            for split in manifest["splits"]:
                with writer.path(f"{split}.jsonl").open("wb") as file:
                    kept, left = _sort(read(folder, split, typed=True), faults, file, rejects)
                before = Counter[str](manifest["splits"][split]["rejected"])
                splits[split] = {"rows": kept, "rejected": dict(before + left), "files": [f"{split}.jsonl"]}
        if (folder / ATTEMPTS).is_file():
            shutil.copyfile(folder / ATTEMPTS, writer.path(ATTEMPTS))
        writer.commit(_manifest(manifest, splits, faults.gone, command))
    told = ", ".join(f"{faults.gone[reason]:,} {reason}" for reason in wanted)
    return f"{out}: {sum(facts['rows'] for facts in splits.values()):,} rows written, dropped {told}"


def _question_of(manifest: Mapping[str, Any]) -> Callable[[Record], str]:
    builder = builder_of(manifest)
    return builder.question if builder else whole_prompt


def _compared(row: Record, question: Callable[[Record], str], normal: Callable[[str], str]) -> near.Question:
    return near.question(text := question(row), normal(text), row.answer)


def _template(folder: Path, manifest: Mapping[str, Any], own: Checker) -> near.Grams:
    """What stands around all questions of a folder."""
    question = _question_of(manifest)
    rows = (row for split in manifest["splits"] for row in read(folder, split, typed=True))
    return near.template([_compared(row, question, own.normal) for row in rows])


def _sort(rows: Iterator[Record], faults: Faults, file: IO[bytes], rejects: IO[bytes]) -> tuple[int, Counter[str]]:
    """Write the rows of a split to the one file or the other; returns rows that stay, and the others by reason."""
    kept, left = 0, Counter[str]()
    while part := list(islice(rows, CHUNK)):
        for row, found in zip(part, faults.of(part), strict=True):
            if found is None:
                file.write(orjson.dumps(row) + b"\n")
                kept += 1
            else:
                rejects.write(orjson.dumps(Rejected(row.id, *found, row.prompt, row.answer)) + b"\n")
                left[found[0]] += 1
    faults.end_split(left)
    return kept, left


def _manifest(
    manifest: Mapping[str, Any], splits: Mapping[str, Any], gone: Counter[str], command: str
) -> dict[str, Any]:
    """That of the folder, with what was taken out and by which command (`cleaned`)."""
    kept = {name: value for name, value in manifest.items() if name != "files"}
    kept |= {"format": "jsonl"} if "format" in kept else {}
    cleaned = [*manifest.get("cleaned", []), {"command": command, "dropped": dict(gone)}]
    return {**kept, "splits": splits, "rejected": dict(Counter(manifest["rejected"]) + gone), "cleaned": cleaned}
