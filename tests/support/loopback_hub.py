"""A Hugging Face Hub on this machine for tests: a real HTTP server for the real `huggingface_hub` and `datasets`.

    with serving() as hub:
        os.environ["HF_ENDPOINT"] = hub.url        # in a child process, or handed to HfApi(endpoint=...)
        os.environ["HF_TOKEN"] = hub.token("ada")  # who may write to ada/...
        hub.fault("PUT", "/lfs/", status=500)      # what goes wrong with the next request of that kind

It keeps repositories with commits, branches and tags, takes regular and LFS files (in one piece or in parts), and
refuses a commit whose parent is not the head any more. Every request is kept in `hub.seen`. Clients have to run with
HF_HUB_DISABLE_XET=1: it does not speak Xet.
"""

import base64
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml
from loopback_hub_state import Blob, Hub, RefusalError, Repo, Seen

LFS_ENDINGS = (".parquet", ".png", ".bin")
DAY = "2026-01-01T00:00:00.000Z"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # small answers would wait 40 ms each
    wbufsize = -1  # head and body in one piece
    hub: Hub

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def handle_any(self) -> None:
        path = urlsplit(self.path).path
        fault = self.hub.take_fault(self.command, path)
        length = int(self.headers.get("content-length") or 0)
        if fault is not None and fault.cut is not None:
            self.rfile.read(min(fault.cut, length))
            self.close_connection = True
            return
        body = self.rfile.read(length)
        self.hub.seen.append(Seen(self.command, self.path, dict(self.headers), body))
        if fault is not None and fault.status:
            self.send(fault.status, {"error": f"made up {fault.status}"}, fault.headers)
            return
        if fault is not None and fault.first is not None:
            fault.first()
        try:
            with self.hub.lock:
                answer = Answering(self.hub, self, body).answer(path)
        except RefusalError as refusal:
            headers = {"X-Error-Code": refusal.code} if refusal.code else {}
            self.send(refusal.status, {"error": str(refusal)}, {**headers, "X-Error-Message": str(refusal)})
            return
        if fault is not None and fault.lost:
            self.close_connection = True
        elif isinstance(answer, Blob):
            self.send_file(answer)
        else:
            self.send(200, answer[0], answer[1])

    do_GET = do_HEAD = do_POST = do_PUT = handle_any  # noqa: N815

    def send(self, status: int, content: Any, headers: Mapping[str, str]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_file(self, blob: Blob) -> None:
        content, status = blob.content, 200
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("range") or "")
        headers = {"ETag": f'"{blob.sha256 if blob.lfs else blob.oid}"', "Accept-Ranges": "bytes"}
        headers["X-Repo-Commit"] = self.path_commit
        if asked:
            start, end = int(asked[1]), min(int(asked[2] or len(content)), len(content) - 1)
            headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
            content, status = content[start : end + 1], 206
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    path_commit = ""


class Answering:
    """One request, answered from the state of the Hub."""

    def __init__(self, hub: Hub, handler: Handler, body: bytes) -> None:
        self.hub, self.handler, self.body, self.method = hub, handler, body, handler.command
        given = (handler.headers.get("authorization") or "").removeprefix("Bearer ")
        if given and given not in hub.users:
            raise RefusalError(401, "Invalid credentials in Authorization header")
        self.user, self.namespaces = hub.users.get(given, ("", ()))
        self.query = parse_qs(urlsplit(handler.path).query)

    def answer(self, path: str) -> Any:
        """JSON and headers, or a file."""
        routes: list[tuple[str, Callable[..., Any]]] = [
            (r"GET /api/whoami-v2", self.whoami),
            (r"POST /api/repos/create", self.create),
            (r"POST /api/validate-yaml", self.validate_yaml),
            (r"POST /api/datasets/([^/]+/[^/]+)/preupload/([^/]+)", self.preupload),
            (r"POST /api/datasets/([^/]+/[^/]+)/commit/([^/]+)", self.commit),
            (r"POST /api/datasets/([^/]+/[^/]+)/paths-info/([^/]+)", self.paths_info),
            (r"POST /api/datasets/([^/]+/[^/]+)/branch/([^/]+)", self.branch),
            (r"POST /api/datasets/([^/]+/[^/]+)/tag/([^/]+)", self.tag),
            (r"GET /api/datasets/([^/]+/[^/]+)/tree/([^/]+)(?:/(.+))?", self.tree),
            (r"GET /api/datasets/([^/]+/[^/]+)/refs", self.refs),
            (r"GET /api/datasets/([^/]+/[^/]+)(?:/revision/([^/]+))?", self.info),
            (r"POST /datasets/(.+)\.git/info/lfs/objects/batch", self.batch),
            (r"POST /lfs/verify", self.verify),
            (r"POST /lfs/(\w+)/complete", self.complete),
            (r"PUT /lfs/(\w+)(?:/(\d+))?", self.upload),
            (r"(?:GET|HEAD) /datasets/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", self.resolve),
        ]
        for pattern, act in routes:
            if match := re.fullmatch(pattern, f"{self.method} {path}"):
                found = act(*(unquote(part) if part is not None else None for part in match.groups()))
                return found if isinstance(found, (Blob, tuple)) else (found, {})
        raise RefusalError(404, f"no {self.method} {path} here")

    def repo_for(self, name: str, write: bool = False) -> Repo:
        repo, owner = self.hub.repos.get(name), name.partition("/")[0]
        if repo is None or (repo.private and owner not in (self.user, *self.namespaces)):
            raise RefusalError(404 if self.user else 401, "Repository not found", "RepoNotFound")
        if write and owner not in self.namespaces:
            raise RefusalError(403 if self.user else 401, "you may not write here")
        return repo

    def whoami(self) -> Any:
        if not self.user:
            raise RefusalError(401, "Invalid username or password.")
        return {"type": "user", "name": self.user, "orgs": [{"name": n} for n in self.namespaces if n != self.user]}

    def create(self) -> Any:
        asked = json.loads(self.body)
        owner = asked["organization"] or self.user
        name = f"{owner}/{asked['name']}"
        if owner not in self.namespaces:
            raise RefusalError(403, f"you may not make repositories in {owner}")
        if name in self.hub.repos:
            raise RefusalError(409, "You already created this dataset repo")
        self.hub.repo(name, asked.get("visibility") == "private")
        return {"url": f"{self.hub.url}/datasets/{name}", "name": name}

    def validate_yaml(self) -> Any:
        front = re.match(r"---\n(.*?)\n---\n", json.loads(self.body)["content"], re.DOTALL)
        try:
            yaml.safe_load(front[1] if front else "")
        except yaml.YAMLError as error:
            raise RefusalError(400, f"invalid YAML: {error.__class__.__name__}") from error
        return {"errors": [], "warnings": []}

    def preupload(self, name: str, revision: str) -> Any:
        there = self.repo_for(name, write=True).at(revision).files
        files = []
        for file in json.loads(self.body)["files"]:
            path, blob = file["path"], there.get(file["path"])
            oid = (blob.sha256 if blob.lfs else blob.oid) if blob else None
            mode = "lfs" if path.endswith(LFS_ENDINGS) else "regular"
            files.append({"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        return {"files": files}

    def batch(self, name: str) -> Any:
        self.repo_for(name, write=True)
        objects = []
        for wanted in json.loads(self.body)["objects"]:
            found = {"oid": wanted["oid"], "size": wanted["size"]}
            objects.append(found if wanted["oid"] in self.hub.objects else {**found, "actions": self._actions(**found)})
        return {"transfer": "basic", "objects": objects}

    def _actions(self, oid: str, size: int) -> dict[str, Any]:
        upload, part = {"href": f"{self.hub.url}/lfs/{oid}", "header": {}}, self.hub.part_size
        if part is not None and size > part:
            count = -(-size // part)
            urls = {str(number): f"{upload['href']}/{number}" for number in range(1, count + 1)}
            upload = {"href": f"{upload['href']}/complete", "header": {"chunk_size": str(part), **urls}}
        return {"upload": upload, "verify": {"href": f"{self.hub.url}/lfs/verify", "header": {}}}

    def upload(self, oid: str, part: str | None) -> Any:
        if part is not None:
            self.hub.parts.setdefault(oid, {})[int(part)] = self.body
            return {}, {"ETag": f'"{oid[:8]}-{part}"'}
        self._keep(oid, self.body)
        return {}

    def complete(self, oid: str) -> Any:
        wanted = [part["partNumber"] for part in json.loads(self.body)["parts"]]
        parts = self.hub.parts.pop(oid)
        self._keep(oid, b"".join(parts[number] for number in wanted))
        return {}

    def _keep(self, oid: str, content: bytes) -> None:
        if sha256(content).hexdigest() != oid:
            raise RefusalError(400, "the content is not what its hash says")
        self.hub.objects[oid] = content

    def verify(self) -> Any:
        asked = json.loads(self.body)
        if len(self.hub.objects.get(asked["oid"], b"")) != asked["size"]:
            raise RefusalError(404, "object was not uploaded")
        return {}

    def commit(self, name: str, branch: str) -> Any:
        repo = self.repo_for(name, write=True)
        head = repo.at(branch)
        files, title = dict(head.files), ""
        for line in self.body.splitlines():
            key, value = (entry := json.loads(line))["key"], entry["value"]
            if key == "header":
                title = value["summary"]
                if value.get("parentCommit", head.oid) != head.oid:
                    raise RefusalError(412, "A commit has happened since. Please refresh and try again.")
            elif key == "file":
                files[value["path"]] = Blob(base64.b64decode(value["content"]), False)
            elif key == "lfsFile":
                if value["oid"] not in self.hub.objects:
                    raise RefusalError(400, "an LFS pointer points to a file that does not exist")
                files[value["path"]] = Blob(self.hub.objects[value["oid"]], True)
            elif files.pop(value["path"], None) is None:
                raise RefusalError(404, "A file with this name doesn't exist", "EntryNotFound")
        made = repo.commit(branch, title, files)
        return {
            "success": True,
            "commitOid": made.oid,
            "commitUrl": f"{self.hub.url}/datasets/{name}/commit/{made.oid}",
        }

    def branch(self, name: str, branch: str) -> Any:
        repo = self.repo_for(name, write=True)
        if branch in repo.branches:
            raise RefusalError(409, "Reference already exists")
        start = (json.loads(self.body) if self.body else {}).get("startingPoint") or "main"
        repo.branches[branch] = repo.at(start).oid
        return {}

    def tag(self, name: str, revision: str) -> Any:
        repo, tag = self.repo_for(name, write=True), json.loads(self.body)["tag"]
        if tag in repo.tags:
            raise RefusalError(409, "Tag already exists")
        repo.tags[tag] = repo.at(revision).oid
        return {}

    def refs(self, name: str) -> Any:
        repo = self.repo_for(name)
        kinds = {"branches": ("heads", repo.branches), "tags": ("tags", repo.tags), "converts": ("converts", {})}
        return {
            kind: [{"name": n, "ref": f"refs/{ref}/{n}", "targetCommit": oid} for n, oid in found.items()]
            for kind, (ref, found) in kinds.items()
        }

    def info(self, name: str, revision: str | None = None) -> Any:
        repo = self.repo_for(name)
        commit = repo.at(revision or "main")
        files = [blob.facts(path) for path, blob in commit.files.items()]
        siblings = [{"rfilename": f.pop("path"), "blobId": f.pop("oid"), **f} for f in files]
        for each in siblings:  # the Hub names it otherwise here
            if "lfs" in each:
                each["lfs"]["sha256"] = each["lfs"].pop("oid")
        facts = {"id": name, "_id": "0" * 24, "sha": commit.oid, "private": repo.private}
        more = {"gated": False, "disabled": False, "tags": [], "downloads": 0, "likes": 0}
        return {**facts, **more, "lastModified": DAY, "createdAt": DAY, "siblings": siblings}

    def tree(self, name: str, revision: str, folder: str | None) -> Any:
        files = self.repo_for(name).at(revision).files
        inside = f"{folder}/" if folder else ""
        deep = self.query.get("recursive", ["false"])[0].lower() in ("true", "1")
        found: dict[str, dict[str, Any]] = {}
        for path, blob in files.items():
            if path.startswith(inside):
                names = path.removeprefix(inside).split("/")
                for depth in range(1, len(names) if deep else min(len(names), 2)):
                    above = inside + "/".join(names[:depth])
                    found[above] = {"type": "directory", "path": above, "oid": "0" * 40, "size": 0}
                if deep or len(names) == 1:
                    found[path] = blob.facts(path)
        if folder and not found:
            raise RefusalError(404, f"{folder} does not exist", "EntryNotFound")
        return list(found.values())

    def paths_info(self, name: str, revision: str) -> Any:
        files = self.repo_for(name).at(revision).files
        asked = parse_qs(self.body.decode()).get("paths", [])
        found = [files[path].facts(path) for path in asked if path in files]
        folders = [path for path in asked if any(file.startswith(f"{path}/") for file in files)]
        return found + [{"type": "directory", "path": path, "oid": "0" * 40, "size": 0} for path in folders]

    def resolve(self, name: str, revision: str, path: str) -> Blob:
        commit = self.repo_for(name).at(revision)
        if path not in commit.files:
            raise RefusalError(404, "Entry not found", "EntryNotFound")
        self.handler.path_commit = commit.oid
        return commit.files[path]


@contextmanager
def serving() -> Iterator[Hub]:
    """A Hub in threads of its own, on any free port."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("BoundHandler", (Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
