"""The figures of a day, which the paper and the ledger have in the same columns."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from .states import DayStatus


class DayFiguresModel(models.Model):
    """The figures of one day, as the paper and the ledger both have them."""

    work_date = models.DateField(_("date"))
    from_time = models.TimeField(_("from"), null=True, blank=True)
    to_time = models.TimeField(_("to"), null=True, blank=True)
    break_minutes = models.PositiveSmallIntegerField(_("break, minutes"), default=0)
    day_status = models.CharField(
        _("absence"), max_length=20, choices=DayStatus.choices, null=True, blank=True
    )

    class Meta:
        abstract = True


def figure_constraints(table: str, hours: str) -> list[models.CheckConstraint]:
    """What holds for the figures of any day, whoever writes them; `hours` is the column of the total."""
    return [
        models.CheckConstraint(
            condition=Q(**{f"{hours}__range": (0, 24)}), name=f"{table}_hours_range"
        ),
        models.CheckConstraint(
            condition=Q(break_minutes__range=(0, 240)), name=f"{table}_break_range"
        ),
        models.CheckConstraint(
            condition=Q(from_time__isnull=True, to_time__isnull=True, break_minutes=0)
            | (
                Q(from_time__isnull=False, to_time__isnull=False)
                & ~Q(from_time=F("to_time"))
            ),
            name=f"{table}_times_whole",
        ),
        models.CheckConstraint(
            condition=Q(
                **{
                    "day_status__in": DayStatus.values,
                    f"{hours}__isnull": True,
                    "from_time__isnull": True,
                }
            )
            | Q(**{"day_status__isnull": True, f"{hours}__isnull": False}),
            name=f"{table}_absence_has_no_hours",
        ),
    ]
