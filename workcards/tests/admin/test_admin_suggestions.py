"""Suggested employees on the page of a card: a search, and a button for each."""

import re
from typing import Any
from urllib.parse import quote

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.tests.personas import Personas
from tests.admin_clients import AdminClient, admin_client_for
from tests.api_helpers import events, queries
from workcards.models import WorkCard
from workcards.services import assign_card, reject_card
from workcards.tests.factories import WorkCardFactory
from workforce.models import Employee
from workforce.tests.factories import EmployeeFactory

from .review_pages import fresh, url_of


@pytest.fixture
def lost(acme: Personas, john: Employee) -> WorkCard:
    """Return an unassigned card at John's site."""
    with acme.scope():
        return WorkCardFactory(unassigned=True, site=john.site)


def choice_on(html: str) -> tuple[str, dict[str, str]]:
    """Return the address and fields of the only suggestion on a card's page.

    The text in the search field is left out.
    """
    ((path, form),) = re.findall(
        r'<form method="post" action="([^"]+/assign/)"[^>]*>(.*?)</form>', html, re.S
    )
    sent = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    ((name, value),) = re.findall(
        r'<button[^>]* name="(employee)" value="([^"]*)"', form
    )
    return path, {**sent, name: value}


def names(page: Any) -> list[str]:
    return [employee.full_name for employee, _reason in page.context["suggestions"]]


def test_a_card_is_searched_for_and_assigned_with_a_button(
    acme: Personas, client: AdminClient, john: Employee, lost: WorkCard
) -> None:
    page = client.get(url_of(lost), {"q": "example jhon"})
    assert names(page) == ["John Example"]
    html = page.content.decode()
    assert "Name, one letter different" in html
    # Exactly the fields that the button on the page sends.
    path, sent = choice_on(html)
    assert client.send(path, {**sent, "q": "example jhon"})["Location"] == url_of(lost)
    assert fresh(lost).employee_id == john.pk
    (event,) = events(acme.id)
    assert event.event_type == "card_assigned"


@pytest.mark.parametrize("typed", ["1003", "", "10166"])
def test_a_choice_is_refused_if_the_text_has_changed_since_the_search(
    acme: Personas, client: AdminClient, lost: WorkCard, typed: str
) -> None:
    with acme.scope():
        EmployeeFactory(full_name="Ann Found", external_employee_id="1016")
        EmployeeFactory(full_name="Ben Meant", external_employee_id="1003")
    path, sent = choice_on(client.get(url_of(lost), {"q": "1016"}).content.decode())
    response = client.send(path, {**sent, "q": typed})
    assert response.status_code == 409
    form = response.context["form"]
    assert "Choose the employee again." in str(form.errors["employee"])
    # The form comes back without an employee, and can be sent with another employee.
    assert (form["employee"].value(), form["found_for"].value()) == ("", "")
    assert fresh(lost).employee_id is None
    assert events(acme.id) == []
    sent_again = {"employee": sent["employee"], "version": sent["version"]}
    assert client.send(path, sent_again).status_code == 302
    assert fresh(lost).employee.full_name == "Ann Found"


def test_space_around_the_text_is_no_change(
    client: AdminClient, john: Employee, lost: WorkCard
) -> None:
    html = client.get(url_of(lost), {"q": " john "}).content.decode()
    path, sent = choice_on(html)
    assert client.send(path, {**sent, "q": "john  "}).status_code == 302
    assert fresh(lost).employee_id == john.pk


def test_the_search_button_leads_to_the_page_with_what_was_found(
    acme: Personas, john: Employee, lost: WorkCard
) -> None:
    """The search works without scripts. An uploader may assign, and so may search; nothing is written."""
    client = admin_client_for(acme.uploader)
    answer = client.send(url_of(lost), {"q": " John & ", "_search": "1"})
    assert answer["Location"] == f"{url_of(lost)}?q=John+%26"
    assert names(client.get(answer["Location"])) == ["John Example"]
    assert events(acme.id) == []


def test_whose_it_is_comes_first_on_a_card_of_nobody(
    client: AdminClient, card: WorkCard, lost: WorkCard
) -> None:
    """Only the next step is the primary button.

    This is to assign an unassigned card, and to approve an assigned card.
    """
    for one, first in ((lost, "Assign"), (card, "Approve and next")):
        html = client.get(url_of(one)).content.decode()
        bar = html.partition('class="card-toolbar"')[2].partition('class="card-layout')[
            0
        ]
        primary = r"<(?:summary|button)[^>]*class=\"[^\"]*\bprimary\b[^>]*>([^<]+)"
        assert [message.strip() for message in re.findall(primary, bar)] == [first]


def test_searching_assigns_nothing(
    acme: Personas, client: AdminClient, john: Employee, lost: WorkCard
) -> None:
    client.get(url_of(lost), {"q": john.passport_id})
    assert fresh(lost).employee_id is None
    assert events(acme.id) == []


def test_without_a_search_nobody_is_suggested_and_nothing_more_is_asked(
    client: AdminClient, john: Employee, lost: WorkCard
) -> None:
    page = client.get(url_of(lost))
    assert not page.context["suggestions"]
    assert b'name="q" id="id_q"' in page.content
    plain = queries(lambda: client.get(url_of(lost)))
    assert queries(lambda: client.get(url_of(lost), {"q": "John"})) == plain + 1


def test_what_nobody_has_is_said_so(client: AdminClient, lost: WorkCard) -> None:
    page = client.get(url_of(lost), {"q": '"><script>'})
    assert "No matching employee." in page.content.decode()
    assert b"<script>" not in page.content.split(b"card-suggestions")[1]


def test_a_button_of_an_old_page_is_refused(
    acme: Personas, client: AdminClient, john: Employee, lost: WorkCard
) -> None:
    with acme.scope():
        jim = EmployeeFactory()
        assign_card(card_id=lost.pk, employee=jim, actor=acme.reviewer)
    url = reverse("admin:workcards_workcard_assign", args=[lost.pk])
    response = client.send(url, {"employee": str(john.pk), "version": 1})
    assert response.status_code == 409
    assert "Changed by Acme Reviewer" in response.content.decode()
    assert fresh(lost).employee_id == jim.pk


def test_another_businesss_people_are_not_suggested(
    globex: Personas, client: AdminClient, john: Employee, lost: WorkCard
) -> None:
    with globex.scope():
        stranger = EmployeeFactory(full_name="John Stranger", passport_id="ZZ77777")
    assert names(client.get(url_of(lost), {"q": "John"})) == ["John Example"]
    for text in ("ZZ77777", "ZZ777-77", stranger.full_name):
        assert names(client.get(url_of(lost), {"q": text})) == []


@pytest.mark.parametrize("text", ["Dana L", "dana le", "1234"])
@pytest.mark.parametrize(
    "path",
    [
        "/admin/workforce/employee/?q=",
        "/admin/find/?q=",
        "/admin/autocomplete/?app_label=workcards&model_name=workcard&field_name=employee&term=",
    ],
)
def test_beginnings_are_found_by_every_search_for_employees(
    acme: Personas, client: AdminClient, path: str, text: str
) -> None:
    with acme.scope():
        EmployeeFactory(full_name="Dana Levi", passport_id="12345678")
        EmployeeFactory(full_name="Dina Moss", passport_id="87654321")
    html = client.get(f"{path}{quote(text)}").content.decode()
    assert "Dana Levi" in html
    assert "Dina Moss" not in html


@pytest.mark.parametrize("decided", ["viewer", "super_admin", "rejected"])
def test_there_is_no_search_for_whom_or_where_nothing_can_be_assigned(
    acme: Personas,
    super_admin: User,
    client: AdminClient,
    john: Employee,
    lost: WorkCard,
    decided: str,
) -> None:
    if decided == "viewer":
        client = admin_client_for(acme.viewer)
    elif decided == "super_admin":
        client = admin_client_for(super_admin)
    else:
        with acme.scope():
            reject_card(card_id=lost.pk, reason="blurred", actor=acme.reviewer)
    page = client.get(url_of(lost), {"q": "John"})
    assert page.status_code == 200
    assert b'name="q" id="id_q"' not in page.content
    assert b"John Example" not in page.content
