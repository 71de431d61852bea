"""Scratchpad arithmetic: sums, differences and products, digit by digit.

The format is that of Nye et al. 2021 ("Show Your Work: Scratchpads for Intermediate Computation with Language
Models", arXiv 2112.00114) as Zelikman et al. 2022 (STaR, arXiv 2203.14465) generate it. Made by program; Apache-2.0
like the rest of this project.

    synth build arithmetic --operation subtract --digits 1-5 --out out

One row, here with its line breaks; prompt and completion joined are the text of the paper:

    id           arithmetic/style=scratchpad,operation=add,digits=3/train/0/216281
    task         arithmetic
    prompt       Input:
                 6 2 4 + 2 5 9
                 Target:
    rationale    <scratch>
                 6 2 4 + 2 5 9 , C: 0      the whole question, nothing done yet
                 2 + 5 , 3 C: 1            4 + 9 is done: 3, carry 1; next are 2 + 5
                 6 + 2 , 8 3 C: 0
                 , 8 8 3 C: 0              no digits are left
                 0 8 8 3                   the carry in front
                 </scratch>
    answer       8 8 3                     the last line without leading zeros
    completion   a line break, the rationale, a line break, the answer
    meta         {"operation": "add", "digits": 3, "carries": 1, "hinted_prompt": ""}

(The remarks on the right are not in the data.) The other operations work in the same way. Of a difference the first
operand is not the smaller one, and B is what is borrowed; a product goes through the digits of the second operand from
the right, and adds to each digit times digit what stands above it, so that a line is always one step:

    6 2 4 - 2 5 9 , B: 0        2 4 * 3 7 , C: 0          the whole question
    2 - 5 , 5 B: 1              2 4 * 7 + 0 0 , C: 0      first operand * 7 + what stands above
    6 - 2 , 6 5 B: 1            2 * 7 + 0 , 8 C: 2        4 * 7 + 0 is done: 8, carry 2
    , 3 6 5 B: 0                , 6 8 C: 1                so 2 4 * 7 = 1 6 8, of which the 8 is final
    0 3 6 5                     2 4 * 3 + 1 6 , 8 C: 0
                                2 * 3 + 1 , 8 8 C: 1      4 * 3 + 6 is done: 8, carry 1
                                , 8 8 8 C: 0
                                0 8 8 8

Styles: `scratchpad` as above; `direct` has no rationale and the answer alone as completion; `hint` is STaR's
rationalization: the answer stands in the prompt, after `Target:`, and the completion is the scratchpad that leads
there. Meta's `unhinted_prompt`, which only this style has, is the prompt without it, for what is trained on. The same
seed asks the same questions in every style.

Both operands have the same number of digits. Row for row the digit counts are exactly uniform, until a short one has no
different questions left (there are 81 sums of one digit); see operands.py.
"""

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from synth.base.config import option, settings
from synth.builders.arithmetic.operands import LONGEST, SHARES, Drawing, questions
from synth.building.ids import Key, variant
from synth.data.about import About
from synth.data.builder import Builder
from synth.errors import UsageError
from synth.record import Record

Column = dict[tuple[str, str, int], tuple[int, int]]  # see ADDED

META = {"operation": str, "digits": int, "carries": int, "hinted_prompt": str}
HINTED = {"unhinted_prompt": str}  # further columns of the style `hint`
LENGTHS_BEYOND = 5  # how many lengths above --digits test_beyond has by default: 6-10 above 1-5, as in the paper

SIGNS = {"add": "+", "subtract": "-", "multiply": "*"}
NAMES = {sign: name for name, sign in SIGNS.items()}
COMPUTE: dict[str, Callable[[int, int], int]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}

# (digit above, digit below, carry or borrow) -> (digit of the result, next carry or borrow)
TRIPLES = [(above, below, carry) for above in range(10) for below in range(10) for carry in range(2)]
ADDED: Column = {(f"{a}", f"{b}", c): ((a + b + c) % 10, int(a + b + c > 9)) for a, b, c in TRIPLES}
SUBTRACTED: Column = {(f"{a}", f"{b}", c): ((a - b - c) % 10, int(a - b - c < 0)) for a, b, c in TRIPLES}


ABOUT = About(
    name="Scratchpad arithmetic",
    text="Sums, differences or products of two numbers, worked out digit by digit on a scratchpad: each line names "
    "the next digits, the digits of the result so far, and what is carried or borrowed. Digits are separated by "
    "spaces. The answer stands after the scratchpad, without leading zeros.",
    licence="apache-2.0",
    licence_note="Made by program; nothing was copied from another dataset.",
    tags=("arithmetic", "math", "scratchpad", "chain-of-thought"),
    columns={
        "operation": "add, subtract or multiply",
        "digits": "digits of each operand",
        "carries": "times that something is carried or borrowed",
        "hinted_prompt": "in the style `hint`, the prompt with the answer in it, for a teacher; otherwise empty",
        "unhinted_prompt": "in the style `hint`, the prompt without the answer in it",
    },
    limits=(
        "Both operands have the same number of digits, and there are no negative numbers.",
        "Sums of one or two digits run out of different questions: short lengths are rarer than long ones in large "
        "splits.",
        "The split `test_beyond`, where there is one, has longer numbers than the training rows on purpose.",
    ),
    papers=(
        """@misc{nye2021show,
  title         = {Show Your Work: Scratchpads for Intermediate Computation with Language Models},
  author        = {Nye, Maxwell and Andreassen, Anders Johan and Gur-Ari, Guy and Michalewski, Henryk and Austin, Jacob
                   and Bieber, David and Dohan, David and Lewkowycz, Aitor and Bosma, Maarten and Luan, David and
                   Sutton, Charles and Odena, Augustus},
  year          = {2021},
  eprint        = {2112.00114},
  archivePrefix = {arXiv}
}""",
        """@inproceedings{zelikman2022star,
  title     = {{STaR}: Bootstrapping Reasoning With Reasoning},
  author    = {Zelikman, Eric and Wu, Yuhuai and Mu, Jesse and Goodman, Noah D.},
  booktitle = {Advances in Neural Information Processing Systems},
  year      = {2022},
  url       = {https://arxiv.org/abs/2203.14465}
}""",
    ),
)


@settings
class Config:
    style: Literal["scratchpad", "direct", "hint"] = option("how a row is written", default="scratchpad", named=True)
    operation: Literal["add", "subtract", "multiply"] = option("what is computed", default="add", named=True)
    digits: str = option("digits of the operands: one length (3) or a range (1-5)", default="1-5", named=True)
    beyond: str | None = option("digits in test_beyond  [default: the five lengths above --digits]", default=None)
    train: int = option("training rows", default=50_000, recipe=False)
    validation: int = option("validation rows", default=2_000, recipe=False)
    test: int = option("test rows of the same lengths", default=2_000, recipe=False)
    test_beyond: int = option("test rows of longer operands", default=2_000, recipe=False)
    repeat: bool = option("ask questions again once a length has no others left", default=False)


def splits(config: Config) -> dict[str, int | None]:
    return {split: rows for split, rows in _wanted(config).items() if rows}


def further(config: Mapping[str, Any]) -> Mapping[str, type]:
    """Columns of meta that only hinted rows have."""
    return HINTED if config.get("style") == "hint" else {}


def repeats(config: Config) -> bool:
    return config.repeat


def check(config: Config) -> None:
    """Raises UsageError, in one line, for everything that cannot be as it was given."""
    wanted = _wanted(config)
    wrong = [f"{_switch(split)} {rows:,}: give 0 or more" for split, rows in wanted.items() if rows < 0]
    if not any(wanted.values()):
        wrong.append("no rows are asked for: give --train, --validation, --test or --test-beyond more than 0")
    wrong += _wrong_recipe(config)
    _raise_if(wrong or _too_many(config))


def notes(config: Config) -> dict[str, Any]:
    """For synth.json: which lengths have no different questions left, and how many of them each split holds."""
    ends = {split: _exhausted(config, split, rows) for split, rows in _wanted(config).items()}
    exhausted = {split: lengths for split, lengths in ends.items() if lengths}
    gone = sorted({length for lengths in exhausted.values() for length in lengths})
    if not gone:
        return {}
    lines = [_all_there(length, exhausted) for length in gone]
    then = "the rows beyond that ask them again" if config.repeat else "the rows beyond that have longer numbers"
    return {
        "exhausted": {split: {f"{n}": count for n, count in lengths.items()} for split, lengths in exhausted.items()},
        "questions": {f"{length}": questions(config.operation, length) for length in gone},
        "shares": {split: (stop - start) / 10 for split, (start, stop) in SHARES.items()},
        "meaning": f"{'; '.join(lines)}; {then}",
    }


def _all_there(length: int, exhausted: Mapping[str, Mapping[int, int]]) -> str:
    """A clause for synth.json: every question with 1 digit that is for train (64) is there, ..."""
    held = [f"{split} ({lengths[length]:,})" for split, lengths in exhausted.items() if length in lengths]
    return f"every question with {length} digit{'s' if length > 1 else ''} is there that is for {', '.join(held)}"


def stratum(record: Record) -> str | None:
    """Operation and length: in STaR the demonstrations of a sum have as many digits. Read from the question, which rows
    have that came without their columns."""
    found = re.match(r"Input:\n((?:\d )+)([-+*]) ", record.prompt)
    if found is None:
        return None
    return f"{NAMES[found[2]]}, digits {len(found[1].split())}"


def record(config: Config, split: str, seed: int, index: int) -> Record:
    """One row from its key.

    Raises UsageError if there is no such row.
    """
    if split not in _wanted(config):
        raise UsageError(f"{split!r} is no split of arithmetic: there are {', '.join(_wanted(config))}")
    _raise_if(_wrong_recipe(config, split))
    for row in records(config, split, seed, range(index, index + 1)) if index >= 0 else ():
        return row
    raise UsageError(f"{split} of digits {config.digits} has no row {index:,}: there are no more different questions")


def records(config: Config, split: str, seed: int, rows: range) -> Iterator[Record]:
    """The rows with these indexes; fewer if the different questions run out."""
    key = str(Key("arithmetic", variant(config), split, seed))
    lengths, firsts, seconds = _drawing(config, split, seed).operands(rows)
    operation, sign = config.operation, SIGNS[config.operation]
    compute = COMPUTE[sign]
    direct, hint = config.style == "direct", config.style == "hint"
    # `rows` may be the longer one: if the questions have run out
    for index, length, first, second in zip(rows, lengths, firsts, seconds, strict=False):
        above, below = str(first), str(second)
        question = f"{' '.join(above)} {sign} {' '.join(below)}"
        answer = " ".join(str(compute(first, second)))
        scratchpad, carries = write_scratchpad(sign, question, above, below)
        prompt = f"Input:\n{question}\nTarget:"
        rationale = "" if direct else scratchpad
        # Trainers join prompt and completion as they stand: the line break between them belongs to the completion,
        # because the prompt of the paper ends with `Target:`.
        completion = f"\n{answer}" if direct else f"\n{scratchpad}\n{answer}"
        # "" and not None: a column of nothing but null has no type when JSON lines are loaded.
        hinted_prompt = hinted(prompt, answer) if hint else ""
        meta = {"operation": operation, "digits": length, "carries": carries, "hinted_prompt": hinted_prompt}
        meta |= {"unhinted_prompt": prompt} if hint else {}
        asked = hinted_prompt or prompt
        yield Record(f"{key}/{index}", "arithmetic", asked, rationale, answer, completion, meta)


def hinted(prompt: str, answer: str) -> str:
    """STaR's rationalization: the answer stands behind `Target:`."""
    return f"{prompt} {answer}"


def write_scratchpad(sign: str, question: str, above: str, below: str) -> tuple[str, int]:
    """The rationale of a question and how often something other than 0 is carried or borrowed.

    `above` and `below` are the operands as digits, of the same length.
    """
    lines, carries = _multiplied(question, above, below) if sign == "*" else _columns(sign, question, above, below)
    return "<scratch>\n" + "\n".join(lines) + "\n</scratch>", carries


def _columns(sign: str, question: str, above: str, below: str) -> tuple[list[str], int]:
    """A sum or a difference, column by column from the right."""
    letter, column = ("B", SUBTRACTED) if sign == "-" else ("C", ADDED)
    lines = []
    done, carry, carries = "", 0, 0  # `done`: the digits of the result so far, each with a space behind it
    head = question  # what the first line shows instead of its pair of digits
    for upper, lower in zip(above[::-1], below[::-1], strict=True):
        lines.append(f"{head or f'{upper} {sign} {lower}'} , {done}{letter}: {carry}")
        head = ""
        digit, carry = column[upper, lower, carry]
        done = f"{digit} {done}"
        carries += carry
    return [*lines, f", {done}{letter}: {carry}", f"{carry} {done[:-1]}"], carries


def _multiplied(question: str, above: str, below: str) -> tuple[list[str], int]:
    """One pass over the first operand for each digit of the second, from the right; each pass makes one digit final."""
    lines = [f"{question} , C: 0"]
    digits, spaced = [int(digit) for digit in above[::-1]], " ".join(above)
    standing = [0] * len(above)  # the product so far, from the right, but for the digits that are final
    final, carries = "", 0  # `final`: each digit with a space behind it
    for factor in map(int, below[::-1]):
        head = f"{spaced} * {factor} + {' '.join(map(str, standing[::-1]))}"
        written, done, carry = [], final, 0
        for digit, under in zip(digits, standing, strict=True):
            lines.append(f"{head or f'{digit} * {factor} + {under}'} , {done}C: {carry}")
            head = ""
            carry, product = divmod(digit * factor + under + carry, 10)
            written.append(product)
            done = f"{product} {done}"
            carries += carry > 0
        lines.append(f", {done}C: {carry}")
        final = f"{written[0]} {final}"
        standing = [*written[1:], carry]
    return [*lines, f"{carry} {done[:-1]}"], carries


def _raise_if(wrong: list[str]) -> None:
    if wrong:
        raise UsageError("; ".join(wrong))


def _wanted(config: Config) -> dict[str, int]:
    return {split: getattr(config, split) for split in ("train", "validation", "test", "test_beyond")}


def _switch(split: str) -> str:
    return f"--{split.replace('_', '-')}"


def _lengths(config: Config, split: str) -> range:
    """The digit counts of a split; no counts at all for a text that cannot be read."""
    if split != "test_beyond":
        return _range(config.digits)
    if config.beyond is not None:
        return _range(config.beyond)
    longest = _range(config.digits)[-1]
    return range(longest + 1, min(longest + LENGTHS_BEYOND, LONGEST) + 1)


def _range(text: str) -> range:
    """`3` or `1-5` as the lengths it stands for; no lengths for anything else."""
    match = re.fullmatch(r"([1-9]\d?)(?:-([1-9]\d?))?", text, re.ASCII)
    if not match or int(match[2] or match[1]) > LONGEST:
        return range(0)
    return range(int(match[1]), int(match[2] or match[1]) + 1)


def _drawing(config: Config, split: str, seed: int) -> Drawing:
    return Drawing(config.operation, _lengths(config, split), split, seed, config.repeat)


def _wrong_recipe(config: Config, split: str | None = None) -> list[str]:
    """What is wrong with the options that decide a row (of one split, or of all that have rows)."""
    choices = {"style": ("scratchpad", "direct", "hint"), "operation": tuple(SIGNS)}
    given = {name: getattr(config, name) for name in choices}
    wrong = [f"--{n} {given[n]}: there are {', '.join(known)}" for n, known in choices.items() if given[n] not in known]
    beyond = config.test_beyond > 0 if split is None else split == "test_beyond"
    for name, text in (("digits", config.digits), ("beyond", config.beyond if beyond else None)):
        if text is not None and not _range(text):
            wrong.append(f"--{name} {text!r}: give a length or a rising range within 1-{LONGEST}, as in --{name} 3-5")
    if not beyond or wrong:
        return wrong
    longest, lengths = _range(config.digits)[-1], _lengths(config, "test_beyond")
    if not lengths:
        return [f"no operands can be longer than --digits {config.digits} ({LONGEST} is the most): add --test-beyond 0"]
    if lengths[0] <= longest:
        return [f"--beyond {config.beyond} is not beyond --digits {config.digits}: it has to start above {longest}"]
    return []


def _too_many(config: Config) -> list[str]:
    """What asks for more different questions than there are."""
    if config.repeat:
        return []
    most = {split: list(_drawing(config, split, 0).stretches())[-1].stop for split in splits(config)}
    over = {split: count for split, count in most.items() if _wanted(config)[split] > count}
    if not over:
        return []
    wrong = [
        f"{_switch(split)} {_wanted(config)[split]:,}: {_supply(config, split, most)}" for split, most in over.items()
    ]
    allowed = " ".join(f"{_switch(split)} {most}" for split, most in over.items())
    return [*wrong, f"add --repeat for questions that occur again, ask for longer operands, or give {allowed}"]


def _supply(config: Config, split: str, most: int) -> str:
    lengths = _lengths(config, split)
    total = sum(questions(config.operation, length) for length in lengths)
    digits = f"{lengths[0]}-{lengths[-1]}" if len(lengths) > 1 else f"{lengths[0]}"
    return f"of the {total:,} different questions (digits {digits}) {most:,} are for {split}"


def _exhausted(config: Config, split: str, rows: int) -> dict[int, int]:
    """The lengths of which a split holds all questions that are its own, and how many these are."""
    if not rows:
        return {}
    drawing = _drawing(config, split, 0)
    sizes = {length: drawing.share(length).stop - drawing.share(length).start for length in drawing.lengths}
    if config.repeat:
        return {length: size for length, size in sizes.items() if size * len(sizes) <= rows}
    ends = {stretch.lengths[0]: stretch.stop for stretch in drawing.stretches()}
    return {length: size for length, size in sizes.items() if ends[length] <= rows}


BUILDER = Builder(
    config=Config, meta=META, splits=splits, records=records, about=ABOUT,
    record=record, check=check, notes=notes, repeats=repeats, further=further,
    stratum=stratum, hinted=lambda record: hinted(record.prompt, record.answer),
)  # fmt: skip
