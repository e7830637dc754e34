"""Whose card it could be, by a passport, number or name that somebody read off it."""

import uuid
from collections.abc import Iterator
from heapq import nsmallest
from typing import NamedTuple

from workforce.fuzzy_matching import RANK, Clue, Identity, Reason
from workforce.models import Employee

from .models import WorkCard

MOST = 5
# A passport or a name; with more it would be neither.
QUERY_LENGTH = 100


class Candidate(NamedTuple):
    """An employee who could be meant, as far as a person needs to know to tell them from another."""

    id: uuid.UUID
    full_name: str
    passport_id: str | None
    former_passport_id: str | None
    external_employee_id: str | None
    is_active: bool
    site_id: uuid.UUID | None
    site_name: str | None

    @property
    def identity(self) -> Identity:
        return Identity(*self[1:5])


class Suggestion(NamedTuple):
    employee: Candidate
    reason: Reason

    @property
    def site_id(self) -> uuid.UUID | None:
        """The home of the employee."""
        return self.employee.site_id


def suggest(card: WorkCard, text: str) -> list[Suggestion]:
    """At most five employees of the card's business, the best reason first; one query, and nothing is written.

    Of the same reason: first those at the card's site, then those who are active, then by name.
    """
    clue = Clue.of(text)
    return nsmallest(
        MOST,
        _suggestions(card, clue),
        key=lambda found: (
            RANK[found.reason],
            found.employee.site_id != card.site_id,
            not found.employee.is_active,
            found.employee.full_name,
            found.employee.id,
        ),
    )


def _suggestions(card: WorkCard, clue: Clue) -> Iterator[Suggestion]:
    # All of them, and the comparing here: no index knows what looks alike. Nothing is remembered between two questions,
    # or how long an answer takes could tell of what others have asked.
    rows = Employee.objects.filter(business_id=card.business_id).values_list(
        "id",
        "full_name",
        "passport_id",
        "former_passport_id",
        "external_employee_id",
        "is_active",
        "site_id",
        "site__site_name",
    )
    for row in rows.order_by():
        employee = Candidate(*row)
        if reason := clue.reason_for(employee.identity):
            yield Suggestion(employee, reason)
