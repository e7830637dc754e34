"""Tests of the recent activity on the home page."""

import datetime as dt
import re
from typing import Any

import pytest
import time_machine

from accounts.models import User
from accounts.tests.personas import Personas
from audit.models import AuditEvent
from audit.tests.factories import AuditEventFactory
from businesses.models import Business
from businesses.tenancy.context import platform_scope
from tests.admin_clients import admin_client_for
from tests.api_helpers import queries
from workcards.tests.factories import WorkCardFactory
from workforce.tests.factories import EmployeeFactory, SiteFactory

from .test_home import HOSTILE, LATER, PEOPLE, enter, home

pytestmark = pytest.mark.django_db

EMPLOYEE = {"event_type": "employee_updated", "entity_type": "employee"}
CARD = {"event_type": "card_approved", "entity_type": "workcard"}
# (event type, entity type), oldest first; below, those of the work, and of these those of cards and employees.
HAPPENED = (
    ("employee_created", "employee"),
    ("card_rejected", "workcard"),
    ("month_closed", "closedmonth"),
    ("export_requested", "exportrun"),
    ("sign_in_failed", "user"),
    ("acting_started", "business"),
    ("site_settings_updated", "sitesettings"),
    ("user_updated", "user"),
)
OF_WORK = ["export_requested", "month_closed", "card_rejected", "employee_created"]
OF_CARDS_AND_EMPLOYEES = ["card_rejected", "employee_created"]


@pytest.fixture(autouse=True)
def _now() -> Any:
    with time_machine.travel(LATER, tick=False):
        yield


def happen(*, at: dt.datetime = LATER, **values: Any) -> None:
    with time_machine.travel(at, tick=False):
        AuditEventFactory(**values)


def event_types(page: Any) -> list[str]:
    return [one.event.event_type for one in page.context["recent_activity"]]


def box(page: Any) -> str:
    """Return the HTML of the box of recent activity, or "" if there is none."""
    found = re.search(
        r'<section[^>]* aria-labelledby="h-recent-activity">.*?</section>',
        page.content.decode(),
        re.DOTALL,
    )
    return found[0] if found else ""


@pytest.mark.parametrize(
    ("person", "sees"),
    [
        ("admin", OF_WORK),
        ("acting", OF_WORK),
        ("viewer", OF_WORK),
        ("reviewer", OF_CARDS_AND_EMPLOYEES),
        ("uploader", []),
    ],
)
def test_everyone_sees_of_the_work_what_they_see_of_the_trail(
    acme: Personas, super_admin: User, person: str, sees: list[str]
) -> None:
    with acme.scope():
        WorkCardFactory()
        for event_type, entity_type in HAPPENED:
            happen(event_type=event_type, entity_type=entity_type)
    page = home(enter(person, acme, super_admin))
    assert event_types(page) == sees
    assert bool(box(page)) == bool(sees)
    link = '<a class="small" href="/admin/audit/auditevent/">Audit</a>'
    assert (link in box(page)) == bool(sees)


def test_of_many_the_five_newest_stand_there_whatever_the_month(acme: Personas) -> None:
    with acme.scope():
        WorkCardFactory()
        for hour in range(9):
            at = LATER - dt.timedelta(hours=9 - hour)
            happen(at=at, **EMPLOYEE, entity_label=f"Employee {hour}")
    page = home(admin_client_for(acme.viewer), month="2026-02")
    assert re.findall(r"Employee (\d)", box(page)) == ["8", "7", "6", "5", "4"]


def test_where_nothing_has_been_done_there_is_no_box(acme: Personas) -> None:
    with acme.scope():
        WorkCardFactory()
        happen(event_type="user_updated", entity_type="user")
    assert box(home(admin_client_for(acme.admin))) == ""


def test_events_are_sentences_with_the_reason_and_who_came_from_outside(
    acme: Personas,
) -> None:
    with acme.scope():
        employee = EmployeeFactory(full_name="John Example", site=SiteFactory())
        WorkCardFactory(employee=employee, site=employee.site)
        happen(
            event_type="card_rejected",
            entity_type="workcard",
            entity_label="2026-06 scan.png",
            employee_id=employee.pk,
            actor_label="Dana Example",
            cross_business=True,
            metadata={"reason": "unreadable"},
        )
    text = box(home(admin_client_for(acme.viewer)))
    assert (
        "<bdi>Dana Example</bdi> rejected the card of <bdi>John Example</bdi> for <bdi>June 2026</bdi>"
        ': <q><bdi>unreadable</bdi></q> <span class="mark">super-admin</span>'
    ) in text


def test_of_today_the_time_is_told_else_the_date_by_the_businesss_clock(
    acme: Personas,
) -> None:
    """At 15:20 UTC it is 00:20 on the next day in Tokyo."""
    with acme.scope():
        WorkCardFactory()
        Business.objects.update(time_zone="Asia/Tokyo")
        for at in ("2026-07-31T15:20:00+00:00", "2026-07-31T14:40:00+00:00"):
            happen(at=dt.datetime.fromisoformat(at), **EMPLOYEE)
    page = home(admin_client_for(acme.viewer))
    assert re.findall(r"<time [^>]*>([^<]*)", box(page)) == ["00:20", "31 Jul 2026"]


def test_nothing_of_another_business_or_of_the_platform_alone_is_told(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    with globex.scope():
        secret = EmployeeFactory(full_name="Secret Person")
        happen(**EMPLOYEE, entity_label="Secret Person")
    with acme.scope():
        WorkCardFactory()
        # The code never writes an id of another business; if it did, the name would stay hidden.
        happen(**CARD, employee_id=secret.pk, entity_label="2026-06 scan.png")
    with platform_scope("sample"):
        AuditEvent.append_for_platform(
            business_id=acme.id,
            event_type="cross_business_attempt",
            entity_type="employee",
            entity_label="Secret Person",
            metadata={},
        )
    for person in PEOPLE:
        page = home(enter(person, acme, super_admin))
        assert "Secret" not in page.content.decode()
        assert event_types(page) == (
            [] if person == "uploader" else [CARD["event_type"]]
        )


def test_labels_and_reasons_are_text_and_nothing_more(acme: Personas) -> None:
    with acme.scope():
        WorkCardFactory()
        names = {"actor_label": HOSTILE, "entity_label": HOSTILE}
        happen(**EMPLOYEE, **names, metadata={"reason": HOSTILE})
    text = box(home(admin_client_for(acme.viewer)))
    assert text.count("&lt;script&gt;alert(1)") == 3
    assert "<script>" not in text


@pytest.mark.parametrize("person", PEOPLE)
def test_it_costs_two_queries_however_many_names_there_are(
    acme: Personas, super_admin: User, person: str
) -> None:
    client = enter(person, acme, super_admin)
    with acme.scope():
        WorkCardFactory()
    costs = []
    for _ in range(2):
        with acme.scope():
            site = SiteFactory()
            for _event in range(3):
                employee = EmployeeFactory(site=site)
                ids = {"employee_id": employee.pk, "site_id": site.pk}
                after = {name: str(pk) for name, pk in ids.items()}
                happen(**CARD, **ids, metadata={"before": {}, "after": after})
        home(client)
        costs.append(queries(lambda: home(client)))
    assert costs == ([6, 6] if person == "uploader" else [8, 8])
