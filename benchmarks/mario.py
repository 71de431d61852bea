"""MaRio on a laptop: small models learn to be right and to repeat nothing, from a teacher that is neither.

    python benchmarks/mario.py --out mario             make mario: some 20 minutes on 2 free cores
    python benchmarks/mario.py --out mario --seeds 1   one seed
    python benchmarks/mario.py --out mario --more      the order of the tokens, and each reward alone, on sums

After Ramnath et al. 2023, tables 2 to 5. A teacher of our own explains sums and short ListOps expressions: two rows in
five have a mistake and the answer that it comes to, two in five say a line over and over. A model is fine-tuned on
these rows (`sft`), and from there the arms have equally many steps:

    sft        the teacher's rows alone
    filter     right rows alone, the teacher's and its own, without tokens
    product    one token, for the product of the rewards
    additive   one token more each stage
    classic    a token for each reward from the first step on

Rewards are accuracy, the share of steps that hold, and diversity. Every run is made by the commands anyone would type,
on one thread; what is done is not done again. results.json is what docs/mario.md shows.
"""

import argparse
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from runs import run, spread, train

WRONG, REPEATED, TIMES = 0.4, 0.4, (2, 6)  # shares of rows, and how often a line stands there again
REWARDS = ("accuracy", "steps", "diversity")
ARMS = {"sft": "sft", "filter": "filter", "product": "product", "additive": "additive-right", "classic": "classic"}
KINDS = {
    "sums": ["arithmetic", "--digits", "2", "--train", "5000", "--validation", "200", "--test", "200",
             "--test-beyond", "0"],
    "listops": ["listops", "--explain", "medium", "--min-length", "5", "--max-length", "7", "--values", "10",
                "--max-args", "3", "--max-depth", "2", "--train", "5000", "--validation", "200", "--test", "200",
                "--test-longer", "0", "--test-larger", "0"],
}  # fmt: skip
BASE = ["--from-scratch", "tiny", "--max-steps", "2500", "--batch-size", "16", "--lr", "0.003", "--log-steps", "50"]
LEARN = ["--max-steps", "1050", "--sample-every", "350", "--per-round", "800", "--batch-size", "16", "--lr", "0.003",
         "--schedule", "linear", "--top-p", "1", "--max-new-tokens", "100", "--steer-rows", "0", "--log-steps", "50",
         "--eval-rows", "100"]  # fmt: skip


def noisy(folder: Path, out: Path, seed: int) -> None:
    """The rows of a folder as the teacher explains them."""
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
        for record in read(folder, "train"):
            wrong = with_mistake(record, reader_of(record.task), settings) if draw.random() < WRONG else None
            said = replace(wrong, answer=record.answer) if wrong else record  # the gold answer stays
            yield again(said, draw) if draw.random() < REPEATED else said

    write_rows(out, list(rows()), described(manifest), "train")


def again(record: Any, draw: Random) -> Any:
    """A row in which one line of the rationale stands several times."""
    mark = "\n" if "\n" in record.rationale else "; "
    lines = record.rationale.split(mark)
    at = draw.randrange(len(lines))
    lines[at:at] = [lines[at]] * draw.randint(*TIMES)
    rationale = mark.join(lines)
    before, _, after = record.completion.partition(record.rationale)
    return replace(record, rationale=rationale, completion=f"{before}{rationale}{after}")


def rewards(names: Sequence[str]) -> list[str]:
    return [word for name in names for word in ("--reward", name)]


def measured(out: Path, name: str, data: str, codes: str | None, sampled: bool) -> dict[str, float]:
    """Accuracy, share of rows all of whose steps hold, and diversity of a model on the test split."""
    how = "sampled" if sampled else "greedy"
    place = out / name / "eval" / f"{how}-{codes or 'best'}"
    run(out, "eval", "--model", name, "--data", data, "--out", place.relative_to(out), "--max-new-tokens", "100",
        *(["--temperature", "1"] if sampled else []), *(["--codes", codes] if codes else []), "--quiet")  # fmt: skip
    found = json.loads((place / "metrics.json").read_text())["metrics"]
    return {short: found[long]["value"] for short, long in
            (("accuracy", "accuracy"), ("steps", "steps_right"), ("diversity", "diversity"))}  # fmt: skip


def start(out: Path, kind: str, seed: int) -> tuple[str, str, str]:
    """The questions, the teacher's rows, and the model that was fine-tuned on them."""
    clean, told, sft = f"{kind}-{seed}", f"{kind}-{seed}-teacher", f"runs/{kind}-{seed}-start"
    run(out, "build", *KINDS[kind], "--seed", seed, "--out", clean, "--quiet")
    noisy(out / clean, out / told, seed)
    train(out, sft, "llama", "--data", told, *BASE, "--seed", seed)
    return clean, told, sft


def arm(out: Path, kind: str, seed: int, name: str, layout: str, paid: Sequence[str]) -> dict[str, Any]:
    """One arm: what it is worth under its best tokens, and what its tokens steer."""
    clean, told, sft = start(out, kind, seed)
    run_name = f"runs/{kind}-{seed}-{name}"
    train(out, run_name, "mario", "--data", told, "--held", clean, "--start", sft, "--layout", layout, *rewards(paid),
          *LEARN, "--seed", seed)  # fmt: skip
    found = {how: measured(out, run_name, clean, None, how == "sampled") for how in ("sampled", "greedy")}
    if layout not in ("sft", "filter"):
        worst = measured(out, run_name, clean, "worst", True)
        found["worst"] = worst
        found["steered"] = {of: found["sampled"][of] - worst[of] for of in worst}
    return found


def everything(
    out: Path, seeds: int, kinds: Sequence[str], arms: Mapping[str, tuple[str, Sequence[str]]]
) -> dict[str, Any]:
    """All arms of all seeds, as many at a time as there are cores."""
    jobs = [(kind, seed) for kind in kinds for seed in range(seeds)]

    def one(job: tuple[str, int]) -> dict[str, Any]:
        return {name: arm(out, *job, name, layout, paid) for name, (layout, paid) in arms.items()}

    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        done = dict(zip(jobs, pool.map(one, jobs), strict=True))
    return {kind: {name: summary([done[kind, seed][name] for seed in range(seeds)]) for name in arms} for kind in kinds}


def summary(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Mean over the seeds with its 95% interval (Student's t), and every seed's own figure."""
    return {
        how: {of: {**spread(each := [one[how][of] for one in found]), "seeds": each} for of in found[0][how]}
        for how in found[0]
    }


def table(title: str, arms: Mapping[str, Any]) -> str:
    head = f"{title:12} {'sampled':>24} {'greedy':>24} {'best - worst':>24}"
    lines = [head, " " * 13 + "".join(f"{name[:8]:>8}" for name in (*REWARDS, *REWARDS, *REWARDS))]
    for name, of in arms.items():
        cells = [f"{of[how][key]['mean']:8.2f}" if how in of else " " * 8 for how in ("sampled", "greedy", "steered")
                 for key in REWARDS]  # fmt: skip
        lines.append(f"{name:13}{''.join(cells)}")
    return "\n".join(lines)


ORDERS = {
    "accuracy steps diversity": ("accuracy", "steps", "diversity"),
    "diversity steps accuracy": ("diversity", "steps", "accuracy"),
    "steps diversity accuracy": ("steps", "diversity", "accuracy"),
}
ALONE = {f"{name} alone": (name,) for name in REWARDS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("mario"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--kinds", nargs="*", default=list(KINDS))
    parser.add_argument("--arms", nargs="*", default=list(ARMS))
    parser.add_argument("--more", action="store_true", help="order of the tokens, and each reward alone, on sums")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    if given.more:
        arms = {name.replace(" ", "-"): ("classic", paid) for name, paid in {**ORDERS, **ALONE}.items()}
        found, name = everything(given.out, given.seeds, ["sums"], arms), "more.json"
    else:
        arms = {name: (ARMS[name], REWARDS) for name in given.arms}
        found, name = everything(given.out, given.seeds, given.kinds, arms), "results.json"
    (given.out / name).write_text(json.dumps(found, indent=1) + "\n")
    for kind, of in found.items():
        print(table(kind, of), end="\n\n")


if __name__ == "__main__":
    main()
