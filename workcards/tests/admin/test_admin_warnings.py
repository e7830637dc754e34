"""Warnings before approval, on the pages of the admin."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.tests.personas import Personas
from businesses.models import BusinessSettings
from tests.admin_clients import AdminClient, admin_client_for
from tests.api_helpers import events, queries
from workcards.models import DayEntry, WorkCard
from workcards.services import set_day_entries
from workcards.tests.factories import MONTH
from workcards.tests.review_helpers import approve, card_with
from workforce.models import Employee

from .review_pages import fresh, sheet, url_of

LONG = {2: {"total_hours": "20"}}
SENTENCE = "More than 16 hours on these days: 2 Jun 2026."


@pytest.fixture
def long_card(acme: Personas, card: WorkCard) -> WorkCard:
    """Return John's card with a day of 20 hours."""
    with acme.scope():
        day = {"work_date": MONTH + timedelta(days=1), "total_hours": Decimal(20)}
        saved = set_day_entries(
            card_id=card.pk, version=1, entries=[day], actor=acme.reviewer
        )
        return WorkCard.objects.get(pk=saved.pk)


def shown(page: Any) -> list[str]:
    return [warning.code for warning in page.context["warnings"]]


def keys(page: Any) -> list[str]:
    """Return the keys of the warnings that the page has shown."""
    return [warning.key for warning in page.context["warnings"]]


def test_the_page_shows_the_warnings_before_approving(
    client: AdminClient, long_card: WorkCard
) -> None:
    page = client.get(url_of(long_card))
    assert shown(page) == ["long_day"]
    assert SENTENCE in page.content.decode()
    body = sheet(long_card, LONG, _approve="1", seen_warning=keys(page))
    response = client.send(url_of(long_card), body)
    assert response.status_code == 302
    assert fresh(long_card).review_status == "APPROVED"
    # The page still shows the warning, but needs no further confirmation.
    page = client.get(url_of(long_card))
    assert SENTENCE in page.content.decode()
    assert shown(page) == []


def test_warnings_about_what_was_typed_are_shown_first(
    acme: Personas, client: AdminClient, card: WorkCard
) -> None:
    """Days with unseen warnings are neither saved nor approved.

    Saving and approving is one step.
    """
    assert shown(client.get(url_of(card))) == []
    rejected = client.send(url_of(card), sheet(card, LONG, _approve="1"))
    assert rejected.status_code == 409
    assert shown(rejected) == ["long_day"]
    assert rejected.context["problems"] == ["Check the warnings, then approve again."]
    assert 'value="20"' in rejected.content.decode()
    with acme.scope():
        assert not DayEntry.objects.exists()
    assert events(acme.id) == []
    body = sheet(card, LONG, _approve="1", seen_warning=keys(rejected))
    assert client.send(url_of(card), body).status_code == 302
    assert fresh(card).review_status == "APPROVED"


def test_another_date_of_the_same_warning_is_shown_first(
    client: AdminClient, long_card: WorkCard
) -> None:
    seen = keys(client.get(url_of(long_card)))
    more = {**LONG, 3: {"total_hours": "21"}}
    body = sheet(long_card, more, _approve="1", seen_warning=seen)
    rejected = client.send(url_of(long_card), body)
    assert (rejected.status_code, shown(rejected)) == (409, ["long_day"])
    # A warning about fewer dates is not a new warning.
    body = sheet(long_card, LONG, _approve="1", seen_warning=keys(rejected))
    assert client.send(url_of(long_card), body).status_code == 302


def test_saving_without_approving_asks_nothing(
    client: AdminClient, card: WorkCard
) -> None:
    assert client.send(url_of(card), sheet(card, LONG)).status_code == 302
    assert shown(client.get(url_of(card))) == ["long_day"]


def test_what_the_business_refuses_is_marked_and_not_approved(
    acme: Personas, client: AdminClient, long_card: WorkCard
) -> None:
    with acme.scope():
        BusinessSettings.objects.create(on_long_day="refuse")
    page = client.get(url_of(long_card))
    assert "Can’t be approved." in page.content.decode()
    body = sheet(long_card, LONG, _approve="1", seen_warning=keys(page))
    rejected = client.send(url_of(long_card), body)
    assert rejected.status_code == 409
    assert rejected.context["problems"] == [
        "The business settings do not allow the approval of this card."
    ]
    assert fresh(long_card).review_status == "NEEDS_REVIEW"
    response = client.send(url_of(long_card, "approve"), {"version": long_card.version})
    assert response.status_code == 409
    assert "More than 16 hours" in response.content.decode()


def test_the_verbs_page_shows_them_too(
    client: AdminClient, long_card: WorkCard
) -> None:
    url = url_of(long_card, "approve")
    assert SENTENCE in client.get(url).content.decode()
    assert client.send(url, {"version": long_card.version}).status_code == 302


def test_a_warning_leads_to_the_other_card(
    acme: Personas, client: AdminClient, john: Employee, card: WorkCard
) -> None:
    with acme.scope():
        paid = card_with(acme, john, {3: "8"})
        approve(acme, paid)
        same = card_with(acme, john, {3: "8"})
    page = client.get(url_of(same))
    assert shown(page) == ["duplicate_days"]
    assert f'<a href="{url_of(paid)}" target="_blank"' in page.content.decode()


def test_the_answer_to_a_conflict_is_kept_while_warnings_are_shown(
    acme: Personas, client: AdminClient, john: Employee, card: WorkCard
) -> None:
    with acme.scope():
        paid = card_with(acme, john, {2: "8"})
        approve(acme, paid)
    conflict = client.send(url_of(card), sheet(card, LONG, _approve="1"))
    assert (conflict.status_code, shown(conflict)) == (409, ["long_day"])
    (row,) = (row for row in conflict.context["rows"] if row["conflicts"])
    row_id = row["conflicts"][0]["approved_day_id"]
    answer = {f"choice_{row_id}": "replace", f"date_{row_id}": "2026-06-02"}
    unseen = client.send(url_of(card), sheet(card, LONG, _approve="1", **answer))
    assert unseen.status_code == 409
    (row,) = (row for row in unseen.context["rows"] if row["conflicts"])
    assert row["conflicts"][0]["choice"] == "replace"
    body = sheet(card, LONG, _approve="1", seen_warning=keys(conflict), **answer)
    assert client.send(url_of(card), body).status_code == 302


def test_approving_selected_cards_names_the_dates(
    client: AdminClient, long_card: WorkCard
) -> None:
    page = client.send(
        "/admin/workcards/workcard/",
        {
            "action": "approve_selected",
            "_selected_action": [long_card.pk],
            f"version_{long_card.pk}": long_card.version,
        },
    )
    assert SENTENCE in page.content.decode()


def test_who_may_not_review_is_not_warned(acme: Personas, long_card: WorkCard) -> None:
    assert shown(admin_client_for(acme.uploader).get(url_of(long_card))) == []


def test_warnings_cost_the_page_no_query(
    acme: Personas, client: AdminClient, john: Employee, card: WorkCard
) -> None:
    client.get(url_of(card))
    before = queries(lambda: client.get(url_of(card)))
    with acme.scope():
        BusinessSettings.objects.create(on_long_day="refuse")
        for _ in range(3):
            card_with(acme, john, {2: "20", 3: "8"})
        days = [{"work_date": MONTH, "total_hours": Decimal(20)}]
        set_day_entries(card_id=card.pk, version=1, entries=days, actor=acme.reviewer)
    assert queries(lambda: client.get(url_of(card))) == before <= 8
