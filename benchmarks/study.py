"""What rationales are worth on Explained-ListOps with short expressions, from scratch, at equal cost:

    python benchmarks/study.py --out study                  about half an hour on 2 cores
    python benchmarks/study.py --out study --scale gpu      expressions of 50 to 100 tokens, as in the paper

After Ballout et al. 2023 (arXiv 2402.07543), who fine-tune T5. Here decoders that know nothing learn the same questions
with no, short, medium or long explanations, and are compared in two ways:

    equal examples   all see the same questions once, the same number a step: longer explanations cost more tokens
    equal compute    all go through as many tokens (prompt and target): longer explanations mean fewer examples.
                     FLOPs are 6 x parameters x tokens (Kaplan et al. 2020): equal tokens are equal FLOPs anywhere

The compute is what those examples take with long explanations, whose runs count both ways. All models of one seed start
from the same weights with the same tokenizer. Every run is made by the commands anyone would type (synth build, train,
eval, report), each in a process of its own on one thread; a run that is there is not made again, so a study that was
stopped goes on. results.json and study.png in the folder are what docs/study.md shows.
"""

import argparse
import itertools
import json
import math
import os
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import study_figures as figures

if TYPE_CHECKING:
    from synth.record import Record


EXPLANATIONS = ("none", "short", "medium", "long")
WAYS = ("equal examples", "equal compute")
Synth = Callable[[Sequence[str]], None]


@dataclass(frozen=True)
class Scale:
    """Everything that a study's size and its models depend on."""

    expressions: str  # options of synth build listops
    pool: int  # training questions; who needs more goes through them again
    test: int
    hidden: int
    layers: int
    heads: int
    spread: float  # of the random start weights
    lr: float
    batch: int  # rows a step
    wider: dict[str, int]  # at equal compute, where rows are short: so many times the rows
    examples: int  # of a run at equal examples
    longest: int  # tokens of prompt and target
    explanations: tuple[str, ...] = EXPLANATIONS


SHORT = "--min-length 8 --max-length 16 --values 10 --max-depth 4 --max-args 3"
WIDER = {"none": 4, "short": 2}
SCALES = {
    "smoke": Scale(SHORT, 400, 50, 16, 1, 2, 0.08, 3e-3, 8, WIDER, 120, 256, ("none", "medium")),
    "cpu": Scale(SHORT, 100_000, 1_000, 64, 2, 4, 0.08, 3e-3, 8, WIDER, 23_200, 512),
    "gpu": Scale("--min-length 50 --max-length 100", 500_000, 2_000, 512, 6, 8, 0.02, 5e-4, 32, WIDER, 400_000, 4096),
}


@dataclass(frozen=True)
class Plan:
    """One training run."""

    explain: str
    seed: int
    ways: tuple[str, ...]  # the comparisons it counts in
    options: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.explain}-{'-and-'.join(way.split()[1] for way in self.ways)}-{self.seed}"

    def evaluation(self, out: Path) -> Path:
        """Where synth eval puts it, and synth report looks for it."""
        return out / "runs" / self.name / "eval" / f"{self.explain}-test"


def main() -> None:
    parser = argparse.ArgumentParser(description="What rationales are worth, at equal examples and at equal compute.")
    parser.add_argument("--out", type=Path, default=Path("study"), help="folder to work in; holds what is done")
    parser.add_argument("--scale", choices=[*SCALES], default="cpu")
    parser.add_argument("--seeds", type=int, default=5, help="runs of each kind, 2 to 9")
    parser.add_argument("--workers", type=int, default=2, help="runs at the same time, a core each")
    given = parser.parse_args()
    if not 2 <= given.seeds <= 9:
        parser.error("--seeds is 2 to 9: an interval needs two")
    print(study(given.out, SCALES[given.scale], given.seeds, given.workers))


def study(out: Path, scale: Scale, seeds: int, workers: int, synth: Synth | None = None) -> str:
    """Make what is missing, then results.json and study.png; returns the table."""
    command = synth or in_process_of_its_own
    out.mkdir(parents=True, exist_ok=True)
    prepare(out, scale, seeds, command)
    plans = planned(scale, tokens_of(out, scale), seeds)
    with ThreadPoolExecutor(workers) as pool:
        for number, plan in enumerate(pool.map(lambda plan: one_run(out, scale, plan, command), plans), 1):
            print(f"{number}/{len(plans)} {plan.name}", file=sys.stderr)
    command(["report", *(str(out / "runs" / plan.name) for plan in plans), "--out", str(out / "report"), "--quiet"])
    conditions = evaluated(out, plans)
    results = {
        "scale": asdict(scale), "seeds": seeds, "guesses": guesses(out), "pairs": figures.pairs(conditions),
        "conditions": [{name: value for name, value in each.items() if name != "rows"} for each in conditions],
    }  # fmt: skip
    (out / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    figures.draw(results, out / "study.png")
    return figures.table(results)


def in_process_of_its_own(words: Sequence[str]) -> None:
    """Run a synth command on one thread; stops the study where it fails."""
    alone = {**os.environ, "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(
        [sys.executable, "-m", "synth", *words], env=alone, check=False, capture_output=True, encoding="utf-8",
        errors="replace",
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"synth {' '.join(words)}\n{done.stderr[-2000:]}")


# Data, start weights and plans


def prepare(out: Path, scale: Scale, seeds: int, synth: Synth) -> None:
    """The questions with each explanation, and for each seed a model that has learned nothing."""
    rows = f"--train {scale.pool} --validation 0 --test {scale.test} --test-longer 0 --test-larger 0"
    size = ["build", "listops", "--explain", "all", *rows.split(), *scale.expressions.split()]
    if not (out / "data" / "README.md").exists():
        synth([*size, "--out", str(out / "data"), "--quiet"])
    for seed in range(seeds):
        if not (start(out, seed) / "tokenizer.json").exists():
            start_model(out, scale, seed)


def start(out: Path, seed: int) -> Path:
    """The model of a seed that knows nothing; all have one name, so that synth report puts seeds together."""
    return out / "start" / f"{seed}" / "scratch"


def first_rows(out: Path, explain: str, count: int) -> "list[Record]":
    from synth.data.reading import read

    return list(itertools.islice(read(out / "data" / explain, "train"), count))


def start_model(out: Path, scale: Scale, seed: int) -> None:
    """A Llama with random weights. Its tokenizer has the words of all explanations, so that all models are one size."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from synth.models import scratch

    tokenizer = scratch.make_tokenizer(
        [row for each in EXPLANATIONS for row in first_rows(out, each, 1_000)], "tiny", True
    )
    shape = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=scale.hidden, intermediate_size=scale.hidden * 21 // 8,
        num_hidden_layers=scale.layers, num_attention_heads=scale.heads, max_position_embeddings=scale.longest,
        tie_word_embeddings=True, initializer_range=scale.spread, pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id, bos_token_id=None,
    )  # fmt: skip
    torch.manual_seed(seed)
    LlamaForCausalLM(shape).save_pretrained(start(out, seed))
    tokenizer.save_pretrained(start(out, seed))


def tokens_of(out: Path, scale: Scale) -> dict[str, int]:
    """Tokens, prompt and target, of the examples with each explanation."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(start(out, 0))
    found = {}
    for explain in scale.explanations:
        texts = (f"{row.prompt}\n{row.completion}" for row in first_rows(out, explain, scale.examples))
        found[explain] = sum(len(tokenizer(text)["input_ids"]) + 1 for text in texts)  # and the end token
    return found


def planned(scale: Scale, tokens: dict[str, int], seeds: int) -> list[Plan]:
    """All runs, seed by seed: those of the longest explanations count in both comparisons."""
    longest = max(tokens, key=lambda explain: tokens[explain])
    same = ("--epochs", "1", "--batch-size", f"{scale.batch}", "--limit", f"{scale.examples}")
    plans = []
    for seed, explain in itertools.product(range(seeds), scale.explanations):
        if explain == longest:
            plans.append(Plan(explain, seed, WAYS, same))
            continue
        needed = math.ceil(scale.examples * tokens[longest] / tokens[explain] * 1.01)
        compute = (
            "--max-tokens", f"{tokens[longest]}", "--batch-size", f"{scale.batch * scale.wider.get(explain, 1)}",
            "--limit", f"{min(scale.pool, needed)}",
        )  # fmt: skip
        plans += [Plan(explain, seed, (way,), options) for way, options in zip(WAYS, (same, compute), strict=True)]
    return plans


def one_run(out: Path, scale: Scale, plan: Plan, synth: Synth) -> Plan:
    """Train and evaluate, unless it is done."""
    run, data = out / "runs" / plan.name, out / "data" / plan.explain
    if not is_complete(run / "synth-run.json"):
        synth([
            "train", "llama", "--model", str(start(out, plan.seed)), "--data", str(data), *plan.options,
            "--lr", f"{scale.lr}", "--warmup", "0.02", "--max-length", f"{scale.longest}", "--log-steps", "100",
            "--save-steps", "2000", "--keep-checkpoints", "1", "--seed", f"{plan.seed}", "--out", str(run), "--quiet",
            *(["--resume"] if (run / "synth-run.json").exists() else []),
        ])  # fmt: skip
    if not is_complete(plan.evaluation(out) / "metrics.json"):
        synth([
            "eval", "--model", str(run), "--data", str(data), "--batch-size", "256",
            "--max-new-tokens", f"{scale.longest // 2}", "--quiet",
        ])  # fmt: skip
    return plan


def is_complete(facts: Path) -> bool:
    return facts.exists() and bool(json.loads(facts.read_bytes())["complete"])


# Figures


def evaluated(out: Path, plans: Sequence[Plan]) -> list[dict[str, Any]]:
    """Every comparison and explanation with its seeds; `rows` holds a list of right and wrong for each seed."""
    conditions = []
    for way, explain in itertools.product(WAYS, dict.fromkeys(plan.explain for plan in plans)):
        runs = [plan for plan in plans if way in plan.ways and plan.explain == explain]
        facts = [json.loads((out / "runs" / plan.name / "synth-run.json").read_bytes()) for plan in runs]
        outputs = [predictions(plan.evaluation(out)) for plan in runs]
        rows = [[bool(row["correct"]) for row in sorted(each, key=lambda row: row["id"])] for each in outputs]
        condition = {
            "way": way, "explain": explain, "rows": rows, "accuracies": [statistics.mean(seed) for seed in rows],
            "parameters": facts[0]["parameters"], "steps": facts[0]["steps"],
            "examples": mean_of(facts, "examples_seen"), "tokens": mean_of(facts, "tokens_seen"),
            "cpu_seconds": mean_of(facts, "cpu_seconds"),
            "flops": 6 * facts[0]["parameters"] * mean_of(facts, "tokens_seen"),
            "steps_right": [statistics.mean(bool(row["steps_right"]) for row in each) for each in outputs],
            "output_tokens": statistics.mean(row["tokens"] for each in outputs for row in each),
            "by": {column: figures.by(outputs, column) for column in ("operators", "root")},
        }  # fmt: skip
        condition["accuracy"] = figures.share(condition["accuracies"])
        condition["bootstrap"] = figures.bootstrap(rows)
        conditions.append(condition)
    return conditions


def predictions(evaluation: Path) -> list[dict[str, Any]]:
    lines = (evaluation / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def mean_of(facts: Sequence[dict[str, Any]], name: str) -> float:
    return statistics.mean(float(each[name]) for each in facts)


def guesses(out: Path) -> dict[str, float]:
    """Accuracy without any nested step: the commonest answer, and the one of an expression's outermost operator.

    The second takes the commonest answer of the training rows whose outermost operator and whose digits beside it, in
    whatever order, are the same; where there are none, that of the operator.
    """
    from synth.data.reading import read

    counts: dict[str, Counter[str]] = {}
    for row in read(out / "data" / "none", "train"):
        for key in ("", *outermost(row.prompt)):
            counts.setdefault(key, Counter())[row.answer] += 1
    right = Counter[str]()
    test = list(read(out / "data" / "none", "test"))
    for row in test:
        right["commonest"] += counts[""].most_common(1)[0][0] == row.answer
        key = next(key for key in (*outermost(row.prompt), "") if key in counts)
        right["outermost"] += counts[key].most_common(1)[0][0] == row.answer
    return {name: right[name] / len(test) for name in ("commonest", "outermost")}


def outermost(prompt: str) -> tuple[str, str]:
    """The outermost operator with the digits beside it, sorted, and the operator alone: `[SUM 3 [MIN 1 2 ] 1 ]`."""
    first, *tokens = prompt.split()
    depth, digits = 1, []
    for token in tokens:
        depth += token.startswith("[") - (token == "]")
        if depth == 1 and token.isdigit():
            digits.append(token)
    return f"{first} {' '.join(sorted(digits))}", first


if __name__ == "__main__":
    main()
