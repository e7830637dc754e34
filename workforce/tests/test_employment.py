"""Tests that employees leave, return and are released, so that another business can hire them."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
import time_machine
from django.db import connection

from accounts.roles import Role
from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from tests.api_helpers import events, problem
from workforce.models import Employee, SiteSettings
from workforce.tests.factories import EmployeeFactory, SiteFactory

EMPLOYEES = "/api/employees"
# Late in the evening of the 4th in New York, already the 5th in Jerusalem and in UTC.
LATE = "2026-03-05T01:30:00Z"


def make(personas: Personas, **values: Any) -> Employee:
    with personas.scope():
        return EmployeeFactory(**values)


def path(employee: Employee, verb: str = "") -> str:
    return f"{EMPLOYEES}/{employee.pk}" + (f"/{verb}" if verb else "")


@pytest.mark.parametrize(
    ("time_zone", "day"),
    [("Asia/Jerusalem", "2026-03-05"), ("America/New_York", "2026-03-04")],
)
def test_leaving_is_today_at_the_business(
    acme: Personas, time_zone: str, day: str
) -> None:
    with acme.scope():
        type(acme.business).objects.update(time_zone=time_zone)
    john = make(acme)
    with time_machine.travel(LATE, tick=False):
        client = client_of(acme.reviewer)
        answer = client.post(path(john, "deactivate"))
        again = client.post(path(john, "deactivate"))
    assert (answer.status_code, answer.json()["is_active"]) == (200, False)
    assert answer.json()["left_on"] == day
    assert again.json() == answer.json()
    (event,) = events(acme.id)
    assert event.event_type == "employee_deactivated"
    assert event.metadata["before"] == {"left_on": None, "is_active": True}
    assert event.metadata["after"] == {"left_on": day, "is_active": False}


def test_leaving_on_a_day_that_was_said(acme: Personas) -> None:
    client = client_of(acme.admin)
    john = make(acme, started_on=date(2026, 1, 15))
    body = {"left_on": "2026-02-28"}
    assert client.post(path(john, "deactivate"), body).json()["left_on"] == "2026-02-28"
    later = client.post(path(john, "deactivate"), {"left_on": "2026-03-01"})
    assert later.json()["left_on"] == "2026-03-01"
    assert [event.event_type for event in events(acme.id)] == [
        "employee_deactivated",
        "employee_updated",
    ]
    planned = make(acme, left_on=date(2026, 12, 31))
    assert client.post(path(planned, "deactivate")).json()["left_on"] == "2026-12-31"


@pytest.mark.parametrize(
    ("body", "code", "attr"),
    [
        ({"left_on": "2026-01-14"}, "before_start", "left_on"),
        ({"left_on": "tomorrow"}, "invalid", "left_on"),
        ({"left_on": None}, "null", "left_on"),
        ({"reason": "x"}, "unknown_field", "reason"),
    ],
)
def test_a_day_of_leaving_that_can_not_be(
    acme: Personas, body: dict[str, Any], code: str, attr: str
) -> None:
    john = make(acme, started_on=date(2026, 1, 15))
    answer = client_of(acme.admin).post(path(john, "deactivate"), body)
    assert problem(answer) == (400, code, attr)
    with acme.scope():
        assert Employee.objects.active().count() == 1
    assert events(acme.id) == []


def test_who_was_still_to_start_leaves_without_a_day(acme: Personas) -> None:
    john = make(acme, started_on=date(2026, 4, 1))
    with time_machine.travel(LATE, tick=False):
        answer = client_of(acme.admin).post(path(john, "deactivate")).json()
    assert (answer["is_active"], answer["left_on"]) == (False, None)


def test_delete_deactivates(acme: Personas) -> None:
    john = make(acme)
    client = client_of(acme.reviewer)
    for _ in range(2):
        answer = client.delete(path(john))
        assert (answer.status_code, answer.content) == (204, b"")
    body = client.get(path(john)).json()
    assert body["is_active"] is False
    assert body["left_on"] is not None
    assert [event.event_type for event in events(acme.id)] == ["employee_deactivated"]


def test_coming_back_clears_the_day_of_leaving(acme: Personas) -> None:
    john = make(acme, is_active=False, left_on=date(2026, 2, 28))
    client = client_of(acme.reviewer)
    for _ in range(2):
        body = client.post(path(john, "activate")).json()
        assert (body["is_active"], body["left_on"]) == (True, None)
    (event,) = events(acme.id)
    assert event.event_type == "employee_activated"
    assert event.metadata["before"] == {"left_on": "2026-02-28", "is_active": False}
    assert problem(client.post(path(john, "activate"), {"x": 1}))[2] == "x"


def test_activating_the_active_keeps_a_planned_day_of_leaving(acme: Personas) -> None:
    john = make(acme, left_on=date(2026, 12, 31))
    body = client_of(acme.admin).post(path(john, "activate")).json()
    assert body["left_on"] == "2026-12-31"
    assert events(acme.id) == []


def test_a_released_employee_can_be_hired_by_another_business(
    acme: Personas, globex: Personas
) -> None:
    john = make(acme, passport_id="AB123456", is_active=False)
    hire = {"full_name": "John Example", "passport_id": "AB123456"}
    hirer = client_of(globex.admin)
    rejected = hirer.post(EMPLOYEES, hire)
    assert problem(rejected) == (400, "already_in_use", "passport_id")
    client = client_of(acme.admin)
    for _ in range(2):
        body = client.post(path(john, "release")).json()
        assert (body["passport_id"], body["former_passport_id"]) == (None, "AB123456")
    (event,) = events(acme.id)
    assert event.event_type == "employee_released"
    assert event.metadata["before"] == {
        "passport_id": "AB123456",
        "former_passport_id": None,
    }
    assert hirer.post(EMPLOYEES, hire).status_code == 201
    back = client.patch(path(john), {"passport_id": "AB123456"})
    assert problem(back) == (400, "already_in_use", "passport_id")
    assert client.post(path(john, "activate")).json()["passport_id"] is None


def test_only_the_inactive_are_released(acme: Personas) -> None:
    john = make(acme)
    answer = client_of(acme.admin).post(path(john, "release"))
    assert problem(answer) == (409, "employee_is_active", None)
    assert events(acme.id) == []


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.UPLOADER, Role.VIEWER])
def test_only_admins_release(acme: Personas, role: Role) -> None:
    john = make(acme, is_active=False)
    answer = client_of(acme.user(role)).post(path(john, "release"))
    assert problem(answer) == (403, "permission_denied", None)


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Return the results of `acts`, started at the same moment on separate connections."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        try:
            start.wait()
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


@pytest.mark.parametrize("second", ["acme", "globex"])
def test_two_at_once_can_not_hire_the_same_person(
    transactional_db: None, acme: Personas, globex: Personas, second: str
) -> None:
    body = {"full_name": "John Example", "passport_id": "AB123456"}
    one = client_of(acme.admin)
    other = client_of((acme if second == "acme" else globex).reviewer)
    answers = at_once(
        lambda: one.post(EMPLOYEES, body), lambda: other.post(EMPLOYEES, body)
    )
    assert sorted(answer.status_code for answer in answers) == [201, 400]
    rejected = next(answer for answer in answers if answer.status_code == 400)
    assert problem(rejected) == (400, "already_in_use", "passport_id")
    trails = [*events(acme.id), *events(globex.id)]
    assert [event.event_type for event in trails] == ["employee_created"]


def test_two_at_once_deactivate_somebody_once(
    transactional_db: None, acme: Personas
) -> None:
    john = make(acme)
    clients = [client_of(acme.admin), client_of(acme.reviewer)]
    answers = at_once(
        *(lambda c=client: c.post(path(john, "deactivate")) for client in clients)
    )
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [event.event_type for event in events(acme.id)] == ["employee_deactivated"]


def test_two_first_settings_at_once_make_one_row(
    transactional_db: None, acme: Personas
) -> None:
    with acme.scope():
        url = f"/api/sites/{SiteFactory().pk}/settings"
    clients = [client_of(acme.admin), client_of(acme.reviewer)]
    answers = at_once(
        *(
            lambda c=client, tariff=tariff: c.put(url, {"hourly_tariff": tariff})
            for tariff, client in enumerate(clients)
        )
    )
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses in ([200, 200], [200, 409])
    for answer in answers:
        if answer.status_code == 409:
            assert problem(answer) == (409, "edited_elsewhere", None)
    with acme.scope():
        assert SiteSettings.objects.count() == 1
    assert len(events(acme.id)) == statuses.count(200)
