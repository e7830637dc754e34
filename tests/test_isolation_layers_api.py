"""The three isolation layers of the API, in cases outside the `isolation/` crawl.

These are a site that two businesses use, the platform's part of the audit trail, and references that only composite
keys reject. The other cases run with all layers on, then with one of the first two off: each layer works without the
other.
"""

import uuid

import pytest

from accounts.tests.api_clients import client_of
from audit.models import AuditEvent
from businesses.tenancy.context import platform_scope
from businesses.tests.lock_assertions import only, opened
from exports.models import ExportRun
from exports.tests.factories import ExportProfileFactory
from workcards.models import WorkCard
from workcards.tests.factories import (
    MONTH,
    ApprovedDayFactory,
    DayEntryFactory,
    WorkCardFactory,
)
from workforce.models import SiteSettings
from workforce.tests.factories import EmployeeFactory, SiteFactory

pytestmark = [pytest.mark.django_db, pytest.mark.server]

CANARY = "CANARY"
# The layers that are off while a case runs.
OPEN = [(), ("manager",), ("row_security",)]
# The parameters that an endpoint requires.
MONTH_OF = {"month": f"{MONTH:%Y-%m}"}
QUERY = {**MONTH_OF, "approved_only": "false"}


@pytest.fixture
def site(acme):
    with acme.scope():
        return SiteFactory(steward=acme.business)


@pytest.fixture
def ids(acme, site):
    """Return a row of Acme for each kind of id in a path, with canaries in its texts."""
    with acme.scope():
        employee = EmployeeFactory(
            site=site, full_name=f"{CANARY} John", passport_id=f"{CANARY}1"
        )
        card = WorkCardFactory(
            uploaded=True, site=site, employee=employee, notes=f"{CANARY} notes"
        )
        DayEntryFactory(work_card=card, comment=CANARY)
        approved = WorkCardFactory(approved=True, site=site, employee=employee)
        day = ApprovedDayFactory(
            work_card=approved, employee=employee, site=site, work_date=MONTH
        )
        SiteSettings.objects.create(site=site, contact_phone=CANARY)
        run = ExportRun.objects.create(
            kind="days_csv",
            processing_month=MONTH,
            generated_file_name=f"{CANARY}.csv",
            exported_by=acme.admin,
        )
        profile = ExportProfileFactory(name=f"{CANARY} profile")
        acme.viewer.full_name = f"{CANARY} Viewer"
        acme.viewer.save()
    return {
        "employees": employee.pk,
        "work_cards": card.pk,
        "export_runs": run.pk,
        "export_profiles": profile.pk,
        "users": acme.viewer.pk,
        "businesses": acme.id,
        "approved_day": day.pk,
    }


@pytest.mark.parametrize("locks", OPEN, ids=lambda locks: "-".join(locks) or "shut")
def test_the_matrix_of_a_shared_site_shows_ones_own_rows(
    acme, globex, site, ids, locks
):
    with globex.scope():
        own = WorkCardFactory(site=site, employee__site=site).employee
    arguments = f"/api/sites/{site.pk}/matrix", QUERY
    with opened(*locks):
        body = client_of(globex.admin).get(*arguments).content.decode()
    assert str(own.pk) in body
    assert CANARY not in body, "leaked"
    assert not any(str(pk) in body for pk in ids.values()), "leaked"
    theirs = client_of(acme.admin).get(*arguments).content.decode()
    assert str(ids["employees"]) in theirs
    assert str(own.pk) not in theirs, "leaked"


@pytest.mark.parametrize("locks", OPEN, ids=lambda locks: "-".join(locks) or "shut")
def test_a_business_does_not_see_who_reached_for_its_rows(acme, super_admin, locks):
    with platform_scope("sample"):
        AuditEvent.append_for_platform(
            business_id=acme.id, event_type=CANARY, metadata={}
        )
    with opened(*locks):
        seen = client_of(acme.admin).get("/api/audit_events").content.decode()
    assert CANARY not in seen, "leaked"
    seen = client_of(super_admin).get("/api/audit_events").content.decode()
    assert CANARY in seen


# References to Acme's row in a body of Globex: (path of Globex's own row, method, body).
REFERENCES = {
    "assign": ("post", "work_cards/{card}/assign", {"employee_id": "employees"}),
    "manual card": ("post", "work_cards", {"employee_id": "employees"}),
    "settings": (
        "put",
        "sites/{site}/settings",
        {"responsible_employee_id": "employees"},
    ),
}


def refer(globex, case, target):
    """Send a reference to `target` as Globex's admin.

    The request is otherwise valid, and about a site of Globex alone.
    """
    method, path, fields = REFERENCES[case]
    with globex.scope():
        site = SiteFactory(steward=globex.business)
        card = WorkCardFactory(unassigned=True, site=site)
    body = dict.fromkeys(fields, str(target))
    if case == "manual card":
        body |= {"site_id": str(site.pk), "processing_month": "2026-06"}
    url = "/api/" + path.format(card=card.pk, site=site.pk)
    return getattr(client_of(globex.admin), method)(url, body), card


@pytest.mark.parametrize("locks", OPEN, ids=lambda locks: "-".join(locks) or "shut")
@pytest.mark.parametrize("case", REFERENCES)
def test_a_foreign_id_in_a_body_is_one_that_never_existed(globex, ids, case, locks):
    with opened(*locks):
        foreign, _ = refer(globex, case, ids["employees"])
        missing, _ = refer(globex, case, uuid.uuid4())
    assert foreign.status_code == 400
    assert foreign.content == missing.content
    assert CANARY not in foreign.content.decode(), "leaked"


@pytest.mark.parametrize("case", REFERENCES)
def test_composite_keys_alone_refuse_a_foreign_reference(globex, ids, case):
    with only("composite_keys"):
        response, card = refer(globex, case, ids["employees"])
        assert 400 <= response.status_code < 500, response.content
        assert not WorkCard._base_manager.filter(
            pk=card.pk, employee=ids["employees"]
        ).exists()
        assert not SiteSettings._base_manager.filter(
            responsible_employee=ids["employees"]
        ).exists()


@pytest.mark.parametrize("case", REFERENCES)
def test_an_own_reference_is_taken(globex, case):
    """Control: the requests above are rejected because of the id alone."""
    with globex.scope():
        own = EmployeeFactory()
    response, _ = refer(globex, case, own.pk)
    assert response.status_code in (200, 201), response.content
