"""The lines of a card, by the API."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.tests.api_clients import client_of
from audit.models import AuditEvent
from workcards.models import DayEntry, WorkCard
from workcards.tests.factories import (
    MONTH,
    ApprovedDayFactory,
    DayEntryFactory,
    WorkCardFactory,
)
from workforce.tests.factories import SiteFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def card(acme: Any) -> Any:
    with acme.scope():
        return WorkCardFactory()


@pytest.fixture
def client(acme: Any) -> Any:
    return client_of(acme.reviewer)


def url(card: Any) -> str:
    return f"/api/work_cards/{card.pk}/day-entries"


def errors(response: Any) -> list[Any]:
    return [(e["code"], e["attr"]) for e in response.json()["errors"]]


def put(client: Any, card: Any, *entries: Any, version: int = 1) -> Any:
    return client.put(url(card), {"version": version, "entries": list(entries)})


def patch(client: Any, card: Any, *entries: Any, version: int = 1) -> Any:
    return client.patch(url(card), {"version": version, "entries": list(entries)})


def lines(acme: Any, card: Any) -> dict[int, str]:
    with acme.scope():
        return {
            entry.work_date.day: entry.day_status or str(entry.total_hours)
            for entry in DayEntry.objects.filter(work_card=card)
        }


def worked(day: int, **values: Any) -> dict[str, Any]:
    return {"work_date": f"2026-06-{day:02}", **values}


def test_days_are_written_whole_and_computed(acme: Any, client: Any, card: Any) -> None:
    response = put(
        client,
        card,
        worked(5, from_time="08:00", to_time="17:00", break_minutes=30, comment=" x "),
        worked(6, total_hours=7.5),
        worked(7, day_status="SICK", from_time="08:00", total_hours="3"),
        worked(8, from_time="22:00", to_time="06:00", total_hours="8"),
        worked(9),
    )
    assert response.status_code == 200, response.content
    body = response.json()
    assert body["version"] == 2
    assert (body["total_hours"], body["total_minutes"]) == ("24.00", 1440)
    assert body["entries"][0] == {
        "work_date": "2026-06-05",
        "from_time": "08:00",
        "to_time": "17:00",
        "break_minutes": 30,
        "total_hours": "8.50",
        "minutes": 510,
        "day_status": None,
        "comment": "x",
        "ledger": None,
        "set_aside_by_id": None,
    }
    assert body["entries"][2]["day_status"] == "SICK"
    assert body["entries"][2]["from_time"] is None
    assert lines(acme, card) == {5: "8.50", 6: "7.50", 7: "SICK", 8: "8.00"}
    assert client.get(url(card)).json() == body


def test_put_removes_what_is_left_out_and_patch_does_not(
    acme: Any, client: Any, card: Any
) -> None:
    put(client, card, worked(1, total_hours="8"), worked(2, total_hours="8"))
    nothing = dict.fromkeys(("from_time", "to_time", "total_hours", "comment"))
    patch(client, card, worked(3, total_hours="4"), worked(1, **nothing), version=2)
    assert lines(acme, card) == {2: "8.00", 3: "4.00"}
    put(client, card, worked(2, total_hours="9"), version=3)
    assert lines(acme, card) == {2: "9.00"}
    put(client, card, version=4)
    assert lines(acme, card) == {}


def test_each_change_is_a_version_and_one_event(
    acme: Any, client: Any, card: Any
) -> None:
    put(client, card, worked(1, total_hours="8"), worked(2, day_status="SICK"))
    put(client, card, worked(1, total_hours="9"), worked(3, total_hours="1"), version=2)
    with acme.scope():
        event = AuditEvent.objects.filter(event_type="days_updated").first()
        assert AuditEvent.objects.count() == 2
    assert event.metadata["before"] == {
        "2026-06-01": {"total_hours": "8.00"},
        "2026-06-02": {"day_status": "SICK"},
        "2026-06-03": None,
    }
    assert event.metadata["after"] == {
        "2026-06-01": {"total_hours": "9.00"},
        "2026-06-02": None,
        "2026-06-03": {"total_hours": "1.00"},
    }
    assert event.work_card_id == card.pk
    assert event.employee_id == card.employee_id
    assert event.site_id == card.site_id
    assert event.actor_id == acme.reviewer.pk


def test_writing_what_is_there_changes_nothing(
    acme: Any, client: Any, card: Any
) -> None:
    put(client, card, worked(1, total_hours="8"))
    body = client.get(url(card)).json()
    assert client.put(url(card), body).json() == body
    with acme.scope():
        assert AuditEvent.objects.count() == 1


def test_every_mistake_is_named_and_nothing_is_written(
    acme: Any, client: Any, card: Any
) -> None:
    response = put(
        client,
        card,
        worked(1, total_hours="8"),
        worked(2, from_time="08:00"),
        worked(3, from_time="08:00", to_time="17:00", total_hours="8.5"),
        worked(1, total_hours="3"),
        {"work_date": "2026-07-01", "total_hours": "8"},
        worked(4, from_time="08:00", to_time="08:00"),
        worked(5, break_minutes=10, total_hours="8"),
    )
    assert response.status_code == 400
    assert errors(response) == [
        ("missing_time", "entries.1.to_time"),
        ("total_mismatch", "entries.2.total_hours"),
        ("duplicate_date", "entries.3.work_date"),
        ("outside_month", "entries.4.work_date"),
        ("same_times", "entries.5.to_time"),
        ("break_without_times", "entries.6.break_minutes"),
    ]
    assert response.json()["mismatches"] == [
        {
            "index": 2,
            "work_date": "2026-06-03",
            "total_hours": "8.50",
            "computed_hours": "9.00",
            "suggested_break_minutes": 30,
        }
    ]
    assert lines(acme, card) == {}


@pytest.mark.parametrize(
    ("entry", "code", "field"),
    [
        ({"work_date": "5 June"}, "invalid", "work_date"),
        ({"work_date": None}, "null", "work_date"),
        ({"total_hours": "8"}, "required", "work_date"),
        (worked(1, total_hours="24.01"), "total_out_of_range", "total_hours"),
        (worked(1, total_hours="-1"), "total_out_of_range", "total_hours"),
        (worked(1, total_hours="NaN"), "invalid", "total_hours"),
        (worked(1, total_hours="1e3"), "invalid", "total_hours"),
        (worked(1, total_hours="8" * 400), "invalid", "total_hours"),
        (worked(1, total_hours=True), "invalid", "total_hours"),
        (worked(1, total_hours=[8]), "invalid", "total_hours"),
        (worked(1, from_time="25:00"), "invalid", "from_time"),
        (worked(1, from_time="08:00:30"), "invalid", "from_time"),
        (worked(1, break_minutes=241), "max_value", "break_minutes"),
        (worked(1, break_minutes=-1), "min_value", "break_minutes"),
        (worked(1, break_minutes="9" * 5000), "max_string_length", "break_minutes"),
        (worked(1, day_status="DRUNK"), "invalid_choice", "day_status"),
        (worked(1, comment="x" * 501), "max_length", "comment"),
        (worked(1, comment="a\0b"), "null_characters_not_allowed", "comment"),
        (worked(1, colour="red"), "unknown_field", "colour"),
        ("text", "invalid", None),
    ],
)
def test_a_malformed_day_names_its_field(
    client: Any, card: Any, entry: Any, code: str, field: str | None
) -> None:
    response = put(client, card, entry)
    assert response.status_code == 400
    where = f"entries.0.{field}" if field else "entries.0"
    assert (code, where) in errors(response)


def test_more_lines_than_a_month_has_days_are_refused(client: Any, card: Any) -> None:
    response = put(client, card, *[worked(1)] * 32)
    assert errors(response) == [("max_length", "entries")]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, {("required", "version"), ("required", "entries")}),
        ({"version": 0, "entries": []}, {("min_value", "version")}),
        ({"version": 2**40, "entries": []}, {("max_value", "version")}),
        ({"version": 1, "entries": {}}, {("not_a_list", "entries")}),
        ({"version": 1, "entries": [], "x": 1}, {("unknown_field", "x")}),
    ],
)
def test_the_body_around_the_lines(
    client: Any, card: Any, body: Any, expected: Any
) -> None:
    response = client.put(url(card), body)
    assert response.status_code == 400
    assert set(errors(response)) == expected


def test_a_stale_version_is_refused_with_the_card(
    acme: Any, client: Any, card: Any
) -> None:
    put(client_of(acme.admin), card, worked(1, total_hours="8"))
    response = put(client, card, worked(1, total_hours="9"))
    assert response.status_code == 409
    body = response.json()
    assert errors(response) == [("stale_version", None)]
    assert body["changed_by"]["name"] == acme.admin.full_name
    assert body["card"]["version"] == 2
    assert body["card"]["total_hours"] == "8.00"


@pytest.mark.parametrize(
    ("trait", "code"),
    [("approved", "card_approved"), ("rejected", "invalid_transition")],
)
def test_days_of_a_decided_card_are_not_edited(
    acme: Any, client: Any, trait: str, code: str
) -> None:
    with acme.scope():
        card = WorkCardFactory(**{trait: True})
    response = put(client, card, worked(1, total_hours="8"))
    assert response.status_code == 409
    assert errors(response) == [(code, None)]
    assert response.json()["card"]["id"] == str(card.pk)


def test_days_of_an_unassigned_card_can_be_typed(acme: Any, client: Any) -> None:
    with acme.scope():
        card = WorkCardFactory(unassigned=True)
    assert put(client, card, worked(1, total_hours="8")).status_code == 200


def test_each_day_shows_what_the_ledger_has(acme: Any, client: Any, card: Any) -> None:
    with acme.scope():
        other = WorkCardFactory(employee=card.employee, approved=True)
        at_home = WorkCardFactory(employee=card.employee, site=card.site, approved=True)
        for day in range(3):
            DayEntryFactory(work_card=card, day=day)
        elsewhere = ApprovedDayFactory(work_card=other, day=0, hours=Decimal("3.5"))
        here = ApprovedDayFactory(work_card=at_home, day=0, hours=Decimal(6))
        ApprovedDayFactory(work_card=other, day=1)
        WorkCardFactory()  # of another employee
    first, second, third = client.get(url(card)).json()["entries"]
    assert elsewhere.site_id != here.site_id
    assert first["ledger"] == {
        "hours": "6.00",
        "minutes": 360,
        "day_status": None,
        "work_card_id": str(at_home.pk),
        "site": {"id": str(card.site_id), "name": card.site.site_name},
    }
    assert second["ledger"]["work_card_id"] == str(other.pk)
    assert third["ledger"] is None


def test_what_is_read_can_be_put_back_though_the_ledger_has_changed(
    acme: Any, client: Any, card: Any
) -> None:
    with acme.scope():
        DayEntryFactory(work_card=card, day=0)
    body = client.get(url(card)).json()
    with acme.scope():
        other = WorkCardFactory(employee=card.employee, approved=True)
        ApprovedDayFactory(work_card=other, day=0)
    assert client.put(url(card), body).status_code == 200


@pytest.mark.parametrize("role", ["uploader", "viewer"])
def test_only_reviewers_write_days(acme: Any, card: Any, role: str) -> None:
    client = client_of(getattr(acme, role))
    assert client.get(url(card)).status_code == 200
    for response in (put(client, card), patch(client, card)):
        assert response.status_code == 403
        assert errors(response) == [("permission_denied", None)]


def test_a_day_of_every_month_can_be_written(acme: Any, client: Any) -> None:
    for month, last in ((date(2026, 2, 1), 28), (date(2028, 2, 1), 29), (MONTH, 30)):
        with acme.scope():
            card = WorkCardFactory(processing_month=month, site=SiteFactory())
        days = [
            {"work_date": str(month + timedelta(days=n)), "total_hours": "1"}
            for n in range(last)
        ]
        assert put(client, card, *days).json()["total_hours"] == f"{last}.00"
        with acme.scope():
            assert WorkCard.objects.with_figures().get(pk=card.pk).day_count == last
