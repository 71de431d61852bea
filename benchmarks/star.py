"""STaR on a laptop: small models that know nothing teach themselves sums, with and without rationalization.

    python benchmarks/star.py --out star            make star: under 20 minutes on 2 free cores
    python benchmarks/star.py --out star --seeds 1  one seed

After Zelikman et al. 2022, figure 4: without rationalization lengths are learned one after the other, with it all at
once. A base learns the form of a scratchpad from a few demonstrations, plain and with the hint, until its loss is near
nothing; every training begins from it. The arms:

    with       --rationalize
    without    the same base, the same demonstrations, no hints
    control    as many steps on the demonstrations alone (`--control few-shot-only` of the arm `without`)
    longer     with --rationalize; from iteration 3 on sums of four digits are asked as well (figure 5), one seed. Its
               base has demonstrations of four digits too, as the paper shows the model some of the length it is asked
    listops    short expressions, with and without, and with --filter steps, one seed

Every run is made by the commands anyone would type, on one thread; what is done is not done again. results.json and
the pictures in report/ are what docs/star.md shows.
"""

import argparse
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from runs import run, spread, train

# Small models want many steps of few rows, in an order that length does not decide; found by trying.
NEW = ["--from-scratch", "tiny", "--base-rows", "160", "--base-steps", "3000", "--batch-size", "16", "--lr", "0.002",
       "--warmup", "0.02", "--rationalize", "--per-iteration", "50", "--iterations", "1",
       "--start-steps", "1"]  # fmt: skip
LEARN = ["--batch-size", "32", "--lr", "0.005", "--warmup", "0.02", "--start-steps", "1000", "--per-iteration", "1500"]
LOOP = ["--no-group", "--grow", "1", "--add", "0", "--patience", "9", "--max-new-tokens", "80", "--eval-rows", "400",
        "--log-steps", "50"]  # fmt: skip


def star(out: Path, name: str, *words: object) -> None:
    """A loop; one that was stopped goes on."""
    train(out, name, "star", *words, *LOOP)


# Every arm begins with the same base and the same demonstrations.
KNOWN = ["--model", "base/base", "--trainer", "llama", "--shots", "base/shots/plain", "--shots-until", "0",
         "--keep", "base/shots/plain", "--keep", "base/shots/hinted", *LEARN]  # fmt: skip


def sums(out: Path, seed: int) -> None:
    """The arms of a seed, in a folder of their own."""
    place = out / f"seed-{seed}"
    place.mkdir(exist_ok=True)
    told = ["--data", "../sums", "--seed", seed]
    star(place, "base", *told, *NEW)
    star(place, "with", *told, *KNOWN, "--rationalize", "--iterations", "2")
    star(place, "without", *told, *KNOWN, "--iterations", "3", "--control", "few-shot-only")


def longer(out: Path) -> None:
    """Figure 5: more digits from an iteration on."""
    place = out / "longer-runs"
    place.mkdir(exist_ok=True)
    star(place, "base", "--data", "../four", "--seed", 0, *NEW, "--base-steps", "4000")
    more = ["--held", "../four", "--add-data", "../more@3", "--rationalize", "--iterations", "4"]
    star(place, "longer", "--data", "../sums", "--seed", 0, *KNOWN, *more)


def listops(out: Path) -> None:
    """Expressions of one to three operators; many answers are right by chance, which --filter steps leaves out."""
    place = out / "listops-runs"
    place.mkdir(exist_ok=True)
    told = ["--data", "../listops", "--seed", 0]
    star(place, "base", *told, *NEW, "--base-rows", "320", "--base-steps", "2500")
    base = [*told, *KNOWN, "--start-steps", "500", "--per-iteration", "800", "--iterations", "2"]
    star(place, "with", *base, "--rationalize")
    star(place, "without", *base, "--control", "few-shot-only")
    star(place, "steps", *base, "--filter", "steps")


def accuracies(out: Path, name: str) -> list[dict[str, Any]]:
    """Accuracy on held-out rows by digits, iteration by iteration."""
    found = []
    for path in sorted((out / name / "iterations").glob("*/metrics.json")):
        held = json.loads(path.read_text())["held"]
        by = held["by"].get("digits") or held["by"].get("operators") or {}
        found.append({"all": held["accuracy"]["value"], **{label: figure["value"] for label, figure in by.items()}})
    return found


def control(out: Path, name: str) -> dict[str, Any]:
    held = json.loads((out / name / "controls" / "few-shot-only" / "metrics.json").read_text())["held"]
    return {label: figure["value"] for label, figure in held["by"]["digits"].items()}


def claims(with_: Mapping[int, Any], without: Mapping[int, Any], controls: Mapping[int, Any]) -> dict[str, Any]:
    """What has to come out: points of accuracy, seed by seed."""
    return {
        "three digits, one iteration, with minus without":
            spread([100 * (with_[s][1]["3"] - without[s][1]["3"]) for s in with_]),
        "two digits without rationalization, iteration 3 minus control":
            spread([100 * (without[s][3]["2"] - controls[s]["2"]) for s in without]),
        "two digits without rationalization, iterations 0 to 3":
            [spread([100 * without[s][n]["2"] for s in without]) for n in range(4)],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("star"))
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    out: Path = asked.out
    out.mkdir(parents=True, exist_ok=True)
    counts = ["--validation", "400", "--test", "0", "--test-beyond", "0", "--quiet"]
    run(out, "build", "arithmetic", "--digits", "1-3", "--train", "9000", *counts, "--out", "sums")
    run(out, "build", "arithmetic", "--digits", "4", "--train", "4000", *counts, "--out", "more")
    short = ["--explain", "medium", "--min-length", "4", "--max-length", "10", "--max-depth", "2", "--max-args", "2",
             "--values", "10", "--train", "4000", "--test-longer", "0", "--test-larger", "0"]  # fmt: skip
    run(out, "build", "listops", *short, *counts[:4], "--quiet", "--out", "listops")
    run(out, "build", "arithmetic", "--digits", "1-4", "--train", "4000", *counts, "--out", "four")
    seeds = range(asked.seeds)
    with ThreadPoolExecutor(2) as pool:
        done = [*(pool.submit(sums, out, seed) for seed in seeds), pool.submit(longer, out), pool.submit(listops, out)]
        for one in done:
            one.result()
    with_, without = ({s: accuracies(out / f"seed-{s}", arm) for s in seeds} for arm in ("with", "without"))
    controls = {s: control(out / f"seed-{s}", "without") for s in seeds}
    found = {"with": with_, "without": without, "control": controls,
             "longer": accuracies(out / "longer-runs", "longer"),
             "listops": {name: accuracies(out / "listops-runs", name) for name in ("with", "without", "steps")},
             "claims": claims(with_, without, controls)}  # fmt: skip
    (out / "results.json").write_text(json.dumps(found, indent=1))
    run(out, "report", *(f"seed-{s}/{arm}" for arm in ("with", "without") for s in seeds), "--out", "report")
    print(json.dumps(found["claims"], indent=1))


if __name__ == "__main__":
    main()
