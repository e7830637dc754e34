"""Tests of the API of the matrix."""

import uuid
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from accounts.tests.api_clients import client_of
from accounts.tests.personas import Personas
from audit.tests.audit_helpers import queued
from exports.tests.month_fixtures import (
    ABSENT,
    EIGHT,
    draft_day,
    employee_at,
    post_day,
    site_named,
)
from reports.matrix_views import MatrixSerializer
from tests.api_helpers import problem, queries
from workcards.tests.factories import MONTH
from workforce.models import Employee

pytestmark = pytest.mark.django_db

MATRIX = "/api/matrix"
JUNE = {"month": "2026-06"}


def of_site(site: Any) -> str:
    return f"/api/sites/{site.pk}/matrix"


def test_the_matrix_of_a_site_is_the_documented_body(acme: Personas) -> None:
    with acme.scope():
        site = site_named("North")
        zoe = employee_at(site, "Zoe", passport_id="AB123456")
        worked = post_day(zoe, 5, **EIGHT)
        absent = post_day(zoe, 6, **ABSENT)
        draft_day(zoe, 7)
    body = client_of(acme.viewer).get(of_site(site), JUNE).json()
    days, day_totals = body.pop("days"), body.pop("day_totals")
    assert body.pop("day_minutes") == {
        day: int(Decimal(hours) * 60) for day, hours in day_totals.items()
    }
    assert body == {
        "month": "2026-06",
        "employees": [
            {
                "id": str(zoe.pk),
                "full_name": "Zoe",
                "passport_id": "AB123456",
                "total_hours": "8.00",
                "total_minutes": 480,
                "absences": {
                    "VACATION": 0,
                    "SICK": 1,
                    "INTERNATIONAL_VISA": 0,
                    "HOLIDAY": 0,
                },
            }
        ],
        "cells": {
            str(zoe.pk): {
                "2026-06-05": {
                    "hours": "8.00",
                    "minutes": 480,
                    "day_status": None,
                    "state": "approved",
                    "work_card_id": str(worked.work_card_id),
                },
                "2026-06-06": {
                    "hours": None,
                    "minutes": None,
                    "day_status": "SICK",
                    "state": "approved",
                    "work_card_id": str(absent.work_card_id),
                },
            }
        },
        "total_hours": "8.00",
        "total_minutes": 480,
    }
    assert len(days) == len(day_totals) == 30
    assert days[5] == {"date": "2026-06-06", "is_saturday": True}
    assert [day["date"][-2:] for day in days if day["is_saturday"]] == [
        "06",
        "13",
        "20",
        "27",
    ]
    assert day_totals["2026-06-05"] == "8.00"
    assert day_totals["2026-06-30"] == "0.00"


def test_the_body_has_the_fields_that_the_schema_promises(acme: Personas) -> None:
    with acme.scope():
        post_day(employee_at(site_named("North"), "Zoe"), 5, **EIGHT)
    body = client_of(acme.viewer).get(MATRIX, JUNE).json()
    promised: Any = MatrixSerializer().fields
    assert set(body) == set(promised)
    assert set(body["days"][0]) == set(promised["days"].child.fields)
    (employee,) = body["employees"]
    assert set(employee) == set(promised["employees"].child.fields)
    absences = promised["employees"].child.fields["absences"]
    assert set(employee["absences"]) == set(absences.fields)
    (cell,) = body["cells"][employee["id"]].values()
    assert set(cell) == set(promised["cells"].child.child.fields)


def test_one_site_asked_for_either_way_is_the_same(acme: Personas) -> None:
    with acme.scope():
        north, south = site_named("North"), site_named("South")
        post_day(employee_at(north, "Zoe"), 5, **EIGHT)
        post_day(employee_at(south, "Ann"), 5, **EIGHT)
    client = client_of(acme.reviewer)
    one = client.get(MATRIX, {**JUNE, "site_id": str(north.pk)}).json()
    assert one == client.get(of_site(north), JUNE).json()
    assert one["total_hours"] == "8.00"
    assert client.get(MATRIX, JUNE).json()["total_hours"] == "16.00"


def test_days_under_review_come_when_asked_for(acme: Personas) -> None:
    with acme.scope():
        site = site_named("North")
        draft_day(employee_at(site, "Zoe"), 5)
    client = client_of(acme.viewer)
    for flag, states in (("true", []), ("false", ["needs_review"])):
        query = {**JUNE, "approved_only": flag}
        (cells,) = client.get(of_site(site), query).json()["cells"].values()
        assert [cell["state"] for cell in cells.values()] == states


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ("required", "month")),
        ({"month": ""}, ("blank", "month")),
        ({"month": "2026-13"}, ("invalid", "month")),
        ({"month": "June"}, ("invalid", "month")),
        ({**JUNE, "site_id": "1"}, ("invalid", "site_id")),
        ({**JUNE, "business_id": "1"}, ("invalid", "business_id")),
        ({**JUNE, "approved_only": "yes"}, ("invalid", "approved_only")),
        ({**JUNE, "page": "2"}, ("unknown_parameter", "page")),
    ],
    ids=str,
)
def test_what_is_asked_wrongly_is_named(
    acme: Personas, query: dict[str, str], expected: tuple[str, str]
) -> None:
    response = client_of(acme.viewer).get(MATRIX, query)
    assert problem(response) == (400, *expected)


def test_the_path_names_the_site_and_no_parameter_does(acme: Personas) -> None:
    with acme.scope():
        site = site_named("North")
    query = {**JUNE, "site_id": str(site.pk)}
    response = client_of(acme.viewer).get(of_site(site), query)
    assert problem(response) == (400, "unknown_parameter", "site_id")


def test_any_date_in_the_month_means_the_month(acme: Personas) -> None:
    body = client_of(acme.viewer).get(MATRIX, {"month": "2024-02-29"}).json()
    assert (body["month"], len(body["days"])) == ("2024-02", 29)


def test_a_site_that_is_not_there_is_404_in_the_path_and_nothing_in_the_filter(
    acme: Personas,
) -> None:
    with acme.scope():
        post_day(employee_at(site_named("North"), "Zoe"), 5, **EIGHT)
    client, missing = client_of(acme.viewer), uuid.uuid4()
    response = client.get(f"/api/sites/{missing}/matrix", JUNE)
    assert problem(response) == (404, "not_found", None)
    assert [report["model"] for report in queued()] == ["workforce.site"]
    response = client.get("/api/sites/north/matrix", JUNE)
    assert problem(response) == (400, "invalid", "id")
    body = client.get(MATRIX, {**JUNE, "site_id": str(missing)}).json()
    assert (body["employees"], body["cells"]) == ([], {})


# Isolation


def test_another_business_at_a_shared_site_is_nowhere_in_the_answer(
    acme: Personas, globex: Personas
) -> None:
    with acme.scope():
        site = site_named("Shared")
        john = employee_at(site, "John")
        row, draft = post_day(john, 5, **EIGHT), draft_day(john, 6)
    with globex.scope():
        jane = employee_at(site, "Jane")
        own = post_day(jane, 7, **EIGHT)
    client = client_of(globex.admin)
    for path in (MATRIX, of_site(site)):
        text = client.get(path, {**JUNE, "approved_only": "false"}).content.decode()
        assert str(jane.pk) in text
        assert str(own.work_card_id) in text
        hidden = (john.pk, row.work_card_id, draft.pk, "John")
        assert not any(str(one) in text for one in hidden), "leaked"


def test_another_businesss_id_finds_what_a_missing_one_does(
    acme: Personas, globex: Personas
) -> None:
    with acme.scope():
        site = site_named("Shared")
        post_day(employee_at(site, "John"), 5, **EIGHT)
    with globex.scope():
        post_day(employee_at(site, "Jane"), 5, **EIGHT)
    client = client_of(globex.admin)
    foreign, missing = (
        client.get(MATRIX, {**JUNE, "business_id": str(business_id)}).json()
        for business_id in (acme.id, uuid.uuid4())
    )
    assert foreign == missing
    assert foreign["employees"] == []
    own = client.get(MATRIX, {**JUNE, "business_id": str(globex.id)}).json()
    assert [employee["full_name"] for employee in own["employees"]] == ["Jane"]


def test_on_the_platform_one_says_of_which_business(
    acme: Personas, globex: Personas, super_admin: User
) -> None:
    early = {"started_on": MONTH}
    with acme.scope():
        site = site_named("Shared")
        john = employee_at(site, "John", **early)
        post_day(john, 5, **EIGHT)
        draft_day(john, 6)
    with globex.scope():
        jane = employee_at(site, "Jane", **early)
        draft_day(jane, 5)
        draft_day(jane, 6)
    client = client_of(super_admin)
    for path in (MATRIX, of_site(site)):
        assert problem(client.get(path, JUNE)) == (400, "required", "business_id")
        query = {**JUNE, "business_id": str(acme.id), "approved_only": "false"}
        body = client.get(path, query).json()
        assert list(body["cells"]) == [str(john.pk)], "leaked"
        states = [cell["state"] for cell in body["cells"][str(john.pk)].values()]
        assert states == ["approved", "needs_review"]


def test_acting_for_a_business_is_being_in_it(
    acme: Personas, super_admin: User
) -> None:
    with acme.scope():
        post_day(employee_at(site_named("North"), "John"), 5, **EIGHT)
    client = client_of(super_admin, acting_for=acme.business)
    assert client.get(MATRIX, JUNE).json()["total_hours"] == "8.00"


# Cost


@pytest.mark.parametrize("path", ["month", "site"])
def test_the_cost_does_not_grow_with_the_month(acme: Personas, path: str) -> None:
    with acme.scope():
        site = site_named("North")
        post_day(employee_at(site, "Zoe"), 5, **EIGHT)
    client = client_of(acme.viewer)
    url = MATRIX if path == "month" else of_site(site)
    query = {**JUNE, "approved_only": "false"}
    client.get(url, query)
    small = queries(lambda: client.get(url, query))
    with acme.scope():
        for number in range(20):
            worker = employee_at(site, f"Worker {number}")
            post_day(worker, 5, **EIGHT)
            draft_day(worker, 6)
        assert Employee.objects.count() == 21
    assert queries(lambda: client.get(url, query)) == small
