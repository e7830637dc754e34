"""Measure the cost of a frame while the matrix of a month scrolls.

    python manage.py seed        # with SUPERADMIN_EMAIL and SUPERADMIN_PASSWORD
    python manage.py seed_demo --businesses 1 --sites 25 --employees 2500 --months 2 --pictures 0
    python -m benchmarks.scrolling [--month 2026-10] [--frames 300] [--step 100]

The page shows the demo data in the database to an administrator of the business with the most cards. gunicorn is
configured as in production. Each frame scrolls `step` px. The program prints a table in Markdown with the median, 95th
percentile and maximum of the milliseconds per frame:

    processor  processor time of the page's main thread: scripts, style, layout and paint together
    script, style, layout
               the parts of the processor time
    clock      time from one frame to the next, which includes other work of the machine

The last column is the maximum number of table rows in the page.
"""

import argparse
from statistics import median, quantiles

from django.conf import settings
from django.db import connection
from playwright.sync_api import CDPSession, Page

from tests.admin_clients import admin_client_for
from tests.browsers import chromium

from .admin_pages_speed import find_users
from .databases import Database
from .servers import gunicorn

WINDOWS = {"desk": (1440, 900), "large desk": (2560, 1440)}
PARTS = {
    "processor": "TaskDuration",
    "script": "ScriptDuration",
    "style": "RecalcStyleDuration",
    "layout": "LayoutDuration",
}
# Returns the milliseconds since the previous frame, after the frame has been drawn, and the number of rows.
_FRAME = """step => new Promise(done => requestAnimationFrame(now => {
    const view = document.querySelector(".matrix");
    view.scrollTop += step;
    const before = window.lastFrame ?? now;
    window.lastFrame = now;
    setTimeout(() => done([now - before, view.querySelectorAll("tbody tr").length]));
}))"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--month", default="", help="such as 2026-10; the current month by default"
    )
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--step", type=int, default=100, help="px a frame")
    options = parser.parse_args()
    settings.ALLOWED_HOSTS = ["testserver", "127.0.0.1"]
    administrator, _ = find_users()
    client = admin_client_for(administrator)
    database = Database(connection.settings_dict["NAME"])
    path = f"/admin/month/?month={options.month}" if options.month else "/admin/month/"
    media = str(settings.MEDIA_ROOT)
    with (
        gunicorn(database, workers=2, MEDIA_ROOT=media) as server,
        chromium() as browser,
    ):
        address = f"http://127.0.0.1:{server.port}"
        print("| window | " + " | ".join(PARTS) + " | clock | rows |", flush=True)
        print("|---" * (len(PARTS) + 3) + "|")
        for name, (width, height) in WINDOWS.items():
            window = browser.new_context(
                base_url=address, viewport={"width": width, "height": height}
            )
            cookie = client.cookies["sessionid"].value
            window.add_cookies([{"name": "sessionid", "value": cookie, "url": address}])
            page = window.new_page()
            page.goto(path, wait_until="networkidle")
            figures, rows = scroll(page, options.frames, options.step)
            shown = " | ".join(
                " / ".join(f"{value:.1f}" for value in values) for values in figures
            )
            print(f"| {name}, {width} × {height} | {shown} | {rows} |", flush=True)
            window.close()


def scroll(
    page: Page, frames: int, step: int
) -> tuple[list[tuple[float, float, float]], int]:
    """Scroll; return median, 95th percentile and maximum of each part and of the clock, and the most rows."""
    session = page.context.new_cdp_session(page)
    # Measure processor time instead of clock time.
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    spent: dict[str, list[float]] = {name: [] for name in (*PARTS, "clock")}
    max_rows = 0
    before = read(session)
    for _ in range(frames):
        clock, rows = page.evaluate(_FRAME, step)
        after = read(session)
        for name in PARTS:
            spent[name].append(1000 * (after[name] - before[name]))
        spent["clock"].append(clock)
        before, max_rows = after, max(max_rows, rows)
    figures = [
        (median(values), quantiles(values, n=20)[-1], max(values))
        for values in spent.values()
    ]
    return figures, max_rows


def read(session: CDPSession) -> dict[str, float]:
    metrics = {
        value["name"]: value["value"]
        for value in session.send("Performance.getMetrics")["metrics"]
    }
    return {name: metrics[metric] for name, metric in PARTS.items()}


if __name__ == "__main__":
    main()
