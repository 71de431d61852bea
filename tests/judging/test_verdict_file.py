"""`--verdicts FILE`: verdicts beside the folder, going on where a run stopped, agreement; and `--dry-run`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from loopback import Answer, serving
from tiny_models import write_dataset

import synth
from synth.errors import FolderError
from synth.record import Record

Synth = Callable[..., Any]
ROWS = 12


def row(number: int, split: str = "train") -> Record:
    """Every third row has a sum that is wrong."""
    text = f"{number} + 1 = {number + (2 if number % 3 == 0 else 1)}"
    return Record(f"{split}/{number}", "gsm8k", f"{number}?", text, str(number), f"{text}\nThe answer is {number}.", {})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_dataset(
        tmp_path / "data", {"train": [row(n) for n in range(ROWS)], "test": [row(n, "test") for n in (101, 103)]}
    )


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def number_of(request: dict[str, Any]) -> int:
    return int(request["messages"][-1]["content"].split("?")[0].rpartition("\n")[2])


def helpful(request: dict[str, Any], times: int) -> Answer:
    return Answer("Unhelpful" if number_of(request) % 4 == 0 else "Helpful")


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".sqlite"}


def test_verdicts_of_working_judges(folder: Path, tmp_path: Path) -> None:
    before, file = content(folder), tmp_path / "verdicts" / "v.jsonl"
    synth.judge(folder, judge="equations", verdicts=file, quiet=True)
    assert content(folder) == before
    assert [(line["split"], line["id"]) for line in lines(file)] == [
        *(("train", f"train/{n}") for n in range(ROWS)), ("test", "test/101"), ("test", "test/103"),
    ]  # fmt: skip
    first, second = lines(file)[:2]
    assert {name: first[name] for name in ("judge", "model", "verdict", "score", "reason", "asked")} == {
        "judge": "equations", "model": None, "verdict": "wrong", "score": None, "reason": "0 + 1 = 2: it is 1",
        "asked": None,
    }  # fmt: skip
    assert (second["verdict"], second["reason"]) == ("right", "1 equation")
    assert len({line["row"] for line in lines(file)[:ROWS]}) == ROWS
    whole = file.read_bytes()
    synth.judge(folder, judge="equations", verdicts=file, quiet=True)
    assert file.read_bytes() == whole


def asked(folder: Path, file: Path, script: Any = helpful, **options: Any) -> tuple[Any, int]:
    """What came out, and how many requests a run took."""
    with serving(script) as teacher:
        given = {"judge": "rubric", "teacher": "m-1", "base_url": teacher.url, "verdicts": file, "quiet": True}
        found = synth.judge(folder, **{**given, **options})
        return found, len(teacher.bodies)


def test_a_run_goes_on_where_it_stopped(folder: Path, tmp_path: Path) -> None:
    """Without the request store of the first run, so that the file alone is what it goes on from."""
    file = tmp_path / "v.jsonl"
    found, requests = asked(folder, file, sample=5, cache=tmp_path / "1.sqlite")
    assert (len(found.verdicts), requests) == (5, 5)
    first = file.read_bytes()
    file.write_bytes(first + b'{"split":"train","id":"tra')  # killed while it wrote
    found, requests = asked(folder, file, cache=tmp_path / "2.sqlite")
    assert (len(found.verdicts), requests) == (ROWS + 2, ROWS + 2 - 5)
    assert file.read_bytes().startswith(first)
    assert sorted(line["id"] for line in lines(file)) == sorted(
        [f"train/{n}" for n in range(ROWS)] + ["test/101", "test/103"]
    )
    whole = file.read_bytes()
    again, requests = asked(folder, file, cache=tmp_path / "3.sqlite")
    assert (again.verdicts, requests, file.read_bytes()) == (found.verdicts, 0, whole)


def test_what_is_asked_again(folder: Path, tmp_path: Path) -> None:
    """What was not scored, a row whose text has changed, and everything of another model."""
    file = tmp_path / "v.jsonl"

    def cut(request: dict[str, Any], times: int) -> Answer:
        short = request["max_tokens"] < 1000 and number_of(request) == 5
        return Answer("Helpful", finish_reason="length" if short else "stop")

    found, requests = asked(folder, file, cut, cache=tmp_path / "1.sqlite")
    assert (requests, [row for row, _ in found.unscored]) == (ROWS + 2, ["train/5"])
    found, requests = asked(folder, file, cut, cache=tmp_path / "1.sqlite", max_tokens=2000)
    assert (requests, found.unscored) == (1, ())
    changed = write_dataset(tmp_path / "other", {"train": [row(n) for n in range(4)] + [row(99)]})
    assert asked(changed, file, cut, cache=tmp_path / "2.sqlite")[1] == 1
    assert asked(folder, file, cut, cache=tmp_path / "3.sqlite", teacher="m-2")[1] == ROWS + 2
    assert {line["model"] for line in lines(file)} == {"m-1", "m-2"}


def test_dropping_by_a_file_that_is_there(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "v.jsonl"
    asked(folder, file)
    found, requests = asked(folder, file, drop="unhelpful", out=tmp_path / "out", cache=tmp_path / "2.sqlite")
    assert requests == 0
    assert found.dataset.splits == {"train": ROWS - 3, "test": 2}


def test_what_hands_do_to_a_file(folder: Path, tmp_path: Path) -> None:
    """No line is lost that says something, and a verdict that is none of the judge's is asked for again."""
    file = tmp_path / "v.jsonl"
    asked(folder, file)
    written = file.read_text().splitlines()
    file.write_text("\r\n".join([*written[:3], "", *written[3:]]))  # an empty line, other ends, none of the last one
    found, requests = asked(folder, file, cache=tmp_path / "2.sqlite")
    assert (len(found.verdicts), requests, file.read_bytes()[-1:]) == (ROWS + 2, 0, b"\n")
    (at,) = (at for at, line in enumerate(written) if '"train/5"' in line)
    for word in ("good", "Helpful ", ""):
        edited = [*written[:at], json.dumps({**json.loads(written[at]), "verdict": word}), *written[at + 1 :]]
        file.write_text("\n".join(edited))
        found, requests = asked(folder, file, cache=tmp_path / f"{word}.sqlite")
        assert (requests, found.verdicts["train", 5].verdict) == (1, "helpful")


def test_a_model_is_not_asked_about_rows_without_a_rationale(synth: Synth, tmp_path: Path) -> None:
    alone = Record("test/1", "gsm8k", "1?", "", "1", " The answer is 1.", {})
    write_dataset(tmp_path / "data", {"train": [row(1)], "test": [alone]})
    with serving(helpful) as teacher:
        words = ("judge", "data", "--judge", "rubric", "--teacher", "m-1", "--base-url", teacher.url)
        assert "2 rows, 1 to ask about: 1 requests" in synth(*words, "--dry-run").stdout
        done = synth(*words)
        assert (done.returncode, len(teacher.bodies)) == (0, 1), done.stderr
    assert "unscored test/1: the row has no rationale" in done.stdout


@pytest.mark.parametrize(
    "text",
    ["{}\n", "no JSON\n", '{"id": "x", "prompt": "?"}\n', "half a line", '{"split": "train", "id": 3}\n', "[1]\n"],
)
def test_a_file_that_is_none_is_left_alone(text: str, folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "v.jsonl"
    file.write_text(text)
    with pytest.raises(FolderError, match=r"v.jsonl .*is no .*give --verdicts a file that synth judge wrote"):
        synth.judge(folder, judge="equations", verdicts=file, quiet=True)
    assert file.read_text() == text


def test_two_judges_at_one_file(folder: Path, tmp_path: Path) -> None:
    from synth.data.verdicts import VerdictFile

    with (
        VerdictFile(tmp_path / "v.jsonl"),
        pytest.raises(FolderError, match=r"another process is writing to .*v\.jsonl"),
    ):
        synth.judge(folder, judge="equations", verdicts=tmp_path / "v.jsonl", quiet=True)


def test_agreement_of_judges(synth: Synth, folder: Path) -> None:
    """Wrong are 0 3 6 9, unhelpful 0 4 8, of the 2 test rows none: both bad 1, one alone 3 and 2, both good 8."""
    assert synth("judge", "data", "--judge", "equations", "--verdicts", "v.jsonl").returncode == 0
    with serving(helpful) as teacher:
        done = synth(
            "judge", "data", "--judge", "rubric", "--teacher", "m-1", "--base-url", teacher.url, "--verdicts", "v.jsonl"
        )
        assert len(teacher.bodies) == ROWS + 2
    assert done.returncode == 0, done.stderr
    # p_o = 9/14, p_e = (4 * 3 + 10 * 11) / 196 = 122/196; kappa = (126 - 122) / (196 - 122) = 4/74
    said = "equations and rubric (m-1) agree on 64.3% of 14 rows that both scored; Cohen's kappa 0.05"
    assert said in done.stdout
    told = synth("stats", "data", "--verdicts", "v.jsonl")
    assert told.returncode == 0, told.stderr
    assert said in told.stdout
    figures = json.loads(synth("stats", "data", "--verdicts", "v.jsonl", "--json").stdout)
    (pair,) = figures["train"]["agreement"]
    # 12 rows of train: p_o = 7/12, p_e = (4 * 3 + 8 * 9) / 144 = 84/144; kappa 0
    assert pair == {"judges": ["equations", "rubric (m-1)"], "n": 12, "share": pytest.approx(7 / 12), "kappa": 0.0}
    assert figures["test"]["agreement"][0]["kappa"] is None


def test_agreement_of_verdicts_in_the_rows(synth: Synth, folder: Path) -> None:
    """Of the same rubric by two models, which are told apart by their names."""
    assert synth("judge", "data", "--judge", "equations", "--out", "one").returncode == 0
    for model, source, out, script in (("m-1", "one", "two", helpful), ("m-2", "two", "three", always_helpful)):
        with serving(script) as teacher:
            words = ("judge", source, "--judge", "rubric", "--teacher", model, "--out", out)
            done = synth(*words, "--base-url", teacher.url)
        assert done.returncode == 0, done.stderr
    # two of 14 differ by each zero of m-1: p_o = 11/14, p_e = (11 * 14) / 196: no better than chance
    assert "rubric (m-1) and rubric (m-2) agree on 78.6% of 14 rows that both scored; Cohen's kappa 0.00" in done.stdout
    told = synth("stats", "three")
    assert "equations and rubric (m-1) agree on 64.3% of 14 rows" in told.stdout
    assert told.stdout.count("Cohen's kappa") == 3
    card = synth("card", "three")
    assert card.returncode == 0, card.stderr
    assert "rubric" in (folder.parent / "three" / "README.md").read_text()


def always_helpful(request: dict[str, Any], times: int) -> Answer:
    return Answer("Helpful")


def test_a_dry_run_asks_nothing(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "v.jsonl"
    asked(folder, file, sample=5, cache=tmp_path / "1.sqlite")
    before = file.read_bytes()
    options = {"price": (10, 30), "votes": 3, "max_tokens": 100}
    found, requests = asked(folder, tmp_path / "new.jsonl", dry_run=True, cache=tmp_path / "none.sqlite", **options)
    estimate = found.estimate
    assert (requests, estimate.rows, estimate.asked, estimate.requests) == (0, ROWS + 2, ROWS + 2, 3 * (ROWS + 2))
    assert 100 * estimate.requests < estimate.prompt_tokens < 300 * estimate.requests
    assert estimate.likely == pytest.approx((10 * estimate.prompt_tokens + 30 * 100 * estimate.requests) / 1e6)
    assert estimate.most > estimate.likely
    assert not (tmp_path / "none.sqlite").exists()
    assert not (tmp_path / "new.jsonl").exists()
    file.write_bytes(before + b"half a li")
    found, requests = asked(folder, file, dry_run=True, cache=tmp_path / "2.sqlite")
    assert (found.estimate.rows, found.estimate.scored, found.estimate.asked, requests) == (
        ROWS + 2,
        5,
        ROWS + 2 - 5,
        0,
    )
    assert file.read_bytes() == before + b"half a li"
    found, requests = asked(folder, tmp_path / "new.jsonl", dry_run=True, cache=tmp_path / "1.sqlite")
    assert (found.estimate.scored, found.estimate.asked, found.estimate.requests) == (0, ROWS + 2 - 5, ROWS + 2 - 5)


def test_a_dry_run_as_it_is_typed(synth: Synth, folder: Path) -> None:
    before = sorted(folder.iterdir())
    words = (
        "judge",
        "data",
        "--judge",
        "rubric",
        "--teacher",
        "m-1",
        "--dry-run",
        "--base-url",
        "http://127.0.0.1:9/v1",
    )
    done = synth(*words, "--price", "10,30")
    assert done.returncode == 0, done.stderr
    assert "14 rows, 14 to ask about: 14 requests" in done.stdout
    assert "at most  $" in done.stdout
    assert "probably $" in done.stdout
    assert "price is unknown" in synth(*words).stdout
    assert json.loads(synth(*words, "--json").stdout)["requests"] == ROWS + 2
    free = synth("judge", "data", "--judge", "equations", "--dry-run", "--verdicts", "v.jsonl")
    assert "14 rows; equations asks no model" in free.stdout
    assert not (folder.parent / "v.jsonl").exists()
    assert sorted(folder.iterdir()) == before


def test_the_file_in_the_folder_is_counted_by_stats_and_card(folder: Path, tmp_path: Path) -> None:
    from synth.data.stats import counted

    own = folder / "verdicts.jsonl"
    synth.judge(folder, judge="equations", verdicts=own, quiet=True)
    right, wrong = ("equations", "right"), ("equations", "wrong")
    assert {name: dict(one.verdicts) for name, one in counted(folder).splits.items()} == {
        "train": {right: 8, wrong: 4}, "test": {right: 2},
    }  # fmt: skip
    assert "| equations: right | 10 | 71.4% |\n| equations: wrong | 4 | 28.6% |" in carded(folder)
    elsewhere = tmp_path / "elsewhere.jsonl"
    own.rename(elsewhere)
    assert not counted(folder).splits["train"].verdicts
    assert counted(folder, verdicts=elsewhere).splits["train"].verdicts.total() == ROWS
    assert "equations" not in carded(folder)


def test_the_file_in_the_folder_is_held_to_what_verdicts_are(tmp_path: Path) -> None:
    source, out = tmp_path / "solved.jsonl", tmp_path / "solved"
    told = [{"question": f"{n}?", "answer": f"1 + {n} = {n + (n < 4)}\n#### {n}"} for n in range(6)]
    source.write_text("".join(json.dumps(line) + "\n" for line in told))
    synth.import_data(source, task="gsm8k", out=out, quiet=True)
    assert not bad_verdicts(out)
    synth.judge(out, judge="equations", verdicts=out / "verdicts.jsonl", quiet=True)
    (bad,) = bad_verdicts(out)
    assert (bad["rows"], bad["failures"], bad["success"], bad["observed"]) == (1, 1, False, "0.333")


def bad_verdicts(folder: Path) -> list[dict[str, Any]]:
    (found,) = synth.validate(folder, quiet=True)
    return [each for each in found.report["expectations"] if "verdicts are bad" in each["title"]]


def carded(folder: Path) -> str:
    synth.card(folder, quiet=True)
    return (folder / "README.md").read_text(encoding="utf-8")


def test_the_file_in_the_folder_is_of_the_rows_as_they_are(folder: Path, tmp_path: Path) -> None:
    from synth.data.stats import counted

    own = folder / "verdicts.jsonl"
    synth.judge(folder, judge="equations", verdicts=own, quiet=True)
    path = folder / "train.jsonl"
    changed = [json.dumps({**line, "rationale": "mended"}) for line in lines(path)[:5]]
    path.write_text("\n".join([*changed, *(json.dumps(line) for line in lines(path)[5:])]) + "\n", encoding="utf-8")
    assert counted(folder).splits["train"].verdicts.total() == ROWS - 5
    synth.judge(folder, judge="equations", out=tmp_path / "judged", quiet=True)
    before = counted(tmp_path / "judged").splits["train"].verdicts
    synth.judge(tmp_path / "judged", judge="equations", verdicts=tmp_path / "judged" / "verdicts.jsonl", quiet=True)
    assert counted(tmp_path / "judged").splits["train"].verdicts == before  # the same judge: once
    own.write_text('{"mine": 1}\n', encoding="utf-8")  # somebody else's file
    assert not counted(folder).splits["train"].verdicts


def test_the_file_in_the_folder_is_not_pushed(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    from hub_use import connected

    synth.judge(folder, judge="equations", verdicts=folder / "verdicts.jsonl", quiet=True)
    for hub in connected(monkeypatch):
        synth.push(folder, "ada/judged", force=True)
        sent = hub.files("ada/judged")
        assert not [path for path in sent if "verdicts" in path]
        assert b"| equations: wrong | 4 | 28.6% |" in sent["README.md"]
