"""Questions over several facts from 2WikiMultiHopQA, answered at once or in self-asked steps.

Source: 2WikiMultiHopQA (Ho et al. 2020, "Constructing A Multi-hop QA Dataset for Comprehensive Evaluation of Reasoning
Steps", COLING), https://github.com/Alab-NII/2wikimultihop, Apache-2.0. Format and limits: Mathews, Weinberger and Kao,
"Fine-tuning On Rationale Generation Improves Multi-Hop Reasoning in Small Language Models", table 1 and appendix H.
The records that come with the program (`--source sample`) are made up, in the same layout and under the same licence.

train.json becomes the split train and dev.json the split test: the official test.json has no answers. A row keeps the
words of its question and its answer, with their capitals; a prompt ends with its cue and a completion begins with a
space, so that one after the other reads as in the paper. With `--exemplars 0 --source sample`:

    {"id": "2wiki/made-up-dev-01", "task": "2wiki",
     "prompt": "Facts:
                Fact #0: The Brass Meridian is a 1958 Spanish film by Amparo Liñán.
                Fact #1: She was born in Villarreja de la Sierra.
                Question: Where was the director of film The Brass Meridian born?
                Are follow up questions needed here:",
     "rationale": "Follow up: Who is the director of The Brass Meridian?
                   Intermediate answer: Amparo Liñán
                   Follow up: Where is the place of birth of Amparo Liñán?
                   Intermediate answer: Villarreja de la Sierra",
     "answer": "Villarreja de la Sierra",
     "completion": " Yes.
                    (the rationale)
                    So the final answer is: Villarreja de la Sierra",
     "meta": {"type": "compositional", "style": "self-ask", "hops": 2, "relations": "director; place of birth",
              "facts": 2, "facts_added": 0, "prompt_tokens": 61, "exemplars": "", "perturb": "none",
              "source_id": "2wiki/made-up-dev-01"},
     "provenance": null}

`--style direct` ends the prompt with `Answer:`; the completion is " Villarreja de la Sierra" and there is no rationale.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from random import Random
from typing import Any, Literal

from synth.base.config import option, settings
from synth.base.draws import generator
from synth.builders.twowiki import exemplars, words
from synth.builders.twowiki.about import ABOUT, made_up
from synth.builders.twowiki.evidence import Drop, Source, hops, links
from synth.builders.twowiki.evidence import check as check_chain
from synth.builders.twowiki.perturb import PERTURBATIONS, perturb
from synth.builders.twowiki.repair import repaired
from synth.builders.twowiki.source import HELP, SAMPLE, File, Piece, facts, locate, pieces
from synth.builders.twowiki.tidy import missing, paragraphs, read, row_id
from synth.data.builder import Builder, Limit
from synth.errors import SourceError, UsageError
from synth.models.tokens import counter
from synth.record import Record, Rejected, Scalar

NAME = "2wiki"
LIMITS = {"direct": 130, "self-ask": 300}  # prompt tokens, appendix H
TOO_LONG = "prompt_too_long"
ESTIMATED = "estimated from the letters of the text, without a tokenizer"
META = {
    "type": str,
    "style": str,
    "hops": int,
    "relations": str,  # of the steps, in order
    "facts": int,
    "facts_added": int,  # with --repair-facts: those that the source does not cite
    "prompt_tokens": int,
    "exemplars": str,  # ids of the records they were made from
    "perturb": str,
    "source_id": str,  # the row that a perturbed row came from; otherwise the row itself
}


@settings
class Config:
    source: str = option(
        "folder, file (JSON, JSON lines, Parquet) or zip with train.json and dev.json, or a dataset id on the Hub; "
        "`sample` are the few made-up records that come with the program",
        default=SAMPLE,
    )
    source_split: Literal["auto", "train", "test"] = option(
        "build this split alone; of a single file it says which one it is, auto goes by its name (train..., or test)",
        default="auto",
    )
    style: Literal["direct", "self-ask"] = option("answer alone, or follow-up questions first", default="self-ask")
    exemplars: int | None = option(
        "worked examples before the question, 0 to 2  [default: 2 for self-ask, 0 for direct]", default=None
    )
    max_prompt_tokens: int | None = option(
        "leave out longer prompts (before --perturb), 0 for no limit  [default: 130 for direct, 300 for self-ask]",
        default=None,
    )
    tokenizer: str | None = option(
        "counts the tokens: a folder or a model id on the Hub  [default: an estimate]", default=None
    )
    perturb: Literal["none", "reorder", "distract", "corrupt-relevant", "corrupt-irrelevant"] = option(
        "change the facts of the test split, for analysis", default="none"
    )
    fact_titles: bool = option("put the title of its page before each fact", default=False)
    repair_facts: bool = option(
        "where the cited facts do not say what a step says, take in a sentence of the same paragraph that does",
        default=False,
    )
    line_break: str = option("stands for a line break in the rows, such as ' ; ' for T5", default=r"\n")
    train: int | None = option("most rows of the training split  [default: all]", default=None, recipe=False)
    test: int | None = option("most rows of the test split  [default: all]", default=None, recipe=False)


@dataclass(frozen=True)
class Item:
    """A work item: some records, and the worked examples to draw from."""

    piece: Piece
    pool: exemplars.Pool | None


def check(config: Config) -> None:
    wrong = []
    if config.exemplars not in (None, 0, 1, 2):
        wrong.append(f"--exemplars is {config.exemplars}, it can be 0, 1 or 2")
    if (config.max_prompt_tokens or 0) < 0:
        wrong.append(f"--max-prompt-tokens is {config.max_prompt_tokens}, give 0 for no limit")
    wrong += [f"--{name} is {n}, give 0 or more" for name in ("train", "test") if (n := getattr(config, name) or 0) < 0]
    if not config.line_break:
        wrong.append("--line-break is empty: give what stands between two lines, such as ' ; '")
    if config.perturb not in PERTURBATIONS:
        wrong.append(f"--perturb is {config.perturb!r}, it can be {', '.join(PERTURBATIONS)}")
    if config.style not in LIMITS:
        wrong.append(f"--style is {config.style!r}, it can be {', '.join(LIMITS)}")
    if wrong:
        raise UsageError("; ".join(wrong))
    counter(config.tokenizer)  # says at once if it cannot be loaded


def splits(config: Config) -> dict[str, int | None]:
    wanted = {"train": config.train, "test": config.test}
    rows = {split: wanted[split] for split in _files(config) if config.source_split in ("auto", split)}
    if not rows:
        raise UsageError(
            f"--source-split is {config.source_split}, and {config.source!r} has only {', '.join(_files(config))}"
        )
    if config.perturb == "none":
        return rows
    if "test" not in rows:
        raise UsageError(f"--perturb changes the test split, and {config.source!r} has none: give dev.json")
    return {"test": rows["test"]}


def items(config: Config, split: str) -> Iterator[Item]:
    """Pieces of the files. The first record of each file has to be what it should be, for it tells of the others."""
    pool = exemplars.pool(config.style, _files(config).get("train", ())) if _exemplars(config) else None
    for file in _files(config)[split]:
        rest = pieces(file)
        if (first := next(rest, None)) is None or not (first_records := first.records()):
            raise SourceError(f"{file.name} holds no records: {HELP}")
        _check_first(file, first_records[0])
        yield from (Item(piece, pool) for piece in chain([first], rest))


def records(config: Config, split: str, seed: int, item: Item) -> Iterator[Record | Rejected]:
    for record in item.piece.records():
        try:
            if lacking := missing(record):
                raise Drop("missing_field", f"the record has no {', '.join(lacking)}")
            yield row(config, split, seed, record, item.pool)
        except Drop as drop:
            yield _rejected(record, drop)


def question(record: Record) -> str:
    """Facts and question: two rows that differ in their examples alone are repeats."""
    return record.prompt[record.prompt.find(words.FACTS) :]


def stratum(record: Record) -> str | None:
    """The question type, which decides the shape of the chain."""
    kind = record.meta.get("type")
    return str(kind) if kind else None


def source_facts(config: Config) -> dict[str, str]:
    return facts(_files(config))


def notes(config: Config) -> dict[str, str]:
    said = {"prompt_tokens": "counted by the tokenizer" if config.tokenizer else ESTIMATED}
    if _exemplars(config):
        pool = exemplars.pool(config.style, _files(config).get("train", ()))
        whose = "the training split, which they are no rows of" if pool.own else "the made-up records of the program"
        said["exemplars"] = f"drawn from {sum(map(len, pool.kinds))} records of {whose}"
    return said


def row(config: Config, split: str, seed: int, record: Any, pool: exemplars.Pool | None = None) -> Record:
    """The row of a record. Raises Drop for one that is not kept."""
    source = read(record)
    if pool and split == "train" and source.id in pool.reserved:
        raise Drop("used_as_exemplar", "an example before the questions of other rows")
    count = _exemplars(config)
    drawn = exemplars.draw(pool, count, source, generator(f"{NAME}/exemplars/{seed}", source.id)) if pool else []
    prompt, tokens = _prompt(config, source, drawn)
    limit = LIMITS[config.style] if config.max_prompt_tokens is None else config.max_prompt_tokens
    if limit and tokens > limit:
        raise Drop(TOO_LONG, f"{tokens} tokens, at most {limit}")
    steps, cited = links(source), len(source.facts)
    if config.repair_facts:
        source = repaired(source, steps, paragraphs(record))
        prompt, tokens = _prompt(config, source, drawn)
        if limit and tokens > limit:
            raise Drop(TOO_LONG, f"{tokens} tokens with what its facts lack, at most {limit}")
    else:
        check_chain(source)
    shown, id = source, source.id
    if config.perturb != "none":  # of every row that the unchanged set has, however long it becomes
        draws = partial(_draws, seed, source.id)
        shown, id = perturb(config.perturb, source, steps, paragraphs(record), draws), f"{source.id}/{config.perturb}"
        prompt, tokens = _prompt(config, shown, drawn)
    rationale = words.rationale(steps) if config.style == "self-ask" else []
    completion = words.completion(config.style, rationale, source.answer)
    meta: dict[str, Scalar] = {
        "type": source.type,
        "style": config.style,
        "hops": hops(source.type, steps),
        "relations": "; ".join(step.relation for step in steps),
        "facts": len(shown.facts),
        "facts_added": len(source.facts) - cited,
        "prompt_tokens": tokens,
        "exemplars": "; ".join(example.id for example in drawn),
        "perturb": config.perturb,
        "source_id": source.id,
    }
    return Record(id, NAME, prompt, _text(config, rationale), source.answer, _text(config, completion), meta)


def _draws(seed: int, id: str, how: str) -> Random:
    """The random numbers that a perturbation of a row draws."""
    return generator(f"{NAME}/{how}/{seed}", id)


def _prompt(config: Config, source: Source, drawn: list[exemplars.Exemplar]) -> tuple[str, int]:
    """The prompt and its tokens."""
    lines = [line for example in drawn for line in example.lines]
    lines += words.facts(source, config.fact_titles) + words.ask(config.style, source.question)
    prompt = _text(config, lines)
    return prompt, counter(config.tokenizer)(prompt)


def _text(config: Config, lines: list[str]) -> str:
    return config.line_break.replace(r"\n", "\n").join(lines)


def _rejected(record: Any, drop: Drop) -> Rejected:
    fields = record if isinstance(record, Mapping) else {}
    question, answer, kind = (str(fields.get(name, "")) for name in ("question", "answer", "type"))
    return Rejected(row_id(record), drop.reason, drop.detail, question, answer, kind or "unknown")


def _exemplars(config: Config) -> int:
    if config.exemplars is None:
        return 2 if config.style == "self-ask" else 0
    return config.exemplars


def _files(config: Config) -> dict[str, tuple[File, ...]]:
    return locate(config.source, config.source_split)


def _check_first(file: File, first: Any) -> None:
    """Raises SourceError if the first record lacks what every record must have."""
    lacking = missing(first)
    if {"answer", "evidences"} & set(lacking) or not (first["answer"] or first["evidences"]):
        what = " and ".join(name for name in ("answer", "evidences") if name in lacking or not first[name])
        raise SourceError(
            f"{file.name} has records without {what}: the test split of 2WikiMultiHopQA has no answers, and other "
            "datasets have no evidences; give --source its train.json or dev.json"
        )
    if lacking:
        raise SourceError(f"the first record of {file.name} has no {', '.join(lacking)}: {HELP}")


def needs(drop: Rejected) -> Limit | None:
    """The limit that a row which is too long would have needed."""
    tokens = drop.detail.partition(" ")[0] if drop.reason == TOO_LONG else ""
    return ("--max-prompt-tokens", int(tokens)) if tokens.isdecimal() else None


BUILDER = Builder(
    config=Config, meta=META, splits=splits, records=records, about=ABOUT,
    items=items, question=question, stratum=stratum, check=check, source_facts=source_facts, notes=notes,
    hinted=lambda record: words.hinted(record.prompt, record.answer),
    made_up=made_up, needs=needs, group="type",  # synth.json breaks the yield down by it
    advice={TOO_LONG: "raise --max-prompt-tokens (0 is no limit), or add --exemplars 0"},
)  # fmt: skip
