"""What an export reads: one row a day, employee and site, from the ledger and, if asked, from cards under review."""

import json
from collections.abc import Iterator
from datetime import date
from typing import IO, Any, NamedTuple
from uuid import UUID

from django.db.models import (
    Case,
    CharField,
    Exists,
    F,
    OuterRef,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from workcards.models import ApprovedDay, DayEntry
from workcards.states import ReviewStatus

DRAFT = "DRAFT"
DRAFT_CONFLICT = "DRAFT CONFLICT"
# Rows that the database hands over at a time: the memory of a run does not grow with the month.
CHUNK = 2000


class DayRow(NamedTuple):
    """A day as it is exported. Dates, times and hours are text, as in the snapshot; `draft` is "" for an approved day."""

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


def month_rows(
    month: date, *, site_id: UUID | None = None, include_unapproved: bool = False
) -> Iterator[DayRow]:
    """The rows of a month, ordered by site, name, employee id and date. Iterate inside one scope, in one snapshot."""
    rows = _ledger(month, site_id)
    if include_unapproved:
        rows = rows.union(_drafts(month, site_id), all=True)
    order = ("site_name", "employee_name", "person", "work_date")
    for values in rows.order_by(*order).iterator(chunk_size=CHUNK):
        yield DayRow(*map(_plain, values))


def write_spool(rows: Iterator[DayRow], spool: IO[bytes]) -> int:
    """Write rows as JSON, a line each; gives their number."""
    count = 0
    for row in rows:
        spool.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
        count += 1
    return count


def read_spool(spool: IO[bytes]) -> Iterator[DayRow]:
    """The rows of a spool file, from its beginning."""
    spool.seek(0)
    for line in spool:
        yield DayRow(*json.loads(line))


def _ledger(month: date, site_id: UUID | None) -> Any:
    days = ApprovedDay.objects.for_month(month)
    if site_id is not None:
        days = days.filter(site_id=site_id)
    return _columns(
        days.annotate(draft=Value("", output_field=CharField())),
        person="employee",
        place="site",
        hours="hours",
        card="work_card_id",
    )


def _drafts(month: date, site_id: UUID | None) -> Any:
    """Days of cards under review on dates that the ledger lacks; of several for one date, the newest card's alone."""
    entries = DayEntry.objects.filter(
        work_card__processing_month=month,
        work_card__review_status=ReviewStatus.NEEDS_REVIEW,
    )
    posted = ApprovedDay.objects.filter(
        employee_id=OuterRef("work_card__employee_id"), work_date=OuterRef("work_date")
    )
    newest = (
        entries.filter(~Exists(posted))
        .order_by(
            "work_card__employee_id",
            "work_date",
            "-work_card__created_at",
            "-work_card_id",
        )
        .distinct("work_card__employee_id", "work_date")
        .values("pk")
    )
    rival = entries.filter(
        work_card__employee_id=OuterRef("work_card__employee_id"),
        work_date=OuterRef("work_date"),
    ).exclude(pk=OuterRef("pk"))
    chosen = DayEntry.objects.filter(pk__in=Subquery(newest))
    if site_id is not None:
        chosen = chosen.filter(work_card__site_id=site_id)
    marked = chosen.annotate(
        draft=_either(Exists(rival), DRAFT_CONFLICT, DRAFT),
    )
    return _columns(
        marked,
        person="work_card__employee",
        place="work_card__site",
        hours="total_hours",
        card="work_card_id",
    )


def _either(condition: Exists, yes: str, no: str) -> Any:
    return Case(
        When(condition, then=Value(yes)), default=Value(no), output_field=CharField()
    )


def _columns(days: Any, *, person: str, place: str, hours: str, card: str) -> Any:
    """The columns of `DayRow`, in its order, so that both sources can be united."""
    named: Any = days.order_by().annotate(
        site_name=F(f"{place}__site_name"),
        employee_name=F(f"{person}__full_name"),
        external_id=F(f"{person}__external_employee_id"),
        passport=Coalesce(f"{person}__passport_id", f"{person}__former_passport_id"),
        hours_of_day=F(hours),
        person=F(f"{person}__pk"),
        place=F(f"{place}__pk"),
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
        "place",
        card,
    )


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (int, str)) else str(value)
