"""`plausibility:judge`: a teacher rates statements; each is paid for once and within a budget."""

import re
from pathlib import Path
from typing import Any

import pytest
from loopback import Answer, serving

from synth.errors import SynthError, UsageError
from synth.rewarding.reward import find

TASK: dict[str, Any] = {"task": ["mine"], "kind": ["yes_no"], "closing": ["So the answer is {answer}."]}
SAID = {"Ice floats.": "All of it is true.\n9", "Ice sinks.": "It floats.\nScore: 0/10", "Oho.": "I cannot tell."}


def rated(request: dict[str, Any], times: int) -> Answer:
    """By the statement; of a first try a third one is refused for a while."""
    text = request["messages"][-1]["content"]
    statement = text.removeprefix("<statement>\n").removesuffix("\n</statement>")
    if statement == "Ice sinks." and times == 1:
        return Answer(status=429)
    return Answer(SAID.get(statement, "7"))


def paid(name: str, statements: list[str]) -> list[float | None]:
    columns = {key: value * len(statements) for key, value in TASK.items()}
    return find(name)([f"{each} So the answer is yes." if each else "" for each in statements], **columns)


def test_ratings_are_numbers_and_are_asked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    statements = ["Ice floats.", "Ice sinks.", "", "Oho.", "Ice floats.", "Wood swims."]
    with serving(rated) as server:
        name = f"plausibility:judge:gpt-oss-20b,base_url={server.url},max_tokens=64"
        found = paid(name, statements)
        assert found == [0.9, 0.0, None, None, 0.9, 0.7]
        asked = len(server.bodies)
        assert asked == 5
        assert {body["max_tokens"] for body in server.bodies} == {64}
        assert "Ice" not in server.bodies[0]["messages"][0]["content"]
        assert paid(name, statements) == found
        assert len(server.bodies) == asked
    assert (tmp_path / "rationale-synth" / "requests.sqlite").is_file()
    assert find(name).name == "plausibility-judge-gpt-oss-20b"


def test_several_servers_rate(tmp_path: Path) -> None:
    with serving(lambda request, times: Answer("7")) as first, serving(lambda request, times: Answer("7")) as second:
        servers = f"base_url={first.url},base_url={second.url}"
        statements = [f"It is {at}." for at in range(20)]
        found = paid(f"plausibility:judge:gpt-oss-20b,{servers},cache={tmp_path}/c.sqlite", statements)
        assert found == [0.7] * 20
        assert first.bodies
        assert second.bodies
        assert len(first.bodies) + len(second.bodies) == 20


def test_a_budget_holds_for_all_calls_together(tmp_path: Path) -> None:
    with serving(lambda request, times: Answer("7")) as server:
        name = (
            f"plausibility:judge:gpt-oss-20b,base_url={server.url},cache={tmp_path}/c.sqlite,max_tokens=10,"
            "price=1000,1000,budget=0.4,concurrency=1"
        )
        reward = find(name)
        said = [f"It is {at}. So the answer is yes." for at in range(20)]

        def by_twos() -> None:
            for at in range(0, 20, 2):
                reward(said[at : at + 2], **{key: value * 2 for key, value in TASK.items()})

        with pytest.raises(SynthError, match=r"the budget of .* does not allow another request; its replies are kept"):
            by_twos()
        asked = len(server.bodies)
        assert 1 <= asked < 20
        assert reward(said[:1], **TASK) == [0.7]
        assert len(server.bodies) == asked


def test_a_teacher_that_cannot_be_asked_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    wrong = {
        "plausibility:judge": "name the teacher that rates: plausibility:judge:gpt-6-luna",
        "plausibility:judge:nobody": "no teacher is called 'nobody'",
        "plausibility:judge:gpt-6-luna,bugdet=2": "has no keyword bugdet; did you mean 'budget'?",
        "plausibility:judge:gpt-6-luna,budget=much": "--budget much: a number",
        "plausibility:judge:gpt-6-luna,budget=2,budget=3": "budget is given twice",
        "plausibility:judge:m,base_url=http://me:secret@h/v1": "--base-url http://h/v1: a name and a password",
    }
    for name, told in wrong.items():
        with pytest.raises(UsageError, match=re.escape(told)) as error:
            find(name)
        assert "\n" not in str(error.value)
    ready = find("plausibility:judge:gpt-6-luna").ready
    assert ready is not None
    with pytest.raises(SynthError, match="gpt-6-luna needs a key: export OPENAI_API_KEY"):
        ready()
