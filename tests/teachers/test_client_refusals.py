"""One question that is refused, one key that is, one field that is not taken: what each costs, and whom."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from client_calls import KEY, request, stored, with_client
from loopback import Answer, Loopback, Script, serving

from synth.errors import SynthError
from synth.teachers.catalogue import Teacher
from synth.teachers.client import PAGES, TRIES, UNREAD, Client, RefusedError, UnanswerableError
from synth.teachers.dialect import Dialect
from synth.teachers.exchange import Reply, Request
from synth.teachers.faults import INTERRUPTED
from synth.teachers.pace import BREAK_AFTER, Pace
from synth.teachers.store import RequestStore

pytestmark = pytest.mark.usefixtures("short_waits")
Outcomes = list[Reply | BaseException]

FORBIDDEN = Answer(status=403, error={"message": "not for you", "code": None})
MODERATED = Answer(status=403, error={"code": 403, "message": "flagged", "metadata": {"reasons": ["violence"]}})
FILTERED = Answer(status=400, error={"message": "no", "innererror": {"code": "ResponsibleAIPolicyViolation"}})


def of(*numbers: int) -> Callable[[dict[str, Any]], bool]:
    """Whether a request asks one of these."""
    return lambda body: any(f"What is {number} " in str(body) for number in numbers)


def some(refused: Callable[[dict[str, Any]], bool], answer: Answer) -> Script:
    return lambda body, times: answer if refused(body) else Answer()


def one_by_one(script: Script, path: Path, *numbers: int) -> tuple[Outcomes, Loopback]:
    """What comes of each question, one after the other."""

    async def work(client: Client) -> Outcomes:
        return [(await asyncio.gather(client.ask(request(each)), return_exceptions=True))[0] for each in numbers]

    with serving(script) as teacher:
        return with_client(teacher.url, path, work), teacher


def kinds(outcomes: Outcomes) -> list[str]:
    return [type(outcome).__name__ for outcome in outcomes]


@pytest.mark.parametrize("answer", [MODERATED, FORBIDDEN, FILTERED])
def test_one_question_that_is_refused_costs_nobody_else(store_path: Path, answer: Answer) -> None:
    outcomes, teacher = one_by_one(some(of(1), answer), store_path, 0, 1, 2)
    assert kinds(outcomes) == ["Reply", "RefusedError", "Reply"]
    assert len(teacher.bodies) == 3


@pytest.mark.parametrize("answer", [MODERATED, FORBIDDEN, FILTERED])
def test_the_first_questions_may_all_be_refused(store_path: Path, answer: Answer) -> None:
    """Whether 403 is the key's fault is found out by one harmless question, when nobody was answered yet."""
    outcomes, teacher = one_by_one(some(of(*range(12)), answer), store_path, *range(13))
    assert kinds(outcomes) == ["RefusedError"] * 12 + ["Reply"]
    hello = [body for body in teacher.bodies if "hello" in str(body)]
    assert len(hello) == (3 if answer is FORBIDDEN else 0)
    assert len(teacher.bodies) == 13 + len(hello)


def test_a_key_that_is_forbidden_everything_ends_the_run(store_path: Path) -> None:
    (outcome,), teacher = one_by_one(lambda body, times: FORBIDDEN, store_path, 0)
    assert isinstance(outcome, SynthError)
    assert "refuses the key in LOOPBACK_KEY: not for you" in str(outcome)
    assert len(teacher.bodies) == 2


def test_a_key_that_works_no_more_ends_the_run(store_path: Path) -> None:
    outcomes, teacher = one_by_one(
        lambda body, times: Answer() if of(0)(body) else FORBIDDEN, store_path, *range(6)
    )  # fmt: skip
    assert kinds(outcomes) == ["Reply", *["RefusedError"] * 4, "SynthError"]
    assert len(teacher.bodies) == 7


def test_401_is_the_key_even_after_an_answer(store_path: Path) -> None:
    outcomes, _ = one_by_one(some(of(1), Answer(status=401)), store_path, 0, 1)
    assert kinds(outcomes) == ["Reply", "SynthError"]


BROKEN_OFF = ["error", "abort", "network_error", "insufficient_system_resource", "cancelled", "TIMEOUT"]


@pytest.mark.parametrize("reason", BROKEN_OFF)
def test_a_reply_that_was_broken_off_is_asked_again(store_path: Path, reason: str) -> None:
    cut = Answer("The answer is 3. Then he goes and bu", finish_reason=reason)
    (reply,), teacher = one_by_one(lambda body, times: cut if times == 1 else Answer(), store_path, 0)
    assert isinstance(reply, Reply)
    assert reply.text == Answer().text
    assert len(teacher.bodies) == 2
    assert stored(store_path) == {INTERRUPTED: 1, 200: 1}


def test_one_that_is_always_broken_off_is_no_answer(store_path: Path) -> None:
    cut = Answer("The answer is 3. Th", finish_reason="error")
    (outcome,), teacher = one_by_one(lambda body, times: cut, store_path, 0)
    assert str(outcome) == f"{TRIES} tries: the server broke its reply off"
    assert stored(store_path) == {INTERRUPTED: TRIES}
    again, _ = one_by_one(lambda body, times: Answer(), store_path, 0)
    assert kinds(again) == ["Reply"]
    assert len(teacher.bodies) == TRIES


def test_a_rate_limit_in_a_body_of_status_200_costs_no_try(store_path: Path) -> None:
    slow = Answer(body=json.dumps({"error": {"message": "Rate limit exceeded", "code": 429}}).encode())
    (reply,), teacher = one_by_one(lambda body, times: slow if times <= 2 * TRIES else Answer(), store_path, 0)
    assert isinstance(reply, Reply)
    assert stored(store_path) == {429: 2 * TRIES, 200: 1}
    assert len(teacher.bodies) == 2 * TRIES + 1


HALF = {"choices": [{"message": {"content": "4 \ud83d"}, "finish_reason": "stop"}]}
CHUNK = b'{"choices":[{"delta":{"content":"4 \xef\xbf\xbd"},"finish_reason":"stop"}]}'
PAID = {
    "half a character": json.dumps(HALF).encode(),
    "a stream": b"data: " + CHUNK + b"\n\ndata: [DONE]\n\n",
}


@pytest.mark.parametrize("body", PAID)
def test_what_is_paid_for_is_used_and_found_again(store_path: Path, body: str) -> None:
    for cached in (False, True):
        (reply,), teacher = one_by_one(lambda _, times: Answer(body=PAID[body]), store_path, 0)
        assert isinstance(reply, Reply)
        assert (reply.text, reply.cached) == ("4 \ufffd", cached)
        assert len(teacher.bodies) == (0 if cached else 1)


# Fields that a server does not take.


def unsupported(name: str, message: str = "", status: int = 400, **more: Any) -> Answer:
    words = message or f"Unsupported parameter: '{name}' is not supported with this model."
    return Answer(status=status, error={"message": words, "param": name, "code": "unsupported_parameter", **more})


def extra_forbidden(name: str) -> Answer:  # FastAPI
    detail = {"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted", "input": 1}
    return Answer(status=422, body=json.dumps({"detail": [detail]}).encode())


NOT_TAKEN = {
    "code": unsupported,
    "value": lambda name: unsupported(
        name, f"Unsupported value: '{name}' does not support 0.7", code="unsupported_value"
    ),
    "its default": lambda name: Answer(
        status=400, error={"message": f"invalid {name}: only 1 is allowed for this model"}
    ),
    "equals": lambda name: Answer(status=400, error={"message": f"This model only supports {name} = 1"}),
    "accept": lambda name: Answer(status=400, error={"message": f"This endpoint does not accept {name}"}),
    "words": lambda name: Answer(status=400, error={"message": f"Unrecognized request argument supplied: {name}"}),
    "FastAPI": extra_forbidden,
}
FULL = {"max_tokens": 64, "temperature": 0.7, "top_p": 0.9}


def asked_with(script: Script, path: Path, count: int, **given: Any) -> tuple[list[str], Loopback]:
    """What is said when so many requests with every field are asked at once."""
    said: list[str] = []

    async def go(url: str) -> None:
        teacher = Teacher("m", "m", base_url=url, key_variable="LOOPBACK_KEY")
        with RequestStore(path) as store:
            dialect = Dialect(teacher, say=said.append, **given)
            async with Client(teacher, store, Pace(8), dialect=dialect) as client:
                asked = [Request("m", request(n).messages, FULL, seed=n) for n in range(count)]
                await asyncio.gather(*map(client.ask, asked))
                assert all(store.answer(each.key()) for each in asked)  # under the key of what was wanted

    with serving(script) as server:
        asyncio.run(go(server.url))
        return said, server


@pytest.mark.parametrize("way", NOT_TAKEN)
@pytest.mark.parametrize("name", ["temperature", "top_p", "seed"])
def test_a_field_that_is_not_taken_is_left_out(store_path: Path, name: str, way: str) -> None:
    said, server = asked_with(
        lambda body, times: NOT_TAKEN[way](name) if name in body else Answer(), store_path, 20
    )  # fmt: skip
    assert said == [f"m takes no {name}: it is left out from now on; --leave-out {name} does so at once"]
    assert len(server.bodies) <= 20 + 8  # those that were in flight are sent again
    everything = {"model", "messages", "seed", *FULL}
    assert set(server.bodies[-1]) == everything - {name}


@pytest.mark.parametrize("way", NOT_TAKEN)
def test_the_field_of_the_longest_reply_gets_its_other_name(store_path: Path, way: str) -> None:
    said, server = asked_with(
        lambda body, times: NOT_TAKEN[way]("max_tokens") if "max_tokens" in body else Answer(), store_path, 20
    )  # fmt: skip
    other = "max_completion_tokens"
    assert said == [f"m takes {other} for max_tokens from now on; --max-tokens-field {other} does so at once"]
    assert server.bodies[-1][other] == 64
    assert len(server.bodies) <= 28


def test_several_are_learned_one_after_the_other(store_path: Path) -> None:
    def script(body: dict[str, Any], times: int) -> Answer:
        wrong = [name for name in ("max_tokens", "temperature", "top_p", "seed") if name in body]
        return unsupported(wrong[0]) if wrong else Answer()

    said, server = asked_with(script, store_path, 1)
    assert len(said) == 4
    assert len(server.bodies) == 5


def test_without_a_limit_nobody_is_asked(store_path: Path) -> None:
    refusal = lambda body, times: unsupported(next(name for name in body if name.startswith("max_")))  # noqa: E731
    with pytest.raises(UnanswerableError):
        asked_with(refusal, store_path, 1)
    assert stored(store_path) == {400: 2}


@pytest.mark.parametrize(
    "message",
    [
        "max_tokens is too large: 100000. This model supports at most 16384 completion tokens",
        "'max_tokens' or 'max_completion_tokens' is too large: 64. This model's maximum context length is 40 tokens",
        "temperature must be between 0 and 1",
        "This model does not support image inputs",
    ],
)
def test_other_complaints_are_the_requests_own(store_path: Path, message: str) -> None:
    with pytest.raises(UnanswerableError, match="status 400"):
        asked_with(lambda body, times: Answer(status=400, error={"message": message}), store_path, 1)
    assert stored(store_path) == {400: 1}


def test_options_say_it_from_the_start(store_path: Path) -> None:
    said, server = asked_with(
        lambda body, times: Answer(), store_path, 1,
        leave_out="temperature, seed", limit_field="max_completion_tokens",
    )  # fmt: skip
    assert said == []
    assert set(server.bodies[0]) == {"model", "messages", "top_p", "max_completion_tokens"}


# Addresses.

PAGE = Answer(body=b"<html>hello</html>", headers={"content-type": "text/html"})
NOT_FOUND = Answer(status=404, body=b'{"detail":"Not Found"}')


@pytest.mark.parametrize("elsewhere", [PAGE, NOT_FOUND, Answer(status=405), Answer(status=404, body=b"")])
@pytest.mark.parametrize("count", [1, 20])
def test_an_address_without_v1_is_found_out(store_path: Path, elsewhere: Answer, count: int) -> None:
    said: list[str] = []

    async def go(url: str) -> list[Reply]:
        teacher = Teacher("m", "m", base_url=url, key_variable="LOOPBACK_KEY")
        with RequestStore(store_path) as store:
            async with Client(teacher, store, Pace(8), say=said.append) as client:
                return list(await asyncio.gather(*(client.ask(request(n)) for n in range(count))))

    with serving() as server:
        server.elsewhere = elsewhere
        url = server.url.removesuffix("/v1")
        assert len(asyncio.run(go(url))) == count
        assert len(server.seen) <= count + 8
    assert said == [f"nothing is at {url}, but at {url}/v1: give that as the address"]


@pytest.mark.parametrize("elsewhere", [PAGE, NOT_FOUND])
def test_an_address_with_nothing_below_it_is_one_line(store_path: Path, elsewhere: Answer) -> None:
    with serving() as server:
        server.elsewhere = elsewhere
        url = server.url.removesuffix("/v1") + "/nowhere"
        with pytest.raises(SynthError) as caught:
            with_client(url, store_path, lambda client: client.ask(request()))
        assert len(server.seen) <= 5
    assert url in str(caught.value)
    assert f"{url}/v1" in str(caught.value)
    assert "/v1" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "most"),
    [
        (b'{"type": "message", "content": [{"type": "text", "text": "4"}]}', PAGES),  # Anthropic's own interface
        (b'{"message": {"content": "4"}, "done": false}\n{"message": {"content": "."}, "done": true}\n', UNREAD),
    ],
)
def test_another_interface_is_one_line(store_path: Path, body: bytes, most: int) -> None:
    async def work(client: Client) -> Any:
        return await asyncio.gather(*(client.ask(request(each)) for each in range(10)))

    with serving(lambda body_, times: Answer(body=body)) as teacher:
        with pytest.raises(SynthError, match=r"is no chat completion \(.*\): is it an OpenAI-compatible server\?"):
            with_client(teacher.url, store_path, work, Pace(1))
        # once more by each of the ten that have not heard of it, and a probe for six replies in a row
        assert len(teacher.bodies) <= most + 10 + (most + 10) // BREAK_AFTER


@pytest.mark.parametrize("body", [b"<html>Checking your browser", b'{"status": "ok"}'])
def test_what_a_proxy_says_in_mid_run_costs_no_answer(store_path: Path, body: bytes) -> None:
    def script(asked: dict[str, Any], times: int) -> Answer:
        return Answer(body=body) if of(1, 2)(asked) and times == 1 else Answer()

    outcomes, teacher = one_by_one(script, store_path, 0, 1, 2)
    assert kinds(outcomes) == ["Reply"] * 3
    assert len(teacher.bodies) == 5


def test_a_query_stays_behind_the_path(store_path: Path) -> None:
    with serving() as server:
        url = f"{server.url}?api-version=preview"
        assert with_client(url, store_path, lambda client: client.ask(request())).text == Answer().text
        (seen,) = server.seen
    assert seen.path == "/v1/chat/completions?api-version=preview"
    assert seen.headers["api-key"] == KEY  # as Azure wants it, beside the usual header
    assert seen.headers["authorization"] == f"Bearer {KEY}"


def test_a_name_and_a_password_are_a_key(store_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOPBACK_KEY", "Basic bWU6c2VjcmV0c2VjcmV0")
    seen = Answer(status=400, error={"message": "who is bWU6c2VjcmV0c2VjcmV0?"})
    with serving(lambda body, times: seen) as server:
        with pytest.raises(UnanswerableError) as caught:
            with_client(server.url, store_path, lambda client: client.ask(request()))
        assert server.seen[0].headers["authorization"] == "Basic bWU6c2VjcmV0c2VjcmV0"
    assert "who is ***?" in str(caught.value)
    assert b"bWU6" not in store_path.read_bytes()


def test_refusals_are_unanswerable() -> None:
    assert issubclass(RefusedError, UnanswerableError)
