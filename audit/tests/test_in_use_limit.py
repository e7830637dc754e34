"""Tests of values in use: equal responses, a limit per hour, platform events."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from django.db import connection

from accounts.tests.api_clients import client_of
from accounts.tests.factories import UserFactory
from accounts.tests.personas import Personas
from audit.cross_business import IN_USE_AN_HOUR
from businesses.tests.waiting import wait_until_blocked
from tests.admin_clients import admin_client_for
from tests.api_helpers import events, problem
from workforce.models import Employee
from workforce.tests.employee_import.import_files import HEADER, as_csv, preview
from workforce.tests.factories import EmployeeFactory

from .audit_helpers import queued, recorded, run_queued, run_worker, trace

pytestmark = pytest.mark.django_db

EMPLOYEES = "/api/employees"


@pytest.fixture
def jane(globex: Personas) -> Employee:
    """Create an employee of the other business."""
    with globex.scope():
        return EmployeeFactory(full_name="Jane Example", passport_id="AB123456")


def test_a_passport_of_another_business_is_a_conflict_that_the_platform_sees(
    transactional_db: None, acme: Personas, globex: Personas, jane: Employee
) -> None:
    client = client_of(acme.admin)
    with acme.scope():
        EmployeeFactory(passport_id="OWN12345", external_employee_id="1")
    with globex.scope():
        EmployeeFactory(external_employee_id="1")
    for values in (
        {"passport_id": "ab-123 456"},
        {"passport_id": "own12345"},
        {"external_employee_id": "1"},
    ):
        answer = client.post(EMPLOYEES, {"full_name": "X", **values})
        assert problem(answer)[:2] == (400, "already_in_use")
    assert [arguments["value"] for arguments in queued()] == [
        "AB123456",
        "OWN12345",
        "1",
    ]
    run_worker()
    (event,) = recorded()
    assert event.event_type == "cross_business_conflict"
    assert (event.business_id, event.entity_id) == (globex.id, jane.pk)
    assert event.metadata["field"] == "passport_id"
    assert events(acme.id) == events(globex.id) == []


def test_a_passport_that_another_request_writes_at_once_is_refused_and_noted(
    transactional_db: None, acme: Personas, globex: Personas
) -> None:
    client = client_of(acme.admin)

    def post() -> Any:
        try:
            return client.post(EMPLOYEES, {"full_name": "X", "passport_id": "AB123456"})
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        with globex.scope():
            # Uncommitted: the check does not see the row, the unique index does.
            EmployeeFactory(passport_id="AB123456")
            answer = threads.submit(post)
            wait_until_blocked()
        assert problem(answer.result()) == (400, "already_in_use", "passport_id")
    assert [noted["value"] for noted in queued()] == ["AB123456"]


def test_an_e_mail_of_another_business_is_a_conflict_too(
    acme: Personas, globex: Personas
) -> None:
    """The event contains the value as it would be stored."""
    answer = client_of(acme.admin).post(
        "/api/users",
        {
            "email": globex.viewer.email.upper(),
            "full_name": "X",
            "role": "VIEWER",
            "password": "correct horse battery",
        },
    )
    assert problem(answer) == (400, "already_in_use", "email")
    run_queued()
    (event,) = recorded()
    assert event.event_type == "cross_business_conflict"
    assert (event.entity_type, event.entity_id) == ("user", globex.viewer.pk)


def test_a_value_in_use_costs_the_same_whoever_has_it(
    acme: Personas, jane: Employee
) -> None:
    with acme.scope():
        own = EmployeeFactory(passport_id="OWN12345")
    client = client_of(acme.admin)
    client.post(EMPLOYEES, {"full_name": "X", "passport_id": own.passport_id})
    foreign, mine = (
        (
            trace(
                lambda value=value: client.post(
                    EMPLOYEES, {"full_name": "X", "passport_id": value}
                )
            ),
            trace(lambda: client.get("/api/audit_events")),
        )
        for value in (jane.passport_id, own.passport_id)
    )
    assert foreign == mine
    assert foreign[0].status == 400


@pytest.mark.parametrize("channel", ["API", "import", "admin form"])
def test_fresh_users_of_a_business_share_its_limit(
    acme: Personas, globex: Personas, jane: Employee, settings: Any, channel: str
) -> None:
    settings.IN_USE_A_BUSINESS_AN_HOUR = 4
    taken = {"full_name": "X", "passport_id": jane.passport_id}
    for _ in range(4):
        with acme.scope():
            fresh = UserFactory(role="REVIEWER")
        answer = client_of(fresh).post(EMPLOYEES, taken)
        assert problem(answer) == (400, "already_in_use", "passport_id")
    with acme.scope():
        fresh = UserFactory(role="ADMIN")
    if channel == "API":
        rejected = client_of(fresh).post(EMPLOYEES, taken)
    elif channel == "import":
        rejected = preview(client_of(fresh), as_csv(HEADER, ("ZZ999999", "", "X", "")))
    else:
        rejected = admin_client_for(fresh).send("/admin/workforce/employee/add/", taken)
    assert rejected.status_code == 429
    assert 0 < int(rejected["Retry-After"]) <= 3600
    # The other business has a separate count.
    with globex.scope():
        EmployeeFactory(passport_id="OWN12345")
    own = taken | {"passport_id": "OWN12345"}
    assert client_of(globex.admin).post(EMPLOYEES, own).status_code == 400


def test_twenty_values_of_one_user_leave_the_business_half_its_limit(
    acme: Personas, settings: Any
) -> None:
    assert settings.IN_USE_A_BUSINESS_AN_HOUR == 2 * IN_USE_AN_HOUR


@pytest.mark.parametrize("whose", ["own", "foreign"])
def test_after_20_values_in_use_an_hour_nothing_is_told_any_more(
    acme: Personas, globex: Personas, whose: str
) -> None:
    with (acme if whose == "own" else globex).scope():
        EmployeeFactory(passport_id="AB123456")
    with acme.scope():
        mine = EmployeeFactory()
    client, other = client_of(acme.admin), client_of(acme.reviewer)
    taken = {"full_name": "X", "passport_id": "AB123456"}
    free = {"full_name": "X", "passport_id": "FREE1234"}
    with time_machine.travel("2026-03-05T08:00:00Z", tick=False) as clock:
        client, other = client_of(acme.admin), client_of(acme.reviewer)
        for _ in range(20):
            assert problem(client.post(EMPLOYEES, taken))[1] == "already_in_use"
            clock.shift(20)
        rejected = [
            client.post(EMPLOYEES, taken),
            client.post(EMPLOYEES, free),
            client.patch(f"{EMPLOYEES}/{mine.pk}", free),
            client.post(EMPLOYEES, {"full_name": "X", "external_employee_id": "9"}),
        ]
        assert {problem(answer) for answer in rejected} == {
            (429, "too_many_in_use", None)
        }
        assert {answer["Retry-After"] for answer in rejected} == {"3200"}
        assert client.post(EMPLOYEES, {"full_name": "X"}).status_code == 201
        assert other.post(EMPLOYEES, taken).status_code == 400
    with time_machine.travel("2026-03-05T09:00:01Z", tick=False):
        client = client_of(acme.admin)
        assert client.post(EMPLOYEES, free).status_code == 201
