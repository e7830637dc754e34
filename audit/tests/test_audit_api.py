"""Tests of /api/audit_events: permissions and filters."""

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from accounts.models import User
from accounts.roles import Role
from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from audit.models import AuditEvent
from audit.tests.factories import AuditEventFactory
from businesses.models import PLATFORM_ID
from businesses.tenancy.context import business_scope, platform_scope
from tests.api_helpers import problem, queries
from workforce.tests.factories import EmployeeFactory, SiteFactory

pytestmark = pytest.mark.django_db

EVENTS = "/api/audit_events"


def make(personas: Personas, **values: Any) -> AuditEvent:
    """Create an event of a business, with an optional `created_at`."""
    created_at = values.pop("created_at", None)
    with personas.scope():
        event: AuditEvent = AuditEventFactory(**values)
    if created_at is not None:
        # The role of the tests cannot update events; only the owner of the table can.
        event.created_at = created_at
        rewrite(event)
    return event


def rewrite(event: AuditEvent) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_events NO FORCE ROW LEVEL SECURITY")
        cursor.execute(
            "UPDATE audit_events SET created_at = %s WHERE id = %s",
            [event.created_at, event.pk],
        )
        cursor.execute("ALTER TABLE audit_events FORCE ROW LEVEL SECURITY")


def types(client: Any, **query: Any) -> list[str]:
    answer = client.get(EVENTS, query)
    assert answer.status_code == 200, answer.content
    return [row["event_type"] for row in answer.json()["results"]]


def test_an_event_says_who_did_what_to_whom(acme: Personas) -> None:
    with acme.scope():
        john = EmployeeFactory(full_name="John Example")
    event = make(
        acme,
        event_type="employee_updated",
        actor_id=acme.admin.pk,
        actor_label="Acme Administrator",
        entity_type="employee",
        entity_id=john.pk,
        entity_label="Jon Example",
        site_id=john.site_id,
        employee_id=john.pk,
        metadata={"before": {"full_name": "Jon Example"}},
        created_at=datetime(2026, 3, 5, 8, 0, 0, 999, UTC),
    )
    body = client_of(acme.viewer).get(EVENTS).json()
    assert body == {
        "next": None,
        "previous": None,
        "results": [
            {
                "id": str(event.pk),
                "business_id": str(acme.id),
                "event_type": "employee_updated",
                "actor_id": str(acme.admin.pk),
                "actor": {"id": str(acme.admin.pk), "name": "Acme Administrator"},
                "actor_label": "Acme Administrator",
                "entity_type": "employee",
                "entity_id": str(john.pk),
                "entity_label": "Jon Example",
                "site_id": str(john.site_id),
                "site": {"id": str(john.site_id), "name": john.site.site_name},
                "employee_id": str(john.pk),
                "employee": {"id": str(john.pk), "name": "John Example"},
                "work_card_id": None,
                "metadata": {"before": {"full_name": "Jon Example"}},
                "cross_business": False,
                "platform_only": False,
                "created_at": "2026-03-05T08:00:00Z",
            }
        ],
    }


def test_the_trail_outlives_its_subjects(acme: Personas) -> None:
    gone = uuid.uuid4()
    make(acme, employee_id=gone, site_id=gone, work_card_id=gone, entity_label="John")
    (row,) = client_of(acme.admin).get(EVENTS).json()["results"]
    assert row["employee"] == row["site"] == {"id": str(gone), "name": ""}
    assert (row["actor"], row["entity_label"]) == (None, "John")


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        (Role.ADMIN, {"sample", "card", "employee", "site", "user"}),
        (Role.VIEWER, {"sample", "card", "employee", "site", "user"}),
        (Role.REVIEWER, {"card", "employee"}),
    ],
)
def test_each_role_sees_its_part_of_its_own_business(
    acme: Personas, globex: Personas, role: Role, sees: set[str]
) -> None:
    for personas in (acme, globex):
        make(personas)
        make(personas, event_type="card", entity_type="workcard")
        make(personas, event_type="employee", entity_type="employee")
        make(personas, event_type="site", entity_type="site", site_id=uuid.uuid4())
        make(personas, event_type="user", entity_type="user")
    rows = client_of(acme.user(role)).get(EVENTS).json()["results"]
    assert {row["event_type"] for row in rows} == sees
    assert {row["business_id"] for row in rows} == {str(acme.id)}
    if role == Role.REVIEWER:
        assert types(client_of(acme.reviewer), entity_type="user") == []


def test_an_uploader_sees_no_trail(acme: Personas) -> None:
    assert problem(client_of(acme.uploader).get(EVENTS)) == (
        403,
        "permission_denied",
        None,
    )


def test_signed_out_is_401(client: Any) -> None:
    assert client.get(EVENTS).status_code == 401


def test_a_super_admin_sees_every_trail(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    make(acme, event_type="of_acme")
    make(globex, event_type="of_globex")
    with business_scope(PLATFORM_ID):
        AuditEventFactory(event_type="of_platform")
    with platform_scope("writes what only the platform sees"):
        AuditEvent.append_for_platform(business_id=acme.id, event_type="hidden")
    client = client_of(super_admin)
    assert set(types(client)) == {"of_acme", "of_globex", "of_platform", "hidden"}
    assert set(types(client, business_id=str(acme.id))) == {"of_acme", "hidden"}
    assert types(client, business_id=str(PLATFORM_ID)) == ["of_platform"]
    assert types(client, platform_only="true") == ["hidden"]
    assert types(client, business_id=str(uuid.uuid4())) == []
    acting = client_of(super_admin, acting_for=acme.business)
    assert types(acting) == ["of_acme"]
    assert types(acting, business_id=str(globex.id)) == []


@pytest.mark.parametrize(
    "field",
    ["entity_id", "site_id", "employee_id", "work_card_id", "actor_id"],
)
def test_filters_by_id(acme: Personas, globex: Personas, field: str) -> None:
    row_id, other_id = uuid.uuid4(), uuid.uuid4()
    make(acme, event_type="own", **{field: row_id})
    make(acme, event_type="other", **{field: other_id})
    make(globex, event_type="foreign", **{field: row_id})
    client = client_of(acme.admin)
    assert types(client, **{field: str(row_id)}) == ["own"]
    assert types(client, **{field: str(uuid.uuid4())}) == []
    assert problem(client.get(EVENTS, {field: "1"})) == (400, "invalid", field)


def test_filters_by_type(acme: Personas) -> None:
    make(acme, event_type="site_created", entity_type="site")
    make(acme, event_type="employee_created", entity_type="employee")
    client = client_of(acme.admin)
    assert types(client, event_type="site_created") == ["site_created"]
    assert types(client, entity_type="employee") == ["employee_created"]
    assert types(client, event_type="site_created", entity_type="employee") == []


def test_from_and_to_are_local_days_of_the_business_and_included(
    acme: Personas,
) -> None:
    # In Jerusalem, 5 March begins at 22:00 UTC on 4 March.
    for name, moment in {
        "before": datetime(2026, 3, 4, 21, 59, 59, tzinfo=UTC),
        "first": datetime(2026, 3, 4, 22, 0, 0, tzinfo=UTC),
        "last": datetime(2026, 3, 5, 21, 59, 59, tzinfo=UTC),
        "after": datetime(2026, 3, 5, 22, 0, 0, tzinfo=UTC),
    }.items():
        make(acme, event_type=name, created_at=moment)
    client = client_of(acme.viewer)
    day = {"from": "2026-03-05", "to": "2026-03-05"}
    assert types(client, **day) == ["last", "first"]
    assert types(client, **{"from": "2026-03-05"}) == ["after", "last", "first"]
    assert types(client, to="2026-03-04") == ["before"]
    with acme.scope():
        type(acme.business).objects.update(time_zone="UTC")
    assert types(client, **day) == ["after", "last"]


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ("from=5.3.2026", "from"),
        ("to=2026-13-01", "to"),
        ("from=", "from"),
        ("event_type=%00", "event_type"),
        ("platform_only=1", "platform_only"),
        ("cursor=x", "cursor"),
        ("page=2", "page"),
        ("search=x", "search"),
        ("ordering=created_at", "ordering"),
        ("metadata=x", "metadata"),
    ],
)
def test_a_wrong_query_is_refused_by_the_name_of_its_parameter(
    acme: Personas, query: str, attr: str
) -> None:
    answer = client_of(acme.admin).get(f"{EVENTS}?{query}")
    assert (answer.status_code, problem(answer)[2]) == (400, attr)


def test_pages_are_walked_newest_first_and_back(acme: Personas) -> None:
    moment = datetime(2026, 3, 5, 8, tzinfo=UTC)
    made = [
        make(acme, event_type=f"event_{number}", created_at=moment).pk
        for number in range(5)
    ]
    client = client_of(acme.admin)
    seen: list[str] = []
    url: str | None = f"{EVENTS}?page_size=2"
    while url:
        page = client.get(url).json()
        assert set(page) == {"next", "previous", "results"}
        seen += [row["id"] for row in page["results"]]
        url, before = page["next"], page["previous"]
    assert seen == [str(pk) for pk in sorted(made, reverse=True)]
    make(acme, event_type="newer")
    back = client.get(before).json()
    assert [row["id"] for row in back["results"]] == seen[2:4]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_writes_the_trail(
    acme: Personas, super_admin: User, method: str
) -> None:
    event = make(acme)
    for client in (client_of(acme.admin), client_of(super_admin)):
        answer = getattr(client, method)(EVENTS, {"event_type": "forged"})
        assert problem(answer)[:2] == (405, "method_not_allowed")
        assert getattr(client, method)(f"{EVENTS}/{event.pk}").status_code == 404
    with acme.scope():
        assert AuditEvent.objects.get() == event


def test_a_list_costs_the_same_for_1_event_and_for_50(acme: Personas) -> None:
    client = client_of(acme.reviewer)

    def event() -> None:
        with acme.scope():
            john = EmployeeFactory(site=SiteFactory())
        make(
            acme,
            entity_type="employee",
            employee_id=john.pk,
            site_id=john.site_id,
            actor_id=acme.admin.pk,
        )

    event()
    one = queries(lambda: client.get(EVENTS))
    for _ in range(49):
        event()
    assert one == queries(lambda: client.get(EVENTS)) <= 5
    assert len(types(client)) == 50
