"""What holds of every builder and every checker, whatever their number: tests over the registry."""

import dataclasses
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, get_type_hints

import orjson
import pytest

from synth import registry
from synth.building.build import carry_out as build
from synth.building.build import remake
from synth.building.options import Options
from synth.data.builder import Builder, builder_of
from synth.data.builder import find as find_builder
from synth.data.manifest import open_manifest
from synth.data.reading import read
from synth.errors import UsageError
from synth.record import Record
from synth.validating.checker import Checker, find
from synth.validating.faults import REASONS, Fault
from synth.validating.options import Validate
from synth.validating.validate import carry_out

BUILDERS = registry.names("builders")
ROWS = 40


def small(builder: Builder[Any]) -> Any:
    """A builder's own defaults with few rows in each split that can be told how many."""
    rows = {
        field.name: ROWS
        for field in dataclasses.fields(builder.config)
        if not field.metadata["recipe"] and "int" in str(field.type)
    }
    return builder.config(**rows)


def choices(builder: Builder[Any]) -> Iterator[Any]:
    """The small configuration, and one for each other choice of each option that is a choice."""
    yield small(builder)
    for name, hint in get_type_hints(builder.config).items():
        options = [value for value in re.findall(r"Literal\[(.*?)\]", str(hint)) for value in value.split(", ")]
        for option in options:
            if name != "preset":
                yield dataclasses.replace(small(builder), **{name: option.strip("'")})


def checker_of(name: str) -> tuple[Callable[..., Fault | None], Checker]:
    """A checker and what it checks rows with."""
    found = find(name)
    assert found is not None
    assert found.check is not None
    return found.check, found


def some_rows(builder: Builder[Any], config: Any) -> Iterator[Record]:
    for item in [range(3)] if builder.items is None else islice(builder.items(config, "train"), 1):
        rows = builder.records(config, "train", 0, item)
        yield from (row for row in islice(rows, 9) if isinstance(row, Record))


CASES = [
    pytest.param(name, config, id=f"{name}-{number}")
    for name in BUILDERS
    for number, config in enumerate(choices(find_builder(name)))
]


@pytest.mark.parametrize(("name", "config"), CASES)
def test_what_a_builder_writes_holds(name: str, config: Any, tmp_path: Path) -> None:
    """Gold passes its own checker; ids are unique and make their row again; columns are those that are declared."""
    builder, check, checker = find_builder(name), *checker_of(name)
    for result in build(name, config, Options(tmp_path / "data", workers=1)):
        manifest = open_manifest(result.folder)
        known, columns = checker.settings(manifest["config"]), builder.columns(manifest["config"])
        ids: set[str] = set()
        for split in manifest["splits"]:
            rows = list(read(result.folder, split))
            assert len(rows) == manifest["splits"][split]["rows"] == result.rows[split]
            assert rows, split
            for record in rows:
                assert check(record, **known) is None, record
                assert record.id not in ids
                ids.add(record.id)
                assert record.answer
                assert record.completion.endswith(record.answer)
                assert record.completion.strip() == record.completion.strip("\n ")
                assert set(record.meta) == set(columns)
                assert all(value is None or type(value) is columns[key] for key, value in record.meta.items())
            if builder.drawn:
                assert [remake(record.id) for record in rows[:5]] == rows[:5]


@pytest.mark.parametrize("name", BUILDERS)
def test_a_builder_describes_itself(name: str) -> None:
    builder, text = find_builder(name), registry.load("builders", name).__doc__ or ""
    assert registry.summary("builders", name) == text.split("\n", 1)[0]
    assert 20 < len(registry.summary("builders", name)) < 100
    assert "Apache-2.0" in text
    assert all(field.metadata["help"] for field in dataclasses.fields(builder.config))
    assert dataclasses.is_dataclass(builder.config)
    written = {name for config in choices(builder) for name in builder.columns(dataclasses.asdict(config))}
    assert set(builder.about.columns) <= written
    assert builder.group in ("", *builder.meta)
    assert builder_of({"builder": name}) is builder
    assert (registry.load("validators", name).__doc__ or "").startswith("Checks ")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"meta": {}}, "meta has one column or more, each of them str, int, float or bool"),
        ({"meta": {"when": list}}, "meta has one column or more"),
        ({"group": "kind"}, "group is a column of its meta, length, depth, operators, root, not 'kind'"),
    ],
)
def test_a_builder_that_cannot_be(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        dataclasses.replace(find_builder("listops"), **wrong)


@pytest.mark.parametrize("name", BUILDERS)
def test_rows_are_plain_data_with_no_machine_in_it(name: str, tmp_path: Path) -> None:
    build(name, small(find_builder(name)), Options(tmp_path / "data", workers=1))
    for path in (tmp_path / "data").rglob("*"):
        assert str(tmp_path) not in path.read_text(encoding="utf-8")
    manifest = open_manifest(tmp_path / "data")
    assert manifest["command"].startswith(f"synth build {name}")
    assert manifest["versions"]["rationale-synth"]


@pytest.mark.parametrize("name", BUILDERS)
def test_the_checker_answers_with_a_reason(name: str) -> None:
    builder, (check, _) = find_builder(name), checker_of(name)
    record = next(some_rows(builder, small(builder)))
    for broken in (
        dataclasses.replace(record, prompt="?"),
        dataclasses.replace(record, answer=record.answer + "1"),
        dataclasses.replace(record, completion=""),
        dataclasses.replace(record, rationale=record.rationale + "\n?"),
        dataclasses.replace(record, rationale=record.rationale[: len(record.rationale) // 2]),
    ):
        fault = check(broken)
        assert isinstance(fault, Fault), broken
        assert fault.reason in REASONS
        assert fault.detail


@pytest.mark.parametrize(("name", "config"), CASES)
def test_a_checker_reads_what_its_builder_writes(name: str, config: Any) -> None:
    """A gold completion comes apart into its row, and each step that is spoiled is named by its place."""
    builder, (check, checker) = find_builder(name), checker_of(name)
    for settled in builder.variants(config).values():
        known = checker.settings(dataclasses.asdict(builder.settled(settled)))
        for row in some_rows(builder, settled):
            found = checker.read_output(row, row.completion)
            assert checker.agree(found.answer, row.answer)
            if row.rationale:
                assert checker.record_of(row, row.completion, found) == row
            end = 0
            for place, step in enumerate(checker.steps(row.rationale)):
                start = row.completion.index(step, end)
                end = start + len(step)
                output = f"{row.completion[: start + len(step) // 2]}?{row.completion[end:]}"
                fault = check(checker.record_of(row, output, checker.read_output(row, output)), **known)
                assert fault is not None
                assert fault.step == place, (output, fault)


def test_every_builder_has_a_checker_and_every_validator_expectations() -> None:
    validators = registry.names("validators")
    assert BUILDERS == ["2wiki", "arithmetic", "listops"]
    assert set(validators) == {*BUILDERS, "dataset", "distilled", "gym"}
    assert all(checker_of(name) for name in BUILDERS)
    assert all(isinstance(find(name), Checker) for name in validators)


@pytest.mark.parametrize(("name", "config"), CASES)
def test_what_a_builder_writes_passes_validation(name: str, config: Any, tmp_path: Path) -> None:
    build(name, config, Options(tmp_path / "data", workers=1))
    for result in carry_out(Validate(tmp_path / "data", workers=1)):
        assert [outcome.name for outcome in result.outcomes if not outcome.success] == []


@pytest.mark.parametrize(
    "row_id",
    [
        "listops",
        "listops/preset=explained-30,explain=medium/train/0",
        "listops/preset=explained-30,explain=medium/train/0/x",
        "listops/preset=explained-30,colour=red/train/0/1",
        "listops/preset=explained-30,values=many/train/0/1",
        "2wiki/abc",
    ],
)
def test_an_id_that_is_no_recipe_is_refused(row_id: str) -> None:
    with pytest.raises(UsageError, match=re.escape(repr(row_id))):
        remake(row_id)


def test_a_row_of_json_is_a_record(tmp_path: Path) -> None:
    build("arithmetic", small(find_builder("arithmetic")), Options(tmp_path / "data"))
    line = (tmp_path / "data" / "train.jsonl").read_bytes().split(b"\n", 1)[0]
    assert list(orjson.loads(line)) == [field.name for field in dataclasses.fields(Record)]
