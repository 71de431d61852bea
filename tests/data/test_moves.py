"""A dataset that is put into place: readers see all of the old one or all of the new one, and writers finish moves."""

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from many_commits import COMMITS, commit, write_many

from synth.base.files import file_facts
from synth.cards.dataset import write_card
from synth.data.folder import FolderWriter, finish_move
from synth.data.manifest import damage, members, open_manifest, read_manifest, split_files
from synth.data.names import MANIFEST, READY
from synth.data.reading import chunks, read
from synth.errors import FolderError
from synth.record import Record


def rows_now(folder: Path, split: str) -> list[Record]:
    """The rows of a split; none if a dataset without it was put there since."""
    try:
        return list(read(folder, split))
    except FolderError as error:
        if "has no split" not in str(error):
            raise
        return []


def look_at(folder: Path) -> int:
    """One look of a reader: the number of the dataset that it saw, having read every row of it."""
    manifest = open_manifest(folder)
    number = manifest["number"]
    assert set(manifest["splits"]) == {"train", "test" if number % 3 else "other"}
    for split in manifest["splits"]:
        rows = rows_now(folder, split)
        seen = {row.answer for row in rows}
        assert len(seen) <= 1
        assert not seen or len(rows) == int(*seen) % 7
    return int(number)


def test_a_reader_that_polls_disturbs_no_writer_and_is_not_disturbed(tmp_path: Path) -> None:
    commit(tmp_path, 0)
    writer = multiprocessing.get_context("spawn").Process(target=write_many, args=(tmp_path,))
    writer.start()
    seen = [0]
    while writer.is_alive():
        seen.append(look_at(tmp_path))
    writer.join()
    assert writer.exitcode == 0
    assert seen == sorted(seen)
    assert look_at(tmp_path) == COMMITS
    assert len(set(seen)) > 3  # it did look in the meantime
    assert damage(tmp_path, open_manifest(tmp_path)) is None


class Died(BaseException):
    """Nobody catches it: a process that is killed."""


@pytest.fixture
def die_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, int], None]:
    """Write dataset 2 into a folder and die before file `moves` is moved into its place."""
    replace = Path.replace

    def die(folder: Path, moves: int) -> None:
        left = iter(range(moves))

        def dying(path: Path, target: Path) -> Path:
            if READY in path.parts and next(left, None) is None:
                raise Died
            return replace(path, target)

        with monkeypatch.context() as patched:
            patched.setattr(Path, "replace", dying)
            with pytest.raises(Died):
                commit(folder, 2)

    return die


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


@pytest.mark.parametrize("moves", range(4))
@pytest.mark.parametrize("there", [True, False])
def test_a_move_cut_short_is_read_as_it_lies_and_finished_by_who_writes(
    tmp_path: Path, die_at: Callable[[Path, int], None], there: bool, moves: int
) -> None:
    folder = tmp_path / "data"
    if there:
        commit(folder, 1)
    die_at(folder, moves)
    before = tree(tmp_path)
    assert look_at(folder) == 2
    assert members(folder) == {"default": folder}
    assert members(tmp_path) == {"data": folder}
    manifest = open_manifest(folder)
    assert damage(folder, manifest) is None
    assert all(file_facts(path) == manifest["files"][path.name] for path in split_files(folder, manifest, "train"))
    assert [row["answer"] for rows, _ in chunks(folder, manifest, "train") for row in rows] == ["2", "2"]
    assert tree(tmp_path) == before  # looking moves nothing and deletes nothing
    finish_move(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "synth.json", "test.jsonl", "train.jsonl"]
    assert read_manifest(folder) == manifest
    assert look_at(folder) == 2


def test_who_writes_beside_a_dataset_finishes_its_move_first(
    tmp_path: Path, die_at: Callable[[Path, int], None]
) -> None:
    commit(tmp_path, 1)
    die_at(tmp_path, 0)
    card = write_card(tmp_path)
    assert not (tmp_path / READY).exists()
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == card.text


def test_a_move_is_finished_by_nobody_while_another_holds_the_folder(
    tmp_path: Path, die_at: Callable[[Path, int], None]
) -> None:
    commit(tmp_path, 1)
    die_at(tmp_path, 1)
    with FolderWriter(tmp_path):  # finishes the move, and holds the folder
        assert not (tmp_path / READY).exists()
        os.mkdir(tmp_path / READY)
        with pytest.raises(FolderError, match="another process is writing"):
            finish_move(tmp_path)
    finish_move(tmp_path)
    assert not (tmp_path / READY).exists()
    assert (tmp_path / MANIFEST).is_file()
