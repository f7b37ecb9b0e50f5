"""Take the screenshots of docs/serve.md from a running server: `python tests/serve/take_pictures.py [URL]`.

Not a test: it needs the default run's models, `make repro && make serve`, and Chromium.
"""

import shutil
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import sync_playwright

OUT = Path(__file__).resolve().parents[2] / "docs" / "img"
WIDE, PHONE = {"width": 1160, "height": 900}, {"width": 390, "height": 844}
MOST_BYTES = 150_000


def write(name, data, columns=1):
    """Write a screenshot as the best JPEG under the limit; `columns` parts a tall one into columns."""
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    height = -(-len(image) // columns)
    image = np.pad(image, ((0, height * columns - len(image)), (0, 24 * (columns > 1)), (0, 0)), constant_values=255)
    image = np.hstack(np.split(image, columns))
    if columns > 1:
        image = cv2.resize(image, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
    for quality in range(85, 20, -5):
        jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
        if len(jpeg) < MOST_BYTES:
            break
    (OUT / f"serve-{name}.jpg").write_bytes(jpeg)
    print(name, image.shape, quality, len(jpeg))


def sample(page, url, button, until):
    """Press a sample's button on a fresh page and wait for its answer."""
    page.goto(url)
    page.get_by_role("button", name=button).click()
    page.wait_for_selector(until)
    page.wait_for_timeout(800)  # the page scrolls to it
    hide = "(node) => { node.textContent = node.textContent.replace(/^.*? · /, '') }"
    page.locator(".head > .soft").first.evaluate(hide)  # the time: pictures of one page are to be equal


def main(url):
    """Take all of them."""
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        path = shutil.which("chromium") or playwright.chromium.executable_path
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_context(viewport=WIDE).new_page()
        sample(page, url, "drawn as pre", ".verdict")
        write("one", page.locator("#result > details.card").screenshot())
        page.locator("[data-why]").first.click()
        page.wait_for_selector(".explained figure")
        write("why", page.locator(".explained").screenshot())
        page.fill("[name=age]", "7")
        page.fill("[name=wbc]", "38")
        with page.expect_download() as download:
            page.get_by_role("button", name="Download the report").click()
        download.value.save_as(Path(folder, "report.html"))
        sample(page, url, "two patients", ".by-patient")
        write("many", page.locator("#result").screenshot())
        sample(page, url, "no smear at all", ".card.void")
        write("rejected", page.locator("#result > details.card").screenshot())
        page.goto(url)
        page.set_input_files("#files", [{"name": "letter.docx", "mimeType": "text/plain", "buffer": b"hello"}])
        page.click("#go")
        page.wait_for_selector("#error:visible")
        write("error", page.locator("#images").screenshot())
        page.goto(Path(folder, "report.html").as_uri())
        page.set_viewport_size({"width": 760, "height": 1000})
        page.emulate_media(media="print")
        write("report", page.screenshot(full_page=True))
        phone = browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True).new_page()
        sample(phone, url, "drawn as pre", ".verdict")
        write("phone", phone.screenshot(full_page=True), columns=4)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000/")
