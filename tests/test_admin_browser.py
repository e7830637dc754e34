"""The payroll flow of two businesses at one site, in a real browser.

The Content-Security-Policy is active.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accounts.tests.personas import Personas
from exports.models import ExportRun
from exports.tasks import make_export
from workcards.tests.factories import picture
from workforce.tests.factories import EmployeeFactory, SiteFactory

from .browsers import (
    Complaints,
    aside,
    chromium,
    needs_browser,
    open_window,
    sign_in,
)

pytestmark = needs_browser


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


def do_what_is_queued(business: Personas) -> None:
    """Run the queued tasks in this process, in place of a worker."""
    with business.scope():
        (run,) = ExportRun.objects.all()
    make_export.func(run_id=str(run.pk), business_id=str(business.id))


@dataclass
class Clerk:
    """A user who enters a month with one card.

    It has the texts that no other business may see.
    """

    business: Personas
    page: Any
    person: str
    scan: Path
    hours: str
    urls: list[str] = field(default_factory=list)

    def upload(self) -> None:
        self.page.get_by_role("link", name="Upload work cards", exact=True).click()
        self.page.select_option("[name=site]", label="Harbour")
        self.page.fill("[name=month]", "2026-06")
        self.page.set_input_files("[name=files]", self.scan)
        self.page.click(".upload-results .uploaded a")
        self.page.wait_for_url("**/change/")
        self.urls.append(self.page.url)
        assert self.page.locator(".card-image img").evaluate(
            "image => image.naturalWidth"
        )

    def assign(self) -> None:
        self.page.click("summary[aria-label=More]")
        self.page.click(".action-assign")
        self.page.click(".select2-selection")
        # Both businesses have an employee Sam with number 1; each user sees only their own.
        self.page.fill(".select2-search__field", "sam")
        offered = self.page.locator(".select2-results__option")
        expect(offered).to_have_text([self.person])
        offered.click()
        self.page.click("[type=submit].default")
        expect(self.page.get_by_role("heading", level=1)).to_have_text(self.person)

    def type_days(self) -> None:
        """Type the same days as the other business: with hours, at night, of sick leave."""
        self.page.fill("[name=days-0-total_hours]", self.hours)
        self.page.fill("[name=days-1-from_time]", "22:00")
        self.page.fill("[name=days-1-to_time]", "6:00")
        self.page.select_option("[name=days-2-day_status]", "SICK")
        expect(self.page.locator("[data-total=hours]")).to_have_text(self.total)
        expect(self.page.locator("tr.has-conflict, .remark")).to_have_count(0)

    def approve(self) -> None:
        self.page.click("[name=_approve]")
        expect(self.page.locator(".card-toolbar")).to_contain_text("Approved by")

    def export(self) -> None:
        self.page.goto(reverse("admin:exports_exportrun_add"))
        self.page.fill("[name=processing_month]", "2026-06")
        self.page.select_option("[name=kind]", "days_csv")
        expect(self.page.locator(".preview-summary").first).to_contain_text(self.total)
        self.page.click("[name=_save]")
        self.page.wait_for_url("**/change/")
        self.urls.append(self.page.url)

    def download(self) -> list[str]:
        # The page reloads automatically.
        link = self.page.locator(".field-download a")
        expect(link).to_be_visible()
        self.urls.append(link.evaluate("link => link.href"))
        with self.page.expect_download() as download:
            link.click()
        assert download.value.suggested_filename == "days-2026-06.csv"
        return Path(download.value.path()).read_text("utf-8-sig").splitlines()

    @property
    def total(self) -> str:
        return f"{float(self.hours) + 8:.2f}"

    def seen_on(self, path: str) -> str:
        self.page.goto(path)
        return str(self.page.inner_text("#content"))


def test_two_businesses_from_upload_to_payroll_file_at_one_site(
    live_server: Any,
    acme: Personas,
    globex: Personas,
    complaints: Complaints,
    tmp_path: Path,
) -> None:
    with acme.scope():
        site = SiteFactory(site_name="Harbour")
        EmployeeFactory(full_name="Sam Acmer", site=site, external_employee_id="1")
    with globex.scope():
        EmployeeFactory(full_name="Sam Globexer", site=site, external_employee_id="1")
    plans = {
        "Sam Acmer": (acme, tmp_path / "acmes.png", "5.25"),
        "Sam Globexer": (globex, tmp_path / "globexes.png", "7.50"),
    }

    with chromium() as browser:
        clerks = []
        for person, (business, scan, hours) in plans.items():
            # The same file is a duplicate in one business and new in the other.
            scan.write_bytes(picture())
            window = open_window(browser, live_server.url, complaints)
            page = sign_in(window, business.reviewer)
            clerks.append(Clerk(business, page, person, scan, hours))
        for step in (Clerk.upload, Clerk.assign, Clerk.type_days, Clerk.approve):
            for clerk in clerks:
                step(clerk)
        for clerk in clerks:
            clerk.export()
            aside(lambda clerk=clerk: do_what_is_queued(clerk.business))
            header, *lines = clerk.download()
            assert [line.count(clerk.person) for line in lines] == [1, 1, 1], header

        for own, other in (clerks, clerks[::-1]):
            for url in [*other.urls, other.urls[0].replace("change", "history")]:
                assert own.page.goto(url).status == 404
            secrets = (other.person, other.scan.name, other.hours, other.total)
            for path, shows in pages_about(own).items():
                seen = own.seen_on(path)
                assert shows in seen, (path, shows)
                assert [one for one in secrets if one in seen] == [], path
            for path in pages_about(own):
                if "?" not in path and "month" not in path:
                    seen = own.seen_on(f"{path}?q={other.person.split()[1]}")
                    assert "No results" in seen, path
    complaints.check()


def pages_about(clerk: Clerk) -> dict[str, str]:
    """Return the text of each page that shows the user's own data, by path."""
    lists = {
        "workcards_workcard": clerk.person,
        "workcards_approvedday": clerk.hours,
        "exports_exportrun": "days-2026-06.csv",
        "workforce_employee": clerk.person,
    }
    return {
        "/admin/?month=2026-06": clerk.total.removesuffix("0"),
        "/admin/month/?month=2026-06": clerk.total,
        **{reverse(f"admin:{name}_changelist"): said for name, said in lists.items()},
        reverse("admin:workcards_workcard_changelist") + "?q=sam": clerk.person,
        reverse("admin:workforce_employee_changelist") + "?q=1": clerk.person,
        reverse("admin:workforce_employee_changelist") + "?q=sam": clerk.person,
    }


def test_the_listener_hears_what_the_policy_refuses(
    live_server: Any, acme: Personas, complaints: Complaints
) -> None:
    """Control: the listener hears a violation, so its silence above has a meaning."""
    with chromium() as browser:
        page = sign_in(open_window(browser, live_server.url, complaints), acme.admin)
        page.evaluate(
            "document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')"
        )
        page.wait_for_timeout(500)
    (violation,) = complaints.violations
    assert violation.startswith("style-src-attr inline")
