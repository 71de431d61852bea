"""A folder that synth built as the source: a teacher explains its questions, and its own checker reads the answers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from distillations import Synth, lines
from loopback import Answer, Loopback, serving

import synth as api
from synth.data.builder import find
from synth.data.manifest import open_manifest
from synth.data.reading import read
from synth.evaluating.prompts import asking_for
from synth.record import Record
from synth.rewards.accuracy import accuracy

BUILD: dict[str, tuple[object, ...]] = {
    "listops": (
        "--explain", "none", "--train", 6, "--validation", 0, "--test", 4, "--test-longer", 0, "--test-larger", 0,
    ),
    "arithmetic": ("--train", 6, "--validation", 0, "--test", 4, "--test-beyond", 0, "--digits", "2-3"),
    "2wiki": (),
}  # fmt: skip
# How an answer is said in another way than the row has it; each is right for the dataset's own reader alone.
SAID: dict[str, Callable[[str], str]] = {
    "listops": lambda answer: f"MAX, 9; answer is {answer}",
    "arithmetic": lambda answer: f"<scratch>\nsome steps\n</scratch>\n{answer}",
    "2wiki": lambda answer: f"Follow up: Who?\nIntermediate answer: Ann\nSo the final answer is: the {answer.upper()}.",
}


@pytest.fixture(params=list(BUILD))
def built(request: pytest.FixtureRequest, synth: Synth, tmp_path: Path) -> str:
    name: str = request.param
    done = synth("build", name, "--out", name, *map(str, BUILD[name]))
    assert done.returncode == 0, done.stderr
    return name


def rows_of(folder: Path) -> list[Record]:
    return [row for split in open_manifest(folder)["splits"] for row in read(folder, split)]


def knowing(rows: list[Record], wrong: int = 0, say: Callable[[str], str] | None = None) -> Callable[..., Answer]:
    """A teacher that knows the answers, and is wrong so many times before it says them."""
    shown = {
        row.prompt.removesuffix("Are follow up questions needed here:").removesuffix("Target:").strip(): row
        for row in rows
    }

    def reply(request: dict[str, Any], times: int) -> Answer:
        asked = request["messages"][-1]["content"]
        row = shown[max((prompt for prompt in shown if prompt in asked), key=len)]
        if times <= wrong:
            return Answer(f"This is attempt {times}. The answer is 987654.")
        return Answer(
            say(row.answer) if say else f"I thought {times} times. The answer is {row.answer.replace(' ', '')}."
        )

    return reply


def distill(synth: Synth, teacher: Loopback, source: str, *more: object) -> Any:
    return synth(
        "distill", "--source", source, "--teacher", "m-1", "--base-url", teacher.url, "--out", "out", *map(str, more)
    )


def test_a_teacher_explains_what_was_built(synth: Synth, tmp_path: Path, built: str) -> None:
    rows = rows_of(tmp_path / built)
    splits = open_manifest(tmp_path / built)["splits"]
    both = [word for split in splits if splits[split]["rows"] for word in ("--split", split)]
    say = None if built != "2wiki" else SAID["2wiki"]
    with serving(knowing(rows, wrong=1, say=say)) as teacher:
        done = distill(synth, teacher, built, *both)
        assert done.returncode == 0, done.stderr
        assert len(teacher.bodies) == 2 * len(rows)
        assert "already" in distill(synth, teacher, built, *both).stdout
        asking = asking_for(None, "rationale", open_manifest(tmp_path / built))
        assert {body["messages"][0]["content"] for body in teacher.bodies} == {asking.text(row) for row in rows}
    with serving(knowing(rows, say=say)) as teacher:
        done = synth("eval", "--model", teacher.url, "--model-name", "m", "--data", "out", "--out", "eval")
        assert done.returncode == 0, done.stderr
        asked = {body["messages"][0]["content"] for body in teacher.bodies}
        assert asked == {asking.text(row) for row in read(tmp_path / built, "test")}
    assert json.loads((tmp_path / "eval" / "metrics.json").read_text())["metrics"]["accuracy"]["value"] == 1.0
    written = rows_of(tmp_path / "out")
    assert [row.id for row in written] == [row.id for row in rows]
    assert {row.task for row in written} == {built}
    assert all(row.rationale and "answer is" not in row.rationale for row in written)
    if built != "2wiki":
        assert [row.answer for row in written] == [row.answer.replace(" ", "") for row in rows]
        assert written[0].completion == f" I thought 2 times.\nThe answer is {written[0].answer}"
    (result,) = api.validate(tmp_path / "out", quiet=True)
    assert not [each.name for each in result.outcomes if each.failures and each.severity == "critical"]
    assert len([line for line in lines(tmp_path / "out" / "attempts.jsonl") if line["outcome"] == "wrong"]) == len(rows)
    judged = synth("judge", "out", "--judge", "answer", "--verdicts", "verdicts.jsonl")
    assert {line["verdict"] for line in lines(tmp_path / "verdicts.jsonl")} == {"right"}, judged.stderr
    card, builder = api.card(tmp_path / "out", quiet=True).text, find(built)
    about = builder.made_up(open_manifest(tmp_path / built)) or builder.about
    assert f"{len(rows):,} questions were asked, {len(rows):,} rows kept" in card
    assert f"Questions of {about.name}, with rationales that a language model wrote." in card
    assert f"license: {about.licence}\n" in card
    assert all(paper in card for paper in about.papers)
    assert synth("export", "out", "--to", "dpo", "--out", "pairs").returncode == 0
    assert len(lines(tmp_path / "pairs" / "train.jsonl")) == splits["train"]["rows"]


def test_answers_are_read_by_the_reader_of_the_dataset(synth: Synth, tmp_path: Path, built: str) -> None:
    """In distill, and in a reward that learns from its rows; what the reader does not take is no answer."""
    rows = list(read(tmp_path / built, "train"))
    with serving(knowing(rows, say=SAID[built])) as teacher:
        done = distill(synth, teacher, built, "--limit", 3)
        assert (done.returncode, len(teacher.bodies)) == (0, 3), done.stderr
    assert synth("export", "out", "--to", "grpo", "--out", "questions").returncode == 0
    made = lines(tmp_path / "questions" / "train.jsonl")
    columns: dict[str, Any] = {name: [row[name] for row in made] for name in made[0]}
    columns["prompts"] = columns.pop("prompt")
    gold = [row.answer for row in rows[:3]]
    right = accuracy([SAID[built](answer) for answer in gold], **columns)
    wrong = accuracy(["The answer is 987654."] * 3, **columns)
    assert (right, wrong) == ([1.0] * 3, [0.0] * 3)


def test_what_the_teacher_does_not_get_right_is_left_out(synth: Synth, tmp_path: Path, built: str) -> None:
    with serving(knowing(rows_of(tmp_path / built), wrong=3)) as teacher:
        done = distill(synth, teacher, built, "--limit", 2, "--max-attempts", 3)
    assert "0 rows written; questions left out: 2 wrong" in done.stdout, done.stderr
    assert {line["reason"] for line in lines(tmp_path / "out" / "rejected.jsonl")} == {"wrong"}


def test_a_hint_and_a_vote(synth: Synth, tmp_path: Path) -> None:
    synth("build", "listops", "--out", "listops", *map(str, BUILD["listops"]))
    rows = rows_of(tmp_path / "listops")

    def only_with_a_hint(request: dict[str, Any], times: int) -> Answer:
        hinted = f" ({rows[0].answer})" in request["messages"][-1]["content"]
        return Answer(f"It is so. The answer is {rows[0].answer if hinted else 987654}.")

    with serving(only_with_a_hint) as teacher:
        hinted = distill(synth, teacher, "listops", "--max-attempts", 1, "--rationalize", "--limit", 1)
        assert hinted.returncode == 0, hinted.stderr
        assert f"{rows[0].prompt.strip()} ({rows[0].answer})" in teacher.bodies[-1]["messages"][0]["content"]
    with serving(knowing(rows)) as teacher:
        assert distill(synth, teacher, "listops", "--vote", 3, "--overwrite").returncode == 0
    assert [(row.answer, row.meta["label"]) for row in read(tmp_path / "out", "train")] == [
        (row.answer, row.answer) for row in read(tmp_path / "listops", "train")
    ]


def test_questions_that_were_imported_are_explained_by_their_own_task(synth: Synth, tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_text(
        'name = "sums"\ninstruction = "Add up."\nkind = "number"\nclosing = "Sum: {answer}"\n'
    )
    for split in ("train", "test"):
        rows = [{"question": f"What is {n} + 1 in {split}?", "label": str(n + 1)} for n in range(3)]
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        synth("import", f"{split}.jsonl", "--task", "t.toml", "--no-rationale", "--split", split, "--out", "sums")

    def teacher_says(request: dict[str, Any], times: int) -> Answer:
        text = request["messages"][-1]["content"]
        assert text.startswith("Add up. Close with a line")
        return Answer(f"I add one.\nSum: {int(text.partition('What is ')[2].partition(' ')[0]) + 1}")

    with serving(teacher_says) as teacher:
        done = distill(synth, teacher, "sums", "--split", "train", "--split", "test")
        assert done.stdout.startswith("out: 3 train, 3 test rows written\n"), done.stderr
        told = distill(synth, teacher, "sums", "--task", "t.toml", "--split", "train", "--split", "test").stderr
        assert told == "synth: sums holds questions of sums as synth has them: leave out --task t.toml\n"
        assert distill(synth, teacher, "sums", "--task", "sums", "--split", "train", "--split", "test").returncode == 0
        assert len(teacher.bodies) == 6
    ids = [row.id for row in rows_of(tmp_path / "out")]
    assert len(ids) == len(set(ids))
    assert rows_of(tmp_path / "out")[0].completion == " I add one.\nSum: 1"


@pytest.mark.parametrize(
    ("source", "more", "said"),
    [
        ("x.jsonl", (), "give --task, a name (synth tasks) or a .toml or .py file of your own"),
        ("several", (), "several holds several datasets: give one of several/long, several/medium"),
        ("listops", ("--split", "dev"), "listops has no split 'dev': it has train, test; name one with --split"),
        ("listops", ("--config", "a"), "listops is one dataset without configurations"),
        ("listops", ("--task", "listop"), "listop"),
    ],
)
def test_sources_that_are_none(synth: Synth, tmp_path: Path, source: str, more: tuple[str, ...], said: str) -> None:
    (tmp_path / "x.jsonl").write_text('{"question": "1 + 1?", "label": "2"}\n')
    synth("build", "listops", "--out", "listops", *map(str, BUILD["listops"]))
    synth("build", "listops", "--out", "several", *map(str, BUILD["listops"]), "--explain", "all")
    with serving(lambda request, times: Answer("The answer is 1.")) as teacher:
        done = distill(synth, teacher, source, *more)
        assert (done.returncode != 0, teacher.bodies) == (True, [])
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_stand_in_knows_the_answers_of_such_a_folder(tmp_path: Path) -> None:
    api.build("listops", out=tmp_path / "lo", train=3, validation=0, test=0, test_longer=0, test_larger=0, quiet=True)
    from synth.distilling.built import all_questions, task_and_folder
    from synth.questions.prompts import prompt
    from synth.teachers.standin import StandIn

    task, folder = task_and_folder(None, str(tmp_path / "lo"))
    assert folder is not None
    questions = list(all_questions(folder, task))
    stand_in = StandIn(task, questions, 1.0)
    for question in questions:
        assert stand_in.reply(prompt(task, question)).endswith(f"The answer is {question.gold}")
