"""`synth doctor`: what it says of servers of every kind, and of what is no server at all."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from loopback import Answer, Loopback, free_port, serving

from synth.teachers.catalogue import find_teacher
from synth.teachers.doctor import examine as examine_all

Synth = Callable[..., "subprocess.CompletedProcess[str]"]
KEY = "sk-very-secret-key"
PAGE = Answer(body=b"<html>hello</html>", headers={"content-type": "text/html"})


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setattr("synth.teachers.doctor.PAUSE", 0.001)


def examine(synth: Synth, teacher: Loopback, *words: str) -> "subprocess.CompletedProcess[str]":
    return synth("doctor", "--teacher", "loopback", "--base-url", teacher.url, *words)


def findings(done: "subprocess.CompletedProcess[str]") -> dict[str, tuple[bool, str]]:
    """What the report says of each thing."""
    lines = [line for line in done.stdout.splitlines() if line.startswith("  ")]
    return {line[6:34].strip(): (line[2:5] == "yes", line[35:]) for line in lines}


def limited(request: dict[str, Any], times: int) -> Answer:
    text = f"It is {request['seed']}." if "animal" in str(request) else "Two and two are four. The answer is 4."
    return Answer(text, headers={"x-ratelimit-limit-requests": "500", "x-ratelimit-limit-tokens": "30000"})


def test_each_of_several_servers_is_examined(synth: Synth) -> None:
    nobody = f"http://127.0.0.1:{free_port()}/v1"
    with serving(limited) as one, serving(limited) as other:
        done = examine(synth, one, "--base-url", other.url)
        assert done.returncode == 0, done.stderr
        heads = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
        assert heads == [f"loopback: loopback at {one.url}", f"loopback: loopback at {other.url}"]
        found = json.loads(examine(synth, one, "--base-url", nobody, "--json").stdout)
        assert list(found) == [one.url, nobody]
        assert [each[-1]["good"] for each in found.values()] == [True, False]
        done = examine(synth, one, "--base-url", nobody)
        assert done.returncode == 1
        assert f"1 of 2 servers cannot be asked: {nobody}: " in done.stderr


def test_a_server_that_does_everything(synth: Synth) -> None:
    with serving(limited) as teacher:
        done = examine(synth, teacher)
        assert sorted(seen.path for seen in teacher.seen) == 8 * ["/v1/chat/completions"] + ["/v1/models"]
        assert [set(body) - {"model", "messages"} for body in teacher.bodies] == [
            {"max_tokens"}, {"max_tokens", "temperature"}, {"max_tokens", "top_p"}, {"max_tokens", "seed"},
            {"max_completion_tokens"}, *3 * [{"max_tokens", "temperature", "seed"}],
        ]  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == f"loopback: loopback at {teacher.url}"
    found = findings(done)
    assert found.pop("shows its thinking") == (False, "no")
    assert all(good for good, _ in found.values()), done.stdout
    assert found["list of models"] == (True, "loopback")
    assert found["tells tokens"] == (True, "11 + 7")
    assert found["tells its limits"] == (True, "requests 500, tokens 30000")
    assert found["system fingerprint"] == (True, "fp_loopback")
    assert found["answers"][1].endswith("s, stop: 'Two and two are four. The answer is 4.'")
    assert done.stderr == ""


MODELS = {
    "500": (Answer(status=500), "status 500: not needed"),
    "404": (Answer(status=404, body=b"<html>", headers={"content-type": "text/html"}), "status 404: not needed"),
    "page": (PAGE, "not what a list of models looks like: not needed"),
    "strange": (Answer(body=b'{"models": ["loopback"]}'), "not what a list of models looks like: not needed"),
    "names": (Answer(body=b'["loopback"]'), "not what a list of models looks like: not needed"),
    "half": (Answer(body=b'{"data": [{"id"'), "not what a list of models looks like: not needed"),
    "empty": (Answer(body=b'{"object": "list", "data": []}'), "loopback is not in it: empty"),
    "others": (Answer(body=b'{"data": [{"id": "a"}, {"id": "b"}]}'), "loopback is not in it: a, b"),
    "dropped": (Answer(drop="before"), "cannot be reached"),
}


@pytest.mark.parametrize("models", MODELS)
def test_a_server_can_do_without_a_list_of_models(synth: Synth, models: str) -> None:
    reply, said = MODELS[models]
    with serving() as teacher:
        teacher.models = reply
        done = examine(synth, teacher)
    assert done.returncode == 0, done.stderr
    good, detail = findings(done)["list of models"]
    assert not good
    assert said in detail
    assert findings(done)["answers"][0]


@pytest.mark.parametrize("setting", ["temperature", "top_p", "seed", "max_completion_tokens"])
def test_settings_that_a_server_refuses(synth: Synth, setting: str) -> None:
    def script(request: dict[str, Any], times: int) -> Answer:
        error = {"message": f"Unsupported value:\n {setting}", "code": "unsupported_value"}
        return Answer(status=400, error=error) if setting in request else Answer()

    with serving(script) as teacher:
        done = examine(synth, teacher)
    assert done.returncode == 0, done.stderr
    refused = {what: detail for what, (good, detail) in findings(done).items() if not good and what[:5] == "takes"}
    assert refused == {f"takes {setting}": f"status 400: Unsupported value: {setting}"}


def completion(**more: Any) -> Answer:
    message = {"role": "assistant", "content": "The answer is 5."}
    return Answer(body=json.dumps({"choices": [{"message": message, "finish_reason": "stop"}], **more}).encode())


REPLIES = {
    "no usage": (completion(), "tells tokens", (False, "0 + 0")),
    "no limits": (Answer(), "tells its limits", (False, "no headers: use --rpm and --tpm")),
    "no fingerprint": (completion(), "system fingerprint", (False, "none")),
    "field": (Answer(reasoning="Let me see."), "shows its thinking", (True, "in a field of its own")),
    "older field": (
        Answer(reasoning="Hm.", reasoning_field="reasoning_content"),
        "shows its thinking", (True, "in a field of its own"),
    ),
    "tags": (Answer("<think>Hm.</think>The answer is 5."), "shows its thinking", (True, "between <think> tags")),
    "silent": (Answer(None), "shows its thinking", (False, "no")),
}  # fmt: skip


@pytest.mark.parametrize("reply", REPLIES)
def test_what_comes_with_the_answer(synth: Synth, reply: str) -> None:
    answer, what, said = REPLIES[reply]
    with serving(lambda request, times: answer) as teacher:
        done = examine(synth, teacher)
    assert done.returncode == 0, done.stderr
    assert findings(done)[what] == said


STRAY = 3  # tries of what may go well the next time
HOPELESS = {
    "key": (Answer(status=401, error={"message": f"Incorrect API key provided: {KEY}"}), "API key provided: ***"),
    "model": (Answer(status=404, error={"message": "no such model"}), "status 404: no such model"),
    "page": (PAGE, "give --base-url an address that ends in /v1"),
    "error page": (Answer(status=502, body=b"<html>bad gateway</html>"), "status 502: a web page"),
    "no choices": (Answer(body=b'{"reply": "five"}'), "has no choices: is this an OpenAI server?"),
    "no object": (Answer(body=b'["five"]'), "the reply is no JSON object"),
    "half": (Answer(body=b'{"choices": [{"mess'), "does not answer in JSON"),
    "dropped": (Answer(drop="half"), "cannot be reached"),
    "markup": (Answer(status=500, error={"message": "[/red] [bold]boom"}), "[/red] [bold]boom"),
}


@pytest.mark.parametrize("reply", HOPELESS)
def test_a_teacher_that_cannot_be_asked_is_one_line(synth: Synth, reply: str) -> None:
    answer, part = HOPELESS[reply]
    with serving(lambda request, times: answer) as teacher:
        done = examine(synth, teacher)
        stray = reply in ("page", "error page", "half", "dropped", "markup")
        assert len(teacher.bodies) == (STRAY if stray else 1)  # no further probes
    assert done.returncode == 1
    assert done.stderr.startswith("synth: this teacher cannot be asked: ")
    assert part in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert part in findings(done)["answers"][1]
    assert KEY not in done.stdout + done.stderr


@pytest.mark.parametrize("elsewhere", [PAGE, Answer(status=404, body=b'{"detail":"Not Found"}')])
def test_an_address_without_v1_is_found_out_and_said(synth: Synth, elsewhere: Answer) -> None:
    """The site's own pages instead of the interface below /v1."""
    with serving(limited) as teacher:
        teacher.elsewhere = elsewhere
        url = teacher.url.removesuffix("/v1")
        done = synth("doctor", "--teacher", "loopback", "--base-url", url)
    assert done.returncode == 0, done.stderr
    assert findings(done)["address"] == (False, f"nothing is at {url}, but at {url}/v1: give that")
    assert findings(done)["list of models"] == (True, "loopback")


def test_a_wrong_address_is_one_line(synth: Synth) -> None:
    with serving() as teacher:
        teacher.elsewhere = PAGE
        done = synth("doctor", "--teacher", "m", "--base-url", teacher.url.replace("/v1", "/v2"))
    assert done.returncode == 1
    assert "give --base-url an address that ends in /v1" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("fault", [Answer(status=500), Answer(drop="before"), Answer("T", finish_reason="error")])
def test_a_stray_fault_is_tried_again(synth: Synth, fault: Answer) -> None:
    def script(request: dict[str, Any], times: int) -> Answer:
        return fault if times == 1 else limited(request, times)

    with serving(script) as teacher:
        done = examine(synth, teacher)
    assert done.returncode == 0, done.stderr
    assert all(good for what, (good, _) in findings(done).items() if what != "shows its thinking"), done.stdout


SAME = "no: 3 times the same at temperature 1, so ask for --max-attempts 1, or have the server sample"
VARIES: dict[str, tuple[Callable[[int], Answer], tuple[bool, str]]] = {
    "the same": (lambda seed: Answer("A cat in Rome is red."), (False, SAME)),
    "the same thought": (lambda seed: Answer(None, reasoning="Hm.", finish_reason="length"), (False, SAME)),
    "others": (lambda seed: Answer(f"Cat {seed}."), (True, "3 of 3 at temperature 1")),
    "two": (lambda seed: Answer(f"Cat {seed > 1}."), (True, "2 of 3 at temperature 1")),
    "other thoughts": (lambda seed: Answer(None, reasoning=f"Hm {seed}"), (True, "3 of 3 at temperature 1")),
    "nothing": (lambda seed: Answer(None, finish_reason="length"), (False, "not known: no text within 64 tokens")),
    "refused": (lambda seed: Answer(status=400, error={"message": "no"}), (False, "not known: status 400: no")),
}


@pytest.mark.parametrize("kind", VARIES)
def test_whether_replies_vary(synth: Synth, kind: str) -> None:
    answer, (good, detail) = VARIES[kind]

    def script(request: dict[str, Any], times: int) -> Answer:
        return answer(request["seed"]) if "animal" in str(request) else Answer()

    with serving(script) as teacher:
        done = examine(synth, teacher)
    assert done.returncode == 0, done.stderr
    found = findings(done)["varies its replies"]
    assert found[0] == good
    assert found[1].startswith(detail)
    assert ("--extra-body" in found[1]) == (detail == SAME)


def test_a_server_without_seeds_is_asked_without(synth: Synth) -> None:
    def script(request: dict[str, Any], times: int) -> Answer:
        if "seed" in request:
            return Answer(
                status=400, error={"message": "Unsupported parameter: 'seed'", "code": "unsupported_parameter"}
            )
        return Answer(f"Cat {times}.") if "animal" in str(request) else Answer()

    with serving(script) as teacher:
        done = examine(synth, teacher)
    assert findings(done)["takes seed"][0] is False
    assert findings(done)["varies its replies"] == (True, "3 of 3 at temperature 1")


def test_a_server_with_the_other_name_of_the_longest_reply(synth: Synth) -> None:
    def script(request: dict[str, Any], times: int) -> Answer:
        error = {
            "message": "Unsupported parameter: 'max_tokens'",
            "param": "max_tokens",
            "code": "unsupported_parameter",
        }
        return Answer(status=400, error=error) if "max_tokens" in request else Answer()

    with serving(script) as teacher:
        done = examine(synth, teacher)
    assert done.returncode == 0, done.stderr
    assert "--max-tokens-field max_completion_tokens" in findings(done)["asked as usual"][1]
    assert findings(done)["takes max_tokens"][0] is False


def test_more_fields_are_sent_with_every_probe(synth: Synth) -> None:
    with serving() as teacher:
        done = examine(synth, teacher, "--extra-body", '{"top_k": 5}', "--leave-out", "temperature")
        assert all(body["top_k"] == 5 for body in teacher.bodies)
        assert sum("temperature" in body for body in teacher.bodies) == 1  # to find out
    assert done.returncode == 0, done.stderr


def test_a_mistake_in_more_fields_is_one_line(synth: Synth) -> None:
    done = synth("doctor", "--teacher", "m", "--base-url", "http://h/v1", "--extra-body", '{"stream": true}')
    assert done.returncode == 2
    assert "--extra-body sets stream" in done.stderr
    assert done.stderr.count("\n") == 1


def test_nobody_there_is_one_line(synth: Synth) -> None:
    port = free_port()
    done = synth("doctor", "--teacher", "m", "--base-url", f"http://127.0.0.1:{port}/v1")
    assert done.returncode == 1
    assert f"http://127.0.0.1:{port}/v1 cannot be reached" in done.stderr
    assert "is it running?" in done.stderr
    assert done.stderr.count("\n") == 1


MISTAKES = [
    (["--teacher", "gpt-6-luna"], "", 1, "export OPENAI_API_KEY="),
    (["--teacher", "gpt-4o-minj"], KEY, 2, "did you mean 'gpt-4o-mini'?"),
    (["--teacher", "qwen"], KEY, 2, "give --base-url"),
    (["--teacher", "m", "--base-url", "http://127.0.0.1:9/v1"], "sk-ü", 1, "has characters that no key has"),
]


@pytest.mark.parametrize(("words", "key", "code", "part"), MISTAKES)
def test_a_mistake_is_one_line(
    synth: Synth, monkeypatch: pytest.MonkeyPatch, words: list[str], key: str, code: int, part: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    done = synth("doctor", *words)
    assert done.returncode == code
    assert part in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr


@pytest.mark.parametrize(("day", "part"), [("2020-01-02", "m was shut down on 2020-01-02"), (None, "")])
def test_the_end_of_a_model_in_the_list_is_told(synth: Synth, day: str | None, part: str) -> None:
    with serving() as teacher:
        models = {"object": "list", "data": [{"id": "m", "object": "model", "shutdown_date": day}]}
        teacher.models = Answer(body=json.dumps(models).encode())
        done = synth("doctor", "--teacher", "m", "--base-url", teacher.url)
    assert done.returncode == 0, done.stderr
    assert ("stays" in done.stdout) == bool(part)
    assert part in done.stdout


def test_a_model_that_goes_away_says_so(synth: Synth, monkeypatch: pytest.MonkeyPatch) -> None:
    """In its head line, before anything is asked; and no key is no reason to be silent about it."""
    monkeypatch.setenv("OPENAI_API_KEY", "")
    done = synth("doctor", "--teacher", "gpt-3.5-turbo")
    assert "gpt-3.5-turbo was shut down on 2026-10-23" in done.stdout.splitlines()[1]


def test_each_finding_is_told_before_the_next_request() -> None:
    told: list[tuple[str, int]] = []
    with serving(limited) as teacher:
        asked = find_teacher("loopback", teacher.url)
        found = asyncio.run(examine_all(asked, told=lambda finding: told.append((finding.what, len(teacher.bodies)))))
    assert [what for what, _ in told] == [finding.what for finding in found]
    assert {what: requests for what, requests in told if what.startswith(("answers", "takes", "varies"))} == {
        "answers": 1, "takes temperature": 2, "takes top_p": 3, "takes seed": 4, "takes max_completion_tokens": 5,
        "varies its replies": 8,
    }  # fmt: skip
