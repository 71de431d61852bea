"""What is wrong with a study is one line, which names the table and what may stand there."""

from pathlib import Path

import pytest

from synth.errors import UsageError
from synth.studying.cells import planned
from synth.studying.file import find, read_study

GOOD = """
[train]
name = "llama"
from_scratch = "tiny"
[axes.task]
sums.build = { name = "arithmetic", digits = "5" }
[[blocks]]
name = "main"
task = ["sums"]
seed = [0, 1]
"""


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("[train]", "[trian]", "there is no trian: there are about, sources, axes, evals, blocks, build"),
        ("[train]", "[train", "is not TOML: "),
        ("from_scratch", "from_scrach", "synth train llama has no option from_scrach; did you mean 'from_scratch'?"),
        ('"tiny"', '"tinny"', "[train]: --from-scratch tinny: one of tiny, small, base; did you mean 'tiny'?"),
        ('from_scratch = "tiny"', "lr = 0.1", "give --model NAME, or --from-scratch tiny, small or base"),
        ('from_scratch = "tiny"', 'from_scratch = "tiny"\nlr = "high"', "[train]: --lr high: a number"),
        ('from_scratch = "tiny"', 'from_scratch = "tiny"\nout = "x"', "[train]: out is set by the study: leave it out"),
        ('name = "llama"', 'name = "lama"', "no trainer is called 'lama': there are "),
        ('name = "llama"', "", '[train]: synth train needs name = "...", a trainer'),
        ('"arithmetic"', '"arithmetik"', "'arithmetik'"),
        ("digits", "digit", "axes.task.sums.build: synth build arithmetic has no option digit; did you mean 'digits'?"),
        ("sums.build", "sums.bild", "axes.task.sums has bild, which is no verb: there are build, import"),
        ('{ name = "arithmetic", digits = "5" }', "3", "axes.task.sums.build is no table of options"),
        ("sums.build = {", "sums.judge = {", "block main (task=sums, seed=0) has no data: give the value of an axis"),
        ('sums.build = { name = "arithmetic", digits = "5" }', "", "there is no axes.task.sums"),
        ('["sums"]', '["sum"]', "block main: there is no axes.task.sum; did you mean 'sums'?"),
        ("[0, 1]", "[0, 0]", "block main: seed has 0 twice"),
        ("[0, 1]", "[]", "block main: seed is empty: give it a value"),
        ("[0, 1]", "[[0]]", "block main: seed has [0], which is neither a text nor a number"),
        ("[0, 1]", "[-1]", "block main, seed: --seed -1: 0 at least"),
        ("seed =", "sead =", "has an option sead: write [axes.sead] with 0.VERB = { ... }; did you mean 'seed'?"),
        ('name = "main"', "", 'block 1 has no name: add name = "..."'),
        ("[[blocks]]", "[blocks]", "there are no blocks: add [[blocks]] with name and at least one axis"),
        (
            "[axes.task]", '[axes.seed]\n0.judge.votes = 3\n1.judge.votes = 5\n[axes.task]',
            "block main (task=sums, seed=0): seed = 0 says nothing of eval, train, build, which is all that",
        ),
        ("[axes.task]", "[report]\n[axes.task]", "there is no report: there are about, "),
        ("seed = [0, 1]", 'evals = ["x"]', "block main: there is no [evals.x]"),
        ("seed = [0, 1]", 'skip = [{ task = "x" }]', "block main: skip names task = 'x', which the block does not"),
        ("seed = [0, 1]", 'skip = [{ task = "sums" }]', "block main: skip leaves no cell"),
        ("seed = [0, 1]", 'train = { data = ["task=x"] }', "there is no axes.task.x: there are sums"),
        ('digits = "5"', 'digits = "$x"', "there is no $x: there is no source"),
        ("[train]", "[sources]\nx = 3\n[train]", 'sources.x is neither a path nor a table: write x = "PATH"'),
        ("[train]", "[axes.eval]\n[train]", "[axes.eval]: eval is taken, call the axis otherwise"),
        ("[train]", "[evals]\nx = 3\n[train]", "evals.x is no table: write [evals.x]"),
        ("[train]", "[import]\nsource = 'x'\n[train]", "has data of [build] and of [import]"),
        ("[train]", "[difficulty]\nmodel = 3\n[train]", "[difficulty]: --model 3: a text"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(tmp_path: Path, before: str, after: str, told: str) -> None:
    path = tmp_path / "mine.toml"
    assert before in GOOD
    path.write_text(GOOD.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(UsageError) as error:
        planned(read_study(path), {})
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace("[0, 1]", "[0, 0]") + "\n[[blocks]]\nseed = 1\n[[blocks]]\nname = 'main'\n", "utf-8")
    with pytest.raises(UsageError) as error:
        read_study(path)
    assert str(error.value) == (
        f'{path}: block main: seed has 0 twice; block 2 has no name: add name = "..."; two blocks are called main'
    )


def test_a_study_that_is_not_there() -> None:
    with pytest.raises(UsageError, match=r"there is no file x\.toml: give a study in TOML, or one of "):
        find("x.toml")
    with pytest.raises(UsageError, match="no study is called 'x': there are "):
        find("x")
