"""Metrics against figures worked out by hand, published ones, and other people's code."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.answers import normalised
from synth.answers.kinds import Found
from synth.evaluating import metrics
from synth.record import Record
from synth.statistics import calibration, intervals
from synth.statistics.calibration import ece_interval
from synth.validating.checker import reader_of

WORDS = st.lists(st.sampled_from(["the", "a", "Cat", "cat,", "sat", "yes", "no", "", "Théo"]), max_size=6).map(" ".join)


def mean(values: list[float | None]) -> float:
    found = intervals.interval(values)
    assert found is not None
    value: float = found["value"]
    return value


def released(shared_data: Path, name: str) -> list[dict[str, str]]:
    """What a model said to each question, as the authors of MaRio released it."""
    lines = (shared_data / "mario" / name).read_text(encoding="utf-8").splitlines()
    return [row for line in lines for row in json.loads(line).values()]


@pytest.mark.parametrize(
    ("name", "accuracy", "diversity"),
    [
        ("strategyqa/gpt3/test_gpt3_responses.jsonl", 69.00, 0.955),
        ("strategyqa/flant5/test_flant5xxl_responses.jsonl", 70.52, 0.859),
        ("quarel/gpt3/test_gpt3_responses.jsonl", 83.33, 0.946),
    ],
)
def test_published_figures_come_out(shared_data: Path, name: str, accuracy: float, diversity: float) -> None:
    rows = released(shared_data, name)
    kind = "option" if "quarel" in name else "yes_no"
    letters = {"(a)": "A", "(b)": "B"}
    said, gold = ([letters.get(row[f], row[f]) for row in rows] for f in ("predicted_label", "gold_label"))
    assert round(100 * mean(metrics.exact(said, gold, kind)), 2) == accuracy
    assert round(mean(metrics.diversity([row["predicted_rationale"] for row in rows])), 3) == diversity


def test_exact_compares_whole_answers_by_their_kind() -> None:
    assert metrics.exact(["18", "18.0", "8", None], ["18", "18", "18", "18"], "number") == [1, 1, 0, 0]
    assert metrics.exact(["1/2", "B"], ["0.5", "B"], ["number", "option"]) == [1, 1]


def test_the_authors_scorer_takes_13_for_3() -> None:
    outputs = ["answer is 13", "answer is 23 \n", "answer is 4", ""]
    assert metrics.last_character(outputs, ["3", "3", "3", "3"]) == [1, 1, 0, 0]


def test_contained_is_anywhere_and_to_the_letter() -> None:
    assert metrics.contained(["It is Paris, France.", " Yes. Follow up", "115"], ["Paris", "yes", "5"]) == [1, 0, 1]


def test_overlap_f1_by_hand() -> None:
    # 3 of 4 words are in the target, P 3/4, R 3/3: 6/7; and 2 of its bigrams ab bc cd, P 2/3, R 2/2: 4/5
    assert metrics.overlap_f1(["a b c d"], ["a b c"], 1) == [pytest.approx(6 / 7)]
    assert metrics.overlap_f1(["a b c d"], ["a b c"], 2) == [pytest.approx(4 / 5)]
    # a word that is said twice counts once where the target has it once: 1 shared, P 1/2, R 1 -> 2/3
    assert metrics.overlap_f1(["a a"], ["a"], 1) == [pytest.approx(2 / 3)]
    assert metrics.overlap_f1(["", "x y", "a"], ["a", "a b", None], 1) == [0, 0, None]
    assert metrics.overlap_f1(["a"], ["a"], 2) == [None]


def test_diversity_by_hand() -> None:
    # bigrams ab ba ab: 2 of 3 differ; trigrams aba bab: all; one 4-gram
    assert metrics.diversity(["a b a b"]) == [pytest.approx(2 / 3)]
    # five times a: 1 of 4 bigrams, 1 of 3 trigrams, 1 of 2 4-grams
    assert metrics.diversity(["a a a a a"]) == [pytest.approx(1 / 24)]
    assert metrics.diversity(["one", "two words", ""]) == [1, 1, 1]


def test_official_answer_scores_of_2wiki_by_hand() -> None:
    assert normalised.normalised(" The Théo-Dor,  an  ACTOR. ") == "théodor actor"
    said = ["the Brass Meridian", "Brass", "yes, it is", "no", "", None, "Yes."]
    gold = ["Brass Meridian (film)", "Brass Meridian", "yes", "no way", "Paris", "Paris", "yes"]
    # 2 of 2 words, 2 of 3 -> 4/5; 1 of 1, 1 of 2 -> 2/3; beside a yes or a no nothing is partly right
    assert metrics.answer_f1(said, gold) == [pytest.approx(0.8), pytest.approx(2 / 3), 0, 0, 0, 0, 1]
    agree = reader_of("2wiki").agree
    assert agree("The Paris.", "paris")
    assert not agree("Paris, France", "Paris")
    assert not agree(None, "Paris")


@given(WORDS, WORDS)
def test_answer_f1_is_1_for_equal_answers_and_the_same_both_ways(one: str, other: str) -> None:
    score = metrics.answer_f1([one], [other])[0]
    assert score is not None
    assert score == metrics.answer_f1([other], [one])[0]
    if normalised.normalised(one):
        assert (score == 1) == (
            sorted(normalised.normalised(one).split()) == sorted(normalised.normalised(other).split())
        )


def test_loops_repeat_until_the_limit() -> None:
    follow = "Follow up: Who is the director of X?\nIntermediate answer: X\n"
    outputs = [follow * 5, follow * 5 + "Follow up: Wh", follow * 2, "2" + "0" * 40, "a b c d e f g", "", "9 9 9 9 9"]
    assert metrics.looping(outputs, [True] * 7) == [1, 1, 0, 1, 0, 0, 0]
    assert metrics.looping(outputs, [False] * 7) == [0] * 7, "all came to their end"


def test_words_are_counted_between_white_space() -> None:
    assert metrics.words(["", " one\ntwo  three "]) == [0, 3]


def test_confidence_is_the_share_of_the_majority_of_all_samples() -> None:
    samples = [["3", "3.0", "4", None], [None, None], ["5", "6"]]
    assert metrics.confidence(samples, "number") == [("3", 0.5), (None, 0.0), ("5", 0.5)]


def test_calibration_by_hand() -> None:
    sure, right = [0.95, 0.92, 0.3, 0.21, 0.0], [1.0, 0.0, 0.0, 1.0, 0.0]
    # 0.9-1: |1 - 1.87|; 0.2-0.3, closed above: |1 - 0.51|; 0-0.1: 0; over 5 rows
    assert calibration.ece(sure, right) == pytest.approx((0.87 + 0.49) / 5)
    found = calibration.calibration(sure, right)
    assert [row["count"] for row in found["bins"]] == [1, 0, 2, 0, 0, 0, 0, 0, 0, 2]
    assert found["bins"][2] == {
        "low": 0.2, "high": 0.3, "count": 2, "confidence": pytest.approx(0.255), "accuracy": 0.5,
    }  # fmt: skip
    assert found["bins"][1]["accuracy"] is None
    assert found["brier"] == pytest.approx((0.05**2 + 0.92**2 + 0.3**2 + 0.79**2) / 5)
    assert calibration.brier([0.9, 0.2], [1, 1]) == [pytest.approx(0.01), pytest.approx(0.64)]


@pytest.mark.parametrize("samples", [2, 5, 7, 10, 20, 40])
def test_shares_of_samples_lie_in_the_bin_that_they_close(samples: int) -> None:
    for count in range(samples + 1):
        place = next(i for i, b in enumerate(calibration.calibration([count / samples], [1.0])["bins"]) if b["count"])
        assert place == max(0, -(-count * calibration.BINS // samples) - 1)


@pytest.mark.parametrize("seed", range(20))
def test_ece_equals_that_of_torchmetrics(seed: int) -> None:
    torch = pytest.importorskip("torch")
    binary_calibration_error = pytest.importorskip(
        "torchmetrics.functional.classification.calibration_error"
    )._ce_compute
    rng = np.random.default_rng(seed)
    sure = rng.random(int(rng.integers(1, 400))).astype(np.float32) ** (seed % 3 + 1)
    right = (rng.random(sure.size) < sure).astype(np.float32)
    theirs = binary_calibration_error(torch.tensor(sure), torch.tensor(right), calibration.BINS)
    assert calibration.ece(sure.tolist(), right.tolist()) == pytest.approx(float(theirs), abs=1e-5)


def test_intervals_of_known_shares() -> None:
    found = intervals.interval([1.0] * 50 + [0.0] * 50 + [None] * 9)
    assert found is not None
    assert (found["value"], found["n"]) == (0.5, 100)
    # the binomial's own 95%: 40 to 60 of 100
    assert found["low"] == pytest.approx(0.4, abs=0.021)
    assert found["high"] == pytest.approx(0.6, abs=0.021)
    assert intervals.interval([1.0] * 50 + [0.0] * 50 + [None] * 9) == found, "drawn with a fixed seed"
    assert intervals.interval([None]) is None
    assert intervals.interval([0.7]) == {"value": 0.7, "low": 0.7, "high": 0.7, "n": 1}


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(0)
    hits = 0
    for trial in range(300):
        found = intervals.interval(rng.exponential(2.0, 120).tolist(), seed=trial)
        assert found is not None
        hits += found["low"] <= 2.0 <= found["high"]
    assert 0.89 <= hits / 300 <= 0.98


@given(st.lists(st.floats(0, 1, width=16), min_size=1, max_size=30), st.integers(0, 5))
def test_intervals_hold_their_value(values: list[float], seed: int) -> None:
    found = intervals.interval(values, seed)
    assert found is not None
    assert min(values) - 1e-9 <= found["low"] <= found["value"] <= found["high"] <= max(values) + 1e-9
    right = [float(value > 0.5) for value in values]
    spread = ece_interval(values, right, seed)
    assert spread is not None
    assert spread["low"] <= spread["value"] <= spread["high"]


def read_output(record: Record, output: str, cut_off: bool = False) -> Found:
    return reader_of(record.task).read_output(record, output, cut_off)


def row(task: str, prompt: str, rationale: str, answer: str, completion: str) -> Record:
    return Record(f"{task}/1", task, prompt, rationale, answer, completion, {})


LISTOPS = row(
    "listops", "[SUM 15 27 [MIN 4 1 ] ]",
    "MIN, compare [4 1], smallest is 1, answer is 1; SUM, add [15 27 1], sum is 43, answer is 3", "3",
    "MIN, compare [4 1], smallest is 1, answer is 1; SUM, add [15 27 1], sum is 43, answer is 3",
)  # fmt: skip
SHORT = row("listops", "[SUM 15 27 [MIN 4 1 ] ]", "MIN, 1; SUM, 3", "3", "MIN, 1; SUM, 3; answer is 3")
PAD = "<scratch>\n6 + 7 , C: 0\n, 3 C: 1\n1 3\n</scratch>"
SCRATCH = row("arithmetic", "Input:\n6 + 7\nTarget:", PAD, "1 3", f"\n{PAD}\n1 3")
FOLLOW = (
    "Follow up: Who is the director of The Brass Meridian?\nIntermediate answer: Amparo Liñán\n"
    "Follow up: Where is the place of birth of Amparo Liñán?\nIntermediate answer: Villarreja de la Sierra"
)
WIKI = row(
    "2wiki",
    "Facts:\nFact #0: The Brass Meridian is a 1958 Spanish film by Amparo Liñán.\nFact #1: She was born in Villarreja "
    "de la Sierra.\nQuestion: Where was the director of film The Brass Meridian born?\n"
    "Are follow up questions needed here:",
    FOLLOW, "Villarreja de la Sierra", f" Yes.\n{FOLLOW}\nSo the final answer is: Villarreja de la Sierra",
)  # fmt: skip
GSM8K = row("gsm8k", "Question: How many?\nAnswer:", "9 * 2 = 18.", "18", " 9 * 2 = 18.\nThe answer is 18.")
ALL = [LISTOPS, SHORT, SCRATCH, WIKI, GSM8K]


@pytest.mark.parametrize("record", ALL, ids=lambda record: record.task)
def test_the_gold_completion_is_right_in_everything(record: Record) -> None:
    found = read_output(record, record.completion)
    assert reader_of(record.task).agree(found.answer, record.answer)
    assert metrics.judge_steps([record], [record.completion], {"modulus": 10} if record.task == "listops" else {}) == [
        metrics.StepVerdict(True)
    ]
    assert metrics.judge_steps([record], [record.completion.strip()])[0] == metrics.StepVerdict(True)


@pytest.mark.parametrize(
    ("record", "output", "answer"),
    [
        (LISTOPS, "13", "13"),
        (LISTOPS, "MIN, 1; SUM, 3; answer is 3; MAX", None),
        (LISTOPS, "I add them up.\nThe answer is **3**.", "3"),
        (LISTOPS, "nonsense", None),
        (LISTOPS, "", None),
        (LISTOPS, "<Think_1> <Think_2> answer is 7", "7"),
        (SCRATCH, "<scratch>\n6 + 7 , C: 0\n, 3 C: 1", None),
        (SCRATCH, f"{PAD}\n1 4\nmore", None),
        (SCRATCH, "1 3", "13"),
        (WIKI, " Yes.", None),
        (WIKI, FOLLOW, None),
        (WIKI, " Yes.\nSo the final answer is: A\nB", "A"),
        (WIKI, "Villarreja de la Sierra", "Villarreja de la Sierra"),
        (GSM8K, "It is 18 or 20.", None),
        (GSM8K, "18", "18"),
    ],
)
def test_answers_of_outputs(record: Record, output: str, answer: str | None) -> None:
    assert read_output(record, output).answer == answer


def test_what_the_length_limit_cut_off_says_no_answer() -> None:
    assert read_output(GSM8K, "So far the answer is 1", cut_off=True).answer is None
    assert read_output(LISTOPS, LISTOPS.completion, cut_off=True).answer is None


@pytest.mark.parametrize(
    ("record", "output", "place", "fault"),
    [
        (LISTOPS, LISTOPS.completion.replace("sum is 43", "sum is 44"), 1, "wrong_step"),
        (
            LISTOPS,
            LISTOPS.completion.replace("smallest is 1, answer is 1", "smallest is 4, answer is 4"),
            0,
            "wrong_step",
        ),
        (LISTOPS, LISTOPS.completion.split("; ")[0], None, "missing_step"),
        (LISTOPS, "3", None, "missing_step"),
        (SHORT, "MIN, 1; SUM, 3; answer is 4", None, "answer_not_from_last_step"),
        (SCRATCH, SCRATCH.completion.replace(", 3 C: 1", ", 4 C: 1"), 2, "wrong_step"),
        (SCRATCH, "\n<scratch>\n6 + 7 , C: 0", None, "missing_step"),
        (WIKI, WIKI.completion.replace("Who is", "When is"), 0, "wrong_step"),
        (WIKI, WIKI.completion.replace("birth of Amparo Liñán", "birth of Karl Anton"), 1, "wrong_step"),
        (WIKI, WIKI.completion.split("So the final")[0], None, "no_answer"),
        (WIKI, WIKI.completion.split("So the final")[0].replace("Who is", "When is"), 0, "wrong_step"),
        (WIKI, WIKI.completion.replace("Where is", "Where"), 1, "unreadable_step"),
        (GSM8K, "She has 3.\n9 * 2 = 19.\nThe answer is 19.", 1, "wrong_step"),
    ],
)
def test_the_first_wrong_step_is_named(record: Record, output: str, place: int | None, fault: str) -> None:
    (verdict,) = metrics.judge_steps([record], [output])
    assert verdict is not None
    assert (verdict.right, verdict.first_wrong, verdict.fault) == (False, place, fault)


def test_a_row_without_rationale_or_equation_has_no_verdict() -> None:
    direct = row("listops", "[MIN 4 1 ]", "", "1", "1")
    prose = row("strategyqa", "Question: Is it?\nAnswer:", "It is.", "yes", " It is.\nSo the answer is yes.")
    verdicts = metrics.judge_steps([direct, prose], ["1", "It is. So the answer is yes."])
    assert verdicts == [None, None]
    assert metrics.steps_right(verdicts) == [None, None]


@given(st.sampled_from(ALL), st.text(max_size=80), st.integers(0, 200), st.integers(0, 200))
def test_no_output_is_too_strange_to_be_read(record: Record, noise: str, start: int, end: int) -> None:
    output = record.completion[:start] + noise + record.completion[end:]
    (verdict,) = metrics.judge_steps([record], [output])
    steps = reader_of(record.task).steps(read_output(record, output).rationale)
    if verdict is not None and verdict.first_wrong is not None:
        assert verdict.first_wrong < len(steps)
