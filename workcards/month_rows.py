"""The rows of a month, for exports and matrices.

A row is a day of an employee at a site, from the ledger or from a card under review.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from itertools import islice
from typing import IO, Any, NamedTuple
from uuid import UUID

import orjson
from django.db import connection, models
from django.db.models import Case, F, Value, When
from django.db.models.functions import Coalesce
from psycopg2.extensions import UNICODE, new_type, register_type

from workcards.hours import minutes_of
from workcards.models import ApprovedDay, DayEntry
from workforce.models import Employee

from .month_math import last_of_month

DRAFT = "DRAFT"
DRAFT_CONFLICT = "DRAFT CONFLICT"
# The number of rows fetched at a time: memory use does not grow with the month.
ROWS_PER_FETCH = 2000
# The number of lines of a spool written at a time.
LINES_PER_WRITE = 100


# Values stay in the text form of PostgreSQL, since they become text again.
_DATE, _TIME, _NUMERIC, _UUID = 1082, 1083, 1700, 2950  # pg_type.oid
_AS_TEXT = new_type((_DATE, _TIME, _NUMERIC, _UUID), "AS_TEXT", UNICODE)

RowFilter = Mapping[str, UUID]


class DayRow(NamedTuple):
    """A day in an export. Dates, times and hours are text, as in the snapshot.

    `draft` is "" for an approved day. A row with an empty `work_date` is no day: its employee is expected in the
    month, at `site_id` unless that is "".
    """

    site_name: str
    employee_name: str
    employee_id: str
    work_date: str
    external_employee_id: str | None
    passport_id: str | None
    from_time: str | None
    to_time: str | None
    break_minutes: int
    hours: str | None
    day_status: str | None
    draft: str
    site_id: str
    work_card_id: str
    minutes: int | None


# The orders of rows; names are sorted by the database's collation.
BY_SITE = ("site_name", "employee_name", "person", "work_date")
BY_EMPLOYEE = ("employee_name", "person", "work_date", "site_name")


def month_rows(
    month: date,
    *,
    site_id: UUID | None = None,
    business_id: UUID | None = None,
    include_unapproved: bool = False,
    include_expected: bool = False,
    employees: Sequence[UUID] | None = None,
    order: Sequence[str] = BY_SITE,
) -> Generator[DayRow, None, None]:
    """Yield the rows of a month; one query. Iterate inside one scope, in one snapshot.

    `business_id` is for the platform's scope, `employees` limits the rows to some employees. With `include_expected`,
    each employee employed in the month has a row without a date, at the home site. Employees without a home site come
    last.
    """
    sources = _sources(
        month,
        site_id=site_id,
        business_id=business_id,
        include_unapproved=include_unapproved,
        include_expected=include_expected,
    )
    if employees is not None:
        if not employees:
            return
        sources = [source.filter(person__in=employees) for source in sources]
    rows = _union(sources, is_all=True)
    with connection.chunked_cursor() as cursor:
        register_type(_AS_TEXT, cursor.cursor)
        cursor.execute(*rows.order_by(*order).query.sql_with_params())
        while chunk := cursor.fetchmany(ROWS_PER_FETCH):
            yield from map(_day_row, chunk)


def month_employees(
    month: date,
    *,
    site_id: UUID | None = None,
    business_id: UUID | None = None,
    include_unapproved: bool = False,
    name: str = "",
) -> list[tuple[str, UUID]]:
    """Return names and ids of the employees in `month_rows(…, include_expected=True)`.

    They are in the order of names, then ids; one query. `name` limits them to names that contain it.
    """
    sources = _sources(
        month,
        site_id=site_id,
        business_id=business_id,
        include_unapproved=include_unapproved,
        include_expected=True,
    )
    if name:
        sources = [source.filter(employee_name__folded=name) for source in sources]
    # Each employee once from each source, because a month has many days.
    employees = [
        source.values_list("employee_name", "person").distinct() for source in sources
    ]
    return list(_union(employees, is_all=False).order_by("employee_name", "person"))


def write_spool(rows: Iterator[DayRow], spool: IO[bytes]) -> int:
    """Write rows as JSON, one in a line; return their number."""
    count = 0
    while lines := [_to_json_line(row) for row in islice(rows, LINES_PER_WRITE)]:
        spool.write(b"".join(lines))
        count += len(lines)
    return count


def read_spool(spool: IO[bytes]) -> Iterator[DayRow]:
    """Return an iterator over the rows of a spool file, from its beginning."""
    spool.seek(0)
    return map(_spooled_row, map(orjson.loads, spool))


def _spooled_row(values: list[Any]) -> DayRow:
    """Return a row of a spool file; compute minutes for files from before rows had them."""
    if len(values) == len(DayRow._fields) - 1:
        row = DayRow._make([*values, None])
        return row._replace(minutes=_minutes(row))
    return DayRow._make(values)


def _minutes(row: DayRow) -> int | None:
    return minutes_of(
        time.fromisoformat(row.from_time) if row.from_time else None,
        time.fromisoformat(row.to_time) if row.to_time else None,
        row.break_minutes,
        None if row.hours is None else Decimal(row.hours),
    )


def _to_json_line(row: DayRow) -> bytes:
    return orjson.dumps(tuple(row), option=orjson.OPT_APPEND_NEWLINE)


def _sources(
    month: date,
    *,
    site_id: UUID | None,
    business_id: UUID | None,
    include_unapproved: bool,
    include_expected: bool,
) -> list[Any]:
    """Return the sources of a month's rows, each with the columns of `DayRow`."""
    month = month.replace(day=1)
    # The filter by business comes first: a draft is the newest within its business.
    row_filter = {} if business_id is None else {"business_id": business_id}
    sources = [_ledger(month, row_filter)]
    if include_unapproved:
        sources.append(_drafts(month, row_filter))
    if include_expected:
        sources.append(_expected(month, row_filter))
    if site_id is not None:
        sources = [source.filter(site_pk=site_id) for source in sources]
    return sources


def _union(sources: Sequence[Any], *, is_all: bool) -> Any:
    rows, *other_sources = sources
    return rows.union(*other_sources, all=is_all) if other_sources else rows


def _ledger(month: date, row_filter: RowFilter) -> Any:
    days = ApprovedDay.objects.filter(**row_filter).for_month(month)
    return _columns(
        days.annotate(draft=_text("")),
        person="employee__",
        hours="hours",
    )


def _drafts(month: date, row_filter: RowFilter) -> Any:
    entries = DayEntry.objects.filter(**row_filter).drafts(month)
    mark = Case(
        When(is_contested=True, then=_text(DRAFT_CONFLICT)), default=_text(DRAFT)
    )
    return _columns(
        entries.annotate(draft=mark),
        person="work_card__employee__",
        site="work_card__site",
        hours="total_hours",
    )


def _expected(month: date, row_filter: RowFilter) -> Any:
    """Return the employees of a month as rows without a day."""
    employees = Employee.objects.filter(**row_filter).employed_in(
        month, last_of_month(month)
    )
    empty_columns: dict[str, models.Field[Any, Any]] = {
        "work_date": models.DateField(),
        "from_time": models.TimeField(),
        "to_time": models.TimeField(),
        "day_status": models.CharField(),
        "work_card_id": models.UUIDField(),
        "no_hours": models.DecimalField(),
        "minutes": models.SmallIntegerField(),
    }
    blank = {
        name: Value(None, output_field=kind) for name, kind in empty_columns.items()
    }
    return _columns(
        employees.annotate(**blank, draft=_text(""), break_minutes=Value(0)),
        person="",
        hours="no_hours",
    )


def _text(value: str) -> Value:
    return Value(value, output_field=models.CharField())


def _columns(days: Any, *, person: str, hours: str, site: str = "site") -> Any:
    """Annotate the columns of `DayRow`, in its order, so that the sources can be united."""
    named: Any = days.order_by().annotate(
        site_name=F(f"{site}__site_name"),
        employee_name=F(f"{person}full_name"),
        external_id=F(f"{person}external_employee_id"),
        passport=Coalesce(f"{person}passport_id", f"{person}former_passport_id"),
        hours_of_day=F(hours),
        person=F(f"{person}pk"),
        site_pk=F(f"{site}__pk"),
    )
    return named.values_list(
        "site_name",
        "employee_name",
        "person",
        "work_date",
        "external_id",
        "passport",
        "from_time",
        "to_time",
        "break_minutes",
        "hours_of_day",
        "day_status",
        "draft",
        "site_pk",
        "work_card_id",
        "minutes",
    )


def _day_row(values: Sequence[Any]) -> DayRow:
    row = DayRow._make(values)
    if row.work_date:
        return row
    return row._replace(
        work_date="",
        work_card_id="",
        site_name=row.site_name or "",
        site_id=row.site_id or "",
    )
