"""Querysets of work cards, their days and the ledger."""

import uuid
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Self

from django.apps import apps
from django.contrib.postgres.aggregates import BoolOr
from django.db import models
from django.db.models import (
    Case,
    Count,
    Exists,
    OuterRef,
    Prefetch,
    Q,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, JSONObject

from businesses.tenancy.managers import TenantQuerySet

from .month_math import next_month
from .transitions import ReviewStatus

_HOURS = models.DecimalField(max_digits=7, decimal_places=2)


class WorkCardQuerySet(TenantQuerySet):
    """Work cards of the business in scope."""

    def for_month(self, month: date) -> Self:
        return self.filter(processing_month=month.replace(day=1))

    def for_site_month(self, site_id: uuid.UUID, month: date) -> Self:
        return self.for_month(month).filter(site_id=site_id)

    def for_employee_month(self, employee_id: uuid.UUID, month: date) -> Self:
        return self.for_month(month).filter(employee_id=employee_id)

    def with_status(self, status: ReviewStatus | str) -> Self:
        return self.filter(review_status=status)

    def unassigned(self) -> Self:
        """Return the cards that wait for an employee."""
        return self.with_status(ReviewStatus.NEEDS_ASSIGNMENT)

    def pending(self, site_id: uuid.UUID | None = None) -> Self:
        """Return the cards that wait for assignment or review, at `site_id` if given."""
        cards = self.filter(review_status__in=ReviewStatus.pending())
        return cards if site_id is None else cards.filter(site_id=site_id)

    def in_open_months(self) -> Self:
        """Return the cards whose month is not closed."""
        return self.filter(~_month_is_closed())

    def with_bytes(self, sha256_hash: str) -> Self:
        """Return the cards whose scan has exactly the bytes with this hash."""
        return self.filter(sha256_hash=sha256_hash)

    def months_and_statuses(self) -> Iterable[tuple[date, str, int]]:
        """Return (month, status, number of cards) for each month and status with cards."""
        groups = self.order_by().values("processing_month", "review_status")
        rows: Iterable[tuple[date, str, int]] = groups.annotate(
            count=Count("pk")
        ).values_list("processing_month", "review_status", "count")
        return rows

    def counts_by_status(self) -> dict[str, int]:
        """Return the number of cards of each status, including statuses without cards."""
        groups = self.order_by().values("review_status").annotate(count=Count("pk"))
        counts = dict(groups.values_list("review_status", "count"))
        return {status: counts.get(status, 0) for status in ReviewStatus.values}

    def with_figures(self) -> Self:
        """Annotate the names of site and employee, totals, and `month_is_closed`.

        The totals are `total_hours`, `total_minutes` and `day_count`. One query.
        """
        days = self._days().filter(work_card=OuterRef("pk")).order_by()
        per_card = days.values("work_card")
        hours = per_card.annotate(hours=Sum("total_hours")).values("hours")
        minutes = per_card.annotate(minutes=Sum("minutes")).values("minutes")
        count = per_card.annotate(count=Count("pk")).values("count")
        return self.select_related("site", "employee").annotate(
            total_hours=Coalesce(
                Subquery(hours, output_field=_HOURS), Value(0, output_field=_HOURS)
            ),
            total_minutes=Coalesce(Subquery(minutes), 0),
            day_count=Coalesce(Subquery(count), 0),
            month_is_closed=_month_is_closed(),
        )

    def with_details(self) -> Self:
        """Extend `with_figures` by the file and the days of each card; one more query."""
        days = Prefetch("day_entries", queryset=self._days().with_ledger())
        return self.with_figures().select_related("file").prefetch_related(days)

    def _days(self) -> Any:
        field: Any = self.model._meta.get_field("day_entries")
        return field.related_model.objects.all()


def _month_is_closed() -> Exists:
    """Return the condition that the card's month is closed by the card's business.

    On the platform, other businesses have closed the month, too.
    """
    # By name, because the models import this module.
    closed_months: Any = apps.get_model("workcards.ClosedMonth")._default_manager
    return Exists(
        closed_months.filter(
            business=OuterRef("business"), month=OuterRef("processing_month")
        )
    )


class DayEntryQuerySet(TenantQuerySet):
    """Lines of the cards of the business in scope."""

    def drafts(self, month: date) -> Self:
        """Return unapproved days, each annotated with `is_contested`.

        `is_contested` is true if another card under review has the date, too. The days are on cards under review, on
        dates without any ledger row of the employee at any site. If several cards have a date, only the newest
        card's day is returned; all sites count as one.
        """
        under_review = _under_review(month)
        same_date = {"work_date": OuterRef("work_date")}
        # The date is in the month anyway. The condition lets PostgreSQL skip the other months.
        posted = (
            self._ledger()
            .for_month(month)
            .filter(employee_id=OuterRef("work_card__employee_id"), **same_date)
        )
        # All cards, without the queryset's filters. An employee belongs to one business.
        rivals = self.model.objects.filter(
            work_card__employee_id=OuterRef("work_card__employee_id"),
            **under_review,
            **same_date,
        ).exclude(work_card_id=OuterRef("work_card_id"))
        newer = rivals.filter(
            Q(work_card__created_at__gt=OuterRef("work_card__created_at"))
            | Q(
                work_card__created_at=OuterRef("work_card__created_at"),
                work_card_id__gt=OuterRef("work_card_id"),
            )
        )
        return self.filter(~Exists(posted), ~Exists(newer), **under_review).annotate(
            is_contested=Exists(rivals)
        )

    def in_conflict(self, month: date) -> Self:
        """Return days for which the ledger has other figures on the same date.

        The days are on cards under review, which have no ledger row. The rule for one row is
        `ApprovedDay.has_same_figures`.
        """
        # A day has either minutes or an absence, and a comparison with null is never true.
        same_figures = Q(minutes=OuterRef("minutes")) | Q(
            day_status=OuterRef("day_status")
        )
        same = same_figures & Q(site_id=OuterRef("work_card__site_id"))
        # A subquery makes one index lookup for each day. PostgreSQL plans an EXISTS as a join, which reads many rows
        # for each day.
        posted = (
            self._ledger()
            .filter(
                employee_id=OuterRef("work_card__employee_id"),
                work_date=OuterRef("work_date"),
            )
            .order_by()
            .values("business")
            .annotate(same=BoolOr(Case(When(same, then=True), default=False)))
        )
        return self.alias(is_paid_so=Subquery(posted.values("same"))).filter(
            is_paid_so=False, **_under_review(month)
        )

    def with_ledger(self) -> Self:
        """Annotate `ledger`: the paid day of the employee's date, or null.

        Its keys are `hours`, `minutes`, `day_status`, `work_card_id`, `site_id` and `site_name`. Of several rows it
        is the card's own, else the row of its site, else any row.
        """
        nearest = Case(
            When(work_card_id=OuterRef("work_card_id"), then=0),
            When(site_id=OuterRef("work_card__site_id"), then=1),
            default=2,
        )
        rows = (
            self._ledger()
            .filter(
                employee_id=OuterRef("work_card__employee_id"),
                work_date=OuterRef("work_date"),
            )
            .alias(nearest=nearest)
            .order_by("nearest", "id")
            .values(
                figures=JSONObject(
                    hours=Cast("hours", models.TextField()),
                    minutes="minutes",
                    day_status="day_status",
                    work_card_id="work_card_id",
                    site_id="site_id",
                    site_name="site__site_name",
                )
            )
        )
        return self.annotate(ledger=Subquery(rows[:1]))

    def _ledger(self) -> Any:
        card: Any = self.model._meta.get_field("work_card").related_model
        return card._meta.get_field("approved_days").related_model.objects.all()


class ApprovedDayQuerySet(TenantQuerySet):
    """The ledger of the business in scope."""

    def for_employee_month(self, employee_id: uuid.UUID, month: date) -> Self:
        return self.for_month(month).filter(employee_id=employee_id)

    def for_month(self, month: date) -> Self:
        first = month.replace(day=1)
        return self.filter(work_date__gte=first, work_date__lt=next_month(first))

    def figures(self) -> dict[str, int | Decimal]:
        """Return the number of rows as `days`, and the sums of `hours` and `minutes`."""
        hours = Coalesce(Sum("hours"), Value(0, output_field=_HOURS))
        minutes = Coalesce(Sum("minutes"), 0)
        return self.aggregate(days=Count("pk"), hours=hours, minutes=minutes)


def _under_review(month: date) -> dict[str, Any]:
    """Return the filter on days whose card is of `month` and under review."""
    return {
        "work_card__processing_month": month.replace(day=1),
        "work_card__review_status": ReviewStatus.NEEDS_REVIEW,
    }
