"""A name that stands twice in one object of a source: said, with its line, and never one of the two taken."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synth.errors import SourceError
from synth.questions import find_task, load
from synth.questions.twice import named_twice

ROW = '{"question": "1 + 1?", "label": "2"}'


TWICE = '{"question": "2 + 2?", "label": "4", "label": "5"}'
ESCAPED = '{"question": "a", "label": "4", "qu\\u0065stion": "b"}'
DEEP = '{"question": "3?", "label": "3", "more": [1, {"a": {"b": 1, "b": 2}}]}'
LONG = '{"question": "12345678901234567890 + 0?", "label": 12345678901234567890, "label": 1}'
SPREAD = '[\n  {\n    "question": "1 + 1?",\n    "label": "2",\n    "label": "3"\n  }\n]'


@pytest.mark.parametrize(
    ("name", "text", "line", "key"),
    [
        ("x.jsonl", f"{ROW}\n{TWICE}\n", 2, "label"),
        ("x.jsonl", f"{ROW}\n\n{ROW}\n{ESCAPED}", 4, "question"),
        ("x.jsonl", TWICE, 1, "label"),
        ("x.jsonl", f"{ROW}\n{DEEP}", 2, "b"),
        ("x.jsonl", f"{LONG}\n{ROW}", 1, "label"),
        ("x.json", SPREAD, 5, "label"),
        ("x.json", f'{{\n"0": {ROW},\n"1": {ROW},\n"0": {ROW}}}', 4, "0"),
        ("x.json", f'{{"data": [{ROW}],\n"data": [{ROW}]}}', 2, "data"),
    ],
)
def test_it_is_said_with_its_line(tmp_path: Path, name: str, text: str, line: int, key: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(SourceError) as error:
        list(load(find_task("gsm8k"), str(tmp_path / name)))
    assert f"{name} line {line} has two values under the name {key!r} in one object" in str(error.value)
    assert "\n" not in str(error.value)


def test_options_as_json_text(tmp_path: Path) -> None:
    row = {"question": "Which?", "options": '{"A": "ash", "A": "oak"}', "label": "A"}
    (tmp_path / "x.jsonl").write_text(json.dumps(row))
    (tmp_path / "t.toml").write_text('name = "t"\ninstruction = "Answer."\nkind = "option"\n')
    with pytest.raises(SourceError, match="line 1 has JSON in its column 'options' that has two values under the name"):
        list(load(find_task(str(tmp_path / "t.toml")), str(tmp_path / "x.jsonl")))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(st.dictionaries(st.text(), VALUES), st.booleans(), st.booleans())
def test_no_false_alarm(value: dict[str, Any], escaped: bool, spread: bool) -> None:
    """Whatever stands in names and values: quotes, braces, backslashes, colons."""
    assert (
        named_twice(json.dumps(value, ensure_ascii=escaped, indent=2 if spread else None).encode(errors="replace"))
        is None
    )


@given(st.lists(st.tuples(st.text(), VALUES), min_size=2), st.data())
def test_every_repeat_is_found(pairs: list[tuple[str, Any]], data: st.DataObject) -> None:
    chosen = data.draw(st.sampled_from(pairs))
    members = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in [*dict(pairs).items(), chosen]]
    found = named_twice(("{" + ",\n".join(members) + "}").encode())
    assert found is not None
    assert (found.name, found.line) == (chosen[0], len(members))
