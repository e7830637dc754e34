"""The given clock: times and ids of sample data."""

import datetime as dt
from typing import Any

from django.utils import timezone

from audit.models import AuditEvent
from automatehq.clock import GivenClock, database_now, new_id
from workforce.models import Employee
from workforce.services import create_employee, deactivate_employee

MARCH = dt.datetime(2020, 3, 1, 23, 30, tzinfo=dt.UTC)


def test_services_take_time_and_ids_from_a_given_clock(acme: Any) -> None:
    clock = GivenClock(MARCH, "seed")
    with acme.scope():
        with clock.running():
            employee = create_employee(values={"full_name": "Ion"}, actor=acme.admin)
            clock.time += dt.timedelta(days=1)
            deactivate_employee(employee_id=employee.pk, actor=acme.admin)
        employee = Employee.objects.get()
        assert employee.created_at == MARCH
        assert employee.updated_at == MARCH + dt.timedelta(days=1)
        # The date at the business, where the third of March has begun.
        assert employee.left_on == dt.date(2020, 3, 3)
        events = AuditEvent.objects.of_entity("employee", employee.pk)
        assert {event.created_at for event in events} == {
            MARCH,
            MARCH + dt.timedelta(days=1),
        }
        assert employee.pk.version == 7
        assert employee.pk.int >> 80 == MARCH.timestamp() * 1000


def test_the_real_clock_runs_afterwards(db: None) -> None:
    with GivenClock(MARCH, "seed").running():
        assert timezone.now() == database_now() == MARCH
    for moment in (timezone.now(), database_now()):
        assert abs(moment - dt.datetime.now(dt.UTC)) < dt.timedelta(hours=1)
    assert new_id().int >> 80 > MARCH.timestamp() * 1000


def test_the_same_seed_gives_the_same_ids_in_ascending_order() -> None:
    def ids(seed: str) -> list[Any]:
        with GivenClock(MARCH, seed).running():
            return [new_id() for _ in range(50)]

    assert ids("one") == ids("one") == sorted(ids("one"))
    assert not set(ids("one")) & set(ids("two"))
