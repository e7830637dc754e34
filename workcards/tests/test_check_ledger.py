"""`manage.py check_ledger` finds differences of ledger and cards.

It finds every kind, and repairs open months.
"""

import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit.models import AuditEvent
from workcards.models import ApprovedDay, ClosedMonth, DayEntry, WorkCard
from workcards.services import find_faults
from workcards.tests.factories import ClosedMonthFactory, WorkCardFactory
from workcards.tests.review_helpers import (
    answers,
    approve,
    card_with,
    conflicts_of,
    day,
    ledger,
)
from workforce.models import Site
from workforce.tests.factories import EmployeeFactory, SiteFactory

pytestmark = [pytest.mark.django_db, pytest.mark.server]

CLEAN = "The ledger agrees with the approved cards.\n"


def site_called(name: str) -> Any:
    """Return the shared site of this name."""
    return Site.objects.filter(site_name=name).first() or SiteFactory(site_name=name)


class Month:
    """A month with two cards of John Smith: 8 hours at A, set aside by 7 hours at B."""

    def __init__(self, acme: Any) -> None:
        site_a, self.site_b = map(site_called, "AB")
        self.employee = EmployeeFactory(full_name="John Smith", site=site_a)
        self.lost = card_with(acme, self.employee, {1: "8"})
        approve(acme, self.lost)
        self.paid = card_with(
            acme, self.employee, {1: "7", 2: "SICK"}, site=self.site_b
        )
        conflicts = conflicts_of(acme, self.paid)
        approve(acme, self.paid, *answers(conflicts, "replace"))


@pytest.fixture
def month(acme: Any) -> Any:
    with acme.scope():
        yield Month(acme)


def check(*arguments: str) -> tuple[str, str]:
    """Run the command; return its output and its error."""
    out = io.StringIO()
    try:
        call_command("check_ledger", *arguments, stdout=out)
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), ""


def days_of(month: Month) -> Any:
    return DayEntry.objects.filter(work_date=day(1))


def lose_the_row(month: Month) -> None:
    ApprovedDay.objects.filter(work_date=day(2)).delete()


def forget_the_winner(month: Month) -> None:
    days_of(month).update(set_aside_by=None)


def point_to_an_unapproved_card(month: Month) -> None:
    card = WorkCardFactory(employee=month.employee)
    days_of(month).filter(work_card=month.lost).update(set_aside_by=card)


def point_to_a_card_without_the_date(month: Month) -> None:
    card = WorkCardFactory(employee=month.employee, approved=True)
    days_of(month).filter(work_card=month.lost).update(set_aside_by=card)


def point_to_another_employee(month: Month) -> None:
    WorkCard.objects.filter(pk=month.paid.pk).update(employee=EmployeeFactory())


def set_each_other_aside(month: Month) -> None:
    ApprovedDay.objects.filter(work_date=day(1)).delete()
    days_of(month).filter(work_card=month.paid).update(set_aside_by=month.lost)


def post_and_set_aside(month: Month) -> None:
    days_of(month).filter(work_card=month.paid).update(set_aside_by=month.lost)


def unapprove(month: Month) -> None:
    WorkCard.objects.filter(pk=month.lost.pk).update(
        review_status="NEEDS_REVIEW", approved_at=None
    )


def post_without_a_day(month: Month) -> None:
    ApprovedDay.objects.create(
        employee=month.employee,
        site=month.site_b,
        work_card=month.paid,
        work_date=day(9),
        hours=Decimal(5),
        approved_at=timezone.now(),
    )


def pay_other_figures(month: Month) -> None:
    ApprovedDay.objects.filter(work_date=day(1)).update(hours=9)


PAID = {1: [("B", "7.00")], 2: [("B", "SICK")]}
BOTH = {1: [("A", "8.00"), ("B", "7.00")], 2: [("B", "SICK")]}
# The damage, the faults that are found (for one card or two), and the ledger after the repair.
FAULTS: list[tuple[Callable[[Month], None], list[str], Any]] = [
    (lose_the_row, ["not_posted"], PAID),
    (forget_the_winner, ["not_posted"], BOTH),
    (point_to_an_unapproved_card, ["set_aside_by_unapproved"], BOTH),
    (point_to_a_card_without_the_date, ["set_aside_by_unapproved"], BOTH),
    (set_each_other_aside, ["set_aside_in_a_circle"] * 2, BOTH),
    (post_and_set_aside, ["posted_and_set_aside"], PAID),
    (unapprove, ["unapproved_set_aside"], PAID),
    (post_without_a_day, ["row_without_day"], PAID),
    (pay_other_figures, ["other_figures"], PAID),
    (
        point_to_another_employee,
        [
            "row_without_day",
            "set_aside_by_unapproved",
            "not_posted",
            "not_posted",
            "row_without_day",
        ],
        {1: [("A", "8.00")]},
    ),
]


def test_a_sound_ledger_is_told_so(month: Month) -> None:
    assert check() == (CLEAN, "")


@pytest.mark.parametrize(
    ("spoil", "faults", "after"), FAULTS, ids=lambda each: getattr(each, "__name__", "")
)
def test_a_fault_is_found_proposed_and_repaired(
    month: Month, spoil: Any, faults: list[str], after: Any
) -> None:
    spoil(month)
    before = list(ApprovedDay.objects.values_list("pk", flat=True))
    found, failed = check()
    lines = found.splitlines()
    assert sorted(line.rpartition(": ")[2] for line in lines) == sorted(faults)
    assert all(line.startswith("Acme: 2026-06-0") for line in lines)
    assert failed == f"{len(faults)} problems found in the ledger."

    proposed, failed = check("--repair")
    proposals = [line for line in proposed.splitlines() if "proposed: " in line]
    assert proposals
    assert failed
    assert list(ApprovedDay.objects.values_list("pk", flat=True)) == before
    assert not AuditEvent.objects.filter(event_type="ledger_repaired").exists()

    applied, failed = check("--repair", "--apply")
    assert not failed
    repairs = [line for line in applied.splitlines() if "repaired: " in line]
    assert [line.replace("repaired: ", "proposed: ") for line in repairs] == proposals
    assert applied.endswith(CLEAN)
    assert check() == (CLEAN, "")
    assert ledger(month.employee) == after
    events = AuditEvent.objects.filter(event_type="ledger_repaired")
    assert sum(len(event.metadata["repaired"]) for event in events) == len(repairs)


def test_the_days_that_lead_to_a_fault_are_left_as_they_are(month: Month) -> None:
    """The replaced card stays set aside: only the row of the other card was lost."""
    ApprovedDay.objects.filter(work_date=day(1)).delete()
    assert [finding.fault for finding in find_faults()] == ["not_posted"]
    check("--repair", "--apply")
    assert ledger(month.employee) == PAID


def test_a_day_that_has_no_room_is_set_aside_by_the_row_it_clashes_with(
    month: Month,
) -> None:
    days_of(month).filter(work_card=month.lost).update(
        set_aside_by=None, total_hours=20
    )
    applied, _failed = check("--repair", "--apply")
    assert f"not_posted → set_aside by card {month.paid.pk}" in applied
    assert check() == (CLEAN, "")
    assert ledger(month.employee) == PAID


def test_a_closed_month_is_listed_and_stays(month: Month) -> None:
    lose_the_row(month)
    ClosedMonthFactory()
    applied, failed = check("--repair", "--apply")
    assert "not_posted; the month is closed" in applied
    assert "repaired" not in applied
    assert failed == "1 problems found in the ledger."
    ClosedMonth.objects.all().delete()
    assert check("--repair", "--apply")[1] == ""


def test_one_business_is_named_by_code_name_or_id(month: Month, globex: Any) -> None:
    lose_the_row(month)
    assert check("--business", "Globex") == (CLEAN, "")
    assert check("--business", str(globex.id)) == (CLEAN, "")
    assert check("--business", "acme")[1]
    assert check("--business", "unknown")[1] == "No business found: “unknown”."
    assert check("--apply")[1] == "--apply requires --repair."


def test_each_business_is_repaired_in_its_own_scope(
    month: Month, acme: Any, globex: Any
) -> None:
    with globex.scope():
        other = Month(globex)
        lose_the_row(other)
    lose_the_row(month)
    found, _failed = check()
    assert [line.split(": ")[0] for line in found.splitlines()] == ["Acme", "Globex"]
    assert check("--repair", "--apply")[1] == ""
    with globex.scope():
        assert ledger(other.employee) == PAID
        assert AuditEvent.objects.filter(event_type="ledger_repaired").count() == 1
