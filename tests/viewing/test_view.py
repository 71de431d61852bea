"""`synth view` as a user starts it: what it says, what it refuses, and what it leaves on the disk."""

import json
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import duckdb
import pytest
from conftest import Synth
from golden import GOLDEN, hashes
from starlette.testclient import TestClient
from viewed import folder, label, lines, process, row, viewing

from synth.errors import FolderError
from synth.viewing.build import Build
from synth.viewing.index import Store
from synth.viewing.sources import sources
from synth.viewing.view import listening_at


@contextmanager
def golden(tmp_path: Path, *names: str) -> Iterator[TestClient]:
    folders = [shutil.copytree(GOLDEN / name, tmp_path / "data" / name) for name in names]
    with viewing(tmp_path / "cache", *folders) as (client, _):
        yield client


def test_a_user_sees_rows_and_ends_it(tmp_path: Path) -> None:
    data = folder(tmp_path / "data", lines(*[row(at) for at in range(3)]))
    with process(tmp_path / "cache", data) as (started, url):
        assert url.startswith("http://127.0.0.1:")
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        page = opener.open(url, timeout=60)
        assert page.url.endswith("/rows/data/train")
        assert "2 + 1 = 3" in page.read().decode()
        started.send_signal(signal.SIGINT)
        assert started.wait(30) == 0
        assert started.stderr is not None
        assert started.stderr.read() == ""  # DuckDB says what "leaked" where a thread of the server is still there


def test_a_query_that_is_under_way_does_not_outlive_the_server(tmp_path: Path) -> None:
    with mock.patch.dict(os.environ, {"XDG_CACHE_HOME": str(tmp_path)}), ThreadPoolExecutor() as pool:
        store = Store(())
        asked = pool.submit(store.ask, "SELECT count(*) FROM range(10_000_000_000) WHERE range % 7 = 3")
        with pytest.raises(TimeoutError):  # it goes on for hours
            asked.result(0.2)
        store.interrupt()
        assert isinstance(asked.exception(60), duckdb.InterruptException)
        with pytest.raises(FolderError, match="was ended"):
            store.ask("SELECT 1")
        store.close()


def test_an_index_that_is_made_does_not_outlive_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(build: Build, path: Path) -> None:
        path.with_name(f"{path.name}.raw").touch()
        build.cursor.execute("SELECT count(*) FROM range(10_000_000_000) WHERE range % 7 = 3")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(Build, "into", endless)
    split = sources([folder(tmp_path / "data", lines(row(1)))])["data"].splits["train"]
    store = Store([split])
    made = store.index(split)
    with pytest.raises(TimeoutError):
        made.result(0.2)
    store.close()
    assert "can be made: INTERRUPT" in str(made.exception(60))
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


FACETS = """
import sys
from pathlib import Path
from synth.viewing.index import Store
from synth.viewing.query import Query, View
from synth.viewing.sources import sources
split = sources([Path(sys.argv[1])])["data"].splits["train"]
store = Store([split])
index = store.index(split).result()
print(len(list(Query(store, split, index, View()).facets())), "pandas" in sys.modules)
store.close()
"""


def test_rows_and_facets_wait_for_no_pandas(tmp_path: Path) -> None:
    """Half a second and 50 MB that nothing here needs; what reads tables of numbers brings it unasked."""
    data = folder(tmp_path / "data", lines(*[row(at, meta={"kind": at % 3}) for at in range(3_000)]))
    command = [sys.executable, "-c", FACETS, str(data)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    facets, is_there = done.stdout.split()
    assert int(facets) > 0
    assert is_there == "False"


def test_parts_of_folders_of_one_name_are_told_apart_by_where_the_folder_lies(tmp_path: Path) -> None:
    homes = [tmp_path / home / "listops" for home in ("a", "b", "c")]
    for home in homes:
        for part in ("long", "short"):
            folder(home / part, lines(row(1)))
    due = [f"{name}listops.{part}" for name in ("", "b.", "c.") for part in ("long", "short")]
    assert list(sources(homes)) == due


def test_folders_of_one_name_are_told_apart_and_have_their_own_screens_only(tmp_path: Path) -> None:
    data = folder(tmp_path / "data", lines(row(1)))
    (run := tmp_path / "runs" / "data").mkdir(parents=True)
    (run / "synth-run.json").write_text("{}")
    with viewing(tmp_path / "cache", data, run) as (client, _):
        assert client.get("/rows/data/train").status_code == client.get("/run/runs.data").status_code == 200
        wrong = client.get("/run/data")
        assert wrong.status_code == 404
        assert "data is of the kind dataset, of which there is no screen" in wrong.text


def test_a_page_behind_the_last_one_is_a_line(tmp_path: Path) -> None:
    data = folder(tmp_path / "data", lines(*[row(at) for at in range(60)]))
    with viewing(tmp_path / "cache", data) as (client, _):
        assert "60 + 1" not in (last := client.get("/rows/data/train?page=2").text)
        assert "59 + 1" in last
        assert "page=99: the last one is page=2" in client.get("/rows/data/train?page=99").text
        assert (
            "has no split &#39;trian&#39;: it has train; did you mean &#39;train&#39;?"
            in client.get("/rows/data/trian").text
        )


def test_folders_of_earlier_versions_are_shown_and_left_as_they_are(tmp_path: Path) -> None:
    with golden(tmp_path, "distilled", "judged", "listops", "2wiki") as client:
        before = hashes(tmp_path / "data")
        for name in ("distilled", "judged", "listops", "2wiki"):
            page = client.get(f"/rows/{name}/train").text
            assert "banner" not in page
            assert client.get(f"/row/{name}/train/1").status_code == 200
        assert hashes(tmp_path / "data") == before


def test_a_row_of_a_teacher_has_its_attempts_and_what_was_sent(tmp_path: Path) -> None:
    with golden(tmp_path, "distilled") as client:
        page = client.get("/row/distilled/train/1").text
    assert "every step holds" in page
    assert "1: right, kept" in page
    assert "What was sent" in page
    assert "synth show" in page


def test_the_first_wrong_step_and_what_is_behind_it(tmp_path: Path) -> None:
    wrong = row(1, rationale="1 + 1 = 2.\n2 + 2 = 5.\n5 + 1 = 6.", answer="6", completion="The answer is 7.")
    data = folder(tmp_path / "data", lines(row(0), wrong, row(2), row(3, rationale="So.")))
    with viewing(tmp_path / "cache", data) as (client, _):
        page, listed = client.get("/row/data/train/2").text, client.get("/rows/data/train?is.steps=wrong+step").text
        assert "2 rows" in client.get("/rows/data/train?is.steps=right").text
        assert "1 row," in client.get("/rows/data/train?no.steps=1").text
    assert [page.count(word) for word in ("✓ right", "✗ wrong", "? unknown")] == [1, 2, 1]
    assert "2 + 2 = 5 does not hold" in page
    assert "✗ another one" in page
    assert "step 2" in listed


def test_lines_that_cannot_be_read_are_counted_and_shown(tmp_path: Path) -> None:
    data = folder(tmp_path / "data", [*lines(row(1)), b'{"id": "half', *lines(row(3))])
    with viewing(tmp_path / "cache", data) as (client, _):
        assert "1 line of this split cannot be read as rows" in client.get("/rows/data/train").text
        assert "half" in client.get("/rows/data/train?is.readable=false").text
        assert "stands in the file like this" in client.get("/row/data/train/2").text


def test_a_file_that_changes_is_indexed_anew_and_an_index_is_used_again(tmp_path: Path) -> None:
    data, cache = folder(tmp_path / "data", lines(row(1))), tmp_path / "cache"
    for rows in ([row(1)], [row(1)], [row(1), row(2)]):
        folder(data, lines(*rows)) if len(rows) > 1 else None
        with viewing(cache, data) as (client, _):
            assert f"{len(rows)} row" in client.get("/rows/data/train").text
    kept = cache / "rationale-synth" / "view"
    assert len([*kept.iterdir()]) == 2
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700


def test_an_index_that_is_rubbish_is_made_again(tmp_path: Path) -> None:
    data, cache = folder(tmp_path / "data", lines(row(1))), tmp_path / "cache"
    with viewing(cache, data) as (client, _):
        client.get("/rows/data/train")
    (index,) = (cache / "rationale-synth" / "view").iterdir()
    index.write_bytes(index.read_bytes()[:5000])
    with viewing(cache, data) as (client, _):
        assert "1 row" in client.get("/rows/data/train").text


def test_links_are_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.jsonl").write_bytes(lines(row(1))[0])
    data = folder(tmp_path / "data", lines(row(1)))
    (data / "train.jsonl").unlink()
    (data / "train.jsonl").symlink_to(tmp_path / "secret.jsonl")
    with pytest.raises(FolderError, match=r"train.jsonl is a link, which is not followed"):
        sources([data])


def test_a_file_that_becomes_a_link_is_not_read(tmp_path: Path) -> None:
    data = folder(tmp_path / "data", lines(row(1)))
    with viewing(tmp_path / "cache", data) as (client, _):
        client.get("/rows/data/train")
        (data / "train.jsonl").rename(tmp_path / "elsewhere")
        (data / "train.jsonl").symlink_to(tmp_path / "elsewhere")
        assert "1 + 1 =" not in client.get("/row/data/train/1").text


@pytest.mark.parametrize("sql", [
    "SELECT * FROM read_csv('/etc/passwd')", "COPY (SELECT 1) TO '{}/x.csv'", "ATTACH '{}/x.duckdb' AS x",
    "INSTALL httpfs", "SET enable_external_access = true", "SET threads = 1",
    "SELECT * FROM read_text('{}/data/synth.json')",
])  # fmt: skip
def test_duckdb_opens_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sql: str) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    store = Store(sources([folder(tmp_path / "data", lines(row(1)))])["data"].splits.values())
    with pytest.raises((duckdb.PermissionException, duckdb.InvalidInputException)):
        store.con.execute(sql.format(tmp_path))


@pytest.mark.parametrize(("make", "said"), [
    ("", r"synth: .*nowhere is not there: give a folder that synth build, distill, train or eval wrote"),
    ("{}", r"synth: .*synth.json is not a manifest of a dataset folder: build the folder again with --overwrite, "
         "or read it with the version that wrote it"),
    ("[", r"synth: .*synth.json is not JSON .*"),
    (None, r"synth: .*nowhere is not a dataset folder .*: make one with synth build, distill or import"),
])  # fmt: skip
def test_folders_that_cannot_be_shown(tmp_path: Path, synth: Synth, make: str | None, said: str) -> None:
    path = tmp_path / "nowhere"
    if make != "":
        path.mkdir()
    if make:
        (path / "synth.json").write_text(make)
    done = synth("view", path, "--no-browser")
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(said, done.stderr.strip())


def test_a_folder_of_a_newer_version_is_shown_as_far_as_it_is_known(tmp_path: Path) -> None:
    data = folder(tmp_path / "data", lines(row(1, extra={"new": 1}, meta={"k": {"deep": [1]}})))
    manifest = json.loads((data / "synth.json").read_text())
    (data / "synth.json").write_text(json.dumps(manifest | {"rationale_synth": "99.0", "new": {"x": 1}}))
    with viewing(tmp_path / "cache", data) as (client, _):
        assert "1 + 1 = 2" in client.get("/rows/data/train").text
        assert client.get("/row/data/train/1").status_code == 200


def test_a_port_that_is_taken_is_one_line(tmp_path: Path, synth: Synth) -> None:
    data = folder(tmp_path / "data", lines(row(1)))
    with listening_at(0) as taken:
        port = taken.getsockname()[1]
        done = synth("view", data, "--no-browser", "--port", port)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"synth: --port {port} is in use: give another one, or --port 0 for any that is free\n"


def test_without_a_browser_one_line_says_so_and_the_page_is_there(tmp_path: Path) -> None:
    data = folder(tmp_path / "data", lines(row(1)))
    words = ["view", str(data), "--port", "0"]
    env = {"PATH": "", "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    with subprocess.Popen(
        [sys.executable, "-m", "synth", *words], stdout=subprocess.PIPE, text=True, env=env
    ) as started:
        assert started.stdout is not None
        said = [started.stdout.readline() for _ in range(4)]
        with urllib.request.build_opener(urllib.request.HTTPCookieProcessor()).open(
            said[1].strip(), timeout=60
        ) as page:
            assert "1 + 1 = 2" in page.read().decode()
        started.send_signal(signal.SIGINT)
    assert said[3] == "no browser could be opened: open the URL above in one, or give --no-browser\n"


@pytest.mark.parametrize("asked", ["", "?is.meta.n=1"])
def test_rows_are_shown_and_a_line_says_so_where_no_index_can_be_written(tmp_path: Path, asked: str) -> None:
    data = folder(tmp_path / "data", lines(*[row(at, meta={"n": at}) for at in range(9)]))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))  # as on a disk that is full
    try:
        with viewing(tmp_path / "cache", data) as (client, _):
            page = client.get(f"/rows/data/train{asked}").text
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert 'role="alert">no index of' in page
    assert page.rstrip().endswith("</html>")


def test_a_folder_that_goes_while_it_is_looked_at(tmp_path: Path) -> None:
    data = folder(tmp_path / "data", lines(row(1)))
    with viewing(tmp_path / "cache", data) as (client, _):
        shutil.rmtree(data)
        for path in ("/rows/data/train", "/row/data/train/1", "/labels/data/train"):
            page = client.get(path)
            assert page.status_code == 400
            assert "is not there" in page.text or "No such file" in page.text
        assert label(client, number=1, verdict="good") == 400
        folder(data, lines(row(1), row(2)))
        assert "2 rows" in client.get("/rows/data/train").text


def test_without_duckdb_one_line_says_what_to_install(tmp_path: Path, synth: Synth) -> None:
    data = folder(tmp_path / "data", lines(row(1)))
    with mock.patch.dict(sys.modules, {"duckdb": None}):
        done = synth("view", data, "--no-browser")
    assert (
        done.stderr == "synth: synth view needs packages that are not installed: pip install 'rationale-synth[view]'\n"
    )
