"""The ledger of approved days."""

import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from automatehq.api.errors import CONSTRAINT_ERRORS, Conflict, Rule
from automatehq.text_columns import LineField
from businesses.tenancy.constraints import TenantForeignKeyConstraint
from businesses.tenancy.managers import TenantManager
from businesses.tenancy.models import TenantModel
from workcards.querysets import ApprovedDayQuerySet

from .day_figures import DayFiguresModel, figure_constraints, minutes_field

if TYPE_CHECKING:
    from .card import DayEntry, WorkCard

# Services check first and give details. These messages are for writes that pass their checks.
CONSTRAINT_ERRORS.update(
    {
        "approved_days_24_hours_a_day": Rule(
            None,
            "too_many_hours",
            _("All sites together would have more than 24 hours on a date."),
            Conflict,
        ),
        "approved_days_absence_stands_alone": Rule(
            None,
            "absence_not_alone",
            _("A date with an absence cannot have other entries."),
            Conflict,
        ),
    }
)


class ApprovedDay(DayFiguresModel, TenantModel):
    """A row of the ledger, which is the only source of paid hours and absences."""

    hours_column = "hours"

    id: uuid.UUID
    employee = models.ForeignKey(
        "workforce.Employee",
        verbose_name=_("employee"),
        on_delete=models.PROTECT,
        related_name="approved_days",
        db_constraint=False,
    )
    site = models.ForeignKey(
        "workforce.Site",
        verbose_name=_("site"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    work_card = models.ForeignKey(
        "workcards.WorkCard",
        on_delete=models.PROTECT,
        related_name="approved_days",
        db_constraint=False,
        db_index=False,  # queried within a business only: approved_days_card_idx
    )
    hours = models.DecimalField(
        _("hours"), max_digits=5, decimal_places=2, null=True, blank=True
    )
    minutes = minutes_field("hours")
    approved_by = models.ForeignKey(
        "accounts.User",
        on_delete=models.SET_NULL,
        related_name="+",
        null=True,
        blank=True,
    )
    approved_by_name = LineField(max_length=320, blank=True, editable=False)
    approved_at = models.DateTimeField(_("approved at"))

    objects: ClassVar[Any] = TenantManager.of(ApprovedDayQuerySet)

    class Meta:
        db_table = "approved_days"
        ordering = ["work_date", "id"]
        verbose_name = _("approved day")
        verbose_name_plural = _("approved days")
        constraints = [
            models.UniqueConstraint(
                fields=["business", "employee", "work_date", "site"],
                name="approved_days_day_unique",
            ),
            TenantForeignKeyConstraint(
                field="employee",
                to="workforce.Employee",
                name="approved_days_employee_fk",
            ),
            TenantForeignKeyConstraint(
                field="work_card",
                to="workcards.WorkCard",
                name="approved_days_card_fk",
            ),
            *figure_constraints("approved_days", "hours"),
        ]
        indexes = [
            models.Index(
                fields=["business", "work_date", "site"], name="approved_days_month_idx"
            ),
            models.Index(
                fields=["business", "work_card"], name="approved_days_card_idx"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.work_date}"

    def has_same_figures(self, card: "WorkCard", entry: "DayEntry") -> bool:
        """Return True if the row has the figures of this day of this card.

        See also `DayEntryQuerySet.in_conflict`.
        """
        return self.site_id == card.site_id and self.payable == entry.payable
