"""Measure the cost of each admin page: queries, bytes transferred, and time until the page is usable.

    python manage.py seed        # with SUPERADMIN_EMAIL and SUPERADMIN_PASSWORD: seed_demo creates no super-admin
    python manage.py seed_demo --businesses 200 --employees 100 --months 12
    python -m benchmarks.admin_pages_speed [--rounds 3] [--only matrix]

The pages show the demo data in the database. The users are an administrator of the business with the most cards, and a
super-admin on the platform. gunicorn and static files are configured as in production. Chromium loads each page with an
empty cache. The program prints a table in Markdown:

    queries   of the page's own request, without those that open and leave a scope, and without requests of scripts
    kB        all headers and compressed bodies transferred until the network is idle, without the scan
    answer    milliseconds until the first byte of the page, median of the rounds
    usable    milliseconds until the page is drawn and its scripts have run, median of the rounds
"""

import argparse
import sys
from collections.abc import Iterator
from statistics import median
from typing import Any, NamedTuple

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db import connection
from django.db.models import Count

from accounts.models import User
from accounts.roles import Role
from businesses.tenancy.context import business_scope, platform_scope
from tests.admin_clients import AdminClient, admin_client_for
from tests.api_helpers import queries
from tests.browsers import chromium, look_uncached
from tests.test_accessibility import kinds_of_pages
from workcards.models import WorkCard
from workcards.transitions import ReviewStatus

from .databases import Database
from .servers import gunicorn


class PageFigures(NamedTuple):
    """The measurements of one page. The times are in milliseconds."""

    path: str
    queries: int
    size: int
    response: float
    usable: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="pages whose path has this in it")
    options = parser.parse_args()
    settings.ALLOWED_HOSTS = ["testserver", "127.0.0.1"]
    administrator, super_admin = find_users()
    with business_scope(administrator.business_id):
        rows = dict(newest_rows())
        pages = kinds_of_pages(rows)
    database = Database(connection.settings_dict["NAME"])
    media = str(settings.MEDIA_ROOT)
    with gunicorn(database, workers=2, MEDIA_ROOT=media) as server:
        address = f"http://127.0.0.1:{server.port}"
        for description, user, paths in (
            ("an administrator", administrator, pages),
            ("a super-admin on the platform", super_admin, kinds_of_pages({})),
        ):
            client = admin_client_for(user)
            print(f"\nAs {description}\n\n| page | queries | kB | answer | usable |")
            print("|---|---|---|---|---|")
            for path in paths:
                if options.only in path and client.get(path).status_code == 200:
                    show(measure(address, client, path, options.rounds), rows)


def find_users() -> tuple[User, User]:
    """Return an administrator of the business with the most cards, and a super-admin.

    Exits with a message if there is none.
    """
    with platform_scope("choose the users to measure"):
        card_counts = WorkCard.objects.values("business").annotate(n=Count("pk"))
        business_id = (
            card_counts.order_by("-n").values_list("business", flat=True).first()
        )
        users = User.objects.filter(is_active=True).order_by("email")
        administrator = users.filter(business=business_id, role=Role.ADMIN).first()
        super_admin = users.filter(role=Role.SUPER_ADMIN).first()
    if administrator is None or super_admin is None:
        sys.exit(
            "There is no administrator or no super-admin: see the first lines of this program."
        )
    return administrator, super_admin


def newest_rows() -> Iterator[tuple[str, Any]]:
    """Yield the label and the newest row of each model with admin pages.

    The card is one that needs review and has a scan.
    """
    for model in admin.site._registry:
        rows = model._default_manager.order_by("-pk")
        if model is apps.get_model("workcards", "workcard"):
            in_review = rows.filter(review_status=ReviewStatus.NEEDS_REVIEW)
            rows = in_review.order_by("file_id", "-pk")
        if row := rows.first():
            yield model._meta.label_lower, row


def measure(address: str, client: AdminClient, path: str, rounds: int) -> PageFigures:
    cookie = client.cookies["sessionid"].value
    views = []
    with chromium() as browser:
        # The first load includes the start of the browser and is left out.
        for _ in range(rounds + 1):
            views.append(look_uncached(browser, address, cookie, path))
    return PageFigures(
        path,
        queries(lambda: client.get(path)),
        views[-1].size,
        median(view.answer for view in views[1:]),
        median(view.usable for view in views[1:]),
    )


def show(figures: PageFigures, rows: dict[str, Any]) -> None:
    path = figures.path
    for row in rows.values():
        path = path.replace(str(row.pk), "…")
    size, times = figures.size / 1000, (figures.response, figures.usable)
    print(
        f"| `{path}` | {figures.queries} | {size:.0f} |",
        " | ".join(f"{time:.0f}" for time in times),
        "|",
        flush=True,
    )


if __name__ == "__main__":
    main()
