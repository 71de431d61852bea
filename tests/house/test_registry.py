"""Builders, tasks, judges and the rest are found by name: ours, those in a folder added to ours, those of others."""

import importlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from packages import CHECKER, DOUBLES, SHORT, install, write

from synth import registry
from synth.building.build import carry_out as build
from synth.building.build import remake
from synth.building.options import Options
from synth.data import builder, verdict
from synth.data.reading import read
from synth.errors import UnknownNameError, UsageError
from synth.questions.find import find_task, known_task, task_names
from synth.validating.options import Validate
from synth.validating.validate import carry_out as validate

KINDS = ("builders", "validators", "trainers", "judges", "tasks", "rewards")
TASKS = """
from synth.questions.layouts import PLAIN, Reader
from synth.questions.task import Task

TASKS = [Task(name, "own", "", "Answer.", "text", Reader(PLAIN)) for name in ("riddles", "rhymes", "gsm8k")]
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of `sys.path`, to install packages in."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


def scratch(folder: Path, kind: str, monkeypatch: pytest.MonkeyPatch, files: dict[str, str]) -> None:
    """A folder of files beside ours, whose modules are forgotten afterwards."""
    write(folder, files)
    package = importlib.import_module(f"synth.{kind}")
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    for name in files:
        monkeypatch.delitem(sys.modules, f"synth.{kind}.{Path(name).parts[0].removesuffix('.py')}", raising=False)


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_those_of_files_or_what_files_call_themselves(kind: str) -> None:
    assert registry.names(kind) == sorted(registry.names(kind))
    assert all(registry.has(kind, name) for name in registry.names(kind))
    for name in registry.names(kind):
        module = registry.load(kind, name)
        assert vars(module).get("NAME", module.__name__.rsplit(".", 1)[1]) == name
        assert registry.summary(kind, name) == (module.__doc__ or "").split("\n", 1)[0]


def test_an_unknown_name_says_which_there_are_and_which_is_closest() -> None:
    with pytest.raises(UnknownNameError, match=r"no builder .*2wiki, arithmetic, listops; did you mean 'listops'\?"):
        builder.find("listop")
    assert not registry.has("builders", "listop")
    assert not registry.has("builders", None)


def test_the_builder_of_another_package_is_found_by_its_name(site: Path, tmp_path: Path) -> None:
    files = {"far_away/__init__.py": "", "far_away/doubles.py": DOUBLES, "far_away/checker.py": CHECKER}
    points = {"builders": {"doubles": "far_away.doubles"}, "validators": {"doubles": "far_away.checker"}}
    install(site, "far-away", points, files)
    assert registry.names("builders") == ["2wiki", "arithmetic", "doubles", "listops"]
    assert registry.summary("builders", "doubles") == "Doubles: a number, and twice as much."
    assert "far_away" not in sys.modules  # nothing was imported so far
    found = builder.find("doubles")
    config = found.config(times=3, train=5_000)
    (result,) = build("doubles", config, Options(tmp_path / "data", workers=2))  # in processes too
    assert result.rows == {"train": 5_000}
    row = list(read(result.folder, "train"))[7]
    assert (row.id, row.prompt, row.answer) == ("doubles/times=3/train/0/7", "7", "21")
    (checked,) = validate(Validate(result.folder, workers=2))
    assert checked.success
    assert {outcome.name: outcome.rows for outcome in checked.outcomes}["steps"] == 5_000
    assert remake(row.id) == row
    for wrong in ("doubles/times=3/exam/0/7", "doubles/times=x/train/0/7"):
        with pytest.raises(UsageError, match=f"^'{wrong}'"):
            remake(wrong)


def test_as_typed(synth: Callable[..., Any], site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(site, "as-typed", {"builders": {"doubles": "doubles_typed"}}, {"doubles_typed.py": DOUBLES})
    monkeypatch.setenv("PYTHONPATH", str(site))
    listed = synth("build", "--help")
    assert re.search(r"^ *doubles +Doubles: a number", listed.stdout, re.MULTILINE)
    done = synth("build", "doubles", "--train", 5, "--out", "data")
    assert (done.returncode, done.stdout) == (0, "data: 5 train written\n")


def test_a_name_of_ours_wins_and_the_other_one_is_told(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install(site, "second-lists", {"builders": {"listops": "second_lists"}}, {"second_lists.py": DOUBLES})
    assert registry.names("builders") == ["2wiki", "arithmetic", "listops"] == registry.names("builders")
    assert registry.load("builders", "listops").__name__ == "synth.builders.listops"
    told = "builder 'listops' is that of this program, not second_lists of the package second-lists: rename the other"
    assert capsys.readouterr().err == f"synth: {told} one\n"


def test_of_two_packages_with_one_name_the_first_wins(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for package in ("b-twin", "a-twin"):
        module = package.replace("-", "_")
        install(site, package, {"builders": {"twin": module}}, {f"{module}.py": DOUBLES})
    assert registry.load("builders", "twin").__name__ == "a_twin"
    told = "builder 'twin' is a_twin of the package a-twin, not b_twin of the package b-twin: uninstall one of them"
    assert capsys.readouterr().err == f"synth: {told}\n"


@pytest.mark.parametrize(
    ("module", "text", "told"),
    [
        ("broken_gone", None, "ModuleNotFoundError: No module named 'broken_gone'"),
        ("broken_syntax", "def (", "SyntaxError: "),
        ("broken_value", "int('x')", "ValueError: invalid literal"),
    ],
)
def test_a_broken_entry_point_is_one_line_that_names_its_package(
    site: Path, module: str, text: str | None, told: str
) -> None:
    install(site, "broken-pack", {"builders": {"broken": module}}, {} if text is None else {f"{module}.py": text})
    assert "broken" in registry.names("builders")
    with pytest.raises(UsageError, match=re.escape(told)) as error:
        builder.find("broken")
    assert str(error.value).startswith(
        f"builder 'broken' cannot be imported from {module} of the package broken-pack ("
    )
    assert str(error.value).endswith("): repair or uninstall broken-pack")
    assert "\n" not in str(error.value)
    assert registry.load("builders", "listops").__name__ == "synth.builders.listops"


def test_the_list_of_builders_stands_a_broken_one(
    synth: Callable[..., Any], site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(site, "broken-list", {"builders": {"gone": "broken_list"}}, {})
    monkeypatch.setenv("PYTHONPATH", str(site))
    listed = synth("build", "--help")
    assert listed.returncode == 0
    assert "listops" in listed.stdout
    assert "repair or uninstall broken-list" in " ".join(listed.stdout.split())


def test_a_folder_that_was_added_to_ours_is_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "twice.py": DOUBLES.replace("\n\nfrom", '\n\nNAME = "2times"\n\nfrom', 1),
        "_hidden.py": "",
        "in/__init__.py": DOUBLES,
    }
    scratch(tmp_path / "more", "builders", monkeypatch, files)
    assert registry.names("builders") == ["2times", "2wiki", "arithmetic", "in", "listops"]
    assert registry.summary("builders", "2times") == "Doubles: a number, and twice as much."
    assert "synth.builders.twice" not in sys.modules
    found = builder.find("2times")
    assert found.drawn
    (result,) = build("2times", found.config(), Options(tmp_path / "data", workers=1))
    assert result.rows == {"train": 20}
    monkeypatch.delitem(sys.modules, "synth.builders.twice")


@pytest.mark.parametrize(
    ("text", "told"), [("", "has no BUILDER"), ("BUILDER = {'a': 1}", "says {'a': 1} is its BUILDER")]
)
def test_a_file_without_a_builder_says_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, told: str
) -> None:
    scratch(tmp_path / "more", "builders", monkeypatch, {"bare.py": text})
    line = f"{tmp_path / 'more' / 'bare.py'} {told}: end it with BUILDER = Builder(...) of synth.data.builder"
    with pytest.raises(UsageError, match=f"^{re.escape(line)}$"):
        builder.find("bare")
    monkeypatch.delitem(sys.modules, "synth.builders.bare")


def test_the_tasks_of_another_package(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    points = {"riddles": "their_riddles", "more": "their_more"}
    more = TASKS.replace('"riddles", "rhymes"', '"rhymes", "chants"')
    install(site, "their-tasks", {"tasks": points}, {"their_riddles.py": TASKS, "their_more.py": more})
    assert find_task("gsm8k").family == "math"
    assert "their_riddles" not in sys.modules  # nobody asked for what is not ours
    assert find_task("riddles").family == "own"
    assert "their_more" not in sys.modules  # the entry point of that name had it
    assert find_task("chants").family == "own"
    assert known_task("nobody") is None
    assert task_names()[-3:] == ["rhymes", "chants", "riddles"]
    more, ours = "their_more of the package their-tasks", registry.where("tasks", "maths")
    assert capsys.readouterr().err.splitlines() == [  # of what is listed, once each
        f"synth: task 'gsm8k' is that of {ours}, not of {more}: rename one of them",
        f"synth: task 'rhymes' is that of {more}, not of {more.replace('more', 'riddles')}: rename one of them",
        f"synth: task 'gsm8k' is that of {ours}, not of {more.replace('more', 'riddles')}: rename one of them",
    ]


def test_a_broken_family_of_tasks_hides_no_other(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    points = {"broken": "bad_tasks", "empty": "no_tasks", "fine": "good_tasks"}
    files = {"bad_tasks.py": "1 / 0", "no_tasks.py": "TASKS = [1]", "good_tasks.py": TASKS}
    install(site, "bad-tasks", {"tasks": points}, files)
    assert find_task("riddles").family == "own"
    assert capsys.readouterr().err.splitlines() == [
        "synth: task 'broken' cannot be imported from bad_tasks of the package bad-tasks "
        "(ZeroDivisionError: division by zero): repair or uninstall bad-tasks",
        "synth: no_tasks of the package bad-tasks has no TASKS, a tuple of synth.questions.task.Task",
    ]


def test_a_judge_of_another_package_and_of_a_file(site: Path, tmp_path: Path) -> None:
    install(site, "short-judge", {"judges": {"short": "short_judge"}}, {"short_judge.py": SHORT})
    write(tmp_path, {"mine.py": SHORT, "none.py": "x = 1", "wrong.py": "x = 1\nx.y\n"})
    for name in ("short", str(tmp_path / "mine.py")):
        assert verdict.find(name).menu == ("short", "long")
    with pytest.raises(UsageError, match=r"none\.py has no JUDGE: end it with JUDGE = Judge\(\.\.\.\) of synth"):
        verdict.find(str(tmp_path / "none.py"))
    with pytest.raises(UsageError, match=r"wrong\.py does not run: line 2: AttributeError: "):
        verdict.find(str(tmp_path / "wrong.py"))
    with pytest.raises(UsageError, match=r"there is no file .*gone\.py"):
        verdict.find(str(tmp_path / "gone.py"))
    with pytest.raises(UnknownNameError, match=r"no judge is called 'rubic': .* did you mean 'rubric'"):
        verdict.find("rubic")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_come_from_another_package(site: Path, kind: str) -> None:
    install(site, f"all-{kind}", {kind: {"theirs": f"all_{kind}"}}, {f"all_{kind}.py": '"""Theirs."""\n'})
    assert "theirs" in registry.names(kind)
    assert registry.summary(kind, "theirs") == "Theirs."
    assert registry.load(kind, "theirs").__name__ == f"all_{kind}"
