"""The queryset of export runs."""

import uuid
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Self

from businesses.tenancy.managers import TenantQuerySet

if TYPE_CHECKING:
    from .models import ExportRun


class ExportRunQuerySet(TenantQuerySet):
    """Export runs of the business in scope, newest first by default."""

    def for_month(self, month: date, site_id: uuid.UUID | None = None) -> Self:
        runs = self.filter(processing_month=month.replace(day=1))
        return runs if site_id is None else runs.filter(site_id=site_id)

    def under_way(self) -> Self:
        """Return the runs that are queued or running."""
        return self.filter(status__in=["QUEUED", "RUNNING"])

    def at_site(self, site_id: uuid.UUID) -> Self:
        return self.filter(site_id=site_id)

    def by_user(self, user_id: uuid.UUID) -> Self:
        return self.filter(exported_by_id=user_id)

    def recent(self, limit: int = 20) -> Self:
        return self.all()[:limit]

    def latest_by_month(self, months: Iterable[date]) -> dict[date, "ExportRun"]:
        """Return the newest run of each of the months, by month; months without a run are absent."""
        runs = self.filter(processing_month__in=list(months))
        newest = runs.order_by("processing_month", "-created_at", "-id")
        return {
            run.processing_month: run for run in newest.distinct("processing_month")
        }

    def latest_for_site_month(
        self, site_id: uuid.UUID, month: date
    ) -> "ExportRun | None":
        """Return the newest run of a site and month, or None."""
        return self.for_month(month, site_id).first()
