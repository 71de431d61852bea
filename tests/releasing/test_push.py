"""Releases on a Hub of this machine, made with the real client and read with the real `datasets`."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from conftest import Synth
from hub_loading import loaded_alike
from hub_use import REPO, connected, contents, dataset, environment, lines, row, validate
from loopback_hub import Hub

from synth.cards.dataset import write_card
from synth.cards.keys import features
from synth.data import reading
from synth.data.already import look
from synth.errors import FolderError, UsageError
from synth.record import FIELDS
from synth.releasing import shards
from synth.releasing.built import goes_as_it_is
from synth.releasing.hub import checked_name
from synth.releasing.options import Pull, Push
from synth.releasing.parts import configs
from synth.releasing.pull import carry_out as pull
from synth.releasing.push import carry_out as push


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    yield from connected(monkeypatch)


def test_a_folder_of_several_becomes_the_configurations_of_one_repository(
    hub: Hub, tmp_path: Path, synth: Synth
) -> None:
    small = ["--train", 30, "--validation", 10, "--test", 10, "--test-longer", 0, "--test-larger", 0]
    assert synth("build", "listops", "--explain", "all", "--out", "explained", *small).returncode == 0
    folder = tmp_path / "explained"
    kinds = ["none", "short", "medium", "long"]
    for kind in kinds:
        validate(folder / kind)
    pushed = push(Push([folder], "ada/explained", tag="v1.0"))
    repo = hub.repos["ada/explained"]
    assert len(repo.commits) == 2  # the first one is the Hub's own
    assert repo.tags == {"v1.0": pushed.commit}
    files = hub.files("ada/explained")
    splits = ["train", "validation", "test"]
    wanted = {f"{kind}/{split}-00000-of-00001.parquet" for kind in kinds for split in splits}
    wanted |= {f"{kind}/{name}.json" for kind in kinds for name in ("synth", "validation")}
    assert {path for path in files if not path.startswith((".git", "plots/"))} == wanted | {"README.md"}
    assert files["medium/synth.json"] == (folder / "medium" / "synth.json").read_bytes()
    assert not list(folder.glob("*/.synth-push"))
    for kind in ("medium", "none"):
        found = loaded_alike(hub, tmp_path, ["ada/explained", kind], [folder, kind])
        assert {split: rows for split, (rows, _) in found.items()} == {"train": 30, "validation": 10, "test": 10}


def test_one_folder_is_the_dataset_of_the_repository(hub: Hub, tmp_path: Path) -> None:
    folder = dataset(tmp_path / "lines")
    push(Push([folder], REPO))
    files = hub.files(REPO)
    assert {"data/train-00000-of-00001.parquet", "data/test-00000-of-00001.parquet", "synth.json"} <= set(files)
    assert not hub.repos[REPO].private
    assert loaded_alike(hub, tmp_path, [REPO], [folder])["train"][0] == 5


def test_other_configurations_stay_and_old_shards_go(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    push(Push([dataset(tmp_path / "short")], REPO, config="short"))
    with monkeypatch.context() as patch:
        for module, name, size in ((shards, "SHARD_BYTES", 5), (shards, "GROUP_BYTES", 1), (reading, "BLOCK", 1)):
            patch.setattr(module, name, size)
        push(Push([dataset(tmp_path / "long")], REPO, config="long"))
    assert "long/train-00004-of-00005.parquet" in hub.files(REPO)
    dataset(tmp_path / "long", train=[row(9)])
    push(Push([tmp_path / "long"], REPO, config="long"))
    names = sorted(path for path in hub.files(REPO) if path.endswith(".parquet"))
    assert names == [
        "long/train-00000-of-00001.parquet",
        "short/test-00000-of-00001.parquet",
        "short/train-00000-of-00001.parquet",
    ]
    assert loaded_alike(hub, tmp_path, [REPO, "short"], [tmp_path / "short"])["train"][0] == 5
    assert loaded_alike(hub, tmp_path, [REPO, "long"], [tmp_path / "long"]).keys() == {"train"}


def test_columns_may_change_from_release_to_release(hub: Hub, tmp_path: Path) -> None:
    folder = dataset(tmp_path / "lines", train=[row(1, meta={"old": 1, "both": "x"})])
    push(Push([folder], REPO))
    dataset(folder, train=[row(1, meta={"new": 0.5, "both": 7}), row(2, meta={"new": None, "both": 8})])
    push(Push([folder], REPO))
    assert loaded_alike(hub, tmp_path, [REPO], [folder])["train"][0] == 2
    card = hub.files(REPO)["README.md"].decode()
    assert "old" not in card.split("\n---\n", maxsplit=1)[0]


ODD_ROWS = {
    "lists in meta": [row(1, meta={"steps": ["a", "b"], "n": 1}), row(2, meta={"steps": [], "n": 2})],
    "verdicts without a verdict": [
        row(1, provenance={"verdicts": [{"judge": "rubric"}], "cost": "dear"}), row(2, provenance={"verdicts": []}),
    ],
    "large beside negative": [row(1, meta={"n": 2**63}), row(2, meta={"n": -1})],
    "mixed types": [row(1, meta={"n": "one"}), row(2, meta={"n": {"two": [2]}}), row(3, meta={})],
    "texts that are none": [row(1, answer=1, prompt="a"), row(2, answer=2.5, prompt="b")],
}  # fmt: skip


@pytest.mark.parametrize("kind", ODD_ROWS)
def test_what_the_shards_hold_the_card_takes(hub: Hub, tmp_path: Path, kind: str) -> None:
    folder = dataset(tmp_path / "lines", train=ODD_ROWS[kind])
    write_card(folder)
    push(Push([folder], REPO))
    front = yaml.safe_load(hub.files(REPO)["README.md"].decode().split("---\n")[1])
    assert front["dataset_info"]["features"] == features()
    assert front["dataset_info"]["splits"][0]["num_examples"] == len(ODD_ROWS[kind])
    assert loaded_alike(hub, tmp_path, [REPO], [REPO])["train"][0] == len(ODD_ROWS[kind])
    pull(Pull(REPO, tmp_path / "back"))
    assert lines(tmp_path / "back") == ODD_ROWS[kind]


def test_parquet_that_others_cannot_read_as_one_dataset_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    whole = pa.schema([(name, pa.string()) for name in FIELDS])
    untyped = whole.set(7, pa.field("provenance", pa.struct([("by", pa.null())])))
    fewer = whole.remove(7)
    for number, schema in enumerate([whole, whole, untyped, fewer]):
        pq.write_table(schema.empty_table(), tmp_path / "data" / f"train-0000{number}.parquet")
    pq.write_table(whole.empty_table(), tmp_path / "data" / "train.parquet")

    def goes(*names: str) -> bool:
        files = [f"data/{name}.parquet" for name in names]
        return goes_as_it_is(tmp_path, {"splits": {"train": {"files": files}}})

    assert goes("train-00000", "train-00001")
    assert not any(goes(*names) for names in [
        ("train-00002",), ("train-00003",), ("train-00000", "train-00002"), ("train",), (),
    ])  # fmt: skip
    assert not goes_as_it_is(tmp_path, {"splits": {"test": {"files": ["data/train-00000.parquet"]}}})


def test_what_a_person_wrote_into_the_card_stays(hub: Hub, tmp_path: Path) -> None:
    folder = dataset(tmp_path / "lines")
    (folder / "README.md").write_text("---\nlicense: mit\n---\nWritten before the first push.\n")
    push(Push([folder], REPO))
    card = hub.files(REPO)["README.md"].decode()
    assert "Written before the first push." in card
    assert "license: mit" in card
    hub.put(REPO, README__md=card + "\n## Thanks\n\nTo the bakers.\n")
    dataset(folder, train=[row(9)])
    push(Push([folder], REPO))
    card = hub.files(REPO)["README.md"].decode()
    assert "Written before the first push." in card
    assert card.endswith("## Thanks\n\nTo the bakers.\n")


def built(folder: Path) -> Path:
    """As if a builder had made it that has a step checker."""
    manifest = json.loads((folder / "synth.json").read_text())
    (folder / "synth.json").write_text(json.dumps({**manifest, "builder": "listops", "seed": 0}))
    return folder


def test_steps_of_a_sample_or_of_no_checker_do(hub: Hub, tmp_path: Path) -> None:
    validate(dataset(tmp_path / "lines"), steps=False)  # there is nothing that would work its steps out
    push(Push([tmp_path / "lines"], REPO))
    validate(built(dataset(tmp_path / "ops")), sample=3)
    push(Push([tmp_path / "ops"], REPO, config="ops"))
    assert "; steps were worked out again of a sample of 3 rows" in hub.files(REPO)["README.md"].decode()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "validation.json").unlink(), "was not validated: type synth validate"),
        (lambda folder: validate(folder, success=False), "did not pass its validation (unique_ids)"),
        (lambda folder: validate(built(folder), steps=False), "was validated with --no-steps: type synth validate"),
        (
            lambda folder: (folder / "test.jsonl").write_bytes(
                (folder / "test.jsonl").read_bytes().replace(b"It is 5", b"It is 6")
            ),
            "test.jsonl changed since it was validated",
        ),
        (
            lambda folder: (folder / "synth.json").write_text((folder / "synth.json").read_text() + " "),
            "synth.json changed since",
        ),
        (lambda folder: dataset(folder, validated=False, more=[row(1)]), "more.jsonl changed since"),
    ],
)
def test_what_is_not_fit_to_go_out_is_only_pushed_by_force(
    hub: Hub, tmp_path: Path, spoil: Callable[[Path], object], words: str
) -> None:
    folder = dataset(tmp_path / "lines")
    spoil(folder)
    with pytest.raises(FolderError) as error:
        push(Push([folder], REPO))
    assert words in str(error.value)
    assert "--force" in str(error.value)
    assert hub.seen == []
    push(Push([folder], REPO, force=True))
    of_these_files = "did not pass" in words or "--no-steps" in words
    assert ("validation.json" in hub.files(REPO)) == of_these_files


def test_a_validation_that_cannot_be_read_is_not_pushed_over(hub: Hub, tmp_path: Path) -> None:
    folder = dataset(tmp_path / "lines")
    (folder / "validation.json").write_text("[]")
    with pytest.raises(FolderError, match="is not what synth validate writes"):
        push(Push([folder], REPO, force=True))
    assert hub.seen == []


def test_a_dry_run_says_what_would_go_where_and_writes_nothing(hub: Hub, tmp_path: Path, synth_process: Synth) -> None:
    folder = dataset(tmp_path / "lines")
    before = contents(folder)
    said = synth_process("push", "lines", REPO, "--dry-run", env={**os.environ, **environment(hub)})
    assert said.returncode == 0, said.stderr
    assert "data/train-00000-of-00001.parquet" in said.stdout
    assert "default: 5 train, 2 test" in said.stdout
    assert "nothing was pushed: this would go to" in said.stdout
    assert hub.repos == {}
    assert {seen.method for seen in hub.seen} == {"GET"}
    assert contents(folder) == before
    push(Push([folder], REPO))
    before = contents(folder)
    said = synth_process("push", "lines", REPO, "--dry-run", env={**os.environ, **environment(hub)})
    assert said.stdout.splitlines() == [
        "default: 5 train, 2 test",
        "card: as it was",
        f"nothing to do: {hub.url}/datasets/{REPO} has all of it already",
    ]
    dataset(folder, other=[row(1)])
    hub.seen.clear()
    dry = push(Push([folder], REPO, dry_run=True))
    assert sorted(dry.change.gone) == ["data/test-00000-of-00001.parquet", "data/train-00000-of-00001.parquet"]
    assert {seen.method for seen in hub.seen} <= {"GET", "HEAD"}
    dataset(folder)
    assert contents(folder) == before


def test_pushing_the_same_again_is_no_commit(hub: Hub, tmp_path: Path) -> None:
    folder = dataset(tmp_path / "lines")
    assert push(Push([folder], REPO)).new
    hub.seen.clear()
    again = push(Push([folder], REPO))
    assert not again.new
    assert len(hub.repos[REPO].commits) == 2
    assert hub.asked("PUT", "") == hub.asked("POST", "/commit/") == []


def test_branches_tags_and_privacy(hub: Hub, tmp_path: Path) -> None:
    folder = dataset(tmp_path / "lines")
    push(Push([folder], REPO, private=True, tag="v1.0"))
    assert hub.repos[REPO].private
    tagged = hub.repos[REPO].tags["v1.0"]
    assert push(Push([folder], REPO, tag="v1.0")).tag_there
    assert push(Push([folder], REPO, tag="v1.0", dry_run=True)).tag_there
    dataset(folder, train=[row(1)])
    for dry_run in (True, False):
        with pytest.raises(UsageError, match=rf"the tag v1[.]0 is there already, at {tagged[:8]} with other content"):
            push(Push([folder], REPO, tag="v1.0", dry_run=dry_run))
    assert hub.repos[REPO].tags == {"v1.0": tagged}
    assert hub.repos[REPO].branches["main"] == tagged
    push(Push([folder], REPO, revision="next", message="for a look"))
    assert "data/test-00000-of-00001.parquet" in hub.files(REPO)
    assert "data/test-00000-of-00001.parquet" not in hub.files(REPO, "next")
    assert hub.repos[REPO].at("next").title == "for a look"
    hub.repo("ada/open")
    with pytest.raises(UsageError, match="is public, and --private does not change that"):
        push(Push([folder], "ada/open", private=True))
    assert list(hub.files("ada/open")) == [".gitattributes"]


def test_repositories_that_hold_something_else(hub: Hub, tmp_path: Path) -> None:
    folder = dataset(tmp_path / "lines")
    hub.repo(REPO)
    hub.put(REPO, README__md="Soon.\n", LICENSE="mit")
    push(Push([folder], REPO, dry_run=True))
    hub.repo("ada/other")
    hub.put("ada/other", train__csv="a,b\n", more__csv="c\n", README__md="")
    for dry_run in (True, False):
        with pytest.raises(UsageError, match=r"holds files that synth did not push \(train\.csv and 1 more\): give"):
            push(Push([folder], "ada/other", dry_run=dry_run))
    push(Push([folder], "ada/other", force=True))
    hub.put("ada/other", notes__txt="later")
    dataset(folder, train=[row(9)])
    push(Push([folder], "ada/other"))
    assert {"train.csv", "more.csv", "notes.txt"} < set(hub.files("ada/other"))


def test_names_of_configurations(tmp_path: Path) -> None:
    one, other = dataset(tmp_path / "a" / "one"), dataset(tmp_path / "b" / "one")
    two, plots = dataset(tmp_path / "a" / "two"), dataset(tmp_path / "plots")
    assert configs([one], None) == {"default": one}
    assert configs([one], "x") == {"x": one}
    assert configs([tmp_path / "a"], None) == configs([one, two], None) == {"one": one, "two": two}
    for folders, config, words in [
        ([one, other], None, "two folders are called 'one'"),
        ([one, two], "x", "names one dataset, and there are 2"),
        ([one, plots], None, "'plots' cannot be the name of a configuration: rename the folder, or push it alone with"),
        ([one], "a/b", "'a/b' cannot be the name of a configuration: give another with --config NAME"),
    ]:
        with pytest.raises(UsageError, match=words):
            configs(folders, config)
    with pytest.raises(FolderError, match="is not a dataset folder"):
        configs([tmp_path / "nothing"], None)


@pytest.mark.parametrize(
    "name", ["lines", "a/b/c", "ada/", "/lines", "ada/li nes", "ada/a--b", "ada/x.git", "https://hf.co/a/b", "../x"]
)
def test_names_of_repositories(name: str) -> None:
    with pytest.raises(UsageError, match="give org/name"):
        checked_name(name)


@pytest.mark.parametrize("option", ["tag", "revision"])
def test_names_of_branches_and_tags(tmp_path: Path, option: str) -> None:
    with pytest.raises(UsageError, match=f"--{option} 'a b'"):
        push(Push([tmp_path], REPO, **{option: "a b"}))


def test_a_push_that_was_interrupted_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / ".synth-push").mkdir()
    (tmp_path / ".synth-push" / "plan.json").write_text("{}")
    assert look(tmp_path, {}, overwrite=False) is None


def test_words_that_are_missing(synth: Synth) -> None:
    done = synth("push", "lines")
    assert done.returncode == 2
    assert done.stderr.startswith("synth: synth push needs a dataset folder and where to push it")


def test_others_in_this_process_keep_their_client(hub: Hub, tmp_path: Path) -> None:
    from huggingface_hub import get_session

    push(Push([dataset(tmp_path / "lines")], REPO))
    assert type(get_session()).__name__ != "Patient"
