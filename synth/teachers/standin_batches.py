"""The Batch API of the stand-in: files and batches in memory, worked off a while after they were handed in.

The objects are those of OpenAI's API reference (files, batches). What is not right with a file is told as the API tells
it: the batch fails with a code and a line. A request that cannot be answered stands in the file of errors.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

Complete = Callable[[Any], tuple[int, dict[str, Any]]]  # body of a request -> status and body of what comes back
MOST_LINES = 50_000
DONE = ("completed", "cancelled", "failed")


@dataclass
class Shelf:
    """What was handed in; `wait`: seconds until a batch is worked off."""

    complete: Complete
    wait: float = 1.0
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)

    def keep(self, content: bytes, name: str, purpose: str) -> dict[str, Any]:
        """A file's object."""
        file_id = f"file-{len(self.files) + 1}"
        self.files[file_id] = content
        return {
            "id": file_id, "object": "file", "bytes": len(content), "created_at": int(time.time()), "filename": name,
            "purpose": purpose,
        }  # fmt: skip

    def create(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A batch's object. Raises KeyError if there is no such file."""
        content = self.files[asked["input_file_id"]]
        now = time.time()
        batch = {
            "id": f"batch_{len(self.batches) + 1}", "object": "batch", "endpoint": asked.get("endpoint"),
            "input_file_id": asked["input_file_id"], "completion_window": asked.get("completion_window"),
            "metadata": asked.get("metadata"), "created_at": int(now), "status": "in_progress", "errors": None,
            "output_file_id": None, "error_file_id": None,
            "request_counts": {"total": len(content.splitlines()), "completed": 0, "failed": 0},
        }  # fmt: skip
        if (fault := _fault(content)) is not None:
            batch |= {"status": "failed", "errors": {"object": "list", "data": [fault]}}
        self.batches[batch["id"]] = batch | {"_due": now + self.wait}
        return self.look(batch["id"])

    def look(self, batch_id: str) -> dict[str, Any]:
        """A batch as it is now; worked off if it is time. Raises KeyError."""
        batch = self.batches[batch_id]
        if batch["status"] == "in_progress" and time.time() >= batch["_due"]:
            self._work_off(batch)
        return {name: value for name, value in batch.items() if name != "_due"}

    def cancel(self, batch_id: str) -> dict[str, Any]:
        """Nothing of it is answered, unless all of it is already. Raises KeyError."""
        if self.look(batch_id)["status"] not in DONE:
            self.batches[batch_id]["status"] = "cancelled"
        return self.look(batch_id)

    def _work_off(self, batch: dict[str, Any]) -> None:
        good: list[bytes] = []
        bad: list[bytes] = []
        for line in self.files[batch["input_file_id"]].splitlines():
            entry = orjson.loads(line)
            status, body = self.complete(entry["body"])
            response = {"status_code": status, "request_id": f"req_{entry['custom_id']}", "body": body}
            result = {"id": f"batch_req_{entry['custom_id']}", "custom_id": entry["custom_id"], "response": response,
                      "error": None}  # fmt: skip
            (good if status == 200 else bad).append(orjson.dumps(result, option=orjson.OPT_APPEND_NEWLINE))
        for kind, lines in (("output", good), ("error", bad)):
            if lines:
                name = f"{batch['id']}_{kind}.jsonl"
                batch[f"{kind}_file_id"] = self.keep(b"".join(lines), name, "batch_output")["id"]
        batch["status"] = "completed"
        batch["request_counts"] |= {"completed": len(good), "failed": len(bad)}


def _fault(content: bytes) -> dict[str, Any] | None:
    """What is not right with a file that was handed in."""
    seen: set[str] = set()
    for number, line in enumerate(content.splitlines(), 1):
        try:
            entry = orjson.loads(line)
            key, body = entry["custom_id"], entry["body"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return _error("invalid_json_line", "this line is no JSON object with custom_id and body", number)
        if not isinstance(key, str) or not isinstance(body, dict) or entry.get("url") != "/v1/chat/completions":
            return _error("invalid_request", "this line is no request for /v1/chat/completions", number)
        if key in seen:
            return _error("duplicate_custom_id", f"the custom_id {key!r} stands here twice", number)
        seen.add(key)
    if not seen:
        return _error("empty_file", "there is no request in the file", None)
    if len(seen) > MOST_LINES:
        return _error("too_many_requests", f"more than {MOST_LINES:,} requests in a file", None)
    return None


def _error(code: str, message: str, line: int | None) -> dict[str, Any]:
    return {"code": code, "message": message, "line": line, "param": None}
