"""Concurrent edits of a card.

The second user sees both versions of each day, and chooses.
"""

from decimal import Decimal
from typing import Any

import pytest

from accounts.tests.personas import Personas
from audit.models import AuditEvent
from tests.admin_clients import AdminClient
from tests.api_helpers import events
from workcards.models import DayEntry, WorkCard
from workcards.services import approve_card, edit_card, set_day_entries
from workcards.tests.factories import MONTH

from .review_pages import fresh, sheet, url_of


@pytest.fixture
def drawn(acme: Personas, card: WorkCard) -> WorkCard:
    """Return the card as the page has shown it: 8 hours on the 1st, 2nd and 3rd."""
    return saved(acme, card, {1: 8, 2: 8, 3: 8})


def saved(acme: Personas, card: WorkCard, days: dict[int, int]) -> WorkCard:
    """Return the card after another user has saved `days`, in hours."""
    entries = [
        {"work_date": MONTH.replace(day=day), "total_hours": Decimal(hours)}
        for day, hours in days.items()
    ]
    with acme.scope():
        set_day_entries(
            card_id=card.pk,
            version=fresh(card).version,
            entries=entries,
            actor=acme.admin,
        )
    return fresh(card)


def hours(*typed: str) -> dict[int, dict[str, str]]:
    return {
        day: {"total_hours": text} for day, text in enumerate(typed, start=1) if text
    }


def stored(acme: Personas, card: WorkCard) -> dict[int, str]:
    with acme.scope():
        rows = DayEntry.objects.filter(work_card=card)
        return {row.work_date.day: str(row.total_hours) for row in rows}


def shown_conflicts(response: Any) -> dict[int, tuple[str, str, str, bool]]:
    """Return the differences by day of the month.

    Each has stored hours, typed hours, the choice, and True if the user did not edit the day.
    """
    return {
        day.day: (
            one.stored_day.shown["total_hours"],
            one.submitted_day.shown["total_hours"],
            one.choice,
            one.is_untouched,
        )
        for day, one in response.context["edit_conflicts"].days.items()
    }


def cell(response: Any, day: int) -> str:
    return str(response.context["formset"].forms[day - 1]["total_hours"].value())


def test_of_each_day_stand_theirs_and_mine_and_who_has_changed_it(
    acme: Personas, client: AdminClient, drawn: WorkCard
) -> None:
    """The other user has changed the 1st, both the 2nd, the editor only the 3rd."""
    saved(acme, drawn, {1: 4, 2: 5, 3: 8})
    response = client.send(url_of(drawn), sheet(drawn, hours("8.00", "6.75", "7")))
    page = response.content.decode()
    assert response.status_code == 409
    assert "This card has changed" in page
    assert f"Changed by {acme.admin.full_name}" in page
    assert shown_conflicts(response) == {
        1: ("4.00", "8.00", "theirs", True),
        2: ("5.00", "6.75", "", False),
    }
    # The lines show the values to be saved: stored where the editor changed nothing, typed elsewhere.
    assert [cell(response, day) for day in (1, 2, 3)] == ["4.00", "6.75", "7"]
    assert page.count(f"<bdi>{acme.admin.full_name}</bdi> changed this day") == 2
    assert (
        page.count("You have no change here"),
        page.count("You both changed this day"),
    ) == (
        1,
        1,
    )
    assert stored(acme, drawn) == {1: "4.00", 2: "5.00", 3: "8.00"}


@pytest.mark.parametrize(("choice", "second"), [("theirs", "5.00"), ("mine", "6.75")])
def test_what_was_chosen_is_saved_as_a_new_version(
    acme: Personas, client: AdminClient, drawn: WorkCard, choice: str, second: str
) -> None:
    now = saved(acme, drawn, {1: 4, 2: 5, 3: 8})
    shown = {"version": now.version, "since": drawn.version}
    chosen = {"take_2026-06-01": "theirs", "take_2026-06-02": choice}
    body = sheet(drawn, hours("8.00", "6.75", "7"), **chosen) | shown
    assert client.send(url_of(drawn), body).status_code == 302
    assert stored(acme, drawn) == {1: "4.00", 2: second, 3: "7.00"}
    assert fresh(drawn).version == now.version + 1


def test_a_day_that_only_they_have_changed_can_be_put_back(
    acme: Personas, client: AdminClient, drawn: WorkCard
) -> None:
    now = saved(acme, drawn, {1: 4, 2: 8, 3: 8})
    shown = {"version": now.version, "since": drawn.version}
    body = sheet(drawn, hours("8.00", "8.00", "8.00"), **{"take_2026-06-01": "mine"})
    assert client.send(url_of(drawn), body | shown).status_code == 302
    assert stored(acme, drawn)[1] == "8.00"


@pytest.mark.parametrize("button", ["_save", "_approve"])
def test_nothing_is_saved_before_each_question_is_answered(
    acme: Personas, client: AdminClient, drawn: WorkCard, button: str
) -> None:
    now = saved(acme, drawn, {1: 4, 2: 5, 3: 8})
    shown = {"version": now.version, "since": drawn.version, button: "1"}
    body = sheet(drawn, hours("8.00", "6.75", "7"), **{"take_2026-06-02": "x"})
    response = client.send(url_of(drawn), body | shown)
    assert response.status_code == 409
    assert "First choose a version" in response.content.decode()
    assert shown_conflicts(response)[2] == ("5.00", "6.75", "", False)
    assert fresh(drawn).version == now.version


def test_who_is_overtaken_again_is_asked_again(
    acme: Personas, client: AdminClient, drawn: WorkCard
) -> None:
    now = saved(acme, drawn, {1: 8, 2: 5, 3: 8})
    saved(acme, drawn, {1: 8, 2: 3, 3: 8})
    shown = {"version": now.version, "since": drawn.version}
    body = sheet(drawn, hours("8.00", "6.75", "8.00"), **{"take_2026-06-02": "mine"})
    response = client.send(url_of(drawn), body | shown)
    assert response.status_code == 409
    assert shown_conflicts(response) == {2: ("3.00", "6.75", "", False)}
    page = response.content.decode()
    assert f'name="version" value="{fresh(drawn).version}"' in page
    assert f'name="since" value="{drawn.version}"' in page


def test_choices_stay_when_the_ledger_asks_something_besides(
    acme: Personas, client: AdminClient, drawn: WorkCard
) -> None:
    """A total does not fit its times: the page comes back with the user's choices."""
    now = saved(acme, drawn, {1: 4, 2: 5, 3: 8})
    shown = {"version": now.version, "since": drawn.version}
    days = hours("8.00", "6.75", "8.00")
    days[4] = {"from_time": "7", "to_time": "7"}
    body = sheet(drawn, days, **{"take_2026-06-02": "mine"}) | shown
    response = client.send(url_of(drawn), body)
    assert response.status_code == 400
    assert shown_conflicts(response)[2] == ("5.00", "6.75", "mine", False)


def test_what_else_became_of_the_card_is_told(
    acme: Personas, client: AdminClient, drawn: WorkCard
) -> None:
    with acme.scope():
        edit_card(
            card_id=drawn.pk,
            version=drawn.version,
            notes="<b>torn</b>",
            actor=acme.admin,
        )
    response = client.send(url_of(drawn), sheet(drawn, hours("8.00", "8.00", "7")))
    page = response.content.decode()
    assert shown_conflicts(response) == {}
    assert "edited the card of" in page
    assert "&lt;b&gt;torn" in page
    assert "You can save" in page
    shown = {"version": fresh(drawn).version, "since": drawn.version}
    body = sheet(drawn, hours("8.00", "8.00", "7")) | shown
    assert client.send(url_of(drawn), body).status_code == 302
    assert stored(acme, drawn)[3] == "7.00"


def test_a_card_that_was_approved_meanwhile_keeps_what_was_typed_on_the_page(
    acme: Personas, client: AdminClient, drawn: WorkCard
) -> None:
    with acme.scope():
        approve_card(card_id=drawn.pk, version=drawn.version, actor=acme.admin)
    response = client.send(url_of(drawn), sheet(drawn, hours("8.00", "8.00", "7")))
    assert response.status_code == 409
    assert "approved the card of" in response.content.decode()
    assert cell(response, 3) == "7"


def test_where_the_trail_is_silent_every_day_that_differs_is_asked_about(
    acme: Personas, client: AdminClient, drawn: WorkCard
) -> None:
    """Without events of the edit, the version that the page showed is unknown."""
    with acme.scope():
        WorkCard.objects.filter(pk=drawn.pk).update(version=drawn.version + 5)
        assert AuditEvent.objects.of_work_card(drawn.pk).count() == 1
    response = client.send(url_of(drawn), sheet(drawn, hours("7", "8.00", "8.00")))
    assert shown_conflicts(response) == {1: ("8.00", "7.00", "", False)}
    assert "Another user changed this day." in response.content.decode()


def test_a_line_that_could_not_be_stored_stands_as_it_was_typed(
    acme: Personas, client: AdminClient, drawn: WorkCard
) -> None:
    saved(acme, drawn, {1: 4, 2: 8, 3: 8})
    days = {**hours("", "8.00", "8.00"), 1: {"from_time": "7", "break_minutes": "30"}}
    response = client.send(url_of(drawn), sheet(drawn, days))
    (one,) = response.context["edit_conflicts"].days.values()
    shown = one.submitted_day.shown
    assert (shown["from_time"], shown["break_minutes"]) == ("7", "30")
    assert one.differing_fields == {"from_time", "break_minutes", "total_hours"}
    assert len(events(acme.id)) == 2
