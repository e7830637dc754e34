"""Suggestions of a card's employee, by a passport, number or name read from the card."""

import uuid
from collections.abc import Iterator
from heapq import nsmallest
from typing import NamedTuple

from workforce.fuzzy_matching import RANK, Clue, Identity, Reason
from workforce.models import Employee

from .models import WorkCard

MAX_SUGGESTIONS = 5
# The length of a passport or a name; a longer text is neither.
QUERY_LENGTH = 100


class Candidate(NamedTuple):
    """A suggested employee, with the data that distinguishes employees from each other."""

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
        """Return the id of the employee's home site."""
        return self.employee.site_id


def suggest(card: WorkCard, text: str) -> list[Suggestion]:
    """Return at most five employees of the card's business, the best reason first.

    For equal reasons, employees of the card's site come first, then active ones, then by name. One query; nothing is
    written.
    """
    clue = Clue.of(text)
    return nsmallest(
        MAX_SUGGESTIONS,
        _suggestions(card, clue),
        key=lambda suggestion: (
            RANK[suggestion.reason],
            suggestion.employee.site_id != card.site_id,
            not suggestion.employee.is_active,
            suggestion.employee.full_name,
            suggestion.employee.id,
        ),
    )


def _suggestions(card: WorkCard, clue: Clue) -> Iterator[Suggestion]:
    # Read all employees and compare them in Python: no index finds similar texts. No result is cached, because
    # response times could then reveal other users' searches.
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
