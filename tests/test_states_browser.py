"""Page states after an action, without axe-core findings.

In both languages and colour schemes. The crawl of `test_accessibility.py` sees the first state of each page. This
module covers the preview of an import, suggested employees of a card, and rows that can be reopened. It also covers the
start of an export, and the changes since.
"""

from datetime import date
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.tests.personas import Personas
from exports.models import ExportRun
from exports.tasks import make_export
from exports.tests.factories import ExportRunFactory
from exports.tests.month_fixtures import (
    EIGHT,
    draft_day,
    employee_at,
    post_day,
    site_named,
)
from workcards.models import WorkCard
from workcards.tests.factories import ClosedMonthFactory, WorkCardFactory

from .admin_clients import admin_client_for
from .browsers import Complaints, chromium, needs_browser
from .test_accessibility import OF_LOOKS, PART, ask, enter, look, look_into

pytestmark = needs_browser

EMPLOYEES = """Full name,External ID,Passport,Phone
Zoe New,77,AB1234567,050-1234567
John Renamed,1,,
,,,nonsense
"""


@pytest.fixture
def rows(acme: Personas) -> dict[str, Any]:
    """Return the rows of a month with an export run, and a day approved after it."""
    with acme.scope():
        harbour = site_named("Harbour")
        john = employee_at(harbour, "John Example", external_employee_id="1")
        approved = post_day(john, 1, **EIGHT).work_card
        run = ExportRunFactory()
    make_export.func(run_id=str(run.pk), business_id=str(acme.id))
    with acme.scope():
        assert ExportRun.objects.get(pk=run.pk).status == ExportRun.Status.DONE
        post_day(john, 2, site=site_named("Tower"), **EIGHT)
        ClosedMonthFactory(month=date(2020, 1, 1), note="Paid.")
        return {
            "run": run,
            "approved": approved,
            "draft": draft_day(employee_at(harbour, "Worker 1"), 3),
            "nobodys": WorkCardFactory(unassigned=True, uploaded=True, site=harbour),
        }


def card_of(card: WorkCard) -> str:
    return reverse("admin:workcards_workcard_change", args=[card.pk])


@pytest.mark.parametrize("language", ["en", "he"])
def test_nothing_is_wrong_with_what_comes_of_doing_something(
    live_server: Any,
    acme: Personas,
    rows: dict[str, Any],
    language: str,
) -> None:
    with acme.scope():
        User.objects.filter(pk=acme.admin.pk).update(language=language)
    complaints, client = Complaints(), admin_client_for(acme.admin)
    with chromium() as browser:
        page = enter(browser, live_server.url, client, complaints)
        wrong = []

        def see(*, opened: bool = False, covered: bool = False) -> None:
            """Check the page in both colour schemes.

            Either with a menu that covers elements, or with all parts open.
            """
            found = look(page, **PART) if covered else look(page)
            page.emulate_media(color_scheme="dark")
            found += [f"in dark {one}" for one in ask(page, runOnly=OF_LOOKS)]
            found += look_into(page) if opened else []
            page.emulate_media(color_scheme="light")
            wrong.extend(f"{page.url} {one}" for one in found)

        # With their dialogs for reopening.
        for path in (card_of(rows["approved"]), "/admin/month/?month=2020-01"):
            page.goto(path)
            assert page.locator("dialog").count() > 0
            see(opened=True)

        page.goto(f"{card_of(rows['nobodys'])}?q=john")
        assert page.locator("[data-suggestions] [name=employee]").count() == 1
        see(covered=True)

        page.goto(reverse("admin:exports_exportrun_add") + "?processing_month=2026-06")
        page.wait_for_selector(".preview-table")
        see()
        page.goto(reverse("admin:exports_exportrun_changes", args=[rows["run"].pk]))
        assert "Tower" in page.inner_text("main")
        see()

        page.goto(reverse("admin:workforce_employee_import"))
        file = {"name": "new.csv", "mimeType": "text/csv", "buffer": EMPLOYEES.encode()}
        page.set_input_files("[name=file]", file)
        page.click("main [type=submit]")
        page.wait_for_selector(".import-rows")
        assert page.locator(".import-rows :is(ins, .error)").count() > 3
        see()

        # Two cards are selected: one can be approved, the other is unassigned.
        page.goto(reverse("admin:workcards_workcard_changelist"))
        for card in (rows["draft"], rows["nobodys"]):
            page.check(f"tr:has(a[href*='{card.pk}']) .action-select")
        see()
        page.select_option("[name=action]", index=1)
        page.click("[name=index]")
        page.wait_for_selector(".approved")
        assert page.locator(".not-approved li").count() == 1
        see()
    assert wrong == [], "\n".join(wrong)
    complaints.check()
