"""The payroll flow in a real browser, under our Content-Security-Policy, while a second business sees none of it."""

from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from accounts.tests.personas import Personas
from exports.jobs import make_export
from exports.models import ExportRun
from workcards.tests.factories import picture
from workforce.tests.factories import EmployeeFactory, SiteFactory

from .browsers import Complaints, aside, chromium, needs_browser, open_window, sign_in

pytestmark = needs_browser


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


def do_what_is_queued(business: Personas) -> None:
    """As the worker would, which wants a process of its own."""
    with business.scope():
        (run,) = ExportRun.objects.all()
    make_export.func(run_id=str(run.pk), business_id=str(business.id))


def test_from_upload_to_payroll_file(
    live_server: Any,
    acme: Personas,
    globex: Personas,
    complaints: Complaints,
    tmp_path: Path,
) -> None:
    with acme.scope():
        site = SiteFactory(site_name="Harbour")
        EmployeeFactory(full_name="John Example", site=site, passport_id="AB123456")
    with globex.scope():
        EmployeeFactory(full_name="Jane Example", site=site)
    scan = tmp_path / "june.png"
    scan.write_bytes(picture())

    with chromium() as browser:
        clerk = sign_in(
            open_window(browser, live_server.url, complaints), acme.reviewer
        )
        clerk.click("text=Upload work cards")
        clerk.select_option("[name=site]", label="Harbour")
        clerk.fill("[name=month]", "2026-06")
        clerk.set_input_files("[name=files]", scan)
        clerk.click(".upload-results .uploaded a")
        clerk.wait_for_load_state()
        card = clerk.url
        assert clerk.locator(".card-picture img").evaluate(
            "image => image.naturalWidth"
        )

        clerk.click("summary[aria-label=More]")
        clerk.click(".verb-assign")
        clerk.click(".select2-selection")
        clerk.fill(".select2-search__field", "john")
        clerk.click(".select2-results__option:has-text('John Example')")
        clerk.click("[type=submit].default")
        assert "John Example" in clerk.inner_text("h1")

        for day, (start, end) in enumerate([("7:30", "16:00"), ("22:00", "6:00")]):
            clerk.fill(f"[name=days-{day}-from_time]", start)
            clerk.fill(f"[name=days-{day}-to_time]", end)
        clerk.fill("[name=days-0-break_minutes]", "30")
        clerk.select_option("[name=days-2-day_status]", "SICK")
        clerk.wait_for_selector("[data-sum=hours]:has-text('16.00')")
        clerk.click("[name=_approve]")
        assert "Approved" in clerk.inner_text(".card-bar")

        clerk.goto(reverse("admin:exports_exportrun_add"))
        clerk.fill("[name=processing_month]", "2026-06")
        clerk.select_option("[name=kind]", "days_csv")
        clerk.click("[name=_save]")
        run = clerk.url
        aside(lambda: do_what_is_queued(acme))
        # The page looks again by itself.
        clerk.wait_for_selector(".field-download a", timeout=15_000)
        with clerk.expect_download() as download:
            clerk.click(".field-download a")
        lines = Path(download.value.path()).read_text("utf-8-sig").splitlines()
        assert len(lines) == 4
        assert all("John Example" in line for line in lines[1:])
        assert download.value.suggested_filename == "days-2026-06.csv"

        other = sign_in(open_window(browser, live_server.url, complaints), globex.admin)
        for url in (card, run):
            assert other.goto(url).status == 404
        for model in (
            "workcards_workcard",
            "workcards_approvedday",
            "exports_exportrun",
            "workforce_employee",
            "audit_auditevent",
        ):
            other.goto(reverse(f"admin:{model}_changelist"))
            shown = other.inner_text("#content")
            assert "John" not in shown
            assert "june.png" not in shown
        assert "0 audit events" in shown
        other.goto(reverse("admin:workcards_workcard_upload"))
        other.click(".select2-selection")
        other.wait_for_selector(".select2-results__option:has-text('Jane Example')")
        assert other.locator(".select2-results__option").count() == 1
    complaints.check()


def test_the_listener_hears_what_the_policy_refuses(
    live_server: Any, acme: Personas, complaints: Complaints
) -> None:
    """The control: without it the silence above would say nothing."""
    with chromium() as browser:
        page = sign_in(open_window(browser, live_server.url, complaints), acme.admin)
        page.evaluate(
            "document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')"
        )
        page.wait_for_timeout(500)
    (violation,) = complaints.violations
    assert violation.startswith("style-src-attr inline")
