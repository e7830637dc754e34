"""Two businesses at one site, by the API: each sees only its own rows."""

import uuid
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tests.factories import PASSWORD
from accounts.tests.personas import Personas
from tests.api_helpers import events, problem

EMPLOYEES, CARDS = "/api/employees", "/api/work_cards"


def sign_in(user: User) -> APIClient:
    """Return a client that signed in through the API."""
    client = APIClient()
    response = client.post(
        "/api/auth/login", {"email": user.email, "password": PASSWORD}
    )
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {response.json()['access']}")
    return client


def created(client: APIClient, url: str, **body: Any) -> dict[str, Any]:
    answer = client.post(url, body)
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    return made


def names(client: APIClient, url: str, **query: str) -> list[str]:
    answer = client.get(url, query)
    assert answer.status_code == 200, answer.content
    rows = answer.json()["results"]
    assert answer.json()["count"] == len(rows)
    return [row.get("full_name") or row["employee"]["name"] for row in rows]


@pytest.fixture
def played(acme: Personas, globex: Personas, super_admin: User) -> dict[str, Any]:
    """Create John at A and Jane at B, at the shared "Construction Site 1".

    Both have external id 1.
    """
    a, b = sign_in(acme.admin), sign_in(globex.admin)
    site = created(sign_in(super_admin), "/api/sites", site_name="Construction Site 1")
    john = created(
        a,
        EMPLOYEES,
        full_name="John Example",
        external_employee_id="1",
        site_id=site["id"],
    )
    jane = created(
        b,
        EMPLOYEES,
        full_name="Jane Example",
        external_employee_id="1",
        site_id=site["id"],
    )
    for_month = {"site_id": site["id"], "processing_month": "2026-06"}
    johns = created(a, CARDS, employee_id=john["id"], **for_month)
    janes = created(b, CARDS, employee_id=jane["id"], **for_month)
    return {
        "a": a,
        "b": b,
        "site": site,
        "john": john,
        "jane": jane,
        "johns_card": johns,
        "janes_card": janes,
    }


def test_both_see_the_site(played: dict[str, Any]) -> None:
    for client in (played["a"], played["b"]):
        (site,) = client.get("/api/sites").json()["results"]
        assert site["site_name"] == "Construction Site 1"


def test_each_finds_its_own_employee_at_the_site(played: dict[str, Any]) -> None:
    at_site = {"site_id": played["site"]["id"]}
    assert names(played["a"], EMPLOYEES, **at_site) == ["John Example"]
    assert names(played["b"], EMPLOYEES, **at_site) == ["Jane Example"]
    by_external_id = {"external_employee_id": "1"}
    assert names(played["a"], EMPLOYEES, **by_external_id) == ["John Example"]
    assert names(played["b"], EMPLOYEES, **by_external_id) == ["Jane Example"]


def test_each_finds_its_own_card_at_the_site(played: dict[str, Any]) -> None:
    at_site = {"site_id": played["site"]["id"], "month": "2026-06"}
    assert names(played["a"], CARDS, **at_site) == ["John Example"]
    assert names(played["b"], CARDS, **at_site) == ["Jane Example"]
    of_john = {"employee_id": played["john"]["id"]}
    assert names(played["b"], CARDS, **of_john) == []


@pytest.mark.parametrize(("url", "key"), [(EMPLOYEES, "john"), (CARDS, "johns_card")])
def test_b_asks_for_a_row_of_a_by_id_and_gets_404(
    played: dict[str, Any], url: str, key: str
) -> None:
    b = played["b"]
    foreign = b.get(f"{url}/{played[key]['id']}")
    assert problem(foreign) == (404, "not_found", None)
    assert foreign.content == b.get(f"{url}/{uuid.uuid4()}").content
    assert (
        played["a"].get(f"{url}/{played[key]['id']}").json()["id"] == played[key]["id"]
    )


def test_b_can_not_make_a_card_for_john(played: dict[str, Any]) -> None:
    body = {"site_id": played["site"]["id"], "processing_month": "2026-06"}
    foreign, missing = (
        played["b"].post(CARDS, {**body, "employee_id": employee_id})
        for employee_id in (played["john"]["id"], str(uuid.uuid4()))
    )
    assert problem(foreign) == (400, "does_not_exist", "employee_id")
    assert foreign.content == missing.content
    assert names(played["b"], CARDS) == ["Jane Example"]


def test_what_a_creates_lands_in_a_though_the_body_does_not_say_so(
    played: dict[str, Any], acme: Personas, globex: Personas
) -> None:
    made = created(played["a"], EMPLOYEES, full_name="Joan Example")
    assert made["business_id"] == played["john"]["business_id"] == str(acme.id)
    assert played["johns_card"]["business_id"] == str(acme.id)
    jack = created(
        played["a"], EMPLOYEES, full_name="Jack Example", business_id=str(acme.id)
    )
    assert jack["business_id"] == str(acme.id)
    assert names(played["b"], EMPLOYEES) == ["Jane Example"]


def test_a_row_of_a_is_rejected_if_its_body_names_b(
    played: dict[str, Any], globex: Personas
) -> None:
    body = {"full_name": "Joan Example", "business_id": str(globex.id)}
    response = played["a"].post(EMPLOYEES, body)
    assert problem(response) == (400, "read_only", "business_id")
    card = {
        "employee_id": played["john"]["id"],
        "site_id": played["site"]["id"],
        "processing_month": "2026-07",
        "business_id": str(globex.id),
    }
    response = played["a"].post(CARDS, card)
    assert problem(response) == (400, "read_only", "business_id")
    for client, expected in (("a", "John Example"), ("b", "Jane Example")):
        assert names(played[client], EMPLOYEES) == [expected]
        assert names(played[client], CARDS) == [expected]


def test_each_audit_log_has_only_its_own_business(
    played: dict[str, Any], acme: Personas, globex: Personas
) -> None:
    for personas, key in ((acme, "john"), (globex, "jane")):
        trail = events(personas.id)
        assert {event.business_id for event in trail} == {personas.id}
        assert {event.employee_id for event in trail} == {uuid.UUID(played[key]["id"])}
        assert trail[0].event_type == "employee_created"
    seen = played["b"].get("/api/audit_events").content.decode()
    for key in ("john", "johns_card"):
        assert played[key]["id"] not in seen
