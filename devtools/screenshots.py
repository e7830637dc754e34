"""Take the screenshots of the documents: `make pictures`.

The program creates the demo data of a fixed day in an empty database. Chromium shows the pages with a stopped clock.
So the same pages give the same images.
"""

import csv
import io
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import time_machine
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.management import call_command
from django.db.models import Count, QuerySet
from django.urls import reverse
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from accounts.models import User
from accounts.roles import Role
from businesses.tenancy.context import business_scope
from demo.demo_accounts import DEFAULT_PASSWORD
from demo.options import DemoOptions
from demo.seed import demo_businesses, seed
from exports.models import ExportRun
from exports.services import request_run
from exports.tasks import make_export
from tests.admin_clients import admin_client_for
from tests.browsers import aside, chromium, served
from workcards import services
from workcards.models import ApprovedDay, WorkCard
from workcards.transitions import ReviewStatus
from workforce.models import Employee

FOLDER = Path(__file__).parents[1] / "docs" / "images"
# A morning on which May is closed and June is almost complete.
NOW = datetime(2026, 7, 8, 6, 40, tzinfo=UTC)
JUNE = "2026-06"
DESK = {"width": 1440, "height": 900}


def main() -> None:
    with time_machine.travel(NOW, tick=False):
        make_data()
        # In this process, whose clock is stopped.
        with served(StaticFilesHandler) as url:
            take_all(url)


def make_data() -> None:
    call_command("migrate", verbosity=0)
    scans = seed(
        DemoOptions(months=12, pictures=200),
        password=DEFAULT_PASSWORD,
        today=NOW.date(),
        progress=lambda share, message: None,
    )
    if not scans:
        sys.exit("There are demo data already: take an empty AUTOMATEHQ_VAR.")


def take_all(url: str) -> None:
    rows: dict[str, Any] = {}
    aside(lambda: rows.update(find_rows()))
    with chromium() as browser:

        def desk(user: str, colours: str = "light") -> Any:
            """Return a page with a session of this demo user."""
            window = browser.new_context(
                base_url=url,
                viewport=DESK,
                color_scheme=colours,
                reduced_motion="reduce",
                locale="en-GB",
                timezone_id="Asia/Jerusalem",
            )
            cookie = {"name": "sessionid", "value": rows[user], "url": url}
            window.add_cookies([cookie])
            page = window.new_page()
            page.clock.set_fixed_time(NOW)
            return page

        for name, colours in (("home", "light"), ("home-dark", "dark")):
            page = desk("admin", colours)
            page.goto(f"/admin/?month={JUNE}")
            save(page, name)
        page = desk("reviewer")
        page.goto(rows["conflict"])
        page.wait_for_selector(".scan.is-placed")
        page.keyboard.press("Control+Enter")
        page.wait_for_selector(".ledger-conflict")
        page.wait_for_selector(".scan.is-placed")
        save(page, "review-conflict")
        page.goto(f"/admin/month/?month={JUNE}")
        save(page, "month")
        aside(lambda: rows.update(changes=export_and_correct()))
        page.goto(rows["changes"])
        save(page, "export-changes")
        upload(page, rows["scans"])
        save(page, "upload")

        page = desk("admin")
        page.goto("/admin/workforce/employee/import/")
        file = {"name": "personnel.csv", "mimeType": "text/csv", "buffer": rows["csv"]}
        page.set_input_files("[name=file]", file)
        page.click("main [type=submit]")
        page.wait_for_selector(".import-rows")
        save(page, "import")

        page = desk("hebrew")
        page.goto(rows["hebrew_card"])
        page.wait_for_selector(".scan.is-placed")
        save(page, "review-hebrew")


def upload(page: Any, scans: list[bytes]) -> None:
    """Upload two new scans, an existing scan, and a file that is not a scan."""
    page.goto("/admin/workcards/workcard/upload/")
    page.select_option("[name=site]", index=1)
    names = ("IMG_2041.jpg", "IMG_2042.jpg", "IMG_2043.jpg")
    files = [
        {"name": name, "mimeType": "image/jpeg", "buffer": scan}
        for name, scan in zip(names, scans, strict=True)
    ]
    files.append({"name": "notes.jpg", "mimeType": "image/jpeg", "buffer": b"notes"})
    page.set_input_files("[name=files]", files)
    done = "tr:is(.uploaded, .duplicate, .failed)"
    expect(page.locator(done)).to_have_count(4, timeout=60_000)


def find_rows() -> dict[str, Any]:
    """Return the users and rows that the screenshots show."""

    def url_of(card: WorkCard) -> str:
        return reverse("admin:workcards_workcard_change", args=[card.pk])

    rows: dict[str, Any] = {}
    english = next(item for item in demo_businesses() if item.language == "en")
    hebrew = next(item for item in demo_businesses() if item.language == "he")
    for name, business, role in (
        ("reviewer", english, Role.REVIEWER),
        ("admin", english, Role.ADMIN),
        ("hebrew", hebrew, Role.REVIEWER),
    ):
        with business_scope(business.pk):
            user = User.objects.filter(role=role, is_active=True).order_by("email")[0]
            # Each user has the language of the business.
            User.objects.filter(pk=user.pk).update(language=None)
        rows[name] = admin_client_for(user).cookies["sessionid"].value
    with business_scope(english.pk):
        rows["conflict"] = url_of(
            next(filter(has_conflict, june_cards().order_by("pk")))
        )
        scans = june_cards().order_by("pk")[:3]
        originals = [card.file.original.open().read() for card in scans if card.file]
        rows["scans"] = [*map(vary_scan, originals[:2]), originals[2]]
        rows["csv"] = personnel()
    with business_scope(hebrew.pk):
        full = june_cards().annotate(days=Count("day_entries"))
        rows["hebrew_card"] = url_of(full.order_by("-days", "pk")[0])
    return rows


def june_cards() -> QuerySet[WorkCard]:
    """Return the cards of June that wait for a reviewer and have a scan."""
    waiting: QuerySet[WorkCard] = WorkCard.objects.filter(
        file__isnull=False,
        review_status=ReviewStatus.NEEDS_REVIEW,
        processing_month=f"{JUNE}-01",
    )
    return waiting


def has_conflict(card: WorkCard) -> bool:
    """Return True if another card pays a day of this card with other figures."""
    paid = ApprovedDay.objects.filter(employee=card.employee).exclude(work_card=card)
    hours = dict(paid.values_list("work_date", "hours"))
    return any(
        hours.get(day.work_date) not in (None, day.total_hours)
        for day in card.day_entries.all()
    )


def export_and_correct() -> str:
    """Export June, then reopen a card and correct a card; return the address of the diff page."""
    business = next(item for item in demo_businesses() if item.language == "en")
    with business_scope(business.pk):
        admin = User.objects.filter(role=Role.ADMIN, is_active=True).order_by("email")[
            0
        ]
        june = datetime.fromisoformat(f"{JUNE}-01").date()
        run = request_run(
            actor=admin, kind=ExportRun.Kind.DAYS_CSV, processing_month=june
        )
    make_export.call(run_id=str(run.pk), business_id=str(business.pk))
    with business_scope(business.pk):
        cards = WorkCard.objects.filter(processing_month=june).order_by("pk")
        approved = cards.filter(review_status=ReviewStatus.APPROVED)
        # Cards with few days, so that the page shows both.
        counted = approved.annotate(days=Count("day_entries")).filter(days__gt=2)
        taken_back, corrected = counted.order_by("days", "pk")[:2]
        for card in (taken_back, corrected):
            services.reopen_card(card_id=card.pk, reason="Misread", actor=admin)
        corrected.refresh_from_db()
        entries = [
            {"work_date": day.work_date, "total_hours": Decimal("7.50")}
            for day in corrected.day_entries.filter(total_hours__gt=0)
        ]
        saved = services.set_day_entries(
            card_id=corrected.pk,
            version=corrected.version,
            entries=entries,
            actor=admin,
        )
        services.approve_card(card_id=corrected.pk, version=saved.version, actor=admin)
    return reverse("admin:exports_exportrun_changes", args=[run.pk])


def vary_scan(scan: bytes) -> bytes:
    """Return the same image in other bytes, which have not been uploaded yet."""
    image = Image.open(io.BytesIO(scan)).convert("RGB")
    ImageDraw.Draw(image).point((0, 0), "black")
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def personnel() -> bytes:
    """Return an employee file with new employees, changes, an unchanged row, and an error."""
    known = list(
        Employee.objects.filter(is_active=True).order_by("full_name", "pk")[:4]
    )
    buffer = io.StringIO()
    table = csv.writer(buffer)
    table.writerow(["Full name", "External ID", "Passport", "Phone", "Start date"])
    for number, item in enumerate(known):
        phone = f"050-555010{number}" if number < 2 else ""
        name = f"{item.full_name} Jr." if number == 2 else item.full_name
        table.writerow([name, item.external_employee_id, "", phone, ""])
    table.writerow(["Ivana Petrović", "9101", "PA4471822", "052-5550142", "2026-07-01"])
    table.writerow(["Somchai Boonmee", "9102", "AA8830914", "", "2026-07-05"])
    table.writerow(["Li Wei", "9103", "EJ2251907", "call the site", "2026-07-05"])
    return buffer.getvalue().encode()


def save(page: Any, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.evaluate("document.fonts.ready")
    with Image.open(io.BytesIO(page.screenshot(animations="disabled"))) as shot:
        shot.convert("RGB").save(FOLDER / f"{name}.webp", quality=85, method=6)
    print(name)
