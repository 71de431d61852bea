"""Every option of the loop changes what is asked, kept or learned from; the models are stand-ins."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from bootstrapped import StandIns, star
from training import RECORDS, dataset, micro, trained

import synth
from synth.bootstrapping.stages import steps_of
from synth.data.reading import read
from synth.errors import UsageError
from synth.record import Record
from synth.training.trainer import find


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run folder of a very small model."""
    home = tmp_path_factory.mktemp("micro")
    data = dataset(home / "data", {"train": RECORDS})
    return trained("llama", home / "run", [data], model=str(micro(home / "model", "llama")), max_steps=1)


def built(folder: Path, seed: int = 0, digits: str = "2", train: int = 24) -> Path:
    synth.build("arithmetic", digits=digits, train=train, validation=4, test=0, test_beyond=0, out=folder,
                seed=seed, quiet=True)  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def sums(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("data") / "sums")


def right(record: Record, sample: int) -> str:
    return record.completion


def wrong(record: Record, sample: int) -> str:
    return record.completion.replace(record.answer, "0 0 0 0")


def only(*names: str) -> Any:
    """A model that knows some rows and no others."""
    return lambda record, sample: (right if record.id.rpartition("/")[2] in names else wrong)(record, sample)


def looped(run: Path, out: Path, reply: Any = right, **given: Any) -> StandIns:
    start = {} if "from_scratch" in given else {"model": str(run)}
    with StandIns(run, reply).in_place() as loop:
        star(out, **{"iterations": 3, **start, **given})
    return loop


def of_iterations(loop: StandIns) -> list[Any]:
    return [training for training in loop.trainings if training.out.parent.parent.name == "iterations"]


def test_demonstrations_stand_in_front_of_the_rows_of_a_training(run: Path, sums: Path, tmp_path: Path) -> None:
    shown = {"shots": str(built(tmp_path / "shots", seed=5)), "n_shots": 2}
    plain = looped(run, tmp_path / "plain", data=[str(sums)], iterations=1, **shown)
    front = looped(run, tmp_path / "front", data=[str(sums)], iterations=1, shots_in_training=True, **shown)
    (kept,), (learned,) = ([*of_iterations(loop)[0].rows.values()] for loop in (plain, front))
    assert [row.prompt for row in learned] == front.asked[0].prompts
    assert [row.prompt for row in kept] == [record.prompt for record in front.asked[0].records]
    assert [row.prompt for row in learned] != [row.prompt for row in kept]
    assert [row.completion for row in learned] == [row.completion for row in kept]
    assert (tmp_path / "front" / "iterations" / "001" / "shown" / "synth.json").is_file()
    assert [row.prompt for row in read(tmp_path / "front" / "iterations" / "001" / "data", "train")] == [
        row.prompt for row in kept
    ]
    told = [[shots is not None for _, shots in loop.measured] for loop in (plain, front)]
    assert told == [[True, False], [True, True]], "a model that learned to read them is measured with them"
    assert front.measured[1][1].n_shots == 2


def test_demonstrations_in_the_training_of_a_new_model_are_refused(sums: Path) -> None:
    with pytest.raises(UsageError, match="--shots-in-training: a new model"):
        synth.train("star", data=[str(sums)], from_scratch="tiny", shots_in_training=True, out="never")


def test_more_questions_come_in_at_their_iteration(run: Path, sums: Path, tmp_path: Path) -> None:
    more = built(tmp_path / "more", digits="4", train=6)
    loop = looped(run, tmp_path / "run", data=[str(sums)], add_data=[f"{more}@2"], shots_until=0)
    asked = [{record.meta["digits"] for record in each.records} for each in loop.asked]
    assert asked == [{2}, {2, 4}, {2, 4}]
    assert [len(each.records) for each in loop.asked] == [24, 30, 30]


def test_rows_of_earlier_iterations_are_carried(run: Path, sums: Path, tmp_path: Path) -> None:
    def names(carry: int) -> list[list[str]]:
        loop = looped(run, tmp_path / f"carry{carry}", data=[str(sums)], carry=carry, shots_until=0)
        return [[Path(folder).parent.name for folder in one.data] for one in of_iterations(loop)]

    assert names(0) == [["001"], ["002"], ["003"]]
    assert names(1) == [["001"], ["002", "001"], ["003", "002"]]
    assert names(5)[2] == ["003", "001", "002"]


def test_a_folder_is_kept_in_every_training(run: Path, sums: Path, tmp_path: Path) -> None:
    kept = built(tmp_path / "kept", seed=9, train=5)
    loop = looped(run, tmp_path / "run", data=[str(sums)], keep=[f"{kept}:2"], shots_until=0)
    assert [one.data[1:] for one in of_iterations(loop)] == [[f"{kept}:2"]] * 3


def test_a_training_begins_with_the_base_or_with_the_model_before(run: Path, sums: Path, tmp_path: Path) -> None:
    loops = {
        way: looped(run, tmp_path / way, data=[str(sums)], from_=way, shots_until=0) for way in ("base", "previous")
    }
    begun = {way: [Path(one.changed["model"]) for one in of_iterations(loop)] for way, loop in loops.items()}
    assert begun["base"] == [run] * 3
    trained = [tmp_path / "previous" / "iterations" / f"00{n}" / "run" for n in (1, 2)]
    assert begun["previous"] == [run, *trained]
    assert [each.model for each in loops["base"].asked] == [
        run, *(tmp_path / "base" / "iterations" / f"00{n}" / "run" for n in (1, 2)),
    ]  # fmt: skip


def test_samples_differ_and_the_first_right_ones_are_kept(run: Path, sums: Path, tmp_path: Path) -> None:
    def reply(record: Record, sample: int) -> str:
        text = wrong(record, sample) if sample == 1 else right(record, sample)
        return text.replace("<scratch>", f"<scratch>\n{'# ' * (sample - sample % 2)}", 1)

    loop = looped(run, tmp_path / "run", reply, data=[str(sums)], samples=6, keep_per_question=2, temperature=0.4,
                  iterations=1, shots_until=0)  # fmt: skip
    assert (loop.asked[0].decoding.samples, loop.asked[0].decoding.temperature) == (6, 0.4)
    (rows,) = of_iterations(loop)[0].rows.values()
    assert len(rows) == 2 * 24
    assert {(row.provenance or {})["attempt"] for row in rows} == {2, 4}, "3 says what 2 says"


def test_one_attempt_is_greedy_and_several_are_not(run: Path, sums: Path, tmp_path: Path) -> None:
    given = {"data": [str(sums)], "iterations": 1, "shots_until": 0}
    assert looped(run, tmp_path / "one", **given).asked[0].decoding.temperature == 0
    assert looped(run, tmp_path / "drawn", temperature=0.4, **given).asked[0].decoding.temperature == 0.4
    assert looped(run, tmp_path / "more", samples=3, **given).asked[0].decoding.temperature == 0.7


def test_a_share_of_the_failures_gets_the_hint(run: Path, sums: Path, tmp_path: Path) -> None:
    def reply(record: Record, sample: int) -> str:
        return right(record, sample) if record.prompt.rstrip().endswith(record.answer) else wrong(record, sample)

    given = {"data": [str(sums)], "rationalize": True, "iterations": 2, "shots_until": 0}
    whole = looped(run, tmp_path / "whole", reply, **given)
    half = looped(run, tmp_path / "half", reply, rationalize_share=0.5, **given)
    assert [len(each.records) for each in whole.asked] == [24] * 4
    few = [{record.id for record in each.records} for each in half.asked[1::2]]
    assert all(4 < len(ids) < 20 for ids in few)
    assert few[0] != few[1]
    assert [len(rows) for one in of_iterations(half) for rows in one.rows.values()] == [len(ids) for ids in few]


def test_steps_grow_up_to_their_cap(run: Path, sums: Path, tmp_path: Path) -> None:
    given = {"data": [str(sums)], "start_steps": 10, "grow": 1.5, "add": 4, "shots_until": 0}
    loop = looped(run, tmp_path / "run", **given)
    assert [one.steps for one in of_iterations(loop)] == [10, 19, 30]
    capped = looped(run, tmp_path / "capped", cap_steps=20, **given)
    assert [one.steps for one in of_iterations(capped)] == [10, 19, 20]


def test_steps_are_those_of_the_paper() -> None:
    trainer = find("star")
    sums = trainer.settled(trainer.config(data=["x"], model="m", preset="star-arithmetic"))
    assert [steps_of(sums, n) for n in (1, 2, 16)] == [300, 320, 600]  # type: ignore[arg-type]
    words = trainer.settled(trainer.config(data=["x"], model="m", preset="star-gsm8k"))
    assert [steps_of(words, n) for n in (1, 2, 3, 30, 40)] == [40, 48, 57, 7912, 7912]  # type: ignore[arg-type]


@pytest.mark.parametrize(("until", "shown"), [(None, [True] * 3), (1, [True, False, False]), (0, [False] * 3)])
def test_demonstrations_are_shown_up_to_an_iteration(
    run: Path, sums: Path, tmp_path: Path, until: int | None, shown: list[bool]
) -> None:
    loop = looped(run, tmp_path / "run", data=[str(sums)], n_shots=3, base_rows=6, shots_until=until)
    assert [each.asking.shots is not None for each in loop.asked] == shown
    assert [prompt.count("<scratch>") == 3 for each in loop.asked for prompt in each.prompts[:1]] == shown


def test_some_questions_are_drawn_anew_each_iteration(run: Path, sums: Path, tmp_path: Path) -> None:
    loop = looped(run, tmp_path / "run", data=[str(sums)], per_iteration=8, shots_until=0)
    drawn = [[record.id for record in each.records] for each in loop.asked]
    assert [len(set(ids)) for ids in drawn] == [8] * 3
    assert len(set(map(tuple, drawn))) == 3
    again = looped(run, tmp_path / "again", data=[str(sums)], per_iteration=8, shots_until=0)
    assert [[record.id for record in each.records] for each in again.asked] == drawn
    kept = orjson.loads((tmp_path / "run" / "iterations" / "002" / "metrics.json").read_bytes())["kept"]
    assert (kept["asked"], kept["pool"]) == (8, 24)
    assert kept["by"] == {"add, digits 2": {"asked": 8, "questions": kept["questions"]}}


def test_it_ends_when_it_levels_off(run: Path, sums: Path, tmp_path: Path) -> None:
    with StandIns(run, right, accuracies=(0.1, 0.5, 0.4, 0.5, 0.3)).in_place() as loop:
        star(tmp_path / "run", data=[str(sums)], model=str(run), iterations=9, patience=2, shots_until=0)
    assert len(of_iterations(loop)) == 3
    assert orjson.loads((tmp_path / "run" / "synth-run.json").read_bytes())["star"]["best"] == 1


def test_only_rows_with_right_steps_are_kept_if_that_is_asked_for(run: Path, sums: Path, tmp_path: Path) -> None:
    def reply(record: Record, sample: int) -> str:
        return record.completion if record.id in honest else record.completion.replace("C: 0\n", "C: 1\n", 1)

    honest = {record.id for record in list(read(sums, "train"))[:7]}
    given = {"data": [str(sums)], "iterations": 1, "shots_until": 0}
    rows = {how: next(iter(of_iterations(looped(run, tmp_path / how, reply, filter=how, **given))[0].rows.values()))
            for how in ("answer", "steps")}  # fmt: skip
    assert len(rows["answer"]) == 24
    lucky = {row.id for row in rows["answer"]} - {row.id for row in rows["steps"]}
    assert len(lucky) > 5
    assert not lucky & honest


def test_a_vote_goes_by_what_most_say_whatever_the_gold_answer_is(run: Path, sums: Path, tmp_path: Path) -> None:
    def reply(record: Record, sample: int) -> str:
        return right(record, sample) if sample == 1 else record.completion.replace(record.answer, "9 9")

    loop = looped(run, tmp_path / "run", reply, data=[str(sums)], vote=True, samples=3, iterations=1, shots_until=0)
    (rows,) = of_iterations(loop)[0].rows.values()
    assert len(rows) == 24
    assert {row.answer for row in rows} == {"9 9"}


def test_questions_without_answers_need_rows_to_measure_on(run: Path, tmp_path: Path) -> None:
    source = choices(tmp_path / "asked.jsonl", 12, "")
    given = {"source": str(source), "task": "commonsenseqa", "shots": "commonsenseqa", "n_shots": 2, "iterations": 1}
    with pytest.raises(UsageError, match="--vote"):
        looped(run, tmp_path / "run", **given)
    with pytest.raises(UsageError, match="--held FOLDER"):
        looped(run, tmp_path / "run", vote=True, samples=2, **given)
    held = tmp_path / "held"
    synth.build("commonsenseqa", source=str(choices(tmp_path / "held.jsonl", 4, "B", "birds")), out=held, quiet=True)
    loop = looped(run, tmp_path / "run", lambda record, sample: "It is so.\nThe answer is (C).", held=held, vote=True,
                  samples=2, **given)  # fmt: skip
    (rows,) = of_iterations(loop)[0].rows.values()
    assert [row.answer for row in rows] == ["C"] * 12


def choices(path: Path, count: int, gold: str, what: str = "fish") -> Path:
    """A file of questions as CommonsenseQA has them."""
    options = {"label": ["A", "B", "C"], "text": ["sea", "sand", "sky"]}
    lines = [
        {"id": str(n), "question": f"Where would {n} {what} be?", "choices": options, "answerKey": gold}
        for n in range(count)
    ]
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    return path


@pytest.mark.parametrize("given", [{"max_steps": 5}, {"max_tokens": 500}, {"epochs": 2.0}])
def test_the_length_of_a_training_is_the_loops(sums: Path, given: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="--start-steps"):
        synth.train("star", data=[str(sums)], from_scratch="tiny", out="never", **given)


def test_the_split_and_the_limit_are_those_of_the_questions(run: Path, sums: Path, tmp_path: Path) -> None:
    loop = looped(run, tmp_path / "run", data=[str(sums)], split="validation", validation_split="train", limit=3,
                  eval_rows=6, keep_per_question=2, iterations=1, shots_until=0)  # fmt: skip
    assert len(loop.asked[0].records) == 3
    changed = of_iterations(loop)[0].changed
    assert (changed.get("split"), changed.get("limit")) == (None, None)


def test_all_settings_are_printed(sums: Path) -> None:
    trainer = find("star")
    new = trainer.settled(trainer.config(data=[str(sums)], from_scratch="tiny"))
    assert (new.start_steps, new.grow, new.lr, new.batch_size) == (1000, 1.0, 3e-3, 32)  # type: ignore[attr-defined]
    old = trainer.settled(trainer.config(data=[str(sums)], model="m", cap_steps=50))
    assert (old.start_steps, old.grow, old.cap_steps, old.batch_size) == (40, 1.2, 50, 32)  # type: ignore[attr-defined]


def test_no_row_that_is_measured_on_or_shown_is_asked_and_no_question_twice(
    run: Path, sums: Path, tmp_path: Path
) -> None:
    records = list(read(sums, "train"))
    asked_before = {record.prompt for record in records}
    held = dataset(tmp_path / "held", {"test": [*records[:4], records[6]]})
    again = [replace(record, id=f"{record.id}/again") for record in records[:8]]
    more = dataset(tmp_path / "more", {"train": [*again, *read(built(tmp_path / "new", digits="3", train=5), "train")]})
    loop = looped(run, tmp_path / "run", data=[str(sums)], held=str(held), add_data=[f"{more}@2"], shots_until=0)
    asked = [[record.prompt for record in each.records] for each in loop.asked]
    measured = {record.prompt for record in read(held, "test")}
    assert sorted(asked[0]) == sorted(asked_before - measured)
    assert len(asked[1]) == len(set(asked[1])) == len(asked[0]) + 5
    assert not measured & set(asked[1])


def test_a_run_that_reached_its_last_iteration_goes_on_with_more(run: Path, sums: Path, tmp_path: Path) -> None:
    given = {"data": [str(sums)], "shots_until": 0, "keep": [str(sums)], "control": ("few-shot-only",)}
    looped(run, tmp_path / "run", iterations=1, **given)
    first = looped(run, tmp_path / "run", iterations=1, **given)
    assert not first.trainings, "it is there already"
    better = StandIns(run, right, accuracies=(0.5, 0.6, 0.7))
    with better.in_place():
        star(tmp_path / "run", resume=True, model=str(run), iterations=3, **given)
    assert [one.out.parent.name for one in better.trainings] == ["002", "003", "few-shot-only"]
    facts = orjson.loads((tmp_path / "run" / "synth-run.json").read_bytes())
    assert (facts["star"]["iterations"], facts["complete"]) == (3, True)
    control = orjson.loads((tmp_path / "run" / "controls" / "few-shot-only" / "metrics.json").read_bytes())
    assert control["beside"] == facts["star"]["best"]
