"""Take the pictures of the documents anew, from a running demo.

Start `make demo`, then: `.venv/bin/python tools/pictures.py http://127.0.0.1:8000 <a reviewer's e-mail> <password>`
"""

import argparse
import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

FOLDER = Path(__file__).parents[1] / "docs" / "images"
SIZE: ViewportSize = {"width": 1600, "height": 900}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="of the demo")
    parser.add_argument("email", help="of a reviewer whose business writes English")
    parser.add_argument("password")
    asked = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = sign_in(browser, asked.url, asked.email, asked.password)
        open_card(page)
        save(page, "work-card.webp")
        browser.close()


def sign_in(browser: Browser, url: str, email: str, password: str) -> Page:
    page = browser.new_page(viewport=SIZE, color_scheme="light", locale="en-GB")
    page.goto(f"{url}/admin/login/")
    page.fill("[name=email]", email)
    page.fill("[name=password]", password)
    page.click("[type=submit]")
    page.wait_for_url(f"{url}/admin/")
    return page


def open_card(page: Page) -> None:
    """A card under review with its picture, whose days begin at the top."""
    page.goto(f"{page.url}workcards/workcard/?review_status__exact=NEEDS_REVIEW")
    links = page.locator("#result_list tbody th a", has_text=".jpg").all()
    for url in [link.evaluate("link => link.href") for link in links]:
        page.goto(url)
        if page.input_value("[name=days-1-from_time]"):
            break
    page.wait_for_selector(".scan img")
    page.wait_for_load_state("networkidle")


def save(page: Page, name: str) -> None:
    with Image.open(io.BytesIO(page.screenshot())) as shot:
        shot.save(FOLDER / name, quality=85, method=6)


if __name__ == "__main__":
    main()
