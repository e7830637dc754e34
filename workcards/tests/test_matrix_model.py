"""The matrix compared with a plain model, and its query plans.

hypothesis generates the months.
"""

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accounts.tests.personas import Personas
from workcards.matrix import Matrix, month_matrices, month_matrix
from workcards.missing_cards import missing_cards
from workcards.models import ApprovedDay, DayEntry, WorkCard
from workcards.month_rows import month_rows
from workcards.tests.factories import MONTH
from workforce.models import Employee, Site
from workforce.tests.factories import EmployeeFactory, SiteFactory

pytestmark = [pytest.mark.django_db, pytest.mark.server]

PEOPLE, SITES = 3, 2
NOW = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
# Day of the month → hours in quarters, or None for an absence.
DAYS = st.dictionaries(
    st.integers(1, 4), st.one_of(st.none(), st.integers(0, 96)), max_size=4
)


class Paper(NamedTuple):
    """A card as a user submits it."""

    person: int
    site: int
    is_approved: bool
    days: dict[int, int | None]


PAPERS = st.lists(
    st.builds(
        Paper,
        st.integers(0, PEOPLE - 1),
        st.integers(0, SITES - 1),
        st.booleans(),
        DAYS,
    ),
    max_size=8,
)
TWO_DRAFTS = [
    Paper(0, 0, is_approved=False, days={1: 16, 2: None}),
    Paper(0, 1, is_approved=False, days={1: 32, 2: 4}),
]
# (employee, day) → site → quarters; and the display of a draft: (site, quarters, conflict flag).
Ledger = dict[tuple[int, int], dict[int, int | None]]


def post(ledger: Ledger, paper: Paper) -> dict[int, int | None]:
    """Post the days that fit into the ledger by its rules, and return them."""
    posted = {}
    for day, quarters in paper.days.items():
        there = ledger[paper.person, day]
        together = [*there.values(), quarters]
        is_alone = len(together) == 1
        if is_alone or (
            paper.site not in there
            and None not in together
            and sum(q or 0 for q in together) <= 96
        ):
            there[paper.site] = posted[day] = quarters
    return posted


def figures(quarters: int | None) -> dict[str, Any]:
    return {"hours": quarters and hours(quarters), "day_status": None} | (
        {"hours": None, "day_status": "SICK"}
        if quarters is None
        else {"hours": hours(quarters)}
    )


def hours(quarters: int) -> Decimal:
    return Decimal(quarters) / 4


def write(papers: list[Paper], *, at_once: bool) -> tuple[Ledger, Any, Any, Any]:
    """Save the papers as rows, and return their model.

    It has the ledger, cards by employee and day, employees and sites.
    """
    sites = [SiteFactory() for _ in range(SITES)]
    people = [EmployeeFactory(site=sites[0]) for _ in range(PEOPLE)]
    ledger: Ledger = defaultdict(dict)
    drafts: Any = defaultdict(list)
    for number, paper in enumerate(papers):
        status = "APPROVED" if paper.is_approved else "NEEDS_REVIEW"
        card = WorkCard.objects.create(
            site=sites[paper.site],
            employee=people[paper.person],
            processing_month=MONTH,
            source="MANUAL",
            review_status=status,
            approved_at=NOW if paper.is_approved else None,
        )
        # The later papers have older rows, or all rows have the same time.
        created_at = NOW - dt.timedelta(minutes=0 if at_once else number)
        WorkCard.objects.filter(pk=card.pk).update(created_at=created_at)
        if paper.is_approved:
            ApprovedDay.objects.bulk_create(
                ApprovedDay(
                    work_card=card,
                    employee=card.employee,
                    site=card.site,
                    work_date=MONTH.replace(day=day),
                    approved_at=NOW,
                    **figures(quarters),
                )
                for day, quarters in post(ledger, paper).items()
            )
            continue
        entries = []
        for day, quarters in paper.days.items():
            values = figures(quarters)
            entries.append(
                DayEntry(
                    work_card=card,
                    work_date=MONTH.replace(day=day),
                    total_hours=values["hours"],
                    day_status=values["day_status"],
                )
            )
            key = (created_at, card.pk)
            drafts[paper.person, day].append((key, paper.site, quarters))
        DayEntry.objects.bulk_create(entries)
    return ledger, drafts, people, sites


def shown(matrix: Matrix) -> dict[tuple[str, int], tuple[Any, ...]]:
    return {
        (column.employee_id, date.day): (cell.hours, cell.day_status, cell.state.value)
        for column in matrix.columns
        for date, cell in column.cells.items()
    }


def expected_of(
    ledger: Ledger, drafts: Any, people: Any, site: int | None
) -> dict[tuple[str, int], tuple[Any, ...]]:
    """Return the expected cells of one site, or of all."""
    cells: dict[tuple[str, int], tuple[Any, ...]] = {}
    for (person, day), by_site in ledger.items():
        paid = [q for at, q in by_site.items() if site in (None, at)]
        if paid:
            total = None if None in paid else hours(sum(paid))
            absence = "SICK" if total is None else None
            cells[str(people[person].pk), day] = (total, absence, "approved")
    for (person, day), rivals in drafts.items():
        if ledger.get((person, day)):
            continue
        _key, at, quarters = max(rivals)
        state = "conflict" if len(rivals) > 1 else "needs_review"
        if site in (None, at):
            values = figures(quarters)
            cells[str(people[person].pk), day] = (
                values["hours"],
                values["day_status"],
                state,
            )
    return cells


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    max_examples=40,
    deadline=None,
)
@given(papers=PAPERS, at_once=st.booleans())
@example(papers=TWO_DRAFTS, at_once=True)
@example(papers=TWO_DRAFTS, at_once=False)
def test_the_matrix_is_what_the_rules_say(
    acme: Personas, papers: list[Paper], at_once: bool
) -> None:
    with acme.scope(), transaction.atomic():
        ledger, drafts, people, sites = write(papers, at_once=at_once)
        paid = {
            site: sum(hours(by_site.get(site) or 0) for by_site in ledger.values())
            for site in range(SITES)
        }
        for site in (None, *range(SITES)):
            site_id = None if site is None else sites[site].pk
            matrix = month_matrix(month=MONTH, site_id=site_id, approved_only=False)
            expected = expected_of(ledger, drafts, people, site)
            assert shown(matrix) == expected
            total = sum(paid.values()) if site is None else paid[site]
            assert matrix.total_hours == total
            assert sum(matrix.day_totals.values()) == total
            assert sum(column.total_hours for column in matrix.columns) == total
            rows = list(month_rows(MONTH, site_id=site_id, include_unapproved=True))
            assert len({(row.employee_id, row.work_date) for row in rows}) == len(
                expected
            )
        sheets = list(month_matrices(month=MONTH, approved_only=False))
        assert {sheet.site_id for sheet in sheets} <= {str(site.pk) for site in sites}
        assert sum(sheet.total_hours for sheet in sheets) == sum(paid.values())
        transaction.set_rollback(True)


# Query plans


def fill(people: int, sites: int) -> Site:
    """Create a month of two cards per employee, and return one of the sites.

    One card is approved and one is under review; each has 13 days.
    """
    places = [SiteFactory() for _ in range(sites)]
    employees = Employee.objects.bulk_create(
        Employee(full_name=f"Worker {number:04}", site=places[number % sites])
        for number in range(people)
    )
    cards = WorkCard.objects.bulk_create(
        WorkCard(
            employee=employee,
            site=employee.site,
            processing_month=MONTH,
            source="MANUAL",
            review_status="APPROVED" if is_approved else "NEEDS_REVIEW",
            approved_at=NOW if is_approved else None,
        )
        for employee in employees
        for is_approved in (True, False)
    )
    ApprovedDay.objects.bulk_create(
        ApprovedDay(
            work_card=card,
            employee_id=card.employee_id,
            site_id=card.site_id,
            work_date=MONTH.replace(day=day),
            hours=8,
            approved_at=NOW,
        )
        for card in cards
        if card.approved_at
        for day in range(1, 14)
    )
    DayEntry.objects.bulk_create(
        DayEntry(work_card=card, work_date=MONTH.replace(day=day), total_hours=8)
        for card in cards
        if not card.approved_at
        for day in range(10, 18)
    )
    return places[0]


def plan_of(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {sql}")
        return "\n".join(line for (line,) in cursor.fetchall())


def sent(act: Any) -> list[str]:
    """Return the queries of `act` in a form that can run again."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return [query["sql"].split("HOLD FOR ")[-1] for query in captured.captured_queries]


def test_a_site_of_thousands_of_rows_can_be_found_by_indexes(
    acme: Personas, globex: Personas
) -> None:
    """The test forbids sequential scans, which are cheaper for few rows."""
    with globex.scope():
        fill(120, 4)
    with acme.scope():
        site = fill(120, 4)
    with connection.cursor() as cursor:
        cursor.execute(
            "ANALYZE employees, work_cards, work_card_day_entries, approved_days"
        )
    with acme.scope():
        (matrix,) = sent(
            lambda: month_matrix(month=MONTH, site_id=site.pk, approved_only=False)
        )
        _calendar, missing = sent(lambda: missing_cards(month=MONTH, site_id=site.pk))
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
        for sql in (matrix, missing):
            assert "Index" in plan_of(sql)
            assert "Seq Scan" not in plan_of(sql), plan_of(sql)
