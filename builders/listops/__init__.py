"""Explained-ListOps: nested MIN, MAX, MED and SUM over digits, solved step by step.

After Ballout et al. 2023, "Show Me How It's Done" (arXiv 2402.07543), who explain the ListOps of Nangia & Bowman 2018.
Made by program; Apache-2.0 like the rest of this project. One row of `--explain medium`:

    prompt      [SUM 15 27 [MIN 4 1 ] ]
    rationale   MIN, compare [4 1], smallest is 1, answer is 1; SUM, add [15 27 1], sum is 43, answer is 3
    answer      3
    completion  the rationale, as it ends in the closing form `answer is 3`
    meta        {"length": 8, "depth": 2, "operators": 2, "root": "SUM"}

One step for each operator, in the order in which brackets close (innermost first, left to right), over the values its
nested operators came to. Steps are joined with "; " and nothing needs newlines, which T5 does not have.
"""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from synth.base.config import Paths, option, settings
from synth.base.draws import bits
from synth.base.files import file_facts
from synth.builders.listops.draw import DRAWS, Expressions, Grammar, draw
from synth.builders.listops.explain import prompts, rationales
from synth.builders.listops.language import OPERATORS, parenthesised
from synth.builders.listops.published import as_drawn, expressions, largest
from synth.building.ids import Key, variant
from synth.data.about import About
from synth.data.builder import Builder
from synth.errors import UsageError
from synth.record import Record

EXPLANATIONS: tuple[Literal["none", "short", "medium", "long"], ...] = ("none", "short", "medium", "long")
META = {"length": int, "depth": int, "operators": int, "root": str}
LARGEST = {"max_length": 5_000, "max_args": 50, "max_depth": 50, "values": 100_000, "modulus": 100_000}


@dataclass(frozen=True)
class Preset:
    """What a configuration starts from; every field can be overridden."""

    train: int
    validation: int
    test: int
    test_longer: int
    test_larger: int
    min_length: int  # tokens
    max_length: int
    values: int  # digits are 0 to values - 1
    modulus: int
    max_depth: int  # operators nested in one another
    max_args: int
    operators: str
    answers: str


ALL = ",".join(OPERATORS)
PRESETS = {
    # Ballout et al. 2023: operands 0 to 29, "[15 27 1], sum is 43, answer is 3", 98,000 and 2,000 rows of 50 to 100
    # tokens, two tests of generalisation of 2,000 rows each.
    "explained-30": Preset(98_000, 2_000, 2_000, 2_000, 2_000, 50, 100, 30, 10, 10, 10, ALL, "uniform"),
    # Long Range Arena (Tay et al. 2021, and its generator): more than 500 and fewer than 2,000 tokens, ten levels at
    # most, one of which is that of the digits.
    "lra": Preset(96_000, 2_000, 2_000, 0, 0, 501, 1_999, 10, 10, 9, 10, ALL, "natural"),
}


@settings
class Config:
    preset: Literal["explained-30", "lra"] = option(
        "what the other options start from", default="explained-30", named=True
    )
    explain: Literal["none", "short", "medium", "long", "all"] = option(
        "how much of the way is written down; all: one dataset each, over the same questions",
        default="medium",
        named=True,
    )
    train: int | None = option("rows for training  [98000]", default=None, recipe=False)
    validation: int | None = option("rows for validation  [2000]", default=None, recipe=False)
    test: int | None = option("rows for testing  [2000]", default=None, recipe=False)
    test_longer: int | None = option("test rows of up to twice the length  [2000]", default=None, recipe=False)
    test_larger: int | None = option("test rows of digits beyond the trained ones  [2000]", default=None, recipe=False)
    min_length: int | None = option("tokens of the shortest expression  [50]", default=None)
    max_length: int | None = option("tokens of the longest expression  [100]", default=None)
    values: int | None = option("how many digits there are, from 0  [30]", default=None)
    modulus: int | None = option("SUM is taken modulo this  [10]", default=None)
    max_depth: int | None = option("operators nested in one another at most  [10]", default=None)
    max_args: int | None = option("arguments of an operator at most  [10]", default=None)
    operators: str | None = option(f"which operators occur  [{ALL}]", default=None)
    answers: Literal["uniform", "natural"] | None = option(
        "uniform: every answer equally often; natural: as the published recipe has them  [uniform]", default=None
    )
    style: Literal["plain", "parentheses"] = option("how expressions are spelled", default="plain")
    test_file: Paths = option(
        "published test set, a split of its own; may be repeated  [default: none]", default=(), recipe=False
    )


ABOUT = About(
    name="Explained-ListOps",
    text="Nested `MIN`, `MAX`, `MED` and `SUM` over lists of numbers, with the way to the answer written down: one "
    "step for each operator, innermost first and left to right, each over the values its nested operators came "
    "to. `MED` of an even count is the mean of the two middle values, rounded down; `SUM` is taken modulo a "
    "number (10 unless the settings below say otherwise). How much of the way is written down is the setting "
    "`explain`: nothing (`none`), operator and value (`short`), the operation and its result (`medium`), or "
    "sentences that also say what remains to be done (`long`).",
    licence="apache-2.0",
    licence_note="Made by program; nothing was copied from another dataset.",
    tags=("listops", "chain-of-thought"),
    columns={
        "length": "tokens of the expression, brackets included",
        "depth": "operators nested in one another",
        "operators": "operators in the expression, and so steps in the rationale",
        "root": "the outermost operator",
    },
    limits=(
        "A formal language with four operators: what a model learns here need not carry over to questions in words.",
        "The test splits `test_longer` and `test_larger`, where there are any, are drawn from another distribution "
        "than the training rows on purpose: expressions up to twice as long, and digits beyond the trained ones.",
        "The answers are drawn evenly unless the settings say `natural`, so that the operators of an expression are "
        "not distributed as in the ListOps of 2018.",
    ),
    papers=(
        """@inproceedings{ballout2023show,
  title     = {Show Me How It's Done: The Role of Explanations in Fine-Tuning Language Models},
  author    = {Ballout, Mohamad and Krumnack, Ulf and Heidemann, Gunther and K{\\"u}hnberger, Kai-Uwe},
  booktitle = {Asian Conference on Machine Learning},
  year      = {2023},
  url       = {https://arxiv.org/abs/2402.07543}
}""",
        """@inproceedings{nangia2018listops,
  title     = {{ListOps}: A Diagnostic Dataset for Latent Tree Learning},
  author    = {Nangia, Nikita and Bowman, Samuel R.},
  booktitle = {Proceedings of the NAACL 2018 Student Research Workshop},
  year      = {2018},
  url       = {https://arxiv.org/abs/1804.06028}
}""",
    ),
)


def splits(config: Config) -> dict[str, int | None]:
    """Rows of each split."""
    preset = _preset(config)
    rows = {
        "train": preset.train, "validation": preset.validation, "test": preset.test,
        "test_longer": preset.test_longer, "test_larger": preset.test_larger,
    }  # fmt: skip
    # Published expressions come first: drawn ones that repeat them are drawn again.
    files = {split: len(expressions(path, preset.modulus)) for split, path in published(config).items()}
    return {**files, **{split: count for split, count in rows.items() if count}}


def published(config: Config) -> dict[str, Path]:
    """The splits that are read from files: test_NAME. Raises UsageError for two of one name."""
    named = {path: "test_" + re.sub(r"\W+", "_", path.name.rsplit(".", 1)[0].lower()) for path in config.test_file}
    if len(set(named.values())) < len(config.test_file):
        raise UsageError(f"--test-file: two files would be the split {next(iter(named.values()))}: rename one of them")
    return {split: path for path, split in named.items()}


def source_facts(config: Config) -> dict[str, str]:
    """The published files by name, with the sha256 of each."""
    return {path.name: file_facts(path)["sha256"] for path in published(config).values()}


def settled(config: Config) -> Config:
    """The configuration with the preset's values written out."""
    return replace(config, **asdict(_preset(config)))


def variants(config: Config) -> dict[str, Config]:
    """`--explain all` is four datasets over the same questions."""
    if config.explain != "all":
        return {"": config}
    return {explain: replace(config, explain=explain) for explain in EXPLANATIONS}


def chunk(config: Config) -> int:
    """Rows in one work item: fewer if rows are long, so that memory stays the same."""
    rows = 4096 * 100 // _preset(config).max_length
    return max(32, min(4096, rows) // (4 if config.explain == "long" else 1))


def record(config: Config, split: str, seed: int, index: int) -> Record:
    """Row `index` of a split, from its key alone.

    Raises UsageError if there is no such row.
    """
    wrong = _wrong_options(replace(_preset(config), train=1)) or _wrong_lengths(replace(config, train=1))
    if config.explain == "all":
        wrong.append("--explain all is four datasets: give one of them")
    if split not in ("train", "validation", "test", "test_longer", "test_larger"):
        wrong.append(f"listops has no split {split!r}")
    if wrong:
        raise UsageError("; ".join(wrong))
    return next(records(config, split, seed, range(index, index + 1)))


def records(config: Config, split: str, seed: int, item: range) -> Iterator[Record]:
    """The rows with the indexes in `item`."""
    named = replace(_without_presets(config), test_file=())
    if split in (files := published(config)):
        yield from _read_rows(config, str(Key("listops", variant(named), split, seed)), files[split], item)
        return
    drawn_as = replace(named, explain="none", style="plain")  # draws do not depend on what is written about them
    grammar = _grammar(drawn_as, split)
    question = str(Key("listops", variant(drawn_as), split, seed))
    key = str(Key("listops", variant(named), split, seed))
    size = max(1, 4096 * 100 // grammar.longest)  # as many rows side by side as stay in the processor's cache
    for start in range(item.start, item.stop, size):
        stop = min(start + size, item.stop)
        drawn = draw(grammar, bits(question, start, stop, grammar.longest * DRAWS))
        yield from _records(config, f"{key}/", start, drawn, max(grammar.high, grammar.modulus), grammar.modulus)


def _read_rows(config: Config, key: str, path: Path, item: range) -> Iterator[Record]:
    """Rows of a published file."""
    modulus = _preset(config).modulus
    found, highest = expressions(path, modulus), max(modulus, largest(path, modulus))
    for index in range(item.start, min(item.stop, len(found))):
        expression = found[index]
        if isinstance(expression, int):  # there is nothing to do
            facts: dict[str, Any] = {"length": 1, "depth": 0, "operators": 0, "root": ""}
            yield Record(f"{key}/{index}", "listops", str(expression), "", str(expression), str(expression), facts)
        else:
            yield from _records(config, f"{key}/", index, as_drawn(expression, modulus), highest, modulus)


def _records(config: Config, key: str, start: int, drawn: Expressions, highest: int, modulus: int) -> Iterator[Record]:
    plain = prompts(drawn, highest)
    steps = rationales(drawn, config.explain, plain, config.style, highest, modulus)
    last = np.cumsum(np.bincount(drawn.row)) - 1  # the root closes last
    roots = [OPERATORS[operator] for operator in drawn.operator[last].tolist()]
    columns = (drawn.lengths.tolist(), drawn.depths.tolist(), np.bincount(drawn.row).tolist(), roots)
    answers = drawn.value[last].tolist()
    if config.style == "parentheses":
        plain = [parenthesised(prompt) for prompt in plain]
    for index, (prompt, rationale, number, *meta) in enumerate(
        zip(plain, steps, answers, *columns, strict=True), start=start
    ):
        answer = str(number)
        completion = _completion(config.explain, rationale, answer)
        facts = dict(zip(META, meta, strict=True))
        yield Record(f"{key}{index}", "listops", prompt, rationale, answer, completion, facts)


def _completion(explain: str, rationale: str, answer: str) -> str:
    """Rationale and answer; the steps of medium and long end in the closing form as they are."""
    if explain == "none":
        return answer
    return f"{rationale}; answer is {answer}" if explain == "short" else rationale


def tally(record: Record) -> Iterator[tuple[str, str]]:
    """Every operator of the expression, for `synth stats`."""
    return (("operator", token[1:]) for token in record.prompt.split() if token[0] == "[")


def check(config: Config) -> None:
    """Raises UsageError that lists everything that cannot be."""
    preset = _preset(config)
    wrong = _wrong_options(replace(preset, test=preset.test or len(config.test_file)))
    if not wrong:
        wrong = _wrong_lengths(config)
    if not wrong:
        wrong = _too_many_rows(config)
    if wrong:
        raise UsageError("; ".join(wrong))


def _wrong_options(preset: Preset) -> list[str]:
    given = asdict(preset)
    wrong = [
        f"--{_dashed(name)} {given[name]}: at most {most:,}" for name, most in LARGEST.items() if given[name] > most
    ]
    least = {"min_length": 4, "values": 2, "modulus": 2, "max_depth": 1, "max_args": 2, "train": 0, "validation": 0,
             "test": 0, "test_longer": 0, "test_larger": 0}  # fmt: skip
    wrong += [f"--{_dashed(name)} {given[name]}: at least {low}" for name, low in least.items() if given[name] < low]
    if preset.min_length > preset.max_length:
        wrong.append(f"--min-length {preset.min_length} is above --max-length {preset.max_length}")
    unknown = [name for name in _names(preset.operators) if name not in OPERATORS]
    if unknown or not preset.operators:
        wrong.append(f"--operators {preset.operators}: any of {ALL}, with commas between")
    if preset.answers == "uniform" and preset.modulus > preset.values:
        wrong.append(
            f"--modulus {preset.modulus} above --values {preset.values}: some answers could not be reached, "
            f"add --modulus {max(2, preset.values)} or --answers natural"
        )
    if not any((preset.train, preset.validation, preset.test, preset.test_longer, preset.test_larger)):
        wrong.append("no rows are asked for: give --train, --validation or --test a number")
    return wrong


def _wrong_lengths(config: Config) -> list[str]:
    wrong = []
    for grammar in {_grammar(config, split) for split in splits(config)}:
        if not (grammar.shapes.whole[grammar.shortest :] > 0).any():
            possible = ", ".join(map(str, np.flatnonzero(grammar.shapes.whole > 0)[:4].tolist()))
            wrong.append(
                f"no expression has {grammar.shortest} to {grammar.longest} tokens with --max-depth "
                f"{grammar.max_depth} and --max-args {grammar.max_args} (possible are {possible}, ...)"
            )
    return sorted(set(wrong))


def _too_many_rows(config: Config) -> list[str]:
    """Splits that draw from the same expressions must find enough of them."""
    pools: dict[Grammar, int] = {}
    for split, rows in splits(config).items():
        grammar = _grammar(config, split)
        pools[grammar] = pools.get(grammar, 0) + (rows or 0)
    return [
        f"{rows:,} rows are asked for and only {grammar.distinct:,.0f} different expressions have {grammar.shortest} "
        f"to {grammar.longest} tokens: ask for fewer rows or allow longer expressions"
        for grammar, rows in pools.items()
        if rows > grammar.distinct
    ]


@lru_cache(maxsize=32)
def _grammar(config: Config, split: str) -> Grammar:
    """What the expressions of a split are drawn from."""
    preset = _preset(config)
    shift = preset.values if split == "test_larger" else 0
    shortest, longest = preset.min_length, preset.max_length
    if split == "test_longer":  # 100 to 200 if training has 50 to 100
        shortest, longest = longest, 2 * longest
    operators = tuple(code for code, name in enumerate(OPERATORS) if name in _names(preset.operators))
    uniform = preset.answers == "uniform"
    return Grammar(
        operators, shift, preset.values - 1 + shift, preset.modulus, preset.max_args, preset.max_depth,
        shortest, longest, uniform,
    )  # fmt: skip


def _preset(config: Config) -> Preset:
    """The preset with what was given instead of it."""
    given = {name: value for name, value in asdict(config).items() if value is not None}
    overrides: dict[str, Any] = {name: given[name] for name in asdict(PRESETS[config.preset]) if name in given}
    return replace(PRESETS[config.preset], **overrides)


@lru_cache(maxsize=32)
def _without_presets(config: Config) -> Config:
    """The same configuration with nothing given that the preset says anyway, so that its rows have one name."""
    preset = asdict(PRESETS[config.preset])
    same: dict[str, Any] = {name: None for name, value in preset.items() if getattr(config, name) == value}
    return replace(config, **same)


def _names(operators: str) -> list[str]:
    """Names out of "MIN,MAX"; ids spell it MIN+MAX."""
    return [name.strip() for name in operators.upper().replace("+", ",").split(",")]


def _dashed(name: str) -> str:
    return name.replace("_", "-")


BUILDER = Builder(
    config=Config, meta=META, splits=splits, records=records, about=ABOUT,
    record=record, variants=variants, settled=settled, chunk=chunk, check=check, tally=tally,
    whole_numbers=True, source_facts=source_facts,
    hinted=lambda record: f"{record.prompt} ({record.answer})",
)  # fmt: skip
