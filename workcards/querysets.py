"""Questions about work cards."""

import uuid
from datetime import date
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
        """Waiting for somebody to say whose they are."""
        return self.with_status(ReviewStatus.NEEDS_ASSIGNMENT)

    def pending(self, site_id: uuid.UUID | None = None) -> Self:
        """Waiting for somebody to do something, at `site_id` if given."""
        found = self.filter(review_status__in=ReviewStatus.pending())
        return found if site_id is None else found.filter(site_id=site_id)

    def in_open_months(self) -> Self:
        """About which something can still change."""
        return self.filter(~_month_is_closed())

    def with_bytes(self, sha256_hash: str) -> Self:
        """Whose scan is, byte for byte, the one with this hash."""
        return self.filter(sha256_hash=sha256_hash)

    def months_and_statuses(self) -> Any:
        """(month, status, number of cards), of the months and statuses that there are."""
        groups = self.order_by().values("processing_month", "review_status")
        return groups.annotate(count=Count("pk")).values_list(
            "processing_month", "review_status", "count"
        )

    def counts_by_status(self) -> dict[str, int]:
        """How many cards there are of each status, none left out."""
        groups = self.order_by().values("review_status").annotate(count=Count("pk"))
        found = dict(groups.values_list("review_status", "count"))
        return {status: found.get(status, 0) for status in ReviewStatus.values}

    def with_figures(self) -> Self:
        """With the names of site and employee, `total_hours`, `total_minutes`, `day_count` and `month_is_closed`; one query."""
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
        """`with_figures`, and the file and the days of each card; one query more."""
        days = Prefetch("day_entries", queryset=self._days().with_ledger())
        return self.with_figures().select_related("file").prefetch_related(days)

    def _days(self) -> Any:
        field: Any = self.model._meta.get_field("day_entries")
        return field.related_model.objects.all()


def _month_is_closed() -> Exists:
    """Of a card, by its own business: on the platform there are others', too."""
    # By name: the models import this module.
    closed_months: Any = apps.get_model("workcards.ClosedMonth")._default_manager
    return Exists(
        closed_months.filter(
            business=OuterRef("business"), month=OuterRef("processing_month")
        )
    )


class DayEntryQuerySet(TenantQuerySet):
    """Lines of the cards of the business in scope."""

    def drafts(self, month: date) -> Self:
        """Days that nobody has approved yet, each with `is_contested`: another card under review has its date too.

        They are on cards under review, on dates that the ledger lacks for the employee, at whatever site; of several for
        one date it is the newest card's alone, of all sites.
        """
        under_review = _under_review(month)
        same_date = {"work_date": OuterRef("work_date")}
        # That the date is in the month is true anyway: said, it keeps the other months from being read.
        posted = (
            self._ledger()
            .for_month(month)
            .filter(employee_id=OuterRef("work_card__employee_id"), **same_date)
        )
        # All of them, however narrow the question is. An employee is of one business.
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
        """Days that approving their card would ask about: the ledger has their date, and nothing that says the same.

        They are on cards under review, which have no row there; for the rule itself see `ApprovedDay.has_same_figures`.
        """
        # A day has either minutes or an absence, and null equals nothing.
        same_figures = Q(minutes=OuterRef("minutes")) | Q(
            day_status=OuterRef("day_status")
        )
        same = same_figures & Q(site_id=OuterRef("work_card__site_id"))
        # A look into an index for each day. As an EXISTS it would be joined, and many rows read for each: so it is planned.
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
        """With `ledger`: the paid day of the employee's date, as `{hours, minutes, day_status, work_card_id, site_id, site_name}`.

        Null if nothing is. Of several rows it is the card's own, else that of its site, else any.
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

    def figures(self) -> dict[str, Any]:
        """Return `{days, hours, minutes}`: the number of rows, the sum of their hours and of their minutes."""
        hours = Coalesce(Sum("hours"), Value(0, output_field=_HOURS))
        minutes = Coalesce(Sum("minutes"), 0)
        return self.aggregate(days=Count("pk"), hours=hours, minutes=minutes)


def _under_review(month: date) -> dict[str, Any]:
    """Of a day: that its card is one of `month` and waits for review."""
    return {
        "work_card__processing_month": month.replace(day=1),
        "work_card__review_status": ReviewStatus.NEEDS_REVIEW,
    }
