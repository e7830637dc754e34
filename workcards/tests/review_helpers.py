"""Helpers for cards with days, and for the actions of a reviewer."""

import uuid
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from automatehq.api.errors import Conflict
from workcards import services
from workcards.models import ApprovedDay
from workcards.services import Resolution
from workcards.tests.factories import MONTH, WorkCardFactory


def day(number: int) -> date:
    return MONTH.replace(day=number)


def card_with(acme: Any, employee: Any, days: dict[int, str], **values: Any) -> Any:
    """Return a card under review; `days` has hours, or an absence, by day of the month."""
    card = WorkCardFactory(employee=employee, **({"site": employee.site} | values))
    entries = [
        {"work_date": day(number), "day_status": what}
        if what.isalpha()
        else {"work_date": day(number), "total_hours": Decimal(what)}
        for number, what in days.items()
    ]
    return services.set_day_entries(
        card_id=card.pk, version=1, entries=entries, actor=acme.reviewer
    )


def approve(acme: Any, card: Any, *resolutions: Resolution) -> Any:
    card.refresh_from_db()
    return services.approve_card(
        card_id=card.pk,
        version=card.version,
        actor=acme.reviewer,
        resolutions=resolutions,
    )


def reopen(acme: Any, card: Any) -> Any:
    return services.reopen_card(card_id=card.pk, reason="typo", actor=acme.reviewer)


def ledger(employee: Any) -> dict[int, list[tuple[str, str]]]:
    """Return the ledger of an employee: by day of the month, (site, hours or absence)."""
    rows: dict[int, list[tuple[str, str]]] = {}
    for row in ApprovedDay.objects.filter(employee=employee).select_related("site"):
        what = row.day_status or f"{row.hours}"
        rows.setdefault(row.work_date.day, []).append((row.site.site_name, what))
    return {number: sorted(found) for number, found in sorted(rows.items())}


def conflicts_of(acme: Any, card: Any, *resolutions: Resolution) -> list[Any]:
    """Return the conflicts of an approval."""
    with pytest.raises(Conflict) as rejected:
        approve(acme, card, *resolutions)
    assert rejected.value.code == "day_conflicts"
    found: list[Any] = rejected.value.extra["conflicts"]
    return found


def answers(conflicts: list[Any], *choices: str) -> list[Resolution]:
    """Return resolutions with one choice for all conflicts, or one for each."""
    chosen = choices * len(conflicts) if len(choices) == 1 else choices
    return [
        Resolution(
            date.fromisoformat(conflict["date"]),
            uuid.UUID(conflict["approved_day_id"]),
            choice,
        )
        for conflict, choice in zip(conflicts, chosen, strict=True)
    ]
