"""The options that say what is sent: --extra-body, --leave-out, --max-tokens-field, --wait-longest."""

from pathlib import Path
from typing import Any

import pytest

from synth.distilling.options import Distill
from synth.errors import UsageError
from synth.evaluating.options import Evaluate
from synth.judging.options import Judging
from synth.teachers.catalogue import Teacher
from synth.teachers.exchange import Request
from synth.teachers.given import Given, Limits, Sent, teacher_from

MISTAKES = [
    ({"extra_body": "{'a': 1}"}, "--extra-body {'a': 1}: this is no JSON"),
    ({"extra_body": ""}, "this is no JSON"),
    ({"extra_body": '{"a": NaN}'}, "this is no JSON"),
    ({"extra_body": '{"a": "\\ud83d"}'}, "this is no JSON"),
    ({"extra_body": "[1]"}, "--extra-body [1]: this is no JSON object"),
    ({"extra_body": '"low"'}, "no JSON object"),
    ({"extra_body": '{"model": "x"}'}, "--extra-body sets model, which the program sets itself: leave it out, or use"),
    ({"extra_body": '{"messages": []}'}, "sets messages, which the program sets itself: leave it out"),
    ({"extra_body": '{"stream": true}'}, "sets stream, "),
    ({"extra_body": '{"max_tokens": 5}'}, "or use --max-tokens"),
    ({"leave_out": "messages"}, "--leave-out messages: give some of temperature,top_p,seed"),
    ({"leave_out": "none,seed"}, "--leave-out none,seed: give some of"),
    ({"leave_out": ""}, "--leave-out : give some of"),
    ({"max_tokens_field": "max_new_tokens"}, "one of max_tokens, max_completion_tokens"),
    ({"wait_longest": "soon"}, "--wait-longest soon: give a number with s, m, h or d behind it, as 15m"),
    ({"wait_longest": "-5m"}, "--wait-longest -5m"),
]
OTHERS = {
    Distill: {"task": "gsm8k", "source": "hub", "out": "out", "teacher": "m"},
    Judging: {"folder": "data", "judge": "rubric"},
    Evaluate: {"model": "http://h/v1", "data": "data", "model_name": "m"},
}


@pytest.mark.parametrize(("options", "part"), MISTAKES)
@pytest.mark.parametrize("kind", [Limits, Distill, Judging, Evaluate])
def test_a_mistake_is_one_line_in_every_verb(kind: Any, options: dict[str, Any], part: str) -> None:
    with pytest.raises(UsageError) as caught:
        kind(**OTHERS.get(kind, {}), **options)
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("leave_out", ["temperature", "temperature,seed", "temperature, top_p, seed", "none", None])
def test_what_may_be_left_out(leave_out: str | None) -> None:
    assert Sent(leave_out=leave_out).leave_out == leave_out


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86400), ("0", 0)])
def test_how_long_to_wait(text: str, seconds: float) -> None:
    assert Limits(wait_longest=text).patience == seconds
    assert Limits().patience is None


def test_more_fields_are_part_of_the_request_and_of_its_key() -> None:
    given = Given(base_url="http://h/v1", extra_body='{"chat_template_kwargs": {"thinking": true}, "top_k": 5}')
    teacher, plain = teacher_from("m", given), teacher_from("m", Given(base_url="http://h/v1"))
    sampling = teacher.sampling(64, 0.7, top_p=None)
    assert sampling == {
        "max_tokens": 64, "temperature": 0.7, "chat_template_kwargs": {"thinking": True}, "top_k": 5,
    }  # fmt: skip
    keys = {Request("m", (), each.sampling(64, 0.7)).key() for each in (teacher, plain)}
    assert len(keys) == 2


def test_a_request_without_more_fields_has_the_key_that_it_always_had() -> None:
    """A store of version 0.1.0 is found again, whatever --leave-out and --max-tokens-field say of the sending."""
    given = Given(base_url="http://h/v1", leave_out="temperature", max_tokens_field="max_completion_tokens")
    asked = ({"role": "user", "content": "Two and two?"},)
    before = Request("m", asked, {"max_tokens": 64, "temperature": 0.7, "top_p": 0.9})
    assert Request("m", asked, teacher_from("m", given).sampling(64, 0.7, top_p=0.9)).key() == before.key()


def test_none_is_left_out_of_what_a_models_name_would_leave_out() -> None:
    by_name = teacher_from("gpt-5-mini", Given(base_url="http://h/v1"))
    all_sent = teacher_from("gpt-5-mini", Given(base_url="http://h/v1", leave_out="none"))
    assert "temperature" not in by_name.sampling(64, 0.7)
    assert all_sent.sampling(64, 0.7)["temperature"] == 0.7


@pytest.mark.parametrize(
    "option", [{"extra_body": "{}"}, {"leave_out": "seed"}, {"max_tokens_field": "max_tokens"}, {"wait_longest": "1h"}]
)
def test_what_only_a_server_takes_is_refused_for_a_checkpoint(option: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="only for a server"):
        Evaluate(model=str(tmp_path), data=tmp_path, **option)


def test_a_teacher_of_old_has_no_more_fields() -> None:
    assert Teacher("m", "m").extra == {}
