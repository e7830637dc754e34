"""Columns and constraints of a day's figures, common to day entries and the ledger."""

from string import Formatter
from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from workcards.hours import minutes_of
from workcards.transitions import DayStatus


class DayMinutes(models.Func):
    """The minutes of a day, from its times and break, or else from its hours.

    They are null for an absence.

    The result equals that of `hours.minutes_of`; a test compares them. It is immutable, so that a generated column
    can use it.
    """

    template = (
        "CASE WHEN {from_time} IS NULL THEN round({hours} * 60)::smallint ELSE greatest(round(mod("
        "extract(epoch from {to_time}) - extract(epoch from {from_time}) + 86400, 86400) / 60)::smallint"
        " - {break_minutes}, 0)::smallint END"
    )
    names = ("from_time", "to_time", "break_minutes", "hours")

    def __init__(self, *expressions: Any, **extra: Any) -> None:
        super().__init__(*expressions, output_field=models.SmallIntegerField(), **extra)

    def as_sql(self, compiler: Any, connection: Any, *_: Any, **__: Any) -> Any:
        compiled = [
            compiler.compile(expression) for expression in self.source_expressions
        ]
        columns = dict(zip(self.names, compiled, strict=True))
        # The template contains a column more than once, and therefore also its parameters.
        names = [name for _, name, _, _ in Formatter().parse(self.template) if name]
        params = [value for name in names for value in columns[name][1]]
        texts = {name: text for name, (text, _) in columns.items()}
        return self.template.format_map(texts), params


def minutes_field(hours: str) -> models.GeneratedField:
    """Return the generated column of a day's minutes; `hours` is the total's column."""
    return models.GeneratedField(
        verbose_name=_("minutes"),
        expression=DayMinutes("from_time", "to_time", "break_minutes", hours),
        output_field=models.SmallIntegerField(null=True),
        db_persist=True,
    )


class DayFiguresModel(models.Model):
    """The figures of one day, with the same columns in day entries and the ledger."""

    work_date = models.DateField(_("date"))
    from_time = models.TimeField(_("from"), null=True, blank=True)
    to_time = models.TimeField(_("to"), null=True, blank=True)
    break_minutes = models.PositiveSmallIntegerField(_("break, minutes"), default=0)
    day_status = models.CharField(
        _("absence"), max_length=20, choices=DayStatus.choices, null=True, blank=True
    )

    # The column of the total.
    hours_column: ClassVar[str]

    class Meta:
        abstract = True

    @property
    def payable(self) -> tuple[int | None, str | None]:
        """Return minutes and absence. Days with the same do not conflict."""
        # Computed, because the generated column can't be read before the row is saved.
        hours = getattr(self, self.hours_column)
        minutes = minutes_of(self.from_time, self.to_time, self.break_minutes, hours)
        return minutes, self.day_status


def figure_constraints(table: str, hours: str) -> list[models.CheckConstraint]:
    """Return the constraints on the figures of a day; `hours` is the column of the total."""
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
