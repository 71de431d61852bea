"""Merging cards: what a person wrote stays, and writing a card twice is writing it once."""

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from synth.cards import blocks
from synth.data import frontmatter
from synth.errors import FolderError

INFO = {"config_name": "default", "features": [{"name": "id", "dtype": "string"}],
        "splits": [{"name": "train", "num_bytes": 9, "num_examples": 1500}]}  # fmt: skip
OURS = {
    "license": "mit",
    "pretty_name": "Sums",
    "tags": ["synthetic", "reasoning"],
    "size_categories": [],
    "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": ["train.jsonl"]}]}],
    "dataset_info": [INFO],
}

# What people write, and what could be taken for ours.
LINES = st.lists(
    st.one_of(
        st.sampled_from(["", "# Title", "---", "- a", "<!-- synth:about:x 0123456789ab -->", "<!-- /synth:title -->",
                         "<!-- synth:start -->", "```", "| a | b |"]),
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
    ),
    max_size=8,
)  # fmt: skip
TEXT = LINES.map("\n".join)
BLOCKS = st.dictionaries(
    st.sampled_from(["title", "about:x", "start", "row:a", "row:b", "made:a", "limits:x"]),
    TEXT.filter(lambda text: bool(text.strip())),
    max_size=7,
)


def words(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def is_inside(part: list[str], whole: list[str]) -> bool:
    """Whether the lines stand in the others, in their order."""
    rest = iter(whole)
    return all(line in rest for line in part)


@given(TEXT, BLOCKS)
def test_text_around_blocks_survives_and_a_second_time_changes_nothing(theirs: str, ours: dict[str, str]) -> None:
    once = blocks.merge(theirs, ours)
    own = blocks.BLOCK.sub("", theirs)
    assert is_inside(words(own), words(once.text))
    again = blocks.merge(once.text, ours)
    assert again.text == once.text
    assert again.kept == once.kept


@given(BLOCKS, BLOCKS, TEXT, TEXT)
def test_text_between_blocks_survives_other_blocks(
    before: dict[str, str], after: dict[str, str], above: str, below: str
) -> None:
    above, below = (blocks.BLOCK.sub("", text).replace("<!--", "") for text in (above, below))
    theirs = f"{above}\n\n{blocks.merge('', before).text}\n\n{below}"
    merged = blocks.merge(theirs, after, frozenset(set(before) - set(after)))
    assert merged.kept == []
    assert sorted(blocks.names(merged.text)) == sorted(after)
    assert is_inside(words(above) + words(below), words(merged.text))


def test_text_that_looks_like_a_marker_cannot_close_a_block() -> None:
    text = "a\n<!-- /synth:row:a -->\nb\n<!-- synth:start 0123456789ab -->\nc"
    once = blocks.merge("", {"row:a": text, "start": "s"})
    assert blocks.names(once.text) == ["row:a", "start"]
    assert blocks.merge(once.text, {"row:a": text, "start": "s"}) == once


def test_an_edited_block_is_kept_and_named() -> None:
    once = blocks.merge("", {"about:x": "ours", "start": "go"}).text
    edited = once.replace("ours", "ours, and mine")
    merged = blocks.merge(edited, {"about:x": "new", "start": "go on"})
    assert merged.kept == ["about:x"]
    assert "ours, and mine" in merged.text
    assert "go on" in merged.text
    assert "new" in blocks.merge(edited, {"about:x": "new", "start": "go on"}, overwrite=True).text


def test_an_emptied_block_stays_empty() -> None:
    once = blocks.merge("", {"about:x": "ours"}).text
    empty = re.sub("ours\n", "", once)
    assert blocks.merge(empty, {"about:x": "ours"}) == blocks.Merged(empty, ["about:x"])


def test_spaces_at_line_ends_are_no_edit() -> None:
    once = blocks.merge("", {"about:x": "ours\nmore"}).text
    assert blocks.merge(once.replace("ours\n", "ours  \n"), {"about:x": "ours"}).kept == []


def test_a_new_configuration_stands_beside_its_kind() -> None:
    first = blocks.merge("", {"rows": "## Rows", "row:a": "a", "made": "## Made"}).text
    both = blocks.merge(first, {"rows": "## Rows", "row:b": "b", "made": "## Made"})
    assert blocks.names(both.text) == ["rows", "row:a", "row:b", "made"]


KEYS = st.text("abcdefghij_", min_size=1, max_size=6).filter(lambda key: key not in OURS)
PLAIN = st.one_of(st.integers(), st.booleans(), st.text("ab #:-'\"\n{}[]&*é", max_size=12))
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))


@given(st.dictionaries(KEYS, VALUES, max_size=5), st.booleans(), st.booleans())
def test_keys_of_a_person_survive(theirs: dict[str, object], flow: bool, own_licence: bool) -> None:
    there = {**theirs, **({"license": "gpl-3.0", "tags": ["mine"]} if own_licence else {})}
    text = yaml.safe_dump(there, default_flow_style=flow, allow_unicode=True) if there else ""
    merged, values = frontmatter.merge(text, OURS)
    found = yaml.safe_load(merged)
    assert found == values
    assert {key: found[key] for key in theirs} == theirs
    assert found["license"] == ("gpl-3.0" if own_licence else "mit")
    assert found["tags"] == (["mine", "synthetic", "reasoning"] if own_licence else ["synthetic", "reasoning"])
    assert found["configs"] == OURS["configs"]
    assert frontmatter.merge(merged, OURS) == (merged, values)


def test_comments_and_order_survive() -> None:
    text = "# about the licence\nlicense: gpl-3.0  # all of it\n\ntags:\n# whose\n- mine\nmine: {a: 1}\n# the end\n"
    merged, _ = frontmatter.merge(text, OURS)
    assert merged.startswith("# about the licence\nlicense: gpl-3.0  # all of it\n")
    assert "mine: {a: 1}\n# the end\n" in merged
    assert merged.index("license") < merged.index("tags") < merged.index("mine:") < merged.index("pretty_name")


def test_comments_in_a_list_survive_what_is_added_to_it() -> None:
    text = "license: mit\n\n# above\ntags:  # some\n# whose\n- mine  # really\n# below\nmine: 1\n"
    merged, values = frontmatter.merge(text, OURS)
    assert merged.startswith(text.replace("really\n", "really\n- synthetic\n- reasoning\n"))
    assert values["tags"] == ["mine", "synthetic", "reasoning"]


@given(
    st.dictionaries(
        KEYS, st.sampled_from(["no", "on", "~", "1e3", "010", "1:30", "2024-01-01", "=", "0x1"]), max_size=4
    )
)
def test_values_of_ours_are_the_same_to_readers_of_an_older_yaml(ours: dict[str, str]) -> None:
    """PyYAML, which `datasets` and the Hub's own library read cards with, takes `no` for false."""
    merged, _ = frontmatter.merge("mine: {a: 1}\n", {**OURS, **ours})
    found = yaml.safe_load(merged)
    assert {key: found[key] for key in ours} == ours
    assert frontmatter.parse(merged) == found


def test_what_the_data_decides_is_ours_and_other_configurations_stay() -> None:
    other = {"config_name": "long", "features": [], "splits": [{"name": "train", "num_examples": 9000}]}
    files = {"config_name": "long", "data_files": "long/*.parquet"}
    text = yaml.safe_dump({"size_categories": ["n<1K"], "dataset_info": other, "configs": [files]})
    _, values = frontmatter.merge(text, OURS)
    assert values["size_categories"] == ["10K<n<100K"]
    assert values["dataset_info"] == [other, INFO]
    assert values["configs"] == [files, *OURS["configs"]]
    _, alone = frontmatter.merge(text, OURS, alone=True)
    assert alone["dataset_info"] == {key: value for key, value in INFO.items() if key != "config_name"}
    assert alone["size_categories"] == ["1K<n<10K"]


@pytest.mark.parametrize("text", ["a: [1", "- a\n- b", "just words", "a: b: c", "1: 2", "a: *b", "x: 2024-99-99"])
def test_broken_front_matter_is_one_line(text: str) -> None:
    with pytest.raises(FolderError, match="front matter") as raised:
        frontmatter.merge(text, OURS)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("card", "expected"),
    [
        ("---\na: 1\n---\nbody\n", ("a: 1\n", "body\n")),
        ("\n---\na: 1\n---", ("a: 1\n", "")),
        ("---\n---\nbody", ("", "body")),
        ("text\n---\na: 1\n---\n", ("", "text\n---\na: 1\n---\n")),
        ("---\nno end", ("", "---\nno end")),
        ("---\n", ("", "---\n")),
    ],
)
def test_front_matter_is_what_stands_first(card: str, expected: tuple[str, str]) -> None:
    assert frontmatter.split(card) == expected


@pytest.mark.parametrize("card", ["---\nlicense: mit\n\n# Title\n", "\n---\ntags:\n- a"])
def test_front_matter_without_an_end_is_one_line(card: str) -> None:
    with pytest.raises(FolderError, match="has no end: add a line of ---") as raised:
        frontmatter.split(card)
    assert "\n" not in str(raised.value)


def test_what_is_asked_for_wins() -> None:
    text = "license: gpl-3.0\npretty_name: Mine\n"
    assert frontmatter.merge(text, OURS)[1]["license"] == "gpl-3.0"
    merged, values = frontmatter.merge(text, OURS, asked=frozenset({"license"}))
    assert (values["license"], values["pretty_name"]) == ("mit", "Mine")
    assert yaml.safe_load(merged)["license"] == "mit"


def test_broken_markers_are_named_and_left() -> None:
    once = blocks.merge("", {"title": "t", "about:x": "ours", "start": "go"}).text
    assert blocks.merge(once, {"title": "t"}).broken == []
    unclosed = once.replace("<!-- /synth:about:x -->\n", "")
    merged = blocks.merge(unclosed, {"title": "t", "about:x": "ours", "start": "go"})
    assert merged.broken == ["about:x"]
    assert blocks.merge(merged.text, {"title": "t", "about:x": "ours", "start": "go"}).text == merged.text
    assert blocks.broken(once.replace("<!-- synth:start", "<!-- synth start")) == ["start"]
    assert blocks.broken(f"{once}\n\n{once}") == ["title", "about:x", "start"]


def test_checks_alike_are_told_once() -> None:
    from synth.cards.filled import say_once

    shown = [
        {"name": name, "kind": name, "columns": "", "settings": {}, "made": [], "checks": checks}
        for name, checks in (("a", "All hold."), ("b", ""), ("c", "All hold."), ("d", "One failed."))
    ]
    say_once(shown)
    told = [member["checks"] for member in shown]
    assert told == ["All hold.", "", "As of `a`: the same were checked, with the same results.", "One failed."]
