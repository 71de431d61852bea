"""MaRio on a laptop: small models learn to be right and to repeat nothing, from a teacher that is neither.

    python benchmarks/mario.py --out mario             make mario: 15 to 25 minutes on 2 free cores
    python benchmarks/mario.py --out mario --seeds 1   one seed
    python benchmarks/mario.py --out mario --more      the order of the tokens, and each reward alone, on sums

After Ramnath et al. 2023, tables 2 to 5. A teacher of our own explains sums and short ListOps expressions: two rows in
five have a mistake and the answer that it comes to, and many say a line over and over (of sums seven in ten, the last
line; of ListOps two in five, any line). A model is fine-tuned on these rows, for sums one that learned from right rows
before, as a pretrained model can do a task now and then. From there the arms have equally many steps:

    sft        the teacher's rows alone
    filter     right rows alone, the teacher's and its own, without tokens
    product    one token, for the product of the rewards
    additive   one token more each stage
    classic    a token for each reward from the first step on

Rewards are accuracy, the share of steps that hold, and diversity. A seed of a kind is a process of its own, on one
thread, that calls what the commands call; what is done is not done again. results.json is what docs/mario.md shows.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from runs import is_begun, spread

WRONG, REPEATED = 0.4, {"sums": 0.7, "listops": 0.4}  # shares of the teacher's rows
TIMES = (2, 6)  # how often a line stands there again
REWARDS = ("accuracy", "steps", "diversity")
LAYOUTS = {"sft": "sft", "filter": "filter", "product": "product", "additive": "additive-right", "classic": "classic"}
MORE = {
    "accuracy-steps-diversity": ("accuracy", "steps", "diversity"),
    "diversity-steps-accuracy": ("diversity", "steps", "accuracy"),
    "steps-diversity-accuracy": ("steps", "diversity", "accuracy"),
    **{f"{name}-alone": (name,) for name in REWARDS},
}
ARMS = {**{name: (layout, REWARDS) for name, layout in LAYOUTS.items()},
        **{name: ("classic", paid) for name, paid in MORE.items()}}  # fmt: skip
ROWS: dict[str, Any] = {"train": 5000, "validation": 200, "test": 200}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "sums": ("arithmetic", {"digits": "2", "test_beyond": 0}),
    "listops": ("listops", {"explain": "medium", "min_length": 5, "max_length": 7, "values": 10, "max_args": 3,
                            "max_depth": 2, "test_longer": 0, "test_larger": 0}),
}  # fmt: skip
TOLD = {"sums": 1500, "listops": 5000}  # rows of the teacher
SMALL: dict[str, Any] = {"batch_size": 16, "log_steps": 50, "lr": 0.003}
NEW = {**SMALL, "from_scratch": "tiny"}
BASE = {"sums": 1900, "listops": 0}  # steps on right rows; the model of ListOps begins with the teacher's
START = {"sums": 300, "listops": 2000}  # steps on the teacher's rows
LEARN = {**SMALL, "per_round": 800, "schedule": "linear", "top_p": 1.0, "max_new_tokens": 100, "steer_rows": 0,
         "eval_rows": 100}  # fmt: skip
ROUNDS = {"sums": {"max_steps": 600, "sample_every": 200, "pool_limit": 800},
          "listops": {"max_steps": 750, "sample_every": 250}}  # fmt: skip


def noisy(folder: Path, out: Path, kind: str, seed: int) -> None:
    """The first rows of a folder as the teacher explains them."""
    from synth.bootstrapping.folder import write_rows
    from synth.bootstrapping.questions import described
    from synth.data.manifest import open_manifest
    from synth.data.reading import read
    from synth.exporting.wrong import with_mistake
    from synth.validating.checker import reader_of, settings_of

    manifest = open_manifest(folder)
    settings = settings_of(manifest)

    def rows() -> Iterator[Any]:
        draw = Random(f"teacher/{seed}")
        for record in islice(read(folder, "train"), TOLD[kind]):
            wrong = with_mistake(record, reader_of(record.task), settings) if draw.random() < WRONG else None
            said = replace(wrong, answer=record.answer) if wrong else record  # the gold answer stays
            yield again(said, draw, kind == "sums") if draw.random() < REPEATED[kind] else said

    write_rows(out, list(rows()), described(manifest), "train")


def again(record: Any, draw: Random, last: bool) -> Any:
    """A row in which one line of the rationale, the last one or any, stands several times."""
    mark = "\n" if "\n" in record.rationale else "; "
    lines = record.rationale.split(mark)
    at = len(lines) - 1 - lines[-1].startswith("</") if last else draw.randrange(len(lines))
    lines[at:at] = [lines[at]] * draw.randint(*TIMES)
    rationale = mark.join(lines)
    before, _, after = record.completion.partition(record.rationale)
    return replace(record, rationale=rationale, completion=f"{before}{rationale}{after}")


def learned(name: str, trainer: str, **given: Any) -> str:
    """A training run; one that was stopped goes on, and one that is whole is left as it is."""
    import synth

    if (begun := is_begun(Path(name))) is not None:
        synth.train(trainer, out=name, quiet=True, resume=begun, **given)
    return name


def measured(name: str, data: str, codes: str | None, sampled: bool) -> dict[str, float]:
    """Accuracy, share of rows all of whose steps hold, and diversity of a model on the test split."""
    import synth

    place = Path(name, "eval", f"{'sampled' if sampled else 'greedy'}-{codes or 'best'}")
    if not (place / "metrics.json").is_file():
        synth.evaluate(model=name, data=data, out=place, max_new_tokens=100, temperature=1.0 if sampled else None,
                       codes=codes, quiet=True)  # fmt: skip
    found = json.loads((place / "metrics.json").read_text())["metrics"]
    return {short: found[long]["value"] for short, long in
            (("accuracy", "accuracy"), ("steps", "steps_right"), ("diversity", "diversity"))}  # fmt: skip


def start(kind: str, seed: int) -> tuple[str, str, str]:
    """The questions, the teacher's rows, and the base as it was fine-tuned on them."""
    import synth

    clean, told = f"{kind}-{seed}", f"{kind}-{seed}-teacher"
    name, options = KINDS[kind]
    if not Path(clean, "synth.json").is_file():
        synth.build(name, **options, **ROWS, seed=seed, out=clean, quiet=True)
    if not Path(told, "synth.json").is_file():
        noisy(Path(clean), Path(told), kind, seed)
    begun: dict[str, Any] = NEW
    if BASE[kind]:
        base = learned(f"runs/{kind}-{seed}-base", "llama", data=clean, max_steps=BASE[kind], **NEW, seed=seed)
        begun = {**SMALL, "model": base}
    name = f"runs/{kind}-{seed}-start"
    return clean, told, learned(name, "llama", data=told, max_steps=START[kind], **begun, seed=seed)


def arm(kind: str, seed: int, name: str, layout: str, paid: Sequence[str]) -> dict[str, Any]:
    """One arm: what it is worth under its best tokens, and what its tokens steer."""
    clean, told, sft = start(kind, seed)
    kept = "all" if layout == "filter" else "best"
    run = learned(f"runs/{kind}-{seed}-{name}", "mario", data=told, held=clean, start=sft, layout=layout, reward=paid,
                  **LEARN, **ROUNDS[kind], keep_weights=kept, seed=seed)  # fmt: skip
    found: dict[str, Any] = {how: measured(run, clean, None, how == "sampled") for how in ("sampled", "greedy")}
    if layout not in ("sft", "filter"):
        found["worst"] = measured(run, clean, "worst", True)
        found["steered"] = {of: found["sampled"][of] - found["worst"][of] for of in REWARDS}
    if layout == "filter":
        rounds = [sft, *sorted(map(str, Path(run, "rounds").glob("*/run")))]
        found["rounds"] = [measured(each, clean, None, True) for each in rounds]
    return found


def beside(classic: Mapping[str, Any], filtered: Mapping[str, Any]) -> dict[str, float]:
    """Classic minus filter, sampled, after equally many steps; and the diversity where filter was as accurate as
    classic is, between two of its rounds."""
    import numpy as np

    path = sorted((each["accuracy"], each["diversity"]) for each in filtered["rounds"])
    accuracies, diversities = ([point[at] for point in path] for at in (0, 1))
    then = float(np.interp(classic["sampled"]["accuracy"], accuracies, diversities))
    found = {of: classic["sampled"][of] - filtered["sampled"][of] for of in REWARDS}
    return {**found, "diversity at equal accuracy": classic["sampled"]["diversity"] - then}


def everything(out: Path, seeds: int, kinds: Sequence[str], names: Sequence[str]) -> dict[str, Any]:
    """All arms of all seeds, as many seeds at a time as there are cores."""
    jobs = [(kind, seed) for kind in kinds for seed in range(seeds)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}

    def one(job: tuple[str, int]) -> dict[str, Any]:
        command = [sys.executable, str(Path(__file__).resolve()), "--one", *map(str, job), "--arms", *names]
        with tempfile.TemporaryFile("w+") as wrong:
            done = subprocess.run(command, cwd=out, env=environment, stdout=subprocess.PIPE, stderr=wrong, check=False)
            wrong.seek(0)
            if done.returncode:
                raise SystemExit(f"{' '.join(command)}\n{wrong.read()[-2000:]}")
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        done = dict(zip(jobs, pool.map(one, jobs), strict=True))
    for found in done.values():
        if {"classic", "filter"} <= found.keys():
            found["classic - filter"] = {"difference": beside(found["classic"], found["filter"])}
    return {
        kind: {name: summary([done[kind, seed][name] for seed in range(seeds)]) for name in done[kind, 0]}
        for kind in kinds
    }


def summary(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Mean over the seeds with its 95% interval (Student's t), and every seed's own figure."""
    return {
        how: {of: {**spread(each := [one[how][of] for one in found]), "seeds": each} for of in found[0][how]}
        for how in found[0]
        if how != "rounds"
    }


def table(title: str, arms: Mapping[str, Any]) -> str:
    head = f"{title:24} {'sampled':>24} {'greedy':>24} {'best - worst':>24}"
    lines = [head, " " * 25 + "".join(f"{name[:8]:>8}" for name in (*REWARDS, *REWARDS, *REWARDS))]
    for name, of in arms.items():
        if "difference" in of:
            told = (
                f"{key} {to['mean']:+.2f} ({to['low']:+.2f} to {to['high']:+.2f})"
                for key, to in of["difference"].items()
            )
            lines.append(f"{name}: {', '.join(told)}")
            continue
        cells = [f"{of[how][key]['mean']:8.2f}" if how in of else " " * 8 for how in ("sampled", "greedy", "steered")
                 for key in REWARDS]  # fmt: skip
        lines.append(f"{name[:24]:25}{''.join(cells)}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("mario"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS))
    parser.add_argument("--arms", nargs="*", default=list(LAYOUTS))
    parser.add_argument("--more", action="store_true", help="order of the tokens, and each reward alone, on sums")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)  # a kind and a seed, in this process
    given = parser.parse_args()
    if given.one:
        kind, seed = given.one[0], int(given.one[1])
        print(json.dumps({name: arm(kind, seed, name, *ARMS[name]) for name in given.arms}))
        return
    given.out.mkdir(parents=True, exist_ok=True)
    kinds, arms, name = (["sums"], list(MORE), "more") if given.more else (given.kinds, given.arms, "results")
    found = everything(given.out, given.seeds, kinds, arms)
    (given.out / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")
    for kind, of in found.items():
        print(table(kind, of), end="\n\n")


if __name__ == "__main__":
    main()
