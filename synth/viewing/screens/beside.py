"""Beside: two datasets, or two evaluations, on the same questions; what they have in common, then row by row.

Rows belong together that have the same id or, where the two have no id in common, the same prompt. Of evaluations four
counts say who is right, of datasets whether the completions are the same; rows that only one of the two has are counted
apart.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from synth.data.fingerprints import prints
from synth.data.names import PREDICTIONS
from synth.viewing.query import PAGE
from synth.viewing.site import Screen, Site, view_of
from synth.viewing.sources import Place, Source, Split, fields, opened

Numbers = npt.NDArray[Any]
BATCH = 4096
WORD = re.compile(r"(\S*)(.*)", re.DOTALL)  # and what is behind it
RIGHT = ("both right", "only {a}", "only {b}", "both wrong")
SAME = ("same", "different")
ALONE = ("not in {b}", "not in {a}")


class Side(NamedTuple):
    """The rows of one side: what they are called and ask, where they stand, whether they are right, what they say."""

    ids: Numbers
    prompts: Numbers
    files: Numbers
    places: Numbers
    right: Numbers
    texts: Numbers


@dataclass(frozen=True)
class Pair:
    """Two sides. groups: name -> places in `a` and in `b` of the rows that are in it; -1 for none."""

    splits: tuple[Split, Split]
    sides: tuple[Side, Side]
    groups: Mapping[str, tuple[Numbers, Numbers]]

    def rows(self, group: str, page: int) -> Iterator[list[Mapping[str, Any] | None]]:
        """The rows of a page, each as its two sides."""
        window = slice((page - 1) * PAGE, page * PAGE)
        found = [self._lines(side, self.groups[group][side][window]) for side in (0, 1)]
        yield from map(list, zip(*found, strict=True))

    def _lines(self, number: int, at: Numbers) -> list[Mapping[str, Any] | None]:
        side, there = self.sides[number], [int(each) for each in at if each >= 0]
        places = [Place(int(side.files[each]), int(side.places[each])) for each in there]
        lines = iter(self.splits[number].lines(places) if there else [])
        return [next(lines).values if each >= 0 else None for each in at]


def page(site: Site, request: Request) -> Response:
    """Two folders side by side; which can be, if the URL names no other one."""
    source, view = site.source(request), view_of(request)
    alike = (one for one in site.sources.values() if one.name != source.name and one.kind == source.kind)
    others = [one for one in alike if one.folder != source.folder and _splits(one).keys() & _splits(source).keys()]
    others.sort(key=lambda one: bool(one.run))  # those that were given first
    other = next((one for one in others if one.name == view.get("with")), others[0] if others else None)
    if view.get("with") and (other is None or other.name != view.get("with")):
        raise HTTPException(404, f"{view.get('with')!r} cannot stand beside {source.name}: give synth view both")
    values: dict[str, Any] = {"others": others, "other": other}
    if other is not None:
        splits = [name for name in _splits(source) if name in _splits(other)]
        name = view.get("split") or splits[0]
        if name not in splits:
            raise HTTPException(404, f"{source.name} and {other.name} have no split {name!r} in common")
        pair = pair_of(_splits(source)[name], _splits(other)[name], source.name, other.name)
        group = view.get("show") or next((each for each, (at, _) in pair.groups.items() if len(at)), SAME[0])
        if group not in pair.groups:
            raise HTTPException(404, f"there is no group {group!r}: {', '.join(pair.groups)}")
        count = len(pair.groups[group][0])
        values |= {
            "splits": splits, "of": name, "group": group, "counts": {k: len(v[0]) for k, v in pair.groups.items()},
            "rows": [shown(one) for one in pair.rows(group, view.page)], "pages": max(1, -(-count // PAGE)),
        }  # fmt: skip
    return site.page("beside.html", request, **values)


def _splits(source: Source) -> Mapping[str, Split]:
    path = source.folder / PREDICTIONS
    return source.splits or ({"predictions": Split((path,))} if path.is_file() else {})


def pair_of(a: Split, b: Split, name_a: str, name_b: str) -> Pair:
    return _joined(a, b, name_a, name_b, a.key(), b.key())


@lru_cache(4)
def _joined(a: Split, b: Split, name_a: str, name_b: str, *_states: str) -> Pair:
    """Files that have changed are in another state, and read again."""
    one, two = _read(a), _read(b)
    keys = (one.ids, two.ids) if np.isin(one.ids, two.ids).any() else (one.prompts, two.prompts)
    _, mine, theirs = np.intersect1d(*keys, return_indices=True)
    order = np.argsort(mine)
    at, beside = mine[order], theirs[order]
    if (one.right >= 0).any() and (two.right >= 0).any():
        x, y = one.right[at] == 1, two.right[beside] == 1
        masks = dict(zip(RIGHT, (x & y, x & ~y, ~x & y, ~x & ~y), strict=True))
    else:
        same = one.texts[at] == two.texts[beside]
        masks = dict(zip(SAME, (same, ~same), strict=True))
    groups = {name: (at[mask], beside[mask]) for name, mask in masks.items()}
    alone = [np.flatnonzero(~np.isin(own, others)) for own, others in (keys, keys[::-1])]
    none = [np.full(len(rows), -1) for rows in alone]
    groups |= {ALONE[0]: (alone[0], none[0]), ALONE[1]: (none[1], alone[1])}
    return Pair((a, b), (one, two), {name.format(a=name_a, b=name_b): rows for name, rows in groups.items()})


def _read(split: Split) -> Side:
    """One pass over the files. Raises FolderError."""
    parts: list[tuple[Any, ...]] = []
    batch: list[tuple[int, int, Mapping[str, Any]]] = []
    for each in _values(split):
        batch.append(each)
        if len(batch) == BATCH:
            parts.append(_columns(batch))
            batch = []
    parts.append(_columns(batch))
    return Side(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _columns(batch: list[tuple[int, int, Mapping[str, Any]]]) -> tuple[Any, ...]:
    lines = [line for _, _, line in batch]
    right = [-1 if line.get("correct") is None else int(line["correct"] is True) for line in lines]
    return (
        prints(str(line["id"]) for line in lines),
        prints(str(line.get("prompt")) for line in lines),
        np.array([file for file, _, _ in batch], dtype=np.uint16),
        np.array([at for _, at, _ in batch], dtype=np.int64),
        np.array(right, dtype=np.int8),
        prints(_text(line) for line in lines),
    )


def _values(split: Split) -> Iterator[tuple[int, int, Mapping[str, Any]]]:
    """File, place and fields of each row that can be read and has an id."""
    for number, path in enumerate(split.files):
        if split.is_parquet:
            import pyarrow.parquet as pq

            rows = (
                row
                for part in pq.ParquetFile(path).iter_batches(columns=["id", "prompt", "completion"])
                for row in part.to_pylist()
            )
            yield from ((number, at, row) for at, row in enumerate(rows))
            continue
        at = 0
        with opened(path) as file:
            for text in file:
                if (line := fields(text)) and line.get("id") is not None:
                    yield number, at, line
                at += len(text)


def _text(line: Mapping[str, Any]) -> str:
    """What a row or an output says."""
    said = line.get("output") if "output" in line else line.get("completion")
    return str(said if said is not None else "")


def shown(sides: list[Mapping[str, Any] | None]) -> dict[str, Any]:
    """A row for the page: each text as what is alike, the first word that is not, and the rest."""
    texts = [_text(side) if side else "" for side in sides]
    alike = next((at for at, (one, two) in enumerate(zip(*texts, strict=False)) if one != two), min(map(len, texts)))
    if alike < max(map(len, texts)):  # back to where the word begins
        alike = texts[0].rfind(" ", 0, alike) + 1
    cut = [(text[:alike], *WORD.findall(text[alike:])[0]) for text in texts]
    return {"any": next(side for side in sides if side), "sides": list(zip(sides, cut, strict=True))}


SCREEN = Screen("beside", "Beside", "/{source}", page, ("dataset", "evaluation"))
