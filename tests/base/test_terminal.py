"""What stands in a table, and how it is drawn into a file and on a terminal."""

import os
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.text import Text

from synth.base.terminal import show_table, status

CELL = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp", "Mn", "Cf"]), max_size=300)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=5))
def test_a_row_is_one_line_of_a_file_with_every_cell_as_it_is(
    capsys: pytest.CaptureFixture[str], rows: list[tuple[str, str]]
) -> None:
    show_table(("name", "what"), rows)
    lines = capsys.readouterr().out.splitlines()
    assert [word for line in lines[:2] for word in line.split()] == ["name", "what"]
    body = lines[3 : 3 + len(rows)]
    assert len(body) == len(rows)
    for line, cells in zip(body, rows, strict=True):
        assert all(cell.strip() in line for cell in cells)


def test_line_ends_and_marks_of_styles_in_a_cell_are_text(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("a", "b"), [("one\ntwo", "[bold]x[/bold] :smile:"), (Text("styled", "red"), "1")], title="[dim]t")
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert "[dim]t" in lines[0]
    assert any(line.startswith("one two") and line.endswith("[bold]x[/bold] :smile:") for line in lines)


def test_on_a_narrow_terminal_cells_are_folded() -> None:
    code = "from synth.base.terminal import show_table; show_table(('a', 'b'), [('word ' * 30, '1')])"
    shown = {**os.environ, "TTY_COMPATIBLE": "1", "COLUMNS": "40"}  # what rich takes for a terminal
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=shown, check=True)
    lines = [Text.from_ansi(line).plain for line in done.stdout.splitlines()]
    assert max(map(len, lines)) <= 40
    assert done.stdout.count("word") == 30


def test_the_line_of_a_status_is_written_once_a_minute_into_a_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = iter((1, 2))
    with status(False, lambda: f"{next(done)} [of] 9") as (_, further):
        further()
        assert capsys.readouterr().err == ""  # a minute has not passed
        monkeypatch.setattr("synth.base.terminal.STATUS_SECONDS", 0.0)
        further()
        further()
    assert capsys.readouterr().err.splitlines() == ["1 [of] 9", "2 [of] 9"]
    with status(True, lambda: "never") as (_, further):
        further()
    assert capsys.readouterr().err == ""
