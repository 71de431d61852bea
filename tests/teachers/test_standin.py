"""The stand-in for a teacher: it says what it is, and is right as often as it was told to be."""

import asyncio
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from synth.answers.reply import canonical, read_reply, same
from synth.questions.find import find_task, task_names
from synth.questions.prompts import prompt
from synth.questions.task import Question, Task
from synth.teachers.catalogue import Teacher
from synth.teachers.client import Client
from synth.teachers.exchange import Request
from synth.teachers.pace import Pace
from synth.teachers.standin import StandIn
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
