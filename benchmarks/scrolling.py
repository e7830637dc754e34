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
from typing import Any

from django.conf import settings
from django.db import connection

from tests.admin_clients import browser_of
from tests.browsers import chromium

from .admin_pages_speed import people
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
    parser.add_argument("--month", default="", help="2026-10; else the one at hand")
    parser.add_argument("--frames", type=int, default=300)
    parser.add_argument("--step", type=int, default=100, help="px a frame")
    given = parser.parse_args()
    settings.ALLOWED_HOSTS = ["testserver", "127.0.0.1"]
    administrator, _ = people()
    client = browser_of(administrator)
    database = Database(connection.settings_dict["NAME"])
    path = f"/admin/month/?month={given.month}" if given.month else "/admin/month/"
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
            figures, rows = scroll(page, given.frames, given.step)
            shown = " | ".join(
                " / ".join(f"{one:.1f}" for one in of_part) for of_part in figures
            )
            print(f"| {name}, {width} × {height} | {shown} | {rows} |", flush=True)
            window.close()


def scroll(
    page: Any, frames: int, step: int
) -> tuple[list[tuple[float, float, float]], int]:
    """Scroll; return median, 95th percentile and maximum of each part and of the clock, and the most rows."""
    wire = page.context.new_cdp_session(page)
    # Measure processor time instead of clock time.
    wire.send("Performance.enable", {"timeDomain": "threadTicks"})
    spent: dict[str, list[float]] = {name: [] for name in (*PARTS, "clock")}
    most = 0
    before = read(wire)
    for _ in range(frames):
        clock, rows = page.evaluate(_FRAME, step)
        after = read(wire)
        for name in PARTS:
            spent[name].append(1000 * (after[name] - before[name]))
        spent["clock"].append(clock)
        before, most = after, max(most, rows)
    figures = [
        (median(values), quantiles(values, n=20)[-1], max(values))
        for values in spent.values()
    ]
    return figures, most


def read(wire: Any) -> dict[str, float]:
    found = {
        one["name"]: one["value"]
        for one in wire.send("Performance.getMetrics")["metrics"]
    }
    return {name: found[metric] for name, metric in PARTS.items()}


if __name__ == "__main__":
    main()
