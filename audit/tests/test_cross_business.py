"""Tests of cross-business access.

The response is that of an unknown id, and only the platform sees the event.
"""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.db.models import Model
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from audit import cross_business
from businesses.tenancy.context import business_scope
from tests.api_helpers import events, problem
from workforce.models import Employee, Site
from workforce.tests.factories import EmployeeFactory, SiteFactory

from .audit_helpers import queued, recorded, run_queued, run_worker, trace

pytestmark = pytest.mark.django_db

EMPLOYEES = "/api/employees"


@pytest.fixture
def jane(globex: Personas) -> Employee:
    """Create an employee of the other business."""
    with globex.scope():
        return EmployeeFactory(full_name="Jane Example", passport_id="AB123456")


# One task for each rejected id, after the response


Ask = Callable[[APIClient, Any], Any]
ASKS: dict[str, Ask] = {
    "a path": lambda client, pk: client.get(f"{EMPLOYEES}/{pk}"),
    "a path to edit": lambda client, pk: client.patch(
        f"{EMPLOYEES}/{pk}", {"full_name": "Mine"}
    ),
    "a path to delete": lambda client, pk: client.delete(f"{EMPLOYEES}/{pk}"),
    "a verb": lambda client, pk: client.post(f"{EMPLOYEES}/{pk}/deactivate"),
}


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_a_foreign_id_in_a_path_is_answered_like_a_missing_one(
    acme: Personas, jane: Employee, ask: Ask
) -> None:
    check_alike(acme, jane, ask)
    assert [arguments["model"] for arguments in queued()] == ["workforce.employee"] * 2


def test_a_foreign_id_in_a_body_is_answered_like_a_missing_one(
    acme: Personas, jane: Employee
) -> None:
    with acme.scope():
        url = f"/api/sites/{SiteFactory().pk}/settings"
    check_alike(
        acme,
        jane,
        lambda client, pk: client.put(url, {"responsible_employee_id": str(pk)}),
    )
    assert {arguments["field"] for arguments in queued()} == {"responsible_employee_id"}


@pytest.mark.parametrize("method", ["post", "patch"])
def test_another_business_named_in_a_body_is_answered_like_a_missing_one(
    acme: Personas, globex: Personas, method: str
) -> None:
    with acme.scope():
        own = EmployeeFactory()
    url = EMPLOYEES if method == "post" else f"{EMPLOYEES}/{own.pk}"
    check_alike(
        acme,
        globex.business,
        lambda client, pk: getattr(client, method)(
            url, {"full_name": "X", "business_id": str(pk)}
        ),
    )
    assert {arguments["model"] for arguments in queued()} == {"businesses.business"}
    run_queued()
    (event,) = recorded()
    assert (event.event_type, event.entity_type, event.business_id) == (
        "cross_business_attempt",
        "business",
        globex.id,
    )


def check_alike(acme: Personas, row: Model, ask: Ask) -> None:
    """Check that a foreign and a missing id get the same response and cost the same.

    The next request does not differ either. Each id enqueues one task.
    """
    client = client_of(acme.admin)
    ask(client, uuid.uuid4())  # the first request creates the row of the counter
    DBTaskResult.objects.all().delete()
    foreign, missing = (
        (trace(lambda pk=pk: ask(client, pk)), trace(lambda: client.get(EMPLOYEES)))
        for pk in (row.pk, uuid.uuid4())
    )
    assert foreign == missing
    assert foreign[0].status in (400, 404)
    first, second = queued()
    assert first.keys() == second.keys()
    differing = {name for name in first if first[name] != second[name]}
    assert differing == {"value", "request_id", "event_id"}
    assert recorded() == [], "nothing is looked up while the answer is made"


def test_many_ids_of_one_request_are_one_task_each(
    acme: Personas, jane: Employee
) -> None:
    ids = [jane.pk, *(uuid.uuid4() for _ in range(4))]
    enqueue_as(acme.admin, ids)
    assert [arguments["value"] for arguments in queued()] == [str(pk) for pk in ids]


def enqueue_as(user: User, ids: list[uuid.UUID]) -> None:
    """Enqueue the look-ups of a request of `user` that rejected all of `ids`."""
    credentials = cross_business.Credentials(
        user.pk, user.business_id, user.business_id, timezone.now()
    )
    rejected = [
        cross_business.RejectedValue("unknown_id", "workforce.employee", "ids", str(pk))
        for pk in ids
    ]
    cross_business._enqueue(rejected, credentials, cross_business.current_origin())


@pytest.mark.parametrize(
    "query", ["site_id", "business_id", "external_employee_id", "passport_id"]
)
def test_filters_enqueue_nothing(acme: Personas, jane: Employee, query: str) -> None:
    client = client_of(acme.admin)
    value = jane.passport_id if query == "passport_id" else jane.pk
    assert client.get(EMPLOYEES, {query: str(value)}).json()["results"] == []
    assert client.get("/api/audit_events", {"entity_id": str(jane.pk)}).json() == {
        "next": None,
        "previous": None,
        "results": [],
    }
    assert queued() == []


def test_neither_malformed_ids_nor_good_requests_enqueue_anything(
    acme: Personas,
) -> None:
    client = client_of(acme.admin)
    client.get(f"{EMPLOYEES}/1")
    client.post(EMPLOYEES, {"full_name": "X", "site_id": "1"})
    client.post(EMPLOYEES, {"full_name": "X"})
    client.get("/api/nowhere")
    APIClient().get(f"{EMPLOYEES}/{uuid.uuid4()}")
    assert queued() == []


def test_at_most_60_a_minute_and_user(acme: Personas) -> None:
    with time_machine.travel("2026-03-05T08:00:00Z", tick=False) as clock:
        enqueue_as(acme.admin, [uuid.uuid4() for _ in range(59)])
        enqueue_as(acme.admin, [uuid.uuid4() for _ in range(500)])
        assert len(queued()) == 60
        clock.shift(59)
        enqueue_as(acme.admin, [uuid.uuid4()])
        assert len(queued()) == 60
        enqueue_as(acme.viewer, [uuid.uuid4()])
        assert len(queued()) == 61, "each user has their own minute"
        clock.shift(1)
        enqueue_as(acme.admin, [uuid.uuid4()])
        assert len(queued()) == 62


def test_an_answer_does_not_depend_on_its_note(
    acme: Personas, jane: Employee, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def break_down(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the cache is away")

    monkeypatch.setattr(cross_business.rate_limits, "increment", break_down)
    answer = client_of(acme.admin).get(f"{EMPLOYEES}/{jane.pk}")
    assert problem(answer) == (404, "not_found", None)
    assert "could not be queued" in caplog.text


# The worker


def test_the_platform_alone_learns_of_an_attempt(
    transactional_db: None,
    acme: Personas,
    globex: Personas,
    super_admin: User,
    jane: Employee,
) -> None:
    client = client_of(acme.admin)
    client.get(f"{EMPLOYEES}/{jane.pk}", headers={"X-Request-ID": "request-4711"})
    client.get(f"{EMPLOYEES}/{uuid.uuid4()}")
    run_worker()
    assert set(DBTaskResult.objects.values_list("status", flat=True)) == {"SUCCESSFUL"}

    (event,) = recorded()
    assert event.event_type == "cross_business_attempt"
    assert event.business_id == globex.id
    assert (event.entity_type, event.entity_id) == ("employee", jane.pk)
    assert event.entity_label == "Jane Example"
    assert (event.actor_id, event.actor_label) == (acme.admin.pk, "Acme Administrator")
    assert event.metadata["from_business_id"] == str(acme.id)
    assert event.metadata["request_id"] == "request-4711"

    for personas in (acme, globex):
        assert events(personas.id) == []
        listed = client_of(personas.admin).get("/api/audit_events").json()
        assert listed["results"] == []
        hidden = {"platform_only": "true"}
        answer = client_of(personas.admin).get("/api/audit_events", hidden)
        assert answer.json()["results"] == []
        with business_scope(personas.id), connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM audit_events")
            assert cursor.fetchone() == (0,)

    answer = client_of(super_admin).get("/api/audit_events", {"platform_only": "true"})
    (listed,) = answer.json()["results"]
    assert listed["id"] == str(event.pk)
    assert listed["business_id"] == str(globex.id)
    assert listed["platform_only"] is True
    acting = client_of(super_admin, acting_for=globex.business)
    assert acting.get("/api/audit_events").json()["results"] == []


def test_own_ids_and_ids_that_nobody_knows_leave_no_event(
    acme: Personas, super_admin: User
) -> None:
    with acme.scope():
        own = EmployeeFactory()
    for model in ("workforce.employee", "workforce.site", "nonsense", "no.model"):
        for value in (own.pk, own.site_id, uuid.uuid4(), "x", ""):
            look_up(acme, kind="unknown_id", model=model, field="id", value=str(value))
    assert recorded() == []


def look_up(personas: Personas, **arguments: Any) -> None:
    cross_business.look_up_attempt.func(
        user_id=str(personas.admin.pk), business_id=str(personas.id), **arguments
    )


def test_what_a_super_admin_asks_for_without_acting_is_no_attempt(
    jane: Employee, super_admin: User
) -> None:
    cross_business.look_up_attempt.func(
        kind="unknown_id",
        model="workforce.employee",
        field="id",
        value=str(jane.pk),
        user_id=str(super_admin.pk),
        business_id=None,
    )
    assert recorded() == []


def test_a_note_is_short_whatever_was_sent(acme: Personas, rf: Any) -> None:
    request = rf.post("/api/anything")
    request.credentials = cross_business.Credentials(
        acme.admin.pk, acme.id, acme.id, timezone.now()
    )
    cross_business.report_unknown_id(
        request,
        kind="unknown_id",
        model="workforce.employee",
        field="id",
        value="x" * 9999,
    )
    assert queued()[0]["value"] == "x" * 200


def test_sites_are_shared_and_no_attempt(
    acme: Personas, globex: Personas, transactional_db: None
) -> None:
    with globex.scope():
        site: Site = SiteFactory(site_name="Construction Site 1")
    client = client_of(acme.admin)
    client.post("/api/sites", {"site_name": site.site_name})
    client.get(f"/api/sites/{uuid.uuid4()}")
    run_worker()
    assert recorded() == []
