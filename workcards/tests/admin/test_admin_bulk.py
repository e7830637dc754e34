"""Bulk approval in the list of cards, and the messages about each card."""

import re
import uuid
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.tests.personas import Personas
from audit.tests.audit_helpers import queued
from tests.admin_clients import AdminClient, admin_client_for
from tests.api_helpers import events
from workcards.models import WorkCard
from workcards.services import edit_card
from workcards.tests.factories import DayEntryFactory, WorkCardFactory
from workcards.tests.review_helpers import approve, card_with
from workforce.models import Employee
from workforce.tests.factories import EmployeeFactory

from .review_pages import fresh, url_of

LIST = reverse("admin:workcards_workcard_changelist")


def chosen(client: AdminClient, *cards: WorkCard) -> dict[str, Any]:
    """Return the form of the list with these cards selected.

    It has their ids, and the hidden fields of all rows.
    """
    html = client.get(LIST).content.decode()
    hidden = re.findall(r'type="hidden" name="(version_[^"]+)" value="([^"]+)"', html)
    ids = [str(card.pk) for card in cards]
    return {
        "action": "approve_selected",
        "_selected_action": ids,
        **dict(hidden),
    }


@pytest.fixture
def cards(acme: Personas) -> list[WorkCard]:
    with acme.scope():
        return [
            card_with(acme, EmployeeFactory(full_name=f"No {n}"), {1: "8"})
            for n in range(3)
        ]


def test_what_is_chosen_is_approved(
    acme: Personas, client: AdminClient, cards: list[WorkCard]
) -> None:
    page = client.send(LIST, chosen(client, *cards[:2]))
    assert page.status_code == 200
    assert "2 cards approved" in page.content.decode()
    assert [fresh(card).review_status for card in cards] == [
        "APPROVED",
        "APPROVED",
        "NEEDS_REVIEW",
    ]
    assert {
        event.metadata["channel"] for event in events(acme.id, "card_approved")
    } == {"admin"}


def test_each_that_is_refused_says_why_and_where_to_answer(
    acme: Personas, client: AdminClient, john: Employee
) -> None:
    with acme.scope():
        paid, other = (card_with(acme, john, {1: hours}) for hours in ("8", "7"))
        approve(acme, paid)
        empty = WorkCardFactory(employee=john)
    page = client.send(LIST, chosen(client, other, empty)).content.decode()
    assert "2 cards not approved" in page
    assert "Enter at least one day" in page
    (link,) = re.findall(r'href="([^"]+/approve/\?version=\d+)"', page)
    assert link.startswith(url_of(other, "approve"))
    assert client.get(link).status_code == 200
    assert fresh(other).review_status == "NEEDS_REVIEW"


def test_a_card_that_changed_since_the_list_was_drawn_is_not_approved(
    acme: Personas, client: AdminClient, cards: list[WorkCard]
) -> None:
    body = chosen(client, *cards)
    with acme.scope():
        edit_card(card_id=cards[0].pk, notes="see back", actor=acme.admin)
    page = client.send(LIST, body).content.decode()
    assert "Changed by Acme Administrator" in page
    assert [fresh(card).review_status for card in cards] == [
        "NEEDS_REVIEW",
        "APPROVED",
        "APPROVED",
    ]


def test_what_the_page_has_not_shown_is_not_approved(
    acme: Personas, client: AdminClient, cards: list[WorkCard]
) -> None:
    body = chosen(client, *cards)
    for version in ("", "x", "0", "-1", "٢", "9" * 30, None):
        name = f"version_{cards[0].pk}"
        changed = {key: value for key, value in body.items() if key != name}
        if version is not None:
            changed[name] = version
        page = client.send(LIST, changed, follow=True).content.decode()
        assert "Approve works on one page at a time." in page
    assert events(acme.id, "card_approved") == []


def test_all_pages_at_once_are_not_approved(
    acme: Personas, client: AdminClient
) -> None:
    with acme.scope():
        for card in WorkCardFactory.create_batch(101):
            DayEntryFactory(work_card=card)
        shown = WorkCard.objects.first()
    body = chosen(client, shown) | {"select_across": "1", "index": "0"}
    page = client.send(LIST, body, follow=True).content.decode()
    assert "one page at a time" in page
    assert events(acme.id, "card_approved") == []


def test_other_businesses_cards_are_not_there(
    acme: Personas, globex: Personas, client: AdminClient, cards: list[WorkCard]
) -> None:
    with globex.scope():
        foreign = card_with(globex, EmployeeFactory(), {1: "8"})
    pages = []
    for stranger in (foreign.pk, uuid.uuid4()):
        body = chosen(client) | {
            "_selected_action": [str(stranger)],
            f"version_{stranger}": "2",
        }
        pages.append(client.send(LIST, body).status_code)
    assert pages[0] == pages[1]
    assert fresh(foreign).review_status == "NEEDS_REVIEW"
    assert [task["value"] for task in queued()].count(str(foreign.pk)) == 1


@pytest.mark.parametrize("role", ["uploader", "viewer", "super_admin"])
def test_who_may_not_review_has_no_such_action(
    acme: Personas, super_admin: User, cards: list[WorkCard], role: str
) -> None:
    user = super_admin if role == "super_admin" else acme.user(role)
    client = admin_client_for(user)
    assert b"approve_selected" not in client.get(LIST).content
    client.send(LIST, chosen(admin_client_for(acme.reviewer), *cards))
    assert events(acme.id, "card_approved") == []
