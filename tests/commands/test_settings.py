"""Settings -> command line -> parsed -> equal, for every verb, every builder and every trainer."""

import dataclasses
import importlib
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from synth import registry
from synth.base.config import command, hints, made, parts, settings, words
from synth.building.options import Options
from synth.cards.options import Card
from synth.cli import PLACES
from synth.commands import look, tasks, teachers, train
from synth.commands.options import AsJson, command_from
from synth.distilling.options import Distill
from synth.errors import UsageError
from synth.evaluating.options import Evaluate
from synth.exporting.options import Export
from synth.importing.options import Import, Questions
from synth.judging.options import Judging
from synth.measuring.options import Difficulty
from synth.merging.options import Merge
from synth.probing.probe import KINDS as KINDS_OF_PROBES
from synth.releasing.options import Pull, Push
from synth.reporting.options import Estimate, Report
from synth.studying.options import Study
from synth.training.options import Train
from synth.validating.options import Validate
from synth.viewing.options import View

KINDS: dict[str, tuple[type, ...]] = {
    "card": (Card,), "difficulty": (Difficulty, AsJson), "distill": (Distill,),
    "doctor": (teachers.Doctor, AsJson), "estimate": (Estimate, AsJson),
    "eval": (Evaluate, AsJson), "export": (Export,), "import": (Import,),
    "judge": (Judging, AsJson), "merge": (Merge,), "pull": (Pull,), "push": (Push,),
    **{f"probe {name}": (settings, AsJson) for name, (settings, _) in KINDS_OF_PROBES.items()},
    "report": (Report,), "row": (look.Row,),
    "show": (look.Show,), "study": (Study,), "stats": (look.Stats, AsJson),
    "tasks show": (tasks.ShowTask,), "teachers": (AsJson,),
    "teacher-demo": (teachers.TeacherDemo,), "validate": (Validate, AsJson), "view": (View,),
    "build gsm8k": (Questions,),
    **{f"build {name}": (registry.load("builders", name).Config, Options) for name in registry.names("builders")},
    **{
        f"train {name}": (registry.load("trainers", name).Config, Train, train.Printing)
        for name in registry.names("trainers")
    },
}  # fmt: skip
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8)


def values(hint: Any, facts: Any) -> st.SearchStrategy[Any]:
    """Values that a field may have."""
    (kind, *_), optional = parts(hint)
    inner = get_args(kind)[0] if get_origin(kind) in (list, tuple) else kind
    least, most = facts.get("least"), facts.get("most")
    if get_origin(inner) is Literal:
        found: st.SearchStrategy[Any] = st.sampled_from(get_args(inner))
    else:
        found = {
            str: TEXT, bool: st.booleans(), Path: TEXT.map(Path),
            int: st.integers(None if least is None else int(least), None if most is None else int(most)),
            float: st.floats(least, most, allow_nan=False, allow_infinity=False),
        }[inner]  # fmt: skip
    if get_origin(kind) in (list, tuple):
        found = st.lists(found, min_size=1, max_size=3).map(get_origin(kind))
    return st.none() | found if optional else found


def made_up(kind: type) -> st.SearchStrategy[Any]:
    fields = {f.name: f for f in dataclasses.fields(kind)}
    given = {name: values(hint, fields[name].metadata) for name, hint in hints(kind).items()}
    return st.fixed_dictionaries({}, optional=given).map(lambda chosen: _that_go_together(kind, chosen, fields))


def _that_go_together(kind: type, chosen: dict[str, Any], fields: dict[str, Any]) -> Any:
    """Settings with as many of the chosen values as are no conflict; each value for itself is one that is allowed."""
    kept = dict(chosen)
    while True:
        try:
            return kind(**_with_needed(kind, fields, dict(kept)))
        except UsageError:
            assert kept, f"{kind.__name__} takes none of {chosen}"
            kept.popitem()


def _with_needed(kind: type, fields: dict[str, Any], chosen: dict[str, Any]) -> dict[str, Any]:
    needed: dict[Any, Any] = {str: "x", Path: Path("x"), int: 1, float: 1.0}
    for name, f in fields.items():
        if f.default is dataclasses.MISSING and name not in chosen:
            (of, *_), _ = parts(hints(kind)[name])
            inner = get_args(of)[0] if get_args(of) else of
            chosen[name] = inner if get_origin(of) is Literal else [needed[inner]] if get_args(of) else needed[of]
    if {"folders", "name"} <= set(fields):  # both words of a push are needed, though each has a default
        chosen |= {"folders": chosen.get("folders") or (Path("x"),), "name": chosen.get("name") or "x"}
    if "max_new_tokens" in fields and "questions" in fields:  # of a folder or of a task, one of the two
        chosen |= {"eval": chosen.get("eval") or Path("x"), "task": None if chosen.get("data") else "x"}
    return _of_a_trainer(chosen) if "from_scratch" in fields else chosen


def _of_a_trainer(chosen: dict[str, Any]) -> dict[str, Any]:
    """A trainer's settings need one of two options, and take rates above 0 only."""
    if chosen.get("from_scratch"):
        chosen |= {"model": None, "lora": None, "qlora": False}
    else:
        chosen["model"] = chosen.get("model") or "m"
        chosen["qlora"] = bool(chosen.get("qlora") and chosen.get("lora"))
    if chosen.get("max_steps"):
        chosen["max_tokens"] = None
    rates = {name: abs(chosen[name]) or None for name in ("lr", "epochs") if chosen.get(name) is not None}
    return chosen | rates


def parsed(kinds: tuple[type, ...], given: list[str]) -> tuple[Any, ...]:
    got: list[Any] = []
    command_from("x", lambda *found: got.extend(found), *kinds).main(given, standalone_mode=False)
    return tuple(got)


def test_every_verb_is_held() -> None:
    assert {name.split()[0] for name in KINDS} == set(PLACES)


@pytest.mark.parametrize("name", KINDS)
@given(data=st.data())
def test_words_are_read_back(name: str, data: st.DataObject) -> None:
    chosen = tuple(data.draw(made_up(kind)) for kind in KINDS[name])
    said = [word for one in reversed(chosen) for word in words(one)]  # arguments, which are the first's, at the end
    assert parsed(KINDS[name], said) == chosen, said


@pytest.mark.parametrize("name", sorted(PLACES))
def test_every_option_has_help_with_its_default(name: str) -> None:
    file, _, attribute = PLACES[name].partition(":")
    found = getattr(importlib.import_module(f"synth.commands.{file}"), attribute)
    context = typer.Context(found)
    commands = [found.get_command(context, each) for each in getattr(found, "list_commands", lambda _: [])(context)]
    for each in commands or [found]:
        for option in each.params:
            if option.param_type_name != "option" or option.name == "help":
                continue
            assert option.help, f"{name}: {option.name} has no help"
            if not (option.is_flag or option.required):
                assert option.help.endswith("]"), f"{name}: --{option.name}: {option.help} does not say its default"


def test_mistakes_are_told_at_once() -> None:
    with pytest.raises(UsageError) as told:
        Export("data", to="mesages", out="x", pairs=0, format="jsonl")  # type: ignore[arg-type]
    assert str(told.value) == (
        "--to mesages: one of messages, prompt-completion, alpaca, sharegpt, dpo, kto, stepwise, prm, grpo, verl; "
        "did you mean 'messages'?; "
        "--pairs 0: 1 at least"
    )
    with pytest.raises(UsageError, match=r"x has no keyword trian; did you mean .train.\?; synth build x needs b"):
        made("synth build x", {"trian": 3, "train": 1}, _Small)


@settings
class _Small:
    train: int = dataclasses.field(default=1, metadata={"help": "", "least": None, "most": None, "positional": False})
    b: str = dataclasses.field(metadata={"help": "", "least": None, "most": None, "positional": False}, kw_only=True)


def test_values_become_what_their_annotation_says() -> None:
    found = Validate("data", suite="mine.py", against=["a", "b"])
    assert (found.folder, found.suite, found.against) == (Path("data"), (Path("mine.py"),), ("a", "b"))
    assert Distill(task="t", source="s", out="o", teacher="x", temperature=1).temperature == (1.0,)


def test_the_command_that_makes_it_again_has_no_folder_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").touch()
    asked = Distill(
        task="gsm8k", source=str(tmp_path / "q.jsonl"), out=tmp_path / "out", teacher="gpt-4o", temperature=(0.2, 1),
        cache=tmp_path / "store", quiet=True, concurrency=3, rationalize=True,
    )  # fmt: skip
    again = "synth distill --task gsm8k --source q.jsonl --teacher gpt-4o --rationalize --temperature 0.2,1"
    assert sorted(command("synth distill", asked).split()) == sorted(again.split())
