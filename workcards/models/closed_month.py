"""Months in which nothing of a business changes any more."""

import uuid
from datetime import date
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from automatehq.api.errors import BROKEN_RULES, Conflict, Rule
from automatehq.text_columns import LineField
from businesses.tenancy.managers import TenantManager, TenantQuerySet
from businesses.tenancy.models import TenantModel
from workcards.month_math import format_month

# Services look first and name the month; this is for what slips past them.
BROKEN_RULES["closed_months_month_is_closed"] = Rule(
    None, "month_closed", _("This month is closed."), Conflict
)


class ClosedMonthQuerySet(TenantQuerySet):
    """The months that the business in scope has closed."""

    def for_month(self, month: date) -> Any:
        return self.filter(month=month.replace(day=1))


class ClosedMonth(TenantModel):
    """A closed month: its cards, their days and the ledger stay as they are, which triggers of the database see to.

    There is a row as long as the month is closed; reopening deletes it, and the trail keeps both.
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
    """The name of the advisory lock on a business's month: writers share it, closing and reopening have it alone.

    The triggers of migration 0009 name it likewise.
    """
    return f"closed_months {business_id} {format_month(month)}"
