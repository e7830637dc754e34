"""Tests of the Idempotency-Key header: a repeated create request creates one row."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import idempotency
from accounts.models import IdempotencyKey, User
from accounts.roles import Role
from accounts.tests.api_clients import client_of
from accounts.tests.factories import IdempotencyKeyFactory, UserFactory
from accounts.tests.personas import Personas
from automatehq.api.errors import Conflict
from businesses.tenancy.context import business_scope
from exports.models import ExportRun
from workcards.models import WorkCard
from workcards.tests.factories import picture
from workcards.tests.test_concurrency_cards import at_once
from workforce.models import Employee
from workforce.tests.factories import EmployeeFactory, SiteFactory

MONTH = "2026-03"
Send = Callable[[APIClient, Any], Any]


@pytest.fixture
def client(acme: Personas) -> APIClient:
    return client_of(acme.admin)


@pytest.fixture
def site(acme: Personas) -> Any:
    with acme.scope():
        return SiteFactory()


def post(client: APIClient, path: str, body: Any, key: str | None = "k-1") -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(f"/api/{path}", body, headers=headers)


def send_employee(client: APIClient, site: Any, **fields: Any) -> Any:
    body = {"full_name": "Dana Levi", "site_id": str(site.pk), **fields}
    return post(client, "employees", body)


def send_card(client: APIClient, site: Any) -> Any:
    employee = client.get("/api/employees").json()["results"][0]
    body = {
        "site_id": str(site.pk),
        "processing_month": MONTH,
        "employee_id": employee["id"],
    }
    return post(client, "work_cards", body)


def send_upload(client: APIClient, site: Any, shade: int = 255) -> Any:
    # Each call encodes the form again, with another boundary.
    file = SimpleUploadedFile("card.png", picture(shade), "image/png")
    return client.post(
        "/api/work_cards/upload",
        {"site_id": str(site.pk), "month": MONTH, "files": [file]},
        format="multipart",
        headers={"Idempotency-Key": "k-1"},
    )


def send_run(client: APIClient, site: Any) -> Any:
    body = {"kind": "days_csv", "processing_month": MONTH, "site_id": str(site.pk)}
    return post(client, "export_runs", body)


ENDPOINTS: dict[str, tuple[Send, Any]] = {
    "employees": (send_employee, Employee),
    "work_cards": (send_card, WorkCard),
    "upload": (send_upload, WorkCard),
    "export_runs": (send_run, ExportRun),
}


@pytest.fixture(params=ENDPOINTS)
def endpoint(request: Any, acme: Personas, site: Any) -> tuple[Send, Any]:
    """Return a function that sends a create request, and the created model.

    The request has the key `k-1`.
    """
    send, model = ENDPOINTS[request.param]
    if send is send_card:
        with acme.scope():
            EmployeeFactory(site=site)
    return send, model


def code_of(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["errors"][0]["code"]


def test_a_repeated_request_gets_the_same_response_and_creates_nothing(
    client: APIClient, acme: Personas, site: Any, endpoint: tuple[Send, Any]
) -> None:
    send, model = endpoint
    first = send(client, site)
    assert first.status_code in (201, 202), first.content
    assert "Idempotent-Replayed" not in first.headers
    again = send(client, site)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    with acme.scope():
        assert model.objects.count() == 1


def test_without_the_header_two_requests_create_two_rows(
    client: APIClient, acme: Personas
) -> None:
    for _ in range(2):
        post(client, "employees", {"full_name": "Dana Levi"}, key=None)
    with acme.scope():
        assert Employee.objects.count() == 2
        assert not IdempotencyKey.objects.exists()


def test_another_body_with_the_same_key_is_422_and_creates_nothing(
    client: APIClient, acme: Personas, site: Any
) -> None:
    send_employee(client, site)
    response = send_employee(client, site, full_name="Noa Levi")
    assert code_of(response) == (422, "idempotency_key_reused")
    assert response.json()["errors"][0]["attr"] == "Idempotency-Key"
    with acme.scope():
        assert Employee.objects.count() == 1


def test_another_file_with_the_same_key_is_422(client: APIClient, site: Any) -> None:
    send_upload(client, site)
    assert code_of(send_upload(client, site, shade=0)) == (
        422,
        "idempotency_key_reused",
    )


def test_another_endpoint_with_the_same_key_is_422(
    client: APIClient, site: Any
) -> None:
    send_employee(client, site)
    assert code_of(send_run(client, site)) == (422, "idempotency_key_reused")


def test_the_order_of_members_in_a_body_does_not_matter(client: APIClient) -> None:
    body = {"full_name": "Dana Levi", "external_employee_id": "7"}
    first = post(client, "employees", body)
    again = post(client, "employees", dict(reversed(body.items())))
    assert again.content == first.content


def test_a_refused_request_leaves_no_key(client: APIClient, acme: Personas) -> None:
    response = post(client, "employees", {"full_name": ""})
    assert response.status_code == 400
    with acme.scope():
        assert not IdempotencyKey.objects.exists()
    assert post(client, "employees", {"full_name": "Dana Levi"}).status_code == 201


@pytest.mark.parametrize("key", ["", "k" * 256, "מפתח", "a\tb"])
def test_a_malformed_key_is_400_and_named(client: APIClient, key: str) -> None:
    response = post(client, "employees", {"full_name": "Dana Levi"}, key)
    assert code_of(response) == (400, "invalid")
    assert response.json()["errors"][0]["attr"] == "Idempotency-Key"


def test_another_user_and_another_business_have_keys_of_their_own(
    acme: Personas, globex: Personas
) -> None:
    answers = [
        post(client_of(user), "employees", {"full_name": "Dana Levi"})
        for user in (acme.admin, acme.reviewer, globex.admin)
    ]
    assert [answer.status_code for answer in answers] == [201] * 3
    assert all("Idempotent-Replayed" not in answer.headers for answer in answers)


def test_who_lost_the_right_gets_no_stored_response(acme: Personas, site: Any) -> None:
    with acme.scope():
        user = UserFactory(role=Role.REVIEWER)
    client = client_of(user)
    assert send_employee(client, site).status_code == 201
    with acme.scope():
        User.objects.filter(pk=user.pk).update(role=Role.VIEWER)
    assert send_employee(client, site).status_code == 403


def test_a_super_admin_who_acts_for_two_businesses_has_keys_in_each(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    for business in (acme, globex):
        client = client_of(super_admin, acting_for=business.business)
        created = post(client, "employees", {"full_name": "Dana Levi"})
        assert created.status_code == 201, created.content
        with business.scope():
            assert Employee.objects.count() == 1


def test_a_key_is_forgotten_after_24_hours(
    client: APIClient, acme: Personas, site: Any
) -> None:
    send_employee(client, site)
    with acme.scope():
        IdempotencyKey.objects.update(
            created_at=timezone.now() - idempotency.LIFETIME - timedelta(seconds=1)
        )
    assert send_employee(client, site, full_name="Noa Levi").status_code == 201
    with acme.scope():
        assert IdempotencyKey.objects.count() == 1


def test_the_command_deletes_expired_keys_of_all_businesses(
    acme: Personas, globex: Personas, capsys: pytest.CaptureFixture[str]
) -> None:
    for business in (acme, globex):
        with business.scope():
            IdempotencyKeyFactory.create_batch(2)
            old = IdempotencyKey.objects.first()
            IdempotencyKey.objects.filter(pk=old.pk).update(
                created_at=timezone.now() - idempotency.LIFETIME
            )
    call_command("prune_idempotency_keys")
    assert "2 expired" in capsys.readouterr().out
    for business in (acme, globex):
        with business.scope():
            assert IdempotencyKey.objects.count() == 1


# Simultaneous requests


@pytest.mark.django_db(transaction=True)
def test_of_six_at_once_one_creates_and_the_others_replay_or_are_409(
    acme: Personas, site: Any
) -> None:
    clients = [client_of(acme.admin) for _ in range(6)]
    answers = at_once(
        *(lambda client=client: send_employee(client, site) for client in clients)
    )
    created = [one for one in answers if one.status_code == 201]
    assert created
    assert len({one.content for one in created}) == 1
    assert sum("Idempotent-Replayed" not in one.headers for one in created) == 1
    assert {code_of(one) for one in answers if one not in created} <= {
        (409, "request_in_progress")
    }
    with acme.scope():
        assert Employee.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_request_that_waits_too_long_is_409(
    acme: Personas, site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "WAIT_SECONDS", 0.2)
    client = client_of(acme.admin)

    def send_beside() -> Any:
        return at_once(lambda: send_employee(client, site))[0]

    with acme.scope():  # holds the lock like a request in progress
        idempotency._lock(acme.admin, "k-1")
        assert code_of(send_beside()) == (409, "request_in_progress")
    assert send_beside().status_code == 201


@pytest.mark.django_db(transaction=True)
def test_one_business_cannot_occupy_every_thread_with_requests_that_wait(
    acme: Personas, globex: Personas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "WAIT_SECONDS", 2.0)

    def seconds_of(user: Any) -> float:
        began = time.monotonic()
        with pytest.raises(Conflict), business_scope(user.business_id):
            idempotency._lock(user, "k-1")
        return time.monotonic() - began

    users = [acme.admin, acme.reviewer, acme.uploader, globex.admin]
    with acme.scope():
        for user in users:
            idempotency._lock(user, "k-1")
        waits = at_once(
            *(lambda user=user: seconds_of(user) for user in users[:3] * 2),
            lambda: seconds_of(globex.admin),
        )
    assert sum(wait >= 2 for wait in waits[:-1]) == idempotency.MAX_WAITING
    assert waits[-1] >= 2
