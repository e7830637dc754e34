"""The page of the API in a browser, under the real Content-Security-Policy."""

import shutil
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from .test_schema import sample_document

CHROMIUM = shutil.which("chromium")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_the_page_can_be_used_and_breaks_no_rule(live_server: Any) -> None:
    """A user reads the page, opens operations, authorizes and tries an operation.

    The console shows no error, and no other host is contacted.
    """
    complaints: list[str] = []
    foreign: list[str] = []

    def note_foreign(request: Any) -> None:
        if not request.url.startswith((live_server.url, "data:", "blob:")):
            foreign.append(request.url)

    document = sample_document()
    document["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        page = browser.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", note_foreign)
        page.route(
            "**/api/schema",
            lambda route: route.fulfill(
                json=document, content_type="application/vnd.oai.openapi+json"
            ),
        )
        page.goto(f"{live_server.url}/api/docs")
        page.wait_for_selector(".swagger-ui .info .title", timeout=30_000)
        title = page.inner_text(".swagger-ui .info .title")
        page.click(".opblock-tag")
        for operation in page.query_selector_all(".opblock-summary-control"):
            operation.click()
        page.wait_for_selector(".opblock-post .try-out__btn")
        page.click(".opblock-post .try-out__btn")
        page.click(".opblock-post .execute")
        page.wait_for_selector(".opblock-post .responses-table.live-responses-table")
        page.click(".btn.authorize")
        page.wait_for_selector(".dialog-ux .modal-ux")
        browser.close()
    assert "AutomateHQ API" in title
    violations = [text for text in complaints if "404 (Not Found)" not in text]
    assert violations == []  # the sample operation is not a route, hence its 404
    assert foreign == []
