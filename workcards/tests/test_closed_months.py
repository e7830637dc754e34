"""A closed month cannot change by any entry point."""

import threading
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.tests.api_clients import client_of
from automatehq.api.errors import Conflict, broken_constraint, error_from_database
from businesses.tenancy.context import platform_scope
from businesses.tests.lock_assertions import opened
from tests.api_helpers import events, problem
from workcards.models import ApprovedDay, ClosedMonth, DayEntry, WorkCard, WorkCardFile
from workcards.services import uploads
from workcards.tasks import make_renditions
from workcards.tests.factories import (
    MONTH,
    ApprovedDayFactory,
    ClosedMonthFactory,
    DayEntryFactory,
    WorkCardFactory,
    picture,
)
from workforce.tests.factories import EmployeeFactory, SiteFactory

pytestmark = [pytest.mark.django_db, pytest.mark.server]

JULY = date(2026, 7, 1)
RULE = "closed_months_month_is_closed"


@pytest.fixture
def june(acme: Any) -> dict[str, Any]:
    """Return Acme's closed June.

    It has a card that is pending, one unassigned, one approved and one rejected.
    """
    with acme.scope():
        waiting = DayEntryFactory(day=0).work_card
        approved = WorkCardFactory(approved=True, site=waiting.site)
        DayEntryFactory(work_card=approved, day=0)
        ApprovedDayFactory(work_card=approved, day=0)
        june = {
            "waiting": waiting,
            "unassigned": WorkCardFactory(unassigned=True, uploaded_by=acme.uploader),
            "rejected": WorkCardFactory(rejected=True),
            "approved": approved,
        }
        ClosedMonthFactory()
    return june


def sent(method: str, card: str, path: str, body: Any = None) -> Any:
    """Send a request about one of June's cards."""
    return method, card, path, body


def test_what_another_business_has_closed_closes_nothing_here(
    acme: Any, globex: Any
) -> None:
    """The trigger compares the business and does not rely on row-level security."""
    with globex.scope():
        ClosedMonthFactory()
    with opened("row_security"), acme.scope():
        DayEntryFactory(day=0)
        assert DayEntry.objects.count() == 1


DAY = {"work_date": "2026-06-02", "total_hours": "8"}
ROUTES = [
    sent("patch", "waiting", "", {"notes": "x"}),
    sent("patch", "rejected", "", {"notes": "x"}),
    sent("patch", "approved", "", {"notes": "x"}),
    sent("patch", "unassigned", "", {"processing_month": "2026-07"}),
    sent("delete", "unassigned", ""),
    sent("delete", "rejected", ""),
    sent("post", "waiting", "/assign", {"employee_id": None}),
    sent("post", "waiting", "/approve", {"version": 1}),
    sent("post", "waiting", "/reject", {"reason": "x"}),
    sent("post", "approved", "/reopen", {"reason": "x"}),
    sent("post", "rejected", "/reopen", {"reason": "x"}),
    sent("put", "waiting", "/status", {"status": "APPROVED", "version": 1}),
    sent("put", "waiting", "/day-entries", {"version": 1, "entries": [DAY]}),
    sent("patch", "waiting", "/day-entries", {"version": 1, "entries": [DAY]}),
]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: " ".join(route[:3]))
def test_no_verb_of_the_api_gets_in(
    acme: Any, june: dict[str, Any], route: Any
) -> None:
    method, name, path, body = route
    url = f"/api/work_cards/{june[name].pk}{path}"
    client = client_of(acme.admin)
    response = getattr(client, method)(url, *([body] if body else []))
    assert problem(response) == (409, "month_closed", None)
    assert response.json()["month"] == "2026-06"
    assert "2026-06" in response.json()["errors"][0]["detail"]
    with acme.scope():
        card = WorkCard.objects.get(pk=june[name].pk)
        assert (card.version, card.review_status) == (1, june[name].review_status)
    assert events(acme.id) == []


def test_nothing_comes_into_a_closed_month(acme: Any, june: dict[str, Any]) -> None:
    with acme.scope():
        employee = EmployeeFactory(site=SiteFactory())
        other = WorkCardFactory(processing_month=JULY)
    client = client_of(acme.admin)
    made = client.post(
        "/api/work_cards",
        {
            "site_id": str(employee.site_id),
            "employee_id": str(employee.pk),
            "processing_month": "2026-06",
        },
    )
    uploaded = client.post(
        "/api/work_cards/upload",
        {
            "files": [SimpleUploadedFile("card.png", picture())],
            "site_id": str(employee.site_id),
            "month": "2026-06",
        },
        format="multipart",
    )
    moved = client.patch(f"/api/work_cards/{other.pk}", {"processing_month": "2026-06"})
    for response in (made, uploaded, moved):
        assert problem(response) == (409, "month_closed", None)
        # The service's error names the month; the database's cannot.
        assert response.json()["month"] == "2026-06"
    with acme.scope():
        assert WorkCard.objects.count() == 5


def test_no_scan_is_read_for_a_closed_month(
    acme: Any, june: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The month is checked before and after the slow reading of a scan.

    Reading takes seconds of a processor.
    """
    monkeypatch.setattr(uploads, "inspect", lambda *args, **kwargs: pytest.fail("read"))
    with acme.scope():
        site = SiteFactory()
    uploaded = client_of(acme.admin).post(
        "/api/work_cards/upload",
        {
            "files": [SimpleUploadedFile("card.png", picture())],
            "site_id": str(site.pk),
            "month": "2026-06",
        },
        format="multipart",
    )
    assert problem(uploaded) == (409, "month_closed", None)


def test_a_closed_month_of_another_business_does_not_matter(
    acme: Any, globex: Any
) -> None:
    with globex.scope():
        ClosedMonthFactory()
    with acme.scope():
        card = DayEntryFactory(day=0).work_card
        assert not WorkCard.objects.with_figures().get().month_is_closed
    with platform_scope("test"):
        assert not WorkCard.objects.with_figures().get().month_is_closed
        assert WorkCard.objects.in_open_months().get() == card
    url = f"/api/work_cards/{card.pk}/approve"
    assert client_of(acme.admin).post(url, {"version": 1}).status_code == 200


def test_a_card_says_that_its_month_is_closed(acme: Any, june: dict[str, Any]) -> None:
    with acme.scope():
        WorkCardFactory(processing_month=JULY)
    found = client_of(acme.viewer).get("/api/work_cards").json()["results"]
    assert {(card["processing_month"], card["month_is_closed"]) for card in found} == {
        ("2026-06", True),
        ("2026-07", False),
    }


def _make_card(june: dict[str, Any]) -> Any:
    return WorkCardFactory()


def _move_card_in(june: dict[str, Any]) -> Any:
    return WorkCard.objects.filter(processing_month=JULY).update(processing_month=MONTH)


def _move_card_out(june: dict[str, Any]) -> Any:
    found = WorkCard.objects.filter(pk=june["rejected"].pk)
    return found.update(processing_month=JULY)


# Attempts of code that bypasses the services.
PAST_SERVICES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "make a card": _make_card,
    "make many": lambda june: WorkCard.objects.bulk_create(
        [WorkCardFactory.build(unassigned=True, site=june["waiting"].site)]
    ),
    "edit a card": lambda june: june["waiting"].save(),
    "edit all": lambda june: WorkCard.objects.update(notes="x"),
    "move a card in": _move_card_in,
    "move a card out": _move_card_out,
    "delete a card": lambda june: june["rejected"].delete(),
    "add a day": lambda june: DayEntryFactory(work_card=june["waiting"], day=3),
    "edit a day": lambda june: DayEntry.objects.update(total_hours=3),
    "delete a day": lambda june: DayEntry.objects.all().delete(),
    "post a day": lambda june: ApprovedDayFactory(work_card=june["approved"], day=3),
    "edit the ledger": lambda june: ApprovedDay.objects.update(hours=3),
    "move in the ledger": lambda june: ApprovedDay.objects.update(
        work_date=date(2026, 7, 31)
    ),
    "take a day out": lambda june: ApprovedDay.objects.all().delete(),
}


@pytest.mark.parametrize("name", PAST_SERVICES)
def test_the_database_refuses_what_goes_past_the_services(
    acme: Any, june: dict[str, Any], name: str
) -> None:
    with acme.scope():
        WorkCardFactory(processing_month=JULY)
        with pytest.raises(IntegrityError) as raised, transaction.atomic():
            PAST_SERVICES[name](june)
        assert broken_constraint(raised.value) == RULE
        error = error_from_database(raised.value)
    assert isinstance(error, Conflict)
    assert error.code == "month_closed"


SQL = [
    "UPDATE work_cards SET notes = 'x' WHERE processing_month = '2026-06-01'",
    "UPDATE work_cards SET processing_month = '2026-07-01' WHERE review_status = 'REJECTED'",
    "DELETE FROM work_cards WHERE review_status = 'REJECTED'",
    "INSERT INTO work_card_day_entries (id, business_id, work_card_id, work_date, break_minutes, total_hours, comment) "
    "SELECT gen_random_uuid(), business_id, id, '2026-06-09', 0, 8, '' FROM work_cards WHERE processing_month = '2026-06-01'",
    "UPDATE work_card_day_entries SET comment = 'x'",
    "DELETE FROM work_card_day_entries",
    "UPDATE approved_days SET work_date = '2026-07-01'",
    "DELETE FROM approved_days",
    # In one statement, and in a session with another date format.
    "WITH gone AS (DELETE FROM approved_days RETURNING 1) SELECT count(*) FROM gone",
    "SET LOCAL datestyle = 'German'; DELETE FROM approved_days",
    "SET LOCAL search_path = pg_temp, public; DELETE FROM approved_days",
]


@pytest.mark.parametrize("sql", SQL)
def test_the_database_refuses_what_a_clerk_with_sql_tries(
    acme: Any, june: dict[str, Any], sql: str
) -> None:
    with acme.scope(), connection.cursor() as cursor:
        with pytest.raises(IntegrityError) as raised, transaction.atomic():
            cursor.execute(sql)
        assert broken_constraint(raised.value) == RULE
        cursor.execute("SELECT notes, version FROM work_cards")
        assert set(cursor.fetchall()) == {("", 1)}


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE closed_months SET month = '2019-01-01'",
        "TRUNCATE closed_months",
        "ALTER TABLE work_cards DISABLE TRIGGER ALL",
        "DROP TRIGGER work_cards_open_month_update ON work_cards",
        "SET session_replication_role = replica",
    ],
)
def test_a_clerk_with_sql_cannot_take_the_lock_off(
    acme: Any, june: dict[str, Any], sql: str
) -> None:
    with acme.scope(), connection.cursor() as cursor:
        with (
            pytest.raises(DatabaseError, match=r"permission denied|must be owner"),
            transaction.atomic(),
        ):
            cursor.execute(sql)
        assert ClosedMonth.objects.exists()


def test_what_touches_no_row_and_other_months_are_free(
    acme: Any, june: dict[str, Any]
) -> None:
    with acme.scope():
        card = WorkCardFactory(processing_month=JULY)
        assert WorkCard.objects.filter(notes="no such note").update(notes="x") == 0
        DayEntryFactory(work_card=card, day=30)
        card.delete()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_snapshot_older_than_the_closing_gets_nothing_past_it(
    acme: Any, level: str
) -> None:
    """Its check for a closed month would find none, however late it runs."""
    with acme.scope():
        WorkCardFactory()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
        with acme.scope():
            assert not ClosedMonth.objects.exists()
            closer = threading.Thread(target=_close, args=[acme])
            closer.start()
            closer.join(10)
            assert not ClosedMonth.objects.exists()
            with (
                pytest.raises(DatabaseError, match="READ COMMITTED only"),
                transaction.atomic(),
            ):
                WorkCard.objects.update(notes="x")


def _close(business: Any) -> None:
    """Close a month in a thread, without the services."""
    try:
        with business.scope():
            ClosedMonthFactory()
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_row_made_past_the_services_closes_the_month_as_surely(acme: Any) -> None:
    """Closing waits for open writes; later writes wait for the closing, and fail."""
    with acme.scope():
        WorkCardFactory()
        is_closing = threading.Event()
        closed = threading.Event()

        def close() -> None:
            is_closing.set()
            _close(acme)
            closed.set()

        WorkCard.objects.update(notes="x")
        closer = threading.Thread(target=close)
        closer.start()
        is_closing.wait(5)
        assert not closed.wait(0.5), "closed during a write"
        WorkCard.objects.update(notes="y")
    closer.join(10)
    assert closed.is_set()
    with acme.scope(), pytest.raises(IntegrityError), transaction.atomic():
        WorkCard.objects.update(notes="z")


def test_one_statement_about_several_months_is_refused_as_a_whole(
    acme: Any, june: dict[str, Any]
) -> None:
    with acme.scope():
        for month in (JULY, date(2026, 5, 1)):
            WorkCardFactory(processing_month=month)
        with pytest.raises(IntegrityError) as raised, transaction.atomic():
            WorkCard.objects.update(notes="x")
        assert broken_constraint(raised.value) == RULE
        assert not WorkCard.objects.filter(notes="x").exists()


def test_rows_inserted_in_bulk_are_refused_like_everything_else(
    acme: Any, june: dict[str, Any]
) -> None:
    with acme.scope():
        card = WorkCardFactory.build(unassigned=True, site=june["waiting"].site)
        with pytest.raises(IntegrityError) as raised, transaction.atomic():
            WorkCard.objects.bulk_create([card])
    assert broken_constraint(raised.value) == RULE


def test_the_picture_of_a_closed_card_is_still_made_and_shown(acme: Any) -> None:
    with acme.scope():
        card = WorkCardFactory(uploaded=True)
        ClosedMonthFactory()
    make_renditions.func(business_id=str(acme.id), file_id=str(card.file_id))
    with acme.scope():
        (made,) = WorkCardFile.objects.get().renditions
        assert made["is_made"]
    url = f"/api/work_cards/{card.pk}/file?rendition=display"
    assert client_of(acme.viewer).get(url).status_code == 200
