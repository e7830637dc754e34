"""The permissions of each role in the admin, by model and action, as one table."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.urls import reverse

from accounts.credentials import read_account
from accounts.models import User
from accounts.tests.factories import UserFactory
from accounts.tests.personas import Personas
from audit.models import AuditEvent
from audit.services import record
from businesses.tenancy.context import business_scope
from businesses.tenancy.models import TenantModel
from exports.tests.factories import ExportProfileFactory, ExportRunFactory
from workcards.tests.factories import (
    ApprovedDayFactory,
    ClosedMonthFactory,
    DayEntryFactory,
)
from workforce.tests.factories import (
    EmployeeFactory,
    SiteFactory,
    SiteSettingsFactory,
)

from .admin_clients import AdminClient, admin_client_for

# `platform` is a super-admin; `acting` is a super-admin who acts for the business.
PEOPLE = ("admin", "reviewer", "uploader", "viewer", "acting", "platform")
ALL = set(PEOPLE)
ADMINS = {"admin", "acting"}
REVIEWERS = ADMINS | {"reviewer"}
UPLOADERS = REVIEWERS | {"uploader"}
PLATFORM = {"platform"}
NO_ROLE: set[str] = set()

# Model → action → roles. An action other than the first five is an object action.
MAY: dict[str, dict[str, set[str]]] = {
    "businesses.business": {
        "list": ALL,
        "view": ALL,
        "add": PLATFORM,
        "change": ADMINS | PLATFORM,
        "delete": NO_ROLE,
        "warnings": ADMINS | PLATFORM,
        "activate": PLATFORM,
        "deactivate": PLATFORM,
    },
    "accounts.user": {
        "list": ADMINS | PLATFORM,
        "view": ADMINS | PLATFORM,
        # On the platform: super-admins.
        "add": ADMINS | PLATFORM,
        "change": ADMINS,
        "delete": NO_ROLE,
        "activate": ADMINS,
        "deactivate": ADMINS,
        "release": ADMINS,
    },
    "workforce.site": {
        "list": ALL,
        "view": ALL,
        "add": ADMINS | PLATFORM,
        "change": ADMINS | PLATFORM,
        "delete": NO_ROLE,
        "activate": PLATFORM,
        "deactivate": PLATFORM,
    },
    "workforce.sitesettings": {
        "list": ALL,
        "view": ALL,
        "add": REVIEWERS,
        "change": REVIEWERS,
        "delete": NO_ROLE,
    },
    "workforce.employee": {
        "list": ALL,
        "view": ALL,
        "add": REVIEWERS,
        "change": REVIEWERS,
        "delete": NO_ROLE,
        "activate": REVIEWERS,
        "deactivate": REVIEWERS,
        "release": ADMINS,
    },
    "workcards.workcard": {
        "list": ALL,
        "view": ALL,
        "add": UPLOADERS,
        # The card's days.
        "change": REVIEWERS,
        # A card that another user has uploaded.
        "delete": ADMINS,
        "assign": UPLOADERS,
        "unassign": UPLOADERS,
        "edit": UPLOADERS,
        "approve": REVIEWERS,
        "reject": REVIEWERS,
        "reopen": REVIEWERS,
    },
    "workcards.approvedday": {
        "list": ALL,
        "view": ALL,
        "add": NO_ROLE,
        "change": NO_ROLE,
        "delete": NO_ROLE,
    },
    "workcards.closedmonth": {
        "list": ALL,
        "view": ALL,
        # Adding a row closes a month.
        "add": REVIEWERS,
        "change": NO_ROLE,
        "delete": NO_ROLE,
        "reopen": ADMINS,
    },
    "exports.exportrun": {
        "list": ALL - {"uploader"},
        "view": ALL - {"uploader"},
        "add": REVIEWERS,
        "change": NO_ROLE,
        "delete": NO_ROLE,
    },
    "exports.exportprofile": {
        "list": ALL - {"uploader"},
        "view": ALL - {"uploader"},
        "add": REVIEWERS,
        "change": REVIEWERS,
        "delete": REVIEWERS,
    },
    "audit.auditevent": {
        "list": ALL - {"uploader"},
        "view": ALL - {"uploader"},
        "add": NO_ROLE,
        "change": NO_ROLE,
        "delete": NO_ROLE,
    },
}
STOCK = ("list", "view", "add", "change", "delete")


def sample_of(model: str, business: Personas) -> Any:
    """Return a row of `model` in the business, in a state that allows every action."""
    make: dict[str, Callable[[], Any]] = {
        "businesses.business": lambda: business.business,
        "accounts.user": UserFactory,
        "workforce.site": SiteFactory,
        "workforce.sitesettings": SiteSettingsFactory,
        "workforce.employee": EmployeeFactory,
        "workcards.workcard": lambda: DayEntryFactory().work_card,
        "workcards.approvedday": ApprovedDayFactory,
        # A month other than the cards' month, so that the cards stay writable.
        "workcards.closedmonth": lambda: ClosedMonthFactory(month=date(2020, 1, 1)),
        "exports.exportrun": ExportRunFactory,
        "exports.exportprofile": ExportProfileFactory,
        "audit.auditevent": lambda: record(
            "employee_updated", entity=EmployeeFactory(), actor=business.admin
        ),
    }
    with business.scope():
        return make[model]()


def client_for(person: str, business: Personas, super_admin: User) -> AdminClient:
    if person == "platform":
        return admin_client_for(super_admin)
    if person == "acting":
        return admin_client_for(super_admin, acting_for=business.business)
    return admin_client_for(business.user(person))


def try_act(client: AdminClient, model: str, act: str, row: Any) -> int:
    """Return the status of action `act` on `row`.

    It is that of the page, or of the POST for an action that writes.
    """
    name = f"admin:{model.replace('.', '_')}"
    if act == "list":
        return client.get(reverse(f"{name}_changelist")).status_code
    if act == "view":
        return client.get(reverse(f"{name}_change", args=[row.pk])).status_code
    if act == "add":
        url = reverse(f"{name}_add")
        status = client.get(url).status_code
        assert client.send(url).status_code == status
        return status
    url = reverse(f"{name}_{act}", args=[row.pk])
    if act == "change":
        return client.send(url, {"days-TOTAL_FORMS": "x"}).status_code
    status = client.get(url).status_code
    sent = client.send(url, {"version": 1, "reason": "why"})
    assert (sent.status_code == 403) == (status == 403)
    return status


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("model", MAY)
def test_a_role_does_in_the_admin_what_the_table_says(
    acme: Personas, super_admin: User, person: str, model: str
) -> None:
    client = client_for(person, acme, super_admin)
    done = set()
    for act in MAY[model]:
        row = sample_of(model, acme)
        before = trail_length(acme)
        status = try_act(client, model, act, row)
        if status == 403:
            assert trail_length(acme) == before
        else:
            assert status in (200, 302, 400), act
            done.add(act)
    assert done == {act for act, people in MAY[model].items() if person in people}


def trail_length(business: Personas) -> int:
    with business.scope():
        return AuditEvent.objects.count()


def test_every_model_that_is_registered_has_its_rows_in_the_table() -> None:
    registered = {
        model._meta.label_lower: {
            *STOCK,
            *(action.name for action in model_admin.object_actions),
        }
        for model, model_admin in admin.site._registry.items()
    }
    assert registered == {model: set(acts) for model, acts in MAY.items()}


def test_every_tables_rows_are_in_the_admin() -> None:
    elsewhere = {
        "workcards.workcardfile": "on the card's page",
        "workcards.dayentry": "on the card's page",
        "accounts.idempotencykey": "of the API; deleted after 24 hours",
        "businesses.businesssettings": "on the page of the business",
        "accounts.signin": "of the API; ended by deactivating the user",
        "businesses.migrationoriginal": "for migrating back",
    }
    tenant_models = {
        model._meta.label_lower
        for model in apps.get_models()
        if issubclass(model, TenantModel)
    }
    assert tenant_models - elsewhere.keys() <= MAY.keys()


@pytest.mark.parametrize("person", PEOPLE)
def test_the_front_page_offers_what_the_person_may_see(
    acme: Personas, super_admin: User, person: str
) -> None:
    page = client_for(person, acme, super_admin).get("/admin/")
    offered = {
        f"{app['app_label']}.{model['object_name'].lower()}"
        for app in page.context["app_list"]
        for model in app["models"]
    }
    assert offered == {model for model, acts in MAY.items() if person in acts["list"]}


@pytest.mark.parametrize("person", PEOPLE)
def test_buttons_are_there_for_those_who_may_press_them(
    acme: Personas, super_admin: User, person: str
) -> None:
    card = sample_of("workcards.workcard", acme)
    url = reverse("admin:workcards_workcard_change", args=[card.pk])
    page = client_for(person, acme, super_admin).get(url)
    offered = {action["name"] for action in page.context["object_actions"]}
    # A card under review cannot be reopened.
    verbs = {*MAY["workcards.workcard"]} - {*STOCK, "reopen"}
    assert offered == {v for v in verbs if person in MAY["workcards.workcard"][v]}


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize(
    ("model", "may"),
    [
        ("workforce.employee", ALL - {"uploader"}),
        ("workcards.workcard", ALL - {"uploader"}),
        ("workforce.site", ALL - {"uploader", "reviewer"}),
        ("workforce.sitesettings", ALL - {"uploader", "reviewer"}),
        ("accounts.user", ADMINS | PLATFORM),
    ],
)
def test_history_is_for_those_who_may_see_the_trail(
    acme: Personas, super_admin: User, person: str, model: str, may: set[str]
) -> None:
    row = sample_of(model, acme)
    url = reverse(f"admin:{model.replace('.', '_')}_history", args=[row.pk])
    status = client_for(person, acme, super_admin).get(url).status_code
    assert status == (200 if person in may else 403)


def test_a_reviewer_sees_of_the_trail_what_concerns_cards_and_employees(
    acme: Personas,
) -> None:
    with acme.scope():
        of_employee = record("employee_updated", entity=EmployeeFactory())
        of_user = record("user_updated", entity=acme.viewer)
    client = admin_client_for(acme.reviewer)
    page = client.get(reverse("admin:audit_auditevent_changelist"))
    assert [event.pk for event in page.context["cl"].result_list] == [of_employee.pk]
    for event, status in ((of_employee, 200), (of_user, 404)):
        url = reverse("admin:audit_auditevent_change", args=[event.pk])
        assert client.get(url).status_code == status


def test_an_uploader_sees_no_tariff(acme: Personas) -> None:
    with acme.scope():
        row = SiteSettingsFactory(hourly_tariff="61.75")
    urls = [
        reverse("admin:workforce_sitesettings_changelist"),
        reverse("admin:workforce_sitesettings_change", args=[row.pk]),
    ]
    for person, is_shown in (("uploader", False), ("viewer", True)):
        for url in urls:
            page = admin_client_for(acme.user(person)).get(url).content.decode()
            assert ("61.75" in page) is is_shown


def test_nobody_sees_the_hash_of_a_password(acme: Personas, super_admin: User) -> None:
    with acme.scope():
        url = reverse("admin:accounts_user_change", args=[acme.viewer.pk])
    account = read_account(acme.viewer.account_id)
    assert account is not None
    stored = account.password
    for client in (admin_client_for(acme.admin), admin_client_for(super_admin)):
        page = client.get(url).content.decode()
        assert stored not in page
        assert stored.split("$")[0] + "$" not in page


@pytest.mark.parametrize("verb", ["activate", "deactivate"])
def test_an_action_is_offered_to_those_who_have_the_verbs_right(
    acme: Personas, super_admin: User, verb: str
) -> None:
    for person in PEOPLE:
        client = client_for(person, acme, super_admin)
        page = client.get(reverse("admin:workforce_employee_changelist"))
        form = page.context.get("action_form")
        offered = (
            [name for name, _label in form.fields["action"].choices] if form else []
        )
        assert (verb in offered) is (person in MAY["workforce.employee"][verb])
        assert "delete_selected" not in offered


def test_an_action_sent_without_the_right_does_nothing(acme: Personas) -> None:
    with acme.scope():
        employee = EmployeeFactory()
    client = admin_client_for(acme.viewer)
    client.send(
        reverse("admin:workforce_employee_changelist"),
        {"action": "deactivate", "_selected_action": [employee.pk], "index": 0},
    )
    with acme.scope():
        employee.refresh_from_db()
    assert employee.is_active


def test_a_super_admin_manages_super_admins_and_nobody_elses_users(
    acme: Personas, super_admin: User
) -> None:
    client = admin_client_for(super_admin)
    mine = reverse("admin:accounts_user_change", args=[super_admin.pk])
    theirs = reverse("admin:accounts_user_change", args=[acme.viewer.pk])
    values = {"full_name": "New Name", "email": "new@example.com", "language": ""}
    assert client.send(theirs, {**values, "role": "VIEWER"}).status_code == 403
    assert client.send(mine, {**values, "role": "SUPER_ADMIN"}).status_code == 302
    with business_scope(super_admin.business_id):
        super_admin.refresh_from_db()
    assert super_admin.full_name == "New Name"


def test_on_the_platform_a_new_user_is_a_super_admin(super_admin: User) -> None:
    client = admin_client_for(super_admin)
    url = reverse("admin:accounts_user_add")
    values = {
        "full_name": "Second",
        "email": "Second@example.com",
        "new_password": "four other random words",
    }
    assert client.send(url, {**values, "role": "ADMIN"}).status_code == 200
    assert client.send(url, {**values, "role": "SUPER_ADMIN"}).status_code == 302
    with business_scope(super_admin.business_id):
        assert User.objects.get(email="second@example.com").role == "SUPER_ADMIN"
