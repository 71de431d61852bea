"""`synth judge --judge attribution`: errors that rationales led to, sorted by a model, counted, shown in the report."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from loopback import Answer, serving
from report_folders import a_run, an_evaluation, write_lines
from report_page import Page

import synth
from synth.errors import FolderError, UsageError
from synth.judges import attribution
from synth.judging.errors import errors_of
from synth.reporting.attribution import PUBLISHED as SHOWN_SHARES
from synth.reporting.collect import collect
from synth.reporting.facts import facts
from synth.reporting.page import page
from synth.statistics.intervals import interval

Synth = Callable[..., Any]
ROWS = 12
OPTIONS = "\nOptions: (A) positive (B) negative\nAnswer:"


def row(number: int, correct: bool, **others: Any) -> dict[str, Any]:
    """A question about a film whose right answer is A."""
    letter = "A" if correct else "B"
    said = f"Film {number} is long. Long films are dull.\nThe answer is {letter}."
    return {
        "id": f"sst2/{number}", "prompt": f"Statement: film {number} is fine{OPTIONS}",
        "output": said, "outputs": [], "answer": letter, "gold": "A", "correct": correct, "contained": correct,
        "last_character": None, "f1_1": 0.5, "f1_2": 0.4, "steps_right": None, "first_wrong_step": None, "fault": None,
        "loop": False, "words": 9, "tokens": 12, "confidence": None, "meta": {}, **others,
    }  # fmt: skip


def evaluation(folder: Path, target: str, rows: list[dict[str, Any]], seed: int = 0) -> Path:
    """A run with one evaluation; returns the evaluation."""
    run = a_run(folder, target, seed, data=[{"folder": "sst2", "task": "sst2", "split": "train", "rows": 9}])
    found = an_evaluation(run / "eval" / "sst2-test", run=run, rows=len(rows))
    facts = json.loads((found / "metrics.json").read_text())
    facts["data"] |= {"folder": "sst2", "task": "sst2"}
    (found / "metrics.json").write_text(json.dumps(facts))
    write_lines(found / "predictions.jsonl", rows)
    return found


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Path, Path]:
    """Of 12 questions 8 are wrong with a rationale, of these 6 right without, of these one has no answer."""
    with_ = [row(n, n >= 8) for n in range(ROWS)]
    with_[5] |= {"answer": None, "output": "I do not know."}
    without = [row(n, n not in (0, 1), output="The answer is A.") for n in range(ROWS)]
    return evaluation(tmp_path / "with", "rationale", with_), evaluation(tmp_path / "without", "answer", without)


def kind_of(request: dict[str, Any], times: int) -> Answer:
    """By the number of the film: 2 and 3 are unreasonable, 4 is trivial, 6 says two things, 7 an unknown one."""
    said = request["messages"][-1]["content"]
    number = int(said.partition("film ")[2].split()[0])
    kinds = {2: "**Unreasonable**", 3: "Verdict: unreasonable", 4: "trivial", 6: "Wrong conclusion."}
    return Answer(f"I have read it.\n{kinds.get(number, 'Perhaps')}")


def given(teacher: Any) -> dict[str, Any]:
    return {"judge": "attribution", "teacher": "m-1", "base_url": teacher.url, "quiet": True}


def test_errors_are_sorted_counted_and_asked_about_once(sides: tuple[Path, Path]) -> None:
    one, other = sides
    with serving(kind_of) as teacher:
        dry = synth.judge(one, against=other, dry_run=True, **given(teacher))
        assert dry.estimate is not None
        assert (dry.estimate.requests, len(teacher.bodies)) == (5, 0)
        found = synth.judge(one.parent.parent, against=other.parent.parent, **given(teacher))  # the runs
        asked = [body["messages"][-1]["content"] for body in teacher.bodies]
        again = synth.judge(one, against=other, **given(teacher))
        assert len(teacher.bodies) == 5, "the one without a verdict comes out of the store, the others out of the file"
    assert sorted(text.partition("film ")[2].split()[0] for text in asked) == ["2", "3", "4", "6", "7"]
    assert "Long films are dull.\nThe answer is B." in asked[0]
    assert "<answer>\nA\n</answer>" in asked[0]
    told = found.errors
    assert told is not None
    assert {kind: of["rows"] for kind, of in told["kinds"].items()} == {
        "unreasonable": 2, "off-topic": 0, "trivial": 1, "wrong-conclusion": 1,
    }  # fmt: skip
    assert told["kinds"]["unreasonable"]["share"] == interval([1.0, 1.0, 0.0, 0.0])
    counts = ("shared", "errors", "without_answer", "sampled", "judged", "unscored", "against")
    assert [told[name] for name in counts] == [12, 5, 1, 5, 4, 1, "without"]
    assert (told["examples"]["trivial"]["answer"], told["examples"]["trivial"]["gold"]) == ("B", "A")
    assert again.errors == told == json.loads((one / "attribution.json").read_text())
    assert len((one / "attribution.jsonl").read_text().splitlines()) == 5


def test_a_sample_is_part_of_the_whole(sides: tuple[Path, Path], synth: Synth) -> None:
    one, other = sides
    with serving(kind_of) as teacher:
        words = ("judge", one, "--against", other, "--judge", "attribution", "--teacher", "m-1", "--base-url",
                 teacher.url)  # fmt: skip
        few = synth(*words, "--sample", 3)
        assert few.returncode == 0, few.stderr
        assert len(teacher.bodies) == 3
        done = synth(*words)
        assert len(teacher.bodies) == 5
        stopped = synth(*words, "--price", "1000,1000", "--budget", 0.001, "--votes", 3)
        assert "stopped early: the budget" in stopped.stderr
    assert re.findall(r"(\d+)% *$", done.stdout, re.MULTILINE) == ["57", "18", "23", "2"]
    assert "of 12 questions that both answered 5 are wrong here and right in without, 5 of them were judged" in (
        done.stdout
    )
    assert "1 more without any answer" in done.stdout


def test_of_several_outputs_the_one_that_counted_is_shown(sides: tuple[Path, Path]) -> None:
    one, other = sides
    outputs = ["It is fine.\nThe answer is A.", "It is bad, I hear.\nThe answer is B.", "Bad.\nThe answer is B."]
    rows = [row(n, n != 2, outputs=outputs if n == 2 else [], output=outputs[0]) for n in range(ROWS)]
    write_lines(one / "predictions.jsonl", rows)
    (record,) = errors_of(one, other).records
    assert record.completion == outputs[1]
    assert record.rationale.strip() == "It is bad, I hear."


def test_the_report_shows_kinds_and_examples_of_all_seeds(sides: tuple[Path, Path], tmp_path: Path) -> None:
    one, other = sides
    second = evaluation(tmp_path / "with 1", "rationale", [row(n, n != 4) for n in range(ROWS)], seed=1)
    with serving(kind_of) as teacher:
        for each in (one, second):
            synth.judge(each, against=other, **given(teacher))
    runs = [tmp_path / name for name in ("with", "with 1", "without")]
    figures = facts(collect(runs))
    (shown,) = figures["attribution"]
    assert (shown["seeds"], shown["errors"], shown["unscored"], shown["shared"]) == (2, 6, 1, 24)
    assert {kind: of["rows"] for kind, of in shown["kinds"].items()} == {
        "unreasonable": 2, "off-topic": 0, "trivial": 2, "wrong-conclusion": 1,
    }  # fmt: skip
    assert shown["kinds"]["trivial"]["share"] == interval([0.0, 0.0, 1.0, 0.0, 1.0])
    read = Page(page(figures, [], {}))
    assert "What kind of errors rationales lead to" in read.text
    assert "It says B, right is A." in read.text
    assert "trivial 2 40.0% 0.0% to 80.0% 23%" in read.text
    write_lines(one / "predictions.jsonl", [row(n, True) for n in range(ROWS)])
    figures = facts(collect(runs))
    assert figures["attribution"][0]["seeds"] == 1
    assert any("its predictions are others than those whose errors were sorted" in note for note in figures["notes"])


def test_what_cannot_be_sorted_is_a_line(sides: tuple[Path, Path], tmp_path: Path) -> None:
    one, other = sides
    more: dict[str, Any] = {"judge": "attribution", "teacher": "m-1", "base_url": "http://127.0.0.1:9/v1"}
    with pytest.raises(UsageError, match="has no rationales: give the evaluation with rationales first"):
        synth.judge(other, against=one, **more)
    with pytest.raises(UsageError, match="add --against EVALUATION"):
        synth.judge(one, **more)
    with pytest.raises(UsageError, match="is the evaluation itself"):
        synth.judge(one, against=one, **more)
    with pytest.raises(UsageError, match="--against is for --judge attribution: leave it out with --judge rubric"):
        synth.judge(one, against=other, **{**more, "judge": "rubric"})
    with pytest.raises(FolderError, match=r"is no evaluation; give a folder that synth eval wrote \(it has metrics"):
        synth.judge(tmp_path, against=other, **more)
    with pytest.raises(UsageError, match="takes one evaluation, and one --against it"):
        synth.judge([one, other], against=other, **more)
    apart = evaluation(tmp_path / "apart", "answer", [row(n + 100, True) for n in range(ROWS)])
    with pytest.raises(UsageError, match="are not of the same questions: give evaluations of one split"):
        synth.judge(one, against=apart, **more)
    with (one / "predictions.jsonl").open("ab") as file:
        file.write(b'{"id": ')
    with pytest.raises(FolderError, match=r"predictions.jsonl line 13 cannot be read .*: run synth eval again"):
        synth.judge(one, against=other, **more)


def test_where_nothing_is_wrong_nothing_is_asked(sides: tuple[Path, Path], tmp_path: Path, synth: Synth) -> None:
    """A study asks of every task; one without such errors is none that failed."""
    silent = {"answer": None, "output": "I do not know."}
    rows = [row(n, n != 3, **(silent if n == 3 else {})) for n in range(ROWS)]
    right = evaluation(tmp_path / "right", "rationale", rows)
    words = ("--judge", "attribution", "--teacher", "m-1", "--base-url", "http://127.0.0.1:9/v1")
    done = synth("judge", right, "--against", sides[1], *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "of 12 questions that both answered nothing is wrong here that without has right (1 without an answer): there "
        "is nothing to sort\n"
    )
    told = json.loads((right / "attribution.json").read_text())
    assert (told["errors"], told["without_answer"], told["verdicts"]) == (0, 1, [])
    figures = facts(collect([right.parent.parent, sides[1].parent.parent]))
    assert (figures["attribution"][0]["errors"], figures["notes"]) == (0, [])
    assert "of 12 questions that both answered 0 are such errors" in Page(page(figures, [], {})).text


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("It repeats the question.\nTrivial", "trivial"),
        ("**Off topic**", "off-topic"),
        ("Verdict: off_topic", "off-topic"),
        ("...\nIncorrect conclusion", "wrong-conclusion"),
        ("Kind: wrong conclusions.", None),
        ('{"verdict": "wrong conclusion"}', "wrong-conclusion"),
        ("unreasonable, off-topic, trivial, wrong-conclusion", None),
        ("It is not trivial", None),
        ("reasonable", None),
    ],
)
def test_kinds_are_read_as_models_write_them(said: str, kind: str | None) -> None:
    assert attribution.parse(said).verdict == kind


def test_the_published_shares_are_those_of_table_1() -> None:
    assert attribution.PUBLISHED == {"unreasonable": 57, "off-topic": 18, "trivial": 23, "wrong-conclusion": 2}
    assert sum(attribution.PUBLISHED.values()) == 100
    assert attribution.PUBLISHED["unreasonable"] + attribution.PUBLISHED["off-topic"] == 75, "incorrect reasoning"
    assert SHOWN_SHARES == attribution.PUBLISHED
    assert orjson.dumps(SHOWN_SHARES)


def test_replies_of_one_fault_are_counted_together(sides: tuple[Path, Path], synth: Synth) -> None:
    """Each says something else, and none says a kind: one reason, with what the first of them says."""
    one, other = sides

    def said(request: dict[str, Any], times: int) -> Answer:
        return Answer(f"Perhaps {request['messages'][-1]['content'].partition('film ')[2].split()[0]}")

    with serving(said) as teacher:
        done = synth("judge", one, "--against", other, "--judge", "attribution", "--teacher", "m-1", "--base-url",
                     teacher.url)  # fmt: skip
    assert done.returncode == 3
    why = "the reply says none of unreasonable, off-topic, trivial, wrong-conclusion"
    assert re.search(rf"none of 5 rows has a verdict \(5: {why}: Perhaps \d\)\n", done.stderr), done.stderr
