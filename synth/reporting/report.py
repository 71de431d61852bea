"""`synth report`: runs and evaluations compared, as one HTML page, PNGs beside it, and all figures as JSON.

    report/
    ├── index.html     everything in one file, which needs no network and no other file
    ├── *.png          the pictures, for a paper or a talk
    └── report.json    the figures behind them

The same folders give the same bytes.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import typer

from synth.base.config import verb
from synth.base.files import facts_if_whole, write_whole
from synth.base.terminal import show_table
from synth.data.names import FIGURES, PAGE
from synth.errors import FolderError
from synth.reporting.collect import collect
from synth.reporting.facts import facts
from synth.reporting.options import Report
from synth.reporting.page import page, pictures, reward_titles
from synth.reporting.probes import files_of
from synth.reporting.round_facts import apart

SETTINGS = ("setting", "data", "seeds", "rows", "accuracy", "95% interval", "sd of seeds", "ECE")
COMPARISONS = ("with", "without", "data", "seeds", "delta accuracy", "95% interval", "delta ECE", "95% interval")

CHANGES = (
    "setting", "changed by", "original", "rows", "accuracy", "changed", "delta", "95% interval", "loops", "changed",
)  # fmt: skip

SHOWN = 8  # lines of a study on the terminal
SERIES = ("with and without", "tasks", "more accurate", "less", "mean delta", "slope of delta ECE", "r")
ITERATIONS = ("run", "iteration", "held out", "95% interval", "rows", "hinted", "questions used", "steps")


ROUNDS = ("run", "round", "texts", "held out", "KL")


def make(folders: Sequence[Path], out: Path) -> dict[str, Any]:
    """Write the report of run and evaluation folders to `out`; returns the figures, as report.json has them.

    Raises FolderError for a folder that is neither, and for an `out` that holds something else.
    """
    _check(out)
    found = collect(folders)
    figures, probed = facts(found), files_of(found.probes)
    drawn = pictures(figures)
    files = {f"{picture.name}.png": picture.png for picture in drawn} | probed
    figures["pictures"] = list(files)
    files[FIGURES] = orjson.dumps(figures, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS) + b"\n"
    files[PAGE] = page(figures, drawn, probed).encode()
    _write(out, files)
    return figures


def _check(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise FolderError(f"{out} is a file: give --out a folder")
    others = [path.name for path in sorted(out.iterdir()) if path.suffix != ".part"] if out.is_dir() else []
    if others and FIGURES not in others:
        raise FolderError(
            f"{out} holds {others[0]!r} and is no report: give --out a new folder or that of an older report"
        )


def _write(out: Path, files: dict[str, bytes]) -> None:
    """Each file whole or not at all, the page last; pictures of an older report that are not drawn any more go."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name in _old_pictures(out) - set(files):
            (out / name).unlink(missing_ok=True)
        for name, content in files.items():
            write_whole(out / name, content)
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write to {out}") from error


def _old_pictures(out: Path) -> set[str]:
    named = facts_if_whole(out / FIGURES).get("pictures")
    return {name for name in named or [] if isinstance(name, str) and name == Path(name).name and name.endswith(".png")}


def show(figures: dict[str, Any], out: Path) -> None:
    """Print the summary of a report."""
    for study in figures["studies"]:
        typer.echo(
            f"study {study['study']}: {', '.join(f'{count} {state}' for state, count in study['cells'].items())}"
        )
        if study["series"]:
            show_table(SERIES, map(_series, study["series"][:SHOWN]), left=1)
        if len(study["series"]) > SHOWN:
            typer.echo(f"{len(study['series']) - SHOWN} more such lines are on the page")
    for setting in figures["loops"]:
        show_table(ITERATIONS, _iterations(setting), left=1)
    for setting in figures["rounds"]:
        show_table((*ROUNDS, *setting["rewards"], *setting["audit"]), _rounds(setting), left=1)
        if setting["steered"]:
            typer.echo("best minus worst tokens, with 95% intervals")
            show_table(("run", "round", *setting["steered"]), _steering(setting), left=1)
    if figures["settings"]:
        show_table(SETTINGS, map(_setting, figures["settings"]), left=2)
    if rewards := reward_titles(figures["settings"]):
        measured = [one for one in figures["settings"] if any(one["metrics"].get(name) for name in rewards)]
        show_table(("setting", "data", *rewards.values()), (_rewards(one, list(rewards)) for one in measured), left=2)
    if figures["comparisons"]:
        show_table(COMPARISONS, map(_comparison, figures["comparisons"]), left=3)
    if figures["changes"]:
        show_table(CHANGES, map(_change, figures["changes"]), left=3)
    for line in _lines(figures):
        typer.echo(line)
    typer.echo(f"wrote {out / PAGE}")


def _series(series: Mapping[str, Any]) -> list[str]:
    line, tasks = series["line"], series["tasks"]
    mean = sum(row["accuracy"]["value"] for row in tasks) / len(tasks)
    fitted = [f"{line['slope']:.3f}", f"{line['pearson']:.3f}"] if line else ["-", "-"]
    return [series["title"], str(len(tasks)), str(series["up"]), str(series["down"]), f"{100 * mean:+.1f}", *fitted]


def _lines(figures: Mapping[str, Any]) -> Iterator[str]:
    """What has no table: the lines through data sets, of trained models and of models as they are; which probes are on
    the page, and what was left out."""
    for line, whose in ((figures["line"], ""), (figures["prompted_line"], "untrained: ")):
        if line is not None:
            yield (
                f"{whose}delta ECE = {line['slope']:.3f} x delta accuracy {line['intercept']:+.3f}"
                f" over {len(line['points'])} data sets"
                f" (r {line['pearson']:.3f}, p {line['p_permutation']:.2g} by permutation)"
            )
    for probe in figures["probes"]:
        data = probe["data"]
        yield f"probe {probe['kind']}: {probe['run']} over {data['folder']} {data['split']}, on the page"
    yield from (f"note: {note}" for note in figures["notes"])


def _iterations(setting: Mapping[str, Any]) -> Iterator[list[str]]:
    named = [(str(one["number"] or "base"), one) for one in setting["iterations"]]
    for name, one in [*named, *((f"control {one['name']}", one) for one in setting["controls"])]:
        kept, used = one.get("kept") or {}, one.get("used") or {}
        counts = [None if value is None else f"{value:,.0f}" for value in (kept.get("rows"), kept.get("hinted"))]
        share = None if used.get("own") is None else f"{used['own'] + (used['hinted'] or 0):.1%}"
        steps = None if one["steps"] is None else f"{one['steps']:,.0f}"
        accuracy = one["accuracy"]
        held = [f"{accuracy['value']:.1%}", f"{accuracy['low']:.1%} to {accuracy['high']:.1%}"]
        yield [setting["title"], name, *held, *(text or "-" for text in (*counts, share, steps))]


def _rounds(setting: Mapping[str, Any]) -> Iterator[list[str]]:
    """Of each round how much was written, and the mean of each reward; held-out accuracy and KL of its model."""
    for one in setting["rounds"]:
        means = [one["rewards"].get(name) for name in (*setting["rewards"], *setting["audit"])]
        yield [
            setting["title"], str(one["number"] or "teacher"), "-" if one["read"] is None else f"{one['read']:,.0f}",
            f"{one['accuracy']['value']:.1%}" if one["accuracy"] else "-",
            "-" if one["kl"] is None else f"{one['kl']:.3f}", *(f"{of['value']:.3f}" if of else "-" for of in means),
        ]  # fmt: skip


def _steering(setting: Mapping[str, Any]) -> Iterator[list[str]]:
    for one in setting["rounds"]:
        if one["steering"]:
            told = (apart(one["steering"].get(name)) for name in setting["steered"])
            yield [setting["title"], str(one["number"]), *told]


def _setting(setting: Mapping[str, Any]) -> list[str]:
    accuracy, ece = setting["metrics"].get("accuracy"), setting["metrics"].get("ece")
    spread = setting["over_seeds"].get("accuracy")
    return [
        setting["label"], setting["data"], str(len(setting["seeds"])), f"{setting['rows'] or 0:,}",
        f"{accuracy['value']:.1%}" if accuracy else "-",
        f"{accuracy['low']:.1%} to {accuracy['high']:.1%}" if accuracy else "-",
        f"{100 * spread['sd']:.1f}" if spread else "-", f"{ece['value']:.3f}" if ece else "-",
    ]  # fmt: skip


def _rewards(setting: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """Mean and interval of each reward; of how many rows if it does not apply to all."""
    cells = []
    for name in names:
        found = setting["metrics"].get(name)
        some = f", {found['n']:,} rows" if found and found["n"] != setting["rows"] else ""
        cells.append(f"{found['value']:.3f} ({found['low']:.3f} - {found['high']:.3f}{some})" if found else "-")
    return [setting["label"], setting["data"], *cells]


def _comparison(comparison: Mapping[str, Any]) -> list[str]:
    cells: list[str] = []
    for delta in (comparison["accuracy"], comparison["ece"]):
        value = f"{100 * delta['value']:+.1f}" if delta else "-"
        cells += [value, f"{100 * delta['low']:+.1f} to {100 * delta['high']:+.1f}" if delta else "-"]
    return [comparison["label"], comparison["against"], comparison["data"], str(len(comparison["each"])), *cells]


def _change(change: Mapping[str, Any]) -> list[str]:
    before, after, delta = change["original"], change["changed"], change["accuracy"]
    return [
        change["label"], change["change"], change["against"], f"{change['rows']:,}",
        f"{before['accuracy']:.1%}", f"{after['accuracy']:.1%}", f"{100 * delta['value']:+.1f}",
        f"{100 * delta['low']:+.1f} to {100 * delta['high']:+.1f}", f"{before['loops']:.1%}", f"{after['loops']:.1%}",
    ]  # fmt: skip


def run(asked: Report) -> dict[str, Any]:
    """Compare runs and evaluations on one page with pictures.

    A run brings its evaluations along; runs that differ in their seed alone are put together; those with and without
    rationales are compared question by question. Returns the figures, as report.json has them. Raises FolderError for a
    folder that is neither a run nor an evaluation, and for an `out` that holds something else.
    """
    return make(asked.runs, asked.out)


report = verb("report", Report, run)
