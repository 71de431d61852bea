"""The folder of a run of rounds, and the lines of its pool.

RUN/
├── config.json model.safetensors ...   the model of the best round
├── synth-run.json  README.md           what made it, every setting; `codes` and `rewards`
├── log.jsonl                           a line for each round
├── held/                               rows that are measured on
├── rounds/000/                         the teacher's rows, scored: samples.jsonl, metrics.json
├── rounds/001/samples.jsonl            what the start model wrote, scored; later rounds: under the best tokens
├── rounds/001/left_out.json            how many texts came to no answer, by reason
├── rounds/001/data/                    the pool as it is learned from, a dataset folder: meta.codes has the tokens
├── rounds/001/run/                     the model after the round, a run folder; weights go once they are not needed
├── rounds/001/eval/                    the held rows, measured: greedy, under the best tokens
└── rounds/001/metrics.json             the figures; written last

A line of samples.jsonl is a text with all its scores:

    {"id", "question", "round", "sample", "completion", "rationale", "answer", "tokens", "scores": {reward: number}}
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from synth.bootstrapping.folder import write_facts
from synth.data.names import ROUNDS, SAMPLES

LEFT_OUT = "left_out.json"
HELD, DATA, TRAINED, MEASURED = "held", "data", "run", "eval"


@dataclass(frozen=True, slots=True)
class Line:
    """A text of the pool."""

    id: str
    question: str  # id of the row that was asked
    round: int  # 0: the teacher's
    sample: int  # from 1
    completion: str
    rationale: str
    answer: str | None
    tokens: int
    scores: Mapping[str, float | None]


def of_round(run: Path, number: int) -> Path:
    return run / ROUNDS / f"{number:03}"


def write_lines(place: Path, lines: list[Line]) -> None:
    write_facts(place / SAMPLES, (orjson.dumps(asdict(line)) + b"\n" for line in lines))


def read_lines(place: Path) -> list[Line] | None:
    """The lines of a round; None if they are not there."""
    path = place / SAMPLES
    return [Line(**orjson.loads(line)) for line in path.read_bytes().splitlines()] if path.is_file() else None


def pool(run: Path, number: int, limit: int | None) -> list[Line]:
    """All that a round learns from: the teacher's rows, and what was written up to that round, the oldest first."""
    own = [line for before in range(1, number + 1) for line in read_lines(of_round(run, before)) or []]
    return [*(read_lines(of_round(run, 0)) or []), *(own if limit is None else own[-limit:])]


def for_card(layout: str, done: Sequence[Mapping[str, Any]], told: Mapping[str, Any]) -> dict[str, Any]:
    """What the model card says of a run: rewards, and what they paid in each round. told: `mario` of synth-run.json."""
    rows = [
        {"round": one["round"], "texts": one["sampled"]["read"], "rewards": one["sampled"]["rewards"],
         "held": one["held"]["accuracy"]}
        for one in done
    ]  # fmt: skip
    rewards, audit = done[0]["paid"], done[0]["audit"]
    return {"layout": layout, "rewards": rewards, "audit": audit, "names": [*rewards, *audit], "rounds": rows,
            "best": told["best"], "collapsed": told["collapsed"]}  # fmt: skip
