"""The stand-in for a teacher: it says what it is, and is right as often as it was told to be."""

import asyncio
import re
import signal
import socket
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from synth.answers.reply import canonical, read_reply, same
from synth.questions.find import find_task, task_names
from synth.questions.prompts import prompt
from synth.questions.task import Question, Task
from synth.shots.draw import Shots
from synth.shots.forms import ask
from synth.shots.options import How
from synth.shots.rows import row_of
from synth.teachers.catalogue import Teacher
from synth.teachers.client import Client
from synth.teachers.exchange import Request
from synth.teachers.pace import Pace
from synth.teachers.standin import StandIn
from synth.teachers.standin_server import completion
from synth.teachers.store import RequestStore

GSM8K = find_task("gsm8k")
QUESTIONS = [Question(str(n), f"Ann has {n} apples and buys {n} more. How many?", gold=str(2 * n)) for n in range(200)]


def is_right(text: str, question: Question, task: Task = GSM8K) -> bool:
    reading = read_reply(text, task.kind, question.options or task.options, closing=task.closing)
    assert reading.outcome == "answered", text
    assert "stand-in" in reading.rationale
    return same(reading.answer, question.gold, task.kind)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_it_is_right_as_often_as_it_should(share: float) -> None:
    stand_in = StandIn(GSM8K, QUESTIONS, share)
    right = [is_right(stand_in.reply(prompt(GSM8K, each)), each) for each in QUESTIONS for _ in range(5)]
    assert sum(right) / len(right) == pytest.approx(share, abs=0.05)


def test_the_same_questions_get_the_same_replies_and_repeats_get_others() -> None:
    first, second = StandIn(GSM8K, QUESTIONS, 0.5), StandIn(GSM8K, QUESTIONS, 0.5)
    asked = [prompt(GSM8K, each) for each in QUESTIONS] * 3
    replies = [first.reply(each) for each in asked]
    assert replies == [second.reply(each) for each in asked]
    assert len({replies[0], replies[200], replies[400]}) == 3


@pytest.mark.parametrize("name", task_names())
def test_it_stands_in_for_every_task(name: str) -> None:
    task = find_task(name)
    question = task.example
    if question is None:
        pytest.skip(f"{name} has no example")
    gold = canonical(question.gold or "", task.kind, question.options or task.options)
    question = Question(question.id, question.text, question.options, gold)
    message = prompt(task, question)
    assert is_right(StandIn(task, [question], 1.0).reply(message), question, task)
    assert not is_right(StandIn(task, [question], 0.0).reply(message), question, task)
    assert is_right(StandIn(task, [question], 1.0).reply(prompt(task, question, hint=True)), question, task)


@pytest.mark.parametrize("how", ["turns", "text"])
@pytest.mark.parametrize("hint", [True, False])
def test_it_answers_the_question_and_no_demonstration_before_it(hint: bool, how: How) -> None:
    rows = tuple(row_of(GSM8K, each, "So it is.") for each in QUESTIONS[:30])
    shots = Shots(rows, 5, 0, "", "apples", how=how)
    for question in QUESTIONS[:40]:
        message = "\n".join(turn["content"] for turn in ask(GSM8K, question, shots, hint=hint))
        assert is_right(StandIn(GSM8K, QUESTIONS, 1.0).reply(message), question)


def test_it_answers_the_last_of_questions_without_a_label() -> None:
    texts = ["Input:\n6 + 3", "Input:\n8 6 + 3", "Input:\n6 + 3 2", "6 + 3"]
    known = [Question(text, text, gold=str(len(text))) for text in texts]
    stand_in = StandIn(replace(GSM8K, reader="arithmetic"), known, 1.0)
    for asked in known:
        for shown in known:
            assert stand_in.find(f"{shown.text}\n\nStep by step.\nIt is 4.\n\n{asked.text}\n\nStep by step.") == asked


def test_it_does_not_know_other_questions() -> None:
    reply = StandIn(GSM8K, QUESTIONS, 1.0).reply("What is love?")
    assert "stand-in" in reply
    assert read_reply(reply, "number", closing=GSM8K.closing).outcome != "answered"


def test_it_judges() -> None:
    stand_in = StandIn(GSM8K, QUESTIONS, 0.5)
    replies = [stand_in.reply(f"Is {number} any good? Close with `Helpful` or `Unhelpful`.") for number in range(300)]
    assert all("stand-in" in reply for reply in replies)
    words = [reply.split()[-1] for reply in replies]
    assert set(words) == {"Helpful", "Unhelpful"}
    assert words.count("Helpful") == pytest.approx(150, abs=45)


def test_a_share_of_its_replies_has_no_closing_form() -> None:
    stand_in = StandIn(GSM8K, QUESTIONS, 1.0, 0.3)
    readings = [
        read_reply(stand_in.reply(prompt(GSM8K, each)), "number", closing=GSM8K.closing)
        for each in QUESTIONS for _ in range(5)
    ]  # fmt: skip
    counts = Counter(reading.outcome for reading in readings)
    assert set(counts) == {"answered", "no_answer"}
    assert counts["no_answer"] / len(readings) == pytest.approx(0.3, abs=0.05)


@pytest.mark.parametrize("name", task_names())
def test_without_its_closing_form_no_answer_is_read(name: str) -> None:
    task = find_task(name)
    if task.example is None:
        pytest.skip(f"{name} has no example")
    gold = canonical(task.example.gold or "", task.kind, task.example.options or task.options)
    question = Question(task.example.id, task.example.text, task.example.options, gold)
    text = StandIn(task, [question], 1.0, 1.0).reply(prompt(task, question))
    reading = read_reply(text, task.kind, question.options or task.options, closing=task.closing)
    assert reading.outcome == "no_answer", text


def test_a_seed_decides_whatever_was_asked_before() -> None:
    first, second = StandIn(GSM8K, QUESTIONS, 0.5, 0.2), StandIn(GSM8K, QUESTIONS[::-1], 0.5, 0.2)
    asked = [(prompt(GSM8K, each), seed) for each in QUESTIONS for seed in (1, 2, 77)]
    replies = {each: first.reply(*each) for each in asked}
    assert replies == {each: second.reply(*each) for each in reversed(asked)}
    assert len(set(replies.values())) == len(asked)
    plain = StandIn(GSM8K, QUESTIONS, 0.5, 0.2)
    assert [plain.reply(message) for message, seed in asked if seed == 1] == [
        replies[each] for each in asked if each[1] == 1
    ]


BAKER = Question("b", "A baker fills 6 trays with 12 rolls each and sells 50. How many are left?", gold="22")
TRAIN = Question("t", "A train does 1,200 km a day. How far is that in 2.5 days?", gold="3000")
MILK = Question("m", "Of 7 cows and 5 goats some give milk. How much?", gold="11")
ROOMS = Question("r", "A house has 4 rooms. How many doors?", gold="9")
HENS = Question("h", "Nine hens lay 4 eggs each in a week. How many dozen eggs is that?", gold="3")


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        (BAKER, ["6, 12 and 50", "First, 6 * 12 = 72.", "Then 72 - 50 = 22."]),
        (TRAIN, ["1,200 and 2.5", "First, 1200 * 2.5 = 3000."]),
        (HENS, ["The number in it is 4.", "First, 9 * 4 = 36.", "Then 36 / 12 = 3."]),
        (MILK, ["First, 7 * 5 = 35.", "With what else is known, that comes to 11."]),
        (ROOMS, ["The number in it is 4.", "All of it points to 9."]),
    ],
)
def test_its_steps_lead_from_the_numbers_of_the_question_to_the_answer(question: Question, parts: list[str]) -> None:
    text = StandIn(GSM8K, [question], 1.0).reply(prompt(GSM8K, question))
    assert is_right(text, question)
    assert [part for part in parts if part not in text] == []
    assert text.count(".") > 3


def test_a_wrong_answer_comes_of_a_wrong_step() -> None:
    text = StandIn(GSM8K, [BAKER], 0.0).reply(prompt(GSM8K, BAKER))
    assert "Then 72 - 50 = 26." in text
    assert text.endswith("The answer is 26.")


@example(["0", "1"], "-1", 1.0)
@given(
    st.lists(st.integers(0, 3000).map(str) | st.decimals(0, 99, places=2).map(str), max_size=9),
    st.integers(-50, 5000).map(str) | st.just("0.5"),
    st.floats(0, 1),
)
def test_whatever_numbers_a_question_has_the_reply_says_its_answer(numbers: list[str], gold: str, share: float) -> None:
    question = Question("q", f"Of {' and '.join(numbers)} apples, how many?", gold=gold)
    stand_in = StandIn(GSM8K, [question], share)
    for seed in range(3):
        text = stand_in.reply(prompt(GSM8K, question), seed)
        reading = read_reply(text, "number", closing=GSM8K.closing)
        assert reading.outcome == "answered"
        for left, sign, right, result in re.findall(r"([\d.]+) ([-+*/]) ([\d.]+) = ([-\d.]+)\.(?= )", text):
            a, b = Fraction(left), Fraction(right)
            made = {"+": a + b, "-": a - b, "*": a * b, "/": a / b if b else None}[sign]
            assert made == Fraction(result) or not same(reading.answer, gold, "number")


def test_brief_ones_are_shorter_and_answers_alone_have_no_steps() -> None:
    stand_in = StandIn(GSM8K, [BAKER], 1.0)
    long, short = (stand_in.reply(prompt(GSM8K, BAKER, length=length), 1) for length in ("steps", "shortest"))
    assert len(short) < len(long)
    assert is_right(short, BAKER)
    assert stand_in.reply(prompt(GSM8K, BAKER) + " Give the answer at once, without any steps.") == "The answer is 22."


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_a_limit_cuts_it_off(field: str) -> None:
    stand_in = StandIn(GSM8K, [BAKER], 1.0)
    body = {"messages": [{"role": "user", "content": prompt(GSM8K, BAKER)}]}
    status, cut = completion(stand_in.reply, body | {field: 5})
    assert status == 200
    assert cut["choices"][0]["finish_reason"] == "length"
    assert cut["usage"]["completion_tokens"] == 5
    assert completion(stand_in.reply, body | {field: 500})[1]["choices"][0]["finish_reason"] == "stop"
    assert completion(stand_in.reply, {"messages": None})[0] == completion(stand_in.reply, [])[0] == 400


def test_it_is_served_until_ctrl_c(tmp_path: Path) -> None:
    source = tmp_path / "questions.jsonl"
    source.write_text('{"id": "1", "question": "What is 2 and 2?", "label": "4"}\n')
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    call = f"from synth.teachers.standin import serve; serve({port}, 'gsm8k', {str(source)!r}, 1.0, 0.0)"
    with subprocess.Popen([sys.executable, "-c", call], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"knows 1 questions.*--base-url (\S+)/v1", server.stdout.readline())
        assert found is not None

        async def go() -> str | None:
            teacher = Teacher("stand-in", "stand-in", base_url=f"{found[1]}/v1", key_variable="NO_KEY")
            with RequestStore(tmp_path / "requests.sqlite") as store:
                async with Client(teacher, store, Pace(4)) as client:
                    asked = prompt(GSM8K, Question("1", "What is 2 and 2?"))
                    return (await client.ask(Request("stand-in", ({"role": "user", "content": asked},)))).text

        assert (asyncio.run(go()) or "").endswith("The answer is 4.")
        server.send_signal(signal.SIGINT)
        assert server.wait() == 0


def test_a_port_that_is_taken_is_one_line(tmp_path: Path) -> None:
    source = tmp_path / "questions.jsonl"
    source.write_text('{"id": "1", "question": "What is 2 and 2?", "label": "4"}\n')
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "synth", "teacher-demo", "--task", "gsm8k", "--source", str(source)]
        ended = subprocess.run([*command, "--port", port], capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert f"port {port} cannot be used" in ended.stderr
    assert ended.stderr.count("\n") == 1
