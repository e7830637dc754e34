"""Exports in a real browser: the start of a new file, and the status in the list."""

from typing import Any

from django.urls import reverse

from accounts.tests.personas import Personas
from exports.models import ExportRun
from exports.tests.factories import ExportRunFactory
from exports.tests.month_fixtures import EIGHT, employee_at, post_day, site_named

from .admin_clients import admin_client_for
from .browsers import Complaints, aside, chromium, needs_browser
from .test_accessibility import AXE, ask, enter

pytestmark = needs_browser

_TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"


def test_a_new_export_shows_how_its_file_begins_and_the_list_how_far_it_is(
    live_server: Any, acme: Personas
) -> None:
    complaints = Complaints()
    with acme.scope():
        post_day(employee_at(site_named("North"), "Zoe"), 1, **EIGHT)
        run = ExportRunFactory(status=ExportRun.Status.RUNNING, progress=40)
    client = admin_client_for(acme.reviewer)

    def finish() -> None:
        with acme.scope():
            ExportRun.objects.filter(pk=run.pk).update(status=ExportRun.Status.DONE)

    with chromium() as browser:
        page = enter(browser, live_server.url, client, complaints)
        page.goto(reverse("admin:exports_exportrun_add"))
        page.wait_for_selector("[data-preview-content] >> text=no rows")
        page.fill("[name=processing_month]", "2026-06")
        page.wait_for_selector(".preview-table >> text=Zoe")
        page.select_option("[name=kind]", "payroll_csv")
        page.wait_for_selector(".preview-problem")
        page.select_option("[name=kind]", "summary_xlsx")
        page.wait_for_selector(".preview-table >> text=Days Worked")
        for colours in ("light", "dark"):
            page.emulate_media(color_scheme=colours)
            page.evaluate(AXE)
            assert ask(page) == []
        for width in (1440, 1024, 390):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate(_TOO_WIDE) <= 0
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(reverse("admin:exports_exportrun_changelist"))
        page.evaluate(AXE)
        assert ask(page) == []
        page.focus("#result_list tbody th a")
        aside(finish)
        page.wait_for_selector("#result_list .status-done")
        assert page.evaluate("document.activeElement.matches('#result_list th a')")
        assert page.inner_text("[data-exports-status]")
    complaints.check()
