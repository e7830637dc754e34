"""The growth of the platform by month, and recent cross-business access."""

from datetime import date
from typing import NamedTuple

from django.db.models import Count, F, Q

from audit.models import AuditEvent
from workcards.models import WorkCard
from workcards.month_math import format_month, last_months, last_of_month
from workforce.models import Employee

from .dashboard import ATTEMPTS, MONTHS_OF_TREND

ATTEMPTS_SHOWN = 5


class Growth(NamedTuple):
    """Cards and employees by month, the oldest first.

    Employees are those employed at the end of the month.
    """

    cards: dict[date, int]
    employees: dict[date, int]


def growth_until(month: date) -> Growth:
    """Return the figures of the twelve months that end with `month`.

    They include all businesses. Two queries in the platform's scope.
    """
    months = last_months(month, MONTHS_OF_TREND)
    counts = (
        WorkCard.objects.filter(processing_month__in=months)
        .order_by()
        .values_list("processing_month")
        .annotate(count=Count("*"))
    )
    cards = dict.fromkeys(months, 0) | dict(counts)
    employees = Employee.objects.order_by().aggregate(
        **{
            format_month(one): Count("pk", filter=_employed_on(last_of_month(one)))
            for one in months
        }
    )
    return Growth(cards, {one: employees[format_month(one)] for one in months})


def _employed_on(day: date) -> Q:
    """Return the condition of `employed_in` for a single day."""
    return Q(Q(started_on__isnull=True) | Q(started_on__lte=day)) & Q(
        Q(left_on__gte=day) | Q(left_on__isnull=True, is_active=True)
    )


def latest_attempts() -> list[AuditEvent]:
    """Return the newest attempts at cross-business access.

    Each has the name of the business whose row was requested, as `reached`.
    """
    events = AuditEvent.objects.filter(platform_only=True, event_type__in=ATTEMPTS)
    with_names = events.annotate(reached=F("business__business_name"))
    return list(with_names.order_by("-created_at", "-id")[:ATTEMPTS_SHOWN])
