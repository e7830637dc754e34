"""Months in the admin: close, view, reopen; and the cards of a closed month."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.tests.personas import Personas
from tests.admin_clients import AdminClient, admin_client_for
from tests.api_helpers import events
from workcards.models import ClosedMonth, WorkCard
from workcards.services import close_month, set_day_entries
from workcards.tests.factories import ClosedMonthFactory, WorkCardFactory

from .review_pages import fresh, scan, sheet, upload, url_of

LIST = reverse("admin:workcards_closedmonth_changelist")
ADD = reverse("admin:workcards_closedmonth_add")
JUNE = {"month": "2026-06"}
FORCED = {**JUNE, "force": "on", "note": "They come later."}
CLOSED_MESSAGE = "2026-06 is closed and can no longer be changed."


def closed(business: Personas) -> ClosedMonth | None:
    with business.scope():
        found: ClosedMonth | None = ClosedMonth.objects.first()
        return found


def test_a_month_is_closed_from_the_list_and_opened_again(
    acme: Personas, card: WorkCard
) -> None:
    client = admin_client_for(acme.admin)
    page = client.get(LIST).content.decode()
    assert f"{ADD}?month=2026-06" in page
    assert 'value="2026-06"' in client.get(ADD, JUNE).content.decode()

    done = client.send(ADD, FORCED, follow=True)
    page = done.content.decode()
    assert [str(message) for message in done.context["messages"]] == [
        "June 2026 was closed."
    ]
    assert f"{ADD}?month=2026-06" not in page
    row = closed(acme)
    assert row is not None
    assert (row.note, row.closed_by_name) == (FORCED["note"], acme.admin.full_name)

    shown = client.get(
        reverse("admin:workcards_closedmonth_change", args=[row.pk])
    ).content.decode()
    assert FORCED["note"] in shown
    reopen = reverse("admin:workcards_closedmonth_reopen", args=[row.pk])
    assert reopen in shown
    assert client.get(reopen).status_code == 200
    response = client.send(reopen, {"reason": " "})
    assert response.status_code == 200
    assert closed(acme) is not None
    done = client.send(reopen, {"reason": "A late card"}, follow=True)
    assert "2026-06 was reopened." in done.content.decode()
    assert closed(acme) is None
    assert [
        (event.event_type, event.metadata["channel"]) for event in events(acme.id)
    ] == [
        ("month_closed", "admin"),
        ("month_reopened", "admin"),
    ]


def test_why_a_month_is_not_closed_is_said_on_the_form(
    acme: Personas, client: AdminClient, card: WorkCard
) -> None:
    rejected = client.send(ADD, JUNE)
    assert rejected.status_code == 409
    page = rejected.content.decode()
    assert "One card of 2026-06 is neither approved nor rejected." in page
    assert 'value="2026-06"' in page
    without_note = client.send(ADD, {**JUNE, "force": "on"})
    assert without_note.status_code == 400
    assert "Enter a reason." in without_note.content.decode()
    malformed = client.send(ADD, {"month": "June"})
    assert "Invalid month." in malformed.content.decode()
    assert closed(acme) is None
    assert events(acme.id) == []


def test_the_platform_closes_no_month(acme: Personas, super_admin: User) -> None:
    with acme.scope():
        WorkCardFactory()
    client = admin_client_for(super_admin)
    page = client.get(LIST)
    assert page.status_code == 200
    assert page.context["open_months"] == []
    assert client.send(ADD, FORCED).status_code == 403
    assert closed(acme) is None


def test_another_businesss_months_are_not_listed(
    acme: Personas, globex: Personas, client: AdminClient
) -> None:
    with globex.scope():
        ClosedMonthFactory(month=date(2019, 3, 1))
        WorkCardFactory(processing_month=date(2019, 4, 1))
    page = client.get(LIST).content.decode()
    assert "2019" not in page, "leaked"


# Cards of a closed month


@pytest.fixture
def closed_card(acme: Personas, card: WorkCard) -> WorkCard:
    with acme.scope():
        set_day_entries(
            card_id=card.pk,
            version=None,
            entries=[{"work_date": date(2026, 6, 1), "total_hours": Decimal(8)}],
            actor=acme.reviewer,
        )
        close_month(month=date(2026, 6, 1), actor=acme.admin, force=True, note="Shut")
    return fresh(card)


def test_a_card_of_a_closed_month_is_shown_to_be_read(
    client: AdminClient, closed_card: WorkCard
) -> None:
    response = client.get(url_of(closed_card))
    page = response.content.decode()
    assert "The month of this card is closed" in page
    assert "8.00" in page
    assert response.context["formset"] is None
    assert response.context["object_actions"] == []
    assert "closed month" not in response.context["title"]
    assert 'aria-label="Unfinished cards of this month"' in page
    for button in ("data-save", "_approve", url_of(closed_card, "delete")):
        assert button not in page


VERBS: dict[str, dict[str, Any]] = {
    "approve": {},
    "assign": {},
    "unassign": {},
    "edit": {"month": "2026-06", "notes": "x"},
    "reject": {"reason": "x"},
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_page_that_was_open_before_says_that_the_month_is_closed(
    acme: Personas, client: AdminClient, closed_card: WorkCard, verb: str
) -> None:
    body = {"version": closed_card.version, **VERBS[verb]}
    if verb in ("assign", "edit"):
        body |= {"employee": closed_card.employee_id, "site": closed_card.site_id}
    rejected = client.send(url_of(closed_card, verb), body)
    assert rejected.status_code == 409
    assert CLOSED_MESSAGE in rejected.content.decode()
    assert fresh(closed_card).version == closed_card.version


def test_what_was_typed_into_a_closed_card_is_still_there(
    client: AdminClient, closed_card: WorkCard
) -> None:
    days = {2: {"total_hours": "7.77", "comment": "typed"}}
    rejected = client.send(url_of(closed_card), sheet(closed_card, days))
    assert rejected.status_code == 409
    page = rejected.content.decode()
    assert CLOSED_MESSAGE in page
    assert "7.77" in page


def test_reopening_and_deleting_are_refused_likewise(
    acme: Personas, closed_card: WorkCard
) -> None:
    client = admin_client_for(acme.admin)
    assert client.get(url_of(closed_card, "delete")).status_code == 200
    for card, verb, body in (
        (closed_card, "delete", {"post": "yes"}),
        (closed_card, "reopen", {"version": closed_card.version, "reason": "x"}),
    ):
        rejected = client.send(url_of(card, verb), body)
        assert rejected.status_code == 409
        assert CLOSED_MESSAGE in rejected.content.decode()
    assert fresh(closed_card).version == closed_card.version


def test_nothing_is_uploaded_or_made_in_a_closed_month(
    acme: Personas, client: AdminClient, closed_card: WorkCard
) -> None:
    uploaded = upload(client, scan(), site=closed_card.site_id, month="2026-06")
    made = client.send(
        reverse("admin:workcards_workcard_add"),
        {
            "site": closed_card.site_id,
            "employee": closed_card.employee_id,
            "processing_month": "2026-06",
        },
    )
    for rejected in (uploaded, made):
        assert rejected.status_code == 409
        assert CLOSED_MESSAGE in rejected.content.decode()
    with acme.scope():
        assert WorkCard.objects.count() == 1
