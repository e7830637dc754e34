"""Unique values that another row has, and the platform's events about them."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.tests.personas import Personas
from audit.tests.audit_helpers import queued, recorded, run_queued
from workcards.models import WorkCard
from workcards.tests.factories import WorkCardFactory
from workforce.models import Employee
from workforce.tests.factories import EmployeeFactory, SiteFactory

from .admin_clients import admin_client_for
from .admin_rows import CANARY, name_of, refer


def forms_with_taken_values(
    acme: Personas,
) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Return, by case, a model, a field, and a form with Acme's value of that field."""
    password = {"new_password": "four other random words"}
    person = {"full_name": "X", "role": "VIEWER", **password}
    return {
        "e-mail": (
            "accounts.user",
            "email",
            {**person, "email": str(acme.viewer.email).upper()},
        ),
        "phone": (
            "accounts.user",
            "phone_number",
            {**person, "email": "x@example.com", "phone_number": "050-123-4567"},
        ),
        "passport": (
            "workforce.employee",
            "passport_id",
            {"full_name": "X", "passport_id": "ab 123-456"},
        ),
        "site name": ("workforce.site", "site_name", {"site_name": "Harbour"}),
        "site code": (
            "workforce.site",
            "site_code",
            {"site_name": "Other", "site_code": "HB"},
        ),
    }


@pytest.fixture
def taken(acme: Personas) -> None:
    with acme.scope():
        SiteFactory(site_name="Harbour", site_code="HB")
        EmployeeFactory(passport_id="AB123456")
        User.objects.filter(pk=acme.viewer.pk).update(phone_number="+972501234567")


@pytest.mark.parametrize(
    "case", ["e-mail", "phone", "passport", "site name", "site code"]
)
@pytest.mark.parametrize("who", ["own", "foreign"])
def test_a_value_in_use_is_an_error_on_its_field_whoever_has_it(
    acme: Personas, globex: Personas, taken: None, case: str, who: str
) -> None:
    model, field, body = forms_with_taken_values(acme)[case]
    client = admin_client_for((acme if who == "own" else globex).admin)
    response = client.send(reverse(f"{name_of(model)}_add"), body)
    assert response.status_code == 400
    form = response.context["adminform"].form
    assert form.errors == {field: ["This value is already in use."]}
    assert CANARY not in response.content.decode()
    with globex.scope():
        assert not Employee.objects.exists()


def test_a_value_in_use_on_a_change_is_told_likewise(
    globex: Personas, taken: None
) -> None:
    with globex.scope():
        employee = EmployeeFactory(full_name="Own")
    url = reverse("admin:workforce_employee_change", args=[employee.pk])
    body = {"full_name": "Changed", "passport_id": "AB123456"}
    response = admin_client_for(globex.admin).send(url, body)
    assert response.status_code == 400
    assert 'value="Changed"' in response.content.decode()
    with globex.scope():
        employee.refresh_from_db()
    assert employee.full_name == "Own"


def test_a_business_and_its_first_administrator_are_told_likewise(
    acme: Personas, super_admin: User
) -> None:
    client, url = (
        admin_client_for(super_admin),
        reverse("admin:businesses_business_add"),
    )
    body = {
        "business_name": "New",
        "month_cutoff_day": 10,
        "expected_cards_per_month": 2,
        "time_zone": "Asia/Jerusalem",
        "language": "en",
        "admin_email": "new@example.com",
        "admin_full_name": "New Admin",
        "admin_password": "four other random words",
    }
    for taken, field in (
        ({"business_name": "Acme"}, "business_name"),
        ({"business_code": "acme"}, "business_code"),
        ({"admin_email": acme.admin.email}, "admin_email"),
    ):
        response = client.send(url, {**body, **taken})
        assert response.status_code == 400
        form = response.context["adminform"].form
        assert form.errors == {field: ["This value is already in use."]}
    weak = client.send(url, {**body, "admin_password": "password123"})
    assert weak.context["adminform"].form.errors.keys() == {"admin_password"}
    assert client.send(url, body).status_code == 302


# Events on the platform


def test_a_foreign_id_is_noted_for_the_platform_alone(
    acme: Personas,
    globex: Personas,
    rows_of_acme: dict[str, Any],
    rows_of_globex: dict[str, Any],
) -> None:
    client, employee = (
        admin_client_for(globex.admin),
        rows_of_acme["workforce.employee"],
    )
    url = reverse("admin:workforce_employee_change", args=[employee.pk])
    client.get(url)
    client.send(
        reverse("admin:workforce_employee_changelist"),
        {"action": "deactivate", "_selected_action": [employee.pk], "index": 0},
    )
    for case in ("assign", "manual card", "settings", "upload"):
        refer(client, case, rows_of_globex, employee.pk)
    assert [arguments["field"] for arguments in queued()] == [
        "id",
        "id",
        "employee_id",
        "employee_id",
        "responsible_employee_id",
        "employee_id",
    ]
    run_queued()
    events = recorded()
    assert {event.event_type for event in events} == {"cross_business_attempt"}
    assert {event.entity_id for event in events} == {employee.pk}
    assert {event.business_id for event in events} == {acme.id}
    trail = admin_client_for(acme.admin).get(
        reverse("admin:audit_auditevent_changelist")
    )
    assert "cross_business_attempt" not in trail.content.decode()


def test_the_platform_sees_attempts_and_can_filter_by_them(
    acme: Personas, globex: Personas, rows_of_acme: dict[str, Any], super_admin: User
) -> None:
    employee = rows_of_acme["workforce.employee"]
    url = reverse("admin:workforce_employee_change", args=[employee.pk])
    admin_client_for(globex.admin).get(url)
    run_queued()
    listed = reverse("admin:audit_auditevent_changelist")
    page = admin_client_for(super_admin).get(listed, {"platform_only__exact": 1})
    (event,) = page.context["cl"].result_list
    assert (event.event_type, event.business) == (
        "cross_business_attempt",
        acme.business,
    )


def test_a_value_in_use_is_noted_as_it_would_have_been_stored(
    acme: Personas, globex: Personas, taken: None
) -> None:
    client = admin_client_for(globex.admin)
    for model, _field, body in forms_with_taken_values(acme).values():
        client.send(reverse(f"{name_of(model)}_add"), body)
    assert [arguments["value"] for arguments in queued()] == [
        acme.viewer.email,
        "+972501234567",
        "AB123456",
        "Harbour",
        "HB",
    ]
    run_queued()
    conflicts = {event.entity_type for event in recorded()}
    # Sites are shared, so a duplicate name of a site is no cross-business access.
    assert conflicts == {"user", "employee"}


def test_own_work_enqueues_nothing(acme: Personas) -> None:
    client = admin_client_for(acme.admin)
    with acme.scope():
        card = WorkCardFactory()
    client.get(reverse("admin:workcards_workcard_change", args=[card.pk]))
    client.send(reverse("admin:workforce_employee_add"), {"full_name": "New"})
    assert queued() == []
    with acme.scope():
        assert WorkCard.objects.count() == 1


def test_a_value_that_is_no_id_is_an_error_of_its_field(acme: Personas) -> None:
    with acme.scope():
        card = WorkCardFactory()
    client = admin_client_for(acme.admin)
    add = reverse("admin:workcards_workcard_add")
    assign = reverse("admin:workcards_workcard_assign", args=[card.pk])
    upload = reverse("admin:workcards_workcard_upload")

    assert client.get(f"{add}?employee=none").status_code == 200
    for address in (add, assign, upload):
        page = client.send(address, {"employee": "none", "version": card.version})
        assert "is not a valid UUID." in page.content.decode()
