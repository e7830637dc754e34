"""The three locks at the doors of the API: whatever id of Acme's the people of Globex send, it is nobody's.

Each case is played with all locks shut, then with one of the first two open: neither needs the other. With both open,
composite keys alone refuse what would tie rows of two businesses together.
"""

import re
import uuid

import pytest

from accounts.tests.clients import client_of
from audit.models import AuditEvent
from automatehq.tests.asking import queries
from automatehq.urls import API
from businesses.tenancy.context import platform_scope
from businesses.tests.locks import only, opened
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

pytestmark = pytest.mark.django_db

CANARY = "CANARY"
# What a GET needs to be told besides, to give what its owner may see.
ASKED = {"work-card-suggestions": {"q": CANARY}}
# Which locks are open while a case is played.
OPEN = [(), ("manager",), ("row_security",)]
# The only row that businesses share; what each keeps to itself about it is another route.
SHARED = {"site", "site-activate", "site-deactivate", "site-settings", "site-matrix"}
# What a question has to say to be answered.
MONTH_OF = {"month": f"{MONTH:%Y-%m}"}
QUERIES = {
    "missing": MONTH_OF,
    "matrix": {**MONTH_OF, "approved_only": "false"},
    "employees-export": {"type": "csv"},
}


def routes(*, of_a_row):
    """(route, method) of every route of the API that is about a business's rows."""
    return [
        pytest.param(route, method, id=f"{method.upper()} {route.path}")
        for group, table in API.items()
        for route in table
        for method in (route.actions or {})
        if ("<id:" in route.path) is of_a_row
        if route.name not in SHARED and not route.path.startswith(("auth", "schema"))
    ]


@pytest.fixture
def site(acme):
    with acme.scope():
        return SiteFactory(steward=acme.business)


@pytest.fixture
def ids(acme, site):
    """A row of Acme for each kind of id in a path, full of canaries."""
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


def send(client, method, path, pk, body=None):
    url = "/api/" + path.replace("<id:pk>", str(pk))
    return getattr(client, method)(url, *([body or {}] if method != "get" else []))


def told(response, pk):
    """The answer without the id that was asked for, which an answer may repeat."""
    content = getattr(response, "content", b"").decode("utf-8", "replace")
    return response.status_code, re.sub(str(pk), "<id>", content)


@pytest.mark.parametrize("locks", OPEN, ids=lambda locks: "-".join(locks) or "shut")
@pytest.mark.parametrize(("route", "method"), routes(of_a_row=True))
def test_a_foreign_id_in_the_path_is_one_that_never_existed(
    globex, ids, locks, route, method
):
    thief, missing = client_of(globex.admin), uuid.uuid4()
    foreign = ids[route.path.split("/")[0]]
    answers = {}
    with opened(*locks):
        for pk in (foreign, missing):
            cost = queries(
                lambda pk=pk: answers.update({pk: send(thief, method, route.path, pk)})
            )
            answers[pk] = (*told(answers[pk], pk), cost)
    assert answers[foreign] == answers[missing]
    assert answers[foreign][0] in (400, 403, 404)
    assert CANARY not in answers[foreign][1], "leaked"


@pytest.mark.parametrize(
    ("route", "method"),
    [case for case in routes(of_a_row=True) if case.values[1] == "get"],
)
def test_the_owner_gets_what_the_thief_does_not(acme, ids, route, method):
    """The control: the cases above fail for the thief alone."""
    owner = client_of(acme.admin)
    asked = ASKED.get(route.name, {})
    url = "/api/" + route.path.replace("<id:pk>", str(ids[route.path.split("/")[0]]))
    response = owner.get(url, asked)
    if route.name in ("export-run-file", "export-run-changes"):
        assert response.status_code == 409  # queued, not missing
    else:
        assert response.status_code == 200


@pytest.mark.parametrize("locks", OPEN, ids=lambda locks: "-".join(locks) or "shut")
@pytest.mark.parametrize(
    ("route", "method"),
    [case for case in routes(of_a_row=False) if case.values[1] == "get"],
)
def test_no_list_shows_another_businesss_rows(globex, ids, locks, route, method):
    with opened(*locks):
        response = client_of(globex.admin).get(
            f"/api/{route.path}", QUERIES.get(route.name)
        )
    assert response.status_code == 200
    assert CANARY not in response.content.decode(), "leaked"
    assert not any(str(pk) in response.content.decode() for pk in ids.values())


@pytest.mark.parametrize("locks", OPEN, ids=lambda locks: "-".join(locks) or "shut")
def test_the_matrix_of_a_shared_site_shows_ones_own_rows(
    acme, globex, site, ids, locks
):
    with globex.scope():
        own = WorkCardFactory(site=site, employee__site=site).employee
    asked = f"/api/sites/{site.pk}/matrix", QUERIES["matrix"]
    with opened(*locks):
        body = client_of(globex.admin).get(*asked).content.decode()
    assert str(own.pk) in body
    assert CANARY not in body, "leaked"
    assert not any(str(pk) in body for pk in ids.values()), "leaked"
    theirs = client_of(acme.admin).get(*asked).content.decode()
    assert str(ids["employees"]) in theirs
    assert str(own.pk) not in theirs, "leaked"


@pytest.mark.parametrize(
    "path", ["employees", "work_cards", "export_runs", "export_profiles", "users"]
)
def test_the_owners_list_shows_them(acme, ids, path):
    body = client_of(acme.admin).get(f"/api/{path}").content.decode()
    assert CANARY in body
    assert str(ids[path]) in body


@pytest.mark.parametrize("locks", OPEN, ids=lambda locks: "-".join(locks) or "shut")
@pytest.mark.parametrize(
    ("path", "parameter", "kind"),
    [
        ("work_cards", "employee_id", "employees"),
        ("audit_events", "employee_id", "employees"),
        ("audit_events", "work_card_id", "work_cards"),
        ("audit_events", "entity_id", "work_cards"),
        ("audit_events", "actor_id", "users"),
        ("export_runs", "exported_by", "users"),
    ],
)
def test_a_foreign_id_in_a_filter_finds_what_a_missing_one_does(
    globex, ids, locks, path, parameter, kind
):
    thief = client_of(globex.admin)
    answers = []
    with opened(*locks):
        for pk in (ids[kind], uuid.uuid4()):
            response = thief.get(f"/api/{path}", {parameter: str(pk)})
            answers.append(told(response, pk))
    assert answers[0] == answers[1]
    assert answers[0][0] == 200


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


# A reference to Acme's row in a body of Globex's: (path of Globex's own row, method, body).
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
    """Globex's admin sends a reference to `target`, in an otherwise good request about a site of Globex alone."""
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
    """The control: the requests above are refused for the id alone."""
    with globex.scope():
        own = EmployeeFactory()
    response, _ = refer(globex, case, own.pk)
    assert response.status_code in (200, 201), response.content
