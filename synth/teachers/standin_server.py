"""The addresses of OpenAI's interface that the stand-in serves: models, chat completions, files, batches."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from synth.teachers.standin_batches import Shelf

if TYPE_CHECKING:
    from aiohttp import web

Says = Callable[[str, int | None], str]  # a user's message and a seed -> the reply
NAME = "stand-in"
LETTERS_A_TOKEN = 4
WAIT = 5  # times the latency, until a batch is worked off
MOST = 1 << 28  # bytes of an upload


def application(says: Says, latency: float = 0.0, shutdown: str | None = None) -> "web.Application":
    """What somebody says, behind these addresses; `shutdown`: the date on which the list of models says it goes."""
    from aiohttp import web

    async def models(_: web.Request) -> web.Response:
        model = {"id": NAME, "object": "model", "created": 0, "owned_by": NAME, "shutdown_date": shutdown}
        return _json({"object": "list", "data": [model]})

    async def complete(request: web.Request) -> web.Response:
        status, body = completion(says, _loaded(await request.read()))
        await asyncio.sleep(latency if status == 200 else 0)
        return _json(body, status)

    app = web.Application(client_max_size=MOST)
    app.router.add_get("/v1/models", models)
    app.router.add_post("/v1/chat/completions", complete)
    _add_batches(app, Shelf(lambda body: completion(says, body), WAIT * latency))
    return app


def _add_batches(app: "web.Application", shelf: Shelf) -> None:
    from aiohttp import web

    async def upload(request: web.Request) -> web.Response:
        form = await request.post()
        file = form.get("file")
        if not isinstance(file, web.FileField):
            return _refused("a file has to be uploaded as a form with the parts file and purpose")
        return _json(shelf.keep(file.file.read(), file.filename, str(form.get("purpose", ""))))

    async def content(request: web.Request) -> web.Response:
        return web.Response(body=shelf.files[request.match_info["id"]], content_type="application/octet-stream")

    async def create(request: web.Request) -> web.Response:
        asked = _loaded(await request.read())
        return _json(shelf.create(asked)) if isinstance(asked, dict) else _refused("a batch needs a JSON object")

    async def listed(request: web.Request) -> web.Response:
        found = [shelf.look(name) for name in reversed(shelf.batches)]
        return _json({"object": "list", "data": found, "has_more": False})

    async def look(request: web.Request) -> web.Response:
        return _json(shelf.look(request.match_info["id"]))

    async def cancel(request: web.Request) -> web.Response:
        return _json(shelf.cancel(request.match_info["id"]))

    for method, path, handler in (
        ("POST", "/v1/files", upload), ("GET", "/v1/files/{id}/content", content), ("POST", "/v1/batches", create),
        ("GET", "/v1/batches", listed), ("GET", "/v1/batches/{id}", look), ("POST", "/v1/batches/{id}/cancel", cancel),
    ):  # fmt: skip
        app.router.add_route(method, path, _found(handler))


def _found(handler: Any) -> Any:
    """A handler whose KeyError says that there is no such file or batch."""

    async def answer(request: "web.Request") -> "web.Response":
        try:
            return await handler(request)  # type: ignore[no-any-return]
        except KeyError as error:
            return _refused(f"there is no {error.args[0]}", 404)

    return answer


def completion(says: Says, body: Any) -> tuple[int, dict[str, Any]]:
    """Status and body of the reply to a request for a chat completion."""
    try:
        message = "\n".join(str(turn["content"]) for turn in body["messages"])
    except (KeyError, TypeError):
        return 400, _error("the stand-in needs JSON with messages")
    seed, limit = body.get("seed"), body.get("max_completion_tokens") or body.get("max_tokens")
    text, reason = says(message, seed if isinstance(seed, int) else None), "stop"
    if isinstance(limit, int) and len(text) > limit * LETTERS_A_TOKEN:
        text, reason = text[: limit * LETTERS_A_TOKEN], "length"
    prompt, said = len(message) // LETTERS_A_TOKEN, -(-len(text) // LETTERS_A_TOKEN)
    return 200, {
        "id": f"chatcmpl-{NAME}",
        "object": "chat.completion",
        "created": 0,
        "model": NAME,
        "system_fingerprint": NAME,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": reason}],
        "usage": {"prompt_tokens": prompt, "completion_tokens": said, "total_tokens": prompt + said},
    }


def _loaded(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _refused(message: str, status: int = 400) -> "web.Response":
    return _json(_error(message), status)


def _error(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "code": None}}


def _json(content: dict[str, Any], status: int = 200) -> "web.Response":
    from aiohttp import web

    return web.Response(body=orjson.dumps(content), status=status, content_type="application/json")
