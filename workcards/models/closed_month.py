"""The model of closed months."""

import uuid
from datetime import date
from typing import Any, ClassVar, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from automatehq.api.errors import CONSTRAINT_ERRORS, Conflict, Rule
from automatehq.text_columns import LineField
from businesses.tenancy.managers import TenantManager, TenantQuerySet
from businesses.tenancy.models import TenantModel
from workcards.month_math import format_month

# Services check first and name the month. This message is for writes that pass their check.
CONSTRAINT_ERRORS["closed_months_month_is_closed"] = Rule(
    None, "month_closed", _("This month is closed."), Conflict
)


class ClosedMonthQuerySet(TenantQuerySet):
    """Closed months of the business in scope."""

    def for_month(self, month: date) -> Self:
        return self.filter(month=month.replace(day=1))


class ClosedMonth(TenantModel):
    """A closed month. Database triggers reject changes to its cards, their days and the ledger.

    The row exists while the month is closed. Reopening deletes it; the audit trail records both.
    """

    month = models.DateField(_("month"))
    closed_by = models.ForeignKey(
        "accounts.User",
        verbose_name=_("closed by"),
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
    )
    closed_by_name = LineField(max_length=320, blank=True, editable=False)
    closed_at = models.DateTimeField(_("closed at"), default=timezone.now)
    note = LineField(_("note"), max_length=500, blank=True)

    objects: ClassVar[Any] = TenantManager.of(ClosedMonthQuerySet)

    class Meta:
        db_table = "closed_months"
        ordering = ["-month", "-id"]
        verbose_name = _("closed month")
        verbose_name_plural = _("closed months")
        constraints = [
            models.UniqueConstraint(
                fields=["business", "month"], name="closed_months_month_unique"
            ),
            models.CheckConstraint(
                condition=Q(month__day=1), name="closed_months_month_is_first"
            ),
        ]

    def __str__(self) -> str:
        return format_month(self.month)


def month_lock(business_id: uuid.UUID, month: date) -> str:
    """Return the name of the advisory lock on a business's month.

    Writers share the lock; closing and reopening take it exclusively. The triggers of migration 0009 use the same name.
    """
    return f"closed_months {business_id} {format_month(month)}"
