"""Questions about work cards."""

import uuid
from datetime import date
from typing import Self

from businesses.tenancy.managers import TenantQuerySet

from .states import ReviewStatus


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


class ApprovedDayQuerySet(TenantQuerySet):
    """The ledger of the business in scope."""

    def for_employee_month(self, employee_id: uuid.UUID, month: date) -> Self:
        return self.for_month(month).filter(employee_id=employee_id)

    def for_month(self, month: date) -> Self:
        first = month.replace(day=1)
        following = (
            first.replace(year=first.year + 1, month=1)
            if first.month == 12
            else first.replace(month=first.month + 1)
        )
        return self.filter(work_date__gte=first, work_date__lt=following)
