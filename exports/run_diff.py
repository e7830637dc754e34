"""The diff between the snapshot of a run and the current data, as a list or as a file of corrections.

It serves payroll programs that have already imported the month.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import PurePath
from sys import intern
from typing import IO, NamedTuple, cast
from uuid import UUID

from django.core.files.storage import default_storage
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from automatehq.api.errors import Missing
from automatehq.spreadsheet_escape import escape_cell
from businesses.tenancy.context import scope_for_business
from workcards.month_rows import (
    DRAFT,
    DRAFT_CONFLICT,
    DayRow,
    month_rows,
    read_spool,
)
from workcards.transitions import DayStatus
from workforce.models import Employee, Site

from .csv_columns import hours
from .models import ExportRun
from .run_lifecycle import require_done

NO_HOURS = Decimal("0.00")


class ChangeKind(StrEnum):
    """The kind of a change of a day."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class PaidFigures(NamedTuple):
    """The pay of a day: hours as text, or else an absence. `draft` has the values of `DayRow.draft`."""

    hours: str | None
    day_status: str | None
    draft: str
    work_card_id: str
    minutes: int | None

    def pays_like(self, other: "PaidFigures") -> bool:
        """Return True if minutes and absence are equal, for any card, draft or not."""
        return (self.day_status, self.minutes) == (other.day_status, other.minutes)

    @property
    def shown(self) -> str:
        """Return the hours or the translated absence, with the draft mark of an unapproved day."""
        status = self.day_status and str(DayStatus(self.day_status).label)
        return " ".join(filter(None, (self.hours or status, self.draft)))


class DayKey(NamedTuple):
    """The key of a day: employee, date and site. Names are not part of it, so that renaming is no change."""

    employee_id: str
    work_date: str
    site_id: str


class PaidEmployee(NamedTuple):
    """The current names and numbers of an employee. For a released passport it has the former one."""

    name: str = ""
    external_employee_id: str | None = None
    passport_id: str | None = None


class Change(NamedTuple):
    """The change of one day: without `old` it was added, without `new` removed."""

    day: DayKey
    person: PaidEmployee
    site_name: str
    old: PaidFigures | None
    new: PaidFigures | None

    @property
    def kind(self) -> ChangeKind:
        if self.old is None:
            return ChangeKind.ADDED
        return ChangeKind.REMOVED if self.new is None else ChangeKind.CHANGED

    @property
    def difference(self) -> Decimal:
        """Return the additional hours to pay; negative for fewer hours."""
        return (paid_hours(self.new) or NO_HOURS) - (paid_hours(self.old) or NO_HOURS)

    @property
    def difference_minutes(self) -> int:
        """Return the additional minutes to pay; negative for fewer minutes."""
        new, old = (figures and figures.minutes for figures in (self.new, self.old))
        return (new or 0) - (old or 0)


def paid_hours(figures: PaidFigures | None) -> Decimal | None:
    """Return the hours of a day; None for an absence or for no day."""
    if figures is None or figures.hours is None:
        return None
    return Decimal(figures.hours)


def diff_run(run: ExportRun) -> list[Change]:
    """Return the days that differ from the run's snapshot, by site, employee and date.

    The current rows are those of the same month and site, with unapproved days if the run was a draft. A draft day
    that was approved later with the same figures is no change. One query reads the current figures. The snapshot
    needs some 200 bytes of memory a row.

    Raises `Conflict` `not_done`, `Missing` `file_missing` (lost from storage) or `no_snapshot` (never stored, or no
    longer readable).
    """
    before = _read_snapshot(run)
    with scope_for_business(run.business_id):
        return _with_names(_differences(run, before))


def _read_snapshot(run: ExportRun) -> dict[DayKey, PaidFigures]:
    require_done(run)
    if not run.snapshot:
        raise _unreadable()
    try:
        with default_storage.open(run.snapshot) as stored:
            # Rows without a date stand for expected employees, not for days.
            rows = (
                row
                for row in read_spool(cast(IO[bytes], stored))
                if row.work_date != ""
            )
            before = {_day(row): _figures(row) for row in rows}
        _check(before)
    except FileNotFoundError as error:
        raise Missing(
            "file_missing", _("The data of this export is no longer available.")
        ) from error
    except (TypeError, ValueError, ArithmeticError) as error:
        raise _unreadable() from error
    return before


def _check(before: dict[DayKey, PaidFigures]) -> None:
    """Raise unless the rows have today's format: ids, dates, hours and known choices."""
    for known_id in {known for day in before for known in (day[0], day[2])}:
        UUID(known_id)
    for work_date in {day.work_date for day in before}:
        date.fromisoformat(work_date)
    for figures in set(before.values()):
        paid_hours(figures)
        if not isinstance(figures.minutes, int | None):
            raise ValueError(figures.minutes)
        if figures.day_status is not None:
            DayStatus(figures.day_status)
        if figures.draft not in ("", DRAFT, DRAFT_CONFLICT):
            raise ValueError(figures.draft)


def _unreadable() -> Missing:
    return Missing(
        "no_snapshot",
        _("The data of this export cannot be compared. Create a new export."),
    )


def _differences(
    run: ExportRun, before: dict[DayKey, PaidFigures]
) -> Iterator[tuple[DayKey, PaidFigures | None, PaidFigures | None]]:
    """Yield each day that differs, with its old and new figures. Empties `before`."""
    current = month_rows(
        run.processing_month,
        site_id=run.site_id,
        include_unapproved=run.is_draft,
        order=(),  # sorting them by name takes as long as reading them
    )
    for row in current:
        day, new = _day(row), _figures(row)
        old = before.pop(day, None)
        if old is None or not old.pays_like(new):
            yield day, old, new
    for day, old in before.items():
        yield day, old, None


def _day(row: DayRow) -> DayKey:
    # Interned: a month has few ids and dates, each in many rows.
    return DayKey(intern(row.employee_id), intern(row.work_date), intern(row.site_id))


def _figures(row: DayRow) -> PaidFigures:
    return PaidFigures(
        None if row.hours is None else intern(row.hours),
        row.day_status and intern(row.day_status),
        intern(row.draft),
        intern(row.work_card_id),
        row.minutes,
    )


def _with_names(
    differences: Iterable[tuple[DayKey, PaidFigures | None, PaidFigures | None]],
) -> list[Change]:
    """Return the changes with current names, sorted. Two queries."""
    differences = list(differences)
    people = {
        str(pk): PaidEmployee(*known)
        for pk, *known in Employee.objects.filter(
            pk__in={day.employee_id for day, _old, _new in differences}
        ).values_list(
            "pk",
            "full_name",
            "external_employee_id",
            Coalesce("passport_id", "former_passport_id"),
        )
    }
    sites = Site.objects.filter(pk__in={day.site_id for day, _old, _new in differences})
    names = {str(pk): name for pk, name in sites.values_list("pk", "site_name")}
    changes = [
        Change(
            day,
            people.get(day.employee_id, PaidEmployee()),
            names.get(day.site_id, ""),
            old,
            new,
        )
        for day, old, new in differences
    ]
    return sorted(
        changes, key=lambda change: (change.site_name, change.person.name, change.day)
    )


# The file of corrections


def _status(figures: PaidFigures | None) -> str:
    if figures is None:
        return ""
    return " ".join(filter(None, (figures.day_status, figures.draft)))


# Header → cell. A negative difference stays a number: it is calculated, so it cannot be an injected formula.
CHANGES_CSV: tuple[tuple[str, Callable[[Change], str]], ...] = (
    ("Site", lambda change: escape_cell(change.site_name)),
    ("Employee", lambda change: escape_cell(change.person.name)),
    ("External ID", lambda change: escape_cell(change.person.external_employee_id)),
    ("Passport", lambda change: escape_cell(change.person.passport_id)),
    ("Date", lambda change: change.day.work_date),
    ("Old Hours", lambda change: hours(change.old and change.old.hours)),
    ("New Hours", lambda change: hours(change.new and change.new.hours)),
    ("Difference", lambda change: f"{change.difference:.2f}"),
    ("Old Status", lambda change: _status(change.old)),
    ("New Status", lambda change: _status(change.new)),
    ("Change", lambda change: change.kind.value),
)


def changes_csv(changes: Iterable[Change]) -> bytes:
    """Return the file of corrections, a row a change.

    UTF-8 with a byte order mark, so that spreadsheets read Hebrew.
    """
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([header for header, _cell in CHANGES_CSV])
    writer.writerows(
        [cell(change) for _header, cell in CHANGES_CSV] for change in changes
    )
    return file.getvalue().encode("utf-8-sig")


def changes_file_name(run: ExportRun) -> str:
    """Return the name of the file of corrections: `changes-days-2026-03.csv` for `days-2026-03.csv`."""
    return f"changes-{PurePath(str(run)).stem}.csv"
