"""Dataset folders in object stores: brought to their places on this machine, and sent from there.

    s3://bucket/data/train-4f2a09c81b3d.jsonl   what synth.json calls train.jsonl: the name in the store tells the
                                                content, so that no writer ever changes what another one's readers see
    s3://bucket/data/synth.json                 written last, and with it the dataset is this one
    s3://bucket/data/README.md, validation.json, verdicts.jsonl, plots/, validation/   what verbs put beside the rows

Files are complete and hashed on this machine before they are sent; nothing is moved in a store, and nothing is deleted
but the files of a dataset that is replaced, after it was. Of any other folder the functions here leave their hands.
"""

import os
import re
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from synth.base.files import facts_if_whole, file_facts
from synth.base.stores import Seen, Store, is_stored, url_of
from synth.data.names import CARD, CARD_MEMORY, DOCS, MANIFEST, NOTES, OURS, PLOTS, VALIDATION, VERDICTS, is_inside
from synth.errors import FolderError, StoreError

BESIDE = (CARD, CARD_MEMORY, VALIDATION, VERDICTS, NOTES)  # what verbs put beside the rows, and may change
SENT = re.compile(r"(data/)?\w+(-\d{5}(-of-\d{5})?)?-[0-9a-f]{12}\.(jsonl|parquet)")  # names that `key` gives
AT_ONCE = 8  # files on their way


def store_of(folder: Path) -> Store:
    """Where a folder's dataset is."""
    return Store(str(url_of(folder)))


def key(name: str, facts: Mapping[str, Any]) -> str:
    """The name in a store of a file that synth.json calls `name`."""
    path = PurePosixPath(name)
    return str(path.with_name(f"{path.stem}-{facts['sha256'][:12]}{path.suffix}"))


def sync(folder: Path) -> None:
    """Bring synth.json and what lies beside the rows, and let go of what is no longer so; rows are not brought.

    Raises FolderError for a store that cannot be asked.
    """
    if not is_stored(folder):
        return
    store = store_of(folder)
    there = store.list()
    _follow(folder, store.read(MANIFEST) if MANIFEST in there else None)
    here = _beside(folder)
    for name in here - there.keys():
        (folder / name).unlink(missing_ok=True)
    for name, seen in there.items():
        if _is_beside(name) and not _is_same(folder / name, seen):
            _fetch(store, folder, name, name)
            _mark(folder / name, seen)


def sync_below(folder: Path) -> None:
    """The same for each dataset that lies in a folder."""
    if is_stored(folder):
        names = {name for name in store_of(folder).list() if re.fullmatch(f"[^/]+/{MANIFEST}", name)}
        for below in {PurePosixPath(name).parent.name for name in names} | {p.parent.name for p in _below(folder)}:
            sync(folder / below)


def bring(folder: Path, names: Iterable[str] | None = None) -> None:
    """Bring files that synth.json names and that are not here; all of them, if none are named."""
    if not is_stored(folder):
        return
    files = _files(folder)
    missing = [name for name in (files if names is None else names) if name in files and not (folder / name).is_file()]
    if missing:
        store = store_of(folder)
        there = store.list()

        def fetch(name: str) -> None:
            _fetch(store, folder, name, _name_in(there, name, files[name]), files[name])

        with ThreadPoolExecutor(AT_ONCE) as at_once:
            list(at_once.map(fetch, missing))


def damage(folder: Path, manifest: Mapping[str, Any]) -> str | None:
    """The first file of a dataset in a store that is not there as its manifest says; None if all are."""
    there = store_of(folder).list()
    return next(
        (name for name, facts in manifest["files"].items() if name != CARD and not _is_there(there, name, facts)), None
    )


def foreign_files(folder: Path) -> list[str]:
    """What lies in a store where no dataset is, and is nothing that a run of ours left."""
    if not is_stored(folder):
        return []
    return sorted(name for name in store_of(folder).list() if not name.startswith(OURS) and not SENT.fullmatch(name))


def is_begun(folder: Path) -> bool:
    """Whether files lie in a store that a run of ours sent which did not get to its end."""
    return is_stored(folder) and any(map(SENT.fullmatch, store_of(folder).list()))


def manifest_now(folder: Path) -> bytes | None:
    """synth.json as it is in the store; None if there is none, or the folder is in no store."""
    return None if not is_stored(folder) else store_of(folder).read(MANIFEST)


def send(folder: Path, source: Path, name: str, facts: Mapping[str, Any]) -> bool:
    """Send a file of a dataset that is complete; readers see it when synth.json names it. Returns whether there is a
    store to send it to. Raises StoreError."""
    if is_stored(folder):
        store_of(folder).send(source, key(name, facts))
    return is_stored(folder)


def publish(folder: Path, partial: Path, before: bytes | None) -> None:
    """Send a dataset that is complete in `partial`, synth.json last, and put it into the folder's place here.

    before: synth.json when the writing began. Raises FolderError if another one is there now, and nothing of it was
    touched.
    """
    store = store_of(folder)
    facts = facts_if_whole(partial / MANIFEST)["files"]
    files = {name: fact for name, fact in facts.items() if name != CARD}
    here = [name for name in files if (partial / name).is_file()]
    with ThreadPoolExecutor(AT_ONCE) as at_once:
        list(at_once.map(lambda name: store.send(partial / name, key(name, files[name])), here))
    there = store.list()
    for name, fact in files.items():
        if not _is_there(there, name, fact):
            raise FolderError(f"{store.url}/{key(name, fact)} is gone again: somebody else writes there; try again")
    if store.read(MANIFEST) != before:
        raise StoreError(
            f"another process wrote {store.url} in the meantime, and its dataset is there: give another --out"
        )
    card = store.send(partial / CARD, CARD)
    store.send(partial / MANIFEST, MANIFEST)
    _forget(store, before, files, (partial / MANIFEST).read_bytes())
    _settle(folder, partial, [*here, CARD, MANIFEST], card)


def put_beside(folder: Path) -> None:
    """Send what a verb put beside the rows, or changed there, and delete what it took away. Raises FolderError."""
    if not is_stored(folder):
        return
    store = store_of(folder)
    there, here = store.list(), _beside(folder)
    for name in sorted(here):
        if name not in there or not _is_same(folder / name, there[name]):
            _mark(folder / name, store.send(folder / name, name))
    for name in there.keys() - here:
        if _is_beside(name):
            store.delete(name)


def _follow(folder: Path, new: bytes | None) -> None:
    """Make synth.json here what it is there, and let go of the files that are others in it."""
    path = folder / MANIFEST
    old = path.read_bytes() if path.is_file() else None
    if new == old:
        return
    files = _named(new)
    for name, facts in _named(old).items():
        if name != CARD and files.get(name) != facts:
            (folder / name).unlink(missing_ok=True)
    if new is None:
        path.unlink()
        return
    folder.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".synth-{os.getpid()}.part")
    part.write_bytes(new)
    part.replace(path)


def _fetch(store: Store, folder: Path, name: str, there: str, facts: Mapping[str, Any] | None = None) -> None:
    """Bring one file, whole or not at all. Raises FolderError if it is not what `facts` say."""
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    part = folder / f".synth-{os.getpid()}-{name.replace('/', '-')}.part"
    try:
        store.fetch(there, part)
        if facts is not None and file_facts(part)["sha256"] != facts["sha256"]:
            raise FolderError(
                f"{store.url}/{there} is not what {MANIFEST} says of it: make the dataset again with --overwrite"
            )
        part.replace(target)
    except OSError as error:
        raise FolderError.from_os(error, f"cannot write to {target}") from error
    finally:
        part.unlink(missing_ok=True)


def _forget(store: Store, before: bytes | None, files: Mapping[str, Any], ours: bytes) -> None:
    """Delete the files of the dataset that was replaced, unless yet another one has come."""
    keep = {key(name, facts) for name, facts in files.items()}
    gone = {key(name, facts) for name, facts in _named(before).items() if name != CARD} - keep
    if gone and store.read(MANIFEST) == ours:
        for name in sorted(gone):
            store.delete(name)


def _settle(folder: Path, partial: Path, names: Iterable[str], card: Seen) -> None:
    """Put the files that were sent into the folder's place on this machine."""
    for name in {*_named((folder / MANIFEST).read_bytes() if (folder / MANIFEST).is_file() else None)} - {CARD}:
        (folder / name).unlink(missing_ok=True)
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (partial / name).replace(folder / name)
    _mark(folder / CARD, card)


def _files(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    return {
        name: facts for name, facts in _named(path.read_bytes() if path.is_file() else None).items() if name != CARD
    }


def _named(manifest: bytes | None) -> dict[str, Any]:
    """The files that a manifest names, with what is known of each; none of one that is broken."""
    try:
        facts = orjson.loads(manifest or b"{}")
    except orjson.JSONDecodeError:
        return {}
    files = facts.get("files") if isinstance(facts, dict) else None
    known = files.items() if isinstance(files, dict) else ()
    return {name: facts for name, facts in known if is_inside(name) and _is_told(facts)}


def _is_told(facts: Any) -> bool:
    """Whether size and hash of a file are said."""
    told = facts if isinstance(facts, dict) else {}
    return isinstance(told.get("bytes"), int) and bool(re.fullmatch("[0-9a-f]{64}", str(told.get("sha256"))))


def _beside(folder: Path) -> set[str]:
    """What lies beside the rows here."""
    found = [folder / name for name in BESIDE]
    found += [path for below in (PLOTS, DOCS) for path in (folder / below).rglob("*")]
    return {path.relative_to(folder).as_posix() for path in found if path.is_file()}


def _is_beside(name: str) -> bool:
    return is_inside(name) and (name in BESIDE or name.startswith((f"{PLOTS}/", f"{DOCS}/")))


def _name_in(there: Mapping[str, Seen], name: str, facts: Mapping[str, Any]) -> str:
    """What a file is called in a store: as `key` says, or as in the folder if that was copied there as it is."""
    return name if name in there and key(name, facts) not in there else key(name, facts)


def _is_there(there: Mapping[str, Seen], name: str, facts: Mapping[str, Any]) -> bool:
    seen = there.get(_name_in(there, name, facts)) if _is_told(facts) else None
    return seen is not None and seen.bytes == facts["bytes"]


def _is_same(path: Path, seen: Seen) -> bool:
    """Whether a file is the one that was brought, or sent: of its size, and of its time."""
    if not path.is_file():
        return False
    facts = path.stat()
    return facts.st_size == seen.bytes and facts.st_mtime_ns == seen.changed


def _mark(path: Path, seen: Seen) -> None:
    os.utime(path, ns=(seen.changed, seen.changed))


def _below(folder: Path) -> Iterable[Path]:
    return folder.glob(f"*/{MANIFEST}")
