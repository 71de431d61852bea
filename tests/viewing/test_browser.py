"""`synth view` in a real browser: what a page of somebody else gets, keys, no JavaScript, phones, accessibility."""

import http.server
import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from golden import GOLDEN
from mario_runs import a_tuned_run
from report_folders import an_evaluation
from star_runs import a_loop
from viewed import asked, folder, lines, process, row

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed: apt install chromium")

ELSEWHERE = "synth.example"  # a name of somebody else that is made to point at this machine
ATTACK = """<!doctype html><script src="{url}"></script><script>
const said = {{}};
const tried = (name, promise) => promise.then(() => said[name] = "came", () => said[name] = "refused");
const image = new Promise((yes, no) => {{ const i = new Image(); i.onload = yes; i.onerror = no; i.src = "{icon}"; }});
Promise.all([
  tried("read", fetch("{url}", {{credentials: "include"}})), tried("image", image),
  tried("write", fetch("{url}", {{method: "POST", credentials: "include"}})),
]).then(() => document.title = JSON.stringify(said));
</script>"""


class Browsing:
    """A browser and the site that is open in it."""

    def __init__(self, browser: Any, url: str, folder: Path) -> None:
        self.browser, self.url, self.origin, self.folder = browser, url, url.partition("/?")[0], folder

    def page(self, path: str, **options: Any) -> Any:
        """A page of the site, as one who opened the printed URL sees it."""
        page = self.browser.new_context(**options).new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.complaints.append(message.text))
        page.goto(self.url)
        page.goto(self.origin + path)
        return page


@pytest.fixture(scope="module")
def browsing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browsing]:
    path = tmp_path_factory.mktemp("browser")
    rows = [row(at, meta={"kind": "ab"[at % 2], "n": at}) for at in range(120)]
    rows[2] |= {"rationale": "1 + 1 = 2.\n2 + 2 = 5.\n5 + 1 = 6."}
    taught = shutil.copytree(GOLDEN / "distilled", path / "taught")
    data = folder(path / "data", lines(*rows))
    loops = (a_loop(path / "star", complete=False), a_tuned_run(path / "mario"))
    evaluated, going = an_evaluation(path / "evaluated"), asked(path / "going")
    with process(path, data, taught, *loops, evaluated, going) as (_, url), sync_api.sync_playwright() as playwright:
        rules = [f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1", "--no-sandbox"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=rules)
        yield Browsing(browser, url, path)
        browser.close()


def test_a_name_that_was_made_to_point_here_gets_nothing(browsing: Browsing) -> None:
    """DNS rebinding: the page of an attacker whose name has this machine's address now, even if it knew the token."""
    context = browsing.browser.new_context()
    page = context.new_page()
    reply = page.goto(browsing.url.replace("127.0.0.1", ELSEWHERE))
    assert reply.status == 421
    assert "1 + 1" not in page.content()
    assert context.cookies() == []


def test_a_page_that_is_open_beside_it_reads_and_writes_nothing(browsing: Browsing, tmp_path: Path) -> None:
    page = browsing.page("/rows/data/train")
    url, icon = (f"{browsing.origin}{path}" for path in ("/rows/data/train", "/static/icon.svg"))
    document = ATTACK.format(url=url, icon=icon).encode()

    class Attacker(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *_: Any) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Attacker) as attacker:
        threading.Thread(target=attacker.serve_forever, daemon=True).start()
        page.goto(f"http://127.0.0.1:{attacker.server_port}/")
        page.wait_for_function("document.title")
        assert json.loads(page.title()) == dict.fromkeys(("read", "image", "write"), "refused")
        attacker.shutdown()


@pytest.mark.parametrize(("path", "scheme"), [
    ("/rows/data/train?is.meta.kind=a", "light"), ("/row/data/train/3", "dark"), ("/row/taught/train/1", "light"),
    ("/live/going", "dark"), ("/run/star", "light"), ("/run/mario", "dark"), ("/evaluation/evaluated", "light"),
    ("/labels/data/train", "dark"), ("/left/taught", "light"), ("/beside/data", "dark"),
])  # fmt: skip
def test_pages_are_accessible_fit_a_phone_and_ask_nobody_else(browsing: Browsing, path: str, scheme: str) -> None:
    page = browsing.page(path, viewport={"width": 390, "height": 800}, color_scheme=scheme)
    assert axe.Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert all(url.startswith(browsing.origin) for url in page.asked)
    assert page.complaints == []


def test_without_javascript_rows_filters_and_pages_are_there(browsing: Browsing) -> None:
    page = browsing.page("/rows/data/train", java_script_enabled=False)
    assert page.url == f"{browsing.origin}/rows/data/train"
    page.get_by_role("link", name="a 60").click()
    page.get_by_text("60 rows, page").wait_for()
    page.get_by_label("Search texts").fill("11")
    page.get_by_role("button", name="Search").click()
    assert page.url.endswith("?is.meta.kind=a&q=11")
    page.goto(f"{browsing.origin}/rows/data/train")
    page.get_by_role("link", name="Next").click()
    page.get_by_text("page 2 of 3").wait_for()


def test_what_is_under_way_is_shown_again_unless_somebody_reads(browsing: Browsing) -> None:
    page = browsing.page("/rows/data/train")
    page.clock.install()
    asked(browsing.folder / "going")
    page.goto(browsing.origin + "/live/going")
    page.get_by_text("of 40 settled").wait_for()
    page.get_by_text("Thinking").click()
    asked(browsing.folder / "going", settled=17)
    page.clock.run_for(4000)
    assert page.locator("b").get_by_text("17").count() == 0  # the focus is in the page
    page.evaluate("document.activeElement.blur()")
    page.clock.run_for(4000)
    page.locator("b").get_by_text("17", exact=True).wait_for()
    page.get_by_text("Hm.").wait_for()  # what was open is open
    asked(browsing.folder / "going", settled=40, ended=True)
    page.clock.run_for(4000)
    page.get_by_text("■ ended").wait_for()
    assert page.locator("[data-live]").count() == 0


def test_keys(browsing: Browsing) -> None:
    page = browsing.page("/rows/data/train?is.meta.kind=a")
    for key in ("j", "j", "j", "k", "Enter"):
        page.keyboard.press(key)
    page.wait_for_url("**/row/data/train/3?is.meta.kind=a")
    page.get_by_text("2 + 2 = 5 does not hold").wait_for()
    page.keyboard.press("n")
    page.wait_for_url("**/row/data/train/5?*")
    page.keyboard.press("p")
    page.wait_for_url("**/row/data/train/3?*")
    page.keyboard.press("e")
    assert page.locator("details").first.get_attribute("open") is not None
    page.keyboard.press("d")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.keyboard.press("u")
    page.wait_for_url("**/rows/data/train?is.meta.kind=a")
    page.keyboard.press("/")
    page.keyboard.type("nj1")
    assert page.get_by_label("Search texts").input_value() == "nj1"
    page.keyboard.press("Escape")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/row/data/train/1?is.meta.kind=a")
    for key, number in (("1", 3), ("2", 5), ("3", 7)):  # a label, and on to the next of the filter
        page.keyboard.press(key)
        page.wait_for_url(f"**/row/data/train/{number}?is.meta.kind=a")
    page.keyboard.press("?")
    page.wait_for_function("document.getElementById('keys').getBoundingClientRect().top < innerHeight")
    page.goto(f"{browsing.origin}/rows/data/train?no.label=1&is.meta.kind=a")
    page.get_by_text("57 rows, page").wait_for()
    labels = [page.locator(f"a[href$='is.label={verdict}']").inner_text() for verdict in ("good", "unsure", "bad")]
    assert [label.split() for label in labels] == [["good", "1"], ["unsure", "1"], ["bad", "1"]]


def test_keys_in_the_list_label_the_row_and_go_on(browsing: Browsing) -> None:
    page = browsing.page("/rows/data/train?is.meta.kind=b&page=2")
    page.keyboard.press("1")  # no row has the focus
    page.keyboard.press("j")
    for key, verdict, at in (("2", "unsure", 102), ("3", "bad", 104)):
        page.keyboard.press(key)
        page.wait_for_url(f"**/rows/data/train?is.meta.kind=b&page=2#row-{at + 2}")
        page.wait_for_function(f"document.activeElement.id === 'row-{at + 2}'")
        assert page.locator(f"#row-{at} .label").inner_text() == verdict
    page.locator("#row-120").focus()
    page.keyboard.press("1")
    page.wait_for_url("**#row-120")  # the last one
    page.locator("#row-120 .label").wait_for()
    assert page.locator(".label").all_inner_texts() == ["unsure", "bad", "good"]
    pressed = "key => document.body.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}))"
    assert page.evaluate(pressed, "F3")  # is the browser's


def test_enter_in_a_note_makes_no_row_good(browsing: Browsing) -> None:
    page = browsing.page("/row/data/train/31")
    page.get_by_label("Note").fill("odd")
    page.keyboard.press("Enter")  # nothing was said of the row yet: nothing is sent
    page.get_by_role("button", name="3 bad").click()
    page.wait_for_url("**/row/data/train/32")
    page.goto(f"{browsing.origin}/row/data/train/31")
    page.get_by_label("Note").fill("odd, and wrong")
    page.keyboard.press("Enter")
    page.wait_for_url("**/row/data/train/32")
    page.goto(f"{browsing.origin}/rows/data/train?is.meta.n=31")
    page.get_by_text("Label all 1 row").click()
    page.get_by_label("Note").fill("all of these")
    page.keyboard.press("Enter")
    page.goto(f"{browsing.origin}/row/data/train/31")
    assert page.get_by_role("button", pressed=True).inner_text() == "3 bad ✓"
    assert page.get_by_label("Note").input_value() == "odd, and wrong"


def test_a_step_that_nobody_can_check_has_room(browsing: Browsing) -> None:
    page = browsing.page("/row/data/train/2")
    step = page.locator(".steps .text").first
    has_verdict = step.bounding_box()
    page.locator(".steps .mark").first.evaluate("mark => mark.textContent = ''")
    assert step.bounding_box()["width"] > has_verdict["width"]


def test_a_field_is_copied_and_thoughts_are_folded(browsing: Browsing) -> None:
    page = browsing.page("/row/data/train/3", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("heading", name="Steps").get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "1 + 1 = 2.\n2 + 2 = 5.\n5 + 1 = 6."
    assert page.locator(".steps li").all_inner_texts()[1].split("\n") == ["✗ wrong", "2 + 2 = 5."]
    page.goto(f"{browsing.origin}/rows/data/train?is.steps=right&sort=-meta.n")
    page.get_by_text("This view as DuckDB SQL").click()
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert 'ORDER BY "meta.n" DESC' in page.evaluate("navigator.clipboard.readText()")
