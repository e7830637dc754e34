"""Real browsers for tests, and the errors that they report."""

import asyncio
import atexit
import functools
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pytest
from django.db import connections
from django.test.testcases import LiveServerThread
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from accounts.models import User
from accounts.tests.factories import PASSWORD

CHROMIUM = shutil.which("chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

# A busy machine is slow. The timeout costs no time when the page is ready earlier.
expect.set_options(timeout=30_000)

needs_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]

_REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
    report(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber} ${event.sample}`));
"""


@dataclass
class Complaints:
    """The errors of browsers.

    These are Content-Security-Policy violations, script errors and requests to other hosts.
    """

    violations: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def check(self) -> None:
        assert (self.violations, self.errors, self.foreign) == ([], [], [])


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield the browser of this process, and close its contexts afterwards.

    Playwright marks its event loop as running in this thread. The mark is removed after the block, because Django then
    opens another connection and rejects queries.
    """
    browser, loop = _start()
    asyncio._set_running_loop(loop)
    try:
        yield browser
    finally:
        for window in browser.contexts:
            window.close()
        asyncio._set_running_loop(None)
        _wait_for_requests()


def _wait_for_requests() -> None:
    """Wait until the live server has answered all requests, at most ten seconds.

    A request that is still running would deadlock with the statement that empties the tables after the test.
    """
    give_up_at = time.monotonic() + 10
    while time.monotonic() < give_up_at:
        if not any("process_request_thread" in t.name for t in threading.enumerate()):
            return
        time.sleep(0.01)


@functools.cache
def _start() -> tuple[Browser, asyncio.AbstractEventLoop]:
    """Start Chromium, which runs until this process ends, and return it with its event loop.

    A start costs a second of processor time.
    """
    playwright = sync_playwright().start()
    atexit.register(playwright.stop)
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS])
    return browser, asyncio.get_running_loop()


@contextmanager
def served(static_handler: Any) -> Iterator[str]:
    """Serve the application in this process, and yield its address.

    `static_handler` serves the static files.
    """
    server = LiveServerThread("127.0.0.1", static_handler)
    server.daemon = True
    server.start()
    server.is_ready.wait()
    if server.error:
        raise server.error
    yield f"http://127.0.0.1:{server.port}"
    server.terminate()


def aside(act: Callable[[], None]) -> None:
    """Use the database in a separate thread while a browser is open.

    Playwright keeps an event loop in this thread. Django would open another connection for it and never close that.
    """

    def run() -> None:
        try:
            act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(run).result()


def open_window(
    browser: Browser, url: str, complaints: Complaints, **options: Any
) -> BrowserContext:
    """Open a separate browser context, as another user would have.

    Its errors are recorded in `complaints`.
    """
    window = browser.new_context(base_url=url, **options)
    window.expose_function(
        "report", lambda violation: complaints.violations.append(violation)
    )
    window.add_init_script(_REPORT_VIOLATIONS)
    window.on("weberror", lambda error: complaints.errors.append(str(error.error)))

    def note(request: Any) -> None:
        if not request.url.startswith((url, "data:", "blob:")):
            complaints.foreign.append(request.url)

    window.on("request", note)
    return window


def sign_in(window: BrowserContext, user: User) -> Any:
    """Sign in through the sign-in page, and return the page that follows."""
    page = window.new_page()
    page.goto("/admin/")
    page.fill("[name=email]", str(user.email))
    page.fill("[name=password]", PASSWORD)
    page.click("[type=submit]")
    page.wait_for_url("**/admin/")
    return page


class Look(NamedTuple):
    """The cost of one page load: bytes on the wire, and milliseconds since the request."""

    size: int
    largest: list[str]
    answer: float
    usable: float


_USABLE = """() => {
    const [page] = performance.getEntriesByType("navigation");
    const painted = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0;
    return [page.responseStart, Math.max(page.domContentLoadedEventEnd, painted)];
}"""


def look_uncached(browser: Browser, url: str, session_id: str, path: str) -> Look:
    """Open a page with an empty browser cache.

    All bytes on the wire count, except scans.
    """
    window = browser.new_context(
        base_url=url, viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
    )
    window.add_cookies([{"name": "sessionid", "value": session_id, "url": url}])
    page = window.new_page()
    wire = window.new_cdp_session(page)
    asked: dict[str, str] = {}
    sizes: dict[str, float] = {}
    wire.on(
        "Network.responseReceived",
        lambda event: asked.update({event["requestId"]: event["response"]["url"]}),
    )
    wire.on(
        "Network.loadingFinished",
        lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}),
    )
    wire.send("Network.enable")
    page.goto(path, wait_until="networkidle")
    answer, usable = page.evaluate(_USABLE)
    of_urls = {
        asked[request]: int(size)
        for request, size in sizes.items()
        if request in asked and "/file/" not in asked[request]
    }
    window.close()
    largest = sorted(of_urls, key=of_urls.__getitem__, reverse=True)[:4]
    return Look(
        sum(of_urls.values()),
        [f"{of_urls[one]} {one.removeprefix(url)}" for one in largest],
        answer,
        usable,
    )
