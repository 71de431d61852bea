"""The folder of a probe, written whole: figures, a line for each row, pictures.

RUN/probes/answer-sums-test/
├── probe.json      kind, run, data, settings, figures with their intervals
├── rows.jsonl      a line for each row
└── *.png           pictures, each for light and for dark paper: curve-light.png, curve-dark.png
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from synth.base.config import command, shown
from synth.base.files import as_json, facts_if_whole, write_whole
from synth.data.names import PROBE, PROBED, PROBES
from synth.errors import FolderError
from synth.probing.options import Probe

RUNNING = ("out", "overwrite", "quiet")  # settings that decide nothing of what comes out


@dataclass(frozen=True)
class Result:
    """What a probe found, and where it lies."""

    out: Path
    facts: Mapping[str, Any]  # probe.json
    rows: Sequence[Mapping[str, Any]] = ()
    pictures: Mapping[str, bytes] = field(default_factory=dict)  # name of the file -> PNG


def folder_of(kind: str, run: str, asked: Probe) -> Path:
    """RUN/probes/<kind>-<data>-<split>; for a model that has no folder here, probes/<model>/..."""
    if asked.out is not None:
        return asked.out
    name = f"{kind}-{asked.data.resolve().name}-{asked.split}"
    if Path(run).is_dir():
        return Path(run) / PROBES / name
    return Path(PROBES) / (re.sub(r"[^\w.-]+", "-", run).strip("-") or "model") / name


def facts_of(kind: str, run: str, asked: Probe, rows: int) -> dict[str, Any]:
    """The head of probe.json: what was looked at, and how."""
    return {
        "made_by": f"rationale-synth {version('rationale-synth')}",
        "command": command(f"synth probe {kind}", asked),
        "kind": kind,
        "run": Path(run).resolve().name if Path(run).is_dir() else run,
        "data": {"folder": asked.data.resolve().name, "split": asked.split, "rows": rows},
        "settings": {name: value for name, value in shown(asked).items() if name not in RUNNING},
    }


def check_free(out: Path, head: Mapping[str, Any], overwrite: bool) -> None:
    """Raises FolderError if the folder holds another probe, or something else."""
    if out.exists() and not out.is_dir():
        raise FolderError(f"{out} is a file: give --out a folder")
    if overwrite or not out.is_dir() or not any(out.iterdir()):
        return
    done = facts_if_whole(out / PROBE)
    if not done:
        raise FolderError(f"{out} holds something else than a probe: give another --out, or --overwrite")
    if done.get("settings") != head["settings"] or done.get("run") != head["run"] or done["kind"] != head["kind"]:
        raise FolderError(f"{out} holds another probe ({done.get('command')}): add --overwrite, or give another --out")


def write(result: Result) -> None:
    """Write all files, probe.json last; pictures of an older probe that are not drawn any more go.

    Raises FolderError.
    """
    out = result.out
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path in out.glob("*.png"):
            if path.name not in result.pictures:
                path.unlink()
        for name, png in result.pictures.items():
            write_whole(out / name, png)
        write_whole(out / PROBED, b"".join(orjson.dumps(row) + b"\n" for row in result.rows))
        write_whole(out / PROBE, as_json(result.facts))
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write to {out}") from error
