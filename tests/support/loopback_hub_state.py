"""What the Hub of `loopback_hub` keeps: repositories with their commits, LFS objects, users, faults to come."""

import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from typing import Any


@dataclass(frozen=True)
class Seen:
    """A request as it came in."""

    method: str
    path: str  # with its query
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Fault:
    """What goes wrong with the next `times` requests that match."""

    method: str
    path: re.Pattern[str]
    times: int
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None  # close the connection when so many bytes of the body were read
    first: Callable[[], object] | None = None  # done before the request is answered as usual
    lost: bool = False  # the request is carried out, its answer does not arrive


@dataclass(frozen=True)
class Blob:
    content: bytes
    lfs: bool

    @property
    def sha256(self) -> str:
        return sha256(self.content).hexdigest()

    @property
    def oid(self) -> str:
        """As git names it; of an LFS file that is the name of its pointer."""
        stored = f"version 1\noid sha256:{self.sha256}\n".encode() if self.lfs else self.content
        return sha1(b"blob %d\0" % len(stored) + stored).hexdigest()

    def facts(self, path: str) -> dict[str, Any]:
        lfs = {"lfs": {"oid": self.sha256, "size": len(self.content), "pointerSize": 134}} if self.lfs else {}
        return {"type": "file", "path": path, "oid": self.oid, "size": len(self.content), **lfs}


@dataclass(frozen=True)
class Commit:
    oid: str
    title: str
    files: Mapping[str, Blob]


@dataclass
class Repo:
    private: bool
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def commit(self, branch: str, title: str, files: Mapping[str, Blob]) -> Commit:
        # Clients keep files by their commit, over more than one Hub: another content has to be another commit.
        content = sorted((path, blob.oid) for path, blob in files.items())
        oid = sha1(f"{title}/{branch}/{len(self.commits)}/{content}".encode()).hexdigest()
        self.commits[oid] = Commit(oid, title, dict(files))
        self.branches[branch] = oid
        return self.commits[oid]

    def at(self, revision: str) -> Commit:
        oid = self.branches.get(revision) or self.tags.get(revision) or revision
        if oid not in self.commits:
            raise RefusalError(404, "Invalid rev id: " + revision, "RevisionNotFound")
        return self.commits[oid]


class RefusalError(Exception):
    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Hub:
    """The server's state, and what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[Seen] = []
        self.faults: list[Fault] = []
        self.repos: dict[str, Repo] = {}
        self.objects: dict[str, bytes] = {}  # of LFS, by sha256
        self.parts: dict[str, dict[int, bytes]] = {}
        self.part_size: int | None = None  # larger LFS files are taken in parts of so many bytes
        self.users: dict[str, tuple[str, tuple[str, ...]]] = {}  # by token: name, namespaces it may write to
        self.waits: list[float] = []  # for tests to write down how long a client would have waited
        self.lock = threading.RLock()

    def token(self, user: str, *namespaces: str, may_write: bool = True) -> str:
        token = "hf_" + sha256(f"{user}/{namespaces}/{may_write}".encode()).hexdigest()[:34]
        self.users[token] = (user, (user, *namespaces) if may_write else ())
        return token

    def fault(self, method: str, path: str, times: int = 1, **what: Any) -> None:
        self.faults.append(Fault(method, re.compile(path), times, **what))

    def repo(self, name: str, private: bool = False) -> Repo:
        """A repository made by somebody else."""
        repo = self.repos[name] = Repo(private)
        repo.commit("main", "initial commit", {".gitattributes": Blob(b"*.parquet filter=lfs\n", False)})
        return repo

    def files(self, name: str, revision: str = "main") -> dict[str, bytes]:
        return {path: blob.content for path, blob in self.repos[name].at(revision).files.items()}

    def put(self, name: str, **files: str) -> None:
        """A commit that somebody else makes; `__` stands for a dot."""
        repo = self.repos[name]
        added = {path.replace("__", "."): Blob(text.encode(), False) for path, text in files.items()}
        repo.commit("main", "by somebody else", {**repo.at("main").files, **added})

    def asked(self, method: str, path: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.method == method and re.search(path, seen.path)]

    def take_fault(self, method: str, path: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.times and fault.method == method and fault.path.search(path):
                    fault.times -= 1
                    return fault
        return None
