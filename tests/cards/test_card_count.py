"""What a card counts, against plain Python; and its pictures."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from synth.base import plots
from synth.cards.keys import features
from synth.cards.markdown import cell, fence
from synth.cards.pictures import caption, draw_lengths, picture
from synth.data.counts import Lengths, SplitCounts, Values, total, words

TEXTS = st.lists(st.one_of(st.none(), st.text("aé 日\n\t", max_size=12)), max_size=20)


@given(TEXTS, TEXTS, st.integers(0, 5))
def test_words_are_those_of_split(first: list[str | None], second: list[str | None], skipped: int) -> None:
    column = pa.chunked_array([pa.array(first, pa.string()), pa.array(second, pa.string())]).slice(skipped)
    expected = [len((text or "").split()) for text in [*first, *second][skipped:]]
    assert words(column).tolist() == expected


@given(st.lists(st.lists(st.integers(0, 50), min_size=1), min_size=1, max_size=4))
def test_lengths_add_up(parts: list[list[int]]) -> None:
    lengths = Lengths()
    for part in parts:
        other = Lengths()
        other.add(words(pa.chunked_array([["a " * count for count in part]], pa.string())))
        lengths = lengths + other
    numbers = sorted(number for part in parts for number in part)
    assert lengths.rows == len(numbers)
    assert lengths.mean == pytest.approx(sum(numbers) / len(numbers))
    assert (lengths.quantile(0), lengths.quantile(1)) == (numbers[0], numbers[-1])
    assert lengths.quantile(0.5) == numbers[max(0, (len(numbers) + 1) // 2 - 1)]


def test_values_are_kept_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synth.data.counts.DIFFERENT", 3)
    values = Values()
    values.add(pa.chunked_array([["a", "b", "a"]]))
    assert values.counts == {"a": 2, "b": 1}
    values.add(pa.chunked_array([["c", "d"]]))
    assert values.too_many
    assert (values + Values()).too_many
    assert not values.counts


def batch(answers: list[str]) -> pa.Table:
    text = [f"{answer} is it" for answer in answers]
    verdicts = [[{"judge": "rubric", "verdict": "helpful"}]] * len(answers)
    return pa.table({
        "prompt": text, "rationale": [""] * len(text), "completion": text, "answer": answers,
        "meta": [{"n": 1, "s": None}] * len(text), "provenance": [{"cost": 0.5, "verdicts": each} for each in verdicts],
    })  # fmt: skip


def counted(answers: list[str]) -> SplitCounts:
    counts = SplitCounts()
    for answer in answers:
        counts.add(batch([answer]))
    return counts


def test_batches_and_splits_add_up() -> None:
    both = total({"train": counted(["1", "2"]), "test": counted(["1"])})
    assert (both.rows, both.answers.counts, both.meta["n"].counts) == (3, {"1": 2, "2": 1}, {1: 3})
    assert both.verdicts == {("rubric", "helpful"): 3}
    assert (both.sums["cost"], both.sums["cost known"]) == (1.5, 3)
    assert both.lengths["prompt"].mean == 3


ANSWERS = {
    "numbers": [str(number) for number in range(30)],
    "classes": ["yes", "no", "no"],
    "many": [f"answer {number}" for number in range(60)],
    "odd": ["日本", "$5", "_^{", "a" * 200, "", "-7", "1e400", "99999999999"],
    "far apart": ["1", "999999999"],
    "one": ["x"],
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_pictures_are_the_same_every_time(kind: str) -> None:
    splits = {"empty": SplitCounts(), "train": counted(ANSWERS[kind])}
    assert picture(splits) == picture(splits)
    assert caption(splits).startswith("train: ")


def drawn(lengths: dict[str, Lengths]) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(5, 3.3), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots()
    draw_lengths(axes, lengths, "test_longer")
    canvas.draw()
    return figure, axes


@pytest.mark.parametrize("few", [[6], [6, 9, 9]])
def test_the_legend_stands_on_nothing(few: list[int]) -> None:
    lengths = {"prompt": Lengths(), "completion": Lengths()}
    lengths["prompt"].add(np.array(few))
    lengths["completion"].add(np.array([120]))
    figure, axes = drawn(lengths)
    legend = axes.get_legend()
    assert legend is not None
    box = legend.get_window_extent()
    others = [axes.bbox, axes.xaxis.label.get_window_extent(), *(t.get_window_extent() for t in axes.get_xticklabels())]
    assert not any(box.overlaps(other) for other in others)
    assert (box.x0, box.y0) >= (0, 0)
    assert box.x1 <= figure.bbox.x1
    told = [text.get_text() for text in legend.get_texts()]
    assert told == ["prompt, always 6" if len(few) == 1 else "prompt", "completion, always 120"]
    assert axes.get_ylim()[1] > 1  # the bar has an upper edge


def test_pictures_of_too_many_answers() -> None:
    counts = counted(["1"])
    counts.answers.too_many = True
    assert picture({"train": counts})


def test_pictures_leave_matplotlib_as_it_is() -> None:
    script = """
import sys, matplotlib
from synth.base import plots
matplotlib.rcParams["axes.titlesize"] = 40
names = [name for name in matplotlib.rcParams if name != "backend"]  # asking for it loads pyplot
before = [matplotlib.rcParams[name] for name in names]
large = plots.draw(3, 2, lambda figure: figure.subplots().set_title("a"))
assert [matplotlib.rcParams[name] for name in names] == before
matplotlib.rcdefaults()
assert large == plots.draw(3, 2, lambda figure: figure.subplots().set_title("a"))
assert "matplotlib.pyplot" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_labels_fit_and_hold_what_the_font_has() -> None:
    assert plots.label("日 é\n$") == "\N{WHITE SQUARE} é $"
    assert len(plots.label("a" * 99)) <= 24
    assert plots.label("word " * 20).endswith("...")


def test_nothing_in_a_cell_or_a_fence_is_read_as_markup() -> None:
    assert cell("a|b\n<script> `x` *y* &amp;") == r"a\|b &lt;script&gt; \`x\` \*y\* &amp;amp;"
    assert fence("a\n```\nb").startswith("````\n")


def test_columns_are_written_as_datasets_writes_them() -> None:
    from datasets import Features

    assert Features._from_yaml_list(features())._to_yaml_list() == features()
    assert not any("null" in str(kind) for kind in Features._from_yaml_list(features()).values())
