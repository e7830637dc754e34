"""The effects of approving and reopening on the ledger."""

import random
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from uuid_utils.compat import uuid7

from audit.models import AuditEvent
from automatehq.api.errors import (
    Conflict,
    Invalid,
    broken_constraint,
    error_from_database,
)
from workcards import services
from workcards.models import ApprovedDay, DayEntry
from workcards.month_math import days_of_month
from workcards.services import Resolution
from workcards.tests.factories import MONTH, ApprovedDayFactory, WorkCardFactory
from workcards.tests.review_helpers import (
    answers,
    approve,
    card_with,
    conflicts_of,
    day,
    ledger,
    reopen,
)
from workcards.transitions import ReviewStatus
from workforce.tests.factories import EmployeeFactory, SiteFactory

pytestmark = [pytest.mark.django_db, pytest.mark.server]

KEEP, REPLACE, ADD = "keep", "replace", "add"


@pytest.fixture(autouse=True)
def _scope(acme: Any) -> Any:
    with acme.scope():
        yield


@pytest.fixture
def employee() -> Any:
    return EmployeeFactory(full_name="John Smith", site=SiteFactory(site_name="A"))


@pytest.fixture
def site_b() -> Any:
    return SiteFactory(site_name="B")


def test_approving_posts_the_days(acme: Any, employee: Any) -> None:
    card = card_with(acme, employee, {1: "8", 2: "VACATION", 3: "0"})
    outcome = approve(acme, card)
    assert outcome.card.review_status == ReviewStatus.APPROVED
    assert (outcome.reposted, outcome.warnings) == ((), ())
    assert ledger(employee) == {
        1: [("A", "8.00")],
        2: [("A", "VACATION")],
        3: [("A", "0.00")],
    }
    card.refresh_from_db()
    assert card.version == 3
    assert card.approved_by_id == acme.reviewer.pk
    assert card.approved_by_name == acme.reviewer.full_name
    row = ApprovedDay.objects.first()
    assert row.work_card_id == card.pk
    assert row.approved_by_name == acme.reviewer.full_name
    assert row.approved_at == card.approved_at


def test_a_card_without_days_cannot_be_approved(acme: Any, employee: Any) -> None:
    with pytest.raises(Conflict) as rejected:
        approve(acme, card_with(acme, employee, {}))
    assert rejected.value.code == "no_days"


def test_approving_for_an_inactive_employee_warns(acme: Any) -> None:
    employee = EmployeeFactory(is_active=False, full_name="Jane Roe")
    outcome = approve(acme, card_with(acme, employee, {1: "8"}))
    assert outcome.warnings == ("Jane Roe is inactive.",)


def test_equal_figures_of_the_same_site_are_kept(acme: Any, employee: Any) -> None:
    first = card_with(acme, employee, {1: "8", 2: "SICK"})
    approve(acme, first)
    second = card_with(acme, employee, {1: "8", 2: "SICK", 3: "4"})
    approve(acme, second)
    assert ledger(employee) == {
        1: [("A", "8.00")],
        2: [("A", "SICK")],
        3: [("A", "4.00")],
    }
    assert ApprovedDay.objects.get(work_date=day(1)).work_card_id == first.pk


def test_a_conflict_shows_both_figures_and_cards(
    acme: Any, employee: Any, site_b: Any
) -> None:
    first = card_with(acme, employee, {1: "8", 2: "5"})
    approve(acme, first)
    second = card_with(acme, employee, {1: "9", 2: "5", 3: "1"}, site=site_b)
    one, two = conflicts_of(acme, second)
    row = ApprovedDay.objects.get(work_date=day(1))
    first.refresh_from_db()
    assert one == {
        "date": "2026-06-01",
        "approved_day_id": str(row.pk),
        "same_site": False,
        "new": {
            "hours": "9.00",
            "minutes": 540,
            "day_status": None,
            "site": {"id": str(site_b.pk), "name": "B"},
        },
        "ledger": {
            "hours": "8.00",
            "minutes": 480,
            "day_status": None,
            "site": {"id": str(employee.site_id), "name": "A"},
            "work_card_id": str(first.pk),
            "approved_by": {
                "id": str(acme.reviewer.pk),
                "name": acme.reviewer.full_name,
            },
            "approved_at": f"{first.approved_at:%Y-%m-%dT%H:%M:%SZ}",
        },
    }
    assert two["date"] == "2026-06-02"
    assert ledger(employee) == {1: [("A", "8.00")], 2: [("A", "5.00")]}
    second.refresh_from_db()
    assert second.review_status == ReviewStatus.NEEDS_REVIEW


@pytest.mark.parametrize("seed", range(3))
def test_what_approving_asks_about_is_what_the_database_calls_a_conflict(
    acme: Any, employee: Any, site_b: Any, seed: int
) -> None:
    chance = random.Random(seed)

    def some_days() -> dict[int, str]:
        dates = chance.sample(range(1, 13), 8)
        return {day: chance.choice(["8", "9", "SICK", "VACATION"]) for day in dates}

    for site in (employee.site, site_b):
        paid = card_with(acme, employee, some_days(), site=site)
        if DayEntry.objects.in_conflict(MONTH).exists():
            approve(acme, paid, *answers(conflicts_of(acme, paid), REPLACE))
        else:
            approve(acme, paid)
    waiting = [
        card_with(acme, employee, some_days(), site=site)
        for site in (employee.site, site_b)
    ]
    for card in waiting:
        conflict_dates = {one["date"] for one in conflicts_of(acme, card)}
        found = DayEntry.objects.in_conflict(MONTH).filter(work_card=card)
        assert {f"{entry.work_date}" for entry in found} == conflict_dates
        assert 0 < len(conflict_dates) < 8


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (KEEP, [("A", "8.00")]),
        (REPLACE, [("B", "9.00")]),
        (ADD, [("A", "8.00"), ("B", "9.00")]),
    ],
)
def test_another_site_is_kept_replaced_or_added(
    acme: Any, employee: Any, site_b: Any, choice: str, expected: Any
) -> None:
    approve(acme, card_with(acme, employee, {1: "8"}))
    second = card_with(acme, employee, {1: "9"}, site=site_b)
    approve(acme, second, *answers(conflicts_of(acme, second), choice))
    assert ledger(employee) == {1: expected}
    event = AuditEvent.objects.get(event_type="card_approved", work_card_id=second.pk)
    assert [c["choice"] for c in event.metadata["conflicts"]] == [choice]
    assert event.metadata["conflicts"][0]["ledger"]["hours"] == "8.00"


def test_the_same_site_is_kept_or_replaced_but_not_added(
    acme: Any, employee: Any
) -> None:
    approve(acme, card_with(acme, employee, {1: "8"}))
    second = card_with(acme, employee, {1: "9"})
    conflicts = conflicts_of(acme, second)
    assert conflicts[0]["same_site"] is True
    with pytest.raises(Invalid) as rejected:
        approve(acme, second, *answers(conflicts, ADD))
    assert (rejected.value.code, rejected.value.attr) == (
        "same_site",
        "resolutions.0.choice",
    )
    approve(acme, second, *answers(conflicts, REPLACE))
    assert ledger(employee) == {1: [("A", "9.00")]}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("16", "8.01", "too_many_hours"),
        ("8", "VACATION", "absence_not_alone"),
        ("SICK", "2", "absence_not_alone"),
        ("SICK", "SICK", "absence_not_alone"),
    ],
)
def test_adding_more_than_a_day_or_beside_an_absence_is_refused(
    acme: Any, employee: Any, site_b: Any, old: str, new: str, code: str
) -> None:
    approve(acme, card_with(acme, employee, {1: old}))
    second = card_with(acme, employee, {1: new}, site=site_b)
    with pytest.raises(Conflict) as rejected:
        approve(acme, second, *answers(conflicts_of(acme, second), ADD))
    assert rejected.value.code == code
    assert rejected.value.attr == "resolutions.0.choice"
    assert len(rejected.value.extra["conflicts"]) == 1


@pytest.fixture
def two_sites(acme: Any, employee: Any, site_b: Any) -> Any:
    """Return a pending card of 6 hours at A, and its two conflicts.

    The ledger has 8 hours at A and 4 at B.
    """
    approve(acme, card_with(acme, employee, {1: "8"}))
    at_b = card_with(acme, employee, {1: "4"}, site=site_b)
    approve(acme, at_b, *answers(conflicts_of(acme, at_b), ADD))
    third = card_with(acme, employee, {1: "6"})
    conflicts = sorted(conflicts_of(acme, third), key=lambda c: not c["same_site"])
    return third, conflicts


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ((KEEP, KEEP), [("A", "8.00"), ("B", "4.00")]),
        ((REPLACE, REPLACE), [("A", "6.00")]),
        ((REPLACE, ADD), [("A", "6.00"), ("B", "4.00")]),
    ],
)
def test_answers_for_one_date_that_agree(
    acme: Any, employee: Any, two_sites: Any, choices: Any, expected: Any
) -> None:
    card, conflicts = two_sites
    approve(acme, card, *answers(conflicts, *choices))
    assert ledger(employee) == {1: expected}


@pytest.mark.parametrize(
    "choices", [(KEEP, REPLACE), (KEEP, ADD), (REPLACE, KEEP)], ids="-".join
)
def test_answers_for_one_date_that_contradict_each_other(
    acme: Any, employee: Any, two_sites: Any, choices: Any
) -> None:
    card, conflicts = two_sites
    with pytest.raises(Invalid) as rejected:
        approve(acme, card, *answers(conflicts, *choices))
    assert rejected.value.code == "mixed_resolutions"
    assert ledger(employee) == {1: [("A", "8.00"), ("B", "4.00")]}


def test_every_conflict_needs_an_answer(
    acme: Any, employee: Any, two_sites: Any
) -> None:
    card, conflicts = two_sites
    given = answers(conflicts, KEEP)
    with pytest.raises(Conflict, match="already paid with different hours") as rejected:
        approve(acme, card, given[0])
    assert len(rejected.value.extra["conflicts"]) == 2
    with pytest.raises(Invalid, match="Already resolved"):
        approve(acme, card, *given, given[0])


def test_an_answer_to_what_is_not_in_conflict_is_asked_again(
    acme: Any, employee: Any
) -> None:
    card = card_with(acme, employee, {1: "8"})
    with pytest.raises(Conflict, match="no longer exists") as rejected:
        approve(acme, card, Resolution(day(1), uuid7(), KEEP))
    assert (rejected.value.code, rejected.value.extra["conflicts"]) == (
        "day_conflicts",
        [],
    )


def test_an_answer_is_not_taken_for_figures_that_have_changed_since(
    acme: Any, employee: Any
) -> None:
    first = card_with(acme, employee, {1: "8"})
    approve(acme, first)
    second = card_with(acme, employee, {1: "9"})
    seen = conflicts_of(acme, second)
    reopen(acme, first)
    services.set_day_entries(
        card_id=first.pk,
        version=None,
        entries=[{"work_date": day(1), "total_hours": Decimal("3")}],
        actor=acme.reviewer,
    )
    approve(acme, first)
    again = conflicts_of(acme, second, *answers(seen, REPLACE))
    assert again[0]["ledger"]["hours"] == "3.00"


def test_reopening_takes_the_rows_out(acme: Any, employee: Any) -> None:
    card = card_with(acme, employee, {1: "8", 2: "8"})
    approve(acme, card)
    outcome = reopen(acme, card)
    assert outcome.reposted == ()
    assert ledger(employee) == {}
    card.refresh_from_db()
    assert card.review_status == ReviewStatus.NEEDS_REVIEW
    assert (card.approved_by, card.approved_by_name, card.approved_at) == (
        None,
        "",
        None,
    )
    event = AuditEvent.objects.get(event_type="card_reopened")
    assert event.metadata["reason"] == "typo"
    assert event.metadata["before"]["approved_by_name"] == acme.reviewer.full_name
    assert event.metadata["after"]["review_status"] == "NEEDS_REVIEW"


def test_reopening_posts_from_the_card_approved_last(
    acme: Any, employee: Any, site_b: Any
) -> None:
    cards = []
    for hours, site in (("5", employee.site), ("6", site_b), ("7", employee.site)):
        card = card_with(acme, employee, {1: hours, 2: hours}, site=site)
        if cards:
            approve(acme, card, *answers(conflicts_of(acme, card), REPLACE))
        else:
            approve(acme, card)
        cards.append(card)
    outcome = reopen(acme, cards[2])
    assert [day.as_json() for day in outcome.reposted] == [
        {
            "date": date,
            "site": {"id": str(site_b.pk), "name": "B"},
            "hours": "6.00",
            "minutes": 360,
            "day_status": None,
            "work_card_id": str(cards[1].pk),
        }
        for date in ("2026-06-01", "2026-06-02")
    ]
    assert ledger(employee) == {1: [("B", "6.00")], 2: [("B", "6.00")]}
    row = ApprovedDay.objects.get(work_date=day(1))
    cards[1].refresh_from_db()
    assert (row.work_card_id, row.approved_at) == (cards[1].pk, cards[1].approved_at)
    event = AuditEvent.objects.get(event_type="card_reopened")
    assert event.metadata["reposted"] == [day.as_json() for day in outcome.reposted]
    assert "not_reposted" not in event.metadata


def test_reopening_leaves_a_date_alone_that_has_another_row(
    acme: Any, employee: Any, site_b: Any
) -> None:
    first = card_with(acme, employee, {1: "8"})
    approve(acme, first)
    second = card_with(acme, employee, {1: "4"}, site=site_b)
    approve(acme, second, *answers(conflicts_of(acme, second), ADD))
    assert reopen(acme, second).reposted == ()
    assert ledger(employee) == {1: [("A", "8.00")]}


# The database rejects rows that the services let pass, and the response has the same error.


@pytest.mark.parametrize(
    ("second", "code"),
    [
        ({"hours": Decimal("16.01")}, "too_many_hours"),
        (
            {
                "hours": None,
                "from_time": None,
                "to_time": None,
                "break_minutes": 0,
                "day_status": "SICK",
            },
            "absence_not_alone",
        ),
    ],
)
def test_the_database_s_own_limits_are_told_as_conflicts(
    employee: Any, site_b: Any, second: Any, code: str
) -> None:
    first = ApprovedDayFactory(
        work_card=WorkCardFactory(employee=employee, approved=True), day=0
    )
    with pytest.raises(IntegrityError) as rejected, transaction.atomic():
        ApprovedDay.objects.create(
            employee=employee,
            site=site_b,
            work_card=first.work_card,
            work_date=first.work_date,
            approved_at=timezone.now(),
            **second,
        )
    error = error_from_database(rejected.value)
    assert isinstance(error, Conflict)
    assert error.code == code


def rows_of(card: Any, *hours: str) -> list[ApprovedDay]:
    """Return rows for the first of the month, each at a separate site."""
    return [
        ApprovedDay(
            employee=card.employee,
            site=SiteFactory(),
            work_card=card,
            work_date=day(1),
            hours=Decimal(one),
            approved_at=timezone.now(),
        )
        for one in hours
    ]


def test_the_database_looks_at_every_row_of_a_statement(employee: Any) -> None:
    """One of several employees exceeds the limit, by rows of one statement."""
    card = WorkCardFactory(employee=employee, approved=True)
    others = [WorkCardFactory(approved=True) for _ in range(3)]
    fine = [row for other in others for row in rows_of(other, "8", "8")]
    with pytest.raises(IntegrityError) as rejected, transaction.atomic():
        ApprovedDay.objects.bulk_create([*fine, *rows_of(card, "12", "12.01")])
    assert broken_constraint(rejected.value) == "approved_days_24_hours_a_day"
    ApprovedDay.objects.bulk_create([*fine, *rows_of(card, "12", "12")])
    with pytest.raises(IntegrityError) as rejected, transaction.atomic():
        ApprovedDay.objects.filter(hours=12).update(hours=13)
    assert broken_constraint(rejected.value) == "approved_days_24_hours_a_day"
    absent = ApprovedDay.objects.filter(hours=12)
    with pytest.raises(IntegrityError) as rejected, transaction.atomic():
        absent.update(hours=None, day_status="SICK")
    assert broken_constraint(rejected.value) == "approved_days_absence_stands_alone"


def rows_looked_at() -> int:
    """Return the number of ledger rows that this session has read.

    It may include earlier transactions, until PostgreSQL has written their statistics.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'approved_days'"
        )
        (rows,) = cursor.fetchone()
    return int(rows)


def test_looking_at_the_limit_does_not_grow_with_the_square_of_the_rows() -> None:
    """A year of a business in one statement, into a table without statistics."""
    rows = [
        ApprovedDay(
            employee=card.employee,
            site=card.site,
            work_card=card,
            work_date=work_date,
            hours=8,
            approved_at=timezone.now(),
        )
        for card in [WorkCardFactory(approved=True) for _ in range(30)]
        for work_date in days_of_month(card.processing_month)
    ]
    before = rows_looked_at()
    ApprovedDay.objects.bulk_create(rows)
    looked_at = rows_looked_at() - before
    # At most, for each row, the rows of its employee.
    assert len(rows) <= looked_at <= 31 * len(rows)


def test_a_foreign_employee_is_refused_by_the_database_too(
    acme: Any, globex: Any
) -> None:
    with globex.scope():
        foreign = EmployeeFactory()
    card = WorkCardFactory()
    with pytest.raises(IntegrityError) as rejected, transaction.atomic():
        services.assign_card(card_id=card.pk, employee=foreign, actor=acme.admin)
    error = error_from_database(rejected.value)
    assert isinstance(error, Invalid)
    assert (error.code, error.attr) == ("does_not_exist", "employee_id")
