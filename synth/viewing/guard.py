"""Who may ask: the browser of the person who started `synth view`, on this machine, and no page that is open beside it.

In this order: the Host header (a foreign name that was made to point here, as in DNS rebinding, ends at once), the
token of the printed URL, which becomes a cookie and leaves the address bar, that cookie, and for what writes the
Origin header. Every reply forbids all that the pages do not need.
"""

import secrets

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SELF = ("script-src", "style-src", "img-src", "connect-src", "form-action")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
    + "; ".join(f"{name} 'self'" for name in SELF),
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
}


class Guard:
    """Stands before the application: refuses, or lets through and adds HEADERS."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self.app = app
        self.hosts = [f"127.0.0.1:{port}", f"localhost:{port}"]
        self.cookie = f"synth-view-{port}"
        self.token = secrets.token_urlsafe(32)
        self.url = f"http://127.0.0.1:{port}/?token={self.token}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # there are no sockets here
            await send({"type": "websocket.close", "code": 1008})
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        instead = self._instead(Request(scope))
        await (instead or self.app)(scope, receive, guarded)

    def _instead(self, request: Request) -> Response | None:
        """What is sent in place of a page; None if the request may have it."""
        hosts = request.headers.getlist("host")
        if len(hosts) != 1 or hosts[0] not in self.hosts:
            return PlainTextResponse("this is not the address that synth view printed", 421)
        if (given := request.query_params.get("token")) is not None and request.method == "GET":
            if not self._is_token(given):
                return PlainTextResponse("this token is of another synth view: open the URL that it printed", 403)
            answer = RedirectResponse("/", 303)
            answer.set_cookie(self.cookie, self.token, httponly=True, samesite="lax", path="/")
            return answer
        if not self._is_token(request.cookies.get(self.cookie, "")):
            return PlainTextResponse("open the URL that synth view printed: it has the token in it", 403)
        if request.method not in ("GET", "HEAD") and request.headers.get("origin") != f"http://{hosts[0]}":
            return PlainTextResponse("only a page of this synth view may write", 403)
        return None

    def _is_token(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self.token.encode())
