"""Shows what is in dataset folders, runs and evaluations on a page in the browser: `synth view`."""

import errno
import getpass
import logging
import socket
import threading
import time
import webbrowser
from typing import TYPE_CHECKING

from synth.base.config import verb
from synth.errors import MissingExtraError, UsageError
from synth.viewing.options import View
from synth.viewing.sources import sources

if TYPE_CHECKING:
    import uvicorn

HOST = "127.0.0.1"  # nobody else: through ssh -L from elsewhere
SECONDS = 5  # that what is under way has to end after Ctrl-C


def run(asked: View) -> None:
    """Show what is in folders on a page in the browser, until it is interrupted.

    Raises FolderError for a folder that cannot be shown, UsageError for a port that is taken, MissingExtraError without
    the packages of the extra `view`.
    """
    try:
        import duckdb  # noqa: F401
        import uvicorn

        from synth.viewing.server import application
    except ImportError as error:
        raise MissingExtraError("synth view", "view") from error
    if not (found := sources(asked.folders)):
        raise UsageError("give a folder to look at, as in synth view data")
    with listening_at(asked.port) as listening:
        guard = application(found, listening.getsockname()[1], asked.person or _user())
        config = uvicorn.Config(
            guard, log_level="warning", access_log=False, server_header=False, proxy_headers=False,
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        given = ", ".join(name for name, source in found.items() if not source.run)
        print(f"looking at {given}\n{guard.url}\nCtrl-C ends it", flush=True)
        if asked.browser:
            _open_browser(guard.url)
        _serve(uvicorn.Server(config), listening)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a machine that does not know this user
        return ""


def listening_at(port: int) -> socket.socket:
    """A socket of this machine alone."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port))
        listening.listen()
    except OSError as error:
        listening.close()
        taken = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be had ({error.strerror})"
        raise UsageError(f"--port {port} {taken}: give another one, or --port 0 for any that is free") from error
    return listening


def _open_browser(url: str) -> None:
    """Opened beside the server, which has to be there to answer it."""

    def opened() -> None:
        if not webbrowser.open(url):
            print("no browser could be opened: open the URL above in one, or give --no-browser", flush=True)

    threading.Thread(target=opened, daemon=True).start()


def _serve(server: "uvicorn.Server", listening: socket.socket) -> None:
    """Serve until Ctrl-C; in a thread of its own, as a notebook has an event loop in this one."""
    ended = threading.Event()  # `join` that Ctrl-C interrupts takes the thread for one that has ended

    def serve() -> None:
        try:
            server.run(sockets=[listening])
        finally:
            ended.set()

    others = set(threading.enumerate())
    threading.Thread(target=serve, daemon=True).start()
    try:
        while not ended.wait(0.5):
            pass
    except KeyboardInterrupt:
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # a page that is cut off now is no error
        server.should_exit = True
        ended.wait(SECONDS)
    until = time.monotonic() + SECONDS
    for thread in set(threading.enumerate()) - others:  # with one that still runs when Python ends, DuckDB complains
        thread.join(max(0.0, until - time.monotonic()))


view = verb("view", View, run)
