"""Shards of a distillation, put together, are what one run writes."""

import hashlib
import json
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from distillations import Synth, asked, lines, right
from halting import halted
from hypothesis import given, settings
from hypothesis import strategies as st
from loopback import Answer, Loopback, serving

import synth as api
from synth.data.manifest import open_manifest

SAID = (
    "It is {n} as it says there. The answer is {n}.", "It was {n} all along. The answer is {n}.",
    "{n} it is: the answer is {n}.",
    "No, it is more. The answer is 999.", "Nobody knows.", "", "It is\u2028{n}, says \U0001f600. The answer is {n}.",
)  # fmt: skip


def by_request(request: dict[str, Any], times: int) -> Answer:
    """The same reply to the same request, whoever asks and when. Of some questions the second attempt is refused, of
    others each; after an answer to others, as a server that refuses everything ends the run."""
    number = asked(request)
    if number % 7 == 3 and request["seed"] > 1:
        return Answer(status=400, error={"message": "too odd a question", "code": "odd"}, delay=0.03)
    if number % 7 == 5:
        return Answer(status=400, error={"message": "unsafe", "code": "content_filter"})
    text = json.dumps([request["messages"], request["seed"]])
    drawn = hashlib.sha256(text.encode()).digest()
    return Answer(SAID[drawn[0] % len(SAID)].format(n=number), prompt_tokens=11 + drawn[1], completion_tokens=drawn[2])


@pytest.fixture(scope="module")
def teacher() -> Iterator[Loopback]:
    with serving(by_request) as server:
        server.keep = False
        yield server


def write_source(folder: Path, splits: list[list[int]]) -> Path:
    """A folder with a file of questions for each split; a number that stands there twice is a repeat."""
    folder.mkdir()
    for name, numbers in zip(("train", "test"), splits, strict=False):
        rows = [{"id": f"q{at}", "question": f"Which number is {n}?", "label": str(n)} for at, n in enumerate(numbers)]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a dataset or of several, but for the request store; of synth.json all but the time."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("requests.sqlite"):
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
            if path.name == "synth.json":
                facts = json.loads(path.read_bytes())
                assert facts["paid"].pop("seconds") >= 0
                found[path.relative_to(folder).as_posix()] = json.dumps(facts).encode()
    return found


NUMBERS = st.lists(st.integers(0, 25), min_size=4, max_size=14)
CHOICES = {
    "format": st.sampled_from(["jsonl", "parquet"]),
    "length": st.sampled_from(["steps", ["steps", "brief"]]),
    "max_attempts": st.integers(1, 4),
    "keep": st.sampled_from(["first", "shortest", "all"]),
    "rationalize": st.booleans(),
    "repeats": st.sampled_from(["merge", "keep"]),
    "sample": st.none() | st.integers(4, 9),
    "price": st.sampled_from([(), (0.15, 0.6), (0.07, 0.31)]),
}


@given(splits=st.lists(NUMBERS, min_size=1, max_size=2), vote=st.sampled_from([0, 0, 3, 5]), shards=st.integers(2, 4),
       options=st.fixed_dictionaries(CHOICES))  # fmt: skip
@settings(max_examples=2, deadline=None)
def test_shards_put_together_are_one_run(
    tmp_path_factory: pytest.TempPathFactory, teacher: Loopback, splits: list[list[int]], vote: int, shards: int,
    options: dict[str, Any],
) -> None:  # fmt: skip
    at = tmp_path_factory.mktemp("merge")
    several = ["train", "test"] if len(splits) > 1 else []
    given: dict[str, Any] = {
        **options, "task": "gsm8k", "source": write_source(at / "data", splits), "split": several, "vote": vote,
        "rationalize": options["rationalize"] and not vote, "teacher": "m-1", "base_url": teacher.url, "quiet": True,
    }  # fmt: skip
    if len({n for numbers in splits for n in numbers}) < shards and options["repeats"] == "merge":
        return
    whole = api.distill(**given, out=at / "whole")
    parts = [at / f"shard {k}" for k in range(1, shards + 1)]
    for k, part in enumerate(parts, start=1):
        api.distill(**given, shard=f"{k}/{shards}", out=part)
    merged = api.merge(parts[::-1], out=at / "merged", quiet=True)
    assert contents(at / "merged") == contents(at / "whole")
    assert (merged.rows, merged.splits, merged.rejected) == (whole.rows, whole.splits, whole.rejected)
    again = api.merge(parts, out=at / "merged", quiet=True)
    assert again.already_there == (not whole.rejected["error"])
    assert contents(at / "merged") == contents(at / "whole")
    shutil.rmtree(at)


def questions_at(folder: Path, count: int) -> str:
    return str(write_source(folder / "data", [list(range(count))]) / "train.jsonl")


def words(teacher: Loopback, source: str, out: object, *more: object) -> list[str]:
    base = ("--task", "gsm8k", "--source", source, "--teacher", "m-1", "--base-url", teacher.url, "--max-attempts", 3)
    return ["distill", *map(str, (*base, "--price", "1,1", "--out", out, *more))]


@pytest.fixture
def sharded(synth: Synth, tmp_path: Path, teacher: Loopback) -> Callable[..., list[str]]:
    """Distil the shards of 11 questions, and return their folders."""

    def make(*more: object, of: int = 2) -> list[str]:
        source = questions_at(tmp_path, 11) if not (tmp_path / "data").exists() else "data/train.jsonl"
        names = [f"s{k}" for k in range(1, of + 1)]
        for k, name in enumerate(names, start=1):
            done = synth(*words(teacher, source, name, "--shard", f"{k}/{of}", *more))
            assert done.returncode == 0, done.stderr
        return names

    return make


def test_a_shard_says_what_it_has(synth: Synth, tmp_path: Path, teacher: Loopback) -> None:
    limits = ("--concurrency", 6, "--rpm", 6000, "--tpm", "1000000", "--budget", 9)
    done = synth(*words(teacher, questions_at(tmp_path, 11), "s1", "--shard", "1/4", *limits))
    assert (
        "synth: shard 1 of 4: 3 of 11 questions, at most 1 requests in flight, 1,500 requests a minute, "
        "250,000 tokens a minute, a budget of $2.25\n"
    ) in done.stderr
    assert {line["id"] for line in lines(tmp_path / "s1" / "attempts.jsonl")} == {f"gsm8k/q{n}" for n in (0, 4, 8)}
    manifest = open_manifest(tmp_path / "s1")
    assert manifest["distilled"]["shard"] == "1/4"
    assert manifest["command"].endswith("--max-attempts 3 --shard 1/4")
    assert manifest["read"]["rows"] == 11
    dry = synth(*words(teacher, "data/train.jsonl", "s1", "--shard", "4/4", "--dry-run"))
    assert "shard 4 of 4: 2 of 11 questions" in dry.stdout
    assert "\n2 questions, " in dry.stdout
    other = synth(*words(teacher, "data/train.jsonl", "s1"))
    assert "distilled shard is 1/4, asked for not given" in other.stderr


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("--shard", "5/4"), "--shard 5/4: give k/n with k from 1 to n, as 2/4"),
        (("--shard", "0/4"), "--shard 0/4: give k/n"),
        (("--shard", "half"), "--shard half: give k/n"),
        (("--shard", "1/12"), "--shard 1/12: there are 11 questions, make that many shards at most"),
        (("--shard", "1/2", "--target-rows", "3"), "--target-rows counts the rows of all shards"),
        (("--shard", "1/3", "--rpm", "2"), "--rpm 2 is less than 1 a minute for each of 3 shards"),
    ],
)
def test_shards_that_cannot_be(
    synth: Synth, tmp_path: Path, teacher: Loopback, given: tuple[str, ...], told: str
) -> None:
    done = synth(*words(teacher, questions_at(tmp_path, 11), "out", *given))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert told in done.stderr
    assert not (tmp_path / "out").exists()


def test_what_is_refused(synth: Synth, tmp_path: Path, sharded: Callable[..., list[str]], teacher: Loopback) -> None:
    s1, s2, s3 = sharded(of=3)

    def refused(*words: str) -> str:
        done = synth("merge", *words, *(() if "--out" in words else ("--out", "out")))
        assert done.returncode in (1, 2)
        assert done.stderr.count("\n") == 1
        assert not (tmp_path / "out" / "synth.json").exists()
        return done.stderr

    assert "shard 2/3 and 1 more is missing: the command of s1 with --shard 2/3 makes it" in refused(s1)
    assert "shard 1/3 is missing" in refused(s2, s3)
    assert "s2 is given twice" in refused(s1, s2, s2, s3)
    shutil.copytree(tmp_path / s2, tmp_path / "copy")
    assert "copy and s2 are both shard 2/3: leave out one" in refused(s1, s2, s3, "copy")
    assert "--out s1 is one of the shards" in refused(s1, s2, s3, "--out", s1)
    assert "nothing is not a dataset folder" in refused(s1, "nothing")
    assert synth(*words(teacher, "data/train.jsonl", "whole")).returncode == 0
    assert "whole is no shard of a distillation" in refused(s1, "whole", s3)
    assert synth(*words(teacher, "data/train.jsonl", "longer", "--shard", "3/3", "--max-tokens", 99)).returncode == 0
    assert "longer and s1 are shards of different runs (plan max_tokens is 99 and 1024)" in refused(s1, s2, "longer")
    assert synth(*words(teacher, "data/train.jsonl", "four", "--shard", "3/4")).returncode == 0
    assert "four and s1 are shards of different runs (its shards is 4 and 3)" in refused(s1, s2, "four")
    assert "longer holds another dataset (distilled shard is 3/3" in refused(s1, s2, s3, "--out", "longer")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("x")
    assert "'notes.txt'" in refused(s1, s2, s3, "--out", "mine")
    rows = (tmp_path / s3 / "train.jsonl").read_bytes()
    (tmp_path / s3 / "train.jsonl").write_bytes(rows[:-1])
    assert "s3/train.jsonl is missing or was changed" in refused(s1, s2, s3)
    (tmp_path / s3 / "train.jsonl").write_bytes(rows)
    places = (tmp_path / s3 / "shard.jsonl").read_bytes()
    (tmp_path / s3 / "shard.jsonl").write_bytes(re.sub(rb"\d(,true|,false)\]", rb"0\1]", places, count=1))
    assert "s3/shard.jsonl does not fit the files beside it" in refused(s1, s2, s3)
    (tmp_path / s3 / "shard.jsonl").write_bytes(places)
    assert synth("judge", s3, "--judge", "answer", "--out", "judged").returncode == 0
    assert "judged was changed after it was distilled: merge shards first" in refused(s1, s2, "judged")
    assert synth("merge", s1, s2, s3, "--out", "longer", "--overwrite").returncode == 0
    assert contents(tmp_path / "longer") == contents(tmp_path / "whole")


@pytest.mark.parametrize(
    "at", ["synth.merging.merge:copy_into", "synth.merging.joined:encode", "synth.data.folder:as_json"]
)
def test_a_merge_that_is_killed_leaves_nothing_and_is_run_again(
    synth: Synth, tmp_path: Path, sharded: Callable[..., list[str]], teacher: Loopback, at: str
) -> None:
    shards = sharded("--length", "steps,brief")
    assert synth(*words(teacher, "data/train.jsonl", "whole", "--length", "steps,brief")).returncode == 0
    before = {name: contents(tmp_path / name) for name in shards}
    with halted(["merge", *shards, "--out", "out"], at, folder=tmp_path) as process:
        process.kill()
    assert not (tmp_path / "out" / "steps" / "synth.json").exists()
    assert synth("merge", *shards, "--out", "out").returncode == 0
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")
    assert {name: contents(tmp_path / name) for name in shards} == before
    replies = {name: len(store(tmp_path / name)) for name in (*shards, "out")}
    assert replies["out"] == replies["s1"] + replies["s2"]
    assert synth("merge", *shards, "--out", "out").returncode == 0  # the one with an error is put together again
    assert len(store(tmp_path / "out")) == replies["out"]


def test_one_configuration_of_several_brings_the_store_they_share(
    synth: Synth, tmp_path: Path, sharded: Callable[..., list[str]]
) -> None:
    shards = sharded("--length", "steps,brief")
    done = synth("merge", *(f"{name}/brief" for name in shards), "--out", "brief")
    assert (done.returncode, done.stderr) == (0, "")
    assert set(store(tmp_path / "brief")) == {reply for name in shards for reply in store(tmp_path / name)}


def store(folder: Path) -> list[tuple[Any, ...]]:
    """Key and status of every reply in a request store, in its order."""
    with closing(sqlite3.connect(folder / "requests.sqlite")) as opened:
        return opened.execute("select key, status from replies order by id").fetchall()


def test_what_was_put_together_is_gone_on_with(synth: Synth, tmp_path: Path, questions: Callable[[int], str]) -> None:
    """A question that ended in an error is asked again by the command without --shard, and nothing else is."""
    refusing = {4, 5}

    def script(request: dict[str, Any], times: int) -> Answer:
        odd = Answer(status=400, error={"message": "too odd a question", "code": "odd"}, delay=0.03)
        return odd if asked(request) in refusing else right(request, 1)

    source = questions(9)
    with serving(script) as teacher:
        for k in (1, 2):
            assert synth(*words(teacher, source, f"s{k}", "--shard", f"{k}/2")).returncode == 0
        assert synth("merge", "s1", "s2", "--out", "out").stdout == "out: 7 rows written; questions left out: 2 error\n"
        assert open_manifest(tmp_path / "out")["paid"]["requests"] == 9
        shutil.rmtree(tmp_path / "s1")
        refusing.clear()
        teacher.seen.clear()
        assert synth(*words(teacher, source, "out")).returncode == 0
        assert sorted(map(asked, teacher.bodies)) == [4, 5]
        assert synth(*words(teacher, source, "alone")).returncode == 0
    paid = open_manifest(tmp_path / "out")["paid"]
    assert (paid["requests"], paid["attempts"], paid["from_store"], paid["unused"]) == (11, 9, 0, 0)
    assert paid["dollars"] == pytest.approx(9 * 18 / 1e6)
    assert (tmp_path / "out" / "train.jsonl").read_bytes() == (tmp_path / "alone" / "train.jsonl").read_bytes()


def test_shards_without_their_stores_from_several_servers(synth: Synth, tmp_path: Path) -> None:
    source = questions_at(tmp_path, 7)
    with serving(by_request) as first, serving(by_request) as second:
        for k, teacher in enumerate((first, second), start=1):
            more = ("--shard", f"{k}/2", "--cache", f"cache{k}", "--vote", 3)
            assert synth(*words(teacher, source, f"s{k}", *more)).returncode == 0
        urls = f"{first.url}, {second.url}"
        done = synth("merge", "s1", "s2", "--out", "out")
    assert done.returncode == 0
    assert "s1 has no requests.sqlite: the replies of this shard are not carried over" in done.stderr
    manifest = open_manifest(tmp_path / "out")
    assert manifest["paid"]["base_url"] == urls
    votes = [open_manifest(tmp_path / name)["vote"] for name in ("s1", "s2")]
    assert manifest["vote"] == {name: sum(vote.get(name, 0) for vote in votes) for name in ("labelled", "agree")}
