"""What goes wrong between here and the Hub: it is waited out, resumed or said in one line, the token in none."""

import os
import re
import resource
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hub_loading import loaded_alike
from hub_use import REPO, connected, contents, dataset, in_a_child, row
from huggingface_hub import constants
from loopback_hub import Hub

from synth.data.names import STAGING
from synth.errors import FolderError, HubError, SynthError
from synth.releasing import shards
from synth.releasing.options import Pull, Push
from synth.releasing.pull import carry_out as pull
from synth.releasing.push import carry_out as push
from synth.releasing.retry import TRIES


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    yield from connected(monkeypatch)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return dataset(tmp_path / "lines")


PLACES = [
    ("GET", "/api/whoami-v2"),
    ("GET", "/api/datasets/ada/lines$"),
    ("POST", "/api/repos/create"),
    ("POST", "/api/validate-yaml"),
    ("POST", "/preupload/"),
    ("POST", "/objects/batch"),
    ("PUT", "/lfs/"),
    ("POST", "/lfs/verify"),
    ("POST", "/commit/"),
    ("POST", "/tag/"),
]


@pytest.mark.parametrize(("method", "path"), PLACES)
@pytest.mark.parametrize("status", [503, "cut"])
def test_trouble_is_waited_out(hub: Hub, folder: Path, method: str, path: str, status: Any) -> None:
    what = {"cut": 20} if status == "cut" else {"status": status}
    said: list[str] = []
    hub.fault(method, path, times=3, **what)
    push(Push([folder], REPO, tag="v1"), said.append)
    assert len(hub.repos[REPO].commits) == 2
    assert hub.waits == [1.0, 2.0, 4.0] or ("lfs" in path and len(hub.waits) == 3)
    assert len(said) == 3
    assert ("the connection broke" if status == "cut" else "in trouble (503)") in said[0]
    assert said[0].endswith("trying again in 1 s (1 of 8)")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"Retry-After": "7"}, 7.0), ({"Retry-After": "0"}, 0.0), ({"RateLimit": '"api";r=0;t=55'}, 55.0)],
)
def test_the_hub_says_how_long_to_wait(hub: Hub, folder: Path, headers: dict[str, str], seconds: float) -> None:
    hub.fault("POST", "/commit/", times=2, status=429, headers=headers)
    push(Push([folder], REPO))
    assert hub.waits == [seconds, seconds]


def test_too_long_a_wait_is_not_waited(hub: Hub, folder: Path) -> None:
    hub.fault("POST", "/commit/", status=429, headers={"Retry-After": "3600"})
    with pytest.raises(HubError, match=r"patience \(429\), 3600 seconds of it: the same command resumes later"):
        push(Push([folder], REPO))
    assert hub.waits == []


def test_what_the_hub_has_is_not_sent_again(hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset(folder, **{f"part{n}": [row(n)] for n in range(6)})
    sent: list[str] = []
    hub.fault("PUT", "/lfs/", times=3, first=lambda: sent.append("whole"))
    hub.fault("PUT", "/lfs/", times=10_000, cut=100)
    with pytest.raises(HubError, match="the connection to the Hub broke 8 times: the same command resumes later"):
        push(Push([folder], REPO))
    assert len(hub.repos[REPO].commits) == 1
    assert len(sent) == len(hub.objects) == 3
    hub.faults.clear()
    hub.seen.clear()
    there = set(hub.objects)
    with monkeypatch.context() as patch:
        patch.delattr(shards, "_staged")  # the shards that are there are taken
        push(Push([folder], REPO))
    again = [seen.path.rpartition("/")[2] for seen in hub.asked("PUT", "/lfs/")]
    assert len(again) == 4  # three shards and the picture of the card
    assert there.isdisjoint(again)
    assert len(hub.repos[REPO].commits) == 2
    assert not (folder / STAGING).exists()


def test_shards_of_other_rows_are_not_taken(hub: Hub, folder: Path) -> None:
    hub.fault("POST", "/commit/", times=99, status=500)
    with pytest.raises(HubError):
        push(Push([folder], REPO))
    dataset(folder, train=[row(9)])
    hub.faults.clear()
    push(Push([folder], REPO))
    (result,) = pull(Pull(REPO, folder.parent / "back"))
    assert result.rows == {"train": 1}
    assert result.same_bytes


def test_a_killed_push_goes_on_where_it_was(hub: Hub, folder: Path) -> None:
    dataset(folder, **{f"part{n}": [row(n)] for n in range(8)})
    children: list[subprocess.Popen[str]] = []
    hub.fault("POST", "/lfs/verify", times=3)
    hub.fault("POST", "/lfs/verify", first=lambda: os.kill(children[0].pid, signal.SIGKILL))
    with in_a_child(hub, folder.parent, "push", folder.name, REPO) as child:
        children.append(child)
        child.communicate()
    assert child.returncode == -signal.SIGKILL
    assert len(hub.repos[REPO].commits) == 1
    there = set(hub.objects)
    assert there
    hub.seen.clear()
    with in_a_child(hub, folder.parent, "push", folder.name, REPO) as child:
        _, stderr = child.communicate()
    assert child.returncode == 0, stderr
    assert there.isdisjoint(seen.path.rpartition("/")[2] for seen in hub.asked("PUT", "/lfs/"))
    assert len(hub.files(REPO)) > 8


def test_large_files_go_in_parts(hub: Hub, folder: Path, tmp_path: Path) -> None:
    hub.part_size = 1000
    hub.fault("PUT", "/lfs/.*/2", times=1, status=500)
    push(Push([folder], REPO))
    assert len(hub.asked("PUT", "/lfs/")) > 6
    assert loaded_alike(hub, tmp_path, [REPO], [folder])["train"][0] == 5


def test_a_lost_race_merges_the_card_again(hub: Hub, folder: Path) -> None:
    push(Push([folder], REPO))
    card = hub.files(REPO)["README.md"].decode()
    dataset(folder, train=[row(9)])
    hub.seen.clear()

    def meanwhile() -> None:
        hub.put(REPO, README__md=f"{card}\nMeanwhile.\n", notes__txt="theirs")
        (folder / "train.jsonl").unlink()  # the rows are not read for the second card

    hub.fault("POST", "/commit/", first=meanwhile)
    push(Push([folder], REPO))
    files = hub.files(REPO)
    assert files["README.md"].decode().endswith("\nMeanwhile.\n")
    assert b"num_examples: 1\n" in files["README.md"]
    assert files["notes.txt"] == b"theirs"
    assert len(hub.asked("PUT", "/lfs/")) == len({seen.path for seen in hub.asked("PUT", "/lfs/")})
    assert [commit.title for commit in hub.repos[REPO].commits.values()][-2:] == [
        "by somebody else",
        "Push default with synth",
    ]


def test_races_that_are_lost_for_ever_end(hub: Hub, folder: Path) -> None:
    push(Push([folder], REPO))
    dataset(folder, train=[row(9)])
    hub.fault("POST", "/commit/", times=99, first=lambda: hub.put(REPO, x=str(len(hub.seen))))
    with pytest.raises(HubError, match="was changed by others 5 times"):
        push(Push([folder], REPO))
    assert "data/test-00000-of-00001.parquet" in hub.files(REPO)


def test_a_commit_whose_answer_was_lost_is_not_made_twice(hub: Hub, folder: Path) -> None:
    hub.fault("POST", "/commit/", lost=True)
    push(Push([folder], REPO, tag="v1"))
    assert len(hub.repos[REPO].commits) == 2
    assert hub.repos[REPO].tags == {"v1": hub.repos[REPO].branches["main"]}


def test_a_tag_whose_answer_was_lost(hub: Hub, folder: Path) -> None:
    hub.fault("POST", "/tag/", lost=True)
    push(Push([folder], REPO, tag="v1"))
    assert hub.repos[REPO].tags == {"v1": hub.repos[REPO].branches["main"]}
    hub.fault("POST", "/tag/", lost=True, times=99)
    edited = (folder / "README.md").read_text() + "Later.\n"
    (folder / "README.md").write_text(edited)
    hub.fault("POST", "/tag/", first=lambda: None)
    push(Push([folder], REPO, tag="v2"))
    hub.faults.clear()
    assert push(Push([folder], REPO, tag="v2")).tag_there
    hub.fault("POST", "/tag/", first=lambda: hub.repos[REPO].tags.update(v3="0" * 40))
    with pytest.raises(HubError, match="409"):
        push(Push([folder], REPO, tag="v3"))


def test_a_push_that_was_killed_at_its_tag(hub: Hub, folder: Path) -> None:
    children: list[subprocess.Popen[str]] = []
    hub.fault("POST", "/tag/", lost=True, first=lambda: os.kill(children[0].pid, signal.SIGKILL))
    for code in (-signal.SIGKILL, 0):
        with in_a_child(hub, folder.parent, "push", folder.name, REPO, "--tag", "v1") as child:
            children.append(child)
            stdout, stderr = child.communicate()
        assert child.returncode == code, stderr
    assert stdout.endswith("has all of it already, tag v1 is there already\n")
    assert hub.repos[REPO].tags == {"v1": hub.repos[REPO].branches["main"]}


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A place in which this process, which is root perhaps, has the rights of a user like any other."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        yield Path(place)


def test_a_folder_that_cannot_be_written_to(hub: Hub, nobody: Path) -> None:
    folder = dataset(nobody / "lines")
    before = contents(folder)
    folder.chmod(0o555)
    user = os.geteuid()
    push(Push([dataset(nobody / "other")], "ada/other"))  # what is imported late is, before the rights are less
    try:
        if user == 0:
            os.seteuid(65534)
        assert not os.access(folder, os.W_OK, effective_ids=True)
        hub.fault("POST", "/commit/", status=403)
        with pytest.raises(HubError):
            push(Push([folder], REPO))
        there = set(hub.objects)
        hub.seen.clear()
        assert push(Push([folder], REPO)).new
        assert not push(Push([folder], REPO, dry_run=True)).new
    finally:
        os.seteuid(user)
        folder.chmod(0o755)
    assert there.isdisjoint(seen.path.rpartition("/")[2] for seen in hub.asked("PUT", "/lfs/"))
    assert contents(folder) == before
    assert "data/train-00000-of-00001.parquet" in hub.files(REPO)
    assert not list(Path(tempfile.gettempdir()).glob("synth-push-*"))


def refused(hub: Hub, do: Any) -> str:
    """The one line of an error, in which the token does not stand."""
    with pytest.raises(SynthError) as error:
        do()
    line = str(error.value)
    assert "\n" not in line
    assert "hf_" not in line
    assert len(line) < 300
    return line


def test_what_the_hub_refuses_is_one_line(hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "cannot be made: the token may not write there" in refused(hub, lambda: push(Push([folder], "bob/lines")))
    hub.repo("bob/lines")
    assert "the token may not write there" in refused(hub, lambda: push(Push([folder], "bob/lines")))
    hub.repo("bob/hidden", private=True)
    assert "may not write" in refused(hub, lambda: push(Push([folder], "bob/hidden")))
    assert "is not there, or is private" in refused(hub, lambda: pull(Pull("bob/hidden", folder / "out")))
    monkeypatch.setenv("HF_TOKEN", hub.token("ada", may_write=False))
    assert "may not write there" in refused(hub, lambda: push(Push([folder], REPO)))
    monkeypatch.setenv("HF_TOKEN", "hf_" + "x" * 34)
    assert "does not accept the token: type `hf auth login`" in refused(hub, lambda: push(Push([folder], REPO)))
    monkeypatch.setenv("HF_TOKEN", "höf")
    assert "letters in it that no token has" in refused(hub, lambda: push(Push([folder], REPO)))
    monkeypatch.delenv("HF_TOKEN")
    asked = len(hub.seen)
    assert "no token for the Hugging Face Hub: type `hf auth login`, or set HF_TOKEN" in refused(
        hub, lambda: push(Push([folder], REPO))
    )
    assert len(hub.seen) == asked
    assert REPO not in hub.repos


def test_without_a_network(hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert "127.0.0.1 cannot be reached" in refused(hub, lambda: push(Push([folder], REPO)))
    assert "127.0.0.1 cannot be reached" in refused(hub, lambda: pull(Pull(REPO, folder / "out")))
    assert hub.waits == []
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE is set" in refused(hub, lambda: push(Push([folder], REPO)))


def test_a_full_disk_is_one_line(hub: Hub, tmp_path: Path) -> None:
    folder = dataset(tmp_path / "lines", train=[row(n, prompt=os.urandom(2000).hex()) for n in range(300)])
    before = contents(folder)

    def small_files_only() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    with in_a_child(hub, folder.parent, "push", folder.name, REPO, preexec_fn=small_files_only) as child:
        _, stderr = child.communicate()
    assert child.returncode == 1
    assert re.fullmatch(r"synth: cannot write to .*\.synth-push: .*File too large.*\n", stderr)
    assert hub.repos == {}
    kept = {name: text for name, text in contents(folder).items() if not name.startswith(STAGING)}
    assert kept == before


def test_two_pushes_of_a_folder_at_once(hub: Hub, folder: Path) -> None:
    other: list[str] = []

    def second() -> None:
        with in_a_child(hub, folder.parent, "push", folder.name, REPO) as child:
            other.append(child.communicate()[1])

    hub.fault("PUT", "/lfs/", first=second)
    push(Push([folder], REPO))
    assert re.fullmatch(r"synth: another process is writing to \S+: wait for it\n", other[0])


def test_the_token_goes_nowhere_but_to_the_hub(hub: Hub, folder: Path) -> None:
    token = hub.token("ada").encode()
    push(Push([folder], REPO))
    assert all(token not in seen.body and token.decode() not in seen.path for seen in hub.seen)
    assert all(token not in content for content in [*hub.files(REPO).values(), *contents(folder).values()])
    senders = {seen.path for seen in hub.seen if token.decode() not in seen.headers.get("authorization", "")}
    assert all(path.startswith("/lfs/") for path in senders)  # addresses that are signed for themselves


def test_patience_has_an_end(hub: Hub, folder: Path) -> None:
    hub.fault("POST", "/preupload/", times=99, status=503)
    line = refused(hub, lambda: push(Push([folder], REPO)))
    assert line == "the Hub is in trouble (503), 8 times in a row: the same command resumes later"
    assert hub.waits == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0]
    assert len(hub.asked("POST", "/preupload/")) == TRIES


def test_a_folder_that_vanishes(hub: Hub, folder: Path) -> None:
    (folder / "test.jsonl").unlink()
    with pytest.raises(FolderError, match=r"test\.jsonl"):
        push(Push([folder], REPO))
