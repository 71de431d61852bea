"""`synth probe attention`: what a model looks at while it writes.

The model writes greedily about each row, or is led along the gold target; one forced pass over what was written then
gives the weights of its self-attention and, of an encoder-decoder, of its cross-attention and its encoder. They are
drawn for a row that is right and one that loops or is wrong, side by side (Mathews et al., figures 8 to 10), and summed
up over the parts of the prompt and the model's own steps for all rows.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from synth.base.plots import DARK, LIGHT
from synth.base.terminal import progress
from synth.data.reading import read
from synth.errors import FolderError, UsageError
from synth.probing import maps
from synth.probing.folder import Result, check_free, facts_of, folder_of, write
from synth.probing.looked import Chosen, Looked, look, maps_of
from synth.probing.options import Attention, size_of
from synth.probing.shares import Kind
from synth.probing.subject import Subject, subject
from synth.probing.summed import bars_of, line_of, summed
from synth.probing.told import Told, told
from synth.record import Record

MAPS: dict[str, tuple[Kind, ...]] = {"maps": ("cross", "self"), "encoder": ("encoder",)}  # picture -> what is in it
CAPTIONS = {
    "maps": "Which token that is read each token that is written looks at",
    "encoder": "Which token of the prompt each of its tokens looks at",
    "shares": "Share of attention on each part, mean over rows with 95% interval; strokes: uniform attention",
    "steps": "The same by the step that is written, mean over rows with 95% interval",
    "heads": "Share of each part by layer and head, mean over rows",
}
Drawn = list[tuple[str, Told]]  # what a row is drawn as: right, loops; its id if it was asked for


def run(asked: Attention) -> list[Result]:
    """Look at the attention over some rows."""
    found = subject(asked.run, asked)
    out = folder_of("attention", asked.run, asked)
    head = facts_of("attention", asked.run, asked, len(found.records))
    check_free(out, head, asked.overwrite)
    rows = told(found, asked, asked.target, _with_named(found, asked))
    fit = _fit(found, rows, asked)
    drawn = _drawn(fit, asked)
    chosen, looked = Chosen(asked.layer, asked.head), []
    with progress(asked.quiet) as report:
        for row in fit:
            looked.append(look(found, row, chosen, picture=any(row is one for _, one in drawn)))
            report(asked.split, len(looked), len(fit))
    within = {record.id for record in found.records}
    counted = [one for one in looked if one.told.record.id in within] or looked  # not rows that were only to be drawn
    facts = {**_facts(head, counted, drawn), "left_out": _left_out(rows, fit)}
    result = Result(out, facts, [line_of(one) for one in looked], _pictures(found, facts, looked, drawn))
    write(result)
    return [result]


def _with_named(subject: Subject, asked: Attention) -> list[Record]:
    """The rows that are looked at, and those that are to be drawn wherever in the split they stand.

    Raises FolderError for an id that is not there.
    """
    records = list(subject.records)
    lacking = set(asked.row) - {record.id for record in records}
    if lacking:
        records += [record for record in read(Path(asked.data), asked.split, typed=True) if record.id in lacking]
    if unknown := sorted(set(asked.row) - {record.id for record in records}):
        raise FolderError(
            f"--row {unknown[0]}: no row of {asked.data} {asked.split} has that id: give one such as {records[0].id}"
        )
    return records


def _fit(subject: Subject, rows: Sequence[Told], asked: Attention) -> list[Told]:
    """The rows with an output whose weights fit into memory. Raises UsageError if none does, or one that is drawn."""
    from synth.probing.weights import needed

    written = [row for row in rows if row.ids]
    lost = [row.record.id for row in rows if not row.ids and row.record.id in asked.row]
    if lost or not written:
        what = f"the prompt of {lost[0]}" if lost else "every prompt"
        raise UsageError(f"{what} is too long for the model: take one with more room, or rows with shorter prompts")
    bytes_of = {
        row.record.id: needed(subject.checkpoint.model, len(row.start.read), len(row.start.written) + len(row.ids))
        for row in written
    }
    most = size_of(asked.memory)
    fit = [row for row in written if bytes_of[row.record.id] <= most]
    out = [row for row in written if bytes_of[row.record.id] > most and (row.record.id in asked.row or not fit)]
    if out:
        one = min(out, key=lambda row: bytes_of[row.record.id])
        size = -(-bytes_of[one.record.id] // 10**6)
        raise UsageError(
            f"--memory {asked.memory}: the weights of one layer over {len(one.start.read)} and {len(one.ids)} tokens "
            f"(row {one.record.id}) take {size:,} MB: give --memory {size}MB, or shorter rows"
        )
    return fit


def _drawn(rows: Sequence[Told], asked: Attention) -> Drawn:
    """Those asked for; otherwise the shortest right one, and the shortest that loops, or else is wrong."""
    if asked.row:
        by_id = {row.record.id: row for row in rows}
        return [(name, by_id[name]) for name in dict.fromkeys(asked.row)]
    by_outcome: dict[str, list[Told]] = {}
    for row in sorted(rows, key=lambda row: len(row.start.read) + len(row.ids)):
        by_outcome.setdefault(row.outcome, []).append(row)
    wanted = ("right", "loops" if "loops" in by_outcome else "wrong")
    return [(outcome, by_outcome[outcome][0]) for outcome in wanted if outcome in by_outcome]


def _left_out(rows: Sequence[Told], fit: Sequence[Told]) -> dict[str, int]:
    too_long = sum(not row.ids for row in rows)
    return {"prompt_too_long": too_long, "memory": len(rows) - too_long - len(fit)}


def _facts(head: dict[str, Any], looked: Sequence[Looked], drawn: Drawn) -> dict[str, Any]:
    """All of probe.json but the rows that are left out."""
    outcomes = {name: sum(one.told.outcome == name for one in looked) for name in ("right", "wrong", "loops")}
    return {
        **head, "attention": looked[0].chosen.words, "counts": {"rows": len(looked), **outcomes}, **summed(looked),
        "drawn": [{"as": name, **{key: row.line[key] for key in ("id", "answer", "gold", "output")}}
                  for name, row in drawn],
        "captions": CAPTIONS,
    }  # fmt: skip


def _pictures(subject: Subject, facts: dict[str, Any], looked: Sequence[Looked], drawn: Drawn) -> dict[str, bytes]:
    """Name of the file -> PNG; each picture for light and for dark paper."""
    by_id = {one.told.record.id: one for one in looked}
    of = {
        name: [each for title, row in drawn for each in maps_of(subject, by_id[row.record.id], title, kinds)]
        for name, kinds in MAPS.items()
    }
    bars = bars_of(facts)
    stepped = [one for one in bars if one.steps]  # an encoder writes none
    found: dict[str, bytes] = {}
    for paper in (LIGHT, DARK):
        drawings = {name: maps.maps(shown, paper) for name, shown in of.items() if shown}
        drawings |= {"shares": maps.shares(bars, paper), "steps": maps.steps(stepped, paper)}
        drawings["heads"] = maps.heads(facts["layers"], paper)
        found |= {f"{name}-{paper.name}.png": png for name, png in drawings.items()}
    return found
