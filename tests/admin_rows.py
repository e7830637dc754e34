"""Rows of two businesses, and helpers for cross-business requests to the admin."""

import re
import uuid
from datetime import date
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.tests.personas import Personas
from audit.services import record
from exports.models import ExportRun
from exports.tests.factories import ExportProfileFactory
from workcards.tests.factories import (
    MONTH,
    ApprovedDayFactory,
    ClosedMonthFactory,
    DayEntryFactory,
    WorkCardFactory,
)
from workforce.models import SiteSettings
from workforce.tests.factories import EmployeeFactory, SiteFactory

from .admin_clients import AdminClient

CANARY = "CANARY"


@pytest.fixture
def rows_of_acme(acme: Personas) -> dict[str, Any]:
    """Return a row of Acme for each model, with canaries in its texts."""
    with acme.scope():
        site = SiteFactory(steward=acme.business)
        employee = EmployeeFactory(
            site=site, full_name=f"{CANARY} John", passport_id=f"{CANARY}1"
        )
        card = WorkCardFactory(
            uploaded=True, site=site, employee=employee, notes=f"{CANARY} notes"
        )
        DayEntryFactory(work_card=card, comment=CANARY)
        approved = WorkCardFactory(approved=True, site=site, employee=employee)
        # The audit trail refers to rows of every kind.
        made = {"uploaded_by_id": acme.admin.pk, "employee_id": employee.pk}
        record("card_created", entity=card, site_id=site.pk, after=made)
        User.objects.filter(pk=acme.viewer.pk).update(full_name=f"{CANARY} Viewer")
        return {
            "businesses.business": acme.business,
            "accounts.user": acme.viewer,
            "workforce.employee": employee,
            "workforce.sitesettings": SiteSettings.objects.create(
                site=site, contact_phone=CANARY
            ),
            "workcards.workcard": card,
            "workcards.approvedday": ApprovedDayFactory(
                work_card=approved, employee=employee, site=site, work_date=MONTH
            ),
            "workcards.closedmonth": ClosedMonthFactory(
                month=date(2020, 1, 1), note=CANARY
            ),
            "exports.exportrun": ExportRun.objects.create(
                kind="days_csv",
                # The page of a pending run reloads every few seconds.
                status=ExportRun.Status.FAILED,
                processing_month=MONTH,
                generated_file_name=f"{CANARY}.csv",
            ),
            "exports.exportprofile": ExportProfileFactory(name=f"{CANARY} profile"),
            "audit.auditevent": record("employee_updated", entity=employee),
        }


@pytest.fixture
def rows_of_globex(globex: Personas) -> dict[str, Any]:
    with globex.scope():
        site = SiteFactory(steward=globex.business)
        card = WorkCardFactory(unassigned=True, site=site)
    return {"site": site, "card": card}


def name_of(model: str) -> str:
    return f"admin:{model.replace('.', '_')}"


def status_and_body(response: Any, *ids: Any) -> tuple[int, str]:
    """Return status and body, without the parts that differ in every response.

    These are the requested ids and the CSRF token.
    """
    page = response.content.decode()
    page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)
    for row_id in ids:
        page = page.replace(str(row_id), "<id>")
    return response.status_code, page


def warm(client: AdminClient) -> AdminClient:
    """Start the counter of unknown ids.

    The first such request of a minute costs more queries than the next.
    """
    client.get(reverse("admin:workforce_employee_change", args=[uuid.uuid4()]))
    return client


def refer(client: AdminClient, case: str, own: dict[str, Any], target: Any) -> Any:
    """Send a form that is valid except for one reference, which is `target`."""
    site, card = own["site"], own["card"]
    match case:
        case "assign":
            url = reverse("admin:workcards_workcard_assign", args=[card.pk])
            return client.send(url, {"employee": target, "version": card.version})
        case "manual card":
            url = reverse("admin:workcards_workcard_add")
            month = {"processing_month": "2026-06"}
            return client.send(url, {"site": site.pk, "employee": target, **month})
        case "settings":
            url = reverse("admin:workforce_sitesettings_add")
            return client.send(url, {"site": site.pk, "responsible_employee": target})
        case _:
            url = reverse("admin:workcards_workcard_upload")
            return client.send(url, {"site": site.pk, "employee": target})
