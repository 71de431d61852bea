"""What openai's client sends to a server on this machine, what comes back, and what is stored."""

from pathlib import Path

import pytest
from client_calls import KEY, ask, request, stored
from loopback import Answer

from synth.teachers.exchange import Reply, Request

pytestmark = pytest.mark.usefixtures("short_waits")


def test_a_reply_is_stored_and_returned(store_path: Path) -> None:
    (reply,), teacher = ask(lambda body, times: Answer("It is 0."), store_path, request(0, temperature=0.7))
    assert reply == Reply("It is 0.", "", "stop", 11, 7, "m-loopback", "fp_loopback", cached=False)
    assert teacher.bodies == [request(0, temperature=0.7).body()]
    assert teacher.seen[0].headers["authorization"] == f"Bearer {KEY}"
    assert stored(store_path) == {200: 1}


def test_what_was_answered_is_not_asked_again(store_path: Path) -> None:
    ask(lambda body, times: Answer("It is 0."), store_path)
    (reply,), teacher = ask(lambda body, times: Answer("It is 1."), store_path)
    assert (reply.text, reply.cached, teacher.seen) == ("It is 0.", True, [])


def test_the_same_request_twice_at_once_is_asked_once(store_path: Path) -> None:
    replies, teacher = ask(lambda body, times: Answer(f"Reply {times}."), store_path, *[request()] * 20)
    assert {reply.text for reply in replies} == {"Reply 1."}
    assert sorted(reply.cached for reply in replies) == [False] + [True] * 19
    assert len(teacher.seen) == 1


def test_another_attempt_is_another_request(store_path: Path) -> None:
    again = Request("m", request().messages, request().sampling, attempt=2)
    replies, _ = ask(lambda body, times: Answer(f"Reply {times}."), store_path, request(), again)
    assert {reply.text for reply in replies} == {"Reply 1.", "Reply 2."}


def test_fields_that_only_other_servers_know_are_sent(store_path: Path) -> None:
    _, teacher = ask(
        lambda body, times: Answer(), store_path, request(top_k=20, chat_template_kwargs={"thinking": True})
    )
    assert teacher.bodies[0]["top_k"] == 20


@pytest.mark.parametrize(
    ("answer", "text", "thinking", "finish_reason"),
    [
        (Answer("4", reasoning="Hm."), "4", "Hm.", "stop"),
        (Answer("4", reasoning="Hm.", reasoning_field="reasoning_content"), "4", "Hm.", "stop"),
        (Answer("4", message={"reasoning": None, "reasoning_content": "Hm."}), "4", "Hm.", "stop"),
        (Answer("4", message={"reasoning": {"no": "text"}}), "4", "", "stop"),
        (Answer("<think>Hm.</think>4"), "<think>Hm.</think>4", "", "stop"),
        (Answer(None, reasoning="Hm", finish_reason="length"), None, "Hm", "length"),
        (Answer(None, message={"refusal": "I won't."}), "I won't.", "", "refusal"),
        (Answer(None, reasoning="The answer is 4."), "The answer is 4.", "", "stop"),
        (Answer("", finish_reason="content_filter"), "", "", "content_filter"),
        (Answer("none of them"), "none of them", "", "stop"),
    ],
)
def test_what_a_reply_holds(
    store_path: Path, answer: Answer, text: str | None, thinking: str, finish_reason: str
) -> None:
    (reply,), _ = ask(lambda body, times: answer, store_path)
    assert (reply.text, reply.thinking, reply.finish_reason) == (text, thinking, finish_reason)


def test_a_reply_without_usage_and_names(store_path: Path) -> None:
    for usage in (b"null", b'"none"', b'{"prompt_tokens": "few"}'):
        body = b'{"choices":[{"message":{"content":"none"},"finish_reason":7}],"model":null,"usage":%s}' % usage
        (reply,), _ = ask(lambda _, times, body=body: Answer(body=body), store_path.with_name(f"{len(usage)}.sqlite"))
        assert reply == Reply("none", "", "7", 0, 0, "", None)


@pytest.mark.parametrize("key", ["", "none", "EMPTY"])
def test_a_key_that_is_no_secret_does_not_change_replies(
    store_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("LOOPBACK_KEY", key)
    (reply,), _ = ask(lambda body, times: Answer("none of the EMPTY ones"), store_path)
    assert reply.text == "none of the EMPTY ones"
