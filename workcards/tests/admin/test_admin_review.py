"""Review in the admin: enter days, approve, reject, reopen."""

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.tests.personas import Personas
from tests.admin_clients import AdminClient, admin_client_for
from tests.api_helpers import events, queries
from workcards.models import ApprovedDay, DayEntry, WorkCard
from workcards.services import approve_card, set_day_entries
from workcards.tests.factories import MONTH, DayEntryFactory, WorkCardFactory
from workforce.models import Employee
from workforce.tests.factories import SiteFactory

from .review_pages import fresh, sheet, url_of

# Days


def test_the_days_of_a_month_are_typed_and_saved(
    acme: Personas, client: AdminClient, card: WorkCard
) -> None:
    days = {
        1: {"from_time": "7:30", "to_time": "16:00", "break_minutes": "30"},
        2: {"total_hours": "8.5", "comment": "night"},
        3: {"day_status": "SICK"},
    }
    response = client.send(url_of(card), sheet(card, days))
    assert response["Location"] == url_of(card)
    with acme.scope():
        found = {
            entry.work_date.day: (
                str(entry.total_hours),
                entry.day_status,
                entry.comment,
            )
            for entry in DayEntry.objects.filter(work_card=card)
        }
    assert found == {
        1: ("8.00", None, ""),
        2: ("8.50", None, "night"),
        3: ("None", "SICK", ""),
    }
    (event,) = events(acme.id)
    assert (event.event_type, event.metadata["channel"]) == ("days_updated", "admin")
    page = client.get(url_of(card)).content.decode()
    assert 'value="07:30"' in page
    assert 'value="8.50"' in page


def test_a_page_that_is_sent_back_as_it_came_changes_nothing(
    acme: Personas, client: AdminClient, card: WorkCard
) -> None:
    with acme.scope():
        DayEntryFactory(work_card=card)
        DayEntryFactory(work_card=card, absent=True)
        DayEntryFactory(
            work_card=card,
            from_time=None,
            to_time=None,
            break_minutes=0,
            total_hours="7.25",
            comment="x",
        )
    formset = client.get(url_of(card)).context["formset"]
    body = sheet(card, {})
    for form in formset.forms:
        for bound in form:
            if bound.value() not in (None, ""):
                body[bound.html_name] = str(bound.value())
    assert client.send(url_of(card), body).status_code == 302
    assert events(acme.id) == []
    assert fresh(card).version == card.version


def test_a_day_that_is_emptied_is_removed(
    acme: Personas, client: AdminClient, card: WorkCard
) -> None:
    with acme.scope():
        DayEntryFactory(work_card=card)
    client.send(url_of(card), sheet(card, {}))
    assert fresh(card).day_count == 0


@pytest.mark.parametrize(
    ("typed", "field", "status"),
    [
        ({"from_time": "7:30"}, "to_time", 400),
        ({"from_time": "25:00", "to_time": "8:00"}, "from_time", 400),
        ({"total_hours": "25"}, "total_hours", 400),
        ({"total_hours": "x"}, "total_hours", 400),
        ({"break_minutes": "241"}, "break_minutes", 400),
        ({"from_time": "8:00", "to_time": "8:00"}, "to_time", 400),
        (
            {"from_time": "8:00", "to_time": "16:00", "total_hours": "7"},
            "total_hours",
            400,
        ),
        ({"day_status": "PARTY"}, "day_status", 400),
        ({"comment": "x" * 501}, "comment", 400),
    ],
)
def test_what_is_wrong_with_a_day_stands_at_its_row_and_nothing_is_saved(
    acme: Personas,
    client: AdminClient,
    card: WorkCard,
    typed: dict[str, str],
    field: str,
    status: int,
) -> None:
    body = sheet(card, {1: {"total_hours": "8"}, 5: typed})
    response = client.send(url_of(card), body)
    assert response.status_code == status
    forms = response.context["formset"].forms
    assert [form["work_date"].value()[-2:] for form in forms if form.errors] == ["05"]
    assert field in forms[4].errors
    page = response.content.decode()
    assert 'name="days-0-total_hours" value="8"' in page
    assert "Nothing was saved. Correct the highlighted days." in page
    assert fresh(card).day_count == 0


@pytest.mark.parametrize(
    "tampered",
    [
        {"days-TOTAL_FORMS": "x"},
        {"days-TOTAL_FORMS": "999999"},
        {"days-4-work_date": "2026-07-05"},
        {"days-4-work_date": "2026-06-01"},
        {"days-4-work_date": "x"},
        {"version": "x"},
        {"version": ""},
        {"version": str(2**40)},
        {"since": "x"},
    ],
)
def test_a_form_that_was_tampered_with_is_no_fault(
    client: AdminClient, card: WorkCard, tampered: dict[str, str]
) -> None:
    body = sheet(card, {5: {"total_hours": "8"}})
    assert client.send(url_of(card), {**body, **tampered}).status_code == 400
    assert fresh(card).day_count == 0


def test_every_line_is_a_day_whatever_the_form_says_of_them(
    client: AdminClient, card: WorkCard
) -> None:
    body = {**sheet(card, {5: {"total_hours": "8"}}), "days-INITIAL_FORMS": "0"}
    assert client.send(url_of(card), body).status_code == 302
    assert fresh(card).day_count == 1


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (("7", "1530"), "07:00–15:30"),
        (("730", "16"), "07:30–16:00"),
        (("0730", "24"), "07:30–00:00"),
        (("7:30", "2400"), "07:30–00:00"),
        (("7.30", "24:00"), "07:30–00:00"),
        (("22", "6"), "22:00–06:00"),
    ],
)
def test_times_are_read_as_hands_write_them(
    acme: Personas,
    client: AdminClient,
    card: WorkCard,
    typed: tuple[str, str],
    stored: str,
) -> None:
    day = dict(zip(("from_time", "to_time"), typed, strict=True))
    assert client.send(url_of(card), sheet(card, {1: day})).status_code == 302
    with acme.scope():
        (entry,) = DayEntry.objects.filter(work_card=card)
    assert f"{entry.from_time:%H:%M}–{entry.to_time:%H:%M}" == stored


@pytest.mark.parametrize("wrong", ["24", "7:3", "760", "12345", "٧", "7:30:00", "-1"])
def test_what_is_no_time_is_marked_and_kept(
    client: AdminClient, card: WorkCard, wrong: str
) -> None:
    body = sheet(card, {1: {"from_time": wrong, "to_time": "16"}})
    response = client.send(url_of(card), body)
    assert response.status_code == 400
    assert "from_time" in response.context["formset"].forms[0].errors
    assert f'value="{wrong}"' in response.content.decode()


# The context of the days


def test_beside_each_day_stands_what_others_say_of_it(
    acme: Personas, client: AdminClient, john: Employee, card: WorkCard
) -> None:
    def hours(of: WorkCard, day: int, total: int) -> None:
        DayEntryFactory(
            work_card=of,
            work_date=MONTH.replace(day=day),
            from_time=None,
            to_time=None,
            break_minutes=0,
            total_hours=total,
        )

    with acme.scope():
        paying = WorkCardFactory(employee=john, site=john.site)
        for day in (1, 2, 3):
            hours(paying, day, 8)
        approve_card(card_id=paying.pk, version=1, actor=acme.admin)
        hours(WorkCardFactory(employee=john, site=john.site), 4, 5)
        hours(WorkCardFactory(employee=john, rejected=True), 5, 5)
        hours(WorkCardFactory(site=john.site), 6, 5)
        hours(card, 1, 8)
        hours(card, 2, 7)
    rows = client.get(url_of(card)).context["rows"]
    notes = {
        row["date"].day: [(note.icon, note.explanation) for note in row["notes"]]
        for row in rows
        if row["notes"]
    }
    assert notes == {
        1: [("done", "Paid, same value:")],
        2: [("clash", "Paid, different value:")],
        3: [("done", "Paid:")],
        4: [("half", "On another card, not approved yet:")],
    }


def test_a_card_costs_the_same_however_much_stands_beside_it_and_at_most_8_queries(
    acme: Personas, client: AdminClient, john: Employee, card: WorkCard
) -> None:
    client.get(url_of(card))
    few = queries(lambda: client.get(url_of(card)))
    with acme.scope():
        for _number in range(3):
            other = WorkCardFactory(employee=john, file=card.file)
            DayEntryFactory(work_card=other)
            DayEntryFactory(work_card=WorkCardFactory(employee=john, approved=True))
    assert queries(lambda: client.get(url_of(card))) == few <= 8


def test_days_of_a_decided_card_are_there_to_read(
    acme: Personas, client: AdminClient, card: WorkCard
) -> None:
    with acme.scope():
        DayEntryFactory(work_card=card, comment="as it was")
        approve_card(card_id=card.pk, version=card.version, actor=acme.admin)
    page = client.get(url_of(card))
    assert page.context["formset"] is None
    assert "as it was" in page.content.decode()
    response = client.send(url_of(card), sheet(fresh(card), {}))
    assert response.status_code == 409
    assert "The card is approved. Reopen it first." in response.content.decode()


@pytest.mark.parametrize("role", ["uploader", "viewer"])
def test_who_may_not_review_reads_the_days(
    acme: Personas, card: WorkCard, role: str
) -> None:
    page = admin_client_for(acme.user(role)).get(url_of(card))
    assert page.status_code == 200
    assert page.context["formset"] is None


# Approve


def test_what_is_typed_is_approved_in_the_same_breath_and_the_next_card_comes(
    acme: Personas, client: AdminClient, john: Employee, card: WorkCard
) -> None:
    with acme.scope():
        WorkCardFactory(processing_month=MONTH.replace(month=7))
        WorkCardFactory(approved=True)
        following = WorkCardFactory(site=john.site)
    body = sheet(card, {1: {"from_time": "7", "to_time": "1530"}}, _approve="1")
    response = client.send(url_of(card), body, follow=True)
    assert response.redirect_chain == [(url_of(following), 302)]
    page = response.content.decode()
    assert "John Example: card approved; its days are in the ledger." in page
    with acme.scope():
        (paid,) = ApprovedDay.objects.all()
    assert (paid.approved_by_id, str(paid.hours)) == (acme.reviewer.pk, "8.50")
    event_types = [event.event_type for event in events(acme.id)]
    assert event_types == ["days_updated", "card_approved"]


def test_after_the_last_card_one_stays_with_it(
    client: AdminClient, card: WorkCard
) -> None:
    body = sheet(card, {1: {"total_hours": "8"}}, _approve="1")
    assert client.send(url_of(card), body)["Location"] == url_of(card)
    assert fresh(card).review_status == "APPROVED"


def test_what_can_not_be_approved_is_not_saved_either(
    acme: Personas, client: AdminClient, card: WorkCard
) -> None:
    with acme.scope():
        DayEntryFactory(work_card=card, work_date=MONTH)
    response = client.send(url_of(card), sheet(card, {}, _approve="1"))
    assert response.status_code == 409
    assert "Enter at least one day" in response.content.decode()
    assert fresh(card).day_count == 1
    assert events(acme.id) == []


@pytest.mark.parametrize("choice", ["keep", "replace", "add"])
def test_conflicts_of_what_was_typed_are_settled_in_its_rows(
    acme: Personas,
    client: AdminClient,
    card: WorkCard,
    conflict: ApprovedDay,
    choice: str,
) -> None:
    body = sheet(card, {1: {"total_hours": "7"}}, _approve="1")
    first = client.send(url_of(card), body)
    page = first.content.decode()
    assert first.status_code == 409
    (ledger_conflict,) = first.context["rows"][0]["conflicts"]
    assert [value for value, _label in ledger_conflict["choices"]] == [
        "keep",
        "replace",
        "add",
    ]
    assert 'value="7"' in page
    assert fresh(card).day_count == 2
    body[f"date_{conflict.pk}"] = conflict.work_date.isoformat()
    body[f"choice_{conflict.pk}"] = choice
    assert client.send(url_of(card), body).status_code == 302
    assert (
        paid(acme)
        == {
            "keep": [(1, "Tower", "8.00")],
            "replace": [(1, "Harbour", "7.00")],
            "add": [(1, "Harbour", "7.00"), (1, "Tower", "8.00")],
        }[choice]
    )


def test_an_answer_that_is_too_much_is_asked_for_again_in_its_row(
    acme: Personas, client: AdminClient, card: WorkCard, conflict: ApprovedDay
) -> None:
    body = sheet(card, {1: {"total_hours": "20"}}, _approve="1")
    body[f"date_{conflict.pk}"] = conflict.work_date.isoformat()
    body[f"choice_{conflict.pk}"] = "add"
    response = client.send(url_of(card), body)
    assert response.status_code == 409
    assert "more than 24" in response.content.decode()
    (ledger_conflict,) = response.context["rows"][0]["conflicts"]
    assert ledger_conflict["choice"] == "add"
    assert paid(acme) == [(1, "Tower", "8.00")]
    assert fresh(card).day_count == 2


def test_a_card_without_days_is_not_approved(
    client: AdminClient, card: WorkCard
) -> None:
    response = client.send(url_of(card, "approve"), {"version": card.version})
    assert response.status_code == 409
    assert "Enter at least one day" in response.content.decode()


def test_approving_what_somebody_else_has_changed_is_refused(
    acme: Personas, client: AdminClient, card: WorkCard
) -> None:
    with acme.scope():
        set_day_entries(
            card_id=card.pk,
            version=card.version,
            entries=[{"work_date": MONTH, "total_hours": Decimal(4)}],
            actor=acme.admin,
        )
    response = client.send(url_of(card, "approve"), {"version": card.version})
    assert response.status_code == 409
    assert f"Changed by {acme.admin.full_name}" in response.content.decode()
    assert fresh(card).review_status == "NEEDS_REVIEW"


@pytest.fixture
def conflict(acme: Personas, john: Employee, card: WorkCard) -> ApprovedDay:
    """Return John's ledger row: 8 hours on 1 June at another site.

    The card has 6 hours on that date, and also 2 June.
    """
    with acme.scope():
        other = WorkCardFactory(employee=john, site=SiteFactory(site_name="Tower"))
        DayEntryFactory(work_card=other, work_date=MONTH)
        approve_card(card_id=other.pk, version=other.version, actor=acme.admin)
        for day in (1, 2):
            DayEntryFactory(
                work_card=card,
                work_date=MONTH.replace(day=day),
                from_time=None,
                to_time=None,
                break_minutes=0,
                total_hours=6,
            )
        return ApprovedDay.objects.get()


def paid(acme: Personas) -> list[tuple[int, str, str]]:
    with acme.scope():
        rows = ApprovedDay.objects.order_by("work_date", "site__site_name")
        return [(r.work_date.day, r.site.site_name, str(r.hours)) for r in rows]


@pytest.mark.parametrize(
    ("choice", "ledger"),
    [
        ("keep", [(1, "Tower", "8.00"), (2, "Harbour", "6.00")]),
        ("replace", [(1, "Harbour", "6.00"), (2, "Harbour", "6.00")]),
        (
            "add",
            [(1, "Harbour", "6.00"), (1, "Tower", "8.00"), (2, "Harbour", "6.00")],
        ),
    ],
)
def test_days_in_conflict_are_listed_and_settled_on_the_page(
    acme: Personas,
    client: AdminClient,
    card: WorkCard,
    conflict: ApprovedDay,
    choice: str,
    ledger: list[Any],
) -> None:
    body = {"version": card.version}
    first = client.send(url_of(card, "approve"), body)
    page = first.content.decode()
    assert first.status_code == 409
    assert len(first.context["form"].conflicts) == 1
    for shown in ("8.00", "6.00", "Tower", "Harbour", acme.admin.full_name):
        assert shown in page
    assert 'value="add"' in page
    answer = {
        f"date_{conflict.pk}": conflict.work_date.isoformat(),
        f"choice_{conflict.pk}": choice,
    }
    done = client.send(url_of(card, "approve"), {**body, **answer})
    assert done.status_code == 302
    assert paid(acme) == ledger


def test_an_answer_that_will_not_do_asks_again_and_keeps_what_was_chosen(
    acme: Personas, client: AdminClient, card: WorkCard, conflict: ApprovedDay
) -> None:
    with acme.scope():
        DayEntry.objects.filter(work_card=card).update(
            total_hours=20, from_time=None, to_time=None, break_minutes=0
        )
    body = {
        "version": card.version,
        f"date_{conflict.pk}": conflict.work_date.isoformat(),
        f"choice_{conflict.pk}": "add",
    }
    response = client.send(url_of(card, "approve"), body)
    assert response.status_code == 409
    assert "more than 24" in response.content.decode()
    (ledger_conflict,) = response.context["form"].conflicts
    assert ledger_conflict["choice"] == "add"
    assert fresh(card).review_status == "NEEDS_REVIEW"
    assert paid(acme) == [(1, "Tower", "8.00")]


@pytest.mark.parametrize("answer", [{}, {"choice": "nonsense"}, {"date": "x"}])
def test_a_half_answer_asks_again(
    acme: Personas,
    client: AdminClient,
    card: WorkCard,
    conflict: ApprovedDay,
    answer: dict[str, str],
) -> None:
    body = {"version": card.version}
    for name, value in {"date": "2026-06-01", "choice": "", **answer}.items():
        body[f"{name}_{conflict.pk}"] = value  # type: ignore[assignment]
    response = client.send(url_of(card, "approve"), body)
    assert response.status_code == 409
    assert len(response.context["form"].conflicts) == 1


# Reject, reopen


def test_a_card_is_rejected_and_reopened_with_a_reason(
    acme: Personas, client: AdminClient, card: WorkCard
) -> None:
    body = {"version": card.version, "reason": " "}
    assert client.send(url_of(card, "reject"), body).status_code == 200
    client.send(url_of(card, "reject"), {**body, "reason": "can't be read"})
    card = fresh(card)
    assert (card.review_status, card.rejected_reason) == ("REJECTED", "can't be read")
    assert "can&#x27;t be read" in client.get(url_of(card)).content.decode()
    client.send(url_of(card, "reopen"), {"version": card.version, "reason": "found it"})
    assert fresh(card).review_status == "NEEDS_REVIEW"
    history = client.get(url_of(card, "history")).content.decode()
    for message in (" rejected ", " reopened ", "found it"):
        assert message in history


def test_reopening_says_which_days_another_card_pays_now(
    acme: Personas, client: AdminClient, card: WorkCard, conflict: ApprovedDay
) -> None:
    client.send(
        url_of(card, "approve"),
        {
            "version": card.version,
            f"date_{conflict.pk}": "2026-06-01",
            f"choice_{conflict.pk}": "replace",
        },
    )
    body = {"version": fresh(card).version, "reason": "wrong"}
    page = client.send(url_of(card, "reopen"), body, follow=True).content.decode()
    assert "Now paid from other cards: 1 Jun 2026, " in page
    assert paid(acme) == [(1, "Tower", "8.00")]


@pytest.mark.parametrize("verb", ["approve", "reject", "reopen", "assign", "unassign"])
def test_a_verb_that_the_state_does_not_allow_is_refused(
    acme: Personas, client: AdminClient, john: Employee, verb: str
) -> None:
    with acme.scope():
        card = WorkCardFactory(approved=verb != "reopen", employee=john)
    body = {"version": card.version, "reason": "why", "employee": john.pk}
    response = client.send(url_of(card, verb), body)
    assert response.status_code == 409
    assert "has the status" in response.content.decode()
    assert events(acme.id) == []


def test_an_acting_super_admin_leaves_the_name_and_the_card_in_the_list(
    acme: Personas, super_admin: User, card: WorkCard
) -> None:
    """The list must keep rows that refer to a user of another business."""
    with acme.scope():
        DayEntryFactory(work_card=card)
    client = admin_client_for(super_admin, acting_for=acme.business)
    client.send(url_of(card, "approve"), {"version": card.version})
    reviewer = admin_client_for(acme.reviewer)
    for model in ("workcard", "approvedday"):
        page = reviewer.get(reverse(f"admin:workcards_{model}_changelist"))
        assert (
            page.context["cl"].result_count == len(page.context["cl"].result_list) == 1
        )
    assert super_admin.full_name in page.content.decode()
