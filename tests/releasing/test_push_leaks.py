"""Secrets, folders of the machine and names of its users stay here; what only looks like them goes out."""

import getpass
import json
from collections.abc import Iterator
from pathlib import Path

import orjson
import pyarrow.parquet as pq
import pytest
from checked_folders import make
from conftest import Synth
from hub_use import REPO, connected, dataset, row, validate
from hypothesis import given, settings
from hypothesis import strategies as st
from loopback_hub import Hub

from synth.data.manifest import open_manifest
from synth.errors import FolderError
from synth.releasing.built import searched
from synth.releasing.leaks import Guard
from synth.releasing.options import Pull, Push
from synth.releasing.pull import carry_out as pull
from synth.releasing.push import carry_out as push

RANDOM = "q7Zt0vB3nX8kLm2RcWd5YsPj9HfGa4Ue6TiOb1K"
SECRETS = {
    "a Hugging Face token": f"login with hf_{RANDOM[:34]} now",
    "an API key": f"\nsk-proj-{RANDOM}_-{RANDOM}",
    "an AWS key": "AKIA" + "Z3MGCRWNUPJ2QXLE",
    "a GitHub token": f"(ghp_{RANDOM[:36]})",
    "a Google API key": "key=AIza" + RANDOM[:35],
    "a GitLab token": f"glpat-{RANDOM[:20]}",
    "a Slack token": f"xoxb-123456789012-1234567890123-{RANDOM[:24]}",
    "a Groq API key": f"GROQ=gsk_{RANDOM}{RANDOM[:13]}",
    "a Stripe key": f"sk_live_{RANDOM[:24]}",
    "a JSON Web Token": f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.{RANDOM}",
    "a bearer token": f"Authorization: Bearer {RANDOM}",
    "a private key": "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blb...",
    "a home folder": "see /home/ada/notes.txt",
}
HARMLESS = [
    "the task-oriented risk-averse desk-bound disk-shaped sk-learn",
    "sk-" + "a" * 40,
    "sk-this-is-a-long-name-with-hyphens-and-2-numbers",
    "hf_hub_download_from_the_hub_of_hugging_face(repo_id)",
    "https://example.org/home/ada/index.html and https://example.org/Users/bob/",
    "AKIA is an airport; MAKIAXXXXXXXXXXXXXXXXXXXX",
    "root users at home / work, and/or /home alone",
    "[MED 2 7 9 [MIN 3 8 ] [SUM 12 9 6 ] ] 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15",
    "A PRIVATE KEY is kept in a drawer.",
    "/homework/ada/sums.txt",
    "https://x/home/y, https://x.org/root/y?d=/2 and ftp://x/mnt/data/y",
    "and/or, he/she, 3/4, 1/2/2026, km/h, n/a, a /b/ c, (/d/e/f), /home and /tmp/ alone",
    "#!/usr/bin/env python; cat /etc/passwd > /dev/null; ls /usr/lib /bin/sh /var/log",
    r"a map F:\Omega\to\mathbb{R}, $f:\mathbb{R}\rightarrow X$ and G:\Gamma\times\Gamma\to H",
    r'print("C:\nThe\nend", "D:\n\n")',
    "the bearer of this letter; Bearer tokens_are_explained_in_the_manual",
    "xoxb-your-token-goes-right-here, glpat-xxxxxxxxxxxxxxxxxxxx, gsk_" + "x" * 40,
    "eyJhbGciOiJIUzI1NiJ9 begins a token",
]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    yield from connected(monkeypatch)


@pytest.mark.parametrize("what", SECRETS)
@pytest.mark.parametrize("place", ["prompt", "meta", "provenance"])
def test_a_row_with_a_secret_is_named_and_nothing_goes_out(hub: Hub, tmp_path: Path, what: str, place: str) -> None:
    text = SECRETS[what]
    changes = {"prompt": text, "meta": {"x": text}, "provenance": {"verdicts": [{"detail": text}]}}
    rows = [row(n) for n in range(40)]
    rows[33] = row(33, **{place: changes[place]})
    folder = dataset(tmp_path / "lines", train=rows)
    with pytest.raises(FolderError) as error:
        push(Push([folder], REPO))
    assert str(error.value).startswith(f"train.jsonl, row 'lines/33' has {what} in it")
    assert RANDOM[:12] not in str(error.value)
    assert hub.repos == {}
    assert all(text.encode() not in seen.body for seen in hub.seen)
    with pytest.raises(FolderError, match=what):
        push(Push([folder], REPO, force=True))


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_a_secret_goes_out(text: str) -> None:
    Guard([], None).check_rows([row(1, prompt=text)], "train.jsonl")
    Guard([], None).check_text(text, "README.md")


FOLDERS = [
    "cd /home/alice",
    "/home/alice, he said",
    "It is in /home/alice.",
    "'/Users/alice' and",
    "/Users/alice and",
    "/home/jörg",
    "/root/.ssh/id_rsa",
    "(/workspace/run-3)",
    "/mnt/data/x.csv",
    "/var/folders/zz/abc",
    "D:\\data\\x",
    "at E:\\\\data\\\\my-run.",
    'made by "/no/such/../x" in /proc, in ' + str(Path(__file__).parents[2]),
]


@pytest.mark.parametrize("text", FOLDERS)
def test_folders_end_where_the_text_says_so(text: str) -> None:
    with pytest.raises(FolderError, match=r"has a (home )?folder"):
        Guard([], None).check_text(text, "README.md")


# THERE: a folder that exists. What makes signs, or only looks so, and what breaks them where they begin or end.
SIGNED = ["THERE", "THERE/x", "/root/x", "C:\\Users\\ada\\x", "D:\\data\\x", *SECRETS.values(), *HARMLESS]
EDGES = ["", " ", "\0", "~", "é", "\U0001f600", ".", "-", "_", "(", "x", "9", "/", "//", "file://", "/x/", ":"]
EDGE, SIGN = st.sampled_from(EDGES), st.just("THERE") | st.sampled_from(SIGNED)
ANY_TEXT = st.tuples(EDGE, SIGN, EDGE).map("".join)


@settings(max_examples=400, deadline=None)
@given(st.lists(ANY_TEXT, min_size=1, max_size=3))
def test_rows_are_searched_as_texts_are(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    there = str(tmp_path_factory.getbasetemp())
    texts = [text.replace("\n", " ").replace("THERE", there) for text in texts]  # a text is searched line by line
    guard = Guard([], f"hf_{RANDOM}")

    def refused(text: str) -> bool:
        try:
            guard.check_text(text, "a file")
        except FolderError:
            return True
        return False

    first = next((place for place, text in enumerate(texts) if refused(text)), None)
    rows = [{"id": f"row-{place}", "prompt": text} for place, text in enumerate(texts)]
    if first is None:
        guard.check_rows(rows, "train")
    else:
        with pytest.raises(FolderError, match=f"row 'row-{first}'"):
            guard.check_rows(rows, "train")


def test_any_folder_that_is_there(tmp_path: Path) -> None:
    there, text = tmp_path / "there", f"in {tmp_path.resolve()}/"
    there.mkdir()
    guard = Guard([], None)
    with pytest.raises(FolderError, match="has a folder of this machine in it"):
        guard.check_rows([row(1, prompt=f"see {there.resolve()}")], "train.jsonl")
    guard.check_text(f"https://example.org{there.resolve()} and /no-such-place/{text[4:]}", "README.md")


@pytest.mark.parametrize(
    "text", ["C:\\Users\\ada", "d:\\\\Users\\\\ada\\\\x", "file:///Users/ada/x", "path:/home/ada/x"]
)
def test_folders_of_other_systems(text: str) -> None:
    with pytest.raises(FolderError, match="has a home folder in it"):
        Guard([], None).check_rows([row(1, prompt=f"see {text}")], "train.jsonl")


def test_the_values_of_this_session_never_go_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TEACHER_API_KEY", "a-secret-without-a-form")
    for value, token in (("a-secret-without-a-form", None), ("my-own-token-of-the-hub", "my-own-token-of-the-hub")):
        guard = Guard([], token, allowed=[value])
        with pytest.raises(FolderError) as error:
            guard.check_rows([row(1, rationale=f"x{value}y")], "test.jsonl")
        assert "a secret of this session" in str(error.value)
        assert value not in str(error.value)
        assert "--allow" not in str(error.value)
        assert all(value not in line or line == value for line in guard.fingerprint())


def test_this_machines_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", "/srv/people/ada")
    folder = tmp_path / "lines"
    guard = Guard([folder], None)
    for text in (f"made in {folder}", f"{folder}/train.jsonl", "/srv/people/ada/.cache", str(Path.cwd())):
        with pytest.raises(FolderError, match="has a folder of this machine in it"):
            guard.check_text(text, "README.md")
    for text in ("/srv/people/adam", "people/ada", "lines"):
        guard.check_text(text, "README.md")


def test_what_is_meant_to_go_out_may(hub: Hub, tmp_path: Path, synth: Synth) -> None:
    folder = dataset(tmp_path / "shell", train=[row(1, prompt="ls /home/user/docs"), row(2, prompt="cd /home/other/x")])
    with pytest.raises(FolderError, match="'lines/2' has a home folder"):
        push(Push([folder], REPO, allow=["/home/user"]))
    with pytest.raises(FolderError, match="'lines/1' has a home folder"):
        push(Push([folder], REPO, allow=["/home/users", "/home/other"]))
    with pytest.raises(FolderError, match="'lines/1' has a home folder"):
        push(Push([folder], REPO, allow=["/home", "u", ""]))
    push(Push([folder], REPO, allow=["/home/user", "/home/other"]))
    assert "data/train-00000-of-00001.parquet" in hub.files(REPO)


def test_files_that_go_out_as_they_are_are_searched_too(hub: Hub, tmp_path: Path) -> None:
    folder = dataset(tmp_path / "shell", train=[row(n) for n in range(3)] + [row(3, rationale="see /home/user/docs")])
    push(Push([folder], REPO, allow=["/home/user"]))
    pull(Pull(REPO, tmp_path / "built", format="parquet"))
    (path,) = (tmp_path / "built" / "data").glob("train-*")
    path.rename(path.with_name("train-00000.parquet"))
    manifest = (tmp_path / "built" / "synth.json").read_text().replace(path.name, "train-00000.parquet")
    (tmp_path / "built" / "synth.json").write_text(manifest)
    validate(tmp_path / "built")
    with pytest.raises(FolderError, match=r"train-00000\.parquet, row 'lines/3' has a home folder"):
        push(Push([tmp_path / "built"], REPO))
    push(Push([tmp_path / "built"], REPO, allow=["/home/user"]))
    assert [name for name in hub.files(REPO) if name.endswith(".parquet")] == ["data/train-00000.parquet"]
    assert not (tmp_path / "built" / ".synth-push").exists()


@pytest.mark.parametrize("name", ["synth.json", "validation.json"])
def test_names_of_users_in_what_programs_wrote(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "mmustermann")
    folder = dataset(tmp_path / "lines", train=[row(1, prompt="mmustermann is a word here")])
    found = orjson.loads((folder / name).read_bytes()) | {"command": "synth build lines --source mmustermann-3/x"}
    (folder / name).write_text(json.dumps(found, indent=2))
    if name == "synth.json":
        validate(folder)
    with pytest.raises(
        FolderError, match=rf"{name} line \d+ has the name of this machine's user in it \('mmustermann'\)"
    ):
        push(Push([folder], REPO))
    assert hub.repos == {}
    monkeypatch.setattr(getpass, "getuser", lambda: "ada")  # the name it is published under
    push(Push([folder], REPO))


@pytest.mark.parametrize("user", ["root", "runner", "al"])
def test_common_names_are_words(user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: user)
    Guard([], None).check_text(f"the {user} of it", "synth.json", names=True)


def test_a_secret_in_the_card(hub: Hub, tmp_path: Path) -> None:
    folder = dataset(tmp_path / "lines")
    (folder / "README.md").write_text(f"My key is hf_{RANDOM[:34]}.\n")
    with pytest.raises(FolderError, match=r"README\.md line \d+ has a Hugging Face token in it"):
        push(Push([folder], REPO))
    assert hub.repos == {} or list(hub.files(REPO)) == [".gitattributes"]


def test_built_data_and_real_data_raise_no_false_alarm(tmp_path: Path, synth: Synth, shared_data: Path) -> None:
    guard = Guard([tmp_path], None)
    assert synth("build", "2wiki", "--source", "sample", "--out", "wiki").returncode == 0
    assert synth("build", "listops", "--out", "ops", "--train", 500, "--test", 0).returncode == 0
    files = [*tmp_path.rglob("*.jsonl"), *shared_data.rglob("*.json*")]
    assert len(files) > 10
    for path in files:
        guard.check_text(path.read_text(encoding="utf-8", errors="replace"), path.name)


def test_files_are_searched_by_workers_for_the_same(tmp_path: Path) -> None:
    """A secret of this session, a folder, and one of each that may go out; the first file that has one is named."""
    folder = make(tmp_path / "sums", format="parquet")
    manifest = open_manifest(folder)
    digests = {name: facts["sha256"] for name, facts in manifest["files"].items()}
    guard = Guard([tmp_path], "hf_" + RANDOM, ["/home/ada"])
    clean = [searched(folder, manifest, digests, guard, workers) for workers in (1, 2)]
    assert clean[0] == clean[1]
    assert [split.rows for split in clean[0].values()] == [30, 10, 10, 10]
    for split, text in (("test", f"see {tmp_path}/x"), ("train", "see /home/ada/x"), ("validation", f"hf_{RANDOM}")):
        path = next((folder / "data").glob(f"{split}-*"))
        table = pq.read_table(path)
        rows = table.to_pylist()
        rows[7]["rationale"] = text
        pq.write_table(type(table).from_pylist(rows, schema=table.schema), path)
    said = []
    for workers in (1, 2):
        with pytest.raises(FolderError) as error:
            searched(folder, manifest, digests, guard, workers)
        said.append(str(error.value))
    assert said[0] == said[1]
    assert said[0].startswith("validation-00000.parquet, row 'arithmetic/")
    assert said[0].endswith("and nothing was pushed: take it out")  # not: or add --allow
    assert RANDOM[:12] not in said[0]
