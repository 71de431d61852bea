"""Which runs are the same setting with another seed, and what to call a setting.

A setting is everything that decides a run but its seed: base model, target, data, options. Its name says how it was
trained or asked, and then only what differs between the settings of the report.
"""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from statistics import fmean, stdev
from typing import Any

from synth.reporting.read import Evaluation, Run
from synth.shots.options import in_words

_FILES = {"out", "overwrite", "resume", "push", "quiet", "log_steps", "save_steps", "keep_checkpoints", "report_to"}
NO_MATTER = _FILES | {"seed", "launch", "processes"}  # settings that do not make another setting of a run
STARTS = ("start", "reference")  # of the configuration: fine-tuned models that a run begins with
NAMED = {"target", "model", "from_scratch", "data"}  # of the configuration, said in words of their own
TARGETS = {"rationale": "rationales", "answer": "answers only", "blank": "blank rationales", "label": "labels only"}


@dataclass
class Group:
    """Evaluations of one setting on one split, an evaluation a seed."""

    label: str
    data: str
    members: list[Evaluation]

    def seeds(self) -> list[Any]:
        return [member.run.get("seed") for member in self.members]

    def over_seeds(self, metric: str) -> dict[str, float] | None:
        """`{"mean", "sd", "low", "high", "seeds"}` of a metric; None for fewer than two seeds that have it."""
        values = [figure["value"] for member in self.members if (figure := member.metric(metric))]
        if len(values) < 2:
            return None
        spread = {"low": min(values), "high": max(values), "seeds": len(values)}
        return {"mean": fmean(values), "sd": stdev(values), **spread}


def data_label(evaluation: Evaluation) -> str:
    data = evaluation.data
    if evaluation.facts.get("written"):  # every writer has a folder of its own, with the same questions
        return f"{data.get('task')} {data.get('split') or ''}".strip()
    return f"{_last(data.get('folder') or 'unnamed data')} {data.get('split') or ''}".strip()


def model_name(facts: dict[str, Any]) -> str:
    """A Hub name as it is, of a path on this machine the last part."""
    name = str(facts.get("model") or "unnamed model")
    return _last(name) if PurePath(name).is_absolute() or name.startswith((".", "~")) else name


def _last(path: Any) -> str:
    return PurePath(str(path)).name or str(path)


def training_data(facts: dict[str, Any]) -> str:
    """`listops-medium`, `gsm8k-cot x2 + creak` for a mixture, `polarity-gain (gsm8k + creak)` for one with a name."""
    named: dict[str, list[str]] = {}
    for data in facts.get("data") or []:
        weight = data.get("weight")
        part = _last(data.get("folder", "?")) + (f" x{weight:g}" if weight not in (None, 1) else "")
        named.setdefault(str(data.get("mixture") or ""), []).append(part)
    return " + ".join(f"{name} ({' + '.join(parts)})" if name else " + ".join(parts) for name, parts in named.items())


def run_key(facts: dict[str, Any]) -> str:
    """What runs that differ in their seed alone have in common, as text."""
    config = {name: value for name, value in (facts.get("config") or {}).items() if name not in NO_MATTER}
    seed = facts.get("seed")
    config |= {name: _seedless(config[name], seed) for name in STARTS if config.get(name)}
    data = [
        {name: part.get(name) for name in ("folder", "split", "sha256", "weight")} for part in facts.get("data") or []
    ]
    kept = {name: facts.get(name) for name in ("trainer", "model", "target", "blank_tokens", "line_break")}
    if (facts.get("config") or {}).get("start") == kept["model"]:
        kept["model"] = config["start"]
    return json.dumps({**kept, "config": config, "data": data}, sort_keys=True, default=str)


def _seedless(name: Any, seed: Any) -> Any:
    """The name of a run without the number of the seed, if it ends with that: each seed may start from a run of its
    own, sft-0 and sft-1."""
    return re.sub(rf"(?<!\d){seed}$", "", name) if isinstance(name, str) and isinstance(seed, int) else name


def kind(evaluation: Evaluation) -> str:
    """`with`, `without` or `blank`: whether the model writes a rationale before its answer."""
    target = evaluation.facts.get("target") or evaluation.run.get("target")
    if target == "blank":
        return "blank"
    direct = evaluation.facts.get("prompting") == "direct"
    return "without" if target == "answer" or direct or learned_from_answers(evaluation) else "with"


def learned_from_answers(evaluation: Evaluation) -> bool:
    """Whether the folder that a model was trained on as it is has no rationales, as its own test rows show."""
    folders = {_last(data.get("folder", "")) for data in evaluation.run.get("data") or []}
    own = _last(evaluation.data.get("folder") or "unnamed") in folders
    return own and bool(evaluation.rows.ids) and not evaluation.rows.has_rationales


def run_labels(runs: Sequence[Run], plain: Collection[str] = ()) -> dict[str, str]:
    """Key of each setting -> its name among those of the same task. `plain` are those whose data has no rationales."""
    facts = {run_key(run.facts): run.facts for run in runs}
    tasks = [{task_of(each)} for each in facts.values()]
    parts = [_run_parts(each) | ({"": TARGETS["answer"]} if key in plain else {}) for key, each in facts.items()]
    return dict(zip(facts, _labels(parts, tasks), strict=True))


def task_of(facts: dict[str, Any]) -> str:
    """The task, or tasks, that a run was trained on."""
    return " + ".join(sorted({str(data.get("task")) for data in facts.get("data") or []}))


def _run_parts(facts: dict[str, Any]) -> dict[str, str]:
    config = {
        name: f"{name} {value}" for name, value in _flat(facts.get("config") or {}) if name not in NO_MATTER | NAMED
    }
    how = TARGETS.get(str(facts.get("target")), "untrained")
    return {"": how, " data": training_data(facts), " model": model_name(facts), **config}


def _flat(config: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in config.items() if not isinstance(value, dict | list)]


def groups(evaluations: Sequence[Evaluation]) -> list[Group]:
    """One a setting and split, in the order of the evaluations."""
    collected: dict[tuple[str, str], list[Evaluation]] = {}
    parts: dict[tuple[str, str], dict[str, str]] = {}
    for evaluation in evaluations:
        key = (asked_key(evaluation), data_label(evaluation) + str(evaluation.data.get("sha256")))
        collected.setdefault(key, []).append(evaluation)
        parts[key] = _parts(evaluation)
    settings = list(dict.fromkeys(asked for asked, _ in collected))
    first = {asked: part for (asked, _), part in reversed(parts.items())}
    places = [{data for other, data in collected if other == asked} for asked in settings]
    names = dict(zip(settings, _labels([first[asked] for asked in settings], places), strict=True))
    return [Group(names[key[0]], data_label(members[0]), members) for key, members in collected.items()]


def asked_key(evaluation: Evaluation) -> str:
    """What evaluations of one setting have in common, on whatever data: the model, and how it was asked."""
    facts, run = evaluation.facts, evaluation.run
    asked = [facts.get(name) for name in ("target", "prompting", "samples", "temperature")]
    if sure := facts.get("confidence"):
        asked.append(sure)
    if codes := facts.get("codes"):
        asked.append(codes)
    if shots := facts.get("shots"):
        asked.append([shots.get(name) for name in ("sha256", "n", "seed", "as")])
    return json.dumps([run_key(run) if run else model_name(facts), asked], default=str)


def _parts(evaluation: Evaluation) -> dict[str, str]:
    """What a setting's name is put together from, the most telling first."""
    facts = evaluation.run
    if evaluation.facts.get("written"):
        return {"": model_name(evaluation.facts), "samples": f"{evaluation.facts.get('samples') or 1} samples"}
    if not facts:
        asked = "asked directly" if kind(evaluation) == "without" else "asked for rationales"
        return {"": asked, " model": model_name(evaluation.facts), **_sampling(evaluation)}
    parts = {**_run_parts(facts), **_sampling(evaluation)}
    if kind(evaluation) == "without" and facts.get("target") == "rationale":
        parts[""] = TARGETS["answer"] if learned_from_answers(evaluation) else "asked directly"
    return parts


def _sampling(evaluation: Evaluation) -> dict[str, str]:
    samples = evaluation.facts.get("samples") or 1
    shots = evaluation.facts.get("shots")
    votes = "confidence by votes" if samples != 1 else "no confidence"
    return {
        "samples": f"{samples} samples" if samples != 1 else "greedy",
        "shots": in_words(shots) if shots else "no demonstrations",
        "confidence": "confidence of the answer" if evaluation.facts.get("confidence") else votes,
        "codes": f"codes {codes}" if (codes := evaluation.facts.get("codes")) else "no codes",
    }


def _labels(settings: list[dict[str, str]], places: list[set[str]]) -> list[str]:
    """For each setting its first part, and what tells it from those shown beside it, in one of its `places`."""
    labels = []
    for setting, here in zip(settings, places, strict=True):
        beside = [other for other, there in zip(settings, places, strict=True) if here & there]
        several = len({other[" data"] for other in beside if other.get(" data")}) > 1
        chosen = {name: setting[name] for name in ("", " data") if setting.get(name) and (not name or several)}
        for name, value in setting.items():
            likes = [other for other in beside if all(other.get(part) == chosen[part] for part in chosen)]
            if any(other.get(name) != value for other in likes):
                chosen[name] = value
        labels.append(", ".join(chosen.values()))
    return labels
