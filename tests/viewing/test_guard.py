"""Who may ask: this user's browser, and no page that is open beside it."""

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient
from viewed import ORIGIN, PORT, folder, lines, row, viewing

from synth.errors import UsageError
from synth.viewing.guard import HEADERS, Guard
from synth.viewing.view import listening_at

ATTACK = "<script>document.title='taken'</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Guard]]:
    path = tmp_path_factory.mktemp("guard")
    data = folder(path / "data", lines(row(1, prompt=ATTACK, meta={ATTACK: ATTACK}, provenance={"teacher": ATTACK})))
    with viewing(path, data) as pair:
        yield pair


def test_the_page_of_the_printed_url_has_no_token_in_its_address(opened: tuple[TestClient, Guard]) -> None:
    client, guard = opened
    page = client.get(f"/?token={guard.token}")
    assert page.status_code == 200
    assert str(page.url) == f"{ORIGIN}/rows/data/train"
    (first,) = page.history[:1]
    cookie = first.headers["set-cookie"]
    assert re.fullmatch(rf"synth-view-{PORT}=[\w-]{{43}}; HttpOnly; Path=/; SameSite=lax", cookie)


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1", "127.0.0.1:1", ""])
def test_another_host_gets_nothing_even_with_the_token(opened: tuple[TestClient, Guard], host: str) -> None:
    client, guard = opened
    page = client.get(f"/?token={guard.token}", headers={"host": host}, follow_redirects=False)
    assert page.status_code == 421
    assert "set-cookie" not in page.headers


@pytest.mark.parametrize("path", ["/", "/rows/data/train", "/row/data/train/1", "/static/view.css", "/nothing"])
@pytest.mark.parametrize("cookie", ["", "x", "é"])
def test_without_the_cookie_nothing_is_shown(opened: tuple[TestClient, Guard], path: str, cookie: str) -> None:
    _, guard = opened
    stranger = TestClient(guard, base_url=ORIGIN)
    for url in (path, f"{path}?token={cookie}"):
        page = stranger.get(url, headers={"cookie": f"{guard.cookie}={cookie}".encode()})
        assert page.status_code == 403
        assert "data" not in page.text


def test_the_token_leads_to_this_site_alone(opened: tuple[TestClient, Guard]) -> None:
    client, guard = opened
    page = client.get(f"{ORIGIN}//evil.example/?token={guard.token}", follow_redirects=False)
    assert page.headers["location"] == "/"


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "http://127.0.0.1", f"http://localhost:{PORT}"]
)
def test_only_our_page_may_write(opened: tuple[TestClient, Guard], origin: str | None) -> None:
    client, _ = opened
    headers = {} if origin is None else {"origin": origin}
    assert client.post("/rows/data/train", headers=headers).status_code == 403
    assert client.post("/rows/data/train", headers={"origin": ORIGIN}).status_code == 405  # nothing to be written here


@pytest.mark.parametrize("path", ["/rows/data/train", "/static/view.js", "/nothing", "/rows/other/train"])
def test_every_reply_forbids_what_pages_do_not_need(opened: tuple[TestClient, Guard], path: str) -> None:
    page = opened[0].get(path)
    assert HEADERS.items() <= {name.title(): value for name, value in page.headers.items()}.items()
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/rows/data/train", "/row/data/train/1", "/rows/data/train?q=<script>",
                                  "/rows/data/train?is.<script>=<script>", "/rows/<script>/x"])  # fmt: skip
def test_texts_of_models_and_urls_are_texts(opened: tuple[TestClient, Guard], path: str) -> None:
    page = opened[0].get(path).text
    assert "<script>" not in page.replace('<script src="/static/view.js" defer></script>', "")
    assert "<img" not in page


@pytest.mark.parametrize("path", ["/rows/data/..%2f..%2fetc", "/rows/..%2f/train", "/static/..%2fguard.py",
                                  "/static/base.html", "/row/data/train/0", "/row/data/train/2"])  # fmt: skip
def test_names_are_looked_up_and_joined_to_no_path(opened: tuple[TestClient, Guard], path: str) -> None:
    assert opened[0].get(path).status_code == 404


def test_the_socket_is_of_this_machine_alone() -> None:
    with listening_at(0) as listening:
        assert listening.getsockname()[0] == "127.0.0.1"
        with pytest.raises(UsageError, match=r"--port \d+ is in use: give another one, or --port 0"):
            listening_at(listening.getsockname()[1])


def test_sockets_are_refused(opened: tuple[TestClient, Guard]) -> None:
    with pytest.raises(Exception, match=r"1008|WebSocketDisconnect|^$"), opened[0].websocket_connect("/"):
        pass
