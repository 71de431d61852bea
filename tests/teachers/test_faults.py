"""Whose fault it is that no reply came: errors as servers write them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.teachers.faults import INTERRUPTED, UNREADABLE, Fault, fault_in, judge

MODERATED = {  # OpenRouter
    "code": 403, "message": "Your chosen model requires moderation and your input was flagged",
    "metadata": {"reasons": ["violence"], "flagged_input": "...", "provider_name": "OpenAI"},
}  # fmt: skip
AZURE = {
    "message": "The response was filtered due to the prompt triggering the policy.", "type": None, "param": "prompt",
    "code": "content_filter", "status": 400, "innererror": {"code": "ResponsibleAIPolicyViolation"},
}  # fmt: skip
GOOGLE = "You exceeded your current quota, please check your plan and billing details."
DAY = "Rate limit reached for gpt-4o on requests per day (RPD): Limit 200, Used 200."
PAGE = b"<!doctype html><p>Hello"


def fault(status: int, error: Any, headers: dict[str, str] | None = None) -> Fault:
    body = error if isinstance(error, bytes) else json.dumps(error).encode()
    reply, worth = judge(status, body)
    assert reply is None
    return fault_in(worth, headers or {}, body)


def said(message: str, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, **more}}


def google(quota: str) -> list[dict[str, Any]]:
    """A refusal for speed, as Gemini's API writes it: it names a wait of less than a minute for any quota."""
    details = [{"violations": [{"quotaId": quota}]}, {"reason": "RATE_LIMIT_EXCEEDED"}, {"retryDelay": "38.5s"}]
    return [said(GOOGLE, code=429, status="RESOURCE_EXHAUSTED", details=details)]


ERRORS: list[tuple[int, Any, str]] = [
    # the key, or this question
    (401, said("Incorrect API key", code="invalid_api_key"), "key"),
    (403, said("You may not", code="permission_denied"), "forbidden"),
    (403, {"error": MODERATED}, "filtered"),
    (403, said("Input was flagged by the moderation system"), "filtered"),
    (403, said("no", code="insufficient_user_quota"), "quota"),
    (400, [said("API key not valid.", status="INVALID_ARGUMENT", details=[{"reason": "API_KEY_INVALID"}])], "key"),
    (400, {"code": "Client specified an invalid argument", "error": "Incorrect API key provided: xa***."}, "key"),
    (400, said("Organization has been restricted.", code="organization_restricted"), "key"),
    (429, said("Your account was deactivated", type="access_terminated"), "key"),
    # unsafe, wherever it stands
    (400, said("Content Exists Risk", code="invalid_request_error"), "filtered"),
    (400, said("litellm.ContentPolicyViolationError: AzureException", code="400"), "filtered"),
    (403, {"code": "no permission", "error": "Content violates usage guidelines. Failed check: BIO"}, "filtered"),
    (400, said("系统检测到输入或生成内容可能包含不安全或敏感内容", code="1301"), "filtered"),
    (400, {"error": AZURE}, "filtered"),
    (400, said("no", code="content_filter"), "filtered"),
    (400, said("no", type="content_policy_violation"), "filtered"),
    (400, said("no", innererror={"code": "ResponsibleAIPolicyViolation"}), "filtered"),
    (400, said("no", code="invalid_prompt"), "filtered"),
    (400, {"code": "DataInspectionFailed", "message": "Input data may contain it."}, "filtered"),
    (400, said("Provider returned error", code=400, metadata={"raw": json.dumps({"error": AZURE})}), "filtered"),
    (400, said("Your prompt was flagged as potentially violating our usage policy."), "filtered"),
    (422, said("no", code="content_filter"), "filtered"),
    # what the request says
    (400, said("maximum context length is 8192 tokens", code="context_length_exceeded"), "refused"),
    (400, said("Invalid value: safe_mode"), "refused"),
    (422, {"detail": [{"type": "missing", "loc": ["body", "messages"], "msg": "Field required"}]}, "refused"),
    (413, b"too large", "refused"),
    # the address, or the model
    (404, {"detail": "Not Found"}, "path"),
    (404, said("Resource not found", code="404"), "path"),
    (404, b"", "path"),
    (404, PAGE, "path"),
    (405, {"detail": "Method Not Allowed"}, "path"),
    (200, PAGE, "path"),
    (404, said("The model `m` does not exist", code="model_not_found"), "model"),
    (404, said("no", code="DeploymentNotFound"), "model"),
    (
        404,
        {"object": "error", "message": "The model `m` does not exist.", "type": "NotFoundError", "code": 404},
        "model",
    ),
    (404, said("No endpoints found for a/b.", code=404), "model"),
    (403, said("Project `p` does not have access to model `m`", code="model_not_found"), "model"),
    (400, said("no", type="invalid_model", code="1500"), "model"),
    (400, said("no", code="model_decommissioned"), "model"),
    (400, said("The model does not take images", code="unsupported"), "refused"),
    # too much, for the minute or for longer
    (429, said("Request too large for m on tokens per min (TPM): Limit 30000, Requested 41000."), "refused"),
    (429, google("GenerateRequestsPerMinutePerProjectPerModel-FreeTier"), "busy"),
    (429, google("GenerateRequestsPerDayPerProjectPerModel-FreeTier"), "quota"),
    (429, said("Resource has been exhausted (e.g. check quota).", status="RESOURCE_EXHAUSTED"), "busy"),
    (400, said("Your credit balance is too low to access the API.", type="invalid_request_error"), "quota"),
    (400, said("You have reached your specified API usage limits.", type="invalid_request_error"), "quota"),
    (400, said("Access denied, please check your account.", code="Arrearage"), "quota"),
    (400, said("ExceededBudget: User=x over budget.", type="budget_exceeded"), "quota"),
    (403, said("Out of call volume quota. It will be replenished in 12 days.", code="403"), "quota"),
    (403, said("Key limit exceeded (total limit).", code=403), "quota"),
    (403, {"code": "no permission", "error": "Your team doesn't have any credits or licenses yet."}, "quota"),
    (429, {"code": "exhausted", "error": "Your team has used all available credits."}, "quota"),
    (
        412,
        said("Account a is suspended, for reaching the monthly spending limit.", code="PRECONDITION_FAILED"),
        "quota",
    ),
    (429, said("Too many requests", code="rate_limit_exceeded"), "busy"),
    (429, b"slow down", "busy"),
    (429, said("no", code="Throttling.AllocationQuota"), "busy"),
    (429, said("You exceeded your current quota", code="insufficient_quota"), "quota"),
    (429, said("You exceeded your current quota", type="insufficient_quota", code=None), "quota"),
    (429, said("no", type="exceeded_current_quota_error"), "quota"),
    (429, said("no", code="billing_not_active"), "quota"),
    (429, said("no", type="daily_limit"), "quota"),
    (429, said("Rate limit exceeded: free-models-per-day", code=429), "quota"),
    (429, said(DAY, code="rate_limit_exceeded"), "quota"),
    (429, said(f"{DAY} Please try again in 7m12s.", code="rate_limit_exceeded"), "busy"),
    (402, said("Insufficient Balance"), "quota"),
    # a status of 200 with an error in it
    (200, said("Rate limit exceeded: free-models-per-min", code=429), "busy"),
    (200, said("no", code="429"), "busy"),
    (200, said("no", code="rate_limit_exceeded"), "busy"),
    (200, said("no", type="too_many_requests"), "busy"),
    (200, {"error": "Rate limit reached, slow down"}, "busy"),
    (200, {"code": 429, "message": "no"}, "busy"),
    (200, {"errors": [{"code": 429, "message": "no"}]}, "busy"),
    (200, [{"error": {"code": 429, "message": "no", "status": "RESOURCE_EXHAUSTED"}}], "busy"),
    (200, said("no", status="RESOURCE_EXHAUSTED"), "busy"),
    (200, said("no", type="insufficient_quota"), "quota"),
    (200, said("no", code=402), "quota"),
    (200, said("no", code="invalid_api_key"), "key"),
    (200, said("no", code=401), "key"),
    (200, {"error": MODERATED}, "filtered"),
    (200, said("no", code="content_filter"), "filtered"),
    (200, said("no", code=400), "refused"),
    (200, said("no", type="invalid_request_error"), "refused"),
    (200, said("overloaded", code=529), "broken"),
    (200, said("no", type="server_error"), "broken"),
    (200, said("what?"), "broken"),
    (200, {"choices": []}, "broken"),
    (200, {"choices": None, "error": None}, "broken"),
    # JSON of something else
    (200, {"type": "message", "content": [{"type": "text", "text": "4"}], "stop_reason": "end_turn"}, "path"),
    (200, {"status": "ok"}, "path"),
    (200, [], "path"),
    (200, b"", "broken"),
    # broken
    (500, said("no"), "broken"),
    (502, PAGE, "broken"),
    (408, b"", "broken"),
    (409, b"", "broken"),
    (424, {"error": "Request failed during generation", "error_type": "generation"}, "broken"),
    (498, said("no capacity", type="capacity_exceeded"), "broken"),
    (499, said("The operation was cancelled"), "broken"),
    (0, b"ConnectionResetError", "broken"),
]


@pytest.mark.parametrize(("status", "error", "kind"), ERRORS)
def test_whose_fault_it_is(status: int, error: Any, kind: str) -> None:
    found = fault(status, error)
    assert found.kind == kind
    assert "\n" not in found.said
    assert found.said


def choice(reason: Any, error: Any = None, top: Any = None) -> bytes:
    body: dict[str, Any] = {"choices": [{"message": {"content": "The answer is 4."}, "finish_reason": reason}]}
    if error is not None:
        body["choices"][0]["error"] = error
    return json.dumps(body if top is None else {**body, "error": top}).encode()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (choice("error"), "interrupted"),
        (choice("abort"), "interrupted"),
        (choice("insufficient_system_resource"), "interrupted"),
        (choice("error", {"code": 502, "message": "Upstream provider disconnected"}), "interrupted"),
        (choice("stop", {"message": "Upstream provider disconnected"}), "interrupted"),
        (choice("stop", top="disconnected"), "interrupted"),
        (choice("error", {"code": 429, "message": "slow down"}), "busy"),
        (choice("error", MODERATED), "filtered"),
    ],
)
def test_a_reply_that_was_broken_off(body: bytes, kind: str) -> None:
    assert fault(200, body).kind == kind


@pytest.mark.parametrize("top", [None, {}, "", False, {"code": 0, "message": ""}, {"message": None, "code": None}])
@pytest.mark.parametrize("reason", ["stop", "eos", "length", "content_filter", "model_context_window_exceeded", None])
def test_an_error_that_says_nothing_is_none(top: Any, reason: Any) -> None:
    reply, status = judge(200, choice(reason, top=top))
    assert reply is not None
    assert status == 200


def test_what_is_written_down_is_no_answer() -> None:
    assert judge(200, choice("error")) == (None, INTERRUPTED)
    assert judge(200, b"{") == (None, UNREADABLE)
    assert judge(200, json.dumps(said("no", code=429)).encode()) == (None, 429)
    assert INTERRUPTED < UNREADABLE < 0


@pytest.mark.parametrize(
    ("wait", "kind"), [("7200", "busy"), ("61", "busy"), ("60", "quota"), ("1", "quota"), ("0", "quota")]
)
def test_a_quota_with_an_end_in_sight_is_waited_for(wait: str, kind: str) -> None:
    found = fault(429, said("no", code="insufficient_quota"), {"retry-after": wait})
    assert (found.kind, found.wait) == (kind, float(wait))


NAMES = ["error", "errors", "code", "type", "message", "detail", "metadata", "raw", "headers", "choices"]
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(NAMES),
        inner, max_size=4,
    ),
    max_leaves=15,
)  # fmt: skip


@given(loaded=JUNK, status=st.sampled_from([0, 200, 400, 401, 403, 404, 422, 429, 500, 503]))
def test_no_error_is_too_strange(loaded: Any, status: int) -> None:
    body = json.dumps(loaded).encode()
    reply, worth = judge(status, body)
    if reply is None:
        assert "\n" not in fault_in(worth, {}, body).said
