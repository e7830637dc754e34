"""Work cards by the API: lists, manual cards, editing, assigning, deleting."""

import uuid
from typing import Any

import pytest
from django.core.files.storage import default_storage

from accounts.tests.api_clients import client_of
from tests.api_helpers import events, queries
from workcards.models import DayEntry, WorkCard, WorkCardFile
from workcards.tests.factories import (
    MONTH,
    ApprovedDayFactory,
    DayEntryFactory,
    WorkCardFactory,
    WorkCardFileFactory,
)
from workcards.transitions import ReviewStatus
from workforce.tests.factories import EmployeeFactory, SiteFactory

URL = "/api/work_cards"
pytestmark = pytest.mark.django_db


@pytest.fixture
def client(acme: Any) -> Any:
    return client_of(acme.admin)


def errors(response: Any) -> list[Any]:
    return [(e["code"], e["attr"]) for e in response.json()["errors"]]


def ids(client: Any, path: str = "", **query: Any) -> list[str]:
    response = client.get(URL + path, query)
    assert response.status_code == 200, response.content
    return [card["id"] for card in response.json()["results"]]


# Reading


def test_a_card_has_every_field(acme: Any, client: Any) -> None:
    with acme.scope():
        card = WorkCardFactory(uploaded=True, notes="see back")
        DayEntryFactory(work_card=card, day=0)
        DayEntryFactory(work_card=card, day=1, absent=True)
    body = client.get(f"{URL}/{card.pk}").json()
    assert body == {
        "id": str(card.pk),
        "business_id": str(acme.id),
        "site_id": str(card.site_id),
        "site": {"id": str(card.site_id), "name": card.site.site_name},
        "employee_id": str(card.employee_id),
        "employee": {"id": str(card.employee_id), "name": card.employee.full_name},
        "processing_month": "2026-06",
        "source": "UPLOAD_SINGLE",
        "review_status": "NEEDS_REVIEW",
        "version": 1,
        "total_hours": "8.00",
        "total_minutes": 480,
        "day_count": 2,
        "notes": "see back",
        "rejected_reason": "",
        "uploaded_by": None,
        "approved_by": None,
        "approved_at": None,
        "original_filename": "card.png",
        "mime_type": "image/png",
        "file_size_bytes": card.file_size_bytes,
        "sha256_hash": card.sha256_hash,
        "source_page_number": 1,
        "has_file": True,
        "month_is_closed": False,
        "created_at": f"{card.created_at:%Y-%m-%dT%H:%M:%SZ}",
        "updated_at": f"{card.updated_at:%Y-%m-%dT%H:%M:%SZ}",
    }


def test_details_nest_days_and_file(acme: Any, client: Any) -> None:
    with acme.scope():
        card = WorkCardFactory(uploaded=True)
        manual = WorkCardFactory()
        DayEntryFactory(work_card=card, day=0)
        ApprovedDayFactory(
            work_card=WorkCardFactory(employee=card.employee, approved=True), day=0
        )
    body = client.get(f"{URL}/{card.pk}", {"details": "true"}).json()
    assert body["file"] == {
        "url": f"{URL}/{card.pk}/file",
        "display_url": f"{URL}/{card.pk}/file?rendition=display",
        "width": None,
        "height": None,
    }
    assert body["days"] == client.get(f"{URL}/{card.pk}/day-entries").json()["entries"]
    assert body["days"][0]["ledger"]["hours"] == "8.00"
    listed = client.get(URL, {"details": "true"}).json()["results"]
    by_id = {card["id"]: card for card in listed}
    # Warnings are computed for a single card only.
    found = {name: body.pop(name) for name in ("warnings", "warning_details")}
    assert [one["code"] for one in found["warning_details"]] == ["overlapping_hours"]
    assert by_id[str(card.pk)] == body
    assert by_id[str(manual.pk)]["file"] is None
    assert by_id[str(manual.pk)]["days"] == []
    for value in ("yes", "1", "True"):
        response = client.get(URL, {"details": value})
        assert errors(response) == [("invalid", "details")]


def test_filters(acme: Any, client: Any) -> None:
    with acme.scope():
        site = SiteFactory()
        employee = EmployeeFactory(site=site, full_name="John Smith")
        first = str(WorkCardFactory(employee=employee, site=site).pk)
        second = str(WorkCardFactory(unassigned=True, site=site).pk)
        third = str(WorkCardFactory(approved=True, processing_month="2026-05-01").pk)
        fourth = str(WorkCardFactory(rejected=True, notes="Smith's too").pk)
    assert ids(client) == [fourth, third, second, first]
    assert ids(client, site_id=str(site.pk)) == [second, first]
    assert ids(client, employee_id=str(employee.pk)) == [first]
    assert ids(client, month="2026-05") == [third]
    assert ids(client, month="2026-05-20") == [third]
    assert ids(client, status="REJECTED") == [fourth]
    assert ids(client, unassigned="true") == [second]
    assert ids(client, unassigned="false") == [fourth, third, first]
    assert ids(client, search="smith") == [fourth, first]
    assert ids(client, ordering="created_at") == [first, second, third, fourth]
    assert ids(client, "/pending") == [second, first]
    assert ids(client, "/pending", month="2026-05") == []
    assert ids(client, "/unassigned", site_id=str(site.pk)) == [second]
    for query, attr in (
        ({"site_id": "x"}, "site_id"),
        ({"month": "June"}, "month"),
        ({"status": "DONE"}, "status"),
        ({"unassigned": "1"}, "unassigned"),
        ({"colour": "red"}, "colour"),
        ({"ordering": "notes"}, "ordering"),
        ({"search": "\0"}, "search"),
    ):
        response = client.get(URL, query)
        assert response.status_code == 400
        assert errors(response)[0][1] == attr


@pytest.mark.parametrize("details", ["true", "false"])
def test_a_list_costs_the_same_for_one_card_and_for_fifty(
    acme: Any, client: Any, details: str
) -> None:
    def make(count: int) -> None:
        with acme.scope():
            for card in WorkCardFactory.create_batch(count, uploaded=True):
                card.uploaded_by = acme.uploader
                card.approved_by = acme.reviewer
                card.save()
                DayEntryFactory.create_batch(3, work_card=card)

    def ask(expected: int) -> None:
        found = client.get(URL, {"details": details, "page_size": "100"}).json()
        assert len(found["results"]) == expected

    make(1)
    for_one = queries(lambda: ask(1))
    make(49)
    for_fifty = queries(lambda: ask(50))
    # The user, the count, the page, and the days of its cards.
    assert for_one == for_fifty == (4 if details == "true" else 3)


def test_a_super_admin_sees_all_and_can_name_a_business(
    acme: Any, globex: Any, super_admin: Any
) -> None:
    with acme.scope():
        own = str(WorkCardFactory(uploaded=True).pk)
    with globex.scope():
        other = str(WorkCardFactory().pk)
    client = client_of(super_admin)
    assert ids(client) == [other, own]
    assert ids(client, business_id=str(acme.id)) == [own]
    assert ids(client, details="true") == [other, own]
    assert client.get(f"{URL}/{own}/file?rendition=display").status_code == 200
    with acme.scope():
        assert WorkCardFile.objects.get().renditions == []


def test_cards_of_a_super_admin_who_acted_are_not_lost(
    acme: Any, super_admin: Any
) -> None:
    acting = client_of(super_admin, acting_for=acme.business)
    with acme.scope():
        employee = EmployeeFactory()
    card = acting.post(
        URL,
        {
            "site_id": str(employee.site_id),
            "employee_id": str(employee.pk),
            "processing_month": "2026-06",
        },
    ).json()
    acting.put(
        f"{URL}/{card['id']}/day-entries",
        {"version": 1, "entries": [{"work_date": "2026-06-01", "total_hours": "8"}]},
    )
    approved = acting.post(f"{URL}/{card['id']}/approve", {"version": 2}).json()["card"]
    assert approved["approved_by"] == {"id": str(super_admin.pk), "name": "Super Admin"}
    listed = client_of(acme.viewer).get(URL, {"details": "true"}).json()
    assert listed["count"] == len(listed["results"]) == 1
    assert listed["results"][0]["uploaded_by"]["name"] == "Super Admin"


# Manual cards


def manual(client: Any, employee: Any, **values: Any) -> Any:
    return client.post(
        URL,
        {
            "site_id": str(employee.site_id),
            "employee_id": str(employee.pk),
            "processing_month": "2026-06",
        }
        | values,
    )


@pytest.fixture
def employee(acme: Any) -> Any:
    with acme.scope():
        return EmployeeFactory(full_name="John Smith")


def test_a_manual_card(acme: Any, employee: Any) -> None:
    response = manual(client_of(acme.uploader), employee, notes=" by phone ")
    assert response.status_code == 201
    card = response.json()
    assert card["source"] == "MANUAL"
    assert card["review_status"] == "NEEDS_REVIEW"
    assert card["employee"]["name"] == "John Smith"
    assert card["uploaded_by"]["name"] == acme.uploader.full_name
    assert (card["has_file"], card["notes"], card["version"]) == (False, "by phone", 1)
    (event,) = events(acme.id)
    assert (event.event_type, str(event.work_card_id)) == ("card_created", card["id"])
    assert event.metadata["after"]["notes"] == "by phone"
    assert event.metadata["channel"] == "api"


def test_while_one_waits_it_is_given_again(
    acme: Any, client: Any, employee: Any
) -> None:
    first = manual(client, employee).json()
    again = manual(client, employee, processing_month="2026-06-30")
    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    assert manual(client, employee, processing_month="2026-07").status_code == 201
    with acme.scope():
        WorkCard.objects.filter(pk=first["id"]).update(
            review_status="APPROVED", approved_at="2026-07-01T00:00Z"
        )
    assert manual(client, employee).status_code == 201
    assert len(events(acme.id)) == 3


def test_what_a_manual_card_must_say(acme: Any, client: Any, employee: Any) -> None:
    assert set(errors(client.post(URL, {}))) == {
        ("required", "site_id"),
        ("required", "employee_id"),
        ("required", "processing_month"),
    }
    with acme.scope():
        closed = SiteFactory(is_active=False)
    for values, expected in (
        ({"site_id": str(closed.pk)}, ("site_closed", "site_id")),
        ({"site_id": None}, ("null", "site_id")),
        ({"employee_id": str(uuid.uuid4())}, ("does_not_exist", "employee_id")),
        ({"processing_month": "2026-13"}, ("invalid", "processing_month")),
        ({"notes": "x" * 2001}, ("max_length", "notes")),
        ({"review_status": "APPROVED"}, ("read_only", "review_status")),
        ({"approved_by": str(acme.admin.pk)}, ("read_only", "approved_by")),
        ({"month": "2026-06"}, ("unknown_field", "month")),
        ({"business_id": str(uuid.uuid4())}, ("read_only", "business_id")),
    ):
        response = manual(client, employee, **values)
        assert response.status_code == 400
        assert errors(response) == [expected]
    assert manual(client, employee, business_id=str(acme.id)).status_code == 201


# Editing


def test_what_is_read_can_be_put_back(acme: Any, client: Any) -> None:
    with acme.scope():
        card = WorkCardFactory(uploaded=True)
        DayEntryFactory(work_card=card)
    for query in ("", "?details=true"):
        body = client.get(f"{URL}/{card.pk}{query}").json()
        response = client.put(f"{URL}/{card.pk}", body)
        assert response.status_code == 200, response.content
        assert response.json() == body
    assert events(acme.id) == []


def test_notes_site_and_month_can_change(acme: Any, client: Any) -> None:
    with acme.scope():
        card, site = WorkCardFactory(), SiteFactory()
    response = client.patch(
        f"{URL}/{card.pk}",
        {"site_id": str(site.pk), "processing_month": "2026-05", "notes": "moved"},
    )
    body = response.json()
    assert (body["site_id"], body["processing_month"]) == (str(site.pk), "2026-05")
    assert (body["notes"], body["version"]) == ("moved", 2)
    (event,) = events(acme.id)
    assert event.event_type == "card_updated"
    assert event.metadata["before"] == {
        "site_id": str(card.site_id),
        "processing_month": "2026-06-01",
        "notes": "",
    }
    assert event.metadata["after"]["site_id"] == str(site.pk)


def test_what_cannot_change(acme: Any, client: Any) -> None:
    with acme.scope():
        site, closed = SiteFactory(), SiteFactory(is_active=False)
        approved = WorkCardFactory(approved=True)
        with_days = WorkCardFactory()
        DayEntryFactory(work_card=with_days)
        at_closed = WorkCardFactory(site=closed)
    for card, values, status, expected in (
        (approved, {"site_id": str(site.pk)}, 409, ("card_approved", None)),
        (approved, {"processing_month": "2026-05"}, 409, ("card_approved", None)),
        (approved, {"notes": "fine"}, 200, None),
        (
            with_days,
            {"processing_month": "2026-05"},
            409,
            ("has_days", "processing_month"),
        ),
        (with_days, {"site_id": str(site.pk)}, 200, None),
        (with_days, {"site_id": str(closed.pk)}, 400, ("site_closed", "site_id")),
        (at_closed, {"site_id": str(closed.pk)}, 200, None),
        (with_days, {"review_status": "APPROVED"}, 400, ("read_only", "review_status")),
        (with_days, {"version": 1}, 400, ("read_only", "version")),
        (
            with_days,
            {"employee_id": str(approved.employee_id)},
            400,
            ("read_only", "employee_id"),
        ),
        (with_days, {"colour": "red"}, 400, ("unknown_field", "colour")),
    ):
        response = client.patch(f"{URL}/{card.pk}", values)
        assert response.status_code == status, response.content
        if expected:
            assert errors(response) == [expected]


# Assigning


def test_a_card_is_assigned_reassigned_and_unassigned(acme: Any, employee: Any) -> None:
    client = client_of(acme.uploader)
    with acme.scope():
        card = WorkCardFactory(unassigned=True, site=employee.site)
        other = EmployeeFactory(is_active=False, full_name="Jane Roe")
        DayEntryFactory(work_card=card)
    url = f"{URL}/{card.pk}/assign"
    body = client.post(url, {"employee_id": str(employee.pk), "version": 1}).json()
    assert body["card"]["review_status"] == "NEEDS_REVIEW"
    assert body["card"]["employee"]["name"] == "John Smith"
    assert (body["reposted"], body["warnings"]) == ([], [])
    body = client.post(url, {"employee_id": str(other.pk)}).json()
    assert body["warnings"] == ["Jane Roe is inactive."]
    assert body["card"]["day_count"] == 1
    assert client.post(url, {"employee_id": str(other.pk)}).json() == body
    body = client.post(url, {"employee_id": None, "version": 3}).json()
    assert body["card"]["review_status"] == "NEEDS_ASSIGNMENT"
    assert body["card"]["employee"] is None
    found = [(event.event_type, event.employee_id) for event in events(acme.id)]
    assert found == [
        ("card_assigned", employee.pk),
        ("card_assigned", other.pk),
        ("card_unassigned", None),
    ]
    for values, expected in (
        ({}, ("required", "employee_id")),
        ({"employee_id": "x"}, ("invalid", "employee_id")),
        ({"employee_id": str(uuid.uuid4())}, ("does_not_exist", "employee_id")),
        ({"employee_id": None, "version": "x"}, ("invalid", "version")),
        ({"employee_id": None, "force": True}, ("unknown_field", "force")),
    ):
        response = client.post(url, values)
        assert (response.status_code, errors(response)) == (400, [expected])
    stale = client.post(url, {"employee_id": str(employee.pk), "version": 1})
    assert (stale.status_code, errors(stale)) == (409, [("stale_version", None)])


# Deleting


@pytest.mark.parametrize("status", ReviewStatus)
def test_an_unapproved_card_is_deleted_with_its_bytes(
    acme: Any, client: Any, status: str, django_capture_on_commit_callbacks: Any
) -> None:
    traits = {
        "NEEDS_ASSIGNMENT": {"unassigned": True},
        "APPROVED": {"approved": True},
        "REJECTED": {"rejected": True},
    }
    with acme.scope():
        card = WorkCardFactory(uploaded=True, **traits.get(status, {}))
        DayEntryFactory(work_card=card, day=0)
        path = card.file.original.name
    with django_capture_on_commit_callbacks(execute=True):
        response = client.delete(f"{URL}/{card.pk}")
    if status == "APPROVED":
        assert (response.status_code, errors(response)) == (
            409,
            [("card_approved", None)],
        )
        assert default_storage.exists(path)
        assert events(acme.id) == []
        return
    assert (response.status_code, response.content) == (204, b"")
    with acme.scope():
        assert not WorkCard.objects.exists()
        assert not WorkCardFile.objects.exists()
        assert not DayEntry.objects.exists()
    assert not default_storage.exists(path)
    (event,) = events(acme.id)
    assert (event.event_type, event.entity_id) == ("card_deleted", card.pk)
    assert event.metadata["before"]["original_filename"] == "card.png"
    assert event.metadata["before"]["days"]["2026-06-01"]["total_hours"] == "8.00"


def test_bytes_stay_while_another_page_needs_them(
    acme: Any, client: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with acme.scope():
        file = WorkCardFileFactory(page_count=2)
        first = WorkCardFactory(uploaded=True, file=file, source_page_number=1)
        second = WorkCardFactory(uploaded=True, file=file, source_page_number=2)
    for card, remains in ((first, True), (second, False)):
        with django_capture_on_commit_callbacks(execute=True):
            assert client.delete(f"{URL}/{card.pk}").status_code == 204
        assert default_storage.exists(file.original.name) is remains


def test_bytes_that_cannot_be_removed_do_not_undo_the_deletion(
    acme: Any, client: Any, monkeypatch: Any, django_capture_on_commit_callbacks: Any
) -> None:
    def fail(name: str) -> None:
        raise OSError("storage is away")

    with acme.scope():
        card = WorkCardFactory(uploaded=True)
    monkeypatch.setattr(default_storage, "delete", fail)
    with django_capture_on_commit_callbacks(execute=True):
        assert client.delete(f"{URL}/{card.pk}").status_code == 204
    with acme.scope():
        assert not WorkCard.objects.exists()


def test_others_than_the_admin_delete_their_own_alone(acme: Any) -> None:
    with acme.scope():
        theirs = WorkCardFactory(uploaded_by=acme.reviewer)
        own = WorkCardFactory(uploaded_by=acme.uploader)
        nobodys = WorkCardFactory()
    for user, card, status in (
        (acme.viewer, own, 403),
        (acme.uploader, theirs, 403),
        (acme.uploader, nobodys, 403),
        (acme.reviewer, own, 403),
        (acme.uploader, own, 204),
        (acme.admin, theirs, 204),
    ):
        assert client_of(user).delete(f"{URL}/{card.pk}").status_code == status
    assert [event.event_type for event in events(acme.id)] == ["card_deleted"] * 2


# Endpoints of every role


def test_querysets_answer_their_questions(acme: Any, globex: Any) -> None:
    with globex.scope():
        WorkCardFactory()
    with acme.scope():
        card = WorkCardFactory()
        waiting = WorkCardFactory(unassigned=True, site=card.site)
        WorkCardFactory(approved=True)
        cards = WorkCard.objects
        assert set(cards.for_site_month(card.site_id, MONTH)) == {card, waiting}
        assert list(cards.for_employee_month(card.employee_id, MONTH)) == [card]
        assert list(cards.with_status("NEEDS_REVIEW")) == [card]
        assert list(cards.unassigned()) == [waiting]
        assert set(cards.pending()) == {card, waiting}
        assert set(cards.pending(card.site_id)) == {card, waiting}
