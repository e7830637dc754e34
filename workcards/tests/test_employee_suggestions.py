"""Suggested employees of a card, by the API: matches, order, queries, isolation."""

import time
import uuid
from typing import Any

import pytest
from django_tasks_db.models import DBTaskResult

from accounts.tests.api_clients import client_of
from audit.models import AuditEvent
from audit.tests.audit_helpers import trace
from tests.api_helpers import problem, queries, statements
from tests.openapi_conformance import complaints
from workcards.models import WorkCard
from workcards.tests.factories import WorkCardFactory
from workforce.models import Employee
from workforce.tests.factories import EmployeeFactory, SiteFactory

pytestmark = pytest.mark.django_db

PATH = "/api/work_cards/{id}/suggestions"


def url(card: Any) -> str:
    return PATH.format(id=card.pk)


@pytest.fixture
def card(acme: Any) -> Any:
    with acme.scope():
        return WorkCardFactory(unassigned=True)


@pytest.fixture
def client(acme: Any) -> Any:
    return client_of(acme.uploader)


def people(acme: Any, **values: Any) -> Employee:
    with acme.scope():
        return EmployeeFactory(**values)


def found(client: Any, card: Any, text: str) -> list[tuple[str, str]]:
    response = client.get(url(card), {"q": text})
    assert response.status_code == 200, response.content
    return [(each["employee"]["name"], each["reason"]) for each in response.json()]


def test_a_suggestion_tells_who_where_and_why(
    acme: Any, client: Any, card: Any
) -> None:
    john = people(
        acme, full_name="John Smith", passport_id="AB123456", external_employee_id="7"
    )
    assert client.get(url(card), {"q": "ab 123-456"}).json() == [
        {
            "employee": {
                "id": str(john.pk),
                "name": "John Smith",
                "passport_id": "AB123456",
                "former_passport_id": None,
                "external_employee_id": "7",
                "is_active": True,
            },
            "site": {"id": str(john.site_id), "name": john.site.site_name},
            "reason": "passport_exact",
            "detail": "Same passport",
        }
    ]


def test_better_reasons_come_first_then_the_cards_site_then_the_active(
    acme: Any, client: Any, card: Any
) -> None:
    with acme.scope():
        elsewhere = SiteFactory()
    for name, values in {
        "Transposed": {"passport_id": "B8123465"},
        "Lookalike": {"passport_id": "88123456"},
        "Exact": {"passport_id": "B8123456", "is_active": False},
        "External": {"external_employee_id": "B8123456"},
    }.items():
        people(acme, full_name=name, site=elsewhere, **values)
    assert [name for name, _reason in found(client, card, "B8123456")] == [
        "Exact",
        "External",
        "Lookalike",
        "Transposed",
    ]
    for name, values in {
        "Ann Example": {"site": elsewhere},
        "Bob Example": {"site": None},
        "Cid Example": {"site": elsewhere, "is_active": False},
        "Dan Example": {"site": card.site, "is_active": False},
        "Eve Example": {"site": card.site},
        "Fay Example": {"site": elsewhere},
    }.items():
        people(acme, full_name=name, **values)
    assert found(client, card, "example") == [
        (f"{name} Example", "name") for name in ("Eve", "Dan", "Ann", "Bob", "Fay")
    ]


def test_a_released_passport_finds_who_had_it(
    acme: Any, client: Any, card: Any
) -> None:
    people(acme, full_name="Gone", passport_id=None, former_passport_id="AB123456")
    assert found(client, card, "AB123456") == [("Gone", "passport_former")]


def test_looking_changes_nothing(acme: Any, client: Any, card: Any) -> None:
    people(acme, full_name="John Smith")
    assert found(client, card, "John Smith")
    with acme.scope():
        untouched = WorkCard.objects.get(pk=card.pk)
        assert (untouched.employee_id, untouched.version) == (None, 1)
        assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("trait", ["approved", "rejected"])
def test_a_card_that_is_decided_is_answered_about_too(
    acme: Any, client: Any, trait: str
) -> None:
    with acme.scope():
        card = WorkCardFactory(**{trait: True})
    name = card.employee.full_name
    assert found(client, card, name)[0] == (name, "name")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "required"),
        ({"q": ""}, "required"),
        ({"q": " \t "}, "required"),
        ({"q": "x" * 101}, "max_length"),
    ],
)
def test_a_search_for_nothing_or_for_a_novel_is_refused(
    client: Any, card: Any, query: Any, code: str
) -> None:
    assert problem(client.get(url(card), query)) == (400, code, "q")


def test_unknown_parameters_are_named(client: Any, card: Any) -> None:
    response = client.get(url(card), {"q": "x", "site_id": "1"})
    assert problem(response) == (400, "unknown_parameter", "site_id")


@pytest.mark.parametrize(
    "text", ["\x00", "%", "_", "\\", "' OR 1=1 --", "(", "\ud7ff", "😀", "ﷺ" * 100]
)
def test_odd_text_finds_nobody(acme: Any, client: Any, card: Any, text: str) -> None:
    people(acme, full_name="John Smith")
    assert found(client, card, text) == []


def test_the_card_itself_is_not_added_up(acme: Any, client: Any, card: Any) -> None:
    """The response leaves out totals and scan, since each typed letter requests it."""
    with acme.scope():
        scanned = WorkCardFactory(uploaded=True)
    for ask in (
        lambda: client.get(url(card), {"q": "John"}),
        lambda: client.get(f"/api/work_cards/{scanned.pk}/file"),
    ):
        card_queries = [sql for sql in statements(ask) if '"work_cards"' in sql]
        assert len(card_queries) == 1
        assert "work_card_day_entries" not in card_queries[0]


# Other businesses


def test_another_businesss_passport_is_one_that_nobody_has(
    acme: Any, globex: Any, client: Any, card: Any
) -> None:
    """The same bytes and the same queries; neither request leaves a task."""
    people(acme, full_name="John Smith", passport_id="AB123456")
    people(
        globex,
        full_name="Johan Stranger",
        passport_id="ZZ777777",
        external_employee_id="foreign-1",
        former_passport_id="OLD99999",
    )
    before = DBTaskResult.objects.count()
    nobodys = trace(lambda: client.get(url(card), {"q": "QQ777779"}))
    for text in (
        "ZZ777777",
        "zz 777-777",
        "ZZ777777".replace("Z7", "7Z"),
        "OLD99999",
        "foreign-1",
        "Johan Stranger",
    ):
        assert trace(lambda text=text: client.get(url(card), {"q": text})) == nobodys
    assert nobodys.content == b"[]"
    assert DBTaskResult.objects.count() == before


def test_another_businesss_card_is_not_there_whatever_is_asked(
    acme: Any, globex: Any, card: Any
) -> None:
    people(globex, full_name="John Smith")
    thief = client_of(globex.admin)
    for query in ({"q": "John"}, {}, {"q": "x" * 101}):
        foreign = thief.get(url(card), query)
        missing = thief.get(PATH.format(id=uuid.uuid4()), query)
        assert foreign.status_code == missing.status_code == 404
        assert foreign.content == missing.content


# Queries and time


def test_a_large_business_costs_two_queries_and_little_time(
    acme: Any, client: Any, card: Any
) -> None:
    client.get(url(card), {"q": "warm up"})
    few = queries(lambda: client.get(url(card), {"q": "Employee 17"}))
    with acme.scope():
        Employee.objects.bulk_create(
            EmployeeFactory.build(site=None, business_id=acme.id) for _ in range(2_500)
        )
    start = time.perf_counter()
    many = queries(lambda: client.get(url(card), {"q": "Employee Seventeen 17"}))
    assert many == few
    # About a twentieth of that on an idle machine.
    assert time.perf_counter() - start < 3


def test_answers_are_documented(acme: Any, client: Any, card: Any) -> None:
    people(acme, full_name="John Smith", site=None)
    wrong: list[str] = []
    for query in ({"q": "John"}, {"q": "no such employee"}, {}):
        wrong += complaints(PATH, "get", client.get(url(card), query))
    assert wrong == []
