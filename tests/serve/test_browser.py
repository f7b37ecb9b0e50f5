"""The page in a real browser, over a real server; the run is the fake one.

`python -m pytest --browser -m browser tests/serve`
"""

import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from serve_files import png

from hemapipe.serve.samples import samples

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium():
    """Debian's Chromium, else the one that `playwright install chromium` brings."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser") or playwright.chromium.executable_path
        if not Path(path).exists():
            pytest.skip("no Chromium: apt-get install chromium, or playwright install chromium")
        root = hasattr(os, "geteuid") and os.geteuid() == 0  # Chromium's own sandbox does not start as root
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"] if root else [])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, live):
    """The page at desktop width; a message in the console fails the test."""
    yield from _opened(chromium, live(), {"width": 1240, "height": 900})


@pytest.fixture
def phone(chromium, live):
    yield from _opened(chromium, live(), {"width": 390, "height": 844})


def _opened(chromium, port, viewport):
    context = chromium.new_context(viewport=viewport)
    page, wrong = context.new_page(), []
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: wrong.append(request.url) if _elsewhere(request.url, port) else None)
    page.goto(f"http://127.0.0.1:{port}/")
    page.wrong = wrong
    yield page
    context.close()
    assert [text for text in wrong if "status of 4" not in text] == []  # refusals are logged by the browser itself


def _elsewhere(url, port):
    return not url.startswith((f"http://127.0.0.1:{port}/", "data:", "blob:", "file:"))


def _file(name, data, kind="image/png"):
    return {"name": name, "mimeType": kind, "buffer": data}


def _send(page, *many):
    page.set_input_files("#files", list(many))
    page.click("#go")


def test_the_form_works_without_script(chromium, live):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{live()}/")
    _send(page, _file("a.png", png()))
    page.wait_for_selector(".verdict")
    assert page.locator(".models tbody tr").count() == 3
    context.close()


def test_an_image_gives_attributes_and_every_models_verdict(page):
    name, sample = next((name, one) for name, one in samples().items() if one.kind == "one")
    _send(page, _file(name, sample.data, "image/jpeg"))
    page.wait_for_selector(".verdict")
    assert page.locator(".models tbody tr").count() == 3
    assert page.locator(".models .bar").count() == 3
    assert "models say" in page.inner_text("#result") and "Nuclear roundness" in page.inner_text(".attributes")
    assert page.locator("img.outlined").is_visible()
    page.uncheck(".toggle")
    assert not page.locator("img.outlined").is_visible() and page.locator("img.plain").is_visible()
    page.click("[data-why=rf]")
    page.wait_for_selector(".explained figure")
    assert "Why rf says" in page.inner_text(".explained")


def test_a_sample_is_one_click(page):
    page.get_by_role("button", name="drawn as pre").click()
    page.wait_for_selector(".verdict")


def test_a_wrong_file_gives_a_readable_message(page):
    _send(page, _file("letter.docx", b"hello", "text/plain"))
    page.wait_for_selector("#error:visible")
    assert "letter.docx: It cannot be read as an image" in page.inner_text("#error")
    assert page.evaluate("document.activeElement.id") == "error"
    _send(page, _file("a.png", png()))
    page.wait_for_selector(".card")
    assert page.locator(".card").count() == 2 and not page.locator("#error").is_visible()


def test_many_images_give_a_summary_by_patient(page):
    page.check("[name=patients_from][value=name]")
    _send(page, *[_file(f"P{n % 3}_{n}.png", png()) for n in range(9)])
    page.wait_for_selector(".by-patient")
    assert page.locator(".by-patient tbody tr").count() == 3
    assert page.locator("details.card").count() == 9


def test_pasted_and_dropped_images_are_taken(page):
    event = """(kind) => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array([1, 2, 3])], kind + ".png", {type: "image/png"}));
      const made = kind === "paste" ? new ClipboardEvent(kind, {clipboardData: data, bubbles: true})
                                    : new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true});
      document.body.dispatchEvent(made);
    }"""
    for kind in ("paste", "drop"):
        page.evaluate(event, kind)
    assert page.locator("#chosen li").all_inner_texts() == ["paste.png\n×", "drop.png\n×"]
    page.get_by_role("button", name="Remove paste.png").click()
    assert page.locator("#chosen li").count() == 1


def test_the_report_is_one_file_with_the_notes_and_without_script(page, tmp_path):
    _send(page, _file("P1_1.png", png((200, 150, 190), 300, 200)))
    page.fill("[data-clinical] [name=wbc]", "42 <b>")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the report").click()
    download.value.save_as(tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    assert "<script" not in text and "http://127" not in text and "42 &lt;b&gt;" in text
    page.goto((tmp_path / "report.html").as_uri())
    assert "Research use only" in page.inner_text(".banner") and page.locator(".verdict").is_visible()
    assert "42 <b>" in page.inner_text(".clinical") and page.locator("input[type=text], button").count() == 0
    page.emulate_media(media="print")
    assert page.locator("img.plain").is_visible() and page.locator("img.outlined").is_visible()


def test_nothing_sticks_out_of_a_phone(phone):
    phone.check("[name=patients_from][value=name]")
    _send(
        phone, *[_file(f"P{n}_a_rather_long_name_of_a_file.png", png((90 * n, 150, 190), 300, 200)) for n in range(2)]
    )
    phone.wait_for_selector(".verdict")
    assert phone.evaluate("document.documentElement.scrollWidth") == 390
    shot = cv2.imdecode(np.frombuffer(phone.screenshot(full_page=True), np.uint8), cv2.IMREAD_COLOR)
    assert shot.shape[1] == 390 and shot.std() > 5


def test_everything_is_reached_by_keyboard_and_has_a_name(page):
    _send(page, _file("a.png", png()))
    page.wait_for_selector(".verdict")
    unnamed = page.evaluate("""() => [...document.querySelectorAll("button, input, textarea, select, svg.bar, img")]
      .filter((node) => node.type !== "hidden" && !(node.labels?.length || node.textContent.trim()
              || node.getAttribute("aria-label") || node.hasAttribute("alt")))
      .map((node) => node.outerHTML)""")
    assert unnamed == []
    assert page.evaluate("document.activeElement.id") == "result-title"
    page.focus("#files")
    seen = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.outerHTML.slice(0, 60)"))
    assert any('id="go"' in text for text in seen) and any("data-samples" in text for text in seen)


def test_a_page_with_a_token_asks_for_it(chromium, live):
    port = live(token="a token of sixteen or more")
    for page in _opened(chromium, port, {"width": 1240, "height": 900}):
        _send(page, _file("a.png", png()))
        page.wait_for_selector("#error:visible")
        assert "token" in page.inner_text("#error")
        page.fill("#token", "a token of sixteen or more")
        page.click("#go")
        page.wait_for_selector(".verdict")
        page.click("[data-why=vote]")
        page.wait_for_selector(".explained figure")
