"""Addresses as people paste them."""

import pytest

from synth.errors import UsageError
from synth.teachers.address import address_of, tidy


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("http://h:1/v1", "http://h:1/v1"),
        ("http://h:1/v1/", "http://h:1/v1"),
        ("  http://h:1/v1 \n", "http://h:1/v1"),
        ("'http://h:1/v1'", "http://h:1/v1"),
        ("HTTPS://h/v1", "https://h/v1"),
        ("http://h/v1/chat/completions", "http://h/v1"),
        ("http://h/v1/chat/completions/", "http://h/v1"),
        ("http://h/v1/models", "http://h/v1"),
        ("http://h/chat/completions", "http://h"),
        ("http://h/v1/batches", "http://h/v1"),
        ("https://h/v1/messages", "https://h/v1"),
        ("localhost:11434/api/chat", "http://localhost:11434"),
        ("http://h:11434/api/generate", "http://h:11434"),
        ("http://h/openai/v1?api-version=preview", "http://h/openai/v1?api-version=preview"),
        ("http://h/d/x/chat/completions?api-version=1", "http://h/d/x?api-version=1"),
        ("http://h/v1#top", "http://h/v1"),
        ("localhost:8000/v1", "http://localhost:8000/v1"),
        ("localhost", "http://localhost"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("[::1]:8000/v1", "http://[::1]:8000/v1"),
        ("http://h/@me/v1", "http://h/@me/v1"),
    ],
)
def test_what_is_meant(given: str, meant: str) -> None:
    assert tidy(given) == meant
    assert tidy(meant) == meant


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ("server.example/v1", "http:// or https://, as https://server.example/v1"),
        ("192.168.1.5:8000/v1", "http:// or https://, as http://192.168.1.5:8000/v1"),
        ("gpu-box:8000", "http:// or https://, as http://gpu-box:8000"),
        ("gpu-box.lab:8000/v1", "http:// or https://, as http://gpu-box.lab:8000/v1"),
        ("", "http:// or https://, as http://localhost:8000/v1"),
        ("gpt-4o", "http:// or https://, as http://localhost:8000/v1"),
        ("ftp://h/v1", "http:// or https://"),
        ("http://", "no address"),
        ("http://a b/v1", "no address"),
        ("http://h:port/v1", "no address"),
        ("http://h:99999/v1", "no address"),
        ("http://[::1/v1", "no address"),
    ],
)
def test_what_is_none(given: str, part: str) -> None:
    with pytest.raises(UsageError) as caught:
        tidy(given)
    assert part in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "base", "parameters", "versioned"),
    [
        ("http://h/v1", "http://h/v1", {}, None),
        ("http://h", "http://h", {}, "http://h/v1"),
        ("http://h/api", "http://h/api", {}, "http://h/api/v1"),
        ("http://h/v1beta/openai", "http://h/v1beta/openai", {}, None),
        ("http://h/d?api-version=1&x=", "http://h/d", {"api-version": "1", "x": ""}, "http://h/d/v1?api-version=1&x="),
    ],
)
def test_where_requests_go(url: str, base: str, parameters: dict[str, str], versioned: str | None) -> None:
    address = address_of(url)
    assert str(address) == url
    assert (address.base, address.parameters) == (base, parameters)
    other = address.versioned
    assert (None if other is None else str(other)) == versioned


@pytest.mark.parametrize(
    "given", ["https://me:secret@h/v1", "http://secret@h", " me:secret@localhost:8000/v1", "https://me:sec@ret@h/v1"]
)
def test_a_password_in_an_address_is_refused_and_not_repeated(given: str) -> None:
    with pytest.raises(UsageError, match="export OPENAI_API_KEY") as caught:
        tidy(given)
    assert "secret" not in str(caught.value)
    assert "ret@" not in str(caught.value)
