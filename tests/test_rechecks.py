"""A user who loses access during a request commits nothing.

Each request stops at its end, after all its writes, while another connection removes the access and commits.
"""

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.urls import reverse
from django.utils import timezone

from accounts.account_status import locked_standing, still_has_permission
from accounts.credentials import password_matches
from accounts.models import User
from accounts.services import (
    deactivate_user,
    update_user,
)
from accounts.tests.api_clients import client_of
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.tests.personas import Personas
from audit.models import AuditEvent
from businesses.models import PLATFORM_ID, Business
from businesses.services import deactivate_business
from businesses.tenancy.context import business_scope, platform_scope
from businesses.tests.waiting import wait_until_blocked
from exports.models import ExportRun
from tests.admin_clients import admin_client_for
from tests.api_helpers import problem, queries
from workcards.models import ApprovedDay, WorkCard, WorkCardFile
from workcards.tests.factories import picture
from workcards.tests.review_helpers import card_with
from workforce.models import Employee
from workforce.tests.employee_import.import_files import (
    HEADER,
    apply,
    as_csv,
    preview,
)
from workforce.tests.factories import EmployeeFactory, SiteFactory

pytestmark = pytest.mark.django_db(transaction=True)

GOOD = "four other random words"


class AtTheEnd:
    """A middleware that runs `act` in another thread after the view, and waits for it."""

    act: Callable[[], Any] | None = None

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> Any:
        response = self.get_response(request)
        if AtTheEnd.act is not None and response.status_code < 400:
            act, AtTheEnd.act = AtTheEnd.act, None
            in_another_thread(act).join(timeout=30)
        return response


@pytest.fixture(autouse=True)
def _middleware(settings: Any) -> Iterator[None]:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.AtTheEnd"]
    yield
    assert AtTheEnd.act is None, "the request did not come to its end"


def in_another_thread(act: Callable[[], Any]) -> threading.Thread:
    def run() -> None:
        try:
            act()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


# Ways to lose access.


def deactivated(user: User) -> None:
    with business_scope(user.business_id):
        deactivate_user(user_id=user.pk, actor=None)


def demoted(user: User) -> None:
    with business_scope(user.business_id):
        update_user(user_id=user.pk, values={"role": "VIEWER"}, actor=None)


def demoted_by_sql(user: User) -> None:
    with business_scope(user.business_id):
        User.objects.filter(pk=user.pk).update(role="VIEWER")


def password_reset(user: User) -> None:
    with business_scope(user.business_id):
        update_user(user_id=user.pk, values={"password": GOOD}, actor=None)


def business_deactivated(user: User) -> None:
    deactivate_business(business_id=user.business_id, actor=None)


LOSSES = {
    deactivated: "user_inactive",
    demoted: "token_not_valid",
    demoted_by_sql: "token_not_valid",
    password_reset: "token_not_valid",
    business_deactivated: "business_inactive",
}


# Actions that take long.


@pytest.fixture
def furnished(acme: Personas) -> Personas:
    with acme.scope():
        SiteFactory(site_name="Harbour")
        for _ in range(3):
            card_with(acme, EmployeeFactory(), {1: "8"})
    return acme


def import_employees(acme: Personas) -> Any:
    client = client_of(acme.reviewer)
    data = as_csv(HEADER, ("AB1234567", "0099", "Noa Sample", "Harbour"))
    hash_ = preview(client, data).json()["hash"]
    return lambda: apply(client, data, hash_)


def approve_many(acme: Personas) -> Any:
    client = client_of(acme.reviewer)
    with acme.scope():
        cards = [
            {"id": str(card.pk), "version": card.version}
            for card in WorkCard.objects.all()
        ]
    return lambda: client.post("/api/work_cards/bulk-approve", {"cards": cards})


def approve_many_in_the_admin(acme: Personas) -> Any:
    browser = admin_client_for(acme.reviewer)
    page = reverse("admin:workcards_workcard_changelist")
    with acme.scope():
        cards = list(WorkCard.objects.all())
    chosen = {
        "action": "approve_selected",
        "_selected_action": [str(card.pk) for card in cards],
        **{f"version_{card.pk}": card.version for card in cards},
    }
    return lambda: browser.send(page, chosen)


def upload_many(acme: Personas) -> Any:
    client = client_of(acme.reviewer)
    with acme.scope():
        site_id = str(SiteFactory().pk)

    def upload() -> Any:
        files = [
            SimpleUploadedFile(f"{n}.png", picture(number=70 + n)) for n in range(3)
        ]
        body = {"files": files, "site_id": site_id}
        return client.post("/api/work_cards/upload", body, format="multipart")

    return upload


def request_export(acme: Personas) -> Any:
    client = client_of(acme.reviewer)
    body = {"kind": "days_csv", "processing_month": "2026-06"}
    return lambda: client.post("/api/export_runs", body)


ACTS = [
    import_employees,
    approve_many,
    approve_many_in_the_admin,
    upload_many,
    request_export,
]


def written(acme: Personas) -> list[Any]:
    """Return all rows that the actions write."""
    with acme.scope():
        return [
            sorted(Employee.objects.values_list("full_name", flat=True)),
            sorted(WorkCard.objects.values_list("review_status", flat=True)),
            WorkCardFile.objects.count(),
            ApprovedDay.objects.count(),
            ExportRun.objects.count(),
            AuditEvent.objects.exclude(entity_type__in=["user", "business"]).count(),
        ]


def code_of(response: Any) -> tuple[int, str]:
    if "json" in response["Content-Type"]:
        return problem(response)[:2]
    return response.status_code, response.context["code"]


@pytest.mark.parametrize("act", ACTS)
def test_a_user_deactivated_meanwhile_commits_nothing(
    furnished: Personas, act: Any
) -> None:
    request = act(furnished)
    before = written(furnished)
    AtTheEnd.act = lambda: deactivated(furnished.reviewer)
    assert code_of(request()) == (401, "user_inactive")
    assert written(furnished) == before


@pytest.mark.parametrize("act", ACTS)
def test_without_a_loss_the_same_requests_commit(furnished: Personas, act: Any) -> None:
    request = act(furnished)
    before = written(furnished)
    AtTheEnd.act = lambda: deactivated(furnished.viewer)
    assert request().status_code < 300
    assert written(furnished) != before


@pytest.mark.parametrize("loss", LOSSES)
def test_each_loss_of_access_is_noticed(furnished: Personas, loss: Any) -> None:
    request = import_employees(furnished)
    before = written(furnished)
    AtTheEnd.act = lambda: loss(furnished.reviewer)
    assert code_of(request()) == (401, LOSSES[loss])
    assert written(furnished) == before


@pytest.mark.parametrize("act", [approve_many, approve_many_in_the_admin])
def test_a_super_admin_whose_acting_ended_meanwhile_commits_nothing(
    furnished: Personas, super_admin: User, act: Any, monkeypatch: Any
) -> None:
    def as_super_admin(make: Any) -> Any:
        return lambda user: make(super_admin, acting_for=furnished.business)

    monkeypatch.setitem(globals(), "client_of", as_super_admin(client_of))
    monkeypatch.setitem(globals(), "admin_client_for", as_super_admin(admin_client_for))
    request = act(furnished)
    before = written(furnished)

    def end() -> None:
        with business_scope(PLATFORM_ID):
            User.objects.filter(pk=super_admin.pk).update(
                acting_expires_at=timezone.now() - timedelta(seconds=1)
            )

    AtTheEnd.act = end
    assert code_of(request()) == (401, "acting_expired")
    assert written(furnished) == before


def test_a_super_admin_whose_business_is_deactivated_meanwhile_commits_nothing(
    furnished: Personas, super_admin: User
) -> None:
    client = client_of(super_admin, acting_for=furnished.business)
    AtTheEnd.act = lambda: business_deactivated(furnished.reviewer)
    response = client.post("/api/sites", {"site_name": "Pier"})
    assert code_of(response) == (401, "business_inactive")


def test_a_super_admin_on_the_platform_deactivated_meanwhile_commits_nothing(
    super_admin: User,
) -> None:
    with business_scope(PLATFORM_ID):
        UserFactory(email="other@platform.example.com", role="SUPER_ADMIN")
    client = client_of(super_admin)
    AtTheEnd.act = lambda: deactivated(super_admin)
    body = {
        "business_name": "Newcomer",
        "admin": {
            "email": "new@newcomer.example.com",
            "full_name": "New",
            "password": GOOD,
        },
    }
    assert code_of(client.post("/api/businesses", body)) == (401, "user_inactive")
    with platform_scope("test"):
        assert not Business.objects.filter(business_name="Newcomer").exists()


def test_the_admin_does_not_show_a_message_of_what_was_rolled_back(
    furnished: Personas, super_admin: User
) -> None:
    browser = admin_client_for(super_admin, acting_for=furnished.business)
    with furnished.scope():
        site = SiteFactory(site_name="Pier")
    url = reverse("admin:workforce_site_change", args=[site.pk])

    def end() -> None:
        with business_scope(PLATFORM_ID):
            User.objects.filter(pk=super_admin.pk).update(
                acting_token=uuid.uuid4(),
            )

    AtTheEnd.act = end
    response = browser.send(url, {"site_name": "Quay", "address": "", "site_code": ""})
    assert code_of(response) == (401, "acting_expired")
    assert "_messages" not in browser.session
    with furnished.scope():
        site.refresh_from_db()
    assert site.site_name == "Pier"


# Two transactions that conflict.


def test_a_request_waits_for_a_deactivation_that_is_about_to_commit(
    furnished: Personas,
) -> None:
    request = import_employees(furnished)
    before = written(furnished)
    responses: list[Any] = []
    with furnished.scope():
        deactivate_user(user_id=furnished.reviewer.pk, actor=None)
        thread = in_another_thread(lambda: responses.append(request()))
        # The request read an active user at its authentication, and is blocked at its end.
        wait_until_blocked()
    thread.join(timeout=30)
    assert code_of(responses[0]) == (401, "user_inactive")
    assert written(furnished) == before


@pytest.mark.parametrize("loss", [deactivated, demoted, business_deactivated])
def test_a_deactivation_waits_for_a_request_that_is_about_to_commit(
    acme: Personas, loss: Any
) -> None:
    with acme.scope():
        assert locked_standing(acme.reviewer.pk)
        thread = in_another_thread(lambda: loss(acme.reviewer))
        wait_until_blocked()
        with business_scope(acme.id):
            assert User.objects.get(pk=acme.reviewer.pk).is_active
    thread.join(timeout=30)
    with acme.scope():
        assert not still_has_permission(acme.reviewer.pk, "exports.create")


def test_two_requests_of_one_user_do_not_wait_for_each_other(acme: Personas) -> None:
    with acme.scope():
        assert locked_standing(acme.reviewer.pk)
        client = client_of(acme.reviewer)
        thread = in_another_thread(lambda: client.post("/api/sites", {}))
        thread.join(timeout=30)
        assert not thread.is_alive()


def test_a_request_that_meets_a_deadlock_is_told_to_try_again(
    furnished: Personas,
) -> None:
    """Another transaction locks the business, and waits for a row of the request."""
    with furnished.scope():
        employee = Employee.objects.first()
    client = client_of(furnished.reviewer)

    def hold_business_and_wait() -> None:
        with furnished.scope():
            Business.objects.select_for_update(no_key=True).get(pk=furnished.id)
            Employee.objects.filter(pk=employee.pk).update(full_name="Other")

    threads: list[threading.Thread] = []

    def meet() -> None:
        threads.append(in_another_thread(hold_business_and_wait))
        wait_until_blocked(by_any=True)
        # PostgreSQL checks for a deadlock once, a second after a wait begins, so the second waiter fails.
        time.sleep(1.2)

    AtTheEnd.act = meet
    response = client.patch(f"/api/employees/{employee.pk}", {"full_name": "Noa"})
    threads[0].join(timeout=30)
    assert problem(response) == (409, "busy", None)
    with furnished.scope():
        assert Employee.objects.get(pk=employee.pk).full_name == "Other"


# Changes of a request to its own user do not end its access.


def test_changing_the_own_password_is_committed(acme: Personas) -> None:
    body = {"current_password": PASSWORD, "new_password": GOOD}
    client = client_of(acme.viewer)
    assert client.post("/api/auth/password", body).status_code == 204
    assert client.get("/api/auth/me").status_code == 401
    with acme.scope():
        assert password_matches(User.objects.get(pk=acme.viewer.pk).account_id, GOOD)


def test_ending_the_own_acting_is_committed(acme: Personas, super_admin: User) -> None:
    client = client_of(super_admin, acting_for=acme.business)
    assert client.delete("/api/auth/act-as").status_code == 204
    assert client.get("/api/auth/me").status_code == 401


def test_acting_for_one_hour_more_is_committed(
    acme: Personas, super_admin: User
) -> None:
    browser = admin_client_for(super_admin, acting_for=acme.business)
    body = {"business": str(acme.id), "reason": "Ticket 4711"}
    response = browser.send(reverse("admin:act_as"), body)
    assert (response.status_code, response["Location"]) == (302, reverse("admin:index"))
    assert browser.get(reverse("admin:index")).status_code == 200


# Queries.


def test_a_write_costs_one_query_more_and_a_read_none(
    acme: Personas, monkeypatch: Any
) -> None:
    client = client_of(acme.admin)
    names = iter(("Pier", "Quay"))

    def write() -> None:
        body = {"site_name": next(names)}
        assert client.post("/api/sites", body).status_code == 201

    checked = []
    with_check = queries(write)
    monkeypatch.setattr("accounts.rechecks.recheck", lambda *a: checked.append(a))
    assert queries(write) == with_check - 1
    assert len(checked) == 1
    client.get("/api/sites")
    client.post("/api/sites", {})
    assert len(checked) == 1
