"""Names of teachers: whose they are, where they are asked, what they cost, and when they go."""

from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from synth.errors import SynthError, UsageError
from synth.teachers.catalogue import (
    ALIASES,
    LISTED,
    OPEN,
    Teacher,
    find_teacher,
    gone,
    listed,
    shutdown_notice,
    tell_end,
)
from synth.teachers.lifetimes import SHUTDOWNS, STAND_IN, announced_shutdown, shutdown_of
from synth.teachers.makers import MAKERS, OPENAI, maker_at
from synth.teachers.traits import traits_of

TODAY = date(2026, 11, 30)
FOREIGN = "http://127.0.0.1:9/v1"


def deepseek_reasoner() -> tuple[float, float]:
    """Its price at this hour: from 16:30 to 0:30 UTC it costs a quarter."""
    now = datetime.now(timezone.utc)
    return (0.55, 2.19) if (0, 30) <= (now.hour, now.minute) < (16, 30) else (0.135, 0.55)


@pytest.fixture(autouse=True)
def _no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", *(maker.key_variable for maker in MAKERS)):
        monkeypatch.delenv(name, raising=False)


NAMES = {  # what is typed: the model, the address, the variable of the key, dollars for a million tokens in and out
    "gpt-6-luna": ("gpt-6-luna", OPENAI, "OPENAI_API_KEY", 0.1, 0.5),
    "GPT-4.1-mini": ("gpt-4.1-mini", OPENAI, "OPENAI_API_KEY", 0.4, 1.6),
    "gpt-4o-mini-2024-07-18": ("gpt-4o-mini-2024-07-18", OPENAI, "OPENAI_API_KEY", 0.15, 0.6),
    "openai/gpt-5.4-mini": ("gpt-5.4-mini", OPENAI, "OPENAI_API_KEY", 0.75, 4.5),
    "o3": ("o3", OPENAI, "OPENAI_API_KEY", 2, 8),
    "gpt-7": ("gpt-7", OPENAI, "OPENAI_API_KEY", None, None),
    "claude-opus-4-6": ("claude-opus-4-6", "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY", 5, 25),
    "anthropic/claude-opus-4-6": ("claude-opus-4-6", "https://api.anthropic.com/v1", "ANTHROPIC_API_KEY", 5, 25),
    "google/gemini-2.5-flash": (
        "gemini-2.5-flash", "https://generativelanguage.googleapis.com/v1beta/openai", "GEMINI_API_KEY", 0.3, 2.5,
    ),
    "mistral/mistral-large-latest": ("mistral-large-latest", "https://api.mistral.ai/v1", "MISTRAL_API_KEY", 2, 6),
    "deepseek/deepseek-reasoner": (
        "deepseek-reasoner", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY", *deepseek_reasoner(),
    ),
    "openrouter/openai/gpt-6-luna": (
        "openai/gpt-6-luna", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", 0.1, 0.5,
    ),
    "openrouter/meta-llama/llama-3.3-70b-instruct:free": (
        "meta-llama/llama-3.3-70b-instruct:free", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", None, None,
    ),
    "groq/llama-3.3-70b-versatile": (
        "llama-3.3-70b-versatile", "https://api.groq.com/openai/v1", "GROQ_API_KEY", 0.59, 0.79,
    ),
    "together/meta-llama/Llama-3.3-70B-Instruct-Turbo": (
        "meta-llama/Llama-3.3-70B-Instruct-Turbo", "https://api.together.xyz/v1", "TOGETHER_API_KEY", 0.88, 0.88,
    ),
    "grok-4": ("grok-4", "https://api.x.ai/v1", "XAI_API_KEY", 3, 15),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_enough(name: str) -> None:
    teacher = find_teacher(name)
    price = (teacher.prompt_price, teacher.completion_price)
    assert (teacher.model, teacher.base_url, teacher.key_variable, *price) == NAMES[name]
    if price == (None, None):
        assert teacher.cost(1000, 1000) is None  # and never 0
    with pytest.raises(SynthError, match=f"needs a key: export {teacher.key_variable}="):
        teacher.key()


@pytest.mark.parametrize("name", [*NAMES, "google/gemma-3-27b-it", "m-1", "stand-in", "gpt-4o-minj", "Qwen/Qwen3-32B"])
def test_at_another_server_a_name_goes_through_as_it_is_and_costs_nobody_knows_what(name: str) -> None:
    teacher = find_teacher(name, FOREIGN)
    assert (teacher.name, teacher.model, teacher.base_url, teacher.key_variable) == (
        name,
        name,
        FOREIGN,
        "OPENAI_API_KEY",
    )
    assert teacher.cost(1, 1) is None
    assert teacher.shutdown is None
    assert teacher.key() == "none"


def test_an_open_model_is_known_by_its_short_name_and_has_to_be_served() -> None:
    for short in ("llama-3.1", "qwen", *(teacher.name for teacher in OPEN)):
        with pytest.raises(UsageError, match="give --base-url of a server that has"):
            find_teacher(short)
        teacher = find_teacher(short, FOREIGN)
        assert teacher.name == ALIASES.get(short, short)
        assert "/" in teacher.model
        assert teacher.terms


@pytest.mark.parametrize("address", ["https://api.groq.com/openai/v1", "https://api.groq.com/openai/v1/"])
def test_an_address_of_a_maker_is_known(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    teacher = find_teacher("llama-3.3-70b-versatile", address)
    assert (teacher.prompt_price, teacher.key_variable) == (0.59, "OPENAI_API_KEY")
    monkeypatch.setenv("GROQ_API_KEY", "gsk")
    assert find_teacher("llama-3.3-70b-versatile", address).key() == "gsk"
    assert find_teacher("groq/llama-3.3-70b-versatile", address).model == "llama-3.3-70b-versatile"
    assert maker_at("https://api.groq.com.example.org/v1") is None


def test_an_address_in_the_environment_is_for_names_without_a_maker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", FOREIGN)
    assert find_teacher("gpt-6-luna").base_url == FOREIGN
    assert find_teacher("anthropic/claude-opus-4-6").base_url == "https://api.anthropic.com/v1"
    monkeypatch.setenv("OPENAI_BASE_URL", "https://api.openai.com/v1/")
    assert find_teacher("gpt-3.5").shutdown is not None  # that is no server of one's own


WRONG = {
    "m-1": "no teacher is called 'm-1': see synth teachers, or put its maker before it (openai, anthropic",
    "gpt-4o-minj": "did you mean 'gpt-4o-mini'?",
    "gpt-6-lunar": "did you mean 'gpt-6-luna'? If not, add --base-url https://api.openai.com/v1",
    "meta-llama/Llama-3.1-8B-Instruct": "any other model needs --base-url",
    "lama-3.1-8b": "did you mean 'llama-3.1-8b'?",
    "groq/": "no teacher is called 'groq/'",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_name_that_says_no_maker_is_one_line(name: str) -> None:
    with pytest.raises(UsageError) as raised:
        find_teacher(name)
    assert WRONG[name] in str(raised.value)
    assert "\n" not in str(raised.value)


TRAITS = {  # reasons, takes a temperature, refuses max_tokens
    (True, False, True): (
        "o1", "o1-pro", "o3", "o3-mini", "o4-mini", "o4-mini-2025-04-16", "o5", "gpt-5", "gpt-5-mini", "gpt-5.4-nano",
        "gpt-6-luna", "gpt-6.1-sol", "gpt-7", "gpt-12.5-x", "openai/gpt-5-mini", "GPT-6-Luna",
        "ft:o4-mini-2025-04-16:me", "gpt-5:extended",
    ),
    (True, True, False): (
        "gpt-oss-20b", "openai/gpt-oss-120b", "deepseek-reasoner", "deepseek-ai/DeepSeek-R1", "Qwen/Qwen3-32B",
        "qwq-32b", "magistral-small", "gemini-2.5-flash", "gemini-3.8-flash", "grok-4", "moonshotai/kimi-k2-thinking",
    ),
    (False, True, False): (
        "gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.5-preview", "gpt-3.5-turbo", "gpt-5-chat-latest",
        "gpt-5.1-chat-latest", "m-1", "stand-in", "olmo-2", "o200k", "meta-llama/Llama-3.1-8B-Instruct",
        "Qwen/Qwen2.5-7B-Instruct", "qwen3-30b-a3b-instruct-2507", "claude-opus-4-6", "gemini-2.0-flash",
        "gpt-50b-of-mine-5", "deepseek-chat",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("traits", "name"), [(traits, name) for traits, names in TRAITS.items() for name in names])
def test_what_is_peculiar_about_a_model_is_told_by_its_name_wherever_it_is_served(
    traits: tuple[bool, bool, bool], name: str
) -> None:
    found = traits_of(name)
    assert (found.reasons, found.takes_temperature, found.completion_limit) == traits
    teacher = find_teacher(name, FOREIGN)
    assert (teacher.reasons, teacher.takes_temperature) == traits[:2]
    assert teacher.max_tokens_field() == ("max_completion_tokens" if traits[2] else "max_tokens")
    behind = find_teacher("my-deployment", FOREIGN, model=name)
    assert behind.takes_temperature == traits[1]


def test_openai_takes_the_new_limit_for_all_its_models() -> None:
    assert find_teacher("gpt-4o").max_tokens_field() == "max_completion_tokens"
    assert find_teacher("gpt-4o", "https://api.openai.com/v1/").max_tokens_field() == "max_completion_tokens"


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("gpt-3.5", "2026-10-23"), ("gpt-3.5-turbo-0125", "2026-10-23"), ("o4-mini", "2026-10-23"),
        ("gpt-4o-2024-05-13", "2026-10-23"), ("gpt-5-chat-latest", "2026-07-23"), ("gpt-5.2-chat-latest", "2026-08-10"),
        ("gpt-4.1-nano-2025-04-14", "2026-10-23"), ("gpt-5", "2026-12-11"), ("gpt-5-mini", "2026-12-11"),
        ("gpt-5-nano-2025-08-07", "2026-12-11"), ("gpt-4o", "2027-01-14"), ("gpt-4o-2024-08-06", "2027-01-14"),
        ("gpt-4o-mini", "2027-01-14"), ("gpt-4.1", "2027-01-14"), ("openai/gpt-4.1-mini", "2027-01-14"),
        ("ft:gpt-4o-mini-2024-07-18:me::abc", "2027-01-14"), ("gpt-6-luna", None), ("gpt-5.4-mini", None),
        ("gpt-4o-transcribe", None), ("openrouter/openai/gpt-4o", None), ("azure", None),
    ],
)  # fmt: skip
def test_models_go(name: str, day: str | None) -> None:
    teacher = find_teacher(name, FOREIGN if name == "azure" else None)
    assert (str(teacher.shutdown) if teacher.shutdown else None) == day
    if day is None:
        assert shutdown_notice(teacher, TODAY) is None
        return
    verb = "was shut down" if day < str(TODAY) else "will be shut down"
    assert shutdown_notice(teacher, TODAY) == (
        f"{teacher.name} {verb} on {day}: use --teacher gpt-6-luna, or --base-url of a server that has it"
    )
    assert gone(teacher, TODAY) == (day < str(TODAY))


def test_what_stands_in_is_there() -> None:
    assert announced_shutdown(STAND_IN) is None
    assert find_teacher(STAND_IN).cost(1e6, 1e6) == pytest.approx(0.6)
    assert all(shutdown_notice(find_teacher(name), TODAY) for day, names in SHUTDOWNS.items() for name in names
               if day < date(2027, 3, 1))  # fmt: skip


def test_what_is_listed_is_priced_and_not_gone() -> None:
    teachers = listed()
    assert [teacher.name for teacher in teachers] == [*LISTED, *(teacher.name for teacher in OPEN)]
    for teacher in teachers[: len(LISTED)]:
        assert (teacher.cost(1, 1) or 0) > 0, teacher.name
        assert teacher == find_teacher(teacher.name), teacher.name
        assert not gone(teacher, TODAY), teacher.name


LISTINGS: list[tuple[Any, date | None]] = [
    ({"data": [{"id": "a"}, {"id": "m", "shutdown_date": "2026-12-11"}]}, date(2026, 12, 11)),
    ([{"id": "m", "shutdown_date": "2026-12-11T00:00:00Z"}], date(2026, 12, 11)),
    ({"data": [{"id": "m", "shutdown_date": None}]}, None),
    ({"data": [{"id": "m"}]}, None),
    ({"data": [{"id": "m", "shutdown_date": "soon"}]}, None),
    ({"data": [{"id": "m", "shutdown_date": 17}]}, None),
    ({"data": [{"id": "n", "shutdown_date": "2026-12-11"}, "m", 3, None]}, None),
    ({"data": {"m": 1}}, None),
    ({}, None),
    ("m", None),
    (None, None),
]


@pytest.mark.parametrize(("listing", "day"), LISTINGS)
def test_the_end_of_a_model_in_a_list_of_models(listing: Any, day: date | None) -> None:
    assert shutdown_of(listing, "m") == day


GONE = Teacher("old", "old", shutdown=date(2020, 1, 1))


def test_who_is_gone_is_refused_unless_it_was_asked_before(tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(UsageError, match="old was shut down on 2020-01-01: use --teacher gpt-6-luna"):
        tell_end(GONE, said.append, tmp_path / "store")
    (tmp_path / "store").touch()
    assert tell_end(GONE, said.append, tmp_path / "store") == said[0]
    assert tell_end(Teacher("m", "m"), said.append, tmp_path / "none") == ""
    assert len(said) == 1
