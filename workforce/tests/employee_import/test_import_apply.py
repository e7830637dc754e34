"""Tests of preview and apply: equal effects, all or none, once; and no disclosure across businesses."""

from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from audit.tests.audit_helpers import queued, recorded, run_queued, trace
from automatehq.request_slots import acquire_file_slot
from tests.admin_clients import admin_client_for
from tests.api_helpers import events, open_transactions, problem, queries
from workcards.tests.test_concurrency_cards import at_once, statuses
from workforce.employee_import import file_parsing
from workforce.employee_import.row_writer import BATCH
from workforce.models import Employee, Site
from workforce.tests.factories import EmployeeFactory

from .import_files import EXPORT, HEADER, apply, as_csv, codes, imported, preview

pytestmark = pytest.mark.django_db

NEW = ("X12345", "9", "New One", "Harbour")
SAME = ("AB123456", "0012", "John Example", "Harbour")
CHANGED = ("AB123456", "0012", "Johnny", "Harbour")
WRONG = ("", "", "No Key", "")


def names(business: Personas) -> set[str]:
    with business.scope():
        return set(Employee.objects.values_list("full_name", flat=True))


def test_a_preview_writes_nothing(
    acme: Personas, client: APIClient, john: Employee
) -> None:
    answer = preview(client, as_csv(HEADER, NEW, CHANGED))
    assert answer.json()["summary"] == {
        "create": 1,
        "update": 1,
        "unchanged": 0,
        "error": 0,
    }
    assert names(acme) == {"John Example"}
    assert events(acme.id) == []


def test_an_apply_does_what_the_preview_has_shown(
    acme: Personas, client: APIClient, john: Employee
) -> None:
    data = as_csv(HEADER, NEW, CHANGED)
    shown = preview(client, data).json()
    done = apply(client, data, shown["hash"]).json()
    new = done["rows"][0]
    assert new.pop("employee_id")
    assert shown["rows"][0].pop("employee_id") is None
    assert done == shown
    assert names(acme) == {"New One", "Johnny"}


def test_the_trail_has_an_event_for_each_and_one_for_the_import(
    acme: Personas, client: APIClient, john: Employee
) -> None:
    imported(client, as_csv(HEADER, NEW, CHANGED))
    created, updated, whole = sorted(
        events(acme.id), key=lambda event: event.event_type
    )
    assert created.event_type == "employee_created"
    assert created.metadata["after"]["passport_id"] == "X12345"
    assert updated.event_type == "employee_updated"
    assert updated.changes == [
        {"field": "full_name", "old": "John Example", "new": "Johnny"}
    ]
    assert updated.employee_id == john.pk
    assert whole.event_type == "employees_imported"
    assert whole.metadata["summary"]["create"] == 1
    assert {event.actor_id for event in (created, updated, whole)} == {acme.reviewer.pk}


def test_another_hash_or_file_is_stale_and_writes_nothing(
    acme: Personas, client: APIClient, john: Employee
) -> None:
    data = as_csv(HEADER, NEW)
    hash_ = preview(client, data).json()["hash"]
    for answer in (
        apply(client, data, "0" * 64),
        apply(client, data + b"\r\n", hash_),
        apply(client, as_csv(HEADER, CHANGED), hash_),
    ):
        assert problem(answer) == (409, "preview_stale", None)
        assert answer.json()["preview"]["rows"]
    assert names(acme) == {"John Example"}


def test_whatever_changes_what_would_be_done_makes_the_preview_stale(
    acme: Personas, client: APIClient, john: Employee
) -> None:
    data = as_csv(HEADER, NEW, CHANGED)
    hash_ = preview(client, data).json()["hash"]
    with acme.scope():
        john.full_name = "Jack"
        john.save()
    stale = apply(client, data, hash_)
    assert problem(stale)[1] == "preview_stale"
    assert names(acme) == {"Jack"}
    assert apply(client, data, stale.json()["preview"]["hash"]).status_code == 200


def test_what_does_not_concern_the_file_makes_no_preview_stale(
    acme: Personas, client: APIClient, john: Employee
) -> None:
    data = as_csv(HEADER, NEW)
    hash_ = preview(client, data).json()["hash"]
    with acme.scope():
        EmployeeFactory(site=john.site)
    assert apply(client, data, hash_).status_code == 200


def test_one_wrong_row_stops_all_unless_it_is_left_out(
    acme: Personas, client: APIClient, john: Employee
) -> None:
    data = as_csv(HEADER, NEW, WRONG, CHANGED)
    rejected = imported(client, data)
    assert problem(rejected) == (400, "rows_refused", "file")
    assert [codes(row) for row in rejected.json()["preview"]["rows"]] == [
        [],
        ["no_key"],
        [],
    ]
    assert names(acme) == {"John Example"}
    assert events(acme.id) == []
    done = imported(client, data, skip_errors="true").json()
    assert done["summary"] == {"create": 1, "update": 1, "unchanged": 0, "error": 1}
    assert names(acme) == {"New One", "Johnny"}


def test_the_same_file_twice_changes_nothing_the_second_time(
    acme: Personas, client: APIClient, john: Employee
) -> None:
    data = as_csv(HEADER, NEW, CHANGED)
    imported(client, data)
    again = imported(client, data).json()
    assert again["summary"] == {"create": 0, "update": 0, "unchanged": 2, "error": 0}
    assert len(events(acme.id, "employee_created", "employee_updated")) == 2


@pytest.mark.parametrize("role", ["uploader", "viewer"])
def test_who_may_not_manage_employees_may_not_look_either(
    acme: Personas, role: str
) -> None:
    client = client_of(acme.user(role))
    data = as_csv(HEADER, NEW)
    assert problem(preview(client, data))[:2] == (403, "permission_denied")
    assert problem(apply(client, data, "0" * 64))[:2] == (403, "permission_denied")


def test_a_super_admin_acts_for_the_business_first(
    acme: Personas, super_admin: User, site: Site
) -> None:
    data = as_csv(HEADER, NEW)
    assert problem(preview(client_of(super_admin), data))[:2] == (
        403,
        "act_as_required",
    )
    acting = client_of(super_admin, acting_for=acme.business)
    assert imported(acting, data).status_code == 200
    assert {event.cross_business for event in events(acme.id)} == {True}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "file"),
        ({"file": "text"}, "file"),
        ({"file": "text", "business_id": "x"}, "business_id"),
    ],
)
def test_what_is_no_form_with_a_file_is_named(
    client: APIClient, body: dict[str, Any], field: str
) -> None:
    answer = client.post("/api/employees/import/preview", body, format="multipart")
    assert answer.status_code == 400
    assert field in {error["attr"] for error in answer.json()["errors"]}


def test_json_is_no_file(client: APIClient) -> None:
    answer = client.post("/api/employees/import/preview", {}, format="json")
    assert answer.status_code == 415


def test_a_thousand_rows_cost_as_many_queries_as_a_few(
    acme: Personas, client: APIClient, site: Site
) -> None:
    """Ten thousand rows take ten seconds, because no query is made row by row."""

    def file(first: int, last: int) -> bytes:
        rows = [
            (f"AB{n:06}", f"{n}", f"Name {n}", "Harbour") for n in range(first, last)
        ]
        return as_csv(HEADER, *rows)

    def cost(data: bytes) -> int:
        hash_ = preview(client, data).json()["hash"]
        return queries(lambda: apply(client, data, hash_))

    few = cost(file(0, 10))
    assert cost(file(1000, 1000 + BATCH)) <= few
    assert cost(file(1000, 1000 + 2 * BATCH)) <= few + 4


# Other businesses


@pytest.fixture
def jane(globex: Personas) -> Employee:
    with globex.scope():
        return EmployeeFactory(full_name="Jane Example", passport_id="ZZ123456")


def test_a_passport_of_another_business_is_in_use_and_that_is_all(
    acme: Personas, globex: Personas, client: APIClient, john: Employee, jane: Employee
) -> None:
    taken = ("zz-123 456", "", "New One", "")
    data = as_csv(HEADER, CHANGED, taken, NEW)
    answer = preview(client, data)
    first, second, third = answer.json()["rows"]
    assert (first["action"], third["action"]) == ("update", "create")
    assert second == {
        "row": 3,
        "action": "error",
        "employee_id": None,
        "changes": [],
        "errors": [
            {
                "code": "already_in_use",
                "detail": "This value is already in use.",
                "attr": "passport_id",
            }
        ],
        "warnings": [],
    }
    assert "Jane" not in answer.content.decode()
    (queued_check,) = queued()
    assert (queued_check["kind"], queued_check["value"]) == (
        "already_in_use",
        "ZZ123456",
    )
    run_queued()
    (event,) = recorded()
    assert event.event_type == "cross_business_conflict"
    assert (event.business_id, event.entity_id) == (globex.id, jane.pk)
    assert imported(client, data, skip_errors="true").status_code == 200
    assert names(acme) == {"Johnny", "New One"}
    assert names(globex) == {"Jane Example"}


def test_a_passport_of_another_business_can_not_be_taken_by_a_change_either(
    client: APIClient, john: Employee, jane: Employee
) -> None:
    answer = preview(client, as_csv(HEADER, ("ZZ123456", "0012", "", "")))
    assert codes(answer.json()["rows"][0]) == ["already_in_use"]


def test_a_released_passport_can_be_hired(
    acme: Personas, globex: Personas, client: APIClient, site: Site, jane: Employee
) -> None:
    with globex.scope():
        jane.passport_id, jane.former_passport_id = None, jane.passport_id
        jane.save()
    data = as_csv(HEADER, ("ZZ123456", "", "Jane Example", ""))
    assert imported(client, data).json()["summary"]["create"] == 1


@pytest.mark.parametrize("how", ["preview", "apply"])
def test_twenty_in_use_an_hour_and_nothing_is_told_any_more(
    acme: Personas, globex: Personas, client: APIClient, site: Site, how: str
) -> None:
    with globex.scope():
        for number in range(21):
            EmployeeFactory(passport_id=f"ZZ{number:06}")
    taken = [(f"ZZ{number:06}", "", "New", "") for number in range(21)]

    def send(rows: Any) -> Any:
        data = as_csv(HEADER, *rows)
        if how == "preview":
            return preview(client, data)
        return apply(client, data, "0" * 64)

    def in_use_count(answer: Any) -> int:
        body = answer.json()
        return int(body.get("preview", body)["summary"]["error"])

    assert in_use_count(send(taken[:15])) == 15
    rejected = send(taken[:6])
    assert problem(rejected) == (429, "too_many_in_use", None)
    assert rejected["Retry-After"]
    assert "rows" not in rejected.json()
    # Other endpoints are blocked now too, also for free values.
    assert problem(send([NEW]))[:2] == (429, "too_many_in_use")
    free = client.post("/api/employees", {"full_name": "X", "passport_id": "FREE123"})
    assert problem(free)[:2] == (429, "too_many_in_use")
    # A file without such values is not affected.
    assert preview(client, as_csv(HEADER, WRONG)).status_code == 200


def test_twenty_at_once_are_told_and_the_next_one_is_not(
    globex: Personas, client: APIClient
) -> None:
    with globex.scope():
        for number in range(21):
            EmployeeFactory(passport_id=f"ZZ{number:06}")
    rows = [(f"ZZ{number:06}", "", "New", "") for number in range(21)]
    assert preview(client, as_csv(HEADER, *rows)).status_code == 429


def test_a_foreign_file_says_no_more_than_one_of_nobody(
    acme: Personas, globex: Personas, client: APIClient, john: Employee
) -> None:
    """A user of another business sees these employees as new; only a passport can be in use."""
    thief = client_of(globex.reviewer)
    data = as_csv(HEADER, ("", "0012", "John Example", ""))
    other = as_csv(HEADER, ("", "9912", "John Example", ""))
    first, second = (
        trace(lambda data=data: preview(thief, data)) for data in (data, other)
    )
    assert first.status == second.status == 200
    assert first.sql == second.sql


# Concurrency


@pytest.mark.django_db(transaction=True)
def test_of_two_who_apply_the_same_file_one_wins(acme: Personas, site: Site) -> None:
    data = as_csv(HEADER, NEW, ("Y12345", "10", "New Two", ""))
    people = [client_of(acme.admin), client_of(acme.reviewer)]
    hash_ = preview(people[0], data).json()["hash"]
    answers = at_once(
        *(lambda client=client: apply(client, data, hash_) for client in people)
    )
    assert statuses(answers) == [200, 409]
    assert names(acme) == {"New One", "New Two"}
    assert len(events(acme.id, "employees_imported")) == 1


@pytest.mark.django_db(transaction=True)
def test_somebody_who_is_added_meanwhile_is_not_added_twice(
    acme: Personas, site: Site
) -> None:
    data = as_csv(HEADER, NEW, ("Y12345", "10", "New Two", ""))
    clerk, other = client_of(acme.admin), client_of(acme.reviewer)
    hash_ = preview(clerk, data).json()["hash"]
    body = {"full_name": "Added", "passport_id": "Y12345"}
    answers = at_once(
        lambda: apply(clerk, data, hash_), lambda: other.post("/api/employees", body)
    )
    assert statuses(answers) in ([200, 400], [201, 409])
    if answers[0].status_code == 200:
        assert names(acme) == {"New One", "New Two"}
    else:
        assert problem(answers[0])[1] == "preview_stale"
        assert names(acme) == {"Added"}


def test_a_row_that_changes_nothing_is_written_nowhere(
    acme: Personas, client: APIClient, john: Employee
) -> None:
    imported(client, as_csv(HEADER, SAME))
    before = john.updated_at
    with acme.scope():
        john.refresh_from_db()
    assert john.updated_at == before
    assert [event.event_type for event in events(acme.id)] == ["employees_imported"]
    assert client.get(f"{EXPORT}?type=csv").status_code == 200


def test_two_imports_of_a_person_are_worked_on_at_once(
    acme: Personas, client: APIClient, site: Site
) -> None:
    with ExitStack() as held:
        for _ in range(2):
            acquire_file_slot(held, f"employee import person {acme.reviewer.pk}", 2)
        answer = preview(client, as_csv(HEADER, NEW))
        assert problem(answer) == (429, "too_many_imports", None)
        assert answer["Retry-After"] == "5"
        # Other users of the business do not wait.
        assert preview(client_of(acme.admin), as_csv(HEADER, NEW)).status_code == 200
    assert imported(client, as_csv(HEADER, NEW)).status_code == 200


@pytest.mark.parametrize("full", ["business", "server"])
def test_imports_of_a_business_and_of_the_server_wait_for_their_turn(
    acme: Personas, client: APIClient, site: Site, monkeypatch: Any, full: str
) -> None:
    monkeypatch.setattr(
        file_parsing, "LIMITS", replace(file_parsing.LIMITS, seconds=0.2)
    )
    name = f"business {acme.id}" if full == "business" else "server"
    with ExitStack() as held:
        for _ in range(3):
            acquire_file_slot(held, f"employee import {name}", 3)
        answer = preview(client, as_csv(HEADER, NEW))
        assert problem(answer) == (429, "too_many_imports", None)
    assert preview(client, as_csv(HEADER, NEW)).status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("how", ["api", "admin"])
def test_a_file_is_read_while_no_transaction_is_open(
    acme: Personas, client: APIClient, site: Site, monkeypatch: Any, how: str
) -> None:
    seen: list[int] = []

    def read_table(*arguments: Any) -> file_parsing.ParsedTable:
        seen.append(open_transactions())
        return read(*arguments)

    read = file_parsing.read_table
    monkeypatch.setattr(file_parsing, "read_table", read_table)
    data = as_csv(HEADER, NEW)
    if how == "api":
        assert imported(client, data).status_code == 200
        assert seen == [0, 0]
    else:
        page = admin_client_for(acme.reviewer).send(
            reverse("admin:workforce_employee_import"),
            {"file": SimpleUploadedFile("people.csv", data)},
        )
        assert page.status_code == 200
        assert seen == [0]


def test_what_is_not_permitted_is_not_read(acme: Personas, monkeypatch: Any) -> None:
    def read_table(*_arguments: Any) -> None:
        raise AssertionError("the file was read")

    monkeypatch.setattr(file_parsing, "read_table", read_table)
    answer = preview(client_of(acme.viewer), as_csv(HEADER, NEW))
    assert problem(answer)[:2] == (403, "permission_denied")
    assert preview(APIClient(), as_csv(HEADER, NEW)).status_code == 401
